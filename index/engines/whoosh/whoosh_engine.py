"""Whoosh engine: the `Engine` protocol over segments of arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from backfile.archive.errors import ArticleNotFound
from backfile.index.engine import Changes, Completions, Document, Fingerprint, Hit, Page, Request, Status
from backfile.index.engines.whoosh.codec.write_lock import WriteLock
from backfile.index.engines.whoosh.indexing import writer
from backfile.index.engines.whoosh.search import collector, completion, more_like_this
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.storage.commit import Commit
from backfile.index.engines.whoosh.storage.commit_reader import open_commit
from backfile.index.errors import IndexUnusable

NAME = "whoosh"


class WhooshEngine:
    """Index in a folder, which the first `write` or `lock` makes. Thread-safe.

    Every call looks for the newest commit; readers hold no lock and no file open but the maps of the last commit.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._commit: Commit | None = Commit()
        self._searcher: Searcher | None = None
        self._lock = Lock()
        self._write_lock = WriteLock(folder)

    def commit(self) -> Commit:
        """Newest commit. Raises `IndexUnusable`."""
        with self._lock:
            if self._commit is None:
                raise _closed()
            self._commit = open_commit(self._folder, self._commit)
            return self._commit

    def searcher(self) -> Searcher:
        """The newest commit with the columns and caches that searching keeps of it."""
        commit = self.commit()
        searcher = self._searcher
        if searcher is None or searcher.commit is not commit:
            searcher = self._searcher = Searcher(commit)
        return searcher

    def search(self, request: Request) -> Page:
        """Page of a request on the newest commit; raises `QueryRefused` and `DeadlineExceeded`."""
        return collector.search(self.searcher(), request)

    def complete(self, text: str, *, limit: int = 5) -> Completions:
        """Completions of the last word of `text`."""
        return completion.complete(self.searcher(), text, limit)

    def more_like_this(self, article_id: str, *, limit: int = 5) -> tuple[Hit, ...]:
        """Articles that share this one's most characteristic terms, best first; raises `ArticleNotFound`."""
        return more_like_this.more_like_this(self.searcher(), self.document(article_id), limit)

    def document(self, article_id: str) -> Document:
        """Document as it was written; raises `ArticleNotFound`."""
        found = self.commit().find(article_id)
        if found is None:
            raise ArticleNotFound(f"there is no article {article_id!r} in the index")
        segment, number = found
        return segment.document(number)

    def fingerprints(self) -> Mapping[str, tuple[str, Fingerprint]]:
        """Id → (path, fingerprint) of every document in the newest commit."""
        return self.commit().fingerprints()

    def ids(self, start: int = 0, stop: int | None = None) -> Sequence[str]:
        """Ids in the order of their code points, from index `start` up to `stop`."""
        commit = self.commit()
        return commit.ids(start, commit.live_count if stop is None else stop)

    def write(self, changes: Changes, *, wait: float = 10.0) -> None:
        """Commits a batch as a whole, durably. Raises `IndexLocked`, `IndexUnusable`, `SearchError` (disk)."""
        with self.lock(wait=wait):
            writer.write(self._folder, changes)

    @contextmanager
    def lock(self, *, wait: float = 10.0) -> Iterator[None]:
        """Holds the write lock over a block. Raises `IndexLocked`."""
        if self._commit is None:
            raise _closed()
        with self._write_lock.held(wait):
            yield

    def status(self, *, verify: bool = False) -> Status:
        """State of the index; `verify` reads every checksum and lists the failures."""
        commit = self.commit()
        return Status(
            engine=NAME,
            documents=commit.live_count,
            generation=commit.number,
            bytes=commit.size(),
            languages=commit.languages,
            stamp=commit.stamp,
            language_counts=commit.language_counts,
            problems=tuple(commit.verify()) if verify else (),
        )

    def close(self) -> None:
        """Releases files and memory; harmless when called twice."""
        with self._lock:
            self._commit = None
            self._searcher = None


def _closed() -> IndexUnusable:
    return IndexUnusable("the index was closed")
