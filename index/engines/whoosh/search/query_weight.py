"""Query weights: the query tree resolved against a searcher, each node with a mask of the documents it matches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import TermWeight, create_term_weight
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.fields import DEFAULT_FIELDS
from backfile.index.query import And, DateRange, InField, MatchAll, Node, Not, Or
from backfile.index.query.language_filter import language_matches

Check = Callable[[], None]


@dataclass
class QueryWeight:
    """Node of a query with its children, or its term weight, or the mask of a filter."""

    node: Node
    children: list[QueryWeight] = field(default_factory=list)
    term: TermWeight | None = None
    filter_mask: Array | None = None

    @cached_property
    def mask(self) -> Array:
        """Documents that match, deleted ones perhaps included (bool[size]). Read-only: caches may share it."""
        if self.term is not None:
            return self.term.build_mask()
        if self.filter_mask is not None:
            return self.filter_mask
        if isinstance(self.node, Not):
            return np.logical_not(self.children[0].mask)
        is_and = isinstance(self.node, And)
        combine = np.logical_and if is_and else np.logical_or
        first, *others = self.children
        mask = first.mask.copy()
        for child in others:
            # Masks of an And's terms are not needed again: memory that is freed and reused costs less than fresh one.
            combine(mask, child.term.build_mask() if child.term and is_and else child.mask, out=mask)
        return mask

    def term_weights(self) -> Iterator[TermWeight]:
        """Term weights that are not below a Not, in the order of the query."""
        if self.term is not None:
            yield self.term
        elif not isinstance(self.node, Not):
            for child in self.children:
                yield from child.term_weights()


def create_weight(  # noqa: PLR0911
    searcher: Searcher, node: Node, check: Check, fields: tuple[str, ...] = DEFAULT_FIELDS
) -> QueryWeight:
    """Resolves a query that searches in some fields; `check` is called for each node and raises when time is up."""
    check()
    match node:
        case MatchAll():
            return QueryWeight(node, filter_mask=np.ones(searcher.size, np.bool_))
        case DateRange():
            return QueryWeight(node, filter_mask=searcher.date_mask(node.first, node.last))
        case InField(field="lang"):
            mask = searcher.language_mask(lambda code: language_matches(node.node, code))
            return QueryWeight(node, filter_mask=mask)
        case InField():
            return create_weight(searcher, node.node, check, (node.field,))
        case Not():
            return QueryWeight(node, [create_weight(searcher, node.node, check, fields)])
        case And() | Or():
            return QueryWeight(node, [create_weight(searcher, child, check, fields) for child in node.nodes])
    term: TermWeight = searcher.term_weights((node, fields), lambda: create_term_weight(searcher, node, fields))
    return QueryWeight(node, term=term)
