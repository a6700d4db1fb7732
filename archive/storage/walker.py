"""Directory walk of a library: one pass of `os.scandir`; no file is opened, no link followed out of it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from typing import NamedTuple

from backfile.archive.storage.durable_files import is_below
from backfile.archive.storage.file_titles import SUFFIXES

MAX_TIME_NS = 2**63 - 1
"""Latest mtime in ns that an index holds, of the year 2262; later and earlier ones are taken for the nearest held."""

_IMAGES = "apng avif bmp gif heic ico jpeg jpg png svg tif tiff webp"
_AUDIO_AND_VIDEO = "aac flac m4a mp3 oga ogg opus wav m4v mov mp4 ogv webm"
_DOCUMENTS = "csv doc docx epub json odp ods odt pdf ppt pptx rtf tsv txt xls xlsx"
ASSET_SUFFIXES = frozenset(f"{_IMAGES} {_AUDIO_AND_VIDEO} {_DOCUMENTS}".split())
"""File types allowed in an article's folder: none that a program would run or that Backfile would read as its own."""


class FileEntry(NamedTuple):
    """File that may be an article: `path` below the library with `/`, size in bytes, mtime in ns.

    A tuple, because every walk of a large library makes a hundred thousand.
    """

    path: str
    size: int
    mtime_ns: int


def has_article_name(name: str) -> bool:
    """True for names of articles: Markdown suffix, not hidden, not a section page."""
    named = name.endswith(SUFFIXES) or name.lower().endswith(SUFFIXES)
    return named and name[0] != "." and not name.startswith("_index.")


def walk(root: str, exclude: re.Pattern[str] | None = None) -> Iterator[FileEntry]:
    """Yields every file below `root` with an article's name, except in hidden and excluded folders, in no order.

    `root` is a real path. Links to folders are not followed, so that none is walked twice or for ever; links to files
    count if they stay inside. What cannot be read (a pipe with an article's name, a dead link, a folder that cannot
    be listed, a link to a folder elsewhere) is an entry as well: reading it gives the problem, and nothing goes
    unnoticed.
    """
    for path, item in _visible_files(root, exclude):
        if item is None:
            yield FileEntry(path or ".", 0, 0)
        elif (named := has_article_name(item.name)) or item.is_symlink():
            entry = _entry(item, path, root, named=named)
            if entry is not None:
                yield entry


def walk_assets(root: str, exclude: re.Pattern[str] | None = None) -> Iterator[str]:
    """Yields the path of every picture, sound, film and document below `root` that `walk` would reach, in no order.

    Names that are not UTF-8 are left out.
    """
    for path, item in _visible_files(root, exclude):
        # A folder that cannot be listed is a problem of `walk`.
        if item is not None and has_asset_name(item.name) and (path.isascii() or _is_text(path)):
            yield path


def walk_sections(root: str, exclude: re.Pattern[str] | None = None) -> Iterator[str]:
    """Yields the path of every section page below `root` that `walk` would reach, in no order."""
    for path, item in _visible_files(root, exclude):
        if item is not None and is_section_page(item.name) and (path.isascii() or _is_text(path)):
            yield path


def is_section_page(name: str) -> bool:
    """True for the names of pages of Hugo and Zola that introduce a folder: `_index.md`, `_index.fr.md`."""
    return name.startswith("_index.") and name.lower().endswith(SUFFIXES)


def _visible_files(
    root: str, exclude: re.Pattern[str] | None
) -> Iterator[tuple[str, os.DirEntry[str]] | tuple[str, None]]:
    """Yields path and entry of each file outside hidden and excluded folders, and None for a folder without a list."""
    folders = [""]
    while folders:
        below = folders.pop()
        try:
            scan = os.scandir(f"{root}/{below}")
        except OSError:
            yield below, None
            continue
        with scan:
            for item in scan:
                path = below + item.name
                if item.name[0] == "." or (exclude is not None and exclude.match(path)):
                    continue
                if item.is_dir(follow_symlinks=False):
                    folders.append(path + "/")
                else:
                    yield path, item


def has_asset_name(name: str) -> bool:
    """True for names of pictures, sounds, films and documents that are not hidden."""
    return name.rpartition(".")[2].lower() in ASSET_SUFFIXES and name[0] != "."


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _entry(item: os.DirEntry[str], path: str, root: str, *, named: bool) -> FileEntry | None:
    try:
        status = item.stat()
    except FileNotFoundError:
        return FileEntry(path, 0, 0) if named and item.is_symlink() else None
    except OSError:
        return FileEntry(path, 0, 0) if named else None
    if stat.S_ISDIR(status.st_mode):
        target = os.path.realpath(item.path)
        inside = target == root or is_below(target, root)
        return None if inside else FileEntry(path + "/", 0, held_time(status.st_mtime_ns))
    return FileEntry(path, status.st_size, held_time(status.st_mtime_ns)) if named else None


def held_time(mtime_ns: int) -> int:
    """Mtime in ns within the 64 bits of an index; file systems know times before 1678 and after 2262."""
    return max(-MAX_TIME_NS, min(mtime_ns, MAX_TIME_NS))
