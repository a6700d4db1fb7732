"""Tables: JSON Lines, JSON lists, CSV dialects, columns by name and by mapping."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.rows import detect_delimiter
from backfile.archive.importers.common.table_columns import map_columns
from backfile.archive.importers.formats import tables
from backfile.archive.importers.item import (
    ONLY_A_LINK,
    FetchResponse,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
)
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem

ROW = {
    "id": "r-1",
    "title": "The night ferry",
    "text": "It left at *nine*.\n\nIt came back.",
    "author": ["Edna Marsh", "John Roe"],
    "date": "2019-03-14T09:00:00Z",
    "topics": ["transport", "harbour"],
    "source": "The Harbour Post",
    "url": "https://post.example/ferry",
    "places": ["Halbury"],
}


def read(tmp_path: Path, content: str | bytes, name: str = "t.jsonl", **columns: str) -> list[ImportEvent]:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(tables.read(path, ImportContext(columns=columns)))


def confidence(content: str | bytes, name: str) -> int:
    return tables.detect(Probe(Path(name), False, content if isinstance(content, bytes) else content.encode()))


def test_a_row_of_json_is_an_article(tmp_path: Path) -> None:
    assert read(tmp_path, json.dumps(ROW)) == [
        Item(
            origin="r-1",
            metadata=ArticleMetadata(
                title="The night ferry",
                authors=("Edna Marsh", "John Roe"),
                topics=("transport", "harbour"),
                date=PartialDate(2019, 3, 14),
                source=Source("The Harbour Post", "https://post.example/ferry"),
            ),
            body="It left at \\*nine\\*.\n\nIt came back.",
            extra={"places": ["Halbury"]},
        )
    ]


def test_bad_lines_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    deep = "[" * 100_000
    lines = [
        json.dumps(ROW),
        '{"title": ',
        "[1]",
        "",
        '{"x": 1}',
        deep,
        json.dumps(ROW | {"id": 2, "draft": True}),
        "\x1e{}",
    ]
    found = read(tmp_path, "\ufeff" + "\n".join([*lines, json.dumps({"headline": "Another", "body": "B"})]))
    problems = [(each.line, each.reason) for each in found if isinstance(each, Problem)]
    assert [line for line, _ in problems] == [2, 3, 5, 6, 8]
    assert problems[0][1].startswith("not JSON: Expecting value")
    assert problems[1][1] == "not an object of names and values"
    assert "no column is known" in problems[2][1]
    assert [each.origin for each in found if isinstance(each, Skipped)] == ["2"]
    assert [each.metadata.title for each in found if isinstance(each, Item)] == ["The night ferry", "Another"]


def test_a_list_of_objects_is_read_one_by_one(tmp_path: Path) -> None:
    rows = [ROW | {"id": number, "text": "x" * 40_000} for number in range(60)]
    found = read(tmp_path, json.dumps(rows, indent=1), "t.json")
    assert [each.origin for each in found if isinstance(each, Item)] == [str(number) for number in range(60)]
    cut = read(tmp_path, json.dumps(rows[:3])[:-20], "cut.json")
    assert [type(each) for each in cut] == [Item, Item, Problem]


def test_columns_by_a_path_of_names(tmp_path: Path) -> None:
    row = {"webTitle": "A", "fields": {"bodyText": "B", "by": "Edna Marsh"}, "webPublicationDate": "2019-03-14"}
    (item,) = read(tmp_path, json.dumps(row), text="fields.bodyText", authors="fields.by")
    assert isinstance(item, Item)
    assert (item.metadata.title, item.body, item.metadata.authors, item.metadata.date) == (
        "A",
        "B",
        ("Edna Marsh",),
        PartialDate(2019, 3, 14),
    )


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_in_its_dialects(tmp_path: Path, separator: str, encoding: str) -> None:
    rows = [
        ["Title", "Author", "Publish Date", "Tags", "Body", "Edition"],
        ["Café “A”", "Edna Marsh and John Roe", "14 March 2019", "a, b", 'One\n\n"Two"', "late"],
        ["", "", "", "", "", ""],
        ["B", "", "", "", "Text", ""],
    ]
    quoted = "\r\n".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    found = read(tmp_path, quoted.encode(encoding), "t.csv")
    assert found == [
        Item(
            origin="2019-03-14-cafe-a",
            metadata=ArticleMetadata(
                title="Café “A”",
                authors=("Edna Marsh", "John Roe"),
                topics=("a", "b"),
                date=PartialDate(2019, 3, 14),
            ),
            body='One\n\n"Two"',
            extra={"Edition": "late"},
        ),
        Item(
            origin="b",
            metadata=ArticleMetadata(
                title="B",
            ),
            body="Text",
        ),
    ]


def test_a_column_that_is_not_there_ends_the_table(tmp_path: Path) -> None:
    (problem,) = read(tmp_path, "a,b\n1,2\n3,4\n", "t.csv", title="Headline")
    assert isinstance(problem, Problem)
    assert (problem.reason, problem.hint) == ("there is no column 'Headline' for title", "the columns are a, b")
    (problem,) = read(tmp_path, "a,b\n1,2\n3,4\n", "t.csv")
    assert isinstance(problem, Problem)
    assert "--map FIELD=COLUMN; the columns are a, b" in problem.hint


def test_cells_too_many_and_too_few_are_kept(tmp_path: Path) -> None:
    found = read(tmp_path, "sep=;\ntitle;text\nA;B;C\nD\nE;F\n", "t.csv")
    assert [(each.metadata.title, each.body, dict(each.extra)) for each in found if isinstance(each, Item)] == [
        ("A", "B", {"column_3": "C"}),
        ("D", "", {}),
        ("E", "F", {}),
    ]


def test_dates_that_are_none_are_kept_and_noted(tmp_path: Path) -> None:
    found = read(tmp_path, "title,text,date\nA,B,3/4/2019\nC,D,soon\nE,F,1552521600\n", "t.csv")
    first, second, third = (each for each in found if isinstance(each, Item))
    assert (first.metadata.date, first.extra) == (PartialDate(2019), {"original_date": "3/4/2019"})
    assert (second.metadata.date, second.extra) == (None, {"original_date": "soon"})
    assert third.metadata.date == PartialDate(2019, 3, 14)
    assert len(first.notes) == len(second.notes) == 1


def test_text_that_is_markdown_stays_markdown(tmp_path: Path) -> None:
    (item,) = read(tmp_path, json.dumps({"title": "A", "markdown": "# Head\n\n**bold** [x](https://x.example)"}))
    assert isinstance(item, Item)
    assert item.body == "# Head\n\n**bold** [x](https://x.example)"


@pytest.mark.parametrize(
    ("content", "name", "least", "most"),
    [
        (json.dumps(ROW) + "\n" + json.dumps(ROW), "x.jsonl", 70, 70),
        (json.dumps(ROW), "x", 55, 55),
        (json.dumps([ROW]), "x.json", 70, 70),
        ("title,text,date\nA,B,2019\n", "x.csv", 70, 70),
        ("title;text\nA;B\n", "x", 55, 55),
        ("A text, with commas, as they are.\nAnd lines, a second, as they are.\n", "x.txt", 0, 0),
        ("name,age\nA,1\n", "x.csv", 45, 45),
        ("weight,age\n2,1\n", "x.csv", 15, 15),
        ("The ferry\n\nBy Edna Marsh\n", "x.txt", 0, 0),
        ('{\n  "title": "A",\n  "text": "B"\n}', "x.json", 0, 0),
        (b"\x00\x01\x02\xff" * 50, "x.csv", 0, 0),
        ("", "x.csv", 0, 0),
        ("<rss><title>A, b</title></rss>", "x.xml", 0, 0),
    ],
)
def test_recognising(content: str | bytes, name: str, least: int, most: int) -> None:
    assert least <= confidence(content, name) <= most


def test_columns_are_each_of_one_field() -> None:
    names = ["Headline", "title", "Tags", "Section", "URL", "Modified"]
    assert map_columns(names, {"summary": "Headline"}) == {
        "summary": "Headline",
        "title": "title",
        "topics": "Tags",
        "url": "URL",
        "updated": "Modified",
    }


def test_cells_that_hold_objects_give_their_text_or_are_noted(tmp_path: Path) -> None:
    rendered = {
        "title": {"rendered": "Late &#8211; again"},
        "text": {"#text": "It left."},
        "author": {"name": "Edna Marsh"},
    }
    (item,) = read(tmp_path, json.dumps(rendered))
    assert isinstance(item, Item)
    assert (item.metadata.title, item.body, item.metadata.authors) == ("Late – again", "It left.", ("Edna Marsh",))
    (item,) = read(tmp_path, json.dumps({"title": {"en": "A", "de": "B"}, "text": "It left."}))
    assert isinstance(item, Item)
    assert (item.metadata.title, item.extra) == ("", {"title": {"en": "A", "de": "B"}})
    assert item.notes == ("title holds an object with en, de: name the part with --map title=title.KEY",)


def test_numbers_of_authors_and_topics_are_no_names(tmp_path: Path) -> None:
    (item,) = read(tmp_path, json.dumps({"title": "A", "text": "B", "author": 7, "categories": [3, 5], "tags": "8"}))
    assert isinstance(item, Item)
    assert (item.metadata.authors, item.metadata.topics) == ((), ())
    assert item.extra == {"author": 7, "categories": [3, 5], "tags": "8"}


def test_the_table_of_posts_of_wordpress(tmp_path: Path) -> None:
    head = "ID,post_author,post_date,post_content,post_title,post_excerpt,post_status,post_type\n"
    rows = (
        '1,4,2019-03-14 10:00:00,"It <b>left</b>.\n\n[youtube abc123]",Ferry,In short,publish,post\n'
        "2,4,2019-03-14 10:00:00,x,Draft,,draft,post\n"
        "3,4,2019-03-14 10:00:00,x,Pier,,inherit,attachment\n"
        "4,4,2019-03-14 10:00:00,x,Old,,inherit,revision\n"
    )
    first, *others = read(tmp_path, head + rows, "posts.csv")
    assert isinstance(first, Item)
    assert first.metadata == ArticleMetadata("Ferry", date=PartialDate(2019, 3, 14), summary="In short")
    url = "https://www.youtube.com/watch?v=abc123"
    assert first.body == f"It **left**.\n\n[{url}]({url})"
    assert others == [Skipped("2", "draft"), Skipped("3", "an attachment"), Skipped("4", "a revision")]


@pytest.mark.parametrize(
    ("column", "value", "is_draft"),
    [("is_published", "FALSE", True), ("is_published", "true", False), ("Is Live", 0, True), ("published", "no", True)],
)
def test_what_is_not_published_is_a_draft(tmp_path: Path, column: str, value: object, is_draft: bool) -> None:
    (found,) = read(tmp_path, json.dumps({"title": "A", "text": "B", column: value}))
    assert isinstance(found, Skipped) is is_draft


def test_a_row_with_an_address_and_no_text_is_only_a_link(tmp_path: Path) -> None:
    def fetch(url: str) -> FetchResponse:
        if url.endswith("gone"):
            raise ArchiveError("404")
        page = "<title>x</title><article>" + "<p>The night ferry left the harbour a little after eleven.</p>" * 9
        return FetchResponse(url, "text/html", page.encode())

    path = tmp_path / "links.csv"
    path.write_text(
        "title,url,summary\nA,https://post.example/a,\nB,https://post.example/b,In short\n"
        "C,https://post.example/gone,\nD,https://post.example/gone,In short\n"
    )
    a, b, *_ = tables.read(path, ImportContext())
    assert a == Skipped("https://post.example/a", ONLY_A_LINK)
    assert isinstance(b, Item)
    a, b, c, d = tables.read(path, ImportContext(fetch=fetch))
    assert isinstance(a, Item)
    assert a.metadata.title == "A"
    assert a.body.startswith("The night ferry left")
    assert isinstance(c, Problem)
    assert isinstance(d, Item)
    assert d.notes == ("has only a summary; its page was not fetched: 404",)


def test_a_blank_cell_of_html_is_an_empty_text_and_the_next_rows_follow(tmp_path: Path) -> None:
    found = read(tmp_path, "title,text\nOne,<p>&nbsp;</p>\nTwo,<p>Words</p>\n", "t.csv")
    assert [each.body for each in found if isinstance(each, Item)] == ["", "Words"]


def test_separators() -> None:
    assert detect_delimiter("a;b,c\n1;2,5\n3;4,5") == ";"
    assert detect_delimiter("No table here.\nNone at all.") is None
    assert detect_delimiter("") is None


@pytest.mark.corpora
def test_news_of_1987(corpus) -> None:  # type: ignore[no-untyped-def]
    with (corpus("reuters21578") / "docs.jsonl").open() as file:
        lines = [next(file) for _ in range(500)]
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        found = read(Path(folder), "".join(lines))
    assert len(found) == 500
    assert all(
        isinstance(each, Item) and each.metadata.date and each.metadata.date.year == 1987 and not each.notes
        for each in found
    )
