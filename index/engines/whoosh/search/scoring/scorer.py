"""Scorer: BM25F with bonuses (`index.ranking.bm25f`) over batches of documents.

The score of a document is the sum of its term scores (BM25F, Zaragoza et al. 2004; Robertson & Zaragoza 2009), a bonus
if its title has every term, and bonuses for pairs of neighbouring terms. Pair bonuses need positions and are computed
only for documents that they could bring among the best: a rescoring window with exact bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Protocol

import numpy as np

from backfile.index.deadline import Check
from backfile.index.engines.whoosh.search.doc_set import DocBatch, DocList, DocRange
from backfile.index.engines.whoosh.search.positions import count_by_doc, has_within
from backfile.index.engines.whoosh.search.query_weight import QueryWeight
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import TermWeight
from backfile.index.engines.whoosh.search.top_docs import smallest
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.fields import DEFAULT_FIELDS
from backfile.index.query import And, Not, Or
from backfile.index.ranking import bm25f
from backfile.index.ranking.bm25f import (
    WEIGHTS,
    idf,
    max_term_score,
    neighbour_pairs,
    query_weight,
    saturate,
    term_scores,
)

Required = tuple[QueryWeight, ...]  # a part of the score counts only in documents that match all of these

_BATCH = 16_384  # documents scored at a time: the temporary arrays stay in the processor's cache
_MAX_GAPS = 4  # a batch is scored as a range if at least one document in so many belongs to it
_RESCORED_AT_ONCE = 256  # documents that get pair bonuses without a further bound
_RESCORED_PER_HIT = 4


def is_scored(term: TermWeight) -> bool:
    """Tests whether a term counts for the score: it must search in one of the default fields."""
    return any(field in DEFAULT_FIELDS for field in term.postings)


class ScorePart(Protocol):
    """Summand of the score that needs no positions."""

    def add_to(self, scores: Array, batch: DocBatch) -> None:
        """Adds the summand to the scores (float64) of a batch."""


@dataclass(frozen=True, eq=False)
class TermScore:
    """BM25F score of a term in the documents that match all of `required`."""

    term: TermWeight
    weight: float
    required: Required
    norms: Callable[[str], Array]

    def add_to(self, scores: Array, batch: DocBatch) -> None:
        """Adds weight · term score of tf~."""
        own = term_scores(self.term.weighted_frequencies(batch, self.norms), self.weight)
        scores += _restrict(own, self.required, batch)


@dataclass(frozen=True, eq=False)
class TitleBonus:
    """Bonus of the documents (ascending ids) whose titles match every scored term."""

    doc_ids: Array

    def add_to(self, scores: Array, batch: DocBatch) -> None:
        """Adds the bonus."""
        scores[batch.locate(self.doc_ids)[1]] += WEIGHTS.whole_title


@dataclass(frozen=True, eq=False)
class PairScore:
    """Bonus of two neighbouring plain words in the documents that match all of `required`."""

    first: TermWeight
    second: TermWeight
    weight: float
    required: Required

    def starts(self, field: str, positions: PositionCache) -> Array:
        """Packed positions of the first word with one of the second in the window after it."""
        if not self.first.postings[field] or not self.second.postings[field]:
            return np.empty(0, np.int64)
        firsts = positions.read(self.first, field)
        is_near = has_within(firsts, positions.read(self.second, field), 1, WEIGHTS.window)
        return firsts.take(np.flatnonzero(is_near))


@dataclass(frozen=True, eq=False)
class ScoredDocs:
    """Documents (ascending) and their scores (float64).

    Scores are exact for the best documents. Others may lack bonuses that could not bring them among the best.
    """

    doc_ids: Array
    scores: Array


@dataclass(frozen=True, eq=False)
class Scorer:
    """Score of a query, taken apart into its summands. `check` is called between steps and raises when time is up."""

    norms: Callable[[str], Array]
    terms: Sequence[TermScore]
    pairs: Sequence[PairScore]
    title_bonus: TitleBonus
    check: Check

    @property
    def max_bonus(self) -> float:
        """Upper bound of all bonuses together."""
        return WEIGHTS.whole_title + self._max_pairs

    @property
    def _max_pairs(self) -> float:
        return sum(map(max_score, self.pairs))

    def score(self, doc_ids: Array, terms: Sequence[TermScore] | None = None) -> Array:
        """Scores of ascending doc ids without pair bonuses; with `terms`, the sum of these term scores only."""
        parts: Sequence[ScorePart] = [*self.terms, self.title_bonus] if terms is None else terms
        found = [np.empty(0)]
        for begin in range(0, len(doc_ids), _BATCH):
            self.check()
            batch = doc_ids[begin : begin + _BATCH]
            first, last = int(batch[0]), int(batch[-1])
            if last - first < _MAX_GAPS * len(batch):
                found.append(_sum(parts, DocRange(first, last + 1)).take(batch - first))
            else:
                found.append(_sum(parts, DocList(batch)))
        return np.concatenate(found)

    def add_pair_bonuses(self, scored: ScoredDocs, wanted: int) -> None:
        """Adds pair bonuses to the documents that could be among the best `wanted` with them.

        Only the `bm25f.BEST` best without bonuses are considered. The threshold is the score of the last document
        wanted; where many documents could reach it, the best get their bonuses first, which raises the threshold.
        """
        if not self.pairs:
            return
        chosen = best_indexes(scored.scores, bm25f.BEST)
        if len(chosen) > wanted:
            limits = scored.scores.take(chosen) + self._max_pairs
            chosen = can_reach(chosen, limits, threshold(scored.scores, wanted))
        if len(chosen) > max(_RESCORED_AT_ONCE, _RESCORED_PER_HIT * wanted):
            scores = scored.scores.take(chosen)
            limits = scores + self._pair_limits(scored.doc_ids.take(chosen))
            able = can_reach(chosen, limits, threshold(scores, wanted))
            if len(able) > _RESCORED_AT_ONCE:
                first = best_indexes(scores, 2 * wanted)
                best = chosen.take(first)
                self._add_pair_bonuses(scored, best)
                limits[first] = -1.0
                able = can_reach(chosen, limits, threshold(scored.scores.take(best), wanted))
            chosen = able
        self._add_pair_bonuses(scored, chosen)

    def _pair_limits(self, doc_ids: Array) -> Array:
        """Upper bound of the pair bonuses of each of ascending doc ids."""
        batch = DocList(doc_ids)
        frequencies = {
            term: term.weighted_frequencies(batch, self.norms)
            for pair in self.pairs
            for term in (pair.first, pair.second)
        }
        limits = np.zeros(len(doc_ids))
        for pair in self.pairs:
            # Each position of the first word counts at most once, each of the second for `window` before it, and stem
            # siblings in full.
            most = np.minimum(frequencies[pair.first], WEIGHTS.window * frequencies[pair.second])
            limits += pair.weight * saturate(most / min(WEIGHTS.stem_sibling, 1.0))
        return limits

    def _add_pair_bonuses(self, scored: ScoredDocs, chosen: Array) -> None:
        """Adds pair bonuses to the documents with the given indexes (ascending)."""
        if len(chosen):
            positions = PositionCache(scored.doc_ids.take(chosen))
            for pair in self.pairs:
                scored.scores[chosen] += self._pair_bonuses(pair, positions)

    def _pair_bonuses(self, pair: PairScore, positions: PositionCache) -> Array:
        """Bonus of a pair for each of the documents of a position cache."""
        frequencies = np.zeros(len(positions.doc_ids))
        for field in pair.first.postings:
            self.check()
            shared = positions.restrict_to_pair(pair, field)
            if shared is None:
                continue
            found = count_by_doc(pair.starts(field, shared))
            norms = self.norms(field).take(found.doc_ids)
            frequencies[positions.doc_ids.searchsorted(found.doc_ids)] += norms * found.frequencies
        return _restrict(pair.weight * saturate(frequencies), pair.required, DocList(positions.doc_ids))


class PositionCache:
    """Packed positions of plain words in some documents (ascending); each word is read once for both its pairs."""

    def __init__(self, doc_ids: Array) -> None:
        self.doc_ids = doc_ids
        self._positions: dict[tuple[int, str], Array] = {}

    def restrict_to_pair(self, pair: PairScore, field: str) -> PositionCache | None:
        """Cache for the documents with both words of a pair in a field; None if there are none."""
        if not pair.first.postings[field] or not pair.second.postings[field]:
            return None
        has_both = pair.first.matches_in(field, self.doc_ids) & pair.second.matches_in(field, self.doc_ids)
        count = int(np.count_nonzero(has_both))
        if 2 * count > len(has_both):  # reading the others too costs less than reading a word again for its other pair
            return self
        return PositionCache(self.doc_ids[has_both]) if count else None

    def read(self, term: TermWeight, field: str) -> Array:
        """Packed positions of a plain word in a field."""
        key = (id(term), field)
        if key not in self._positions:
            self._positions[key] = term.read_positions(field, self.doc_ids)
        return self._positions[key]


def create_scorer(searcher: Searcher, root: QueryWeight, check: Check) -> Scorer:
    """Takes the score of a query apart into its summands."""
    parts = list(_parts(searcher, root, ()))
    terms = [part for part in parts if isinstance(part, TermScore)]
    pair_scores = [part for part in parts if isinstance(part, PairScore)]
    return Scorer(searcher.norms, terms, pair_scores, TitleBonus(_full_title_matches(root)), check)


def _parts(searcher: Searcher, weight: QueryWeight, required: Required) -> Iterator[TermScore | PairScore]:
    """Term scores and pair scores of a node in the documents that match all of `required`."""
    commit = searcher.commit
    if weight.term is not None and is_scored(weight.term):
        term = weight.term
        importance = query_weight(term.node, term.doc_frequency, commit.live_count, commit.languages)
        yield TermScore(term, importance, required, searcher.norms)
    if not isinstance(weight.node, And | Or):
        return
    for child in weight.children:
        # An alternative with several terms counts only where all of it matches.
        is_optional = child.term is None and isinstance(weight.node, Or) and not isinstance(child.node, Not)
        yield from _parts(searcher, child, (*required, child) if is_optional else required)
    yield from pair_scores(searcher, weight, WEIGHTS.pair, required)


def pair_scores(searcher: Searcher, weight: QueryWeight, share: float, required: Required = ()) -> Iterator[PairScore]:
    """Neighbouring single words of a conjunction or disjunction, with a share of the idf of the rarer one."""
    if not isinstance(weight.node, And | Or):
        return
    for one, other in neighbour_pairs(weight.node):
        first, second = weight.children[one].term, weight.children[other].term
        if first is not None and second is not None and is_scored(first):
            rarer = min(idf(term.doc_frequency, searcher.commit.live_count) for term in (first, second))
            yield PairScore(first, second, share * rarer, required)


def max_score(part: TermScore | PairScore) -> float:
    """Upper bound of a term's or a pair's score (its *impact*): saturation stays below k1 + 1."""
    return part.weight * (max_term_score() if isinstance(part, TermScore) else WEIGHTS.k1 + 1)


def _full_title_matches(root: QueryWeight) -> Array:
    """Documents whose titles match every scored term, ascending."""
    terms = [term for term in root.term_weights() if is_scored(term)]
    if not terms:
        return np.empty(0, np.intp)
    rarest, *others = sorted(terms, key=lambda term: term.count_postings("title"))
    found = rarest.doc_ids_in("title")
    for term in others:
        found = found.take(np.flatnonzero(term.matches_in("title", found)))
    return found


def _sum(parts: Sequence[ScorePart], batch: DocBatch) -> Array:
    scores = np.zeros(len(batch))
    for part in parts:
        part.add_to(scores, batch)
    return scores


def _restrict(scores: Array, required: Required, batch: DocBatch) -> Array:
    """Scores of a batch, set to 0 where a required node does not match."""
    return reduce(np.multiply, (batch.take(weight.mask) for weight in required), scores)


def best_indexes(scores: Array, count: int) -> Array:
    """Indexes (ascending) of the `count` highest scores and of those that tie with the last."""
    if count >= len(scores):
        return np.arange(len(scores))
    return np.flatnonzero(scores >= threshold(scores, count) - bm25f.ROUNDING)


def threshold(scores: Array, wanted: int) -> float:
    """Score of the last of the best `wanted` documents, which a better one must exceed; -inf if there are fewer."""
    return -float(smallest(-scores, wanted)) if len(scores) >= wanted else -np.inf


def can_reach(values: Array, limits: Array, least: float) -> Array:
    """Selects the values whose upper bounds reach a threshold."""
    return values.take(np.flatnonzero(limits >= least - bm25f.ROUNDING))
