"""Safe reads and atomic, durable writes of single files: regular files only, no links out of the root."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

from backfile.archive.errors import ArticleUnreadable

MAX_BYTES = 32 * 1024 * 1024

_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
_AT_ONCE = 16  # concurrent syncs; most of their time is waiting


def read_bytes(full: str, root: str) -> bytes:
    """Reads a regular file; a link is followed only to a file below `root` (a real path).

    Raises `ArticleUnreadable` for what is no regular file, leads out of `root` or is larger than `MAX_BYTES`, and
    `OSError` for what the system refuses. Never waits for a pipe.
    """
    try:
        descriptor = os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        descriptor = os.open(_inside(full, root), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise ArticleUnreadable("is not a regular file", hint="remove or rename it")
        if status.st_size > MAX_BYTES:
            limit = MAX_BYTES // 1024**2
            raise ArticleUnreadable(f"is larger than {limit} MB", hint="split it or exclude it in library.toml")
        return _read(descriptor, status.st_size)
    finally:
        os.close(descriptor)


def _read(descriptor: int, size: int) -> bytes:
    """Reads to the end, up to the limit; the file may have grown or shrunk since `size` was taken."""
    first = os.read(descriptor, size + 1)
    if len(first) == size:
        return first
    chunks, total = [first], len(first)
    while chunks[-1]:
        chunks.append(os.read(descriptor, 1 << 20))
        total += len(chunks[-1])
        if total > MAX_BYTES:
            raise ArticleUnreadable("grows while it is being read", hint="try again when it is complete")
    return b"".join(chunks)


def _inside(full: str, root: str) -> str:
    target = os.path.realpath(full)
    if not is_below(target, root):
        raise ArticleUnreadable("is a link to a file outside the library", hint="copy the file instead")
    return target


def is_below(real: str, root: str) -> bool:
    """True if one real path lies below another."""
    return real.startswith(root.rstrip(os.sep) + os.sep)


ANY = "*"
"""Value of `replaces` for which a file is replaced whatever it holds."""

_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp\Z")


def digest(content: bytes) -> str:
    """Digest by which versions of a file are compared."""
    return hashlib.sha256(content).hexdigest()


def write_bytes(full: str, content: bytes, replaces: str | None = ANY) -> bool:
    """Writes a file atomically and durably: temporary file in the same folder, fsync, rename, fsync of the folder.

    An existing file keeps its permissions. It is replaced if `replaces` is its digest or `ANY`; with None a new file is
    made and none replaced. Returns False if another file is there: that is left alone. Raises `OSError`; then the old
    file is untouched and nothing is left over.
    """
    temporary = _write_temporary(full, content)
    try:
        sync_file(temporary)
        placed = _place(temporary, full, replaces)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_folder(os.path.dirname(full))
    return placed


class _WaitingFile(NamedTuple):
    """Temporary file, digest of the file that it replaces, and name of that file."""

    temporary: str
    replaces: str | None
    name: str


class Batch:
    """Batch of files, each atomic and durable as with `write_bytes`, with one wait for all.

    A file appears after `finish` only. Of several writes of one file the last counts.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, _WaitingFile] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, full: str) -> bool:
        return full in self._waiting

    def write(self, full: str, content: bytes, replaces: str | None = ANY, name: str = "") -> None:
        """Writes a temporary file next to `full`. Raises `OSError`; then nothing of it is left over.

        `finish` calls the file by its `name`, by default `full`.
        """
        temporary = _write_temporary(full, content)
        former = self._waiting.get(full)
        self._waiting[full] = _WaitingFile(temporary, former.replaces if former else replaces, name or full)
        if former is not None:
            os.unlink(former.temporary)

    def finish(self) -> list[str]:
        """Makes the contents durable, several at a time, puts the files in their places, and makes these durable.

        Files in deeper folders come first: the pictures of an article are there for good before it is.
        Returns the names of files that are not the ones expected in their places: these are left alone. Raises
        `OSError`; then the files that are not in their places are removed.
        """
        waiting, self._waiting = self._waiting, {}
        left_alone: list[str] = []
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(sync_file, [file.temporary for file in waiting.values()]))
                for depth in sorted(set(map(_depth, waiting)), reverse=True):
                    level = [full for full in waiting if _depth(full) == depth]
                    for full in level:
                        file = waiting[full]
                        if not _place(file.temporary, full, file.replaces):
                            left_alone.append(file.name)
                        del waiting[full]
                    list(pool.map(sync_folder, set(map(os.path.dirname, level))))
        finally:
            for file in waiting.values():
                os.unlink(file.temporary)
        return left_alone


def _depth(full: str) -> int:
    return full.count(os.sep)


def _write_temporary(full: str, content: bytes) -> str:
    """Writes a temporary file in the folder of `full` and returns its path; nothing is left over when it fails."""
    temporary = os.path.join(os.path.dirname(full), f".{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _mode(full))
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary


def _place(temporary: str, full: str, replaces: str | None) -> bool:
    """Moves a temporary file to `full` if the file there is the expected one, or has that content already.

    Returns False otherwise; the temporary file is gone in both cases. Raises `OSError`; then it is still there.
    """
    if replaces is None:
        placed = _place_new(temporary, full)
    elif placed := replaces == ANY or _digest_of(full) == replaces:
        os.replace(temporary, full)
        return True
    placed = placed or _digest_of(full) == _digest_of(temporary)
    with suppress(FileNotFoundError):  # it was renamed
        os.unlink(temporary)
    return placed


def _place_new(temporary: str, full: str) -> bool:
    """Links a temporary file to a name that is free, atomically; returns False if the name is in use.

    On file systems without hard links (FAT, some of networks) the name is looked up first and then renamed to.
    """
    try:
        os.link(temporary, full, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(full):
            return False
        os.rename(temporary, full)
    return True


def _digest_of(full: str) -> str:
    """Digest of a file; empty if there is none, or no regular one."""
    try:
        descriptor = os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ""
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_bytes(full: str, expected: str) -> bool:
    """Removes a file with the digest `expected` durably; returns False for any other file, which is left alone."""
    if _digest_of(full) != expected:
        return False
    os.unlink(full)
    sync_folder(os.path.dirname(full))
    return True


def is_temporary(name: str) -> bool:
    """Whether a file of that name is one that this module writes before it renames it."""
    return _TEMPORARY.match(name) is not None


def remove_temporary_files(root: str) -> int:
    """Removes what killed writers left below `root`, except in hidden folders, and returns the number of files.

    Only regular files with the exact names of this module. No other process may be writing meanwhile.
    """
    removed, folders = 0, [root]
    while folders:
        try:
            with os.scandir(folders.pop()) as scan:
                items = list(scan)
        except OSError:  # reported when the library is read
            continue
        folders += [item.path for item in items if item.name[0] != "." and item.is_dir(follow_symlinks=False)]
        for item in items:
            if is_temporary(item.name) and item.is_file(follow_symlinks=False):
                os.unlink(item.path)
                removed += 1
    return removed


def sync_file(full: str) -> None:
    """Makes the content of a file durable."""
    descriptor = os.open(full, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folders(folder: str) -> None:
    """Makes a folder and those above it that are missing, durably."""
    if not os.path.isdir(folder):
        make_folders(os.path.dirname(folder))
        os.makedirs(folder, exist_ok=True)
        sync_folder(os.path.dirname(folder))


def sync_folder(folder: str) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mode(full: str) -> int:
    try:
        return stat.S_IMODE(os.stat(full).st_mode)
    except FileNotFoundError:
        return 0o666
