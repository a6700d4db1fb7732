"""The kinds of sources there are, and which of them a source is of. Modules are imported when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.item import PROBE_BYTES, Format, Probe

# Kind → module of `archive.importers.formats`. This is the one list; of kinds that are equally sure the first is taken.
KINDS = {
    "wordpress": "wordpress.wxr",
    "feed": "feed",
    "readlater": "read_later.read_later_export",
    "newsletter": "mail",
    "markdown": "markdown_tree.tree",
    "html": "web_pages",
    "mhtml": "mhtml",
    "warc": "warc",
    "docx": "docx",
    "epub": "epub.book",
    "pdf": "pdf.document",
    "urls": "url_list",
    "table": "tables",
    "text": "text_file",
}
MIN_FOLDER_CONFIDENCE = 40
"""Below this a folder is not taken for a source of one kind, but for a heap of files that are looked at one by one."""

_MAX_NAMES = 1_000


@dataclass(frozen=True, slots=True)
class Detection:
    """The kind a source was taken for and how surely, 0 to 100."""

    format: Format
    confidence: int


def load(kind: str) -> Format:
    """The importer of a kind; raises `ArchiveError` with what to install if a library it stands on is missing."""
    try:
        return cast(Format, import_module(f"backfile.archive.importers.formats.{KINDS[kind]}"))
    except ModuleNotFoundError as error:
        raise library_missing(kind, error) from error


def library_missing(kind: str, error: ModuleNotFoundError) -> ArchiveError:
    """The error for a kind whose library is not installed; raises `error` again if it is a module of our own."""
    name = error.name or str(error)
    if name.partition(".")[0] == "backfile":
        raise error
    return ArchiveError(
        f"reading {kind} needs the library {name}, which is not installed", hint="pip install 'backfile[import]'"
    )


def detect_format(probe: Probe) -> Detection | None:
    """The kind that a source is most surely of; None if it is of none.

    Raises `ArchiveError` if no kind knows it but one could not be asked, because its library is missing.
    """
    best: Detection | None = None
    missing: ArchiveError | None = None
    for kind in KINDS:
        try:
            candidate = load(kind)
            confidence = candidate.detect(probe)
        except ModuleNotFoundError as error:
            missing = library_missing(kind, error)
            continue
        except ArchiveError as error:
            missing = error
            continue
        if confidence > (best.confidence if best else 0):
            best = Detection(candidate, confidence)
    if best is None and missing is not None:
        raise missing
    return best


def probe(path: Path) -> Probe:
    """Looks at a source: the first bytes of a file, the names in a folder. Raises `OSError`."""
    if path.is_dir():
        return Probe(path, True, b"", tuple(_names(path)))
    with path.open("rb") as file:
        return Probe(path, False, file.read(PROBE_BYTES))


def _names(folder: Path) -> Iterator[str]:
    """Up to 1,000 names of files below a folder, those of each level before those below it, machinery aside."""
    level, count = [""], 0
    while level:
        below: list[str] = []
        for relative in level:
            with os.scandir(folder / relative) as scan:
                items = sorted(scan, key=lambda item: item.name)
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    below += [] if item.name in {".git", "node_modules"} else [f"{relative}{item.name}/"]
                elif count < _MAX_NAMES:
                    yield relative + item.name
                    count += 1
        level = below if count < _MAX_NAMES else []
