"""How many articles have a word: exact counts over title, summary and text, batch for few words at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from backfile.index.engines.whoosh.search.searcher import Array, Searcher
from backfile.index.engines.whoosh.search.term_weight import read_term
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings
from backfile.index.fields import DEFAULT_FIELDS


def article_count(searcher: Searcher, term: str) -> int:
    """The number of live documents that have the term, as it is, in one of the default fields."""
    fields = [found for field in DEFAULT_FIELDS if (found := read_term(searcher, field, term))]
    if not fields:
        return 0
    if len(fields) == 1 and searcher.live is None:
        return fields[0].count
    layers: list[Array] = []
    for documents in sorted((found.documents() for found in fields), key=len, reverse=True):
        rest = documents
        for known in layers:
            rest = rest[known.take(known.searchsorted(rest), mode="clip") != rest] if len(known) else rest
        layers.append(rest)
    if searcher.live is None:
        return sum(map(len, layers))
    return sum(int(np.count_nonzero(searcher.live.take(layer))) for layer in layers)


def most_frequent(searcher: Searcher, prefix: str, limit: int) -> list[str]:
    """The words that begin with `prefix` by the number of articles that have them, largest first, then in order."""
    taken = 4 * limit + 16
    while True:
        bounds, unseen = _bounds(searcher, prefix, taken)
        best = _best(searcher, bounds, limit)
        if unseen == 0 or (len(best) == limit and best[-1][0] > unseen):
            return [term for _, term in best]
        taken *= 8


def _bounds(searcher: Searcher, prefix: str, taken: int) -> tuple[dict[str, int], int]:
    """Words with the most articles they may have, and the most that any other word may have.

    Each segment's field gives its `taken` most frequent words; a word may be in several, each time with articles of
    its own.
    """
    bounds: dict[str, int] = {}
    unseen = 0
    for postings in _fields(searcher):
        low, high = postings.prefix(prefix)
        counts = np.diff(postings.starts[low : high + 1].astype(np.int64))
        numbers = np.arange(high - low)
        if len(counts) > taken:
            numbers = np.argpartition(counts, len(counts) - taken)[len(counts) - taken :]
            unseen += int(counts[numbers].min())
        for number in numbers.tolist():
            term = postings.terms[low + number]
            bounds[term] = bounds.get(term, 0) + int(counts[number])
    return bounds, unseen


def _fields(searcher: Searcher) -> Iterator[FieldPostings]:
    return (segment.field(field) for segment in searcher.segments for field in DEFAULT_FIELDS)


def _best(searcher: Searcher, bounds: dict[str, int], limit: int) -> list[tuple[int, str]]:
    """The first `limit` of the words as (number of articles, word); counts no word that cannot be among them."""
    best: list[tuple[int, str]] = []
    for term in sorted(bounds, key=lambda term: (-bounds[term], term)):
        if len(best) == limit and bounds[term] < best[-1][0]:
            break
        count = article_count(searcher, term)
        if count:
            best = sorted([*best, (count, term)], key=lambda found: (-found[0], found[1]))[:limit]
    return best


def counted(searcher: Searcher, terms: Iterable[str]) -> list[tuple[str, int]]:
    """The words that articles have, each with their number."""
    return [(term, count) for term in terms if (count := article_count(searcher, term))]
