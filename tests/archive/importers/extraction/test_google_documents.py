"""Documents of Google Docs: form from classes, nested lists, unwrapped links, comments left out and said."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from backfile.archive.importers.extraction.google_documents import is_google_document
from backfile.archive.importers.formats import web_pages
from backfile.archive.importers.item import ImportContext, Item
from backfile.archive.importers.sources.detection import open_sources

STYLE = (
    "<style>ul.lst-kix_ab1-0{list-style-type:none}.c0{margin-left:36pt}.c1{font-weight:400;font-style:normal}"
    ".c2{font-weight:700}.c3{font-style:italic}.c5{vertical-align:super}.c6{font-weight:700;font-style:italic}"
    ".c7{text-decoration:line-through}</style>"
)
LINK = (
    "https://www.google.com/url?q=https://post.example/a?b%3D1%26c%3D2&amp;sa=D&amp;source=editors"
    "&amp;ust=1700000000000000&amp;usg=AOv"
)
DOCUMENT = f"""<html><head><meta content="text/html; charset=UTF-8" http-equiv="content-type">{STYLE}</head>
<body class="c9 doc-content"><p class="c1 title" id="h.a"><span class="c1">The night ferry</span></p>
<p class="c1 subtitle"><span class="c1">Forty years of crossings</span></p>
<h1 class="c1" id="h.b"><span class="c2">The start</span></h1>
<p class="c1"><span class="c1">It left at </span><span class="c2">ni</span><span class="c2">ne</span><span>, </span>\
<span class="c3">they</span><span>&nbsp;say</span><sup><a href="#ftnt1" id="ftnt_ref1">[1]</a></sup><span>, see </span>\
<span class="c4"><a class="c4" href="{LINK}">the post</a></span><sup><a href="#cmnt1" id="cmnt_ref1">[a]</a></sup>\
<span>. </span><span class="c6">Both</span><span>. 10</span><span class="c5">6</span> <span class="c7">old</span></p>
<ul class="c8 lst-kix_ab1-0 start"><li class="c0 li-bullet-0"><span>One</span></li></ul>
<ul class="c8 lst-kix_ab1-1 start"><li class="c0"><span>Inner</span></li><li><span>Inner two</span></li></ul>
<ul class="c8 lst-kix_ab1-0"><li class="c0"><span>Two</span></li></ul><p class="c1"><span class="c1"></span></p>
<ol class="lst-kix_cd2-0 start" start="1"><li><span>First</span></li></ol>
<p class="c1"><span style="overflow: hidden"><img alt="The pier" src="images/image1.png" title=""></span></p>
<hr style="page-break-before:always;display:none;"><p class="c1"><span>Last.</span></p><hr class="c11">
<div><p class="c1"><a href="#ftnt_ref1" id="ftnt1">[1]</a><span>&nbsp;A note of the author.</span></p></div>
<div class="c12"><p class="c1"><a href="#cmnt_ref1" id="cmnt1">[a]</a><span>Please check</span></p></div></body>
</html>"""
BODY = """# The start

It left at **nine**, *they* say[^1], see [the post](https://post.example/a?b=1&c=2). ***Both***. 10<sup>6</sup> ~~old~~

- One
  - Inner
  - Inner two
- Two

1. First

![The pier](images/image1.png)

Last.

[^1]: A note of the author."""


def article_of(html: str, *, url: str | None = None) -> Item:
    item = web_pages.read_page(html.encode(), name="folder/My text.html", url=url)
    assert isinstance(item, Item)
    return item


def test_a_document_keeps_its_form() -> None:
    item = article_of(DOCUMENT)
    assert item.metadata.title == "The night ferry"
    assert item.metadata.summary == "Forty years of crossings"
    assert item.body == BODY
    assert item.notes == ("a comment of the document is left out",)


def test_a_download_brings_its_pictures(tmp_path: Path) -> None:
    archive = tmp_path / "ferry.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("Nightferry.html", DOCUMENT)
        packed.writestr("images/image1.png", b"\x89PNG picture")
    for source in open_sources(archive):  # what is unpacked is gone after its turn
        (item,) = source.read(ImportContext())
        assert isinstance(item, Item)
        assert [(asset.name, asset.load()) for asset in item.assets] == [("images/image1.png", b"\x89PNG picture")]


def test_a_published_document_is_its_content() -> None:
    page = (
        f"<html><head><title>Ferries</title></head><body><div id='banners'>Published using Google Docs</div>"
        f"<div id='contents'>{STYLE}<div class='c9 doc-content'><p class='c1'><span>Short text.</span></p></div></div>"
        "<div id='footer'>Report abuse</div></body></html>"
    )
    item = article_of(page, url="https://docs.google.com/document/d/e/2PACX/pub")
    assert (item.metadata.title, item.body) == ("Ferries", "Short text.")
    assert item.metadata.source is not None


def test_a_document_without_a_title_has_the_name_of_its_file() -> None:
    page = f"<html><head>{STYLE}</head><body class='c1 doc-content'><p><span>Text.</span></p></body></html>"
    assert article_of(page).metadata.title == "My text"


@pytest.mark.parametrize(
    ("lists", "body"),
    [
        (
            "<ul class='lst-kix_a-0 start'><li>a</li></ul><ol class='lst-kix_a-1 start'><li>b</li></ol>"
            "<ul class='lst-kix_a-2 start'><li>c</li></ul><ol class='lst-kix_a-1'><li>d</li></ol>",
            "- a\n  1. b\n     - c\n  2. d",
        ),
        ("<ul class='lst-kix_a-1 start'><li>a</li></ul><ul class='lst-kix_a-0'><li>b</li></ul>", "- a\n\n- b"),
        (
            "<ol class='lst-kix_a-0 start'><li>a</li></ol><p>x</p><ol class='lst-kix_a-0' start='2'><li>b</li></ol>",
            "1. a\n\nx\n\n2. b",
        ),
    ],
)
def test_lists_in_lists(lists: str, body: str) -> None:
    assert article_of(f"<html><head>{STYLE}</head><body class='doc-content'>{lists}</body></html>").body == body


def test_several_comments_are_counted() -> None:
    comments = "".join(f"<div><p><a href='#cmnt_ref{n}' id='cmnt{n}'>[{n}]</a> Check</p></div>" for n in (1, 2, 3))
    page = f"<html><head>{STYLE}</head><body class='doc-content'><p>Text.</p>{comments}</body></html>"
    item = article_of(page)
    assert item.notes == ("3 comments of the document are left out",)
    assert item.body == "Text."


def test_other_pages_are_not_taken_for_documents() -> None:
    assert not is_google_document(b"<body class='doc-content'><p>Docs of a theme</p></body>")
    assert not is_google_document(b"<style>.c1{color:red}</style><body><p class='c1'>x</p></body>")
    assert is_google_document(DOCUMENT.encode())
