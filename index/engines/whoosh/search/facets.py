"""Counting facet values over hits: one `bincount` a slot, exact, whatever the number of values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from backfile.index.engine import Facet, FacetValue
from backfile.index.engines.whoosh.search.doc_set import DocSet, ranges
from backfile.index.engines.whoosh.storage.segment import FacetColumn

Array = npt.NDArray[Any]


class ValueDictionary(Protocol):
    """Distinct strings in the order of their code points."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> str: ...

    def find(self, term: str) -> int:
        """The number of a value, or -1."""


@dataclass(frozen=True)
class FacetTable:
    """The values of a facet laid out for counting.

    `slots[k]` holds for every document the number of its value k, or `len(values)` where it has no such (int32[size]).
    ValueDictionary beyond the slots, which few documents have, are pairs of `extra_documents` (ascending) and
    `extra_ordinals`.
    """

    values: ValueDictionary
    slots: list[Array]
    extra_documents: Array
    extra_ordinals: Array
    live: DocSet

    def counts(self, selection: DocSet) -> Array:
        """How many of the documents have each value (int64[len(values)])."""
        if selection is self.live:
            return self.totals
        if len(selection) * 2 > selection.size:  # it is cheaper to count those that were not selected
            return self._sums - self._count(selection.others)
        return self._count(selection)

    @cached_property
    def totals(self) -> Array:
        """The counts over all live documents."""
        return self._count(self.live)

    @cached_property
    def _sums(self) -> Array:
        """The counts over all documents, deleted ones included."""
        return self._count(DocSet.of(np.ones(len(self.slots[0]), np.bool_)))

    def _count(self, selection: DocSet) -> Array:
        beyond = len(self.values)
        counts = np.zeros(beyond + 1, np.int64)
        for slot in self.slots:
            counts += np.bincount(slot.take(selection.documents), minlength=beyond + 1)
        if len(self.extra_documents):
            counts += np.bincount(self.extra_ordinals.take(self._extras(selection)), minlength=beyond + 1)
        return counts[:beyond]

    def _extras(self, selection: DocSet) -> Array:
        """Which of the extra pairs belong to the documents."""
        if len(selection) * 16 < len(self.extra_documents):
            low = self.extra_documents.searchsorted(selection.documents)
            high = self.extra_documents.searchsorted(selection.documents, side="right")
            return ranges(low, high - low)
        return np.flatnonzero(selection.mask.take(self.extra_documents))

    def mask(self, chosen: Sequence[str]) -> Array:
        """True for the documents that have at least one of the chosen values (bool[size])."""
        wanted = np.zeros(len(self.values) + 1, np.bool_)
        for value in chosen:
            number = self.values.find(value)
            if number >= 0:
                wanted[number] = True
        found = wanted.take(self.slots[0])
        for slot in self.slots[1:]:
            found |= wanted.take(slot)
        found[self.extra_documents[np.flatnonzero(wanted.take(self.extra_ordinals))]] = True
        return found

    def largest(self, name: str, counts: Array, size: int | None) -> Facet:
        """The facet with its `size` largest values; values of one count are in their own order."""
        present = int(np.count_nonzero(counts))
        kept = present if size is None else min(size, present)
        keys = counts * len(counts) - np.arange(len(counts))
        if kept < len(keys):
            best = np.argpartition(keys, len(keys) - kept)[len(keys) - kept :] if kept else keys[:0]
        else:
            best = np.arange(len(keys))
        best = best[np.argsort(-keys[best])]
        values = (FacetValue(self.values[int(n)], int(counts[n])) for n in best.tolist())
        return Facet(name, tuple(values), present)

    def latest(self, name: str, counts: Array, size: int | None) -> Facet:
        """The facet with its last values in descending order: years, latest first."""
        present = np.flatnonzero(counts != 0)[::-1]
        values = (FacetValue(self.values[int(n)], int(counts[n])) for n in present[:size].tolist())
        return Facet(name, tuple(values), len(present))


class _List(list[str]):
    """ValueDictionary held in memory: those of several segments, merged, or years."""

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {value: number for number, value in enumerate(self)}

    def find(self, term: str) -> int:
        return self._numbers.get(term, -1)


def facet_table(columns: Sequence[FacetColumn], live: DocSet) -> FacetTable:
    """The table of a facet over the segments whose columns these are; `live` are the live documents."""
    values, ordinals = _merged(columns)
    lengths = np.concatenate([np.empty(0, np.intp), *(np.diff(column.starts) for column in columns)]).astype(np.intp)
    return _table(values, ordinals, lengths, live)


def _merged(columns: Sequence[FacetColumn]) -> tuple[ValueDictionary, Array]:
    if len(columns) == 1:
        return columns[0].values, columns[0].ordinals.astype(np.int32)
    lists = [column.values.texts() for column in columns]
    values = _List(sorted(set().union(*lists)))
    parts = [np.empty(0, np.int32)]
    for texts, column in zip(lists, columns, strict=True):
        numbers = np.fromiter(map(values.find, texts), np.int32, len(texts))
        parts.append(numbers.take(column.ordinals))
    return values, np.concatenate(parts)


def _table(values: ValueDictionary, ordinals: Array, lengths: Array, live: DocSet) -> FacetTable:
    starts = lengths.cumsum() - lengths
    slots: list[Array] = []
    while True:
        having = np.flatnonzero(lengths > len(slots))
        if slots and len(having) * 4 < len(lengths):
            break
        if slots and not len(having):
            break
        slot = np.full(len(lengths), len(values), np.int32)
        slot[having] = ordinals.take(starts.take(having) + len(slots))
        slots.append(slot)
    depth = len(slots)
    extra = ranges(starts.take(having) + depth, lengths.take(having) - depth)
    return FacetTable(values, slots, having.repeat(lengths.take(having) - depth), ordinals.take(extra), live)


def year_table(years: Array, live: DocSet) -> FacetTable:
    """The table of the facet of years, given every document's year (0: none)."""
    dated = years[years != 0]
    first, last = (int(dated.min()), int(dated.max())) if len(dated) else (1, 0)
    values = _List(map(str, range(first, last + 1)))
    slot = np.where(years != 0, years.astype(np.int32) - first, len(values)).astype(np.int32)
    nothing = np.empty(0, np.intp)
    return FacetTable(values, [slot], nothing, nothing, live)
