"""Where one word, phrase, pattern or fuzzy word of a query stands in a text.

Only the neighbourhoods of places where the word may begin is analysed: they are found on the text's skeleton, and a
*chunk* around each, reaching to where no word can go on, is split into tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate, chain, groupby, pairwise

import numpy as np

from index.analysis import MAX_TERM, POSITION_GAP, Form, Token, family_keys, query_forms, tokens
from index.engine import Span
from index.families import family_beginnings
from index.query import Fuzzy, Pattern, Phrase, Word
from index.skeleton import CONNECTOR, ODD, SPACE, Beginning, beginnings, skeleton, squeezed
from index.wildcards import Fits, fuzzy_fits, fuzzy_term, literal_prefix, pattern_fits

_ANYWHERE = re.compile(rb"[^ ]+")
_SPACE = SPACE[0]
_ENDS = "-_.&,"  # connectors, which are no part of a word that ends there
_WORD = re.compile(rb" (?=[0-9a-z])")  # begins a chunk that takes a position or more
_ROOM = 12  # bytes looked at for each position; most words with the space after them have fewer
_REMEMBERED = 64  # characters; longer chunks are analysed anew each time
_LOOK = 50  # a look at the letters around an anchor costs as much as this many positions passed over in it
_FEW = 2_000  # positions looked at around anchors; from here on it may be cheaper to look at the whole text


class Scanned:
    """Texts and their skeleton, seen as chunks: spans (start, end) between which no word goes on.

    The texts stand one after the other, each followed by a line break; `starts` says where, and where the last ends.
    """

    def __init__(self, *texts: str) -> None:
        self.text = "\n".join([*texts, ""])
        self.skeleton = skeleton(*texts)
        self.starts = list(accumulate((len(text) + 1 for text in texts), initial=0))

    def chunks(self, beginning: Beginning | None) -> list[Span]:
        """The chunks, in order, that hold a place where a term may begin or an ODD character; all of them for None."""
        letters = self.skeleton
        if beginning is None:
            return [found.span() for found in _ANYWHERE.finditer(letters)]
        chunks = []
        for found in beginning.plain.finditer(letters):
            start, end = found.span()
            if letters[start - 1] != _SPACE:  # before the first byte stands the last, which is a space
                start = letters.rfind(SPACE, 0, start) + 1
            chunks.append((start, end))
        others = {chunk for chunk, piece in self._compounds_with(beginning.letters) if beginning.letters in piece}
        others.update(self._odd)
        return sorted(others.union(chunks)) if others else chunks

    def _compounds_with(self, letters: bytes) -> list[tuple[Span, bytes]]:
        """The chunks with a connector inside, each with its squeezed letters; none if no chunk has these letters."""
        compounds, joined = self._compounds
        return compounds if letters in joined else []

    @cached_property
    def _compounds(self) -> tuple[list[tuple[Span, bytes]], bytes]:
        letters = np.frombuffer(self.skeleton, np.uint8)
        places = np.flatnonzero(letters == CONNECTOR[0])
        following = letters.take(places + 1, mode="clip")
        inner = places[(following != _SPACE) & (following != CONNECTOR[0])]
        compounds = [(chunk, squeezed(self.skeleton[slice(*chunk)])) for chunk in self._chunks_at(inner.tolist())]
        return compounds, SPACE.join([piece for _, piece in compounds])

    @cached_property
    def _odd(self) -> list[Span]:
        """The chunks with an ODD character."""
        if ODD not in self.skeleton:
            return []
        odd = np.flatnonzero(np.frombuffer(self.skeleton, np.uint8) == ODD[0])
        return list(self._chunks_at(odd.tolist()))

    def _chunks_at(self, places: Sequence[int]) -> Iterator[Span]:
        """The chunks that ascending places are in, each once."""
        end = -1
        for place in places:
            if place > end:
                start, end = self._chunk_at(place)
                yield start, end

    def _chunk_at(self, place: int) -> Span:
        """The chunk around a place that is in one."""
        return self.skeleton.rfind(SPACE, 0, place) + 1, self.skeleton.index(SPACE, place)

    def _before(self, chunk: Span, floor: int) -> Span | None:
        """The chunk before one, none before `floor`."""
        start = chunk[0]
        while start > floor:
            low = max(start - _REMEMBERED, floor)
            kept = self.skeleton[low:start].rstrip(SPACE)
            if kept:
                return self._chunk_at(low + len(kept) - 1)
            start = low
        return None

    def _after(self, chunk: Span, ceiling: int) -> Span | None:
        """The chunk after one, none after `ceiling`."""
        found = _ANYWHERE.search(self.skeleton, chunk[1], ceiling)
        return found.span() if found else None

    def around(self, chunk: Span, before: int, after: int) -> list[Token]:
        """The tokens of a chunk and of `before` positions or more before it and `after` after it, in the same text."""
        bounds = self.text_around(chunk)
        earlier = self._beside(chunk, before, lambda own: self._before(own, bounds[0]))
        later = self._beside(chunk, after, lambda own: self._after(own, bounds[1]))
        found: list[Token] = []
        position = 0
        for start, end in [*reversed(earlier), chunk, *later]:
            inside = self.tokens((start, end))
            found += [Token(term, position + at, start + low, start + high) for term, at, low, high in inside]
            position += _width(inside)
        return found

    def _beside(self, chunk: Span, reach: int, step: Callable[[Span], Span | None]) -> list[Span]:
        chunks: list[Span] = []
        following = step(chunk) if reach > 0 else None
        while following and reach > 0:
            chunks.append(following)
            reach -= _width(self.tokens(following))
            following = step(following)
        return chunks

    def text_around(self, chunk: Span) -> Span:
        """Where the text begins and ends that a chunk is in."""
        number = bisect_right(self.starts, chunk[0])
        return self.starts[number - 1], self.starts[number] - 1

    def all_tokens(self, bounds: Span) -> list[Token]:
        """Every token of one of the texts."""
        start, end = bounds
        return [Token(term, at, start + low, start + high) for term, at, low, high in tokens(self.text[start:end])]

    def tokens(self, chunk: Span) -> tuple[Token, ...]:
        """The tokens of a chunk, positions and spans counted from its own beginning."""
        return chunk_tokens(self.text[chunk[0] : chunk[1]])


def _width(found: Sequence[Token]) -> int:
    """The positions that the tokens of a chunk take."""
    return found[-1].position + 1 if found else 0


def chunk_tokens(chunk: str) -> tuple[Token, ...]:
    """The tokens of the text of a chunk."""
    return _tokens(chunk) if len(chunk) <= _REMEMBERED else tuple(tokens(chunk))


@lru_cache(maxsize=20_000)
def _tokens(text: str) -> tuple[Token, ...]:
    return tuple(tokens(text))


Finder = Callable[[Scanned], list[Span]]
"""Gives the spans where something of a query stands in texts, in no order; they may overlap."""


class Texts:
    """Rows of texts that are scanned as one, to pay but once. A row is, say, what a field of a document holds."""

    def __init__(self, rows: Sequence[Sequence[str]]) -> None:
        self._scanned = Scanned(*chain.from_iterable(rows))
        firsts = accumulate(map(len, rows), initial=0)
        self._starts = [self._scanned.starts[first] for first in firsts]

    def find(self, finder: Finder) -> list[list[Span]]:
        """For each row the spans in its text; of several texts, as if they stood one after the other."""
        spans = sorted(finder(self._scanned))
        cuts = [bisect_left(spans, (start,)) for start in self._starts]
        return [
            [(low - start, high - start) for low, high in spans[first:last]] if first < last else []
            for start, (first, last) in zip(self._starts, pairwise(cuts), strict=False)
        ]


def finder_for(node: Word | Phrase | Pattern | Fuzzy, languages: tuple[str, ...]) -> Finder:
    """The finder of a leaf of a query."""
    match node:
        case Pattern():
            return _Single(pattern_fits(node.text), beginnings(frozenset([literal_prefix(node.text)])))
        case Fuzzy():
            return _Single(fuzzy_fits(node.text, node.distance), beginnings(frozenset([fuzzy_term(node.text)[:1]])))
        case Phrase(within=None):
            return _Either([_Together.in_order(form) for form in query_forms(node.text)])
        case Phrase():
            return _Either([_Together.within(form, node.within or 0) for form in query_forms(node.text)])
        case Word():
            return _Either([_spelling(form, node.exact, languages) for form in query_forms(node.text)])


def _spelling(form: Form, exact: bool, languages: tuple[str, ...]) -> Finder:
    terms, _ = form
    if len(terms) > 1:
        return _Together.in_order(form)
    term = terms[0][0]
    if exact:
        return _Single(term.__eq__, beginnings(frozenset([term]), whole=True))
    whole = all(key == f":{term}" for key in family_keys(term, languages))
    return _Single(_family_of(term, languages), beginnings(family_beginnings(term, languages), whole=whole))


def _family_of(term: str, languages: tuple[str, ...]) -> Fits:
    keys = family_keys(term, languages)
    starts = tuple(family_beginnings(term, languages))

    def fits(other: str) -> bool:
        # Stemming is dear, and a term that does not begin as the family does can only belong to it by an elision.
        if other == term or not (other.startswith(starts) or "'" in other):
            return other == term
        return not keys.isdisjoint(_keys(other, languages))

    return fits


_keys = lru_cache(maxsize=20_000)(family_keys)


@dataclass(frozen=True, slots=True)
class _Either:
    finders: Sequence[Finder]

    def __call__(self, scanned: Scanned) -> list[Span]:
        return [span for find in self.finders for span in find(scanned)]


@dataclass(frozen=True, slots=True)
class _Single:
    """Terms that pass a test, where terms may begin."""

    fits: Fits
    beginning: Beginning | None
    known: dict[str, tuple[Span, ...]] = field(default_factory=dict)

    def __call__(self, scanned: Scanned) -> list[Span]:
        spans: list[Span] = []
        text, known = scanned.text, self.known
        for start, end in scanned.chunks(self.beginning):
            chunk = text[start:end]
            inside = known.get(chunk)
            if inside is None:
                inside = known[chunk] = self._inside(chunk)
            for low, high in inside:
                spans.append((start + low, start + high))
        return spans

    def _inside(self, chunk: str) -> tuple[Span, ...]:
        """Where in a chunk terms pass the test."""
        bare = chunk.rstrip(_ENDS)
        if bare.isascii() and bare.isalnum() and len(bare) <= MAX_TERM:  # analysing it would come to the same
            return ((0, len(bare)),) if self.fits(bare.lower()) else ()
        return tuple((token.start, token.end) for token in chunk_tokens(chunk) if self.fits(token.term))


_Search = Callable[[Sequence[Token]], list[Span]]


@dataclass(frozen=True, slots=True)
class _Together:
    """Several terms near each other: looked for around the longest of them, as the one likely to be rarest."""

    anchor: str
    beginning: Beginning | None
    others: tuple[Beginning, ...]  # where the other terms may begin
    before: int  # positions that may matter before the anchor and after it
    after: int
    search: _Search

    @classmethod
    def in_order(cls, form: Form) -> _Together:
        """The terms of a form at their offsets."""
        terms, width = form
        anchor, offset = max(terms, key=lambda each: len(each[0]))
        last = max(at for term, at in terms if term == anchor)
        return cls._around(form, anchor, last, width - offset, lambda found: _sequences(terms, found))

    @classmethod
    def within(cls, form: Form, distance: int) -> _Together:
        """The terms of a form in any order, the outermost at most `distance` positions apart."""
        reach = min(distance, POSITION_GAP - 1)
        wanted = frozenset(term for term, _ in form[0])
        return cls._around(form, max(wanted, key=len), reach, reach, lambda found: _windows(wanted, reach, found))

    @classmethod
    def _around(cls, form: Form, anchor: str, before: int, after: int, search: _Search) -> _Together:
        others = [beginnings(frozenset([term]), whole=True) for term in {term for term, _ in form[0]} - {anchor}]
        known = tuple(other for other in others if other)
        return cls(anchor, beginnings(frozenset([anchor]), whole=True), known, before, after, search)

    def __call__(self, scanned: Scanned) -> list[Span]:
        chunks = scanned.chunks(self.beginning)
        return [
            span
            for bounds, inside in groupby(chunks, key=scanned.text_around)
            for span in self._found(scanned, bounds, list(inside))
        ]

    def _found(self, scanned: Scanned, bounds: Span, chunks: list[Span]) -> Iterator[Span]:
        """The spans in one of the texts, of whose chunks these may have an anchor."""
        length, reach = bounds[1] - bounds[0], self.before + self.after
        if len(chunks) * (reach + _LOOK) < _FEW * _LOOK + length:
            chunks = [chunk for chunk in chunks if self._may_be_near(scanned.skeleton, bounds, chunk)]
        anchors = [chunk for chunk in chunks if self._has_anchor(scanned, chunk)]
        if len(anchors) * reach > _FEW + length // 8:
            yield from self.search(scanned.all_tokens(bounds))
            return
        for chunk in anchors:
            yield from self.search(scanned.around(chunk, self.before, self.after))

    def _may_be_near(self, letters: bytes, bounds: Span, chunk: Span) -> bool:
        """Whether all other terms may stand in the neighbourhood of a chunk: a quick look at letters only."""
        start, end = chunk
        low, high = max(start - _ROOM * (self.before + 1), bounds[0]), min(end + _ROOM * (self.after + 1), bounds[1])
        if low > bounds[0] and _too_short(letters[low:start], self.before):
            return True
        if high < bounds[1] and _too_short(letters[end:high], self.after):
            return True
        window = letters[low:high]
        return ODD in window or all(other.is_in(window) for other in self.others)

    def _has_anchor(self, scanned: Scanned, chunk: Span) -> bool:
        return any(token.term == self.anchor for token in scanned.tokens(chunk))


def _too_short(letters: bytes, reach: int) -> bool:
    """Whether not every word within reach is sure to be in a piece beside a chunk."""
    return len(_WORD.findall(letters)) <= reach


def _sequences(terms: Sequence[tuple[str, int]], found: Sequence[Token]) -> list[Span]:
    placed = {(token.term, token.position): token for token in found}
    first = terms[0][0]
    spans: list[Span] = []
    for token in found:
        if token.term == first:
            others = [placed.get((term, token.position + offset)) for term, offset in terms]
            ends = [other.end for other in others if other]
            if len(ends) == len(terms):
                spans.append((token.start, max(ends)))
    return spans


def _windows(wanted: frozenset[str], reach: int, found: Sequence[Token]) -> list[Span]:
    own = [token for token in found if token.term in wanted]
    counts: Counter[str] = Counter()
    after = covered = 0
    spans: list[Span] = []
    for index, first in enumerate(own):
        while after < len(own) and own[after].position - first.position <= reach:
            counts[own[after].term] += 1
            after += 1
        if counts.keys() == wanted:
            spans += [(token.start, token.end) for token in own[max(index, covered) : after]]
            covered = after
        counts[first.term] -= 1
        if not counts[first.term]:
            del counts[first.term]
    return spans
