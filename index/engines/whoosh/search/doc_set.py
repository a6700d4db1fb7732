"""Document sets of a searcher: sorted doc ids, bit masks, batches to score, and their intersections."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

import numpy as np

from backfile.index.engines.whoosh.storage.array_file import Array

BISECTION_RATIO = 16  # one bisection costs about as much as this many steps through an array


class DocSet:
    """Set of documents out of `size`: ascending `doc_ids` (intp), and a `mask` (bool[size]) made at first use."""

    def __init__(self, doc_ids: Array, size: int) -> None:
        self.doc_ids = doc_ids
        self.size = size

    @classmethod
    def from_mask(cls, mask: Array) -> DocSet:
        """Set of the documents for which a mask is True."""
        doc_set = cls(np.flatnonzero(mask), len(mask))
        doc_set.mask = mask
        return doc_set

    def __len__(self) -> int:
        return len(self.doc_ids)

    @cached_property
    def mask(self) -> Array:
        """True for the documents of the set (bool[size])."""
        mask = np.zeros(self.size, np.bool_)
        mask[self.doc_ids.astype(np.intp, copy=False)] = True  # indexing by a narrow type takes three times as long
        return mask

    @cached_property
    def complement(self) -> DocSet:
        """All other documents, deleted ones included."""
        return DocSet.from_mask(np.logical_not(self.mask))


class DocBatch(Protocol):
    """Batch of documents that are scored together."""

    def __len__(self) -> int: ...

    def take(self, column: Array) -> Array:
        """Values of the batch's documents in a column over all documents of the searcher."""

    def locate(self, doc_ids: Array) -> tuple[Array, Array]:
        """Intersects with ascending doc ids: indexes into `doc_ids` and into the batch."""


class DocList:
    """Batch of any documents, by ascending doc ids."""

    def __init__(self, doc_ids: Array) -> None:
        self.doc_ids = doc_ids

    def __len__(self) -> int:
        return len(self.doc_ids)

    def take(self, column: Array) -> Array:
        """Gathers the values of its documents."""
        values: Array = column.take(self.doc_ids)
        return values

    def locate(self, doc_ids: Array) -> tuple[Array, Array]:
        """Intersects by bisecting the shorter list into the longer."""
        if not len(self):
            return self.doc_ids, self.doc_ids
        low, high = doc_ids.searchsorted((self.doc_ids[0], self.doc_ids[-1] + 1))
        near = doc_ids[low:high]
        if len(near) < len(self):
            outer, inner = intersect_by_bisection(near, self.doc_ids)
        else:
            inner, outer = intersect_by_bisection(self.doc_ids, near)
        return outer + low, inner


class DocRange:
    """Batch of the documents `start` to `stop - 1`: columns are sliced, not gathered."""

    def __init__(self, start: int, stop: int) -> None:
        self._start = start
        self._stop = stop

    def __len__(self) -> int:
        return self._stop - self._start

    def take(self, column: Array) -> Array:
        """Slices the values of its documents."""
        return column[self._start : self._stop]

    def locate(self, doc_ids: Array) -> tuple[Array, Array]:
        """Intersects by bisecting the two ends of the range."""
        low, high = doc_ids.searchsorted((self._start, self._stop)).tolist()
        return np.arange(low, high), doc_ids[low:high] - self._start


def intersect(one: Array, other: Array, size: int) -> tuple[Array, Array]:
    """Intersects two ascending lists of doc ids below `size`: indexes of the common ones in each list.

    Lists of similar length meet in a mask. A list shorter than a sixteenth of the other is bisected into it, as
    skip lists and galloping search do for posting lists on disk.
    """
    if len(one) * BISECTION_RATIO < len(other):
        return intersect_by_bisection(one, other)
    if len(other) * BISECTION_RATIO < len(one):
        in_other, in_one = intersect_by_bisection(other, one)
        return in_one, in_other
    in_other = np.flatnonzero(DocSet(one, size).mask.take(other))
    if len(in_other) == len(one):
        return np.arange(len(one)), in_other
    return np.flatnonzero(DocSet(other.take(in_other), size).mask.take(one)), in_other


def intersect_by_bisection(few: Array, many: Array) -> tuple[Array, Array]:
    """Intersects like `intersect`, by one bisection for each of the `few`."""
    place = many.searchsorted(few)
    found = np.flatnonzero(many.take(place, mode="clip") == few) if len(many) else np.empty(0, np.intp)
    return found, place.take(found)


def expand_ranges(starts: Array, lengths: Array) -> Array:
    """Numbers of the ranges that begin at `starts`, end to end (intp[sum(lengths)])."""
    ends = lengths.cumsum(dtype=np.intp)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(total)
