"""Searcher over all segments of one commit: global doc ids, concatenated columns, per-commit caches.

A global doc id is the document's number in its segment plus the segment's base (Lucene's `docBase`), so that an
operation is one numpy call and not one per segment.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date as Day
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np

from backfile.index.analysis.stemming import stemming_languages
from backfile.index.caching import Cache, bounded_cache
from backfile.index.engine import Document
from backfile.index.engines.whoosh.search.doc_set import BISECTION_RATIO, DocSet
from backfile.index.engines.whoosh.search.facets import (
    FacetTable,
    PeriodTable,
    facet_table,
    period_table,
    year_table,
)
from backfile.index.engines.whoosh.search.stories import StoryTable
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.engines.whoosh.storage.commit import Commit
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings
from backfile.index.engines.whoosh.storage.segment import Segment
from backfile.index.fields import CONTENT_FIELDS, facet_key
from backfile.index.highlight.token_table import TokenizedDocument
from backfile.index.periods import Period, PeriodCounts
from backfile.index.query import document_languages, language_of
from backfile.index.ranking.bm25f import weighted_frequency

_CACHED_TERMS = 8192
_CACHED_MASKS = 64  # of one byte a document each
_CACHED_WEIGHTS = 256 << 20  # bytes of term weights: a reader who refines a search or turns a page repeats its terms


class Searcher:
    """Columns and caches of one commit, each computed at first use. Safe for several threads.

    The caches do not refer to the searcher: a searcher that is no longer used is freed at once.
    """

    def __init__(self, commit: Commit) -> None:
        self.commit = commit
        self.segments = [segment for segment in commit.segments if segment.size]
        self.size = sum(segment.size for segment in self.segments)
        self.term_weights: Cache[Any] = bounded_cache(_CACHED_WEIGHTS, lambda weight: weight.nbytes)
        self._filters: Cache[Array] = bounded_cache(_CACHED_MASKS)
        self._norms: dict[str, Array] = {}
        self._facet_tables: dict[str, FacetTable] = {}
        self._period_tables: dict[Period, PeriodTable] = {}
        self.archive_periods: dict[tuple[Period | None, bool], PeriodCounts] = {}
        self.term_ordinal = lru_cache(_CACHED_TERMS)(FieldPostings.find)
        self.stem_siblings = lru_cache(_CACHED_TERMS)(_stem_siblings)
        self.written_forms: Cache[str] = bounded_cache(_CACHED_TERMS)
        self.sibling_terms = lru_cache(_CACHED_TERMS)(partial(_sibling_terms, self.segments, self.stem_siblings))

    def column(self, read: Callable[[Segment], Array], dtype: type[np.generic]) -> Array:
        """Concatenates the columns that `read` returns for each segment."""
        parts = [read(segment) for segment in self.segments]
        if len(parts) == 1:
            return parts[0].astype(dtype, copy=False)
        return np.concatenate([np.empty(0, dtype), *parts], dtype=dtype, casting="unsafe")

    @cached_property
    def live_docs(self) -> Array | None:
        """True for documents that are not deleted (bool[size]); None when there are no deletions."""
        if all(segment.live_docs is None for segment in self.segments):
            return None
        return self.column(lambda s: np.ones(s.size, np.bool_) if s.live_docs is None else s.live_docs, np.bool_)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """Languages of the live documents, the main one first."""
        counts = self.commit.language_counts
        undeclared = self.commit.live_count - sum(counts.values())
        return document_languages((*counts, *([None] if undeclared > 0 else [])), self.commit.languages)

    def language_of(self, code: str | None) -> str:
        """Language of a document by its code; None: the main language."""
        return language_of(code, self.commit.languages)

    @cached_property
    def all_docs(self) -> DocSet:
        """All live documents."""
        return DocSet.from_mask(np.ones(self.size, np.bool_) if self.live_docs is None else self.live_docs)

    @cached_property
    def first_days(self) -> Array:
        """First day of every document's date as an ordinal (int32[size]); 0 for undated documents."""
        return self.column(lambda segment: segment.first_day, np.int32)

    @cached_property
    def last_days(self) -> Array:
        """Last day of every document's date as an ordinal (int32[size]); 0 for undated documents."""
        return self.column(lambda segment: segment.last_day, np.int32)

    @cached_property
    def newest_first(self) -> Array:
        """Sort values that put the newest document first and undated ones last (int32[size])."""
        return -self.first_days

    @cached_property
    def stories(self) -> StoryTable:
        """Stories of which there are several copies."""
        return StoryTable(self.segments, self.live_docs, self.size)

    def document(self, doc_id: int) -> Document:
        """Stored document."""
        return self.prepared(doc_id).document

    def prepared(self, doc_id: int) -> TokenizedDocument:
        """Stored document, prepared for highlighting."""
        segment, number = self.commit.locate(doc_id)
        return segment.prepared(number)

    def article_ids(self, doc_ids: Array) -> list[str]:
        """Ids of the articles with ascending doc ids."""
        found: list[str] = []
        for segment in self.segments:
            low, high = doc_ids.searchsorted((segment.base, segment.base + segment.size))
            numbers = segment.id_order.take(doc_ids[low:high] - segment.base).tolist()
            names = segment.ids.texts() if len(numbers) * BISECTION_RATIO > segment.size else segment.ids
            found += [names[number] for number in numbers]
        return found

    def norms(self, field: str) -> Array:
        """BM25F contribution of a single occurrence in a scored field, for every document (float64[size])."""
        if field not in self._norms:
            lengths = self.column(lambda segment: segment.lengths(field), np.float64)
            norms = weighted_frequency(np.ones(self.size), lengths, self.commit.average_length(field), field)
            self._norms[field] = np.broadcast_to(norms, lengths.shape)
        return self._norms[field]

    def facet_table(self, name: str) -> FacetTable:
        """Facet table of author, topic, language or year."""
        if name not in self._facet_tables:
            if name == "year":
                table = year_table(self.column(lambda segment: segment.years, np.int32), self.all_docs)
            else:
                columns = [segment.facet(name) for segment in self.segments]
                table = facet_table(columns, self.all_docs, partial(facet_key, name))
            self._facet_tables[name] = table
        return self._facet_tables[name]

    def period_table(self, period: Period) -> PeriodTable:
        """Table of the months, years or decades of all documents."""
        if period not in self._period_tables:
            self._period_tables[period] = period_table(self.first_days, self.last_days, period)
        return self._period_tables[period]

    @cached_property
    def content_lengths(self) -> Array:
        """Length of title, summary and text of every document, in positions (int64[size])."""
        lengths = np.zeros(self.size, np.int64)
        for field in CONTENT_FIELDS:
            lengths += self.column(partial(Segment.lengths, name=field), np.int64)
        return lengths

    def facet_mask(self, name: str, values: tuple[str, ...]) -> Array:
        """True for documents with at least one of the facet values (bool[size])."""
        return self._filters((name, values), lambda: self.facet_table(name).mask(values))

    def date_mask(self, first: Day | None, last: Day | None) -> Array:
        """True for documents whose date may lie between two days, both included; None: no limit (bool[size])."""
        start = first.toordinal() if first else 1
        stop = last.toordinal() if last else int(np.iinfo(np.int32).max)
        return self._filters((start, stop), lambda: (self.first_days <= stop) & (self.last_days >= start))

    def find(self, article_id: str) -> int | None:
        """Global doc id of the live document with an id; None if there is none."""
        found = self.commit.find(article_id)
        return None if found is None else found[0].base + found[1]

    def article_id(self, doc_id: int) -> str:
        """Id of a document."""
        segment, number = self.commit.locate(doc_id)
        return segment.ids[int(segment.id_order[number])]

    def id_mask(self, article_ids: tuple[str, ...]) -> Array:
        """True for the live documents with some ids (bool[size])."""
        found = [each for each in map(self.find, article_ids) if each is not None]
        return DocSet(np.array(found, np.intp), self.size).mask

    def language_mask(self, accepts: Callable[[str | None], bool]) -> Array:
        """True for documents whose language code (None: unknown) is accepted (bool[size])."""
        table = self.facet_table("language")
        return np.array([*map(accepts, table.values), accepts(None)], np.bool_).take(table.slots[0])

    @cached_property
    def stem_groups(self) -> tuple[tuple[str, ...], ...]:
        """Distinct choices of languages by which the documents are stemmed, in a fixed order."""
        slots = self.facet_table("language").slots[0] if self.size else np.empty(0, np.int32)
        known = [*self.facet_table("language").values, None] if self.size else []
        codes = [known[slot] for slot in np.unique(slots).tolist()]
        return tuple(sorted({stemming_languages(code, self.commit.languages) for code in codes}))

    def stem_group_mask(self, groups: tuple[int, ...]) -> Array | None:
        """True for documents that are stemmed as one of `stem_groups` says, by their numbers; None: all are."""
        if len(groups) == len(self.stem_groups):
            return None
        chosen = {self.stem_groups[number] for number in groups}
        languages = self.commit.languages
        mask: Array = self._filters(
            groups, lambda: self.language_mask(lambda code: stemming_languages(code, languages) in chosen)
        )
        return mask

    def grouped_siblings(self, postings: FieldPostings, terms: tuple[str, ...]) -> dict[tuple[int, ...], list[int]]:
        """Ordinals, ascending, of the stem siblings of `terms` by the numbers of their groups."""
        numbers: defaultdict[int, list[int]] = defaultdict(list)
        for number, languages in enumerate(self.stem_groups):
            for ordinal in self.stem_siblings(languages, postings, terms):
                numbers[ordinal].append(number)
        grouped: defaultdict[tuple[int, ...], list[int]] = defaultdict(list)
        for ordinal in sorted(numbers):
            grouped[tuple(numbers[ordinal])].append(ordinal)
        return grouped


def _stem_siblings(languages: tuple[str, ...], postings: FieldPostings, terms: tuple[str, ...]) -> list[int]:
    """Ordinals, ascending, of the terms that share a stem with one of `terms`, without `terms` themselves."""
    siblings = {ordinal for term in terms for ordinal in postings.stem_siblings(term, languages).tolist()}
    return sorted(siblings.difference(map(postings.find, terms)))


def _sibling_terms(
    segments: Sequence[Segment],
    stem_siblings: Callable[[tuple[str, ...], FieldPostings, tuple[str, ...]], list[int]],
    term: str,
    fields: tuple[str, ...],
    languages: tuple[str, ...],
) -> frozenset[str]:
    """Terms of the fields that share a stem in one of the languages with `term`, without `term` itself."""
    postings = [segment.field(field) for segment in segments for field in fields]
    return frozenset(own.terms[ordinal] for own in postings for ordinal in stem_siblings(languages, own, (term,)))
