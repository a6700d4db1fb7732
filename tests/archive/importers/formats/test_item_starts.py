"""Formats of several items begin each of them once, and an item that fails does not end the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.item import FetchResponse, ImportContext, Item, Reference
from backfile.archive.importers.sources import registry
from backfile.archive.report import Problem

TITLES = ("First", "Second", "Third")
TEXT = "The night ferry leaves the harbour at ten and comes back with the tide before the sun has risen. " * 3
PAGE = "<!DOCTYPE html><html><title>{0}</title><body><article><h1>{0}</h1><p>{0}: {1}</p></article></body></html>"
ONE_ITEM = {"mhtml", "docx", "document", "pdf", "epub"}
"""Formats of one item, and books, whose chapters may go on in the next file: they begin parts."""


MEDIUM = (
    '<article class="h-entry"><h1 class="p-name">{0}</h1><section class="e-content"><h3>{0}</h3><p>{1}</p></section>'
    '<a class="p-canonical" href="https://medium.com/@edna/{0}-a1b2c3d4e5f6">x</a></article>'
)


def each(form: str) -> str:
    return "".join(form.replace("@title", title).replace("@text", TEXT) for title in TITLES)


def objects(**names: str) -> list[dict[str, str]]:
    return [{key: value.replace("@title", title) for key, value in names.items()} for title in TITLES]


def jsonl(rows: list[dict[str, str]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def warc() -> str:
    records = []
    for title in TITLES:
        content = PAGE.format(title, TEXT)
        answer = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(content)}\r\n\r\n{content}"
        records.append(
            f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://post.example/{title}\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n{answer}\r\n\r\n"
        )
    return "".join(records)


def files(suffix: str, form: str) -> dict[str, str]:
    return {f"{title}{suffix}": form.format(title, TEXT) for title in TITLES}


ROWS = objects(id="@title", title="@title", text=TEXT)
LINKS = objects(url="https://post.example/@title", title="@title", tags="", created="2019-01-01", textContent=TEXT)
SAMPLES: list[tuple[str, str, str | dict[str, str]]] = [
    ("table", "t.jsonl", jsonl(ROWS)),
    ("table", "t.json", json.dumps(ROWS)),
    ("table", "t.csv", "id,title,text\n" + each("@title,@title,@text\n")),
    ("feed", "f.xml", "<rss version='2.0'><channel><title>P</title>"
     + each("<item><guid>@title</guid><title>@title</title><description>@text</description></item>")
     + "</channel></rss>"),
    ("feed", "f.json", json.dumps({"version": "https://jsonfeed.org/version/1.1",
                                   "items": objects(id="@title", title="@title", content_text=TEXT)})),
    ("wordpress", "w.xml", '<rss xmlns:content="http://purl.org/rss/1.0/modules/content/"'
     ' xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>S</title>'
     + each("<item><title>@title</title><guid>@title</guid><content:encoded>@text</content:encoded></item>")
     + "</channel></rss>"),
    ("blogger", "b.xml", "<feed xmlns:blogger='http://schemas.google.com/blogger/2018'>"
     + each("<entry><id>@title</id><title>@title</title><content type='html'>@text</content></entry>") + "</feed>"),
    ("substack", "export", {"posts.csv": "post_id,is_published,title\n" + "".join(
        f"{number}.x,true,{title}\n" for number, title in enumerate(TITLES))} | {
        f"posts/{number}.x.html": TEXT for number in range(3)}),
    ("medium", "export",
     {f"posts/2019-03-14_{title}-a1b2c3d4e5f6.html": MEDIUM.format(title, TEXT) for title in TITLES}),
    ("wordpress-json", "w.json", json.dumps([{"guid": {"rendered": title}, "title": {"rendered": title},
                                              "content": {"rendered": TEXT}} for title in TITLES])),
    ("ghost", "g.json", json.dumps({"meta": {"exported_on": 1}, "data": {
        "posts": objects(slug="@title", title="@title", html=TEXT)}})),
    ("notion", "notion",
     {f"{title} {number:032x}.md": f"# {title}\n\n{TEXT}\n" for number, title in enumerate(TITLES)}),
    ("roam", "r.json", json.dumps([{"title": title, "edit-time": 1552557300000, "children": [{"string": TEXT}]}
                                   for title in TITLES])),
    ("logseq", "graph", {"logseq/config.edn": "{}"} | {f"pages/{title}.md": f"- {TEXT}\n" for title in TITLES}),
    ("tumblr", "blog", {f"posts/html/17000000000{n}.html": f"<h1>{title}</h1><p>{TEXT}</p>"
                        for n, title in enumerate(TITLES)}),
    ("evernote", "e.enex",
     "<en-export>" + each("<note><title>@title</title><content>@text</content></note>") + "</en-export>"),
    ("newsletter", "m.mbox", each("From a@example.org Thu Mar 14 10:00:00 2019\nFrom: a@example.org\n"
                                  "Subject: @title\nMessage-ID: <@title@example.org>\n\n@text\n\n")),
    ("warc", "c.warc", warc()),
    ("lexisnexis", "l.txt", each("   1 of 1 DOCUMENTS\n\n  Post\n\n  March 14, 2019\n\n@title\n\n"
                                 "LENGTH: 9 words\n\n@text\n\n")),
    ("factiva", "f.html", each("<div class='article enArticle'><span class='enHeadline'>@title</span>"
                               "<p>@text</p></div>")),
    ("europresse", "e.html", each("<article><span class='DocPublicationName'>P</span><div class='titreArticle'>"
                                  "<p class='titreArticleVisu'>@title</p></div><section>@text</section></article>")),
    ("nitf", "n.xml", each("<nitf><body><body.head><hedline><hl1>@title</hl1></hedline></body.head><body.content>"
                           "<p>@text</p></body.content></body></nitf>")),
    ("newsml", "n1.xml", "<NewsML>" + each("<NewsItem><NewsComponent><NewsLines><HeadLine>@title</HeadLine></NewsLines>"
     "<ContentItem><DataContent><p>@text</p></DataContent></ContentItem></NewsComponent></NewsItem>") + "</NewsML>"),
    ("newsml-g2", "g2.xml", "<newsMessage>" + each("<newsItem guid='@title'><contentSet><inlineData>@text</inlineData>"
                                                   "</contentSet></newsItem>") + "</newsMessage>"),
    ("tei", "t.xml", "<teiCorpus>" + each("<TEI><teiHeader><title>@title</title></teiHeader><text><p>@text</p></text>"
                                             "</TEI>")
     + "</teiCorpus>"),
    ("jats", "j.xml", "<pmc-articleset>" + each("<article article-type='x'><body><p>@title @text</p></body></article>")
     + "</pmc-articleset>"),
    ("references", "r.ris", each("TY  - JOUR\nTI  - @title\nAB  - @text\nER  -\n")),
    ("ninjs", "n.json", json.dumps(objects(uri="@title", headline="@title", body_text=TEXT))),
    ("proquest", "p.txt", each("_" * 60 + "\n\n@title\n\nFull text: @text\n\nProQuest document ID: @title\n\n")),
    ("readlater", "l.json", json.dumps(LINKS)),
    ("readlater", "i.csv", "URL,Title,Selection,Folder\n" + each("https://post.example/@title,@title,@text,Unread\n")),
    ("readlater", "b.html", "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL>"
     + each('<DT><A HREF="https://post.example/@title">@title</A><DD>@text') + "</DL>"),
    ("readlater", "k.json", json.dumps({"bookmarks": [
        {"title": title, "createdAt": 1, "tags": [], "content": {"type": "text", "text": TEXT}} for title in TITLES]})),
    ("html", "pages", files(".html", PAGE)),
    ("markdown", "tree", files(".md", "# {}\n\n{}\n")),
    ("text", "texts", files(".txt", "{}\n\n{}\n")),
    ("urls", "urls.txt", each("https://post.example/@title\n")),
]  # fmt: skip


def put(tmp_path: Path, name: str, content: str | dict[str, str]) -> Path:
    path = tmp_path / name
    if isinstance(content, str):
        path.write_text(content)
        return path
    path.mkdir()
    for below, text in content.items():
        (path / below).parent.mkdir(parents=True, exist_ok=True)
        (path / below).write_text(text)
    return path


def fetch(url: str) -> FetchResponse:
    return FetchResponse(url, "text/html", PAGE.format(url.rpartition("/")[2], TEXT).encode())


def counting(fails_at: int = 0) -> tuple[ImportContext, Callable[[], int]]:
    begun: list[None] = []

    def begin() -> None:
        begun.append(None)
        if len(begun) == fails_at:
            raise ArchiveError("takes too long to read")

    return ImportContext(begin=begin), lambda: len(begun)


def test_every_format_of_several_items_has_a_sample() -> None:
    assert registry.KINDS.keys() - ONE_ITEM == {kind for kind, _, _ in SAMPLES}


@pytest.mark.parametrize(("kind", "name", "content"), SAMPLES, ids=[f"{kind}-{name}" for kind, name, _ in SAMPLES])
@pytest.mark.parametrize("fails_at", [0, 2])
def test_each_item_begins_once_and_a_slow_one_does_not_end_the_rest(
    kind: str, name: str, content: str | dict[str, str], fails_at: int, tmp_path: Path
) -> None:
    path = put(tmp_path, name, content)
    context, begun = counting(fails_at)
    if kind == "urls":
        context = replace(context, fetch=fetch)
    found = list(registry.load(kind).read(path, context))
    assert begun() == len(TITLES)
    kinds = [Problem if number == fails_at else Reference if kind == "references" else Item for number in (1, 2, 3)]
    assert [type(event) for event in found] == kinds, found
    assert all("takes too long" in event.reason for event in found if isinstance(event, Problem))


DEEP = "<div>" * 5000 + "<p>deep</p>"


@pytest.mark.parametrize(
    ("kind", "name", "content"),
    [
        ("table", "t.jsonl", jsonl([ROWS[0], ROWS[1] | {"text": DEEP}, ROWS[2]])),
        ("table", "t.csv", f"id,title,text\n1,First,{TEXT}\n2,Second,{DEEP}\n3,Third,{TEXT}\n"),
        ("feed", "f.json", json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [
            {"id": "1", "content_text": TEXT}, {"content_html": DEEP}, 3, {"id": "4", "content_text": TEXT}]})),
        ("readlater", "w.json", json.dumps([
            {"url": f"https://post.example/{n}", "title": "T", "is_archived": 0, "is_starred": 0, "created_at": "",
             "content": DEEP if n == 2 else TEXT} for n in (1, 2, 3)])),
    ],
)  # fmt: skip
def test_an_item_that_cannot_be_read_is_reported_and_the_rest_comes_in(
    kind: str, name: str, content: str, tmp_path: Path
) -> None:
    found = list(registry.load(kind).read(put(tmp_path, name, content), ImportContext()))
    assert isinstance(found[0], Item)
    assert isinstance(found[1], Problem)
    assert isinstance(found[-1], Item)


def test_the_problem_of_a_row_names_its_line(tmp_path: Path) -> None:
    path = put(tmp_path, "t.jsonl", jsonl([ROWS[0], ROWS[1] | {"text": DEEP}, ROWS[2]]))
    assert [e.line for e in registry.load("table").read(path, ImportContext()) if isinstance(e, Problem)] == [2]


def test_a_text_of_an_omnivore_export_that_is_too_large_is_reported(tmp_path: Path) -> None:
    entries = [{"slug": name, "url": f"https://post.example/{name}", "savedAt": "", "state": "x"} for name in "abc"]
    path = put(tmp_path, "metadata_0_to_20.json", json.dumps(entries))
    (tmp_path / "content").mkdir()
    for name in "ac":
        (tmp_path / "content" / f"{name}.html").write_text(f"<p>{TEXT}</p>")
    with (tmp_path / "content" / "b.html").open("wb") as file:
        file.truncate(21 * 1024 * 1024)
    assert [type(event) for event in registry.load("readlater").read(path, ImportContext())] == [Item, Problem, Item]
