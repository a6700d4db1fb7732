"""Similarity of texts by word n-grams."""

from __future__ import annotations

import re
from collections import Counter

_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_WORD_OR_SIGN = re.compile(rf"{_UNSPACED.pattern}|(?:(?!{_UNSPACED.pattern})\w)+")
NGRAM = 4
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
    if len(tokens) <= NGRAM:
        return [tuple(tokens)]
    return list(zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False))


def shingles(text: str) -> Shingles:
    """Multiset of the word n-grams of a text."""
    return Counter(word_ngrams(words(text)))


def precision(found: Shingles, true: Shingles) -> float:
    """Share of the n-grams of one text that are in another."""
    return sum((found & true).values()) / max(1, found.total())
