"""Verification: silent changes of files and damage of a served index are found without asking."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from backfile.archive.storage.library import Library
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.engines.whoosh.storage.array_file import ArrayFile
from backfile.index.errors import CacheFolderRefused, IndexUnusable
from backfile.index.sync import verification
from backfile.index.sync.synchronization import update_index
from backfile.index.sync.verification import OK, OUT_OF_DATE, check
from backfile.index.sync.watcher import IndexWatcher


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Library of two articles with an index."""
    root = tmp_path / "library"
    root.mkdir()
    (root / "ferry.md").write_text("# Night ferry\n\nThe ferry left the harbour.\n")
    (root / "bridge.md").write_text("# The bridge\n\nThe bridge was closed.\n")
    library = Library(root)
    update_index(library, root / ".backfile", DEFAULT)
    return library


def test_a_file_changed_under_its_size_and_time_is_a_problem(library: Library) -> None:
    folder = library.root / ".backfile"
    assert check(library, folder, DEFAULT).index == OK
    path = library.root / "ferry.md"
    times = path.stat()
    path.write_text(path.read_text().replace("harbour", "harvour"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    found = check(library, folder, DEFAULT)
    assert found.index == OUT_OF_DATE
    assert [(each.path, "touch" in each.hint) for each in found.problems] == [("ferry.md", True)]
    path.touch()
    update_index(library, folder, DEFAULT)
    found = check(library, folder, DEFAULT)
    assert (found.index, found.problems) == (OK, ())


@pytest.mark.parametrize("name", ["cache", ".backfile"])
def test_the_cache_of_another_program_is_refused(library: Library, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "theirs" / name
    (folder / "index").mkdir(parents=True)
    (folder / "index" / "letter.txt").write_text("dear")
    (folder / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n# Of another program.\n")
    for _ in range(2):
        with pytest.raises(CacheFolderRefused, match="other things"):
            update_index(library, folder, DEFAULT)
    assert (folder / "index" / "letter.txt").read_text() == "dear"
    assert sorted(path.name for path in folder.iterdir()) == ["CACHEDIR.TAG", "index"]


@pytest.mark.parametrize("watch", [True, False])
@pytest.mark.parametrize("found_by", ["the background", "a reader"])
def test_a_damaged_index_is_built_anew_while_it_is_served(
    library: Library, monkeypatch: pytest.MonkeyPatch, watch: bool, found_by: str
) -> None:
    monkeypatch.setattr(verification, "LOOK_INTERVAL", 0.05)
    folder = library.root / ".backfile"
    reader = open_engine(DEFAULT, folder / "index")
    assert reader.document("ferry").text
    array = "text.positions" if found_by == "the background" else "texts"
    if found_by == "the background":
        zero(folder, array)
    watcher = IndexWatcher(library, folder, DEFAULT, watch=watch)
    watcher.start()
    try:
        if found_by == "a reader":
            wait_until(watcher._verifier._thread.is_alive)
            time.sleep(0.5)  # the first reading of all checksums is over
            zero(folder, array)
            with pytest.raises(IndexUnusable):
                reader.document("bridge")
        wait_until(lambda: list(folder.glob("index.broken-*")) and list(folder.glob("index/*.toc")))
        assert "bridge" in reader.document("bridge").text
        assert not reader.status(verify=True).problems
    finally:
        watcher.stop()


def zero(folder: Path, array: str) -> None:
    """Overwrites an array of the one segment in place."""
    path = next((folder / "index").glob("*.arrays"))
    opened = ArrayFile.open(path)
    _, offset, _, _ = opened._entries[array]
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * len(opened.data(array)))


def wait_until(condition) -> None:
    """Waits up to 20 seconds."""
    for _ in range(400):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen within 20 s")
