"""Query weights: the query tree resolved against a searcher, each node with a mask of the documents it matches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from backfile.index.deadline import Check
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import TermWeight, create_term_weight
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.fields import CONTENT_FIELDS, DEFAULT_FIELDS
from backfile.index.query import And, DateRange, InField, MatchAll, Node, Not, Or, optional_words
from backfile.index.query.language_filter import language_matches

_NOBODY: Array = np.empty(0, np.bool_)


@dataclass
class QueryWeight:
    """Node of a query with its children, or its term weight, or the mask of a filter."""

    node: Node
    children: list[QueryWeight] = field(default_factory=list)
    term: TermWeight | None = None
    filter_mask: Array | None = None
    exempt: dict[int, Array | None] = field(default_factory=dict)
    """Of children of an And that some documents need not match, by index: these documents; None: all."""

    @cached_property
    def mask(self) -> Array:
        """Documents that match, deleted ones perhaps included (bool[size]). Read-only: caches may share it."""
        if self.term is not None:
            return self.term.build_mask()
        if self.filter_mask is not None:
            return self.filter_mask
        if isinstance(self.node, Not):
            return np.logical_not(self.children[0].mask)
        if isinstance(self.node, And):
            return self._conjunction()
        first, *others = self.children
        mask = first.mask.copy()
        for child in others:
            np.logical_or(mask, child.mask, out=mask)
        return mask

    def _conjunction(self) -> Array:
        mask: Array | None = None
        for index, child in enumerate(self.children):
            exempt = self.exempt.get(index, _NOBODY)
            if exempt is None:
                continue
            # Masks of terms are not needed again: memory that is freed and reused costs less than fresh one.
            own = child.term.build_mask() if child.term else child.mask
            if exempt is not _NOBODY:
                own = own | exempt
            if mask is None:
                mask = own if child.term or exempt is not _NOBODY else own.copy()
            else:
                np.logical_and(mask, own, out=mask)
        if mask is None:
            raise ValueError(f"no node of the conjunction is required: {self.node!r}")
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
        case And():
            children = [create_weight(searcher, child, check, fields) for child in node.nodes]
            return QueryWeight(node, children, exempt=_exemptions(searcher, node, fields))
        case Or():
            return QueryWeight(node, [create_weight(searcher, child, check, fields) for child in node.nodes])
    term: TermWeight = searcher.term_weights((node, fields), lambda: create_term_weight(searcher, node, fields))
    return QueryWeight(node, term=term)


def _exemptions(searcher: Searcher, node: And, fields: tuple[str, ...]) -> dict[int, Array | None]:
    """Children of a conjunction that are stop words in some languages: the documents in these; None: all documents."""
    if fields[0] not in CONTENT_FIELDS:
        return {}
    optional = {language: optional_words(node, language) for language in searcher.languages}
    return {
        index: _documents_in(searcher, {language for language, words in optional.items() if child in words})
        for index, child in enumerate(node.nodes)
        if any(child in words for words in optional.values())
    }


def _documents_in(searcher: Searcher, languages: set[str]) -> Array | None:
    if len(languages) == len(searcher.languages):
        return None
    return searcher.language_mask(lambda code: searcher.language_of(code) in languages)
