"""Cost of highlighting ten hits and choosing their passages, compared with a plain pass of `re` over the same texts.

    python -m bench passages [--library DIR] [--profile]

reads a library (default: the corpus digitalgov) and measures, in time of this process, ten ordinary articles (3,000
to 5,000 characters) that each query finds, and one article of 1,000,000 characters with the query's last word in it
once more at the very end. Each run has a new highlighter, as each answer has, with the stem siblings of the library,
as an index does; the best of several runs. "First" tokenizes the articles as well, "again" has them tokenized. The
yardstick is `re.findall(r"\\w+")` over the same texts.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from backfile.archive.model import ArticleMetadata
from backfile.archive.storage.library import Library
from backfile.index.analysis.stemming import sibling_keys
from backfile.index.analysis.tokenizer import stem_keys, tokenize
from backfile.index.engine import Document
from backfile.index.fields import DEFAULT_FIELDS, values
from backfile.index.highlight.highlighter import Highlighter, Highlights, StemSiblingsIn
from backfile.index.highlight.hits import build_hit
from backfile.index.highlight.token_table import TokenizedDocument
from backfile.index.query import Node, parse
from backfile.index.sync.reader import read_documents
from bench import corpora_folder

QUERIES = (
    "accessibility",
    "the",
    "government website",
    "plain language",
    "usability OR accessibility OR mobile OR data",
    "how to make a website that people can use",
    '"social media"',
    '"of the people"',
    '"design content"~8',
    "design*",
    "acessibility~2",
    "e-mail",
)
HITS = 10
ORDINARY = range(3_000, 5_000)
LONG = 1_000_000
LANGUAGES = ("en",)
RUNS = 7
UNMARKED = Highlights()
COLUMNS = f"{'marks':>8}{'first':>9}{'again':>8}{'x re':>8}"


def main() -> None:
    """Prints a table: milliseconds for each query, as they are and as multiples of the yardstick."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=corpora_folder() / "digitalgov")
    parser.add_argument("--profile", action="store_true", help="print where the time goes as well")
    options = parser.parse_args()
    documents = list(_documents(options.library))
    ordinary = [document for document in documents if len(document.text) in ORDINARY]
    joined = "\n".join(document.text for document in documents)
    siblings = _stem_siblings(documents)
    profile = cProfile.Profile() if options.profile else None
    print(f"{'':48}{'ten hits':>25}{'1,000,000 characters':>37}")
    print(f"{'query':44}{COLUMNS} {COLUMNS}")
    for text in QUERIES:
        query = parse(text).tree
        finds = Highlighter(query, LANGUAGES)
        hits = list(islice((document for document in ordinary if finds.highlight(document)), HITS))
        end = text.split()[-1].strip('"~2*8')
        long = Document("long", "long.md", ArticleMetadata("A long article"), f"{joined[: LONG - len(end) - 2]} {end}.")
        ten, one = _Case(query, siblings, hits), _Case(query, siblings, [long])
        print(f"{text:44}{ten.row()} {one.row()}", flush=True)
        if profile:
            profile.runcall(ten.first)
            profile.runcall(one.first)
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def _documents(folder: Path) -> Iterator[Document]:
    library = Library(folder)
    for result in read_documents(library, [entry.path for entry in library.walk()], processes=1):
        if result.document:
            yield result.document


def _stem_siblings(documents: Sequence[Document]) -> StemSiblingsIn:
    """Stem siblings of all terms of the documents."""
    by_key: dict[str, set[str]] = {}
    for term in {token.term for document in documents for text in _texts(document) for token in tokenize(text)}:
        for key in sibling_keys(term, LANGUAGES):
            by_key.setdefault(key, set()).add(term)

    @lru_cache
    def siblings(term: str, fields: tuple[str, ...], languages: tuple[str, ...]) -> frozenset[str]:
        return frozenset().union(*(by_key.get(key, ()) for key in stem_keys(term, LANGUAGES)))

    return siblings


def _texts(document: Document) -> tuple[str, ...]:
    return tuple(text for field in DEFAULT_FIELDS for text in values(document, field))


@dataclass(frozen=True)
class _Case:
    """A query and documents that it finds."""

    query: Node
    siblings: StemSiblingsIn
    documents: Sequence[Document]

    def first(self) -> int:
        """Makes the hits of the documents as if they had not been met before; the number of marks in them."""
        return self.shown([TokenizedDocument(document) for document in self.documents])

    def shown(self, prepared: Sequence[TokenizedDocument]) -> int:
        highlighter = Highlighter(self.query, LANGUAGES, self.siblings)
        marked = zip(prepared, highlighter.highlight_all(prepared), strict=True)
        hits = [build_hit(each.document, marks or UNMARKED, score=0.0, limit=3) for each, marks in marked]
        return sum(hit.matches for hit in hits)

    def row(self) -> str:
        if not self.documents:
            return f"{'-':>8}" * 4
        prepared = [TokenizedDocument(document) for document in self.documents]
        marks = self.shown(prepared)
        first, again = _best(self.first), _best(lambda: self.shown(prepared))
        yardstick = _best(lambda: [re.findall(r"\w+", document.text) for document in self.documents])
        return f"{marks:8}{first:9.2f}{again:8.2f}{first / yardstick:8.2f}"


def _best(work: Callable[[], object]) -> float:
    """Milliseconds of this process, the best of several runs."""
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times) * 1000


if __name__ == "__main__":
    main()
