"""What it costs to mark ten hits and choose their passages, beside a plain pass of `re` over the same texts.

    python -m bench passages [--library DIR] [--profile]

reads a library (default: the corpus digitalgov) and measures, in time of this process, ten ordinary articles (3,000
to 5,000 characters) that each query finds, and one article of 1,000,000 characters with the query's last word in it
once more at the very end. A new matcher each time, as for each answer; the best of several runs. The yardstick is
`re.findall(r"\\w+")` over the same texts.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import re
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from archive.library import Library
from index.engine import Document
from index.hits import hit_of
from index.intake import read_documents
from index.matching import Marks, Matcher, Prepared
from index.query import Node, parse

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
UNMARKED = Marks()


def main() -> None:
    """Prints a table: milliseconds for each query, as they are and as multiples of the yardstick."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--library", type=Path, default=_corpora_folder() / "digitalgov")
    parser.add_argument("--profile", action="store_true", help="print where the time goes as well")
    options = parser.parse_args()
    documents = list(_documents(options.library))
    ordinary = [document for document in documents if len(document.text) in ORDINARY]
    joined = "\n".join(document.text for document in documents)
    profile = cProfile.Profile() if options.profile else None
    print(f"{'':48}{'ten hits':>22}{'1,000,000 characters':>26}")
    print(f"{'query':44}{'marks':>8}{'ms':>10}{'x re':>8}{'marks':>9}{'ms':>10}{'x re':>7}")
    for text in QUERIES:
        query = parse(text).tree
        finds = Matcher(query, LANGUAGES)
        hits = list(islice((document for document in ordinary if finds.match(document)), HITS))
        end = text.split()[-1].strip('"~2*8')
        long = Document("long", "long.md", "A long article", f"{joined[: LONG - len(end) - 2]} {end}.")
        print(f"{text:44}{_row(query, hits)} {_row(query, [long])}", flush=True)
        if profile:
            profile.runcall(_shown, query, hits)
            profile.runcall(_shown, query, [long])
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


def _corpora_folder() -> Path:
    return Path(os.environ.get("CORPORA", "~/.cache/backfile-corpora")).expanduser()


def _documents(folder: Path) -> Iterator[Document]:
    library = Library(folder)
    for taken in read_documents(library, [entry.path for entry in library.walk()], processes=1):
        if taken.document:
            yield taken.document


def _shown(query: Node, documents: Sequence[Document]) -> int:
    """Makes the hits of the documents; the number of marks in them."""
    matcher = Matcher(query, LANGUAGES)
    marked = zip(documents, matcher.match_all([Prepared(document) for document in documents]), strict=True)
    hits = [hit_of(document, marks or UNMARKED, score=0.0, limit=3) for document, marks in marked]
    return sum(hit.matches for hit in hits)


def _row(query: Node, documents: Sequence[Document]) -> str:
    marks = _shown(query, documents)
    ours = _best(lambda: _shown(query, documents))
    yardstick = _best(lambda: [re.findall(r"\w+", document.text) for document in documents])
    return f"{marks:8}{ours:10.2f}{ours / yardstick:8.2f}" if documents else f"{'-':>8}{'-':>10}{'-':>8}"


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
