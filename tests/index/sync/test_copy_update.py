"""Stories kept up to date: after any history they are those of a fresh index, and no damage outlasts a run."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from copies_texts import KINDS, prose
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from long_runs import examples
from oracle.memory_engine import MemoryEngine
from synchronising import synchronise

from backfile.archive.storage.library import Library
from backfile.index.copies.signature_table import FILE_NAME
from backfile.index.engine import Changes, Filters, Request
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.query import MatchAll
from backfile.index.sync import copy_update, synchronization
from backfile.index.sync.synchronization import update_index


def write(root: Path, name: str, text: str, *, day: str = "2001-05-04", title: str = "Title") -> None:
    """Writes an article whose file is old enough to be read at once."""
    path = root / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    date = f"date: {day}\n" if day else ""
    path.write_text(f"---\ntitle: {title}\n{date}---\n{text}\n", encoding="utf-8")
    then = time.time_ns() - random.Random(f"{name}{text}{day}{title}").randint(60, 9_999) * 10**9
    os.utime(path, ns=(then, then))


def stories(engine: MemoryEngine) -> dict[str, str]:
    return dict(engine._state.stories)


def fresh_stories(root: Path) -> dict[str, str]:
    with TemporaryDirectory() as folder:
        shutil.copytree(root, Path(folder) / "library", ignore=shutil.ignore_patterns(".backfile"))
        engine = MemoryEngine()
        synchronise(Library(Path(folder) / "library"), engine)
        return stories(engine)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "library"
    write(root, "a", prose(1), day="2001-05-04")
    write(root, "b", prose(1), day="2001-05-03")
    write(root, "c", prose(2))
    return root


Edit = tuple[str, str, str, int, str, str]
History = list[list[Edit]]
names = st.sampled_from([f"{folder}{number}" for folder in ("", "z/") for number in range(5)])
edits = st.tuples(
    st.sampled_from(["write", "write", "write", "remove", "move"]),
    names,
    names,
    st.integers(0, 2),
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(["2001-05-04", "2001-05-20", "2001-06-10", "2001-08-01", "2001", ""]),
)


def carry_out(root: Path, edit: Edit) -> None:
    action, name, other, seed, kind, day = edit
    path = root / f"{name}.md"
    if action == "write":
        write(root, name, KINDS[kind](prose(seed, 80), len(name)), day=day)
    elif path.exists() and action == "remove":
        path.unlink()
    elif path.exists():
        (root / f"{other}.md").parent.mkdir(exist_ok=True)
        path.rename(root / f"{other}.md")


def check_history(history: History, most_changed: int) -> None:
    with TemporaryDirectory() as folder, patch.object(copy_update, "_MOST_CHANGED", most_changed):
        root, engine = Path(folder) / "library", MemoryEngine()
        root.mkdir()
        for step in history:
            for edit in step:
                carry_out(root, edit)
            synchronise(Library(root), engine)
        assert stories(engine) == fresh_stories(root)


histories = st.lists(st.lists(edits, min_size=1, max_size=4), min_size=1, max_size=4)


@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
@given(histories, st.sampled_from([0, 200]))
def test_stories_after_any_history_are_those_of_a_fresh_index(history: History, most_changed: int) -> None:
    check_history(history, most_changed)


@pytest.mark.long
@settings(max_examples=examples(500), suppress_health_check=list(HealthCheck), deadline=None)
@given(histories, st.sampled_from([0, 1, 200]))
def test_stories_after_any_history_are_those_of_a_fresh_index_at_length(history: History, most_changed: int) -> None:
    check_history(history, most_changed)


def test_many_articles_are_grouped_after_the_last_commit(root: Path) -> None:
    engine = MemoryEngine()
    with patch.object(synchronization, "SINGLE_COMMIT", 1), patch.object(synchronization, "BATCH", 2):
        synchronise(Library(root), engine)
        assert stories(engine) == {"a": "b", "b": "b"}
        (root / "b.md").unlink()
        write(root, "c", prose(1), day="2001-05-05")
        write(root, "d", prose(3))
        synchronise(Library(root), engine)
    assert stories(engine) == {"a": "a", "c": "a"} == fresh_stories(root)


def test_nothing_is_written_when_nothing_changed(root: Path) -> None:
    engine = MemoryEngine()
    synchronise(Library(root), engine)
    generation = engine.status().generation
    table = (root / ".backfile" / FILE_NAME).read_bytes()
    synchronise(Library(root), engine)
    assert engine.status().generation == generation
    assert (root / ".backfile" / FILE_NAME).read_bytes() == table


def test_a_changed_article_reads_only_its_own_group(root: Path) -> None:
    for number in range(8):
        write(root, f"other{number}", prose(100 + number // 2))
    engine = MemoryEngine()
    synchronise(Library(root), engine)
    write(root, "c", prose(1) + " and more", day="2001-05-09")
    read: list[str] = []
    real = engine.document
    with patch.object(engine, "document", lambda each: read.append(each) or real(each)):
        synchronise(Library(root), engine)
    assert set(read) <= {"a", "b"}
    assert stories(engine) == fresh_stories(root)
    assert stories(engine)["c"] == "b"


@pytest.mark.parametrize("damage", ["missing", "text", "truncated", "folder", "other format", "garbled"])
def test_damaged_signatures_are_made_anew(root: Path, damage: str) -> None:
    engine, path = MemoryEngine(), root / ".backfile" / FILE_NAME
    synchronise(Library(root), engine)
    if damage == "other format":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:5000])
    elif damage == "garbled":
        content = bytearray(path.read_bytes())
        content[4096:] = bytes(255 - byte for byte in content[4096:])
        path.write_bytes(content)
    else:
        path.unlink()
        if damage == "text":
            path.write_text("no database")
        if damage == "folder":
            path.mkdir()
    write(root, "d", prose(2), day="2001-05-01")
    synchronise(Library(root), engine)
    assert stories(engine) == {"a": "b", "b": "b", "c": "d", "d": "d"}
    assert path.is_file()


class Killed(BaseException):
    """End of the process."""


@pytest.mark.parametrize("after_commit", [True, False])
def test_a_run_that_was_killed_around_its_commit_is_made_up_for(root: Path, after_commit: bool) -> None:
    engine = MemoryEngine()
    synchronise(Library(root), engine)
    write(root, "c", prose(1), day="2001-05-01")
    (root / "a.md").unlink()
    real = engine.write

    def killed(changes: Changes, *, wait: float = 10.0) -> None:
        if after_commit:
            real(changes, wait=wait)
        raise Killed

    with patch.object(engine, "write", killed), pytest.raises(Killed):
        synchronise(Library(root), engine)
    synchronise(Library(root), engine)
    assert stories(engine) == {"b": "c", "c": "c"}


def test_another_index_in_the_place_of_the_known_one_gets_its_stories(root: Path) -> None:
    synchronise(Library(root), MemoryEngine())
    other = MemoryEngine()
    synchronise(Library(root), other)
    assert stories(other) == {"a": "b", "b": "b"}


def test_copies_can_be_switched_off_and_their_days_be_set(root: Path) -> None:
    engine = MemoryEngine()
    write(root, "d", prose(1), day="2001-08-01")
    synchronise(Library(root), engine)
    assert stories(engine) == {"a": "b", "b": "b"}
    (root / "library.toml").write_text("copies_days = 100\n")
    report = synchronise(Library(root), engine)
    assert stories(engine) == {"a": "b", "b": "b", "d": "b"}
    assert report.unchanged == 4
    (root / "library.toml").write_text("find_copies = false\n")
    synchronise(Library(root), engine)
    assert stories(engine) == {}
    (root / "library.toml").unlink()
    synchronise(Library(root), engine)
    assert stories(engine) == {"a": "b", "b": "b"}


def test_the_settings_do_not_have_articles_read_again(root: Path) -> None:
    engine = MemoryEngine()
    synchronise(Library(root), engine)
    (root / "library.toml").write_text("copies_days = 100\n")
    with patch.object(Library, "read", side_effect=AssertionError("read again")):
        synchronise(Library(root), engine)


def test_articles_held_back_are_no_copies(root: Path) -> None:
    engine = MemoryEngine()
    (root / "b.md").write_text(f"---\ntitle: Title\ndate: 2001-05-03\nembargo: 2999-01-01\n---\n{prose(1)}\n")
    synchronise(Library(root), engine)
    assert stories(engine) == {}


def test_the_index_holds_the_stories_through_commits_and_merges(root: Path) -> None:
    kept = root
    update_index(Library(kept), kept / ".backfile", DEFAULT)
    for number in range(4):
        write(kept, f"new{number}", prose(50 + number // 2))
        update_index(Library(kept), kept / ".backfile", DEFAULT)
    with closing(open_engine(DEFAULT, kept / ".backfile" / "index")) as engine:
        page = engine.search(Request(MatchAll(), fold=True))
        assert (page.total, page.stories, len(page.hits)) == (7, 4, 4)
        assert engine.status().copies == 3
        (hit,) = engine.search(Request(MatchAll(), Filters(ids=("a",)), fold=True)).hits
        assert [each.id for each in hit.copies] == ["b"]
        assert engine.status(verify=True).problems == ()
