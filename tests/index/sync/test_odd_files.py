"""Files and folders with odd times, depths and kinds: none keeps the others from the index."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

from backfile.archive.errors import LibrarySettingsInvalid
from backfile.archive.report import Report
from backfile.archive.storage.library import Library
from backfile.archive.storage.walker import MAX_TIME_NS, held_time
from backfile.index.sync.state import FOLDER, SyncState, load_state
from backfile.index.sync.synchronization import update_index


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


def test_times_beyond_64_bits_are_clamped() -> None:
    assert [held_time(each) for each in (2**63, -(2**80), 7)] == [MAX_TIME_NS, -MAX_TIME_NS, 7]


@pytest.mark.parametrize(("levels", "name"), [(900, "d"), (1_900, "d"), (3_000, "d"), (20, "x" * 250)])
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
