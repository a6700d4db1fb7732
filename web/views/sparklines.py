"""When the articles of each author or on each topic appeared, as a drawing the size of a word."""

from __future__ import annotations

import logging
from dataclasses import replace
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
    """The years of a value's first and last article, and its steps from period to period as a path of SVG."""

    span: str
    path: str


class Sparklines(NamedTuple):
    """The timeline of each value of a facet, all over the same `width` periods."""

    width: int
    height: int
    of: dict[str, Sparkline]


def sparklines(facet: str) -> Sparklines | None:
    """The timelines of all authors or topics; None when no two articles are of different years.

    One search a period, of which there are sixty at most, gives those of every value at once; they are kept until
    the index changes. A list is worth more than its drawings: where time runs out it comes without them.
    """
    status = services().engine.status()
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
    for place, bar in enumerate(chart.bars):
        if bar.articles:
            of_period = replace(every, first=f"{bar.first:04d}", last=f"{bar.last:04d}")
            for value in find_facet(run_search(of_period, facet_size=None).page, facet).values:
                counts.setdefault(value.value, {})[place] = value.count
    of = {
        value: Sparkline(span_of(chart.bars[min(known)], chart.bars[max(known)]), steps(known))
        for value, known in counts.items()
    }
    return Sparklines(len(chart.bars), HEIGHT, of)


def steps(counts: dict[int, int]) -> str:
    """A path of SVG that goes up and down with the counts, a unit wide for each, from the first to the last place.

    The highest fills the drawing; a single article among thousands can still be seen.
    """
    most, first = max(counts.values()), min(counts)
    written, before = [f"M{first} {HEIGHT}"], HEIGHT
    for place in range(first, max(counts) + 1):
        count = counts.get(place, 0)
        top = HEIGHT - max(2, round(count / most * HEIGHT)) if count else HEIGHT
        written.append(f"V{top}h1" if top != before else "h1")
        before = top
    return "".join([*written, f"V{HEIGHT}z"])
