"""Damage of an index: the errors that it causes, the mark that readers leave in the folder, and full verification."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable
from pathlib import Path

from backfile.index.engines.whoosh.storage.array_file import open_file, write_durably
from backfile.index.engines.whoosh.storage.commit import Commit
from backfile.index.engines.whoosh.storage.index_layout import INDEX_NAME
from backfile.index.engines.whoosh.storage.manifest import read_manifest
from backfile.index.errors import IndexUnusable

log = logging.getLogger("backfile.index")

DAMAGE_MARK = f"{INDEX_NAME}_DAMAGED"
DAMAGE_ERRORS = (ArithmeticError, BufferError, LookupError, MemoryError, TypeError, ValueError, struct.error)
"""Errors that code raises over damaged numbers, offsets and UTF-8. Mistakes of the program raise them as well: only
`verify_commit` tells the two apart."""


def verify_commit(
    folder: Path, commit: Commit, verified: set[str], pace: Callable[[int], None] | None = None
) -> list[str]:
    """Reads the files of a commit from the disk; returns a message for each wrong checksum and missing file.

    Skips the files named in `verified` and adds those found intact. Calls `pace` with the size of every part that was
    read. Raises `OSError` for a disk that cannot be read.
    """
    problems: list[str] = []
    try:
        if commit.manifest and read_manifest(folder, commit.number) != commit.manifest:
            problems.append(f"the manifest of commit {commit.number} has changed")
    except FileNotFoundError as error:
        problems.append(f"{Path(str(error.filename)).name}: missing")
    except IndexUnusable as error:
        problems.append(str(error))
    for file in commit.files:
        if file.path.name in verified:
            continue
        try:
            wrong = file.verify(pace)
        except FileNotFoundError:
            wrong = [f"{file.path.name}: missing"]
        if not wrong:
            verified.add(file.path.name)
        problems += wrong
    return problems


def mark_damaged(folder: Path, reason: str) -> None:
    """Marks an index as damaged, so that the next synchronization builds it anew; logs the reason once."""
    try:
        if not (folder / DAMAGE_MARK).exists():
            write_durably(folder / DAMAGE_MARK, reason.encode(errors="replace"))
            log.error("The index in %s is damaged: %s", folder, reason)
    except OSError as error:
        log.error("The index in %s is damaged (%s) and cannot be marked so: %s", folder, reason, error)


def damage_mark(folder: Path) -> tuple[str, ...]:
    """Reason for which the index was marked as damaged; empty when it was not."""
    try:
        with open_file(folder / DAMAGE_MARK) as file:
            return (file.read().decode(errors="replace") or "it was found damaged",)
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except IndexUnusable as error:
        return (str(error),)
