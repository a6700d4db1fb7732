"""Whoosh's write lock: one writer an index, whatever program and process it runs in."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident
from typing import Any

from whoosh.filedb.filestore import FileStorage

from backfile.index.engines.whoosh.storage.index_layout import INDEX_NAME
from backfile.index.errors import IndexLocked, IndexUnusable

log = logging.getLogger("backfile.index")

LOCK_NAME = f"{INDEX_NAME}_WRITELOCK"
_POLL = 0.05


class WriteLock:
    """The lock file of one index (flock). The operating system releases it when its process ends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._owner: int | None = None

    @contextmanager
    def held(self, wait: float) -> Iterator[None]:
        """Holds the lock, unless this thread holds it already; makes the folder when it is missing.

        Logs that it waits. Raises `IndexLocked` when another writer holds the lock for longer than `wait` seconds.
        """
        if self._owner == get_ident():
            yield
            return
        lock = self._acquire(wait)
        self._owner = get_ident()
        try:
            yield
        finally:
            self._owner = None
            lock.release()

    def _acquire(self, wait: float) -> Any:
        deadline = time.monotonic() + wait
        announced = False
        while (lock := self._try()) is None:
            if time.monotonic() >= deadline:
                raise IndexLocked(
                    f"another process is writing the index in {self._folder} and did not finish within {wait:g} s",
                    hint="try again later, or wait longer with --wait SECONDS",
                )
            if not announced:
                log.warning("Another process is writing the index; waiting up to %g s for it.", wait)
                announced = True
            time.sleep(_POLL)
        return lock

    def _try(self) -> Any:
        """Whoosh's lock, acquired; None while another writer holds it."""
        while True:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError) as error:
                raise IndexUnusable(f"{self._folder} is not a folder", hint="name another with --index DIR") from error
            _make_way(self._folder / LOCK_NAME)
            lock = FileStorage(str(self._folder)).lock(LOCK_NAME)
            try:
                if not lock.acquire():
                    return None
                if os.path.samestat(os.fstat(lock.fd), (self._folder / LOCK_NAME).stat()):
                    return lock
                lock.release()  # the folder was replaced meanwhile: the lock of the new one is another file
            except FileNotFoundError:  # the folder was removed meanwhile
                if lock.fd is not None:
                    lock.release()


def _make_way(path: Path) -> None:
    """Removes what lies in the place of the lock file and is no regular file: it holds nothing of ours."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISDIR(mode):
        shutil.rmtree(path)
    elif not stat.S_ISREG(mode):
        path.unlink(missing_ok=True)
