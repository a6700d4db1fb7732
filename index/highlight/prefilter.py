"""A text with one byte for each character, on which the places where a word may begin are found at the speed of C.

Two characters that `fold` makes one have the same byte, so a folded word can be looked for in unfolded text. Bytes
say more than they should (64 stand for all letters beyond a-z), never less: what is found is a candidate.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from backfile.index.analysis.normalization import INVISIBLE, MARKS, fold
from backfile.index.analysis.tokenizer import APOSTROPHES, CONNECTORS, MAX_TERM, UNSPACED_CHARACTER

SPACE = b" "  # what no surface holds
CONNECTOR = b"-"  # any of those that join words
ODD = b"\xff"  # folds to nothing or to several characters, or changes with its neighbours

_LETTERS, _UNITS = 0x80, 0xC0  # the first bytes of letters beyond a-z and of units of unspaced scripts
_SPAN = {_LETTERS: _UNITS - _LETTERS, _UNITS: ODD[0] - _UNITS}
_PLANE = 0x1_0000
_IDENTICAL = ((0x3400, 0xA000), (0xAC00, 0xD7A4))  # ideographs and Hangul: units that fold to themselves
_IN_WORDS = re.compile(f"[{MARKS}{INVISIBLE}]")
_SIGNS = dict.fromkeys(CONNECTORS, CONNECTOR[0]) | dict.fromkeys(APOSTROPHES, ord("'")) | {"+": ord("+"), "#": ord("#")}
_LETTER_BYTES = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyz").union(range(_LETTERS, _UNITS))
_JOINTS = CONNECTOR + b"+#"  # may stand between the letters of a compound written as one word
_AFTER_LETTER = rb"(?<![0-9a-z\x80-\xbf\xff]%b)"
_MOST_ENDINGS = 16  # looked for as such; of more only what they have in common
_RUNS = re.compile(rb"[0-9a-z\x80-\xbf]+")
_NOT_LETTER = rb"(?![0-9a-z\x80-\xbf\xff])"  # a unit may follow
_NEXT_WORD = rb"(?!'[0-9a-z\x80-\xff])[^0-9a-z\x80-\xff]+"  # what is between two words; an apostrophe would join them
_COMMON = 2  # bytes: so short a beginning stands in so many words that those within a word are to be passed over
_REST = rb"[^ ]*"


def skeleton(text: str) -> bytes:
    """One byte for each character of `text`."""
    if text.isascii():
        return text.encode("ascii").translate(_translation())
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    others = np.flatnonzero(codes >= 128)  # few, as a rule: taking all from the table costs thrice as much
    letters = codes.astype(np.uint8)
    letters[others] = _table().take(codes.take(others), mode="clip")
    return letters.tobytes().translate(_translation())  # which leaves as they are those that are taken from the table


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where terms may begin in a skeleton.

    `plain` matches from there to the end of the chunk where their `letters` stand in a row; it may also match within a
    word. Where connectors stand between, the letters are in a row once these are taken out (see `squeezed`).
    """

    letters: bytes
    plain: re.Pattern[bytes]

    def is_in(self, piece: bytes) -> bool:
        """Whether a term may begin somewhere in a piece of a skeleton."""
        if self.plain.search(piece):
            return True
        return CONNECTOR in piece and self.letters in squeezed(piece) and may_begin_in(piece, self.letters)


def may_begin_in(chunk: bytes, letters: bytes) -> bool:
    """Whether a term with these letters at first may begin in a chunk that has them when squeezed.

    It begins with one of the runs of letters of which the chunk consists.
    """
    if letters[0] >= _UNITS:
        return True
    size = len(letters)
    return any(letters.startswith(run[:size]) for run in _RUNS.findall(chunk))


def in_a_row(terms: Sequence[str]) -> re.Pattern[bytes] | None:
    """Where plain words stand one right after the other; None if a term is not of letters a-z and digits only.

    Group 1 ends with the last of them. Before the first and behind the last there may be an apostrophe.
    """
    if not all(term.isascii() and term.isalnum() and len(term) < MAX_TERM and not term[0].isdigit() for term in terms):
        return None
    first, *others = [term.encode() for term in terms]
    rest = b"".join(_NEXT_WORD + other for other in others)
    return re.compile(first + _AFTER_LETTER % first + b"(?=(" + rest + b")" + _NOT_LETTER + b")", re.DOTALL)


