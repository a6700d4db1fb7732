"""About page: contents of the archive, query syntax by examples, unreadable files."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, render_template

from backfile.archive.availability.states import State
from backfile.archive.errors import LinkIndexUnusable
from backfile.index.engine import Facet, Sort
from backfile.index.query import parse
from backfile.index.sync.state import load_state, read_failure
from backfile.index.sync.verification import LinkCheck, read_link_check
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.i18n import gettext, gettext_noop, ngettext
from backfile.web.service.search_service import SearchResult, count_articles, run_search
from backfile.web.service.services import services
from backfile.web.service.site_urls import site_path
from backfile.web.views.result_views import find_facet
from backfile.web.views.year_chart import year_chart

MAX_PROBLEMS = 200
TITLES = 20

_WORD = re.compile(r"\b[^\W\d_]{4,12}\b")
_PAIR = re.compile(r"\b([^\W\d_]{4,12}) ([^\W\d_]{4,12})\b")

log = logging.getLogger("backfile.web")

blueprint = Blueprint("about", __name__)


@dataclass(frozen=True, slots=True)
class Example:
    """Example query with its meaning, URL and number of articles."""

    query: str
    meaning: str
    url: str
    count: int


@blueprint.get("/about")
def about() -> str:
    """About page."""
    arguments = SearchArguments(sort=Sort.NEWEST, per_page=TITLES)
    found = run_search(arguments)
    state = load_state(services().settings.cache_folder)
    problems = state.public_problems()
    return render_template(
        "about.html",
        here=site_path("/about"),
        total=found.page.total,
        authors=find_facet(found.page, "author").total,
        topics=find_facet(found.page, "topic").total,
        years=year_chart(found.years, arguments),
        examples=examples(found),
        failure=read_failure(services().settings.cache_folder),
        problems=problems,
        held=[held_text(kind, count) for kind, count in state.count_held().items()],
        shown=min(len(problems), MAX_PROBLEMS),
        links=links_or_none(MAX_PROBLEMS),
        status=services().engine().status(),
    )


def held_text(state: State, count: int) -> str:
    """Sentence on the number of articles in a state in which they are in no list."""
    if state is State.EMBARGOED:
        return ngettext("%(num)s article is under an embargo.", "%(num)s articles are under an embargo.", count)
    if state is State.SCHEDULED:
        return ngettext("%(num)s article will appear later.", "%(num)s articles will appear later.", count)
    if state is State.EXPIRED:
        return ngettext("%(num)s article has expired.", "%(num)s articles have expired.", count)
    if state is State.UNLISTED:
        return ngettext("%(num)s article is unlisted.", "%(num)s articles are unlisted.", count)
    return ngettext("%(num)s article is withheld.", "%(num)s articles are withheld.", count)


def links_or_none(limit: int) -> LinkCheck | None:
    """Links of the archive, at most `limit` dead ones listed; None while there is no index of links."""
    try:
        return read_link_check(services().settings.cache_folder, limit)
    except LinkIndexUnusable as error:
        log.warning("%s", error)
        return None


def examples(found: SearchResult) -> list[Example]:
    """Examples of each query operator, with words of the newest titles and values of the largest facets."""
    made = []
    for query, meaning in _queries(found):
        total = count_articles(parse(query).tree)
        if total:
            made.append(Example(query, gettext(meaning), SearchArguments(query=query).url(), total))
    return made


def _queries(found: SearchResult) -> Iterator[tuple[str, str]]:
    titles = [hit.title.text for hit in found.page.hits]
    words = sorted({word for title in titles for word in _WORD.findall(title)}, key=lambda word: (-len(word), word))
    pairs = [pair for title in titles for pair in _PAIR.findall(title)]
    if pairs:
        first, second = (word.lower() for word in pairs[0])
        yield f"{first} {second}", gettext_noop("both words, in any form; close together counts more")
        yield f'"{first} {second}"', gettext_noop("this exact phrase")
        yield f'"{second} {first}"~5', gettext_noop("at most five words apart, in any order")
        yield f"{first} OR {second}", gettext_noop("either word")
        yield f"{first} -{second}", gettext_noop("the first word without the second")
        yield f"title:{first}", gettext_noop("in the title; so also text: and summary:")
    longest = next((word.lower() for word in words if not parse(f"{word}*").notices), None)
    if longest:
        yield f"{longest[:4]}*", gettext_noop("words that start with these letters")
        yield f"{longest[:2]}?{longest[3:]}", gettext_noop("any one letter in the place of ?")
        yield f"{longest}~", gettext_noop("words with similar spelling")
        yield f"={longest}", gettext_noop("exactly this form")
    for name, meaning in (("author", gettext_noop("written by")), ("topic", gettext_noop("on a topic"))):
        for value in find_facet(found.page, name).values[:1]:
            yield f'{name}:"{value.value}"', meaning
    yield from _by_date(found.years)


def _by_date(years: Facet) -> Iterator[tuple[str, str]]:
    known = sorted(int(value.value) for value in years.values)
    if known:
        middle = f"{known[len(known) // 2]:04d}"
        yield f"date:{middle}", gettext_noop("from this year; a month or a day works as well")
        yield f"date:{known[0]:04d}..{middle}", gettext_noop("between two dates, both included")
        yield f"before:{middle}", gettext_noop("before")
        yield f"after:{middle}", gettext_noop("after")
