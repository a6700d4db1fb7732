"""A text with one byte for each character, on which the places where a word may begin are found at the speed of C.

Two characters that `fold` makes one have the same byte, so a folded word can be looked for in unfolded text. Bytes
say more than they should (64 stand for all letters beyond a-z), never less: what is found is a candidate.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from index.analysis import APOSTROPHES, CONNECTORS, MAX_TERM, UNIT
from index.folding import INVISIBLE, MARKS, fold

SPACE = b" "  # what no surface holds
CONNECTOR = b"-"  # any of those that join words
ODD = b"\x01"  # folds to nothing or to several characters, or changes with its neighbours

_LETTERS, _UNITS = 0x80, 0xC0  # the first bytes of letters beyond a-z and of units of unspaced scripts
_PLANE = 0x1_0000
_IDENTICAL = ((0x3400, 0xA000), (0xAC00, 0xD7A4))  # ideographs and Hangul: units that fold to themselves
_IN_WORDS = re.compile(f"[{MARKS}{INVISIBLE}]")
_SIGNS = dict.fromkeys(CONNECTORS, CONNECTOR[0]) | dict.fromkeys(APOSTROPHES, ord("'")) | {"+": ord("+"), "#": ord("#")}
_AFTER_LETTER = rb"(?<![0-9a-z\x80-\xbf]%b)"
_JOINT = rb"(?:[+#]*-)?"
_LETTER_LAST = rb"[0-9a-z\x80-\xbf]\Z"  # after a sign, as in C++, or a unit another word may begin at once
_END = rb"(?![0-9a-z\x80-\xbf])"


def skeleton(text: str) -> bytes:
    """One byte for each character of `text`."""
    if text.isascii():
        return text.encode("ascii").translate(_ascii_table())
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    others = np.flatnonzero(codes >= 128)  # few, as a rule: taking all from the table costs thrice as much
    letters = bytearray(codes.astype(np.uint8).tobytes().translate(_ascii_table()))
    np.frombuffer(letters, np.uint8)[others] = _table().take(np.minimum(codes.take(others), _PLANE))
    return bytes(letters)


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where terms may begin in a skeleton: patterns that match from there to the end of the chunk.

    `plain` finds their letters in a row, which `re` passes over at full speed; `joined` also finds them with connectors
    between, which only chunks with an inner connector hold.
    """

    plain: re.Pattern[bytes]
    joined: re.Pattern[bytes]

    def is_in(self, letters: bytes) -> bool:
        """Whether a term may begin somewhere in a piece of a skeleton."""
        return bool(self.plain.search(letters) or (CONNECTOR in letters and self.joined.search(letters)))


def beginnings(prefixes: Iterable[str], *, whole: bool = False) -> Beginning | None:
    """Where a term with one of the folded prefixes may begin, except in words with ODD characters.

    Those can begin with anything. None when terms may begin anywhere. With `whole` the only prefix is all of the term,
    but for a possessive.
    """
    given = _common([skeleton(prefix) for prefix in prefixes])
    plain = given.partition(ODD)[0]
    if not plain or plain[:1] in b" -'":
        return None
    letters = [re.escape(plain[index : index + 1]) for index in range(len(plain))]
    ends = whole and plain == given and re.search(_LETTER_LAST, plain) and len(plain) < MAX_TERM
    rest = (_END if ends else b"") + rb"[^ ]*"
    in_a_row = b"".join(letters)
    bounds = (b"", b"") if plain[0] >= _UNITS else (_AFTER_LETTER % in_a_row, _AFTER_LETTER % letters[0])
    return Beginning(
        re.compile(in_a_row + bounds[0] + rest, re.DOTALL),
        re.compile(_JOINT.join([letters[0] + bounds[1], *letters[1:]]) + rest, re.DOTALL),
    )


def _common(texts: Sequence[bytes]) -> bytes:
    """The longest beginning that all texts have."""
    lowest, highest = min(texts), max(texts)
    same = next((index for index, byte in enumerate(lowest) if byte != highest[index]), len(lowest))
    return lowest[:same]


@lru_cache(maxsize=1)
def _ascii_table() -> bytes:
    return _table()[:128].tobytes() + bytes(128)


@lru_cache(maxsize=1)
def _table() -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """The byte of each character of the basic plane, and after them that of all others."""
    table = np.full(_PLANE + 1, ODD[0], np.uint8)
    for low, high in _IDENTICAL:
        table[low:high] = _UNITS + np.arange(low, high) % 64
    composing = _composing()
    for code in range(_PLANE):
        if not any(low <= code < high for low, high in _IDENTICAL):
            table[code] = _byte(chr(code), composing)
    return table


def _byte(character: str, composing: frozenset[str]) -> int:
    if character in _SIGNS:
        return _SIGNS[character]
    if not (character.isalnum() or _IN_WORDS.match(character)):
        return SPACE[0]
    folded = fold(character)
    if len(folded) != 1 or folded in composing or unicodedata.combining(folded) or ord(folded) >= _PLANE:
        return ODD[0]
    if not (folded.isalnum() or _IN_WORDS.match(folded)):
        return ODD[0]
    byte = _folded_byte(folded)
    return ODD[0] if UNIT.match(character) and byte < _UNITS else byte


def _folded_byte(letter: str) -> int:
    if letter.isascii():
        return ord(letter)
    return (_UNITS if UNIT.match(letter) else _LETTERS) + ord(letter) % 64


def _composing() -> frozenset[str]:
    """The characters that may become one with what stands before them."""
    seconds = set(map(chr, range(0x1160, 0x1200)))  # vowels and finals of Hangul
    for code in range(_PLANE):
        parts = unicodedata.decomposition(chr(code))
        if parts and parts[0] != "<" and " " in parts:
            seconds.add(chr(int(parts.split()[1], 16)))
    return frozenset(seconds)
