"""Where one word, phrase, pattern or fuzzy word of a query stands in a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from index.analysis import POSITION_GAP, Form, Token, family_keys, query_forms, tokens
from index.engine import Span
from index.query import Fuzzy, Pattern, Phrase, Word
from index.wildcards import Fits, fuzzy_fits, pattern_fits


class Scanned:
    """A text and what has been worked out of it so far."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def tokens(self) -> Sequence[Token]:
        """Every token of the text."""
        return tuple(tokens(self.text))


Finder = Callable[[Scanned], Sequence[Span]]


def finder_for(node: Word | Phrase | Pattern | Fuzzy, languages: tuple[str, ...]) -> Finder:
    """A function from a text to the spans where `node` stands in it, in no order; they may overlap."""
    match node:
        case Pattern():
            return _Single(pattern_fits(node.text))
        case Fuzzy():
            return _Single(fuzzy_fits(node.text, node.distance))
        case Phrase(within=None):
            return _Either([_Sequence(form) for form in query_forms(node.text)])
        case Phrase():
            reach = min(node.within or 0, POSITION_GAP - 1)
            return _Either([_Near(form, reach) for form in query_forms(node.text)])
        case Word():
            return _Either([_spelling(form, node.exact, languages) for form in query_forms(node.text)])


def _spelling(form: Form, exact: bool, languages: tuple[str, ...]) -> Finder:
    terms, _ = form
    if len(terms) > 1:
        return _Sequence(form)
    term = terms[0][0]
    return _Single(term.__eq__ if exact else family_of(term, languages))


def family_of(term: str, languages: tuple[str, ...]) -> Fits:
    """A test of terms: whether they are of the family of `term`."""
    keys = family_keys(term, languages)
    known: dict[str, bool] = {}

    def fits(other: str) -> bool:
        if other not in known:
            known[other] = other == term or not keys.isdisjoint(family_keys(other, languages))
        return known[other]

    return fits


@dataclass(frozen=True, slots=True)
class _Either:
    finders: Sequence[Finder]

    def __call__(self, scanned: Scanned) -> Sequence[Span]:
        return [span for find in self.finders for span in find(scanned)]


@dataclass(frozen=True, slots=True)
class _Single:
    fits: Fits

    def __call__(self, scanned: Scanned) -> Sequence[Span]:
        return [(token.start, token.end) for token in scanned.tokens if self.fits(token.term)]


@dataclass(frozen=True, slots=True)
class _Sequence:
    form: Form

    def __call__(self, scanned: Scanned) -> Sequence[Span]:
        wanted = self.form[0]
        placed = {(token.term, token.position): token for token in scanned.tokens}
        spans = []
        for token in scanned.tokens:
            if token.term == wanted[0][0]:
                found = [placed.get((term, token.position + offset)) for term, offset in wanted]
                if all(found):
                    spans.append((token.start, max(other.end for other in found if other)))
        return spans


@dataclass(frozen=True, slots=True)
class _Near:
    form: Form
    reach: int

    def __call__(self, scanned: Scanned) -> Sequence[Span]:
        wanted = {term for term, _ in self.form[0]}
        found = [token for token in scanned.tokens if token.term in wanted]
        spans: set[Span] = set()
        for first in found:
            window = [token for token in found if 0 <= token.position - first.position <= self.reach]
            if {token.term for token in window} == wanted:
                spans.update((token.start, token.end) for token in window)
        return list(spans)
