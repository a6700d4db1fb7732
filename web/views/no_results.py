"""Alternative searches for a page without results, each with its number of articles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backfile.index.engine import Filters
from backfile.index.query import Node, Not, Or, Phrase, clauses, match_any, normalize, parse, to_text, without_clause
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.i18n import gettext, gettext_noop
from backfile.web.service.search_service import count_articles
from backfile.web.views.hit_views import Link
from backfile.web.views.result_views import Chip, chips

MAX_PARTS = 8


@dataclass(frozen=True, slots=True)
class AlternativeSearches:
    """Searches of one kind; each a link and the number of articles it finds, at least one."""

    heading: str
    links: tuple[tuple[Link, int], ...]


def find_alternatives(arguments: SearchArguments, query: Node) -> tuple[AlternativeSearches, ...]:
    """Runs the query without a filter, without a word, with any word, with each part alone; keeps those with hits."""
    groups = (
        (gettext_noop("Without a filter"), _without_filters(arguments, query)),
        (gettext_noop("With fewer words"), _changed(arguments, _with_fewer(query))),
        (gettext_noop("Most of the words"), _any_but_one(arguments, query)),
        (gettext_noop("Without the quotation marks"), _changed(arguments, _unquoted(query))),
        (gettext_noop("Any of these words"), _changed(arguments, _any(query))),
        (gettext_noop("Each part alone"), _changed(arguments, _alone(query))),
    )
    found = [(heading, tuple(link for link in links if link[1])) for heading, links in groups]
    return tuple(AlternativeSearches(gettext(heading), links) for heading, links in found if links)


def without_filters(arguments: SearchArguments, query: Node) -> tuple[AlternativeSearches, ...]:
    """Searches for all words without one of the filters, or without all."""
    links = tuple(link for link in _without_filters(arguments, query) if link[1])
    return (AlternativeSearches(gettext("All words, without a filter"), links),) if links else ()


def _without_filters(arguments: SearchArguments, query: Node) -> Iterator[tuple[Link, int]]:
    if not arguments.has_filters:
        return
    applied = chips(arguments)
    for chip in applied if len(applied) > 1 else ():
        yield Link(_left_out(chip), chip.url), count_articles(query, chip.without.filters)
    bare = arguments.url(authors=(), topics=(), first="", last="")
    yield (
        Link(gettext("without any filter") if len(applied) > 1 else _left_out(applied[0]), bare),
        count_articles(query),
    )


def _left_out(chip: Chip) -> str:
    return gettext("without “%(filter)s”", filter=chip.text)


def _changed(arguments: SearchArguments, queries: Iterable[Node]) -> Iterator[tuple[Link, int]]:
    filters: Filters = arguments.filters
    for query in queries:
        text = to_text(query)
        yield Link(text, arguments.url(query=text)), count_articles(query, filters)


def _with_fewer(query: Node) -> Iterator[Node]:
    if 2 < len(clauses(query)) <= MAX_PARTS:
        for part in clauses(query):
            yield without_clause(query, part)


def _any_but_one(arguments: SearchArguments, query: Node) -> Iterator[tuple[Link, int]]:
    """OR of all queries with one part left out (any five of six), for four parts or more."""
    several = len(clauses(query))
    if not 4 <= several <= MAX_PARTS:
        return
    most = parse(to_text(normalize(Or(tuple(_with_fewer(query))))))
    if most.refusal is None:
        url = arguments.url(query=to_text(most.tree))
        yield (
            Link(gettext("any %(some)s of the %(all)s words", some=several - 1, all=several), url),
            count_articles(most.tree, arguments.filters),
        )


def _unquoted(query: Node) -> Iterator[Node]:
    if isinstance(query, Phrase):
        yield parse(query.text).tree


def _any(query: Node) -> Iterator[Node]:
    alternatives = match_any(query)
    if alternatives != query:
        yield alternatives


def _alone(query: Node) -> Iterator[Node]:
    if 1 < len(clauses(query)) <= MAX_PARTS:
        yield from (part for part in clauses(query) if not isinstance(part, Not))
