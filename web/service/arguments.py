"""Arguments of a search in URLs: reading them from a request, writing them into links."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote_plus

from werkzeug.datastructures import MultiDict

from backfile.archive.model import PartialDate
from backfile.index.engine import MAX_DEPTH, Filters, Sort
from backfile.web.service import lines_view
from backfile.web.service.i18n import gettext, gettext_noop
from backfile.web.service.lines_view import LINES_PER_PAGE, LinesView, read_lines_view
from backfile.web.service.site_urls import article_url, site_path

PER_PAGE = 10
MAX_PER_PAGE = 100
MAX_VALUES = 100
TOO_MANY = {
    "author": gettext_noop("Only the first %(most)s of %(all)s authors were used."),
    "topic": gettext_noop("Only the first %(most)s of %(all)s topics were used."),
}
# In the order of URLs.
NAMES = (
    "q",
    "author",
    "topic",
    "from",
    "to",
    "words",
    "copies",
    "sort",
    *lines_view.NAMES,
    "page",
    "per_page",
    "place",
)
ALL_WORDS, MOST_WORDS = "all", "most"
COPIES = FOLD_COPIES, SHOW_COPIES = "fold", "show"
ENDS = {"from": gettext_noop("from"), "to": gettext_noop("to")}

_quote = lru_cache(1024)(quote_plus)  # a page repeats the query, the filters and the years in all its links


class HitUrls(Protocol):
    """Function from an article, the rank of its hit and a match number to a URL."""

    def __call__(self, article_id: str, *, rank: int | None = None, match: int | None = None) -> str: ...


class SearchArguments(NamedTuple):
    """Arguments of `/search`, valid whatever the URL held.

    `first` and `last` keep the text of the date fields. Arguments that could not be understood are left out of the
    search and named in `notices`. `usual_per_page` is the setting, which URLs leave out. `rank` (`place` in URLs) is
    the rank of the hit from which an article was opened, from 1. With `all_words` (`words=all`) the search is never
    relaxed. With `show_copies` (`copies=show`) every copy of a story is listed.

    With `lines` (`view=lines`) it is shown as words in context; pages and `rank` then count lines.
    """

    query: str = ""
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    all_words: bool = False
    show_copies: bool = False
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    per_page: int = PER_PAGE
    usual_per_page: int = PER_PAGE
    rank: int | None = None
    lines: LinesView | None = None
    notices: tuple[str, ...] = ()

    @property
    def filters(self) -> Filters:
        """Filters for the engine; a partial date stands for its whole span."""
        return Filters(
            authors=self.authors,
            topics=self.topics,
            first=_day(self.first, lambda known: known.first),
            last=_day(self.last, lambda known: known.last),
        )

    @property
    def has_filters(self) -> bool:
        """Whether any filter is set in addition to the query."""
        return self.filters != Filters()

    def selected(self, facet: str) -> tuple[str, ...]:
        """Values selected in the facet `author` or `topic`."""
        return self.authors if facet == "author" else self.topics

    def with_values(self, facet: str, values: tuple[str, ...]) -> SearchArguments:
        """Replaces the values selected in the facet `author` or `topic`; starts at the first page."""
        return self.with_changes(authors=values) if facet == "author" else self.with_changes(topics=values)

    def as_lines(self, lines: LinesView | None = None) -> SearchArguments:
        """This search as words in context."""
        size = LINES_PER_PAGE
        return self.with_changes(lines=lines or LinesView(), per_page=size, usual_per_page=size)

    def as_articles(self, per_page: int) -> SearchArguments:
        """This search as a list of articles."""
        return self.with_changes(lines=None, per_page=per_page, usual_per_page=per_page)

    def with_changes(self, **changes: Any) -> SearchArguments:
        """Replaces fields; starts at the first page unless `page` is given."""
        return self._replace(**({"page": 1, "rank": None, "notices": ()} | changes))

    def url(self, path: str = "/search", **changes: Any) -> str:
        """URL of this search, or of `with_changes` if there are any; default values are left out."""
        return site_path(self.path(path, **changes))

    def path(self, path: str = "/search", **changes: Any) -> str:
        """Path and query string of `url` below the one that the archive is served under."""
        search = self.with_changes(**changes) if changes else self._replace(rank=None)
        pairs = search.pairs()
        return f"{path}?{_encode(pairs)}" if pairs else path

    def url_with(self, path: str, **values: str) -> str:
        """URL of another page about this search, with further arguments."""
        return f"{site_path(path)}?{_encode([*self._replace(rank=None, page=1).pairs(), *values.items()])}"

    def urls_with(self, *names: str) -> Callable[..., str]:
        """Function from a value for each name to the URL of the first page that has these arguments as well.

        `names` are adjacent in URLs. Everything but the values is encoded once: a page has fifty such links.
        """
        last = NAMES.index(names[-1])
        pairs = self.with_changes().pairs()
        before = "".join([f"{name}={_quote(value)}&" for name, value in pairs if NAMES.index(name) <= last])
        after = "".join([f"&{name}={_quote(value)}" for name, value in pairs if NAMES.index(name) > last])
        path = site_path("/search")
        return lambda *values: f"{path}?{before}{_encode(zip(names, values, strict=True))}{after}"

    def article_url(self, article_id: str, *, rank: int | None = None, match: int | None = None) -> str:
        """URL of an article that keeps the search, the rank of the hit (which implies the page) and a match number."""
        return self.article_urls()(article_id, rank=rank, match=match)

    def article_urls(self) -> HitUrls:
        """Function that does what `article_url` does; the search is encoded once."""
        search = _encode(self._replace(rank=None, page=1).pairs())

        def url(article_id: str, *, rank: int | None = None, match: int | None = None) -> str:
            numbers = [f"{name}={number}" for name, number in (("place", rank), ("match", match)) if number is not None]
            query = "&".join([search, *numbers] if search else numbers)
            return f"{article_url(article_id)}?{query}" if query else article_url(article_id)

        return url

    def page_urls(self) -> Callable[[int], str]:
        """Function from a number to the URL of that page of this search; the search is encoded once."""
        first, url_of = self.url(page=1), self.urls_with("page")
        return lambda number: first if number == 1 else url_of(str(number))

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values as in a URL, in one fixed order."""
        pairs = [("q", self.query)] if self.query else []
        pairs += [("author", author) for author in self.authors]
        pairs += [("topic", topic) for topic in self.topics]
        pairs += [(name, text) for name, text in (("from", self.first), ("to", self.last)) if text]
        if self.all_words:
            pairs.append(("words", ALL_WORDS))
        if self.show_copies:
            pairs.append(("copies", SHOW_COPIES))
        if self.sort is not Sort.RELEVANCE:
            pairs.append(("sort", self.sort.value))
        if self.lines:
            pairs += self.lines.pairs()
        if self.page != 1:
            pairs.append(("page", str(self.page)))
        if self.per_page != self.usual_per_page:
            pairs.append(("per_page", str(self.per_page)))
        if self.rank is not None:
            pairs.append(("place", str(self.rank)))
        return pairs


