"""Page search: a request → one search of OpenSearch → hits with marks, facets, suggestion."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

from backfile.index.deadline import Deadline
from backfile.index.engine import MAX_DEPTH, Hit, Page, Relaxed, Request, Sort
from backfile.index.engines.opensearch.document_source import document_id, stored_document
from backfile.index.engines.opensearch.search.cluster_reader import (
    ClusterReader,
    copies_aggregation,
    count_copies,
)
from backfile.index.engines.opensearch.search.facet_aggregations import (
    every_value,
    facet_aggregations,
    inexact_facets,
    period_aggregations,
    read_facets,
    read_names,
    read_periods,
)
from backfile.index.engines.opensearch.search.folded_hits import (
    FOLDING,
    fold_hits,
    story_key,
    story_of,
    with_copies,
)
from backfile.index.engines.opensearch.search.match_queries import Query, all_of, filter_queries
from backfile.index.engines.opensearch.search.relaxed_search import RelaxedQueries, RelaxedWords, relax_words
from backfile.index.engines.opensearch.search.score_queries import scored_terms
from backfile.index.engines.opensearch.search.suggestions import suggest_query
from backfile.index.fields import DEFAULT_FIELDS
from backfile.index.highlight.highlighter import Highlighter
from backfile.index.highlight.hits import document_hits, highlighted_hits
from backfile.index.highlight.token_table import TokenizedDocument
from backfile.index.query import Node, plain_terms
from backfile.index.ranking.spelling import CORRECTED_BELOW

_MARKING = 4  # times the deadline within which the hits found in time are marked: late is better than never
_MOST_CLAUSES = 1_000  # terms of a request; OpenSearch takes 1,024 by default
_LEAVES = frozenset({"term", "terms", "match", "match_phrase", "prefix", "wildcard", "fuzzy", "span_term", "range"})
_BRIEF = 32  # terms of a query from which on its match query is kept brief

_NEWEST = {"first_day": {"order": "desc", "missing": "_last"}}
_BY_ID = {"id": "asc"}
ORDERS: dict[Sort, list[Any]] = {
    Sort.RELEVANCE: [{"_score": "desc"}, _NEWEST, _BY_ID],
    Sort.NEWEST: [_NEWEST, _BY_ID],
    Sort.OLDEST: [{"first_day": {"order": "asc", "missing": "_last"}}, _BY_ID],
    Sort.TITLE: [{"title_order": "asc"}, _NEWEST, _BY_ID],
}
"""Sort criteria; ties are broken by date, newest first, then by id."""


@dataclass(frozen=True)
class _Found:
    """Answer of OpenSearch to a match query with its hits, and what was relaxed for it."""

    match: Query
    answer: Any
    hits: Sequence[Any]
    marked: Node
    words: RelaxedWords | None = None
    rank: int | None = None

    @property
    def total(self) -> int:
        return found_total(self.answer)


def found_total(answer: Any) -> int:
    """Number of documents that a search found, folded or not."""
    return int(answer["hits"]["total"]["value"])


def search_page(reader: ClusterReader, request: Request, started: float) -> Page:
    """Answers a request. Raises `QueryRefused` and `DeadlineExceeded` as `Engine.search` promises."""
    filters = filter_queries(request.filters)
    found = _search(reader, request, filters)
    complete = found.total
    if request.relax and (words := relax_words(reader, request.query, complete, all_of(filters.values()))):
        relaxed = _search_relaxed(reader, request, filters, words)
        found = relaxed if relaxed.total > complete else found
    counted = _exact_counts(reader, request, filters, found)
    facets, names = read_facets(counted, request, reader), read_names(counted, request.query, reader)
    marking = replace(reader, deadline=Deadline(started, _MARKING * request.deadline))
    hits = tuple(_mark(marking, found, request))
    stories = None
    if request.fold:
        stories = found.total - count_copies(found.answer["aggregations"]["copies"])
        check = marking.deadline.check if marking.deadline else lambda: None
        compared = request.passages > 0
        hits = tuple(with_copies(marking, hits, found.hits, compared=compared, check=check))
    suggestion = None
    if complete < CORRECTED_BELOW and not request.filters.ids:
        suggestion = suggest_query(marking, request, complete, all_of(filters.values()))
    return Page(
        total=found.total,
        hits=hits,
        facets=facets,
        page=request.page,
        pages=-(-(found.total if stories is None else stories) // request.per_page),
        took_ms=(time.perf_counter() - started) * 1000,
        suggestion=suggestion,
        names=names,
        relaxed=Relaxed(found.words.required, len(found.words.query.words), complete) if found.words else None,
        rank=found.rank,
        word_counts=_count_words(reader, request.query) if request.count_words else (),
        periods=read_periods(counted, request),
        stories=stories,
    )


def _count_words(reader: ClusterReader, query: Node) -> tuple[tuple[str, int], ...]:
    terms = dict.fromkeys((node, DEFAULT_FIELDS) for node in plain_terms(query))
    counts = reader.frequencies(terms)
    return tuple((term[0].text, counts[term]) for term in terms)


def _search(reader: ClusterReader, request: Request, filters: dict[str, Query]) -> _Found:
    terms = list(scored_terms(request.query))
    matches = replace(reader.matches, brief=len(terms) > _BRIEF)
    match = matches.match(request.query)
    body = _body(request, match, filters)
    if request.sort is Sort.RELEVANCE and terms:
        _add_scores(body, reader, request.query)
    answer = reader.search(body)
    return _Found(match, answer, answer["hits"]["hits"], request.query, rank=_rank(reader, request, body))


def _rank(reader: ClusterReader, request: Request, body: dict[str, Any], first: Sequence[Any] = ()) -> int | None:
    """Position of the article `rank_of` in the order of a search, of which the `first` hits may be known."""
    if not request.rank_of:
        return None
    key_of = story_key if request.fold else itemgetter("_id")
    wanted = story_of(reader, request.rank_of) if request.fold else document_id(request.rank_of)
    asked = {"query": body["query"], "post_filter": body["post_filter"], "sort": body["sort"], "_source": False}
    asked |= FOLDING if request.fold else {}
    hits = list(map(key_of, first))
    if wanted not in hits:
        answer = reader.search({**asked, "from": 0, "size": MAX_DEPTH, "track_total_hits": False})
        hits = list(map(key_of, answer["hits"]["hits"]))
    return hits.index(wanted) + 1 if wanted in hits else None


def _exact_counts(reader: ClusterReader, request: Request, filters: dict[str, Query], found: _Found) -> dict[str, Any]:
    """Aggregations of an answer; facets that several shards may have counted wrongly are asked for once more."""
    counted: dict[str, Any] = found.answer.get("aggregations", {})
    if inexact := inexact_facets(counted, request):
        aggregations = every_value(inexact, request, filters)
        body = {"query": found.match, "size": 0, "track_total_hits": False, "aggs": aggregations}
        return {**counted, **reader.search(body)["aggregations"]}
    return counted


def _body(request: Request, match: Query, filters: dict[str, Query]) -> dict[str, Any]:
    aggregations = facet_aggregations(request, filters)
    if request.fold:
        aggregations["copies"] = copies_aggregation(all_of(filters.values()))
    return {
        "query": {"bool": {"filter": [match]}},
        "post_filter": all_of(filters.values()),
        "aggs": aggregations | period_aggregations(request, filters.values()),
        "track_total_hits": True,
        "sort": ORDERS[request.sort],
        "from": (request.page - 1) * request.per_page,
        "size": request.per_page,
        **(FOLDING if request.fold else {}),
    }


def _add_scores(body: dict[str, Any], reader: ClusterReader, query: Node) -> None:
    """Adds the score to a search, as much of it as OpenSearch has clauses for."""
    scores = reader.scores(scored_terms(query))
    for parts in (scores.score(query), scores.score(query, near=False), []):
        body["query"]["bool"]["should"] = parts
        if clause_count(body["query"]) <= _MOST_CLAUSES:
            return


def clause_count(query: Any) -> int:
    """Number of terms, phrases and patterns of a query, which OpenSearch limits."""
    count, left = 0, [query]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            for key, value in each.items():
                if key in _LEAVES:
                    count += 1
                else:
                    left.append(value)
        elif isinstance(each, list):
            left.extend(each)
    return count


def _search_relaxed(reader: ClusterReader, request: Request, filters: dict[str, Query], words: RelaxedWords) -> _Found:
    queries = RelaxedQueries(reader, words)
    match = queries.match(request.query)
    body = _body(request, match, filters)
    if request.sort is not Sort.RELEVANCE:
        body["query"]["bool"]["should"] = queries.named_words()
        answer = reader.search(body)
        return _Found(match, answer, answer["hits"]["hits"], words.marked, words, _rank(reader, request, body))
    body["query"]["bool"]["should"] = queries.score()
    start, stop = (request.page - 1) * request.per_page, request.page * request.per_page
    # Passages change the order of the first documents, so that stories are folded after that.
    unfolded = {key: value for key, value in body.items() if key != "collapse"}
    answer, hits = queries.search_with_passages(unfolded, stop)
    if request.fold:
        copies = count_copies(answer["aggregations"]["copies"])
        if copies and len(fold_hits(hits)) < stop < found_total(answer):
            answer, hits = queries.search_with_passages(unfolded, min(stop + copies, MAX_DEPTH))
        hits = fold_hits(hits)
    return _Found(match, answer, hits[start:stop], words.marked, words, _rank(reader, request, body, hits))


def _mark(reader: ClusterReader, found: _Found, request: Request) -> Iterator[Hit]:
    """Hits with the matches highlighted; those of a relaxed query with the words that they lack."""
    highlighter = Highlighter(found.marked, reader.statistics.state.languages) if request.highlight else None
    scored = ((TokenizedDocument(stored_document(hit)[0]), (hit.get("_score") or 0.0) + 0.0) for hit in found.hits)
    check = reader.deadline.check if reader.deadline else lambda: None
    if request.documents:
        marked = document_hits(scored, check)
    else:
        marked = highlighted_hits(scored, found.marked, highlighter, request.passages, check)
    for hit, raw in zip(marked, found.hits, strict=True):
        yield replace(hit, missing=found.words.missing(raw.get("matched_queries", ()))) if found.words else hit
