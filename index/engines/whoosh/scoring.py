"""`index.ranking` by arrays: the scores of the documents that a query finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from index.engines.whoosh.combining import Branch
from index.engines.whoosh.leaves import Leaf
from index.engines.whoosh.positional import documents_of, follows
from index.engines.whoosh.view import View
from index.fields import DEFAULT_FIELDS
from index.query import And, Not, Or
from index.ranking import WEIGHTS, idf, pairs, saturated

Array = npt.NDArray[Any]
Check = Callable[[], None]


def is_scored(leaf: Leaf) -> bool:
    """Whether a leaf counts for the score: it must look in title, summary or text."""
    return any(name in DEFAULT_FIELDS for name in leaf.fields)


class Scorer:
    """Scores documents (ascending) all of which `root` finds; `check` is called between steps."""

    def __init__(self, view: View, root: Branch, documents: Array, check: Check) -> None:
        self._view = view
        self._documents = documents
        self._check = check
        self.scores = np.zeros(len(documents))
        self._add(root, None)
        self._add_whole_titles(root)

    def _add(self, branch: Branch, gate: Array | None) -> None:
        """Adds what a branch gives to those documents for which `gate` is True (None: all)."""
        self._check()
        if branch.leaf is not None:
            if is_scored(branch.leaf):
                self._add_amounts(self._idf(branch.leaf), branch.leaf.amounts(self._documents), gate)
        elif isinstance(branch.node, (And, Or)):
            for child in branch.children:
                self._add(child, self._gate(branch, child, gate))
            for first, second in pairs(branch.node):
                one, other = branch.children[first].leaf, branch.children[second].leaf
                if one is not None and other is not None and is_scored(one):
                    self._add_pair(one, other, gate)

    def _gate(self, branch: Branch, child: Branch, gate: Array | None) -> Array | None:
        """The gate for a child: alternatives that are not leaves hold for some of the documents only."""
        if child.leaf is not None or isinstance(branch.node, And) or isinstance(child.node, Not):
            return gate
        satisfied: Array = child.mask.take(self._documents)
        return satisfied if gate is None else satisfied & gate

    def _add_amounts(self, telling: float, amounts: Array, gate: Array | None) -> None:
        given = telling * saturated(amounts)
        self.scores += given if gate is None else given * gate

    def _idf(self, leaf: Leaf) -> float:
        return idf(leaf.frequency, self._view.generation.live_count)

    def _add_pair(self, one: Leaf, other: Leaf, gate: Array | None) -> None:
        """Adds the bonus of two neighbouring plain words."""
        inside = np.zeros(self._view.size, np.bool_)
        inside[self._documents if gate is None else self._documents.take(np.flatnonzero(gate))] = True
        inside &= one.mask
        inside &= other.mask
        amounts = np.zeros(len(self._documents))
        for name in one.fields:
            self._check()
            starts = one.words[name].places(inside)
            close = follows(starts, other.words[name].places(inside), 1, WEIGHTS.window)
            found = documents_of(starts.take(np.flatnonzero(close)))
            place = np.searchsorted(self._documents, found.documents)
            amounts[place] += self._view.norms(name).take(found.documents) * found.frequencies
        self._add_amounts(WEIGHTS.pair * min(self._idf(one), self._idf(other)), amounts, None)

    def _add_whole_titles(self, root: Branch) -> None:
        leaves = [leaf for leaf in root.leaves() if is_scored(leaf)]
        if leaves:
            masks = [leaf.mask_in("title").take(self._documents) for leaf in leaves]
            self.scores += WEIGHTS.whole_title * np.logical_and.reduce(masks)
