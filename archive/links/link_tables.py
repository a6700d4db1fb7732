"""Tables of the index of links, and connections to it: made, and opened if they are of this format."""

from __future__ import annotations

import shutil
import sqlite3
import stat
from pathlib import Path

from backfile.archive.errors import LinkIndexUnusable

FORMAT = 3
WAIT = 10.0  # seconds for the commit of another process, which takes milliseconds

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
CREATE TABLE series(name TEXT, part REAL, date TEXT, id TEXT, title TEXT, language TEXT, article INTEGER,
    PRIMARY KEY(name, part, date, id)) WITHOUT ROWID;
CREATE INDEX series_of_article ON series(article);
CREATE TABLE file(name TEXT, path TEXT, real TEXT, PRIMARY KEY(name, path, real)) WITHOUT ROWID;
CREATE TABLE link(number INTEGER PRIMARY KEY, article INTEGER, line INTEGER, kind TEXT, address TEXT, name TEXT,
    target TEXT);
CREATE INDEX link_of_article ON link(article);
CREATE INDEX link_to_target ON link(target, name);
"""


def create(path: Path) -> sqlite3.Connection:
    """Connection to a new index in the place of whatever is there. Raises `LinkIndexUnusable` if none can be made."""
    try:
        for each in (path, path.with_name(f"{path.name}-journal")):
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            each.unlink(missing_ok=True)
        connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
        connection.executescript(f"BEGIN; {TABLES} COMMIT;")
    except (sqlite3.Error, OSError) as error:
        raise LinkIndexUnusable(f"the index of links cannot be made: {error}") from error
    return connection


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Connection to an index that is there. Raises `LinkIndexUnusable` for one of another format."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # SQLite waits for ever at a pipe
            raise LinkIndexUnusable(f"{path} is no file")
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, timeout=WAIT, isolation_level=None, uri=True)
        found = connection.execute("PRAGMA user_version").fetchone()[0]
    except (sqlite3.Error, OSError) as error:
        raise LinkIndexUnusable(f"the index of links cannot be used: {error}") from error
    if found != FORMAT:
        connection.close()
        raise LinkIndexUnusable(f"the index of links has the format {found}, not {FORMAT}")
    return connection
