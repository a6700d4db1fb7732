"""`index.ranking` by arrays: the scores of the documents that a query finds.

The bonus of neighbouring words needs positions, which are dear, and is bounded by what the first word alone gives. So
it is worked out only for the documents that it could bring among the best (docs/decisions/execution.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from index import ranking
from index.engines.whoosh.combining import Branch
from index.engines.whoosh.leaves import Leaf
from index.engines.whoosh.positional import documents_of, follows
from index.engines.whoosh.selection import Selection
from index.engines.whoosh.view import View
from index.fields import DEFAULT_FIELDS
from index.query import And, Not, Or
from index.ranking import WEIGHTS, idf, pairs, saturated, telling

Array = npt.NDArray[Any]
Check = Callable[[], None]

_AT_ONCE = 256  # documents whose positions are read without asking which of them matter
_FIRST = 4


def is_scored(leaf: Leaf) -> bool:
    """Whether a leaf counts for the score: it must look in title, summary or text."""
    return any(name in DEFAULT_FIELDS for name in leaf.fields)


@dataclass(frozen=True)
class _Pair:
    """Two neighbouring plain words; `gate` as in `Scorer`."""

    one: Leaf
    other: Leaf
    telling: float
    gate: Array | None


class Scorer:
    """Scores documents (ascending) all of which `root` finds; `check` is called between steps.

    `scores` (float64) are exact for the `wanted` best; any other may lack bonuses that could not bring it among them.
    """

    def __init__(self, view: View, root: Branch, documents: Array, wanted: int, check: Check) -> None:
        self._view = view
        self._documents = documents
        self._check = check
        self._amounts: dict[int, Array] = {}
        self._pairs: list[_Pair] = []
        self.scores = np.zeros(len(documents))
        self._add(root, None)
        self._add_whole_titles(root)
        self._add_pairs(wanted)

    def _add(self, branch: Branch, gate: Array | None) -> None:
        """Adds what a branch gives to those documents for which `gate` is True (None: all), and notes its pairs."""
        self._check()
        if branch.leaf is not None:
            if is_scored(branch.leaf):
                given = self._weight(branch.leaf) * saturated(self._amounts_of(branch.leaf))
                self.scores += given if gate is None else given * gate
        elif isinstance(branch.node, (And, Or)):
            for child in branch.children:
                self._add(child, self._gate(branch, child, gate))
            for first, second in pairs(branch.node):
                one, other = branch.children[first].leaf, branch.children[second].leaf
                if one is not None and other is not None and is_scored(one):
                    self._note_pair(one, other, gate)

    def _gate(self, branch: Branch, child: Branch, gate: Array | None) -> Array | None:
        """The gate for a child: alternatives that are not leaves hold for some of the documents only."""
        if child.leaf is not None or isinstance(branch.node, And) or isinstance(child.node, Not):
            return gate
        satisfied: Array = child.mask.take(self._documents)
        return satisfied if gate is None else satisfied & gate

    def _amounts_of(self, leaf: Leaf) -> Array:
        amounts = self._amounts.get(id(leaf))
        if amounts is None:
            amounts = self._amounts[id(leaf)] = leaf.amounts(self._documents)
        return amounts

    def _weight(self, leaf: Leaf) -> float:
        generation = self._view.generation
        return telling(leaf.node, leaf.frequency, generation.live_count, generation.languages)

    def _idf(self, leaf: Leaf) -> float:
        return idf(leaf.frequency, self._view.generation.live_count)

    def _add_whole_titles(self, root: Branch) -> None:
        leaves = [leaf for leaf in root.leaves() if is_scored(leaf)]
        if not leaves or not len(self._documents):
            return
        found = np.flatnonzero(reduce(np.logical_and, [leaf.mask_in("title") for leaf in leaves]))
        place = self._documents.searchsorted(found)
        known = np.flatnonzero(self._documents.take(place, mode="clip") == found)
        self.scores[place.take(known)] += WEIGHTS.whole_title

    def _note_pair(self, one: Leaf, other: Leaf, gate: Array | None) -> None:
        worth = WEIGHTS.pair * min(self._idf(one), self._idf(other))
        self._pairs.append(_Pair(one, other, worth, gate))

    def _limit(self, pair: _Pair, chosen: Array) -> Array:
        """The most that each of the documents with the indexes `chosen` can get for a pair."""
        # Each occurrence of the first word counts at most once, each of the second for `window` before it, and other
        # forms of the family in full.
        one, other = (self._amounts_of(leaf).take(chosen) for leaf in (pair.one, pair.other))
        amounts = np.minimum(one, WEIGHTS.window * other)
        limit: Array = pair.telling * saturated(amounts / min(WEIGHTS.family, 1.0))
        return limit

    def _add_pairs(self, wanted: int) -> None:
        """Adds bonuses to the documents that could be among the best with them.

        Of many documents, the best without bonuses come first: their scores tell which of the others still could.
        """
        if not self._pairs:
            return
        rest = self._best_so_far(ranking.BEST)
        if len(rest) > max(_AT_ONCE, _FIRST * wanted):
            scores = self.scores.take(rest)
            limits = scores + sum(self._limit(pair, rest) for pair in self._pairs)
            first = np.argpartition(scores, len(rest) - 2 * wanted)[len(rest) - 2 * wanted :]
            best = np.sort(rest.take(first))
            self._add_pairs_to(best)
            least = np.partition(self.scores.take(best), wanted)[wanted]
            limits[first] = -1.0
            rest = rest.take(np.flatnonzero(limits >= least - ranking.ROUNDING))
        self._add_pairs_to(rest)

    def _best_so_far(self, count: int) -> Array:
        """The indexes (ascending) of the documents with the `count` highest scores so far, and of those that tie."""
        after = len(self.scores) - count
        if after <= 0:
            return np.arange(len(self.scores))
        return np.flatnonzero(self.scores >= np.partition(self.scores, after)[after] - ranking.ROUNDING)

    def _add_pairs_to(self, chosen: Array) -> None:
        if len(chosen):
            places = _Places(Selection(self._documents.take(chosen), self._view.size))
            for pair in self._pairs:
                self._add_pair(pair, chosen, places)

    def _add_pair(self, pair: _Pair, chosen: Array, places: _Places) -> None:
        """Adds the bonus of a pair to the documents with the indexes `chosen`, in which `places` looks."""
        amounts = np.zeros(len(chosen))
        for name in pair.one.fields:
            self._check()
            there = places.with_both(pair, name)
            if there is None:
                continue
            starts = there.of(pair.one, name)
            close = follows(starts, there.of(pair.other, name), 1, WEIGHTS.window)
            found = documents_of(starts.take(np.flatnonzero(close)))
            norms = self._view.norms(name).take(found.documents)
            amounts[places.chosen.documents.searchsorted(found.documents)] += norms * found.frequencies
        given = pair.telling * saturated(amounts)
        self.scores[chosen] += given if pair.gate is None else given * pair.gate.take(chosen)


class _Places:
    """Where plain words stand in some documents; a word between two others is looked up once."""

    def __init__(self, chosen: Selection) -> None:
        self.chosen = chosen
        self._known: dict[tuple[int, str], Array] = {}

    def with_both(self, pair: _Pair, field: str) -> _Places | None:
        """Places in those documents that have both words of a pair in a field; None where none has."""
        if not pair.one.parts[field] or not pair.other.parts[field]:
            return None
        documents = self.chosen.documents
        both = pair.one.mask_in(field).take(documents) & pair.other.mask_in(field).take(documents)
        count = int(np.count_nonzero(both))
        if 2 * count > len(both):  # most: reading the rest too costs less than reading a word anew for its other pair
            return self
        return _Places(Selection(documents[both], self.chosen.size)) if count else None

    def of(self, leaf: Leaf, field: str) -> Array:
        """The places of a leaf in a field."""
        key = (id(leaf), field)
        if key not in self._known:
            self._known[key] = leaf.words[field].places(self.chosen)
        return self._known[key]
