"""Assets of a Markdown tree: the files that its articles refer to or have in their page bundle."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from backfile.archive.importers.formats.markdown_tree.site_builders import SiteLayout
from backfile.archive.importers.item import Asset
from backfile.archive.importers.links.markdown_links import link_destinations
from backfile.archive.links.destinations import REFERENCE, is_external
from backfile.archive.links.link_resolver import LinkedFile, LinkResolver
from backfile.archive.storage.durable_files import read_bytes
from backfile.archive.storage.walker import has_asset_name

_PELICAN = re.compile(r"(?:\{(?:static|attach|filename)\}|\|(?:static|attach|filename)\|)")


@dataclass(frozen=True, slots=True)
class CollectedAssets:
    """Body, the files it refers to, and notes on images that are missing."""

    body: str
    assets: tuple[Asset, ...]
    notes: tuple[str, ...]


class TreeAssets:
    """Finds the files of a tree by the rules of its site builder."""

    def __init__(self, root: Path, site: SiteLayout, resolver: LinkResolver | None = None) -> None:
        self._root, self._site, self._resolver = str(root.resolve()), site, resolver

    def collect(self, path: str, body: str) -> CollectedAssets:
        """Files that the article at `path` refers to, and those of its folder if it is a page bundle."""
        body = _PELICAN.sub("", body) if self._site.builder == "Pelican" else body
        assets: dict[str, Asset] = {}
        missing: dict[str, None] = {}
        for link, is_image in _internal_destinations(body):
            file, name = self._find(path, link), link.removeprefix(REFERENCE)
            if file is not None:
                assets.setdefault(name, self._asset(name, file))
            elif is_image:
                missing[name] = None
        if re.match(r"index\.(?:\w+\.)?mdx?\Z", posixpath.basename(path)):
            referred = {unquote(link).removeprefix("./") for link in assets}
            for name in sorted(self._files_in(posixpath.dirname(path)) - referred):
                assets[name] = self._asset(name, posixpath.join(posixpath.dirname(path), name))
        return CollectedAssets(body, tuple(assets.values()), _note(list(missing)))

    def _asset(self, link: str, file: str) -> Asset:
        return Asset(link, lambda: read_bytes(f"{self._root}/{file}", self._root))

    def _find(self, path: str, link: str) -> str | None:
        """Path below the root of the file that a link in the article at `path` refers to."""
        wanted = unquote(re.split(r"[?#]", link.removeprefix(REFERENCE))[0])
        if not has_asset_name(posixpath.basename(wanted)) or "\x00" in wanted:
            return None
        if wanted.startswith("/"):
            candidates = [posixpath.join(base, wanted.lstrip("/")) for base in self._site.public]
        else:
            candidates = [posixpath.join(base, wanted) for base in (posixpath.dirname(path), *self._site.public)]
        for candidate in map(posixpath.normpath, candidates):
            if not candidate.startswith("..") and os.path.isfile(f"{self._root}/{candidate}"):
                return candidate
        found = self._resolver.target(path, "image", link) if self._resolver else None
        return found.path if isinstance(found, LinkedFile) else None

    def _files_in(self, folder: str) -> set[str]:
        with os.scandir(f"{self._root}/{folder}") as scan:
            return {item.name for item in scan if has_asset_name(item.name) and item.is_file(follow_symlinks=False)}


def _internal_destinations(body: str) -> Iterator[tuple[str, bool]]:
    """Yields the link destinations in a body that may be files of the tree, and whether each is that of an image."""
    for link, is_image in link_destinations(body):
        if link and not is_external(link):
            yield link, is_image


def _note(missing: list[str]) -> tuple[str, ...]:
    if not missing:
        return ()
    more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
    return (f"the picture {missing[0]}{more} {'are' if more else 'is'} not there",)
