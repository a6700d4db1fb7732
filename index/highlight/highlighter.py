"""Highlighter: spans of a document that match a query, and whether the query matches at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np

from backfile.index.engine import Document, Span
from backfile.index.fields import DEFAULT_FIELDS, values
from backfile.index.highlight.term_matcher import Occurrences, Term, find_occurrences
from backfile.index.highlight.token_table import (
    Array,
    TokenizedDocument,
    TokenTable,
    tokenize_documents,
    tokenize_texts,
)
from backfile.index.query import And, DateRange, InField, MatchAll, Node, Not, Or
from backfile.index.query.language_filter import language_matches

Fields = tuple[str, ...]
StemSiblingsIn = Callable[[str, Fields], frozenset[str]]
"""All terms that some documents have in some fields and that share a stem with a term."""


@dataclass(frozen=True, slots=True)
class Highlights:
    """Spans that match in title, summary and text of a hit: sorted, disjoint, not empty.

    `values`: (field, value) of authors, topics and source with a match.
    """

    title: tuple[Span, ...] = ()
    summary: tuple[Span, ...] = ()
    text: tuple[Span, ...] = ()
    values: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def count(self) -> int:
        """Number of spans."""
        return len(self.title) + len(self.summary) + len(self.text)


class Highlighter:
    """Highlighter of a query; `languages` are those by which the index stems.

    With `siblings`, stem siblings are read from the index instead of stemming the terms of the documents, which must
    all be in the index.
    """

    def __init__(
        self, query: Node, languages: tuple[str, ...] = ("en",), siblings: StemSiblingsIn | None = None
    ) -> None:
        self._query = query
        self._languages = languages
        self._siblings = siblings

    def highlight(self, document: Document) -> Highlights | None:
        """Highlights of a document; None if the query does not match it."""
        return self.highlight_all([TokenizedDocument(document)])[0]

    def highlight_all(self, documents: Sequence[TokenizedDocument]) -> list[Highlights | None]:
        """`highlight` for each of some documents, at a cost that grows with their text and little with their number."""
        batch = _Batch(documents, self._find)
        satisfied = batch.satisfied(self._query, DEFAULT_FIELDS)
        clauses = list(batch.clauses(self._query, DEFAULT_FIELDS, satisfied))
        spans, values = iter(batch.spans(clauses)), batch.values(clauses)
        found = [
            Highlights(*fields, tuple(row))
            for fields, row in zip(zip(spans, spans, spans, strict=True), values, strict=True)
        ]
        return [each if holds else None for each, holds in zip(found, satisfied.tolist(), strict=True)]

    def _find(self, term: Term, table: TokenTable, fields: Fields) -> Occurrences:
        siblings = self._siblings
        in_fields = None if siblings is None else lambda word: siblings(word, fields)
        return find_occurrences(term, table, self._languages, in_fields)


Clause = tuple[Term, Fields, Array]  # a term of the query, its fields, and for each document whether it counts


@dataclass(frozen=True, slots=True)
class _Texts:
    """Tokenized texts with the number of the document and the field of each."""

    table: TokenTable
    owners: Array
    fields: Array


class _Found(NamedTuple):
    """Occurrences in texts, with the number of the text and of the document of each."""

    occurrences: Occurrences
    texts: Array
    owners: Array

    def take(self, kept: Array) -> _Found:
        tokens, ends = self.occurrences
        return _Found(Occurrences(tokens[kept], ends[kept]), self.texts[kept], self.owners[kept])


class _Batch:
    """Evaluation of a query on some documents: a result is an array with a bool for each document."""

    def __init__(
        self, documents: Sequence[TokenizedDocument], find: Callable[[Term, TokenTable, Fields], Occurrences]
    ) -> None:
        self._documents = documents
        self._find = find
        self._found: dict[tuple[Term, Fields], _Found] = {}

    @cached_property
    def _contents(self) -> _Texts:
        """Title, summary and text of each document."""
        owners = np.arange(len(self._documents)).repeat(len(DEFAULT_FIELDS))
        return _Texts(tokenize_documents(self._documents), owners, np.array(DEFAULT_FIELDS * len(self._documents)))

    @cached_property
    def _values(self) -> list[tuple[int, str, str]]:
        """Number of the document, field and value of every author, topic and source."""
        return [
            (number, field, value)
            for number, each in enumerate(self._documents)
            for field in ("author", "topic", "source")
            for value in values(each.document, field)
        ]

    @cached_property
    def _metadata(self) -> _Texts:
        owners = np.array([number for number, _, _ in self._values], np.intp)
        table = tokenize_texts([value for _, _, value in self._values])
        return _Texts(table, owners, np.array([field for _, field, _ in self._values]))

    def _find_in(self, term: Term, fields: Fields) -> _Found:
        if (term, fields) not in self._found:
            texts = self._contents if fields[0] in DEFAULT_FIELDS else self._metadata
            occurrences = self._find(term, texts.table, fields)
            numbers = texts.table.texts_of(occurrences.tokens)
            found = _Found(occurrences, numbers, texts.owners[numbers])
            if len(fields) == 1:
                found = found.take(np.flatnonzero(texts.fields[numbers] == fields[0]))
            self._found[term, fields] = found
        return self._found[term, fields]

    def satisfied(self, node: Node, fields: Fields) -> Array:
        """Documents that a node matches."""
        match node:
            case And() | Or():
                parts = [self.satisfied(child, fields) for child in node.nodes]
                return reduce(np.logical_and if isinstance(node, And) else np.logical_or, parts)
            case Not():
                return ~self.satisfied(node.node, fields)
            case InField() if node.field != "lang":
                return self.satisfied(node.node, (node.field,))
            case MatchAll() | DateRange() | InField():
                return np.array([_holds(node, each.document) for each in self._documents], np.bool_)
        found = np.zeros(len(self._documents), np.bool_)
        found[self._find_in(node, fields).owners] = True
        return found

    def clauses(self, node: Node, fields: Fields, holds: Array) -> Iterator[Clause]:
        """Terms of satisfied clauses. `holds`: documents for which the node and all nodes above hold."""
        match node:
            case And() | Or():
                for child in node.nodes:
                    yield from self.clauses(child, fields, holds & self.satisfied(child, fields))
            case InField() if node.field != "lang":
                yield from self.clauses(node.node, (node.field,), holds)
            case Not() | MatchAll() | DateRange() | InField():
                return
            case _:
                yield node, fields, holds

    def spans(self, clauses: Sequence[Clause]) -> list[tuple[Span, ...]]:
        """Spans of the clauses in title, summary and text of each document."""
        found = [self._find_in(*clause[:2]) for clause in clauses if clause[1][0] in DEFAULT_FIELDS]
        holding = [holds for _, fields, holds in clauses if fields[0] in DEFAULT_FIELDS]
        kept = [each.take(np.flatnonzero(holds[each.owners])) for each, holds in zip(found, holding, strict=True)]
        return _merged_spans(self._contents.table, [each.occurrences for each in kept])

    def values(self, clauses: Sequence[Clause]) -> list[list[tuple[str, str]]]:
        """For each document, field and value of the authors, topics and source with one of the clauses."""
        rows: list[list[tuple[str, str]]] = [[] for _ in self._documents]
        for term, fields, holds in clauses:
            if fields[0] not in DEFAULT_FIELDS:
                for text in np.unique(self._find_in(term, fields).texts).tolist():
                    number, *value = self._values[text]
                    if holds[number]:
                        rows[number].append((value[0], value[1]))
        return rows


def _holds(node: MatchAll | DateRange | InField, document: Document) -> bool:
    match node:
        case DateRange():
            return node.overlaps(document.metadata.date)
        case InField():
            return language_matches(node.node, document.metadata.language)
    return True


def _merged_spans(table: TokenTable, found: Sequence[Occurrences]) -> list[tuple[Span, ...]]:
    """Merged spans of occurrences in each text."""
    rows: list[list[Span]] = [[] for _ in range(len(table.bounds) - 1)]
    for tokens, ends in found:
        columns = (table.texts_of(tokens), table.starts[tokens], ends)
        for text, start, end in zip(*(column.tolist() for column in columns), strict=True):
            rows[text].append((start, end))
    return [merge_spans(row) for row in rows]


def merge_spans(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, overlapping ones made one."""
    merged: list[Span] = []
    last = -1
    for start, end in sorted(spans):
        if start < last:
            last = max(end, last)
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((start, end))
            last = end
    return tuple(merged)
