"""Ghost: the JSON export, its tables, and the documents of its editors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from importing import import_twice, write_tree

from backfile.archive.importers.formats.blogs import ghost
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.model import Source
from backfile.archive.report import Problem

HTML = '<p>The ferry left at nine. See <a href="__GHOST_URL__/tides/">the tides</a>.</p>'


def post(number: int = 1, **values: object) -> dict[str, Any]:
    return {
        "id": f"5f{number:022d}",
        "uuid": f"11111111-2222-3333-4444-{number:012d}",
        "title": "The night ferry",
        "slug": "the-night-ferry",
        "mobiledoc": None,
        "html": HTML,
        "status": "published",
        "visibility": "public",
        "type": "post",
        "published_at": "2019-03-14T21:00:00.000Z",
        "updated_at": "2019-03-16T08:00:00.000Z",
    } | values


def export(*posts: Mapping[str, Any], **tables: object) -> dict[str, Any]:
    data = {
        "posts": list(posts),
        "users": [{"id": "1", "name": "Edna Marsh", "email": "edna@post.example"}, {"id": "2", "name": "John Roe"}],
        "tags": [{"id": "7", "name": "Sea & air"}, {"id": "8", "name": "#internal"}],
        "posts_authors": [
            {"post_id": f"5f{1:022d}", "author_id": "2", "sort_order": 1},
            {"post_id": f"5f{1:022d}", "author_id": "1", "sort_order": 0},
        ],
        "posts_tags": [{"post_id": f"5f{1:022d}", "tag_id": tag, "sort_order": 0} for tag in ("7", "8")],
        "posts_meta": [],
        "settings": [{"key": "title", "value": "The Harbour Post"}, {"key": "locale", "value": "en"}],
    }
    return {"db": [{"meta": {"exported_on": 1718000000000, "version": "5.82.2"}, "data": data | tables}]}


def read(tmp_path: Path, exported: object) -> list[ImportEvent]:
    path = tmp_path / "the-harbour-post.ghost.json"
    path.write_text(json.dumps(exported))
    return list(ghost.read(path, ImportContext()))


def body(tmp_path: Path, **values: object) -> str:
    (item,) = read(tmp_path, export(post(**({"html": None} | values))))
    assert isinstance(item, Item), item
    return item.body


def test_a_post(tmp_path: Path) -> None:
    picture = {"feature_image": "https://pics.example/ferry.jpg", "custom_excerpt": "Late again"}
    meta = [{"post_id": f"5f{1:022d}", "feature_image_alt": "A ferry", "feature_image_caption": "By <b>Roe</b>"}]
    tides = post(2, slug="tides", title="Tides", type="page", visibility="members", canonical_url="https://a.example/t")
    item, page = read(tmp_path, export(post(**picture), tides, posts_meta=meta))
    assert isinstance(item, Item)
    assert item.origin == "urn:uuid:11111111-2222-3333-4444-000000000001"
    assert item.metadata.authors == ("Edna Marsh", "John Roe")
    assert item.metadata.topics == ("Sea & air",)
    assert (str(item.metadata.date), str(item.metadata.updated)) == ("2019-03-14", "2019-03-16")
    assert (item.metadata.summary, item.metadata.language) == ("Late again", "en")
    assert item.metadata.source == Source("The Harbour Post")
    assert item.body == (
        "![A ferry](https://pics.example/ferry.jpg)\n\n*By Roe*\n\nThe ferry left at nine. See [the tides](/tides/)."
    )
    assert item.links == {"/tides/": "urn:uuid:11111111-2222-3333-4444-000000000002"}
    assert isinstance(page, Item)
    assert page.extra == {"slug": "tides", "post_type": "page", "visibility": "members"}
    assert page.metadata.source == Source("The Harbour Post", "https://a.example/t")


def test_drafts_are_skipped_and_posts_sent_by_mail_alone_are_not(tmp_path: Path) -> None:
    statuses = ("draft", "scheduled", "sent", "odd")
    found = read(tmp_path, export(*(post(n, slug=status, status=status) for n, status in enumerate(statuses))))
    assert found[0] == Skipped("draft", "draft")
    assert found[1] == Skipped("scheduled", "not published yet")
    assert isinstance(found[2], Item)
    assert found[3] == Skipped("odd", "not published: odd")


def test_tables_of_old_versions(tmp_path: Path) -> None:
    old = post(1, html=None, markdown="It *left*.", page=1, author_id=1, published_at=1552597200000, uuid="", type=None)
    data = {"posts": [old], "users": [{"id": 1, "name": "Edna Marsh"}], "tags": [{"id": 3, "name": "Sea"}],
            "posts_tags": [{"post_id": old["id"], "tag_id": 3}]}  # fmt: skip
    (item,) = read(tmp_path, {"meta": {"exported_on": 1, "version": "003"}, "data": data})
    assert isinstance(item, Item)
    assert (item.origin, item.body) == ("the-night-ferry", "It *left*.")
    assert (item.metadata.authors, item.metadata.topics) == (("Edna Marsh",), ("Sea",))
    assert str(item.metadata.date) == "2019-03-14"
    assert item.extra == {"slug": "the-night-ferry", "post_type": "page"}


def text(words: str, bits: int = 0) -> dict[str, object]:
    return {"type": "extended-text", "text": words, "format": bits, "version": 1}


def node(kind: str, *children: object, **values: object) -> dict[str, object]:
    return {"type": kind, "children": list(children), "version": 1} | values


def card(kind: str, **values: object) -> dict[str, object]:
    return {"type": kind, "version": 1} | values


def lexical(*nodes: object) -> str:
    return json.dumps({"root": {"type": "root", "children": list(nodes)}})


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([node("paragraph", text("It "), text("left", 1), text(" "), text("late", 3), text("."))],
         "It **left** ***late***."),
        ([node("extended-heading", text("Tides & ebb"), tag="h2")], "## Tides & ebb"),
        ([node("paragraph", text("One"), card("linebreak"), text("two"))], "One\\\ntwo"),
        ([node("list", node("listitem", text("a")), node("listitem", text("b")), listType="number", start=3)],
         "3. a\n4. b"),
        ([node("extended-quote", text("Late again"))], "> Late again"),
        ([node("paragraph", node("link", text("tides"), url="https://t.example/"))], "[tides](https://t.example/)"),
        ([card("codeblock", code="if a < b:\n    go()", language="python")], "```python\nif a < b:\n    go()\n```"),
        ([card("image", src="https://p.example/a.jpg", alt="A", caption="<b>Pier</b>")],
         "![A](https://p.example/a.jpg)\n\n*Pier*"),
        ([card("gallery", images=[{"src": f"https://p.example/{n}.jpg"} for n in "ab"], caption="Two")],
         "![](https://p.example/a.jpg)\n\n![](https://p.example/b.jpg)\n\n*Two*"),
        ([card("markdown", markdown="One **two**\n\n| a | b |\n|---|---|\n| 1 | 2 |")],
         "One **two**\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"),
        ([card("html", html="<p>One</p><script>x()</script>")], "One"),
        ([card("bookmark", url="https://t.example/", metadata={"title": "Tides", "description": "Of 2019"})],
         "[Tides](https://t.example/): Of 2019"),
        ([card("embed", url="https://film.example/1", html="<iframe></iframe>", metadata={"title": "A film"})],
         "[A film](https://film.example/1)"),
        ([card("callout", calloutText="<p>Mind the gap</p>", calloutEmoji="💡")], "> 💡\n>\n> Mind the gap"),
        ([card("toggle", heading="More", content="<p>Of it</p>")], "#### More\n\nOf it"),
        ([card("file", src="https://p.example/t.pdf", fileTitle="Timetable")], "[Timetable](https://p.example/t.pdf)"),
        ([card("audio", src="https://p.example/horn.mp3", title="")], "[horn.mp3](https://p.example/horn.mp3)"),
        ([card("signup", header="Join!"), card("horizontalrule"), node("paragraph", text("A"))], "---\n\nA"),
        ([card("novelty", noveltyText="Words", url="https://n.example/")], "Words\n\n[n.example](https://n.example/)"),
    ],
)  # fmt: skip
def test_lexical(nodes: list[object], expected: str, tmp_path: Path) -> None:
    assert body(tmp_path, lexical=lexical(*nodes)) == expected


def mobiledoc(*sections: object, markups: object = (), cards: object = (), atoms: object = ()) -> str:
    return json.dumps({"version": "0.3.1", "markups": markups, "cards": cards, "atoms": atoms, "sections": sections})


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (mobiledoc([1, "p", [[0, [0], 0, "It "], [0, [1], 2, "left"], [0, [], 0, "."]]], markups=[["em"], ["strong"]]),
         "*It **left***."),
        (mobiledoc([1, "p", [[0, [0], 1, "tides"]]], markups=[["a", ["href", "https://t.example/"]]]),
         "[tides](https://t.example/)"),
        (mobiledoc([1, "p", [[0, [], 0, "One"], [1, [], 0, 0], [0, [], 0, "two"]]], atoms=[["soft-return", "", {}]]),
         "One\\\ntwo"),
        (mobiledoc([3, "ol", [[[0, [], 0, "a"]], [[0, [], 0, "b"]]]]), "1. a\n2. b"),
        (mobiledoc([2, "https://p.example/a.jpg"]), "![](https://p.example/a.jpg)"),
        (mobiledoc([10, 0], cards=[["card-markdown", {"markdown": "# A\n\n* b"}]]), "# A\n\n* b"),
        (mobiledoc([10, 0], cards=[["hr", {}]]), "---"),
        (mobiledoc([10, 0], cards=[["bookmark", {"url": "https://t.example/", "metadata": {"title": "Tides"}}]]),
         "[Tides](https://t.example/)"),
    ],
)  # fmt: skip
def test_mobiledoc(document: str, expected: str, tmp_path: Path) -> None:
    assert body(tmp_path, mobiledoc=document) == expected


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<figure class="kg-card kg-bookmark-card"><a class="kg-bookmark-container" href="https://t.example/">'
         '<div class="kg-bookmark-content"><div class="kg-bookmark-title">Tides</div>'
         '<div class="kg-bookmark-description">Of 2019</div><img src="i.png"></div>'
         '</a></figure>', "[Tides](https://t.example/): Of 2019"),
        ('<div class="kg-card kg-audio-card"><audio src="https://p.example/horn.mp3"></audio>'
         '<div class="kg-audio-title">A horn</div><div>0:00/0:10</div></div>', "[A horn](https://p.example/horn.mp3)"),
        ('<figure class="kg-card kg-video-card"><div><video src="https://p.example/pier.mp4"></video>0:00/0:10</div>'
         '<figcaption>The pier</figcaption></figure>', "[pier.mp4](https://p.example/pier.mp4)\n\n*The pier*"),
        ('<div class="kg-card kg-file-card"><a class="kg-file-card-container" href="https://p.example/t.pdf">'
         '<div class="kg-file-card-title">Timetable</div><div class="kg-file-card-filesize">2 MB</div></a></div>',
         "[Timetable](https://p.example/t.pdf)"),
        ('<div class="kg-card kg-signup-card"><form>Join</form></div><p>A.</p>', "A."),
        ('<div class="kg-card kg-callout-card"><div class="kg-callout-text">Mind the gap</div></div>', "Mind the gap"),
    ],
)  # fmt: skip
def test_rendered_cards(html: str, expected: str, tmp_path: Path) -> None:
    assert body(tmp_path, html=html) == expected


def test_a_broken_post_does_not_reach_the_next(tmp_path: Path) -> None:
    posts = [
        post(1, html=None, lexical="{broken"),
        post(2, html=None, mobiledoc='{"sections": [[10, 4]], "cards": []}'),
        post(3, html=None, mobiledoc='{"sections": [[1, "p onclick=x", []]]}'),
        post(4, html="<div>" * 5000),
        post(5),
    ]
    found = read(tmp_path, export(*posts))
    assert [type(event) for event in found] == [Problem, Problem, Problem, Problem, Item]
    assert isinstance(read(tmp_path, export(posts[0]))[0], Problem)
    (tmp_path / "x.json").write_text('{"db": [{"meta": {"exported_on": 1}, "data": {"posts": [')
    (problem,) = ghost.read(tmp_path / "x.json", ImportContext())
    assert isinstance(problem, Problem)


def test_detection(tmp_path: Path) -> None:
    for exported in (export(post()), export(post())["db"][0], {"data": {"posts": [post()]}}):
        path = tmp_path / "export.json"
        path.write_text(json.dumps(exported))
        detection = registry.detect_format(registry.probe(path))
        assert detection is not None
        assert detection.format.KIND == "ghost"


def test_an_export_comes_in_twice_alike_with_the_pictures_beside_it(tmp_path: Path) -> None:
    html = '<p>It left.</p><figure class="kg-card kg-image-card"><img src="__GHOST_URL__/content/images/2019/pier.png">'
    lost = '<p>It came.</p><p><img src="__GHOST_URL__/content/images/../../secret.png"></p>'
    files: dict[str, str | bytes] = {
        "export/post.ghost.json": json.dumps(export(post(1, html=html), post(2, html=lost, title="Back", slug="back"))),
        "export/content/images/2019/pier.png": b"\x89PNG....",
        "secret.png": b"\x89PNG",
    }
    written = import_twice(tmp_path / "library", write_tree(tmp_path, files) / "export" / "post.ghost.json")
    assert list(written) == [
        "2019/2019-03-14-back.md",
        "2019/2019-03-14-the-night-ferry/pier.png",
        "2019/2019-03-14-the-night-ferry.md",
    ]
    assert "![](2019-03-14-the-night-ferry/pier.png)" in written["2019/2019-03-14-the-night-ferry.md"]
