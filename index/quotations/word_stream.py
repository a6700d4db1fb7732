"""Words of quotations and of texts as they are compared: folded, with spans and the borders between them.

Case, accents, punctuation and line breaks count for nothing; words, their order, numbers with their signs, and signs
of currency and arithmetic count. docs/instruments.md has the rules for readers, docs/decisions/quotations.md the
reasons.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property, lru_cache
from itertools import accumulate, islice, pairwise

from backfile.index.analysis.tokenizer import CONNECTORS, NOTE_SIGNS, RAW_TOKEN, UNSPACED_CHARACTER, fold

_HYPHENS = "-‐‑"
# Signs that change what is said: of currency and arithmetic, a colon or slash in a number, a minus before one.
_SIGN = r"[$&%§°±×÷¢-¥‰⁒₠-⃀]|(?<!\S)[<>=+](?=[\s\d])|=(?=\d)|(?<=\d)[:/](?=\d)|(?:(?<![^\s(\[])|(?<=\A))-(?=\d)"
# Marks of notes after a word or a sentence (`treaty[12]`) and `[sic]` are no words.
_MARK = r"(?:(?<=[^\W\d_]{3})|(?<=[.,;:!?\"”’»)]))\[\d{1,3}\](?!\w)|\[[Ss]ic[.!?]?\]"
_UNITS = re.compile(f"{_MARK}|{RAW_TOKEN}|{_SIGN}")
_NUMBER_DASH = re.compile(r"(?<=\d)[‒–−](?=\d)|(?<![^\s(\[])[‒–−](?=\d)")
_ROUGH_WORDS = re.compile(f"[a-z0-9]+|{UNSPACED_CHARACTER.pattern}|[^\\W_a-z0-9]+")
_PIECE = re.compile(f"[{CONNECTORS}]|[^{CONNECTORS}]+")
_IN_NUMBERS = ".," + _HYPHENS
_LINE_END = re.compile(rf"(?<=[^\W\d_])[{_HYPHENS}][ \t]*\n\s*")
_BRACKET_IN_WORD = re.compile(r"(?<!\w)\[[^\W\d_]{1,3}\](?=[^\W\d_])")
_SHORTEST_WITH_NOTE = 3
_LONGEST_CACHED = 64
_MOST_TRIALS = 2_000  # places of the letters of a quotation in a text that are looked at

ELLIPSIS = re.compile(r"\[\s*(?:[…⋯]+|\.(?:\s?\.){2,})\s*\]|\(\s*(?:[…⋯]+|\.(?:\s?\.){2,})\s*\)|[…⋯]+|\.(?:\s?\.){2,}")
"""Ellipsis in a quotation, in brackets or not."""


class Border(IntEnum):
    """Border before a word: a `HARD` one must be there in both texts; a `SOFT` one (a hyphen, a word broken at the end
    of a line, a bracket inside a word) may be missing; a `LOOSE` one is beside a character of a script without spaces.
    """

    HARD = 0
    SOFT = 1
    LOOSE = 2


@dataclass(frozen=True, slots=True)
class _Piece:
    """Word inside a unit: folded letters, span from the start of the unit, border before it, number of its note."""

    letters: str
    start: int
    end: int
    border: Border
    note: str = ""


@dataclass(frozen=True)
class WordStream:
    """Words of a text in order: folded `words`, spans (code points of the text) and the border before each.

    `notes` are marks of notes as (number of words before it, mark), ascending.
    """

    words: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]
    borders: Sequence[Border]
    notes: Sequence[tuple[int, str]] = ()

    @classmethod
    def of(cls, text: str, start: int = 0, end: int | None = None) -> WordStream:
        """Reads a text, or the part of it between two places; spans count from its beginning."""
        stop = len(text) if end is None else end
        words: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        borders: list[Border] = []
        notes: list[tuple[int, str]] = []
        broken = _broken_words(text, start, stop)
        for found in _UNITS.finditer(_with_plain_dashes(text, start, stop), start, stop):
            place, pieces = found.start(), _pieces(found[0])
            for piece in pieces:
                words.append(piece.letters)
                starts.append(place + piece.start)
                ends.append(place + piece.end)
                borders.append(Border.SOFT if starts[-1] in broken else piece.border)
                if piece.note:
                    notes.append((len(words), piece.note))
            if not pieces and found[0][1:2].isdigit():
                notes.append((len(words), found[0][1:-1]))
        return cls(words, starts, ends, _loosened(words, borders), notes)

    def part(self, first: int, after: int) -> WordStream:
        """Words from index `first` up to `after`."""
        chosen = slice(first, after)
        words, starts, ends, borders = self.words[chosen], self.starts[chosen], self.ends[chosen], self.borders[chosen]
        return WordStream(words, starts, ends, borders, self._notes_in(first, after))

    def _notes_in(self, first: int, after: int) -> list[tuple[int, str]]:
        """Marks of notes after words from index `first` up to `after`, counted from there."""
        return [(place - first, mark) for place, mark in self.notes if first < place <= after]

    @cached_property
    def letters(self) -> str:
        """All words without anything between them."""
        return "".join(self.words)

    @cached_property
    def _offsets(self) -> list[int]:
        """Start of each word in `letters`, and their length."""
        return list(accumulate(map(len, self.words), initial=0))

    @cached_property
    def _border_at(self) -> dict[int, Border]:
        """Borders inside by their place in `letters`."""
        return dict(zip(self._offsets[1:-1], self.borders[1:], strict=True))

    @cached_property
    def hard_borders(self) -> list[int]:
        """Places in `letters` of the hard borders inside."""
        return [place for place, border in self._border_at.items() if border is Border.HARD]

    def _word_at(self, offset: int) -> int | None:
        """Index of the word that begins at a place in `letters`."""
        index = bisect_left(self._offsets, offset)
        return index if self._offsets[index] == offset else None

    def occurrences(self, quoted: WordStream, start: int = 0) -> Iterator[tuple[int, int]]:
        """Places (first word, word after the last) at which a quotation stands word for word, from word `start` on."""
        wanted, letters = quoted.letters, self.letters
        if not wanted:
            return
        place = letters.find(wanted, self._offsets[start])
        for _ in range(_MOST_TRIALS):
            if place < 0:
                return
            first, after = self._word_at(place), self._word_at(place + len(wanted))
            if first is not None and after is not None and self._has_borders(quoted, first, after):
                yield first, after
            place = letters.find(wanted, place + 1)

    def equals(self, quoted: WordStream) -> bool:
        """Test for the same words, as `occurrences` compares them."""
        return (0, len(self.words)) in self.occurrences(quoted)

    def whole_compounds(self, first: int, after: int) -> tuple[int, int]:
        """Place widened by the rest of the compounds of which it has a part."""
        while first and self.borders[first] is Border.SOFT:
            first -= 1
        while after < len(self.words) and self.borders[after] is Border.SOFT:
            after += 1
        return first, after

    def _has_borders(self, quoted: WordStream, first: int, after: int) -> bool:
        """Test of a place with the letters of a quotation: the words begin and end where those of the quotation do.

        Marks of notes may be missing in one of them; where both have some they are the same (`x[1]` is not `x[2]`).
        """
        if self.borders[first] is Border.SOFT or (after < len(self.words) and self.borders[after] is Border.SOFT):
            return False
        notes = self._notes_in(first, after)
        if notes and quoted.notes and notes != quoted.notes:
            return False
        base, here = self._offsets[first], quoted._border_at
        for word in range(first + 1, after):
            if self.borders[word] is Border.HARD and self._offsets[word] - base not in here:
                return False
        return all(self._word_at(base + place) is not None for place in quoted.hard_borders)


def rough_words(text: str) -> list[str]:
    """Words of a text, roughly as `WordStream.of` has them: a tenth of the cost, enough to guess where to look."""
    return [word if word.isascii() else _fold_rough(word) for word in _ROUGH_WORDS.findall(_in_small_letters(text))]


def rough_span(text: str, first: int, after: int) -> tuple[int, int]:
    """Span in a text of its `rough_words` from index `first` up to `after`."""
    found = list(islice(_ROUGH_WORDS.finditer(_in_small_letters(text)), first, after))
    return (found[0].start(), found[-1].end()) if found else (0, 0)


def _in_small_letters(text: str) -> str:
    """Text of the same length; İ alone has two small letters."""
    return text.lower() if text.isascii() else text.replace("İ", "I").lower()


_fold_rough = lru_cache(maxsize=1 << 16)(fold)


def _with_plain_dashes(text: str, start: int, end: int) -> str:
    """Text of the same length with hyphens for the dashes in and before numbers, if a part of it has some."""
    return _NUMBER_DASH.sub("-", text) if not text.isascii() and _NUMBER_DASH.search(text, start, end) else text


def _broken_words(text: str, start: int, end: int) -> frozenset[int]:
    """Places at which the rest of a word begins that is broken at the end of a line, or has a bracket inside."""
    places = {
        each.end() for each in _LINE_END.finditer(text, start, end) if text[each.end() : each.end() + 1].islower()
    }
    places.update(each.end() for each in _BRACKET_IN_WORD.finditer(text, start, end))
    return frozenset(places)


def _loosened(words: Sequence[str], borders: list[Border]) -> list[Border]:
    """Borders, those beside a character of a script without spaces made loose."""
    if all(map(str.isascii, words)):
        return borders
    unspaced = [not word.isascii() and UNSPACED_CHARACTER.match(word) is not None for word in words]
    for index in range(len(words)):
        if unspaced[index] or (index and unspaced[index - 1]):
            borders[index] = Border.LOOSE
    return borders


def _pieces(unit: str) -> tuple[_Piece, ...]:
    return _cached_pieces(unit) if len(unit) <= _LONGEST_CACHED else _read_pieces(unit)


def _read_pieces(unit: str) -> tuple[_Piece, ...]:
    """Words of a match of _UNITS."""
    if unit[0] == "[":
        return ()
    if unit.isascii() and unit.isalnum():
        return (_Piece(unit.lower(), 0, len(unit), Border.HARD),)
    if UNSPACED_CHARACTER.match(unit):
        found = UNSPACED_CHARACTER.finditer(unit)
        return tuple(_Piece(letters, *each.span(), Border.LOOSE) for each in found if (letters := fold(each[0])))
    if len(unit) == 1 and not unit.isalnum():
        return (_Piece("-" if unit in _HYPHENS else unit, 0, 1, Border.HARD),)
    return tuple(_split(unit))


_cached_pieces = lru_cache(maxsize=1 << 16)(_read_pieces)


def _split(unit: str) -> Iterator[_Piece]:
    """Words of a compound: hyphens make soft borders, an ampersand is a word, signs in numbers belong to them."""
    letters, note, start, end, border = "", "", 0, 0, Border.HARD
    parts = list(_PIECE.finditer(unit))
    for number, found in enumerate(parts):
        sign = found[0]
        if sign not in CONNECTORS:
            folded, note = _folded(sign)
            letters, end = letters + folded, found.end()
            continue
        following = parts[number + 1][0] if number + 1 < len(parts) else ""
        if sign in _IN_NUMBERS and letters[-1:].isdigit() and following[:1].isdigit():
            letters += "-" if sign in _HYPHENS else sign
            continue
        if letters:
            yield _Piece(letters, start, end, border, note)
        if sign in "&＆":
            yield _Piece("&", found.start(), found.end(), Border.HARD)
        letters, note, start = "", "", found.end()
        border = Border.SOFT if sign in _HYPHENS else Border.HARD
    if letters:
        yield _Piece(letters, start, end, border, note)


def _folded(word: str) -> tuple[str, str]:
    """Folded word without the number of a note, and that number."""
    if word[-1] in NOTE_SIGNS:
        bare = word.rstrip(NOTE_SIGNS)
        plain = fold(bare)
        if len(plain) >= _SHORTEST_WITH_NOTE and plain[-1].isalpha():
            return plain, fold(word[len(bare) :])
    folded = fold(word)
    return (folded if folded.isascii() else "".join(folded.split())), ""


@dataclass(frozen=True)
class Quotation:
    """Quotation as typed, its words, and the `parts` between its ellipses; `rough` has their `rough_words`."""

    text: str
    stream: WordStream
    parts: tuple[WordStream, ...]
    rough: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, text: str) -> Quotation:
        """Reads a quotation; ellipses at its ends count for nothing."""
        stream = WordStream.of(text)
        starts = [bisect_left(stream.starts, found.end()) for found in ELLIPSIS.finditer(text)]
        edges = sorted({0, *starts, len(stream.words)})
        parts = [stream.part(first, after) for first, after in pairwise(edges)]
        rough = [tuple(words) for part in ELLIPSIS.split(text) if (words := rough_words(part))]
        return cls(text, stream, tuple(parts), tuple(rough))

    def find_verbatim(self, text: WordStream) -> tuple[tuple[int, int], ...] | None:
        """Place of each part, word for word and in order; None if they are not there. Of several the closest together.

        Of the first part the first _MOST_PLACES places are tried.
        """
        if not self.parts:
            return None
        found = []
        for number, first in enumerate(text.occurrences(self.parts[0])):
            places = [first]
            for part in self.parts[1:]:
                following = next(text.occurrences(part, places[-1][1]), None)
                if following is None:
                    break
                places.append(following)
            if len(places) < len(self.parts) or number == _MOST_PLACES:
                break
            found.append(tuple(places))
        return min(found, key=lambda places: places[-1][1] - places[0][0], default=None)


_MOST_PLACES = 50
