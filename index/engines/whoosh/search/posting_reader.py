"""Posting reader: documents, frequencies and positions of terms of one field over all segments of a searcher."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backfile.index.analysis.wildcards import literal_prefix, matching_lines
from backfile.index.engines.whoosh.search.positions import POSITION_BITS, TermPositions, drop_duplicates, merge_sorted
from backfile.index.engines.whoosh.search.posting_lists import (
    DENSE_RATIO,
    DensePostings,
    PostingList,
    SparsePostings,
    choose_layout,
)
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.fields import DEFAULT_FIELDS

_UINT16_TERMS = 257  # that many frequencies of one byte add up to two bytes at most
_BLOCK = 1 << 16  # documents addressed by the narrow doc ids of one block
_BULK_TERMS = 16  # terms of a range from which on their positions are read together
_NO_DOC_IDS: Array = np.empty(0, np.intp)
_NO_FREQUENCIES: Array = np.empty(0, np.uint8)


FindTerms = Callable[[FieldPostings], Iterable[int]]
"""Finds terms in the field of a segment: their ordinals, ascending."""


@dataclass(frozen=True, eq=False)
class PostingReader:
    """Reads the postings of some terms of one field as if they were one term (Lucene's `MultiTerms`)."""

    size: int
    ranges: Sequence[_TermRange]

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def count_postings(self) -> int:
        """Number of postings at most: of a single term, its document frequency with deleted documents."""
        return sum(map(len, self.ranges))

    def terms(self, most: int) -> Iterator[str]:
        """The first `most` terms of each segment that it reads."""
        for part in self.ranges:
            yield from part.postings.terms.texts(part.low, min(part.high, part.low + most))

    def read(self) -> PostingList:
        """Posting list with the summed frequencies of the terms, in the layout that suits its length."""
        if any(part.kept is not None for part in self.ranges):
            return choose_layout(self.read_sparse(), self.size)
        return self._read_dense() if self.count_postings() * DENSE_RATIO > self.size else self.read_sparse()

    def read_sparse(self) -> SparsePostings:
        """Posting list in the sparse layout, whatever its length."""
        parts = [part.read() for part in self.ranges]
        doc_ids = _concatenate([doc_ids for doc_ids, _ in parts], _NO_DOC_IDS)
        frequencies = _concatenate([frequencies for _, frequencies in parts], _NO_FREQUENCIES)
        build = SparsePostings if self._has_one_term() else SparsePostings.summed
        return build(doc_ids, frequencies)

    def _has_one_term(self) -> bool:
        """True if no segment has two of the terms, so that no document occurs twice."""
        bases = {part.segment.base for part in self.ranges}
        return len(bases) == len(self.ranges) and all(part.is_single for part in self.ranges)

    def _read_dense(self) -> DensePostings:
        terms = sum(part.high - part.low for part in self.ranges)
        # One byte holds a term's frequency, two bytes the sum of 257 of them, four bytes any sum.
        dtype = np.uint8 if self._has_one_term() else np.uint16 if terms <= _UINT16_TERMS else np.uint32
        if not all(part.fits_one_byte() for part in self.ranges):
            dtype = np.uint32
        column = np.zeros(self.size, dtype)
        written: set[int] = set()
        for part in self.ranges:
            base = part.segment.base
            part.add_to(column[base : base + part.segment.size], is_first=base not in written)
            written.add(base)
        if dtype != np.uint8:
            column = column.astype(np.min_scalar_type(column.max(initial=0)))
        return DensePostings(column, self.count_postings())

    def read_doc_ids(self) -> Array:
        """Documents (intp), term after term: a document with several of the terms is repeated."""
        return _concatenate([part.read_doc_ids() for part in self.ranges], _NO_DOC_IDS)

    def read_positions(self, doc_ids: Array) -> Array:
        """Packed positions (see `positions`) of any of the terms in ascending `doc_ids`: sorted, distinct."""
        return merge_sorted([found for part in self.ranges for found in part.read_positions(doc_ids)])


@dataclass(frozen=True, eq=False)
class _TermRange:
    """Terms with the ordinals `low` to `high - 1` of a field in one segment.

    `kept` (bool[size of the searcher]): documents in which the terms count; None: all.
    """

    segment: Segment
    postings: FieldPostings
    low: int
    high: int
    kept: Array | None = None

    def __len__(self) -> int:
        return self.postings.count(self.low, self.high)

    @property
    def is_single(self) -> bool:
        return self.high - self.low == 1

    def fits_one_byte(self) -> bool:
        """True if every frequency fits one byte."""
        return self.postings.frequencies(self.low, self.high).dtype == np.uint8

    def add_to(self, column: Array, *, is_first: bool) -> None:
        """Adds the frequencies to the segment's part of a column; `is_first`: the part is still all 0."""
        if not self.is_single:
            doc_ids, frequencies = self.postings.postings_range(self.low, self.high)
            np.add.at(column, doc_ids.astype(np.intp), frequencies.astype(column.dtype))
            return
        for base, narrow_ids, frequencies in self.postings.blocks(self.low):
            block, doc_ids = column[base : base + _BLOCK], narrow_ids.astype(np.intp)
            if is_first:
                block[doc_ids] = frequencies
            else:
                np.add.at(block, doc_ids, frequencies.astype(column.dtype))

    def read(self) -> tuple[Array, Array]:
        narrow_ids, frequencies = self.postings.postings_range(self.low, self.high)
        doc_ids = self._to_global(narrow_ids)
        if self.kept is None:
            return doc_ids, frequencies
        found = np.flatnonzero(self.kept.take(doc_ids))
        return doc_ids.take(found), frequencies.take(found)

    def read_doc_ids(self) -> Array:
        doc_ids = self._to_global(self.postings.documents(self.low, self.high))
        return doc_ids if self.kept is None else doc_ids[self.kept.take(doc_ids)]

    def read_positions(self, doc_ids: Array) -> Iterator[Array]:
        """Packed positions of each term in the segment's share of ascending global doc ids."""
        base = self.segment.base
        if self.kept is not None:
            doc_ids = doc_ids[self.kept.take(doc_ids)]
        low, high = doc_ids.searchsorted((base, base + self.segment.size))
        if low < high and self.high - self.low > _BULK_TERMS:
            yield self._read_all_positions(doc_ids[low:high])
        elif low < high:
            own = (doc_ids[low:high] - base).astype(np.uint32)
            for ordinal in range(self.low, self.high):
                yield TermPositions(self.segment, self.postings, ordinal).read(own)

    def _read_all_positions(self, doc_ids: Array) -> Array:
        """Packed positions of all terms together, filtered by documents: for many terms cheaper than one by one."""
        found, frequencies = self.read()
        counts = frequencies.astype(np.intp)
        packed = (found.astype(np.int64) << POSITION_BITS).repeat(counts)
        packed += self.postings.positions_range(self.low, self.high)
        packed = packed[np.isin(found, doc_ids).repeat(counts)]
        packed.sort()
        return drop_duplicates(packed)

    def _to_global(self, doc_ids: Array) -> Array:
        found = doc_ids.astype(np.intp)
        if self.segment.base:
            found += self.segment.base
        return found


def _consecutive(ordinals: Iterable[int]) -> list[tuple[int, int]]:
    """Ranges (first, last + 1) without gaps of ascending ordinals."""
    if isinstance(ordinals, range):  # a prefix may have hundreds of thousands of terms
        return [(ordinals.start, ordinals.stop)] if ordinals else []
    ranges: list[tuple[int, int]] = []
    for ordinal in ordinals:
        if ranges and ranges[-1][1] == ordinal:
            ranges[-1] = (ranges[-1][0], ordinal + 1)
        else:
            ranges.append((ordinal, ordinal + 1))
    return ranges


def _concatenate(parts: Sequence[Array], nothing: Array) -> Array:
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else nothing


def create_reader(searcher: Searcher, field: str, find_terms: FindTerms, kept: Array | None = None) -> PostingReader:
    """Finds terms in every segment and creates a reader of their postings, in the documents `kept` (None: all)."""
    ranges = [
        _TermRange(segment, postings, low, high, kept)
        for segment in searcher.segments
        for postings in (segment.field(field),)
        for low, high in _consecutive(find_terms(postings))
    ]
    return PostingReader(searcher.size, ranges)


def term_reader(searcher: Searcher, field: str, term: str) -> PostingReader:
    """Creates a reader of a single term, without its stem siblings."""

    def find(postings: FieldPostings) -> Iterable[int]:
        ordinal = searcher.term_ordinal(postings, term)
        return (ordinal,) if ordinal >= 0 else ()

    return create_reader(searcher, field, find)


def wildcard_reader(searcher: Searcher, field: str, text: str) -> PostingReader:
    """Reader of the terms that match a wildcard pattern: those with its literal prefix, filtered by a regex."""
    prefix = literal_prefix(text)
    if text.endswith("*") and not set(text[:-1]) & {"*", "?"}:
        return create_reader(searcher, field, lambda postings: range(*postings.prefix(prefix)))

    def find(postings: FieldPostings) -> Iterable[int]:
        low, high = postings.prefix(prefix)
        return [low + line for line in matching_lines(text, postings.terms.lines(low, high))] if low < high else ()

    return create_reader(searcher, field, find)


def document_frequency(searcher: Searcher, term: str, fields: Sequence[str] = DEFAULT_FIELDS) -> int:
    """Number of live documents with the term, without its stem siblings, in one of some fields."""
    readers = [reader for field in fields if (reader := term_reader(searcher, field, term))]
    if len(readers) == 1 and searcher.live_docs is None:
        return readers[0].count_postings()
    mask = np.zeros(searcher.size, np.bool_)
    for reader in readers:
        mask[reader.read_doc_ids()] = True
    return int(np.count_nonzero(mask if searcher.live_docs is None else mask & searcher.live_docs))
