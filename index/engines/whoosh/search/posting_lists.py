"""How often something occurs in each document: a list where few documents hold it, a table where many do."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from backfile.index.engines.whoosh.search.doc_set import intersect_by_bisection

Array = npt.NDArray[Any]

DENSE = 32  # one in so many documents, from which on a table costs less to make and to look up than a list


class PostingList(Protocol):
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

    def add_to(self, amounts: Array, batch: DocBatch, norms: Array, weight: float) -> None:
        """Adds weight · norm · frequency to the amounts (float64) of the documents batch for.

        `norms` has an element for every document of the searcher.
        """


class DocBatch(Protocol):
    """Documents of which something is batch."""

    def __len__(self) -> int: ...

    def of(self, column: Array) -> Array:
        """What a column, which has an element for every document of the searcher, holds for each of them."""

    def find(self, documents: Array) -> tuple[Array, Array]:
        """Which of some documents (ascending) are among them, and where: indexes in the ones and in the others."""


class DocList:
    """Documents by their numbers, ascending."""

    def __init__(self, numbers: Array) -> None:
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def of(self, column: Array) -> Array:
        """What a column holds for each of them."""
        found: Array = column.take(self.numbers)
        return found

    def find(self, documents: Array) -> tuple[Array, Array]:
        """Which of some documents (ascending) are among them, and where."""
        if not len(self):
            return self.numbers, self.numbers
        low, high = documents.searchsorted((self.numbers[0], self.numbers[-1] + 1))
        own = documents[low:high]
        if len(own) < len(self):
            here, there = intersect_by_bisection(own, self.numbers)
        else:
            there, here = intersect_by_bisection(self.numbers, own)
        return here + low, there


class DocRange:
    """The documents numbered `start` to `stop - 1`: what is batch of them lies together."""

    def __init__(self, start: int, stop: int) -> None:
        self._start = start
        self._stop = stop

    def __len__(self) -> int:
        return self._stop - self._start

    def of(self, column: Array) -> Array:
        """What a column holds for each of them: a view of it."""
        return column[self._start : self._stop]

    def find(self, documents: Array) -> tuple[Array, Array]:
        """Which of some documents (ascending) are among them, and where."""
        low, high = documents.searchsorted((self._start, self._stop)).tolist()
        return np.arange(low, high), documents[low:high] - self._start


class SparsePostings:
    """A list: `documents` (intp), ascending, each once, and `frequencies` aligned with them."""

    def __init__(self, documents: Array, frequencies: Array) -> None:
        self.documents = documents
        self.frequencies = frequencies

    @classmethod
    def summed(cls, documents: Array, frequencies: Array) -> SparsePostings:
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

    def add_to(self, amounts: Array, batch: DocBatch, norms: Array, weight: float) -> None:
        """Adds weight · norm · frequency to the amounts of the documents batch for."""
        here, there = batch.find(self.documents)
        if len(here):
            amounts[there] += weight * self.frequencies.take(here) * norms.take(self.documents.take(here))


class DensePostings:
    """A number for every document of the searcher, 0 where there is none; `postings` is how many it was made of."""

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

    def add_to(self, amounts: Array, batch: DocBatch, norms: Array, weight: float) -> None:
        """Adds weight · norm · frequency to the amounts of the documents batch for."""
        found = batch.of(norms) * batch.of(self.frequencies)
        if weight != 1.0:
            found *= weight
        amounts += found


def pack_postings(run: SparsePostings, size: int) -> PostingList:
    """A run as it is, or as a table of `size` documents if it is long."""
    if len(run) * DENSE <= size:
        return run
    table = np.zeros(size, np.uint32)
    table[run.documents] = run.frequencies
    return DensePostings(table, len(run))


def firsts(values: Array) -> Array:
    """The indexes at which sorted values change, 0 (if there is any) included."""
    new = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=new[1:])
    return np.flatnonzero(new)
