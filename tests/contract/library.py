"""Helpers of the contract suite: documents in one line, answers as ids."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from opensearch.fixtures import fresh_index, node_url

from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.index.engine import Changes, Document, Engine, Fingerprint, Page, Request
from backfile.index.engines import open_engine
from backfile.index.query import Node, parse

ENGINES = ("memory", "whoosh", "opensearch")


@contextmanager
def fresh_engine(name: str, folder: Path) -> Iterator[Engine]:
    """An empty engine, closed afterwards; one on a cluster has an index of its own there."""
    if name != "opensearch":
        with closing(open_engine(name, folder)) as engine:
            yield engine
        return
    with fresh_index(node_url()) as options, closing(open_engine(name, folder, options)) as engine:
        yield engine


def article(key: str, text: str = "", **fields: object) -> Document:
    """A document whose id is `key`; a `date` or `updated` may be text such as `2019-03`, a `source` (name, url)."""
    known = dict(fields)
    for name in ("date", "updated"):
        if isinstance(known.get(name), str):
            known[name] = PartialDate.parse(str(known[name]))
    if isinstance(known.get("source"), tuple):
        known["source"] = Source(*known["source"])
    known.setdefault("title", "Untitled")
    return Document(key, f"{key}.md", ArticleMetadata(**known), text)


def fingerprint(document: Document) -> Fingerprint:
    """A fingerprint that tells documents with different texts apart."""
    return Fingerprint(size=len(document.text), mtime_ns=1, digest=str(hash(document)))


def load(engine: Engine, *documents: Document, **changes: object) -> None:
    """Commits documents; `changes` are further fields of `Changes`."""
    engine.write(Changes(put=[(document, fingerprint(document)) for document in documents], **changes))


def tree(query: str | Node) -> Node:
    """Tree of a query given as text or as a tree."""
    return parse(query).tree if isinstance(query, str) else query


def search(engine: Engine, query: str | Node = "", **request: object) -> Page:
    """Page of a query; `request` are further fields of `Request`."""
    return engine.search(Request(tree(query), **{"deadline": 60.0, **request}))


def found(engine: Engine, query: str | Node, **request: object) -> set[str]:
    """Ids of all hits; asserts that the total is their number."""
    page = search(engine, query, **{"per_page": 1_000, **request})
    ids = [hit.id for hit in page.hits]
    assert len(set(ids)) == len(ids) == page.total
    return set(ids)


def result_ids(engine: Engine, query: str | Node = "", **request: object) -> list[str]:
    """Ids on one page, in order."""
    return [hit.id for hit in search(engine, query, **request).hits]


def marked(text: str, spans: tuple[tuple[int, int], ...]) -> list[str]:
    """Highlighted words."""
    return [text[start:end] for start, end in spans]
