"""IndexWatcher: changes during a synchronisation, watching switched off, watching unavailable."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from backfile.archive.report import Report
from backfile.archive.storage.library import Library
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.errors import ClusterUnavailable
from backfile.index.sync import watcher
from backfile.index.sync.synchronization import update_index
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
    index_watcher = IndexWatcher(Library(tmp_path), tmp_path / ".backfile", "memory")
    index_watcher.start()
    assert again.wait(PATIENCE)
    index_watcher.stop()


def test_without_watching_it_synchronises_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = Event()

    def synchronise(*_: object, **__: object) -> Report:
        looked.set()
        return Report()

    monkeypatch.setattr(watcher, "update_index", synchronise)
    index_watcher = IndexWatcher(Library(tmp_path), tmp_path / ".backfile", "memory", watch=False)
    index_watcher.start()
    assert looked.wait(PATIENCE)
    index_watcher.stop()


@pytest.mark.parametrize("watches", [True, False])
def test_an_article_comes_at_its_hour_and_another_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watches: bool
) -> None:
    monkeypatch.setattr(watcher, "DUE_SECONDS", 0.01)
    hour = datetime(2031, 3, 14, 18, tzinfo=UTC)
    now = [hour - timedelta(seconds=1)]
    (tmp_path / "comes.md").write_text("---\nembargo: 2031-03-14 18:00\n---\nA canary.\n")
    (tmp_path / "goes.md").write_text("---\nexpires: 2031-03-14 18:00\n---\nA finch.\n")
    updated, seen = Event(), list[set[str]]()

    def update(library: Library, folder: Path, engine: str, **how: Any) -> Report:
        report = update_index(library, folder, engine, **how)
        with closing(open_engine(engine, folder / "index")) as opened:
            seen.append(set(opened.ids()))
        updated.set()
        return report

    monkeypatch.setattr(watcher, "update_index", update)
    folder = tmp_path / ".backfile"
    index_watcher = IndexWatcher(Library(tmp_path), folder, DEFAULT, watch=watches, now=lambda: now[0])
    index_watcher.start()
    assert updated.wait(PATIENCE)
    updated.clear()
    assert seen == [{"goes"}]
    now[0] = hour
    assert updated.wait(PATIENCE)
    index_watcher.stop()
    assert seen == [{"goes"}, {"comes"}]


@pytest.mark.parametrize("error", [OSError("no inotify"), RuntimeError("too many folders")])
def test_it_polls_if_the_folder_cannot_be_watched(
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
    index_watcher = IndexWatcher(Library(tmp_path), tmp_path / ".backfile", "memory")
    with caplog.at_level("WARNING", "backfile.index"):
        index_watcher.start()
        assert looked.wait(PATIENCE)
    index_watcher.stop()
    assert str(error) in caplog.text


@pytest.mark.parametrize("watch", [True, False])
def test_a_cluster_that_is_away_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, watch: bool
) -> None:
    again = Event()
    calls: list[Library] = []

    def synchronise(library: Library, *_: object, **__: object) -> Report:
        calls.append(library)
        if len(calls) < 3:
            raise ClusterUnavailable("no node answers")
        again.set()
        return Report()

    monkeypatch.setattr(watcher, "update_index", synchronise)
    monkeypatch.setattr(watcher, "is_on_server", lambda _: True)
    monkeypatch.setattr(watcher, "RETRY_SECONDS", 0.05)
    index_watcher = IndexWatcher(Library(tmp_path), tmp_path / ".backfile", "memory", watch=watch)
    index_watcher.start()
    assert again.wait(PATIENCE)
    index_watcher.stop()
    assert len(calls) == 3  # and not once more after the one that succeeded
    assert caplog.text.count("no node answers") == 1  # not at each try
