"""Simulated disk: the folders that a machine may wake up with when power is lost during file operations.

A folder is followed through its names and contents. A file is certain once it was synced, a name once its folder was.
Of the rest any part may have come to the disk, in any order: names, and of contents any sectors.
"""

from __future__ import annotations

import hashlib
import os
import random
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

SECTOR = 512
HALF_PAGE = 2048
FOLLOWED = ("fsync", "rename", "replace", "link", "unlink", "remove", "mkdir", "rmdir")

Names = dict[int, dict[str, int]]
"""Folder → name → node."""

Change = tuple[int, str, int | None]
"""Folder, name, and the node that it leads to from now on (None: the name is gone)."""


@dataclass
class Node:
    """File or folder: its inode, its content now, and the content that is certainly on the disk (None: nothing is)."""

    inode: int
    is_folder: bool
    content: bytes = b""
    synced: bytes | None = None
    mtime_ns: int = 0


@dataclass(frozen=True)
class Wreck:
    """Folder as the disk may have it after a loss of power: path → (content, mtime), or None for a folder."""

    entries: Mapping[str, tuple[bytes, int] | None]

    def key(self) -> bytes:
        """Digest of names and contents."""
        found = hashlib.sha256()
        for path, entry in sorted(self.entries.items()):
            found.update(repr((path, entry and hashlib.sha256(entry[0]).digest())).encode())
        return found.digest()

    def make(self, root: Path) -> None:
        """Makes the folder, with the times of the files."""
        root.mkdir(parents=True)
        for path, entry in sorted(self.entries.items()):
            if entry is None:
                (root / path).mkdir()
            else:
                (root / path).write_bytes(entry[0])
                os.utime(root / path, ns=(entry[1], entry[1]))


