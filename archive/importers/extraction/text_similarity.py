"""Texts compared by their words: how alike two are, and whether one has a passage of another."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WORD_OR_SIGN = re.compile(rf"{_UNSPACED.pattern}|(?:(?!{_UNSPACED.pattern})\w)+")
_SHINGLE = 4
SHORT = 8
"""Fewer words than this are found in many texts by chance."""
ENOUGH = 0.6
"""The share of the runs of a longer passage that make it a part of a text."""

Shingles = Counter[tuple[str, ...]]


def words(text: str) -> list[str]:
    """The words of a text in lower case; of scripts without spaces every sign is one."""
    folded = text.casefold()
    return (_WORD_OR_SIGN if _UNSPACED.search(folded) else _WORD).findall(folded)


def word_ngrams(found: list[str]) -> list[tuple[str, ...]]:
    """The runs of four of some words; of fewer words all of them as one run."""
    if len(found) <= _SHINGLE:
        return [tuple(found)]
    return list(zip(found, found[1:], found[2:], found[3:], strict=False))


def shingles(text: str) -> Shingles:
    """How often each run of four words is in a text; one that is shorter is one run."""
    return Counter(word_ngrams(words(text)))


@dataclass(frozen=True, slots=True)
class Similarity:
    """How two texts agree: the share of the runs of the first that are in the second, and the other way round."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def similarity(one: Shingles, other: Shingles) -> Similarity:
    """The likeness of two texts by their shingles."""
    common = sum((one & other).values())
    return Similarity(common / max(1, one.total()), common / max(1, other.total()))


class PassageIndex:
    """A text that passages are looked up in."""

    def __init__(self, text: str) -> None:
        lines = [words(line) for line in text.splitlines()]
        cells = [" ".join(words(cell)) for line in text.splitlines() if "|" in line for cell in line.split("|")]
        every = [word for line in lines for word in line]
        self._lines = {*map(" ".join, lines), *cells}
        self._whole = f" {' '.join(every)} "
        self._runs = set(word_ngrams(every))
        self.size = len(every)

    def contains(self, passage: list[str]) -> bool:
        """Whether words are part of the text: few ones as a line or in the letter, more of them mostly."""
        if len(passage) < _SHINGLE:
            return " ".join(passage) in self._lines
        if len(passage) < SHORT:
            return f" {' '.join(passage)} " in self._whole
        found = word_ngrams(passage)
        return sum(map(self._runs.__contains__, found)) >= ENOUGH * len(found)
