"""Highlighter: spans exist if and only if the document matches, and are of the query only."""

from __future__ import annotations

from itertools import pairwise

import pytest
from contract.generated import documents, queries, word_queries
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from oracle.naive_search import NaiveDocument, NaiveSearcher

from backfile.archive.model import ArticleMetadata
from backfile.index.analysis.tokenizer import stem_keys, term_sequences, tokenize
from backfile.index.engine import Document
from backfile.index.highlight import token_table
from backfile.index.highlight.highlighter import Highlighter, Highlights, merge_spans
from backfile.index.highlight.token_table import TokenizedDocument, affordable_part
from backfile.index.query import And, InField, Node, Not, Phrase, Word, parse, walk

LANGUAGES = ("en", "fr", "ru")


def marked(query: str | Node, text: str, **fields: str) -> list[str] | None:
    tree = parse(query).tree if isinstance(query, str) else query
    marks = Highlighter(tree, ("en",)).highlight(
        Document("a", "a.md", ArticleMetadata(fields.get("title", "Title")), text)
    )
    return None if marks is None else [text[start:end] for start, end in marks.text]


@settings(max_examples=100, deadline=None)
@given(documents(), queries)
def test_matches_agree_with_the_naive_rules(document: Document, query: Node) -> None:
    words = NaiveDocument(document)
    is_hit = NaiveSearcher([words], LANGUAGES).finds(query, words)
    assert (Highlighter(query, LANGUAGES).highlight(document) is not None) == is_hit


@settings(max_examples=100, deadline=None)
@given(documents(), word_queries.filter(lambda query: not any(isinstance(node, Not) for node in walk(query))))
def test_a_document_has_highlights_if_it_is_a_hit(document: Document, query: Node) -> None:
    marks = Highlighter(query, LANGUAGES).highlight(document)
    assert (marks is not None) == (marks is not None and marks.count > 0)
    words = NaiveDocument(document)
    assert (marks is not None) == NaiveSearcher([words], LANGUAGES).finds(query, words)


def _has_pattern(query: Node) -> bool:
    return any(isinstance(node, Phrase) and "*" in node.text for node in walk(query))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(documents(), word_queries.filter(lambda query: not _has_pattern(query)))
def test_every_highlight_is_a_term_of_the_query_or_a_stem_sibling(document: Document, query: Node) -> None:
    marks = Highlighter(query, LANGUAGES).highlight(document)
    keys = {
        key
        for node in walk(query)
        if isinstance(node, (Word, Phrase))
        for terms, _ in term_sequences(node.text)
        for term, _ in terms
        for key in stem_keys(term, LANGUAGES)
    }
    for field, spans in (("title", marks.title), ("summary", marks.summary), ("text", marks.text)) if marks else ():
        text = getattr(document if field == "text" else document.metadata, field) or ""
        for start, end in spans:
            assert any(not keys.isdisjoint(stem_keys(token.term, LANGUAGES)) for token in tokenize(text[start:end]))
            assert text[start:end] == text[start:end].strip(" .\n")


@settings(max_examples=100, deadline=None)
@given(st.lists(documents(), min_size=1, max_size=4), queries)
def test_documents_have_the_same_highlights_together_as_alone(several: list[Document], query: Node) -> None:
    highlighter = Highlighter(query, LANGUAGES)
    together = highlighter.highlight_all([TokenizedDocument(document) for document in several])
    for document, marks in zip(several, together, strict=True):
        alone = highlighter.highlight(document)
        assert marks == alone
        assert marks is None or alone is None or marks.values == alone.values


_odd = st.text(alphabet="abt1 '’-.,_&+#é\u0301\u00ad™手機ßhe\n", max_size=30)


@settings(max_examples=150, deadline=None)
@example("1++1", "1++", None, False)
@example("a-b c", "ab", None, True)
@given(_odd, _odd.filter(bool), st.sampled_from((None, 0, 2, 5)), st.booleans())
def test_signs_within_words_change_nothing(text: str, typed: str, within: int | None, exact: bool) -> None:
    words = NaiveDocument(Document("a", "a.md", ArticleMetadata("x"), text))
    for query in (Word(typed, exact), Phrase(typed, within)):
        is_hit = NaiveSearcher([words], LANGUAGES).finds(query, words)
        assert (Highlighter(query, LANGUAGES).highlight(words.document) is not None) == is_hit


