"""Tokenizer: text → terms with positions and spans; typed words → the term sequences to search for.

A *raw token* is a run of text between spaces and punctuation: `Minister's`, `e-mail`, `C++`, `手機`. Its tokens do not
depend on its context. docs/decisions/analysis.md gives the rules and their reasons.
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
    "CONNECTORS",
    "EMOJI",
    "MAX_SEQUENCES",
    "MAX_TERM",
    "NOTE_SIGNS",
    "POSITION_GAP",
    "RAW_TOKEN",
    "RawToken",
    "TermSequence",
    "Token",
    "analyze",
    "concatenate",
    "fold",
    "is_word_sign",
    "stem_keys",
    "term_sequences",
    "tokenize",
]  # fmt: skip

POSITION_GAP = 1_000  # between two values of one field, so that no phrase spans both
MAX_TERM = 128  # characters; only lines of base64 and the like are longer
MAX_SEQUENCES = 8  # of one phrase
APOSTROPHES = "'’‘ʼ＇"
CONNECTORS = "-‐‑_.&＆,"  # the comma between digits only

# Scripts written without spaces (and Korean, whose words take endings): every character is a term.
_UNSPACED = character_class(
    "e01-e30 e32 e3f-e46 e4f-e5b e81-eb0 eb2 ebd-ec6 ed0-edf 1000-102a 103f-1055 105a-105d 1061 1065-1066 106e-1070 "
    "1075-1081 108e 1090-1099 1100-115f a9e0-a9e4 a9e6-a9ef a9fa-a9fe aa60-aa7a aa7e-aa7f 1780-17b3 17d7 17dc "
    "17e0-17e9 "
    "3005-3007 3021-3029 3031-3035 3038-303c 3041-3096 309d-309f 30a1-30fa 30fc-30ff 3105-312f 3131-318e 31a0-31bf "
    "31f0-31ff 3400-4dbf 4e00-9fff a960-a97c ac00-d7a3 f900-faff ff66-ff9d ffa0-ffdc 1b000-1b16f 20000-323af"
)
_UNSPACED_MARKS = character_class(
    "e31 e33-e3a e47-e4e eb1 eb3-ebc ec8-ece 102b-103e 1056-1059 105e-1060 1062-1064 1067-106d 1071-1074 1082-108d "
    "108f 109a-109d 1160-11ff 17b4-17d3 17dd 3099-309a a9e5 aa7b-aa7d d7b0-d7fb ff9e-ff9f"
)
_STACKED = "\u17d2[\u1780-\u17a2]|\u1039[\u1000-\u102a]|\u0e4d\u0e32"  # a mark and the letter bound by it
UNSPACED_CHARACTER = re.compile(f"(?:[{_UNSPACED}]|[{_UNSPACED_MARKS}])(?:{_STACKED}|[{_UNSPACED_MARKS}{INVISIBLE}])*")
_UNSPACED_RUN = f"[{_UNSPACED}{_UNSPACED_MARKS}][{_UNSPACED}{_UNSPACED_MARKS}{INVISIBLE}]*"

_LETTER = f"[^\\W_ʼ{_UNSPACED}{_UNSPACED_MARKS}]"
_LETTERS = f"{_LETTER}+(?:[{MARKS}{INVISIBLE}]+{_LETTER}*)*"
_WORD = rf"{_LETTERS}(?:[{APOSTROPHES}](?=[^\W\d_]){_LETTERS})*"
_PART = rf"{_WORD}(?:\+\+(?!\+)|\#(?!\w))?"
_JOINT = rf"[{CONNECTORS.replace(',', '')}]|(?<=\d),(?=\d)"
# Pictures that people search for, each a term; skin tones, joiners and variation selectors belong to the one before.
EMOJI = character_class(
    "1f1e6-1f1ff 1f300-1f3fa 1f400-1f64f 1f680-1f6ff 1f7e0-1f7f0 1f90c-1faff 231a-231b 23e9-23f3 23f8-23fa 2600-26ff "
    "2705 2708-270d 2728 274c 274e 2753-2757 2763-2764 2795-2797 27b0 27bf 2b1b-2b1c 2b50 2b55"
)
_EMOJI = re.compile(f"[{EMOJI}]")
_EMOJI_SIGN = f"[{EMOJI}][{INVISIBLE}\U0001f3fb-\U0001f3ff]*"
_RAW_TOKENS = re.compile(f"{_PART}(?:(?:{_JOINT}){_PART})*|{_UNSPACED_RUN}|{_EMOJI_SIGN}")
_PARTS = re.compile(_PART)
# Numbers and letters of notes. After a unit or a variable (km², x³) they are an exponent, which belongs to it.
NOTE_SIGNS = "⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉⁱⁿ①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳"
_SHORTEST_WITH_NOTE = 3

RAW_TOKEN = _RAW_TOKENS.pattern
"""Regex of a raw token, without groups."""

find_raw_tokens = _RAW_TOKENS.findall
iter_raw_tokens = _RAW_TOKENS.finditer


class Token(NamedTuple):
    """Term with its position (words, from 0) and its span (code points of the original text)."""

    term: str
    position: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RawToken:
    """Tokens of a raw token, positions and spans counted from its own start, and the number of positions.

    `unspaced`: a run of Chinese, Japanese, Korean, Thai, Lao, Khmer or Burmese.
    """

    tokens: tuple[Token, ...]
    width: int
    unspaced: bool = False


TermSequence = tuple[tuple[tuple[str, int], ...], int]
"""Terms with their offsets in positions, and the number of positions: one spelling of the typed words."""


def is_word_sign(character: str) -> bool:
    """Test for a character that can be searched for: a letter, a digit or an emoji."""
    return character.isalnum() or _EMOJI.match(character) is not None


def tokenize(text: str) -> Iterator[Token]:
    """Tokens of a text by position; a part of a compound comes before the joined compound."""
    position = 0
    for found in iter_raw_tokens(text):
        start, raw_token = found.start(), analyze(found[0])
        for token in raw_token.tokens:
            yield Token(token.term, position + token.position, start + token.start, start + token.end)
        position += raw_token.width


def analyze(text: str) -> RawToken:
    """Tokens of one match of `iter_raw_tokens`."""
    if UNSPACED_CHARACTER.match(text):
        return _analyze_unspaced(text)
    if _EMOJI.match(text):
        return RawToken((Token(text[0], 0, 0, len(text)),), 1)
    parts: list[list[Token]] = []
    for match in _PARTS.finditer(text):
        if part := _part(match, len(parts)):
            parts.append(part)
    found = [token for part in parts for token in part]
    if joined := _joined(parts):
        found.insert(len(parts[0]), Token(joined, 0, 0, len(text)))
    return RawToken(tuple(found), len(parts))


def _part(match: re.Match[str], position: int) -> list[Token]:
    """Tokens of one part; [] if folding leaves nothing.

    Names like C++ and F# give the bare word as well, and so do words with the number of a note (`treaty²`).
    """
    word, start, end = match[0], match.start(), match.end()
    bare = word.rstrip("+#")
    term = _term(bare)
    if not word.isascii() and word[-1] in NOTE_SIGNS:
        noted = word.rstrip(NOTE_SIGNS)
        plain = _term(noted)  # alike for composed and decomposed letters
        if len(plain) >= _SHORTEST_WITH_NOTE and plain[-1].isalpha():
            return [Token(term, position, start, end), Token(plain, position, start, start + len(noted))]
    if not term or bare == word:
        return [Token(term, position, start, end)] if term else []
    name = Token(term + word[len(bare) :], position, start, end)
    return [name, Token(term, position, start, start + len(bare))]


def _term(word: str) -> str:
    folded = fold(word)
    return (folded if folded.isascii() else "".join(folded.split()))[:MAX_TERM]


def _joined(parts: Sequence[list[Token]]) -> str:
    """Compound written as one word; "" for a single part or beyond MAX_TERM."""
    joined = "".join(part[-1].term for part in parts) if len(parts) > 1 else ""
    return joined if len(joined) <= MAX_TERM else ""


_fold_character = lru_cache(maxsize=1 << 16)(fold)


def _analyze_unspaced(text: str) -> RawToken:
    """Character bigrams: each character is a term, and each pair of neighbours a term at the first one's position."""
    characters = [
        (_fold_character(match[0]), match.start(), match.end()) for match in UNSPACED_CHARACTER.finditer(text)
    ]
    characters = [each for each in characters if each[0]]
    found: list[Token] = []
    for position, (term, start, end) in enumerate(characters):
        found.append(Token(term, position, start, end))
        if position + 1 < len(characters):
            following = characters[position + 1]
            found.append(Token(term + following[0], position, start, following[2]))
    return RawToken(tuple(found), len(characters), unspaced=True)


