"""Facets and periods as aggregations: exact counts; those of a facet ignore its own filter."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from backfile.index.engine import MAX_NAMES, Facet, FacetValue, NameMatch, Request
from backfile.index.engines.opensearch.document_source import SEPARATOR, keyword_part
from backfile.index.engines.opensearch.search.cluster_reader import ClusterReader
from backfile.index.engines.opensearch.search.match_queries import Query, all_of
from backfile.index.fields import name_words
from backfile.index.periods import MONTHS, Period, PeriodCounts
from backfile.index.query import Node, plain_text

_FIELDS = {"author": "author_key", "topic": "topic_key", "year": "year"}
_NAMES = ("author", "topic")  # facets whose values are names
_MOST_YEARS = 10_000
_MOST_VALUES = 60_000  # buckets of an answer are limited to 65,536 by default
_MOST_PERIODS = 65_000
_TIES = 50  # values beyond those wanted, among which those with equal counts are put in order
_NAMED = 50
_SENT = 20  # times the values wanted that each shard sends at first
_EXACT = 40_000  # distinct values up to which the count of them is exact
_ONE_MONTH = 31  # days: a longer date is that of a year
# Twice the number of the month of the first day (`Period.number`), and 1 more for the date of a whole year.
_MONTH = (
    "long first = doc['first_day'].value; LocalDate day = LocalDate.ofEpochDay(first - 719163L);"
    " return 2 * (day.getYear() * 12 + day.getMonthValue() - 1)"
    " + (doc['last_day'].value - first > params.month ? 1 : 0);"
)


def facet_aggregations(request: Request, filters: Mapping[str, Query]) -> dict[str, Any]:
    """Aggregations of the facets of a request, and of the names that are its query."""
    found = {name: _aggregation(name, request.facet_limit(name), filters) for name in request.facets}
    return {**found, **_names_aggregations(request.query)}


def _aggregation(name: str, limit: int | None, filters: Mapping[str, Query], *, every: bool = False) -> dict[str, Any]:
    """Aggregation of a facet; with `every`, shards send all values that they have."""
    field = _FIELDS[name]
    if name == "year":
        values = {"terms": {"field": field, "size": _MOST_YEARS}}
    else:
        size = min(limit + _TIES, _MOST_VALUES) if limit is not None else _MOST_VALUES
        sent = _MOST_VALUES if every else min(_SENT * size, _MOST_VALUES)
        values = {"terms": {"field": field, "size": size, "shard_size": sent, "show_term_doc_count_error": True}}
    others = all_of(query for facet, query in filters.items() if facet != name)
    distinct = {"cardinality": {"field": field, "precision_threshold": _EXACT}}
    return {"filter": others, "aggs": {"values": values, "distinct": distinct}}


def _names_aggregations(query: Node) -> dict[str, Any]:
    words = _words(query)
    if not words:
        return {}
    aggregations = {}
    for facet in _NAMES:
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
    names = [name for name in _NAMES if name in request.facets]
    shown = {name: _first_buckets(found[name]["values"]["buckets"], request.facet_size) for name in names}
    spellings = reader.spellings((name, bucket["key"]) for name in names for bucket in shown[name])
    facets = {}
    if "year" in request.facets:
        facets["year"] = _read_years(found["year"]["values"]["buckets"], request.facet_limit("year"))
    for name in names:
        values = [FacetValue(spellings[name, bucket["key"]][0], bucket["doc_count"]) for bucket in shown[name]]
        values.sort(key=lambda each: (-each.count, each.value))
        facets[name] = Facet(name, tuple(values[: request.facet_size]), int(found[name]["distinct"]["value"]))
    return tuple(facets[name] for name in request.facets)


def _first_buckets(buckets: list[Any], limit: int | None) -> list[Any]:
    """Buckets with the largest counts, with all that have as much as the last of them."""
    if limit is None or len(buckets) <= limit:
        return buckets
    least = buckets[limit - 1]["doc_count"] if limit else math.inf
    return [bucket for bucket in buckets if bucket["doc_count"] >= least]


def inexact_facets(found: Any, request: Request) -> list[str]:
    """Facets of an answer with counts that may be too small, because a shard did not send a value that it has."""
    return [name for name in _NAMES if name in found and not _is_exact(found[name]["values"], request.facet_size)]


def _is_exact(values: Any, limit: int | None) -> bool:
    buckets = values["buckets"]
    shown = buckets if limit is None else buckets[:limit]
    if any(bucket["doc_count_error_upper_bound"] for bucket in shown):
        return False
    # A value that no shard sent has at most so many articles.
    missed = values["doc_count_error_upper_bound"]
    return not missed or (bool(shown) and missed < shown[-1]["doc_count"])


def every_value(names: list[str], request: Request, filters: Mapping[str, Query]) -> dict[str, Any]:
    """Aggregations of some facets for which shards send all values; slower, and exact."""
    return {name: _aggregation(name, request.facet_limit(name), filters, every=True) for name in names}


def _read_years(buckets: list[Any], limit: int | None) -> Facet:
    years = sorted(((bucket["key"], bucket["doc_count"]) for bucket in buckets), reverse=True)
    return Facet("year", tuple(FacetValue(str(year), count) for year, count in years[:limit]), len(years))


def read_names(found: Any, query: Node, reader: ClusterReader) -> tuple[NameMatch, ...]:
    """Authors and topics whose name is the query, of the aggregations of an answer."""
    names = []
    words = _words(query)
    for facet in _NAMES:
        buckets = found[f"{facet}_names"]["named"]["values"]["buckets"] if f"{facet}_names" in found else []
        split = [bucket["key"].partition(SEPARATOR) for bucket in buckets]
        spellings = reader.spellings((facet, key) for own, _, key in split if own == words)
        names += [NameMatch(facet, name, count) for name, count in sorted(spellings.values())]
    return tuple(sorted(names, key=lambda each: -each.count)[:MAX_NAMES])


def period_aggregations(request: Request, filters: Iterable[Query]) -> dict[str, Any]:
    """Aggregations of the periods of a request; none if it names none.

    Occurrences are not counted: OpenSearch tells frequencies one document at a time only.
    """
    if request.periods is None:
        return {}
    values: dict[str, Any] = {"field": "year"}
    dated = {"exists": {"field": "year"}}
    if request.periods is Period.MONTH:
        values = {"script": {"source": _MONTH, "params": {"month": _ONE_MONTH}}, "value_type": "long"}
    by_period = {"filter": dated, "aggs": {"values": {"terms": {**values, "size": _MOST_PERIODS}}}}
    undated = {"missing": {"field": "year"}}
    return {"periods": {"filter": all_of(filters), "aggs": {"dated": by_period, "undated": undated}}}


def read_periods(found: Any, request: Request) -> PeriodCounts | None:
    """Counts by period of the aggregations of an answer."""
    period = request.periods
    if period is None:
        return None
    counts: Counter[int] = Counter()
    vague = 0
    for bucket in found["periods"]["dated"]["values"]["buckets"]:
        key, count = int(bucket["key"]), bucket["doc_count"]
        if period is not Period.MONTH:
            counts[key if period is Period.YEAR else key // 10] += count
            continue
        is_year = key % 2
        vague += count if is_year else 0
        for number in range(key // 2, key // 2 + (MONTHS if is_year else 1)):
            counts[number] += count
    bounds = period.bounds(request.filters.first, request.filters.last)
    articles = {number: count for number, count in counts.items() if number in bounds}
    return PeriodCounts(period, articles, found["periods"]["undated"]["doc_count"], vague)
