"""Chart of trends as SVG: positions across in percent of the width, so that it fits any screen; heights in pixels.

Lines differ by colour, dashes and marks, and are named at their ends.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

from backfile.index.periods import MONTHS, Period
from backfile.index.trend_series import Measure
from backfile.web.service.i18n import format_number, gettext, ngettext
from backfile.web.trends.trend_table import Cell, Line, TrendRow, TrendTable, rounded

PLOT = 80  # percent of the width; names of the lines stand beside it
TOP = 14
HEIGHT = 240  # of the lines
BARS = 44  # of the archive's size
BARS_TOP = TOP + HEIGHT + 34
STEP = 10  # units of a period in the paths
MOST_MARKED = 60  # periods up to which every point has a mark
MOST_LABELS = 6
BETWEEN_NAMES = 16
MAX_NAME = 18  # characters
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
MONTH_STEPS = (1, 2, 3, 6, *(MONTHS * step for step in STEPS))


class Point(NamedTuple):
    """Point of a line: link, name, and position (percent, pixels)."""

    url: str
    title: str
    x: str
    y: int


class DrawnLine(NamedTuple):
    """Line as an SVG path, its points, and its name with the height at which it stands."""

    line: Line
    path: str
    points: tuple[Point, ...]
    name: str
    name_y: int


class Tick(NamedTuple):
    """Label of an axis and its place: percent across, or pixels down."""

    text: str
    place: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class TrendChart:
    """Geometry of a chart. `hatched` are places and widths, in percent, of periods with few articles."""

    lines: tuple[DrawnLine, ...]
    bars: str
    most: int
    hatched: tuple[tuple[str, str], ...]
    across: tuple[Tick, ...]
    down: tuple[Tick, ...]
    units: int
    is_dense: bool

    plot, top, height, bars_top, bars_height = PLOT, TOP, HEIGHT, BARS_TOP, BARS
    axis = TOP + HEIGHT + 18
    total = BARS_TOP + BARS + 2
    floor = TOP + HEIGHT


def trend_chart(table: TrendTable) -> TrendChart | None:
    """Chart of a table; None without dated articles."""
    rows = table.rows
    if not rows:
        return None
    is_count = table.trends.measure is Measure.ARTICLES
    highest = _ceiling(max((cell.value or 0 for row in rows for cell in row.cells), default=0))
    highest = max(highest, 2) if is_count else highest
    unit = "\u00a0%" if table.trends.measure is Measure.SHARE else ""
    most = max(row.archive.articles for row in rows)
    return TrendChart(
        lines=tuple(_lines(table, highest)),
        bars=_bars(rows, most),
        most=most,
        hatched=tuple(_hatched(rows)),
        across=tuple(_across(table)),
        down=tuple(Tick(rounded(highest * part) + unit, str(_y(highest * part, highest))) for part in (1, 0.5, 0)),
        units=len(rows) * STEP,
        is_dense=len(rows) > MOST_MARKED,
    )


def _ceiling(value: float) -> float:
    """Least number of a single digit (not 5, 7 or 9) and a power of ten that is not below a value; 1 for 0."""
    power = 10.0 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(step * power for step in (1, 2, 3, 4, 6, 8, 10, 20) if step * power >= value)


def _y(value: float, highest: float) -> int:
    return TOP + round(HEIGHT * (1 - value / highest))


def _x(index: float, count: int) -> str:
    return f"{(index + 0.5) * PLOT / count:.2f}%"


def _lines(table: TrendTable, highest: float) -> Iterator[DrawnLine]:
    columns = [[row.cells[line.number] for row in table.rows] for line in table.lines]
    ends = [
        next((_y(cell.value, highest) for cell in reversed(column) if cell.value is not None), TOP)
        for column in columns
    ]
    for line, column, name_y in zip(table.lines, columns, _spread(ends), strict=True):
        points = tuple(_points(table, line, column, highest))
        yield DrawnLine(line, _path(column, highest), points, _short(line.query), name_y)


def _points(table: TrendTable, line: Line, column: Sequence[Cell], highest: float) -> Iterator[Point]:
    for index, (row, cell) in enumerate(zip(table.rows, column, strict=True)):
        if cell.value is not None:
            articles = ngettext("%(num)s article", "%(num)s articles", cell.articles)
            value = f"{cell.text} ({articles})" if cell.text else articles
            title = gettext("%(period)s, %(query)s: %(value)s", period=row.label, query=line.query, value=value)
            yield Point(cell.url, title, _x(index, len(column)), _y(cell.value, highest))


def _path(column: Sequence[Cell], highest: float) -> str:
    """SVG path in units of STEP a period and pixels; broken where there is no value."""
    written = []
    drawing = False
    for index, cell in enumerate(column):
        if cell.value is not None:
            written.append(f"{'L' if drawing else 'M'}{index * STEP + STEP // 2} {_y(cell.value, highest) - TOP}")
        drawing = cell.value is not None
    return "".join(written)


def _bars(rows: Sequence[TrendRow], most: int) -> str:
    """SVG path of the archive's articles, a bar a period; none lower than a pixel."""
    heights = [(index, row.archive.articles) for index, row in enumerate(rows) if row.archive.articles]
    scaled = [(index, max(1, round(BARS * articles / most))) for index, articles in heights]
    return "".join(f"M{index * STEP + 1} {BARS}v-{height}h{STEP - 2}v{height}z" for index, height in scaled)


