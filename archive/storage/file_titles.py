"""Article file names: suffixes, and titles from names for articles without another."""

from __future__ import annotations

import re
import unicodedata

from backfile.archive.languages import language_in_name

SUFFIXES = (".md", ".markdown", ".mdx")

_DATE = re.compile(r"(?:\d{4}-\d{1,2}-\d{1,2}|\d{4}-\d{2}|\d{8})(?:[-_. ]+|\Z)", re.ASCII)
_SPACES = re.compile(r"[-_+\s]+")


def without_suffix(path: str) -> str:
    """Path without its Markdown suffix."""
    stem, dot, ending = path.rpartition(".")
    return stem if dot + ending.lower() in SUFFIXES else path


def title_from_path(path: str) -> str:
    """`news/2019-03-14-night-ferry.md` → `Night ferry`; `night-ferry/index.md` by its folder; never empty."""
    stem = without_suffix(path)
    if language_in_name(path) is not None:
        stem = stem.rpartition(".")[0]
    folder, _, name = stem.rpartition("/")
    if name.casefold() == "index" and folder:
        name = folder.rpartition("/")[2]
    printable = "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} else c for c in name)
    dated = _DATE.match(printable)
    bare = printable[dated.end() :] if dated else printable
    title = _SPACES.sub(" ", bare).strip() or printable.strip()
    return title[:1].upper() + title[1:] if title else "Untitled"
