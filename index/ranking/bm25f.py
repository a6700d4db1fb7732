"""The score of a hit: BM25F with bonuses, as pure functions that every engine shares.

The scoring leaves of a query are its words, phrases, patterns and fuzzy words that look in title, summary or text and
stand in a satisfied branch (never below a Not). The score of an article is the sum over

* its scoring leaves: telling(…) · saturated(tf~), where tf~ = Σ over the leaf's fields of weighted_frequency(…);
* neighbouring plain words (`pairs`) that both match: pair · min(idf of the two) · saturated(tf~ of the pair), where an
  occurrence of the pair is a position of the first word with one of the second 1 to `window` positions further on
  (each position of the first counts once; forms of the family count as the word, unweighted); where more than `BEST`
  articles are found, only those get it that are among the `BEST` without it, ties included;
* `whole_title`, once, when every scoring leaf of the query that is not below a Not occurs in the title.

How telling a leaf is, is its idf; that of a function word of the main language (the first of the index) is cut to
`function_word` of it, so that *of the* or *what are* do not outweigh the words that matter. The pair bonus keeps the
full idf: the words of *The Who* are worth something next to each other.

df is the number of live documents in which the leaf matches in any of its fields, N that of all live documents;
field lengths are in token positions, their averages over the live documents that have the field (a length > 0).
The frequency of a word in a field is that of the typed form plus `family` times that of its other forms; a phrase
counts the positions at which any of its forms begins, and so do the spellings of a compound (`e-mail`: parts and
`email` at one position are one); words within a distance count the positions at which one of them stands with all of
them in the positions from there to there + distance; patterns and fuzzy words add up the frequencies of the terms
that fit.

BM25F after Zaragoza, Craswell, Taylor, Saria and Robertson, "Microsoft Cambridge at TREC 13" (2004); idf as in Lucene,
never negative.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from backfile.index.analysis.stop_words import is_function_word
from backfile.index.analysis.tokenizer import query_forms
from backfile.index.query import And, Node, Or, Word

BEST = 10_000
"""Articles that may get the bonus of neighbouring words; no more can be looked at as hits either."""
ROUNDING = 1e-9
"""Scores closer than this are ties: far more than sums in another order can differ by."""

Number = TypeVar("Number", float, npt.NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Weights:
    """Every constant of the score; docs/decisions/ranking.md says how they were chosen."""

    k1: float = 2.0
    b: float = 0.6
    title: float = 4.0
    summary: float = 2.0
    text: float = 1.0
    family: float = 0.6
    function_word: float = 0.1
    pair: float = 0.3
    window: int = 3
    whole_title: float = 1.0

    def of(self, field: str) -> float:
        """The weight of one of title, summary and text."""
        return {"title": self.title, "summary": self.summary, "text": self.text}[field]


WEIGHTS = Weights()


def idf(df: int, documents: int) -> float:
    """How telling a leaf is that matches in `df` of `documents`: ln(1 + (N - df + ½) / (df + ½))."""
    return math.log(1 + (documents - df + 0.5) / (df + 0.5))


def telling(node: Node, df: int, documents: int, languages: Sequence[str], weights: Weights = WEIGHTS) -> float:
    """What a scoring leaf weighs: its idf, less if it is a function word of the first of `languages`, unless exact."""
    damped = bool(languages) and isinstance(node, Word) and not node.exact and _is_function_word(node, languages[0])
    return idf(df, documents) * (weights.function_word if damped else 1.0)


def _is_function_word(word: Word, language: str) -> bool:
    return is_plain(word) and is_function_word(query_forms(word.text)[0][0][0][0], language)


def weighted_frequency(
    frequency: Number, length: Number, average: float, field: str, weights: Weights = WEIGHTS
) -> Number:
    """The part of tf~ from one field: its weight times the frequency, normed by the field's length in positions."""
    norm = 1 - weights.b + weights.b * length / average if average else 1.0
    return weights.of(field) * frequency / norm


def saturated(frequency: Number, weights: Weights = WEIGHTS) -> Number:
    """tf~ · (k1 + 1) / (tf~ + k1): from 0 towards k1 + 1."""
    return frequency * (weights.k1 + 1) / (frequency + weights.k1)


def is_plain(node: Node) -> bool:
    """Whether a node is a word that stands for single terms: one form of one term and the family of that."""
    if not isinstance(node, Word):
        return False
    forms = query_forms(node.text)
    return len(forms) == 1 and len(forms[0][0]) == 1


def pairs(node: And | Or) -> tuple[tuple[int, int], ...]:
    """The indexes (first, second) of neighbouring children of a node that are both plain words."""
    plain = [is_plain(child) for child in node.nodes]
    return tuple((index, index + 1) for index in range(len(plain) - 1) if plain[index] and plain[index + 1])