def _hatched(rows: Sequence[TrendRow]) -> Iterator[tuple[str, str]]:
    """Place and width of each run of periods with few articles."""
    share = PLOT / len(rows)
    for is_reliable, run in groupby(enumerate(rows), key=lambda each: each[1].is_reliable):
        indexes = [index for index, _ in run]
        if not is_reliable:
            yield f"{indexes[0] * share:.2f}%", f"{len(indexes) * share:.2f}%"


def _across(table: TrendTable) -> Iterator[Tick]:
    """Labels of round years or months, few enough for a narrow screen."""
    numbers, period = table.trends.numbers, table.trends.period
    steps = MONTH_STEPS if period is Period.MONTH else STEPS
    step = next(step for step in steps if len(numbers) <= step * MOST_LABELS)
    for index, number in enumerate(numbers):
        if number % step == 0 or len(numbers) == 1:
            first = period.texts(number)[0]
            text = first if period is Period.MONTH and step < MONTHS else str(int(first[:4]))
            place = (index + 0.5) * PLOT / len(numbers)
            yield Tick(text, f"{place:.2f}%", "start" if place < 4 else "middle")


def _spread(places: Sequence[int]) -> list[int]:
    """Heights of names near their lines, BETWEEN_NAMES apart, none below the plot."""
    order = sorted(range(len(places)), key=places.__getitem__)
    spread = list(places)
    for before, after in pairwise(order):
        spread[after] = max(spread[after], spread[before] + BETWEEN_NAMES)
    lowest = TOP + HEIGHT
    for each in reversed(order):
        spread[each] = min(spread[each], lowest)
        lowest = spread[each] - BETWEEN_NAMES
    return spread


def _short(query: str) -> str:
    return query if len(query) <= MAX_NAME else query[: MAX_NAME - 1] + "…"


def describe(table: TrendTable) -> str:
    """Description of a chart in words: the span, and the highest point of every line."""
    rows = table.rows
    parts = [gettext("From %(first)s to %(last)s.", first=rows[0].label, last=rows[-1].label)]
    for line in table.lines:
        best = max(rows, key=lambda row: row.cells[line.number].value or 0)
        cell = best.cells[line.number]
        if cell.value:
            parts.append(
                gettext(
                    "%(query)s: most in %(period)s (%(value)s).",
                    query=line.query,
                    period=best.label,
                    value=cell.text or format_number(cell.articles),
                )
            )
    return " ".join(parts)
