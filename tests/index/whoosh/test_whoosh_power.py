"""Power lost at any moment of a commit: the index opens as it was before or after, and after once `write` returned.

What is on a disk after that is what was synced; of the rest anything may be. Files are followed through `fsync`,
renames and removals, and at every step the folders are made that a machine could wake up with.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from contract.library import fingerprint

from backfile.archive.model import ArticleMetadata
from backfile.index.engine import Changes, Document
from backfile.index.engines import open_engine

Files = dict[str, bytes]


class Disk:
    """A folder as the disk has it. `states` are those that it may have been in since the last `write`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._synced: dict[int, bytes] = {}  # what a file certainly holds, by inode
        self._directory: Files = {}  # what is certainly in the folder
        self.states: list[Files] = []

    def sync(self, descriptor: int) -> None:
        """Takes note of an fsync that has returned."""
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        if path == self._folder.resolve():
            self._directory = {name: self._certain(inode) for name, inode in self._names().items()}
        elif path.parent == self._folder.resolve():
            self._synced[path.stat().st_ino] = path.read_bytes()

    def look(self) -> None:
        """Adds the folders that a machine may wake up with if power is lost now."""
        now = {name: self._certain(inode) for name, inode in self._names().items()}
        self.states += [
            dict(self._directory),  # nothing since the folder was synced has come to the disk
            dict(now),  # all of it
            self._directory | now,  # only what was made
            {name: data for name, data in self._directory.items() if name in now},  # only what was removed
        ]

    def _names(self) -> dict[str, int]:
        return {path.name: path.stat().st_ino for path in self._folder.iterdir() if path.is_file()}

    def _certain(self, inode: int) -> bytes:
        return self._synced.get(inode, b"torn")


@contextmanager
def recorded(folder: Path) -> Iterator[Disk]:
    """A disk that follows what is written in the folder."""
    disk = Disk(folder)
    fsync, replace, unlink = os.fsync, Path.replace, Path.unlink

    def syncing(descriptor: int) -> None:
        disk.look()
        fsync(descriptor)
        disk.sync(descriptor)
        disk.look()

    def replacing(path: Path, target: Path) -> Path:
        moved = replace(path, target)
        disk.look()
        return moved

    def unlinking(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        disk.look()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", syncing)
        patch.setattr(Path, "replace", replacing)
        patch.setattr(Path, "unlink", unlinking)
        yield disk


def found_in(files: Files, folder: Path) -> dict[str, str]:
    """Id → text of an index with these files, all of whose checksums must be right."""
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with closing(open_engine("whoosh", folder)) as engine:
        assert not engine.status(verify=True).problems
        return {key: engine.document(key).text for key in engine.fingerprints()}


def changes(*texts: str, drop: tuple[str, ...] = ()) -> Changes:
    documents = [Document(text[0], f"{text[0]}.md", ArticleMetadata("A title"), text) for text in texts]
    return Changes(put=[(document, fingerprint(document)) for document in documents], drop=drop, languages=("en",))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="which file is synced is asked of Linux's /proc")
def test_a_commit_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    expected: dict[str, str] = {}
    found: dict[frozenset[tuple[str, bytes]], dict[str, str]] = {}
    wakings = 0

    def wake(files: Files) -> dict[str, str]:
        """Content of the index after waking up with these files; many moments leave the same."""
        key = frozenset(files.items())
        if key not in found:
            found[key] = found_in(files, tmp_path / f"waking-{len(found)}")
        return found[key]

    # Additions, changes and removals; the small segments of the first commits are merged by the later ones.
    history = [changes("a night ferry", "b harbour"), changes("c lighthouse"), changes("a day train", drop=("b",))]
    history += [changes(f"{letter} tide") for letter in "defghijklm"]
    with recorded(index) as disk, closing(open_engine("whoosh", index)) as engine:
        for change in history:
            disk.states.clear()
            before = dict(expected)
            expected |= {document.id: document.text for document, _ in change.put}
            for gone in change.drop:
                del expected[gone]
            engine.write(change)
            disk.look()
            for files in disk.states[:-4]:
                wakings += 1
                assert wake(files) in (before, expected)
            for files in disk.states[-4:]:
                wakings += 1
                assert wake(files) == expected
    assert wakings > 400
