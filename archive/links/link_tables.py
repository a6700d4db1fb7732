"""File of the index of links: its tables, connections to it, and the mark of one that was found damaged."""

from __future__ import annotations

import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from backfile.archive.errors import LinkIndexDamaged, LinkIndexUnusable
from backfile.archive.storage import sqlite_checksum
from backfile.archive.storage.durable_files import write_bytes
from backfile.archive.storage.sqlite_checksum import SUFFIX, WAIT, is_passing, is_regular

log = logging.getLogger("backfile.index")

FORMAT = 4

TABLES = f"""
PRAGMA user_version = {FORMAT};
CREATE TABLE state(name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE article(number INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, id TEXT NOT NULL, is_listed INTEGER);
CREATE TABLE address(name TEXT, path TEXT, kind INTEGER, article INTEGER, PRIMARY KEY(name, path, kind, article))
    WITHOUT ROWID;
CREATE INDEX address_of_article ON address(article);
CREATE TABLE former(path TEXT, rank INTEGER, article INTEGER, PRIMARY KEY(path, rank, article)) WITHOUT ROWID;
CREATE INDEX former_of_article ON former(article);
CREATE TABLE move(number INTEGER PRIMARY KEY, at INTEGER, old TEXT, new TEXT, title TEXT, date TEXT);
CREATE INDEX move_from ON move(old, at);
CREATE TABLE series(name TEXT, part REAL, date TEXT, id TEXT, language TEXT, article INTEGER,
    PRIMARY KEY(name, part, date, id)) WITHOUT ROWID;
CREATE INDEX series_of_article ON series(article);
CREATE TABLE file(name TEXT, path TEXT, real TEXT, PRIMARY KEY(name, path, real)) WITHOUT ROWID;
CREATE TABLE link(number INTEGER PRIMARY KEY, article INTEGER, line INTEGER, kind TEXT, address TEXT, name TEXT,
    target TEXT);
CREATE INDEX link_of_article ON link(article);
CREATE INDEX link_to_target ON link(target, name);
"""


_MARK = ".damaged"  # suffix of a file beside an index


@contextmanager
def errors_of_links() -> Iterator[None]:
    """Turns errors into `LinkIndexDamaged`, values that make no sense too; into its base if they may pass."""
    try:
        yield
    except sqlite3.Error as error:
        kind = LinkIndexUnusable if is_passing(error) else LinkIndexDamaged
        raise kind(f"the index of links cannot be used: {error}") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LinkIndexDamaged("the index of links is missing") from error
    except OSError as error:
        raise LinkIndexUnusable(f"the index of links cannot be used: {error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise LinkIndexDamaged(f"the index of links is damaged: {error}") from error


def create(path: Path) -> sqlite3.Connection:
    """Connection to a new index in the place of whatever is there. Raises `LinkIndexUnusable` if none can be made."""
    with errors_of_links():
        for each in (path, *(_beside(path, suffix) for suffix in ("-journal", SUFFIX, _MARK))):
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            each.unlink(missing_ok=True)
        connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
        connection.executescript(f"BEGIN; {TABLES} COMMIT;")
    return connection


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Connection to an index that is there. Raises `LinkIndexUnusable`, `LinkIndexDamaged` for another format too."""
    with errors_of_links():
        if not is_regular(path):
            raise LinkIndexDamaged(f"{path} is no file")
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, timeout=WAIT, isolation_level=None, uri=True)
        found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != FORMAT:
        connection.close()
        raise LinkIndexDamaged(f"the index of links has the format {found}, not {FORMAT}")
    return connection


def seal(path: Path) -> None:
    """Writes the checksum of an index beside it. Raises `LinkIndexUnusable`."""
    with errors_of_links():
        sqlite_checksum.seal(path)


def verify(path: Path, pace: Callable[[int], object] | None = None) -> None:
    """Compares an index with its checksum, and marks it if it differs.

    Calls `pace` with the size of every part that was read. Raises `LinkIndexDamaged` if the index differs from its
    checksum or was marked before, and `LinkIndexUnusable`.
    """
    if is_marked(path):
        raise LinkIndexDamaged("the index of links was found damaged")
    try:
        with errors_of_links():
            if sqlite_checksum.differs(path, pace):
                raise LinkIndexDamaged("the index of links differs from its checksum")
    except LinkIndexDamaged as error:
        mark_damaged(path, str(error))
        raise


def mark_damaged(path: Path, reason: str) -> None:
    """Marks an index as damaged, so that the next synchronization makes it anew; logs the reason once."""
    mark = _beside(path, _MARK)
    with suppress(OSError):
        if path.exists() and not mark.exists():
            write_bytes(str(mark), b"")
            log.error("The index of links is damaged, and will be made anew: %s", reason)


def is_marked(path: Path) -> bool:
    """Whether an index was found damaged and was not made anew since."""
    return _beside(path, _MARK).exists()


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(f"{path.name}{suffix}")
