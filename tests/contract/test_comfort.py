"""Spelling correction, completion, more-like-this."""

from __future__ import annotations

import pytest

from backfile.archive.errors import ArticleNotFound
from backfile.index.engine import Completions, Engine
from contract.library import article, load, search

LIBRARY = [
    article(
        "one", "The harbour ferry sails at night from the harbour.", title="Night ferry", authors=("Nina Berg",),
        topics=("navigation",),
    ),
    article(
        "two", "A ferry crossed the harbour. The government knew.", title="Crossing", authors=("Nils Holm",),
        topics=("nautical life",),
    ),
    article(
        "three", "The government declared nothing about the ferry.", title="Government notes", topics=("navigation",),
    ),
    article("four", "Bread, butter.", title="Breakfast", authors=("Nina Berg", "Ann")),
    article("five", "The government and the harbour.", title="Notes", date="2020"),
]  # fmt: skip


def fill(engine: Engine) -> None:
    load(engine, *LIBRARY)


@pytest.mark.parametrize(
    ("query", "suggestion"),
    [
        ("feryr", "ferry"),
        ("govermnent", "government"),
        ("harbuor ferry", "harbour ferry"),
        ("goverment date:2020", "government date:2020"),
        ("ferry", None),
        ("xyzzy", None),
        ("", None),
        ("breakfasts", None),
    ],
)
def test_a_word_unknown_here_is_corrected_by_one_known_here(shared: Engine, query: str, suggestion: str | None) -> None:
    assert search(shared, query).suggestion == suggestion


def test_a_suggestion_finds_something(shared: Engine) -> None:
    suggestion = search(shared, "goverment harbuor").suggestion
    assert suggestion is not None
    assert search(shared, suggestion).total > 0


def test_words_titles_authors_and_topics_as_typed(shared: Engine) -> None:
    suggested = shared.complete("n")
    assert set(suggested.words) <= {"night", "notes", "nothing"}
    assert "night" in suggested.words
    assert {title for title, _ in suggested.titles} == {"one", "three", "five"}
    assert suggested.authors == ("Nina Berg", "Nils Holm")
    assert suggested.topics == ("navigation", "nautical life")


def test_the_words_before_the_last_must_stand_in_titles_and_names(shared: Engine) -> None:
    suggested = shared.complete("Night FER")
    assert suggested.titles == (("one", "Night ferry"),)
    assert suggested.words == ("ferry",)
    assert shared.complete("nina b").authors == ("Nina Berg",)


def test_suggestions_are_as_many_as_asked_for(shared: Engine) -> None:
    suggested = shared.complete("n", limit=1)
    assert (len(suggested.words), len(suggested.titles), suggested.authors) == (1, 1, ("Nina Berg",))


@pytest.mark.parametrize("text", ["", "   ", "!?", "zzzz"])
def test_nothing_begins_like_this(shared: Engine, text: str) -> None:
    assert shared.complete(text) == Completions()


def test_similar_articles_share_characteristic_words(shared: Engine) -> None:
    similar = shared.more_like_this("one")
    assert "one" not in [hit.id for hit in similar]
    assert similar[0].id == "two"
    assert "four" not in [hit.id for hit in similar]
    assert len(shared.more_like_this("one", limit=1)) == 1


def test_similar_to_an_unknown_article(shared: Engine) -> None:
    with pytest.raises(ArticleNotFound):
        shared.more_like_this("nobody")


def test_an_article_like_no_other_has_no_similar_ones(shared: Engine) -> None:
    assert shared.more_like_this("four") == ()
