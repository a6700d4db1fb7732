"""Plain text: masthead, authors, and text that stays text."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.importers.common.bylines import Dateline, byline_authors, parse_dateline
from backfile.archive.importers.common.closing_notes import closing_authors
from backfile.archive.importers.formats import text_file
from backfile.archive.importers.item import ImportContext, Item, Skipped
from backfile.archive.importers.markdown.plain_to_markdown import (
    looks_like_html,
    looks_like_markdown,
    plain_to_markdown,
)
from backfile.archive.importers.sources.registry import detect_format, probe
from backfile.archive.markdown.renderer import to_text
from backfile.archive.model import PartialDate
from backfile.archive.report import Problem

FERRY = """The Night Ferry Returns
=======================

By EDNA MARSH and JOHN ROE, Staff Writers
March 14, 2019

HALBURY, March 13 — The ferry left at nine. It had been away for *ten* years,
and 3 < 4.

    A paragraph that is only indented
goes on here.

- one
- two
"""


def article(text: str, name: str = "x.txt") -> Item:
    return text_file.article_in(text, name, ImportContext())


def test_an_article_as_newspapers_set_it() -> None:
    item = article(FERRY)
    assert item.metadata.title == "The Night Ferry Returns"
    assert item.metadata.authors == ("Edna Marsh", "John Roe")
    assert item.metadata.date == PartialDate(2019, 3, 14)
    assert item.extra == {"place": "Halbury"}
    assert to_text(item.body).split("\n") == [
        "HALBURY, March 13 — The ferry left at nine. It had been away for *ten* years, and 3 < 4.",
        "A paragraph that is only indented goes on here.",
        "one",
        "two",
    ]


@pytest.mark.parametrize(
    ("text", "authors", "date", "summary"),
    [
        ("T\nA close vote\n14 March 2019\n\nText.", (), PartialDate(2019, 3, 14), "A close vote"),
        ("T\nBy Jane Doe | March 3, 2019\nText.", ("Jane Doe",), PartialDate(2019, 3, 3), None),
        ("T\n\nPublished: 3 March 2019\nBy Jane Doe\n\nText.", ("Jane Doe",), PartialDate(2019, 3, 3), None),
        ("T\nVon Anna Müller\n3. März 2019\n\nText.", ("Anna Müller",), PartialDate(2019, 3, 3), None),
        ("# T\nText.", (), None, None),
        ("T\n\nA short text.\n\nBy nine they had all gone home.", (), None, None),
        ("Title: T\nAuthor: Jane Doe\nDate: 2019-03\n\nText.", ("Jane Doe",), PartialDate(2019, 3), None),
    ],
)
def test_lines_below_the_title(
    text: str, authors: tuple[str, ...], date: PartialDate | None, summary: str | None
) -> None:
    item = article(text)
    assert (item.metadata.title, item.metadata.authors, item.metadata.date, item.metadata.summary) == (
        "T",
        authors,
        date,
        summary,
    )
    assert "ext." in item.body or "text" in item.body


def test_a_text_without_a_title_is_called_by_its_file() -> None:
    wrapped = "The council voted on the bridge late last night, after a long and loud debate\nin a full hall.\n"
    item = article(wrapped, "2019-03-14-council-votes.txt")
    assert (item.metadata.title, item.metadata.date) == ("Council votes", PartialDate(2019, 3, 14))
    assert to_text(item.body).startswith("The council voted on the bridge")


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("Edna Marsh is senior editor at The Harbour Post.", ("Edna Marsh",)),
        ("Edna Marsh is a staff writer.", ("Edna Marsh",)),
        ("Edna\u00a0Marsh is a writer. Her book is out in May.", ("Edna Marsh",)),
        ("EDNA MARSH is The Harbour Post’s Paris correspondent.", ("Edna Marsh",)),
        ("Edna Marsh (@edna) is an award-winning, Halbury-based freelance journalist.", ("Edna Marsh",)),
        ("Edna Marsh and John Roe are staff writers at the Post.", ("Edna Marsh", "John Roe")),
        ("Edna Marsh, a senior fellow at the Institute of Tides, Halbury, writes about ships.", ("Edna Marsh",)),
        ("Dr. Edna Marsh is professor of tides at the University of Halbury.", ("Edna Marsh",)),
        ("*J. P. van der Berg, a poet, was the paper’s first critic.*", ("J. P. van der Berg",)),
        ("About the author: Edna Marsh was a poet.", ("Edna Marsh",)),
        ("Edna Marsh covers the harbour for The Harbour Post.", ("Edna Marsh",)),
        ("Edna Marsh teaches history at Halbury College.", ("Edna Marsh",)),
        ("Edna Marsh reported from Paris.", ("Edna Marsh",)),
        ("Edna Marsh ist Redakteurin der Hafenpost.", ("Edna Marsh",)),
        ("Edna Marsh est journaliste à la Gazette.", ("Edna Marsh",)),
        ("(Reporting by John Roe and Ada Quill; editing by Max Moe)", ("John Roe", "Ada Quill")),
        ("John Roe in Paris contributed to this report.", ("John Roe",)),
        ("Staff writer John Roe contributed reporting.", ("John Roe",)),
        ("Written by Edna Marsh.", ("Edna Marsh",)),
        ("— Edna Marsh", ("Edna Marsh",)),
        ("John Smith is dead.", ()),
        ("John Smith is a teacher.", ()),
        ("John Smith is a member of the council.", ()),
        ("John Smith was a member of the Harbour Board.", ()),
        ("John Smith is no longer a reporter.", ()),
        ("John Smith is going to be a writer.", ()),
        ("John Smith is in hospital, his editor said.", ()),
        ("Joan Hale is a writer.", ()),  # the story has named her
        ("Adam Hale is a member of the Harbour Board.", ()),  # the story has named a Hale
        ("The Associated Press contributed to this report.", ()),
        ("London is a city in England.", ()),
        ("The mayor is a writer at heart.", ()),
        ("He is a staff writer.", ()),
        ("By Monday night they had all gone home.", ()),
        ("© 2025 Edna Marsh", ()),
        ("", ()),
    ],
)
def test_the_last_line_may_tell_the_author(line: str, authors: tuple[str, ...]) -> None:
    story = "Joan Hale, the mayor, was late."
    assert closing_authors([story, line]) == authors
    assert article(f"A title\n\n{story}\n\n{line}").metadata.authors == authors


@pytest.mark.parametrize(
    ("last", "authors"),
    [
        (["Edna Marsh is a poet.", "John Roe contributed to this report.", "© 2025 The Harbour Post"], ("Edna Marsh",)),
        (["Edna Marsh is a reporter.", "John Roe is an editor."], ("Edna Marsh", "John Roe")),
        (["About the author", "Edna Marsh was a poet."], ("Edna Marsh",)),
        (["Edna Marsh is a poet.", "Email: edna@post.example", "###"], ("Edna Marsh",)),
        (["“Do not go gentle.”", "— Dylan Thomas"], ()),
        (["Edna Marsh is a poet.", "They all went home."], ()),
    ],
)
def test_footers_and_credits_stand_below_a_note(last: list[str], authors: tuple[str, ...]) -> None:
    assert closing_authors(["The ferry left.", *last]) == authors


def test_nobody_whom_the_title_names_is_the_author() -> None:
    assert closing_authors(["Edna Marsh is a poet."], "Edna Marsh wins prize") == ()


STORY = [
    "The ferry left at nine on Monday, with forty passengers and a brass band aboard, for the first time in ten years.",
    "“We waited a long time,” said Joan Hale, the mayor.",
    "At midnight the lights of Halbury could be seen from the deck, and the band, which had been playing without a "
    "break since the harbour wall, put down its instruments and went to look at them.",
    "It did.",
    "Ada Quill is senior editor at The Harbour Post.",
]


def wrapped(indent: str = "") -> list[str]:
    return [textwrap.fill(each, 72, initial_indent=indent) for each in STORY]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\n".join(["T", *STORY]), id="one paragraph a line"),
        pytest.param("\r\n".join(["T", *STORY]) + "\r\n\r\n \u00a0\r\n", id="CRLF and blank lines at the end"),
        pytest.param("\ufeff" + "\r".join(["T", *STORY]), id="BOM and CR"),
        pytest.param("\n".join(["T", *("\t" + each for each in STORY)]), id="indented, a line each"),
        pytest.param("\n".join(["T", *("\u3000" + each for each in STORY)]), id="ideographic indent"),
        pytest.param("\n\n".join(["T", *wrapped()]), id="wrapped, blank lines"),
        pytest.param("\n\u00a0\n".join(["T", *wrapped()]), id="no-break spaces on blank lines"),
        pytest.param("\n".join(["T", "", *wrapped("    ")]), id="wrapped, indented"),
        pytest.param("\n".join(["T", *wrapped("\u00a0\u00a0\u00a0")]), id="wrapped, no-break indents"),
        pytest.param("\n".join(["T", *wrapped()]), id="wrapped, nothing between paragraphs"),
        pytest.param(f"T\n\n{STORY[0]}\n{STORY[1]}\n\n" + "\n".join(STORY[2:]), id="mixed"),
    ],
)
def test_paragraphs_and_author_in_every_layout(text: str) -> None:
    item = article(text)
    assert [" ".join(each.split()) for each in item.body.split("\n\n")] == STORY
    assert (item.metadata.title, item.metadata.authors) == ("T", ("Ada Quill",))


def test_a_byline_is_not_overruled_by_the_last_line() -> None:
    assert article("T\nBy Jane Doe\n\nText.\n\nEdna Marsh is senior editor at the Post.").metadata.authors == (
        "Jane Doe",
    )


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Jane Doe", ("Jane Doe",)),
        ("Words by Jane Doe", ("Jane Doe",)),
        ("by Jane Doe, Max Moe and Ada Quill", ("Jane Doe", "Max Moe", "Ada Quill")),
        ("Author: Jane Doe", ("Jane Doe",)),
        ("BY J. P. O'NEILL", ("J. P. O'Neill",)),
        ("By Jane Doe, The Harbour Post", ("Jane Doe",)),
        ("By Jane Doe for The Harbour Post", ("Jane Doe",)),
        ("By Jane Doe in Paris", ("Jane Doe",)),
        ("Words: Jane Doe", ("Jane Doe",)),
        ("Jane Doe, Staff Writer", ("Jane Doe",)),
        ("By and large it was a good year", ()),
        ("Par for the course", ()),
        ("Standby for more", ()),
    ],
)
def test_bylines(line: str, names: tuple[str, ...]) -> None:
    assert byline_authors(line) == names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("LONDON, March 3 — Text", Dateline("London", "March 3")),
        ("WASHINGTON, D.C., March 3, 2020 (AP) -- Text", Dateline("Washington, D.C.", "March 3, 2020")),
        ("NEW YORK (Reuters) - Text", Dateline("New York", "")),
        ("PARIS — Text", Dateline("Paris", "")),
        ("London — a city", None),
        ("IT — is a pronoun", None),
        ("Text", None),
    ],
)
def test_datelines(text: str, expected: Dateline | None) -> None:
    assert parse_dateline(text) == expected


def test_a_dateline_without_its_year_takes_it_from_the_path() -> None:
    text = "T\n\nLONDON, March 3 — Text."
    assert article(text, "1987/t.txt").metadata.date == PartialDate(1987, 3, 3)
    assert article(text).metadata.date is None


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", "Ferry café"),
        ("utf-16", "Ferry café"),
        ("cp1252", "“Ferry” café — naïve"),
        (
            "cp1252",
            "Le ferry de nuit est rentré à l’été, après une très longue absence : la fête a duré jusqu’à l’aube.",
        ),
        ("cp1251", "Ночной паром вернулся в гавань после долгого отсутствия, и город ликовал всю ночь."),
        ("shift_jis", "夜のフェリーは九時に港を出た。長い間留守にしていたが、町は一晩中喜んだ。"),
    ],
)
def test_encodings(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(f"{text}\n\n{text}\n".encode(encoding))
    (item,) = text_file.read(path, ImportContext())
    assert isinstance(item, Item)
    assert item.metadata.title == text


def test_a_folder_of_texts_with_one_bad_file(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.txt").write_text("A\n\nText.")
    (tmp_path / "b.txt").write_bytes(bytes(range(256)))
    (tmp_path / "c.txt").write_text(" \n")
    (tmp_path / "deep/d.TXT").write_text("D\n\nText.")
    (tmp_path / "e.txt").symlink_to("/etc/passwd")
    (tmp_path / ".hidden.txt").write_text("H")
    found = list(text_file.read(tmp_path, ImportContext()))
    assert [(type(each), each.path if isinstance(each, Problem) else each.origin) for each in found] == [
        (Item, "a.txt"),
        (Problem, "b.txt"),
        (Skipped, "c.txt"),
        (Item, "deep/d.TXT"),
        (Problem, "e.txt"),
    ]
    detected = detect_format(probe(tmp_path))
    assert detected is not None
    assert detected.format.KIND == "text"
    assert text_file.count(tmp_path, ImportContext()) == 5


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Cn", "Co"]), max_size=80))
def test_words_of_a_text_are_words_of_the_article(line: str) -> None:
    line = " ".join(line.split())
    if line:
        shown = to_text(plain_to_markdown(f"Before.\n\n{line}\n\nAfter."))
        bare = "".join(line.split()).lstrip("-*•·‣–+0123456789.()")
        assert bare in "".join(shown.split()).replace("\xad", "") or "\xad" in line


@pytest.mark.parametrize(
    "line",
    ["# no heading", "> no quotation", "1. no list", "+ no list", "=====", "<b>no tag</b>", "[no](link)", "{{ no }}",
     "*no* _emphasis_ `code`", "&amp; stays", "a_b_c", "| no | table |", "::: no", "~~no~~", "![[no]]", "\\*", "--- x"],
)  # fmt: skip
def test_special_characters_are_escaped(line: str) -> None:
    assert to_text(plain_to_markdown(f"Before\n{line}\nafter, a line that is long enough to be prose.")).split(
        "\n"
    ) == [f"Before {line} after, a line that is long enough to be prose."]


def test_verse_keeps_its_lines() -> None:
    assert plain_to_markdown("Roses are red\nViolets are blue\nFerries are late") == (
        "Roses are red\\\nViolets are blue\\\nFerries are late"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("First.\nSecond.\nThird.", "First.\n\nSecond.\n\nThird."),
        ("“Gone.”\n“Gone where?”\nShe looked at the water.", "“Gone.”\n\n“Gone where?”\n\nShe looked at the water."),
        ("– Gone.\n– Gone where? – she asked.", "– Gone.\n\n– Gone where? – she asked."),
        ("渡轮于九点离开。\n没有人知道。\n它回来了。", "渡轮于九点离开。\n\n没有人知道。\n\n它回来了。"),
        (
            "Bring:\n- a coat\n- a lamp for\n  the deck\nThen go.",
            "Bring:\n\n- a coat\n- a lamp for the deck\n\nThen go.",
        ),
        ("* one\n\n* two", "- one\n\n- two"),
        ("1. one\n2. two", "1. one\n2. two"),
        ("1. one\n7. two", "1\\. one\\\n7\\. two"),
        ("The Harbour Post\n12 Quay Street\nHalbury", "The Harbour Post\\\n12 Quay Street\\\nHalbury"),
        (
            "The curfew tolls the knell of parting day,\nThe lowing herd wind slowly o'er the lea,\n"
            "The ploughman homeward plods his weary way,\nAnd leaves the world to darkness and to me.",
            "The curfew tolls the knell of parting day,\\\nThe lowing herd wind slowly o'er the lea,\\\n"
            "The ploughman homeward plods his weary way,\\\nAnd leaves the world to darkness and to me.",
        ),
    ],
)
def test_lines_of_plain_text(text: str, expected: str) -> None:
    assert plain_to_markdown(text) == expected


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("He wrote:\n> It left\n> at nine.\n\nSo it did.", "He wrote:\n\n> It left\n> at nine.\n\nSo it did."),
        ("> Late?\nYes.\n> Often?\nNo.", "> Late?\n\nYes.\n\n> Often?\n\nNo."),
        ("> - one\n> - two\n>\n> Three", "> - one\n> - two\n>\n> Three"),
        (">> Deep\n> less", "> > Deep\n>\n> less"),
        ("The sum is\n> 5 per cent\nof all.", "The sum is\\\n\\> 5 per cent\\\nof all."),
        (">" * 500 + " x", "> x"),
    ],
)
def test_quotations_in_plain_text(text: str, markdown: str) -> None:
    assert plain_to_markdown(text) == markdown


def test_markup_of_a_text_is_detected() -> None:
    assert looks_like_markdown("# Title\n\nText")
    assert looks_like_markdown("A [link](https://x.example)")
    assert not looks_like_markdown("Issue #3 costs 5 * 3 [sic] (see above)")
    assert looks_like_html("<p>Text</p>")
    assert not looks_like_html("a < b and c > d")
