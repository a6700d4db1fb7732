"""Times of words in context: the first page, a later one, lines by neighbours and a sample, of words by frequency.

    python -m bench concordance FOLDER [--articles N] [--runs N]

indexes the first articles of `bench.corpus` into a folder, as `bench million` does, unless they are there, and takes
the words whose numbers of matches are nearest to those of MATCHES. Times are those of this process, the median of
some runs without any cache, as the first reader has them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from backfile.index.analysis.tokenizer import tokenize
from backfile.index.concordance.arrangement import Arrangement
from backfile.index.concordance.concordance import concordance
from backfile.index.concordance.lines_request import Concordance, LinesRequest
from backfile.index.engine import Engine, Request
from backfile.index.engines import open_engine
from backfile.index.query import Word
from bench.corpus import generate
from bench.million import build

MATCHES = (1_000, 10_000, 100_000, 1_000_000)
SAMPLE = 2_000  # articles in which words are looked for
ASKED: Mapping[str, Mapping[str, object]] = {
    "first page": {},
    "page 21": {"start": 1_000, "stop": 1_050},
    "by the word before": {"arrangement": Arrangement.L1},
    "sample of 500": {"sample": 500},
}


def count(engine: Engine, word: str) -> int:
    """Number of matches of a word, 0 if the index does not tell it."""
    asked = Request(Word(word), per_page=1, passages=0, facets=(), deadline=60, count_matches=True)
    return engine.search(asked).matches or 0


def words(engine: Engine) -> list[str]:
    """Word whose number of matches is nearest to each of MATCHES, of those that the first articles have most evenly."""
    found = Counter(token.term for document in islice(generate(SAMPLE), SAMPLE) for token in tokenize(document.text))
    ranked = [word for word, _ in found.most_common() if word.isalpha()]
    some = ranked[:40] + ranked[40:4_000:20]
    counts = {word: count(engine, word) for word in some}
    return [min(counts, key=lambda word: abs(counts[word] - wanted)) for wanted in MATCHES]


def measure(engine: Engine, word: str, asked: Mapping[str, object], runs: int) -> tuple[float, Concordance]:
    """Median of the times in milliseconds, and the answer."""
    times = []
    for _ in range(runs):
        request = LinesRequest(Request(Word(word), deadline=60, relax=True), seconds=60, **asked)  # type: ignore[arg-type]
        began = time.process_time()
        found = concordance(engine, request)
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times), found


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench concordance", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the index")
    parser.add_argument("--articles", type=int, default=100_000, metavar="N", help="articles of some 4 KB (100000)")
    parser.add_argument("--runs", type=int, default=5, help="runs of every request (5)")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    build(options.folder, options.articles)
    engine = open_engine("whoosh", options.folder)
    print(f"{'word':<14}{'matches':>10}{'articles':>10}  " + "".join(f"{name:>22}" for name in ASKED))
    for word in words(engine):
        cells = [measure(engine, word, asked, options.runs) for asked in ASKED.values()]
        found = cells[0][1]
        total = "?" if found.total is None else f"{found.total:,}"
        print(f"{word:<14}{total:>10}{found.articles:>10,}  " + "".join(f"{ms:>19.0f} ms" for ms, _ in cells))
    engine.close()
