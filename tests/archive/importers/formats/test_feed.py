"""Feeds: RSS, Atom, RDF, JSON Feed; content before summary; excerpts completed from their pages; broken feeds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.formats import feed as feeds
from backfile.archive.importers.item import FetchResponse, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.sources.registry import probe
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>The Harbour Post</title><link>https://post.example/</link><language>en-gb</language>
<item><title>The &lt;em&gt;night&lt;/em&gt; ferry</title><link>https://post.example/ferry</link>
<guid isPermaLink="false">ferry-1</guid><dc:creator>Edna Marsh and John Roe</dc:creator>
<category>Transport</category><category>Harbour</category>
<pubDate>Thu, 14 Mar 2019 23:30:00 -0500</pubDate>
<description>It came &amp;amp; went.</description>
<content:encoded><![CDATA[<p>It left at <b>nine</b>. <a href="/map">Map</a></p><script>alert(1)</script>]]>
</content:encoded></item>
<item><title>Short</title><link>https://post.example/short</link>
<description>The beginning of it […]</description></item>
<item><pubDate>soon</pubDate></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="fr" xml:base="https://port.example/">
<title>Le Port</title><author><name>Ada Quill</name></author>
<entry><id>tag:port.example,2020:1</id><title>Le bac</title><link href="bac"/><updated>2020-02-03T01:00:00Z</updated>
<category term="t1" label="Mer"/><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Il part.</p></div>
</content></entry></feed>"""

SENTENCE = "tells at length how the ferry went over the water that night."
PAGE = f"""<html><head><title>Short</title><meta name="author" content="Edna Marsh"></head><body><article>
<h1>Short</h1>
{"".join(f"<p>The whole of paragraph {number} {SENTENCE}</p>" for number in range(8))}
</article></body></html>"""


def read(tmp_path: Path, content: str | bytes, context: ImportContext | None = None) -> list[ImportEvent]:
    path = tmp_path / "feed"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(feeds.read(path, context or ImportContext()))


def test_an_entry_of_rss(tmp_path: Path) -> None:
    first, second, third = read(tmp_path, RSS)
    assert first == Item(
        origin="ferry-1",
        metadata=ArticleMetadata(
            title="The night ferry",
            authors=("Edna Marsh", "John Roe"),
            topics=("Transport", "Harbour"),
            date=PartialDate(2019, 3, 14),
            summary="It came & went.",
            source=Source("The Harbour Post", "https://post.example/ferry"),
            language="en-GB",
        ),
        body="It left at **nine**. [Map](https://post.example/map)",
    )
    assert isinstance(second, Item)
    assert (second.body, second.metadata.summary) == ("The beginning of it […]", None)
    assert isinstance(third, Skipped)


def test_an_atom_entry_inherits_metadata_of_its_feed(tmp_path: Path) -> None:
    assert read(tmp_path, ATOM) == [
        Item(
            origin="tag:port.example,2020:1",
            metadata=ArticleMetadata(
                title="Le bac",
                authors=("Ada Quill",),
                topics=("Mer",),
                date=PartialDate(2020, 2, 3),
                source=Source("Le Port", "https://port.example/bac"),
                language="fr",
            ),
            body="Il part.",
        )
    ]


def test_an_item_of_json_feed(tmp_path: Path) -> None:
    item = {"id": 7, "url": "https://p.example/a", "content_html": "<h2>A</h2><p>B", "summary": "S", "tags": ["X"]}
    item |= {"date_published": "2019-03-14T23:00:00-05:00", "authors": [{"name": "Edna Marsh"}], "title": "T"}
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "P", "language": "de", "items": [item, 3, {}]}
    first, second, third = read(tmp_path, json.dumps(feed))
    assert first == Item(
        origin="7",
        metadata=ArticleMetadata(
            title="T",
            authors=("Edna Marsh",),
            topics=("X",),
            date=PartialDate(2019, 3, 14),
            summary="S",
            source=Source("P", "https://p.example/a"),
            language="de",
        ),
        body="## A\n\nB",
    )
    assert isinstance(second, Problem)
    assert isinstance(third, Skipped)


