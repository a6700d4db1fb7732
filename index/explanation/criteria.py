"""Conditions of a search, and tests of one article against them by the engine's own matching."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from backfile.index.deadline import Deadline
from backfile.index.engine import Document, Engine, Filters, Hit, Request, Sort
from backfile.index.query import And, MatchAll, Node, clauses, language_of, normalize, optional_words

NO_FILTERS = Filters()


@dataclass(frozen=True, slots=True)
class SearchCriteria:
    """Query in normal form and filters of a search; `relax` as in `Request`."""

    query: Node
    filters: Filters = NO_FILTERS
    relax: bool = True


class ConditionKind(StrEnum):
    """Kinds of conditions: a clause of the query, and the filters."""

    CLAUSE = "clause"
    AUTHOR = "author"
    TOPIC = "topic"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the things that every hit of a search must meet; `criteria` is the search for it alone."""

    kind: ConditionKind
    criteria: SearchCriteria

    def replaced(self, search: SearchCriteria, by: SearchCriteria) -> SearchCriteria:
        """Search with other criteria in the place of this condition."""
        if self.kind is ConditionKind.CLAUSE:
            own = self.criteria.query
            query = normalize(And(tuple(by.query if each == own else each for each in clauses(search.query))))
            return replace(search, query=query)
        filters = search.filters
        match self.kind:
            case ConditionKind.AUTHOR:
                filters = replace(filters, authors=by.filters.authors)
            case ConditionKind.TOPIC:
                filters = replace(filters, topics=by.filters.topics)
            case ConditionKind.DATE:
                filters = replace(filters, first=by.filters.first, last=by.filters.last)
        return replace(search, filters=filters)


NOTHING_ASKED = SearchCriteria(MatchAll())
"""Criteria that every article meets; in the place of a condition they drop it."""


def conditions(search: SearchCriteria) -> Iterator[Condition]:
    """Yields the conditions of a search: the clauses of the query in their order, then the filters."""
    for clause in clauses(search.query):
        yield Condition(ConditionKind.CLAUSE, SearchCriteria(clause))
    filters = search.filters
    if filters.authors:
        yield Condition(ConditionKind.AUTHOR, SearchCriteria(MatchAll(), Filters(authors=filters.authors)))
    if filters.topics:
        yield Condition(ConditionKind.TOPIC, SearchCriteria(MatchAll(), Filters(topics=filters.topics)))
    if filters.first or filters.last:
        dates = Filters(first=filters.first, last=filters.last)
        yield Condition(ConditionKind.DATE, SearchCriteria(MatchAll(), dates))


@dataclass
class ArticleTests:
    """Tests of an article of the index: each is a search among this article alone.

    All of them together have `seconds`; methods raise `DeadlineExceeded` after that, and the errors of `search`.
    """

    engine: Engine
    article: Document
    languages: tuple[str, ...]
    seconds: float
    _started: float = field(default_factory=time.perf_counter)
    _admitted: dict[SearchCriteria, bool] = field(default_factory=dict)

    def time_left(self) -> float:
        """Seconds that are left; raises `DeadlineExceeded` once there are none."""
        return Deadline(self._started, self.seconds).left()

    def admits(self, query: Node, filters: Filters = NO_FILTERS) -> bool:
        """Whether a search finds the article."""
        asked = SearchCriteria(query, filters)
        if asked not in self._admitted:
            only = replace(filters, ids=(self.article.id,))
            # The page after the only hit: nothing is highlighted.
            request = Request(query, only, Sort.NEWEST, 2, 1, 0, facets=(), deadline=self.time_left())
            self._admitted[asked] = self.engine.search(request).total == 1
        return self._admitted[asked]

    def count(self, search: SearchCriteria) -> int:
        """Number of articles that a search shows, one that is relaxed included."""
        return self.engine.search(
            Request(
                search.query,
                search.filters,
                Sort.NEWEST,
                per_page=1,
                passages=0,
                facets=(),
                deadline=self.time_left(),
                relax=search.relax,
            )
        ).total

    def matches(self, query: Node) -> tuple[str, ...]:
        """Words and values of the article that a query matches, at most a few of each field, each once."""
        only = Filters(ids=(self.article.id,))
        request = Request(query, only, Sort.NEWEST, 1, 1, 1, facets=(), deadline=self.time_left())
        hits: tuple[Hit, ...] = self.engine.search(request).hits
        found = (word for hit in hits for match in hit.field_matches for word, _ in match.words)
        return tuple(dict.fromkeys(found))

    def optional(self, node: Node) -> frozenset[Node]:
        """Words of a conjunction that the article need not have: stop words of its language; none for other nodes."""
        if not isinstance(node, And):
            return frozenset()
        return optional_words(node, language_of(self.article.metadata.language, self.languages))

    def fails(self, condition: Condition, search: SearchCriteria) -> bool:
        """Whether the article fails a condition of a search."""
        asked = condition.criteria
        optional = self.optional(search.query) if condition.kind is ConditionKind.CLAUSE else ()
        return asked.query not in optional and not self.admits(asked.query, asked.filters)

    def failing(self, search: SearchCriteria) -> list[Condition]:
        """Conditions of a search that the article fails, in their order."""
        return [each for each in conditions(search) if self.fails(each, search)]
