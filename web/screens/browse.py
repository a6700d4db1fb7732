"""Front page; lists of authors, topics and years; the articles of a day in other years."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from urllib.parse import quote

from flask import Blueprint, render_template, request

from backfile.archive.metadata.author_names import family_name_first
from backfile.index.analysis.normalization import fold
from backfile.index.engine import FacetValue, Page, Sort
from backfile.web.screens.search import arguments_of_request, show_results
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.errors import PageNotFound
from backfile.web.service.i18n import format_day, gettext, gettext_noop
from backfile.web.service.search_service import run_search
from backfile.web.service.site_urls import facet_url, site_path
from backfile.web.views.hit_views import Link
from backfile.web.views.on_this_day import (
    MAX_LISTED,
    DayOfYear,
    day_url,
    find_anniversaries,
    front_titles,
    today,
)
from backfile.web.views.result_views import find_facet, result_view
from backfile.web.views.sparklines import sparklines
from backfile.web.views.year_chart import year_chart

FRONT_ARTICLES = 8
FRONT_VALUES = 12
MIN_VALUES = 40  # for an alphabet
MAX_VALUES = 400  # on one page
MIN_FINDABLE = 50  # for a box that finds names
KINDS = {"authors": ("author", gettext_noop("Authors")), "topics": ("topic", gettext_noop("Topics"))}

blueprint = Blueprint("browse", __name__)


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """Values under one letter, each with its link and count."""

    letter: str
    links: tuple[tuple[Link, int], ...]


@blueprint.get("/")
def home() -> str:
    """Front page: search box, newest articles, years, topics, authors."""
    newest = SearchArguments(sort=Sort.NEWEST, per_page=FRONT_ARTICLES, usual_per_page=FRONT_ARTICLES)
    found = run_search(newest)
    plain = SearchArguments()
    return render_template(
        "home.html",
        here=site_path("/"),
        arguments=plain,
        notices=found.notices,
        view=result_view(newest, found.page, found.years, keep_search=False),
        on_this_day=front_titles(found.years),
        topics=links_to_values("topic", find_facet(found.page, "topic").values[:FRONT_VALUES]),
        authors=links_to_values("author", find_facet(found.page, "author").values[:FRONT_VALUES]),
    )


@blueprint.get("/<any(authors, topics):kind>")
def list_values(kind: str) -> str:
    """Authors (by family name) or topics in alphabetical order, on one page or one letter at a time.

    With `contains` only names that contain a text, whatever its case and accents.
    """
    facet, heading = KINDS[kind]
    known = find_facet(_all_articles(), facet).values
    contains = request.args.get("contains", "").strip()
    every = _containing(contains, known)
    groups = _letter_groups(facet, every)
    letter = _chosen_letter([group.letter for group in groups]) if len(every) > MAX_VALUES else ""
    shown = [group for group in groups if group.letter == letter] if letter else groups
    return render_template(
        "values.html",
        here=site_path(f"/{kind}"),
        heading=gettext(heading),
        facet=facet,
        sparklines=sparklines(facet),
        total=len(every),
        letter=letter,
        groups=shown,
        letters=_letter_links(kind, groups, letter, contains) if len(every) > MIN_VALUES else [],
        contains=contains if len(known) >= MIN_FINDABLE else None,
        known=len(known),
    )


@blueprint.get("/author/<path:name>")
def author(name: str) -> str:
    """Articles of one author."""
    return _show_value(SearchArguments(authors=(name,)), name, "author")


@blueprint.get("/topic/<path:name>")
def topic(name: str) -> str:
    """Articles on one topic."""
    return _show_value(SearchArguments(topics=(name,)), name, "topic")


@blueprint.get("/years")
def years() -> str:
    """Articles per year, as a chart and a list."""
    page = _all_articles()
    facet = find_facet(page, "year")
    dated = sum(value.count for value in facet.values)
    return render_template(
        "years.html",
        here=site_path("/years"),
        years=year_chart(facet, SearchArguments(sort=Sort.OLDEST)),
        values=[(Link(value.value, site_path(f"/year/{value.value}")), value.count) for value in facet.values],
        dated=dated,
        undated=page.total - dated,
    )


@blueprint.get("/year/<name>")
def year(name: str) -> str:
    """Articles of one year."""
    if not (name.isascii() and name.isdigit() and 1 <= int(name) <= 9999):
        raise PageNotFound(gettext("“%(name)s” is not a year.", name=name))
    text = f"{int(name):04d}"
    return _show_value(SearchArguments(first=text, last=text), text)


@blueprint.get("/on-this-day")
def on_this_day() -> str:
    """Articles of other years with today's month and day, or those of the day in the argument `day` (`03-14`)."""
    now, text = today(), request.args.get("day", "").strip()
    try:
        day = DayOfYear.parse(text or f"{now:%m-%d}")
    except ValueError:
        raise PageNotFound(gettext("“%(text)s” is not a day in the form 03-14.", text=text)) from None
    before, after = day.shifted(-1), day.shifted(1)
    return render_template(
        "on_this_day.html",
        here=site_path("/on-this-day"),
        day=format_day(*day),
        is_today=day == (now.month, now.day),
        found=find_anniversaries(day, run_search(SearchArguments(per_page=1), facet_size=1).years),
        most=MAX_LISTED,
        before=Link(format_day(*before), day_url(before)),
        after=Link(format_day(*after), day_url(after)),
    )


