"""Assets of an article, images mostly: placed in its own folder under safe names, and its body pointed to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.item import Asset
from backfile.archive.importers.library.file_names import asset_name, numbered
from backfile.archive.importers.links.markdown_links import replace_literally
from backfile.archive.storage.walker import ASSET_SUFFIXES

MAX_BYTES = 64 * 1024 * 1024
"""Limit for all assets of one article, which are held at once to be compared."""


@dataclass(slots=True)
class PlacedAssets:
    """Assets of one article by their name in its folder; `body` refers to them, `notes` name those left out."""

    body: str
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def checksums(self) -> dict[str, str]:
        """SHA-256 of each file."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()}


def is_admitted(name: str) -> bool:
    """Whether a file of this name may lie in an article's folder."""
    return asset_name(name).rpartition(".")[2] in ASSET_SUFFIXES


def place_assets(body: str, assets: Iterable[Asset], folder: str) -> PlacedAssets:
    """Reads the assets of an article whose own folder is called `folder`, and points its body to them.

    An asset that cannot be read, is too large or of another file type is left out with a note.
    """
    placed = PlacedAssets(body)
    names: dict[str, str] = {}
    total = 0
    for asset in assets:
        name = asset_name(asset.name)
        if not is_admitted(asset.name):
            placed.notes.append(f"{asset.name}: left out, it is no picture, sound, film or document")
            continue
        try:
            content = asset.load()
        except (OSError, ArchiveError) as error:
            placed.notes.append(f"{asset.name}: cannot be read: {getattr(error, 'strerror', None) or error}")
            continue
        total += len(content)
        if total > MAX_BYTES:
            placed.notes.append(f"{asset.name}: left out, the files of one article may have {MAX_BYTES >> 20} MB")
            continue
        name = next(free for free in _numbered(name) if placed.files.get(free, content) == content)
        placed.files[name] = content
        names[asset.name] = quote(f"{folder}/{name}")
    placed.body = replace_literally(body, names)
    return placed


def _numbered(name: str) -> Iterator[str]:
    stem, _, suffix = name.rpartition(".")
    number = 0
    while True:
        number += 1
        yield f"{numbered(stem, number)}.{suffix}"
