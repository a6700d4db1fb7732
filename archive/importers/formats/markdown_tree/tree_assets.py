"""The pictures (and other files) of a tree that its articles show or lie beside."""

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

_ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")
_PELICAN = re.compile(r"(?:\{(?:static|attach|filename)\}|\|(?:static|attach|filename)\|)")
_MAX_FILES = 200_000


@dataclass(frozen=True, slots=True)
class CollectedAssets:
    """A body, the files it refers to, and notes on pictures that are not there."""

    body: str
    assets: tuple[Asset, ...]
    notes: tuple[str, ...]


class TreeAssets:
    """The files of a tree that may lie beside its articles, found as its builder finds them."""

    def __init__(self, root: Path, site: SiteLayout) -> None:
        self._root, self._site = str(root.resolve()), site

    def taken(self, path: str, body: str) -> CollectedAssets:
        """The files that the article at `path` refers to, or has in its own folder if it is a page bundle."""
        body = _PELICAN.sub("", body) if self._site.builder == "Pelican" else body
        assets: dict[str, Asset] = {}
        missing: dict[str, None] = {}
        for address, is_picture in internal_destinations(body):
            place = self._find(posixpath.dirname(path), address)
            if place is not None:
                assets.setdefault(address, self._asset(address, place))
            elif is_picture:
                missing[address] = None
        if re.match(r"index\.(?:\w+\.)?mdx?\Z", posixpath.basename(path)):
            referred = {unquote(address).removeprefix("./") for address in assets}
            for name in sorted(self._files_in(posixpath.dirname(path)) - referred):
                assets[name] = self._asset(name, posixpath.join(posixpath.dirname(path), name))
        return CollectedAssets(body, tuple(assets.values()), _note(list(missing)))

    def _asset(self, address: str, place: str) -> Asset:
        return Asset(address, lambda: read_bytes(f"{self._root}/{place}", self._root))

    def _find(self, folder: str, address: str) -> str | None:
        """Where below the root the file lies that an address means."""
        wanted = unquote(re.split(r"[?#]", address)[0])
        if not _may_lie_beside(wanted) or "\x00" in wanted:
            return None
        if wanted.startswith("/"):
            places = [posixpath.join(base, wanted.lstrip("/")) for base in self._site.public]
        else:
            places = [posixpath.join(base, wanted) for base in (folder, *self._site.public)]
        for place in map(posixpath.normpath, places):
            if not place.startswith("..") and os.path.isfile(f"{self._root}/{place}"):
                return place
        return self._by_name.get(posixpath.basename(wanted).casefold()) if self._site.by_name else None

    @cached_property
    def _by_name(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for folder, below, names in os.walk(self._root):
            below[:] = sorted(name for name in below if name[0] != ".")
            for name in filter(_may_lie_beside, sorted(names)):
                place = os.path.relpath(f"{folder}/{name}", self._root).replace(os.sep, "/")
                found.setdefault(name.casefold(), place)
            if len(found) > _MAX_FILES:
                break
        return found

    def _files_in(self, folder: str) -> set[str]:
        with os.scandir(f"{self._root}/{folder}") as scan:
            return {item.name for item in scan if _may_lie_beside(item.name) and item.is_file(follow_symlinks=False)}


def internal_destinations(body: str) -> Iterator[tuple[str, bool]]:
    """The addresses within the tree in a body, and whether each is that of a picture."""
    for address, is_picture in link_destinations(body):
        if address and not _ELSEWHERE.match(address):
            yield address, is_picture


def _note(missing: list[str]) -> tuple[str, ...]:
    if not missing:
        return ()
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return (f"the picture {missing[0]}{more} {'are' if more else 'is'} not there",)


def _may_lie_beside(name: str) -> bool:
    return name.rpartition(".")[2].lower() in ASSET_SUFFIXES and not posixpath.basename(name).startswith(".")
