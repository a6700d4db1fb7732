"""Where one word, phrase, pattern or fuzzy word of a query stands in a text.

Only the neighbourhoods of places where the word may begin is analysed: they are found on the text's skeleton, and a
*chunk* around each, reaching to where no word can go on, is split into tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import accumulate, chain, pairwise
from typing import ClassVar, Protocol

from index.analysis import MAX_TERM, POSITION_GAP, Form, Token, family_keys, query_forms, tokens
from index.engine import Span
from index.families import family_beginnings
from index.query import Fuzzy, Pattern, Phrase, Word
from index.skeleton import ODD, SPACE, Beginning, beginnings, skeleton
from index.wildcards import Fits, fuzzy_fits, fuzzy_term, literal_prefix, pattern_fits

_ANYWHERE = re.compile(rb"[^ ]+")
_INNER = re.compile(rb"-(?=[^ -])")
_ODD = re.compile(re.escape(ODD))
_SPACE = SPACE[0]
_ENDS = "-_.&,"  # connectors, which are no part of a word that ends there
_WORD = re.compile(rb" (?=[0-9a-z])")  # begins a chunk that takes a position or more
_ROOM = 12  # bytes looked at for each position; most words with the space after them have fewer
_REMEMBERED = 64  # characters; longer chunks are analysed anew each time
_LOOK = 50  # a look at the letters around an anchor costs as much as this many positions passed over in it
_FEW = 2_000  # positions looked at around anchors; from here on it may be cheaper to look at the whole text


class Scanned:
    """A text and its skeleton, seen as chunks: spans (start, end) of the text between which no word goes on."""

    def __init__(self, text: str, letters: bytes | None = None) -> None:
        self.text = text
        self.skeleton = skeleton(text) if letters is None else letters

    def chunks(self, beginning: Beginning | None) -> list[Span]:
        """The chunks that hold a place where a term may begin or an ODD character; all of them for None."""
        letters = self.skeleton
        if beginning is None:
            return [found.span() for found in _ANYWHERE.finditer(letters)]
        chunks = []
        for found in beginning.plain.finditer(letters):
            start, end = found.span()
            if start and letters[start - 1] != _SPACE:
                start = letters.rfind(SPACE, 0, start) + 1
            chunks.append((start, end))
        compounds = {chunk for chunk in self._compounds if beginning.joined.search(letters, *chunk)}
        others = compounds | self._odd
        return chunks + list(others.difference(chunks)) if others else chunks

    @cached_property
    def _compounds(self) -> list[Span]:
        """The chunks with a connector inside."""
        return list(self._chunks_with(_INNER))

    @cached_property
    def _odd(self) -> set[Span]:
        """The chunks with an ODD character."""
        return set(self._chunks_with(_ODD))

    def _chunks_with(self, pattern: re.Pattern[bytes]) -> Iterator[Span]:
        found = pattern.search(self.skeleton)
        while found:
            chunk = self._chunk_at(found.start())
            yield chunk
            found = pattern.search(self.skeleton, chunk[1])

    def _chunk_at(self, place: int) -> Span:
        """The chunk around a place that is in one."""
        end = self.skeleton.find(SPACE, place)
        return self.skeleton.rfind(SPACE, 0, place) + 1, end if end >= 0 else len(self.skeleton)

    def _before(self, chunk: Span) -> Span | None:
        """The chunk before one."""
        start = chunk[0]
        while start > 0:
            low = max(start - _REMEMBERED, 0)
            kept = self.skeleton[low:start].rstrip(SPACE)
            if kept:
                return self._chunk_at(low + len(kept) - 1)
            start = low
        return None

    def _after(self, chunk: Span) -> Span | None:
        """The chunk after one."""
        found = _ANYWHERE.search(self.skeleton, chunk[1])
        return found.span() if found else None

    def around(self, chunk: Span, reach: int) -> list[Token]:
        """The tokens of a chunk and of those around it, `reach` positions or more to either side; spans of the text."""
        chunks = [*reversed(self._beside(chunk, reach, self._before)), chunk, *self._beside(chunk, reach, self._after)]
        found: list[Token] = []
        position = 0
        for start, end in chunks:
            inside = self.tokens((start, end))
            found += [Token(term, position + at, start + low, start + high) for term, at, low, high in inside]
            position += _width(inside)
        return found

    def _beside(self, chunk: Span, reach: int, step: Callable[[Span], Span | None]) -> list[Span]:
        chunks: list[Span] = []
        following = step(chunk)
        while following and reach > 0:
            chunks.append(following)
            reach -= _width(self.tokens(following))
            following = step(following)
        return chunks

    @cached_property
    def all_tokens(self) -> list[Token]:
        """Every token of the text."""
        return list(tokens(self.text))

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


class Finder(Protocol):
    """Says where something of a query stands in a text."""

    @property
    def chunkwise(self) -> bool:
        """Whether each chunk is looked at by itself, so that texts may be joined by a space and searched as one."""

    def __call__(self, scanned: Scanned) -> Sequence[Span]:
        """The spans where it stands, in no order; they may overlap."""


class Texts:
    """The texts of several documents in one field: scanned as one where that comes to the same, to pay once."""

    def __init__(self, values: Sequence[Sequence[str]]) -> None:
        self._values = values
        self._joined = Scanned("\n".join(chain.from_iterable(values)))
        sizes = [sum(map(len, texts)) + len(texts) for texts in values]
        self._starts = list(accumulate(sizes, initial=0))

    def find(self, finder: Finder) -> list[list[Span]]:
        """For each document the spans in its text; of several texts, as if they stood one after the other."""
        if not finder.chunkwise:
            return [[span for scanned in texts for span in finder(scanned)] for texts in self._apart]
        spans = sorted(finder(self._joined))
        cuts = [bisect_left(spans, (start,)) for start in self._starts] if spans else [0] * len(self._starts)
        return [
            [(low - start, high - start) for low, high in spans[first:last]]
            for start, (first, last) in zip(self._starts, pairwise(cuts), strict=False)
        ]

    @cached_property
    def _apart(self) -> list[list[Scanned]]:
        letters = self._joined.skeleton
        return [list(_slices(texts, letters, start)) for texts, start in zip(self._values, self._starts, strict=False)]


def _slices(texts: Sequence[str], letters: bytes, start: int) -> Iterator[Scanned]:
    for text in texts:
        yield Scanned(text, letters[start : start + len(text)])
        start += len(text) + 1


def finder_for(node: Word | Phrase | Pattern | Fuzzy, languages: tuple[str, ...]) -> Finder:
    """The finder of a leaf of a query."""
    match node:
        case Pattern():
            return _Single(pattern_fits(node.text), beginnings([literal_prefix(node.text)]))
        case Fuzzy():
            return _Single(fuzzy_fits(node.text, node.distance), beginnings([fuzzy_term(node.text)[:1]]))
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
        return _Single(term.__eq__, beginnings([term], whole=True))
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

    @property
    def chunkwise(self) -> bool:
        return all(find.chunkwise for find in self.finders)

    def __call__(self, scanned: Scanned) -> Sequence[Span]:
        return [span for find in self.finders for span in find(scanned)]


@dataclass(frozen=True, slots=True)
class _Single:
    """Terms that pass a test, where terms may begin."""

    chunkwise: ClassVar[bool] = True
    fits: Fits
    beginning: Beginning | None
    known: dict[str, tuple[Span, ...]] = field(default_factory=dict)

    def __call__(self, scanned: Scanned) -> Sequence[Span]:
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

    chunkwise: ClassVar[bool] = False
    anchor: str
    beginning: Beginning | None
    others: tuple[Beginning, ...]  # where the other terms may begin
    reach: int  # positions that may matter to either side of the anchor
    search: _Search

    @classmethod
    def in_order(cls, form: Form) -> _Together:
        """The terms of a form at their offsets."""
        terms, width = form
        return cls._around(form, width, lambda found: _sequences(terms, found))

    @classmethod
    def within(cls, form: Form, distance: int) -> _Together:
        """The terms of a form in any order, the outermost at most `distance` positions apart."""
        reach = min(distance, POSITION_GAP - 1)
        wanted = frozenset(term for term, _ in form[0])
        return cls._around(form, reach, lambda found: _windows(wanted, reach, found))

    @classmethod
    def _around(cls, form: Form, reach: int, search: _Search) -> _Together:
        anchor = max((term for term, _ in form[0]), key=len)
        others = [beginnings([term], whole=True) for term in {term for term, _ in form[0]} - {anchor}]
        known = tuple(other for other in others if other)
        return cls(anchor, beginnings([anchor], whole=True), known, reach, search)

    def __call__(self, scanned: Scanned) -> Sequence[Span]:
        chunks = scanned.chunks(self.beginning)
        if len(chunks) * (self.reach + _LOOK) < _FEW * _LOOK + len(scanned.text):
            chunks = [chunk for chunk in chunks if self._may_be_near(scanned.skeleton, chunk)]
        anchors = [chunk for chunk in chunks if self._has_anchor(scanned, chunk)]
        if len(anchors) * self.reach > _FEW + len(scanned.text) // 8:
            return self.search(scanned.all_tokens)
        return [span for chunk in anchors for span in self.search(scanned.around(chunk, self.reach))]

    def _may_be_near(self, letters: bytes, chunk: Span) -> bool:
        """Whether all other terms may stand in the neighbourhood of a chunk: a quick look at letters only."""
        start, end = chunk
        room = _ROOM * (self.reach + 1)
        low, high = max(start - room, 0), end + room
        before, after = letters[low:start], letters[end:high]
        if (low > 0 and self._too_short(before)) or (high < len(letters) and self._too_short(after)):
            return True
        window = letters[low:high]
        return ODD in window or all(other.is_in(window) for other in self.others)

    def _too_short(self, letters: bytes) -> bool:
        """Whether not every word within reach is sure to be in a piece beside a chunk."""
        return len(_WORD.findall(letters)) <= self.reach

    def _has_anchor(self, scanned: Scanned, chunk: Span) -> bool:
        return any(token.term == self.anchor for token in scanned.tokens(chunk))


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