def test_a_phrase_far_from_its_first_word_is_found() -> None:
    filler = "Nothing of it, 1,000 times. " * 50
    assert marked('"of the people"', f"People. {filler} Of  the – people! {filler} The people") == ["Of  the – people"]
    assert marked('"people harbour"~3', f"People {'x' * 500} a harbour. {filler} people a b c harbour") == [
        "People",
        "harbour",
    ]


def test_words_and_stem_siblings() -> None:
    assert marked("declare ferry", "Ferries declared; a ferry declares.") == [
        "Ferries",
        "declared",
        "ferry",
        "declares",
    ]
    assert marked("=declare", "They declared.") is None


def test_a_phrase_is_marked_whole_and_only_as_a_phrase() -> None:
    assert marked('"the night ferry"', "The night. The night, ferry! Ferry the night.") == ["The night, ferry"]
    assert marked('"e-mail server"', "An email server.") == ["email server"]


def test_words_within_a_distance_are_marked_one_by_one() -> None:
    assert marked('"ferry harbour"~2', "Harbour of ferry … harbour. A far, far ferry.") == [
        "Harbour",
        "ferry",
        "harbour",
    ]


def test_only_satisfied_clauses_are_highlighted() -> None:
    assert marked("(rope anchor) OR bell", "rope, bell") == ["bell"]
    assert marked("bell -(rope anchor)", "rope, bell") == ["bell"]
    assert marked("-anchor", "rope, bell") == []
    assert marked(Not(Not(Word("rope"))), "rope, bell") == []


def test_words_of_a_query_may_lie_in_different_fields() -> None:
    assert marked("title rope", "rope", title="Title") == ["rope"]
    assert marked(And((InField("title", Word("rope")), Word("rope"))), "rope", title="Rope") == ["rope"]
    assert marked("title:rope", "rope", title="Rope") == []


def test_compounds_and_scripts() -> None:
    assert marked("email", "An e-mail, 2 E-mails.") == ["e-mail", "E-mails"]
    assert marked("us", "The U.S. and us.") == ["U.S", "us"]
    assert marked("c", "C++ and C.") == ["C", "C"]
    assert marked("手機版", "新的手機版本。手機。") == ["手機版"]
    assert marked("elan", "E\u0301lan vital") == ["E\u0301lan"]


@pytest.mark.parametrize(
    ("text", "most", "part"),
    [
        ("rope and bell", 13, "rope and bell"),
        ("rope and bell", 12, "rope and"),
        ("ropes\nbells", 8, "ropes"),
        ("ropebell", 4, "rope"),
        ("手機版本", 60, "手機"),
        ("rope 手機版本", 40, "rope"),
        ("手機 rope", 55, "手機 rope"),
        ("a." * 40, 100, "a." * 5),
        ("rope", 0, ""),
    ],
)
def test_only_the_beginning_of_a_long_text_is_tokenized(text: str, most: int, part: str) -> None:
    found, cost = affordable_part(text, most)
    assert found == part
    assert cost <= most


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("rope and bell", 13),
        ("", 0),
        ("a" * 32, 32),
        ("a" * 33, 330),
        (f"rope {'é' * 33}", 5 + 25 * 33),
        ("rope ’tis", 9),
        ("rope 手", 5 + 25),
        ("한 rope", 25 + 5),
    ],
)
def test_long_runs_and_signs_that_are_words_cost_more(text: str, cost: int) -> None:
    assert affordable_part(text, 10_000) == (text, cost)


@pytest.mark.parametrize(
    ("query", "marks"),
    [
        ("rope", ["rope"]),
        ("rope anchor", ["rope"]),
        ("anchor", []),
        ("rope -anchor", ["rope"]),
        ("-rope", []),
        ('"bell anchor"', []),
        ("anchor OR (bell ferry)", ["bell"]),
    ],
)
def test_words_of_the_beginning_are_marked_whatever_follows(
    query: str, marks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_table, "MAX_COST", len("Title" + "rope and bell "))
    assert marked(query, "rope and bell anchor") == marks


def test_marks_are_counted() -> None:
    assert Highlights(((0, 1),), (), ((0, 1), (2, 3))).count == 3


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)).map(lambda pair: (pair[0], pair[0] + pair[1]))))
def test_merged_spans_cover_the_same_characters(spans: list[tuple[int, int]]) -> None:
    joined = merge_spans(spans)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(joined))
    assert {place for span in joined for place in range(*span)} == {place for span in spans for place in range(*span)}