@lru_cache(maxsize=1024)
def term_sequences(text: str) -> tuple[TermSequence, ...]:
    """Spellings of typed text as term sequences; () if there is no word in it.

    A plain word has one sequence of one term. `e-mail` has two: its parts in order, and `email`. A phrase of several
    compounds has at most MAX_SEQUENCES, the one with all parts first. Unspaced scripts are searched by pairs.
    """
    alternatives = [each for match in iter_raw_tokens(text) if (each := _raw_token_sequences(match[0]))]
    if not alternatives:
        return ()
    return tuple(concatenate(choice) for choice in islice(product(*alternatives), MAX_SEQUENCES))


def _raw_token_sequences(text: str) -> tuple[TermSequence, ...]:
    raw_token = analyze(text)
    if not raw_token.tokens:
        return ()
    if raw_token.unspaced:
        pairs = raw_token.tokens[1::2] or raw_token.tokens
        return (_sequence(pairs, raw_token.width),)
    joined = [
        token for token in raw_token.tokens if raw_token.width > 1 and token.end == len(text) and token.start == 0
    ]
    parts = [token for token in raw_token.tokens if token not in joined]
    firsts = [
        token for number, token in enumerate(parts) if number == 0 or parts[number - 1].position != token.position
    ]
    if not joined or _is_acronym(text, firsts):
        return (_sequence(firsts, raw_token.width),)
    return (_sequence(firsts, raw_token.width), (((joined[0].term, 0),), 1))


def _is_acronym(text: str, parts: Sequence[Token]) -> bool:
    """Test for compounds like U.S., searched as typed only, since `us` is another word."""
    return all(len(part.term) == 1 for part in parts) and not re.search("[^.\\w]", text)


def _sequence(found: Sequence[Token], width: int) -> TermSequence:
    return tuple((token.term, token.position) for token in found), width


def concatenate(sequences: Sequence[TermSequence]) -> TermSequence:
    """One sequence of the terms of several, side by side."""
    starts = accumulate((width for _, width in sequences), initial=0)
    moved = [
        (term, start + offset) for (terms, _), start in zip(sequences, starts, strict=False) for term, offset in terms
    ]
    return tuple(moved), sum(width for _, width in sequences)
