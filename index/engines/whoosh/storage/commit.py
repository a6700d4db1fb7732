"""One commit of the index, opened for reading: the interface between storage and searching.

Readers hold a `Commit` as long as they like: its maps stay valid while any array of it is alive, even after a writer
has removed the files. There is nothing to close.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from backfile.index.engine import Fingerprint
from backfile.index.engines.whoosh.storage.array_file import ArrayFile
from backfile.index.engines.whoosh.storage.manifest import Manifest
from backfile.index.engines.whoosh.storage.segment import Segment


@dataclass(frozen=True, eq=False)
class Commit:
    """Segments of one commit in the order of their bases, and its manifest (None before the first commit).

    `identity` differs between any two commits, also between two of one number when an index was built anew.
    """

    manifest: Manifest | None = None
    segments: tuple[Segment, ...] = ()
    identity: tuple[int, ...] = ()

    @property
    def number(self) -> int:
        """Whoosh's generation number; 0 before the first commit."""
        return self.manifest.generation if self.manifest else 0

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages (ISO 639-1) whose stem tables the commit holds."""
        return self.manifest.languages if self.manifest else ()

    @property
    def stamp(self) -> str:
        """The caller's stamp, as given in `Changes`."""
        return self.manifest.stamp if self.manifest else ""

    @cached_property
    def live_count(self) -> int:
        """Number of documents that are not deleted."""
        return sum(segment.live_count for segment in self.segments)

    @cached_property
    def _average_lengths(self) -> dict[str, float]:
        return {}

    def average_length(self, field: str) -> float:
        """Mean length of a word field in positions, over the live documents that have a word in it; 0 if none has."""
        averages = self._average_lengths
        if field not in averages:
            total = sum(segment.total_length(field) for segment in self.segments)
            having = sum(segment.count_having(field) for segment in self.segments)
            averages[field] = total / having if having else 0.0
        return averages[field]

    @cached_property
    def _bases(self) -> list[int]:
        return [segment.base for segment in self.segments]

    def locate(self, document: int) -> tuple[Segment, int]:
        """Global doc id → (segment, doc id in it)."""
        segment = self.segments[bisect_right(self._bases, document) - 1]
        return segment, document - segment.base

    def find(self, article_id: str) -> tuple[Segment, int] | None:
        """The live document with that id as (segment, doc id in it), or None."""
        for segment in self.segments:
            number = segment.number(article_id)
            if number >= 0:
                return segment, number
        return None

    def fingerprints(self) -> dict[str, tuple[str, Fingerprint]]:
        """Id → (path, fingerprint) of every live document."""
        found: dict[str, tuple[str, Fingerprint]] = {}
        for segment in self.segments:
            found |= segment.fingerprints()
        return found

    def ids(self, start: int, stop: int) -> list[str]:
        """Ids of the live documents with the ranks `start` to `stop - 1` in the order of all ids."""
        ids = [segment.ids for segment in self.segments]
        counts = [segment.live_ids_before() for segment in self.segments]

        def rank(key: bytes) -> int:
            return sum(int(count[own.lower_bound(key)]) for own, count in zip(ids, counts, strict=True))

        found: list[str] = []
        for segment, own in zip(self.segments, ids, strict=True):
            low, high = (
                bisect_left(range(len(own)), edge, key=lambda at: rank(own.bytes_at(at))) for edge in (start, stop)
            )
            found += segment.live_ids(low, high)
        return sorted(found)

    @cached_property
    def language_counts(self) -> dict[str, int]:
        """Number of live documents in each language."""
        counts: Counter[str] = Counter()
        for segment in self.segments:
            counts.update(segment.language_counts())
        return dict(sorted(counts.items()))

    @cached_property
    def files(self) -> tuple[ArrayFile, ...]:
        """Array files of the commit."""
        return tuple(file for segment in self.segments for file in segment.files())

    def size(self) -> int:
        """Bytes of the array files and of the table of contents."""
        return sum(map(len, self.files)) + (self.manifest.toc[0] if self.manifest else 0)
