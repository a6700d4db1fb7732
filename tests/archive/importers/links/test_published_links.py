"""Published links: absolute URLs between articles of one site, in any order of import."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.archive.frontmatter.rewriter import yaml_block
from backfile.archive.importers.importer import Importer
from backfile.archive.importers.item import ImportContext, ImportEvent, Item
from backfile.archive.importers.library.provenance import article_urls, front_data
from backfile.archive.importers.links import markdown_links
from backfile.archive.importers.links.urls import url_key
from backfile.archive.importers.sources.detection import ImportSource, open_sources
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.storage.library import Library
from tests.archive.importers.test_importer import DAY, FakeFormat, actions, files, take, variant

SITE = "https://post.example"
WORDS = " and nobody at the pier knew why it had gone so late that day" * 4


def post(name: str, text: str, year: int = 2019, **further: object) -> Item:
    url = f"{SITE}/{name}/"
    metadata = ArticleMetadata(name.title(), date=PartialDate(year, 3, 14), source=Source("The Post", url))
    body = f"{text} The {name} came,{WORDS.replace('pier', name)}."
    return variant(Item(url, metadata, body), **further)


def text_of(root: Path, name: str, year: int = 2019) -> str:
    return (root / f"{year}/{year}-03-14-{name}.md").read_text()


@pytest.mark.parametrize(
    ("link", "led"),
    [
        ("[it](https://post.example/train/)", "[it](../2020/2020-03-14-train.md)"),
        ("[it](http://www.post.example/train?utm_source=x#times)", "[it](../2020/2020-03-14-train.md#times)"),
        ('[it](<https://POST.example/train> "The train")', '[it](<../2020/2020-03-14-train.md> "The train")'),
        ("[![A map](https://x.example/a.png)](https://post.example/train)", "a.png)](../2020/2020-03-14-train.md)"),
        ("[it][t]\n\n[t]: https://post.example/train\n\n", "[t]: ../2020/2020-03-14-train.md\n"),
        ('<a class="x" href="https://post.example/train/">it</a>', 'class="x" href="../2020/2020-03-14-train.md">'),
    ],
)
def test_links_are_resolved_to_articles_that_come_later(tmp_path: Path, link: str, led: str) -> None:
    items = post("ferry", f"See {link}."), post("train", "Trains.", 2020)
    assert actions(take(tmp_path, *items)) == {"added": 2}
    assert led in text_of(tmp_path, "ferry")
    before = files(tmp_path)
    for dry_run in (True, False):
        report = take(tmp_path, *items, dry_run=dry_run, today=DAY.replace(year=2027))
        assert (actions(report), report.wrote) == ({"unchanged": 2}, False)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "kept",
    [
        "![it](https://post.example/train)",
        "`[it](https://post.example/train)`",
        "\n\n```\n[it](https://post.example/train)\n```\n\n",
        "https://post.example/train and <https://post.example/train>",
        "\\[it\\](https://post.example/train)",
        "[itself](https://post.example/ferry/#top)",
        "[other](https://post.example/bus/)",
        "[other host](https://elsewhere.example/train/)",
        "[front page](https://post.example/)",
        "[^1]\n\n[^1]: https://post.example/train\n\n",
    ],
)
def test_other_destinations_are_unchanged(tmp_path: Path, kept: str) -> None:
    elsewhere = post("plane", "Planes.", source=Source(None, "https://elsewhere.example/train"))
    take(tmp_path, post("train", "Trains."), elsewhere, post("ferry", f"See {kept} here."))
    assert f"See {kept} here." in text_of(tmp_path, "ferry")


def test_another_source_of_the_site_resolves_links_except_in_edited_articles(tmp_path: Path) -> None:
    ferry, bus = (post(name, f"See [t]({SITE}/train) and [b]({SITE}/bus).") for name in ("ferry", "bus"))
    take(tmp_path, ferry, bus)
    edited = tmp_path / "2019/2019-03-14-bus.md"
    edited.write_text(edited.read_text() + "\nA person wrote this.\n")
    by_hand = edited.read_bytes()
    assert actions(take(tmp_path, post("train", "Trains."), label="other.xml")) == {"added": 1}
    assert "See [t](2019-03-14-train.md) and [b](2019-03-14-bus.md)." in text_of(tmp_path, "ferry")
    assert edited.read_bytes() == by_hand
    before = files(tmp_path)
    report = take(tmp_path, ferry, bus, today=DAY.replace(year=2027))
    assert (actions(report), files(tmp_path)) == ({"unchanged": 2}, before)


def test_a_dry_run_does_not_relink_articles(tmp_path: Path) -> None:
    take(tmp_path, post("ferry", f"See [t]({SITE}/train)."))
    before = files(tmp_path)
    assert actions(take(tmp_path, post("train", "Trains."), dry_run=True)) == {"added": 1}
    assert files(tmp_path) == before


def test_the_url_of_a_duplicate_resolves_to_the_article_in_the_library(tmp_path: Path) -> None:
    train = post("train", "Trains.")
    copy = variant(train, origin=f"{SITE}/2021/train", source=Source("The Post", f"{SITE}/2021/train"))
    items = post("ferry", f"See [t]({SITE}/2021/train)."), train, copy
    assert actions(take(tmp_path, *items)) == {"added": 2, "duplicate": 1}
    assert "See [t](2019-03-14-train.md)." in text_of(tmp_path, "ferry")
    before = files(tmp_path)
    assert actions(take(tmp_path, *items)) == {"unchanged": 2, "duplicate": 1}
    assert files(tmp_path) == before


def test_an_ambiguous_url_is_not_resolved_and_copies_count_as_one(tmp_path: Path) -> None:
    page = Source("The Post", f"{SITE}/news")
    others = post("train", "Trains.", source=page), post("bus", " ".join(f"line {n}" for n in range(99)), source=page)
    items = post("ferry", f"See [n]({SITE}/news) and [t]({SITE}/train/)."), *others
    assert actions(take(tmp_path, *items)) == {"added": 3}
    assert f"See [n]({SITE}/news) and [t](2019-03-14-train.md)." in text_of(tmp_path, "ferry")
    (tmp_path / "2019/copy.md").write_text(text_of(tmp_path, "train"))
    assert actions(take(tmp_path, *items)) == {"unchanged": 3}


def test_links_follow_moved_articles_and_return_to_urls_of_removed_ones(tmp_path: Path) -> None:
    items = post("ferry", f"See [t]({SITE}/train)."), post("train", "Trains.")
    take(tmp_path, *items)
    (tmp_path / "best").mkdir()
    moved = (tmp_path / "2019/2019-03-14-train.md").rename(tmp_path / "best/train.md")
    assert actions(take(tmp_path, *items)) == {"changed": 1, "unchanged": 1}
    assert "See [t](../best/train.md)." in text_of(tmp_path, "ferry")
    moved.unlink()
    assert actions(take(tmp_path, items[0])) == {"changed": 1}
    assert f"See [t]({SITE}/train)." in text_of(tmp_path, "ferry")


def test_links_left_by_an_interrupted_import_are_resolved_by_the_next(tmp_path: Path) -> None:
    class Stopped(FakeFormat):
        def read(self, path: Path, context: ImportContext):  # type: ignore[no-untyped-def]
            yield from self.found
            raise KeyboardInterrupt

    items: list[ImportEvent] = [post("ferry", f"See [t]({SITE}/train)."), post("train", f"See [f]({SITE}/ferry).")]
    with pytest.raises(KeyboardInterrupt), Importer(Library(tmp_path), today=DAY) as importer:
        importer.import_source(ImportSource(Path("x"), "export.xml", "given", False, Stopped(items)), ImportContext())
    assert f"See [t]({SITE}/train)." in text_of(tmp_path, "ferry")
    assert actions(take(tmp_path, *items)) == {"changed": 2}
    assert "See [t](2019-03-14-train.md)." in text_of(tmp_path, "ferry")
    assert actions(take(tmp_path, *items)) == {"unchanged": 2}


@settings(max_examples=40)
@given(st.lists(st.text("ab/,:'\"]}[{ é#%?=", max_size=9).map(lambda end: f"https://x.example/{end}"), max_size=3))
def test_each_url_in_front_matter_is_read(addresses: list[str]) -> None:
    block = yaml_block({"title": "x", "also_at": addresses})
    read = article_urls(front_data(f"---\n{block}---\n\ntext\n")).others
    assert all(address.startswith("https://x.example/") for address in read)
    plain = [each for each in addresses if not set(each) & set(" '\"]}[{") and each[-1] != ","]
    assert {url_key(each) for each in plain} <= {url_key(each) for each in read}


def test_hostile_brackets_take_linear_time() -> None:
    for pump in ("![", "](", "[", "<a ", "![[a]", "<img src=", "](<http://x", "\n[a", "![a](<"):
        list(markdown_links.link_destinations(pump * 40_000))


def test_links_of_a_wordpress_export_are_resolved_to_its_posts(tmp_path: Path) -> None:
    posts = "".join(
        f"<item><title>{name}</title><link>{SITE}/2019/{name}/</link><guid>{SITE}/?p={number}</guid><content:encoded>"
        f"<![CDATA[<p>See <a href='/2019/{other}/#times'>it</a>,{WORDS.replace('pier', name)}.]]></content:encoded>"
        "<wp:post_date>2019-03-14 10:00:00</wp:post_date><wp:status>publish</wp:status></item>"
        for number, (name, other) in enumerate((("ferry", "train"), ("train", "ferry")))
    )
    export = tmp_path / "export.xml"
    export.write_text(
        '<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:wp="http://wordpress.org/export/1.2/">'
        f"<channel><wp:wxr_version>1.2</wp:wxr_version>{posts}</channel></rss>"
    )
    (tmp_path / "library").mkdir()
    for expected in ({"added": 2}, {"unchanged": 2}):
        with Importer(Library(tmp_path / "library"), today=DAY) as importer:
            for each in open_sources(export):
                importer.import_source(each, ImportContext())
        assert actions(importer.report) == expected
        assert "See [it](2019-03-14-train.md#times)," in text_of(tmp_path / "library", "ferry")
        assert "See [it](2019-03-14-ferry.md#times)," in text_of(tmp_path / "library", "train")
