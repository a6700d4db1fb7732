"""The search branch of the error tree."""

from __future__ import annotations

from backfile.archive.errors import BackfileError


class SearchError(BackfileError):
    """Something about searching or the index."""


class QueryRefused(SearchError):
    """A query beyond the bounds (1,000 characters, 64 words, nesting 20, 10,000 hits deep): nothing was run."""


class DeadlineExceeded(SearchError):
    """A search that was stopped because its time was up."""


class IndexUnusable(SearchError):
    """The index cannot be read: missing, damaged, of another version or of another program."""


class IndexLocked(SearchError):
    """Another process writes to the index and did not finish within the time we waited."""


class CacheFolderRefused(SearchError):
    """A folder for the index that cannot be written to, or holds something else, which is not ours to touch."""
