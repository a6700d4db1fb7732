"""Text → words with positions and spans, and the forms of a typed word: what is indexed and what is looked for.

A *surface* is what the text holds between spaces and punctuation: `Minister's`, `e-mail`, `C++`, `手機`. What it
stands for does not depend on its surroundings, so it is worked out once and remembered. docs/decisions/analysis.md
gives the rules and their reasons.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, islice, product
from typing import NamedTuple

from backfile.index.analysis.normalization import INVISIBLE, MARKS, character_class, fold
from backfile.index.analysis.stemming import stem_keys

__all__ = [
    "MAX_SEQUENCES",
    "MAX_TERM",
    "POSITION_GAP",
    "RawToken",
    "TermSequence",
    "Token",
    "analyze",
    "fold",
    "stem_keys",
    "term_sequences",
    "tokenize",
]  # fmt: skip

POSITION_GAP = 1_000  # between two values of one field, so that no phrase reaches from one into the next
MAX_TERM = 128  # characters kept of a word; no language needs them, but a line of base64 would
MAX_SEQUENCES = 8  # combinations of spellings tried for one phrase
APOSTROPHES = "'’‘ʼ＇"
CONNECTORS = "-‐‑_.&＆,"  # the comma between digits only

# Scripts written without spaces (and Korean, whose words take endings): every unit is a term.
_UNITS = character_class(
    "e01-e30 e32 e3f-e46 e4f-e5b e81-eb0 eb2 ebd-ec6 ed0-edf 1000-102a 103f-1055 105a-105d 1061 1065-1066 106e-1070 "
    "1075-1081 108e 1090-1099 1100-115f a9e0-a9e4 a9e6-a9ef a9fa-a9fe aa60-aa7a aa7e-aa7f 1780-17b3 17d7 17dc "
    "17e0-17e9 "
    "3005-3007 3021-3029 3031-3035 3038-303c 3041-3096 309d-309f 30a1-30fa 30fc-30ff 3105-312f 3131-318e 31a0-31bf "
    "31f0-31ff 3400-4dbf 4e00-9fff a960-a97c ac00-d7a3 f900-faff ff66-ff9d ffa0-ffdc 1b000-1b16f 20000-323af"
)
_UNIT_MARKS = character_class(
    "e31 e33-e3a e47-e4e eb1 eb3-ebc ec8-ece 102b-103e 1056-1059 105e-1060 1062-1064 1067-106d 1071-1074 1082-108d "
    "108f 109a-109d 1160-11ff 17b4-17d3 17dd 3099-309a a9e5 aa7b-aa7d d7b0-d7fb ff9e-ff9f"
)
_STACKED = "\u17d2[\u1780-\u17a2]|\u1039[\u1000-\u102a]|\u0e4d\u0e32"  # a mark and the letter that it binds
UNSPACED_CHARACTER = re.compile(f"(?:[{_UNITS}]|[{_UNIT_MARKS}])(?:{_STACKED}|[{_UNIT_MARKS}{INVISIBLE}])*")
_UNIT_RUN = f"[{_UNITS}{_UNIT_MARKS}][{_UNITS}{_UNIT_MARKS}{INVISIBLE}]*"

_LETTER = f"[^\\W_ʼ{_UNITS}{_UNIT_MARKS}]"
_LETTERS = f"{_LETTER}+(?:[{MARKS}{INVISIBLE}]+{_LETTER}*)*"
_WORD = rf"{_LETTERS}(?:[{APOSTROPHES}](?=[^\W\d_]){_LETTERS})*"
_PART = rf"{_WORD}(?:\+\+(?!\+)|\#(?!\w))?"
_JOINT = rf"[{CONNECTORS.replace(',', '')}]|(?<=\d),(?=\d)"
_SURFACES = re.compile(f"{_PART}(?:(?:{_JOINT}){_PART})*|{_UNIT_RUN}")
_PARTS = re.compile(_PART)

find_raw_tokens = _SURFACES.findall
iter_raw_tokens = _SURFACES.finditer


class Token(NamedTuple):
    """One term where it stands: `position` counts words from 0, `start` and `end` code points of the original text."""

    term: str
    position: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RawToken:
    """What a surface stands for: its tokens, counted from its own start, and the positions that they take.

    `units` says that it is a run of Chinese, Japanese, Korean, Thai, Lao, Khmer or Burmese.
    """

    tokens: tuple[Token, ...]
    width: int
    units: bool = False


TermSequence = tuple[tuple[tuple[str, int], ...], int]
"""Terms with their offsets, and the number of positions that they take: one way to write what was typed."""


def tokenize(text: str) -> Iterator[Token]:
    """Every term of `text` in the order of positions; at one position the part comes before what it is joined into."""
    position = 0
    for found in iter_raw_tokens(text):
        start, surface = found.start(), analyze(found[0])
        for token in surface.tokens:
            yield Token(token.term, position + token.position, start + token.start, start + token.end)
        position += surface.width


def analyze(surface: str) -> RawToken:
    """What one surface, a match of `iter_raw_tokens`, stands for."""
    if _is_unit_run(surface):
        return _unit_run(surface)
    parts: list[list[Token]] = []
    for match in _PARTS.finditer(surface):
        if part := _part(match, len(parts)):
            parts.append(part)
    found = [token for part in parts for token in part]
    if joined := _joined(parts):
        found.insert(len(parts[0]), Token(joined, 0, 0, len(surface)))
    return RawToken(tuple(found), len(parts))


def _is_unit_run(surface: str) -> bool:
    return UNSPACED_CHARACTER.match(surface) is not None


def _part(match: re.Match[str], position: int) -> list[Token]:
    """The tokens of one part: the word and, for names like C++ and F#, the bare word as well; [] if nothing is left."""
    word, start, end = match[0], match.start(), match.end()
    bare = word.rstrip("+#")
    term = _term(bare)
    if not term or bare == word:
        return [Token(term, position, start, end)] if term else []
    name = Token(term + word[len(bare) :], position, start, end)
    return [name, Token(term, position, start, start + len(bare))]


