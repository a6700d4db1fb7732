"""WordPress posts as JSON of the REST API: forms of a post, names of authors and topics, broken posts."""

from __future__ import annotations

import json
from pathlib import Path

from importing import import_twice

from backfile.archive.importers.formats.wordpress import rest_posts
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources.registry import detect_format, probe
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem

POST = {
    "id": 42,
    "date": "2019-03-14T10:15:00",
    "modified": "2019-03-15T10:15:00",
    "guid": {"rendered": "https://post.example/?p=42&#038;x=1"},
    "status": "publish",
    "type": "post",
    "link": "https://post.example/ferry",
    "title": {"rendered": "The night ferry &#8211; late"},
    "content": {"rendered": "<p>It left at <b>nine</b>.</p>\n<p>Nobody waved.</p>", "protected": False},
    "excerpt": {"rendered": "<p>It is late.</p>"},
    "author": 7,
    "categories": [3],
    "tags": [5],
}
EMBEDDED = {
    "author": [{"id": 7, "name": "Edna Marsh"}],
    "wp:term": [
        [{"name": "News &amp; more", "taxonomy": "category"}, {"name": "Uncategorized", "taxonomy": "category"}],
        [{"name": "ferries", "taxonomy": "post_tag"}, {"name": "x", "taxonomy": "nav_menu"}],
    ],
    "wp:featuredmedia": [
        {"source_url": "https://post.example/up/pier.jpg", "alt_text": "A pier", "caption": {"rendered": "<p>Dusk</p>"}}
    ],
}


def read(tmp_path: Path, content: object) -> list[ImportEvent]:
    path = tmp_path / "posts.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8")
    found = detect_format(probe(path))
    assert found is not None
    assert found.format.KIND == "wordpress-json"
    return list(rest_posts.read(path, ImportContext()))


def article(tmp_path: Path, **changes: object) -> Item:
    (item,) = read(tmp_path, [POST | changes])
    assert isinstance(item, Item)
    return item


def test_a_post_with_what_it_embeds(tmp_path: Path) -> None:
    assert article(tmp_path, _embedded=EMBEDDED) == Item(
        origin="https://post.example/?p=42&x=1",
        metadata=ArticleMetadata(
            title="The night ferry – late",
            authors=("Edna Marsh",),
            topics=("News & more", "ferries"),
            date=PartialDate(2019, 3, 14),
            updated=PartialDate(2019, 3, 15),
            summary="It is late.",
            source=Source("post.example", "https://post.example/ferry"),
        ),
        body="![A pier](https://post.example/up/pier.jpg)\n\n*Dusk*\n\nIt left at **nine**.\n\nNobody waved.",
    )


def test_numbers_are_no_names_and_the_note_says_how_to_get_these(tmp_path: Path) -> None:
    item = article(tmp_path)
    assert (item.metadata.authors, item.metadata.topics) == ((), ())
    assert item.notes == ("its author or topics are given by number only; fetch it with ?_embed",)


def test_names_that_plugins_give(tmp_path: Path) -> None:
    names = {"authors": [{"display_name": "John Roe"}], "class_list": ["post-42", "category-night-news", "tag-ferries"]}
    item = article(tmp_path, yoast_head_json={"author": "E. M.", "og_site_name": "The Harbour Post"}, **names)
    assert item.metadata.authors == ("John Roe",)
    assert item.metadata.topics == ("night news", "ferries")
    assert item.metadata.source == Source("The Harbour Post", "https://post.example/ferry")
    assert item.notes == ()


def test_an_excerpt_made_of_the_text_is_no_summary(tmp_path: Path) -> None:
    item = article(tmp_path, excerpt={"rendered": "<p>It left at nine. Nobody waved. [&hellip;]</p>"})
    assert item.metadata.summary == "It left at nine. Nobody waved. […]"
    long = "<p>The night ferry to the islands left the harbour a little after eleven, as ever.</p>"
    item = article(tmp_path, content={"rendered": long}, excerpt={"rendered": long[:60] + " [&hellip;]</p>"})
    assert item.metadata.summary is None


def test_shortcodes_and_raw_texts(tmp_path: Path) -> None:
    left = article(tmp_path, content={"rendered": "<p>[map center=&#8221;35&#8243;] Words</p>"})
    assert left.body == "Words"
    assert left.notes[0].startswith("left out what these shortcodes show: map center")
    assert article(tmp_path, content={"raw": "One\n\nTwo"}, title={"raw": "T"}).body == "One\n\nTwo"


def test_posts_that_are_none_are_skipped_and_broken_ones_reported(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        [
            POST | {"status": "draft"},
            POST | {"content": {"rendered": "", "protected": True}},
            POST
            | {"_embedded": {"author": [{"name": 7}], "wp:term": 3}, "content": {"rendered": "<div>" * 5_000 + "x"}},
            POST | {"title": ["a"], "content": 3, "type": "attachment"},
            5,
            POST,
        ],
    )
    assert [each.reason for each in found if isinstance(each, Skipped)] == [
        "draft",
        "behind a password",
        "an attachment",
    ]
    assert sum(isinstance(each, Problem) for each in found) == 2
    assert isinstance(found[-1], Item)


def test_one_post_and_lines_of_posts(tmp_path: Path) -> None:
    (one,) = read(tmp_path, POST)
    assert isinstance(one, Item)
    lines = read(tmp_path, "\n".join(json.dumps(POST | {"id": number}) for number in range(3)))
    assert sum(isinstance(each, Item) for each in lines) == 3


def test_posts_come_in_twice_alike(tmp_path: Path) -> None:
    path = tmp_path / "posts.json"
    path.write_text(
        json.dumps(
            [
                POST | {"_embedded": EMBEDDED},
                POST
                | {
                    "id": 43,
                    "guid": {"rendered": "g-43"},
                    "title": {"rendered": "B"},
                    "content": {"rendered": "<p>Other words altogether.</p>"},
                    "link": "https://post.example/b",
                },
            ]
        )
    )
    assert [name for name in import_twice(tmp_path / "library", path) if name.endswith(".md")] == [
        "2019/2019-03-14-b.md",
        "2019/2019-03-14-the-night-ferry-late.md",
    ]
