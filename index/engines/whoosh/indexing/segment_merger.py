"""Merging of segments by gathering arrays: no text is analysed again, and memory does not grow with the index."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backfile.index.engines.whoosh.indexing.column_merger import write_columns
from backfile.index.engines.whoosh.indexing.inverter import write_packed
from backfile.index.engines.whoosh.storage.array_file import Array, ArrayFileWriter, writing
from backfile.index.engines.whoosh.storage.field_postings import (
    DOC_DTYPE,
    FREQ_DTYPE,
    POSITION_DTYPE,
    FieldPostings,
)
from backfile.index.engines.whoosh.storage.index_layout import WORD_FIELDS
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.engines.whoosh.storage.term_dictionary import narrowest, sizes_between, write_terms

_CHUNK = 4 << 20  # postings or positions gathered at a time
_NO_DOCUMENT = np.uint32(0xFFFFFFFF)


def merge_segments(path: Path, segments: Sequence[Segment]) -> None:
    """Writes one segment file with the live documents of some segments, in their order, durably.

    Verifies their files first: the checksums of the new file would vouch for damage. Raises `IndexUnusable`.
    """
    for segment in segments:
        for source in segment.files():
            source.require()
    with writing(path) as file:
        file.facts["documents"] = sum(segment.live_count for segment in segments)
        for name in WORD_FIELDS:
            _merge_field(file, name, segments)
        write_columns(file, segments)


@dataclass(frozen=True)
class _Source:
    """Field of one of the segments to merge.

    `numbers` maps its terms to those of the union (ascending), `renumbered` its doc ids to the new ones
    (`_NO_DOCUMENT` for deleted ones); `kept` and `kept_positions` count the live postings and positions of each term.
    """

    postings: FieldPostings
    renumbered: Array
    deleting: bool
    numbers: Array
    kept: Array
    kept_positions: Array

    def terms(self, low: int, high: int) -> tuple[int, int]:
        """Range of its terms that are among the terms `low` to `high - 1` of the union."""
        first, last = np.searchsorted(self.numbers, (low, high))
        return int(first), int(last)

    def docs(self, low: int, high: int) -> Array:
        docs: Array = self.renumbered[self.postings.documents(low, high)]
        return docs[docs != _NO_DOCUMENT] if self.deleting else docs

    def freqs(self, low: int, high: int) -> Array:
        docs, freqs = self.postings.postings_range(low, high)
        kept: Array = freqs[self.renumbered[docs] != _NO_DOCUMENT] if self.deleting else freqs
        return kept

    def positions(self, low: int, high: int) -> Array:
        positions = self.postings.positions_range(low, high)
        if not self.deleting:
            return positions
        docs, freqs = self.postings.postings_range(low, high)
        kept: Array = positions[np.repeat(self.renumbered[docs] != _NO_DOCUMENT, freqs)]
        return kept


def _merge_field(file: ArrayFileWriter, name: str, segments: Sequence[Segment]) -> None:
    lengths = [segment.lengths(name) for segment in segments]
    kept = [part if s.live_docs is None else part[s.live_docs] for s, part in zip(segments, lengths, strict=True)]
    file.stream(f"{name}.lengths", np.uint32, kept)
    fields = [segment.field(name) for segment in segments]
    union = sorted(set().union(*(field.terms.all_bytes() for field in fields)))
    merged = _MergedTerms.of(_sources(segments, fields, union), len(union))
    left = merged.counts > 0
    if not left.any():
        return
    write_terms(file, f"{name}.terms", (term for term, is_left in zip(union, left.tolist(), strict=True) if is_left))
    file.add(f"{name}.starts", _bounds(merged.counts[left]))
    file.add(f"{name}.position_starts", _bounds(merged.position_counts[left]))
    write_packed(file, f"{name}.docs", DOC_DTYPE, merged.gather(_Source.docs))
    write_packed(file, f"{name}.freqs", FREQ_DTYPE, merged.gather(_Source.freqs))
    write_packed(file, f"{name}.positions", POSITION_DTYPE, merged.gather(_Source.positions, positions=True))


def _sources(segments: Sequence[Segment], fields: Sequence[FieldPostings], union: list[bytes]) -> list[_Source]:
    numbers = {term: number for number, term in enumerate(union)}
    sources, base = [], 0
    for segment, field in zip(segments, fields, strict=True):
        terms = field.terms.all_bytes()
        mine = np.fromiter(map(numbers.__getitem__, terms), np.int64, len(terms))
        if segment.live_docs is None:
            renumbered = np.arange(base, base + segment.size, dtype=np.uint32)
            kept, positions = sizes_between(field.starts), sizes_between(field.position_starts)
        else:
            renumbered = np.full(segment.size, _NO_DOCUMENT, np.uint32)
            renumbered[segment.live_docs] = np.arange(base, base + segment.live_count, dtype=np.uint32)
            kept, positions = _live_counts(field, segment.live_docs)
        sources.append(_Source(field, renumbered, segment.live_docs is not None, mine, kept, positions))
        base += segment.live_count
    return sources


def _live_counts(field: FieldPostings, live: Array) -> tuple[Array, Array]:
    """Numbers of postings and of positions of every term in live documents."""
    kept, positions = np.zeros(len(field), np.int64), np.zeros(len(field), np.int64)
    for low, high in _chunks(sizes_between(field.starts)):
        docs, freqs = field.postings_range(low, high)
        is_live = live[docs]
        begins = (field.starts[low:high] - field.starts[low]).astype(np.int64)
        kept[low:high] = np.add.reduceat(is_live, begins, dtype=np.int64)
        positions[low:high] = np.add.reduceat(freqs * is_live, begins, dtype=np.int64)
    return kept, positions


def _bounds(counts: Array) -> Array:
    return narrowest(np.concatenate(([0], np.cumsum(counts))).astype(np.uint64))


def _chunks(counts: Array) -> Iterator[tuple[int, int]]:
    """Ranges of terms that have about `_CHUNK` postings together, at least one term each."""
    ends = np.cumsum(counts)
    low = 0
    while low < len(counts):
        before = int(ends[low - 1]) if low else 0
        high = max(low + 1, int(np.searchsorted(ends, before + _CHUNK, side="right")))
        yield low, high
        low = high


@dataclass(frozen=True)
class _MergedTerms:
    """Union of the terms of some sources, with the number of live postings and positions of each."""

    sources: Sequence[_Source]
    counts: Array
    position_counts: Array

    @classmethod
    def of(cls, sources: Sequence[_Source], terms: int) -> _MergedTerms:
        """Sums the counts of the sources."""
        counts, position_counts = np.zeros(terms, np.int64), np.zeros(terms, np.int64)
        for source in sources:
            counts[source.numbers] += source.kept
            position_counts[source.numbers] += source.kept_positions
        return cls(sources, counts, position_counts)

    def gather(self, values: Callable[[_Source, int, int], Array], positions: bool = False) -> Iterator[Array]:
        """Values of all sources, one a posting or a position, in parts of some millions.

        They are ordered by term, and within a term by source.
        """
        totals = self.position_counts if positions else self.counts
        for low, high in _chunks(totals):
            ends = np.cumsum(totals[low:high])
            gathered = np.zeros(int(ends[-1]), np.uint32)
            following = ends - totals[low:high]  # where the next source's share of each term goes
            for source in self.sources:
                first, last = source.terms(low, high)
                share = (source.kept_positions if positions else source.kept)[first:last]
                places = source.numbers[first:last] - low
                begins = np.cumsum(share) - share
                targets = np.repeat(following[places] - begins, share) + np.arange(int(share.sum()))
                gathered[targets] = values(source, first, last)
                following[places] += share
            yield gathered
