"""Index of links: it follows the library, counts dead links by path and line, and is made anew when it is damaged."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from threading import Event

import pytest

from backfile.archive.errors import LinkIndexDamaged, LinkIndexUnusable
from backfile.archive.links.link_index import FILE_NAME, LinkIndex
from backfile.archive.links.link_tables import is_marked
from backfile.archive.storage.library import Library
from backfile.cli.main import run
from backfile.index.sync.state import FOLDER
from backfile.index.sync.synchronization import update_index
from backfile.index.sync.verification import DAMAGED, OK, IndexVerifier, check, read_link_check


def index(root: Path) -> list[tuple[str, int | None, str]]:
    """Synchronizes; path, line and address of every dead link, which `check` finds as well."""
    update_index(Library(root), root / FOLDER, "whoosh")
    found = read_link_check(root / FOLDER)
    assert check(Library(root), root / FOLDER, "whoosh").links == found
    return [(each.path, each.line, each.address) for each in found.listed]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "notes").mkdir()
    (tmp_path / "a.md").write_text(
        "---\ntitle: A\n---\n\nSee [b](notes/b.md), `[c](c.md)`\nand [c](c.md).\n\n![map](map.png) [[Gone]]\n"
    )
    (tmp_path / "notes/b.md").write_text("# B\n\n[back](../a.md) and [again](../a.md)\n")
    return tmp_path


def test_dead_links_follow_the_library(root: Path) -> None:
    assert index(root) == [("a.md", 6, "c.md"), ("a.md", 8, "map.png"), ("a.md", 8, "Gone")]
    assert read_link_check(root / FOLDER).resolved == 3
    (root / "map.png").write_bytes(b"")
    (root / "notes/c.md").write_text("# Gone\n")
    assert index(root) == []
    (root / "map.png").unlink()
    (root / "a.md").rename(root / "notes/a.md")
    assert index(root) == [("notes/a.md", 8, "map.png"), ("notes/b.md", 3, "../a.md"), ("notes/b.md", 3, "../a.md")]
    (root / "notes/b.md").write_text("---\ndraft: true\n---\n[x](nowhere.md)\n")
    assert index(root) == [("notes/a.md", 5, "notes/b.md"), ("notes/a.md", 8, "map.png")]


@pytest.mark.parametrize("damage", ["gone", "noise", "other format", "folder", "pipe"])
def test_a_damaged_index_of_links_is_made_anew(root: Path, damage: str) -> None:
    dead = index(root)
    path = root / FOLDER / FILE_NAME
    if damage == "gone":
        path.unlink()
    elif damage in ("folder", "pipe"):
        path.unlink()
        path.mkdir() if damage == "folder" else os.mkfifo(path)
    elif damage == "noise":
        path.write_bytes(b"noise" * 1000)
    else:
        with LinkIndex.write(path) as links:
            links._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LinkIndexUnusable):
        read_link_check(root / FOLDER)
    assert index(root) == dead


def damages(content: bytes, kind: str) -> bytes:
    """Content of an index of links with a changed letter in a row, with a changed table, or with a page of zeros."""
    if kind == "row":
        return content.replace(b"notes/b.md", b"notes/c.md")
    if kind == "table":
        return content.replace(b"CREATE TABLE address(name", b"CREATE TABLE address(\x00ame")
    return content[:4096] + bytes(4096) + content[8192:]


@pytest.mark.parametrize(
    ("kind", "is_sealed"), [("row", True), ("table", True), ("page", True), ("table", False), ("page", False)]
)
def test_damage_within_an_index_of_links_is_found_and_mended(root: Path, kind: str, *, is_sealed: bool) -> None:
    dead = index(root)
    path = root / FOLDER / FILE_NAME
    whole = path.read_bytes()
    path.write_bytes(damages(whole, kind))
    if not is_sealed:  # as after the kill of a writer: then what SQLite notices is found
        path.with_name(f"{FILE_NAME}.sum").unlink()
    (root / "notes/b.md").write_text("# B\n\n[back](../a.md) and [again](../a.md)\n\n")
    assert index(root) == dead
    assert b"notes/b.md" in path.read_bytes()
    assert not path.with_name(f"{FILE_NAME}.damaged").exists()


def test_check_and_the_server_find_a_changed_letter_in_the_index_of_links(root: Path) -> None:
    index(root)
    path, library = root / FOLDER / FILE_NAME, Library(root)
    path.write_bytes(damages(path.read_bytes(), "row"))
    found = Event()
    verifier = IndexVerifier(root / FOLDER, "whoosh", found.set)
    verifier.start()
    assert found.wait(30)
    verifier.stop()
    result = check(library, root / FOLDER, "whoosh")
    assert (result.index, result.damage) == (DAMAGED, ("the index of links was found damaged",))
    index(root)
    assert check(library, root / FOLDER, "whoosh").index == OK


def test_a_reader_marks_damage_that_it_meets(root: Path) -> None:
    index(root)
    path = root / FOLDER / FILE_NAME
    path.write_bytes(damages(path.read_bytes(), "table"))
    with pytest.raises(LinkIndexDamaged), LinkIndex.read(path) as links:
        links.articles("b")
    assert is_marked(path)
    index(root)
    assert not is_marked(path)


def test_an_error_that_passes_is_no_damage(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index(root)
    path = root / FOLDER / FILE_NAME
    before = path.read_bytes()

    def refuse(*_: object, **__: object) -> None:
        error = sqlite3.OperationalError("unable to open database file")
        error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", refuse)
        with pytest.raises(LinkIndexUnusable, match="unable to open"):
            update_index(Library(root), root / FOLDER, "whoosh")
    assert path.read_bytes() == before
    assert not is_marked(path)


def test_check_lists_links_to_headings_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "a.md": "# A\n\n[kept](b.md#high-water) [lost](b.md#low-water)\n\n[[B#Tides]] [[B#High water]] ![](c.png#x)\n",
        "b.md": "# B\n\n## High water\n",
        "c.png": "",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    index(tmp_path)
    assert run(["check", "--library", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "a.md:3: the link b.md#low-water names a heading that is not there\n" in printed
    assert "5 links within the library, 0 of them dead, 2 to a heading that is not there" in printed
    assert run(["check", "--library", str(tmp_path), "--json"]) == 0
    assert [
        (each["line"], each["address"]) for each in json.loads(capsys.readouterr().out)["links_without_anchor"]
    ] == [
        (3, "b.md#low-water"),
        (5, "B#Tides"),
    ]


def test_check_prints_dead_links_and_succeeds(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index(root)
    assert run(["check", "--library", str(root)]) == 0
    printed = capsys.readouterr().out
    assert "a.md:6: the link c.md is dead\na.md:8: the picture map.png is dead\n" in printed
    assert "6 links within the library, 3 of them dead" in printed
    assert run(["check", "--library", str(root), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["links"] == {"resolved": 3, "unresolved": 3}
    assert found["unresolved_links"][0] == {"path": "a.md", "line": 6, "kind": "link", "address": "c.md"}
    assert run(["stats", "--library", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["dead_links"] == 3
