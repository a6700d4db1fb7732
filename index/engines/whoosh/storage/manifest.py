"""Manifest of a commit: names and checksums of its files and of Whoosh's table of contents.

A commit is the pair `_MAIN_N.toc`, which Whoosh writes and reads, and `_MAIN_N.manifest`, which is ours. The table of
contents is a pickle; we never load it. The manifest is JSON after a line `backfile index FORMAT CRC`. It names each
file with the CRC of that file's directory, which holds the CRCs of its arrays.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from backfile.index.engines.whoosh.storage.array_file import FORMAT, open_file
from backfile.index.engines.whoosh.storage.index_layout import INDEX_NAME
from backfile.index.errors import IndexUnusable

_TOC = re.compile(rf"_{INDEX_NAME}_([0-9]+)\.toc\Z")
_HEADING = re.compile(rb"backfile index (\d+) ([0-9a-f]{8})\n")


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """Names of the files of one segment.

    `live_docs`, `fingerprints` and `stories` are None until one is deleted, touched or a copy of another.
    """

    name: str
    data: str
    live_docs: str | None = None
    fingerprints: str | None = None
    stories: str | None = None
    stems: Mapping[str, str] = field(default_factory=dict)

    def files(self) -> Iterator[str]:
        """Names of its files."""
        names = (self.data, self.live_docs, self.fingerprints, self.stories, *self.stems.values())
        yield from filter(None, names)


@dataclass(frozen=True, slots=True)
class Manifest:
    """Content of one commit. `toc` is the size and CRC of the table of contents, `files` maps each file to its CRC."""

    generation: int
    languages: tuple[str, ...]
    stamp: str
    segments: tuple[SegmentEntry, ...]
    files: Mapping[str, int]
    toc: tuple[int, int]

    def pack(self) -> bytes:
        """Content of the manifest's file."""
        content = asdict(self)
        for entry in content["segments"]:
            if entry["stories"] is None:  # programs before 28 November know no such file
                del entry["stories"]
        body = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
        return b"backfile index %d %08x\n" % (FORMAT, zlib.crc32(body)) + body

    @classmethod
    def unpack(cls, name: str, data: bytes) -> Manifest:
        """Inverse of `pack`; raises `IndexUnusable` for damage and for other formats. `name` is for the message."""
        heading = _HEADING.match(data)
        if heading is None:
            raise IndexUnusable(f"{name}: not a manifest of Backfile")
        if int(heading[1]) != FORMAT:
            raise IndexUnusable(f"{name}: format {int(heading[1])}, but this program reads format {FORMAT}")
        body = data[heading.end() :]
        if zlib.crc32(body) != int(heading[2], 16):
            raise IndexUnusable(f"{name}: damaged")
        content = json.loads(body)
        return cls(
            generation=content["generation"],
            languages=tuple(content["languages"]),
            stamp=content["stamp"],
            segments=tuple(SegmentEntry(**entry) for entry in content["segments"]),
            files=content["files"],
            toc=tuple(content["toc"]),
        )


def toc_name(generation: int) -> str:
    """Name of Whoosh's table of contents of a generation."""
    return f"_{INDEX_NAME}_{generation}.toc"


def manifest_name(generation: int) -> str:
    """Name of our manifest of a generation."""
    return f"_{INDEX_NAME}_{generation}.manifest"


def generations_in(names: list[str]) -> list[int]:
    """Generations whose table of contents is among some file names."""
    return [int(found[1]) for name in names if (found := _TOC.match(name))]


def is_ours(name: str) -> bool:
    """Whether a file in an index folder is Whoosh's or ours."""
    return name.startswith((f"_{INDEX_NAME}_", f"{INDEX_NAME}_"))


def read_manifest(folder: Path, generation: int) -> Manifest:
    """Reads a manifest and checks the table of contents against it.

    Raises `FileNotFoundError` for a missing file and `IndexUnusable` for a changed one.
    """
    name = manifest_name(generation)
    manifest = Manifest.unpack(name, _content(folder / name))
    toc = _content(folder / toc_name(generation))
    if manifest.generation != generation or (len(toc), zlib.crc32(toc)) != manifest.toc:
        raise IndexUnusable(f"{toc_name(generation)}: not the table of contents that belongs to {name}")
    return manifest


def _content(path: Path) -> bytes:
    with open_file(path) as file:
        return file.read()
