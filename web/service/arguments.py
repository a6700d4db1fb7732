"""What a reader asks for, as an address says it; and addresses that say what a reader may ask for next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus

from werkzeug.datastructures import MultiDict

from backfile.archive.model import PartialDate
from backfile.index.engine import MAX_DEPTH, Filters, Sort
from backfile.index.serialising import article_path
from backfile.web.service.i18n import gettext, gettext_noop

PER_PAGE = 10
MAX_PER_PAGE = 100
MAX_VALUES = 100
TOO_MANY = {
    "author": gettext_noop("Only the first %(most)s of %(all)s authors were used."),
    "topic": gettext_noop("Only the first %(most)s of %(all)s topics were used."),
}
ENDS = {"from": gettext_noop("from"), "to": gettext_noop("to")}


@dataclass(frozen=True, slots=True)
class SearchArguments:
    """The arguments of `/search`: always usable, whatever was in the address.

    `first` and `last` keep the text of the date fields; what could not be understood was left out of the search and
    stands in `notices`. `usual_per_page` is the setting, left out of addresses. `place` is the rank of the hit from
    which an article was opened, from 1.
    """

    query: str = ""
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    first: str = ""
    last: str = ""
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    per_page: int = PER_PAGE
    usual_per_page: int = PER_PAGE
    place: int | None = None
    notices: tuple[str, ...] = ()

    @property
    def filters(self) -> Filters:
        """The engine's filters; a partial date stands for its whole span."""
        return Filters(
            authors=self.authors,
            topics=self.topics,
            first=_day(self.first, lambda known: known.first),
            last=_day(self.last, lambda known: known.last),
        )

    @property
    def has_filters(self) -> bool:
        """Whether anything beside the query narrows the search."""
        return self.filters != Filters()

    def with_(self, **changes: Any) -> SearchArguments:
        """The same search with other values in some fields; it starts at its first page unless `page` is given."""
        return replace(self, **({"page": 1, "place": None, "notices": ()} | changes))

    def url(self, path: str = "/search", **changes: Any) -> str:
        """The address of this search, or of the one `with_` the changes.

        Values that are the default are left out, so that one view has one address.
        """
        return _address(path, self._pairs({"page": 1, "place": None} | changes if changes else {"place": None}))

    def article_url(self, article_id: str, *, place: int | None = None, match: int | None = None) -> str:
        """The address of an article that keeps this search, the hit's place in it (which says the page, too) and the
        match to stand at."""
        pairs = replace(self, place=place, page=1).pairs()
        if match is not None:
            pairs.append(("match", str(match)))
        return _address(article_path(article_id), pairs)

    def article_addresses(self) -> Callable[[str, int | None], str]:
        """As `article_url` by id and place, for all the hits of a page: what they share is made once."""
        shared = _address("", replace(self, place=None, page=1).pairs())
        joined = f"{shared}&place=" if shared else "?place="

        def locate(article_id: str, place: int | None) -> str:
            return article_path(article_id) + (shared if place is None else f"{joined}{place}")

        return locate

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values as they stand in an address, in one fixed order."""
        return self._pairs({})

    def _pairs(self, changes: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Those of this search with other values in some fields: thirty times a page, so without making it first."""

        def get(name: str) -> Any:
            return changes[name] if name in changes else getattr(self, name)

        pairs = [("q", query)] if (query := get("query")) else []
        pairs += [("author", author) for author in get("authors")]
        pairs += [("topic", topic) for topic in get("topics")]
        pairs += [(name, text) for name, field in (("from", "first"), ("to", "last")) if (text := get(field))]
        if (sort := get("sort")) is not Sort.RELEVANCE:
            pairs.append(("sort", sort.value))
        if (page := get("page")) != 1:
            pairs.append(("page", str(page)))
        if (per_page := get("per_page")) != self.usual_per_page:
            pairs.append(("per_page", str(per_page)))
        if (place := get("place")) is not None:
            pairs.append(("place", str(place)))
        return pairs


def _address(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    query = "&".join([f"{name}={quoted(value)}" for name, value in pairs])
    return f"{path}?{query}" if query else path


@lru_cache(maxsize=4096)
def quoted(value: str) -> str:
    """As `quote_plus`, whose work is half of that for a page: the same few values stand in a hundred addresses."""
    return quote_plus(value)


def read_arguments(values: MultiDict[str, str], *, per_page: int = PER_PAGE) -> SearchArguments:
    """Reads the arguments of a request; what is not understood becomes a notice, never an error.

    NUL, which no text of an archive holds, is taken out, so that it can stand for "any value" elsewhere.
    """
    notices: list[str] = []
    values = MultiDict((name, value.replace("\0", "")) for name, value in values.items(multi=True))
    return SearchArguments(
        query=" ".join(values.get("q", "").split()),
        authors=_several(values, "author", notices),
        topics=_several(values, "topic", notices),
        first=_date(values, "from", notices),
        last=_date(values, "to", notices),
        sort=_sort(values.get("sort", ""), notices),
        page=_number(values, "page", range(1, MAX_DEPTH + 1), notices) or 1,
        per_page=_number(values, "per_page", range(1, MAX_PER_PAGE + 1), notices) or per_page,
        usual_per_page=per_page,
        place=_number(values, "place", range(1, MAX_DEPTH + 1), notices),
        notices=tuple(notices),
    )


def _several(values: MultiDict[str, str], name: str, notices: list[str]) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(value for value in values.getlist(name) if value.strip()))
    if len(chosen) > MAX_VALUES:
        notices.append(gettext(TOO_MANY[name], most=MAX_VALUES, all=len(chosen)))
    return chosen[:MAX_VALUES]


def _date(values: MultiDict[str, str], name: str, notices: list[str]) -> str:
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


def _number(values: MultiDict[str, str], name: str, bounds: range, notices: list[str]) -> int | None:
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
