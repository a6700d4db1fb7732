"""The parts of a text in which a term may stand, found without reading the rest word by word.

Terms never reach across white space, so the *chunks* between spaces can be analysed one by one. Most chunks of most
texts are plain: letters `a` to `z` in any case, digits, punctuation around them. In those a term stands as it is
spelt, and a search for its beginning in the lower-cased text finds it. The few odd chunks (other letters, compounds,
apostrophes) are folded and looked at one by one. What is found are candidates: whoever asks looks at their tokens.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from index.analysis import MAX_TERM, Token, tokens
from index.engine import Span
from index.folding import fold

# Begins with one set of characters, so that `re` passes over all others at full speed.
_ODD = re.compile(r"[-_.&,'+#\x80-\U0010ffff](?:(?<=[+#\x80-\U0010ffff])|(?=[^\s\x00-,./:-@\[-`{-\x7f]))\S*")
_PLAIN = re.compile(r"[(\[\"]*([A-Za-z0-9]+)[.,;:!?)\]\"]*")
_CONNECTORS = re.compile(r"[-‐‑_.&＆,\s]")
_SIGNS = re.compile(r"[+#]")
_REMEMBERED = 1 << 16  # chunks
_LONGEST = 64  # characters of a chunk that is remembered


@dataclass(frozen=True, slots=True)
class Needle:
    """What to look for: terms that begin with one of `beginnings`, or are one of them if `whole`.

    `reach` is the number of positions to either side that matter as well.
    """

    beginnings: frozenset[str]
    whole: bool = False
    reach: int = 0

    def occurrences(self, text: str) -> Iterator[re.Match[str]]:
        """The words of lower-cased text that it may be, if they stand in plain chunks."""
        for beginning in self.beginnings:
            yield from _strict(beginning, self.whole).finditer(text)

    def may_be_in(self, folded: str) -> bool:
        """Whether it may stand in a chunk that was folded and rid of connectors."""
        return any(beginning in folded for beginning in self.beginnings)


@lru_cache(maxsize=1024)
def _strict(beginning: str, whole: bool) -> re.Pattern[str]:
    # The assertion about what stands before comes after the letters, so that `re` can look for these at full speed.
    literal = re.escape(beginning)
    return re.compile(f"{literal}(?<![a-z0-9]{literal}){'(?![a-z0-9])' if whole else '[a-z0-9]*'}")


class Haystack:
    """A text in which needles are looked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    def spans_of(self, needle: Needle, fits: Callable[[str], bool]) -> list[Span]:
        """Where terms that fit stand, all of which must be such as the needle says."""
        if not self._is_searchable(needle):
            return [(token.start, token.end) for token in tokens(self.text) if fits(token.term)]
        found = [
            match.span()
            for match in needle.occurrences(self._lowered)
            if fits(match[0][:MAX_TERM]) and not self._is_odd(match.start())
        ]
        for start, end, bare in self._odd:
            if needle.may_be_in(bare):
                near = _tokens_between(self.text, start, end)
                found += [(token.start, token.end) for token in near if fits(token.term)]
        return found

    def tokens_near(self, needle: Needle) -> list[Token]:
        """The tokens of every neighbourhood of the needle and perhaps others, in order.

        Positions are right within `needle.reach` of each other and further apart than that otherwise.
        """
        if not self._is_searchable(needle):
            return list(tokens(self.text))
        found: list[Token] = []
        for start, end in self._neighbourhoods(needle):
            first = found[-1].position + needle.reach + 1 if found else 0
            found += _tokens_between(self.text, start, end, first)
        return found

    def _is_searchable(self, needle: Needle) -> bool:
        return "" not in needle.beginnings and len(self._lowered) == len(self.text)

    def _is_odd(self, place: int) -> bool:
        """Whether a place lies in an odd chunk."""
        number = bisect_right(self._odd_starts, place) - 1
        return number >= 0 and place < self._odd[number][1]

    @cached_property
    def _lowered(self) -> str:
        return self.text.lower()

    @cached_property
    def _odd(self) -> Sequence[tuple[int, int, str]]:
        """Where odd chunks begin and end, and each folded and rid of connectors."""
        found: list[tuple[int, int, str]] = []
        for match in _ODD.finditer(self.text):
            if not found or match.start() >= found[-1][1]:
                start, end = _chunk(self.text, match.start())
                found.append((start, end, _bare(self.text[start:end])))
        return found

    @cached_property
    def _odd_starts(self) -> list[int]:
        return [start for start, _, _ in self._odd]

    def _neighbourhoods(self, needle: Needle) -> Iterator[tuple[int, int]]:
        """Disjoint stretches of whole chunks around the occurrences, ascending."""
        begin = end = -1
        for place in self._places(needle):
            if place < end and not needle.reach:
                continue
            high = _reach(self.text, place, needle.reach, 1)
            low = begin if place < end else _reach(self.text, place, needle.reach, -1)
            if low > end:
                if end >= 0:
                    yield begin, end
                begin = low
            end = high
        if end >= 0:
            yield begin, end

    def _places(self, needle: Needle) -> list[int]:
        places = [start for start, _, bare in self._odd if needle.may_be_in(bare)]
        places += [match.start() for match in needle.occurrences(self._lowered)]
        places.sort()
        return places


def _chunk(text: str, place: int) -> tuple[int, int]:
    """The stretch between spaces or line ends around a place."""
    start = text.rfind(" ", 0, place) + 1
    start = text.rfind("\n", start, place) + 1 or start
    end = text.find(" ", place)
    end = len(text) if end < 0 else end
    line = text.find("\n", place, end)
    return start, end if line < 0 else line


def _reach(text: str, place: int, positions: int, direction: int) -> int:
    """The edge of the chunks from `place` on, backwards (-1) or forwards (1), that take that many positions more."""
    start, end = _chunk(text, place)
    while positions > 0 and (start > 0 if direction < 0 else end < len(text)):
        start, end = _chunk(text, start - 1) if direction < 0 else _chunk(text, end + 1)
        positions -= _analysed(text[start:end])[1]
    return start if direction < 0 else end


def _tokens_between(text: str, start: int, end: int, position: int = 0) -> Iterator[Token]:
    while start < end:
        low, high = _chunk(text, start)
        found, width = _analysed(text[low:high])
        for term, offset, begin, stop in found:
            yield Token(term, position + offset, low + begin, low + stop)
        position += width
        start = high + 1


def _analysed(chunk: str) -> tuple[Sequence[Token], int]:
    """The tokens of a chunk and the positions that it takes."""
    if len(chunk) > _LONGEST:
        return _analysed_anew(chunk)
    plain = _PLAIN.fullmatch(chunk)
    if plain:
        return (Token(plain[1].lower(), 0, plain.start(1), plain.end(1)),), 1
    return _remembered(chunk)


def _analysed_anew(chunk: str) -> tuple[Sequence[Token], int]:
    found = tuple(tokens(chunk))
    return found, found[-1].position + 1 if found else 0


_remembered = lru_cache(maxsize=_REMEMBERED)(_analysed_anew)


def _bared(chunk: str) -> str:
    """A chunk folded and rid of connectors: every one of its terms, compounds too, is a part of this."""
    bare = _CONNECTORS.sub("", fold(chunk))
    # In a compound, C++ counts as C.
    return f"{bare} {_SIGNS.sub('', bare)}" if _SIGNS.search(bare) else bare


_bared_remembered = lru_cache(maxsize=_REMEMBERED)(_bared)


def _bare(chunk: str) -> str:
    return _bared_remembered(chunk) if len(chunk) <= _LONGEST else _bared(chunk)
