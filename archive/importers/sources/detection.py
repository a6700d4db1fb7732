"""What a person names to be imported: a file, a folder of one kind, a heap of files of many kinds, or an address."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.item import FetchResponse, Format, ImportContext, ImportEvent
from backfile.archive.importers.library.file_names import asset_name
from backfile.archive.importers.library.provenance import origin_of
from backfile.archive.importers.sources import registry
from backfile.archive.importers.sources.unpacking import ZIP_BASED_KINDS, is_archive, unpack
from backfile.archive.storage.durable_files import write_bytes

_PACKED = re.compile(r"\.(?:zip|tar|t?gz|tar\.\w{2,3}|tbz2?|txz)\Z", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ImportSource:
    """Something to read items from: `label` is its name in origins, the same wherever it lies."""

    path: Path
    label: str
    kind: str
    is_folder: bool
    format: Format
    url: str | None = None

    def origin_of(self, name: str) -> str:
        """Origin of the item that the source calls `name`."""
        return origin_of(self.label, self.is_folder, name)

    def read(self, context: ImportContext) -> Iterator[ImportEvent]:
        """The items; raises `ArchiveError` if a library that this kind stands on is missing."""
        try:
            yield from self.format.read(self.path, replace(context, url=self.url) if self.url else context)
        except ModuleNotFoundError as error:
            raise registry.library_missing(self.kind, error) from error

    def count(self, context: ImportContext) -> int | None:
        """How many items to expect, roughly; None if the kind cannot tell without reading it all, or nothing at all."""
        counting: Callable[[Path, ImportContext], int | None] | None = getattr(self.format, "count", None)
        try:
            return counting(self.path, context) if counting is not None else None
        except (ArchiveError, OSError, ValueError):
            return None  # reading it will say what is wrong


@dataclass(frozen=True, slots=True)
class RejectedSource:
    """Something that is no source of any kind, and why. In a heap that is nothing to worry about."""

    label: str
    reason: str
    in_mixed_folder: bool = False

    def count(self, context: ImportContext) -> int:
        """One, to be reported."""
        return 1


AnySource = ImportSource | RejectedSource


def is_url(name: str) -> bool:
    """Whether a source is named by an address on the web."""
    return _ADDRESS.match(name) is not None


def open_sources(
    path: Path,
    kind: str | None = None,
    label: str | None = None,
    *,
    in_mixed_folder: bool = False,
    in_archive: bool = False,
) -> Iterator[AnySource]:
    """The sources at a path: one, or for a folder that is a heap each file in it, or for an archive what is in it.

    `kind` says what the person knows of it. Raises nothing: what cannot be read is `RejectedSource`.
    """
    label = label or path.resolve().name
    try:
        probe = registry.probe(path)
        detected = registry.detect_format(probe) if kind is None else registry.Detection(registry.load(kind), 100)
        is_other = detected is None or (kind is not None and kind not in ZIP_BASED_KINDS)
        is_packed = is_other and not probe.is_folder and is_archive(path, probe.head)
    except OSError as error:
        yield RejectedSource(label, f"cannot be read: {error.strerror or error}")
    except ArchiveError as error:
        yield RejectedSource(label, f"{error} ({error.hint})")
    else:
        if is_packed and not in_archive:
            yield from _packed(path, label, kind)
        elif detected is not None and (not probe.is_folder or detected.confidence >= registry.MIN_FOLDER_CONFIDENCE):
            yield ImportSource(path, label, detected.format.KIND, probe.is_folder, detected.format)
        elif probe.is_folder:
            yield from _mixed_folder(path, label, in_archive=in_archive)
        else:
            yield RejectedSource(label, "of no kind that is known; name it with --as if you know it", in_mixed_folder)


def _packed(path: Path, label: str, kind: str | None) -> Iterator[AnySource]:
    """What is in an archive; the folder that holds it goes when the next source is asked for."""
    try:
        with unpack(path) as found:
            yield from (RejectedSource(f"{label}/{name}", reason) for name, reason in found.refused)
            yield from open_sources(found.folder, kind, _PACKED.sub("", label) or label, in_archive=True)
    except ArchiveError as error:
        yield RejectedSource(label, f"{error} ({error.hint})" if error.hint else str(error))


def _mixed_folder(folder: Path, label: str, *, in_archive: bool) -> Iterator[AnySource]:
    """The files in a folder that is of no one kind, folder by folder; folders in it may be of one kind again."""
    try:
        with os.scandir(folder) as scan:
            items = sorted((item.name, item.is_dir(follow_symlinks=False), item.is_symlink()) for item in scan)
    except OSError as error:
        yield RejectedSource(label, f"cannot be read: {error.strerror or error}")
        return
    for name, is_folder, is_link in items:
        if name[0] == "." or (is_folder and name == "node_modules"):
            continue
        if is_link:
            yield RejectedSource(f"{label}/{name}", "is a link; name what it leads to", in_mixed_folder=True)
        else:
            inner = f"{label}/{name}"
            yield from open_sources(folder / name, label=inner, in_mixed_folder=True, in_archive=in_archive)


def fetch_source(url: str, fetch: Callable[[str], FetchResponse], kind: str | None = None) -> Iterator[AnySource]:
    """What lies at an address, as a source; a temporary file holds it until the next is asked for."""
    try:
        answer = fetch(url)
    except (ArchiveError, OSError) as error:
        yield RejectedSource(url, f"cannot be fetched: {error}")
        return
    with tempfile.TemporaryDirectory(prefix="backfile-") as folder:
        path = Path(folder) / (asset_name(urlsplit(answer.url).path) or "page")
        write_bytes(str(path), answer.body)
        for source in open_sources(path, kind, label=url):
            yield replace(source, url=answer.url) if isinstance(source, ImportSource) else source
