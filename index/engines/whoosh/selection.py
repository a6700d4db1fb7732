"""Some documents of a view, as numbers and as a mask: to be counted, and to be met again in lists of postings."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

SPARSE = 16  # a search by bisection costs about as much as this many steps through an array


class Selection:
    """Documents by their numbers (ascending, intp) out of `size`; `mask` (bool[size]) is made when it is asked for."""

    def __init__(self, documents: Array, size: int) -> None:
        self.documents = documents
        self.size = size

    @classmethod
    def of(cls, mask: Array) -> Selection:
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
        mask[self.documents] = True
        return mask

    @cached_property
    def others(self) -> Selection:
        """All other documents, deleted ones included."""
        return Selection.of(np.logical_not(self.mask))

    def indexes(self, documents: Array, *, ascending: bool) -> Array:
        """Which elements of a list of documents are among them (ascending)."""
        if ascending and len(self) * SPARSE < len(documents):
            place = documents.searchsorted(self.documents)
            return place.take(np.flatnonzero(documents.take(place, mode="clip") == self.documents))
        return np.flatnonzero(self.mask.take(documents))
