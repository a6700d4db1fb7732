"""Synchronization of an open engine, under its write lock."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from backfile.archive.report import Report
from backfile.archive.storage.library import Library
from backfile.index.engine import Engine
from backfile.index.sync import synchronization
from backfile.index.sync.state import FOLDER, prepare_cache_folder


def synchronise(
    library: Library,
    engine: Engine,
    *,
    folder: Path | None = None,
    seconds: float | None = None,
    progress: synchronization.Progress | None = None,
    now: datetime | None = None,
) -> Report:
    """Synchronizes an engine; the cache folder is by default the one in the library, the time is the present."""
    folder = library.root / FOLDER if folder is None else folder
    prepare_cache_folder(folder)
    with engine.lock(wait=10.0):
        return synchronization.synchronise(library, engine, folder, seconds=seconds, progress=progress, now=now)
