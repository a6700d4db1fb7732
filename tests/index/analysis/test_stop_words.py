"""Stop words by language, contractions included."""

from __future__ import annotations

import pytest

from backfile.index.analysis.normalization import fold
from backfile.index.analysis.stemming import LANGUAGES, stem_keys
from backfile.index.analysis.stop_words import is_stop_word, stop_words


@pytest.mark.parametrize(
    ("term", "language", "expected"),
    [
        ("the", "en", True), ("what", "en-GB", True), ("i'm", "en", True), ("don't", "en", True), ("it's", "en", True),
        ("ferry", "en", False), ("ferry's", "en", False), ("'", "en", False),
        ("war", "de", True), ("war", "en", False), ("fur", "de", True),
        ("meme", "fr", True), ("l'or", "fr", False), ("og", "nb", True), ("the", "pl", False),
        ("jest", "pl", True), ("что", "ru", True), ("це", "uk", True), ("من", "ar", True), ("των", "el", True),
        ("bir", "tr", True), ("yang", "id", True), ("的", "zh-Hans", True), ("如何", "zh", True), ("これ", "ja", True),
    ],
)  # fmt: skip
def test_by_language(term: str, language: str, expected: bool) -> None:
    assert is_stop_word(term, language) == expected


def test_every_language_with_a_stemmer_has_a_list_of_folded_words() -> None:
    without = {code for code in LANGUAGES if not stop_words(code)}
    assert without == {"eo", "st", "yi"}
    assert all(word == fold(word) for code in LANGUAGES for word in stop_words(code))


@pytest.mark.parametrize(
    ("language", "stop_word", "word"),
    [
        ("es", "como", "comando"),
        ("es", "com", "comando"),
        ("fr", "elle", "eller"),
        ("pt", "para", "parar"),
        ("de", "seine", "seinen"),
    ],
)
def test_stop_words_have_no_family(language: str, stop_word: str, word: str) -> None:
    assert stem_keys(stop_word, (language,)) == {f":{stop_word}"}
    assert stem_keys(stop_word, (language,)).isdisjoint(stem_keys(word, (language,)))
