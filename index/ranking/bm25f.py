"""BM25F with bonuses, as pure functions that every engine shares.

The scoring terms of a query are its words, phrases, wildcards and fuzzy words that look in title, summary, text or
author and stand in a satisfied clause (never below a Not). The score of an article is the sum over

* its scoring terms: query_weight(…) · term_score(tf~), where tf~ = Σ over the term's fields of weighted_frequency(…);
* neighbouring single words (`neighbour_pairs`) that both match: pair · min(idf of the two) · saturate(tf~ of the
  pair). The frequency of a pair is the number of positions of the first word with one of the second 1 to `window`
  positions further on; stem siblings count as the word, unweighted. If more than `BEST` articles match, only the
  `BEST` without this bonus get it, ties included;
* `whole_title`, once, if every scoring term of the query that is not below a Not occurs in the title.

The query weight of a term is its idf, for a word that the query has several times multiplied by repetition(times). The
weight of a stop word of the main language (the first of the index) is multiplied by `stop_word` instead, however often
it stands in the query, so that *of the* or *what are* do not outweigh the words that matter. The pair bonus keeps the
full idf: the words of *The Who* are worth something next to each other.

df is the number of live documents in which the term matches in any of its fields, N that of all live documents;
field lengths are in token positions, their averages over the live documents that have the field (a length > 0).
The frequency of a word in a field is that of the typed form plus `stem_sibling` times that of its stem siblings. A
phrase counts the positions at which any of its term sequences begins, and so does a compound (`e-mail`: parts and
`email` at one position are one). Words within a distance count the positions at which one of them stands with all of
them in the positions from there to there + distance. Wildcards and fuzzy words add up the frequencies of the terms
that match.

A relaxed query (`index.query.relaxation`) is scored as the query with any of its words, without the bonus of
neighbours; instead an article gets `coverage` times the query weights of the words that it has, and `passage` times
the weight of its best passage: the query weights of the single terms there, and `passage_pair` times the smaller idf
of each pair of neighbours (as above, but of the query as written, with its stop words) that begins there. A passage is
a block of PASSAGE_BLOCK positions of a field, counted from 0, and the next. So rare words count more than common ones,
and an article with the words in one sentence more than a longer one with the words anywhere. Passages count for the
PASSAGES best without them.

BM25F: Zaragoza, Craswell, Taylor, Saria and Robertson, "Microsoft Cambridge at TREC 13" (2004); idf as in Lucene,
never negative. `presence`: the δ of BM25+, Lv and Zhai, "Lower-bounding term frequency normalization" (2011).
Repetition: the k3 of Okapi BM25, Robertson et al., "Okapi at TREC-3" (1994).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from backfile.index.analysis.stop_words import is_stop_word
from backfile.index.analysis.tokenizer import term_sequences
from backfile.index.query import And, Node, Or, Word

BEST = 10_000
"""Articles that may get the bonus of neighbouring words; also the depth of a result list."""
PASSAGE_BLOCK = 16
"""Positions of a block; a passage is two blocks, as long as a sentence or two. A power of 2."""
PASSAGES = 400
"""Articles of which the best passage counts, by relevance without it."""
PASSAGE_FIELDS = ("title", "summary", "text")
"""Fields with passages."""
ROUNDING = 1e-9
"""Scores closer than this are ties; far above the differences of sums in another order."""

Number = TypeVar("Number", float, npt.NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class Weights:
    """Constants of the score; docs/decisions/ranking.md gives the reasons for their values."""

    k1: float = 2.0
    b: float = 0.6
    presence: float = 0.5
    k3: float = 8.0
    title: float = 4.0
    summary: float = 2.0
    text: float = 1.0
    author: float = 4.0
    stem_sibling: float = 0.6
    stop_word: float = 0.1
    pair: float = 0.3
    window: int = 3
    whole_title: float = 1.0
    coverage: float = 1.0
    passage: float = 10.0
    passage_pair: float = 1.0
    passage_cap: float = 1.5

    def of(self, field: str) -> float:
        """Weight of title, summary, text or author; raises `KeyError` for other fields."""
        return {"title": self.title, "summary": self.summary, "text": self.text, "author": self.author}[field]


WEIGHTS = Weights()


def remembered_weights(weights: Sequence[float]) -> list[float]:
    """Query weights of the words of a relaxed query, none above `passage_cap` times the median.

    A rare word may be the one that is remembered wrongly: it must not outweigh the rest of a sentence.
    """
    most = WEIGHTS.passage_cap * statistics.median(weights) if weights else 0.0
    return [min(weight, most) for weight in weights]


def idf(df: int, documents: int) -> float:
    """Inverse document frequency: ln(1 + (N - df + ½) / (df + ½))."""
    return math.log(1 + (documents - df + 0.5) / (df + 0.5))


def query_weight(node: Node, df: int, documents: int, languages: Sequence[str], weights: Weights = WEIGHTS) -> float:
    """Query weight of a scoring term: its idf, raised for a repeated word, reduced for a stop word."""
    factor = 1.0
    if isinstance(node, Word):
        factor = weights.stop_word if _is_damped(node, languages) else repetition(node.times, weights)
    return idf(df, documents) * factor


def _is_damped(word: Word, languages: Sequence[str]) -> bool:
    """Test for a stop word of the first of `languages`, unless it must stand as typed."""
    if word.exact or not languages or not is_single_term(word):
        return False
    return is_stop_word(term_sequences(word.text)[0][0][0][0], languages[0])


def repetition(times: int, weights: Weights = WEIGHTS) -> float:
    """Factor of a word that a query has so many times: times · (k3 + 1) / (times + k3), 1 for once, at most k3 + 1."""
    return times * (weights.k3 + 1) / (times + weights.k3)


def weighted_frequency(
    frequency: Number, length: Number, average: float, field: str, weights: Weights = WEIGHTS
) -> Number:
    """Share of one field in tf~: its weight times the frequency, normalized by the field's length in positions."""
    norm = 1 - weights.b + weights.b * length / average if average else 1.0
    return weights.of(field) * frequency / norm


