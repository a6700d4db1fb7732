"""Posts of site builders in other markup than Markdown."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from importing import import_twice, write_tree

from backfile.archive.importers.formats import web_pages
from backfile.archive.importers.formats.markdown_tree import tree
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.model import Source
from backfile.archive.report import Problem

TEXT = "<p>The night ferry left the harbour a little after eleven.</p>"
BLOGGER_POST = f"""---
layout: post
title: 'The night ferry &amp; the tide'
date: '2010-11-27T10:00:00.000-08:00'
author: Edna Marsh
tags:
- sea
modified_time: '2010-11-28T10:00:00.000-08:00'
blogger_orig_url: http://post.example/2010/11/night.html
---
{TEXT}<h2>Part</h2><p>See <a href="2012-01-02-second.html">the second</a>.</p><p><img src="/images/pier.png"></p>
"""
WORDPRESS_POST = f"""---
title: Second
date: 2012-01-02 03:04:05.000000000 +00:00
status: publish
categories: [News]
author:
  login: edna
  email: edna@post.example
  display_name: Edna Marsh
---
{TEXT}
"""


def read(folder: Path) -> dict[str, ImportEvent]:
    return {getattr(event, "origin", getattr(event, "path", "")): event for event in tree.read(folder, ImportContext())}


def test_html_posts_of_jekylls_importers(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "_config.yml": "url: https://post.example",
        "_posts/2010-11-27-night-ferry.html": BLOGGER_POST,
        "_posts/2012-01-02-second.html": WORDPRESS_POST,
        "_drafts/late.html": "---\ntitle: Late\n---\n<p>x</p>",
        "_layouts/post.html": "---\nlayout: default\n---\n{{ content }}",
        "index.html": "---\nlayout: home\n---\n{% for post in site.posts %}<p>{{ post.title }}</p>{% endfor %}",
        "plain.html": "<html><body>No front matter</body></html>",
        "images/pier.png": b"\x89PNG",
    }
    folder = write_tree(tmp_path, files)
    detection = registry.detect_format(registry.probe(folder))
    assert detection is not None
    assert detection.format.KIND == "markdown"
    found = read(folder)
    first, second = found["_posts/2010-11-27-night-ferry.html"], found["_posts/2012-01-02-second.html"]
    assert isinstance(first, Item)
    assert first.metadata.title == "The night ferry & the tide"
    assert (first.metadata.authors, first.metadata.topics) == (("Edna Marsh",), ("sea",))
    assert (str(first.metadata.date), str(first.metadata.updated)) == ("2010-11-27", "2010-11-28")
    assert first.metadata.source == Source(None, "http://post.example/2010/11/night.html")
    assert "\n\n## Part\n\nSee [the second](2012-01-02-second.html)." in first.body
    assert first.links == {"2012-01-02-second.html": "_posts/2012-01-02-second.html"}
    assert [asset.name for asset in first.assets] == ["/images/pier.png"]
    assert isinstance(second, Item)
    assert second.metadata.authors == ("Edna Marsh",)
    assert "edna@" not in str(second.extra)
    assert {name: event.reason for name, event in found.items() if isinstance(event, Skipped)} == {
        "_drafts/late.html": "draft",
        "index.html": "a template of the site",
        "*.html": "1 web pages without front matter, no posts; name their folder to import them",
    }


@pytest.mark.parametrize("name", ["", "2010-11-27-night-ferry.html"])
def test_the_folder_of_posts_or_one_of_them_alone(name: str, tmp_path: Path) -> None:
    path = write_tree(tmp_path, {"2010-11-27-night-ferry.html": BLOGGER_POST}) / name
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    (item,) = detection.format.read(path, ImportContext())
    assert isinstance(item, Item)
    assert item.metadata.title == "The night ferry & the tide"
    assert item.body.startswith("The night ferry left")


def test_a_broken_post_does_not_reach_the_next(tmp_path: Path) -> None:
    deep = "---\ntitle: A\n---\n" + "<div>" * 5000
    write_tree(tmp_path, {"2010-01-01-a.html": deep, "2010-01-02-b.html": BLOGGER_POST})
    assert [type(event) for event in web_pages.read(tmp_path, ImportContext())] == [Problem, Item]


RST = """The night ferry
###############

:date: 2019-03-14 10:20
:tags: sea, ferries
:authors: Edna Marsh; John Roe
:summary: *Late* again

It *left* at nine. See `tides <{filename}tides.rst>`_.

.. image:: {static}/images/pier.png
   :alt: Pier
"""
PELICAN: dict[str, str | bytes] = {
    "pelicanconf.py": "SITEURL = 'https://post.example'",
    "content/ferry.rst": RST,
    "content/tides.rst": "Tides\n=====\n\n:date: 2019-03-15\n\nOf that year, high.\n",
    "content/later.rst": "Later\n=====\n\n:status: draft\n\nNot yet.\n",
    "content/images/pier.png": b"\x89PNG",
}


def test_restructuredtext_of_pelican_comes_in_twice_alike(tmp_path: Path) -> None:
    pytest.importorskip("pypandoc")
    written = import_twice(tmp_path / "library", write_tree(tmp_path / "site", PELICAN))
    assert list(written) == [
        "2019/2019-03-14-the-night-ferry/pier.png",
        "2019/2019-03-14-the-night-ferry.md",
        "2019/2019-03-15-tides.md",
    ]
    assert written["2019/2019-03-14-the-night-ferry.md"] == (
        "---\ntitle: The night ferry\nauthors: [Edna Marsh, John Roe]\ndate: 2019-03-14\ntopics: [sea, ferries]\n"
        "summary: Late again\n---\n\nIt *left* at nine. See [tides](2019-03-15-tides.md).\n\n"
        "![Pier](2019-03-14-the-night-ferry/pier.png)\n"
    )


def test_front_matter_above_other_markup(tmp_path: Path) -> None:
    pytest.importorskip("pypandoc")
    files: dict[str, str | bytes] = {
        "hugo.toml": "",
        "content/a.org": "---\ntitle: Ferry\ndate: 2019-03-14\n---\n* Part\nIt *left*.\n",
        "content/b.adoc": "= Tides\nEdna Marsh <edna@post.example>\nv1.0, 2019-03-15\n:page-tags: sea\n\n"
        "It _rose_.\n\n== Part\n\nx\n",
    }
    found = read(write_tree(tmp_path, files))
    ferry, tides = found["content/a.org"], found["content/b.adoc"]
    assert isinstance(ferry, Item)
    assert (ferry.metadata.title, ferry.body) == ("Ferry", "## Part\n\nIt **left**.")
    assert isinstance(tides, Item)
    assert (tides.metadata.title, tides.metadata.authors) == ("Tides", ("Edna Marsh",))
    assert (str(tides.metadata.date), tides.metadata.topics) == ("2019-03-15", ("sea",))
    assert tides.body == "It *rose*.\n\n## Part\n\nx"


def test_without_pandoc_the_posts_are_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypandoc", None)
    importlib.import_module("backfile.archive.importers.formats.documents")
    monkeypatch.delitem(sys.modules, "backfile.archive.importers.formats.documents.pandoc", raising=False)
    monkeypatch.delattr("backfile.archive.importers.formats.documents.pandoc", raising=False)
    found = read(write_tree(tmp_path, PELICAN))
    assert found["content/ferry.rst"] == Skipped(
        "content/ferry.rst", "reading it needs Pandoc: pip install 'backfile[documents]'"
    )
