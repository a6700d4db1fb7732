"""Tumblr: posts of an export, in a zip within the zip, with their media."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from importing import import_twice, write_tree

from backfile.archive.importers.formats.blogs import tumblr
from backfile.archive.importers.item import ImportContext, Item, Skipped
from backfile.archive.report import Problem

PAGE = """<!DOCTYPE HTML><html><head><meta charset="utf-8"><title></title></head>
<body>{0}<div id="footer"><span id="timestamp"> March 14th, 2019 7:13pm </span>
<span class="tag">sea</span><span class="tag">night ferries</span></div></body></html>"""
TEXT = (
    '<h1>The night ferry</h1><p>It left at <b>nine</b>.</p><figure><img src="../../media/170000000001_0.jpg"></figure>'
)


def test_posts_and_other_pages(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "posts/html/170000000001.html": PAGE.format(TEXT),
        "posts/html/170000000002.html": PAGE.format("<p>Only a line.</p>"),
        "posts/html/170000000003.html": PAGE.format(""),
        "posts/html/170000000004.html": "<div>" * 5000,
        "posts/posts_index.html": "<html>",
        "media/170000000001_0.jpg": b"\xff\xd8",
    }
    first, second, empty, broken, index = tumblr.read(write_tree(tmp_path, files), ImportContext())
    assert isinstance(first, Item)
    assert (first.origin, first.metadata.title) == ("tag:tumblr.com,2007:170000000001", "The night ferry")
    assert (str(first.metadata.date), first.metadata.topics) == ("2019-03-14", ("sea", "night ferries"))
    assert first.body == "It left at **nine**.\n\n![](../../media/170000000001_0.jpg)"
    assert [asset.name for asset in first.assets] == ["../../media/170000000001_0.jpg"]
    assert isinstance(second, Item)
    assert (second.metadata.title, second.body) == ("", "Only a line.")
    assert empty == Skipped("posts/html/170000000003.html", "has neither title nor text")
    assert isinstance(broken, Problem)
    assert index == Skipped("posts/posts_index.html", "no post but a page of the export")


def test_the_download_comes_in_twice_alike(tmp_path: Path) -> None:
    posts = io.BytesIO()
    with zipfile.ZipFile(posts, "w") as archive:
        archive.writestr("html/170000000001.html", PAGE.format(TEXT))
        archive.writestr("posts_index.html", "<html>")
    with zipfile.ZipFile(tmp_path / "harbour.zip", "w") as archive:
        archive.writestr("posts.zip", posts.getvalue())
        archive.writestr("media/170000000001_0.jpg", b"\xff\xd8")
    written = import_twice(tmp_path / "library", tmp_path / "harbour.zip")
    assert list(written) == [
        "2019/2019-03-14-the-night-ferry/170000000001-0.jpg",
        "2019/2019-03-14-the-night-ferry.md",
    ]
