"""Stop words by language, contractions included."""

from __future__ import annotations

import pytest

from backfile.index.ranking.bm25f import is_stop_word


@pytest.mark.parametrize(
    ("term", "language", "expected"),
    [
        ("the", "en", True), ("what", "en-GB", True), ("i'm", "en", True), ("don't", "en", True), ("it's", "en", True),
        ("ferry", "en", False), ("ferry's", "en", False), ("'", "en", False),
        ("war", "de", True), ("war", "en", False), ("fur", "de", True),
        ("meme", "fr", True), ("l'or", "fr", False), ("og", "nb", True), ("the", "pl", False),
    ],
)  # fmt: skip
def test_by_language(term: str, language: str, expected: bool) -> None:
    assert is_stop_word(term, language) == expected