def test_a_teaser_is_completed_and_a_full_text_is_not_fetched(tmp_path: Path) -> None:
    fetched = []

    def fetch(url: str) -> FetchResponse:
        fetched.append(url)
        return FetchResponse(url, "text/html; charset=utf-8", PAGE.encode())

    second = read(tmp_path, RSS, ImportContext(fetch))[1]
    assert fetched == ["https://post.example/short"]
    assert isinstance(second, Item)
    assert "paragraph 7 tells" in second.body
    assert second.metadata.authors == ("Edna Marsh",)


@pytest.mark.parametrize("error", [ArchiveError("gone"), OSError("gone")])
def test_a_page_that_cannot_be_fetched_leaves_the_teaser(tmp_path: Path, error: Exception) -> None:
    def fetch(url: str) -> FetchResponse:
        raise error

    second = read(tmp_path, RSS, ImportContext(fetch))[1]
    assert isinstance(second, Item)
    assert second.notes == ("has only the teaser; its page was not fetched: gone",)


def test_a_truncated_feed_gives_its_entries_and_a_problem(tmp_path: Path) -> None:
    *items, problem = read(tmp_path, RSS[: RSS.index("Short")])
    assert isinstance(items[0], Item)
    assert isinstance(problem, Problem)
    assert "not well-formed" in problem.reason


@pytest.mark.parametrize(
    "content", ["", "words", "<html><p>x</p></html>", '{"items": 3}', "{", "<rss", b"\xff\xfe\x00"]
)
def test_a_file_that_is_no_feed_is_a_problem(tmp_path: Path, content: str | bytes) -> None:
    (problem,) = read(tmp_path, content)
    assert isinstance(problem, Problem)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    bomb = f'<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "{"&a;" * 50}"><!ENTITY f SYSTEM "{secret.as_uri()}">]>'
    found = read(tmp_path, RSS.replace("<rss", f"{bomb}<rss", 1).replace("It came", "&b;&f; It came"))
    assert "SECRET" not in repr(found)
    assert "aaaaaaaaaa" not in repr(found)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_feeds_are_recognised(encoding: str) -> None:
    def confidence(text: str) -> int:
        return feeds.detect(Probe(Path("x"), False, text.encode(encoding)))

    assert confidence(RSS) == confidence("<!-- a -->\n" + ATOM) == 90
    assert confidence("<html>") == confidence('{"version": "2"}') == confidence("rss") == 0


def test_json_feed_is_recognised_by_its_version() -> None:
    head = b'\xef\xbb\xbf{"title": "x", "version": "https://jsonfeed.org/version/1.1"}'
    assert feeds.detect(Probe(Path("x"), False, head)) == 95


def corpus(name: str) -> Path:
    path = Path(os.environ.get("CORPORA", Path.home() / ".cache/backfile-corpora")) / name
    if not path.is_dir():
        pytest.skip(f"the corpus {name} is not on this machine")
    return path


@pytest.mark.corpora
@pytest.mark.long
def test_the_feeds_of_the_world(tmp_path: Path) -> None:
    found, detected = [], 0
    paths = [path for path in sorted(corpus("feeds-feedparser").rglob("*")) if path.is_file()]
    for path in paths:
        detected += feeds.detect(probe(path)) > 0
        found += feeds.read(path, ImportContext())
    assert detected / len(paths) > 0.98
    assert sum(isinstance(each, Item) for each in found) > 600


def test_an_entry_without_its_footer_is_a_teaser(tmp_path: Path) -> None:
    footer = (
        "&lt;p&gt;The post &lt;a href='https://post.example/short'&gt;Short&lt;/a&gt; appeared first on"
        " &lt;a href='https://post.example'&gt;The Harbour Post&lt;/a&gt;.&lt;/p&gt;"
    )
    feed = RSS.replace("The beginning of it […]", f"&lt;p&gt;The beginning of it […]&lt;/p&gt;{footer}")
    assert [each.body for each in read(tmp_path, feed) if isinstance(each, Item)][1] == "The beginning of it […]"
