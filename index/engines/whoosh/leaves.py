"""The leaves of a query as arrays: which documents a word, phrase, pattern or fuzzy word is in, and how often."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from index.analysis import POSITION_GAP, Form, query_forms
from index.engines.whoosh.gathering import Run, Terms
from index.engines.whoosh.positional import documents_of, in_order, near, union
from index.engines.whoosh.postings import FieldPostings
from index.engines.whoosh.segments import Segment
from index.engines.whoosh.view import View
from index.query import Fuzzy, Pattern, Phrase, Word
from index.ranking import WEIGHTS, is_plain
from index.wildcards import fuzzy_term, literal_prefix, pattern_fits

Array = npt.NDArray[Any]
Check = Callable[[], None]


class Leaf:
    """What a leaf finds in its fields. Deleted documents are included, save in `frequency`.

    `parts` holds for each field the runs of postings with the weight that an occurrence of each has.
    """

    def __init__(self, view: View, node: Word | Phrase | Pattern | Fuzzy, fields: tuple[str, ...]) -> None:
        self.node = node
        self.fields = fields
        self._view = view
        self.words = {name: _Plain(view, name, node) for name in fields} if is_plain(node) else {}
        self.parts: dict[str, list[tuple[Run, float]]] = {name: self._runs(name) for name in fields}

    def _runs(self, field: str) -> list[tuple[Run, float]]:
        match self.node:
            case _ if self.words:
                return self.words[field].runs
            case Pattern():
                return _weighed(pattern_terms(self._view, field, self.node.text), 1.0)
            case Fuzzy():
                return _weighed(fuzzy_terms(self._view, field, self.node.text, self.node.distance), 1.0)
        run = documents_of(union(list(self._starts(field))))
        return [(run, 1.0)] if len(run) else []

    def _starts(self, field: str) -> Iterator[Array]:
        """The places at which each of the leaf's forms begins."""
        for form in query_forms(self.node.text):
            terms, _ = form
            if isinstance(self.node, Phrase) and self.node.within is not None:
                yield _phrase_starts(self._view, field, form, min(self.node.within, POSITION_GAP - 1))
            elif len(terms) == 1 and isinstance(self.node, Word):
                yield _Term(self._view, field, terms[0][0], exact=self.node.exact).places
            else:
                yield _phrase_starts(self._view, field, form, None)

    def mask_in(self, field: str) -> Array:
        """True for documents in which the leaf is in that field (bool[size])."""
        mask = np.zeros(self._view.size, np.bool_)
        for run, _ in self.parts.get(field, ()):
            run.mark(mask)
        return mask

    @cached_property
    def mask(self) -> Array:
        """True for documents in which the leaf is in any of its fields (bool[size])."""
        mask = np.zeros(self._view.size, np.bool_)
        for runs in self.parts.values():
            for run, _ in runs:
                run.mark(mask)
        return mask

    @cached_property
    def frequency(self) -> int:
        """The number of live documents that it finds."""
        mask = self.mask if self._view.live is None else self.mask & self._view.live
        return int(np.count_nonzero(mask))

    def amounts(self, documents: Array) -> Array:
        """tf~ of `index.ranking` for each of the documents (ascending): float64."""
        total = np.zeros(len(documents))
        for name, runs in self.parts.items():
            if runs:
                sums = np.zeros(len(documents))
                for run, weight in runs:
                    run.add_to(sums, documents, self._view.size, weight)
                sums *= self._view.norms(name).take(documents)
                total += sums
        return total


class _Plain:
    """A plain word in a field."""

    def __init__(self, view: View, field: str, node: Word) -> None:
        term = query_forms(node.text)[0][0][0][0]
        self._term = _Term(view, field, term, exact=node.exact)
        self.runs = self._term.runs
        self.places = self._term.places_in


class _Term:
    """A term in a field: alone if `exact`, else with its family."""

    def __init__(self, view: View, field: str, term: str, *, exact: bool) -> None:
        languages = view.generation.languages

        def kin(segment: Segment, postings: FieldPostings) -> Iterable[int]:
            own = postings.find(term)
            return [number for number in postings.family(term, languages).tolist() if number != own]

        self.typed = Terms(view, field, lambda segment, postings: _found(postings.find(term)))
        self.kin = Terms(view, field, (lambda segment, postings: ()) if exact else kin)

    @property
    def runs(self) -> list[tuple[Run, float]]:
        """The postings of the term, and those of the other forms."""
        return _weighed(self.typed, 1.0) + _weighed(self.kin, WEIGHTS.family)

    def places_in(self, inside: Array | None) -> Array:
        """Where any of the forms stands, sorted, each place once."""
        if not self.kin:
            return self.typed.places(inside)
        return union([self.typed.places(inside), self.kin.places(inside)])

    @property
    def places(self) -> Array:
        """Where any of the forms stands in all documents."""
        return self.places_in(None)


def _found(number: int) -> Sequence[int]:
    return (number,) if number >= 0 else ()


def _weighed(terms: Terms, weight: float) -> list[tuple[Run, float]]:
    return [(terms.run, weight)] if terms else []


def _phrase_starts(view: View, field: str, form: Form, reach: int | None) -> Array:
    """The places of one form of a phrase, in order (`reach` None) or within a distance."""
    wanted, _ = form
    terms = {term: _Term(view, field, term, exact=True).typed for term, _ in wanted}
    if not all(terms.values()):
        return np.empty(0, np.int64)
    inside = None
    if len(terms) > 1:
        inside = np.ones(view.size, np.bool_)
        for found in terms.values():
            mask = np.zeros(view.size, np.bool_)
            found.run.mark(mask)
            inside &= mask
    places = {term: found.places(inside) for term, found in terms.items()}
    if reach is not None:
        return near(list(places.values()), reach)
    return in_order([places[term] for term, _ in wanted], [offset for _, offset in wanted])


def pattern_terms(view: View, field: str, text: str) -> Terms:
    """The terms of a field that a pattern fits."""
    prefix = literal_prefix(text)
    if text.endswith("*") and not set(text[:-1]) & {"*", "?"}:
        return Terms.stretch(view, field, lambda postings: postings.prefix(prefix))
    fits = pattern_fits(text)

    def numbers(segment: Segment, postings: FieldPostings) -> Iterable[int]:
        low, high = postings.prefix(prefix)
        return [low + place for place, term in enumerate(postings.terms.texts(low, high)) if fits(term)]

    return Terms(view, field, numbers)


def fuzzy_terms(view: View, field: str, text: str, distance: int) -> Terms:
    """The terms of a field within a distance of a word."""
    word = fuzzy_term(text)

    def numbers(segment: Segment, postings: FieldPostings) -> Iterable[int]:
        return close_terms(postings, word, distance).tolist() if word else ()

    return Terms(view, field, numbers)


def close_terms(postings: FieldPostings, word: str, distance: int) -> Array:
    """Numbers of the terms with the first letter of `word`, at most `distance` edits (optimal string alignment) away."""
    low, high = postings.prefix(word[0])
    if low == high:
        return np.empty(0, np.intp)
    lengths = np.diff(postings.terms.offsets[low : high + 1].astype(np.int64)) - 1  # in bytes, one to four a letter
    near_length = np.flatnonzero((lengths >= len(word) - distance) & (lengths <= 4 * (len(word) + distance)))
    texts = postings.terms.texts(low, high)
    candidates = [texts[number] for number in near_length.tolist()]
    edits = cdist([word], candidates, scorer=OSA.distance, score_cutoff=distance, dtype=np.uint8)[0]
    return low + near_length.take(np.flatnonzero(edits <= distance))
