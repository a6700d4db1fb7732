"""Assets of a Markdown tree: the files that its articles refer to or have in their page bundle."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout
from backfile.archive.importers.item import Asset
from backfile.archive.importers.library.assets import ASSET_SUFFIXES
from backfile.archive.importers.links.markdown_links import link_destinations
from backfile.archive.storage.durable_files import read_bytes

_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")
_PELICAN = re.compile(r"(?:\{(?:static|attach|filename)\}|\|(?:static|attach|filename)\|)")
_MAX_FILES = 200_000


@dataclass(frozen=True, slots=True)
class CollectedAssets:
    """Body, the files it refers to, and notes on images that are missing."""

    body: str
    assets: tuple[Asset, ...]
    notes: tuple[str, ...]


class TreeAssets:
    """Finds the files of a tree by the rules of its site builder."""

    def __init__(self, root: Path, site: SiteLayout) -> None:
        self._root, self._site = str(root.resolve()), site

    def collect(self, path: str, body: str) -> CollectedAssets:
        """Files that the article at `path` refers to, and those of its folder if it is a page bundle."""
        body = _PELICAN.sub("", body) if self._site.builder == "Pelican" else body
        assets: dict[str, Asset] = {}
        missing: dict[str, None] = {}
        for link, is_image in _internal_destinations(body):
            file = self._find(posixpath.dirname(path), link)
            if file is not None:
                assets.setdefault(link, self._asset(link, file))
            elif is_image:
                missing[link] = None
        if re.match(r"index\.(?:\w+\.)?mdx?\Z", posixpath.basename(path)):
            referred = {unquote(link).removeprefix("./") for link in assets}
            for name in sorted(self._files_in(posixpath.dirname(path)) - referred):
                assets[name] = self._asset(name, posixpath.join(posixpath.dirname(path), name))
        return CollectedAssets(body, tuple(assets.values()), _note(list(missing)))

    def _asset(self, link: str, file: str) -> Asset:
        return Asset(link, lambda: read_bytes(f"{self._root}/{file}", self._root))

    def _find(self, folder: str, link: str) -> str | None:
        """Path below the root of the file that a link refers to."""
        wanted = unquote(re.split(r"[?#]", link)[0])
        if not _is_asset(wanted) or "\x00" in wanted:
            return None
        if wanted.startswith("/"):
            candidates = [posixpath.join(base, wanted.lstrip("/")) for base in self._site.public]
        else:
            candidates = [posixpath.join(base, wanted) for base in (folder, *self._site.public)]
        for candidate in map(posixpath.normpath, candidates):
            if not candidate.startswith("..") and os.path.isfile(f"{self._root}/{candidate}"):
                return candidate
        return self._by_name.get(posixpath.basename(wanted).casefold()) if self._site.by_name else None

    @cached_property
    def _by_name(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for folder, below, names in os.walk(self._root):
            below[:] = sorted(name for name in below if name[0] != ".")
            for name in filter(_is_asset, sorted(names)):
                path = os.path.relpath(f"{folder}/{name}", self._root).replace(os.sep, "/")
                found.setdefault(name.casefold(), path)
            if len(found) > _MAX_FILES:
                break
        return found

    def _files_in(self, folder: str) -> set[str]:
        with os.scandir(f"{self._root}/{folder}") as scan:
            return {item.name for item in scan if _is_asset(item.name) and item.is_file(follow_symlinks=False)}


def _internal_destinations(body: str) -> Iterator[tuple[str, bool]]:
    """Yields the link destinations in a body that may be files of the tree, and whether each is that of an image."""
    for link, is_image in link_destinations(body):
        if link and not _EXTERNAL.match(link):
            yield link, is_image


def _note(missing: list[str]) -> tuple[str, ...]:
    if not missing:
        return ()
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return (f"the picture {missing[0]}{more} {'are' if more else 'is'} not there",)


def _is_asset(name: str) -> bool:
    return name.rpartition(".")[2].lower() in ASSET_SUFFIXES and not posixpath.basename(name).startswith(".")
