"""Context of a match: text to both sides cut by columns, the nearest words, the direction of writing.

A column is the width of a Latin letter on a terminal: a Chinese, Japanese or Korean character takes two, a combining
mark none (Unicode TR11, by wcwidth). Cuts never part a grapheme (Unicode TR29).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

from wcwidth import iter_graphemes, iter_graphemes_reverse, width

from backfile.index.analysis.normalization import fold
from backfile.index.analysis.tokenizer import UNSPACED_CHARACTER, iter_raw_tokens

NEIGHBOURS = 3  # words to each side by which lines are arranged

_FURTHEST = 4_000  # characters to one side that are looked at
_NEAR = 4  # characters looked at first for each column
_WORD_WINDOW = 80  # characters looked at first for neighbouring words
_SPACES = re.compile(r"\s+")
_STRONG = {"L": "ltr", "R": "rtl", "AL": "rtl"}  # bidirectional classes (Unicode TR9, rules P2 and P3)


def context_before(text: str, start: int, columns: int) -> str:
    """Text of at most so many columns before an index; white space is one blank, none at the cut."""
    reach = max(columns, 1) * _NEAR
    while True:
        first = max(start - reach, 0)
        window = _SPACES.sub(" ", text[first:start])
        found = _last_columns(window, columns, is_cut=first > 0)
        if first == 0 or reach >= _FURTHEST or len(found) < len(window.lstrip()):
            return found.lstrip()
        reach *= 4


def context_after(text: str, end: int, columns: int) -> str:
    """Text of at most so many columns from an index on; white space is one blank, none at the cut."""
    reach = max(columns, 1) * _NEAR
    while True:
        window = _SPACES.sub(" ", text[end : end + reach])
        is_cut = end + reach < len(text)
        found = _first_columns(window, columns, is_cut=is_cut)
        if not is_cut or reach >= _FURTHEST or len(found) < len(window.rstrip()):
            return found.rstrip()
        reach *= 4


def _first_columns(text: str, columns: int, *, is_cut: bool) -> str:
    if text.isascii():
        return text[:columns]
    found = _within(iter_graphemes(text), columns)
    # The last grapheme of a window may go on behind it.
    return "".join(found[:-1] if is_cut and sum(map(len, found)) == len(text) else found)


def _last_columns(text: str, columns: int, *, is_cut: bool) -> str:
    if text.isascii():
        return text[len(text) - min(columns, len(text)) :]
    found = _within(iter_graphemes_reverse(text), columns)
    return "".join(reversed(found[:-1] if is_cut and sum(map(len, found)) == len(text) else found))


def _within(graphemes: Iterator[str], columns: int) -> list[str]:
    found: list[str] = []
    for grapheme in graphemes:
        columns -= width(grapheme)
        if columns < 0:
            break
        found.append(grapheme)
    return found


def words_before(text: str, start: int) -> tuple[str, ...]:
    """Folded words before an index, the nearest first, NEIGHBOURS at most; a sign of an unspaced script is a word."""
    reach = _WORD_WINDOW
    while True:
        first = max(start - reach, 0)
        words = list(_words(text[first:start]))
        if first > 0 and words:
            words = words[1:]  # the first may begin before the window
        if len(words) >= NEIGHBOURS or first == 0 or reach >= _FURTHEST:
            return tuple(map(fold, words[: -NEIGHBOURS - 1 : -1]))
        reach *= 4


def words_after(text: str, end: int) -> tuple[str, ...]:
    """Folded words from an index on, the nearest first, NEIGHBOURS at most; a sign of an unspaced script is a word."""
    reach = _WORD_WINDOW
    while True:
        words = list(islice(_words(text[end : end + reach]), NEIGHBOURS + 1))
        is_cut = end + reach < len(text)
        # The last one may go on behind the window.
        if len(words) > NEIGHBOURS or not is_cut or reach >= _FURTHEST:
            return tuple(map(fold, words[:NEIGHBOURS]))
        reach *= 4


def _words(text: str) -> Iterator[str]:
    for found in iter_raw_tokens(text):
        raw = found[0]
        if UNSPACED_CHARACTER.match(raw):
            yield from (sign[0] for sign in UNSPACED_CHARACTER.finditer(raw))
        else:
            yield raw


def direction(text: str, start: int) -> str:
    """Direction of the paragraph around an index, `ltr` or `rtl`: that of its first strong character (TR9, P2)."""
    before = text[max(start - _FURTHEST, 0) : start].rpartition("\n")[2]
    after = text[start : start + _FURTHEST].partition("\n")[0]
    for part in (before, after):
        if part.isascii() and any(map(str.isalpha, part)):
            return "ltr"
        for character in part:
            if found := _STRONG.get(unicodedata.bidirectional(character)):
                return found
    return "ltr"
