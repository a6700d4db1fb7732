"""Facets as aggregations: exact counts, the facet's own filter ignored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from backfile.index.engine import FACETS, MAX_NAMES, Facet, FacetValue, NameMatch, Request
from backfile.index.engines.opensearch.document_source import SEPARATOR, keyword_part
from backfile.index.engines.opensearch.search.cluster_reader import ClusterReader
from backfile.index.engines.opensearch.search.match_queries import Query, all_of
from backfile.index.fields import name_words
from backfile.index.query import Node, plain_text

_FIELDS = {"author": "author_key", "topic": "topic_key", "year": "year"}
_MOST_YEARS = 10_000
_MOST_VALUES = 60_000  # buckets of an answer are limited to 65,536 by default
_TIES = 50  # values beyond those wanted, among which those with equal counts are put in order
_NAMED = 50
_EXACT = 40_000  # distinct values up to which the count of them is exact


def facet_aggregations(request: Request, filters: Mapping[str, Query]) -> dict[str, Any]:
    """Aggregations of the facets of a request, and of the names that are its query."""
    found = {name: _aggregation(name, request.facet_limit(name), filters) for name in FACETS}
    return {**found, **_names_aggregations(request.query)}


def _aggregation(name: str, limit: int | None, filters: Mapping[str, Query]) -> dict[str, Any]:
    field = _FIELDS[name]
    if name == "year":
        values = {"terms": {"field": field, "size": _MOST_YEARS}}
    else:
        size = min(limit + _TIES, _MOST_VALUES) if limit is not None else _MOST_VALUES
        # The counts of several shards are added up exactly if each sends all values that may be among the first.
        values = {"terms": {"field": field, "size": size, "shard_size": min(20 * size, _MOST_VALUES)}}
    others = all_of(query for facet, query in filters.items() if facet != name)
    distinct = {"cardinality": {"field": field, "precision_threshold": _EXACT}}
    return {"filter": others, "aggs": {"values": values, "distinct": distinct}}


def _names_aggregations(query: Node) -> dict[str, Any]:
    words = _words(query)
    if not words:
        return {}
    aggregations = {}
    for facet in ("author", "topic"):
        field = f"{facet}_name"
        values = {"terms": {"field": field, "size": _NAMED}}
        within = {"filter": {"prefix": {field: words + SEPARATOR}}, "aggs": {"values": values}}
        aggregations[f"{facet}_names"] = {"global": {}, "aggs": {"named": within}}
    return aggregations


def _words(query: Node) -> str:
    """Words of a query that may be a name, as the keywords of names have them; empty for other queries."""
    return keyword_part(name_words(plain_text(query)))


def read_facets(found: Any, request: Request, reader: ClusterReader) -> tuple[Facet, ...]:
    """Facets of the aggregations of an answer."""
    return tuple(_read_facet(name, found[name], request.facet_limit(name), reader) for name in FACETS)


def _read_facet(name: str, found: Any, limit: int | None, reader: ClusterReader) -> Facet:
    buckets = found["values"]["buckets"]
    if name == "year":
        years = sorted(((bucket["key"], bucket["doc_count"]) for bucket in buckets), reverse=True)
        return Facet(name, tuple(FacetValue(str(year), count) for year, count in years[:limit]), len(years))
    if limit is not None and len(buckets) > limit:
        least = buckets[limit - 1]["doc_count"] if limit else math.inf
        buckets = [bucket for bucket in buckets if bucket["doc_count"] >= least]
    spellings = reader.spellings(name, [bucket["key"] for bucket in buckets])
    values = [FacetValue(spellings[bucket["key"]][0], bucket["doc_count"]) for bucket in buckets]
    values.sort(key=lambda each: (-each.count, each.value))
    return Facet(name, tuple(values[:limit]), int(found["distinct"]["value"]))


def read_names(found: Any, query: Node, reader: ClusterReader) -> tuple[NameMatch, ...]:
    """Authors and topics whose name is the query, of the aggregations of an answer."""
    names = []
    words = _words(query)
    for facet in ("author", "topic"):
        buckets = found[f"{facet}_names"]["named"]["values"]["buckets"] if f"{facet}_names" in found else []
        split = [bucket["key"].partition(SEPARATOR) for bucket in buckets]
        spellings = reader.spellings(facet, [key for own, _, key in split if own == words])
        names += [NameMatch(facet, name, count) for name, count in sorted(spellings.values())]
    return tuple(sorted(names, key=lambda each: -each.count)[:MAX_NAMES])
