"""Table of signatures in SQLite, beside the index: what grouping needs of every article, and the stories found.

It can be deleted at any time. One that is damaged or of another version is made anew, from the texts in the index.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

from backfile.archive.storage.sqlite_checksum import SUFFIX, WAIT, differs, is_passing, seal
from backfile.index.copies.grouping import SignedArticle
from backfile.index.copies.shingles import VERSION, Signature
from backfile.index.errors import SearchError

FILE_NAME = "copies.sqlite"
FORMAT = 1

_TABLES = f"""
PRAGMA user_version = {FORMAT};
CREATE TABLE state(name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE article(id BLOB PRIMARY KEY, digest TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    words INTEGER NOT NULL, bands BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE story(id BLOB PRIMARY KEY, lead BLOB NOT NULL) WITHOUT ROWID;
"""


class SignedFile(NamedTuple):
    """Signed article, and the digest of the file that it was read from."""

    article: SignedArticle
    digest: str


class SignatureTable:
    """Connection to a table of signatures, for one writer.

    Its methods raise `SearchError` if the disk fails, and another `sqlite3.DatabaseError` if the file is damaged, for
    which `rebuild` makes a new one.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path, self._connection = path, connection

    @classmethod
    def open(cls, path: Path) -> Self:
        """Table at a path; it is made anew if it is missing, damaged or of another version."""
        try:
            return cls(path, _open(path) or _create(path))
        except (sqlite3.Error, OSError) as error:
            raise _failure(path, error) from error

    def close(self) -> None:
        """Closes the connection and writes the checksum of the file; what was not committed is lost."""
        self._connection.close()
        with suppress(OSError):  # without it damage is found as far as SQLite notices it
            seal(self._path)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes the changes of a block as a whole."""
        with self._errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def state(self, name: str) -> str:
        """Value kept under a name; empty if there is none."""
        with self._errors():
            found = self._connection.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def set_state(self, name: str, value: str) -> None:
        """Keeps a value under a name."""
        with self._errors():
            self._connection.execute("INSERT OR REPLACE INTO state VALUES(?, ?)", (name, value))

    def clear(self) -> None:
        """Removes everything but the version."""
        with self._errors():
            self._connection.executescript(
                "DELETE FROM article; DELETE FROM story; DELETE FROM state WHERE name != 'version';"
            )

    def rebuild(self) -> None:
        """Makes a new, empty table in the place of a damaged one."""
        self._connection.close()
        try:
            self._connection = _create(self._path)
        except (sqlite3.Error, OSError) as error:
            raise _failure(self._path, error) from error

    def put(self, files: Iterable[SignedFile]) -> None:
        """Adds or replaces articles by id."""
        rows = (
            (_key(each.id), digest, each.first, each.last, each.signature.words, each.signature.bands)
            for each, digest in files
        )
        with self._errors():
            self._connection.executemany("INSERT OR REPLACE INTO article VALUES(?, ?, ?, ?, ?, ?)", rows)

    def remove(self, article_ids: Iterable[str]) -> None:
        """Removes articles; unknown ids are ignored."""
        with self._errors():
            self._connection.executemany("DELETE FROM article WHERE id = ?", ((_key(each),) for each in article_ids))

    def digests(self) -> dict[str, str]:
        """Id → digest of every article."""
        with self._errors():
            return {_text(key): digest for key, digest in self._connection.execute("SELECT id, digest FROM article")}

    def find(self, article_ids: Iterable[str]) -> list[SignedArticle]:
        """Articles with some ids, as far as there are any."""
        query = "SELECT id, first, last, words, bands FROM article WHERE id = ?"
        with self._errors():
            rows = [self._connection.execute(query, (_key(each),)).fetchone() for each in article_ids]
            return [_article(*row) for row in rows if row]

    def articles(self) -> list[SignedArticle]:
        """All articles."""
        with self._errors():
            rows = self._connection.execute("SELECT id, first, last, words, bands FROM article").fetchall()
            return [_article(*row) for row in rows]

    def stories(self) -> dict[str, str]:
        """Id of each member of a story with copies → id of its lead."""
        with self._errors():
            rows = self._connection.execute("SELECT id, lead FROM story").fetchall()
            return {_text(key): _text(lead) for key, lead in rows}

    def set_stories(self, stories: Mapping[str, str]) -> None:
        """Replaces the stories."""
        rows = ((_key(article_id), _key(lead)) for article_id, lead in stories.items())
        with self._errors():
            self._connection.execute("DELETE FROM story")
            self._connection.executemany("INSERT INTO story VALUES(?, ?)", rows)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if is_passing(error):
                raise _failure(self._path, error) from error
            raise sqlite3.DatabaseError(str(error)) from error
        except (ValueError, TypeError, AttributeError) as error:  # values of a damaged file that make no sense
            raise sqlite3.DatabaseError(str(error)) from error


def _article(key: bytes, first: int, last: int, words: int, bands: bytes) -> SignedArticle:
    return SignedArticle(_text(key), first, last, Signature(words, bands))


def _key(article_id: str) -> bytes:
    return article_id.encode("utf-8", "surrogatepass")  # an id may hold what is no Unicode text


def _text(key: bytes) -> str:
    return key.decode("utf-8", "surrogatepass")


def _failure(path: Path, error: Exception) -> SearchError:
    return SearchError(f"{path} cannot be used: {error}", hint="make room, or remove the file, then run it again")


def _open(path: Path) -> sqlite3.Connection | None:
    """Connection to a table that is whole and of this version; None if there is none."""
    connection = None
    try:
        if differs(path):
            return None
        connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
        is_ours = connection.execute("PRAGMA user_version").fetchone()[0] == FORMAT
        if is_ours:
            found = connection.execute("SELECT value FROM state WHERE name = 'version'").fetchone()
            if found and found[0] == VERSION:
                return connection
    except FileNotFoundError:
        return None
    except sqlite3.DatabaseError as error:  # damaged: it is made anew
        if is_passing(error):
            raise
    if connection is not None:
        connection.close()
    return None


def _create(path: Path) -> sqlite3.Connection:
    for each in (path, path.with_name(f"{path.name}-journal"), path.with_name(f"{path.name}{SUFFIX}")):
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        each.unlink(missing_ok=True)
    connection = sqlite3.connect(path, timeout=WAIT, isolation_level=None)
    connection.executescript(f"BEGIN; {_TABLES} COMMIT;")
    connection.execute("INSERT INTO state VALUES('version', ?)", (VERSION,))
    return connection
