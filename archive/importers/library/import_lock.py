"""Import lock: one import at a time writes to a library, whatever process and options it runs with."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import socket
import time
from datetime import datetime

from backfile.archive.errors import ArchiveError

NAME = ".backfile-import.lock"
"""Name of the lock file at the root of the library: hidden, and there only while an import writes."""

_POLL = 0.05
_UNSUPPORTED = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})

log = logging.getLogger("backfile.import")


class LibraryLocked(ArchiveError):
    """Another import wrote to the library for longer than the waiting time."""


class ImportLock:
    """Lock file of one library (flock), which holds who has it. The system releases it when its process ends."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._path = f"{root}/{NAME}"
        self._descriptor = -1

    def acquire(self, wait: float) -> None:
        """Takes the lock, and logs that it waits for it.

        Raises `LibraryLocked`, with who has it, after `wait` seconds, and `OSError` if the library is read-only.
        """
        deadline = time.monotonic() + wait
        announced = False
        while not self._try():
            if time.monotonic() >= deadline:
                raise LibraryLocked(
                    f"another import{self._holder()} is writing to {self._root} and did not finish within {wait:g} s",
                    hint="try again later, or wait longer with --wait SECONDS",
                )
            if not announced:
                log.warning("Another import%s is writing to the library; waiting up to %g s.", self._holder(), wait)
                announced = True
            time.sleep(_POLL)

    def release(self) -> None:
        """Removes the lock file and gives the lock back; does nothing if it is not held."""
        if self._descriptor != -1:
            if self._is_in_place(self._descriptor):
                os.unlink(self._path)
            os.close(self._descriptor)
            self._descriptor = -1

    def _try(self) -> bool:
        """Takes the lock if nobody has it. A file that its holder removed meanwhile does not count."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o666)
        try:
            if not self._is_locked(descriptor) or not self._is_in_place(descriptor):
                return False
            os.ftruncate(descriptor, 0)
            since = datetime.now().astimezone().isoformat(" ", "seconds")
            os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}, since {since}\n".encode())
            self._descriptor, descriptor = descriptor, -1
        finally:
            if descriptor != -1:
                os.close(descriptor)
        return True

    def _is_locked(self, descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            log.warning("%s is on a file system without locks: run one import at a time", self._root)
        return True

    def _is_in_place(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.lstat(self._path))
        except FileNotFoundError:
            return False

    def _holder(self) -> str:
        """Process that has the lock, in brackets; empty if it is just gone."""
        try:
            with open(self._path, encoding="utf-8", errors="replace") as file:
                holder = " ".join(file.read(200).split())
        except OSError:
            return ""
        return f" ({holder})" if holder else ""
