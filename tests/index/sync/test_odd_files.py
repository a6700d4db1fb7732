"""Files and folders with odd times, depths and kinds: none keeps the others from the index."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from paths import ROOT

from backfile.archive.errors import LibrarySettingsInvalid
from backfile.archive.report import Report
from backfile.archive.storage.library import Library
from backfile.archive.storage.walker import MAX_TIME_NS, held_time
from backfile.index.engine import Request
from backfile.index.engines import open_engine
from backfile.index.errors import CacheFolderRefused, IndexUnusable
from backfile.index.query import parse
from backfile.index.sync.state import FOLDER, SyncState, load_state, record_failure
from backfile.index.sync.synchronization import update_index
from backfile.index.sync.verification import OK, check


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "ferry.md").write_text("# Ferry\n\nThe night ferry.\n", encoding="utf-8")
    return tmp_path


def update(root: Path) -> Report:
    return update_index(Library(root), root / FOLDER, "whoosh")


@pytest.mark.parametrize("seconds", [9_246_182_400, 13_835_058_055, -1, 0, -2_147_483_648])
def test_a_file_of_any_time_is_indexed_and_unchanged_afterwards(root: Path, seconds: int) -> None:
    odd = root / "odd.md"
    odd.write_text("# Odd\n\nText.\n", encoding="utf-8")
    os.utime(odd, (0, seconds))
    assert sorted(update(root).added) == ["ferry", "odd"]
    assert update(root).unchanged == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take no such names")
@pytest.mark.parametrize("name", [b"\xff.md", b"\xff/a.md", b"\xff.png", b"caf\xe9.html"])
def test_a_name_that_is_not_utf_8_stops_nothing(root: Path, name: bytes) -> None:
    odd = os.fsencode(root) + b"/" + name
    os.makedirs(os.path.dirname(odd), exist_ok=True)
    Path(os.fsdecode(odd)).write_text("Text.\n", encoding="utf-8")
    for _ in range(2):
        report = update(root)
        is_article = name.endswith(b".md")
        assert [problem.reason for problem in report.problems] == ["its name is not UTF-8"] * is_article
    result = check(Library(root), root / FOLDER, "whoosh")
    assert (result.searchable, result.index) == (1, OK)


def test_times_beyond_64_bits_are_clamped() -> None:
    assert [held_time(each) for each in (2**63, -(2**80), 7)] == [MAX_TIME_NS, -MAX_TIME_NS, 7]


@pytest.mark.parametrize(
    ("levels", "name"), [(900, "d"), pytest.param(3_000, "d", marks=pytest.mark.long), (20, "x" * 250)]
)
def test_a_deep_folder_does_not_stop_the_others(root: Path, levels: int, name: str) -> None:
    make = f"import os\nfor _ in range({levels}):\n os.mkdir({name!r}); os.chdir({name!r})\nopen('deep.md', 'w')"
    subprocess.run([sys.executable, "-c", make], cwd=root, check=True)
    try:
        report = update(root)
        assert "ferry" in report.added
        assert len(report.added) + len(report.problems) == 2
    finally:
        subprocess.run(["rm", "-rf", name], cwd=root, check=True)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "large"])
def test_settings_that_are_no_file_are_refused_at_once(root: Path, kind: str) -> None:
    settings = root / "library.toml"
    if kind == "pipe":
        os.mkfifo(settings)
    elif kind == "device":
        settings.symlink_to("/dev/zero")
    elif kind == "folder":
        settings.mkdir()
    else:
        settings.touch()
        os.truncate(settings, 2**35)
    with pytest.raises(LibrarySettingsInvalid, match=r"library\.toml"):
        Library(root)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"version":' + "9" * 10_000 + "}", "\x00", None])
def test_an_unusable_state_is_an_empty_one(root: Path, content: str | None) -> None:
    update(root)
    state = root / FOLDER / "problems.json"
    state.unlink()
    if content is None:
        os.mkfifo(state)
    else:
        state.write_text(content, encoding="utf-8")
    assert load_state(root / FOLDER) == SyncState()
    assert not update(root).failed


def _put(kind: str, path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    if kind == "folder":
        path.mkdir()
        (path / "within").touch()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path.name)
    else:
        path.write_bytes(random.Random(7).randbytes(3_000) if kind == "random" else b"")


@pytest.mark.parametrize("kind", ["folder", "pipe", "loop", "random", "empty"])
def test_whatever_lies_in_the_place_of_a_file_of_the_cache_the_articles_are_found(tmp_path: Path, kind: str) -> None:
    """Except links in the place of the index and files in that of the tag: they are refused with the reason."""
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / "ferry.md").write_text("# Ferry\n\nThe night ferry.\n", encoding="utf-8")
    update(whole)
    record_failure(whole / FOLDER, "the disk was full")
    names = sorted(path.relative_to(whole).as_posix() for path in (whole / FOLDER).rglob("*"))
    assert len(names) >= 8
    for number, name in enumerate(names):
        root = tmp_path / str(number)
        shutil.copytree(whole, root)
        _put(kind, root / name)
        if (name, kind) in ((f"{FOLDER}/index", "loop"), (f"{FOLDER}/CACHEDIR.TAG", "random")):
            with pytest.raises((IndexUnusable, CacheFolderRefused), match=r"is not a folder|holds other things"):
                update(root)
            continue
        update(root)
        with closing(open_engine("whoosh", root / FOLDER / "index")) as engine:
            assert engine.search(Request(parse("ferry").tree)).total == 1, name
        assert check(Library(root), root / FOLDER, "whoosh").index == "ok", name


def test_names_that_the_locale_cannot_hold_stay_in_the_index(root: Path) -> None:
    (root / "café.md").write_text("# Café\n\nText.\n", encoding="utf-8")
    assert len(update(root).added) == 2
    environment = os.environ | {
        "LC_ALL": "POSIX",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "backfile", "index", str(root)]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert update(root).unchanged == 2
