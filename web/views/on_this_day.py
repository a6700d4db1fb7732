"""Articles of other years with the same month and day: search by the query nodes, so that every engine has it."""

from __future__ import annotations

import logging
from datetime import date as Day
from datetime import timedelta
from itertools import groupby
from typing import NamedTuple

from backfile.index.engine import Facet, Page, Request, Sort
from backfile.index.errors import DeadlineExceeded
from backfile.index.query import And, DateRange, Node, Not, Or, normalize
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.services import services
from backfile.web.service.site_urls import site_path
from backfile.web.views.hit_views import HitView, hit_views

MAX_YEARS = 200  # the newest: a cluster takes some 1,000 clauses, and a year needs four
MAX_LISTED = 100
FRONT_TITLES = 3

_LEAP_YEAR = 2000

log = logging.getLogger("backfile.web")


class DayOfYear(NamedTuple):
    """Month and day, 29 February included."""

    month: int
    day: int

    @classmethod
    def parse(cls, text: str) -> DayOfYear:
        """Day written as `03-14`. Raises `ValueError` for anything else."""
        parts = text.split("-")
        if [len(part) for part in parts] != [2, 2] or not all(part.isascii() and part.isdigit() for part in parts):
            raise ValueError(f"not a day of the form 03-14: {text!r}")
        found = Day(_LEAP_YEAR, int(parts[0]), int(parts[1]))
        return cls(found.month, found.day)

    def __str__(self) -> str:
        return f"{self.month:02d}-{self.day:02d}"

    def shifted(self, days: int) -> DayOfYear:
        """Day so many days later in a leap year; 1 January follows 31 December."""
        found = Day(_LEAP_YEAR, self.month, self.day) + timedelta(days)
        return DayOfYear(found.month, found.day)

    def in_year(self, year: int) -> Day | None:
        """Date of the day in a year; None for 29 February in most years."""
        try:
            return Day(year, self.month, self.day)
        except ValueError:
            return None


class Anniversaries(NamedTuple):
    """Hits by year, newest first, at most MAX_LISTED of the `total`; `since` is the first year looked at, if not all
    were."""

    years: tuple[tuple[int, tuple[HitView, ...]], ...] = ()
    total: int = 0
    since: int | None = None


def today() -> Day:
    """Date of the present day in the time zone of the library."""
    return services().now().astimezone(services().library.settings.zone).date()


def day_url(day: DayOfYear) -> str:
    """URL of the page of a day."""
    return site_path(f"/on-this-day?day={day}")


def find_anniversaries(day: DayOfYear, years: Facet) -> Anniversaries:
    """Articles with a day in the `years` of an archive, without those of today; cached until the index changes.

    Only exact dates count. Raises `DeadlineExceeded` and the other errors of the engine.
    """
    known = sorted((int(value.value) for value in years.values if value.value.isdecimal()), reverse=True)
    dates = [date for date in map(day.in_year, known[:MAX_YEARS]) if date is not None and date != today()]
    if not dates:
        return Anniversaries()
    status = services().engine().status()
    key = (status.generation, status.stamp, *dates)
    page: Page = services().days(key, lambda: _search(dates))
    views = hit_views(SearchArguments(), page.hits)
    grouped = groupby(views, key=lambda view: view.hit.metadata.date.year if view.hit.metadata.date else 0)
    since = known[MAX_YEARS - 1] if len(known) > MAX_YEARS else None
    return Anniversaries(tuple((year, tuple(group)) for year, group in grouped), page.total, since)


def front_titles(years: Facet) -> tuple[HitView, ...]:
    """Hits with the month and day of today, at most FRONT_TITLES; none if the deadline is exceeded."""
    try:
        found = find_anniversaries(DayOfYear(today().month, today().day), years)
    except DeadlineExceeded as error:
        log.warning("the front page is shown without other years: %s", error)
        return ()
    return tuple(view for _, views in found.years for view in views)[:FRONT_TITLES]


def _search(dates: list[Day]) -> Page:
    deadline = services().settings.deadline
    query = exactly_on(dates)
    return (
        services()
        .engine()
        .search(Request(query, sort=Sort.NEWEST, per_page=MAX_LISTED, passages=0, facet_size=1, deadline=deadline))
    )


def exactly_on(dates: list[Day]) -> Node:
    """Query for the articles of one of the dates (at least one), whose day is known.

    A partial date may lie on any of its days: what may lie on another day of that month as well is left out.
    """
    others = [date + timedelta(-1 if date.day > 1 else 1) for date in dates]
    on = Or(tuple(DateRange(date, date) for date in dates))
    return normalize(And((on, Not(Or(tuple(DateRange(other, other) for other in others))))))
