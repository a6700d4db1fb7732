"""Arguments of trends in URLs: reading them from a request, writing them into links to searches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from backfile.index.engine import Sort
from backfile.index.periods import Period
from backfile.index.query import And, Node, Not, normalize, parse, relax, to_text
from backfile.index.trend_series import MAX_QUERIES, Measure
from backfile.web.service.arguments import SearchArguments, read_arguments
from backfile.web.service.i18n import gettext, gettext_noop
from backfile.web.service.site_urls import site_path

PERIODS = (
    ("", gettext_noop("automatic")),
    (Period.MONTH, gettext_noop("month")),
    (Period.YEAR, gettext_noop("year")),
    (Period.DECADE, gettext_noop("decade")),
)
MEASURES = (
    (Measure.ARTICLES, gettext_noop("articles")),
    (Measure.SHARE, gettext_noop("share of all articles of the period")),
    (Measure.MATCHES, gettext_noop("matches per million words")),
)
SEARCHED = ("author", "topic", "from", "to")
DATED = parse("date:0001..9999").tree

Kind = TypeVar("Kind", Period, Measure)


class TrendArguments(NamedTuple):
    """Arguments of `/trends`, valid whatever the URL held.

    `search` has the filters and no query. `period` is None if the archive decides. What could not be understood is
    named in `notices`.
    """

    queries: tuple[str, ...] = ()
    search: SearchArguments = SearchArguments()
    period: Period | None = None
    measure: Measure = Measure.ARTICLES
    notices: tuple[str, ...] = ()

    def url(self, path: str = "/trends", **changes: Any) -> str:
        """URL of these trends, or of others with some fields changed; default values are left out."""
        changed = self._replace(**changes)
        pairs = [("q", query) for query in changed.queries]
        pairs += changed.search.pairs()
        if changed.period:
            pairs.append(("by", changed.period.value))
        if changed.measure is not Measure.ARTICLES:
            pairs.append(("measure", changed.measure.value))
        return f"{site_path(path)}?{urlencode(pairs)}" if pairs else site_path(path)

    def search_url(self, query: str, tree: Node) -> str:
        """URL of the search of a query in all periods; one that might be relaxed requires all words."""
        return self._search_for(query, tree).url()

    def undated_url(self, tree: Node) -> str:
        """URL of the search for the articles of a query without a date, which are in no period.

        Empty for a query that would be too long with this condition.
        """
        undated = normalize(And((tree, Not(DATED))))
        text = to_text(undated)
        return self._search_for(text, undated).url() if parse(text).tree == undated else ""

    def point_urls(self, query: str, tree: Node, period: Period) -> Callable[[int], str]:
        """Function from the number of a period to the URL of the search in this period, within the filter's dates."""
        filters = self.search.filters
        url_of = self._search_for(query, tree).with_changes(first="", last="").urls_with("from", "to")

        def url(number: int) -> str:
            first, last = period.span(number)
            begin, end = period.texts(number)
            if filters.first and filters.first > first:
                begin = self.search.first
            if filters.last and filters.last < last:
                end = self.search.last
            return url_of(begin, end)

        return url

    def _search_for(self, query: str, tree: Node) -> SearchArguments:
        return self.search.with_changes(query=query, all_words=relax(tree, ()) is not None)


def read_trend_arguments(values: MultiDict[str, str], *, per_page: int) -> TrendArguments:
    """Reads the arguments of a request; one that cannot be understood becomes a notice, never an error."""
    filters = MultiDict([(name, text) for name, text in values.items(multi=True) if name in SEARCHED])
    search = read_arguments(filters, per_page=per_page)
    notices = list(search.notices)
    typed = dict.fromkeys(" ".join(query.split()) for query in values.getlist("q"))
    queries = tuple(query for query in typed if query)
    if len(queries) > MAX_QUERIES:
        notices.append(
            gettext("Only the first %(most)s of %(all)s searches are compared.", most=MAX_QUERIES, all=len(queries))
        )
    return TrendArguments(
        queries[:MAX_QUERIES],
        search._replace(notices=(), sort=Sort.RELEVANCE),
        _choice(Period, "by", values, notices),
        _choice(Measure, "measure", values, notices) or Measure.ARTICLES,
        tuple(notices),
    )


def _choice(kinds: type[Kind], name: str, values: MultiDict[str, str], notices: list[str]) -> Kind | None:
    typed = values.get(name, "").strip()
    if typed in list(kinds):
        return kinds(typed)
    if typed:
        notices.append(
            gettext(
                "“%(name)s” is one of %(known)s, not “%(typed)s”; it was left out.",
                name=name,
                known=", ".join(kinds),
                typed=typed[:40],
            )
        )
    return None
