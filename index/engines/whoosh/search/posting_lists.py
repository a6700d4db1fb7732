"""Posting lists in memory: sparse (sorted doc ids) for rare terms, dense (a column) for common ones.

The two layouts follow the array and bitmap containers of Roaring bitmaps (Chambi et al. 2016), with a term frequency in
place of a bit. Doc ids are global to the searcher.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from backfile.index.engines.whoosh.search.doc_set import DocBatch
from backfile.index.engines.whoosh.storage.array_file import Array

DENSE_RATIO = 32  # from one document in 32 on, a column costs less to build and to look up than a list


class PostingList(Protocol):
    """Documents with a term frequency each."""

    def __len__(self) -> int:
        """Number of postings it was built from: 0 if and only if it has no documents."""

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""

    def list_doc_ids(self) -> Array:
        """Lists its documents, ascending (intp)."""

    def mark(self, mask: Array) -> None:
        """Sets `mask` (bool[size]) at its documents."""

    def contains(self, doc_ids: Array) -> Array:
        """Tests membership of ascending doc ids (bool[len(doc_ids)])."""

    def select(self, mask: Array) -> tuple[Array, Array]:
        """Its documents for which a mask (bool[size]) is True, ascending, and their frequencies."""

    def add_weighted(self, totals: Array, batch: DocBatch, norms: Array, boost: float) -> None:
        """Adds boost · norm · frequency to the totals (float64[len(batch)]) of a batch.

        `norms` is a column over all documents of the searcher.
        """


class SparsePostings:
    """Posting list as `doc_ids` (intp, ascending, distinct) and `frequencies` aligned with them."""

    def __init__(self, doc_ids: Array, frequencies: Array) -> None:
        self.doc_ids = doc_ids
        self.frequencies = frequencies

    @classmethod
    def summed(cls, doc_ids: Array, frequencies: Array) -> SparsePostings:
        """Sorts postings in any order and adds up the frequencies of a document that occurs more than once."""
        if not len(doc_ids):
            return cls(doc_ids, frequencies)
        order = doc_ids.argsort(kind="stable")
        ordered = doc_ids.take(order)
        starts = group_starts(ordered)
        return cls(ordered.take(starts), np.add.reduceat(frequencies.take(order), starts, dtype=np.uint32))

    def __len__(self) -> int:
        return len(self.doc_ids)

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self.doc_ids.nbytes + self.frequencies.nbytes

    def list_doc_ids(self) -> Array:
        """Returns `doc_ids`."""
        return self.doc_ids

    def mark(self, mask: Array) -> None:
        """Sets `mask` at its documents."""
        mask[self.doc_ids] = True

    def contains(self, doc_ids: Array) -> Array:
        """Tests membership by bisection."""
        if not len(self):
            return np.zeros(len(doc_ids), np.bool_)
        found: Array = self.doc_ids.take(self.doc_ids.searchsorted(doc_ids), mode="clip") == doc_ids
        return found

    def select(self, mask: Array) -> tuple[Array, Array]:
        """Selects by lookup in the mask."""
        kept = np.flatnonzero(mask.take(self.doc_ids))
        return self.doc_ids.take(kept), self.frequencies.take(kept)

    def add_weighted(self, totals: Array, batch: DocBatch, norms: Array, boost: float) -> None:
        """Adds boost · norm · frequency at the intersection with the batch."""
        own, places = batch.locate(self.doc_ids)
        if len(own):
            totals[places] += boost * self.frequencies.take(own) * norms.take(self.doc_ids.take(own))


class DensePostings:
    """Posting list as a column of frequencies over all documents of the searcher, 0 where there is none.

    `postings` is the number of postings it was built from.
    """

    def __init__(self, frequencies: Array, postings: int) -> None:
        self.frequencies = frequencies
        self._postings = postings

    def __len__(self) -> int:
        return self._postings

    @property
    def nbytes(self) -> int:
        """Memory in bytes."""
        return self.frequencies.nbytes

    def list_doc_ids(self) -> Array:
        """Lists the documents with a frequency."""
        return np.flatnonzero(self.frequencies != 0)  # eight times as fast as flatnonzero of the numbers themselves

    def mark(self, mask: Array) -> None:
        """Sets `mask` at its documents."""
        np.logical_or(mask, self.frequencies, out=mask)

    def contains(self, doc_ids: Array) -> Array:
        """Tests membership by lookup."""
        found: Array = self.frequencies.take(doc_ids) != 0
        return found

    def select(self, mask: Array) -> tuple[Array, Array]:
        """Selects by the intersection of the mask with the column."""
        doc_ids = np.flatnonzero((self.frequencies != 0) & mask)
        return doc_ids, self.frequencies.take(doc_ids)

    def add_weighted(self, totals: Array, batch: DocBatch, norms: Array, boost: float) -> None:
        """Adds boost · norm · frequency to the whole batch."""
        weighted = batch.take(norms) * batch.take(self.frequencies)
        if boost != 1.0:
            weighted *= boost
        totals += weighted


def choose_layout(postings: SparsePostings, size: int) -> PostingList:
    """Converts a long list to the dense layout over `size` documents; returns a short one unchanged."""
    if len(postings) * DENSE_RATIO <= size:
        return postings
    frequencies = np.zeros(size, np.uint32)
    frequencies[postings.doc_ids] = postings.frequencies
    return DensePostings(frequencies, len(postings))


def group_starts(values: Array) -> Array:
    """Indexes at which sorted values change; the first index, 0, included unless there are no values."""
    changes = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=changes[1:])
    return np.flatnonzero(changes)
