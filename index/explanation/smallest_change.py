"""Smallest change of a search that admits an article.

Fewest changed conditions first, then fewest articles in all. docs/decisions/why-not.md says which changes there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product

from backfile.index.engine import Document, Filters
from backfile.index.explanation.criteria import (
    NOTHING_ASKED,
    ArticleTests,
    Condition,
    ConditionKind,
    SearchCriteria,
)
from backfile.index.explanation.edits import clause_edits
from backfile.index.fields import facet_key
from backfile.index.query import MatchAll, Notice, parse, to_text

MAX_COUNTED = 24  # changed searches that are counted
MAX_NAMES = 12  # authors or topics of an article by each of which a filter is widened


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """Other criteria in the place of a condition, and the words for it."""

    condition: Condition
    by: SearchCriteria
    text: Notice


@dataclass(frozen=True, slots=True)
class SearchChange:
    """Changed search that finds the article, its changes, and the number of articles that it shows."""

    changes: tuple[ConditionChange, ...]
    search: SearchCriteria
    total: int

    @property
    def query_text(self) -> str:
        """Changed query in the query language."""
        return to_text(self.search.query)


def smallest_changes(search: SearchCriteria, failing: Sequence[Condition], tests: ArticleTests) -> list[SearchChange]:
    """Changes that admit the article of the tests, with as few changed conditions as possible, fewest articles first.

    `failing` are the conditions that it fails. Up to MAX_COUNTED combinations are counted; beyond that those of the
    first changes of each condition. Raises as the tests do.
    """
    choices = [list(_admitting(condition, tests)) for condition in failing]
    candidates: dict[SearchCriteria, tuple[ConditionChange, ...]] = {}
    for changes in islice(product(*choices), 4 * MAX_COUNTED):
        changed, made = _applied(search, changes, tests)
        if changed is not None and (changed not in candidates or len(made) < len(candidates[changed])):
            candidates[changed] = made
    fewest = min(map(len, candidates.values()), default=0)
    smallest = [(changed, made) for changed, made in candidates.items() if len(made) == fewest]
    found = [SearchChange(made, changed, tests.count(changed)) for changed, made in smallest[:MAX_COUNTED]]
    return sorted(found, key=lambda each: each.total)


def _applied(
    search: SearchCriteria, changes: Iterable[ConditionChange], tests: ArticleTests
) -> tuple[SearchCriteria | None, tuple[ConditionChange, ...]]:
    """The search with changes, and all that was changed; None if it is beyond the bounds of a query.

    Without its other words a stop word counts: what the changed search asks for in addition is dropped as well.
    """
    made = list(changes)
    for change in made:
        search = change.condition.replaced(search, change.by)
    while not tests.admits(search.query, search.filters):
        dropped = [_drop(condition) for condition in tests.failing(search)]
        if not dropped:
            return None, ()
        made += dropped
        for change in dropped:
            search = change.condition.replaced(search, change.by)
    beyond = parse(to_text(search.query)).refusal is not None
    return (None, ()) if beyond else (search, tuple(made))


def _admitting(condition: Condition, tests: ArticleTests) -> Iterator[ConditionChange]:
    """Changes of a condition after which the article meets it, each once; the last drops it."""
    for change in _offered(condition, tests):
        if tests.admits(change.by.query, change.by.filters):
            yield change
    yield _drop(condition)


def _offered(condition: Condition, tests: ArticleTests) -> Iterator[ConditionChange]:
    if condition.kind is ConditionKind.CLAUSE:
        node = condition.criteria.query
        for edited in dict.fromkeys(clause_edits(node, tests.article, tests.admits, tests.languages)):
            words = (("new", to_text(edited)), ("old", to_text(node)))
            yield ConditionChange(
                condition, SearchCriteria(edited), Notice("%(new)s instead of %(old)s", "replace", words)
            )
        return
    for filters, text in _wider_filters(condition, tests.article):
        yield ConditionChange(condition, SearchCriteria(MatchAll(), filters), text)


def _wider_filters(condition: Condition, article: Document) -> Iterator[tuple[Filters, Notice]]:
    """Filters that the article passes, widened by no more than one of its names, or by its date."""
    filters, date = condition.criteria.filters, article.metadata.date
    match condition.kind:
        case ConditionKind.AUTHOR:
            for name in _names("author", article.metadata.authors):
                text = Notice("by %(name)s as well", "author", (("name", name),))
                yield replace(filters, authors=(*filters.authors, name)), text
        case ConditionKind.TOPIC:
            for name in _names("topic", article.metadata.topics):
                text = Notice("on %(name)s as well", "topic", (("name", name),))
                yield replace(filters, topics=(*filters.topics, name)), text
        case ConditionKind.DATE if date is not None:
            if filters.first and date.last < filters.first:
                text = Notice("from %(date)s on", "from", (("date", date.isoformat()),))
                yield replace(filters, first=date.first), text
            else:
                text = Notice("up to %(date)s", "to", (("date", date.isoformat()),))
                yield replace(filters, last=date.last), text


def _names(facet: str, names: Sequence[str]) -> list[str]:
    return list({facet_key(facet, name): name for name in names}.values())[:MAX_NAMES]


def _drop(condition: Condition) -> ConditionChange:
    match condition.kind:
        case ConditionKind.AUTHOR:
            text = Notice("without the filter by author", "drop-author")
        case ConditionKind.TOPIC:
            text = Notice("without the filter by topic", "drop-topic")
        case ConditionKind.DATE:
            text = Notice("without the filter by date", "drop-date")
        case _:
            text = Notice("without %(old)s", "drop", (("old", to_text(condition.criteria.query)),))
    return ConditionChange(condition, NOTHING_ASKED, text)
