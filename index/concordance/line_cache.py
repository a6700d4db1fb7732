"""Counts and lists of the last concordances, so that a reader who turns a page does not read the articles again."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

from cachetools import LRUCache

from backfile.index.concordance.lines import Mark
from backfile.index.concordance.lines_request import MOST_ARRANGED
from backfile.index.engine import Page

_KEPT = 64  # searches of which counts are kept, and as many lists of MOST_ARRANGED lines


@dataclass(frozen=True, slots=True)
class LineCounts:
    """Numbers of lines of the first hits of a search, as far as they are known; `cut`: ids of long articles.

    Of those only the beginning was searched.
    """

    counts: tuple[int, ...] = ()
    cut: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LineList:
    """Arranged or sampled marks. `is_whole`: they were made from all lines of the search. `page` has no hits."""

    marks: tuple[Mark, ...]
    articles_read: int
    lines_read: int
    is_whole: bool
    cut: int
    page: Page


class ConcordanceCache:
    """Counts and lists of the last searches of one engine, by commit. Used by several threads."""

    def __init__(self) -> None:
        self._counts: LRUCache[Hashable, LineCounts] = LRUCache(_KEPT)
        self._lists: LRUCache[Hashable, LineList] = LRUCache(_KEPT * MOST_ARRANGED, lambda kept: len(kept.marks) + 1)
        self._lock = Lock()

    def counts(self, key: Hashable) -> LineCounts:
        """Counts known of a search."""
        with self._lock:
            return self._counts.get(key, LineCounts())

    def keep_counts(self, key: Hashable, found: LineCounts) -> None:
        """Keeps counts, unless more are known."""
        with self._lock:
            if len(found.counts) > len(self._counts.get(key, LineCounts()).counts):
                self._counts[key] = found

    def list(self, key: Hashable) -> LineList | None:
        """List of a request, if it is kept."""
        with self._lock:
            return self._lists.get(key)

    def keep_list(self, key: Hashable, found: LineList) -> None:
        """Keeps a list unless it is longer than all that are kept together."""
        with self._lock:
            if len(found.marks) < self._lists.maxsize:
                self._lists[key] = found
