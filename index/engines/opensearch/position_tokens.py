"""Position tokens: the tokens of `index.analysis` as text that OpenSearch splits and does not analyze.

A field is a row of position tokens between blanks, one for each position: a term, or all terms at the position with a
SIGN before each (`|e|email mail`). A filter of OpenSearch (pattern_capture) takes those apart and leaves them at their
position. Another row holds the stem keys (`|en::e|en:email en:mail`). GAP stands for a position without a term in a
phrase. No term has one of the signs: a test examines every character.

A key is `language:stem`, or `language::word` for a word without a stem. Articles in a language without a stemmer have
keys of the language "".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from backfile.index.analysis import stemming
from backfile.index.analysis.stemming import further_keys, stem_keys_in, stemming_languages
from backfile.index.analysis.term_ids import Encoder
from backfile.index.analysis.tokenizer import TermSequence

SIGN, GAP = "|", "~"
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


def stacked(tokens: Sequence[str]) -> str:
    """Position token of terms or keys at one position."""
    return SIGN + SIGN.join(tokens)


def phrase_text(sequence: TermSequence) -> str:
    """Position tokens of a term sequence; gaps where it has no term."""
    places = {offset: indexed_term(term) for term, offset in sequence[0]}
    return " ".join(places.get(position, GAP) for position in range(min(places), max(places) + 1))


@dataclass(frozen=True, slots=True)
class PositionRows:
    """Terms and stem keys of a text as position tokens, and its length in positions."""

    terms: str
    keys: str
    length: int


class PositionTokenizer:
    """Position tokens of texts, at a cost of some list operations a word. One thread at a time."""

    def __init__(self) -> None:
        self._encoder = Encoder()
        self._terms: list[str] = []
        self._keys: dict[tuple[str, ...], list[str]] = {}

    def tokenize_texts(self, texts: Sequence[str], languages: tuple[str, ...]) -> list[PositionRows]:
        """Position tokens of each text, with the stem keys of some languages."""
        if len(self._encoder.terms) > _MOST_TERMS:
            self.__init__()  # type: ignore[misc]
        encoded = self._encoder.encode(texts)
        numbers = (encoded.ids.astype(np.int64) * 3 + _kinds(len(encoded.ids), encoded.stacked)).tolist()
        terms = list(map(self._known_terms().__getitem__, numbers))
        keys = list(map(self._known_keys(languages).__getitem__, numbers))
        bounds = np.concatenate(([0], np.cumsum(encoded.counts))).tolist()
        return [
            PositionRows("".join(terms[start:end]), "".join(keys[start:end]), width)
            for (start, end), width in zip(pairwise(bounds), encoded.widths.tolist(), strict=True)
        ]

    def _known_terms(self) -> list[str]:
        """Pieces of position tokens for each term, at 3 · id + kind."""
        for term in self._encoder.terms[len(self._terms) // 3 :]:
            self._terms += _pieces([indexed_term(term)])
        return self._terms

    def _known_keys(self, languages: tuple[str, ...]) -> list[str]:
        """Pieces for the stem keys of each term, likewise."""
        known = self._keys.setdefault(languages, [])
        for keys in _stem_keys(self._encoder.terms[len(known) // 3 :], languages):
            known += _pieces(keys)
        return known


_FIRST, _STACKED = 1, 2  # kinds of tokens: the first one of several at a position, a further one; 0: the only one


def _kinds(size: int, further: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Kind of each token, given the numbers of those at the position of the token before them."""
    kinds = np.zeros(size, np.int64)
    kinds[further - 1] = _FIRST
    kinds[further] = _STACKED
    return kinds


def _pieces(tokens: Sequence[str]) -> tuple[str, str, str]:
    """Text of tokens at one position for each kind: alone, first, further."""
    signed = stacked(tokens)
    return f" {tokens[0]}" if len(tokens) == 1 else f" {signed}", f" {signed}", signed


def _stem_keys(terms: Sequence[str], languages: tuple[str, ...]) -> list[list[str]]:
    """Stem keys of each term."""
    if not languages:
        return [[f"::{indexed_term(term)}"] for term in terms]
    found: list[list[str]] = [[] for _ in terms]
    for language in languages:
        for own, term, key in zip(found, terms, stem_keys_in(terms, language), strict=True):
            keys = dict.fromkeys([key, *further_keys(term, language)])
            own.extend(f"{language}:{indexed_term(each)}" for each in keys)
    return found
