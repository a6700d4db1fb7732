"""Imports at the same time as other imports and as people who save files, and after imports that were killed."""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

from backfile.archive.importers.import_report import Action, ImportReport
from backfile.archive.importers.importer import SAVED_MEANWHILE, Importer
from backfile.archive.importers.item import Asset, ImportContext, ImportEvent, Item
from backfile.archive.importers.library import interrupted_changes
from backfile.archive.importers.library.import_lock import NAME, LibraryLocked
from backfile.archive.importers.library.provenance import front_data, read_provenance
from backfile.archive.importers.sources.detection import ImportSource
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.storage import durable_files
from backfile.archive.storage.durable_files import Batch, digest, remove_temporary_files, write_bytes
from backfile.archive.storage.library import Library
from backfile.cli.main import run

DAY = date(2026, 3, 14)
TEXT = " ".join(f"word{n} of the story" for n in range(60))
PATH = "2019/2019-03-14-the-night-ferry.md"
FERRY = Item("ferry", ArticleMetadata("The night ferry", date=PartialDate(2019, 3, 14)), TEXT)


class LiveFormat:
    """Format whose items come from a function, which may do other things between them."""

    KIND = "given"
    TITLE = "Given"

    def __init__(self, events: Callable[[], Iterator[ImportEvent]]) -> None:
        self._events = events

    def detect(self, probe: object) -> int:
        return 0

    def read(self, path: Path, context: ImportContext) -> Iterator[ImportEvent]:
        yield from self._events()


def take(root: Path, events: Callable[[], Iterator[ImportEvent]], **options: object) -> ImportReport:
    with Importer(Library(root), today=DAY, **options) as importer:  # type: ignore[arg-type]
        source = ImportSource(Path("x"), "export.xml", "given", False, LiveFormat(events))  # type: ignore[arg-type]
        importer.import_source(source, ImportContext())
    return importer.report


def start(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "backfile", "import", *arguments, "--no-index"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def write_texts(folder: Path, texts: int, word: str) -> Path:
    folder.mkdir()
    for number in range(texts):
        body = " ".join(f"{word} {number} says {n}" for n in range(50))
        (folder / f"{number}.txt").write_text(f"Article {number}\n\n14 March 2019\n\n{body}\n")
    return folder


def temporary_files(root: Path) -> list[Path]:
    return [path for path in root.rglob(".*") if path.name.endswith((".tmp", ".lock"))]


def test_two_imports_at_once_lose_nothing(tmp_path: Path) -> None:
    sources = [write_texts(tmp_path / word, 40, word) for word in ("ferry", "train")]
    running = [start(str(source), "--wait", "60", folder=tmp_path) for source in sources]
    ended = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0], ended
    assert all("40 added" in out for out, _ in ended)
    texts = [path.read_text() for path in (tmp_path / "library").rglob("*.md")]
    assert len(texts) == 80
    assert all(
        sum(f"{word} {n} says 7 " in text for text in texts) == 1 for n in range(40) for word in ("ferry", "train")
    )
    assert temporary_files(tmp_path) == []


def test_the_second_import_waits_and_then_says_who_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, source = tmp_path / "library", write_texts(tmp_path / "old", 1, "ferry")
    root.mkdir()

    def events() -> Iterator[ImportEvent]:
        arguments = ["import", str(source), "--library", str(root), "--no-index", "--wait", "0.2"]
        assert run(arguments) == 3
        assert run([*arguments, "--dry-run"]) == 0
        yield FERRY

    assert take(root, events).counts == Counter({Action.ADDED: 1})
    told = capsys.readouterr()
    assert f"another import (process {os.getpid()} on " in told.err
    assert "did not finish within 0.2 s" in told.err
    assert "--wait" in told.err
    assert "Would be: 1 added" in told.out
    assert not (root / NAME).exists()


