"""Encoder against `tokenize`, for any texts and any fill of its tables."""

from __future__ import annotations

from itertools import chain, pairwise, product

import numpy as np
import pytest
from contract.generated import texts
from hypothesis import given, settings
from hypothesis import strategies as st
from long_runs import examples

from backfile.index.analysis import term_ids
from backfile.index.analysis.term_ids import Encoder, token_positions
from backfile.index.analysis.tokenizer import MAX_TERM, POSITION_GAP, tokenize

any_text = st.one_of(
    texts(30),
    st.text(max_size=60),
    st.text(alphabet="aB1é-'.+#&_,;\u0301手 n̈İK\u00a0\n", max_size=40),
    st.text(alphabet="ab-'.", min_size=25, max_size=70),
    st.text(alphabet=st.characters(exclude_categories=()), max_size=12),  # lone surrogates too
)


def encoded(encoder: Encoder, texts: list[str], firsts: list[int]) -> list[list[tuple[str, int]]]:
    """(term, position) of every token, a list a text."""
    ids, stacked, counts, widths = encoder.encode(texts)
    assert len(counts) == len(widths) == len(texts)
    positions = token_positions(counts, stacked, firsts).tolist()
    listed = [(encoder.terms[number], position) for number, position in zip(ids.tolist(), positions, strict=True)]
    ends = [0, *np.cumsum(counts).tolist()]
    return [listed[start:end] for start, end in pairwise(ends)]


def assert_same_tokens(encoder: Encoder, texts: list[str]) -> None:
    firsts = [number * POSITION_GAP for number in range(len(texts))]
    expected = [
        [(t.term, first + t.position) for t in tokenize(text)] for text, first in zip(texts, firsts, strict=True)
    ]
    assert encoded(encoder, texts, firsts) == expected
    widths = [found[-1][1] - first + 1 if found else 0 for found, first in zip(expected, firsts, strict=True)]
    assert encoder.encode(texts).widths.tolist() == widths
    assert len(set(encoder.terms)) == len(encoder.terms)
    _, starts, ends = encoder.encode_spans(texts)
    spans = [(token.start, token.end) for text in texts for token in tokenize(text)]
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == spans


@settings(max_examples=150)
@given(st.lists(st.lists(any_text, max_size=4), max_size=3))
def test_tokens_equal_those_of_tokenize(batches: list[list[str]]) -> None:
    encoder = Encoder()
    for batch in batches:
        assert_same_tokens(encoder, batch)


@pytest.mark.long
@settings(max_examples=examples(20_000))
@given(st.lists(any_text, max_size=6))
def test_one_encoder_serves_many_texts(texts: list[str]) -> None:
    assert_same_tokens(SHARED, texts)


SHARED = Encoder()


def test_every_pair_of_ascii_characters() -> None:
    characters = [chr(code) for code in range(128)]
    pairs = [f"a{one}{other}b {other}{one} x{one}" for one, other in product(characters, "-'.,+#&_ aA1é\u0301;")]
    assert_same_tokens(Encoder(), [*pairs, *characters])


@pytest.mark.parametrize("size", [1, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32, 33, 127, 128, 129, 200])
def test_words_of_every_length_are_kept_apart(size: int) -> None:
    word = "abcdefghij" * 20
    similar = [word[:size], word[: size - 1], word[: size - 1] + "x", "x" + word[1:size], word[: size + 1]]
    encoder = Encoder()
    assert_same_tokens(encoder, [" ".join(similar), *similar, "é".join(similar)])
    assert max(map(len, encoder.terms)) <= MAX_TERM


@pytest.mark.parametrize(("first_bits", "most_bits", "most"), [(1, 3, 400_000), (2, 2, 5), (4, 12, 0)])
def test_full_tables_change_nothing(monkeypatch, first_bits: int, most_bits: int, most: int) -> None:
    monkeypatch.setattr(term_ids._HashTable, "_FIRST_BITS", first_bits)
    monkeypatch.setattr(term_ids._HashTable, "_MOST_BITS", most_bits)
    monkeypatch.setattr(term_ids._FragmentCodes, "_MOST", most)
    encoder = Encoder()
    for turn in range(4):
        words = [f"{'word' * (number % 9)}{number * (turn + 1)}" for number in range(300)]
        assert_same_tokens(encoder, [" ".join(words), *words[:50], "e-mail's U.S. " * 3])


def test_a_fragment_is_analyzed_once(monkeypatch) -> None:
    analyzed: list[str] = []
    monkeypatch.setattr(term_ids, "tokenize", lambda fragment: analyzed.append(fragment) or tokenize(fragment))
    encoder = Encoder()
    for _ in range(3):
        encoder.encode(["e-mail, E-Mail; (e-mail) naïve " * 5, "internationalisation-of-the-harbour-ferry " * 3])
    assert sorted(analyzed) == ["e-mail", "internationalisation-of-the-harbour-ferry", "naïve"]


def test_nothing_gives_nothing() -> None:
    encoder = Encoder()
    for batch in ([], [""], ["", ""], ["... , ;", " \n"]):
        assert_same_tokens(encoder, batch)
    assert not encoder.terms


def test_no_text_takes_long() -> None:
    for text in ("a-" * 50_000, "'" * 50_000, "a'" * 30_000, "\u0301" * 50_000, "c++" * 30_000, "手" * 30_000):
        encoder = Encoder()
        encoder.encode([text])
        assert len(encoder.terms) < 10


def test_texts_do_not_run_into_each_other() -> None:
    assert [[term for term, _ in found] for found in encoded(Encoder(), ["night", "-ferry", "", "x"], [0] * 4)] == [
        ["night"], ["ferry"], [], ["x"]
    ]  # fmt: skip
    assert list(chain.from_iterable(encoded(Encoder(), ["a b", "c"], [5, 7]))) == [("a", 5), ("b", 6), ("c", 7)]
