"""`index.ranking` by arrays: the best of the documents that a query finds, and their scores.

Two things keep the work small where many documents are found, and change nothing in the result (more in
docs/decisions/execution.md). Of alternatives, documents that have only words which tell little are left out as soon as
enough others are known to be better. And the bonus of neighbouring words, which needs positions, is worked out only for
the documents that it could bring among the best.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.positions import count_by_doc, follows
from backfile.index.engines.whoosh.search.posting_lists import DocBatch, DocList, DocRange
from backfile.index.engines.whoosh.search.query_weight import QueryWeight
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import TermWeight
from backfile.index.engines.whoosh.search.top_docs import smallest
from backfile.index.fields import DEFAULT_FIELDS
from backfile.index.query import And, Not, Or
from backfile.index.ranking import bm25f
from backfile.index.ranking.bm25f import WEIGHTS, idf, neighbour_pairs, query_weight, saturate

Array = npt.NDArray[Any]
Check = Callable[[], None]
Gates = tuple[QueryWeight, ...]

_CHUNK = 16_384  # documents scored at a time: what is made of them stays in the processor's cache
_MANY = 100_000  # documents from which on it pays to ask which of them are worth scoring
_SCATTERED = 4  # of so many documents one must be batch for, or else those between are not scored along with them
_AT_ONCE = 256  # documents whose positions are read without asking which of them matter
_FIRST = 4


def is_scored(leaf: TermWeight) -> bool:
    """Whether a leaf counts for the score: it must look in title, summary or text."""
    return any(name in DEFAULT_FIELDS for name in leaf.fields)


class _ScorePart(Protocol):
    """A part of the score that each document has by itself."""

    def add_to(self, sums: Array, batch: DocBatch) -> None:
        """Adds it to the sums (float64) of the documents batch for."""


@dataclass(frozen=True, eq=False)
class _TermScore:
    """A scored leaf and what it weighs, in documents that all of `gates` find."""

    leaf: TermWeight
    weight: float
    gates: Gates

    def add_to(self, sums: Array, batch: DocBatch) -> None:
        """Adds what the leaf gives."""
        given = saturate(self.leaf.amounts(batch))
        given *= self.weight
        sums += _gated(given, self.gates, batch)


@dataclass(frozen=True, eq=False)
class _TitleBonus:
    """The bonus of some documents (ascending)."""

    documents: Array

    def add_to(self, sums: Array, batch: DocBatch) -> None:
        """Adds the bonus."""
        sums[batch.find(self.documents)[1]] += WEIGHTS.whole_title


@dataclass(frozen=True, eq=False)
class _PairScore:
    """Two neighbouring plain words and what they weigh, in documents that all of `gates` find."""

    one: TermWeight
    other: TermWeight
    weight: float
    gates: Gates


class Scorer:
    """Scores documents that `root` finds, for the best `wanted`; `check` is called between steps.

    `documents` (ascending) are those of `found` that may be among the best. Their `scores` (float64) are exact for the
    best; any other may lack bonuses that could not bring it among them.
    """

    def __init__(self, searcher: Searcher, root: QueryWeight, found: DocSet, wanted: int, check: Check) -> None:
        self._searcher = searcher
        self._check = check
        self._wanted = wanted
        self._parts: list[_TermScore] = []
        self._pairs: list[_PairScore] = []
        self._note(root, ())
        self._summands: list[_ScorePart] = [*self._parts, _TitleBonus(_whole_titles(root))]
        self.documents, self.scores = self._contenders(root, found)
        self._add_pairs()

    def _note(self, branch: QueryWeight, gates: Gates) -> None:
        """Notes what a branch adds to the score of the documents that all of `gates` find."""
        if branch.leaf is not None:
            if is_scored(branch.leaf):
                self._parts.append(_TermScore(branch.leaf, self._weight(branch.leaf), gates))
        elif isinstance(branch.node, (And, Or)):
            for child in branch.children:
                self._note(child, _gates(branch, child, gates))
            for first, second in neighbour_pairs(branch.node):
                one, other = branch.children[first].leaf, branch.children[second].leaf
                if one is not None and other is not None and is_scored(one):
                    weight = WEIGHTS.pair * min(self._idf(one), self._idf(other))
                    self._pairs.append(_PairScore(one, other, weight, gates))

    def _weight(self, leaf: TermWeight) -> float:
        commit = self._searcher.commit
        return query_weight(leaf.node, leaf.frequency, commit.live_count, commit.languages)

    def _idf(self, leaf: TermWeight) -> float:
        return idf(leaf.frequency, self._searcher.commit.live_count)

    def _contenders(self, root: QueryWeight, found: DocSet) -> tuple[Array, Array]:
        """The documents that may be among the best, ascending, with their scores but for the pairs."""
        if not isinstance(root.node, Or) or len(found) <= _MANY:
            return found.documents, self._sums(found.documents, self._summands)
        most = [sum(_most(part.weight) for part in self._below(child)) for child in root.children]
        dearest_first = [root.children[n] for n in sorted(range(len(most)), key=lambda n: -most[n])]
        most.sort(reverse=True)
        bonuses = WEIGHTS.whole_title + self._most_of_pairs
        left, least = found.mask, -math.inf
        documents, scores = np.empty(0, np.intp), np.empty(0)
        for number, child in enumerate(dearest_first):
            # Documents that can never reach `least`, whatever they were given for pairs, are left out. Nor can any of
            # no higher score: so it does not matter that they are missing when the best without bonuses are counted.
            if sum(most[number:]) + bonuses < least - bm25f.ROUNDING:
                break
            more, left = np.flatnonzero(left & child.mask), left & ~child.mask
            limits = self._sums(more, self._below(child)) + bonuses
            for worth, other in zip(most[number + 1 :], dearest_first[number + 1 :], strict=True):
                limits += worth * other.mask.take(more)
            if least == -math.inf:
                least = self._reached(more, limits)
            more = _able(more, limits, least)
            documents = np.concatenate([documents, more])
            scores = np.concatenate([scores, self._sums(more, self._summands)])
            least = max(least, self._least(scores))
        order = documents.argsort(kind="stable")
        return documents.take(order), scores.take(order)

    def _below(self, child: QueryWeight) -> list[_TermScore]:
        leaves = set(child.leaves())
        return [part for part in self._parts if part.leaf in leaves]

    def _reached(self, documents: Array, limits: Array) -> float:
        """A score that as many of the documents reach as are wanted: the most promising are looked at."""
        if len(documents) <= 2 * self._wanted:
            return -math.inf
        promising = np.argpartition(limits, -2 * self._wanted)[-2 * self._wanted :]
        promising.sort()
        return self._least(self._sums(documents.take(promising), self._summands))

    def _least(self, scores: Array) -> float:
        """The score of the last document wanted when these are all, if there are so many."""
        if len(scores) < self._wanted:
            return -math.inf
        return -float(smallest(-scores, self._wanted))

    @property
    def _most_of_pairs(self) -> float:
        return sum(_most(pair.weight) for pair in self._pairs)

    def _sums(self, documents: Array, summands: Sequence[_ScorePart]) -> Array:
        """What some of the summands give to documents (ascending)."""
        parts = [np.empty(0)]
        for begin in range(0, len(documents), _CHUNK):
            self._check()
            chunk = documents[begin : begin + _CHUNK]
            first, last = int(chunk[0]), int(chunk[-1])
            if last - first < _SCATTERED * len(chunk):
                parts.append(_summed(DocRange(first, last + 1), summands).take(chunk - first))
            else:
                parts.append(_summed(DocList(chunk), summands))
        return np.concatenate(parts)

    def _add_pairs(self) -> None:
        """Adds bonuses to the documents that could be among the best with them.

        Of many documents, the best without bonuses come first: their scores tell which of the others still could.
        """
        if not self._pairs:
            return
        rest = _best(self.scores, bm25f.BEST)
        if len(rest) > self._wanted:
            rest = _able(rest, self.scores.take(rest) + self._most_of_pairs, self._least(self.scores))
        if len(rest) > max(_AT_ONCE, _FIRST * self._wanted):
            scores = self.scores.take(rest)
            limits = scores + self._limits(self.documents.take(rest))
            able = _able(rest, limits, self._least(scores))
            if len(able) > _AT_ONCE:
                first = _best(scores, 2 * self._wanted)
                best = rest.take(first)
                self._add_pairs_to(best)
                limits[first] = -1.0
                able = _able(rest, limits, self._least(self.scores.take(best)))
            rest = able
        self._add_pairs_to(rest)

    def _limits(self, documents: Array) -> Array:
        """The most that each of some documents (ascending) can get for pairs."""
        batch = DocList(documents)
        amounts = {leaf: leaf.amounts(batch) for pair in self._pairs for leaf in (pair.one, pair.other)}
        limits = np.zeros(len(documents))
        for pair in self._pairs:
            # Each occurrence of the first word counts at most once, each of the second for `window` before it, and
            # other forms of the family in full.
            most = np.minimum(amounts[pair.one], WEIGHTS.window * amounts[pair.other])
            limits += pair.weight * saturate(most / min(WEIGHTS.stem_sibling, 1.0))
        return limits

    def _add_pairs_to(self, chosen: Array) -> None:
        """Adds bonuses to the documents with the indexes `chosen`."""
        if len(chosen):
            places = _PairPositions(self.documents.take(chosen))
            for pair in self._pairs:
                self.scores[chosen] += self._bonuses(pair, places)

    def _bonuses(self, pair: _PairScore, places: _PairPositions) -> Array:
        """What a pair gives to each of the documents in which `places` looks."""
        amounts = np.zeros(len(places.documents))
        for name in pair.one.fields:
            self._check()
            there = places.with_both(pair, name)
            if there is None:
                continue
            starts = there.of(pair.one, name)
            close = follows(starts, there.of(pair.other, name), 1, WEIGHTS.window)
            found = count_by_doc(starts.take(np.flatnonzero(close)))
            norms = self._searcher.norms(name).take(found.documents)
            amounts[places.documents.searchsorted(found.documents)] += norms * found.frequencies
        return _gated(pair.weight * saturate(amounts), pair.gates, DocList(places.documents))


def _whole_titles(root: QueryWeight) -> Array:
    """The documents whose title holds every scored leaf, ascending."""
    leaves = [leaf for leaf in root.leaves() if is_scored(leaf)]
    if not leaves:
        return np.empty(0, np.intp)
    fewest, *others = sorted(leaves, key=lambda leaf: leaf.count_in("title"))
    found = fewest.documents_in("title")
    for leaf in others:
        found = found.take(np.flatnonzero(leaf.is_in("title", found)))
    return found


def _most(weight: float) -> float:
    """The most that a leaf or a pair of some weight can give."""
    return weight * (WEIGHTS.k1 + 1)


def _summed(batch: DocBatch, summands: Iterable[_ScorePart]) -> Array:
    sums = np.zeros(len(batch))
    for summand in summands:
        summand.add_to(sums, batch)
    return sums


def _best(scores: Array, count: int) -> Array:
    """The indexes (ascending) of the `count` highest scores, and of those that tie with the last."""
    if count >= len(scores):
        return np.arange(len(scores))
    return np.flatnonzero(scores >= -smallest(-scores, count) - bm25f.ROUNDING)


def _able(documents: Array, limits: Array, least: float) -> Array:
    """Those of some documents whose limits reach a score."""
    return documents.take(np.flatnonzero(limits >= least - bm25f.ROUNDING))


def _gates(branch: QueryWeight, child: QueryWeight, gates: Gates) -> Gates:
    """The gates for a child: alternatives that are not leaves hold for some of the documents only."""
    if child.leaf is not None or isinstance(branch.node, And) or isinstance(child.node, Not):
        return gates
    return (*gates, child)


def _gated(given: Array, gates: Sequence[QueryWeight], batch: DocBatch) -> Array:
    """What is given to each of the documents, 0 where one of the gates does not find it."""
    return reduce(np.multiply, (batch.of(gate.mask) for gate in gates), given)


class _PairPositions:
    """Where plain words stand in some documents (ascending); a word between two others is looked up once."""

    def __init__(self, documents: Array) -> None:
        self.documents = documents
        self._known: dict[tuple[int, str], Array] = {}

    def with_both(self, pair: _PairScore, field: str) -> _PairPositions | None:
        """Places in those documents that have both words of a pair in a field; None where none has."""
        if not pair.one.parts[field] or not pair.other.parts[field]:
            return None
        documents = self.documents
        both = pair.one.is_in(field, documents) & pair.other.is_in(field, documents)
        count = int(np.count_nonzero(both))
        if 2 * count > len(both):  # most: reading the rest too costs less than reading a word anew for its other pair
            return self
        return _PairPositions(documents[both]) if count else None

    def of(self, leaf: TermWeight, field: str) -> Array:
        """The places of a leaf in a field."""
        key = (id(leaf), field)
        if key not in self._known:
            self._known[key] = leaf.words[field].places(self.documents)
        return self._known[key]
