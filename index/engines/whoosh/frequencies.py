"""How often something occurs in each document: a list where few documents hold it, a table where many do."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

DENSE = 32  # one in so many documents, from which on a table costs less to make and to look up than a list


class Frequencies(Protocol):
    """Documents (global numbers) with a frequency each."""

    def __len__(self) -> int:
        """How many postings they were made of: none exactly if no document is among them."""

    @property
    def nbytes(self) -> int:
        """What they hold in memory, in bytes."""

    @property
    def documents(self) -> Array:
        """The documents, ascending (intp)."""

    def mark(self, mask: Array) -> None:
        """Sets `mask` (bool[size]) where the documents are."""

    def has(self, documents: Array) -> Array:
        """Which of some documents (ascending) are among them (bool)."""

    def add_to(self, amounts: Array, asked: Asked, weight: float) -> None:
        """Adds weight · norm · frequency to the amounts (float64) of the documents asked for."""


class Asked:
    """Documents (ascending) of which something is asked, with the norm that each has in a field."""

    def __init__(self, documents: Array, norms: Array) -> None:
        self.documents = documents
        self._norms_of_all = norms

    def __len__(self) -> int:
        return len(self.documents)

    @cached_property
    def norms(self) -> Array:
        """The norm of each document."""
        found: Array = self._norms_of_all.take(self.documents)
        return found

    def norms_at(self, places: Array) -> Array:
        """The norms of the documents with these indexes."""
        found: Array = self._norms_of_all.take(self.documents.take(places))
        return found


class Run:
    """A list: `documents` (intp), ascending, each once, and `frequencies` aligned with them."""

    def __init__(self, documents: Array, frequencies: Array) -> None:
        self.documents = documents
        self.frequencies = frequencies

    @classmethod
    def summed(cls, documents: Array, frequencies: Array) -> Run:
        """The run of documents in any order, those that occur more than once with the sum of their frequencies."""
        if not len(documents):
            return cls(documents, frequencies)
        order = documents.argsort(kind="stable")
        ordered = documents.take(order)
        first = firsts(ordered)
        return cls(ordered.take(first), np.add.reduceat(frequencies.take(order), first, dtype=np.uint32))

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def nbytes(self) -> int:
        """What it holds in memory, in bytes."""
        return self.documents.nbytes + self.frequencies.nbytes

    def mark(self, mask: Array) -> None:
        """Sets `mask` where the documents are."""
        mask[self.documents] = True

    def has(self, documents: Array) -> Array:
        """Which of some documents are among them."""
        if not len(self):
            return np.zeros(len(documents), np.bool_)
        found: Array = self.documents.take(self.documents.searchsorted(documents), mode="clip") == documents
        return found

    def add_to(self, amounts: Array, asked: Asked, weight: float) -> None:
        """Adds weight · norm · frequency to the amounts of the documents asked for."""
        if not len(asked):
            return
        documents = asked.documents
        low, high = self.documents.searchsorted((documents[0], documents[-1] + 1))
        own, frequencies = self.documents[low:high], self.frequencies[low:high]
        if len(own) < len(documents):
            place = documents.searchsorted(own)
            found = np.flatnonzero(documents.take(place, mode="clip") == own)
            there = place.take(found)
        else:
            place = own.searchsorted(documents)
            there = np.flatnonzero(own.take(place, mode="clip") == documents)
            found = place.take(there)
        amounts[there] += weight * frequencies.take(found) * asked.norms_at(there)


class Table:
    """A number for every document of the view, 0 where there is none; `postings` is how many it was made of."""

    def __init__(self, frequencies: Array, postings: int) -> None:
        self.frequencies = frequencies
        self._postings = postings

    def __len__(self) -> int:
        return self._postings

    @property
    def nbytes(self) -> int:
        """What it holds in memory, in bytes."""
        return self.frequencies.nbytes

    @property
    def documents(self) -> Array:
        """The documents, ascending."""
        return np.flatnonzero(self.frequencies != 0)  # eight times as fast as for the numbers themselves

    def mark(self, mask: Array) -> None:
        """Sets `mask` where the documents are."""
        np.logical_or(mask, self.frequencies, out=mask)

    def has(self, documents: Array) -> Array:
        """Which of some documents are among them."""
        found: Array = self.frequencies.take(documents) != 0
        return found

    def add_to(self, amounts: Array, asked: Asked, weight: float) -> None:
        """Adds weight · norm · frequency to the amounts of the documents asked for."""
        found = asked.norms * self.frequencies.take(asked.documents)
        if weight != 1.0:
            found *= weight
        amounts += found


def laid_out(run: Run, size: int) -> Frequencies:
    """A run as it is, or as a table of `size` documents if it is long."""
    if len(run) * DENSE <= size:
        return run
    table = np.zeros(size, np.uint32)
    table[run.documents] = run.frequencies
    return Table(table, len(run))


def firsts(values: Array) -> Array:
    """The indexes at which sorted values change, 0 (if there is any) included."""
    new = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return np.flatnonzero(new)
