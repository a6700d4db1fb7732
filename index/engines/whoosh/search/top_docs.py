"""The order of a result list: the first documents by several keys, without sorting the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary

Array = npt.NDArray[Any]

_GROUP = 64
_BEHIND = np.iinfo(np.int64).max


class SortKey(Protocol):
    """One criterion of an order."""

    def keys(self, documents: Array, wanted: int) -> Array:
        """Numbers that order the documents (ascending, global), the smallest first.

        They must be right for the first `wanted` documents; any that come later may have any larger number.
        """


@dataclass(frozen=True)
class ScoreKey:
    """Numbers known for each of some documents: `values[i]` is that of `documents[i]` (ascending)."""

    documents: Array
    values: Array

    def keys(self, documents: Array, wanted: int) -> Array:
        """The numbers themselves."""
        if documents is self.documents:
            return self.values
        found: Array = self.values.take(self.documents.searchsorted(documents))
        return found


@dataclass(frozen=True)
class ColumnKey:
    """A number for every document of the generation."""

    values: Array

    def keys(self, documents: Array, wanted: int) -> Array:
        """The numbers themselves."""
        found: Array = self.values.take(documents)
        return found


@dataclass(frozen=True)
class StringKey:
    """Strings: each segment has its own sorted dictionary, so only the first few of each are compared as strings."""

    segments: Sequence[Segment]
    order: Callable[[Segment], Array]
    names: Callable[[Segment], TermDictionary]

    def keys(self, documents: Array, wanted: int) -> Array:
        """Ranks among the documents that may be among the first `wanted`."""
        parts = [self._first(segment, documents, wanted) for segment in self.segments]
        texts = sorted(set().union(*(names for _, _, names in parts)))
        rank = {text: number for number, text in enumerate(texts)}
        return np.concatenate([np.empty(0, np.int64), *(_ranked(*part, rank) for part in parts)])

    def _first(self, segment: Segment, documents: Array, wanted: int) -> tuple[Array, Array, list[bytes]]:
        """The numbers of the segment's documents, the distinct ones that may be wanted, and their strings."""
        low, high = documents.searchsorted((segment.base, segment.base + segment.size))
        numbers = self.order(segment).take(documents[low:high] - segment.base).astype(np.int64)
        near = numbers
        if len(numbers) > wanted:
            near = numbers[numbers <= smallest(numbers, wanted)]
        distinct = np.unique(near)
        names = self.names(segment)
        return numbers, distinct, [names.bytes_at(number) for number in distinct.tolist()]


def _ranked(numbers: Array, distinct: Array, names: list[bytes], rank: dict[bytes, int]) -> Array:
    ranks = np.array([rank[name] for name in names], np.int64)
    place = distinct.searchsorted(numbers)
    known = place < len(distinct)
    ranked = np.full(len(numbers), _BEHIND)
    ranked[known] = ranks[place[known]]
    return ranked


def smallest(values: Array, count: int) -> Any:
    """The `count`-th smallest of at least as many numbers.

    Of many, the smallest of each of some groups are looked at first: the `count`-th of these is an upper bound.
    """
    columns = len(values) // _GROUP
    if count * 4 < columns:
        groups = values[: columns * _GROUP].reshape(_GROUP, columns).min(axis=0)
        values = values[values <= np.partition(groups, count - 1)[count - 1]]
    return np.partition(values, count - 1)[count - 1]


def first_documents(documents: Array, keys: Sequence[SortKey], wanted: int) -> Array:
    """The first `wanted` of the documents (ascending, global), in order; the last key must leave no ties."""
    certain, open_ = [np.empty(0, np.intp)], documents
    missing = min(wanted, len(documents))
    for key in keys:
        if len(open_) <= missing:
            break
        values = key.keys(open_, missing)
        last = smallest(values, missing)
        near = np.flatnonzero(values <= last)
        is_last = values.take(near) == last
        certain.append(open_.take(near[~is_last]))
        open_ = open_.take(near[is_last])
        missing -= len(certain[-1])
    chosen = np.sort(np.concatenate([*certain, open_[:missing]]))
    return chosen[np.lexsort([key.keys(chosen, len(chosen)) for key in reversed(keys)])]
