"""Index of links in SQLite: present and former addresses of articles, the files beside them, links, and moves.

It is looked up on disk, so that a worker needs neither time nor memory for it. Importers keep one in memory.
docs/decisions/links.md gives the reasons.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

from backfile.archive.addresses.moves import Move
from backfile.archive.errors import LinkIndexDamaged
from backfile.archive.links.article_addresses import AddressKind, ArticleAddress, FormerAddress, FormerRank
from backfile.archive.links.destinations import (
    file_segments,
    parse_destination,
    path_segments,
    shown_address,
    undated,
)
from backfile.archive.links.link_tables import TABLES, connect, create, errors_of_links, mark_damaged, seal, verify
from backfile.archive.metadata.series import LAST_DATE, LAST_PART, SeriesEntry

FILE_NAME = "links.sqlite"
MAX_CANDIDATES = 500

log = logging.getLogger("backfile.index")

_LOOK_AHEAD = 20  # entries of a series: several for a part in an archive of several languages


class BodyLink(NamedTuple):
    """Internal link or image of an article: its line in the file, `link` or `image`, and its address as written."""

    line: int | None
    kind: str
    address: str


class UnresolvedLink(NamedTuple):
    """Link without a target: path and line of the article, `link` or `image`, and its address."""

    path: str
    line: int | None
    kind: str
    address: str


class ArticleCandidate(NamedTuple):
    """Article of which an address ends with the name looked up; `segments` are those of that address."""

    kind: AddressKind
    segments: tuple[str, ...]
    path: str
    id: str


class FileCandidate(NamedTuple):
    """File with the name looked up: comparable segments of its path, and the path."""

    segments: tuple[str, ...]
    path: str


class AddressConflict(NamedTuple):
    """Address that several articles state: its path, and those of their files, the first of which has it."""

    address: str
    paths: tuple[str, ...]


class LinkIndex:
    """Connection to an index of links, for one thread of one process. Every method may raise `LinkIndexUnusable`.

    An index that proves damaged is marked so, and made anew by the next `write`.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path | None = None) -> None:
        self._connection, self._path = connection, path

    @classmethod
    def temporary(cls) -> Self:
        """New index that is gone with its connection; SQLite moves a large one to the disk."""
        connection = sqlite3.connect("", isolation_level=None)
        connection.executescript(f"{TABLES} PRAGMA synchronous = OFF; BEGIN;")
        return cls(connection)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Index at a path, for reading alone."""
        try:
            return cls(connect(path, "ro"), path)
        except LinkIndexDamaged as error:
            mark_damaged(path, str(error))
            raise

    @classmethod
    def write(cls, path: Path) -> Self:
        """Index at a path, for one writer; it is made anew if it is missing, damaged or of another format."""
        try:
            verify(path)
            connection = connect(path, "rw")
        except LinkIndexDamaged as error:
            if path.exists():
                log.warning("%s; it is made anew", error)
            connection = create(path)
        connection.execute("PRAGMA cache_spill = OFF")  # which would keep readers waiting until the commit
        return cls(connection, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection."""
        self._connection.close()

    def seal(self) -> None:
        """Writes the checksum of the index as the last `commit` left it, by which damage is found."""
        if self._path is not None:
            seal(self._path)

    @property
    def stamp(self) -> str:
        """Stamp of the reading rules under which every article was put; empty if some are missing."""
        return next((value for (value,) in self._rows("SELECT value FROM state WHERE name = 'stamp'")), "")

    def set_stamp(self, stamp: str) -> None:
        """Sets the stamp once every article is there."""
        self._execute("INSERT OR REPLACE INTO state VALUES('stamp', ?)", (stamp,))

    def clear(self) -> None:
        """Removes every article and file, and the stamp."""
        for table in ("link", "address", "former", "series", "article", "file", "move", "state"):
            self._execute(f"DELETE FROM {table}")  # noqa: S608 - names of ours

    def paths(self) -> set[str]:
        """Paths of all articles."""
        return {path for (path,) in self._rows("SELECT path FROM article")}

    def begin(self) -> None:
        """Begins a transaction, which readers see as a whole after `commit`."""
        self._execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Ends a transaction."""
        self._execute("COMMIT")

    def put(
        self,
        path: str,
        article_id: str,
        addresses: Iterable[ArticleAddress],
        links: Iterable[BodyLink] = (),
        *,
        former: Iterable[FormerAddress] = (),
        series: Iterable[SeriesEntry] = (),
        is_listed: bool = True,
    ) -> None:
        """Adds or replaces an article. Links that led to it, and dead ones to its names, are to be resolved again.

        The links of an article that is not `is_listed` are neither counted nor listed, and no series leads to it.
        """
        self.remove([path])
        values = (path, article_id, is_listed)
        cursor = self._execute("INSERT INTO article(path, id, is_listed) VALUES(?, ?, ?)", values)
        number = cursor.lastrowid
        self._execute_many("INSERT INTO former VALUES(?, ?, ?)", [(place, int(rank), number) for rank, place in former])
        parts = [(each.series, *each.place, each.language, number) for each in series if is_listed]
        self._execute_many("INSERT OR IGNORE INTO series VALUES(?, ?, ?, ?, ?, ?)", parts)
        rows = {(_name(segments), "/".join(segments), int(kind), number) for kind, segments in addresses}
        self._execute_many("INSERT OR IGNORE INTO address VALUES(?, ?, ?, ?)", rows)
        self._execute_many(
            "INSERT INTO link(article, line, kind, address) VALUES(?, ?, ?, ?)",
            [(number, line, kind, address) for line, kind, address in links],
        )
        self._reopen({undated(row[0]) for row in rows})

    def remove(self, paths: Iterable[str]) -> None:
        """Removes articles; links that led to them are to be resolved again."""
        for path in paths:
            for (number,) in self._rows("SELECT number FROM article WHERE path = ?", (path,)):
                for table in ("address", "former", "link", "series"):
                    self._execute(f"DELETE FROM {table} WHERE article = ?", (number,))  # noqa: S608 - names of ours
                self._execute("DELETE FROM article WHERE number = ?", (number,))
                self._execute("UPDATE link SET target = NULL WHERE target = ?", (path,))

    def put_files(self, paths: Iterable[str]) -> None:
        """Sets the files beside the articles, section pages among them: those not in `paths` are removed."""
        wanted = set(paths)
        known = {real for (real,) in self._rows("SELECT real FROM file")}
        for path in known - wanted:
            self._execute("DELETE FROM file WHERE name = ? AND real = ?", (_name(_file_address(path)), path))
            self._execute("UPDATE link SET target = NULL WHERE target = ?", (path,))
        new = [(_file_address(path), path) for path in wanted - known]
        rows = [(_name(segments), "/".join(segments), path) for segments, path in new]
        self._execute_many("INSERT OR IGNORE INTO file VALUES(?, ?, ?)", rows)
        self._reopen({row[0] for row in rows})

    def articles(self, name: str, addresses: Iterable[str] | None = None) -> list[ArticleCandidate]:
        """Articles with an address that ends with `name`; with `addresses`, only those with one of them."""
        query = (
            "SELECT address.kind, address.path, article.path, article.id FROM address"
            " JOIN article ON article.number = address.article WHERE address.name = ?"
        )
        rows = self._rows_at(query, name, addresses, "address.path")
        with self._damage_marked():
            return [
                ArticleCandidate(AddressKind(kind), tuple(address.split("/")) if address else (), path, article_id)
                for kind, address, path, article_id in rows
            ]

    def former(self, path: str) -> list[tuple[FormerRank, str, str]]:
        """Rank, path and id of each article with a former address, the surest first."""
        rows = self._rows(
            "SELECT former.rank, article.path, article.id FROM former JOIN article ON article.number = former.article"
            " WHERE former.path = ? ORDER BY former.rank, article.path LIMIT ?",
            (path, MAX_CANDIDATES),
        )
        with self._damage_marked():
            return [(FormerRank(rank), found, article_id) for rank, found, article_id in rows]

    def conflicts(self) -> list[AddressConflict]:
        """Addresses that several articles state, by address."""
        rows = self._rows(
            "SELECT former.path, article.path FROM former JOIN article ON article.number = former.article"
            " WHERE former.rank <= ? AND former.path IN (SELECT path FROM former WHERE rank <= ? GROUP BY path"
            " HAVING COUNT(DISTINCT article) > 1) ORDER BY former.path, former.rank, article.path",
            (int(FormerRank.SLUG), int(FormerRank.SLUG)),
        )
        found: dict[str, list[str]] = {}
        for address, path in rows:
            found.setdefault(address, []).append(path)
        return [AddressConflict(f"/{address}", tuple(paths)) for address, paths in found.items()]

    @property
    def moves_stamp(self) -> str:
        """Stamp of the source up to which the moves were put; empty if there are none."""
        return next((value for (value,) in self._rows("SELECT value FROM state WHERE name = 'moves'")), "")

    def put_moves(self, moves: Iterable[Move], stamp: str, *, anew: bool) -> None:
        """Adds moves in the order of time, or replaces all of them."""
        if anew:
            self._execute("DELETE FROM move")
        self._execute_many("INSERT INTO move(at, old, new, title, date) VALUES(?, ?, ?, ?, ?)", moves)
        self._execute("INSERT OR REPLACE INTO state VALUES('moves', ?)", (stamp,))

    def leave(self, article_id: str, after: int | None) -> Move | None:
        """First move away from an id after a time, or the last of all without one."""
        order = "ORDER BY at DESC, number DESC" if after is None else "AND at > ? ORDER BY at, number"
        values = (article_id,) if after is None else (article_id, after)
        query = f"SELECT at, old, new, title, date FROM move WHERE old = ? {order} LIMIT 1"  # noqa: S608 - texts of ours
        return next((Move(*row) for row in self._rows(query, values)), None)

    def last_move(self) -> int:
        """Time of the last move; 0 if there is none."""
        with self._damage_marked():
            return int(next(self._rows("SELECT COALESCE(MAX(at), 0) FROM move"))[0])

    def files(self, name: str, addresses: Iterable[str] | None = None) -> list[FileCandidate]:
        """Files with a name; with `addresses`, only those at one of these comparable paths."""
        rows = self._rows_at("SELECT path, real FROM file WHERE name = ?", name, addresses, "path")
        with self._damage_marked():
            return [FileCandidate(tuple(path.split("/")), real) for path, real in rows]

    def below(self, folder: str, limit: int) -> list[tuple[str, str]]:
        """Paths and ids of at most `limit` articles in a folder and below it, by path."""
        prefix = f"{folder}/" if folder else ""
        end = f"{folder}0" if folder else "\U0010ffff"
        query = "SELECT path, id FROM article WHERE path >= ? AND path < ? ORDER BY path LIMIT ?"
        return [(path, article_id) for path, article_id in self._rows(query, (prefix, end, limit))]

    def open_links(self, limit: int) -> list[tuple[int, str, str, str]]:
        """Number, path of the article, kind and address of at most `limit` links that are to be resolved."""
        rows = self._rows(
            "SELECT link.number, article.path, link.kind, link.address FROM link"
            " JOIN article ON article.number = link.article WHERE link.target IS NULL LIMIT ?",
            (limit,),
        )
        return [(number, path, kind, address) for number, path, kind, address in rows]

    def set_targets(self, targets: Iterable[tuple[str, str, int]]) -> None:
        """Sets the targets of links, as target, name of a dead link, and number; an empty target is none."""
        self._execute_many("UPDATE link SET target = ?, name = ? WHERE number = ?", targets)

    def count(self) -> tuple[int, int]:
        """Numbers of resolved and of unresolved links of listed articles."""
        rows = self._rows(
            "SELECT COALESCE(SUM(link.target > ''), 0), COALESCE(SUM(link.target = ''), 0) FROM link"
            " JOIN article ON article.number = link.article WHERE article.is_listed"
        )
        resolved, unresolved = next(rows)
        return resolved, unresolved

    def unresolved(self, limit: int = -1) -> list[UnresolvedLink]:
        """Links of listed articles without a target by path and line, at most `limit` of them."""
        rows = self._rows(
            "SELECT article.path, link.line, link.kind, link.address FROM link"
            " JOIN article ON article.number = link.article WHERE link.target = '' AND article.is_listed"
            " ORDER BY article.path, link.line, link.number LIMIT ?",
            (limit,),
        )
        return [UnresolvedLink(path, line, kind, shown_address(address)) for path, line, kind, address in rows]

    def with_fragments(self) -> list[tuple[UnresolvedLink, str]]:
        """Links to a place in another article, and the paths of those articles, by these."""
        rows = self._rows(
            "SELECT article.path, link.line, link.kind, link.address, link.target FROM link"
            " JOIN article ON article.number = link.article WHERE link.target > '' AND link.address LIKE '%#_%'"
            " ORDER BY link.target, article.path, link.line, link.number"
        )
        return [(UnresolvedLink(path, line, kind, address), target) for path, line, kind, address, target in rows]

    def series_neighbours(self, entry: SeriesEntry) -> tuple[SeriesEntry | None, SeriesEntry | None]:
        """Entries before and after one in its series, of several translations that in its language."""
        return self._series_neighbour(entry, "<", "DESC"), self._series_neighbour(entry, ">", "ASC")

    def _series_neighbour(self, entry: SeriesEntry, side: str, order: str) -> SeriesEntry | None:
        where = f"name = ? AND (part, date, id) {side} (?, ?, ?) ORDER BY part {order}, date {order}, id {order}"
        query = f"SELECT name, part, date, id, language FROM series WHERE {where} LIMIT ?"  # noqa: S608 - ours
        rows = self._rows(query, (entry.series, *entry.place, _LOOK_AHEAD))
        found = [
            SeriesEntry(name, None if part == LAST_PART else part, "" if date == LAST_DATE else date, *rest)
            for name, part, date, *rest in rows
        ]
        found = [each for each in found if not each.is_translation_of(entry)]
        alike = [each for each in found if each == found[0] or each.is_translation_of(found[0])]
        return next((each for each in alike if each.language == entry.language), next(iter(found), None))

    def is_linked(self, path: str) -> bool:
        """Whether an article links to the file at a path."""
        return next(self._rows("SELECT 1 FROM link WHERE target = ? LIMIT 1", (path,)), None) is not None

    def _reopen(self, names: set[str]) -> None:
        """Marks dead links to names that are there now, so that they are resolved again."""
        if next(self._rows("SELECT 1 FROM link WHERE target = '' LIMIT 1"), None) is not None:
            self._execute_many(
                "UPDATE link SET target = NULL WHERE target = '' AND name = ?", [(each,) for each in names]
            )

    def _rows_at(
        self, query: str, name: str, addresses: Iterable[str] | None, column: str
    ) -> Iterator[tuple[Any, ...]]:
        if addresses is None:
            return self._rows(f"{query} LIMIT {MAX_CANDIDATES}", (name,))
        wanted = tuple(addresses)
        return self._rows(f"{query} AND {column} IN ({', '.join('?' * len(wanted))})", (name, *wanted))

    def _rows(self, query: str, values: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows of a query, all of which are read here: errors come at once."""
        with self._damage_marked():
            return iter(self._connection.execute(query, values).fetchall())

    def _execute(self, query: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        with self._damage_marked():
            return self._connection.execute(query, values)

    def _execute_many(self, query: str, values: Iterable[tuple[object, ...]]) -> None:
        with self._damage_marked():
            self._connection.executemany(query, values)

    @contextmanager
    def _damage_marked(self) -> Iterator[None]:
        """Marks the index if the block meets damage."""
        try:
            with errors_of_links():
                yield
        except LinkIndexDamaged as error:
            if self._path is not None:
                mark_damaged(self._path, str(error))
            raise


def link_name(kind: str, address: str) -> str:
    """Name by which the target of a link is looked up."""
    destination = parse_destination(address)
    if destination is None:
        return ""
    return _name(destination.files) if kind == "image" else undated(_name(destination.segments))


def _file_address(path: str) -> tuple[str, ...]:
    """Comparable segments by which a file is looked up: a section page by those of its folder."""
    return path_segments(path) if is_section(path) else file_segments(path)


def is_section(path: str) -> bool:
    """Whether the file at a path is the page of its folder in Hugo or Zola (`_index.md`)."""
    return path.rpartition("/")[2].startswith("_index.")


def _name(segments: tuple[str, ...]) -> str:
    return segments[-1] if segments else ""