def _encode(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join([f"{name}={_quote(value)}" for name, value in pairs])


def read_arguments(values: MultiDict[str, str], *, per_page: int = PER_PAGE, as_lines: bool = False) -> SearchArguments:
    """Reads the arguments of a request; an argument that cannot be understood becomes a notice, never an error.

    `as_lines`: those of lines, also without `view=lines`.
    """
    notices: list[str] = []
    single = values.to_dict()  # `MultiDict.get` makes an exception for each missing name
    lines = read_lines_view(single, notices) if as_lines or single.get("view") == lines_view.VIEW else None
    per_page = LINES_PER_PAGE if lines else per_page
    return SearchArguments(
        query=" ".join(single.get("q", "").split()),
        authors=_values(values, "author", notices),
        topics=_values(values, "topic", notices),
        first=_date(single, "from", notices),
        last=_date(single, "to", notices),
        all_words=_choice(single, "words", (MOST_WORDS, ALL_WORDS), notices),
        show_copies=_choice(single, "copies", COPIES, notices),
        sort=_sort(single.get("sort", ""), notices),
        page=_number(single, "page", range(1, MAX_DEPTH + 1), notices) or 1,
        per_page=_number(single, "per_page", range(1, MAX_PER_PAGE + 1), notices) or per_page,
        usual_per_page=per_page,
        rank=_number(single, "place", range(1, MAX_DEPTH + 1), notices),
        lines=lines,
        notices=tuple(notices),
    )


def _values(values: MultiDict[str, str], name: str, notices: list[str]) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(value for value in values.getlist(name) if value.strip()))
    if len(chosen) > MAX_VALUES:
        notices.append(gettext(TOO_MANY[name], most=MAX_VALUES, all=len(chosen)))
    return chosen[:MAX_VALUES]


def _date(values: Mapping[str, str], name: str, notices: list[str]) -> str:
    text = values.get(name, "").strip()
    if not text:
        return ""
    try:
        return PartialDate.parse(text).isoformat()
    except ValueError:
        notices.append(
            gettext(
                "“%(typed)s” is not a date in the form 2019, 2019-03 or 2019-03-14, so “%(name)s” was left out.",
                typed=_short(text),
                name=gettext(ENDS[name]),
            )
        )
        return ""


def _choice(values: Mapping[str, str], name: str, choices: tuple[str, str], notices: list[str]) -> bool:
    """Whether the second of two values is chosen; the first is the usual one."""
    text = values.get(name, "")
    usual, other = choices
    if text not in ("", usual, other):
        notices.append(
            gettext(
                "“%(name)s” is “%(other)s” or “%(usual)s”, not “%(typed)s”; it was left out.",
                name=name,
                other=other,
                usual=usual,
                typed=_short(text),
            ),
        )
    return text == other


def _sort(text: str, notices: list[str]) -> Sort:
    try:
        return Sort(text or Sort.RELEVANCE)
    except ValueError:
        notices.append(
            gettext(
                "Articles can be sorted by %(known)s, not by “%(typed)s”; they are sorted by relevance.",
                known=", ".join(Sort),
                typed=_short(text),
            )
        )
        return Sort.RELEVANCE


def _number(values: Mapping[str, str], name: str, bounds: range, notices: list[str]) -> int | None:
    text = values.get(name, "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 10 and int(text) in bounds:
        return int(text)
    notices.append(
        gettext(
            "“%(name)s” must be a number from %(least)s to %(most)s, not “%(typed)s”; it was left out.",
            name=name,
            least=bounds[0],
            most=bounds[-1],
            typed=_short(text),
        )
    )
    return None


def _day(text: str, end: Callable[[PartialDate], date]) -> date | None:
    return end(PartialDate.parse(text)) if text else None


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
