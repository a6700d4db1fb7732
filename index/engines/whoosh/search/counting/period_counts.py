"""Period counts of a result: its articles, the occurrences of the query's words, and the words of its articles."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backfile.index.engine import Request
from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.facets import PeriodTable
from backfile.index.engines.whoosh.search.query_weight import QueryWeight
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import TermWeight
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.fields import CONTENT_FIELDS
from backfile.index.periods import Period, PeriodCounts
from backfile.index.query import And, Not, Or

_NOTHING: Array = np.empty(0, np.intp)


def count_periods(searcher: Searcher, root: QueryWeight, docs: DocSet, request: Request) -> PeriodCounts:
    """Counts the documents of a result by the periods of a request, which must name them.

    Counts of the whole archive, to which every trend is compared, are kept with the searcher.
    """
    key = (request.periods, request.occurrences)
    if docs is not searcher.all_docs:
        return _count_periods(searcher, root, docs, request)
    if key not in searcher.archive_periods:
        searcher.archive_periods[key] = _count_periods(searcher, root, docs, request)
    return searcher.archive_periods[key]


def _count_periods(searcher: Searcher, root: QueryWeight, docs: DocSet, request: Request) -> PeriodCounts:
    period = request.periods or Period.YEAR
    table = searcher.period_table(period)
    bounds = period.bounds(request.filters.first, request.filters.last)
    articles = table.sums(docs.doc_ids)
    matches = words = None
    if request.occurrences:
        matches = table.by_number(_sum_occurrences(table, root, docs.mask), bounds)
        words = table.by_number(table.sums(docs.doc_ids, searcher.content_lengths.take(docs.doc_ids)), bounds)
    vague = 0 if table.is_vague is None else int(np.count_nonzero(table.is_vague.take(docs.doc_ids)))
    return PeriodCounts(period, table.by_number(articles, bounds), int(articles[0]), vague, matches, words)


def _sum_occurrences(table: PeriodTable, root: QueryWeight, mask: Array) -> Array:
    """Occurrences of the terms of a query at each place of a period table, in the documents of a mask."""
    sums = table.sums(_NOTHING)
    for term, own in _marked_terms(root, mask):
        for field in CONTENT_FIELDS:
            for postings, _ in term.postings.get(field, ()):
                sums += table.sums(*postings.select(own))
    return sums


def _marked_terms(weight: QueryWeight, mask: Array) -> Iterator[tuple[TermWeight, Array]]:
    """Terms of the clauses that match, each with the documents in which it is highlighted.

    Stop words are not highlighted in documents that need not have them.
    """
    if weight.term is not None:
        yield weight.term, mask
    elif isinstance(weight.node, And):
        for index, child in enumerate(weight.children):
            exempt = weight.exempt.get(index, _NOTHING)
            if exempt is not None:
                yield from _marked_terms(child, mask if exempt is _NOTHING else mask & ~exempt)
    elif isinstance(weight.node, Or):
        for child in weight.children:
            yield from _marked_terms(child, mask if child.term else mask & child.mask)
    elif not isinstance(weight.node, Not):
        for child in weight.children:
            yield from _marked_terms(child, mask)
