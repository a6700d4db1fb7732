"""Article ids: path to id and id to path. Each file has one id; no id leads out of the library."""

from __future__ import annotations

import os
import re
import stat
import unicodedata

from backfile.archive.storage.durable_files import is_below
from backfile.archive.storage.file_titles import SUFFIXES, without_suffix
from backfile.archive.storage.walker import has_article_name, is_section_page


def identify(root: str, path: str) -> tuple[str, str]:
    """Id of the file at `path` below `root`, and the path of the file that has the plain id if that is another.

    The id is the path without its ending, in NFC. Where several files would have one id (`a.md` and `a.markdown`,
    or names that differ in how accents are encoded), the first in the order of endings has it and the others keep
    their ending in theirs.
    """
    normal = path if path.isascii() else unicodedata.normalize("NFC", path)
    stem = without_suffix(normal)
    if path.endswith(".md") and path == normal:
        return stem, ""
    for suffix in SUFFIXES:
        rival = stem + suffix
        if rival == path:
            break
        if os.path.lexists(os.path.join(root, rival)):
            return normal, rival
    return stem, ""


def locate(root: str, article_id: str, exclude: re.Pattern[str] | None) -> str | None:
    """Path below `root` of the file with this id; None if there is none.

    An id that is no plain path (`..`, hidden folders, links to folders elsewhere) has no file. `root` is a real path.
    """
    parts = article_id.split("/")
    if "\x00" in article_id or any(not part or part[0] == "." for part in parts):
        return None
    for candidate in (*(article_id + suffix for suffix in SUFFIXES), article_id):
        if _has_id(root, candidate, article_id, exclude):
            return candidate
    return _search(root, parts, exclude)


def _has_id(root: str, path: str, article_id: str, exclude: re.Pattern[str] | None) -> bool:
    name = path.rpartition("/")[2]
    if not (has_article_name(name) or is_section_page(name)) or (exclude is not None and exclude.match(path)):
        return False
    full = os.path.join(root, path)
    try:
        regular = stat.S_ISREG(os.stat(full).st_mode)
    except (OSError, ValueError):
        return False
    folder = os.path.dirname(full)
    real = os.path.realpath(folder)
    return regular and (real == root or is_below(real, root)) and identify(root, path)[0] == article_id


def _search(root: str, parts: list[str], exclude: re.Pattern[str] | None) -> str | None:
    """Finds a file whose name is encoded differently from its id (decomposed accents, `.MD`)."""
    folders = [""]
    for part in parts[:-1]:
        folders = [f"{folder}{name}/" for folder in folders for name in _names(root, folder) if _nfc(name) == part]
    article_id = "/".join(parts)
    for folder in folders:
        for name in _names(root, folder):
            alike = parts[-1] in {_nfc(without_suffix(name)), _nfc(name)}
            if alike and _has_id(root, folder + name, article_id, exclude):
                return folder + name
    return None


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _names(root: str, folder: str) -> list[str]:
    try:
        return sorted(os.listdir(os.path.join(root, folder)))
    except OSError:
        return []
