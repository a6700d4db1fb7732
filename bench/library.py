"""Costs of a real library: seconds of indexing, milliseconds of searches for its own words.

    python -m bench library FOLDER [--queries 200] [--seed 1]

indexes the folder into a temporary one, synchronises again with nothing changed, then searches for random words and
pairs of neighbouring words of its articles; each search gives a whole page (ten hits with passages, facets).
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from backfile.archive.storage.library import Library
from backfile.index.analysis.tokenizer import tokenize
from backfile.index.engine import Engine, Request
from backfile.index.engines import open_engine
from backfile.index.query import parse
from backfile.index.sync.reader import read_documents
from backfile.index.sync.synchronization import update_index


def main() -> None:
    """Prints seconds and articles of both runs, then median, 95th percentile and slowest query."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    library = Library(options.folder)
    with tempfile.TemporaryDirectory(prefix="backfile-bench-") as cache:
        for run in ("from nothing", "nothing changed"):
            began = time.perf_counter()
            report = update_index(library, Path(cache), "whoosh")
            seconds = time.perf_counter() - began
            print(f"index, {run}: {seconds:.2f} s, {len(report.added)} added, {len(report.failed)} problems")
        engine = open_engine("whoosh", Path(cache) / "index")
        try:
            _report(_time_queries(engine, _queries(library, options.queries, options.seed)))
        finally:
            engine.close()


def _queries(library: Library, count: int, seed: int) -> list[str]:
    """Words and pairs of neighbouring words from random articles, half and half."""
    rng = random.Random(seed)
    paths = [entry.path for entry in library.walk()]
    documents = (result.document for result in read_documents(library, paths))
    texts = [document.text for document in documents if document is not None and document.text.strip()]
    queries: list[str] = []
    while len(queries) < count:
        words = [token.term for token in tokenize(rng.choice(texts)) if token.term.isalpha()]
        if len(words) > 1:
            at = rng.randrange(len(words) - 1)
            queries.append(" ".join(words[at : at + 1 + len(queries) % 2]))
    return queries


def _time_queries(engine: Engine, queries: Sequence[str]) -> list[tuple[float, str, int]]:
    timings = []
    engine.search(Request(parse(queries[0]).tree))  # opens the index
    for query in queries:
        began = time.perf_counter()
        page = engine.search(Request(parse(query).tree))
        timings.append(((time.perf_counter() - began) * 1000, query, page.total))
    return sorted(timings)


def _report(timings: Sequence[tuple[float, str, int]]) -> None:
    milliseconds = [timing[0] for timing in timings]
    slowest, query, total = timings[-1]
    print(
        f"{len(timings)} queries: median {statistics.median(milliseconds):.1f} ms, "
        f"95th percentile {milliseconds[int(len(timings) * 0.95)]:.1f} ms, "
        f"slowest {slowest:.1f} ms ({query!r}, {total} articles)"
    )


if __name__ == "__main__":
    main()
