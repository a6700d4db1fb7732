"""Note of the changes that an import is about to make to articles with assets.

An import that is killed between the files of one article leaves a state that nobody wrote. With the note the next
import can tell it from an edit of a person.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from backfile.archive.errors import ArticleUnreadable
from backfile.archive.importers.library.import_log import StoredArticle
from backfile.archive.storage.durable_files import digest, read_bytes, write_bytes
from backfile.archive.storage.file_titles import without_suffix

NAME = ".backfile-import.changes"
"""Name of the note at the root of the library: hidden, and there only while an import changes pictures."""

FileChange = tuple[str | None, str | None]
"""Digests of a file before and after the change; None if there is no such file."""


class InterruptedChanges:
    """Changes that are noted in the library at `root`: file → digests, by the path of the article."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._noted: dict[str, dict[str, FileChange]] = {}
        self._unfinished: dict[str, dict[str, FileChange]] = {}

    def load(self) -> None:
        """Reads the note of a killed import, as far as all files of an article are as it found or made them."""
        with suppress(FileNotFoundError, ArticleUnreadable, ValueError, TypeError, AttributeError, RecursionError):
            noted = json.loads(read_bytes(f"{self._root}/{NAME}", self._root))
            self._unfinished = {
                path: {name: (old, new) for name, (old, new) in files.items()}
                for path, files in noted.items()
                if all(self._digest(name) in change for name, change in files.items())
            }

    def __contains__(self, path: str) -> bool:
        """Whether an import was killed while it changed the article at `path`, and nobody changed it since."""
        return path in self._unfinished

    def add(self, path: str, content: bytes, stored: StoredArticle, assets: Mapping[str, bytes]) -> None:
        """Adds the change of an article to `content` and `assets`; one without assets is never between two states."""
        if not (stored.assets or assets):
            return
        folder, after = without_suffix(path), {name: digest(asset) for name, asset in assets.items()}
        names = stored.assets.keys() | after.keys()
        files = {f"{folder}/{name}": (stored.assets.get(name), after.get(name)) for name in names}
        self._noted[path] = {**files, path: (stored.digest, digest(content))}

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Writes the note durably before the changes are made, and removes it afterwards. Raises `OSError`."""
        noted, self._noted = self._noted, {}
        if not noted:
            yield
            return
        self._unfinished |= noted
        self._write()
        yield
        for path in noted:
            del self._unfinished[path]
        self._write()

    def _write(self) -> None:
        full = f"{self._root}/{NAME}"
        if self._unfinished:
            write_bytes(full, json.dumps(self._unfinished).encode())
        else:
            os.unlink(full)

    def _digest(self, name: str) -> str | None:
        try:
            return digest(read_bytes(f"{self._root}/{name}", self._root))
        except (OSError, ArticleUnreadable):
            return None
