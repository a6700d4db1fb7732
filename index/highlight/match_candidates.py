"""Texts seen as *chunks*: what stands between characters that no word holds, found on the texts' skeleton."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

import numpy as np

from backfile.index.analysis.tokenizer import Token, tokenize
from backfile.index.engine import Span
from backfile.index.highlight.prefilter import CONNECTOR, ODD, SPACE, Beginning, may_begin_in, skeleton, squeezed

ANYWHERE = re.compile(rb"[^ ]+")
_Places = np.ndarray[tuple[int], np.dtype[np.intp]]
_REMEMBERED = 128  # characters; longer chunks are analysed anew each time


@dataclass(frozen=True, slots=True)
class Scanned:
    """Texts one after the other, each followed by a line break, and their skeleton.

    `starts` says where each text begins, and where the last ends. `compounds` are the chunks (start, end) with a
    connector inside, `parts` their squeezed letters with a SPACE after each, `odd` the chunks with an ODD character;
    no word goes on from one chunk into another.
    """

    text: str
    skeleton: bytes
    starts: Sequence[int]
    compounds: Sequence[Span]
    parts: bytes
    odd: Sequence[Span]

    @classmethod
    def of(cls, *texts: str) -> Scanned:
        """Scans some texts."""
        joined = "\n".join([*texts, ""])
        letters = skeleton(joined)
        compounds = _chunks_at(letters, _inner_connectors(letters))
        parts = squeezed(SPACE.join([*(letters[start:end] for start, end in compounds), b""]))
        odd = _chunks_at(letters, _places(letters, ODD)) if ODD in letters else []
        starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
        return cls(joined, letters, starts, compounds, parts, odd)

    @classmethod
    def joined(cls, scanned: Sequence[Scanned]) -> Scanned:
        """The texts of several, as if they had been scanned together."""
        if len(scanned) == 1:
            return scanned[0]
        bases = list(accumulate((len(each.text) for each in scanned), initial=0))
        starts = [start + base for each, base in zip(scanned, bases, strict=False) for start in each.starts[:-1]]
        return cls(
            "".join([each.text for each in scanned]),
            b"".join([each.skeleton for each in scanned]),
            [*starts, bases[-1]],
            _moved([each.compounds for each in scanned], bases),
            b"".join([each.parts for each in scanned]),
            _moved([each.odd for each in scanned], bases),
        )

    def apart(self, count: int) -> list[Scanned]:
        """The texts in groups of `count`, as if each had been scanned by itself: cheaper than to do that."""
        if len(self.starts) == count + 1:
            return [self]
        parts = self.parts.split(SPACE)
        groups = []
        for first in range(0, len(self.starts) - 1, count):
            starts = self.starts[first : first + count + 1]
            low, high = starts[0], starts[-1]
            begin, end = bisect_left(self.compounds, (low,)), bisect_left(self.compounds, (high,))
            odd = self.odd[bisect_left(self.odd, (low,)) : bisect_left(self.odd, (high,))] if self.odd else []
            groups.append(
                Scanned(
                    self.text[low:high],
                    self.skeleton[low:high],
                    [start - low for start in starts],
                    [(start - low, stop - low) for start, stop in self.compounds[begin:end]],
                    SPACE.join([*parts[begin:end], b""]),
                    [(start - low, stop - low) for start, stop in odd],
                )
            )
        return groups

    def specials(self, beginning: Beginning) -> set[Span]:
        """The chunks in which a term may begin so though its letters are not in a row, or not there."""
        found = set(self.odd)
        parts, letters = self.parts, beginning.letters
        number = before = 0
        place = parts.find(letters)
        while place >= 0:
            number += parts.count(SPACE, before, place)
            start, end = self.compounds[number]
            if may_begin_in(self.skeleton[start:end], letters):
                found.add((start, end))
            before = parts.index(SPACE, place)
            place = parts.find(letters, before)
        return found

    def chunk_at(self, place: int) -> Span:
        """The chunk around a place that is in one."""
        return self.skeleton.rfind(SPACE, 0, place) + 1, self.skeleton.index(SPACE, place)

    def text_around(self, chunk: Span) -> Span:
        """Where the text begins and ends that a chunk is in."""
        number = bisect_right(self.starts, chunk[0])
        return self.starts[number - 1], self.starts[number] - 1

    def tokens(self, chunk: Span) -> tuple[Token, ...]:
        """The tokens of a chunk, positions and spans counted from its own beginning."""
        start, end = chunk
        text = self.text[start:end]
        return _tokens(text) if end - start <= _REMEMBERED else tuple(tokenize(text))

    def all_tokens(self, bounds: Span) -> list[Token]:
        """Every token of one of the texts."""
        start, end = bounds
        return [Token(term, at, start + low, start + high) for term, at, low, high in tokenize(self.text[start:end])]

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

    def _before(self, chunk: Span, floor: int) -> Span | None:
        """The chunk before one, none before `floor`."""
        start = chunk[0]
        while start > floor:
            low = max(start - _REMEMBERED, floor)
            kept = self.skeleton[low:start].rstrip(SPACE)
            if kept:
                return self.chunk_at(low + len(kept) - 1)
            start = low
        return None

    def _after(self, chunk: Span, ceiling: int) -> Span | None:
        """The chunk after one, none after `ceiling`."""
        found = ANYWHERE.search(self.skeleton, chunk[1], ceiling)
        return found.span() if found else None


def _places(letters: bytes, byte: bytes) -> _Places:
    return np.flatnonzero(np.frombuffer(letters, np.uint8) == byte[0])


def _inner_connectors(letters: bytes) -> _Places:
    """Where connectors are that no SPACE or connector follows."""
    places = _places(letters, CONNECTOR)
    following = np.frombuffer(letters, np.uint8).take(places + 1)  # a skeleton ends with a SPACE
    inner: _Places = places[(following != SPACE[0]) & (following != CONNECTOR[0])]
    return inner


def _chunks_at(letters: bytes, places: _Places) -> list[Span]:
    """The chunks that ascending places are in, each once."""
    if not len(places):
        return []
    spaces = _places(letters, SPACE)
    behind = spaces.searchsorted(places)
    behind = behind[np.flatnonzero(np.diff(behind, prepend=-1))]
    ends = spaces.take(behind)
    starts = np.where(behind > 0, spaces.take(behind - 1) + 1, 0)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _moved(chunks: Sequence[Sequence[Span]], bases: Sequence[int]) -> list[Span]:
    return [(start + base, end + base) for own, base in zip(chunks, bases, strict=False) for start, end in own]


def _width(found: Sequence[Token]) -> int:
    """The positions that the tokens of a chunk take."""
    return found[-1].position + 1 if found else 0


@lru_cache(maxsize=8_192)
def _tokens(text: str) -> tuple[Token, ...]:
    return tuple(tokenize(text))
