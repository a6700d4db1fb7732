"""The leaves of a query as arrays: which documents a word, phrase, pattern or fuzzy word is in, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from backfile.index.analysis.tokenizer import term_sequences
from backfile.index.analysis.wildcards import fuzzy_term, literal_prefix, matching_lines
from backfile.index.engines.whoosh.search.phrases import phrase_postings, sequence_postings
from backfile.index.engines.whoosh.search.positions import union
from backfile.index.engines.whoosh.search.posting_lists import DocBatch, PostingList, pack_postings
from backfile.index.engines.whoosh.search.posting_reader import PostingReader
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.storage.field_postings import FieldPostings
from backfile.index.query import Fuzzy, Phrase, Wildcard, Word
from backfile.index.ranking.bm25f import WEIGHTS, is_single_term

Array = npt.NDArray[Any]
TermNode = Word | Phrase | Wildcard | Fuzzy


class TermWeight:
    """What a leaf finds in its fields. Deleted documents are included, save in `frequency`.

    `parts` holds for each field frequencies with the weight that an occurrence of each has; `words` the single terms
    of a plain word in each field.
    """

    def __init__(self, searcher: Searcher, node: TermNode, fields: tuple[str, ...]) -> None:
        self.node = node
        self.fields = fields
        self._searcher = searcher
        self.words: dict[str, StemmedTerm] = {}
        if isinstance(node, Word) and is_single_term(node):
            term = term_sequences(node.text)[0][0][0][0]
            self.words = {name: StemmedTerm(searcher, name, term, exact=node.exact) for name in fields}
        self._frequency: int | None = None
        self.parts = {name: [part for part in self._found(name) if len(part[0])] for name in fields}

    @property
    def nbytes(self) -> int:
        """About what it holds in memory once all of it was batch for, in bytes."""
        return sum(found.nbytes for found in self._all)

    @property
    def _all(self) -> list[PostingList]:
        return [found for parts in self.parts.values() for found, _ in parts]

    def _found(self, field: str) -> list[tuple[PostingList, float]]:
        match self.node:
            case Wildcard():
                return [(read_pattern(self._searcher, field, self.node.text).frequencies, 1.0)]
            case Fuzzy():
                return [(read_fuzzy(self._searcher, field, self.node.text, self.node.distance).frequencies, 1.0)]
            case Phrase():
                return [(pack_postings(phrase_postings(self._searcher, field, self.node), self._searcher.size), 1.0)]
        if self.words:
            return self.words[field].frequencies
        return spellings(self._searcher, field, self.node)

    def count_in(self, field: str) -> int:
        """How many postings it has in a field."""
        return sum(len(part) for part, _ in self.parts.get(field, ()))

    def documents_in(self, field: str) -> Array:
        """The documents in which the leaf is in that field, ascending."""
        return union([part.documents for part, _ in self.parts.get(field, ())])

    def is_in(self, field: str, documents: Array) -> Array:
        """In which of some documents (ascending) the leaf is in that field (bool)."""
        found = [part.has(documents) for part, _ in self.parts.get(field, ())]
        return reduce(np.logical_or, found) if found else np.zeros(len(documents), np.bool_)

    @property
    def mask(self) -> Array:
        """True for documents in which the leaf is in any of its fields (bool[size]): made anew each time."""
        mask = np.zeros(self._searcher.size, np.bool_)
        for found in self._all:
            found.mark(mask)
        if self._frequency is None:
            live = self._searcher.live
            self._frequency = int(np.count_nonzero(mask if live is None else mask & live))
        return mask

    @property
    def frequency(self) -> int:
        """The number of live documents that it finds."""
        if self._frequency is None:
            _ = self.mask
        return self._frequency or 0

    def amounts(self, batch: DocBatch) -> Array:
        """tf~ of `index.ranking` for each of the documents: float64."""
        total = np.zeros(len(batch))
        for name, parts in self.parts.items():
            for found, weight in parts:
                found.add_to(total, batch, self._searcher.norms(name), weight)
        return total


class StemmedTerm:
    """A term in a field: alone if `exact`, else with its family."""

    def __init__(self, searcher: Searcher, field: str, term: str, *, exact: bool) -> None:
        self.typed = read_term(searcher, field, term)
        self.kin = PostingReader(searcher, field, lambda postings: () if exact else searcher.kin(postings, (term,)))

    @property
    def frequencies(self) -> list[tuple[PostingList, float]]:
        """The frequencies of the term, and those of the other forms."""
        if not self.kin:
            return [(self.typed.frequencies, 1.0)]
        return [(self.typed.frequencies, 1.0), (self.kin.frequencies, WEIGHTS.stem_sibling)]

    def places(self, chosen: Array) -> Array:
        """Where any of the forms stands in the chosen documents (ascending), sorted, each place once."""
        if not self.kin:
            return self.typed.places(chosen)
        return union([self.typed.places(chosen), self.kin.places(chosen)])


def read_term(searcher: Searcher, field: str, term: str) -> PostingReader:
    """A term in a field, as it is."""

    def number(postings: FieldPostings) -> Iterable[int]:
        found = searcher.number(postings, term)
        return (found,) if found >= 0 else ()

    return PostingReader(searcher, field, number)


def spellings(searcher: Searcher, field: str, word: Word) -> list[tuple[PostingList, float]]:
    """A word of several spellings: the places where one of them begins, and the family of those of a single term."""
    forms = term_sequences(word.text)
    starts = pack_postings(sequence_postings(searcher, field, forms), searcher.size)
    if word.exact:
        return [(starts, 1.0)]
    single = tuple(terms[0][0] for terms, _ in forms if len(terms) == 1)
    relatives = PostingReader(searcher, field, lambda postings: searcher.kin(postings, single))
    return [(starts, 1.0), (relatives.frequencies, WEIGHTS.stem_sibling)]


def read_pattern(searcher: Searcher, field: str, text: str) -> PostingReader:
    """The terms of a field that a pattern fits."""
    prefix = literal_prefix(text)
    if text.endswith("*") and not set(text[:-1]) & {"*", "?"}:
        return PostingReader(searcher, field, lambda postings: range(*postings.prefix(prefix)))

    def numbers(postings: FieldPostings) -> Iterable[int]:
        low, high = postings.prefix(prefix)
        return [low + place for place in matching_lines(text, postings.terms.lines(low, high))] if low < high else ()

    return PostingReader(searcher, field, numbers)


def read_fuzzy(searcher: Searcher, field: str, text: str, distance: int) -> PostingReader:
    """The terms of a field within a distance of a word."""
    word = fuzzy_term(text)

    def numbers(postings: FieldPostings) -> Iterable[int]:
        return close_terms(postings, word, distance).tolist() if word else ()

    return PostingReader(searcher, field, numbers)


def close_terms(postings: FieldPostings, word: str, distance: int) -> Array:
    """Numbers of the terms that begin as `word` does, at most `distance` edits (optimal string alignment) away."""
    low, high = postings.prefix(word[0])
    if low == high:
        return np.empty(0, np.intp)
    lengths = np.diff(postings.terms.offsets[low : high + 1].astype(np.int64)) - 1  # in bytes, one to four a letter
    near_length = np.flatnonzero((lengths >= len(word) - distance) & (lengths <= 4 * (len(word) + distance)))
    texts = postings.terms.texts(low, high)
    candidates = [texts[number] for number in near_length.tolist()]
    edits = cdist([word], candidates, scorer=OSA.distance, score_cutoff=distance, dtype=np.uint8)[0]
    return low + near_length.take(np.flatnonzero(edits <= distance))
