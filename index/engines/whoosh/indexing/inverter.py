"""Inverter: the tokens of a batch of documents → postings, by one sort of integers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backfile.index.analysis.term_ids import Encoder, token_positions
from backfile.index.analysis.tokenizer import POSITION_GAP
from backfile.index.engines.whoosh.storage.array_file import Array, ArrayFileWriter, encode
from backfile.index.engines.whoosh.storage.field_postings import DOC_DTYPE, FREQ_DTYPE, POSITION_DTYPE
from backfile.index.engines.whoosh.storage.term_dictionary import narrowest, write_terms

_CHUNK = 1 << 20  # tokens inverted at a time
_PART = 1 << 18  # characters of text encoded at a time
_KEY_BITS = 64


@dataclass(frozen=True)
class FieldTokens:
    """The tokens of one field of a batch: the values of document after document, as an `Encoder` gives them."""

    ids: Array
    stacked: Array
    counts: Array  # tokens, a value
    firsts: Array  # position of the first token, a value: between two of a document `POSITION_GAP` are free
    documents: Array  # document, a value
    lengths: Array  # number of positions of each document (u32)

    def highest_position(self) -> int:
        """Upper bound of the positions in the batch."""
        return int((self.firsts + self.counts).max(initial=0))

    def token_arrays(self) -> Iterator[tuple[Array, Array, Array]]:
        """(Term ids, documents, positions), in parts of whole values."""
        ends = np.cumsum(self.counts)
        value = start = 0
        while start < len(self.ids):
            last = max(value + 1, int(np.searchsorted(ends, start + _CHUNK, side="right")))
            stop = int(ends[last - 1])
            inside = self.stacked[np.searchsorted(self.stacked, start) : np.searchsorted(self.stacked, stop)] - start
            values, counts = slice(value, last), self.counts[value:last]
            positions = token_positions(counts, inside, self.firsts[values])
            yield self.ids[start:stop], np.repeat(self.documents[values], counts), positions
            value, start = last, stop


def encode_field(encoder: Encoder, rows: Sequence[Sequence[str]]) -> FieldTokens:
    """Tokens of the values of each document in one field."""
    texts = [text for values in rows for text in values]
    parts = [encoder.encode(piece) for piece in _parts(texts)] or [encoder.encode(())]
    starts = np.cumsum([0, *(len(part.ids) for part in parts)])
    widths = np.concatenate([part.widths for part in parts])
    documents = np.repeat(np.arange(len(rows)), np.fromiter(map(len, rows), np.int64, len(rows)))
    begins = np.cumsum(widths + POSITION_GAP) - (widths + POSITION_GAP)
    return FieldTokens(
        ids=np.concatenate([part.ids for part in parts]),
        stacked=np.concatenate([part.stacked + start for part, start in zip(parts, starts[:-1], strict=True)]),
        counts=np.concatenate([part.counts for part in parts]),
        firsts=begins - begins[np.searchsorted(documents, documents)],
        documents=documents.astype(np.uint32),
        lengths=np.bincount(documents, widths, len(rows)).astype(np.uint32),
    )


def _parts(texts: Iterable[str]) -> Iterator[list[str]]:
    """Texts in their order, about `_PART` characters at a time, which fit the processor's cache."""
    piece: list[str] = []
    size = 0
    for text in texts:
        piece.append(text)
        size += len(text)
        if size >= _PART:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def write_postings(file: ArrayFileWriter, name: str, found: FieldTokens, terms: Sequence[str]) -> None:
    """Inverts a field and writes its terms, postings and lengths. `terms` are the encoder's."""
    file.add(f"{name}.lengths", found.lengths)
    if not len(found.ids):
        return
    seen = np.zeros(len(terms), np.bool_)
    seen[found.ids] = True
    numbers = sorted(np.flatnonzero(seen).tolist(), key=terms.__getitem__)
    rank = np.zeros(len(terms), np.uint32)
    rank[numbers] = np.arange(len(numbers), dtype=np.uint32)
    write_terms(file, f"{name}.terms", (encode(terms[number]) for number in numbers))
    _write_sorted(file, name, len(numbers), _sorted_tokens(found, rank))


def _sorted_tokens(found: FieldTokens, rank: Array) -> tuple[Array, Array, Array]:
    """All tokens as arrays (term, document, position), sorted.

    The three are packed into one 64-bit key, since numpy sorts plain integers (by vector instructions) in less than
    half the time of a stable sort of indices, and nothing needs to be gathered afterwards.
    """
    keys = np.empty(len(found.ids), np.uint64)
    documents = max(1, len(found.lengths) - 1).bit_length()
    positions = found.highest_position().bit_length()
    if int(rank.max()).bit_length() + documents + positions > _KEY_BITS:
        return _sorted_wide(found, rank)
    start = 0
    for ids, document, position in found.token_arrays():
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


def _sorted_wide(found: FieldTokens, rank: Array) -> tuple[Array, Array, Array]:
    """Sorts batches whose numbers do not fit into 64 bits together (a text of many million words)."""
    ids, document, position = (np.concatenate(parts) for parts in zip(*found.token_arrays(), strict=True))
    term = rank[ids]
    order = np.lexsort((position, document, term))
    return term[order], document[order], position[order]


def _write_sorted(file: ArrayFileWriter, name: str, terms: int, tokens: tuple[Array, Array, Array]) -> None:
    term, document, position = tokens
    new = np.ones(len(term), np.bool_)
    np.not_equal(term[1:], term[:-1], out=new[1:])
    new[1:] |= document[1:] != document[:-1]
    first = np.flatnonzero(new)
    starts = np.searchsorted(term[first], np.arange(terms + 1))
    bounds = np.append(first, len(term))
    file.add(f"{name}.starts", narrowest(starts))
    file.add(f"{name}.position_starts", narrowest(bounds[starts]))
    write_packed(file, f"{name}.docs", DOC_DTYPE, (document[first],))
    write_packed(file, f"{name}.freqs", FREQ_DTYPE, (np.diff(bounds),))
    write_packed(file, f"{name}.positions", POSITION_DTYPE, (position,))


def write_packed(
    file: ArrayFileWriter, name: str, dtype: np.dtype[np.unsignedinteger], chunks: Iterable[Array]
) -> None:
    """Writes unsigned numbers below 2**32, given in parts, as a `PackedArray`."""
    bits = 8 * dtype.itemsize
    starts: list[Array] = [np.zeros(1, np.int64)]
    highs: list[Array] = [np.zeros(1, np.uint32)]

    def low() -> Iterator[Array]:
        count, before = 0, 0
        for chunk in chunks:
            high = chunk.astype(np.uint32, copy=False) >> np.uint32(bits)
            changes = np.flatnonzero(np.diff(high, prepend=np.uint32(before)))
            starts.append(changes + count)
            highs.append(high[changes])
            count += len(chunk)
            before = int(high[-1]) if len(high) else before
            yield chunk.astype(dtype)

    file.stream(name, dtype, low())
    # A first number with high bits repeats the start 0 of the initial entry: the later one counts.
    file.add(f"{name}.high_starts", narrowest(np.concatenate(starts).astype(np.uint64)))
    file.add(f"{name}.high", np.concatenate(highs))
