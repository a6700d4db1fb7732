"""Errors of searching and of the index."""

from __future__ import annotations

from backfile.archive.errors import BackfileError


class SearchError(BackfileError):
    """Base of the errors of searching and of the index."""


class QueryRefused(SearchError):
    """Query beyond the bounds (1,000 characters, 64 different words, nesting 20, 10,000 hits deep); it is not run."""


class DeadlineExceeded(SearchError):
    """Search stopped at its deadline."""


class IndexUnusable(SearchError):
    """Unreadable index: missing, damaged, of another version or of another program."""


class IndexUnavailable(SearchError):
    """Index that the system does not let be read at the moment; the index itself need not be damaged."""


class ClusterUnavailable(IndexUnavailable):
    """Cluster of which no node answers, or that cannot answer at the moment; it may by itself later."""


class ClusterTimeout(ClusterUnavailable):
    """Cluster that did not answer a request in time; the request may have been carried out."""


class ClusterBusy(ClusterUnavailable):
    """Cluster that takes no more requests at the moment (status 429); nothing was carried out."""


class ClusterReadOnly(ClusterUnavailable):
    """Index that takes no writes, as when a disk of the cluster is nearly full."""


class ClusterRefused(ClusterUnavailable):
    """Cluster that does not let us in or is none that we can use, until a setting changes."""


class EngineMissing(SearchError):
    """Engine whose packages are not installed."""


class IndexLocked(SearchError):
    """Write lock held by another process for longer than the waiting time."""


class CacheFolderRefused(SearchError):
    """Cache folder that cannot be written to or holds files of others."""
