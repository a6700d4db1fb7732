"""Similarity of texts by word n-grams, and lookup of passages in a text."""

from __future__ import annotations

import re
from collections import Counter

_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WORD_OR_SIGN = re.compile(rf"{_UNSPACED.pattern}|(?:(?!{_UNSPACED.pattern})\w)+")
_SHINGLE = 4
SHORT_PASSAGE = 8
"""Words; shorter passages occur in many texts by chance."""
MIN_SHARE = 0.6
"""Share of the n-grams of a longer passage that must occur in a text."""

Shingles = Counter[tuple[str, ...]]


def words(text: str) -> list[str]:
    """Words of a text in lower case; every character is a word in scripts without spaces."""
    folded = text.casefold()
    return (_WORD_OR_SIGN if _UNSPACED.search(folded) else _WORD).findall(folded)


def word_ngrams(tokens: list[str]) -> list[tuple[str, ...]]:
    """N-grams of four words; fewer words are one n-gram."""
    if len(tokens) <= _SHINGLE:
        return [tuple(tokens)]
    return list(zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False))


def shingles(text: str) -> Shingles:
    """Multiset of the word n-grams of a text."""
    return Counter(word_ngrams(words(text)))


def precision(found: Shingles, true: Shingles) -> float:
    """Share of the n-grams of one text that are in another."""
    return sum((found & true).values()) / max(1, found.total())


class PassageIndex:
    """Text in which passages are looked up."""

    def __init__(self, text: str) -> None:
        lines = [words(line) for line in text.splitlines()]
        cells = [" ".join(words(cell)) for line in text.splitlines() if "|" in line for cell in line.split("|")]
        every = [word for line in lines for word in line]
        self._lines = {*map(" ".join, lines), *cells}
        self._whole = f" {' '.join(every)} "
        self._ngrams = set(word_ngrams(every))

    def contains(self, passage: list[str]) -> bool:
        """Whether a passage is in the text: short ones as a line or verbatim, longer ones by most of their n-grams."""
        if len(passage) < _SHINGLE:
            return " ".join(passage) in self._lines
        if len(passage) < SHORT_PASSAGE:
            return f" {' '.join(passage)} " in self._whole
        tokens = word_ngrams(passage)
        return sum(map(self._ngrams.__contains__, tokens)) >= MIN_SHARE * len(tokens)
