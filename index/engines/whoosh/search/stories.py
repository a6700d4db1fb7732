"""Stories of a commit: copies of one story, as a column over all documents, and results folded by them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.segment import Segment

ALONE = -1  # number of the story of a document without copies

Ranked = list[tuple[int, float]]
"""Documents in the order of a result, each with its score."""

_MARGIN = 16  # documents beyond those wanted that are looked at first
_MORE = 4  # times as many when they are too few


class StoryTable:
    """Stories with several live documents. `numbers[doc id]` is that of its story, or ALONE (i32[size])."""

    def __init__(self, segments: list[Segment], live: Array | None, size: int) -> None:
        docs, leads = _members(segments, live)
        distinct, numbers, counts = np.unique(leads, return_inverse=True, return_counts=True)
        several = counts[numbers] > 1
        docs, numbers = docs[several], numbers[several]
        renumbered = np.cumsum(counts > 1) - 1
        self.numbers = np.full(size, ALONE, np.int32)
        self.numbers[docs] = renumbered[numbers]
        self.leads = distinct[counts > 1].tolist()
        self._ordered = docs[self.numbers[docs].argsort(kind="stable")]
        self._starts = np.concatenate(([0], np.cumsum(counts[counts > 1])))

    @property
    def copies(self) -> int:
        """Number of documents beyond one a story."""
        return len(self._ordered) - len(self.leads)

    def lead_of(self, doc_id: int) -> str | None:
        """Id of the lead of a document's story; None for one without copies."""
        number = int(self.numbers[doc_id])
        return None if number == ALONE else str(self.leads[number])

    def story_of(self, doc_id: int) -> list[int]:
        """Doc ids of all copies of a document's story, its own included."""
        number = int(self.numbers[doc_id])
        if number == ALONE:
            return [doc_id]
        found: list[int] = self._ordered[self._starts[number] : self._starts[number + 1]].tolist()
        return found

    def count(self, docs: DocSet) -> int:
        """Number of stories among some documents."""
        if not self.leads:
            return len(docs)
        members = self._ordered[docs.mask.take(self._ordered)]
        found = np.zeros(len(self.leads), np.bool_)
        found[self.numbers.take(members)] = True
        return len(docs) - len(members) + int(np.count_nonzero(found))

    def fold(self, ranked: Ranked) -> Ranked:
        """The first document of each story, in the order given."""
        seen: set[int] = set()
        folded = []
        for doc_id, score in ranked:
            number = int(self.numbers[doc_id])
            if number == ALONE or number not in seen:
                seen.add(number)
                folded.append((doc_id, score))
        return folded


def select_folded(stories: StoryTable, select: Callable[[int], Ranked], wanted: int, copies: int) -> Ranked:
    """First `wanted` documents of different stories; `select` gives the first documents of all.

    `copies` documents of the result are not the first of their story, so that with as many more there are enough.
    """
    count = wanted + min(copies, wanted + _MARGIN)
    while True:
        ranked = select(count)
        folded = stories.fold(ranked)
        if len(folded) >= wanted or len(ranked) < count or count >= wanted + copies:
            return folded[:wanted]
        count = min(_MORE * count, wanted + copies)


def _members(segments: list[Segment], live: Array | None) -> tuple[Array, Array]:
    """Doc ids of the live documents that are copies, and the ids of their leads (as objects)."""
    docs: list[Array] = [np.empty(0, np.intp)]
    leads: list[str] = []
    for segment in segments:
        own, its_leads = segment.story_leads()
        docs.append(own.astype(np.intp) + segment.base)
        leads += its_leads
    every, names = np.concatenate(docs), np.array(leads, object)
    if live is None:
        return every, names
    return every[live[every]], names[live[every]]
