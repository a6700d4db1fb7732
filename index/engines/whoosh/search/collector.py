"""Collector: query weight → matching documents → facets, top documents, hits."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from backfile.index.deadline import Check, Deadline
from backfile.index.engine import (
    MAX_COPIES,
    MAX_DEPTH,
    MAX_NAMES,
    Facet,
    Filters,
    Hit,
    NameMatch,
    Page,
    Relaxed,
    Request,
    Sort,
)
from backfile.index.engines.whoosh.search.completion import written_form
from backfile.index.engines.whoosh.search.counting.match_counts import count_matches
from backfile.index.engines.whoosh.search.counting.period_counts import count_periods
from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.posting_reader import document_frequency
from backfile.index.engines.whoosh.search.query_weight import QueryWeight, create_weight
from backfile.index.engines.whoosh.search.scoring.max_score import score_best
from backfile.index.engines.whoosh.search.scoring.relaxed_scorer import RelaxedSearch, relax_search
from backfile.index.engines.whoosh.search.scoring.scorer import is_scored
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.stories import Ranked, select_folded
from backfile.index.engines.whoosh.search.term_weight import create_term_weight, find_close_terms
from backfile.index.engines.whoosh.search.top_docs import top_by_field, top_by_score
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.fields import DEFAULT_FIELDS, name_words
from backfile.index.highlight.highlighter import Highlighter
from backfile.index.highlight.hits import add_copies, copy_place, document_hits, highlighted_hits
from backfile.index.query import MatchAll, Node, Word, plain_terms, plain_text, relax, required_words
from backfile.index.ranking.spelling import CORRECTED_BELOW, better_query, nearest_word

_MARKING = 4  # times the deadline within which the hits found in time are marked: late is better than never
_MAX_EDITS = 2
_MOST_LISTED = 200_000  # articles whose numbers of matches are listed


def search(searcher: Searcher, request: Request) -> Page:
    """Answers a request. Raises `QueryRefused` and `DeadlineExceeded` as `Engine.search` promises."""
    started = time.perf_counter()
    request.check_depth()
    check = Deadline(started, request.deadline).check
    root = create_weight(searcher, request.query, check)
    filters = _filter_masks(searcher, request.filters)
    found = _find(searcher, None if isinstance(root.node, MatchAll) else root.mask, filters)
    check()
    complete = len(found.docs)
    if request.relax:
        found = _relax(searcher, request.query, found, check)
    docs = found.docs
    # A facet ignores its own filter, so that it counts what one more choice would add ("drill sideways").
    counted = {name: found.without_filter(searcher, name) if name in filters else docs for name in request.facets}
    facets = tuple(_count_facet(searcher, name, docs, request.facet_limit(name)) for name, docs in counted.items())
    periods = count_periods(searcher, root, docs, request) if request.periods else None
    check()
    stories = searcher.stories.count(docs) if request.fold else None
    top, rank = _Ranking(searcher, root, found, request, check).page(stories)
    marking = Deadline(started, _MARKING * request.deadline).check
    matches = _count_matches(searcher, found, request, marking)
    hits = _hits(searcher, found, request, top, marking)
    if request.fold:
        compared = request.passages > 0
        hits = tuple(
            _with_copies(searcher, each, place[0], compared, marking) for each, place in zip(hits, top, strict=True)
        )
    corrected = complete < CORRECTED_BELOW and not request.filters.ids
    suggestion = _correct(searcher, request, complete, filters, marking) if corrected else None
    took = (time.perf_counter() - started) * 1000
    pages = -(-(len(docs) if stories is None else stories) // request.per_page)
    relaxed = Relaxed(found.relaxed.required, len(found.relaxed.query.words), complete) if found.relaxed else None
    names = tuple(_find_names(searcher, request.query))
    return Page(
        total=len(docs),
        hits=hits,
        facets=facets,
        page=request.page,
        pages=pages,
        took_ms=took,
        suggestion=suggestion,
        names=names,
        relaxed=relaxed,
        rank=rank,
        word_counts=tuple(_count_words(searcher, request, check)) if request.count_words else (),
        periods=periods,
        matches=int(matches.sum()) if matches is not None and request.count_matches else None,
        matches_by_article=_by_article(searcher, docs, matches) if request.list_matches else None,
        stories=stories,
    )


def _count_words(searcher: Searcher, request: Request, check: Check) -> Iterator[tuple[str, int]]:
    for node in dict.fromkeys(plain_terms(request.query)):
        term = create_weight(searcher, node, check).term
        yield node.text, term.doc_frequency if term else 0


def _with_copies(searcher: Searcher, hit: Hit, doc_id: int, compared: bool, check: Check) -> Hit:
    """Hit with the other copies of its story."""
    lead = searcher.stories.lead_of(doc_id)
    if lead is None:
        return hit
    others = [each for each in searcher.stories.story_of(doc_id) if each != doc_id]
    others.sort(key=lambda each: copy_place(searcher.article_id(each), int(searcher.first_days[each]), lead))
    text = searcher.document(doc_id).text if compared else None
    return add_copies(hit, text, map(searcher.document, others[:MAX_COPIES]), len(others), check)


def _hits(
    searcher: Searcher, found: _Found, request: Request, top: Sequence[tuple[int, float]], check: Check
) -> tuple[Hit, ...]:
    """Hits of the documents of a page, highlighted unless the request asks for documents or no highlights."""
    scored = ((searcher.prepared(doc_id), score) for doc_id, score in top)
    if request.documents:
        hits = tuple(document_hits(scored, check))
    else:
        marked = found.marked(request.query)
        languages, siblings = searcher.commit.languages, searcher.sibling_terms
        highlighter = Highlighter(marked, languages, siblings) if request.highlight else None
        hits = tuple(highlighted_hits(scored, marked, highlighter, request.passages, check))
    if not found.relaxed:
        return hits
    missing = found.relaxed.missing([doc_id for doc_id, _ in top])
    return tuple(replace(hit, missing=words) for hit, words in zip(hits, missing, strict=True))


def _count_matches(searcher: Searcher, found: _Found, request: Request, check: Check) -> Array | None:
    """Number of matches of each document of the result, if the request asks for them and postings tell it."""
    if not request.count_matches and not request.list_matches:
        return None
    check()
    return count_matches(searcher, create_weight(searcher, found.marked(request.query), check), found.docs)


def _by_article(searcher: Searcher, docs: DocSet, counts: Array | None) -> tuple[tuple[str, int], ...] | None:
    """Id and number of matches of each document of a set."""
    if counts is None or len(counts) > _MOST_LISTED:
        return None
    return tuple(zip(searcher.article_ids(docs.doc_ids), counts.tolist(), strict=True))


def _find_names(searcher: Searcher, query: Node) -> list[NameMatch]:
    """Authors and topics whose name is the query."""
    words = name_words(plain_text(query))
    found = [
        NameMatch(facet, each.value, each.count)
        for facet in ("author", "topic")
        for each in (searcher.facet_table(facet).named(words) if words else ())
    ]
    return sorted(found, key=lambda each: -each.count)[:MAX_NAMES]


@dataclass(frozen=True, eq=False)
class _Found:
    """Documents that match, before (`mask`; None: all) and after the filters (`docs`); `relaxed`: most words match."""

    mask: Array | None
    filters: dict[str, Array]
    docs: DocSet
    relaxed: RelaxedSearch | None = None

    def without_filter(self, searcher: Searcher, facet: str) -> DocSet:
        """Documents that match and pass all filters but that of one facet."""
        return _match(searcher, self.mask, [mask for name, mask in self.filters.items() if name != facet])

    def marked(self, query: Node) -> Node:
        """Query whose matches are marked."""
        return self.relaxed.marked if self.relaxed else query


def _find(searcher: Searcher, mask: Array | None, filters: dict[str, Array]) -> _Found:
    return _Found(mask, filters, _match(searcher, mask, list(filters.values())))


def _relax(searcher: Searcher, node: Node, strict: _Found, check: Check) -> _Found:
    """Documents with most of the words of a query; `strict` if it is not to be relaxed or no more are found so."""
    query = relax(node, searcher.languages)
    if strict.mask is None or query is None or not query.applies(len(strict.docs)):
        return strict
    search = relax_search(searcher, query, check)
    rest = None if isinstance(query.rest, MatchAll) else search.rest.mask
    others = ~strict.mask if rest is None else rest & ~strict.mask
    most = _most_words(searcher, search, others, strict.filters)
    required = required_words(most, len(query.words), least=0 if query.may_lack_all else 1)
    if required is None:
        return strict
    enough = search.counts >= required
    found = _find(searcher, (enough if rest is None else enough & rest) | strict.mask, strict.filters)
    if len(found.docs) == len(strict.docs):
        return strict
    return replace(found, relaxed=replace(search, required=required))


def _most_words(searcher: Searcher, search: RelaxedSearch, mask: Array | None, filters: dict[str, Array]) -> int:
    """Greatest number of the words that a document of a mask (None: any) has which passes the filters."""
    return int(search.counts.take(_find(searcher, mask, filters).docs.doc_ids).max(initial=0))


def _filter_masks(searcher: Searcher, filters: Filters) -> dict[str, Array]:
    """Masks of the chosen filters by the name of their facet."""
    masks = {}
    if filters.authors:
        masks["author"] = searcher.facet_mask("author", filters.authors)
    if filters.topics:
        masks["topic"] = searcher.facet_mask("topic", filters.topics)
    if filters.first or filters.last:
        masks["year"] = searcher.date_mask(filters.first, filters.last)
    if filters.ids:
        masks["ids"] = searcher.id_mask(filters.ids)
    return masks


def _match(searcher: Searcher, mask: Array | None, filters: list[Array]) -> DocSet:
    """Live documents of a mask (None: all) that pass the filters."""
    masks = filters if mask is None else [*filters, mask]
    if not masks:
        return searcher.all_docs
    if searcher.live_docs is not None:
        masks = [*masks, searcher.live_docs]
    return DocSet.from_mask(reduce(np.logical_and, masks))


def _count_facet(searcher: Searcher, name: str, docs: DocSet, limit: int | None) -> Facet:
    table = searcher.facet_table(name)
    counts = table.count(docs)
    return table.latest(name, counts, limit) if name == "year" else table.largest(name, counts, limit)


@dataclass(frozen=True, eq=False)
class _Ranking:
    """Order of the documents found, as a request wants it."""

    searcher: Searcher
    root: QueryWeight
    found: _Found
    request: Request
    check: Check

    def page(self, stories: int | None) -> tuple[Ranked, int | None]:
        """Documents of the requested page, each with its score (0 if not sorted by score), and `Page.rank`.

        `stories` is the number of stories among the documents found, if the request folds.
        """
        stop = self.request.page * self.request.per_page
        wanted = MAX_DEPTH if self.request.rank_of else stop
        copies = 0 if stories is None else len(self.found.docs) - stories
        top = select_folded(self.searcher.stories, self._first, wanted, copies) if copies else self._first(wanted)
        return top[stop - self.request.per_page : stop], self._rank(top)

    def _first(self, stop: int) -> Ranked:
        """First `stop` documents."""
        searcher, docs = self.searcher, self.found.docs
        if self.request.sort is Sort.RELEVANCE and any(map(is_scored, self.root.term_weights())):
            if self.found.relaxed:
                scored = self.found.relaxed.score_best(docs.doc_ids)
            else:
                scored = score_best(searcher, self.root, docs, stop, self.check)
            self.check()
            return top_by_score(searcher, scored.doc_ids, scored.scores, stop)
        self.check()
        return [(doc_id, 0.0) for doc_id in top_by_field(searcher, docs.doc_ids, self.request.sort, stop).tolist()]

    def _rank(self, top: Ranked) -> int | None:
        """Position of the article asked for, or of another copy of its story if the request folds."""
        wanted = self.searcher.find(self.request.rank_of) if self.request.rank_of else None
        if wanted is None:
            return None
        story = self.searcher.stories.story_of(wanted) if self.request.fold else [wanted]
        return next((rank for rank, (doc_id, _) in enumerate(top, start=1) if doc_id in story), None)


def _correct(
    searcher: Searcher, request: Request, complete: int, filters: dict[str, Array], check: Check
) -> str | None:
    """Spelling correction of a query that all words of `complete` documents match; None if there is no better one."""

    def find_better(term: str) -> str | None:
        if create_term_weight(searcher, Word(term), DEFAULT_FIELDS).doc_frequency:
            return None
        found = nearest_word(
            term, ((word, document_frequency(searcher, word)) for word in _close_terms(searcher, term))
        )
        return written_form(searcher, found) if found else None

    def count(tree: Node) -> int:
        return len(_find(searcher, create_weight(searcher, tree, check).mask, filters).docs)

    def most_words(tree: Node) -> int:
        return _most_words_of(searcher, tree, filters, check)

    return better_query(request.query, find_better, complete, count, most_words if request.relax else None)


def _most_words_of(searcher: Searcher, node: Node, filters: dict[str, Array], check: Check) -> int:
    """Greatest number of words of a query, relaxed, that a document has; 0 if it cannot be relaxed."""
    query = relax(node, searcher.languages)
    if query is None:
        return 0
    search = relax_search(searcher, query, check)
    return _most_words(searcher, search, None if isinstance(query.rest, MatchAll) else search.rest.mask, filters)


def _close_terms(searcher: Searcher, term: str) -> set[str]:
    """Terms within the edit distance."""
    return {
        postings.terms[ordinal]
        for segment in searcher.segments
        for postings in map(segment.field, DEFAULT_FIELDS)
        for ordinal in find_close_terms(postings, term, _MAX_EDITS).tolist()
    }
