"""From terms to postings: the documents, frequencies and positions of terms over all segments of a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from backfile.index.engines.whoosh.search.positions import TermPositions, union
from backfile.index.engines.whoosh.search.posting_lists import DENSE, DensePostings, PostingList, SparsePostings
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings
from backfile.index.engines.whoosh.storage.segment import Segment

Array = npt.NDArray[Any]

_BYTES_IN_TWO = 257  # so many numbers of a byte add up to one of two bytes
_BLOCK = 1 << 16  # documents that a posting's narrow number can tell from each other
_NONE: Array = np.empty(0, np.intp)
_NO_FREQUENCIES: Array = np.empty(0, np.uint8)

Numbers = Callable[[FieldPostings], Iterable[int]]


class PostingReader:
    """Some terms of one field: for each segment the stretches (low, high) of term numbers that are meant."""

    def __init__(self, searcher: Searcher, field: str, numbers: Numbers) -> None:
        self.field = field
        self._size = searcher.size
        self._parts: list[_TermRange] = []
        for segment in searcher.segments:
            postings = segment.field(field)
            for low, high in _stretches(numbers(postings)):
                self._parts.append(_TermRange(segment, postings, low, high))

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def count(self) -> int:
        """How many postings they have."""
        return sum(map(len, self._parts))

    @property
    def frequencies(self) -> PostingList:
        """How often any of them occurs in each document that holds one: gathered anew each time."""
        return self._table() if self.count * DENSE > self._size else self.run()

    def run(self) -> SparsePostings:
        """The same as a list, however many they are."""
        found = [part.postings_of() for part in self._parts]
        documents = _joined([documents for documents, _ in found], _NONE)
        frequencies = _joined([frequencies for _, frequencies in found], _NO_FREQUENCIES)
        if self._each_once:
            return SparsePostings(documents, frequencies)
        return SparsePostings.summed(documents, frequencies)

    @property
    def _each_once(self) -> bool:
        """Whether no document can have two of them: there is one a segment."""
        return all(part.is_single for part in self._parts) and len(self._parts) == len({p.base for p in self._parts})

    def _table(self) -> DensePostings:
        terms = sum(part.high - part.low for part in self._parts)
        # A byte each holds one term a segment, two the sum of 257 bytes, and four whatever there is.
        dtype = np.uint8 if self._each_once else np.uint16 if terms <= _BYTES_IN_TWO else np.uint32
        if not all(part.has_small_frequencies for part in self._parts):
            dtype = np.uint32
        table = np.zeros(self._size, dtype)
        begun: set[int] = set()
        for part in self._parts:
            part.add_to(table[part.base : part.base + part.segment.size], anew=part.base not in begun)
            begun.add(part.base)
        if dtype != np.uint8:
            table = table.astype(np.min_scalar_type(table.max(initial=0)))
        return DensePostings(table, self.count)

    def documents(self) -> Array:
        """The documents that hold any of them (intp), term after term: those with several are repeated."""
        return _joined([part.count_by_doc() for part in self._parts], _NONE)

    def places(self, chosen: Array) -> Array:
        """Where they stand in the chosen documents (ascending): document << 32 | position, int64.

        Sorted, each place once.
        """
        return union([places for part in self._parts for places in part.places(chosen)])


@dataclass(frozen=True, eq=False)
class _TermRange:
    """The terms numbered `low` to `high - 1` of a field in one segment."""

    segment: Segment
    postings: FieldPostings
    low: int
    high: int

    def __len__(self) -> int:
        return self.postings.count(self.low, self.high)

    @property
    def base(self) -> int:
        return self.segment.base

    @property
    def is_single(self) -> bool:
        return self.high - self.low == 1

    @property
    def has_small_frequencies(self) -> bool:
        """Whether a byte holds any of them."""
        return self.postings.frequencies(self.low, self.high).dtype == np.uint8

    def add_to(self, table: Array, *, anew: bool) -> None:
        """Adds the frequencies to a table of the segment; `anew`: nothing has been added yet."""
        if self.is_single:
            for base, documents, frequencies in self.postings.blocks(self.low):
                block, numbers = table[base : base + _BLOCK], documents.astype(np.intp)
                if anew:
                    block[numbers] = frequencies
                else:
                    np.add.at(block, numbers, frequencies.astype(table.dtype))
        else:
            found, counts = self.postings.postings_range(self.low, self.high)
            np.add.at(table, found.astype(np.intp), counts.astype(table.dtype))

    def postings_of(self) -> tuple[Array, Array]:
        documents, frequencies = self.postings.postings_range(self.low, self.high)
        return self._moved(documents), frequencies

    def count_by_doc(self) -> Array:
        return self._moved(self.postings.documents(self.low, self.high))

    def places(self, chosen: Array) -> Iterator[Array]:
        low, high = chosen.searchsorted((self.base, self.base + self.segment.size))
        if low < high:
            documents = (chosen[low:high] - self.base).astype(np.uint32)
            for number in range(self.low, self.high):
                yield TermPositions(self.segment, self.postings, number).places(documents)

    def _moved(self, documents: Array) -> Array:
        found = documents.astype(np.intp)
        if self.base:
            found += self.base
        return found


def _stretches(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending numbers as (first, last + 1) of the stretches without a gap."""
    if isinstance(numbers, range):  # a prefix may have hundreds of thousands of terms
        return [(numbers.start, numbers.stop)] if numbers else []
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and found[-1][1] == number:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number, number + 1))
    return found


def _joined(parts: Sequence[Array], nothing: Array) -> Array:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else nothing
