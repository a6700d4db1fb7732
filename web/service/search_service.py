"""Search service: runs the search of a request, counts queries, finds the neighbours of a hit."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backfile.index.engine import MAX_DEPTH, Facet, Filters, Hit, Page, Request
from backfile.index.errors import DeadlineExceeded, IndexLocked, IndexUnavailable, IndexUnusable, QueryRefused
from backfile.index.query import Node, ParsedQuery, parse
from backfile.index.query.unspaced_runs import split_runs
from backfile.index.sync.state import load_state
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.errors import PageNotFound
from backfile.web.service.i18n import gettext, gettext_noop, ngettext, translate
from backfile.web.service.monitoring import observe_search
from backfile.web.service.services import services
from backfile.web.views.result_views import find_facet

FACET_SIZE = 20
NO_FILTERS = Filters()
UNINDEXED = gettext_noop("The articles are being indexed for the first time. Try again in a moment.")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Parsed query, page of hits, and the complete facet of years."""

    parsed: ParsedQuery
    page: Page
    years: Facet
    is_unindexed: bool = False

    @property
    def notices(self) -> tuple[str, ...]:
        """Notices of the parser and of the engine, and one of an archive that is not indexed yet."""
        unindexed = (gettext(UNINDEXED),) if self.is_unindexed else ()
        return (*map(translate, self.parsed.notices), *self.page.notices, *unindexed)


def run_search(
    arguments: SearchArguments,
    *,
    facet_size: int | None = FACET_SIZE,
    relax: bool = True,
    passages: int = 3,
    fold: bool = True,
) -> SearchResult:
    """Runs a search, relaxed if nothing has all words and `relax` allows it, folded unless copies are to be shown.

    Raises `PageNotFound` for a page past the end, `QueryRefused`, and the errors of the engine.
    """
    parsed = parse_query(arguments.query)
    request = build_request(arguments, parsed.tree, facet_size=facet_size, passages=passages)
    request = replace(request, all_years=True, relax=relax and request.relax, fold=fold and request.fold)
    if request.page * request.per_page > MAX_DEPTH:
        raise QueryRefused(
            gettext("Only the first %(most)s articles of a list can be shown.", most=MAX_DEPTH),
            hint=gettext("Narrow the search by another word, an author, a topic or a date."),
        )
    page = search(request)
    if arguments.page > max(page.pages, 1):
        pages = ngettext("This search has %(num)s page", "This search has %(num)s pages", page.pages)
        raise PageNotFound(gettext("%(pages)s; there is no page %(page)s.", pages=pages, page=arguments.page))
    return SearchResult(parsed, page, find_facet(page, "year"), not page.total and is_unindexed())


def is_unindexed() -> bool:
    """Whether the library has files and none was ever indexed: the first index is being made."""
    folder = services().settings.cache_folder
    if services().engine().status().documents or load_state(folder).stamp:
        return False
    return next(services().library.walk(), None) is not None


def search(request: Request) -> Page:
    """Page of a search, whose time is added to the metrics; raises the errors of the engine."""
    page = services().engine().search(request)
    observe_search(page.took_ms)
    return page


def parse_query(query: str) -> ParsedQuery:
    """Parses a query, runs without spaces split into words; raises `QueryRefused` if it exceeds a limit."""
    parsed = parse(query)
    if parsed.refused:
        raise QueryRefused(translate(parsed.refused))
    try:
        return split_runs(parsed, count_articles)
    except (IndexUnusable, IndexUnavailable, IndexLocked, DeadlineExceeded):  # the search itself will say so
        return parsed


def build_request(
    arguments: SearchArguments, query: Node, *, facet_size: int | None = FACET_SIZE, passages: int = 3
) -> Request:
    """Builds the request for the engine."""
    return Request(
        query=query,
        filters=arguments.filters,
        sort=arguments.sort,
        page=arguments.page,
        per_page=arguments.per_page,
        facet_size=facet_size,
        passages=passages,
        deadline=services().settings.deadline,
        relax=not arguments.all_words,
        fold=not arguments.show_copies,
    )


def count_articles(query: Node, filters: Filters = NO_FILTERS) -> int:
    """Number of articles that a query finds; raises as `find` does."""
    request = Request(
        query=query, filters=filters, per_page=1, passages=0, facet_size=1, deadline=services().settings.deadline
    )
    return services().engine().search(request).total


def neighbours(arguments: SearchArguments, query: Node, rank: int) -> tuple[Page, Hit | None, Hit | None]:
    """Hits before and after the one at `rank` (from 1), and the page they were read from.

    One search suffices: for every rank up to 10,000 a page size of at most 13 holds all three on one page.
    """
    first, last = max(rank - 2, 0), rank
    size = next(size for size in range(3, rank + 4) if first // size == last // size)
    request = replace(build_request(arguments, query, facet_size=1), page=first // size + 1, per_page=size, passages=0)
    page = services().engine().search(request)
    start = (request.page - 1) * size
    before = page.hits[rank - 2 - start] if rank > 1 and rank - 2 - start < len(page.hits) else None
    after = page.hits[rank - start] if rank - start < len(page.hits) else None
    return page, before, after
