"""Top documents by several sort keys, selected without sorting the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backfile.index.engine import Sort
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary

_GROUP = 64
_LAST = np.iinfo(np.int64).max


SortKey = Callable[[Array, int], Array]
"""Criterion of a sort order: sort values of ascending doc ids, smallest first.

They are exact for the first `wanted` documents, the second argument; later ones may have any larger value.
"""


def column_key(column: Array) -> SortKey:
    """Sort key by a column over all documents of the searcher."""
    return lambda doc_ids, wanted: column.take(doc_ids)


def known_key(known_ids: Array, values: Array) -> SortKey:
    """Sort key by values known for some documents: `values[i]` is that of `known_ids[i]` (ascending)."""
    return lambda ids, wanted: values if ids is known_ids else values.take(known_ids.searchsorted(ids))


def string_key(
    segments: Sequence[Segment],
    read_ordinals: Callable[[Segment], Array],
    dictionary: Callable[[Segment], TermDictionary],
) -> SortKey:
    """Sort key by strings, of which each segment has a sorted dictionary.

    Within a segment ordinals are compared. Only the strings that can be among the first are compared across segments.
    """

    def read_segment(segment: Segment, doc_ids: Array, wanted: int) -> tuple[Array, Array, list[bytes]]:
        """Ordinals of the segment's documents, the distinct ones that can be among the first, and their strings."""
        low, high = doc_ids.searchsorted((segment.base, segment.base + segment.size))
        ordinals = read_ordinals(segment).take(doc_ids[low:high] - segment.base).astype(np.int64)
        first = ordinals
        if len(ordinals) > wanted:
            first = ordinals[ordinals <= smallest(ordinals, wanted)]
        distinct = np.unique(first)
        return ordinals, distinct, [dictionary(segment).bytes_at(ordinal) for ordinal in distinct.tolist()]

    def values(doc_ids: Array, wanted: int) -> Array:
        parts = [read_segment(segment, doc_ids, wanted) for segment in segments]
        strings = sorted(set().union(*(strings for _, _, strings in parts)))
        rank = {string: number for number, string in enumerate(strings)}
        return np.concatenate([np.empty(0, np.int64), *(_rank(*part, rank) for part in parts)])

    return values


def _rank(ordinals: Array, distinct: Array, strings: list[bytes], rank: dict[bytes, int]) -> Array:
    ranks = np.array([*(rank[string] for string in strings), _LAST], np.int64)
    return ranks.take(distinct.searchsorted(ordinals))


def smallest(values: Array, count: int) -> Any:
    """Returns the `count`-th smallest of at least as many values.

    A long array is cut into groups: the `count`-th smallest of their minima is an upper bound that leaves few values.
    """
    columns = len(values) // _GROUP
    if count * 4 < columns:
        minima = values[: columns * _GROUP].reshape(_GROUP, columns).min(axis=0)
        values = values[values <= np.partition(minima, count - 1)[count - 1]]
    return np.partition(values, count - 1)[count - 1]


def select_top(doc_ids: Array, keys: Sequence[SortKey], wanted: int) -> Array:
    """First `wanted` of ascending doc ids, in order of the keys; the last key must leave no ties.

    Each key is computed only for the documents that tie with the last one by the keys before it.
    """
    certain, tied = [np.empty(0, np.intp)], doc_ids
    missing = min(wanted, len(doc_ids))
    for key in keys:
        if len(tied) <= missing:
            break
        values = key(tied, missing)
        last = smallest(values, missing)
        first = np.flatnonzero(values <= last)
        is_last = values.take(first) == last
        certain.append(tied.take(first[~is_last]))
        tied = tied.take(first[is_last])
        missing -= len(certain[-1])
    chosen = np.sort(np.concatenate([*certain, tied[:missing]]))
    return chosen[np.lexsort([key(chosen, len(chosen)) for key in reversed(keys)])]


def top_by_field(searcher: Searcher, doc_ids: Array, order: Sort, wanted: int) -> Array:
    """First `wanted` of ascending doc ids by date or title, in order."""
    newest, by_id = _tie_breakers(searcher)
    match order:
        case Sort.OLDEST:
            undated = np.int32(np.iinfo(np.int32).max)
            oldest = column_key(np.where(searcher.first_days == 0, undated, searcher.first_days))
            return select_top(doc_ids, [oldest, by_id], wanted)
        case Sort.TITLE:
            title = string_key(searcher.segments, lambda segment: segment.title_order, lambda segment: segment.titles)
            return select_top(doc_ids, [title, newest, by_id], wanted)
    return select_top(doc_ids, [newest, by_id], wanted)


def top_by_score(searcher: Searcher, doc_ids: Array, scores: Array, wanted: int) -> list[tuple[int, float]]:
    """Best `wanted` of ascending doc ids, in order, with their scores. Overwrites `scores`."""
    score = known_key(doc_ids, np.negative(scores, out=scores))
    chosen = select_top(doc_ids, [score, *_tie_breakers(searcher)], wanted)
    return list(zip(chosen.tolist(), (0.0 - score(chosen, len(chosen))).tolist(), strict=True))


def _tie_breakers(searcher: Searcher) -> tuple[SortKey, SortKey]:
    """Keys by date, newest first, and by id."""
    by_id = string_key(searcher.segments, lambda segment: segment.id_order, lambda segment: segment.ids)
    return column_key(searcher.newest_first), by_id
