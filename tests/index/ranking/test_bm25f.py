"""BM25F: formulas of the score."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.index.query import And, Node, Or, Phrase, Word
from backfile.index.ranking.bm25f import (
    WEIGHTS,
    Weights,
    idf,
    is_single_term,
    max_term_score,
    neighbour_pairs,
    query_weight,
    repetition,
    saturate,
    term_score,
    term_scores,
    weighted_frequency,
)

counts = st.integers(1, 10_000)


@given(counts, counts, counts)
def test_idf_grows_with_rarity(first: int, second: int, documents: int) -> None:
    rare, common = sorted((min(first, documents), min(second, documents)))
    assert idf(rare, documents) >= idf(common, documents) > 0


def test_idf_by_hand() -> None:
    assert idf(1, 10) == pytest.approx(math.log(1 + 9.5 / 1.5))
    assert idf(10, 10) == pytest.approx(math.log(1 + 0.5 / 10.5))


def test_stop_words_of_the_main_language_weigh_little() -> None:
    full = idf(5, 100)
    assert query_weight(Word("ferry"), 5, 100, ("en",)) == full
    assert query_weight(Word("The"), 5, 100, ("en", "de")) == pytest.approx(WEIGHTS.stop_word * full)
    assert query_weight(Word("die"), 5, 100, ("en", "de")) == full
    assert query_weight(Word("die"), 5, 100, ("de", "en")) < full
    assert query_weight(Word("the", exact=True), 5, 100, ("en",)) == full
    assert query_weight(Phrase("the"), 5, 100, ("en",)) == full
    assert query_weight(Word("the"), 5, 100, ()) == full


def test_repeated_words_weigh_more_and_never_without_bound() -> None:
    full = idf(5, 100)
    assert query_weight(Word("ferry", times=2), 5, 100, ("en",)) == pytest.approx(1.8 * full)
    assert query_weight(Word("ferry", exact=True, times=2), 5, 100, ("en",)) == pytest.approx(1.8 * full)
    assert query_weight(Word("the", times=9), 5, 100, ("en",)) == query_weight(Word("the"), 5, 100, ("en",))
    assert query_weight(Word("ferry", times=500), 5, 100, ("en",)) < (WEIGHTS.k3 + 1) * full


@given(st.integers(1, 500))
def test_each_repetition_adds_less_than_the_one_before(times: int) -> None:
    one, two, three = (repetition(times + more) for more in range(3))
    assert two - one > three - two > 0
    assert repetition(1) == 1


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e6))
def test_term_scores_rise_from_presence_to_their_bound(first: float, second: float) -> None:
    less, more = sorted((first, second))
    assert WEIGHTS.presence < term_score(less) <= term_score(more) <= max_term_score()
    assert term_score(0.0) == 0
    assert term_scores(np.array([0.0, less, more]), 3.5).tolist() == pytest.approx(
        [0.0, 3.5 * term_score(less), 3.5 * term_score(more)]
    )


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e6))
def test_saturation_rises_towards_its_bound(first: float, second: float) -> None:
    less, more = sorted((first, second))
    assert 0 < saturate(less) <= saturate(more) <= WEIGHTS.k1 + 1


def test_one_occurrence_in_an_average_text_counts_one() -> None:
    assert saturate(weighted_frequency(1.0, 100.0, 100.0, "text")) == pytest.approx(1.0)


def test_frequencies_are_weighted_by_field_and_length() -> None:
    assert weighted_frequency(2.0, 10.0, 10.0, "title") == pytest.approx(2 * WEIGHTS.title)
    assert weighted_frequency(1.0, 20.0, 10.0, "text") < weighted_frequency(1.0, 10.0, 10.0, "text")
    assert weighted_frequency(1.0, 20.0, 10.0, "text", Weights(b=0.0)) == 1.0
    with pytest.raises(KeyError):
        WEIGHTS.of("topic")


def test_arrays_and_numbers_give_the_same() -> None:
    frequencies, lengths = np.array([1.0, 2.5, 0.0]), np.array([10.0, 300.0, 7.0])
    many = saturate(weighted_frequency(frequencies, lengths, 50.0, "summary"))
    single = [
        saturate(weighted_frequency(float(count), float(length), 50.0, "summary"))
        for count, length in zip(frequencies, lengths, strict=True)
    ]
    assert many.tolist() == single


@pytest.mark.parametrize(
    ("node", "plain"),
    [
        (Word("ferry"), True), (Word("Ferry", exact=True), True), (Word("c++"), True), (Word("手機"), True),
        (Word("e-mail"), False), (Word("手機版"), False), (Word("!"), False), (Phrase("ferry"), False),
    ],
)  # fmt: skip
def test_plain_words(node: Node, plain: bool) -> None:
    assert is_single_term(node) == plain


def test_pairs_are_neighbours_among_plain_words() -> None:
    words = (Word("a"), Word("b"), Phrase("c"), Word("d"), Word("e-f"), Word("g"), Word("h"))
    assert neighbour_pairs(And(words)) == ((0, 1), (5, 6))
    assert neighbour_pairs(Or(words[:2])) == ((0, 1),)
