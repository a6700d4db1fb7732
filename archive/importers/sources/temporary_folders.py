"""Temporary folders of imports; those of killed imports are removed by the next."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "backfile-"
_LOCK = "in-use"
_CONTENT = "content"


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Empty folder, removed at the end. Removes those of processes that were killed before."""
    _remove_abandoned(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        content = Path(name, _CONTENT)
        content.mkdir()
        lock = os.open(f"{name}/{_LOCK}.new", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _lock(lock)
            os.rename(f"{name}/{_LOCK}.new", f"{name}/{_LOCK}")  # nobody sees the file before it is locked
            yield content
        finally:
            os.close(lock)


def _remove_abandoned(root: str) -> None:
    """Removes folders with a lock file that no process holds: those of this user alone, none of other programs."""
    with suppress(OSError), os.scandir(root) as scan:
        for item in scan:
            if item.name.startswith(_PREFIX) and item.is_dir(follow_symlinks=False):
                with suppress(OSError):  # another process removes it, or it is somebody else's
                    _remove_if_abandoned(item.path)


def _remove_if_abandoned(folder: str) -> None:
    descriptor = os.open(f"{folder}/{_LOCK}", os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode) and status.st_uid == os.getuid() and _lock(descriptor):
            shutil.rmtree(folder)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Locks a file; returns False if another process has it, or the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
