"""Contexts: cuts by columns and graphemes, neighbouring words, direction."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes, width

from backfile.archive.model import ArticleMetadata
from backfile.index.concordance.contexts import context_after, context_before, direction, words_after, words_before
from backfile.index.concordance.lines import Mark, make_line
from backfile.index.engine import Document

SIGNS = ["手機", "한국", "e\u0301", "👩\u200d👩\u200d👧", "🇩🇪", "عبّارة ", "น้ำ", "\u200b", "-", "ﷺ", "ｆ"]
PIECES = st.sampled_from(["a", "Ferry ", "night", " ", "\n", "\t", *SIGNS])
mixed = st.lists(PIECES, max_size=60).map("".join)


@given(mixed, st.integers(0, 30))
def test_a_context_before_is_the_longest_that_fits(text: str, columns: int) -> None:
    found = context_before(text, len(text), columns)
    whole = re.sub(r"\s+", " ", text)
    assert whole.endswith(found)
    assert width(found) <= columns
    graphemes, kept = list(iter_graphemes(whole)), list(iter_graphemes(found))
    assert graphemes[len(graphemes) - len(kept) :] == kept
    rest = graphemes[: len(graphemes) - len(kept)]
    blanks = [*iter_graphemes("".join(rest).rstrip())] if not found.startswith(" ") else rest
    assert not blanks or width("".join(rest[len(blanks) - 1 :]) + found) > columns


@given(mixed, st.integers(0, 30))
def test_a_context_after_is_the_longest_that_fits(text: str, columns: int) -> None:
    found = context_after(text, 0, columns)
    whole = re.sub(r"\s+", " ", text)
    assert whole.startswith(found)
    assert width(found) <= columns
    graphemes, kept = list(iter_graphemes(whole)), list(iter_graphemes(found))
    assert graphemes[: len(kept)] == kept
    rest = "".join(graphemes[len(kept) :])
    if rest.strip():
        following = next(iter_graphemes(rest.lstrip()))
        blank = " " if rest[0] == " " else ""
        assert width(found + blank + following) > columns


@pytest.mark.parametrize(
    ("text", "columns", "before"),
    [
        ("the ferry sails on", 8, "sails on"),
        ("the ferry sails on", 9, "sails on"),
        ("夜の渡し船", 6, "渡し船"),
        ("夜の渡し船", 7, "渡し船"),
        ("cafe\u0301 ole\u0301", 3, "ole\u0301"),
        ("flags 🇩🇪🇫🇷", 2, "🇫🇷"),
        ("flags 🇩🇪🇫🇷", 3, "🇫🇷"),
        ("line one\n\nline   two", 12, "one line two"),
        ("a" + " " * 9_000 + "b", 10, "a b"),
        ("word " + "\u0301" * 3_000, 10, None),
    ],
)
def test_columns_count_what_a_reader_sees(text: str, columns: int, before: str | None) -> None:
    found = context_before(text, len(text), columns)
    assert width(found) <= columns
    assert before is None or found == before


def test_long_gaps_of_white_space_hide_no_words() -> None:
    text = "the far word" + " \n" * 400 + "ferry" + "\t " * 400 + "and after"
    place = text.index("ferry")
    assert context_before(text, place, 60) == "the far word "
    assert context_after(text, place + 5, 60) == " and after"


@pytest.mark.parametrize(
    ("text", "match", "before", "after"),
    [
        ("One. The OLD, grey ferry-boat sank at Port-Louis.", "ferry", ("grey", "old", "the"), ("boat", "sank", "at")),
        ("Ferry", "Ferry", (), ()),
        ("夜の渡し船が来た", "渡", ("の", "夜"), ("し", "船", "が")),
        ("Écoles: l’Été ferry", "ferry", ("l'ete", "ecoles"), ()),
        ("x" * 500 + " ferry " + "y" * 500 + " z", "ferry", ("x" * 128,), ("y" * 500, "z")),
    ],
)
def test_neighbours(text: str, match: str, before: tuple[str, ...], after: tuple[str, ...]) -> None:
    start = text.index(match)
    assert tuple(word[:128] for word in words_before(text, start)) == before
    assert words_after(text, start + len(match)) == after


@given(mixed, mixed)
def test_neighbours_are_the_words_of_the_whole_text(before: str, after: str) -> None:
    text = f"{before} ferry {after}"
    assert words_before(text, len(before) + 1) == words_before(before * 1, len(before))
    assert words_after(text, len(before) + 6) == words_after(after, 0)


@pytest.mark.parametrize(
    ("text", "match", "wanted"),
    [
        ("The word عبّارة means ferry", "عبّارة", "ltr"),
        ("العبّارة the ferry", "ferry", "rtl"),
        ("English first.\nوصلت العبّارة ferry", "ferry", "rtl"),
        ("وصلت العبّارة\n12 ferry", "ferry", "ltr"),
        ("«» 12 – מעבורת", "מעבורת", "rtl"),
        ("12 – 34", "12", "ltr"),
        ("夜の渡し船", "船", "ltr"),
    ],
)
def test_the_direction_is_that_of_the_paragraph(text: str, match: str, wanted: str) -> None:
    assert direction(text, text.index(match)) == wanted


def test_a_line_never_leaves_its_field() -> None:
    document = Document("a", "a.md", ArticleMetadata("The ferry", summary="About ferries"), "Ferry of the night")
    lines = [
        make_line(document, Mark("a", 1, number, field, start, end))
        for number, (field, start, end) in enumerate([("title", 4, 9), ("summary", 6, 13), ("text", 0, 5)], 1)
    ]
    assert [(line.before, line.match, line.after) for line in lines] == [
        ("The ", "ferry", ""),
        ("About ", "ferries", ""),
        ("", "Ferry", " of the night"),
    ]
