"""Stop words: words of each language that carry no subject (the, of, what; der, und; и, в)."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

# A line a language (ISO 639-1), words folded. Sources: docs/decisions/analysis.md.
_LISTS = Path(__file__).with_name("stop_words.txt")
_SAME_LIST = {"nb": "no", "nn": "no"}
_CONTRACTION = re.compile(r"'(?:s|m|d|t|re|ve|ll)\Z")


def is_stop_word(term: str, language: str) -> bool:
    """Test of a folded term: in the list of a language (ISO 639-1, regions ignored) or a contraction of a word in it.

    False for a language without a list.
    """
    found = stop_words(language)
    return term in found or _CONTRACTION.sub("", term) in found


@lru_cache(maxsize=256)
def stop_words(language: str) -> frozenset[str]:
    """Folded stop words of a language (ISO 639-1, regions ignored); empty for a language without a list."""
    code = language.lower().partition("-")[0]
    return _lists().get(_SAME_LIST.get(code, code), frozenset())


def stop_word_languages() -> tuple[str, ...]:
    """Languages (ISO 639-1) with a list."""
    return tuple(_lists())


@lru_cache(maxsize=1)
def _lists() -> dict[str, frozenset[str]]:
    lines = (line.split() for line in _LISTS.read_text(encoding="utf-8").splitlines())
    return {code: frozenset(words) for code, *words in lines}