def goes_on(byte: int) -> bool:
    """Whether no term begins right behind a byte: that of a letter or digit, but of no unit."""
    return byte in _LETTER_BYTES


def squeezed(piece: bytes) -> bytes:
    """A piece of a skeleton with the parts of its compounds written as one word."""
    return piece.translate(None, _JOINTS)


@lru_cache(maxsize=1024)
def beginnings(prefixes: frozenset[str], *, whole: bool = False) -> Beginning | None:
    """Where a term with one of the folded prefixes may begin, except in words with ODD characters.

    Those can begin with anything. None when terms may begin anywhere. With `whole` the prefixes are all of the terms,
    but for what stands before or behind an apostrophe.
    """
    given = [skeleton(prefix) for prefix in prefixes]
    letters = _common(given).partition(ODD)[0]
    if not squeezed(letters) or letters[:1] in b" -'":
        return None
    endings = sorted({one[len(letters) :] for one in given})
    after = b""
    if whole and len(endings) <= _MOST_ENDINGS and all(map(_ends_plainly, given)):
        # \b finds an end before letters beyond a-z as well, and never too few.
        after = rb"(?:%b)\b" % b"|".join(map(re.escape, endings)) if endings != [b""] else rb"\b"
    elif len(letters) <= _COMMON and letters[0] < _UNITS:
        after = _AFTER_LETTER % letters
    return Beginning(squeezed(letters), re.compile(re.escape(letters) + after + _REST, re.DOTALL))


def _ends_plainly(term: bytes) -> bool:
    """Whether a term ends where its letters do: not in a sign, as in C++, nor in a unit, where another may begin."""
    return ODD not in term and term[-1:].isalnum() and len(term) < MAX_TERM


def _common(texts: Sequence[bytes]) -> bytes:
    """The longest beginning that all texts have."""
    lowest, highest = min(texts), max(texts)
    same = next((index for index, byte in enumerate(lowest) if byte != highest[index]), len(lowest))
    return lowest[:same]


@lru_cache(maxsize=1)
def _translation() -> bytes:
    return _table()[:128].tobytes() + bytes(range(128, 256))


@lru_cache(maxsize=1)
def _table() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The byte of each character of the basic plane, and after them that of all others."""
    table = np.full(_PLANE + 1, SPACE[0], np.uint8)
    table[_PLANE] = ODD[0]
    own = np.ones(_PLANE, np.bool_)
    for low, high in _IDENTICAL:
        table[low:high] = _UNITS + np.arange(low, high) % _SPAN[_UNITS]
        own[low:high] = False
    letters = [letter for letter in map(chr, np.flatnonzero(own).tolist()) if _is_in_words(letter)]
    composing = _composing()
    # Folded together: singly it would take a tenth of a second, at the first text that is not ASCII.
    for letter, folded in zip(letters, fold("\n".join(letters)).split("\n"), strict=True):
        table[ord(letter)] = _byte(letter, folded, composing)
    for sign, byte in _SIGNS.items():
        table[ord(sign)] = byte
    return table


def _is_in_words(character: str) -> bool:
    return character.isalnum() or _IN_WORDS.match(character) is not None


def _byte(letter: str, folded: str, composing: frozenset[str]) -> int:
    if len(folded) != 1 or folded in composing or unicodedata.combining(folded) or ord(folded) >= _PLANE:
        return ODD[0]
    if not _is_in_words(folded):
        return ODD[0]
    byte = _folded_byte(folded)
    return ODD[0] if UNSPACED_CHARACTER.match(letter) and byte < _UNITS else byte


def _folded_byte(letter: str) -> int:
    if letter.isascii():
        return ord(letter)
    first = _UNITS if UNSPACED_CHARACTER.match(letter) else _LETTERS
    return first + ord(letter) % _SPAN[first]


def _composing() -> frozenset[str]:
    """The characters that may become one with what stands before them."""
    seconds = set(map(chr, range(0x1160, 0x1200)))  # vowels and finals of Hangul
    for code in range(_PLANE):
        parts = unicodedata.decomposition(chr(code))
        if parts and parts[0] != "<" and " " in parts:
            seconds.add(chr(int(parts.split()[1], 16)))
    return frozenset(seconds)