def saturate(frequency: Number, weights: Weights = WEIGHTS) -> Number:
    """Saturation tf~ · (k1 + 1) / (tf~ + k1), from 0 towards k1 + 1."""
    return frequency * (weights.k1 + 1) / (frequency + weights.k1)


def term_score(frequency: float, weights: Weights = WEIGHTS) -> float:
    """Score of a term before its query weight: saturate(tf~) + `presence` if the term occurs, else 0.

    So an article that has a word once, however long it is, is ahead of one without it by a least amount.
    """
    return saturate(frequency, weights) + weights.presence if frequency else 0.0


def term_scores(
    frequencies: npt.NDArray[np.float64], query_weight: float, weights: Weights = WEIGHTS
) -> npt.NDArray[np.float64]:
    """Query weight times `term_score` of each of many term frequencies, with few temporary arrays."""
    scores = frequencies + weights.k1
    np.divide(frequencies, scores, out=scores)
    scores *= query_weight * (weights.k1 + 1)
    scores += (frequencies > 0) * (query_weight * weights.presence)
    return scores


def max_term_score(weights: Weights = WEIGHTS) -> float:
    """Least upper bound of `term_score`."""
    return weights.k1 + 1 + weights.presence


def is_single_term(node: Node) -> bool:
    """Test for a word with one term sequence of one term (and its stem siblings)."""
    if not isinstance(node, Word):
        return False
    sequences = term_sequences(node.text)
    return len(sequences) == 1 and len(sequences[0][0]) == 1


def neighbour_pairs(node: And | Or) -> tuple[tuple[int, int], ...]:
    """Indexes (first, second) of neighbouring children of a node that are both single terms."""
    single = [is_single_term(child) for child in node.nodes]
    return tuple((index, index + 1) for index in range(len(single) - 1) if single[index] and single[index + 1])
