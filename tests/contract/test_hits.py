"""Hits: fields, highlights, passages, ranking."""

from __future__ import annotations

import pytest

from backfile.archive.model import PartialDate, Source
from backfile.index.engine import Engine
from backfile.index.highlight import token_table
from backfile.index.query import Not, Word
from contract.library import article, load, marked, result_ids, search

LONG = "Nothing is said of ships here, nor of what they carry. " * 2_000


def test_a_hit_has_the_fields_of_a_result_list(engine: Engine) -> None:
    document = article(
        "x/ä", "The ferry. A second ferry sails.", title="Ferry & <b>", authors=("Ann", "Bo"), topics=("sea",),
        date="2019-03", summary="On the ferry.", source=("Post", "https://post.example/1"), language="en",
    )  # fmt: skip
    load(engine, document)
    (hit,) = search(engine, "ferries").hits
    assert (hit.id, hit.metadata.authors, hit.metadata.topics) == ("x/ä", ("Ann", "Bo"), ("sea",))
    assert (hit.metadata.date, hit.metadata.summary, hit.metadata.language) == (
        PartialDate(2019, 3),
        "On the ferry.",
        "en",
    )
    assert hit.metadata.source == Source("Post", "https://post.example/1")
    assert hit.title.text == "Ferry & <b>"
    assert marked(hit.title.text, hit.title.spans) == ["Ferry"]
    assert hit.matches == 4
    (passage,) = hit.passages
    assert passage.text == document.text
    assert marked(passage.text, passage.spans) == ["ferry", "ferry"]
    assert engine.document("x/ä") == document


def test_hits_without_highlights_are_the_same_in_the_same_order(engine: Engine) -> None:
    texts = {"a": "A ferry.", "b": "The ferry and the ferry.", "c": "A train.", "d": "A ferry and a train."}
    load(engine, *[article(key, text) for key, text in texts.items()])
    full, bare = (search(engine, "ferry", highlight=highlight).hits for highlight in (True, False))
    assert [(hit.id, hit.score, hit.metadata) for hit in bare] == [(hit.id, hit.score, hit.metadata) for hit in full]
    assert [(hit.matches, hit.passages, hit.title.spans, hit.field_matches) for hit in bare] == [(0, (), (), ())] * 3
    (relaxed,) = search(engine, "train puffin kittiwake ferry", relax=True, highlight=False, per_page=1).hits
    assert (relaxed.id, relaxed.missing) == ("d", ("puffin", "kittiwake"))


def test_a_match_deep_in_a_long_text_is_shown(engine: Engine) -> None:
    load(engine, article("deep", LONG + "Then the Kittiwake docked. " + LONG))
    (hit,) = search(engine, "kittiwake").hits
    (passage,) = hit.passages
    assert marked(passage.text, passage.spans) == ["Kittiwake"]
    assert 100 <= len(passage.text) <= 300


@pytest.mark.parametrize(("query", "matches"), [("ferry harbour", 1), ("harbour", 0), ("ferry -bell", 1)])
def test_a_match_beyond_the_marked_part_of_a_text_is_found(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, query: str, matches: int
) -> None:
    monkeypatch.setattr(token_table, "MAX_COST", 40)
    load(engine, article("long", "The ferry of the night sails on. " * 2 + "A harbour.", title="Title"))
    (hit,) = search(engine, query).hits
    assert (hit.id, hit.matches) == ("long", matches)
    assert hit.passages[0].text.startswith("The ferry of the night sails on.")


def test_passages_are_as_many_as_asked_for(engine: Engine) -> None:
    text = "\n".join(
        f"Line {number}: the ferry. " + "Other things are told at length here. " * 9 for number in range(9)
    )
    load(engine, article("many", text))
    assert [len(search(engine, "ferry", passages=limit).hits[0].passages) for limit in (0, 1, 3)] == [0, 1, 3]
    assert search(engine, "ferry").hits[0].matches == 9


@pytest.mark.parametrize("query", ["", "date:2019", "author:ann", Not(Word("absent"))])
def test_without_words_to_mark_the_lead_is_shown(engine: Engine, query: str) -> None:
    load(engine, article("a", "First words. " + LONG, date="2019", authors=("Ann",)))
    (hit,) = search(engine, query).hits
    assert hit.matches == 0
    assert hit.title.spans == ()
    assert hit.passages[0].text.startswith("First words.")
    assert hit.passages[0].spans == ()


def test_an_article_without_text_is_found_by_its_title(engine: Engine) -> None:
    load(engine, article("empty", "", title="Nothing but a title"))
    (hit,) = search(engine, "title").hits
    assert (hit.matches, hit.passages) == (1, ())


def test_only_clauses_that_hold_are_highlighted(engine: Engine) -> None:
    load(engine, article("a", "Rope and bell and chain."))
    (hit,) = search(engine, "(rope anchor) OR bell -(chain anchor)").hits
    assert marked(hit.passages[0].text, hit.passages[0].spans) == ["bell"]
    assert hit.matches == 1


def test_words_in_another_field_are_not_marked_in_the_text(engine: Engine) -> None:
    load(engine, article("a", "Ann rows. The title says ferry.", title="Ferry", authors=("Ann",)))
    (hit,) = search(engine, "author:ann title:ferry").hits
    assert (hit.matches, hit.passages[0].spans) == (1, ())


def test_a_phrase_is_one_mark_and_overlaps_merge(engine: Engine) -> None:
    load(engine, article("a", "The night ferry boat left at night."))
    (hit,) = search(engine, '"night ferry" "ferry boat" at left').hits
    assert marked(hit.passages[0].text, hit.passages[0].spans) == ["night ferry boat", "left"]


FILLER = "of all that the harbour has to tell this is but a small part "

PREFERENCES = {
    "a word in the title": ("ferry", {"title": "Ferry news", "text": FILLER}, {"text": f"{FILLER} ferry"}),
    "a word in the summary": ("ferry", {"summary": "A ferry.", "text": FILLER}, {"text": f"{FILLER} a ferry"}),
    "more occurrences": ("ferry", {"text": f"ferry ferry {FILLER}"}, {"text": f"ferry raft {FILLER}"}),
    "the shorter text": ("ferry", {"text": f"ferry {FILLER}"}, {"text": f"ferry {FILLER * 9}"}),
    "the form as typed": ("ferries", {"text": f"ferries {FILLER}"}, {"text": f"ferry {FILLER}"}),
    "the rarer word": ("kittiwake OR raft", {"text": f"kittiwake {FILLER}"}, {"text": f"raft {FILLER}"}),
    "words side by side": ("night train", {"text": f"night train {FILLER}"}, {"text": f"night {FILLER} train"}),
    "words in order": ("night train", {"text": f"a night train {FILLER}"}, {"text": f"a train night {FILLER}"}),
    "more of the words": ("night OR mail", {"text": f"night mail {FILLER}"}, {"text": f"night x {FILLER}"}),
}  # fmt: skip


@pytest.mark.parametrize("reason", PREFERENCES)
def test_prefers(engine: Engine, reason: str) -> None:
    query, better, worse = PREFERENCES[reason]
    others = [article(f"other{number}", f"A raft, number {number}. {FILLER}") for number in range(6)]
    load(engine, article("worse", date="2020", **worse), article("better", date="2019", **better), *others)
    assert result_ids(engine, query)[:2] == ["better", "worse"]
