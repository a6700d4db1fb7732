"""Term positions: reading them, intersecting them by distance, and packed positions.

A packed position is document << 32 | position in one int64, so that "three positions further on in the same document"
is an addition, and documents and positions are sorted and compared together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from backfile.index.engines.whoosh.search.doc_set import BISECTION_RATIO, expand_ranges, intersect
from backfile.index.engines.whoosh.search.posting_lists import SparsePostings, group_starts
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings, PackedSlice
from backfile.index.engines.whoosh.storage.segment import Segment

POSITION_BITS = 32
_NO_POSITIONS: Array = np.empty(0, np.int64)
_CHUNK = 16_384  # positions compared at a time: the temporary arrays stay in the processor's cache


class TermPositions:
    """Postings with positions of one term in one segment. Doc ids are the segment's own (u32)."""

    def __init__(self, segment: Segment, postings: FieldPostings, ordinal: int) -> None:
        self._segment = segment
        self._postings = postings
        self._ordinal = ordinal

    def __len__(self) -> int:
        """Number of documents with the term."""
        return self._postings.count(self._ordinal, self._ordinal + 1)

    @cached_property
    def doc_ids(self) -> Array:
        """Documents with the term, ascending."""
        return self._postings.documents(self._ordinal, self._ordinal + 1)

    @cached_property
    def _frequencies(self) -> Array:
        return self._postings.frequencies(self._ordinal, self._ordinal + 1)

    @cached_property
    def _positions(self) -> PackedSlice:
        return self._postings.positions_of(self._ordinal)

    def intersect(self, doc_ids: Array) -> tuple[Array, Array]:
        """Intersects with ascending doc ids: indexes into `doc_ids`, and numbers of the term's postings."""
        if len(doc_ids) * BISECTION_RATIO < len(self):
            return self._postings.among(self._ordinal, doc_ids)
        return intersect(doc_ids, self.doc_ids, self._segment.size)

    def candidates(self, postings: Array | None = None) -> CandidatePositions:
        """Every position of the term in the documents of some postings (ascending numbers; None: all)."""
        if postings is None:
            postings = np.arange(len(self))
        starts, counts = self._ranges(postings)
        positions = self._positions.take(expand_ranges(starts, counts))
        owners = np.arange(len(postings)).repeat(counts)
        return CandidatePositions(self.doc_ids.take(postings), owners, positions.astype(np.int32))

    def _ranges(self, postings: Array) -> tuple[Array, Array]:
        """Start of each posting's positions among the term's, and their number (intp)."""
        counts = self._frequencies.take(postings).astype(np.intp)
        if not len(postings):
            return counts, counts
        if len(postings) * BISECTION_RATIO > len(self):
            return self._frequencies.cumsum(dtype=np.intp).take(postings) - counts, counts
        # Few postings: sums of the frequencies from each to the next, in place of a running sum over all.
        between = np.add.reduceat(self._frequencies, postings, dtype=np.uint32)
        before = self._frequencies[: postings[0]].sum(dtype=np.intp)
        return before + between.cumsum(dtype=np.intp) - between, counts

    def read(self, doc_ids: Array) -> Array:
        """Packed positions of the term in ascending doc ids, sorted."""
        own, postings = self.intersect(doc_ids)
        if not len(own):
            return _NO_POSITIONS
        starts, counts = self._ranges(postings)
        packed = self._pack(doc_ids.take(own)).repeat(counts)
        packed += self._positions.take(expand_ranges(starts, counts))
        return packed

    def pack(self, candidates: CandidatePositions) -> Array:
        """Packs positions in this segment, sorted."""
        packed = self._pack(candidates.doc_ids).take(candidates.owners)
        packed += candidates.positions
        return packed

    def _pack(self, doc_ids: Array) -> Array:
        packed = doc_ids.astype(np.int64)
        packed += self._segment.base
        packed <<= POSITION_BITS
        return packed

    def test_distance(self, candidates: CandidatePositions, postings: Array, least: int, most: int) -> Array:
        """Indexes of the candidates with a position of this term `least` to `most` further on (< 0: before).

        All documents of the candidates have the term: `postings` are the numbers of its postings there. The positions
        of this term are bisected in place, not gathered.
        """
        starts, counts = self._ranges(postings)
        found = [np.empty(0, np.intp)]
        for begin in range(0, len(candidates), _CHUNK):
            owners = candidates.owners[begin : begin + _CHUNK]
            limits = candidates.positions[begin : begin + _CHUNK] + most
            last = self._last_up_to(limits, starts.take(owners), counts.take(owners))
            found.append(np.flatnonzero((last >= limits - (most - least)) & (last <= limits)) + begin)
        return np.concatenate(found)

    def _last_up_to(self, limits: Array, starts: Array, counts: Array) -> Array:
        """Last position up to each limit, or the first position if all are above.

        Each limit has its own range of ascending positions: `counts` of them (at least one) from `starts` on. All
        ranges are bisected at once.
        """
        places, ends = starts, starts + counts
        step = 1 << (int(counts.max()) - 1).bit_length() >> 1
        while step:
            further = places + step
            is_ahead = self._positions.take(further) <= limits
            is_ahead &= further < ends
            places = places + step * is_ahead
            step >>= 1
        return self._positions.take(places)


