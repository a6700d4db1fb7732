"""Where one word, phrase, pattern or fuzzy word of a query stands in texts.

The places where a word may begin are found on the skeleton of the texts. Chunks there that are plain words are told by
their letters alone; others are split into tokens, and the neighbours of a phrase's rarest word are.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, chain, groupby, pairwise

from backfile.index.analysis.stemming import stem_prefixes
from backfile.index.analysis.tokenizer import MAX_TERM, POSITION_GAP, TermSequence, Token, stem_keys, term_sequences
from backfile.index.analysis.wildcards import TermTest, fuzzy_term, fuzzy_test, literal_prefix, wildcard_test
from backfile.index.engine import Span
from backfile.index.highlight.match_candidates import ANYWHERE, Scanned
from backfile.index.highlight.prefilter import CONNECTOR, ODD, SPACE, Beginning, beginnings, goes_on, in_a_row
from backfile.index.query import Fuzzy, Phrase, Wildcard, Word

_SPACE = SPACE[0]
_APOSTROPHE = ord("'")
_WORD = re.compile(rb" (?=[0-9a-z])")  # begins a chunk that takes a position or more
_ROOM = 12  # bytes looked at for each position; most words with the space after them have fewer
_WIDE_ROOM = 64  # the same around compounds, which stand together in lists of addresses
_LOOK = 50  # a look at the letters around an anchor costs as much as this many positions passed over in it
_FEW = 2_000  # positions looked at around anchors; from here on it may be cheaper to look at the whole text

Finder = Callable[[Scanned], list[Span]]
"""Gives the spans where something of a query stands in texts, in no order; they may overlap."""


class Texts:
    """Rows of texts that are scanned as one, to pay but once. A row is, say, what a field of a document holds."""

    def __init__(self, scanned: Scanned, starts: Sequence[int] | None = None) -> None:
        """`starts` says where each row begins in the scanned texts, and the last ends; each text is one by default."""
        self._scanned = scanned
        self._starts = scanned.starts if starts is None else starts

    @classmethod
    def of(cls, rows: Sequence[Sequence[str]]) -> Texts:
        """Scans rows of any number of texts."""
        scanned = Scanned.of(*chain.from_iterable(rows))
        return cls(scanned, [scanned.starts[first] for first in accumulate(map(len, rows), initial=0)])

    def find(self, finder: Finder) -> list[list[Span]]:
        """For each row the spans in its text; of several texts, as if they stood one after the other."""
        spans = sorted(finder(self._scanned))
        cuts = [bisect_left(spans, (start,)) for start in self._starts]
        return [
            [(low - start, high - start) for low, high in spans[first:last]] if first < last else []
            for start, (first, last) in zip(self._starts, pairwise(cuts), strict=False)
        ]


Family = Callable[[str], frozenset[str]]
"""All terms that texts have of the family of one, which itself need not be among them."""


def finder_for(
    node: Word | Phrase | Wildcard | Fuzzy, languages: tuple[str, ...], family: Family | None = None
) -> Finder:
    """The finder of a leaf of a query; quicker with a `family`, but only for texts whose terms that knows."""
    match node:
        case Wildcard():
            return _Single(wildcard_test(node.text), beginnings(frozenset([literal_prefix(node.text)])))
        case Fuzzy():
            return _Single(fuzzy_test(node.text, node.distance), beginnings(frozenset([fuzzy_term(node.text)[:1]])))
        case Phrase(within=None):
            return _Either([_in_order(form) for form in term_sequences(node.text)])
        case Phrase():
            return _Either([_Together.within(form, node.within or 0) for form in term_sequences(node.text)])
        case Word():
            return _Either([_spelling(form, node.exact, languages, family) for form in term_sequences(node.text)])


def _spelling(form: TermSequence, exact: bool, languages: tuple[str, ...], family: Family | None) -> Finder:
    terms, _ = form
    if len(terms) > 1:
        return _in_order(form)
    term = terms[0][0]
    if exact:
        return _exactly(term)
    if family:
        known = family(term) | {term}
        return _Single(known.__contains__, beginnings(frozenset(map(_longest_part, known)), whole=True))
    whole = all(key == f":{term}" for key in stem_keys(term, languages))
    return _Single(_family_of(term, languages), beginnings(stem_prefixes(term, languages), whole=whole))


def _longest_part(term: str) -> str:
    """What of a term is to be looked for: not an elided l' nor a possessive 's."""
    return max(term.split("'"), key=len)


def _exactly(term: str) -> _Single:
    return _Single(term.__eq__, beginnings(frozenset([term]), whole=True))


def _family_of(term: str, languages: tuple[str, ...]) -> TermTest:
    keys = stem_keys(term, languages)
    starts = tuple(stem_prefixes(term, languages))

    def fits(other: str) -> bool:
        # Stemming is dear, and a term that does not begin as the family does can only belong to it by an elision.
        if other == term or not (other.startswith(starts) or "'" in other):
            return other == term
        return not keys.isdisjoint(_keys(other, languages))

    return fits


_keys = lru_cache(maxsize=20_000)(stem_keys)


@dataclass(frozen=True, slots=True)
class _Either:
    finders: Sequence[Finder]

    def __call__(self, scanned: Scanned) -> list[Span]:
        return [span for find in self.finders for span in find(scanned)]


class _Single:
    """Terms that pass a test, where terms may begin."""

    def __init__(self, fits: TermTest, beginning: Beginning | None) -> None:
        self._beginning = beginning
        self._known = _Known(fits)

    def __call__(self, scanned: Scanned) -> list[Span]:
        spans: list[Span] = []
        letters, plain = scanned.skeleton, self._known.plain
        others = scanned.specials(self._beginning) if self._beginning else set()
        for found in (self._beginning.plain if self._beginning else ANYWHERE).finditer(letters):
            size = plain[found[0]]
            start = found.start()
            if letters[start - 1] != _SPACE:  # before the first byte stands the last, which is a SPACE
                if size < 0 or not goes_on(letters[start - 1]):
                    others.add(scanned.chunk_at(start))
            elif size > 0:
                spans.append((start, start + size))
            elif size < 0:
                others.add(found.span())
        for start, end in others:
            spans += [(start + low, start + high) for low, high in self._known.spans(scanned, (start, end))]
        return spans


class _Known:
    """What a test of terms has said of chunks."""

    def __init__(self, fits: TermTest) -> None:
        self.plain = _Sizes(fits)
        self._fits = fits
        self._spans: dict[str, tuple[Span, ...]] = {}

    def spans(self, scanned: Scanned, chunk: Span) -> tuple[Span, ...]:
        """Where in a chunk terms pass the test, counted from its beginning."""
        text = scanned.text[chunk[0] : chunk[1]]
        found = self._spans.get(text)
        if found is None:
            tokens = scanned.tokens(chunk)
            found = self._spans[text] = tuple((token.start, token.end) for token in tokens if self._fits(token.term))
        return found


class _Sizes(dict[bytes, int]):
    """Chunk of a skeleton → letters of its word if that passes the test, 0 if it does not, -1 if it is no plain word.

    Plain are letters a-z and digits with connectors behind at most: analysis makes them the one term that they are.
    """

    def __init__(self, fits: TermTest) -> None:
        super().__init__()
        self._fits = fits

    def __missing__(self, chunk: bytes) -> int:
        word = chunk.rstrip(CONNECTOR)
        size = -1
        if word.isalnum() and len(word) <= MAX_TERM:
            size = len(word) if self._fits(word.decode()) else 0
        self[chunk] = size
        return size


_Search = Callable[[Sequence[Token]], list[Span]]


@dataclass(frozen=True, slots=True)
class _Together:
    """Several terms near each other: looked for around the longest of them, as the one likely to be rarest."""

    anchor: _Single  # one of the terms
    others: tuple[Beginning, ...]  # where the other terms may begin
    before: int  # positions that may matter before the anchor and after it
    after: int
    search: _Search
    room: int = _ROOM

    @classmethod
    def in_order(cls, form: TermSequence) -> _Together:
        """The terms of a form at their offsets."""
        terms, width = form
        anchor, offset = max(terms, key=lambda each: len(each[0]))
        last = max(at for term, at in terms if term == anchor)
        return cls._around(form, anchor, last, width - offset, lambda found: _sequences(terms, found))

    @classmethod
    def special(cls, form: TermSequence) -> _Together:
        """The terms of a form at their offsets, around any of them."""
        terms, width = form
        together = cls._around(form, terms[0][0], width, width, lambda found: _sequences(terms, found))
        return replace(together, others=tuple(_known_beginnings(term for term, _ in terms)), room=_WIDE_ROOM)

    @classmethod
    def within(cls, form: TermSequence, distance: int) -> _Together:
        """The terms of a form in any order, the outermost at most `distance` positions apart."""
        reach = min(distance, POSITION_GAP - 1)
        wanted = frozenset(term for term, _ in form[0])
        return cls._around(form, max(wanted, key=len), reach, reach, lambda found: _windows(wanted, reach, found))

    @classmethod
    def _around(cls, form: TermSequence, anchor: str, before: int, after: int, search: _Search) -> _Together:
        others = _known_beginnings(term for term, _ in form[0] if term != anchor)
        return cls(_exactly(anchor), tuple(others), before, after, search)

    def __call__(self, scanned: Scanned) -> list[Span]:
        return self.near(scanned, {scanned.chunk_at(start) for start, _ in self.anchor(scanned)})

    def near(self, scanned: Scanned, anchors: set[Span]) -> list[Span]:
        """The spans in the neighbourhood of some chunks."""
        return [
            span
            for bounds, inside in groupby(sorted(anchors), key=scanned.text_around)
            for span in self._found(scanned, bounds, list(inside))
        ]

    def _found(self, scanned: Scanned, bounds: Span, anchors: list[Span]) -> Iterator[Span]:
        """The spans in one of the texts, which has the anchor in these chunks."""
        length, reach = bounds[1] - bounds[0], self.before + self.after
        if len(anchors) * (reach + _LOOK) < _FEW * _LOOK + length:
            anchors = [chunk for chunk in anchors if self._may_be_near(scanned.skeleton, bounds, chunk)]
        if len(anchors) * reach > _FEW + length // 8:
            yield from self.search(scanned.all_tokens(bounds))
            return
        for chunk in anchors:
            yield from self.search(scanned.around(chunk, self.before, self.after))

    def _may_be_near(self, letters: bytes, bounds: Span, chunk: Span) -> bool:
        """Whether all other terms may stand in the neighbourhood of a chunk: a quick look at letters only."""
        start, end = chunk
        low, high = (
            max(start - self.room * (self.before + 1), bounds[0]),
            min(end + self.room * (self.after + 1), bounds[1]),
        )
        if low > bounds[0] and _too_short(letters[low:start], self.before):
            return True
        if high < bounds[1] and _too_short(letters[end:high], self.after):
            return True
        window = letters[low:high]
        return ODD in window or all(other.is_in(window) for other in self.others)


def _known_beginnings(terms: Iterable[str]) -> list[Beginning]:
    """Where each of some terms may begin, if not anywhere."""
    found = (beginnings(frozenset([term]), whole=True) for term in dict.fromkeys(terms))
    return [beginning for beginning in found if beginning]


def _in_order(form: TermSequence) -> Finder:
    terms = [term for term, _ in form[0]]
    pattern = in_a_row(terms) if len(terms) == form[1] else None
    if pattern is None:
        return _Together.in_order(form)
    return _PlainRun(pattern, _known_beginnings(terms), _Together.special(form))


@dataclass(frozen=True, slots=True)
class _PlainRun:
    """Plain words one after the other: told by their letters alone, but for what is in special chunks."""

    pattern: re.Pattern[bytes]
    beginnings: Sequence[Beginning]  # of each term
    others: _Together

    def __call__(self, scanned: Scanned) -> list[Span]:
        spans: list[Span] = []
        letters = scanned.skeleton
        special = {chunk for beginning in self.beginnings for chunk in scanned.specials(beginning)}
        for found in self.pattern.finditer(letters):
            start, end = found.start(), found.end(1)
            if letters[start - 1] == _APOSTROPHE or letters[end] == _APOSTROPHE:
                special.update((scanned.chunk_at(start), scanned.chunk_at(end - 1)))
            elif end <= scanned.text_around((start, end))[1]:
                spans.append((start, end))
        return spans + self.others.near(scanned, special)


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
