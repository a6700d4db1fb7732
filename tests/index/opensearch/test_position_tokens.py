"""Position tokens: what OpenSearch makes of them is what `index.analysis` makes of the text."""

from __future__ import annotations

import sys
from unicodedata import normalize

from contract.generated import texts
from hypothesis import given

from backfile.index.analysis.phrase_terms import phrase_sequences
from backfile.index.analysis.stemming import sibling_keys, stem_keys, stemming_languages
from backfile.index.analysis.tokenizer import tokenize
from backfile.index.engines.opensearch.position_tokens import (
    GAP,
    SIGN,
    PositionTokenizer,
    indexed_term,
    key_languages,
    phrase_text,
    typed_keys,
)


def terms_at(row: str) -> list[tuple[int, str]]:
    """Terms or keys with their positions, as the analyzer of the mapping gives them."""
    return [(position, piece) for position, token in enumerate(row.split()) for piece in token.strip(SIGN).split(SIGN)]


@given(texts())
def test_the_terms_stand_at_their_positions(text: str) -> None:
    (row,) = PositionTokenizer().tokenize_texts([text], ("en",))
    assert terms_at(row.terms) == [(token.position, token.term) for token in tokenize(text)]
    assert row.length == len(row.terms.split()) == len(row.keys.split())


def test_a_word_has_the_keys_of_its_language_at_its_position() -> None:
    rows = PositionTokenizer().tokenize_texts(["e-mails of ministers", "Ferries", ""], ("en",))
    assert [(row.terms, row.keys, row.length) for row in rows] == [
        (" |e|emails mails of ministers", " |en::e|en:email en:mail en::of en:minist", 4),
        (" ferries", " en:ferri", 1),
        ("", "", 0),
    ]
    assert PositionTokenizer().tokenize_texts(["ferries"], ())[0].keys == " ::ferries"


def test_keys_tell_siblings_as_stemming_does() -> None:
    languages = ("en", "fr", "ar")
    words = ["nation", "nations", "national", "como", "como's", "l'avion", "avion", "us", "u's", "ferry", "ferries"]
    words += ["لحادث", "حادث", "الحادث", "خ"]
    for code in (None, "en", "fr-CA", "ar", "ru", "zh"):
        own = stemming_languages(code, languages)
        (row,) = PositionTokenizer().tokenize_texts([" ".join(words)], key_languages(code, "en"))
        keys = {word: {key for place, key in terms_at(row.keys) if place == at} for at, word in enumerate(words)}
        for typed in words:
            wanted = set(typed_keys(typed, (*languages, "")).values())
            siblings = {word for word in words if keys[word] & wanted} | {typed}
            assert siblings == {
                word for word in words if word == typed or sibling_keys(word, own) & sibling_keys_typed(typed, own)
            }, (code, typed)


def sibling_keys_typed(word: str, languages: tuple[str, ...]) -> frozenset[str]:
    """Keys of a typed word."""
    return stem_keys(word, languages)


def test_no_character_makes_a_term_with_a_sign_of_ours() -> None:
    signs = {SIGN, GAP}
    every = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    # Of the others, each is a term as it stands or none.
    characters = [*signs, *(each for each in every if normalize("NFKD", each) != each)]
    for start in range(0, len(characters), 4096):
        text = " ".join(characters[start : start + 4096])
        terms = {indexed_term(token.term) for token in tokenize(text)}
        assert not any(signs & set(term) or len(term.split()) != 1 for term in terms)


def test_gaps_of_a_phrase_are_kept() -> None:
    (sequence,) = phrase_sequences("night * ferry")
    assert phrase_text(sequence) == "night ~ ferry"
