"""Which origin lies in which file: rebuilt from the front matter of the library at each import, so that it is true."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass

from backfile.archive.errors import ArticleUnreadable
from backfile.archive.importers.library.file_names import collision_key, numbered
from backfile.archive.importers.library.provenance import checksum, read_stamp
from backfile.archive.importers.links.published_links import PublishedLinks
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.durable_files import read_bytes
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.walker import has_article_name, walk

ENDING = ".md"


@dataclass(frozen=True, slots=True)
class ImportRecord:
    """The file at `path` came from an origin, by which kind of source, and this was the sum of what was written.

    `within` is the source that it is from, if others have the same origin.
    """

    path: str
    kind: str
    sha256: str
    within: str = ""


class ImportLog:
    """The articles of a library by origin, and the names that are taken there. `root` is a real path.

    `sites` has them by the addresses that they were published at, as it was when the import began.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._records: dict[str, ImportRecord] = {}
        self._origins: dict[str, str] = {}
        self._taken: set[str] = set()
        self.sites = PublishedLinks()
        self.paths = sorted(entry.path for entry in walk(root))
        for path in reversed(self.paths):  # so that of copies the first counts
            self._take(without_suffix(path))
            text = self.text(path)
            stamp = read_stamp(text)
            self.sites.add(path, text, stamp.origin if stamp is not None else "")
            if stamp is not None:
                self.put(stamp.origin, ImportRecord(path, stamp.kind, stamp.sha256, stamp.within))

    def find(self, origin: str) -> ImportRecord | None:
        """The file that came from an origin, wherever somebody moved it since."""
        return self._records.get(origin)

    def origin_at(self, path: str) -> str | None:
        """The origin of the file at a path; None if it was not imported."""
        return self._origins.get(path)

    def put(self, origin: str, record: ImportRecord) -> None:
        """Notes what was written, or would be; another origin of the same file is forgotten."""
        self._records.pop(self._origins.get(record.path, ""), None)
        self._origins[record.path] = origin
        self._records[origin] = record
        self._take(without_suffix(record.path))

    def new_path(self, wanted: str) -> str:
        """`wanted` with its ending, numbered if it is taken by a file or a folder, also on systems without case."""
        number = 1
        while self._is_taken(stem := numbered(wanted, number)):
            number += 1
        return stem + ENDING

    def texts(self) -> Iterator[tuple[str, str]]:
        """Path and text of every article that was there at the beginning."""
        for path in self.paths:
            yield path, self.text(path)

    def text(self, path: str) -> str:
        """The text of a file; empty if it cannot be read, which `backfile check` will say."""
        try:
            return decode(read_bytes(f"{self._root}/{path}", self._root)).text
        except (ArticleUnreadable, OSError):
            return ""

    def checksum(self, path: str) -> str:
        """The sum of an article's file and the files beside it as they are now."""
        return self.checksum_of(path, self.text(path))

    def checksum_of(self, path: str, text: str) -> str:
        """The sum that an article's file would have with this text."""
        folder = without_suffix(path)
        return checksum(text, {name: self._sum(f"{folder}/{name}") for name in self.beside(path)})

    def beside(self, path: str) -> list[str]:
        """The names of the files that lie in an article's own folder."""
        try:
            with os.scandir(f"{self._root}/{without_suffix(path)}") as scan:
                return sorted(item.name for item in scan if _is_beside(item))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _sum(self, path: str) -> str:
        return hashlib.sha256(read_bytes(f"{self._root}/{path}", self._root)).hexdigest()

    def _is_taken(self, stem: str) -> bool:
        return collision_key(stem) in self._taken or os.path.lexists(f"{self._root}/{stem}")

    def _take(self, stem: str) -> None:
        self._taken.add(collision_key(stem))
        folder = stem.rpartition("/")[0]
        if folder and collision_key(folder) not in self._taken:
            self._take(folder)


def _is_beside(item: os.DirEntry[str]) -> bool:
    return item.is_file() and item.name[0] != "." and not has_article_name(item.name)
