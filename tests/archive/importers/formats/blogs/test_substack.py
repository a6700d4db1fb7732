"""Substack: `posts.csv` and the texts beside it."""

from __future__ import annotations

import json
import zipfile
from html import escape
from pathlib import Path

import pytest
from importing import import_twice, write_tree

from backfile.archive.importers.formats.blogs import substack
from backfile.archive.importers.item import ImportContext, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.model import Source
from backfile.archive.report import Problem

COLUMNS = "post_id,post_date,is_published,email_sent_at,inbox_sent_at,type,audience,title,subtitle,podcast_url\n"
TEXT = "<p>The night ferry left the harbour a little after eleven.</p>"


def row(name: str, published: str = "true", kind: str = "newsletter", who: str = "everyone", sound: str = "") -> str:
    title = 'The night ferry,"It’s late, &amp; slow"'
    return f"{name},2019-03-14T20:48:19.814Z,{published},,,{kind},{who},{title},{sound}\n"


def export(tmp_path: Path, rows: str, **texts: str) -> Path:
    files: dict[str, str | bytes] = {f"posts/{name.replace('_', '.')[1:]}.html": text for name, text in texts.items()}
    return write_tree(tmp_path, {"posts.csv": COLUMNS + rows, **files})


def body(tmp_path: Path, html: str) -> tuple[str, tuple[str, ...]]:
    (item,) = substack.read(export(tmp_path, row("7.ferry"), p7_ferry=html), ImportContext())
    assert isinstance(item, Item)
    return item.body, item.notes


def element(tag: str, classes: str, inner: str = "", **values: object) -> str:
    return f'<{tag} class="{classes}" data-attrs="{escape(json.dumps(values))}">{inner}</{tag}>'


def test_each_published_post_is_an_article(tmp_path: Path) -> None:
    rows = row("7.ferry") + row("8.talk", kind="thread", who="only_paid") + row("9.draft", "FALSE") + row("10.new")
    folder = export(
        tmp_path, rows, p7_ferry=TEXT, p8_talk="<p>Talk.</p>", p9_draft="<p>Not yet.</p>", p11_lost="<p>x</p>"
    )
    write_tree(tmp_path, {"posts/7.delivers.csv": "email\nreader@post.example\n", "email_list.csv": "email\n"})
    first, second, draft, missing, unlisted, others = substack.read(folder, ImportContext())
    assert isinstance(first, Item)
    assert (first.origin, first.metadata.title) == ("tag:substack.com,2017:post-7", "The night ferry")
    assert first.metadata.summary == "It’s late, & slow"
    assert str(first.metadata.date) == "2019-03-14"
    assert first.extra == {"slug": "ferry"}
    assert isinstance(second, Item)
    assert second.extra == {"post_type": "thread", "audience": "only_paid", "slug": "talk"}
    assert draft == Skipped("posts/9.draft", "not published")
    assert isinstance(missing, Problem)
    assert "its text is not in the export" in missing.reason
    assert isinstance(unlisted, Problem)
    assert unlisted.path == "posts/11.lost.html"
    assert others == Skipped("subscribers", "2 tables of subscribers and readers: not read")


BUTTON = '<p class="button-wrapper" data-attrs="{}"><a class="button primary" href="{}"><span>Go</span></a></p>'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (BUTTON.format("{}", "https://post.substack.com/subscribe?") + TEXT, TEXT[3:-4]),
        (
            BUTTON.format("{}", "%%checkout_url%%")
            + BUTTON.format("{}", "https://a.example/p/x/comments")
            + "<p>A.</p>",
            "A.",
        ),
        (BUTTON.format("{}", "https://shop.example/book"), "[Go](https://shop.example/book)"),
        ('<div class="subscription-widget-wrap-editor"><p>Thanks for reading!</p></div><p>A.</p>', "A."),
        (
            "<p>With " + element("span", "mention-wrap", name="John Roe", id=3) + " on board.</p>",
            "With John Roe on board.",
        ),
        (
            element(
                "div",
                "youtube-wrap",
                '<iframe src="https://www.youtube-nocookie.com/embed/abc"></iframe>',
                videoId="abc",
            ),
            "[https://www.youtube.com/watch?v=abc](https://www.youtube.com/watch?v=abc)",
        ),
        (
            element("div", "tweet", url="https://x.example/1", full_text="Late\nagain", name="Edna Marsh"),
            "> Late\\\n> again\n>\n> [Edna Marsh](https://x.example/1)",
        ),
        (
            element(
                "div", "embedded-post-wrap", url="https://tide.example/p/1", title="Tides", publication_name="The Tide"
            ),
            "[Tides](https://tide.example/p/1): The Tide",
        ),
        (
            element(
                "div",
                "image-gallery-embed",
                gallery={"images": [{"src": "https://p.example/1.png"}], "caption": "Pier"},
            ),
            "![](https://p.example/1.png)\n\n*Pier*",
        ),
        (element("div", "latex-rendered", persistentExpression="a_1 < b^*"), "$$a_1 < b^*$$"),
        (element("div", "weird", url="javascript:alert(1)", title="No"), "No"),
        ('<div data-attrs="{broken">A.</div>', "A."),
        ("", ""),
    ],
)
def test_elements_of_the_editor(html: str, expected: str, tmp_path: Path) -> None:
    assert body(tmp_path, html) == (expected, ())


def test_what_the_export_does_not_contain_is_said(tmp_path: Path) -> None:
    html = element("div", "native-video-embed", mediaUploadId="x") + element("div", "poll-embed", id=3) + "<p>A.</p>"
    text, notes = body(tmp_path, html)
    assert text == "A."
    assert notes == (
        "has a video, which the export does not contain",
        "has a poll, which the export does not contain",
    )


def test_the_address_is_that_of_the_buttons_of_the_post_itself(tmp_path: Path) -> None:
    other = BUTTON.format("{}", "https://other.example/p/tide/comments")
    own = BUTTON.format("{}", "https://post.example/p/ferry/comments")
    (item,) = substack.read(export(tmp_path, row("7.ferry"), p7_ferry=other + own + TEXT), ImportContext())
    assert isinstance(item, Item)
    assert item.metadata.source == Source(None, "https://post.example/p/ferry")


def test_a_recording_is_a_link(tmp_path: Path) -> None:
    rows = row("7.ferry", kind="podcast", sound="https://post.example/sound/ferry.mp3?x=1")
    (item,) = substack.read(export(tmp_path, rows, p7_ferry=TEXT), ImportContext())
    assert isinstance(item, Item)
    assert item.body.startswith("[ferry.mp3](https://post.example/sound/ferry.mp3?x=1)\n\n")


def test_the_table_alone_is_enough_to_name(tmp_path: Path) -> None:
    detection = registry.detect_format(registry.probe(export(tmp_path, row("7.ferry"), p7_ferry=TEXT) / "posts.csv"))
    assert detection is not None
    assert detection.format.KIND == "substack"


def test_the_zip_comes_in_twice_alike(tmp_path: Path) -> None:
    folder = export(tmp_path / "x", row("7.ferry") + row("9.draft", "false"), p7_ferry=TEXT, p9_draft="<p>No.</p>")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(folder))
    written = import_twice(tmp_path / "library", tmp_path / "export.zip")
    assert written == {
        "2019/2019-03-14-the-night-ferry.md": "---\ntitle: The night ferry\ndate: 2019-03-14\n"
        "summary: It’s late, & slow\nslug: ferry\n---\n\nThe night ferry left the harbour a little after eleven.\n"
    }
