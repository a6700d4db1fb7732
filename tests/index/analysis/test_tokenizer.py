"""Tokens, term sequences and stem keys."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

import pytest
from contract.generated import texts
from hypothesis import example, given, settings
from hypothesis import strategies as st
from paths import DATA

from backfile.index.analysis.normalization import MARKS
from backfile.index.analysis.stemming import sibling_keys, stem_keys_in
from backfile.index.analysis.tokenizer import (
    MAX_SEQUENCES,
    MAX_TERM,
    analyze,
    fold,
    stem_keys,
    term_sequences,
    tokenize,
)

GOLDEN = DATA / "analysis" / "tokens.txt"
any_text = st.one_of(texts(30), st.text(max_size=60), st.text(alphabet="aB1é-'.+#&_,\u0301手 n̈İ", max_size=40))


def cases() -> list[tuple[str, str]]:
    _, *blocks = GOLDEN.read_text("utf-8").strip().split("\n\n")
    unescaped = (re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), block) for block in blocks)
    return [(text, expected) for text, expected in (block.split("\n") for block in unescaped)]


def shown(text: str) -> str:
    found = [(token, text[token.start : token.end]) for token in tokenize(text)]
    return " ".join(f"{token.term}@{token.position}" + f"[{part}]" * (part != token.term) for token, part in found)


@pytest.mark.parametrize(("text", "expected"), cases(), ids=[text for text, _ in cases()])
def test_tokens_of_odd_texts(text: str, expected: str) -> None:
    assert shown(text) == expected


@settings(max_examples=100)
@given(any_text)
def test_positions_rise_by_one_and_spans_lie_in_the_text(text: str) -> None:
    found = list(tokenize(text))
    steps = [later.position - earlier.position for earlier, later in pairwise(found)]
    assert set(steps) <= {0, 1}
    assert not found or found[0].position == 0
    assert all(0 <= token.start < token.end <= len(text) for token in found)
    assert all(0 < len(token.term) <= 2 * MAX_TERM and token.term == fold(token.term) for token in found)


@settings(max_examples=100)
@given(any_text, any_text)
def test_white_space_separates_raw_tokens(first: str, second: str) -> None:
    left = list(tokenize(first))
    width = left[-1].position + 1 if left else 0
    moved = [
        token._replace(
            position=token.position + width, start=token.start + len(first) + 1, end=token.end + len(first) + 1
        )
        for token in tokenize(second)
    ]
    assert list(tokenize(f"{first} {second}")) == left + moved


@settings(max_examples=100)
@given(any_text)
@example("00\u00c0\u00b2")
def test_canonically_equal_texts_have_equal_terms(text: str) -> None:
    terms = [(token.term, token.position) for token in tokenize(text)]
    for form in ("NFC", "NFD"):
        other = unicodedata.normalize(form, text)
        assert [(token.term, token.position) for token in tokenize(other)] == terms


@settings(max_examples=100)
@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def test_every_mark_is_known_as_one() -> None:
    known = re.compile(f"[{MARKS}\U000e0100-\U000e01ef]")
    marks = [chr(code) for code in range(0x20000) if unicodedata.category(chr(code))[0] == "M"]
    assert [hex(ord(mark)) for mark in marks if not known.match(mark)] == []


def test_long_words_are_cut_and_long_compounds_not_joined() -> None:
    assert [token.term for token in tokenize("x" * 1_000)] == ["x" * MAX_TERM]
    parts = "-".join(["part"] * 100)
    assert [token.position for token in tokenize(parts)] == list(range(100))


@pytest.mark.parametrize(
    ("typed", "sequences"),
    [
        ("Ferry", ["ferry@0 /1"]),
        ("e-mail", ["e@0 mail@1 /2", "email@0 /1"]),
        ("U.S.", ["u@0 s@1 /2"]),
        ("AT&T", ["at@0 t@1 /2", "att@0 /1"]),
        ("A&P", ["a@0 p@1 /2", "ap@0 /1"]),
        ("1,000", ["1@0 000@1 /2", "1000@0 /1"]),
        ("C++", ["c++@0 /1"]),
        ("手", ["手@0 /1"]),
        ("手機", ["手机@0 /2"]),
        ("手機版本", ["手机@0 机版@1 版本@2 /4"]),
        ("an e-mail now", ["an@0 e@1 mail@2 now@3 /4", "an@0 email@1 now@2 /3"]),
        ("iPhone手機", ["iphone@0 手机@1 /3"]),
        ("🎉", ["🎉@0 /1"]),
        ("❤️👍🏽", ["❤@0 👍@1 /2"]),
        ("!?", []),
        ("", []),
    ],
)
def test_term_sequences(typed: str, sequences: list[str]) -> None:
    found = [
        " ".join(f"{term}@{offset}" for term, offset in terms) + f" /{width}" for terms, width in term_sequences(typed)
    ]
    assert found == sequences


def test_term_sequences_are_bounded() -> None:
    assert len(term_sequences("a-b " * 20)) == MAX_SEQUENCES


@settings(max_examples=100)
@given(any_text)
def test_the_first_term_sequence_of_a_text_occurs_in_it(text: str) -> None:
    places = {(token.term, token.position) for token in tokenize(text)}
    sequences = term_sequences(text)
    assert not sequences or set(sequences[0][0]) <= places
    assert bool(sequences) == bool(places)


@pytest.mark.parametrize(
    ("typed", "found", "not_found"),
    [
        ("حادث", "الحادث لحادث والحادث بالحادث للحادث فالحادث كالحادث وحادث بحادث فحادث كحادث ولحادث وللحادث", "حديث"),
        ("الحادث", "حادث لحادث والحادث", "الحديث"),
        ("وزير", "الوزير للوزير ووزير بوزير", "زير"),
        ("كتاب", "الكتاب بكتاب كتابه وكتابهم للكتاب", "تاب"),
        ("المدينة", "مدينة بالمدينة لمدينة مدينته", "المدير"),
        ("أحمد", "احمد وأحمد لأحمد", "حمد"),
        ("انتخابات", "الانتخابات وانتخابات بالانتخابات", "انتخب"),
        ("دمج", "بدمج والدمج", "مدمج"),
        ("مجاورة", "المجاورة والمجاورة", "جوار"),
        ("قانون", "القانون وبالقانون لقانون", "قنوات"),
        ("مُحَمَّد", "محمد محمـــد ومحمد", "حمد"),
    ],
)
def test_arabic_words_are_found_with_the_words_written_onto_them(typed: str, found: str, not_found: str) -> None:
    keys = stem_keys(fold(typed), ("ar",))
    assert [word for word in found.split() if keys.isdisjoint(sibling_keys(fold(word), ("ar",)))] == []
    assert keys.isdisjoint(sibling_keys(fold(not_found), ("ar",)))


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("軟體", "软体"), ("臺灣", "台湾"), ("頭髮", "头发"), ("發展", "发展"), ("後來", "后来"), ("裏面", "里面"),
        ("苧麻", "苎麻"), ("電腦", "电脑"), ("國際", "国际"), ("乾燥", "干燥"), ("東京都", "东京都"),
    ],
)  # fmt: skip
def test_traditional_and_simplified_characters_are_the_same_terms(traditional: str, simplified: str) -> None:
    assert fold(traditional) == fold(simplified) == simplified
    assert list(tokenize(f"a {traditional}"))[1:] == list(tokenize(f"a {simplified}"))[1:]
    assert term_sequences(traditional) == term_sequences(simplified)


@pytest.mark.parametrize(
    ("languages", "words"),
    [
        (("en",), "declare declares declared declaring"),
        (("en",), "minister ministers minister's"),
        (("fr",), "avion avions l'avion d'avions"),
        (("it",), "avione dell'avione"),
        (("fr",), "declarer declaree declarees"),
        (("pt",), "nacao nacoes"),
        (("es",), "nacion naciones"),
        (("de",), "haus hauser hauses"),
        (("ru",), "новый новые нового"),
        (("pt-BR",), "declaracao declaracoes"),
        (("en", "xx"), "ferry ferries"),
        (("en",), "us us's"),
    ],
)
def test_stem_siblings(languages: tuple[str, ...], words: str) -> None:
    first, *others = (stem_keys(word, languages) for word in words.split())
    assert all(first & other for other in others)


@pytest.mark.parametrize(
    ("languages", "words"),
    [
        (("en",), "university universal's declare"),
        (("en",), "c++ c"),
        (("en",), "us use"),
        (("en",), "avion l'avion"),
        ((), "ferry ferries"),
        ((), "us us's"),
        (("zh", "ja"), "ferry ferries"),
        (("en",), "1990 1990s"),
    ],
)
def test_words_without_a_common_stem(languages: tuple[str, ...], words: str) -> None:
    first, *others = words.split()
    assert any(stem_keys(first, languages).isdisjoint(stem_keys(other, languages)) for other in others)


@settings(max_examples=200)
@given(st.lists(any_text, max_size=3), st.sampled_from(["en", "fr", "it", "ca", "pt", "de", "ru", "pt-BR", "xx"]))
def test_stem_keys_of_many_terms_equal_those_of_each(found: list[str], language: str) -> None:
    examples = "l'avion dell'arte nacoes declarees minister's d'acord's us 1990s c++ l' s's harbours"
    terms = [*examples.split(), *(token.term for text in found for token in tokenize(text))]
    prefix = f"{language.partition('-')[0]}:"
    assert stem_keys_in(terms, language) == [
        key.removeprefix(prefix) for term in terms for key in stem_keys(term, (language,))
    ]


def test_analyze_a_raw_token() -> None:
    assert analyze("手機").unspaced
    assert analyze("e-mail").width == 2
    assert analyze("ـ").width == 0
