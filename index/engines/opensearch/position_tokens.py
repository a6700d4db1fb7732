"""Position tokens: the tokens of `index.analysis` as text that OpenSearch splits and does not analyze.

A field is a row of position tokens between blanks. Each holds the terms at one position, a TERM_SIGN before each, and
their stem keys, a KEY_SIGN before each: `|e|email^en:e^en:email |mail^en:mail`. A filter of OpenSearch
(pattern_capture) makes the terms of it, another one the keys, all of them at the position of the position token. GAP
stands for a position without a term in a phrase. No term has one of the signs: a test examines every character.

A key is `language:stem`, or `language::word` for a word without a stem. Articles in a language without a stemmer have
keys of the language "".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np

from backfile.index.analysis import stemming
from backfile.index.analysis.stemming import further_keys, stem_keys_in, stemming_languages
from backfile.index.analysis.term_ids import Encoder
from backfile.index.analysis.tokenizer import TermSequence

TERM_SIGN, KEY_SIGN, GAP = "|", "^", "~"
_STEMMERS = tuple(sorted(stemming.LANGUAGES))
_MOST_TERMS = 200_000  # vocabulary of an encoder; beyond it a new one takes its place


def indexed_term(term: str) -> str:
    """Term as it is indexed: without blanks, which a few letters fold to."""
    return term.replace(" ", "_")


@lru_cache(maxsize=1024)
def key_languages(language: str | None, main: str) -> tuple[str, ...]:
    """Languages of the stem keys of a document by the language that it names; None: the main language of the index.

    They do not depend on the other languages of the index, so that a change of those needs no new keys.
    """
    return stemming_languages(language or main, _STEMMERS) if language or main else ()


def typed_keys(term: str, languages: Sequence[str]) -> dict[str, str]:
    """Stem key of a typed term in each of some languages; the language "" is that of articles without a stemmer."""
    return {code: f"{code}:{indexed_term(stem_keys_in([term], code)[0])}" for code in languages}


def phrase_text(sequence: TermSequence, sign: str = TERM_SIGN) -> str:
    """Position tokens of a term sequence; gaps where it has no term."""
    places: dict[int, str] = {}
    for term, offset in sequence[0]:
        places[offset] = places.get(offset, "") + sign + indexed_term(term)
    return " ".join(places.get(position, GAP) for position in range(min(places), max(places) + 1))


class PositionTokenizer:
    """Position tokens of texts, at a cost of some list operations a word. One thread at a time."""

    def __init__(self) -> None:
        self._encoder = Encoder()
        self._pieces: dict[tuple[str, ...], list[str]] = {}

    def tokenize_texts(self, texts: Sequence[str], languages: tuple[str, ...]) -> tuple[list[str], list[int]]:
        """Position tokens of each text with the stem keys of some languages, and its length in positions."""
        if len(self._encoder.terms) > _MOST_TERMS:
            self._encoder, self._pieces = Encoder(), {}
        encoded = self._encoder.encode(texts)
        numbers = encoded.ids.astype(np.int64) * 2
        numbers[encoded.stacked] += 1
        words = list(map(self._pieces_for(languages).__getitem__, numbers.tolist()))
        bounds = np.concatenate(([0], np.cumsum(encoded.counts))).tolist()
        return ["".join(words[start:end]) for start, end in pairwise(bounds)], encoded.widths.tolist()

    def _pieces_for(self, languages: tuple[str, ...]) -> list[str]:
        """Texts of each term: at 2 · id at a position of its own, after it at the position of the term before."""
        pieces = self._pieces.setdefault(languages, [])
        fresh = [indexed_term(term) for term in self._encoder.terms[len(pieces) // 2 :]]
        for term, keys in zip(fresh, _stem_keys(fresh, languages), strict=True):
            piece = f"{TERM_SIGN}{term}{keys}"
            pieces += (f" {piece}", piece)
        return pieces


def _stem_keys(terms: Sequence[str], languages: tuple[str, ...]) -> list[str]:
    """Stem keys of each term as the part of a position token."""
    if not languages:
        return [f"{KEY_SIGN}::{term}" for term in terms]
    found = [""] * len(terms)
    for language in languages:
        for number, (term, key) in enumerate(zip(terms, stem_keys_in(terms, language), strict=True)):
            keys = dict.fromkeys([key, *further_keys(term, language)])
            found[number] += "".join(f"{KEY_SIGN}{language}:{each}" for each in keys)
    return found