def _term(word: str) -> str:
    folded = fold(word)
    return (folded if folded.isascii() else "".join(folded.split()))[:MAX_TERM]


def _joined(parts: Sequence[list[Token]]) -> str:
    """The parts of a compound written as one word; "" for a single part or more than a word can hold."""
    joined = "".join(part[-1].term for part in parts) if len(parts) > 1 else ""
    return joined if len(joined) <= MAX_TERM else ""


def _unit_run(surface: str) -> RawToken:
    """Each unit is a term, and each pair of neighbours a term at the first one's position."""
    units = [(fold(match[0]), match.start(), match.end()) for match in UNSPACED_CHARACTER.finditer(surface)]
    units = [unit for unit in units if unit[0]]
    found: list[Token] = []
    for position, (term, start, end) in enumerate(units):
        found.append(Token(term, position, start, end))
        if position + 1 < len(units):
            following = units[position + 1]
            found.append(Token(term + following[0], position, start, following[2]))
    return RawToken(tuple(found), len(units), units=True)


@lru_cache(maxsize=1024)
def term_sequences(text: str) -> tuple[TermSequence, ...]:
    """The ways in which what was typed may stand in an article; () when nothing of it is a word.

    A plain word has one form of one term. `e-mail` has two, its parts in order and `email`; a phrase of several such
    words has at most MAX_FORMS, the one with all parts first. A run of Chinese and the like is looked for by pairs.
    """
    alternatives = [forms for match in iter_raw_tokens(text) if (forms := _surface_forms(match[0]))]
    if not alternatives:
        return ()
    return tuple(_concatenated(choice) for choice in islice(product(*alternatives), MAX_SEQUENCES))


def _surface_forms(text: str) -> tuple[TermSequence, ...]:
    surface = analyze(text)
    if not surface.tokens:
        return ()
    if surface.units:
        pairs = surface.tokens[1::2] or surface.tokens
        return (_form(pairs, surface.width),)
    joined = [token for token in surface.tokens if surface.width > 1 and token.end == len(text) and token.start == 0]
    parts = [token for token in surface.tokens if token not in joined]
    firsts = [
        token for number, token in enumerate(parts) if number == 0 or parts[number - 1].position != token.position
    ]
    if not joined or _is_acronym(text, firsts):
        return (_form(firsts, surface.width),)
    return (_form(firsts, surface.width), (((joined[0].term, 0),), 1))


def _is_acronym(text: str, parts: Sequence[Token]) -> bool:
    """Whether a compound is of the kind U.S.: looked for as typed only, since `us` is another word."""
    return all(len(part.term) == 1 for part in parts) and not re.search("[^.\\w]", text)


def _form(found: Sequence[Token], width: int) -> TermSequence:
    return tuple((token.term, token.position) for token in found), width


def _concatenated(forms: Sequence[TermSequence]) -> TermSequence:
    starts = accumulate((width for _, width in forms), initial=0)
    moved = [(term, start + offset) for (terms, _), start in zip(forms, starts, strict=False) for term, offset in terms]
    return tuple(moved), sum(width for _, width in forms)
