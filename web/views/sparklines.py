"""Sparklines: articles per period of each author or topic, as SVG paths the size of a word."""

from __future__ import annotations

import logging
from typing import NamedTuple

from backfile.index.errors import DeadlineExceeded
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.search_service import run_search
from backfile.web.service.services import services
from backfile.web.views.result_views import find_facet
from backfile.web.views.year_chart import span_of, year_chart

HEIGHT = 12

log = logging.getLogger("backfile.web")


class Sparkline(NamedTuple):
    """Years of the first and last article of a value, and its counts per period as an SVG path."""

    span: str
    path: str


class Sparklines(NamedTuple):
    """Sparkline of each value of a facet, all over the same `width` periods."""

    width: int
    height: int
    lines: dict[str, Sparkline]


def sparklines(facet: str) -> Sparklines | None:
    """Sparklines of all authors or topics; None if all articles are of one period or the deadline is exceeded.

    Runs one search a period (at most 60), each of which counts all values; cached until the index changes.
    """
    status = services().engine().status()
    key = (facet, status.generation, status.stamp)
    try:
        drawn: Sparklines | None = services().sparklines(key, lambda: _draw(facet))
    except DeadlineExceeded as error:
        log.warning("the list of %ss is shown without drawings: %s", facet, error)
        return None
    return drawn


def _draw(facet: str) -> Sparklines | None:
    every = SearchArguments(per_page=1)
    chart = year_chart(find_facet(run_search(every, facet_size=None).page, "year"), every)
    if chart is None or len(chart.bars) < 2:
        return None
    counts: dict[str, dict[int, int]] = {}
    for period, bar in enumerate(chart.bars):
        if bar.articles:
            of_period = every._replace(first=f"{bar.first:04d}", last=f"{bar.last:04d}")
            for value in find_facet(run_search(of_period, facet_size=None).page, facet).values:
                counts.setdefault(value.value, {})[period] = value.count
    lines = {
        value: Sparkline(span_of(chart.bars[min(known)], chart.bars[max(known)]), steps(known))
        for value, known in counts.items()
    }
    return Sparklines(len(chart.bars), HEIGHT, lines)


def steps(counts: dict[int, int]) -> str:
    """SVG path of a step chart: one unit of width a period, from the first to the last with articles.

    The largest count has the full height, any other count above 0 at least 2 units.
    """
    most, first = max(counts.values()), min(counts)
    written, before = [f"M{first} {HEIGHT}"], HEIGHT
    for period in range(first, max(counts) + 1):
        count = counts.get(period, 0)
        top = HEIGHT - max(2, round(count / most * HEIGHT)) if count else HEIGHT
        written.append(f"V{top}h1" if top != before else "h1")
        before = top
    return "".join([*written, f"V{HEIGHT}z"])
