"""Read-later exports and bookmarks: every format, as the program of origin writes it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from importing import import_twice

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.formats.read_later import read_later_export
from backfile.archive.importers.formats.read_later.saved_item import parse_saved_date
from backfile.archive.importers.item import ONLY_A_LINK, FetchResponse, ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources.registry import probe
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem

URL = "https://post.example/ferry"
SENTENCE = "tells at length how the ferry went over the water that night."
PAGE = f"""<html><head><title>Ferry</title><meta name="author" content="Edna Marsh"></head><body><article>
<h1>Ferry</h1>{"".join(f"<p>The whole of paragraph {number} {SENTENCE}</p>" for number in range(8))}</article>
</body></html>"""
V1 = {"0": "1", "1": "Ferry", "2": URL, "3": "0", "4": "0", "5": "<p>It left.", "6": "1", "id": "1", "title": "Ferry"}
V1 |= {"url": URL, "is_read": "0", "is_fav": "0", "content": "<p>It left.</p>", "tags": "sea,night"}
V2 = {"id": 4, "title": "Ferry", "url": URL, "is_archived": 1, "is_starred": 0, "content": "<p>It left.</p>"}
V2 |= {"created_at": "2016-09-08T11:55:58+0200", "published_at": "2016-02-10T00:00:00+0000", "language": "en_GB"}
V2 |= {"published_by": ["Edna Marsh"], "tags": ["sea"], "annotations": [{"text": "!", "quote": "left"}]}
OMNIVORE = {"id": "x", "slug": "ferry-1", "title": "Ferry", "description": "In short", "author": "Edna Marsh"}
OMNIVORE |= {"url": URL, "state": "Archived", "labels": ["sea"], "savedAt": "2024-10-29T16:30:11.000Z"}
OMNIVORE |= {"publishedAt": "2024-10-28T16:30:11.000Z"}
LINKWARDEN = {
    "id": 1,
    "collections": [
        {"id": 1, "name": "Sea", "parentId": None, "links": []},
        {"id": 2, "name": "Ferries", "parentId": 1, "links": [
            {"name": "Ferry", "url": URL, "description": "In short", "tags": [{"name": "night"}],
             "createdAt": "2025-02-15T12:00:00.000Z"}]},
    ],
}  # fmt: skip
KARAKEEP = {
    "bookmarks": [
        {"createdAt": 1700000000, "title": "Ferry", "tags": ["sea"], "content": {"type": "link", "url": URL},
         "note": "Mine", "archived": False},
        {"createdAt": 1700000000, "title": None, "tags": [], "content": {"type": "text", "text": "A *thought*"},
         "note": None},
        {"createdAt": 1700000000, "title": "File", "tags": [], "content": None, "note": None},
    ]
}  # fmt: skip
PINBOARD = {"href": URL, "description": "Ferry", "extended": "In short", "time": "2016-10-31T15:57:56Z"}
PINBOARD |= {"tags": "sea night", "toread": "no"}
READABILITY = {"bookmarks": [{"article__excerpt": "In short&hellip;", "article__url": URL, "article__title": "Ferry"}]}
BOOKMARKS = f"""<!DOCTYPE NETSCAPE-Bookmark-file-1>
<TITLE>Bookmarks</TITLE><H1>Bookmarks</H1>
<DL><p>
  <DT><H3 ADD_DATE="1">Bookmarks bar</H3>
  <DL><p>
    <DT><H3>Sea</H3>
    <DD>About the sea
    <DL><p>
      <DT><A HREF="{URL}" ADD_DATE="1686813518" TAGS="night,ferry"
    ICON="data:image/png;base64,{"A" * 50}">Ferry</A>
      <DD>In &amp; short
      <DT><A HREF="https://post.example/b">B</A>
    </DL><p>
  </DL><p>
  <DT><A HREF="javascript:alert(1)">C</A>
  <DD>Do not run
  <DT><A HREF="place:x">D</A>
