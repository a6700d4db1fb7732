"""Highlighter: spans of a document that match a query, and whether the query matches at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from typing import NamedTuple

import numpy as np

from backfile.index.analysis.stemming import stemming_languages
from backfile.index.engine import Document, Span
from backfile.index.fields import CONTENT_FIELDS, DEFAULT_FIELDS
from backfile.index.highlight.term_matcher import Occurrences, Term, find_occurrences
from backfile.index.highlight.token_table import (
    Array,
    TokenizedDocument,
    TokenTable,
    tokenize_documents,
)
from backfile.index.query import And, DateRange, InField, MatchAll, Node, Not, Or, Word, language_of, optional_words
from backfile.index.query.language_filter import language_matches

Fields = tuple[str, ...]
StemSiblingsIn = Callable[[str, Fields, tuple[str, ...]], frozenset[str]]
"""All terms that some documents have in some fields and that share a stem with a term in one of some languages."""


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
    """Highlighter of a query; `languages` are those by which the index stems, each document by its own.

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
        """Highlights of a document; None if the query does not match it.

        Of a document of which only the beginning is tokenized, the words there are highlighted; it is never None.
        """
        return self.highlight_all([TokenizedDocument(document)])[0]

    def highlight_all(self, documents: Sequence[TokenizedDocument]) -> list[Highlights | None]:
        """`highlight` for each of some documents, at a cost that grows with their text and little with their number."""
        groups = [stemming_languages(each.document.metadata.language, self._languages) for each in documents]
        batch = _Batch(documents, groups, self._find, self._languages)
        satisfied = batch.satisfied(self._query, DEFAULT_FIELDS) | batch.is_cut
        clauses = list(batch.clauses(self._query, DEFAULT_FIELDS, satisfied))
        found = zip(batch.spans(clauses), batch.values(clauses), satisfied.tolist(), strict=True)
        return [Highlights(**spans, values=tuple(values)) if holds else None for spans, values, holds in found]

    def _find(self, term: Term, table: TokenTable, fields: Fields, languages: tuple[str, ...]) -> Occurrences:
        siblings = self._siblings
        in_fields = None if siblings is None else lambda word: siblings(word, fields, languages)
        return find_occurrences(term, table, languages, in_fields)


FindOccurrences = Callable[[Term, TokenTable, Fields, tuple[str, ...]], Occurrences]

Clause = tuple[Term, Fields, Array]  # a term of the query, its fields, and for each document whether it counts


@dataclass(frozen=True, slots=True)
class _Texts:
    """Tokenized texts of some documents with the number of the document, the field and the text of each."""

    table: TokenTable
    owners: Array
    fields: Array
    values: Sequence[str]

    @classmethod
    def of(cls, documents: Sequence[TokenizedDocument]) -> _Texts:
        """Texts of every word field."""
        owners = np.arange(len(documents)).repeat([len(each.texts) for each in documents])
        fields, texts = zip(*(pair for each in documents for pair in each.texts), strict=True)
        return cls(tokenize_documents(documents), owners, np.array(fields), texts)


class _Found(NamedTuple):
    """Occurrences in texts, with the number of the text and of the document of each."""

    occurrences: Occurrences
    texts: Array
    owners: Array

    def take(self, kept: Array) -> _Found:
        tokens, ends = self.occurrences
        return _Found(Occurrences(tokens[kept], ends[kept]), self.texts[kept], self.owners[kept])


