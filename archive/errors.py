"""The one error tree of Backfile; `index.errors` and the faces grow their branches on it."""

from __future__ import annotations


class BackfileError(Exception):
    """Base of every error that Backfile raises on purpose; `str(error)` is one line a person can act on.

    `hint` says what to do about it, in a sentence; it may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ArchiveError(BackfileError):
    """Something about the library or one of its files."""


class LibraryMissing(ArchiveError):
    """The folder named as a library is not there or is not a folder."""


class LibrarySettingsInvalid(ArchiveError):
    """`library.toml` cannot be understood; the message names file, line and key."""


class ArticleNotFound(ArchiveError):
    """No article has this id, in the library or in the index."""


class ArticleUnreadable(ArchiveError):
    """A file cannot be read as an article at all (not text, too large, gone while it was being read)."""


class FrontMatterInvalid(ArchiveError):
    """Front matter that cannot be parsed; `line` counts from 1 in the file."""

    def __init__(self, message: str, *, line: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line
