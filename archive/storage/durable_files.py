"""Safe reads and atomic, durable writes of single files: regular files only, no links out of the root."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor

from backfile.archive.errors import ArticleUnreadable

MAX_BYTES = 32 * 1024 * 1024

_AT_ONCE = 16  # files the disk is asked to make durable at a time; most of the time is waiting


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


def write_bytes(full: str, content: bytes) -> None:
    """Writes a file atomically and durably: temporary file in the same folder, fsync, rename, fsync of the folder.

    An existing file keeps its permissions. Raises `OSError`; then the old file is untouched and nothing is left over.
    """
    folder = os.path.dirname(full)
    temporary = os.path.join(folder, f".{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _mode(full))
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, full)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_folder(folder)


class Batch:
    """Batch of files, each atomic and durable as with `write_bytes`, with one wait for all.

    A file appears after `finish` only. Of several writes of one file the last counts.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, full: str) -> bool:
        return full in self._waiting

    def write(self, full: str, content: bytes) -> None:
        """Writes a temporary file beside `full`. Raises `OSError`; then nothing of it is left over."""
        temporary = os.path.join(os.path.dirname(full), f".{secrets.token_hex(8)}.tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _mode(full))
        try:
            with open(descriptor, "wb") as file:
                file.write(content)
        except BaseException:
            os.unlink(temporary)
            raise
        former = self._waiting.get(full)
        self._waiting[full] = temporary
        if former is not None:
            os.unlink(former)

    def finish(self) -> None:
        """Makes the contents durable, several at a time, puts the files in their places, and makes these durable.

        Raises `OSError`; then the files that are not in their places are removed.
        """
        waiting, self._waiting = self._waiting, {}
        folders: set[str] = set()
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                list(pool.map(sync_file, waiting.values()))
                while waiting:
                    full, temporary = next(iter(waiting.items()))
                    os.replace(temporary, full)
                    del waiting[full]
                    folders.add(os.path.dirname(full))
                list(pool.map(sync_folder, folders))
        finally:
            for temporary in waiting.values():
                os.unlink(temporary)


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
