"""MaxScore pruning (Turtle & Flood 1995) of OR queries, on masks in place of cursors.

Alternatives are processed from the highest upper bound to the lowest. Documents that match none of those processed so
far can score no more than the bounds of the rest together. Once that is below the threshold, the score of the last
document wanted, the rest are *non-essential*: documents that match only them are never scored.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from backfile.index.deadline import Check
from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.query_weight import QueryWeight
from backfile.index.engines.whoosh.search.scoring.scorer import (
    ScoredDocs,
    Scorer,
    TermScore,
    can_reach,
    create_scorer,
    max_score,
    threshold,
)
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.query import Or
from backfile.index.ranking.bm25f import ROUNDING

_PRUNED_FROM = 100_000  # documents from which on pruning pays


def score_best(searcher: Searcher, root: QueryWeight, found: DocSet, wanted: int, check: Check) -> ScoredDocs:
    """Scores the documents of `found` that may be among the best `wanted`; the scores of the best are exact."""
    scorer = create_scorer(searcher, root, check)
    if isinstance(root.node, Or) and len(found) > _PRUNED_FROM:
        scored = _score_candidates(scorer, root, found, wanted)
    else:
        scored = ScoredDocs(found.doc_ids, scorer.score(found.doc_ids))
    scorer.add_pair_bonuses(scored, wanted)
    return scored


def _score_candidates(scorer: Scorer, root: QueryWeight, found: DocSet, wanted: int) -> ScoredDocs:
    """Scores the documents that may be among the best, bonuses included; pair bonuses are left to be added.

    Documents are left out only if no bonus could bring them up to the threshold. All with a higher score are kept, so
    the best without bonuses remain known.
    """
    alternatives = sorted((_create_alternative(scorer, child) for child in root.children), key=lambda each: -each.bound)
    remaining, least = found.mask, -math.inf
    doc_ids, scores = np.empty(0, np.intp), np.empty(0)
    for number, (mask, terms, _) in enumerate(alternatives):
        if sum(each.bound for each in alternatives[number:]) + scorer.max_bonus < least - ROUNDING:
            break
        new, remaining = np.flatnonzero(remaining & mask), remaining & ~mask
        limits = scorer.score(new, terms) + scorer.max_bonus
        for other in alternatives[number + 1 :]:
            limits += other.bound * other.mask.take(new)
        if least == -math.inf:
            least = _first_threshold(scorer, new, limits, wanted)
        new = can_reach(new, limits, least)
        doc_ids = np.concatenate([doc_ids, new])
        scores = np.concatenate([scores, scorer.score(new)])
        least = max(least, threshold(scores, wanted))
    order = doc_ids.argsort(kind="stable")
    return ScoredDocs(doc_ids.take(order), scores.take(order))


class _Alternative(NamedTuple):
    """Child of an Or: mask of its documents, its term scores and their upper bound."""

    mask: Array
    terms: list[TermScore]
    bound: float


def _create_alternative(scorer: Scorer, child: QueryWeight) -> _Alternative:
    weights = set(child.term_weights())
    terms = [term for term in scorer.terms if term.term in weights]
    return _Alternative(child.mask, terms, sum(map(max_score, terms)))


def _first_threshold(scorer: Scorer, doc_ids: Array, limits: Array, wanted: int) -> float:
    """Threshold by the documents with the highest upper bounds, twice as many as wanted."""
    if len(doc_ids) <= 2 * wanted:
        return -math.inf
    promising = np.argpartition(limits, -2 * wanted)[-2 * wanted :]
    promising.sort()
    return threshold(scorer.score(doc_ids.take(promising)), wanted)
