"""Cluster reader: requests of one call to the newest commit, with the commit's statistics.

Statistics are read once and kept with the commit's generation. Document frequencies count live documents over all
shards, which those of OpenSearch do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from backfile.index.deadline import Deadline
from backfile.index.engines.opensearch.cluster_index import ClusterIndex
from backfile.index.engines.opensearch.document_source import SEPARATOR
from backfile.index.engines.opensearch.index_mapping import IndexState, length_field
from backfile.index.engines.opensearch.search.match_queries import NOTHING, MatchQueries, Query
from backfile.index.engines.opensearch.search.score_queries import ScoredTerm, ScoreQueries
from backfile.index.fields import DEFAULT_FIELDS, spelling_rank
from backfile.index.query import document_languages

_MOST_LANGUAGES = 1_000
_MOST_SPELLINGS = 50  # and other names of the same documents; the most frequent spelling is among the first
_AT_ONCE = 100  # filters of one request
_MOST_KEPT = 20_000

FacetKey = tuple[str, str]
"""Name of a facet, and the key of one of its values."""
Spelling = tuple[str, int]
"""Spelling of a name that most documents have, and the number of documents with any spelling."""


@dataclass(frozen=True)
class IndexStatistics:
    """Statistics of one commit; document frequencies and spellings are filled in when they are first asked for.

    `language_counts`: number of documents by the language code that they name, "" for none. `copies`: number of
    documents beyond the first of each story.
    """

    state: IndexState
    documents: int
    averages: Mapping[str, float]
    language_counts: Mapping[str, int]
    copies: int = 0
    frequencies: dict[ScoredTerm, int] = field(default_factory=dict)
    spellings: dict[FacetKey, Spelling] = field(default_factory=dict)


@dataclass(frozen=True)
class ClusterReader:
    """Requests of one call of the engine; without a deadline they may take as long as they need."""

    index: ClusterIndex
    statistics: IndexStatistics
    deadline: Deadline | None = None

    @cached_property
    def matches(self) -> MatchQueries:
        """Builder of match queries."""
        return MatchQueries(self.statistics.state.languages, tuple(sorted(self.statistics.language_counts)))

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of the documents, the main one first."""
        codes = (code or None for code in self.statistics.language_counts)
        return document_languages(codes, self.statistics.state.languages)

    def search(self, body: dict[str, Any]) -> Any:
        """Answer of a search; raises `DeadlineExceeded`."""
        return self.index.search(body, self.deadline)

    def count(self, query: Query) -> int:
        """Number of documents that match."""
        return int(self.search({"query": query, "size": 0, "track_total_hits": True})["hits"]["total"]["value"])

    def count_each(self, queries: list[Query]) -> list[int]:
        """Number of documents that each of some queries matches."""
        counts: list[int] = []
        for start in range(0, len(queries), _AT_ONCE):
            some = queries[start : start + _AT_ONCE]
            filters = {str(number): query for number, query in enumerate(some) if query != NOTHING}
            counts += self._filtered_counts(filters, len(some))
        return counts

    def _filtered_counts(self, filters: dict[str, Query], size: int) -> list[int]:
        if not filters:
            return [0] * size
        each = {"each": {"filters": {"filters": filters}}}
        answer = self.search({"size": 0, "track_total_hits": False, "aggs": each})
        buckets = answer["aggregations"]["each"]["buckets"]
        return [buckets[str(number)]["doc_count"] if str(number) in filters else 0 for number in range(size)]

    def frequencies(self, terms: Iterable[ScoredTerm]) -> dict[ScoredTerm, int]:
        """Number of documents that each term matches in its fields."""
        kept, wanted = self.statistics.frequencies, dict.fromkeys(terms)
        known = {term: kept[term] for term in wanted if term in kept}
        unknown = [term for term in wanted if term not in known]
        counts = self.count_each([self.matches.match(*term) for term in unknown])
        found = dict(zip(unknown, counts, strict=True))
        if len(kept) > _MOST_KEPT:
            kept.clear()
        kept.update(found)
        return known | found

    def scores(self, terms: Iterable[ScoredTerm]) -> ScoreQueries:
        """Builder of score queries for some terms."""
        statistics = self.statistics
        return ScoreQueries(self.matches, statistics.documents, statistics.averages, self.frequencies(terms))

    def spellings(self, names: Iterable[FacetKey]) -> dict[FacetKey, Spelling]:
        """Spellings of names by the facet and the key of each."""
        kept, wanted = self.statistics.spellings, dict.fromkeys(names)
        known = {name: kept[name] for name in wanted if name in kept}
        unknown = [name for name in wanted if name not in known]
        for start in range(0, len(unknown), _AT_ONCE):
            known |= self._read_spellings(unknown[start : start + _AT_ONCE])
        if len(kept) > _MOST_KEPT:
            kept.clear()
        kept.update(known)
        return known

    def _read_spellings(self, names: list[FacetKey]) -> dict[FacetKey, Spelling]:
        each = {
            str(number): {
                "filter": {"term": {f"{facet}_key": key}},
                "aggs": {"spellings": {"terms": {"field": f"{facet}_spelling", "size": _MOST_SPELLINGS}}},
            }
            for number, (facet, key) in enumerate(names)
        }
        found = self.search({"size": 0, "track_total_hits": False, "aggs": each})["aggregations"]
        return {
            (facet, key): (name, found[str(number)]["doc_count"])
            for number, (facet, key) in enumerate(names)
            if (name := _most_frequent_spelling(key, found[str(number)]["spellings"]["buckets"])) is not None
        }


def _most_frequent_spelling(key: str, buckets: Any) -> str | None:
    """Most frequent spelling of a name, among those of all names of its documents; None without any."""
    split = [(bucket["doc_count"], *bucket["key"].partition(SEPARATOR)) for bucket in buckets]
    own = [(-count, spelling_rank(name)) for count, its_key, _, name in split if its_key == key]
    return min(own)[1][1] if own else None


def copies_aggregation(query: Query) -> dict[str, Any]:
    """Aggregation of the documents of a query that are copies, and of their stories; exact up to 40,000 stories."""
    stories = {"cardinality": {"field": "story", "precision_threshold": 40_000}}
    members = {"bool": {"filter": [query, {"exists": {"field": "lead"}}]}}
    return {"filter": members, "aggs": {"stories": stories}}


def count_copies(found: Any) -> int:
    """Number of documents beyond the first of each story, of the answer to `copies_aggregation`."""
    return int(found["doc_count"] - found["stories"]["value"])


def read_statistics(index: ClusterIndex, state: IndexState, deadline: Deadline | None) -> IndexStatistics:
    """Reads the statistics of the newest commit."""
    aggregations: dict[str, Any] = {"language": {"terms": {"field": "language", "size": _MOST_LANGUAGES}}}
    aggregations["copies"] = copies_aggregation({"match_all": {}})
    for name in DEFAULT_FIELDS:
        length = length_field(name)
        mean = {"mean": {"avg": {"field": length}}}
        aggregations[name] = {"filter": {"range": {length: {"gt": 0}}}, "aggs": mean}
    answer = index.search({"size": 0, "track_total_hits": True, "aggs": aggregations}, deadline)
    found = answer["aggregations"]
    return IndexStatistics(
        state=state,
        documents=int(answer["hits"]["total"]["value"]),
        averages={name: found[name]["mean"]["value"] or 0.0 for name in DEFAULT_FIELDS},
        copies=count_copies(found["copies"]),
        language_counts={bucket["key"]: bucket["doc_count"] for bucket in found["language"]["buckets"]},
    )
