"""The leaves of a query as arrays: which documents a word, phrase, pattern or fuzzy word is in, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property, reduce
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from index.analysis import POSITION_GAP, Form, query_forms
from index.engines.whoosh.gathering import Run, Terms
from index.engines.whoosh.positional import documents_of, follows, near, union
from index.engines.whoosh.postings import FieldPostings
from index.engines.whoosh.selection import Selection
from index.engines.whoosh.view import View
from index.query import Fuzzy, Pattern, Phrase, Word
from index.ranking import WEIGHTS, is_plain
from index.wildcards import fitting_lines, fuzzy_term, literal_prefix

Array = npt.NDArray[Any]
_HELD_A_POSTING = 18  # document, frequency and the end of its positions; these themselves stay in the map
_DENSE = 8  # of so many documents one has a common word
LeafNode = Word | Phrase | Pattern | Fuzzy


class Leaf:
    """What a leaf finds in its fields. Deleted documents are included, save in `frequency`.

    `parts` holds for each field the runs of postings with the weight that an occurrence of each has; `words` the
    single terms of a plain word in each field.
    """

    def __init__(self, view: View, node: LeafNode, fields: tuple[str, ...]) -> None:
        self.node = node
        self.fields = fields
        self._view = view
        self.words: dict[str, SingleTerm] = {}
        if isinstance(node, Word) and is_plain(node):
            term = query_forms(node.text)[0][0][0][0]
            self.words = {name: SingleTerm(view, name, term, exact=node.exact) for name in fields}
        self._masks: dict[str, Array] = {}
        self.parts = {name: [part for part in self._runs(name) if len(part[0])] for name in fields}

    @property
    def nbytes(self) -> int:
        """About what it holds in memory once all of it was asked for, in bytes."""
        masks = len(self.fields) + 1
        return self._view.size * (masks + 8 * self._is_common) + _HELD_A_POSTING * self._postings

    @cached_property
    def _postings(self) -> int:
        return sum(len(run) for runs in self.parts.values() for run, _ in runs)

    def _runs(self, field: str) -> list[tuple[Run, float]]:
        match self.node:
            case Pattern():
                return [(pattern_terms(self._view, field, self.node.text).run, 1.0)]
            case Fuzzy():
                return [(fuzzy_terms(self._view, field, self.node.text, self.node.distance).run, 1.0)]
            case Phrase():
                return [(phrase_run(self._view, field, self.node), 1.0)]
        if self.words:
            return self.words[field].runs
        return spelling_runs(self._view, field, self.node)

    def mask_in(self, field: str) -> Array:
        """True for documents in which the leaf is in that field (bool[size])."""
        if field not in self._masks:
            mask = np.zeros(self._view.size, np.bool_)
            for run, _ in self.parts.get(field, ()):
                mask[run.documents] = True
            self._masks[field] = mask  # when it is complete: other threads may look
        return self._masks[field]

    @cached_property
    def mask(self) -> Array:
        """True for documents in which the leaf is in any of its fields (bool[size])."""
        return reduce(np.logical_or, [self.mask_in(field) for field in self.fields])

    @cached_property
    def frequency(self) -> int:
        """The number of live documents that it finds."""
        mask = self.mask if self._view.live is None else self.mask & self._view.live
        return int(np.count_nonzero(mask))

    def amounts(self, documents: Array) -> Array:
        """tf~ of `index.ranking` for each of the documents (ascending): float64."""
        worth_it = self._is_common and len(documents) * _DENSE > self._view.size
        if worth_it or "_amounts_of_all" in self.__dict__:
            known: Array = self._amounts_of_all.take(documents)
            return known
        return self._amounts(documents)

    @property
    def _is_common(self) -> bool:
        return self._postings * _DENSE > self._view.size

    @cached_property
    def _amounts_of_all(self) -> Array:
        total = np.zeros(self._view.size)
        for name, runs in self.parts.items():
            for run, weight in runs:
                run.add_normed_to(total, self._view.norms(name), weight)
        return total

    def _amounts(self, documents: Array) -> Array:
        total = np.zeros(len(documents))
        for name, runs in self.parts.items():
            if runs:
                sums = np.zeros(len(documents))
                for run, weight in runs:
                    run.add_to(sums, documents, self._view.size, weight)
                sums *= self._view.norms(name).take(documents)
                total += sums
        return total


class SingleTerm:
    """A term in a field: alone if `exact`, else with its family."""

    def __init__(self, view: View, field: str, term: str, *, exact: bool) -> None:
        self.typed = one_term(view, field, term)
        self.kin = Terms(view, field, lambda postings: () if exact else view.kin(postings, (term,)))

    @property
    def runs(self) -> list[tuple[Run, float]]:
        """The postings of the term, and those of the other forms."""
        return [(self.typed.run, 1.0), (self.kin.run, WEIGHTS.family)]

    def places(self, chosen: Selection) -> Array:
        """Where any of the forms stands in the chosen documents, sorted, each place once."""
        if not self.kin:
            return self.typed.places(chosen)
        return union([self.typed.places(chosen), self.kin.places(chosen)])


def one_term(view: View, field: str, term: str) -> Terms:
    """A term in a field, as it is."""

    def number(postings: FieldPostings) -> Iterable[int]:
        found = view.number(postings, term)
        return (found,) if found >= 0 else ()

    return Terms(view, field, number)


def spelling_runs(view: View, field: str, word: Word) -> list[tuple[Run, float]]:
    """A word of several spellings: the places where one of them begins, and the family of those of a single term."""
    forms = query_forms(word.text)
    starts = documents_of(union([_phrase_starts(view, field, form, None) for form in forms]))
    if word.exact:
        return [(starts, 1.0)]
    single = tuple(terms[0][0] for terms, _ in forms if len(terms) == 1)
    relatives = Terms(view, field, lambda postings: view.kin(postings, single))
    return [(starts, 1.0), (relatives.run, WEIGHTS.family)]


def phrase_run(view: View, field: str, phrase: Phrase) -> Run:
    """The documents of a phrase with the number of places where one of its forms begins."""
    reach = None if phrase.within is None else min(phrase.within, POSITION_GAP - 1)
    return documents_of(union([_phrase_starts(view, field, form, reach) for form in query_forms(phrase.text)]))


def _phrase_starts(view: View, field: str, form: Form, reach: int | None) -> Array:
    """The places of one form of a phrase, in order (`reach` None) or within a distance."""
    found = {term: one_term(view, field, term) for term, _ in form[0]}
    if not all(found.values()):
        return np.empty(0, np.int64)
    rarest_first = sorted(found, key=lambda term: len(found[term].run))
    chosen = Selection(found[rarest_first[0]].run.documents, view.size)
    for term in rarest_first[1:]:
        documents = found[term].run.documents
        chosen = Selection(documents.take(chosen.indexes(documents, ascending=True)), view.size)
    if reach is not None:
        return near([found[term].places(chosen) for term in found], reach)
    (first, begin), *others = sorted(form[0], key=lambda word: rarest_first.index(word[0]))
    places = found[first].places(chosen)
    for term, offset in others:
        # A common word is read only where all rarer ones stand as they should.
        documents = documents_of(places).documents
        step = offset - begin
        there = follows(places, found[term].places(Selection(documents, view.size)), step, step)
        places = places.take(np.flatnonzero(there))
    return places - begin


def pattern_terms(view: View, field: str, text: str) -> Terms:
    """The terms of a field that a pattern fits."""
    prefix = literal_prefix(text)
    if text.endswith("*") and not set(text[:-1]) & {"*", "?"}:
        return Terms.stretch(view, field, lambda postings: postings.prefix(prefix))

    def numbers(postings: FieldPostings) -> Iterable[int]:
        low, high = postings.prefix(prefix)
        return [low + place for place in fitting_lines(text, postings.terms.lines(low, high))] if low < high else ()

    return Terms(view, field, numbers)


def fuzzy_terms(view: View, field: str, text: str, distance: int) -> Terms:
    """The terms of a field within a distance of a word."""
    word = fuzzy_term(text)

    def numbers(postings: FieldPostings) -> Iterable[int]:
        return close_terms(postings, word, distance).tolist() if word else ()

    return Terms(view, field, numbers)


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
