"""Checksum of a file of SQLite, by which a changed letter is found: SQLite itself notices only broken pages.

It stands in a file beside it, together with the number of transactions that SQLite counts in the header: a checksum of
another transaction says nothing.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import stat
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from backfile.archive.errors import ArticleUnreadable
from backfile.archive.storage.durable_files import read_bytes, write_bytes

SUFFIX = ".sum"
"""Suffix of the file with the checksum, after the whole name of the other."""

WAIT = 10.0
"""Seconds to wait for the commit of another process, which takes milliseconds."""

_COUNTER = slice(24, 28)  # number of transactions in the header of a file of SQLite
_PIECE = 1 << 20  # bytes
_PASSING = frozenset(
    (
        *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_READONLY),
        *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
        *(sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_MISUSE),
    )
)


class _Checksum(NamedTuple):
    """Checksum of a file after a transaction."""

    transaction: int
    size: int
    crc: int


def is_passing(error: sqlite3.Error) -> bool:
    """Whether an error is one of the system or of the program, and no sign of damage."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.ProgrammingError) or (code is not None and code & 0xFF in _PASSING)


def is_regular(path: Path) -> bool:
    """Whether a path leads to a regular file: SQLite waits for ever at a pipe. Raises `OSError`."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        raise


def seal(path: Path) -> None:
    """Writes the checksum of a file beside it, unless it is that of the last transaction already. Raises `OSError`."""
    known, beside = _known_checksum(path), Path(f"{path}{SUFFIX}")
    if known is None or known.transaction != _transaction(path):
        if beside.is_symlink():  # a foreign thing; all else is replaced
            beside.unlink()
        elif beside.is_dir():
            shutil.rmtree(beside)
        write_bytes(str(beside), " ".join(map(str, _checksum(path))).encode())


def differs(path: Path, pace: Callable[[int], object] | None = None) -> bool:
    """Whether a file differs from its checksum, or is no regular file; it may be written to meanwhile.

    Calls `pace` with the size of every part that was read. Raises `OSError` and `sqlite3.Error`.
    """
    if not is_regular(path):
        return True
    known = _known_checksum(path)
    if known is None or known == _checksum(path, pace):
        return False
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=WAIT, uri=True)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # from here on there is no transaction
        known, found = _known_checksum(path), _checksum(path)
        return known is not None and known.transaction == found.transaction and known != found


def _known_checksum(path: Path) -> _Checksum | None:
    """Checksum that stands beside a file; None if there is none that can be read."""
    try:
        content = read_bytes(f"{path}{SUFFIX}", os.path.realpath(path.parent))
        transaction, size, crc = map(int, content.split())
    except (OSError, ArticleUnreadable, ValueError):
        return None
    return _Checksum(transaction, size, crc)


def _transaction(path: Path) -> int:
    with path.open("rb") as file:
        return int.from_bytes(file.read(_COUNTER.stop)[_COUNTER])


def _checksum(path: Path, pace: Callable[[int], object] | None = None) -> _Checksum:
    transaction, size, crc = _transaction(path), 0, 0
    with path.open("rb", buffering=0) as file:
        while piece := file.read(_PIECE):
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            if pace is not None:
                pace(len(piece))
    return _Checksum(transaction, size, crc)
