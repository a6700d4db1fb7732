"""Trends: several queries counted by period beside the archive, within one deadline."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date as Day
from enum import StrEnum
from functools import partial

from backfile.index.deadline import Deadline
from backfile.index.engine import Engine, Filters, Request, Sort
from backfile.index.periods import Period, PeriodCounts
from backfile.index.query import MatchAll, Node

MAX_QUERIES = 6
FEW = 3
"""Years up to which months are counted unless the request names a period."""
MAX_DRAWN = 400
"""Periods of a chart; of more, longer periods are drawn."""
MAX_LISTED = 6_000
"""Periods of a table for programs: months of five hundred years."""
RELIABLE = 20
"""Articles of the archive in a period, from which on its share says something."""
MILLION = 1_000_000


class Measure(StrEnum):
    """Values of a point: articles; percent of the period's articles; matches per million words of the period."""

    ARTICLES = "articles"
    SHARE = "share"
    MATCHES = "matches"


@dataclass(frozen=True, slots=True)
class Series:
    """Counts of one query: `total` articles, of which `undated` are in no period and `vague` in several."""

    total: int
    undated: int
    vague: int
    articles: Mapping[int, int]
    matches: Mapping[int, int] | None = None
    words: Mapping[int, int] | None = None

    @classmethod
    def of(cls, total: int, counts: PeriodCounts) -> Series:
        """Series of a search's total and its periods."""
        return cls(total, counts.undated, counts.vague, counts.articles, counts.matches, counts.words)


@dataclass(frozen=True, slots=True)
class TrendRequest:
    """Request for trends of at most MAX_QUERIES queries; without a period by one that suits the archive."""

    queries: Sequence[Node]
    filters: Filters
    period: Period | None = None
    measure: Measure = Measure.ARTICLES


@dataclass(frozen=True, slots=True)
class Trends:
    """Series of some queries and of the archive under the same filters.

    `numbers` are the periods, without gaps, from the archive's first to its last. `is_coarser`: there are too many of
    the requested kind. `measure` is `ARTICLES` if the engine cannot count matches.
    """

    period: Period
    is_coarser: bool
    measure: Measure
    numbers: range
    archive: Series
    series: tuple[Series, ...]

    def value(self, series: Series, number: int, measure: Measure | None = None) -> float | None:
        """Value of a series in a period; None where the archive has nothing to compare it with, or is not counted."""
        articles = series.articles.get(number, 0)
        match measure or self.measure:
            case Measure.SHARE:
                every = self.archive.articles.get(number, 0)
                return 100 * articles / every if every else None
            case Measure.MATCHES:
                words = (self.archive.words or {}).get(number, 0)
                return MILLION * (series.matches or {}).get(number, 0) / words if words else None
        return articles

    def is_reliable(self, number: int) -> bool:
        """Whether the archive has enough articles in a period."""
        return self.archive.articles.get(number, 0) >= RELIABLE

    def partial_periods(self, filters: Filters, today: Day) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Numbers of the periods that the filter's dates cut off, and of those that are not over."""
        spans = {number: self.period.span(number) for number in (*self.numbers[:1], *self.numbers[-1:])}
        first, last = filters.first or Day.min, filters.last or Day.max
        cut = tuple(number for number, span in spans.items() if span[0] < first or span[1] > last)
        return cut, tuple(number for number, span in spans.items() if span[0] <= today < span[1] and today < last)


def find_trends(engine: Engine, request: TrendRequest, *, seconds: float, most: int = MAX_LISTED) -> Trends:
    """Counts the queries by period, the archive's own articles first.

    Periods are longer than requested if there are more than `most`. Raises as `Engine.search`; all searches together
    take the `seconds` of one deadline.
    """
    deadline = Deadline(time.perf_counter(), seconds)
    while True:
        generation = engine.status().generation
        found = _find(partial(_count, engine, request, deadline), request, most)
        if engine.status().generation == generation:  # else shares may exceed 100 %
            return found


def _count(engine: Engine, request: TrendRequest, deadline: Deadline, query: Node, period: Period) -> Series:
    page = engine.search(
        Request(
            query,
            request.filters,
            Sort.NEWEST,
            per_page=1,
            passages=0,
            facets=(),
            highlight=False,
            periods=period,
            occurrences=request.measure is Measure.MATCHES,
            deadline=deadline.left(),
        )
    )
    return Series.of(page.total, page.periods or PeriodCounts(period))


def _find(count: Callable[[Node, Period], Series], request: TrendRequest, most: int) -> Trends:
    period = request.period or Period.YEAR
    archive = count(MatchAll(), period)
    if request.period is None and len(_numbers(archive)) <= FEW:
        period = Period.MONTH
        archive = count(MatchAll(), period)
    while len(_numbers(archive)) > most and period is not Period.DECADE:
        period = period.coarser
        archive = count(MatchAll(), period)
    measure = request.measure
    if measure is Measure.MATCHES and archive.words is None:
        measure = Measure.ARTICLES
    series = tuple(count(query, period) for query in request.queries)
    return Trends(period, request.period not in (None, period), measure, _numbers(archive), archive, series)


def _numbers(series: Series) -> range:
    """Numbers from the first to the last period with an article."""
    return range(min(series.articles), max(series.articles) + 1) if series.articles else range(0)
