"""Sorted dictionaries of strings, searched by bisection in the mapped file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from backfile.index.engines.whoosh.storage.array_file import Array, ArrayFile, ArrayFileWriter, decode, encode

_END = b"\n"


class TermDictionary:
    """Distinct strings in the order of their code points, numbered from 0.

    `data` holds them as UTF-8, each followed by a newline; `offsets` (length + 1) holds their starts. Strings may
    contain newlines. (With the newline a range is read by one decode and one split, and a regular expression can run
    over `data`.)
    """

    def __init__(self, data: memoryview, offsets: Array) -> None:
        self.data = data
        self.offsets = offsets

    @classmethod
    def of(cls, terms: Sequence[str]) -> TermDictionary:
        """Dictionary in memory of sorted, distinct terms."""
        data, offsets = pack(encode(term) for term in terms)
        return cls(memoryview(data), offsets)

    @classmethod
    def read(cls, file: ArrayFile, name: str) -> TermDictionary:
        """Dictionary that `write_terms` wrote under that name; an empty one when there is none."""
        if name not in file:
            return cls(memoryview(b""), np.zeros(1, np.uint32))
        return cls(file.data(name), file.array(f"{name}.offsets"))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> str:
        return decode(self.bytes_at(number))

    def bytes_at(self, number: int) -> bytes:
        """Term of that number as UTF-8. Raises `IndexError` past the end."""
        return bytes(self.data[int(self.offsets[number]) : int(self.offsets[number + 1]) - 1])

    def lower_bound(self, term: bytes) -> int:
        """Number of terms that sort before `term`."""
        offsets, data = self._searchable, self.data
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if bytes(data[offsets[middle] : offsets[middle + 1] - 1]) < term:
                low = middle + 1
            else:
                high = middle
        return low

    @cached_property
    def _searchable(self) -> memoryview:
        # A memoryview gives Python integers at a third of the price of numpy's scalars.
        return self.offsets.data

    def find(self, term: str) -> int:
        """Number of a term, or -1."""
        return self.find_bytes(encode(term))

    def find_bytes(self, term: bytes) -> int:
        """Number of a term given as UTF-8, or -1."""
        number = self.lower_bound(term)
        return number if number < len(self) and self.bytes_at(number) == term else -1

    def prefix(self, prefix: str) -> tuple[int, int]:
        """Range (low, high) of the terms that begin with `prefix`."""
        first = encode(prefix)
        # 0xff occurs in no UTF-8 sequence, so this sorts after everything that begins with the prefix.
        return self.lower_bound(first), self.lower_bound(first + b"\xff")

    def texts(self, low: int = 0, high: int | None = None) -> list[str]:
        """Terms `low` to `high - 1` (None: to the end), read at about 30 ns a term."""
        high = len(self) if high is None else high
        if low >= high:
            return []
        terms = self.lines(low, high).split("\n")
        if len(terms) != high - low:  # some term holds a newline
            terms = [self[number] for number in range(low, high)]
        return terms

    def lines(self, low: int, high: int) -> str:
        """Terms `low` to `high - 1` (at least one), joined by newlines."""
        return decode(self.data[int(self.offsets[low]) : int(self.offsets[high]) - 1])

    def all_bytes(self) -> list[bytes]:
        """Every term as UTF-8, in order."""
        terms = bytes(self.data[: max(0, len(self.data) - 1)]).split(_END) if len(self) else []
        if len(terms) != len(self):
            terms = [self.bytes_at(number) for number in range(len(self))]
        return terms


def pack(terms: Iterable[bytes]) -> tuple[bytes, Array]:
    """Byte strings in any order → (data, offsets) of a `TermDictionary`."""
    ordered = list(terms)
    data = _END.join(ordered) + _END if ordered else b""
    offsets = np.zeros(len(ordered) + 1, np.uint64)
    np.cumsum(np.fromiter(map(len, ordered), np.uint64, len(ordered)) + np.uint64(1), out=offsets[1:])
    return data, narrowest(offsets)


def narrowest(values: Array) -> Array:
    """Ascending unsigned numbers as u32 if they fit, else u64."""
    return values.astype(np.uint32) if not len(values) or int(values[-1]) < 1 << 32 else values.astype(np.uint64)


def sizes_between(starts: Array) -> Array:
    """Starts and the end → sizes (i64)."""
    wide = starts.astype(np.int64)
    return wide[1:] - wide[:-1]


def write_terms(file: ArrayFileWriter, name: str, terms: Iterable[bytes]) -> None:
    """Writes sorted, distinct byte strings as a dictionary."""
    data, offsets = pack(terms)
    file.add(name, np.frombuffer(data, np.uint8))
    file.add(f"{name}.offsets", offsets)