def test_the_lock_of_a_killed_import_is_free(tmp_path: Path) -> None:
    script = f"""
import os, signal
from backfile.archive.importers.library.import_lock import ImportLock
ImportLock({str(tmp_path)!r}).acquire(0)
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False)
    assert (tmp_path / NAME).exists()
    assert take(tmp_path, lambda: iter([FERRY]), wait=0).counts == Counter({Action.ADDED: 1})
    assert not (tmp_path / NAME).exists()


def test_a_file_system_without_locks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    assert take(tmp_path, lambda: iter([FERRY])).counts == Counter({Action.ADDED: 1})
    assert "run one import at a time" in caplog.text


def test_an_error_while_the_library_is_read_frees_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    importer = Importer(Library(tmp_path), today=DAY)
    with monkeypatch.context() as patch:
        patch.setattr(importer._log, "load", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError), importer:
            raise AssertionError
    assert take(tmp_path, lambda: iter([FERRY]), wait=0).counts == Counter({Action.ADDED: 1})


def test_an_import_in_the_same_process_is_locked_out(tmp_path: Path) -> None:
    with Importer(Library(tmp_path), today=DAY), pytest.raises(LibraryLocked):
        take(tmp_path, lambda: iter([FERRY]), wait=0)


def test_a_file_that_appears_meanwhile_is_never_replaced(tmp_path: Path) -> None:
    mine = tmp_path / PATH

    def events() -> Iterator[ImportEvent]:
        yield replace(FERRY, links={"train": "train"}, body=FERRY.body + "[next](train)")
        mine.write_text("mine")
        yield replace(FERRY, origin="copy")
        yield Item("train", ArticleMetadata("The train"), "[back](ferry)", links={"ferry": "ferry"})

    report = take(tmp_path, events)
    assert mine.read_text() == "mine"
    assert report.counts[Action.ADDED] == 1
    assert [(each.action, each.origin) for each in report.results[:2]] == [
        (Action.FAILED, "export.xml#ferry"),
        (Action.FAILED, "export.xml#copy"),
    ]
    assert report.results[0].reason == SAVED_MEANWHILE
    assert "could not be written" in report.results[1].reason
    assert "[back](ferry)" in (tmp_path / "undated/the-train.md").read_text()
    assert take(tmp_path, lambda: iter([FERRY])).counts == Counter({Action.ADDED: 1})
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("saved", ["saved", None])
def test_an_article_that_somebody_saves_or_removes_meanwhile_is_left_alone(tmp_path: Path, saved: str | None) -> None:
    take(tmp_path, lambda: iter([FERRY]))
    mine = tmp_path / PATH

    def events() -> Iterator[ImportEvent]:
        yield replace(FERRY, body="It leaves at ten.")
        if saved is None:
            mine.unlink()
        else:
            mine.write_text(saved)

    report = take(tmp_path, events)
    assert report.counts[Action.KEPT] == 1
    assert report.counts[Action.CHANGED] == 0
    assert SAVED_MEANWHILE in str(report.results[0])
    assert (mine.read_text() if mine.exists() else None) == saved
    assert temporary_files(tmp_path) == []


def test_an_asset_that_somebody_saves_meanwhile_is_left_alone(tmp_path: Path) -> None:
    def shown(content: bytes) -> Item:
        return replace(FERRY, body="![](a.png)", assets=(Asset("a.png", lambda: content),))

    picture = tmp_path / PATH.removesuffix(".md") / "a.png"
    take(tmp_path, lambda: iter([shown(b"one")]))

    def change(item: Item) -> Callable[[], Iterator[ImportEvent]]:
        def events() -> Iterator[ImportEvent]:
            yield item
            picture.write_bytes(b"cropped")

        return events

    for item in (shown(b"two"), FERRY):
        picture.write_bytes(b"one")
        report = take(tmp_path, change(item))
        assert picture.read_bytes() == b"cropped"
        assert report.counts[Action.KEPT] == 1
        assert any(SAVED_MEANWHILE in each.reason for each in report.results)
        picture.unlink()
        (tmp_path / PATH).unlink()
        picture.parent.rmdir()
        take(tmp_path, lambda: iter([shown(b"one")]))


def test_a_duplicate_that_somebody_saves_meanwhile_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(tmp_path, lambda: iter([FERRY]))
    library_write = Library.write

    def write(self: Library, path: str, *arguments: object) -> bool:
        (tmp_path / PATH).write_text("mine")
        return library_write(self, path, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Library, "write", write)
    report = take(tmp_path, lambda: iter([replace(FERRY, origin="copy")]))
    assert [(each.action, each.reason) for each in report.results] == [(Action.KEPT, SAVED_MEANWHILE)]
    assert (tmp_path / PATH).read_text() == "mine"


def test_a_batch_replaces_only_what_it_was_told(tmp_path: Path) -> None:
    for name in ("old", "saved", "new"):
        (tmp_path / name).write_text(name)
    batch = Batch()
    for name, replaces in (("old", digest(b"old")), ("saved", digest(b"read")), ("new", None), ("free", None)):
        batch.write(str(tmp_path / name), b"written", replaces, name)
    assert batch.finish() == ["saved", "new"]
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {"old": "written", "saved": "saved", "new": "new", "free": "written"}
    assert write_bytes(str(tmp_path / "free"), b"written", None)  # it is there already
    assert not write_bytes(str(tmp_path / "free"), b"other", None)
    (tmp_path / "dangling").symlink_to("nowhere")
    assert not write_bytes(str(tmp_path / "dangling"), b"other", None)
    assert not (tmp_path / "nowhere").exists()


def test_file_systems_without_hard_links_replace_nothing_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert write_bytes(str(tmp_path / "a"), b"one", None)
    assert not write_bytes(str(tmp_path / "a"), b"two", None)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"one")]


def test_temporary_files_of_killed_imports_are_removed(tmp_path: Path) -> None:
    (tmp_path / "2019/deep").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    ours = [tmp_path / ".0123456789abcdef.tmp", tmp_path / "2019/deep/.fedcba9876543210.tmp"]
    others = [tmp_path / name for name in (".0123456789abcde.tmp", "0123456789abcdef.tmp", ".0123456789ABCDEF.tmp",
              ".0123456789abcdef.tmp2", ".x0123456789abcdef.tmp", ".git/.0123456789abcdef.tmp")]  # fmt: skip
    for path in (*ours, *others):
        path.write_text("x")
    (tmp_path / "2019/.00000000000000aa.tmp").symlink_to("deep")
    (tmp_path / "2019/.00000000000000bb.tmp").mkdir()
    before = set(tmp_path.rglob("*"))
    take(tmp_path, lambda: iter(()), dry_run=True)
    assert set(tmp_path.rglob("*")) == before
    take(tmp_path, lambda: iter(()))
    assert set(tmp_path.rglob("*")) == before - set(ours)
    assert remove_temporary_files(str(tmp_path / "missing")) == 0


def test_assets_left_by_a_killed_import_are_used(tmp_path: Path) -> None:
    item = replace(
        FERRY, body="![](a.png) ![](b.png)", assets=(Asset("a.png", lambda: b"a"), Asset("b.png", lambda: b"b"))
    )
    folder = tmp_path / PATH.removesuffix(".md")
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(b"a")
    assert take(tmp_path, lambda: iter([item])).results[0].path == PATH
    assert sorted(path.name for path in folder.iterdir()) == ["a.png", "b.png"]
    foreign = tmp_path / "undated/the-train"
    foreign.mkdir(parents=True)
    (foreign / "mine.png").write_bytes(b"a")
    train = replace(item, origin="train", metadata=ArticleMetadata("The train"), body="![](a.png) Other.")
    assert take(tmp_path, lambda: iter([train])).results[0].path == "undated/the-train-2.md"


@pytest.mark.long
def test_twenty_killed_imports_leave_every_article_once(tmp_path: Path) -> None:
    site, items, chance = tmp_path / "site", 300, random.Random(9)
    site.mkdir()
    for number in range(items):
        name, words = f"article-{number % 150}", " ".join(f"item {number} says {n}" for n in range(40))
        folder, after = site / f"{number:03}", (number + 1) % items
        folder.mkdir()
        (folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + str(number).encode() * 2_000)
        text = f"---\ntitle: {name}\ndate: 2019-03-14\n---\n![](a.png) {words} [next](../{after:03}/post.md)\n"
        (folder / "post.md").write_text(text)
    began = time.monotonic()
    process = start("site", "--library", "whole", folder=tmp_path)
    assert process.communicate(timeout=300)[1] == ""
    duration, killed = time.monotonic() - began, 0
    for _ in range(60):  # until twenty were killed
        process = start("site", folder=tmp_path)
        try:
            process.wait(timeout=0.3 + chance.random() * duration)
            if killed < 19:
                shutil.rmtree(tmp_path / "library")
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
        if killed == 20:
            break
    assert killed == 20
    process = start("site", folder=tmp_path)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    figures = f"{killed} imports of {items} items killed within {duration:.1f} s; then {out.splitlines()[0]}"
    sys.stdout.write(figures + "\n")
    assert not any(word in out for word in ("kept", "failed"))
    library = tmp_path / "library"
    paths = sorted(path.relative_to(library).as_posix() for path in library.rglob("*.md"))
    origins = Counter()
    for path in paths:
        text = (library / path).read_text()
        provenance = read_provenance(path, front_data(text))
        assert provenance is not None
        origins[provenance.origin] += 1
        number = int(provenance.origin.split("/")[1])
        assert f"item {number} says 39" in text
        picture = next((library / path.removesuffix(".md")).iterdir())
        assert picture.read_bytes().endswith(str(number).encode() * 2_000)
    assert len(origins) == items
    assert set(origins.values()) == {1}
    assert temporary_files(tmp_path) == []
    assert len([path for path in library.rglob("*") if path.is_dir()]) == items + 1
    process = start("site", folder=tmp_path)
    assert process.communicate(timeout=300)[0].splitlines()[0] == f"{items} unchanged"


STRANGE = [
    "\ud800",
    "a\udcffb",
    "\x00",
    "a\x07b",
    "a\u2028b",
    "a\x85b",
    "a\nb",
    "\ufeff",
    "\ufffe",
    "a\x7f",
    "a: #b'\"",
    "\t",
]


@pytest.mark.parametrize("strange", STRANGE, ids=ascii)
def test_any_id_and_address_is_the_same_at_the_next_import(tmp_path: Path, strange: str) -> None:
    def other(number: int) -> str:
        return " ".join(f"sentence {n} of {number}" for n in range(60))

    def events() -> Iterator[ImportEvent]:
        source, address = Source(None, f"https://post.example/{strange}?a={strange}"), f"https://copy.example/{strange}"
        yield replace(FERRY, origin=f"x{strange}", also_at=(address,))
        yield Item(f"https://post.example/{strange}y", ArticleMetadata("The train", source=source), other(1))
        yield replace(FERRY, origin=f"copy{strange}")

    def read(label: str) -> ImportReport:
        with Importer(Library(tmp_path), today=DAY) as importer:
            source = ImportSource(Path("x"), label, "given", False, LiveFormat(events))  # type: ignore[arg-type]
            importer.import_source(source, ImportContext())
        return importer.report

    for label in ("export.xml", f"exp{strange}ort.xml"):
        read(label)
        before = {path: path.read_bytes() for path in tmp_path.rglob("*.md")}
        report = read(label)
        assert not report.counts[Action.ADDED] + report.counts[Action.CHANGED] + report.counts[Action.FAILED]
        assert {path: path.read_bytes() for path in tmp_path.rglob("*.md")} == before
        assert len(before) == 2
        assert not report.wrote
        for path in before:
            result = Library(tmp_path).read(path.relative_to(tmp_path).as_posix())
            assert result.article is not None
            assert all(each.reason.startswith("not a valid URL") for each in result.problems)
        "".join(map(str, report.results)).encode()


def _killed_at(placed: int, root: Path, events: Callable[[], Iterator[ImportEvent]]) -> None:
    """Imports in a process that dies before it puts another file in its place."""
    child = os.fork()
    if child == 0:
        place, count = durable_files._place, 0

        def dying(*arguments: Any) -> bool:
            nonlocal count
            if count == placed:
                os._exit(0)
            count += 1
            return place(*arguments)

        durable_files._place = dying
        try:
            take(root, events)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


@pytest.mark.parametrize("placed", range(4))
@pytest.mark.parametrize("edited", [None, PATH, PATH.removesuffix(".md") + "/b.png"])
def test_an_update_that_was_killed_half_way_goes_on_unless_somebody_edited(
    tmp_path: Path, placed: int, edited: str | None
) -> None:
    def with_pictures(text: str, **pictures: bytes) -> Callable[[], Iterator[ImportEvent]]:
        assets = tuple(Asset(f"{name}.png", partial(bytes, content)) for name, content in pictures.items())
        links = "".join(f"![]({asset.name})" for asset in assets)
        return lambda: iter([replace(FERRY, body=f"{text} {links}", assets=assets)])

    take(tmp_path, with_pictures(TEXT, a=b"old a", b=b"old b"))
    new = with_pictures(f"New {TEXT}", b=b"new b", c=b"new c")
    # the note of the changes is written by itself; then pictures, then the article
    _killed_at(placed, tmp_path, new)
    if edited:
        (tmp_path / edited).write_bytes((tmp_path / edited).read_bytes() + b"mine")
    report = take(tmp_path, new)
    folder = (tmp_path / PATH).with_suffix("")
    if edited:
        assert report.counts == {Action.KEPT: 1}
        assert (tmp_path / edited).read_bytes().endswith(b"mine")
    else:
        assert report.counts == {Action.CHANGED: 1}
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"b.png": b"new b", "c.png": b"new c"}
        assert "New word0" in (tmp_path / PATH).read_text()
        assert take(tmp_path, new).counts == {Action.UNCHANGED: 1}
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] in ([], [interrupted_changes.NAME])
