"""Result list, and the complete list of one of its facets."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, render_template, request

from backfile.index.concordance.concordance import has_lines
from backfile.index.engine import Facet, Hit, Page, Sort
from backfile.index.fields import facet_key
from backfile.index.query import parse, plain_text, relax
from backfile.index.query.nodes import word_count
from backfile.web.lines.lines_page import show_lines
from backfile.web.service.arguments import SearchArguments, read_arguments
from backfile.web.service.errors import PageNotFound
from backfile.web.service.i18n import gettext, gettext_noop, ngettext, translate
from backfile.web.service.search_service import SearchResult, count_articles, run_search
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url, facet_url, site_path
from backfile.web.views.citations import coins
from backfile.web.views.hit_views import Link
from backfile.web.views.no_results import AlternativeSearches, find_alternatives, without_filters
from backfile.web.views.profile_view import profile_view
from backfile.web.views.result_views import facet_view, find_facet, result_view
from backfile.web.views.search_manifest import MANIFEST_PATH, cite_search

PASSAGES = 2  # of a hit
MAX_FACET_VALUES = 500
QUOTATION_WORDS = 8  # of a query that may be a quotation
FEW = 3  # articles, fewer than which make it one
EXPORTS = (
    (gettext_noop("Atom feed"), "/search.atom"),
    ("CSV", "/search.csv"),
    ("JSON Lines", "/search.jsonl"),
    ("RIS", "/search.ris"),
    ("BibTeX", "/search.bib"),
    ("CSL-JSON", "/search.csl.json"),
    (gettext_noop("What this list is (JSON)"), MANIFEST_PATH),
)

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
def search() -> str:
    """Result list of a search; with `view=lines` its words in context."""
    arguments = arguments_of_request()
    return show_lines(arguments, heading_of(arguments)) if arguments.lines else show_results(arguments)


@blueprint.get("/search/<any(authors, topics):facets>")
def facet_values(facets: str) -> str:
    """Authors or topics of a search, most articles first; with `contains` only names that contain a text."""
    arguments = arguments_of_request()
    facet = find_facet(run_search(arguments, facet_size=None).page, facets.removesuffix("s"))
    contains = request.args.get("contains", "").strip()
    values = tuple(value for value in facet.values if contains.casefold() in value.value.casefold())
    view = facet_view(arguments, Facet(facet.name, values[:MAX_FACET_VALUES], MAX_FACET_VALUES), shown=MAX_FACET_VALUES)
    return render_template(
        "facet.html",
        here=site_path(f"/search/{facets}"),
        arguments=arguments,
        facet=view,
        contains=contains,
        found=len(values),
        heading=heading_of(arguments),
    )


def arguments_of_request(*, as_lines: bool = False) -> SearchArguments:
    """Reads the arguments of the current request; `as_lines`: those of lines, also without `view=lines`."""
    return read_arguments(request.args, per_page=services().settings.per_page, as_lines=as_lines)


def show_results(arguments: SearchArguments, heading: str = "", *, facet: str = "", must_find: bool = False) -> str:
    """Renders a result list; without a `heading` it is the query or the filters.

    With `facet` the heading is a value of that facet and is shown in the archive's spelling.

    Raises `PageNotFound` for an empty result with `must_find`, and the errors of `run_search`.
    """
    found = run_search(arguments, passages=PASSAGES)
    if must_find and not found.page.total:
        raise PageNotFound(gettext("No article in this archive is listed under “%(name)s”.", name=heading))
    heading = _spelling(found.page, facet, heading) if facet else heading or heading_of(arguments)
    return render_template(
        "search.html",
        title=title_of(heading, found),
        heading=heading,
        profile=profile_view(facet, heading) if facet and arguments.page == 1 else None,
        here=site_path("/search"),
        arguments=arguments,
        view=result_view(arguments, found.page, found.years),
        notices=(*arguments.notices, *found.notices),
        unindexed=found.is_unindexed,
        names=_name_links(arguments, found),
        suggestion=_suggestion(arguments, found),
        relaxed=found.page.relaxed and translate(found.page.relaxed.notice()),
        alternatives=_alternatives(arguments, found),
        rigid=not found.page.total and relax(found.parsed.tree, ()) is None,
        quotation_url=_quotation_url(found),
        feed_url=arguments.url("/search.atom", page=1),
        lines_url=arguments.as_lines().url(page=1) if found.page.total and has_lines(found.parsed.tree) else None,
        trends_url=arguments.url("/trends", all_words=False, sort=Sort.RELEVANCE, per_page=arguments.usual_per_page),
        citation=cite_search(arguments, heading, found.page.total),
        exports=[(gettext(name), arguments.url(path, page=1)) for name, path in EXPORTS],
    )


def coins_of(hit: Hit) -> str:
    """COinS of a hit, with the URL of its article in this archive."""
    return coins(hit, services().absolute(article_url(hit.id)), services().title)


def _alternatives(arguments: SearchArguments, found: SearchResult) -> tuple[AlternativeSearches, ...]:
    """Other searches for one that finds nothing; without the filters for one that finds only most of the words."""
    if not found.page.total:
        return find_alternatives(arguments, found.parsed.tree)
    return without_filters(arguments, found.parsed.tree) if found.page.relaxed else ()


def _quotation_url(found: SearchResult) -> str | None:
    """Search for a query as a quotation, for a sentence of which few articles have all words."""
    page, text = found.page, plain_text(found.parsed.tree)
    complete = page.relaxed.complete if page.relaxed else page.total
    if complete >= FEW or word_count(found.parsed.tree) < QUOTATION_WORDS or not text:
        return None
    return f"{site_path('/quote')}?{urlencode({'text': text})}"


def heading_of(arguments: SearchArguments) -> str:
    """Heading of a search: the query, or else the filters."""
    if arguments.query:
        return arguments.query
    return ", ".join((*arguments.authors, *arguments.topics)) or gettext("All articles")


def title_of(heading: str, found: SearchResult) -> str:
    """Title of a result list: `heading – 214 articles (page 1 of 22)`."""
    page = found.page
    if not page.total:
        return gettext("%(heading)s – no results", heading=heading)
    articles = ngettext("%(num)s article", "%(num)s articles", page.total)
    if page.pages == 1:
        return f"{heading} – {articles}"
    pages = gettext("(page %(page)s of %(pages)s)", page=page.page, pages=page.pages)
    return f"{heading} – {articles} {pages}"


def _spelling(page: Page, facet: str, name: str) -> str:
    """Spelling of a name in the facet or in the first hit of a page, where it may differ in case and the like."""
    listed = [value.value for value in find_facet(page, facet).values]
    for hit in page.hits[:1]:
        listed += hit.metadata.authors if facet == "author" else hit.metadata.topics
    key = facet_key(facet, name)
    return next((value for value in listed if facet_key(facet, value) == key), name)


def _name_links(arguments: SearchArguments, found: SearchResult) -> list[tuple[str, Link, int]]:
    """Authors and topics whose name is the query: facet, link to the page of the name, number of articles."""
    if arguments.page > 1:
        return []
    return [(each.facet, Link(each.value, facet_url(each.facet, each.value)), each.count) for each in found.page.names]


def _suggestion(arguments: SearchArguments, found: SearchResult) -> tuple[Link, int] | None:
    """Suggestion of the engine with the number of articles that have all its words."""
    text = found.page.suggestion
    if not text:
        return None
    return Link(text, arguments.url(query=text)), count_articles(parse(text).tree, arguments.filters)
