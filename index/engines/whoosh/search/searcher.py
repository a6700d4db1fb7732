"""A generation in one piece: columns over all its documents, and what is worth keeping while it is the newest.

Searching works on *global* document numbers, a segment's own plus its base, so that an operation costs one call of
numpy and not one a segment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from backfile.index.caching import Cache, bounded_cache
from backfile.index.engine import Document
from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.facets import FacetTable, facet_table, year_table
from backfile.index.engines.whoosh.storage.commit import Commit
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.highlight.highlighter import PreparedDocument
from backfile.index.ranking.bm25f import weighted_frequency

Array = npt.NDArray[Any]

_KEPT_NUMBERS = 8192  # look-ups of words
_KEPT_MASKS = 64  # of a byte a document each
_HELD_BYTES = 256 << 20  # of leaves: whoever narrows a search or turns its pages asks for the same words again


class Searcher:
    """Columns of a generation. All is computed at first use and then stays as it is; threads may share a view."""

    def __init__(self, commit: Commit) -> None:
        self.commit = commit
        self.segments = [segment for segment in commit.segments if segment.size]
        self.size = sum(segment.size for segment in self.segments)
        self.held: Cache[Any] = bounded_cache(_HELD_BYTES, lambda made: made.nbytes)
        self.norms = lru_cache(self._norms)
        self.number = lru_cache(_KEPT_NUMBERS)(self._number)
        self.kin = lru_cache(_KEPT_NUMBERS)(self._kin)
        self.family = lru_cache(_KEPT_NUMBERS)(self._family)
        self.facet = lru_cache(self._facet)
        self.facet_mask = lru_cache(_KEPT_MASKS)(self._facet_mask)
        self.date_mask = lru_cache(_KEPT_MASKS)(self._date_mask)

    def column(self, part: Callable[[Segment], Array], dtype: npt.DTypeLike) -> Array:
        """What `part` gives for each segment, end to end."""
        parts = [part(segment) for segment in self.segments]
        if len(parts) == 1:
            return parts[0].astype(dtype, copy=False)
        return np.concatenate([np.empty(0, dtype), *parts], dtype=dtype, casting="unsafe")

    @cached_property
    def live(self) -> Array | None:
        """True for documents that are not deleted (bool[size]); None when none is."""
        if all(segment.live_docs is None for segment in self.segments):
            return None
        return self.column(lambda s: np.ones(s.size, np.bool_) if s.live_docs is None else s.live_docs, np.bool_)

    @cached_property
    def everything(self) -> DocSet:
        """All live documents."""
        return DocSet.of(np.ones(self.size, np.bool_) if self.live is None else self.live)

    @cached_property
    def first_days(self) -> Array:
        """First day of every document's date as an ordinal (int32[size]); 0 for the undated."""
        return self.column(lambda segment: segment.first_day, np.int32)

    @cached_property
    def newest_first(self) -> Array:
        """Numbers by which the newest document comes first, the undated last (int32[size])."""
        return -self.first_days

    @cached_property
    def last_days(self) -> Array:
        """Last day of every document's date as an ordinal (int32[size]); 0 for the undated."""
        return self.column(lambda segment: segment.last_day, np.int32)

    def document(self, number: int) -> Document:
        """A stored document by its global number."""
        return self.prepared(number).document

    def prepared(self, number: int) -> PreparedDocument:
        """A stored document, made ready for matchers, by its global number."""
        segment, local = self.commit.locate(number)
        return segment.prepared(local)

    def _number(self, postings: FieldPostings, term: str) -> int:
        """The number of a term in a field of a segment, or -1."""
        return postings.find(term)

    def _kin(self, postings: FieldPostings, terms: tuple[str, ...]) -> Sequence[int]:
        """The numbers of the terms that are of one family with one of `terms` but none of them."""
        own = {self.number(postings, term) for term in terms}
        languages = self.commit.languages
        return sorted({number for term in terms for number in postings.stem_siblings(term, languages).tolist()} - own)

    def _family(self, term: str, fields: tuple[str, ...]) -> frozenset[str]:
        """The terms that are of one family with `term` but not itself, in any of some fields."""
        postings = [segment.field(field) for segment in self.segments for field in fields]
        return frozenset(own.terms[number] for own in postings for number in self.kin(own, (term,)))

    def _norms(self, field: str) -> Array:
        """For every document what one occurrence in a scored field is worth (float64[size])."""
        lengths = self.column(lambda segment: segment.lengths(field), np.float64)
        average = self.commit.average_length(field)
        return np.broadcast_to(weighted_frequency(np.ones(len(lengths)), lengths, average, field), lengths.shape)

    def _facet(self, name: str) -> FacetTable:
        """The table of author, topic, language or year."""
        if name == "year":
            return year_table(self.column(lambda segment: segment.years, np.int32), self.everything)
        return facet_table([segment.facet(name) for segment in self.segments], self.everything)

    def _facet_mask(self, name: str, values: tuple[str, ...]) -> Array:
        """True for documents with at least one of the values."""
        return self.facet(name).mask(values)

    def _date_mask(self, first: int, last: int) -> Array:
        """True for documents whose date may lie between two ordinals, both included."""
        return (self.first_days <= last) & (self.last_days >= max(first, 1))

    def language_mask(self, fits: Callable[[str | None], bool]) -> Array:
        """True for documents whose language code (None: not known) fits."""
        table = self.facet("language")
        values = [table.values[number] for number in range(len(table.values))]
        return np.array([*map(fits, values), fits(None)], np.bool_).take(table.slots[0])
