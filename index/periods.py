"""Periods of dates: years, months and decades by number, and the counts of a result in each of them."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date as Day
from enum import StrEnum

MONTHS = 12


class Period(StrEnum):
    """Kinds of periods, by which the articles of a result are counted."""

    MONTH = "month"
    YEAR = "year"
    DECADE = "decade"

    @property
    def coarser(self) -> Period:
        """Next longer kind; decades are the longest."""
        return Period.YEAR if self is Period.MONTH else Period.DECADE

    def number(self, day: Day) -> int:
        """Number of the period of a day: the year, months since the year 0, or the decade (199 for 1990–1999)."""
        match self:
            case Period.MONTH:
                return day.year * MONTHS + day.month - 1
            case Period.YEAR:
                return day.year
        return day.year // 10

    def span(self, number: int) -> tuple[Day, Day]:
        """First and last day of a period by its number; the first decade begins with the year 1."""
        match self:
            case Period.MONTH:
                year, month = number // MONTHS, number % MONTHS + 1
                return Day(year, month, 1), Day(year, month, calendar.monthrange(year, month)[1])
            case Period.YEAR:
                return Day(number, 1, 1), Day(number, 12, 31)
        return Day(max(number * 10, 1), 1, 1), Day(number * 10 + 9, 12, 31)

    def texts(self, number: int) -> tuple[str, str]:
        """First and last date of a period as arguments of a search: twice `2019` or `2019-03`; `1990` and `1999`."""
        first, last = self.span(number)
        if self is Period.MONTH:
            return (first.isoformat()[:7],) * 2
        return f"{first.year:04d}", f"{last.year:04d}"

    def label(self, number: int) -> str:
        """Name of a period: `2019-03`, `2019` or `1990–1999`."""
        first, last = self.texts(number)
        return first if first == last else f"{first}–{last}"

    def bounds(self, first: Day | None, last: Day | None) -> range:
        """Numbers of the periods with a day from `first` to `last`; None: without a limit."""
        return range(self.number(first or Day.min), self.number(last or Day.max) + 1)


@dataclass(frozen=True, slots=True)
class PeriodCounts:
    """Counts of a result by the number of the period; periods without articles are left out.

    An article counts in each period that its date may lie in, as a filter for that period finds it: one dated `2019`
    in all months of 2019. `vague` are the articles of several periods, `undated` those of none.

    `matches` are the occurrences of the query's words in title, summary and text (docs/decisions/trends.md), `words`
    the lengths of these texts in positions. Both are None unless requested, or if the engine cannot count them.
    """

    period: Period
    articles: Mapping[int, int] = field(default_factory=dict)
    undated: int = 0
    vague: int = 0
    matches: Mapping[int, int] | None = None
    words: Mapping[int, int] | None = None
