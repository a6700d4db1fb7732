"""WordPress exports: selection of posts, their text, broken XML."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backfile.archive.importers.formats.wordpress import wxr
from backfile.archive.importers.formats.wordpress.post_html import post_to_html
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!-- generator="WordPress/6.5" created="2024-06-10 12:29" -->
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:wp="http://wordpress.org/export/1.2/"><channel>
<title>The Harbour Post</title><link>https://post.example</link><language>en-GB</language>
<wp:author>
<wp:author_login>edna</wp:author_login><wp:author_display_name>Edna Marsh</wp:author_display_name></wp:author>
<image><title>Logo</title><link>https://cdn.example</link></image>
"""
TAIL = "</channel></rss>"


def post(number: int = 1, content: str = "<p>It left.</p>", **fields: str) -> str:
    values = {"status": "publish", "post_type": "post", "post_date": "2019-03-14 23:30:00"} | fields
    inner = "".join(f"<wp:{name}><![CDATA[{value}]]></wp:{name}>" for name, value in values.items())
    return f"""<item><title>Ferry {number}</title><link>https://post.example/ferry-{number}/</link>
<guid isPermaLink="false">https://post.example/?p={number}</guid><dc:creator>edna</dc:creator>
<content:encoded><![CDATA[{content}]]></content:encoded><excerpt:encoded>In &lt;b&gt;short&lt;/b&gt;</excerpt:encoded>
<category domain="category" nicename="sea">Sea &amp; air</category><category domain="post_tag">night</category>
<category domain="post_format">Aside</category>{inner}</item>"""


def read(tmp_path: Path, content: str) -> list[ImportEvent]:
    path = tmp_path / "export.xml"
    path.write_text(content, encoding="utf-8")
    return list(wxr.read(path, ImportContext()))


def test_a_post(tmp_path: Path) -> None:
    assert read(tmp_path, HEAD + post() + TAIL) == [
        Item(
            origin="https://post.example/?p=1",
            metadata=ArticleMetadata(
                title="Ferry 1",
                authors=("Edna Marsh",),
                topics=("Sea & air", "night"),
                date=PartialDate(2019, 3, 14),
                summary="In short",
                source=Source("The Harbour Post", "https://post.example/ferry-1/"),
                language="en-GB",
            ),
            body="It left.",
        )
    ]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "draft"}, "draft"),
        ({"status": "future"}, "not published yet"),
        ({"status": "private"}, "private"),
        ({"post_password": "x"}, "behind a password"),
        ({"post_type": "attachment", "status": "inherit"}, "an attachment"),
        ({"post_type": "nav_menu_item"}, "a menu entry"),
        ({"post_type": "wp_block"}, "no article but wp_block"),
    ],
)
def test_items_that_are_no_articles_are_skipped(tmp_path: Path, fields: dict[str, str], reason: str) -> None:
    assert read(tmp_path, HEAD + post(**fields) + TAIL) == [Skipped("https://post.example/?p=1", reason)]


def test_pages_and_posts_of_other_types_are_taken(tmp_path: Path) -> None:
    page, recipe = read(tmp_path, HEAD + post(1, post_type="page") + post(2, post_type="recipe") + TAIL)
    assert isinstance(page, Item)
    assert isinstance(recipe, Item)
    assert (page.extra, recipe.extra) == ({}, {"post_type": "recipe"})


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("One\nline\n\nTwo", "One\\\nline\n\nTwo"),
        ("<h2>A</h2>\nOne\n\n<ul>\n<li>x</li>\n</ul>\nTwo", "## A\n\nOne\n\n- x\n\nTwo"),
        ("<pre>a\n\nb</pre>", "```\na\n\nb\n```"),
        ("<!-- wp:paragraph -->\n<p>One\nline</p>\n<!-- /wp:paragraph -->", "One\nline"),
        ('[caption id="a" width="3"]<img src="/a.png" alt="A" /> The ship[/caption]',
         "![A](https://post.example/a.png)\n\n*The ship*"),
        ("[embed]https://v.example/1[/embed] after", "https://v.example/1 after"),
        ('[gallery ids="1,2"]\n\nBelow', "Below"),
        ('[box color="red"]inside[/box] [sic] [[gallery]]', "inside [sic] \\[gallery\\]"),
        ("<!--more-->", ""),
    ],
)  # fmt: skip
def test_the_text_is_that_of_the_wordpress_page(tmp_path: Path, content: str, body: str) -> None:
    (item,) = read(tmp_path, HEAD + post(content=content) + TAIL)
    assert isinstance(item, Item)
    assert item.body == body


def test_a_gallery_is_noted() -> None:
    assert post_to_html("[gallery]")[1] == ("has a gallery of pictures, which the export does not name",)


def test_broken_xml_is_reported_and_reading_goes_on(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + post(1) + post(2, content="a]]>b\x0c") + post(3) + "<item><title>cut")
    assert [each.metadata.title for each in found if isinstance(each, Item)][:3] == ["Ferry 1", "Ferry 2", "Ferry 3"]
    problems = [each for each in found if isinstance(each, Problem)]
    assert all(each.reason.startswith("broken XML") for each in problems)
    assert all(each.line for each in problems)
    assert len(problems) >= 2


def test_entities_are_not_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    bomb = f'<!DOCTYPE rss [<!ENTITY a "{"x" * 100}"><!ENTITY f SYSTEM "{secret.as_uri()}">]>\n<rss'
    found = read(tmp_path, (HEAD + post() + TAIL).replace("<rss", bomb, 1).replace("Ferry 1", "Ferry &f;&a;"))
    assert "SECRET" not in repr(found)
    assert "xxxx" not in repr(found)


def test_exports_are_recognised_and_other_feeds_are_not() -> None:
    assert wxr.detect(Probe(Path("x"), False, HEAD.encode())) == 98
    assert wxr.detect(Probe(Path("x"), False, b'<rss version="2.0"><channel>')) == 0


@pytest.mark.corpora
@pytest.mark.long
def test_the_exports_of_the_world() -> None:
    root = Path(os.environ.get("CORPORA", Path.home() / ".cache/backfile-corpora")) / "wxr-wordpress"
    if not root.is_dir():
        pytest.skip("the corpus wxr-wordpress is not on this machine")
    found = [each for path in sorted(root.rglob("*.xml")) for each in wxr.read(path, ImportContext())]
    assert sum(isinstance(each, Item) for each in found) > 300
    assert sum(isinstance(each, Problem) for each in found) < 10
