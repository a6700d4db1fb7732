"""Search and scores of relaxed queries (`index.query.relaxation`): at least so many of the words must match.

Words are counted in one column of bytes over all documents. The score is that of the query with any of the words, plus
bonuses for the weight of the words that match, in the document and in its best passage (`index.ranking.bm25f`).
Passages need positions and are computed only for documents that they could bring among the best.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from backfile.index.deadline import Check
from backfile.index.engines.whoosh.search.doc_set import DocList
from backfile.index.engines.whoosh.search.positions import POSITION_BITS, drop_duplicates, merge_sorted
from backfile.index.engines.whoosh.search.posting_lists import group_starts
from backfile.index.engines.whoosh.search.query_weight import QueryWeight, create_weight
from backfile.index.engines.whoosh.search.scoring.scorer import (
    PairScore,
    PositionCache,
    ScoredDocs,
    best_indexes,
    create_scorer,
    pair_scores,
)
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import TermWeight
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.query import Node, RelaxedQuery, Word
from backfile.index.ranking import bm25f
from backfile.index.ranking.bm25f import PASSAGE_BLOCK, PASSAGE_FIELDS, WEIGHTS

_BLOCK_BITS = PASSAGE_BLOCK.bit_length() - 1


@dataclass(frozen=True, eq=False)
class RelaxedSearch:
    """Relaxed query resolved against a searcher; `terms` are those of its words, of which hits have `required`."""

    searcher: Searcher
    query: RelaxedQuery
    terms: list[TermWeight]
    rest: QueryWeight
    check: Check
    required: int = 0

    @cached_property
    def counts(self) -> Array:
        """Number of words that match, for every document (uint8[size])."""
        counts = np.zeros(self.searcher.size, np.uint8)
        for term in self.terms:
            self.check()
            counts += term.build_mask().view(np.uint8)
        return counts

    @property
    def marked(self) -> Node:
        """Query that marks what matches in the hits."""
        return self.query.any_word if self.required else self.query.rest

    def score_best(self, doc_ids: Array) -> ScoredDocs:
        """Scores of ascending doc ids."""
        scorer = create_scorer(self.searcher, create_weight(self.searcher, self.marked, self.check), self.check)
        by_term = {part.term: part.weight for part in scorer.terms}
        weights = bm25f.remembered_weights([by_term[term] for term in self.terms]) if self.required else []
        scores = scorer.score(doc_ids)
        batch = DocList(doc_ids)
        for term, weight in zip(self.terms, weights, strict=False):
            self.check()
            scores += WEIGHTS.coverage * weight * batch.take(term.build_mask())
        chosen = best_indexes(scores, bm25f.PASSAGES)
        scores[chosen] += WEIGHTS.passage * self._passages(doc_ids.take(chosen), weights)
        return ScoredDocs(doc_ids, scores)

    def _passages(self, doc_ids: Array, weights: Sequence[float]) -> Array:
        """Weight of the words and pairs in the best passage of each of ascending doc ids."""
        best = np.zeros(len(doc_ids))
        for field in PASSAGE_FIELDS:
            self.check()
            positions = PositionCache(doc_ids)
            found = [
                (positions.read(term, field), weight)
                for term, weight in zip(self.terms, weights, strict=False)
                if term.readers.get(field)
            ]
            found += [(pair.starts(field, positions), pair.weight) for pair in self.pairs]
            best = np.maximum(best, _best_passages(doc_ids, found))
        return best

    @cached_property
    def pairs(self) -> list[PairScore]:
        """Neighbouring single words of the query as written, stop words included."""
        conjunction = create_weight(self.searcher, self.query.conjunction, self.check)
        return list(pair_scores(self.searcher, conjunction, WEIGHTS.passage_pair))

    def missing(self, doc_ids: Sequence[int]) -> Iterator[tuple[str, ...]]:
        """Words that each document lacks, as typed."""
        masks = [term.build_mask() for term in self.terms]
        for doc_id in doc_ids:
            yield tuple(word.text for word, mask in zip(self.query.words, masks, strict=True) if not mask[doc_id])


def _best_passages(doc_ids: Array, found: Sequence[tuple[Array, float]]) -> Array:
    """Greatest sum of weights in a passage of each of ascending doc ids; `found` are packed positions and a weight."""
    starts, weights = [np.empty(0, np.int64)], [np.empty(0)]
    for positions, weight in found:
        blocks = drop_duplicates(positions >> _BLOCK_BITS)
        starts.append(merge_sorted([blocks - 1, blocks]))  # the passages that hold the block
        weights.append(np.full(len(starts[-1]), weight))
    passages = np.concatenate(starts)
    order = passages.argsort(kind="stable")
    passages = passages.take(order)
    first = group_starts(passages)
    best = np.zeros(len(doc_ids))
    if len(first):
        sums = np.add.reduceat(np.concatenate(weights).take(order), first)
        owners = (passages.take(first) + 1) >> (POSITION_BITS - _BLOCK_BITS)  # one before the first is of its document
        np.maximum.at(best, doc_ids.searchsorted(owners), sums)
    return best


def relax_search(searcher: Searcher, query: RelaxedQuery, check: Check) -> RelaxedSearch:
    """Reads the postings of a relaxed query."""
    return RelaxedSearch(
        searcher,
        query,
        [_term(create_weight(searcher, word, check)) for word in query.words],
        create_weight(searcher, query.rest, check),
        check,
    )


def _term(weight: QueryWeight) -> TermWeight:
    if weight.term is None or not isinstance(weight.node, Word):
        raise TypeError(f"not a word: {weight.node!r}")
    return weight.term