def _containing(text: str, values: Iterable[FacetValue]) -> list[FacetValue]:
    """Values with a text in their names, whatever its case and accents."""
    return [value for value in values if fold(text) in fold(value.value)] if text else list(values)


def _letter_groups(facet: str, values: Iterable[FacetValue]) -> list[LetterGroup]:
    """Values in alphabetical order, authors by family name, under their first letters."""
    sort_key = _family_name_key if facet == "author" else _sort_key
    keyed = sorted(((sort_key(value.value), value) for value in values), key=itemgetter(0))
    return [
        LetterGroup(letter, tuple(links_to_values(facet, [value for _, value in group])))
        for letter, group in groupby(keyed, key=lambda each: _letter(each[0]))
    ]


def links_to_values(facet: str, values: Iterable[FacetValue]) -> list[tuple[Link, int]]:
    """Link and count of each value of a facet."""
    return [(Link(each.value, facet_url(facet, each.value)), each.count) for each in values]


def _show_value(fixed: SearchArguments, name: str, facet: str = "") -> str:
    requested = arguments_of_request()
    arguments = requested.with_changes(
        authors=fixed.authors or requested.authors,
        topics=fixed.topics or requested.topics,
        first=fixed.first or requested.first,
        last=fixed.last or requested.last,
        page=requested.page,
        sort=requested.sort if "sort" in request.args else Sort.NEWEST,
    )
    return show_results(arguments, name, facet=facet, must_find=True)


def _all_articles() -> Page:
    return run_search(SearchArguments(per_page=1), facet_size=None).page


def _sort_key(value: str) -> tuple[bool, str]:
    folded = "".join(c for c in unicodedata.normalize("NFKD", value.casefold()) if not unicodedata.combining(c))
    return not folded[:1].isalpha(), folded


def _family_name_key(value: str) -> tuple[bool, str]:
    return _sort_key(family_name_first(value))


def _letter(key: tuple[bool, str]) -> str:
    outside, folded = key
    return "0–9 …" if outside else folded[:1].upper()


def _chosen_letter(letters: list[str]) -> str:
    letter = request.args.get("letter", "")
    return letter if letter in letters else letters[0]


def _letter_links(kind: str, groups: list[LetterGroup], letter: str, contains: str) -> list[Link]:
    """Links to the letters: to sections of the page if it shows all letters, else to pages."""
    if not letter:
        return [Link(group.letter, f"#letter-{number}") for number, group in enumerate(groups, 1)]
    page, found = site_path(f"/{kind}"), f"contains={quote(contains)}&" if contains else ""
    return [Link(g.letter, f"{page}?{found}letter={quote(g.letter)}", g.letter == letter) for g in groups]
