"""Files that belong to an article, pictures mostly: beside it, under safe names, and how its body refers to them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.item import Asset
from backfile.archive.importers.library.file_names import asset_name, numbered

MAX_BYTES = 64 * 1024 * 1024
"""Of all files of one article, for they are held at once to be compared."""

_PICTURES = "apng avif bmp gif heic ico jpeg jpg png svg tif tiff webp"
_SOUND_AND_FILM = "aac flac m4a mp3 oga ogg opus wav m4v mov mp4 ogv webm"
_DOCUMENTS = "csv doc docx epub json odp ods odt pdf ppt pptx rtf tsv txt xls xlsx"
ENDINGS = frozenset(f"{_PICTURES} {_SOUND_AND_FILM} {_DOCUMENTS}".split())
"""What may lie beside an article. Nothing that a program would run or that Backfile would read as its own."""


@dataclass(slots=True)
class PlacedAssets:
    """The files of one article: name in its folder → content; `body` refers to them; `notes` say what is missing."""

    body: str
    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def sums(self) -> dict[str, str]:
        """SHA-256 of each file."""
        return {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()}


def place_assets(body: str, assets: Iterable[Asset], folder: str) -> PlacedAssets:
    """Reads the assets of an article whose own folder is called `folder`, and points its body to them.

    What cannot be read, is too large or of no kind that belongs beside an article is left out with a note.
    """
    beside = PlacedAssets(body)
    names: dict[str, str] = {}
    total = 0
    for asset in assets:
        name = asset_name(asset.name)
        if name.rpartition(".")[2] not in ENDINGS:
            beside.notes.append(f"{asset.name}: left out, it is no picture, sound, film or document")
            continue
        try:
            content = asset.load()
        except (OSError, ArchiveError) as error:
            beside.notes.append(f"{asset.name}: cannot be read: {getattr(error, 'strerror', None) or error}")
            continue
        total += len(content)
        if total > MAX_BYTES:
            beside.notes.append(f"{asset.name}: left out, the files of one article may have {MAX_BYTES >> 20} MB")
            continue
        name = next(free for free in _numbered(name) if beside.files.get(free, content) == content)
        beside.files[name] = content
        names[asset.name] = quote(f"{folder}/{name}")
    beside.body = point(body, names)
    return beside


def _numbered(name: str) -> Iterator[str]:
    stem, _, ending = name.rpartition(".")
    number = 0
    while True:
        number += 1
        yield f"{numbered(stem, number)}.{ending}"


def point(body: str, addresses: Mapping[str, str]) -> str:
    """The body with each address, as it stands and whole, replaced by the one that is given for it."""
    if not addresses:
        return body
    longest_first = "|".join(re.escape(name) for name in sorted(addresses, key=len, reverse=True))
    address = re.compile(rf"""(?<=[("'<\s])(?:{longest_first})(?=[)"'>\s])|(?<=:[ ])(?:{longest_first})$""", re.M)
    return address.sub(lambda found: addresses[found[0]], body)
