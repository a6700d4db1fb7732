"""Numbers of matches from postings: how many highlights documents would have, without reading their texts.

A highlight is a run of overlapping matches, so distinct positions count highlights only where matches at different
positions cannot overlap. Queries and documents for which that is not certain are not counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from backfile.index.analysis.phrase_terms import is_pattern, phrase_sequences
from backfile.index.analysis.tokenizer import UNSPACED_CHARACTER
from backfile.index.engines.whoosh.search.doc_set import DocSet
from backfile.index.engines.whoosh.search.phrases import phrase_starts
from backfile.index.engines.whoosh.search.positions import POSITION_BITS, merge_sorted
from backfile.index.engines.whoosh.search.posting_reader import PostingReader, wildcard_reader
from backfile.index.engines.whoosh.search.query_weight import QueryWeight
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import TermWeight
from backfile.index.engines.whoosh.storage.array_file import Array
from backfile.index.fields import CONTENT_FIELDS
from backfile.index.highlight import token_table
from backfile.index.query import And, Not, Or, Phrase, Wildcard

_MOST_TERMS = 300
_MOST_POSITIONS = 3_000_000
_MOST_LONG = 50  # documents whose length is looked at one by one
_DEAREST = 25  # greatest cost of a character (`index.highlight.token_table`)
_VARIANT = re.compile(r"(?:(?<![+#])[+#]++|(?<=[^\W\d_]{3})\d++)$")  # ending of a token that its compound lacks


@dataclass(frozen=True, eq=False)
class _Countable:
    """Terms of a query whose matches can be counted: single words by field and reader, and phrases by field."""

    words: Sequence[tuple[str, PostingReader]]
    phrases: Sequence[tuple[str, Phrase]]

    def counts(self, searcher: Searcher, docs: DocSet) -> Array | None:
        """Number of matches of each document; None if there are too many to look at."""
        if sum(reader.count_postings() for _, reader in self.words) > _MOST_POSITIONS:
            return None
        counts = np.zeros(searcher.size, np.intp)
        for field in CONTENT_FIELDS:
            positions = [reader.read_positions(docs.doc_ids) for name, reader in self.words if name == field]
            positions += [phrase_starts(searcher, name, phrase) for name, phrase in self.phrases if name == field]
            if sum(map(len, positions)) > _MOST_POSITIONS:
                return None
            counts += np.bincount(merge_sorted(positions) >> POSITION_BITS, minlength=searcher.size)
        found: Array = counts.take(docs.doc_ids)
        return found

    def are_apart(self) -> bool:
        """Whether no two matches at different positions can overlap."""
        words = {text for _, reader in self.words for text in reader.terms(_MOST_TERMS)}
        in_phrases: list[str] = []
        for phrase in {phrase for _, phrase in self.phrases}:
            sequences = phrase_sequences(phrase.text)
            if len(sequences) != 1 or phrase.within is not None:
                return False
            in_phrases += [term for term, _ in sequences[0][0]]
        repeated = len({*in_phrases}) < len(in_phrases) or not words.isdisjoint(in_phrases)
        if repeated or any(map(is_pattern, in_phrases)):
            return False
        return not may_overlap(words.union(in_phrases), first=0 if in_phrases else 1)


def count_matches(searcher: Searcher, weight: QueryWeight, docs: DocSet) -> Array | None:
    """Number of highlights of each document of a set that matches (intp[len(docs)]); None if it is not certain."""
    terms = _marked_terms(weight)
    countable = None if terms is None else _countable(searcher, terms)
    if countable is None or not countable.are_apart() or _has_cut(searcher, docs):
        return None
    return countable.counts(searcher, docs)


def _marked_terms(weight: QueryWeight) -> list[TermWeight] | None:
    """Terms of which every occurrence in a document that matches is marked; None if that depends on the document."""
    if weight.term is not None:
        return [weight.term]
    if weight.filter_mask is not None or isinstance(weight.node, Not):
        return []
    terms: list[TermWeight] = []
    for index, child in enumerate(weight.children):
        is_exempt = isinstance(weight.node, And) and index in weight.exempt
        if is_exempt and weight.exempt[index] is None:
            continue  # a stop word in all documents
        may_fail = isinstance(weight.node, Or) and isinstance(child.node, And | Or)
        own = None if is_exempt or may_fail else _marked_terms(child)
        if own is None:
            return None
        terms += own
    return terms


def _countable(searcher: Searcher, terms: Iterable[TermWeight]) -> _Countable | None:
    """Single words, patterns and phrases in the fields that are highlighted; None if a term is none of these."""
    words: list[tuple[str, PostingReader]] = []
    phrases: list[tuple[str, Phrase]] = []
    for term in terms:
        node, fields = term.node, [field for field in term.postings if field in CONTENT_FIELDS]
        if term.readers:
            words += [(field, reader) for field in fields for reader in term.readers[field]]
        elif isinstance(node, Wildcard):
            words += [(field, wildcard_reader(searcher, field, node.text)) for field in fields]
        elif isinstance(node, Phrase):
            phrases += [(field, node) for field in fields]
        else:
            return None
    return _Countable(words, phrases)


def may_overlap(terms: set[str], *, first: int = 1) -> bool:
    """Test for terms of which two tokens at different positions may overlap in a text.

    That takes a compound (`e-mail` as `email`) with one of its parts (`mail`), or two neighbouring signs twice. A part
    is looked for from the character `first` of the compound on.
    """
    if len(terms) >= _MOST_TERMS:
        return True
    unspaced = [term for term in terms if UNSPACED_CHARACTER.match(term)]
    if unspaced and (len(terms) > 1 or len({*UNSPACED_CHARACTER.findall(unspaced[0])}) == 1 < len(unspaced[0])):
        return True
    variants = {term: {term, _VARIANT.sub("", term)} for term in terms}
    return any(
        not part or (other.find(part, first) >= first and other != term)
        for other in terms
        for term, parts in variants.items()
        for part in parts
    )


def _has_cut(searcher: Searcher, docs: DocSet) -> bool:
    """Whether a document may be so long that only its beginning is highlighted."""
    sizes = searcher.column(lambda segment: segment.stored_bytes, np.int64)
    long = docs.doc_ids[sizes.take(docs.doc_ids) * _DEAREST > token_table.MAX_COST]
    return len(long) > _MOST_LONG or any(_are_cut(searcher, long))


def _are_cut(searcher: Searcher, doc_ids: Array) -> Iterator[bool]:
    return (searcher.prepared(doc_id).is_cut for doc_id in doc_ids.tolist())
