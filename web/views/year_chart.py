"""Year chart: articles per year as bars that are links."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from backfile.index.engine import Facet
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.i18n import gettext, ngettext

HEIGHT = 64
BAR = 10
MAX_BARS = 60


class Bar(NamedTuple):
    """Bar for the years `first` to `last`, both included; `x` and `height` in SVG units; no URL without articles."""

    first: int
    last: int
    label: str
    articles: int
    url: str
    selected: bool
    x: int
    height: int

    @property
    def area(self) -> str:
        """SVG path of the whole column, the click target."""
        return f"M{self.x} 0h{BAR}v{HEIGHT}h-{BAR}z"

    @property
    def drawing(self) -> str:
        """SVG path of the bar, with a unit of space on either side."""
        return f"M{self.x + 1} {HEIGHT}v-{self.height}h{BAR - 2}v{self.height}z"


@dataclass(frozen=True, slots=True)
class YearChart:
    """Bars from the earliest to the latest year, without gaps; `step` years a bar (1, 10 or 100)."""

    bars: tuple[Bar, ...]
    step: int
    width: int
    height: int = HEIGHT

    @property
    def span(self) -> str:
        """`1994–2024`, or one year."""
        return span_of(self.bars[0], self.bars[-1])

    @property
    def drawn(self) -> Iterator[tuple[str, bool, str, str, str]]:
        """URL, whether selected, title (`2019: 12 articles`), click target and drawing of each bar with articles."""
        title = gettext("%(years)s: %(articles)s")
        for bar in self.bars:
            if bar.articles:
                articles = ngettext("%(num)s article", "%(num)s articles", bar.articles)
                yield bar.url, bar.selected, title % {"years": bar.label, "articles": articles}, bar.area, bar.drawing

    @property
    def filled(self) -> tuple[Bar, ...]:
        """Bars with articles, latest first."""
        return tuple(bar for bar in reversed(self.bars) if bar.articles)


def year_chart(facet: Facet, arguments: SearchArguments) -> YearChart | None:
    """Chart of a complete facet of years; None without years."""
    counts = {int(value.value): value.count for value in facet.values}
    if not counts:
        return None
    step = _step(min(counts), max(counts))
    starts = range(min(counts) // step * step, max(counts) + 1, step)
    sums = [sum(counts.get(year, 0) for year in range(start, start + step)) for start in starts]
    highest = max(sums)
    selected = _selected_years(arguments)
    url_of = arguments.with_changes(first="", last="").urls_with("from", "to")
    bars = tuple(
        Bar(
            first=(first := max(start, 1)),
            last=(last := start + step - 1),
            label=_label(start, step),
            articles=count,
            url=url_of(f"{first:04d}", f"{last:04d}") if count else "",
            selected=start in selected,
            x=index * BAR,
            height=max(2, round(count / highest * (HEIGHT - 2))) if count else 0,
        )
        for index, (start, count) in enumerate(zip(starts, sums, strict=True))
    )
    return YearChart(bars, step, len(bars) * BAR)


def span_of(first: Bar, last: Bar) -> str:
    """Years from one bar to another: `1994–2024`, or one year."""
    return f"{first.first}" if first.first == last.last else f"{first.first}–{last.last}"


def _step(earliest: int, latest: int) -> int:
    """Years a bar: one, ten or a hundred, so that bars stay wide enough to touch."""
    return next((step for step in (1, 10) if (latest - earliest) // step < MAX_BARS), 100)


def _label(start: int, step: int) -> str:
    return f"{start}" if step == 1 else f"{start}–{start + step - 1}"


def _selected_years(arguments: SearchArguments) -> range:
    filters = arguments.filters
    if filters.first is None and filters.last is None:
        return range(0)
    return range(filters.first.year if filters.first else 0, filters.last.year + 1 if filters.last else 10_000)
