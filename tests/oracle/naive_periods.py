"""Counts by period, by definition: a document, a period and a token at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from backfile.index.engine import Request
from backfile.index.fields import CONTENT_FIELDS, DEFAULT_FIELDS
from backfile.index.periods import PeriodCounts
from backfile.index.query import And, Fuzzy, InField, Node, Or, Phrase, Wildcard, Word, optional_words
from oracle.naive_search import NaiveDocument, NaiveSearcher, Scope, TermNode


def count_periods(request: Request, found: Sequence[NaiveDocument], searcher: NaiveSearcher) -> PeriodCounts | None:
    """Counts of the documents that a request finds."""
    if request.periods is None:
        return None
    articles: Counter[int] = Counter()
    matches: Counter[int] = Counter()
    words: Counter[int] = Counter()
    vague = 0
    bounds = request.periods.bounds(request.filters.first, request.filters.last)
    for document in found:
        date = document.document.metadata.date
        if date is None:
            continue
        numbers = range(request.periods.number(date.first), request.periods.number(date.last) + 1)
        vague += len(numbers) > 1
        for number in set(numbers) & set(bounds):
            articles[number] += 1
            matches[number] += occurrences(request.query, document, searcher) if request.occurrences else 0
            words[number] += sum(document.lengths[field] for field in CONTENT_FIELDS)
    undated = sum(document.document.metadata.date is None for document in found)
    return PeriodCounts(
        request.periods,
        dict(articles),
        undated,
        vague,
        dict(+matches) if request.occurrences else None,
        dict(+words) if request.occurrences else None,
    )


def occurrences(query: Node, document: NaiveDocument, searcher: NaiveSearcher) -> int:
    """Occurrences of the terms of a query's clauses in title, summary and text of a document that it finds."""
    return sum(
        searcher.occurrences(term, document, field)
        for term, scope in _marked_terms(query, document, searcher, DEFAULT_FIELDS)
        for field in scope
        if field in CONTENT_FIELDS
    )


def _marked_terms(
    node: Node, document: NaiveDocument, searcher: NaiveSearcher, scope: Scope
) -> Iterator[tuple[TermNode, Scope]]:
    match node:
        case And():
            optional = optional_words(node, searcher.language_of(document)) if scope[0] in CONTENT_FIELDS else ()
            for child in node.nodes:
                if child not in optional:
                    yield from _marked_terms(child, document, searcher, scope)
        case Or():
            for child in node.nodes:
                if searcher.finds(child, document, scope):
                    yield from _marked_terms(child, document, searcher, scope)
        case InField() if node.field != "lang":
            yield from _marked_terms(node.node, document, searcher, (node.field,))
        case Word() | Phrase() | Wildcard() | Fuzzy():
            yield node, scope
