"""Where terms stand: *places*, document << 32 | position in one int64, and the positions of one term in one segment.

A place is one number, so that "three positions further on in the same document" is an addition and documents and
positions are sorted and compared together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from backfile.index.engines.whoosh.search.doc_set import SPARSE, intersect, ranges
from backfile.index.engines.whoosh.search.posting_lists import SparsePostings, firsts
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings, PackedSlice
from backfile.index.engines.whoosh.storage.segment import Segment

Array = npt.NDArray[Any]

POSITION_BITS = 32
_NO_PLACES: Array = np.empty(0, np.int64)
_AT_ONCE = 16_384  # occurrences looked at together: what is made of them stays in the processor's cache


class TermPositions:
    """The postings of one term in one segment, with positions. Documents are numbered as the segment does (u32)."""

    def __init__(self, segment: Segment, postings: FieldPostings, term: int) -> None:
        self._segment = segment
        self._postings = postings
        self._term = term

    def __len__(self) -> int:
        """How many documents hold the term."""
        return self._postings.count(self._term, self._term + 1)

    @cached_property
    def documents(self) -> Array:
        """The documents that hold the term, ascending."""
        return self._postings.documents(self._term, self._term + 1)

    @cached_property
    def _frequencies(self) -> Array:
        return self._postings.frequencies(self._term, self._term + 1)

    @cached_property
    def _positions(self) -> PackedSlice:
        return self._postings.positions_of(self._term)

    def among(self, documents: Array) -> tuple[Array, Array]:
        """Which of some documents (ascending) hold the term, and the numbers of their postings."""
        if len(documents) * SPARSE < len(self):
            return self._postings.among(self._term, documents)
        return intersect(documents, self.documents, self._segment.size)

    def occurrences(self, postings: Array) -> CandidatePositions:
        """Every occurrence in the documents of some postings (ascending)."""
        starts, counts = self._spans(postings)
        positions = self._positions.take(ranges(starts, counts))
        owners = np.arange(len(postings)).repeat(counts)
        return CandidatePositions(self.documents.take(postings), owners, positions.astype(np.int32))

    def _spans(self, postings: Array) -> tuple[Array, Array]:
        """Where in the term's positions those of some postings (ascending) begin, and how many they are (intp)."""
        counts = self._frequencies.take(postings).astype(np.intp)
        if not len(postings):
            return counts, counts
        if len(postings) * SPARSE > len(self):
            return self._frequencies.cumsum(dtype=np.intp).take(postings) - counts, counts
        # The frequencies from each posting to the next are added up without a number for each of them all.
        between = np.add.reduceat(self._frequencies, postings, dtype=np.uint32)
        before = self._frequencies[: postings[0]].sum(dtype=np.intp)
        return before + between.cumsum(dtype=np.intp) - between, counts

    def places(self, documents: Array) -> Array:
        """The places of the term in some documents (ascending), sorted."""
        kept, postings = self.among(documents)
        if not len(kept):
            return _NO_PLACES
        starts, counts = self._spans(postings)
        places = documents.take(kept).astype(np.int64)
        places += self._segment.base
        places <<= POSITION_BITS
        places = places.repeat(counts)
        places += self._positions.take(ranges(starts, counts))
        return places

    def places_of(self, occurrences: CandidatePositions) -> Array:
        """CandidatePositions in the segment as places of the searcher."""
        places = occurrences.documents.astype(np.int64)
        places += self._segment.base
        places <<= POSITION_BITS
        places = places.take(occurrences.owners)
        places += occurrences.positions
        return places

    def follows(self, occurrences: CandidatePositions, postings: Array, least: int, most: int) -> Array:
        """Which occurrences of another word have one of the term `least` to `most` positions on, or back if < 0.

        All their documents hold the term: `postings` are the numbers of its postings there.
        """
        starts, counts = self._spans(postings)
        found = [np.empty(0, np.intp)]
        for begin in range(0, len(occurrences.owners), _AT_ONCE):
            owners = occurrences.owners[begin : begin + _AT_ONCE]
            sought = occurrences.positions[begin : begin + _AT_ONCE] + most
            last = self._last_until(sought, starts.take(owners), counts.take(owners))
            found.append(np.flatnonzero((last >= sought - (most - least)) & (last <= sought)) + begin)
        return np.concatenate(found)

    def _last_until(self, sought: Array, starts: Array, counts: Array) -> Array:
        """Of the `counts` positions (ascending, at least one) from each of `starts` on the last that is not above the
        number sought, or the first where all are above: all bisected at once."""
        place, ends = starts, starts + counts
        step = 1 << (int(counts.max()) - 1).bit_length() >> 1
        while step:
            further = place + step
            ahead = self._positions.take(further) <= sought
            ahead &= further < ends
            place = place + step * ahead
            step >>= 1
        return self._positions.take(place)


class CandidatePositions:
    """CandidatePositions of a word in some documents of a segment (u32, ascending).

    Each has a position (i32) and an owner, the index of its document.
    """

    def __init__(self, documents: Array, owners: Array, positions: Array) -> None:
        self.documents = documents
        self.owners = owners
        self.positions = positions

    def __len__(self) -> int:
        return len(self.owners)

    def take(self, kept: Array) -> CandidatePositions:
        """Some of the occurrences (ascending), and only the documents that own one."""
        if len(kept) == len(self):
            return self
        owners = self.owners.take(kept)
        first = firsts(owners)
        documents = self.documents.take(owners.take(first))
        again = np.arange(len(documents)).repeat(np.diff(first, append=len(owners)))
        return CandidatePositions(documents, again, self.positions.take(kept))

    def of(self, documents: Array) -> CandidatePositions:
        """Those that are owned by some of the documents, given by their indexes (ascending)."""
        if len(documents) == len(self.documents):
            return self
        chosen = np.zeros(len(self.documents), np.bool_)
        chosen[documents] = True
        return self.take(np.flatnonzero(chosen.take(self.owners)))


def count_by_doc(places: Array) -> SparsePostings:
    """The documents of sorted places, each with the number of its places."""
    documents = places >> POSITION_BITS
    first = firsts(documents)
    return SparsePostings(documents.take(first), np.diff(first, append=len(documents)))


def union(parts: Sequence[Array]) -> Array:
    """Places (or documents) of several sorted lists, sorted, each once."""
    if len(parts) == 1:
        return parts[0]
    joined = np.concatenate([_NO_PLACES, *parts])
    joined.sort(kind="stable")  # finds and merges the runs that are sorted already
    return distinct(joined)


def distinct(places: Array) -> Array:
    """Sorted places, each once."""
    first = firsts(places)
    return places if len(first) == len(places) else places.take(first)


def follows(starts: Array, places: Array, least: int, most: int) -> Array:
    """For each start (sorted) whether one of the places is `least` to `most` positions further on, or back if < 0."""
    if not len(places):
        return np.zeros(len(starts), np.bool_)
    after = places.searchsorted(starts + least)
    distance = places.take(after, mode="clip") - starts
    found: Array = (distance >= least) & (distance <= most)
    return found
