"""The screen of results, and the whole list of one facet of them."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from backfile.index.engine import Facet
from backfile.index.query import parse
from backfile.web.service.arguments import SearchArguments, read_arguments
from backfile.web.service.errors import PageNotFound
from backfile.web.service.i18n import gettext, gettext_noop, ngettext
from backfile.web.service.search_service import SearchResult, count_articles, run_search
from backfile.web.service.services import services
from backfile.web.views.hit_views import Link
from backfile.web.views.no_results import find_alternatives
from backfile.web.views.result_views import facet_view, find_facet, result_view

MAX_FACET_VALUES = 500
EXPORTS = ((gettext_noop("Atom feed"), "/search.atom"), ("CSV", "/search.csv"), ("JSON Lines", "/search.jsonl"))

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
def search() -> str:
    """Results of a search, narrowed and sorted as the address says."""
    return show_results(arguments_of_request())


@blueprint.get("/search/<any(authors, topics):facets>")
def whole_facet(facets: str) -> str:
    """Every author or topic of the articles found, most articles first, or those whose name contains a text."""
    arguments = arguments_of_request()
    facet = find_facet(run_search(arguments, facet_size=None).page, facets.removesuffix("s"))
    contains = request.args.get("contains", "").strip()
    values = tuple(value for value in facet.values if contains.casefold() in value.value.casefold())
    view = facet_view(arguments, Facet(facet.name, values[:MAX_FACET_VALUES], MAX_FACET_VALUES), shown=MAX_FACET_VALUES)
    return render_template(
        "facet.html",
        here=f"/search/{facets}",
        arguments=arguments,
        facet=view,
        contains=contains,
        found=len(values),
        heading=heading_of(arguments),
    )


def arguments_of_request() -> SearchArguments:
    """The search that the current request asks for."""
    return read_arguments(request.args, per_page=services().per_page)


def show_results(arguments: SearchArguments, heading: str = "", *, must_find: bool = False) -> str:
    """The page of results for these arguments, under their own words or another heading.

    With `must_find` an empty result is a `PageNotFound`: nobody of that name, nothing of that year.
    """
    found = run_search(arguments)
    if must_find and not found.page.total:
        raise PageNotFound(gettext("No article in this archive is listed under “%(name)s”.", name=heading))
    heading = heading or heading_of(arguments)
    return render_template(
        "search.html",
        title=title_of(heading, found),
        heading=heading,
        here="/search",
        arguments=arguments,
        view=result_view(arguments, found.page, found.years),
        notices=(*arguments.notices, *found.notices),
        suggestion=_suggestion(arguments, found),
        alternatives=find_alternatives(arguments, found.parsed.tree) if not found.page.total else (),
        feed_url=arguments.url("/search.atom", page=1),
        exports=[(gettext(name), arguments.url(path, page=1)) for name, path in EXPORTS],
    )


def heading_of(arguments: SearchArguments) -> str:
    """What was asked, in a few words: the query, or else the filters."""
    if arguments.query:
        return arguments.query
    return ", ".join((*arguments.authors, *arguments.topics)) or gettext("All articles")


def title_of(heading: str, found: SearchResult) -> str:
    """`heading – 214 articles (page 1 of 22)`."""
    page = found.page
    if not page.total:
        return gettext("%(heading)s – nothing found", heading=heading)
    articles = ngettext("%(num)s article", "%(num)s articles", page.total)
    if page.pages == 1:
        return f"{heading} – {articles}"
    pages = gettext("(page %(page)s of %(pages)s)", page=page.page, pages=page.pages)
    return f"{heading} – {articles} {pages}"


def _suggestion(arguments: SearchArguments, found: SearchResult) -> tuple[Link, int] | None:
    """The engine's correction with its real count; none when it would find nothing more."""
    text = found.page.suggestion
    if not text:
        return None
    total = count_articles(parse(text).tree, arguments.filters)
    return (Link(text, arguments.url(query=text)), total) if total > found.page.total else None
