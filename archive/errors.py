"""Base of the error tree; `index.errors`, the web and the command line extend it."""

from __future__ import annotations

from datetime import datetime


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


class ArticleGone(ArchiveError):
    """Article that was deleted, is withheld or has expired; `state` is one of these words.

    `reason` is that of withholding, `since` the moment (UTC) of expiry or deletion. `title` and `date` (ISO 8601) are
    those of a deleted article that readers knew.
    """

    def __init__(
        self,
        message: str,
        *,
        state: str = "deleted",
        reason: str = "",
        since: datetime | None = None,
        title: str = "",
        date: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.state, self.reason, self.since, self.title, self.date = state, reason, since, title, date


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


class GitUnusable(ArchiveError):
    """History of a work tree that git does not give: it is missing, refuses, or takes too long."""


class LinkIndexUnusable(ArchiveError):
    """Index of links that cannot be used now: it is locked, or the system refuses to read it."""


class LinkIndexDamaged(LinkIndexUnusable):
    """Index of links that is missing, damaged or of another format; the next synchronization makes it anew."""