class SimulatedDisk:
    """Disk that holds the folder `root`; `wrecks` are the states since the last `settle`, each once."""

    def __init__(self, root: Path, rng: random.Random, chances: int) -> None:
        self._root, self._rng, self._chances = root, rng, chances
        self._lock = threading.RLock()
        self._nodes: dict[int, Node] = {}
        self._now: Names = {}
        self._certain: Names = {}
        self._pending: list[tuple[Change, ...]] = []
        self._top = self._node(root.stat())
        self.wrecks: dict[bytes, Wreck] = {}
        self.syncs = self.moments = 0
        self.settle()

    def settle(self) -> None:
        """Makes everything certain, and forgets the states so far."""
        self._observe()
        for node in self._nodes.values():
            node.synced = node.content
        self._certain = {folder: dict(names) for folder, names in self._now.items()}
        self._pending.clear()
        self.wrecks.clear()

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Follows the file operations of this process."""
        with pytest.MonkeyPatch.context() as patch:
            for name in FOLLOWED:
                patch.setattr(os, name, self._followed(getattr(os, name), is_sync=name == "fsync"))
            yield
            self._lose_power()

    def _followed(self, operation: Callable[..., Any], *, is_sync: bool) -> Callable[..., Any]:
        def follow(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                self._lose_power()
                result = operation(*arguments, **named)
                if is_sync:
                    self._sync(os.fstat(arguments[0]).st_ino)
                self._lose_power()
                return result

        return follow

    def _node(self, status: os.stat_result) -> int:
        """New node."""
        self._nodes[number := len(self._nodes)] = Node(status.st_ino, stat.S_ISDIR(status.st_mode))
        return number

    def _observe(self) -> None:
        """Compares names and contents with those known; what differs is pending."""
        known = {self._nodes[node].inode: node for names in self._now.values() for node in names.values()}
        found: Names = {}
        folders = [(self._top, self._root)]
        while folders:
            folder, path = folders.pop()
            found[folder] = {}
            for item in sorted(path.iterdir()):
                status = item.lstat()
                node = known.get(status.st_ino)
                if node is None:
                    node = known[status.st_ino] = self._node(status)
                found[folder][item.name] = node
                if self._nodes[node].is_folder:
                    folders.append((node, item))
                else:
                    self._nodes[node].content, self._nodes[node].mtime_ns = item.read_bytes(), status.st_mtime_ns
        self._pending += self._operations(found)
        self._now = found

    def _operations(self, found: Names) -> list[tuple[Change, ...]]:
        """Operations between two looks: what one node is named now and was before is one operation."""
        by_node: dict[int, list[Change]] = {}
        for folder in found.keys() | self._now.keys():
            before, after = self._now.get(folder, {}), found.get(folder, {})
            for name in sorted(before.keys() | after.keys()):
                if before.get(name) != after.get(name):
                    node = after.get(name, before.get(name))
                    by_node.setdefault(int(node or 0), []).append((folder, name, after.get(name)))
        return [tuple(changes) for _, changes in sorted(by_node.items())]

    def _sync(self, inode: int) -> None:
        self.syncs += 1
        for number, node in self._nodes.items():
            if node.inode != inode:
                continue
            if not node.is_folder:
                node.synced = node.content
                continue
            for changes in [each for each in self._pending if any(folder == number for folder, _, _ in each)]:
                _apply(self._certain, changes)
                self._pending.remove(changes)

    def _lose_power(self) -> None:
        """Adds states that the machine may wake up with if power is lost now."""
        self._observe()
        self.moments += 1
        everything, nothing = list(self._pending), list[tuple[Change, ...]]()
        for operations, tear in (
            (nothing, _nothing),
            (everything, _whole),
            (everything, _nothing),
            (everything, _zeros),
            (everything, self._cut),
        ):
            self._add(operations, tear)
        for _ in range(self._chances):
            some = [each for each in self._pending if self._rng.random() < 0.5]
            self._add(some, self._rng.choice([_whole, self._cut, self._sectors]))

    def _add(self, operations: list[tuple[Change, ...]], tear: Callable[[Node], bytes]) -> None:
        names = {folder: dict(known) for folder, known in self._certain.items()}
        for changes in operations:
            _apply(names, changes)
        entries: dict[str, tuple[bytes, int] | None] = {}
        folders = [(self._top, "")]
        while folders:
            folder, path = folders.pop()
            for name, number in names.get(folder, {}).items():
                node = self._nodes[number]
                if node.is_folder:
                    entries[path + name] = None
                    folders.append((number, f"{path}{name}/"))
                else:
                    content = node.content if node.synced == node.content else tear(node)
                    entries[path + name] = content, node.mtime_ns
        wreck = Wreck(entries)
        self.wrecks.setdefault(wreck.key(), wreck)

    def _cut(self, node: Node) -> bytes:
        """Content up to the middle or the end of a page."""
        return node.content[: self._rng.randrange(len(node.content) // HALF_PAGE + 1) * HALF_PAGE]

    def _sectors(self, node: Node) -> bytes:
        """Content some of whose sectors are still what they were, or zeros."""
        old = (node.synced or b"").ljust(len(node.content), b"\0")
        sources = [self._rng.choice([old, node.content]) for _ in range(0, len(node.content), SECTOR)]
        return b"".join(source[n * SECTOR : (n + 1) * SECTOR] for n, source in enumerate(sources))[: len(node.content)]


def _apply(names: Names, changes: tuple[Change, ...]) -> None:
    for folder, name, node in changes:
        if node is None:
            names.setdefault(folder, {}).pop(name, None)
        else:
            names.setdefault(folder, {})[name] = node


def _nothing(node: Node) -> bytes:
    return node.synced or b""


def _whole(node: Node) -> bytes:
    return node.content


def _zeros(node: Node) -> bytes:
    return bytes(len(node.content))


def contents(root: Path) -> dict[str, bytes]:
    """Path → content of every file, except hidden ones and those in hidden folders."""
    paths = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
    shown = [path for path in paths if not any(part.startswith(".") for part in path.parts)]
    return {path.as_posix(): (root / path).read_bytes() for path in shown}
