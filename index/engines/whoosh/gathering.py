"""From terms to postings: the documents, frequencies and positions of terms over all segments of a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from index.engines.whoosh.faceting import ranges
from index.engines.whoosh.postings import FieldPostings
from index.engines.whoosh.segments import Segment
from index.engines.whoosh.selection import SPARSE, Selection
from index.engines.whoosh.view import View

Array = npt.NDArray[Any]

POSITION_BITS = 32
_NONE: Array = np.empty(0, np.intp)


class Run:
    """Documents (global numbers, intp) with a frequency each; `ascending` when each document occurs once, in order."""

    def __init__(self, documents: Array, frequencies: Array, *, ascending: bool) -> None:
        self.documents = documents
        self.frequencies = frequencies
        self.ascending = ascending

    def __len__(self) -> int:
        return len(self.documents)

    def add_to(self, sums: Array, documents: Array, size: int, weight: float) -> None:
        """Adds weight · frequency to `sums` (float64), which is aligned with `documents` (ascending)."""
        if self.documents is documents:
            sums += self.frequencies if weight == 1.0 else self.frequencies * weight
        elif self.ascending and len(documents) * SPARSE < len(self):
            place = self.documents.searchsorted(documents)
            there = np.flatnonzero(self.documents.take(place, mode="clip") == documents)
            sums[there] += weight * self.frequencies.take(place.take(there))
        elif len(self) * SPARSE < len(documents):
            place = documents.searchsorted(self.documents)
            there = np.flatnonzero(documents.take(place, mode="clip") == self.documents)
            np.add.at(sums, place.take(there), weight * self.frequencies.take(there))
        else:
            sums += self._table(size).take(documents) * weight

    def add_normed_to(self, total: Array, norms: Array, weight: float) -> None:
        """Adds weight · norm · frequency to `total` (float64); it and `norms` have an element for each document."""
        amounts = norms.take(self.documents)
        amounts *= self.frequencies
        if weight != 1.0:
            amounts *= weight
        if self.ascending:
            total[self.documents] += amounts
        else:
            total += np.bincount(self.documents, amounts, len(total))

    def _table(self, size: int) -> Array:
        if not self.ascending:
            return np.bincount(self.documents, self.frequencies, size)
        table = np.zeros(size, self.frequencies.dtype)
        table[self.documents] = self.frequencies
        return table


Numbers = Callable[[FieldPostings], Iterable[int]]


class Terms:
    """Some terms of one field: for each segment the stretches (low, high) of term numbers that are meant."""

    def __init__(self, view: View, field: str, numbers: Numbers) -> None:
        self.field = field
        self._parts: list[tuple[Segment, FieldPostings, int, int]] = []
        for segment in view.segments:
            postings = segment.field(field)
            for low, high in _stretches(numbers(postings)):
                self._parts.append((segment, postings, low, high))

    @classmethod
    def stretch(cls, view: View, field: str, bounds: Callable[[FieldPostings], tuple[int, int]]) -> Terms:
        """The terms numbered `low` to `high - 1`, as `bounds` says for each segment's field."""
        made = cls(view, field, lambda postings: ())
        for segment in view.segments:
            postings = segment.field(field)
            low, high = bounds(postings)
            if low < high:
                made._parts.append((segment, postings, low, high))
        return made

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def count(self) -> int:
        """How many postings they have."""
        return sum(int(postings.starts[high]) - int(postings.starts[low]) for _, postings, low, high in self._parts)

    @cached_property
    def run(self) -> Run:
        """Their postings."""
        documents, frequencies = [], []
        for segment, postings, low, high in self._parts:
            found, counts = postings.postings_range(low, high)
            documents.append(found.astype(np.intp))
            if segment.base:
                documents[-1] += segment.base
            frequencies.append(counts)
        single = [high - low for _, _, low, high in self._parts] == [1] * len({id(part[0]) for part in self._parts})
        if len(documents) == 1:
            return Run(documents[0], frequencies[0], ascending=single)
        return Run(_joined(documents), _joined(frequencies), ascending=single)

    def places(self, chosen: Selection | None) -> Array:
        """Where they stand in the chosen documents (None: in all): document << 32 | position, int64.

        Sorted if it is one term.
        """
        found = [_places(part, chosen) for part in self._placed]
        return found[0] if len(found) == 1 else _joined(found)

    @cached_property
    def _placed(self) -> list[_Placed]:
        """The stretches with their positions; documents and frequencies are slices of those of `run`."""
        placed, begin = [], 0
        for _, postings, low, high in self._parts:
            end = begin + int(postings.starts[high]) - int(postings.starts[low])
            frequencies = self.run.frequencies[begin:end]
            ends = frequencies.cumsum(dtype=np.intp)
            positions = postings.positions_range(low, high)
            placed.append(_Placed(self.run.documents[begin:end], frequencies, ends, positions, high - low == 1))
            begin = end
        return placed


@dataclass(frozen=True, eq=False)
class _Placed:
    """Postings with the positions of each, which end at `ends`."""

    documents: Array
    frequencies: Array
    ends: Array
    positions: Array
    ascending: bool


def _stretches(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending numbers as (first, last + 1) of the stretches without a gap."""
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number, number + 1))
    return found


def _joined(parts: Sequence[Array]) -> Array:
    return np.concatenate(parts) if parts else _NONE


def _places(part: _Placed, chosen: Selection | None) -> Array:
    documents, frequencies, positions = part.documents, part.frequencies, part.positions
    if chosen is not None:
        kept = chosen.indexes(documents, ascending=part.ascending)
        if len(kept) < len(documents):
            frequencies = frequencies.take(kept)
            positions = positions.take(ranges(part.ends.take(kept) - frequencies, frequencies))
            documents = documents.take(kept)
    placed = np.repeat(documents << POSITION_BITS, frequencies)
    placed += positions
    return placed
