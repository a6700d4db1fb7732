"""Patterns and fuzzy words: which terms of a vocabulary they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable

from rapidfuzz.distance import OSA

from backfile.index.analysis.normalization import fold

TermTest = Callable[[str], bool]

_STARS = re.compile(r"\*+")
_NOT_IN_TERMS = re.compile(r"[^\w'+#*?]|_")


def literal_prefix(text: str) -> str:
    """The folded letters before the first wildcard: every term that the pattern fits begins with them."""
    return re.split(r"[*?]", _as_term(text), maxsplit=1)[0]


def wildcard_test(text: str) -> TermTest:
    """A test of terms for a pattern: `*` stands for any run of characters, none included, `?` for exactly one.

    Case and accents are folded and connectors dropped, as in the terms of compounds: `e-ma*` fits `email`. The time
    of a test grows with pattern times term and no worse: no star is tried again once what follows it has fitted.
    """
    match = re.compile(_expression(text), re.DOTALL).fullmatch
    return lambda term: match(term) is not None


def matching_lines(text: str, lines: str) -> list[int]:
    """Numbers of the lines that a wildcard matches, ascending; each line is a term, "" has no lines.

    One search through all terms takes a quarter of the time of a test for each.
    """
    if not lines:
        return []
    expression = re.compile(f"\n{_expression(text)}(?=\n)")  # no dot matches a line break
    lines = f"\n{lines}\n"
    numbers: list[int] = []
    number = before = 0
    for found in expression.finditer(lines):
        number += lines.count("\n", before, found.start())
        before = found.start()
        numbers.append(number)
    return numbers


def _expression(text: str) -> str:
    first, *others = [re.escape(piece).replace(r"\?", ".") for piece in _STARS.split(_as_term(text))]
    if not others:
        return first
    *inner, last = others
    return first + "".join(f"(?>.*?{piece})" for piece in inner) + f".*{last}"


def fuzzy_test(text: str, distance: int) -> TermTest:
    """A test of terms for a fuzzy word: at most `distance` edits away and with the same first letter.

    An edit is a letter put in, left out or changed, or two neighbours swapped, no part of a word edited twice (the
    optimal string alignment distance).
    """
    word = _as_term(text)

    def fits(term: str) -> bool:
        return term[:1] == word[:1] and OSA.distance(word, term, score_cutoff=distance) <= distance

    return fits if word else lambda term: False


def fuzzy_term(text: str) -> str:
    """The folded word that a fuzzy word is compared as."""
    return _as_term(text)


def _as_term(text: str) -> str:
    return _NOT_IN_TERMS.sub("", fold(text))
