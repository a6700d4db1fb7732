"""A result list as its page shows it: hits, chips, facets, years and page numbers, all with finished addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backfile.archive.model import PartialDate
from backfile.index.engine import Facet, Page, Sort
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.i18n import format_date, gettext, gettext_noop
from backfile.web.views.hit_views import HitView, Link, hit_views, selected_values
from backfile.web.views.year_chart import YearChart, year_chart

SHOWN_VALUES = 10
LEGENDS = {"author": gettext_noop("Author"), "topic": gettext_noop("Topic")}
SORTS = (
    (Sort.RELEVANCE, gettext_noop("Relevance")),
    (Sort.NEWEST, gettext_noop("Newest")),
    (Sort.OLDEST, gettext_noop("Oldest")),
    (Sort.TITLE, gettext_noop("Title")),
)


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, with the search that is left without it and its address."""

    text: str
    url: str
    rest: SearchArguments


class FacetChoice(NamedTuple):
    """One value of a facet and its number of articles, None when the engine did not count that far down the list."""

    value: str
    articles: int | None
    chosen: bool


@dataclass(frozen=True, slots=True)
class FacetView:
    """A facet: `shown` at once, `more` behind a disclosure, and the address of the whole list when that is longer."""

    name: str
    legend: str
    shown: tuple[FacetChoice, ...]
    more: tuple[FacetChoice, ...]
    total: int
    all_url: str | None


@dataclass(frozen=True, slots=True)
class ResultView:
    """Everything the list of results shows."""

    total: int
    took_ms: float
    page: int
    pages: int
    hits: tuple[HitView, ...]
    chips: tuple[Chip, ...]
    facets: tuple[FacetView, ...]
    years: YearChart | None
    sorts: tuple[Link, ...]
    numbers: tuple[Link | None, ...]
    previous: str | None
    next: str | None


def result_view(arguments: SearchArguments, page: Page, years: Facet, *, keep_search: bool = True) -> ResultView:
    """The view of a page; `years` is the facet of years in full.

    Without `keep_search` its links lead away from the list, as on the front page, instead of narrowing it.
    """
    if not keep_search:
        arguments = SearchArguments()
    first_place = (page.page - 1) * arguments.per_page + 1
    return ResultView(
        total=page.total,
        took_ms=page.took_ms,
        page=page.page,
        pages=page.pages,
        hits=hit_views(arguments, page.hits, first_place if keep_search else None),
        chips=chips(arguments),
        facets=tuple(facet_view(arguments, facet) for facet in page.facets if facet.name in LEGENDS),
        years=year_chart(years, arguments),
        sorts=tuple(Link(gettext(label), arguments.url(sort=sort), arguments.sort is sort) for sort, label in SORTS),
        numbers=_numbers(arguments, page),
        previous=arguments.url(page=page.page - 1) if 1 < page.page <= page.pages else None,
        next=arguments.url(page=page.page + 1) if page.page < page.pages else None,
    )


def facet_view(arguments: SearchArguments, facet: Facet, *, shown: int = SHOWN_VALUES) -> FacetView:
    """The view of a facet with `shown` values at once: chosen ones first, wherever they stand in the list."""
    chosen = selected_values(arguments, facet.name)
    choices = _choices(facet, chosen)
    shown = max(shown, sum(choice.chosen for choice in choices))
    if len(choices) <= shown + 2:
        shown = len(choices)
    whole = len(facet.values) >= facet.total
    return FacetView(
        name=facet.name,
        legend=gettext(LEGENDS[facet.name]),
        shown=choices[:shown],
        more=choices[shown:],
        total=facet.total,
        all_url=None if whole else arguments.url(f"/search/{facet.name}s", page=1),
    )


def _choices(facet: Facet, chosen: Sequence[str]) -> tuple[FacetChoice, ...]:
    counted = {value.value: value.count for value in facet.values}
    missing = 0 if len(facet.values) >= facet.total else None
    first = [FacetChoice(value, counted.get(value, missing), True) for value in chosen]
    rest = [FacetChoice(value.value, value.count, False) for value in facet.values if value.value not in chosen]
    return (*first, *rest)


def find_facet(page: Page, name: str) -> Facet:
    """The facet of that name; one without values when the engine gave none."""
    return next((facet for facet in page.facets if facet.name == name), Facet(name, (), 0))


def chips(arguments: SearchArguments) -> tuple[Chip, ...]:
    """The filters in force, in the order of the page."""
    return tuple(Chip(text, rest.url(), rest) for text, rest in _without_each(arguments))


def _without_each(arguments: SearchArguments) -> Iterator[tuple[str, SearchArguments]]:
    for author in arguments.authors:
        yield author, arguments.with_(authors=tuple(each for each in arguments.authors if each != author))
    for topic in arguments.topics:
        yield topic, arguments.with_(topics=tuple(each for each in arguments.topics if each != topic))
    if arguments.first and arguments.first == arguments.last:
        yield _said(arguments.first), arguments.with_(first="", last="")
        return
    if arguments.first:
        yield gettext("from %(date)s", date=_said(arguments.first)), arguments.with_(first="")
    if arguments.last:
        yield gettext("to %(date)s", date=_said(arguments.last)), arguments.with_(last="")


def _said(date: str) -> str:
    return format_date(PartialDate.parse(date))


def _numbers(arguments: SearchArguments, page: Page) -> tuple[Link | None, ...]:
    """Page numbers: the first, the last, and two on either side of the current one; None stands for a gap."""
    near = {1, page.pages, *range(page.page - 2, page.page + 3)}
    numbers: list[Link | None] = []
    before = 0
    for number in sorted(n for n in near if 1 <= n <= page.pages):
        if number == before + 2:
            numbers.append(Link(str(before + 1), arguments.url(page=before + 1)))
        elif number > before + 2:
            numbers.append(None)
        numbers.append(Link(str(number), arguments.url(page=number), number == page.page))
        before = number
    return tuple(numbers)