</DL><p>"""
POCKET = f"""<!DOCTYPE html><html><head><title>Pocket Export</title></head>
<body><h1>Unread</h1><ul>
<li><a href="{URL}" time_added="1688628695" tags="sea,night">Ferry</a></li></ul>
<h1>Read Archive</h1>
<ul></ul></body></html>"""
FIREFOX = {"guid": "root________", "root": "placesRoot", "children": [
    {"guid": "a", "children": [{"title": "Ferry", "tags": "sea", "uri": URL,
     "dateAdded": 1388166091644000}]}]}  # fmt: skip
CHROME = {"roots": {"bookmark_bar": {"children": [{"name": "Ferry", "type": "url", "url": URL}]}}, "version": 1}


def read(
    tmp_path: Path, content: object, context: ImportContext | None = None, name: str = "export"
) -> list[ImportEvent]:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
    assert read_later_export.detect(probe(path)) >= 90
    return list(read_later_export.read(path, context or ImportContext()))


def fetch(url: str) -> FetchResponse:
    return FetchResponse(url, "text/html", PAGE.encode())


def only(found: list[ImportEvent]) -> Item:
    (item,) = found
    assert isinstance(item, Item)
    return item


def test_wallabag_1(tmp_path: Path) -> None:
    item = only(read(tmp_path, [V1]))
    assert (item.origin, item.metadata.title, item.body, item.metadata.topics) == (
        URL,
        "Ferry",
        "It left.",
        ("sea", "night"),
    )


def test_wallabag_2(tmp_path: Path) -> None:
    assert only(read(tmp_path, [V2])) == Item(
        origin=URL,
        metadata=ArticleMetadata(
            title="Ferry",
            authors=("Edna Marsh",),
            topics=("sea",),
            date=PartialDate(2016, 2, 10),
            source=Source("post.example", URL),
            language="en-GB",
        ),
        body="It left.",
        extra={"annotations": ["left"], "saved_on": "2016-09-08"},
    )


def test_omnivore_takes_the_text_beside_it(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content/ferry-1.html").write_text("<p>It left.</p>")
    (tmp_path / "metadata_0_to_20.json").write_text(
        json.dumps([OMNIVORE, OMNIVORE | {"slug": "../x", "url": URL + "2"}])
    )
    assert read_later_export.detect(probe(tmp_path)) == 95
    whole, note = read_later_export.read(tmp_path, ImportContext())
    assert isinstance(whole, Item)
    assert (whole.body, whole.metadata.summary, whole.metadata.date) == (
        "It left.",
        "In short",
        PartialDate(2024, 10, 28),
    )
    assert isinstance(note, Item)
    assert (note.body, note.metadata.summary) == ("In short", None)


def test_linkwarden_has_its_collections_as_topics(tmp_path: Path) -> None:
    item = only(read(tmp_path, LINKWARDEN))
    assert (item.body, item.metadata.topics, item.extra) == (
        "In short",
        ("Sea", "Ferries", "night"),
        {"saved_on": "2025-02-15"},
    )


def test_karakeep(tmp_path: Path) -> None:
    link, text, file = read(tmp_path, KARAKEEP)
    assert isinstance(link, Item)
    assert (link.body, link.extra) == ("Mine", {"saved_on": "2023-11-14"})
    assert isinstance(text, Item)
    assert (text.body, text.metadata.source) == ("A \\*thought\\*", None)
    assert file == Skipped("File", "has neither text nor a valid URL")


@pytest.mark.parametrize(("export", "body"), [([PINBOARD], "In short"), (READABILITY, "In short…")])
def test_notes_of_others(tmp_path: Path, export: object, body: str) -> None:
    assert only(read(tmp_path, export)).body == body


def test_bookmarks_have_their_folders_as_topics(tmp_path: Path) -> None:
    first, second, third, fourth = read(tmp_path, BOOKMARKS)
    assert isinstance(first, Item)
    assert (first.body, first.metadata.topics) == ("In & short", ("Sea", "night", "ferry"))
    assert second == Skipped("https://post.example/b", "only a link; use --fetch")
    assert isinstance(third, Item)
    assert (third.body, third.metadata.source) == ("Do not run", None)
    assert isinstance(fourth, Skipped)


@pytest.mark.parametrize(
    "export",
    [
        f"title,url,time_added,tags,status\nFerry,{URL},1541343937,sea|night,unread\n",
        f"title,url,time_added,cursor,tags,status\nFerry,{URL},1541343937,,sea|night,unread\n",
        f'URL,Title,Selection,Folder,Timestamp,Tags\n{URL},Ferry,,sea,1541343937,"[""night""]"\n',
        "Title,URL,ID,Document tags,Saved date,Reading progress,Location,Seen\n"
        f"Ferry,{URL},01x,\"['sea', 'night']\",2024-03-01 10:00:00+00:00,0.5,archive,True\n",
        POCKET,
        FIREFOX,
        CHROME,
    ],
)
def test_links_are_skipped_or_fetched(tmp_path: Path, export: object) -> None:
    assert read(tmp_path, export) == [Skipped(URL, "only a link; use --fetch")]
    item = only(read(tmp_path, export, ImportContext(fetch)))
    assert (item.metadata.title, item.metadata.authors) == ("Ferry", ("Edna Marsh",))
    assert "paragraph 7 tells" in item.body
    if isinstance(export, str):
        assert item.metadata.topics == ("sea", "night")


def test_a_page_that_cannot_be_fetched_is_a_problem_and_its_note_stays(tmp_path: Path) -> None:
    def refuse(url: str) -> FetchResponse:
        raise ArchiveError("gone")

    link, note = read(tmp_path, [PINBOARD | {"extended": ""}, PINBOARD], ImportContext(refuse))
    assert isinstance(link, Problem)
    assert "gone" in link.reason
    assert isinstance(note, Item)
    assert note.notes == ("has only a note; its page was not fetched: gone",)


def test_a_fetched_file_that_is_no_page_is_a_problem(tmp_path: Path) -> None:
    (found,) = read(tmp_path, POCKET, ImportContext(lambda url: FetchResponse(url, "application/pdf", b"%PDF")))
    assert isinstance(found, Problem)
    assert "is application/pdf" in found.reason


@pytest.mark.parametrize(
    "content", ["", "[", "{", "[]", "[1]", '{"bookmarks": 3}', '[{"a": 1}]', "a,b\n1,2", "<", "\0"]
)
def test_malformed_exports_never_crash(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x"
    path.write_text(content)
    found = list(read_later_export.read(path, ImportContext()))
    assert all(isinstance(each, Problem) for each in found)
    assert len(found) <= 1


def test_times_since_1970_in_every_unit() -> None:
    known = PartialDate(2018, 11, 4)
    assert [parse_saved_date(value)[0] for value in (1541343937, "1541343937", 1541343937000, 1541343937000000)] == [
        known
    ] * 4
    assert parse_saved_date("") == parse_saved_date(None) == parse_saved_date(0) == (None, "")
    assert parse_saved_date("soon")[0] is None
    assert parse_saved_date("soon")[1]


@pytest.mark.corpora
def test_the_exports_of_the_world() -> None:
    root = Path(os.environ.get("CORPORA", Path.home() / ".cache/backfile-corpora")) / "imports-readlater"
    if not root.is_dir():
        pytest.skip("the corpus imports-readlater is not on this machine")
    paths = [path for path in sorted(root.rglob("*")) if path.is_file()]
    exports = [path for path in paths if read_later_export.detect(probe(path))]
    found = [each for path in exports for each in read_later_export.read(path, ImportContext())]
    for path in set(paths) - set(exports):
        list(read_later_export.read(path, ImportContext()))
    assert len(exports) >= 20
    assert sum(isinstance(each, Item) for each in found) > 40
    assert not [each for each in found if isinstance(each, Problem)]


RAINDROP = (
    "id,title,note,excerpt,url,folder,tags,created,cover,highlights,favorite\n"
    f'1,Ferry,"Mine.\n\nTwice.",In short,{URL},News / Ferries,"sea, night",2019-03-14T10:15:00.000Z,,'
    '"Highlight:It left.\nNote:When?\n\nHighlight:It came back.",true\n'
    "2,Bare,,,https://post.example/b,Unsorted,,2019-03-14T10:15:00.000Z,,,false\n"
)


def test_raindrop(tmp_path: Path) -> None:
    item, bare = read(tmp_path, RAINDROP)
    assert isinstance(item, Item)
    assert item.metadata.topics == ("News", "Ferries", "sea", "night")
    assert item.extra == {"saved_on": "2019-03-14"}
    assert item.body == "Mine.\n\nTwice.\n\nIn short\n\n> It left.\n\nWhen?\n\n> It came back."
    assert bare == Skipped("https://post.example/b", ONLY_A_LINK)


def test_marked_passages_and_notes_stay_beside_a_page_that_is_fetched(tmp_path: Path) -> None:
    item = read(tmp_path, RAINDROP, ImportContext(fetch=fetch))[0]
    assert isinstance(item, Item)
    assert item.body.startswith("The whole of paragraph 0")
    assert item.metadata.summary == "In short"
    assert item.extra["highlights"] == ["It left. (When?)", "It came back."]
    assert item.extra["note"] == "Mine.\n\nTwice."


@pytest.mark.parametrize(
    ("export", "title", "topics", "body"),
    [
        (f"Title;URL;Content;Tags;MIME Type;Language;Creation date\nFerry;{URL};<p>It left.</p>;\"sea, night\";"
         "text/html;en_GB;14/03/2019 10:15\n", "Ferry", ("sea", "night"), "It left."),
        (f'title,url,tags,description,comments,annotations,created_at\nFerry,{URL},sea night,In short,Mine,'
         '"Highlight: It left.",2019-03-14\n', "Ferry", ("sea", "night"), "Mine\n\nIn short\n\n> It left."),
        ([{"url": URL, "title": "Ferry", "highlights": [{"quote": "It left.", "created_at": 1}]}], "Ferry", (),
         "> It left."),
        ([{"url": URL, "title": "Ferry", "tags": ["sea"], "starred": False, "addedAt": 1.5e9, "summary": "In short"}],
         "Ferry", ("sea",), "In short"),
        ({"direction": "ltr", "id": "user/-/state/com.google/starred", "items": [
            {"crawlTimeMsec": "1", "title": "Ferry &amp; sea", "published": 1552556100, "author": "Edna Marsh",
             "canonical": [{"href": URL}], "categories": ["user/-/state/com.google/read", "sea"],
             "content": {"content": "<p>It left.</p>"}, "origin": {"streamId": "feed/1", "title": "The Post"}}]},
         "Ferry & sea", ("sea",), "It left."),
    ],
)  # fmt: skip
def test_other_exports(tmp_path: Path, export: object, title: str, topics: tuple[str, ...], body: str) -> None:
    item = only(read(tmp_path, export))
    assert (item.origin, item.metadata.title, item.metadata.topics, item.body) == (URL, title, topics, body)


@pytest.mark.parametrize(
    "export",
    [
        "Title,Author,Publisher,URL,Tags,Word Count,In Queue,Favorited,Read,Highlight_Count,Last Interaction Date,"
        f"File Id\nFerry,Edna Marsh,The Post,{URL},sea;night,900,True,False,False,0,2019-03-14,\n",
        f"url,state,labels,saved_at,published_at\n{URL},SUCCEEDED,[sea],2019-03-14,2019-03-14\n",
    ],
)
def test_exports_of_bare_links(tmp_path: Path, export: str) -> None:
    assert read(tmp_path, export) == [Skipped(URL, ONLY_A_LINK)]
    assert only(read(tmp_path, export, ImportContext(fetch=fetch))).extra == {"saved_on": "2019-03-14"}


def test_a_table_of_articles_with_highlights_is_no_export(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps([{"url": URL, "title": "Ferry", "text": "It left.", "highlights": ["left"]}]))
    assert read_later_export.detect(probe(path)) == 0


def test_an_export_comes_in_twice_alike(tmp_path: Path) -> None:
    path = tmp_path / "raindrop.csv"
    path.write_text(RAINDROP)
    written = import_twice(tmp_path / "library", path)
    assert written["undated/ferry.md"].endswith("\n> It left.\n\nWhen?\n\n> It came back.\n")