class _Batch:
    """Evaluation of a query on some documents: a result is an array with a bool for each document.

    `groups`: languages by which each document is stemmed. `is_cut`: documents of which only the beginning is known, so
    that a clause without an occurrence may hold all the same.
    """

    def __init__(
        self,
        documents: Sequence[TokenizedDocument],
        groups: Sequence[tuple[str, ...]],
        find: FindOccurrences,
        languages: tuple[str, ...],
    ) -> None:
        self._documents = documents
        self._groups = groups
        self._find = find
        self.is_cut = np.array([each.is_cut for each in documents], np.bool_)
        self._language_of = [language_of(each.document.metadata.language, languages) for each in documents]
        self._found: dict[tuple[Term, Fields], _Found] = {}

    @cached_property
    def _texts(self) -> _Texts:
        return _Texts.of(self._documents)

    def _find_in(self, term: Term, fields: Fields) -> _Found:
        if (term, fields) not in self._found:
            texts = self._texts
            occurrences = self._occurrences(term, texts, fields)
            numbers = texts.table.texts_of(occurrences.tokens)
            found = _Found(occurrences, numbers, texts.owners[numbers])
            self._found[term, fields] = found.take(np.flatnonzero(np.isin(texts.fields, fields)[numbers]))
        return self._found[term, fields]

    def _occurrences(self, term: Term, texts: _Texts, fields: Fields) -> Occurrences:
        """Occurrences of a term; stem siblings count in the documents of their languages."""
        groups = sorted(set(self._groups))
        if len(groups) < 2 or not isinstance(term, Word):
            return self._find(term, texts.table, fields, groups[0] if groups else ())
        parts = []
        for languages in groups:
            found = self._find(term, texts.table, fields, languages)
            documents = np.array([each == languages for each in self._groups], np.bool_)
            kept = np.flatnonzero(documents[texts.owners[texts.table.texts_of(found.tokens)]])
            parts.append(Occurrences(found.tokens[kept], found.ends[kept]))
        return Occurrences.joined(parts)

    def satisfied(self, node: Node, fields: Fields) -> Array:
        """Documents that a node matches."""
        match node:
            case And():
                parts = [self.satisfied(child, fields) for child in node.nodes]
                for child, optional in self._optional(node, fields).items():
                    parts[node.nodes.index(child)] = parts[node.nodes.index(child)] | optional
                return reduce(np.logical_and, parts)
            case Or():
                return reduce(np.logical_or, [self.satisfied(child, fields) for child in node.nodes])
            case Not():
                return ~self.satisfied(node.node, fields)
            case InField() if node.field != "lang":
                return self.satisfied(node.node, (node.field,))
            case MatchAll() | DateRange() | InField():
                return np.array([_holds(node, each.document) for each in self._documents], np.bool_)
        found = np.zeros(len(self._documents), np.bool_)
        found[self._find_in(node, fields).owners] = True
        return found

    def _optional(self, node: And, fields: Fields) -> dict[Node, Array]:
        """Stop words of a conjunction, and documents in whose language each is one: neither required nor marked."""
        if fields[0] not in CONTENT_FIELDS:
            return {}
        words = {language: optional_words(node, language) for language in set(self._language_of)}
        return {
            child: np.array([child in words[language] for language in self._language_of], np.bool_)
            for child in frozenset[Node]().union(*words.values())
        }

    def clauses(self, node: Node, fields: Fields, holds: Array) -> Iterator[Clause]:
        """Terms of satisfied clauses. `holds`: documents for which the node and all nodes above hold."""
        match node:
            case And():
                optional = self._optional(node, fields)
                for child in node.nodes:
                    marked = holds & (self.satisfied(child, fields) | self.is_cut)
                    if child in optional:
                        marked &= ~optional[child]
                    yield from self.clauses(child, fields, marked)
            case Or():
                for child in node.nodes:
                    yield from self.clauses(child, fields, holds & (self.satisfied(child, fields) | self.is_cut))
            case InField() if node.field != "lang":
                yield from self.clauses(node.node, (node.field,), holds)
            case Not() | MatchAll() | DateRange() | InField():
                return
            case _:
                yield node, fields, holds

    def spans(self, clauses: Sequence[Clause]) -> list[dict[str, tuple[Span, ...]]]:
        """Spans of the clauses in title, summary and text of each document."""
        if not clauses:  # nothing to tokenize for
            return [{} for _ in self._documents]
        texts = self._texts
        is_content = np.isin(texts.fields, CONTENT_FIELDS)
        kept = []
        for term, fields, holds in clauses:
            found = self._find_in(term, fields)
            kept.append(found.take(np.flatnonzero(holds[found.owners] & is_content[found.texts])).occurrences)
        rows: list[dict[str, tuple[Span, ...]]] = [{} for _ in self._documents]
        merged = _merged_spans(texts.table, kept)
        for number in np.flatnonzero(is_content).tolist():
            rows[texts.owners[number]][str(texts.fields[number])] = merged[number]
        return rows

    def values(self, clauses: Sequence[Clause]) -> list[list[tuple[str, str]]]:
        """For each document, field and value of the authors, topics and source with one of the clauses."""
        rows: list[list[tuple[str, str]]] = [[] for _ in self._documents]
        if not clauses:
            return rows
        texts = self._texts
        for term, fields, holds in clauses:
            for number in np.unique(self._find_in(term, fields).texts).tolist():
                field, owner = str(texts.fields[number]), texts.owners[number]
                if field not in CONTENT_FIELDS and holds[owner]:
                    rows[owner].append((field, texts.values[number]))
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
