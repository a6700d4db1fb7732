"""Sources that a user named for import: a file, a folder of one format, a mixed folder, an archive, or a URL."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.item import ITEM_FAILURES, FetchResponse, Format, ImportContext, ImportEvent
from backfile.archive.importers.library.file_names import asset_name
from backfile.archive.importers.library.provenance import origin_of
from backfile.archive.importers.sources import registry
from backfile.archive.importers.sources.temporary_folders import temporary_folder
from backfile.archive.importers.sources.unknown_formats import refused_package, unknown_format
from backfile.archive.importers.sources.unpacking import ZIP_BASED_KINDS, is_archive, unpack
from backfile.archive.storage.durable_files import write_bytes
from backfile.archive.web_addresses import address_parts

_CHUNK = 1 << 20
_READ_UTF16 = frozenset({"text", "html", "table", "lexisnexis", "proquest", "urls"})
_DECLARED_UTF16 = re.compile(r"""(<\?xml[^<>]{0,80}?)\sencoding=["']utf-?16\w*["']""", re.IGNORECASE)
_SET_ASIDE = re.compile(r"\A\.|\Anode_modules\Z|[_-](?:files|dateien|fichiers|archivos|ficheros|bestanden|file)\Z")
_TEXTS = (".txt", ".text", ".asc")
_DOCUMENTS = re.compile(
    r"\.(?:docx?|odt|rtf|pdf|epub|eml|mbox|mhtml?|md|txt|csv|jsonl|enex|ris|bib|warc(?:\.gz)?|zip)\Z", re.IGNORECASE
)
_ARCHIVE_SUFFIX = re.compile(r"\.(?:zip|tar|t?gz|tar\.\w{2,3}|tbz2?|txz)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ImportSource:
    """File or folder to read items from; `label` names it in origins, wherever it lies."""

    path: Path
    label: str
    kind: str
    is_folder: bool
    format: Format
    url: str | None = None

    def __reduce__(self) -> tuple[Callable[..., ImportSource], tuple[object, ...]]:  # modules cannot be pickled
        return _with_format, (self.path, self.label, self.kind, self.is_folder, self.url)

    def origin_of(self, name: str) -> str:
        """Origin of the item that the source calls `name`."""
        return origin_of(self.label, self.is_folder, name)

    def read(self, context: ImportContext) -> Iterator[ImportEvent]:
        """Yields the items. Raises as `Format.read` does, and `ArchiveError` if a library that it needs is missing."""
        try:
            yield from self.format.read(self.path, replace(context, url=self.url) if self.url else context)
        except ModuleNotFoundError as error:
            raise registry.library_missing(self.kind, error) from error

    def count(self, context: ImportContext) -> int | None:
        """Approximate number of items; None if the format cannot tell."""
        try:
            return self.format.count(self.path, context)
        except (ArchiveError, OSError, ValueError):
            return None  # `read` reports it


def _with_format(path: Path, label: str, kind: str, is_folder: bool, url: str | None) -> ImportSource:
    return ImportSource(path, label, kind, is_folder, registry.load(kind), url)


@dataclass(frozen=True, slots=True)
class RejectedSource:
    """File or URL that cannot be imported, with the reason. In a mixed folder that is no failure."""

    label: str
    reason: str
    in_mixed_folder: bool = False

    def count(self, context: ImportContext) -> int:
        """Number of results in the report: one."""
        return 1


AnySource = ImportSource | RejectedSource


def open_sources(
    path: Path,
    kind: str | None = None,
    label: str | None = None,
    *,
    in_mixed_folder: bool = False,
    in_archive: bool = False,
) -> Iterator[AnySource]:
    """Yields the source at a path, or the files of a mixed folder, or the content of an archive.

    `kind` is the format that the user named. Never raises: a path that cannot be read is a `RejectedSource`.
    """
    label = label or path.resolve().name
    try:
        probe = registry.probe(path)
        detection = registry.detect_format(probe) if kind is None else registry.Detection(registry.load(kind), 100)
        may_be_packed = not probe.is_folder and (kind not in ZIP_BASED_KINDS if kind else detection is None)
        is_packed = may_be_packed and is_archive(path, probe.head)
    except (ArchiveError, OSError) as error:
        yield _rejected(label, error)
        return
    refusal = refused_package(probe.head) if is_packed else ""
    if refusal:
        yield RejectedSource(label, refusal, in_mixed_folder)
    elif is_packed and not in_archive:
        yield from _open_archive(path, label, kind)
    elif detection is not None and (not probe.is_folder or detection.confidence >= registry.MIN_FOLDER_CONFIDENCE):
        yield from _open_detected(path, label, detection.format, is_folder=probe.is_folder)
        if probe.is_folder and kind is None:
            yield from _open_others(path, label, detection.format.KIND, in_archive=in_archive)
    elif not (probe.is_folder or probe.head):
        yield RejectedSource(label, "is empty (0 bytes): copy or download it again", in_mixed_folder)
    elif probe.is_folder:
        yield from _open_mixed_folder(path, label, in_archive=in_archive)
    elif is_packed:
        yield RejectedSource(label, "is an archive within archives; unpack it, and import the folder", in_mixed_folder)
    else:
        yield RejectedSource(label, unknown_format(probe.head), in_mixed_folder)


def _open_detected(path: Path, label: str, format: Format, *, is_folder: bool) -> Iterator[ImportSource]:
    """Yields the source of a format; of a file in UTF-16, which most formats cannot read, a copy in UTF-8."""
    if is_folder or format.KIND in _READ_UTF16 or not _begins_as_utf16(path):
        yield ImportSource(path, label, format.KIND, is_folder, format)
        return
    with temporary_folder() as folder:
        copy = folder / path.name
        with path.open(encoding="utf-16", errors="replace", newline="") as file, copy.open("wb") as target:
            target.write(_DECLARED_UTF16.sub(r"\1", file.read(_CHUNK), count=1).encode(errors="replace"))
            while chunk := file.read(_CHUNK):
                target.write(chunk.encode(errors="replace"))
        yield ImportSource(copy, label, format.KIND, is_folder, format)


def _begins_as_utf16(path: Path) -> bool:
    with path.open("rb") as file:
        return registry.is_utf16(file.read(4))


def _open_others(folder: Path, label: str, kind: str, *, in_archive: bool) -> Iterator[AnySource]:
    """Yields what a folder of plain texts or of web pages holds beside them, and its format does not read.

    Beside texts each file is detected by itself. Beside pages lie files of theirs, so documents are only named.
    """
    if kind not in ("text", "html"):
        return
    for root, below, names in os.walk(folder):
        below[:] = sorted(each for each in below if not _SET_ASIDE.search(each))
        for name in sorted(names):
            inner = Path(root, name)
            inner_label = f"{label}/{inner.relative_to(folder).as_posix()}"
            if name[0] == ".":
                continue
            if kind == "text" and not name.lower().endswith(_TEXTS):
                yield from open_sources(inner, label=inner_label, in_mixed_folder=True, in_archive=in_archive)
            elif kind == "html" and _DOCUMENTS.search(name) and name.lower() != "robots.txt":
                reason = "lies in a folder of web pages, of which only these are read: import it by its own name"
                yield RejectedSource(inner_label, reason, in_mixed_folder=True)


def _open_archive(path: Path, label: str, kind: str | None) -> Iterator[AnySource]:
    """Yields the sources in an archive; its temporary folder is removed when the next source is requested."""
    try:
        with unpack(path) as unpacked:
            yield from (RejectedSource(f"{label}/{name}", reason) for name, reason in unpacked.refused)
            yield from open_sources(unpacked.folder, kind, _ARCHIVE_SUFFIX.sub("", label) or label, in_archive=True)
    except ArchiveError as error:
        yield _rejected(label, error)


def _open_mixed_folder(folder: Path, label: str, *, in_archive: bool) -> Iterator[AnySource]:
    """Yields the files of a folder; a folder in it may be of one format again."""
    try:
        with os.scandir(folder) as scan:
            items = sorted((item.name, item.is_dir(follow_symlinks=False), item.is_symlink()) for item in scan)
    except OSError as error:
        yield _rejected(label, error)
        return
    pages = {name.rpartition(".")[0] for name, _, _ in items if name.lower().endswith((".html", ".htm"))}
    for name, is_folder, is_link in items:
        inner = f"{label}/{name}"
        if name[0] == "." or (is_folder and (name == "node_modules" or _SET_ASIDE.sub("", name) in pages)):
            continue
        if is_link:
            yield RejectedSource(inner, "is a link; name what it leads to", in_mixed_folder=True)
        else:
            yield from open_sources(folder / name, label=inner, in_mixed_folder=True, in_archive=in_archive)


def fetch_source(url: str, fetch: Callable[[str], FetchResponse], kind: str | None = None) -> Iterator[AnySource]:
    """Yields the sources at a URL; the temporary file is removed when the next source is requested."""
    try:
        response = fetch(url)
    except ITEM_FAILURES as error:
        yield RejectedSource(url, f"cannot be fetched: {error}")
        return
    with temporary_folder() as folder:
        path = folder / (asset_name(address_parts(response.url).path) or "page")
        write_bytes(str(path), response.body)
        for source in open_sources(path, kind, label=url):
            yield replace(source, url=response.url) if isinstance(source, ImportSource) else source


def _rejected(label: str, error: ArchiveError | OSError) -> RejectedSource:
    if isinstance(error, OSError):
        return RejectedSource(label, f"cannot be read: {error.strerror or error}")
    return RejectedSource(label, f"{error} ({error.hint})" if error.hint else str(error))
