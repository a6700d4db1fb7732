"""What a half-typed query may become."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backfile.index.analysis.tokenizer import tokenize
from backfile.index.engine import Completions
from backfile.index.engines.whoosh.search.collector import by_newest
from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.document_frequency import most_frequent
from backfile.index.engines.whoosh.search.posting_reader import PostingReader
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import read_term


def complete(searcher: Searcher, text: str, limit: int) -> Completions:
    """Completions of the last word of `text`; titles and names must have the words before it as well."""
    typed = [token.term for token in tokenize(text)]
    if not typed or not searcher.size:
        return Completions()
    return Completions(
        words=tuple(most_frequent(searcher, typed[-1], limit)),
        titles=_titles(searcher, typed, limit),
        authors=_names(searcher, "author", typed, limit),
        topics=_names(searcher, "topic", typed, limit),
    )


def _titles(searcher: Searcher, typed: Sequence[str], limit: int) -> tuple[tuple[str, str], ...]:
    found = []
    for document in by_newest(searcher, _beginning(searcher, "title", typed).documents, limit).tolist():
        segment, number = searcher.commit.locate(document)
        head = segment.stored_fields(number)
        found.append((head.id, head.title))
    return tuple(found)


def _names(searcher: Searcher, field: str, typed: Sequence[str], limit: int) -> tuple[str, ...]:
    """StringKey by the number of their articles; the articles found may have others that do not begin so."""
    table = searcher.facet(field)
    numbers = np.flatnonzero(table.counts(_beginning(searcher, field, typed)) > 0)
    names: list[str] = []
    for number in numbers[np.argsort(-table.totals[numbers], kind="stable")].tolist():
        name = table.values[number]
        if _begins(name, typed):
            names.append(name)
        if len(names) == limit:
            break
    return tuple(names)


def _begins(text: str, typed: Sequence[str]) -> bool:
    terms = [token.term for token in tokenize(text)]
    return any(term.startswith(typed[-1]) for term in terms) and set(typed[:-1]) <= set(terms)


def _beginning(searcher: Searcher, field: str, typed: Sequence[str]) -> DocSet:
    """The live documents that have in a field a word that begins as the last one typed, and the others as they are."""
    last = PostingReader(searcher, field, lambda postings: range(*postings.prefix(typed[-1])))
    inside = np.ones(searcher.size, np.bool_) if searcher.live is None else searcher.live
    for found in [last, *(read_term(searcher, field, term) for term in typed[:-1])]:
        mask = np.zeros(searcher.size, np.bool_)
        mask[found.documents()] = True
        inside = inside & mask
    return DocSet.of(inside)
