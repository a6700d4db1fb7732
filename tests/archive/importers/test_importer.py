"""Importer: repeated imports, edited articles, duplicates, interrupted and hostile sources."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.archive.importers.formats.markdown_tree import tree
from backfile.archive.importers.import_report import Action, ImportReport
from backfile.archive.importers.importer import Importer
from backfile.archive.importers.item import Asset, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.library.duplicates import Candidate, DuplicateIndex, read_candidate
from backfile.archive.importers.library.provenance import checksum, front_data, origin_of, read_provenance
from backfile.archive.importers.links.urls import url_key
from backfile.archive.importers.sources import registry
from backfile.archive.importers.sources.detection import ImportSource, RejectedSource, open_sources
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem
from backfile.archive.storage.durable_files import Batch
from backfile.archive.storage.library import Library
from backfile.cli.main import run

DAY = date(2026, 3, 14)
LONG = " ".join(f"word{n} of the story" for n in range(60))
OTHER = " ".join(f"sentence {n} tells more" for n in range(60))
FERRY = Item("ferry", ArticleMetadata("The night ferry", ("Edna Marsh",), date=PartialDate(2019, 3, 14)), LONG)


def variant(item: Item, **values: object) -> Item:
    """Copy of an item with other values of its fields or of fields of its metadata."""
    names = {each.name for each in fields(ArticleMetadata)}
    metadata = replace(item.metadata, **{name: value for name, value in values.items() if name in names})  # type: ignore[arg-type]
    others = {name: value for name, value in values.items() if name not in names}
    return replace(item, metadata=metadata, **others)  # type: ignore[arg-type]


class FakeFormat:
    """Format that reads the events it was constructed with."""

    KIND = "given"
    TITLE = "Given"

    def __init__(self, found: list[ImportEvent], kind: str = "given") -> None:
        self.found, self.KIND = found, kind

    def detect(self, probe: Probe) -> int:
        return 0

    def read(self, path: Path, context: ImportContext) -> Iterator[ImportEvent]:
        yield from self.found


def take(
    root: Path,
    *found: ImportEvent,
    label: str = "export.xml",
    kind: str = "given",
    dry_run: bool = False,
    today: date = DAY,
) -> ImportReport:
    root.mkdir(exist_ok=True)
    with Importer(Library(root), today=today, dry_run=dry_run) as importer:
        importer.import_source(
            ImportSource(Path(label), label, kind, False, FakeFormat(list(found), kind)), ImportContext()
        )
    return importer.report


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".backfile" not in path.parts
    }


def actions(report: ImportReport) -> dict[str, int]:
    return {str(action): number for action, number in report.counts.items() if number}


def test_an_item_becomes_an_article_with_its_provenance(tmp_path: Path) -> None:
    item = variant(
        FERRY,
        topics=("Transport",),
        summary="It leaves at nine.",
        source=Source("The Harbour Post", "https://post.example/ferry"),
        language="en",
        extra={"edition": "late", "date_of_print": "2019"},
    )
    assert actions(take(tmp_path, item)) == {"added": 1}
    article = Library(tmp_path).get("2019/2019-03-14-the-night-ferry")
    assert (article.metadata.title, article.metadata.authors, article.metadata.topics) == (
        "The night ferry",
        ("Edna Marsh",),
        ("Transport",),
    )
    assert (article.metadata.date, article.metadata.summary, article.metadata.language) == (
        PartialDate(2019, 3, 14),
        "It leaves at nine.",
        "en",
    )
    assert article.metadata.source == Source("The Harbour Post", "https://post.example/ferry")
    assert article.extra["edition"] == "late"
    assert article.body == f"\n{LONG}\n"
    text = (tmp_path / "2019/2019-03-14-the-night-ferry.md").read_text()
    stamp = article.extra["imported"]
    assert stamp == {"from": "export.xml#ferry", "kind": "given", "on": "2026-03-14", "sha256": checksum(text, {})}


def test_a_repeated_import_changes_nothing(tmp_path: Path) -> None:
    take(tmp_path, FERRY, variant(FERRY, origin="train", title="The train", body=OTHER))
    before = files(tmp_path)
    report = take(
        tmp_path, FERRY, variant(FERRY, origin="train", title="The train", body=OTHER), today=date(2027, 1, 1)
    )
    assert actions(report) == {"unchanged": 2}
    assert files(tmp_path) == before
    assert not report.wrote


def test_an_article_changed_in_its_source_is_updated_where_it_was_moved(tmp_path: Path) -> None:
    take(tmp_path, FERRY)
    (tmp_path / "best").mkdir()
    (tmp_path / "2019/2019-03-14-the-night-ferry.md").rename(tmp_path / "best/ferry.md")
    report = take(tmp_path, variant(FERRY, title="The night ferry, corrected", date=PartialDate(2019, 3, 15)))
    assert actions(report) == {"changed": 1}
    assert list(files(tmp_path)) == ["best/ferry.md"]
    assert Library(tmp_path).get("best/ferry").metadata.title == "The night ferry, corrected"
    assert actions(
        take(tmp_path, variant(FERRY, title="The night ferry, corrected", date=PartialDate(2019, 3, 15)))
    ) == {"unchanged": 1}


@pytest.mark.parametrize(
    "edit", [("story", "tale"), ("title:", "# mine\ntitle:"), ("authors: [", "authors: [Ada Quill, ")]
)
def test_an_edited_article_is_kept(tmp_path: Path, edit: tuple[str, str]) -> None:
    take(tmp_path, FERRY)
    path = tmp_path / "2019/2019-03-14-the-night-ferry.md"
    path.write_text(path.read_text().replace(*edit, 1))
    before = files(tmp_path)
    assert actions(take(tmp_path, FERRY)) == {"unchanged": 1}
    report = take(tmp_path, variant(FERRY, body=OTHER))
    assert actions(report) == {"kept": 1}
    assert "left alone" in report.results[0].reason
    assert files(tmp_path) == before


def test_an_article_with_broken_front_matter_is_kept(tmp_path: Path) -> None:
    take(tmp_path, FERRY)
    path = tmp_path / "2019/2019-03-14-the-night-ferry.md"
    path.write_text(path.read_text().replace("authors: [", "authors: [["))
    before = files(tmp_path)
    assert actions(take(tmp_path, FERRY)) == {"unchanged": 1}
    assert actions(take(tmp_path, variant(FERRY, body=OTHER))) == {"kept": 1}
    assert files(tmp_path) == before


def test_line_ends_are_no_edit(tmp_path: Path) -> None:
    take(tmp_path, FERRY)
    path = tmp_path / "2019/2019-03-14-the-night-ferry.md"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert actions(take(tmp_path, variant(FERRY, body=OTHER))) == {"changed": 1}


def test_colliding_names_are_numbered_deterministically(tmp_path: Path) -> None:
    items = [variant(FERRY, origin=str(n), body=f"Version {n}.") for n in range(3)]
    for root in (tmp_path / "a", tmp_path / "b"):
        take(root, *items)
        assert sorted(files(root)) == [f"2019/2019-03-14-the-night-ferry{n}.md" for n in ("-2", "-3", "")]
    (tmp_path / "c/2019").mkdir(parents=True)
    (tmp_path / "c/2019/2019-03-14-THE-night-ferry.markdown").write_text("mine")
    take(tmp_path / "c", FERRY)
    assert (tmp_path / "c/2019/2019-03-14-the-night-ferry-2.md").is_file()


def test_items_of_one_source_with_one_origin_are_numbered(tmp_path: Path) -> None:
    pair = (FERRY, variant(FERRY, title="The train", body=OTHER))
    assert actions(take(tmp_path, *pair)) == {"added": 2}
    assert actions(take(tmp_path, *pair)) == {"unchanged": 2}


def test_an_item_with_a_known_url_is_a_duplicate(tmp_path: Path) -> None:
    one = variant(FERRY, source=Source(None, "https://www.post.example/ferry/?utm_source=feed"), body="Short.")
    two = variant(
        FERRY, origin="2", source=Source(None, "http://post.example/ferry#top"), also_at=("https://copy.example/9",)
    )
    take(tmp_path, one)
    report = take(tmp_path, variant(two, body="Shorter."), label="other.html", kind="html")
    assert actions(report) == {"duplicate": 1}
    assert report.results[0].path == "2019/2019-03-14-the-night-ferry.md"
    article = Library(tmp_path).get("2019/2019-03-14-the-night-ferry")
    assert article.extra["also_at"] == ["https://copy.example/9"]
    before = files(tmp_path)
    again = take(tmp_path, variant(two, body="Shorter."), label="other.html", kind="html")
    assert (actions(again), again.wrote, files(tmp_path)) == ({"duplicate": 1}, False, before)
    assert actions(take(tmp_path, one)) == {"unchanged": 1}


def test_a_full_text_replaces_a_teaser_for_good(tmp_path: Path) -> None:
    teaser = variant(FERRY, origin="https://post.example/ferry", body="It leaves at nine …")
    full = variant(teaser, body=LONG)
    take(tmp_path, teaser, kind="feed")
    report = take(tmp_path, full, kind="html")
    assert actions(report) == {"changed": 1}
    assert len(files(tmp_path)) == 1
    assert LONG in Library(tmp_path).get("2019/2019-03-14-the-night-ferry").body
    assert actions(take(tmp_path, full, kind="html")) == {"unchanged": 1}
    assert actions(take(tmp_path, teaser, kind="feed")) == {"duplicate": 1}
    assert LONG in Library(tmp_path).get("2019/2019-03-14-the-night-ferry").body


def test_the_fuller_text_of_two_exports_with_one_origin_stays(tmp_path: Path) -> None:
    teaser = variant(FERRY, origin="https://post.example/ferry", body="The ferry left late.")
    whole = variant(teaser, body=LONG)
    library = Library(tmp_path)

    def both() -> dict[str, int]:
        with Importer(library, today=DAY) as importer:
            for label, item in (("june.xml", teaser), ("march.xml", whole)):
                importer.import_source(
                    ImportSource(Path(label), label, "given", False, FakeFormat([item])), ImportContext()
                )
        return actions(importer.report)

    assert both() == {"added": 1, "changed": 1}
    before = files(tmp_path)
    assert both() == {"duplicate": 1, "unchanged": 1}
    assert files(tmp_path) == before
    assert LONG in library.get("2019/2019-03-14-the-night-ferry").body


def test_an_item_with_nearly_the_same_text_is_a_duplicate(tmp_path: Path) -> None:
    take(tmp_path, FERRY)
    copy = variant(FERRY, origin="copy", title="Night ferry", body=f"{LONG}\n\nFirst published elsewhere.")
    assert actions(take(tmp_path, copy, label="copies")) == {"duplicate": 1}
    assert Library(tmp_path).get("2019/2019-03-14-the-night-ferry").extra["also_at"] == ["copies#copy"]
    assert actions(take(tmp_path, FERRY)) == {"unchanged": 1}
    assert actions(take(tmp_path, variant(FERRY, body=OTHER))) == {"changed": 1}
    assert Library(tmp_path).get("2019/2019-03-14-the-night-ferry").extra["also_at"] == ["copies#copy"]


@pytest.mark.parametrize(
    "other",
    [
        variant(FERRY, title="The night ferry 2"),
        variant(FERRY, date=PartialDate(2020, 3, 14)),
        variant(FERRY, body=OTHER),
        variant(FERRY, body=LONG[:100]),
        variant(
            FERRY, title="The night train", body=LONG.replace("word50 of", "line50 on").replace("word9 ", "rail9 ")
        ),
    ],
)
def test_similar_articles_are_no_duplicates(tmp_path: Path, other: Item) -> None:
    take(tmp_path, FERRY)
    assert actions(take(tmp_path, variant(other, origin="other"))) == {"added": 1}


def test_a_url_shared_by_different_texts_makes_no_duplicates(tmp_path: Path) -> None:
    home = Source("The Post", "https://post.example/news")
    pair = (variant(FERRY, source=home), variant(FERRY, origin="2", title="The train", body=OTHER, source=home))
    assert actions(take(tmp_path, *pair)) == {"added": 2}


def test_articles_written_by_hand_count_as_duplicates(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text(
        f"---\ntitle: Mine\nsource:\n  name: Post\n  url: https://post.example/a\n---\n{LONG}\n"
    )
    by_address = variant(FERRY, title="Mine", body="Short.", source=Source(None, "https://post.example/a/"))
    assert actions(take(tmp_path, by_address, variant(FERRY, origin="2", title="Mine"))) == {"duplicate": 2}
    assert Library(tmp_path).get("mine").extra["also_at"] == ["export.xml#2"]


def test_a_dry_run_reports_the_same_and_writes_nothing(tmp_path: Path) -> None:
    found = (
        FERRY,
        variant(FERRY, origin="2"),
        variant(FERRY, origin="3", body=OTHER, assets=(Asset("a.png", lambda: b"png"),)),
        Skipped("menu", "a menu entry"),
        Problem("4", 7, "broken"),
    )
    would = take(tmp_path, *found, dry_run=True)
    assert files(tmp_path) == {}
    did = take(tmp_path, *found)
    assert [str(each) for each in would.results] == [str(each) for each in did.results]
    assert actions(would) == {"added": 2, "duplicate": 1, "skipped": 1, "failed": 1}


def test_assets_are_placed_in_the_folder_of_the_article_under_safe_names(tmp_path: Path) -> None:
    def missing() -> bytes:
        raise FileNotFoundError(2, "No such file or directory")

    item = variant(
        FERRY,
        body='![A](../img/Night%20Ferry.PNG "x") <img src="b.jpg"> [doc](/files/b.jpg) ![gone](gone.png)',
        assets=(
            Asset("../img/Night%20Ferry.PNG", lambda: b"one"),
            Asset("b.jpg", lambda: b"two"),
            Asset("/files/b.jpg", lambda: b"three"),
            Asset("../../../evil.png", lambda: b"four"),
            Asset("run.sh", lambda: b"rm"),
            Asset("authors.yml", lambda: b"a: b"),
            Asset("gone.png", missing),
        ),
    )
    report = take(tmp_path / "library", item)
    stem = "2019/2019-03-14-the-night-ferry"
    assert files(tmp_path / "library").keys() == {
        f"{stem}.md",
        *(f"{stem}/{name}" for name in ("night-ferry.png", "b.jpg", "b-2.jpg", "evil.png")),
    }
    assert list(tmp_path.iterdir()) == [tmp_path / "library"]
    body = Library(tmp_path / "library").get(stem).body
    folder = "2019-03-14-the-night-ferry"
    assert (
        f'![A]({folder}/night-ferry.png "x") <img src="{folder}/b.jpg"> [doc]({folder}/b-2.jpg) ![gone](gone.png)'
        in body
    )
    assert len(report.results[0].notes) == 3


def test_assets_count_as_changes_and_as_edits(tmp_path: Path) -> None:
    def shown(content: bytes) -> Item:
        return variant(FERRY, body=f"![](a.png)\n\n{LONG}", assets=(Asset("a.png", lambda: content),))

    take(tmp_path, shown(b"one"))
    assert actions(take(tmp_path, shown(b"one"))) == {"unchanged": 1}
    assert actions(take(tmp_path, shown(b"two"))) == {"changed": 1}
    picture = tmp_path / "2019/2019-03-14-the-night-ferry/a.png"
    assert picture.read_bytes() == b"two"
    assert actions(take(tmp_path, variant(FERRY, body=LONG))) == {"changed": 1}
    assert not picture.exists()
    take(tmp_path, shown(b"two"))
    picture.write_bytes(b"cropped")
    assert actions(take(tmp_path, shown(b"three"))) == {"kept": 1}
    assert picture.read_bytes() == b"cropped"


def test_nothing_is_written_through_a_symlink_out_of_the_library(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "library").mkdir()
    (tmp_path / "library/2019").symlink_to(outside)
    report = take(tmp_path / "library", FERRY)
    assert actions(report) == {"failed": 1}
    assert "leads out" in report.results[0].reason
    assert list(outside.iterdir()) == []


def test_an_interrupted_import_is_complete_and_can_continue(tmp_path: Path) -> None:
    items = [variant(FERRY, origin=str(n), title=f"Ferry {n}", body=f"{n} " * 30) for n in range(100)]

    class Interrupted(FakeFormat):
        def read(self, path: Path, context: ImportContext) -> Iterator[ImportEvent]:
            yield from items[:70]
            raise KeyboardInterrupt

    importer = Importer(Library(tmp_path), today=DAY)
    with pytest.raises(KeyboardInterrupt), importer:
        importer.import_source(ImportSource(Path("x"), "export.xml", "given", False, Interrupted([])), ImportContext())
    assert actions(importer.report) == {"added": 70}
    assert len(files(tmp_path)) == 70
    assert all(read_provenance(path, front_data(content.decode())) for path, content in files(tmp_path).items())
    assert actions(take(tmp_path, *items)) == {"unchanged": 70, "added": 30}


def test_a_full_disk_ends_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Batch, full: str, content: bytes, *_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Batch, "write", full)
    with pytest.raises(OSError, match="No space left"):
        take(tmp_path, FERRY)


def test_a_source_that_breaks_off_fails_and_earlier_items_stay(tmp_path: Path) -> None:
    class Broken(FakeFormat):
        def read(self, path: Path, context: ImportContext) -> Iterator[ImportEvent]:
            yield FERRY
            raise ValueError("the rest is noise")

    with Importer(Library(tmp_path), today=DAY) as importer:
        importer.import_source(ImportSource(Path("x"), "x.xml", "given", False, Broken([])), ImportContext())
    assert actions(importer.report) == {"added": 1, "failed": 1}


def test_values_of_unexpected_types_become_text(tmp_path: Path) -> None:
    class Text(str):
        """As XML libraries have them."""

    item = Item(
        "1",
        ArticleMetadata("A \x00title\nof\x1b two \ud800 lines", (Text("Edna  Marsh"), "")),
        "One\r\nTwo\x0cThree\x07",
        extra={"a": Text("b"), "set": {"x"}, "object": object, "date": "not a date", "lang": "???", "imported": "x"},
    )
    take(tmp_path, item)
    library = Library(tmp_path)
    reading = library.read("undated/a-title-of-two-lines.md")
    assert reading.problems == ()
    assert reading.article is not None
    assert reading.article.metadata.title == "A title of two � lines"
    assert reading.article.metadata.authors == ("Edna Marsh",)
    assert reading.article.body == "\nOne\nTwo\nThree\n"
    assert reading.article.extra["original_date"] == "not a date"


def test_an_item_without_title_is_named_by_its_first_words_and_an_empty_item_is_skipped(tmp_path: Path) -> None:
    report = take(
        tmp_path, Item("1", ArticleMetadata(" "), f"**How** it began {LONG}"), Item("2", ArticleMetadata(), "\n")
    )
    assert (
        report.results[0].path
        == "undated/how-it-began-word0-of-the-story-word1-of-the-story-word2-of-the-story-word3-of.md"
    )
    assert str(report.results[1]) == "skipped   export.xml#2: neither title nor text"


def test_too_large_further_keys_are_left_out_with_a_note(tmp_path: Path) -> None:
    report = take(tmp_path, variant(FERRY, extra={"raw": "x" * 100_000}))
    assert "too much" in report.results[0].notes[0]
    assert Library(tmp_path).get("2019/2019-03-14-the-night-ferry").metadata.title == FERRY.metadata.title


@settings(max_examples=20)
@given(
    st.text(min_size=1, max_size=60), st.text(max_size=200), st.dictionaries(st.text(max_size=12), st.text(max_size=30))
)
def test_any_item_is_written_so_that_it_reads_back(title: str, body: str, extra: dict[str, str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        item = Item("1", ArticleMetadata(title), body, extra=extra)
        report = take(root, item)
        if report.counts[Action.ADDED]:
            written = next(iter(files(root)))
            reading = Library(root).read(written)
            assert reading.left_out or reading.article is not None, reading.problems
            assert all(len(part.encode()) < 143 for part in written.split("/"))
            assert actions(take(root, item)) == {"unchanged": 1}


def test_origins_do_not_depend_on_the_place_of_the_source() -> None:
    assert origin_of("site", True, "posts/a.md") == "site/posts/a.md"
    assert origin_of("posts.csv", False, "12") == "posts.csv#12"
    assert origin_of("ferry.txt", False, "ferry.txt") == "ferry.txt"
    assert origin_of("mixed/ferry.txt", False, "ferry.txt") == "mixed/ferry.txt"
    assert origin_of("x", False, "https://post.example/a") == "https://post.example/a"
    assert origin_of("x", False, "tag:post.example,2019:1") == "tag:post.example,2019:1"
    assert origin_of("x", False, "Note: a title") == "x#Note: a title"


def test_urls_of_one_page_have_one_key() -> None:
    same = ["https://www.post.example/a/", "http://post.example/a?utm_medium=x#top", "HTTPS://POST.example/a"]
    assert len({url_key(address) for address in same}) == 1
    assert url_key("https://post.example/a?id=1") != url_key("https://post.example/a?id=2")
    assert [url_key(each) for each in ("https://post.example/", "mailto:a@b", "http://[x", "a/b")] == [None] * 4


def test_candidates_are_read_from_every_form_of_front_matter() -> None:
    yaml = "---\ntitle: 'A 1'\nsource:\n  url: https://x.example/1\nalso_at: [https://y.example]\ndate: 2019-03-14\n"
    yaml += "---\nText"
    toml = '+++\ntitle = "A 1"\ncanonical = "https://x.example/1"\ndate = 2019-03-14\n+++\nText'
    headers = "Title: A 1\nLink: https://x.example/1\nDate: 2019-03-14\n\nText"
    for text in (yaml, toml, headers):
        found = read_candidate("a.md", text)
        assert (found.title, found.date, found.text) == ("A 1", PartialDate(2019, 3, 14), "Text")
        assert found.addresses[0] == "https://x.example/1"
    assert read_candidate("2019/2019-03-14-a.md", "Text").date == PartialDate(2019, 3, 14)


@pytest.mark.long
@pytest.mark.corpora
def test_similar_release_notes_are_no_duplicates(corpus) -> None:  # type: ignore[no-untyped-def]
    root, known = corpus("nodejs-blog"), DuplicateIndex()
    for entry in sorted(Library(root).walk(), key=lambda entry: entry.path):
        candidate = read_candidate(entry.path, (root / entry.path).read_text())
        without_numbers = Candidate("", None, (), candidate.text)
        assert known.find(without_numbers) is None, entry.path
        known.add(entry.path, without_numbers)


@pytest.mark.long
@pytest.mark.corpora
@pytest.mark.parametrize(("name", "joined"), [("digitalgov", 4), ("do-tutorials", 2), ("rust-blog", 0)])
def test_only_equal_texts_of_whole_trees_are_duplicates(corpus, name: str, joined: int) -> None:  # type: ignore[no-untyped-def]
    known, duplicates = DuplicateIndex(), 0
    for found in tree.read(corpus(name), ImportContext()):
        if isinstance(found, Item):
            candidate = Candidate(found.metadata.title, found.metadata.date, (), found.body)
            duplicates += known.find(candidate) is not None
            known.add(found.origin, candidate)
    assert duplicates == joined


def test_the_files_of_a_mixed_folder_are_detected_one_by_one(tmp_path: Path) -> None:
    mixed = tmp_path / "mixed"
    (mixed / "deep").mkdir(parents=True)
    (mixed / "a.txt").write_text(f"The ferry\n\nBy Edna Marsh\n\n{LONG}\n")
    (mixed / "b.csv").write_text(f"title,text\nTrain,{OTHER}\n")
    (mixed / "deep/c.bin").write_bytes(bytes(range(256)))
    (mixed / "d.html.bak").write_bytes(b"\x00\x01")
    (mixed / "link").symlink_to("/etc/passwd")
    sources = list(open_sources(mixed))
    assert [(each.label, each.kind) for each in sources if isinstance(each, ImportSource)] == [
        ("mixed/a.txt", "text"),
        ("mixed/b.csv", "table"),
    ]
    assert {each.label for each in sources if isinstance(each, RejectedSource)} == {
        "mixed/deep/c.bin",
        "mixed/d.html.bak",
        "mixed/link",
    }


def test_every_format_has_the_kind_of_its_registry_entry() -> None:
    for kind in registry.KINDS:
        candidate = registry.load(kind)
        assert kind == candidate.KIND
        assert candidate.TITLE


def test_a_missing_library_is_reported_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise ModuleNotFoundError("No module named 'rare'", name="rare")

    monkeypatch.setattr(registry, "import_module", missing)
    with pytest.raises(Exception, match="needs the library rare") as raised:
        registry.load("text")
    assert "backfile[import]" in raised.value.hint  # type: ignore[attr-defined]


# The command


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "old/ferry.txt").write_text(f"The night ferry\nBy Edna Marsh\n14 March 2019\n\n{LONG}\n")
    return tmp_path


def test_the_command_imports_and_indexes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "old"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines() == ["1 added", "Look at it with: backfile serve library"]
    assert run(["search", "author:marsh", "ferry", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 1


def test_the_command_prints_json_and_runs_dry(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "old/empty.txt").write_text("")
    assert run(["import", "old", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "added     2019/2019-03-14-the-night-ferry.md <- old/ferry.txt" in out
    assert out.endswith("Would be: 1 added, 1 skipped\n")
    assert not (here / "library").exists()
    assert run(["import", "old", "--json", "--no-index"]) == 0
    output = json.loads(capsys.readouterr().out)
    assert output["counts"]["added"] == 1
    assert output["items"][0]["origin"] == "old/empty.txt"
    assert not (here / "library/.backfile").exists()


def test_usage_errors_are_reported_before_anything_is_done(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import"]) == 2
    assert run(["import", "nowhere"]) == 2
    assert run(["import", "old", "--as", "nothing"]) == 2
    assert run(["import", "old", "--map", "headline=Title"]) == 2
    assert run(["import", ".", "--library", "library"]) == 2
    assert run(["import", "old", "--library", "old"]) == 2
    assert "put it elsewhere with --library" in capsys.readouterr().err
    assert sorted(os.listdir(here)) == ["old"]


def test_the_report_counts_bare_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("links.csv").write_text("title,url\nA,https://post.example/a\nB,https://post.example/b\n")
    assert run(["import", "links.csv", "--no-index"]) == 0
    assert "Of the skipped, 2 are only a link; --fetch takes the pages.\n" in capsys.readouterr().out


def test_failures_are_reported_with_exit_code_1(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bad.jsonl").write_text('{"title": "A", "text": "b"}\n{"title": \n')
    (here / "noise").write_bytes(bytes(range(256)) * 10)
    assert run(["import", "bad.jsonl", "noise", "--no-index"]) == 1
    output = capsys.readouterr()
    assert "failed    bad.jsonl:2: not JSON" in output.err
    assert "failed    noise: of no kind that is known" in output.err
    assert "1 added, 2 failed" in output.out
