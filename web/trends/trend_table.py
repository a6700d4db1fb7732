"""Table of trends: lines and rows with their texts and links, for the page, its chart and its downloads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from backfile.archive.model import PartialDate
from backfile.index.engine import Filters
from backfile.index.periods import Period
from backfile.index.query import MatchAll, Node
from backfile.index.trend_series import MAX_DRAWN, RELIABLE, Measure, Series, TrendRequest, Trends, find_trends
from backfile.web.service.i18n import format_date, format_number, gettext, ngettext, translate
from backfile.web.service.monitoring import observe_search
from backfile.web.service.search_service import UNINDEXED, is_unindexed, parse_query
from backfile.web.service.services import services
from backfile.web.trends.trend_arguments import TrendArguments

LEAST_DRAWN = 100  # periods of a page with the longest queries
MAX_REPEATED = 100_000  # characters of queries in the links of a page: periods times all queries
LEAST = 0.001  # value that is written with three digits after the point


class Cell(NamedTuple):
    """Number of articles of a line in a period, the search that finds them, and the value as text if it is another.

    `value` is None where the archive has no article.
    """

    articles: int
    url: str
    text: str
    value: float | None


class TrendRow(NamedTuple):
    """Period: its name, and its date unless it is a decade; the archive's articles in it, whether they are enough, and
    the cell of each line."""

    label: str
    date: str
    archive: Cell
    is_reliable: bool
    cells: tuple[Cell, ...]


class Line(NamedTuple):
    """Query of the chart: its number, its text, its articles and the undated ones with the searches for them."""

    number: int
    query: str
    total: int
    url: str
    undated: int
    undated_url: str


@dataclass(frozen=True, slots=True)
class TrendTable:
    """Lines and rows of trends, and what a reader must know about them."""

    trends: Trends
    lines: tuple[Line, ...]
    archive: Line
    rows: tuple[TrendRow, ...]
    notices: tuple[str, ...]

    @property
    def few(self) -> int:
        """Number of articles from which on a period is reliable."""
        return RELIABLE

    @property
    def unreliable(self) -> int:
        """Number of periods with fewer articles."""
        return sum(not row.is_reliable for row in self.rows)


@dataclass(frozen=True, slots=True)
class FoundTrends:
    """Trends of the queries of some arguments, with the queries as they were read."""

    arguments: TrendArguments
    trees: tuple[Node, ...]
    trends: Trends
    notices: tuple[str, ...]

    def point_url(self) -> Callable[[int, int], str]:
        """Function from the index of a query and the number of a period to the URL of the search for them."""
        pairs = zip(self.arguments.queries, self.trees, strict=True)
        urls = [self.arguments.point_urls(query, tree, self.trends.period) for query, tree in pairs]
        return lambda index, number: urls[index](number)


def run_trends(arguments: TrendArguments, most: int) -> FoundTrends:
    """Runs the searches of trends with at most so many periods. Raises `QueryRefused` and the errors of the engine."""
    parsed = [parse_query(query) for query in arguments.queries]
    trees = tuple(each.tree for each in parsed)
    request = TrendRequest(trees, arguments.search.filters, arguments.period, arguments.measure)
    began = time.perf_counter()
    trends = find_trends(services().engine(), request, seconds=services().settings.deadline, most=most)
    observe_search((time.perf_counter() - began) * 1000)
    notices = [*arguments.notices, *(translate(notice) for each in parsed for notice in each.notices)]
    if trends.is_coarser:
        notices.append(_too_many(arguments, most))
    if not trends.archive.total and is_unindexed():
        notices.append(gettext(UNINDEXED))
    if trends.measure is not arguments.measure:
        notices.append(gettext("The index of this archive does not count matches; these are numbers of articles."))
    return FoundTrends(arguments, trees, trends, tuple(dict.fromkeys(notices)))


def _too_many(arguments: TrendArguments, most: int) -> str:
    """Sentence about periods that are longer than asked for."""
    if arguments.period is Period.MONTH:
        return gettext(
            "More than %(most)s months would be shown, so these are longer periods. For months, choose a shorter time.",
            most=most,
        )
    return gettext(
        "More than %(most)s years would be shown, so these are decades. For years, choose a shorter time.", most=most
    )


def trend_table(found: FoundTrends) -> TrendTable:
    """Table of trends."""
    arguments, trends = found.arguments, found.trends
    point_url, archive_url = found.point_url(), arguments.point_urls("", MatchAll(), trends.period)
    pairs = list(zip(arguments.queries, found.trees, trends.series, strict=True))
    rows = tuple(
        TrendRow(
            _label(trends.period, number),
            "" if trends.period is Period.DECADE else trends.period.label(number),
            _archive_cell(trends, number, archive_url(number)),
            trends.is_reliable(number),
            tuple(
                _cell(trends, series, number, point_url(index, number)) for index, series in enumerate(trends.series)
            ),
        )
        for number in trends.numbers
    )
    lines = tuple(_line(arguments, index, *pair) for index, pair in enumerate(pairs))
    archive = _line(arguments, 0, "", MatchAll(), trends.archive)
    return TrendTable(trends, lines, archive, rows, (*found.notices, *_remarks(trends, arguments.search.filters)))


def _remarks(trends: Trends, filters: Filters) -> Iterator[str]:
    """Sentences on periods that are counted in part, and on how partial dates count."""
    cut, unfinished = trends.partial_periods(filters, services().now().date())
    for number in cut:
        yield gettext(
            "%(period)s is counted in part only: the dates “from” and “to” cut it.",
            period=_label(trends.period, number),
        )
    for number in unfinished:
        yield gettext("%(period)s is not over yet.", period=_label(trends.period, number))
    if trends.archive.vague:
        yield ngettext(
            "%(num)s article is dated by a year alone and counts in each of its months, as in searches for a month.",
            "%(num)s articles are dated by a year alone and count in each of its months, as in searches for a month.",
            trends.archive.vague,
        )


def _line(arguments: TrendArguments, index: int, query: str, tree: Node, series: Series) -> Line:
    undated_url = arguments.undated_url(tree) if series.undated else ""
    return Line(index, query, series.total, arguments.search_url(query, tree), series.undated, undated_url)


def _cell(trends: Trends, series: Series, number: int, url: str) -> Cell:
    value = trends.value(series, number)
    return Cell(series.articles.get(number, 0), url, _text(trends.measure, value), value)


def _archive_cell(trends: Trends, number: int, url: str) -> Cell:
    articles = trends.archive.articles.get(number, 0)
    return Cell(articles, url, "", articles)


def _text(measure: Measure, value: float | None) -> str:
    """Value as text; empty if it is the number of articles, which stands beside it."""
    if value is None or measure is Measure.ARTICLES:
        return ""
    shown = rounded(value)
    return f"{shown}\u00a0%" if measure is Measure.SHARE else shown


def rounded(value: float) -> str:
    """Value with about three digits, never 0 for one above 0."""
    if 0 < value < LEAST:
        return f"<\u00a0{format_number(LEAST)}"
    return format_number(round(value, 1 if value >= 10 else 2 if value >= 1 else 3))


def _label(period: Period, number: int) -> str:
    """Name of a period for readers: `2019`, `March 2019` or `1990–1999`."""
    if period is Period.MONTH:
        return format_date(PartialDate.parse(period.texts(number)[0]))
    first, last = (int(text) for text in period.texts(number))
    return f"{first}" if first == last else f"{first}–{last}"


def drawn_trends(arguments: TrendArguments) -> TrendTable:
    """Table with as many periods as a page shows: fewer for long queries, which all its links repeat."""
    characters = sum(map(len, arguments.queries))
    most = max(LEAST_DRAWN, min(MAX_DRAWN, MAX_REPEATED // max(characters, 1)))
    return trend_table(run_trends(arguments, most))
