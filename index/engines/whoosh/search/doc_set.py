"""Some documents of a view, as numbers and as a mask: to be counted, and to be met again in lists of postings."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SPARSE = 16  # a search by bisection costs about as much as this many steps through an array


class DocSet:
    """Documents by their numbers (ascending) out of `size`; `mask` (bool[size]) is made when it is batch for."""

    def __init__(self, documents: Array, size: int) -> None:
        self.documents = documents
        self.size = size

    @classmethod
    def of(cls, mask: Array) -> DocSet:
        """The documents for which a mask is True."""
        made = cls(np.flatnonzero(mask), len(mask))
        made.mask = mask
        return made

    def __len__(self) -> int:
        return len(self.documents)

    @cached_property
    def mask(self) -> Array:
        """True for the documents."""
        mask = np.zeros(self.size, np.bool_)
        mask[self.documents.astype(np.intp, copy=False)] = True  # numpy takes three times as long by narrow numbers
        return mask

    @cached_property
    def others(self) -> DocSet:
        """All other documents, deleted ones included."""
        return DocSet.of(np.logical_not(self.mask))


def intersect(one: Array, other: Array, size: int) -> tuple[Array, Array]:
    """Where two lists of documents below `size` (ascending) have the same ones: indexes in the one and in the other."""
    if len(one) * SPARSE < len(other):
        return intersect_by_bisection(one, other)
    if len(other) * SPARSE < len(one):
        there, here = intersect_by_bisection(other, one)
        return here, there
    there = np.flatnonzero(DocSet(one, size).mask.take(other))
    if len(there) == len(one):
        return np.arange(len(one)), there
    return np.flatnonzero(DocSet(other.take(there), size).mask.take(one)), there


def intersect_by_bisection(few: Array, many: Array) -> tuple[Array, Array]:
    """`intersect` by a bisection for each of the few."""
    place = many.searchsorted(few)
    here = np.flatnonzero(many.take(place, mode="clip") == few) if len(many) else np.empty(0, np.intp)
    return here, place.take(here)


def ranges(starts: Array, lengths: Array) -> Array:
    """The numbers of the ranges that begin at `starts`, end to end (intp[sum(lengths)])."""
    ends = lengths.cumsum(dtype=np.intp)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(total)
