"""Import log: origin → file, rebuilt from the front matter of the library at each import, so that it is always true."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from backfile.archive.errors import ArticleUnreadable
from backfile.archive.importers.library.file_names import collision_key, numbered
from backfile.archive.importers.library.provenance import (
    CLOSING,
    Provenance,
    article_urls,
    checksum,
    front_data,
    read_provenance,
)
from backfile.archive.importers.links.markdown_links import replace_literally
from backfile.archive.importers.links.published_links import PublishedLinks, relative_link
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.durable_files import digest, read_bytes
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.walker import has_article_name, walk

SUFFIX = ".md"


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """Article as it lies in the library: text, digest of its file (None if there is none), assets with theirs."""

    text: str = ""
    digest: str | None = None
    assets: Mapping[str, str] = field(default_factory=dict)

    def checksum(self, text: str | None = None) -> str:
        """Checksum of the text, or of another in its place, and the assets."""
        return checksum(self.text if text is None else text, self.assets)


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

    def unedited(self, path: str) -> tuple[Provenance, StoredArticle] | None:
        """Provenance and files of the article at `path` if these are as the import left them, else None."""
        known, stored = self._by_origin.get(self.origin_at(path)), self.stored(path)
        return (known, stored) if known and known.path == path and stored.checksum() == known.sha256 else None

    def put(self, provenance: Provenance) -> None:
        """Records a file that was written, or would be; a former origin of the same file is forgotten."""
        former = self.find(self.origin_at(provenance.path))
        if former is not None and former.path == provenance.path:
            del self._by_origin[former.origin]
        self._by_path[provenance.path] = self._by_origin[provenance.origin] = provenance
        self._use(without_suffix(provenance.path))

    def forget(self, path: str) -> None:
        """Forgets a file that was not written, because somebody made another one of that name."""
        origin = self.origin_at(path)
        self._by_path.pop(path, None)
        self._by_origin.pop(origin, None)
        self.published.forget(path)

    def new_path(self, stem: str, assets: Callable[[], Mapping[str, str]]) -> str:
        """`stem` with its suffix, numbered if a file or folder has that name, also on systems that ignore case.

        A folder is free if it holds nothing but some of the `assets` (name → SHA-256): an import was killed there.
        """
        number = 1
        while self._is_used(candidate := numbered(stem, number), assets):
            number += 1
        return candidate + SUFFIX

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yields path and text of every article that was there at the beginning."""
        for path in self.paths:
            yield path, self.text(path)

    def text(self, path: str) -> str:
        """Text of a file; empty if it cannot be read, which `backfile check` reports."""
        return self._read(path)[0]

    def stored(self, path: str) -> StoredArticle:
        """Article at `path` with the digests of its files, for changing it later unless somebody does so first."""
        folder = f"{self._root}/{without_suffix(path)}"
        assets = {name: self._sha256(f"{folder}/{name}") for name in self._asset_names(path)}
        return StoredArticle(*self._read(path), assets)

    def _read(self, path: str) -> tuple[str, str | None]:
        """Text and digest of a file; if it cannot be read, nothing and None."""
        try:
            content = read_bytes(f"{self._root}/{path}", self._root)
            return decode(content).text, digest(content)
        except (ArticleUnreadable, OSError):
            return "", None

    def _asset_names(self, path: str) -> list[str]:
        """Names of the files in an article's own folder."""
        try:
            with os.scandir(f"{self._root}/{without_suffix(path)}") as scan:
                return sorted(item.name for item in scan if _is_asset(item))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _sha256(self, full_path: str) -> str:
        return digest(read_bytes(full_path, self._root))

    def _is_used(self, stem: str, assets: Callable[[], Mapping[str, str]]) -> bool:
        full = f"{self._root}/{stem}"
        if collision_key(stem) in self._used_stems:
            return True
        return os.path.lexists(full) and not (os.path.isdir(full) and self._holds_only(full, assets()))

    def _holds_only(self, folder: str, assets: Mapping[str, str]) -> bool:
        names = os.listdir(folder)
        return assets.keys() >= set(names) and all(self._sha256(f"{folder}/{name}") == assets[name] for name in names)

    def _use(self, stem: str) -> None:
        self._used_stems.add(collision_key(stem))
        folder = stem.rpartition("/")[0]
        if folder and collision_key(folder) not in self._used_stems:
            self._use(folder)


def _is_asset(item: os.DirEntry[str]) -> bool:
    return item.is_file() and item.name[0] != "." and not has_article_name(item.name)


class PendingLinks:
    """Links of the articles of one source whose targets are not written yet: path → destination → origin.

    A format knows which item a link means; the path of that item's article is known when it is written.
    """

    def __init__(self, log: ImportLog) -> None:
        self._log = log
        self._pending: dict[str, Mapping[str, str]] = {}

    def resolve(self, body: str, path: str, links: Mapping[str, str], *, only: str | None = None) -> str:
        """Body of the article at `path` with the links whose targets are there; the others become pending.

        `links` maps destinations in the body to the origins of their targets. With `only`, no more than the links whose
        new destination is in that text are set, and none becomes pending.
        """
        known = self._known(path, links)
        if only is not None:
            return replace_literally(body, {link: new for link, new in known.items() if new in only})
        if len(known) < len(links):
            self._pending[path] = {link: origin for link, origin in links.items() if link not in known}
        else:
            self._pending.pop(path, None)
        return replace_literally(body, known)

    def resolve_pending(self) -> Iterator[tuple[str, str]]:
        """Yields path and new text of every article with links whose targets came after it."""
        pending, self._pending = self._pending, {}
        for path, links in pending.items():
            known = self._known(path, links)
            text = self._log.text(path) if known else ""
            head, closing, body = text.partition(CLOSING)
            linked = head + closing + replace_literally(body, known)
            if linked != text:
                yield path, linked

    def _known(self, path: str, links: Mapping[str, str]) -> dict[str, str]:
        """Destinations → relative links to the targets that are in the library."""
        targets = ((link, self._log.find(origin)) for link, origin in links.items())
        return {link: relative_link(target.path, path, link) for link, target in targets if target is not None}
