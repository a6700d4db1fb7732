"""Imports of a source into a library, as the command does it, for the tests of formats."""

from __future__ import annotations

import multiprocessing
import resource
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path

from backfile.archive.importers.import_report import Action, ImportReport
from backfile.archive.importers.importer import Importer
from backfile.archive.importers.item import Format, ImportContext, Item
from backfile.archive.importers.sources.detection import open_sources
from backfile.archive.storage.library import Library

DAY = date(2026, 3, 14)


def write_tree(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Writes files (path → content) below a folder, and returns it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def import_into(root: Path, *sources: Path) -> ImportReport:
    """Report of an import into the library at `root`."""
    root.mkdir(exist_ok=True)
    with Importer(Library(root), today=DAY) as importer:
        for path in sources:
            for source in open_sources(path):
                importer.import_source(source, ImportContext())
    return importer.report


def import_twice(root: Path, *sources: Path) -> dict[str, str]:
    """Files of the library at `root` after an import, of which a second one changes nothing: path → text.

    The text is without the line that names the import; of a file that is no article it is its length.
    """
    first = import_into(root, *sources)
    files = {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
    second = import_into(root, *sources)
    assert {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()} == files
    assert second.counts[Action.UNCHANGED] == first.counts[Action.ADDED]
    assert second.counts[Action.SKIPPED] == first.counts[Action.SKIPPED]
    assert not second.wrote
    return {path.relative_to(root).as_posix(): _shown(path, content) for path, content in files.items()}


def count_items(reader: Format, path: Path) -> tuple[int, int]:
    """Number of items that a format reads, and by how many bytes the process that read them grew."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_count, args=(reader, path, theirs))
    process.start()
    theirs.close()
    try:
        return ours.recv()  # type: ignore[no-any-return]
    finally:
        process.join()


def _count(reader: Format, path: Path, connection: Connection) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    items = sum(isinstance(event, Item) for event in reader.read(path, ImportContext()))
    connection.send((items, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10))


def _shown(path: Path, content: bytes) -> str:
    if path.suffix != ".md":
        return f"{len(content)} bytes"
    return "".join(line for line in content.decode().splitlines(keepends=True) if not line.startswith("imported:"))
