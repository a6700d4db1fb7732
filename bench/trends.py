"""Cost of trends in one search: the same query counted by period beside the archive, against its result page.

    python -m bench trends [--index DIR] [--articles 50000] [--rounds 5]

generates and indexes the articles if the index has not as many, and puts the questions of `compare` to it. "Search" is
the page of a reader: ten hits with marks, all facets, every year. "Trend" is a chart of one query: the archive and the
query counted, by year, by month, and with matches and words. Times are of this process (processor), the median of
several rounds; the words of a query are read anew each time, for both. Columns of the index that are kept until the
next commit are made before.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from backfile.index.caching import bounded_cache
from backfile.index.engine import Request
from backfile.index.engines.whoosh.whoosh_engine import WhooshEngine
from backfile.index.periods import Period
from backfile.index.trend_series import Measure, TrendRequest, find_trends
from bench.corpus import generate
from bench.million import SAMPLE, build
from bench.questions import Question, questions

TRENDS = {
    "by year": (Period.YEAR, Measure.SHARE),
    "by month": (Period.MONTH, Measure.SHARE),
    "matches by month": (Period.MONTH, Measure.MATCHES),
}
LONG_ENOUGH = 60.0  # seconds of a deadline


def main() -> None:
    """Prints a table: milliseconds of a search, and trends as multiples of it, by kind of query."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, help="folder of the index; a temporary one by default")
    parser.add_argument("--articles", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.index or Path(temporary)
        build(folder, options.articles)
        print("\n".join(_lines(folder, options.articles, options.rounds)))


def _lines(folder: Path, articles: int, rounds: int) -> Iterator[str]:
    engine = WhooshEngine(folder)
    mix = questions(list(generate(SAMPLE)))
    gc.freeze()
    yield f"{articles:,} articles, {len(mix)} queries; milliseconds of a search, and trends as multiples of it"
    yield f"{'':26}{'search':>10}" + "".join(f"{name:>20}" for name in TRENDS)
    measured: dict[str, list[list[float]]] = {}
    for question in mix:
        measured.setdefault(question.kind, []).append(_measure(engine, question, rounds))
    every = [row for rows in measured.values() for row in rows]
    for kind, timed in [*measured.items(), ("all", every)]:
        search, *trends = (statistics.median(column) for column in zip(*timed, strict=True))
        yield f"{kind:26}{search:10.2f}" + "".join(f"{each / search:20.2f}" for each in trends)
    ratios, matches = [max(row[1:3]) / row[0] for row in every], [row[3] / row[0] for row in every]
    yield f"greatest multiple of a single query: {max(ratios):.2f}, with matches {max(matches):.2f}"
    engine.close()


def _measure(engine: WhooshEngine, question: Question, rounds: int) -> list[float]:
    """Median times of the search and of each trend, in ms."""
    page = Request(
        question.query, question.filters, question.sort, all_years=True, facet_size=20, passages=2, deadline=LONG_ENOUGH
    )
    calls: list[Callable[[], object]] = [lambda: engine.search(page)]
    for period, measure in TRENDS.values():
        request = TrendRequest((question.query,), question.filters, period, measure)
        calls.append(lambda request=request: find_trends(engine, request, seconds=LONG_ENOUGH))  # type: ignore[misc]
    times: list[list[float]] = [[] for _ in calls]
    for call in calls:
        call()
    for _ in range(rounds):
        for call, passed in zip(calls, times, strict=True):
            engine.searcher().term_weights = bounded_cache(1 << 28, lambda weight: weight.nbytes)
            begun = time.process_time()
            call()
            passed.append((time.process_time() - begun) * 1000)
    return [statistics.median(each) for each in times]


if __name__ == "__main__":
    main()
