"""Page of the lines of a search: words in context, with the forms and links of the list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from flask import render_template

from backfile.archive.model import PartialDate
from backfile.index.concordance.arrangement import Arrangement
from backfile.index.concordance.lines_request import MOST_LINES, MOST_SAMPLED
from backfile.web.lines.lines_service import FoundLines, line_url, run_lines
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.i18n import gettext, ngettext, translate
from backfile.web.service.lines_view import ARRANGEMENTS, MAX_SEED, NAMES, LinesView
from backfile.web.service.services import services
from backfile.web.service.site_urls import site_path
from backfile.web.views.hit_views import Link
from backfile.web.views.result_views import SORTS, chips, page_links

SAMPLE = 500  # lines of the sample that is offered
LONGEST_MATCH = 80  # characters of a match that a line shows
EXPORTS = (("CSV", "/lines.csv"), ("JSON Lines", "/lines.jsonl"))


class LineView(NamedTuple):
    """Line with its number in the list and the URL of its mark; `title` and `date` of its article."""

    number: int
    url: str
    before: str
    match: str
    after: str
    direction: str
    title: str
    date: PartialDate | None
    language: str | None


class PagesView(NamedTuple):
    """Links to the pages of a list."""

    page: int
    pages: int
    page_links: tuple[Link | None, ...]
    previous: str | None
    next: str | None


def show_lines(arguments: SearchArguments, heading: str) -> str:
    """Renders a page of lines. Raises the errors of `run_lines`."""
    lines = run_lines(arguments)
    view, found = arguments.lines or LinesView(), lines.found
    kept = [pair for pair in arguments.with_changes().pairs() if pair[0] not in (*NAMES[1:], "page")]
    return render_template(
        "lines.html",
        heading=heading,
        here=site_path("/search"),
        arguments=arguments,
        lines=list(_views(lines)),
        counted=_counted(lines),
        took_ms=lines.took_ms,
        notices=lines.notices,
        relaxed=found.relaxed and translate(found.relaxed.notice()),
        chips=chips(arguments),
        sorts=_sorts(arguments, view),
        pages=_pages(lines),
        view=view,
        kept=kept,
        arrangements=[(each.value, gettext(name)) for each, name in ARRANGEMENTS.items()],
        limits={"sample": MOST_SAMPLED, "seed": MAX_SEED, "lines": MOST_LINES, "offered": SAMPLE},
        articles=found.articles,
        articles_url=arguments.as_articles(services().settings.per_page).url(page=1),
        sample_url=_sample_url(arguments, view) if lines.is_bounded else None,
        exports=[Link(name, arguments.url(path, page=1)) for name, path in EXPORTS],
    )


def _views(lines: FoundLines) -> Iterator[LineView]:
    for number, line in enumerate(lines.found.lines, lines.first):
        match = line.match if len(line.match) <= LONGEST_MATCH else f"{line.match[: LONGEST_MATCH - 1]}…"
        yield LineView(
            number,
            line_url(lines.arguments, line, number),
            line.before,
            match,
            line.after,
            line.direction,
            line.metadata.title,
            line.metadata.date,
            line.metadata.language,
        )


def _counted(lines: FoundLines) -> str:
    """Numbers of lines and articles of the search: `214 lines in 80 articles`."""
    found = lines.found
    articles = ngettext("%(num)s article", "%(num)s articles", found.articles)
    if found.total is None:
        return gettext("at least %(lines)s lines in %(articles)s", lines=found.lines_read, articles=articles)
    text = ngettext("%(num)s line", "%(num)s lines", found.total)
    return gettext("%(lines)s in %(articles)s", lines=text, articles=articles)


def _sorts(arguments: SearchArguments, view: LinesView) -> tuple[Link, ...]:
    """Links to the orders of the articles; none where lines are arranged otherwise."""
    if view.arrangement is not Arrangement.SEARCH or view.sample is not None:
        return ()
    return tuple(Link(gettext(label), arguments.url(sort=sort), arguments.sort is sort) for sort, label in SORTS)


def _sample_url(arguments: SearchArguments, view: LinesView) -> str:
    return arguments.url(lines=view._replace(sample=SAMPLE))


def _pages(lines: FoundLines) -> PagesView:
    current, last, url_of = lines.arguments.page, lines.pages, lines.arguments.page_urls()
    return PagesView(
        current,
        last,
        page_links(current, last, url_of),
        url_of(current - 1) if current > 1 else None,
        url_of(current + 1) if current < last else None,
    )
