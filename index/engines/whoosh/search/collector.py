"""How a request is carried out: branches → documents → facets, order, hits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from backfile.index.engine import FACETS, MAX_DEPTH, Facet, Filters, Page, Request, Sort
from backfile.index.engines.whoosh.search.did_you_mean import correction
from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.hit_loader import present
from backfile.index.engines.whoosh.search.query_weight import Compiler, QueryWeight
from backfile.index.engines.whoosh.search.scorer import Scorer, is_scored
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.top_docs import ColumnKey, ScoreKey, SortKey, StringKey, first_documents
from backfile.index.errors import DeadlineExceeded, QueryRefused
from backfile.index.highlight.highlighter import Highlighter
from backfile.index.query import MatchAll
from backfile.index.ranking.spelling import CORRECTED_BELOW

Array = npt.NDArray[Any]
Check = Callable[[], None]


def search(searcher: Searcher, request: Request) -> Page:
    """Answers a request from a view; raises `QueryRefused` and `DeadlineExceeded` as `Engine.search` says."""
    started = time.perf_counter()
    stop = request.page * request.per_page
    if request.page < 1 or request.per_page < 1 or stop > MAX_DEPTH:
        raise QueryRefused(
            f"page {request.page} of {request.per_page} hits lies outside the first {MAX_DEPTH:,} hits",
            hint="narrow the search by another word, an author, a topic or a date",
        )
    check = deadline(started, request.deadline)
    root = Compiler(searcher, check).branch(request.query)
    found = _Found(searcher, root, request.filters)
    check()
    facets = tuple(found.facet(name, request.facet_limit(name)) for name in FACETS)
    check()
    shown = _ordered(searcher, root, found.selection, request, check)
    highlighter = Highlighter(request.query, searcher.commit.languages, searcher.family)
    hits = tuple(present(searcher, shown, highlighter, request.passages, check))
    total = len(found.selection)
    suggestion = correction(searcher, request.query) if total < CORRECTED_BELOW else None
    took = (time.perf_counter() - started) * 1000
    return Page(total, hits, facets, request.page, -(-total // request.per_page), took, suggestion)


def by_newest(searcher: Searcher, documents: Array, wanted: int) -> Array:
    """The newest `wanted` of the documents (ascending), in order."""
    return first_documents(documents, [_newest(searcher), _ids(searcher)], wanted)


def by_score(searcher: Searcher, documents: Array, scores: Array, wanted: int) -> list[tuple[int, float]]:
    """The best `wanted` of the documents (ascending), in order, each with its score."""
    score = ScoreKey(documents, -scores)
    chosen = first_documents(documents, [score, _newest(searcher), _ids(searcher)], wanted)
    return list(zip(chosen.tolist(), (0.0 - score.keys(chosen, len(chosen))).tolist(), strict=True))


def deadline(started: float, seconds: float) -> Check:
    """A function to call between steps; raises `DeadlineExceeded` once the time is up."""

    def check() -> None:
        if time.perf_counter() - started > seconds:
            raise DeadlineExceeded(
                f"the search was stopped after {seconds:g} seconds", hint="use fewer or more telling words"
            )

    return check


@dataclass
class _Found:
    """The documents that query and filters find; for each facet also those that its own filters leave out."""

    searcher: Searcher
    root: QueryWeight
    filters: Filters

    def __post_init__(self) -> None:
        self._masks = self._filter_masks()
        self.selection = self._selection(self._masks.values())

    def _filter_masks(self) -> dict[str, Array]:
        masks = {}
        chosen = self.filters
        if chosen.authors:
            masks["author"] = self.searcher.facet_mask("author", chosen.authors)
        if chosen.topics:
            masks["topic"] = self.searcher.facet_mask("topic", chosen.topics)
        if chosen.first or chosen.last:
            first = chosen.first.toordinal() if chosen.first else 1
            last = chosen.last.toordinal() if chosen.last else int(np.iinfo(np.int32).max)
            masks["year"] = self.searcher.date_mask(first, last)
        return masks

    def _selection(self, filters: Iterable[Array]) -> DocSet:
        masks = list(filters)
        if not isinstance(self.root.node, MatchAll):
            masks.append(self.root.mask)
        if not masks:
            return self.searcher.everything
        if self.searcher.live is not None:
            masks.append(self.searcher.live)
        return DocSet.of(reduce(np.logical_and, masks))

    def facet(self, name: str, size: int | None) -> Facet:
        """The facet's counts, its own filter ignored."""
        table = self.searcher.facet(name)
        selection = self.selection
        if name in self._masks:
            selection = self._selection([mask for other, mask in self._masks.items() if other != name])
        counts = table.counts(selection)
        return table.latest(name, counts, size) if name == "year" else table.largest(name, counts, size)


def _ordered(
    searcher: Searcher, root: QueryWeight, found: DocSet, request: Request, check: Check
) -> list[tuple[int, float]]:
    """The documents of the page batch for, in order, each with its score (0 when the order is another)."""
    stop = request.page * request.per_page
    keys: list[SortKey] = [_newest(searcher), _ids(searcher)]
    documents, score = found.documents, None
    match request.sort:
        case Sort.RELEVANCE:
            if any(is_scored(leaf) for leaf in root.leaves()):
                scorer = Scorer(searcher, root, found, stop, check)
                documents = scorer.documents
                score = ScoreKey(documents, np.negative(scorer.scores, out=scorer.scores))
                keys.insert(0, score)
        case Sort.OLDEST:
            keys[0] = _oldest(searcher)
        case Sort.TITLE:
            keys.insert(0, StringKey(searcher.segments, lambda s: s.title_order, lambda s: s.titles))
    check()
    chosen = first_documents(documents, keys, stop)[stop - request.per_page :]
    if score is None:
        return [(number, 0.0) for number in chosen.tolist()]
    return list(zip(chosen.tolist(), (0.0 - score.keys(chosen, len(chosen))).tolist(), strict=True))


def _newest(searcher: Searcher) -> SortKey:
    return ColumnKey(searcher.newest_first)


def _oldest(searcher: Searcher) -> SortKey:
    undated = np.int32(np.iinfo(np.int32).max)
    return ColumnKey(np.where(searcher.first_days == 0, undated, searcher.first_days))


def _ids(searcher: Searcher) -> SortKey:
    return StringKey(searcher.segments, lambda segment: segment.id_order, lambda segment: segment.ids)
