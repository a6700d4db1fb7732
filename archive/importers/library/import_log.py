"""Import log: origin → file, rebuilt from the front matter of the library at each import, so that it is always true."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

from backfile.archive.errors import ArticleUnreadable
from backfile.archive.importers.library.file_names import collision_key, numbered
from backfile.archive.importers.library.provenance import (
    Provenance,
    article_urls,
    checksum,
    front_data,
    read_provenance,
)
from backfile.archive.importers.links.published_links import PublishedLinks
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.durable_files import read_bytes
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.walker import has_article_name, walk

SUFFIX = ".md"


class ImportLog:
    """Articles of the library at `root` (a real path) by origin, and the file names in use.

    `published` has them by the URLs that they were published at.
    """

    def __init__(self, root: str) -> None:
        self.published = PublishedLinks()
        self.paths: list[str] = []
        self._root = root
        self._by_origin: dict[str, Provenance] = {}
        self._by_path: dict[str, Provenance] = {}
        self._used_stems: set[str] = set()

    def load(self) -> None:
        """Reads the provenance of every article in the library."""
        self.paths = sorted(entry.path for entry in walk(self._root))
        for path in reversed(self.paths):  # of copies the first counts
            self._use(without_suffix(path))
            data = front_data(self.text(path))
            provenance = read_provenance(path, data)
            self.published.add(path, article_urls(data), provenance.origin if provenance else "")
            if provenance is not None:
                self.put(provenance)

    def find(self, origin: str) -> Provenance | None:
        """File that came from an origin, wherever somebody moved it since."""
        return self._by_origin.get(origin)

    def origin_at(self, path: str) -> str:
        """Origin of the file at `path`; empty if it was not imported."""
        known = self._by_path.get(path)
        return known.origin if known is not None else ""

    def unedited(self, path: str) -> Provenance | None:
        """Provenance of the file at `path` if it and its assets are as the import left them, else None."""
        known = self._by_origin.get(self.origin_at(path))
        return known if known and known.path == path and self.checksum(path) == known.sha256 else None

    def put(self, provenance: Provenance) -> None:
        """Records a file that was written, or would be; a former origin of the same file is forgotten."""
        former = self.find(self.origin_at(provenance.path))
        if former is not None and former.path == provenance.path:
            del self._by_origin[former.origin]
        self._by_path[provenance.path] = self._by_origin[provenance.origin] = provenance
        self._use(without_suffix(provenance.path))

    def new_path(self, stem: str) -> str:
        """`stem` with its suffix, numbered if a file or folder has that name, also on systems that ignore case."""
        number = 1
        while self._is_used(candidate := numbered(stem, number)):
            number += 1
        return candidate + SUFFIX

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yields path and text of every article that was there at the beginning."""
        for path in self.paths:
            yield path, self.text(path)

    def text(self, path: str) -> str:
        """Text of a file; empty if it cannot be read, which `backfile check` reports."""
        try:
            return decode(read_bytes(f"{self._root}/{path}", self._root)).text
        except (ArticleUnreadable, OSError):
            return ""

    def checksum(self, path: str, text: str | None = None) -> str:
        """Checksum of an article's file and its assets; `text` stands in for the text of the file."""
        folder = f"{self._root}/{without_suffix(path)}"
        assets = {name: self._sha256(f"{folder}/{name}") for name in self.asset_names(path)}
        return checksum(self.text(path) if text is None else text, assets)

    def asset_names(self, path: str) -> list[str]:
        """Names of the files in an article's own folder."""
        try:
            with os.scandir(f"{self._root}/{without_suffix(path)}") as scan:
                return sorted(item.name for item in scan if _is_asset(item))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _sha256(self, full_path: str) -> str:
        return hashlib.sha256(read_bytes(full_path, self._root)).hexdigest()

    def _is_used(self, stem: str) -> bool:
        return collision_key(stem) in self._used_stems or os.path.lexists(f"{self._root}/{stem}")

    def _use(self, stem: str) -> None:
        self._used_stems.add(collision_key(stem))
        folder = stem.rpartition("/")[0]
        if folder and collision_key(folder) not in self._used_stems:
            self._use(folder)


def _is_asset(item: os.DirEntry[str]) -> bool:
    return item.is_file() and item.name[0] != "." and not has_article_name(item.name)
