"""View models of a result list: hits, filter chips, facets, year chart and page links, with finished URLs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backfile.archive.model import PartialDate
from backfile.index.engine import Facet, Page, Sort
from backfile.index.fields import facet_key
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.i18n import format_date, gettext, gettext_noop
from backfile.web.views.hit_views import HitView, Link, hit_views
from backfile.web.views.year_chart import YearChart, year_chart

FACET_VALUES = 10
LEGENDS = {"author": gettext_noop("Author"), "topic": gettext_noop("Topic")}
SORTS = (
    (Sort.RELEVANCE, gettext_noop("Relevance")),
    (Sort.NEWEST, gettext_noop("Newest")),
    (Sort.OLDEST, gettext_noop("Oldest")),
    (Sort.TITLE, gettext_noop("Title")),
)


@dataclass(frozen=True, slots=True)
class Chip:
    """Active filter, with the search without it and the URL of that search."""

    text: str
    url: str
    without: SearchArguments


class FacetChoice(NamedTuple):
    """Value of a facet and its number of articles, None if the engine did not count it."""

    value: str
    articles: int | None
    selected: bool


@dataclass(frozen=True, slots=True)
class FacetView:
    """Facet: values `shown` at once, `more` behind a disclosure, URL of the complete list if it is longer."""

    name: str
    legend: str
    shown: tuple[FacetChoice, ...]
    more: tuple[FacetChoice, ...]
    total: int
    all_url: str | None


@dataclass(frozen=True, slots=True)
class ResultView:
    """Result list. `copies_url` lists every copy of the stories, or each story once if they are listed."""

    total: int
    stories: int | None
    copies_url: str | None
    took_ms: float
    page: int
    pages: int
    hits: tuple[HitView, ...]
    chips: tuple[Chip, ...]
    facets: tuple[FacetView, ...]
    years: YearChart | None
    sorts: tuple[Link, ...]
    page_links: tuple[Link | None, ...]
    previous: str | None
    next: str | None


def result_view(arguments: SearchArguments, page: Page, years: Facet, *, keep_search: bool = True) -> ResultView:
    """View of a page; `years` is the complete facet of years.

    Without `keep_search`, as on the front page, links start a new search instead of narrowing this one.
    """
    if not keep_search:
        arguments = SearchArguments()
    url_of = arguments.page_urls()
    first = (page.page - 1) * arguments.per_page + 1 if keep_search else None
    return ResultView(
        total=page.total,
        stories=page.stories,
        copies_url=_copies_url(arguments, page),
        took_ms=page.took_ms,
        page=page.page,
        pages=page.pages,
        hits=hit_views(arguments, page.hits, first),
        chips=chips(arguments),
        facets=tuple(facet_view(arguments, facet) for facet in page.facets if facet.name in LEGENDS),
        years=year_chart(years, arguments),
        sorts=tuple(Link(gettext(label), arguments.url(sort=sort), arguments.sort is sort) for sort, label in SORTS),
        page_links=page_links(page.page, page.pages, url_of),
        previous=url_of(page.page - 1) if 1 < page.page <= page.pages else None,
        next=url_of(page.page + 1) if page.page < page.pages else None,
    )


def _copies_url(arguments: SearchArguments, page: Page) -> str | None:
    """URL that changes whether copies are listed; None if there are none."""
    if arguments.show_copies:
        return arguments.url(show_copies=False)
    return arguments.url(show_copies=True) if page.stories not in (None, page.total) else None


def facet_view(arguments: SearchArguments, facet: Facet, *, shown: int = FACET_VALUES) -> FacetView:
    """View of a facet with `shown` values at once, selected values first."""
    choices = _facet_choices(facet, arguments.selected(facet.name))
    shown = max(shown, sum(choice.selected for choice in choices))
    if len(choices) <= shown + 2:
        shown = len(choices)
    return FacetView(
        name=facet.name,
        legend=gettext(LEGENDS[facet.name]),
        shown=choices[:shown],
        more=choices[shown:],
        total=facet.total,
        all_url=None if len(facet.values) >= facet.total else arguments.url(f"/search/{facet.name}s", page=1),
    )


def _facet_choices(facet: Facet, selected: Sequence[str]) -> tuple[FacetChoice, ...]:
    known = {facet_key(facet.name, value.value): value for value in facet.values}
    missing = 0 if len(facet.values) >= facet.total else None
    chosen: dict[str, FacetChoice] = {}
    for value in selected:
        key = facet_key(facet.name, value)
        listed = known.get(key)
        chosen[key] = FacetChoice(listed.value, listed.count, True) if listed else FacetChoice(value, missing, True)
    rest = [FacetChoice(value.value, value.count, False) for key, value in known.items() if key not in chosen]
    return (*chosen.values(), *rest)


def find_facet(page: Page, name: str) -> Facet:
    """Returns the facet of that name, or one without values."""
    return next((facet for facet in page.facets if facet.name == name), Facet(name, (), 0))


def chips(arguments: SearchArguments) -> tuple[Chip, ...]:
    """Active filters in the order of the page."""
    return tuple(Chip(text, without.url(), without) for text, without in _without_each(arguments))


def _without_each(arguments: SearchArguments) -> Iterator[tuple[str, SearchArguments]]:
    for facet in LEGENDS:
        selected = arguments.selected(facet)
        for value in selected:
            yield value, arguments.with_values(facet, tuple(other for other in selected if other != value))
    if arguments.all_words:
        yield gettext("all words"), arguments.with_changes(all_words=False)
    if arguments.first and arguments.first == arguments.last:
        yield _format_iso_date(arguments.first), arguments.with_changes(first="", last="")
        return
    if arguments.first:
        yield gettext("from %(date)s", date=_format_iso_date(arguments.first)), arguments.with_changes(first="")
    if arguments.last:
        yield gettext("to %(date)s", date=_format_iso_date(arguments.last)), arguments.with_changes(last="")


def _format_iso_date(date: str) -> str:
    return format_date(PartialDate.parse(date))


def page_links(current: int, last: int, url_of: Callable[[int], str]) -> tuple[Link | None, ...]:
    """Links to the first and the last page and two on either side of the current one; None stands for a gap."""
    near = {1, last, *range(current - 2, current + 3)}
    links: list[Link | None] = []
    before = 0
    for number in sorted(n for n in near if 1 <= n <= last):
        if number == before + 2:
            links.append(Link(str(before + 1), url_of(before + 1)))
        elif number > before + 2:
            links.append(None)
        links.append(Link(str(number), url_of(number), number == current))
        before = number
    return tuple(links)
