"""Commit reader: opens the newest commit of an index folder, also while a writer replaces it."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from backfile.index.engines.whoosh.storage.array_file import ArrayFile
from backfile.index.engines.whoosh.storage.commit import Commit
from backfile.index.engines.whoosh.storage.manifest import (
    SegmentEntry,
    generations_in,
    is_ours,
    manifest_name,
    read_manifest,
    toc_name,
)
from backfile.index.engines.whoosh.storage.segment import Segment, SegmentData
from backfile.index.errors import IndexUnavailable, IndexUnusable

HINT = "`backfile index` builds it anew; the articles are not touched"
_SYSTEM_HINT = "try again; if it stays so, see to the permissions, the memory, the limit of open files and the disk"
_RETRIES = (0.02, 0.1, 0.3)  # seconds before another try after an error of the system
_TRIES = 20
_PAUSE = 0.005


def open_commit(folder: Path, known: Commit | None = None) -> Commit:
    """Newest commit in `folder`; an empty one when there is none.

    Reuses the open files of `known`, and returns `known` itself when nothing is newer or the folder is gone: a reader
    keeps its commit until there is a new index. A writer removes the files of the previous commit, so a missing file
    makes the reader look for a newer one; raises `IndexUnusable` when the newest commit lacks a file.

    Errors of the system (too many open files, no memory, a failing disk) are no damage: tries again for a moment, then
    raises `IndexUnavailable`.
    """
    for pause in (*_RETRIES, None):
        try:
            commit = _open_newest(folder, known or Commit())
            _require_whole(commit)
        except IndexUnusable as error:
            raise unusable(folder, error) from error
        except (NotADirectoryError, IsADirectoryError) as error:
            raise IndexUnusable(f"the index in {folder} cannot be read: {error}", hint=HINT) from error
        except (OSError, MemoryError) as error:
            if isinstance(error, OSError) and error.errno == errno.ELOOP:
                raise IndexUnusable(f"the index in {folder} cannot be read: {error}", hint=HINT) from error
            if pause is None:
                raise IndexUnavailable(
                    f"the index in {folder} cannot be read at the moment: {error or 'no memory'}", hint=_SYSTEM_HINT
                ) from error
            time.sleep(pause)
        else:
            return commit
    raise AssertionError("unreachable")


def unusable(folder: Path, error: IndexUnusable) -> IndexUnusable:
    """Error about the whole index, made of one about a part of it."""
    return error if error.hint else IndexUnusable(f"the index in {folder} cannot be used: {error}", hint=HINT)


def _require_whole(commit: Commit) -> None:
    for file in commit.files:
        if not file.is_whole():
            raise IndexUnusable(f"{file.path.name}: its size changed while it was open")


def _open_newest(folder: Path, known: Commit) -> Commit:
    number = newest_generation(folder)
    while number is not None:
        try:
            return _open(folder, number, known)
        except FileNotFoundError as error:
            newer = newest_generation(folder)
            if newer == number:
                missing = Path(str(error.filename)).name
                reason = "it was not written by Backfile" if missing == manifest_name(number) else "a file is missing"
                raise IndexUnusable(f"{reason} ({missing})") from error
            number = newer
    return known


def newest_generation(folder: Path) -> int | None:
    """Number of the newest commit, or None. Raises `IndexUnusable` when the folder holds something else."""
    for _ in range(_TRIES):
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            return None
        found = generations_in(names)
        if found:
            return max(found)
        if not any(name.endswith(".manifest") for name in names):
            break
        # A listing made while one table of contents replaces another may show neither.
        time.sleep(_PAUSE)
    if any(name.endswith(".manifest") and name != manifest_name(1) for name in names):
        # A writer killed in its very first commit leaves a manifest alone; every later one finds a table of contents.
        raise IndexUnusable("the table of contents is missing")
    foreign = sorted(name for name in names if not is_ours(name) and not name.startswith("."))
    if foreign:
        raise IndexUnusable(f"the folder holds something else ({foreign[0]})")
    return None


def is_newest(folder: Path, commit: Commit) -> bool:
    """Whether the folder still holds this commit, and none after it. Raises `IndexUnusable`."""
    try:
        return newest_generation(folder) == commit.number and _identity(folder, commit.number) == commit.identity
    except FileNotFoundError:
        return False


def _identity(folder: Path, number: int) -> tuple[int, ...]:
    status = (folder / toc_name(number)).stat()
    return number, status.st_ino, status.st_mtime_ns


def _open(folder: Path, number: int, known: Commit) -> Commit:
    identity = _identity(folder, number)
    if identity == known.identity:
        return known
    manifest = read_manifest(folder, number)
    held = {segment.name: segment for segment in known.segments}
    segments, base = [], 0
    for entry in manifest.segments:
        segment = open_segment(folder, entry, base, manifest.files, held.get(entry.name))
        segments.append(segment)
        base += segment.size
    return Commit(manifest, tuple(segments), identity)


def open_segment(
    folder: Path, entry: SegmentEntry, base: int, crcs: Mapping[str, int] | None = None, held: Segment | None = None
) -> Segment:
    """Opens the files of a segment; reuses those that `held`, the same segment in another commit, has open."""

    def opened(name: str) -> ArrayFile:
        file = ArrayFile.open(folder / name)
        if crcs is not None and file.crc != crcs[name]:
            raise IndexUnusable(f"{name}: not the file that the manifest names")
        return file

    data = held.data if held else SegmentData(entry.name, opened(entry.data))
    for language, name in entry.stems.items():
        if language not in data.stem_files:
            data.stem_files[language] = opened(name)
    fingerprint_file = _reuse_or_open(held.fingerprint_file if held else None, entry.fingerprints, opened) or data.file
    return Segment(
        data,
        base,
        fingerprint_file,
        _reuse_or_open(held.live_docs_file if held else None, entry.live_docs, opened),
        _reuse_or_open(held.stories_file if held else None, entry.stories, opened),
    )


def _reuse_or_open(held: ArrayFile | None, name: str | None, opened: Callable[[str], ArrayFile]) -> ArrayFile | None:
    """File called `name`: the open one if it has that name, else opened now; None for no name."""
    if name is None:
        return None
    return held if held and held.path.name == name else opened(name)
