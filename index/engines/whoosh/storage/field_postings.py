"""Postings of one field in one segment: documents, frequencies and positions of each term."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from backfile.index.engines.whoosh.storage.array_file import Array, ArrayFile
from backfile.index.engines.whoosh.storage.stem_table import StemTable, stem_key
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary
from backfile.index.errors import IndexUnusable

DOC_DTYPE = np.dtype(np.uint16)
FREQ_DTYPE = np.dtype(np.uint8)
POSITION_DTYPE = np.dtype(np.uint16)
_NONE: Array = np.empty(0, np.intp)


class PackedArray:
    """Array of unsigned numbers below 2**32, stored in a narrower type.

    `low` holds the low bits of every number. The high bits are run-length encoded: from index `high_starts[k]` on
    they are `high[k]`; `high_starts[0]` is 0. Frequencies and positions hardly ever have any, so one long article does
    not widen the whole index; those of the ascending doc ids of a term change once in 65,536 documents.
    """

    def __init__(self, low: Array, starts: Array, high: Array) -> None:
        self.low = low
        self._high_starts = starts
        self._high = high

    @classmethod
    def read(cls, file: ArrayFile, name: str) -> PackedArray:
        """Array written by `indexing.inverter.write_packed` under `name`."""
        return cls(file.array(name), file.array(f"{name}.high_starts"), file.array(f"{name}.high"))

    @classmethod
    def empty(cls, dtype: np.dtype[np.unsignedinteger]) -> PackedArray:
        """Array without elements."""
        return cls(np.zeros(0, dtype), np.zeros(1, np.uint32), np.zeros(1, np.uint32))

    def __len__(self) -> int:
        return len(self.low)

    def slice(self, start: int, stop: int) -> Array:
        """Numbers `start` to `stop - 1`: a view in the narrow type if all of them fit, else u32."""
        _, high = self._high_runs(start, stop)
        return self.wide(start, stop) if high.any() else self.low[start:stop]

    def wide(self, start: int, stop: int) -> Array:
        """Numbers `start` to `stop - 1` as a new u32 array."""
        values = self.low[start:stop].astype(np.uint32)
        starts, high = self._high_runs(start, stop)
        if len(high) == 1:
            return values | high[0] if high[0] else values
        bounds = np.empty(len(high) + 1, np.int64)
        bounds[0], bounds[1:-1], bounds[-1] = 0, starts, stop - start
        values |= high.repeat(bounds[1:] - bounds[:-1])
        return values

    def blocks(self, start: int, stop: int) -> Iterator[tuple[int, Array]]:
        """(High bits in place, low bits) of each run of equal high bits in numbers `start` to `stop - 1`."""
        starts, high = self._high_runs(start, stop)
        edges = [start, *(starts + start).tolist(), stop]
        for number, first, last in zip(high.tolist(), edges, edges[1:], strict=False):
            yield number, self.low[first:last]

    def find(self, start: int, stop: int, values: Array) -> tuple[Array, Array]:
        """Intersects values (u32, ascending) with numbers `start` to `stop - 1`, at least one and ascending.

        Returns the indexes of the common ones in `values`, and in the numbers from `start` on.
        """
        starts, high = self._high_runs(start, stop)
        edges = [start, *(starts + start).tolist(), stop]
        firsts = values.searchsorted(high).tolist()
        lasts = values.searchsorted(high + np.uint32(np.iinfo(self.low.dtype).max), side="right").tolist()
        found, where = [_NONE], [_NONE]
        for number, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
            if first < last:
                low = self.low[edges[number] : edges[number + 1]]
                wanted = values[first:last].astype(self.low.dtype)
                place = low.searchsorted(wanted)
                there = np.flatnonzero(low.take(place, mode="clip") == wanted)
                found.append(there + first)
                where.append(place.take(there) + (edges[number] - start))
        return np.concatenate(found), np.concatenate(where)

    def _high_runs(self, start: int, stop: int) -> tuple[Array, Array]:
        """Runs of high bits (u32, shifted into place) in numbers `start` to `stop - 1`, and the starts of all but the
        first, counted from `start`."""
        # Numbers of another type would have numpy widen the whole array first.
        edges = np.array((start + 1, stop), self._high_starts.dtype)
        begun, last = self._high_starts.searchsorted(edges).tolist()
        first, last = begun - 1, max(begun, last)
        high = self._high[first:last].astype(np.uint32) << np.uint32(8 * self.low.itemsize)
        if len(high) == 1:
            return _NONE, high
        return self._high_starts[first + 1 : last].astype(np.int64) - start, high


class PackedSlice:
    """Numbers `start` to `stop - 1` of a packed array, read lazily."""

    def __init__(self, numbers: PackedArray, start: int, stop: int) -> None:
        self._low = numbers.low[start:stop]
        self._high_starts, self._high = numbers._high_runs(start, stop)

    def take(self, indexes: Array) -> Array:
        """Numbers (u16 or u32) at indexes from `start` on; the last number for an index past the end."""
        values = self._low.take(indexes, mode="clip")
        if len(self._high) == 1 and not self._high[0]:
            return values
        return values | self._high.take(self._high_starts.searchsorted(indexes, side="right"))


class FieldPostings:
    """Postings of a field. Doc ids are the segment's, ascending within a term; deleted documents are included.

    A posting is a (term, document) pair. Terms are numbered in the order of `terms`; the postings of term `i` are
    those numbered `starts[i]` to `starts[i + 1] - 1`, so that a range of terms has a range of postings.
    """

    def __init__(self, name: str, file: ArrayFile, stem_files: Mapping[str, ArrayFile]) -> None:
        self.name = name
        self.terms = TermDictionary.read(file, f"{name}.terms")
        self._stem_files = stem_files
        self._tables: dict[str, StemTable] = {}
        if f"{name}.docs" in file:
            self.starts = file.array(f"{name}.starts")
            self._docs = PackedArray.read(file, f"{name}.docs")
            self._freqs = PackedArray.read(file, f"{name}.freqs")
            self.position_starts = file.array(f"{name}.position_starts")
            self._positions = PackedArray.read(file, f"{name}.positions")
        else:
            self.starts = self.position_starts = np.zeros(1, np.uint32)
            self._docs = PackedArray.empty(DOC_DTYPE)
            self._freqs = PackedArray.empty(FREQ_DTYPE)
            self._positions = PackedArray.empty(POSITION_DTYPE)

    def __len__(self) -> int:
        """Number of distinct terms."""
        return len(self.terms)

    def find(self, term: str) -> int:
        """Number of a term, or -1."""
        return self.terms.find(term)

    def prefix(self, prefix: str) -> tuple[int, int]:
        """Range (low, high) of the terms that begin with `prefix`."""
        return self.terms.prefix(prefix)

    def postings(self, term: int) -> tuple[Array, Array]:
        """(Documents u32, ascending; frequencies u8 or u32) of a term."""
        return self.postings_range(term, term + 1)

    def postings_range(self, low: int, high: int) -> tuple[Array, Array]:
        """Postings of the terms `low` to `high - 1`, term after term; `starts[low : high + 1]` splits them."""
        start, stop = self._bounds(low, high)
        return self._docs.wide(start, stop), self._freqs.slice(start, stop)

    def documents(self, low: int, high: int) -> Array:
        """Documents (u32) of the terms `low` to `high - 1`, term after term."""
        return self._docs.wide(*self._bounds(low, high))

    def blocks(self, term: int) -> Iterator[tuple[int, Array, Array]]:
        """The postings of a term as (document, documents from that on (u16, ascending), frequencies in each).

        PackedArray and near each other as they are, so that much can be done with them in the processor's cache.
        """
        begin, end = self._bounds(term, term + 1)
        frequencies = self._freqs.slice(begin, end)
        done = 0
        for base, low in self._docs.blocks(begin, end):
            yield base, low, frequencies[done : done + len(low)]
            done += len(low)

    def among(self, term: int, documents: Array) -> tuple[Array, Array]:
        """Indexes of those of some documents (u32, ascending) that hold a term, and of their postings, from 0."""
        return self._docs.find(*self._bounds(term, term + 1), documents)

    def frequencies(self, low: int, high: int) -> Array:
        """Frequencies (u8 or u32) of the terms `low` to `high - 1`, term after term."""
        return self._freqs.slice(*self._bounds(low, high))

    def positions_of(self, term: int) -> PackedSlice:
        """Positions of a term, read lazily."""
        return PackedSlice(self._positions, int(self.position_starts[term]), int(self.position_starts[term + 1]))

    def positions(self, term: int) -> Array:
        """Positions (u16 or u32) of a term, document after document, as many in each as its frequency."""
        return self.positions_range(term, term + 1)

    def positions_range(self, low: int, high: int) -> Array:
        """Positions of the terms `low` to `high - 1`, term after term."""
        return self._positions.slice(int(self.position_starts[low]), int(self.position_starts[high]))

    def occurrences(self, term: int) -> int:
        """Number of occurrences of a term in the segment."""
        return int(self.position_starts[term + 1]) - int(self.position_starts[term])

    def count(self, low: int, high: int) -> int:
        """Number of postings of the terms `low` to `high - 1`; for one term, its document frequency."""
        start, stop = self._bounds(low, high)
        return stop - start

    def _bounds(self, low: int, high: int) -> tuple[int, int]:
        """Range of the postings of the terms `low` to `high - 1`."""
        start, stop = int(self.starts[low]), int(self.starts[high])
        if not 0 <= start <= stop <= len(self._docs):
            raise IndexUnusable(f"the postings of the field {self.name} have impossible bounds")
        return start, stop

    def stem_siblings(self, term: str, languages: Iterable[str]) -> Array:
        """Numbers (u32, ascending) of the stem siblings of `term` in this field, in any of the languages.

        `term` itself, where the field holds it, is among them. Languages that the index does not know add nothing.
        """
        own = self.find(term)
        found = [np.array([own] if own >= 0 else [], np.uint32)]
        for language in languages:
            table = self._table(language)
            if table is not None:
                found.append(table.members(stem_key(term, language), self.terms))
        return np.unique(np.concatenate(found))

    def _table(self, language: str) -> StemTable | None:
        if language not in self._tables and language in self._stem_files:
            self._tables[language] = StemTable(self._stem_files[language], self.name, language)
        return self._tables.get(language)
