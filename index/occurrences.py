"""Where one word, phrase, pattern or fuzzy word of a query stands in a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.analysis import MAX_TERM, POSITION_GAP, Form, Token, family_keys, query_forms, tokens
from index.beginnings import beginnings
from index.engine import Span
from index.neighbourhoods import Needle
from index.query import Fuzzy, Pattern, Phrase, Word
from index.wildcards import Fits, fuzzy_fits, fuzzy_term, literal_prefix, pattern_fits


class Scanned(Protocol):
    """A text to look in: `index.neighbourhoods.Haystack`, or what gives all tokens of a text."""

    def spans_of(self, needle: Needle, fits: Fits) -> Sequence[Span]:
        """Where terms that fit stand, all of which must be such as the needle says."""

    def tokens_near(self, needle: Needle) -> Sequence[Token]:
        """The tokens around every place where the needle may stand, in order, and perhaps others."""


@dataclass(frozen=True, slots=True)
class AllTokens:
    """Every token of a text, wherever the needle is: slow and obviously right."""

    text: str

    def spans_of(self, needle: Needle, fits: Fits) -> Sequence[Span]:
        """Looks at all tokens."""
        return [(token.start, token.end) for token in tokens(self.text) if fits(token.term)]

    def tokens_near(self, needle: Needle) -> Sequence[Token]:
        """All tokens."""
        return tuple(tokens(self.text))


Finder = Callable[[Scanned], Sequence[Span]]


def finder_for(node: Word | Phrase | Pattern | Fuzzy, languages: tuple[str, ...]) -> Finder:
    """A function from a text to the spans where `node` stands in it, in no order; they may overlap."""
    match node:
        case Pattern():
            return _Single(pattern_fits(node.text), Needle(frozenset((literal_prefix(node.text),))))
        case Fuzzy():
            return _Single(fuzzy_fits(node.text, node.distance), Needle(frozenset((fuzzy_term(node.text)[:1],))))
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
    if exact:
        return _Single(term.__eq__, exactly(term))
    return _Single(family_of(term, languages), Needle(beginnings(term, languages) or frozenset(("",))))


def exactly(term: str, reach: int = 0) -> Needle:
    """The needle of one term."""
    return Needle(frozenset((term,)), whole=len(term) < MAX_TERM, reach=reach)


def _anchor(form: Form, reach: int) -> Needle:
    """The needle of a phrase: its longest word, since that is the rarest as a rule."""
    return exactly(max((term for term, _ in form[0]), key=len), reach)


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
    needle: Needle

    def __call__(self, scanned: Scanned) -> Sequence[Span]:
        return scanned.spans_of(self.needle, self.fits)


@dataclass(frozen=True, slots=True)
class _Sequence:
    form: Form

    def __call__(self, scanned: Scanned) -> Sequence[Span]:
        wanted = self.form[0]
        near = scanned.tokens_near(_anchor(self.form, max(offset for _, offset in wanted)))
        placed = {(token.term, token.position): token for token in near}
        spans = []
        for token in near:
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
        near = scanned.tokens_near(_anchor(self.form, self.reach))
        found = [token for token in near if token.term in wanted]
        spans: set[Span] = set()
        for first in found:
            window = [token for token in found if 0 <= token.position - first.position <= self.reach]
            if {token.term for token in window} == wanted:
                spans.update((token.start, token.end) for token in window)
        return list(spans)
