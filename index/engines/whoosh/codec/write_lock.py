"""Whoosh's write lock: one writer an index, whatever program and process it runs in."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from whoosh.filedb.filestore import FileStorage

from backfile.index.engines.whoosh.storage.index_layout import INDEX_NAME
from backfile.index.errors import IndexLocked

LOCK_NAME = f"{INDEX_NAME}_WRITELOCK"
_POLL = 0.05


@contextmanager
def write_lock(folder: Path, wait: float) -> Iterator[None]:
    """Holds the lock of an index, whose folder is made when it is missing; ends with its process, however it ends.

    Raises `IndexLocked` when another writer holds it for longer than `wait` seconds.
    """
    deadline = time.monotonic() + wait
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileStorage(str(folder)).lock(LOCK_NAME)
        if _acquired(lock):
            if _is_in_place(folder, lock.fd):
                break
            lock.release()  # the folder was removed and made anew meanwhile: its lock is another file
        elif time.monotonic() >= deadline:
            raise IndexLocked(
                f"another process is writing the index in {folder} and did not finish within {wait:g} s",
                hint="try again later, or wait longer with --wait SECONDS",
            )
        time.sleep(_POLL)
    try:
        yield
    finally:
        lock.release()


def _acquired(lock: Any) -> bool:
    try:
        return bool(lock.acquire())
    except FileNotFoundError:  # the folder was removed since it was made
        return False


def _is_in_place(folder: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), (folder / LOCK_NAME).stat())
    except FileNotFoundError:
        return False
