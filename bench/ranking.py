"""How well results are ordered: nDCG@10, MAP and recall@100 on judged collections.

    python -m bench ranking [--collection DIR …] [--engine NAME …] [--depth N] [--json OUT] [--runs DIR]

A collection is a folder with docs.jsonl {id, title, text}, queries.jsonl {id, text} and qrels.tsv (query, document,
grade). Each query's text is read by the query language and run as "any of these words", the 1,000 best by relevance
(`--depth`: fewer, which is faster and leaves nDCG@10 as it is). `--runs` writes what was found as query TAB document
TAB score, for other tools to judge.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from backfile.index.analysis.tokenizer import find_raw_tokens
from backfile.index.engine import Changes, Document, Engine, Fingerprint, Request
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.query import And, InField, Node, Not, Or, Word, normalize, parse

COLLECTIONS = ("ir-cranfield", "ir-cacm")
DEPTH = 1_000

Ranking = Sequence[tuple[str, float]]  # ids of documents with their scores, best first


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, queries by id, and for each query that has a relevant document the grades of those judged."""

    name: str
    documents: tuple[Document, ...]
    queries: Mapping[str, str]
    grades: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Quality:
    """Means over the judged queries; `graded` gain for nDCG (the grade itself, discounted by log2 of rank + 1)."""

    ndcg10: float
    map: float
    recall100: float
    queries: int


def corpora_folder() -> Path:
    """Where the corpora are unpacked: `$CORPORA` or a folder in the user's cache."""
    return Path(os.environ.get("CORPORA", "~/.cache/backfile-corpora")).expanduser()


def read_collection(folder: Path) -> Collection:
    """The judged collection in a folder. Raises `OSError` when a file is missing."""
    documents = tuple(
        Document(line["id"], f"{line['id']}.md", line.get("title") or "", line["text"])
        for line in _lines(folder / "docs.jsonl")
    )
    queries = {line["id"]: line["text"] for line in _lines(folder / "queries.jsonl")}
    grades: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query, document, grade = line.split("\t")
        grades[query][document] = int(grade)
    judged = {query: found for query, found in grades.items() if any(grade > 0 for grade in found.values())}
    return Collection(folder.name, documents, queries, judged)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with open(path, encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def question(text: str) -> Node:
    """Ordinary text as "any of these words": all that the query language finds in it, without its operators.

    Brackets are opened, what looks like an exclusion or a field is taken as text. A text that is too long for the
    query language is taken word for word.
    """
    parsed = parse(text)
    leaves = map(Word, find_raw_tokens(text)) if parsed.refusal else _leaves(parsed.tree)
    return normalize(Or(tuple(leaves)))


def _leaves(tree: Node) -> Iterator[Node]:
    match tree:
        case And() | Or():
            for node in tree.nodes:
                yield from _leaves(node)
        case Not():
            yield from _leaves(tree.node)
        case InField():
            yield Word(tree.field)
            yield from _leaves(tree.node)
        case _:
            yield tree


def run(engine: Engine, collection: Collection, depth: int = DEPTH) -> dict[str, Ranking]:
    """For each query the `depth` best that the engine finds."""
    found: dict[str, Ranking] = {}
    for query, text in collection.queries.items():
        page = engine.search(Request(question(text), per_page=depth, passages=0, facet_size=0, deadline=60.0))
        found[query] = [(hit.id, hit.score) for hit in page.hits]
    return found


def fill(engine: Engine, collection: Collection) -> None:
    """Writes the documents of a collection into an empty engine."""
    engine.write(Changes(put=((document, Fingerprint(0, 0, "")) for document in collection.documents)))


def quality(found: Mapping[str, Sequence[str]], grades: Mapping[str, Mapping[str, int]]) -> Quality:
    """The measures of a run (query → ids, best first); a judged query without an answer counts 0."""
    rows = [_measured(found.get(query, ()), judged) for query, judged in grades.items()]
    ndcg, precision, recall = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    return Quality(ndcg, precision, recall, len(rows))


def _measured(found: Sequence[str], judged: Mapping[str, int]) -> tuple[float, float, float]:
    """(nDCG@10, average precision at 1,000, recall@100) of one query."""
    relevant = {document for document, grade in judged.items() if grade > 0}
    ideal = _gain(sorted((judged[document] for document in relevant), reverse=True)[:10])
    gain = _gain([max(judged.get(document, 0), 0) for document in found[:10]])
    places = [place for place, document in enumerate(found[:DEPTH], 1) if document in relevant]
    precision = sum(count / place for count, place in enumerate(places, 1)) / len(relevant)
    return gain / ideal, precision, len(relevant.intersection(found[:100])) / len(relevant)


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(place + 1) for place, grade in enumerate(grades, 1))


def judged_run(name: str, collection: Collection, depth: int = DEPTH) -> tuple[Quality, dict[str, Ranking]]:
    """Fills a fresh index of the engine `name`, runs every query and judges the answers."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(name, Path(folder) / "index")
        fill(engine, collection)
        found = run(engine, collection, depth)
        engine.close()
    return quality({query: [one for one, _ in ranked] for query, ranked in found.items()}, collection.grades), found


def write_run(path: Path, found: Mapping[str, Ranking]) -> None:
    """Query TAB document TAB score, a hit a line, best first."""
    lines = (f"{query}\t{one}\t{score!r}\n" for query, ranked in found.items() for one, score in ranked)
    path.write_text("".join(lines), encoding="utf-8")


def main() -> None:
    """Prints a table: a line for each collection and engine."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collection", action="append", type=Path, metavar="DIR", help="default: Cranfield and CACM")
    parser.add_argument("--engine", action="append", metavar="NAME", help=f"whoosh or memory (default: {DEFAULT})")
    parser.add_argument("--depth", type=int, default=DEPTH, metavar="N", help=f"hits a query (default: {DEPTH})")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there as well")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="write what was found there")
    options = parser.parse_args()
    figures = []
    print(f"{'collection':16}{'engine':9}{'nDCG@10':>9}{'MAP':>8}{'R@100':>8}{'queries':>9}")
    for folder in options.collection or [corpora_folder() / name for name in COLLECTIONS]:
        collection = read_collection(folder)
        for name in options.engine or [DEFAULT]:
            got, found = judged_run(name, collection, options.depth)
            print(
                f"{collection.name:16}{name:9}{got.ndcg10:9.4f}{got.map:8.4f}{got.recall100:8.4f}{got.queries:9}",
                flush=True,
            )
            figures.append({"collection": collection.name, "engine": name, **asdict(got)})
            if options.runs:
                options.runs.mkdir(parents=True, exist_ok=True)
                write_run(options.runs / f"{collection.name}-{name}.tsv", found)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
