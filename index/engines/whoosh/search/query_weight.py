"""A query tree over a view as branches, each with the mask of the documents that it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import TermWeight
from backfile.index.fields import DEFAULT_FIELDS
from backfile.index.query import And, DateRange, Fuzzy, InField, MatchAll, Node, Not, Or, Phrase, Wildcard, Word
from backfile.index.query.language_filter import language_matches

Array = npt.NDArray[Any]
Check = Callable[[], None]


@dataclass
class QueryWeight:
    """A node of the query. `mask` is True for the documents that it finds, deleted ones perhaps included.

    Masks may be shared with caches: never write into one.
    """

    node: Node
    children: list[QueryWeight] = field(default_factory=list)
    leaf: TermWeight | None = None
    given: Array | None = None

    @cached_property
    def mask(self) -> Array:
        """bool[size of the searcher]."""
        if self.leaf is not None:
            return self.leaf.mask
        if self.given is not None:
            return self.given
        if isinstance(self.node, Not):
            return np.logical_not(self.children[0].mask)
        combine = np.logical_or if isinstance(self.node, Or) else np.logical_and
        first, *others = self.children
        mask = first.mask.copy()
        for child in others:
            # Of an And, masks of leaves are not batch for again: memory that is used anew costs less than fresh one.
            combine(mask, child.leaf.mask if child.leaf and isinstance(self.node, And) else child.mask, out=mask)
        return mask

    def leaves(self) -> Iterator[TermWeight]:
        """The leaves that are not below a Not, in the order of the query."""
        if self.leaf is not None:
            yield self.leaf
        elif not isinstance(self.node, Not):
            for child in self.children:
                yield from child.leaves()


class Compiler:
    """Makes branches; `check` is called between steps and raises when time is up."""

    def __init__(self, searcher: Searcher, check: Check) -> None:
        self._searcher = searcher
        self._check = check

    def branch(self, node: Node, fields: tuple[str, ...] = DEFAULT_FIELDS) -> QueryWeight:  # noqa: PLR0911
        """The branch of a node that looks in these fields."""
        self._check()
        match node:
            case MatchAll():
                return QueryWeight(node, given=np.ones(self._searcher.size, np.bool_))
            case DateRange():
                return QueryWeight(node, given=self._dated(node))
            case InField(field="lang"):
                return QueryWeight(
                    node, given=self._searcher.language_mask(lambda code: language_matches(node.node, code))
                )
            case InField():
                return self.branch(node.node, (node.field,))
            case Not():
                return QueryWeight(node, [self.branch(node.node, fields)])
            case And() | Or():
                return QueryWeight(node, [self.branch(child, fields) for child in node.nodes])
            case Word() | Phrase() | Wildcard() | Fuzzy():
                return QueryWeight(node, leaf=self._leaf(node, fields))

    def _leaf(self, node: Word | Phrase | Wildcard | Fuzzy, fields: tuple[str, ...]) -> TermWeight:
        made: TermWeight = self._searcher.held((node, fields), lambda: TermWeight(self._searcher, node, fields))
        return made

    def _dated(self, node: DateRange) -> Array:
        first = node.first.toordinal() if node.first else 1
        last = node.last.toordinal() if node.last else np.iinfo(np.int32).max
        return self._searcher.date_mask(first, int(last))
