"""One commit of the index as readers see it: the interface between storage and searching.

Readers hold a `Generation` as long as they like: its maps stay valid while any array of it is alive, also when a
writer has long removed the files. There is nothing to close. Between two values of author, topic or source
`analysis.POSITION_GAP` positions are free: no phrase reaches across, and a `within` as wide as that must be cut.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from backfile.index.engines.whoosh.storage.segment import Segment


class Generation:
    """The segments of one commit, in the order of their bases."""

    def __init__(self, number: int, segments: tuple[Segment, ...], languages: tuple[str, ...], stamp: str) -> None:
        self.number = number
        self.segments = segments
        self.languages = languages
        self.stamp = stamp
        self._averages: dict[str, float] = {}

    @cached_property
    def live_count(self) -> int:
        """Number of documents that are not deleted."""
        return sum(segment.live_count for segment in self.segments)

    def average_length(self, field: str) -> float:
        """Mean length of a word field in positions, over the live documents that have a word in it; 0 if none has."""
        if field not in self._averages:
            total = sum(segment.total_length(field) for segment in self.segments)
            having = sum(segment.count_having(field) for segment in self.segments)
            self._averages[field] = total / having if having else 0.0
        return self._averages[field]

    @cached_property
    def _bases(self) -> list[int]:
        return [segment.base for segment in self.segments]

    def locate(self, document: int) -> tuple[Segment, int]:
        """Global document number → (segment, number in it)."""
        segment = self.segments[bisect_right(self._bases, document) - 1]
        return segment, document - segment.base

    def find(self, article_id: str) -> tuple[Segment, int] | None:
        """The live document with that id as (segment, number in it), or None."""
        for segment in self.segments:
            number = segment.number(article_id)
            if number >= 0:
                return segment, number
        return None
