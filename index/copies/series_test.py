"""Test that tells parts of a series from copies of a story: texts alike, but each about something of its own.

Release notes, market reports, courses in parts and guides for several systems share most of their words. They differ
where copies agree: in the words or numbers that their titles name, and in the numbers that stand in the same places.
docs/decisions/copies.md gives the reasons and what was found in corpora.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from backfile.index.copies.word_difference import read_words

_ROMAN = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})")
_TWICE = 2  # times as often as in the other text: a word that a text is about
_ONCE = 1  # an occurrence that a cut may have taken, or a new first paragraph brought
_FEW = 10  # places with the same number for each with another one, up to which the numbers are another day's
_NUMBER = "0"  # stands for any number next to another


@dataclass(frozen=True)
class TitledText:
    """Title and text of an article, as the test reads them."""

    title: str
    text: str

    @cached_property
    def named(self) -> frozenset[str]:
        """Words of the title."""
        return frozenset(read_words(self.title).folded)

    @cached_property
    def _words(self) -> list[str]:
        return read_words(self.text).folded

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """Words of the text, with the number of times."""
        return Counter(self._words)

    @cached_property
    def numbers(self) -> Mapping[tuple[str, str], set[str]]:
        """Numbers of the text by the words before and after them."""
        words = ["", *self._words, ""]
        plain = [_NUMBER if _has_digit(word) else word for word in words]
        found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for place, word in enumerate(words):
            if plain[place] == _NUMBER:
                found[plain[place - 1], plain[place + 1]].add(word)
        return found


def are_series(one: TitledText, other: TitledText, *, same_day: bool) -> bool:
    """Whether two articles with similar texts are parts of a series, and no copies of one story.

    On one day other numbers in a title or a text may be corrections; on different days they are another day's.
    """
    own, others = one.named - other.named, other.named - one.named
    if _names_its_own(own, one, other) and _names_its_own(others, other, one):
        return True
    if not same_day and any(map(_is_number, own)) and any(map(_is_number, others)):
        return True
    changed, kept = _count_changed(one, other)
    return changed > 1 and changed >= kept if same_day else changed * _FEW >= kept and changed > 0


def _names_its_own(words: frozenset[str], text: TitledText, other: TitledText) -> bool:
    """Whether one of some words of a title tells what its text is about and the other is not."""
    return any(
        text.counts.get(word, 0) > max(_TWICE * other.counts.get(word, 0), _ONCE)
        or (_is_number(word) and not (word in text.counts and word in other.counts))
        for word in words
    )


def _count_changed(one: TitledText, other: TitledText) -> tuple[int, int]:
    """Places at which both texts have a number: how many with different ones, and how many with the same."""
    places = one.numbers.keys() & other.numbers.keys()
    changed = sum(one.numbers[place].isdisjoint(other.numbers[place]) for place in places)
    return changed, len(places) - changed


def _has_digit(word: str) -> bool:
    return any(map(str.isdigit, word))


def _is_number(word: str) -> bool:
    return _has_digit(word) or (bool(word) and _ROMAN.fullmatch(word) is not None)
