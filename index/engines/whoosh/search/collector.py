"""Collector: query weight → matching documents → facets, top documents, hits."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import reduce

import numpy as np

from backfile.index.engine import FACETS, MAX_DEPTH, MAX_NAMES, Facet, Filters, Hit, NameMatch, Page, Request, Sort
from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.max_score import score_best
from backfile.index.engines.whoosh.search.posting_reader import document_frequency
from backfile.index.engines.whoosh.search.query_weight import Check, QueryWeight, create_weight
from backfile.index.engines.whoosh.search.scorer import is_scored
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import create_term_weight, find_close_terms
from backfile.index.engines.whoosh.search.top_docs import top_by_field, top_by_score
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.errors import DeadlineExceeded, QueryRefused
from backfile.index.fields import DEFAULT_FIELDS, name_words
from backfile.index.highlight.highlighter import Highlighter
from backfile.index.highlight.hits import agreed_highlights, build_hit
from backfile.index.query import MatchAll, Node, Word, plain_text
from backfile.index.ranking.spelling import CORRECTED_BELOW, correct_query, nearest_word

_HIGHLIGHTED_AT_ONCE = 10  # hits whose texts are searched together; more at once hardly gain
_MAX_EDITS = 2
_MIN_RATIO = 10  # a correction has so many times the articles of the word it replaces (`spelling.nearest`)


def search(searcher: Searcher, request: Request) -> Page:
    """Answers a request. Raises `QueryRefused` and `DeadlineExceeded` as `Engine.search` promises."""
    started = time.perf_counter()
    if request.page < 1 or request.per_page < 1 or request.page * request.per_page > MAX_DEPTH:
        raise QueryRefused(
            f"page {request.page} of {request.per_page} hits lies outside the first {MAX_DEPTH:,} hits",
            hint="narrow the search by another word, an author, a topic or a date",
        )
    check = deadline(started, request.deadline)
    root = create_weight(searcher, request.query, check)
    filters = _filter_masks(searcher, request.filters)
    docs = _match(searcher, root, filters)
    check()
    # A facet ignores its own filter, so that it counts what one more choice would add ("drill sideways").
    counted = {name: _match(searcher, root, filters, without=name) if name in filters else docs for name in FACETS}
    facets = tuple(_count_facet(searcher, name, docs, request.facet_limit(name)) for name, docs in counted.items())
    check()
    top = _select_page(searcher, root, docs, request, check)
    highlighter = Highlighter(request.query, searcher.commit.languages, searcher.sibling_terms)
    hits = tuple(_load_hits(searcher, top, highlighter, request, check))
    total = len(docs)
    suggestion = _correct(searcher, request.query) if total < CORRECTED_BELOW else None
    took = (time.perf_counter() - started) * 1000
    names = tuple(_find_names(searcher, request.query))
    return Page(total, hits, facets, request.page, -(-total // request.per_page), took, suggestion, names=names)


def _find_names(searcher: Searcher, query: Node) -> list[NameMatch]:
    """Authors and topics whose name is the query."""
    words = name_words(plain_text(query))
    found = [
        NameMatch(facet, each.value, each.count)
        for facet in ("author", "topic")
        for each in (searcher.facet_table(facet).named(words) if words else ())
    ]
    return sorted(found, key=lambda each: -each.count)[:MAX_NAMES]


def deadline(started: float, seconds: float) -> Check:
    """Creates a function to call between steps; it raises `DeadlineExceeded` once the time is up."""

    def check() -> None:
        if time.perf_counter() - started > seconds:
            raise DeadlineExceeded(f"the search was stopped after {seconds:g} seconds", hint="use fewer or rarer words")

    return check


def _filter_masks(searcher: Searcher, filters: Filters) -> dict[str, Array]:
    """Masks of the chosen filters by the name of their facet."""
    masks = {}
    if filters.authors:
        masks["author"] = searcher.facet_mask("author", filters.authors)
    if filters.topics:
        masks["topic"] = searcher.facet_mask("topic", filters.topics)
    if filters.first or filters.last:
        masks["year"] = searcher.date_mask(filters.first, filters.last)
    return masks


def _match(searcher: Searcher, root: QueryWeight, filters: dict[str, Array], without: str = "") -> DocSet:
    """Live documents that match the query and the filters, except the filter of the facet `without`."""
    masks = [mask for name, mask in filters.items() if name != without]
    if not isinstance(root.node, MatchAll):
        masks.append(root.mask)
    if not masks:
        return searcher.all_docs
    if searcher.live_docs is not None:
        masks.append(searcher.live_docs)
    return DocSet.from_mask(reduce(np.logical_and, masks))


def _count_facet(searcher: Searcher, name: str, docs: DocSet, limit: int | None) -> Facet:
    table = searcher.facet_table(name)
    counts = table.count(docs)
    return table.latest(name, counts, limit) if name == "year" else table.largest(name, counts, limit)


def _select_page(
    searcher: Searcher, root: QueryWeight, docs: DocSet, request: Request, check: Check
) -> list[tuple[int, float]]:
    """Documents of the requested page in order, each with its score (0 if not sorted by score)."""
    stop = request.page * request.per_page
    start = stop - request.per_page
    if request.sort is Sort.RELEVANCE and any(map(is_scored, root.term_weights())):
        scored = score_best(searcher, root, docs, stop, check)
        check()
        return top_by_score(searcher, scored.doc_ids, scored.scores, stop)[start:]
    check()
    return [(doc_id, 0.0) for doc_id in top_by_field(searcher, docs.doc_ids, request.sort, stop)[start:].tolist()]


def _load_hits(
    searcher: Searcher, top: Sequence[tuple[int, float]], highlighter: Highlighter, request: Request, check: Check
) -> Iterator[Hit]:
    """Hits of documents and scores, highlighted."""
    for begin in range(0, len(top), _HIGHLIGHTED_AT_ONCE):
        check()
        some = top[begin : begin + _HIGHLIGHTED_AT_ONCE]
        prepared = [searcher.prepared(doc_id) for doc_id, _ in some]
        for each, found, (_, score) in zip(prepared, highlighter.highlight_all(prepared), some, strict=True):
            highlights = agreed_highlights(found, request.query, each.document)
            yield build_hit(each.document, highlights, score=score, limit=request.passages)


def _correct(searcher: Searcher, query: Node) -> str | None:
    """Spelling correction of a query by the terms of the index; None if there is none."""

    def find_better(term: str) -> str | None:
        known = create_term_weight(searcher, Word(term), DEFAULT_FIELDS).doc_frequency
        if known * _MIN_RATIO >= searcher.commit.live_count:
            return None
        close = _find_close_terms(searcher, term, known * _MIN_RATIO)
        counted = ((word, document_frequency(searcher, word)) for word in close)
        return nearest_word(term, known, [(word, count) for word, count in counted if count])

    return correct_query(query, find_better)


def _find_close_terms(searcher: Searcher, term: str, min_count: int) -> list[str]:
    """Terms within the edit distance that more than `min_count` documents may have."""
    bounds: Counter[str] = Counter()
    for segment in searcher.segments:
        for postings in map(segment.field, DEFAULT_FIELDS):
            for ordinal in find_close_terms(postings, term, _MAX_EDITS).tolist():
                bounds[postings.terms[ordinal]] += postings.count(ordinal, ordinal + 1)
    return [word for word, bound in bounds.items() if bound > min_count]