class CandidatePositions:
    """Positions of a phrase's first term that may begin a match, in documents of one segment.

    `doc_ids` (u32) ascend. Each position (`positions`, i32) has an owner: the index of its document in `doc_ids`.
    """

    def __init__(self, doc_ids: Array, owners: Array, positions: Array) -> None:
        self.doc_ids = doc_ids
        self.owners = owners
        self.positions = positions

    def __len__(self) -> int:
        return len(self.owners)

    def take(self, kept: Array) -> CandidatePositions:
        """Keeps the candidates with the given indexes (ascending), and the documents that own one of them."""
        if len(kept) == len(self):
            return self
        owners = self.owners.take(kept)
        starts = group_starts(owners)
        doc_ids = self.doc_ids.take(owners.take(starts))
        renumbered = np.arange(len(doc_ids)).repeat(np.diff(starts, append=len(owners)))
        return CandidatePositions(doc_ids, renumbered, self.positions.take(kept))

    def take_docs(self, kept: Array) -> CandidatePositions:
        """Keeps the candidates in the documents with the given indexes (ascending)."""
        if len(kept) == len(self.doc_ids):
            return self
        is_kept = np.zeros(len(self.doc_ids), np.bool_)
        is_kept[kept] = True
        return self.take(np.flatnonzero(is_kept.take(self.owners)))


def count_by_doc(packed: Array) -> SparsePostings:
    """Documents of sorted packed positions, each with the number of its positions."""
    doc_ids = packed >> POSITION_BITS
    starts = group_starts(doc_ids)
    return SparsePostings(doc_ids.take(starts), np.diff(starts, append=len(doc_ids)))


def merge_sorted(parts: Sequence[Array]) -> Array:
    """Union of sorted lists of packed positions or doc ids: sorted, distinct."""
    if len(parts) == 1:
        return parts[0]
    merged = np.concatenate([_NO_POSITIONS, *parts])
    merged.sort(kind="stable")  # a merge sort, which makes use of the sorted parts
    return drop_duplicates(merged)


def drop_duplicates(values: Array) -> Array:
    """Distinct values of a sorted list."""
    starts = group_starts(values)
    return values if len(starts) == len(values) else values.take(starts)


def has_within(packed: Array, others: Array, least: int, most: int) -> Array:
    """Tests whether a position has one of `others` (sorted) `least` to `most` further on (bool[len(packed)])."""
    if not len(others):
        return np.zeros(len(packed), np.bool_)
    next_other = others.searchsorted(packed + least)
    distance = others.take(next_other, mode="clip") - packed
    found: Array = (distance >= least) & (distance <= most)
    return found
