"""Lines of a search for a request: bounds, caches, deadline, notices."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from backfile.index.concordance.concordance import concordance
from backfile.index.concordance.lines import ConcordanceLine
from backfile.index.concordance.lines_request import MOST_ARRANGED, Concordance, LinesRequest
from backfile.index.engine import MAX_DEPTH
from backfile.index.errors import QueryRefused
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.errors import PageNotFound
from backfile.web.service.i18n import gettext, ngettext, translate
from backfile.web.service.lines_view import LinesView
from backfile.web.service.monitoring import observe_search
from backfile.web.service.search_service import build_request, parse_query
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url

SHOWN = MAX_DEPTH  # lines of a list that pages show
DEADLINES = 4  # times that of a search: it is the time within which its hits are marked


@dataclass(frozen=True, slots=True)
class FoundLines:
    """Lines of a page of a search, from the line number `first` on; `notices` are for the reader.

    `is_bounded`: only the first lines of the search are arranged.
    """

    arguments: SearchArguments
    found: Concordance
    first: int
    took_ms: float
    notices: tuple[str, ...]
    is_bounded: bool

    @property
    def pages(self) -> int:
        """Number of pages; while the end of the list is not known, one more than the current one."""
        size, listed = self.arguments.per_page, self.found.listed
        if listed is None:
            return min(self.arguments.page + 1, SHOWN // size)
        return max(-(-min(listed, SHOWN) // size), 1)


def line_url(arguments: SearchArguments, line: ConcordanceLine, place: int | None = None) -> str:
    """URL of the mark of a line in its article, which keeps the search and the number of the line in the list."""
    number = line.mark.number
    pairs = [*arguments.with_changes(rank=place).pairs(), ("match", str(number))]
    return f"{article_url(line.mark.article_id)}?{urlencode(pairs)}#m{number}"


def run_lines(
    arguments: SearchArguments, *, stop: int | None = None, most: int | None = None, deadlines: int = DEADLINES
) -> FoundLines:
    """Lines of a page of a search; all up to `stop` with it. At most `most` lines are arranged (MOST_ARRANGED).

    Raises `PageNotFound` for a page past the end, and the errors of `concordance`.
    """
    began = time.perf_counter()
    most = most or MOST_ARRANGED
    view = arguments.lines or LinesView()
    first = 0 if stop else (arguments.page - 1) * arguments.per_page
    if stop is None and first + arguments.per_page > SHOWN:
        raise QueryRefused(
            gettext("Only the first %(most)s lines of a list can be shown.", most=SHOWN),
            hint=gettext("Narrow the search by another word, an author, a topic or a date."),
        )
    parsed = parse_query(arguments.query)
    search = build_request(arguments.with_changes(per_page=1), parsed.tree)
    deadline = search.deadline * deadlines / DEADLINES
    request = LinesRequest(
        search=replace(search, deadline=deadline),
        arrangement=view.arrangement,
        frequent=view.frequent,
        sample=view.sample,
        seed=view.seed,
        start=first,
        stop=stop or first + arguments.per_page,
        most=most,
        seconds=deadline * DEADLINES,
    )
    found = concordance(services().engine(), request, services().lines)
    took = (time.perf_counter() - began) * 1000
    observe_search(took)
    if not found.lines and first:
        lines = ngettext("%(num)s line", "%(num)s lines", found.listed or 0)
        raise PageNotFound(
            gettext("This list has %(lines)s; there is no page %(page)s.", lines=lines, page=arguments.page)
        )
    notices = (*arguments.notices, *map(translate, parsed.notices), *found.notices, *_bounds(found, view, most))
    return FoundLines(arguments, found, first + 1, took, notices, _is_bounded(found, view, most))


def _is_bounded(found: Concordance, view: LinesView, most: int) -> bool:
    return view.sample is None and not view.arrangement.follows_search and found.lines_read >= most


def _bounds(found: Concordance, view: LinesView, most: int) -> list[str]:
    """Sentences that say what is not in a list, and why."""
    told = []
    if view.sample is not None and found.lines_read:
        told.append(
            gettext(
                "A random sample of %(size)s of %(lines)s lines, seed %(seed)s.",
                size=found.listed or 0,
                lines=found.lines_read,
                seed=str(view.seed),
            )
        )
    elif _is_bounded(found, view, most):
        told.append(
            gettext(
                "Only the first %(lines)s lines are arranged. A sample is drawn from all lines.",
                lines=found.lines_read,
            )
        )
    if found.articles > MAX_DEPTH and found.articles_read <= MAX_DEPTH and (view.sample or found.listed is not None):
        told.append(
            gettext(
                "The lines are those of the first %(read)s of %(all)s articles.",
                read=found.articles_read,
                all=found.articles,
            )
        )
    if found.cut:
        told.append(
            ngettext(
                "%(num)s very long article was searched for lines at its beginning only.",
                "%(num)s very long articles were searched for lines at their beginning only.",
                found.cut,
            )
        )
    return told
