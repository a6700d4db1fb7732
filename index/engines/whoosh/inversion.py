"""Turning the words of a batch of documents into postings, by one sort of integers."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from index.analysis import POSITION_GAP, Encoder, token_positions
from index.engines.whoosh.files import Array, ArrayFileWriter, encode
from index.engines.whoosh.postings import NARROW_DOCS, NARROW_FREQS, NARROW_POSITIONS
from index.engines.whoosh.terms import narrowest, write_terms

_CHUNK = 1 << 20  # tokens worked on at a time
_KEY_BITS = 64


class FieldBuffer:
    """The words of one field of a batch, as numbers of an `Encoder`, document after document."""

    def __init__(self) -> None:
        self.ids = array("I")
        self.lengths = array("I")  # positions taken, a document
        self._stacked = array("I")
        self._counts = array("I")  # tokens, a value
        self._firsts = array("I")  # position of the first token, a value
        self._documents = array("I")  # document, a value

    def add(self, encoder: Encoder, values: Iterable[str]) -> None:
        """Takes the values of the field of the next document; between two of them `POSITION_GAP` positions are free."""
        document, length, first = len(self.lengths), 0, 0
        for value in values:
            before = len(self.ids)
            width = encoder.encode(value, self.ids, self._stacked)
            self._counts.append(len(self.ids) - before)
            self._firsts.append(first)
            self._documents.append(document)
            length += width
            first += width + POSITION_GAP
        self.lengths.append(length)

    def highest_position(self) -> int:
        """A bound of the positions in the batch."""
        firsts, counts = (np.frombuffer(part, np.uint32).astype(np.int64) for part in (self._firsts, self._counts))
        return int((firsts + counts).max(initial=0))

    def occurrences(self) -> Iterator[tuple[Array, Array, Array]]:
        """(ids, documents, positions), a stretch of whole values at a time."""
        counts = np.frombuffer(self._counts, np.uint32).astype(np.int64)
        ends = np.cumsum(counts)
        stacked = np.frombuffer(self._stacked, np.uint32)
        ids = np.frombuffer(self.ids, np.uint32)
        firsts, documents = np.frombuffer(self._firsts, np.uint32), np.frombuffer(self._documents, np.uint32)
        value = start = 0
        while start < len(ids):
            last = max(value + 1, int(np.searchsorted(ends, start + _CHUNK, side="right")))
            stop = int(ends[last - 1])
            inside = stacked[np.searchsorted(stacked, start) : np.searchsorted(stacked, stop)] - np.uint32(start)
            taken = slice(value, last)
            positions = token_positions(counts[taken], inside, firsts[taken])
            yield ids[start:stop], np.repeat(documents[taken], counts[taken]), positions
            value, start = last, stop


def write_postings(file: ArrayFileWriter, name: str, buffer: FieldBuffer, terms: Sequence[str]) -> None:
    """Inverts a field and writes its terms, postings and lengths. `terms` are the encoder's."""
    file.add(f"{name}.lengths", np.frombuffer(buffer.lengths, np.uint32))
    ids = np.frombuffer(buffer.ids, np.uint32)
    if not len(ids):
        return
    seen = np.zeros(len(terms), np.bool_)
    seen[ids] = True
    numbers = sorted(np.flatnonzero(seen).tolist(), key=terms.__getitem__)
    rank = np.zeros(len(terms), np.uint32)
    rank[numbers] = np.arange(len(numbers), dtype=np.uint32)
    write_terms(file, f"{name}.terms", (encode(terms[number]) for number in numbers))
    _write_sorted(file, name, len(numbers), _sorted_occurrences(buffer, rank))


def _sorted_occurrences(buffer: FieldBuffer, rank: Array) -> tuple[Array, Array, Array]:
    """Every occurrence as (term, document, position), sorted.

    The three are packed into one 64-bit key, since numpy sorts plain integers (by vector instructions) in less than
    half the time of a stable sort of indices, and nothing needs to be gathered afterwards.
    """
    keys = np.empty(len(buffer.ids), np.uint64)
    documents = max(1, len(buffer.lengths) - 1).bit_length()
    positions = buffer.highest_position().bit_length()
    if int(rank.max()).bit_length() + documents + positions > _KEY_BITS:
        return _sorted_slowly(buffer, rank)
    start = 0
    for ids, document, position in buffer.occurrences():
        part = rank[ids].astype(np.uint64)
        part <<= np.uint64(documents)
        part |= document
        part <<= np.uint64(positions)
        part |= position
        keys[start : start + len(part)] = part
        start += len(part)
    keys.sort()
    position = (keys & np.uint64((1 << positions) - 1)).astype(np.uint32)
    keys >>= np.uint64(positions)
    document = (keys & np.uint64((1 << documents) - 1)).astype(np.uint32)
    keys >>= np.uint64(documents)
    return keys.astype(np.uint32), document, position


def _sorted_slowly(buffer: FieldBuffer, rank: Array) -> tuple[Array, Array, Array]:
    """The same for batches whose numbers do not fit into 64 bits together (a text of many million words)."""
    ids, document, position = (np.concatenate(parts) for parts in zip(*buffer.occurrences(), strict=True))
    term = rank[ids]
    order = np.lexsort((position, document, term))
    return term[order], document[order], position[order]


def _write_sorted(file: ArrayFileWriter, name: str, terms: int, occurrences: tuple[Array, Array, Array]) -> None:
    term, document, position = occurrences
    new = np.ones(len(term), np.bool_)
    np.not_equal(term[1:], term[:-1], out=new[1:])
    new[1:] |= document[1:] != document[:-1]
    first = np.flatnonzero(new)
    starts = np.searchsorted(term[first], np.arange(terms + 1))
    bounds = np.append(first, len(term))
    file.add(f"{name}.starts", narrowest(starts))
    file.add(f"{name}.position_starts", narrowest(bounds[starts]))
    write_narrow(file, f"{name}.docs", NARROW_DOCS, (document[first],))
    write_narrow(file, f"{name}.freqs", NARROW_FREQS, (np.diff(bounds),))
    write_narrow(file, f"{name}.positions", NARROW_POSITIONS, (position,))


def write_narrow(
    file: ArrayFileWriter, name: str, dtype: np.dtype[np.unsignedinteger], chunks: Iterable[Array]
) -> None:
    """Writes unsigned numbers below 2**32, given in parts, as `postings.Narrow` reads them."""
    bits = 8 * dtype.itemsize
    places: list[Array] = [np.zeros(1, np.int64)]
    highs: list[Array] = [np.zeros(1, np.uint32)]

    def low() -> Iterator[Array]:
        count, before = 0, 0
        for chunk in chunks:
            high = chunk.astype(np.uint32, copy=False) >> np.uint32(bits)
            changes = np.flatnonzero(np.diff(high, prepend=np.uint32(before)))
            places.append(changes + count)
            highs.append(high[changes])
            count += len(chunk)
            before = int(high[-1]) if len(high) else before
            yield chunk.astype(dtype)

    file.stream(name, dtype, low())
    # A run of high bits that begins at 0 stands beside the entry for "none so far": the later one counts.
    file.add(f"{name}.places", narrowest(np.concatenate(places).astype(np.uint64)))
    file.add(f"{name}.high", np.concatenate(highs))
