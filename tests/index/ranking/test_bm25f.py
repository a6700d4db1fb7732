"""The formulas of the score."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.index.query import And, Node, Or, Phrase, Word
from backfile.index.ranking.bm25f import WEIGHTS, Weights, idf, is_plain, pairs, saturated, telling, weighted_frequency

counts = st.integers(1, 10_000)


@given(counts, counts, counts)
def test_rarer_is_more_telling(first: int, second: int, documents: int) -> None:
    rare, common = sorted((min(first, documents), min(second, documents)))
    assert idf(rare, documents) >= idf(common, documents) > 0


def test_idf_by_hand() -> None:
    assert idf(1, 10) == pytest.approx(math.log(1 + 9.5 / 1.5))
    assert idf(10, 10) == pytest.approx(math.log(1 + 0.5 / 10.5))


def test_function_words_of_the_main_language_decide_little() -> None:
    full = idf(5, 100)
    assert telling(Word("ferry"), 5, 100, ("en",)) == full
    assert telling(Word("The"), 5, 100, ("en", "de")) == pytest.approx(WEIGHTS.function_word * full)
    assert telling(Word("die"), 5, 100, ("en", "de")) == full
    assert telling(Word("die"), 5, 100, ("de", "en")) < full
    assert telling(Word("the", exact=True), 5, 100, ("en",)) == full
    assert telling(Phrase("the"), 5, 100, ("en",)) == full
    assert telling(Word("the"), 5, 100, ()) == full


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e6))
def test_saturation_rises_towards_its_bound(first: float, second: float) -> None:
    less, more = sorted((first, second))
    assert 0 < saturated(less) <= saturated(more) <= WEIGHTS.k1 + 1


def test_one_occurrence_in_an_average_text_counts_one() -> None:
    assert saturated(weighted_frequency(1.0, 100.0, 100.0, "text")) == pytest.approx(1.0)


def test_fields_weigh_what_they_say_and_longer_ones_less() -> None:
    assert weighted_frequency(2.0, 10.0, 10.0, "title") == pytest.approx(2 * WEIGHTS.title)
    assert weighted_frequency(1.0, 20.0, 10.0, "text") < weighted_frequency(1.0, 10.0, 10.0, "text")
    assert weighted_frequency(1.0, 20.0, 10.0, "text", Weights(b=0.0)) == 1.0
    with pytest.raises(KeyError):
        WEIGHTS.of("author")


def test_arrays_and_numbers_give_the_same() -> None:
    frequencies, lengths = np.array([1.0, 2.5, 0.0]), np.array([10.0, 300.0, 7.0])
    many = saturated(weighted_frequency(frequencies, lengths, 50.0, "summary"))
    single = [
        saturated(weighted_frequency(float(count), float(length), 50.0, "summary"))
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
    assert is_plain(node) == plain


def test_pairs_are_neighbours_among_plain_words() -> None:
    words = (Word("a"), Word("b"), Phrase("c"), Word("d"), Word("e-f"), Word("g"), Word("h"))
    assert pairs(And(words)) == ((0, 1), (5, 6))
    assert pairs(Or(words[:2])) == ((0, 1),)
