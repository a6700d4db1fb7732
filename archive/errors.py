"""Base of the error tree; `index.errors`, the web and the command line extend it."""

from __future__ import annotations


class BackfileError(Exception):
    """Base of every error that Backfile raises on purpose; `str(error)` is one line for the user.

    `hint` is a sentence of advice; it may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ArchiveError(BackfileError):
    """Error of the library or one of its files."""


class LibraryMissing(ArchiveError):
    """Library path that does not exist or is not a folder."""


class LibrarySettingsInvalid(ArchiveError):
    """Invalid `library.toml`; the message names file, line and key."""


class ArticleNotFound(ArchiveError):
    """Id without an article in the library or the index."""


class ArticleUnreadable(ArchiveError):
    """File that cannot be read as an article (not text, too large, removed during the read)."""


class FrontMatterInvalid(ArchiveError):
    """Front matter that cannot be parsed; `line` counts from 1 in the file."""

    def __init__(self, message: str, *, line: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.line = line


class HelperEnded(ArchiveError):
    """Helper process that ended before it sent its result; `is_slow` if its time was up."""

    def __init__(self, message: str, *, hint: str = "", is_slow: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.is_slow = is_slow


class LinkIndexUnusable(ArchiveError):
    """Index of links that is missing, damaged or of another format; the next synchronization makes it anew."""
