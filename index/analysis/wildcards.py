"""Wildcards and fuzzy words: tests of the terms of a vocabulary."""

from __future__ import annotations

import re
from collections.abc import Callable

from rapidfuzz.distance import OSA

from backfile.index.analysis.normalization import fold

TermTest = Callable[[str], bool]

_STARS = re.compile(r"\*+")
_NOT_IN_TERMS = re.compile(r"[^\w'+#*?]|_")


def literal_prefix(text: str) -> str:
    """Folded letters before the first wildcard, a prefix of every matching term."""
    return re.split(r"[*?]", _as_term(text), maxsplit=1)[0]


def wildcard_test(text: str) -> TermTest:
    """Test of terms for a wildcard: `*` matches any characters or none, `?` exactly one.

    Case and accents are folded and connectors removed, as in joined compounds: `e-ma*` matches `email`. A test takes
    time proportional to pattern times term at most: atomic groups keep a star from being tried again.
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
    """Test of terms for a fuzzy word: at most `distance` edits away and with the same first letter.

    Distance: optimal string alignment (insertion, deletion, substitution, transposition of neighbours; no part of a
    word is edited twice).
    """
    word = _as_term(text)

    def fits(term: str) -> bool:
        return term[:1] == word[:1] and OSA.distance(word, term, score_cutoff=distance) <= distance

    return fits if word else lambda term: False


def wildcard_term(text: str) -> str:
    """Folded form of a pattern, compared with terms."""
    return _STARS.sub("*", _as_term(text))


def fuzzy_term(text: str) -> str:
    """Folded form of a fuzzy word, compared with terms."""
    return _as_term(text)


def _as_term(text: str) -> str:
    return _NOT_IN_TERMS.sub("", fold(text))
