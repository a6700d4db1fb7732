"""Item counts: close to the number of items, for any chunk size."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from backfile.archive.importers.common import item_count
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.item import ImportContext
from backfile.archive.importers.sources import registry
from backfile.archive.importers.sources.detection import ImportSource, open_sources

LINK = "https://post.example/{}"
FILES = {
    "feed.xml": ("feed", "<rss version='2.0'><channel><title>Post</title>{}</channel></rss>",
                 "<item><title>Ferry {0}</title><link>https://post.example/{0}</link></item>"),
    "atom.xml": ("feed", "<feed xmlns='http://www.w3.org/2005/Atom'><title>Post</title>{}</feed>",
                 "<entry><id>urn:{0}</id><title>Ferry {0}</title></entry>"),
    "letters.mbox": ("newsletter", "{}", "From a@b Thu Mar 14 09:00:00 2019\nFrom: a@b\nSubject: Ferry {0}\n"
                     "Message-ID: <{0}@b>\n\nFrom here on it is text.\n\n"),
    "pocket.csv": ("readlater", "title,url,time_added,tags,status\n{}", "Ferry,https://post.example/{0},1,,unread\n"),
    "bookmarks.html": ("readlater", "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><p>{}</DL>",
                       "<DT><A HREF='https://post.example/{0}'>Ferry</A>\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("number", [1, 7])
def test_the_count_equals_the_number_of_items(tmp_path: Path, name: str, number: int) -> None:
    kind, frame, entry = FILES[name]
    path = tmp_path / name
    path.write_text(frame.replace("{}", "".join(entry.replace("{0}", str(each)) for each in range(number))))
    (source,) = open_sources(path)
    assert isinstance(source, ImportSource)
    assert source.kind == kind
    counted, read = source.count(ImportContext()), sum(1 for _ in source.read(ImportContext()))
    assert read == number
    assert counted is not None
    assert number <= counted <= 2 * number  # a line of text may look like one that parts messages


def test_signs_across_pieces_are_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"<item>" * 500 + b"x" * 300 + b"<item >")
    for size in (1, 5, 64, 100, 1 << 20):
        monkeypatch.setattr(item_count, "_CHUNK", size)
        assert count_matches(path, re.compile(rb"<item[\s>]")) == 501


def test_an_unknown_count_is_none(tmp_path: Path) -> None:
    for kind in registry.KINDS:
        source = ImportSource(tmp_path / "missing", "missing", kind, False, registry.load(kind))
        assert source.count(ImportContext()) in (None, 1)


def test_entries_in_json_are_counted_too(tmp_path: Path) -> None:
    path = tmp_path / "wallabag.json"
    entry = {
        "url": LINK,
        "title": "a",
        "is_archived": 0,
        "is_starred": 0,
        "created_at": "2019-03-14",
        "content": "<p>x",
    }
    path.write_text(json.dumps([entry] * 5))
    (source,) = open_sources(path)
    assert source.count(ImportContext()) == 5
