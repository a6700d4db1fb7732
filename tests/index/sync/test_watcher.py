"""The keeper: that no change escapes it, whenever it is made."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from backfile.archive.report import Report
from backfile.archive.storage.library import Library
from backfile.index.sync import watcher
from backfile.index.sync.watcher import IndexWatcher

PATIENCE = 60.0  # seconds; a guard, not a promise


def test_a_change_made_during_the_first_synchronisation_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = Event()
    calls: list[Library] = []

    def synchronise(library: Library, *_: object, **__: object) -> Report:
        calls.append(library)
        if len(calls) == 1:
            (library.root / "new.md").write_text("A zeppelin lands.\n")
        else:
            again.set()
        return Report()

    monkeypatch.setattr(watcher, "update_index", synchronise)
    keeper = IndexWatcher(Library(tmp_path), tmp_path / ".backfile", "memory")
    keeper.start()
    assert again.wait(PATIENCE)
    keeper.stop()


def test_without_watching_it_looks_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Event()

    def synchronise(*_: object, **__: object) -> Report:
        looked.set()
        return Report()

    monkeypatch.setattr(watcher, "update_index", synchronise)
    keeper = IndexWatcher(Library(tmp_path), tmp_path / ".backfile", "memory", watch=False)
    keeper.start()
    assert looked.wait(PATIENCE)
    keeper.stop()


@pytest.mark.parametrize("error", [OSError("no inotify"), RuntimeError("too many folders")])
def test_where_nothing_is_announced_it_looks_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    looked = Event()

    def synchronise(*_: object, **__: object) -> Report:
        looked.set()
        return Report()

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(watcher, "update_index", synchronise)
    monkeypatch.setattr(watcher, "watch", refuse)
    keeper = IndexWatcher(Library(tmp_path), tmp_path / ".backfile", "memory")
    with caplog.at_level("WARNING", "backfile.index"):
        keeper.start()
        assert looked.wait(PATIENCE)
    keeper.stop()
    assert str(error) in caplog.text
