"""Whoosh engine: the `Engine` protocol over segments of arrays."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from backfile.archive.errors import ArticleNotFound
from backfile.index.engine import Changes, Completions, Document, Fingerprint, Hit, Page, Request
from backfile.index.engines.options import NO_OPTIONS, EngineOptions
from backfile.index.engines.whoosh.codec.write_lock import WriteLock
from backfile.index.engines.whoosh.indexing import writer
from backfile.index.engines.whoosh.search import collector, completion, more_like_this
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.storage.commit import Commit
from backfile.index.engines.whoosh.storage.commit_reader import is_newest, open_commit, unusable
from backfile.index.engines.whoosh.storage.damage import DAMAGE_ERRORS, damage_mark, mark_damaged, verify_commit
from backfile.index.errors import IndexUnavailable, IndexUnusable
from backfile.index.status import Status

NAME = "whoosh"
_INTACT_FOR = 600.0


class WhooshEngine:
    """Index in a folder, which the first `write` or `lock` makes. Thread-safe.

    Every call looks for the newest commit; readers hold no lock and no file open but the maps of the last commit.
    """

    def __init__(self, folder: Path, _: EngineOptions = NO_OPTIONS) -> None:
        self._folder = folder
        self._commit: Commit | None = Commit()
        self._searcher: Searcher | None = None
        self._lock = Lock()
        self._write_lock = WriteLock(folder)
        self._intact: tuple[Commit | None, float] = (None, 0.0)

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
        with self._damage_noticed():
            return collector.search(self.searcher(), request)

    def complete(self, text: str, *, limit: int = 5) -> Completions:
        """Completions of the last word of `text`."""
        with self._damage_noticed():
            return completion.complete(self.searcher(), text, limit)

    def more_like_this(self, article_id: str, *, limit: int = 5) -> tuple[Hit, ...]:
        """Articles that share this one's most characteristic terms, best first; raises `ArticleNotFound`."""
        with self._damage_noticed():
            return more_like_this.more_like_this(self.searcher(), self._document(article_id), limit)

    def document(self, article_id: str) -> Document:
        """Document as it was written; raises `ArticleNotFound`."""
        with self._damage_noticed():
            return self._document(article_id)

    def _document(self, article_id: str) -> Document:
        found = self.commit().find(article_id)
        if found is None:
            raise ArticleNotFound(f"there is no article {article_id!r} in the index")
        segment, number = found
        document = segment.document(number)
        if document.id != article_id:
            raise IndexUnusable(f"the id {article_id!r} leads to the article {document.id!r}")
        return document

    def fingerprints(self) -> Mapping[str, tuple[str, Fingerprint]]:
        """Id → (path, fingerprint) of every document in the newest commit."""
        with self._damage_noticed():
            return self.commit().fingerprints()

    def ids(self, start: int = 0, stop: int | None = None) -> Sequence[str]:
        """Ids in the order of their code points, from index `start` up to `stop`."""
        with self._damage_noticed():
            commit = self.commit()
            return commit.ids(start, commit.live_count if stop is None else stop)

    def write(self, changes: Changes, *, wait: float = 10.0) -> None:
        """Commits a batch as a whole, durably. Raises `IndexLocked`, `IndexUnusable`, `SearchError` (disk)."""
        with self.lock(wait=wait), self._damage_noticed():
            writer.write(self._folder, changes)

    @contextmanager
    def lock(self, *, wait: float = 10.0) -> Iterator[None]:
        """Holds the write lock over a block. Raises `IndexLocked`."""
        if self._commit is None:
            raise _closed()
        with self._write_lock.held(wait):
            yield

    def status(self, *, verify: bool = False, rate: float | None = None) -> Status:
        """State of the index; `verify` reads every checksum and lists the failures."""
        with self._damage_noticed():
            problems = (*damage_mark(self._folder), *(self._verify(rate) if verify else ()))
            commit = self.commit()
            return Status(
                engine=NAME,
                documents=commit.live_count,
                generation=commit.number,
                bytes=commit.size(),
                languages=commit.languages,
                stamp=commit.stamp,
                language_counts=commit.language_counts,
                problems=tuple(dict.fromkeys(problems)),
                copies=self.searcher().stories.copies,
            )

    def _verify(self, rate: float | None = None) -> list[str]:
        """Verifies the newest commit, `rate` bytes a second; follows writers that replace it meanwhile."""
        verified: set[str] = set()
        pace = None if rate is None else lambda count: time.sleep(count / rate)
        while True:
            commit = self.commit()
            try:
                problems = verify_commit(self._folder, commit, verified, pace)
            except OSError as error:
                raise IndexUnavailable(
                    f"the index in {self._folder} could not be verified: {error}",
                    hint="see to the disk, then try again",
                ) from error
            if not problems or is_newest(self._folder, commit):
                if problems:
                    self._mark(problems[0])
                return problems
            if self.commit() is commit:  # the index was set aside, and there is no other yet
                return []

    @contextmanager
    def _damage_noticed(self) -> Iterator[None]:
        """Turns what damaged data cause into `IndexUnusable`, and marks the index as damaged.

        Of other errors than `IndexUnusable` the checksums decide: if all are right, it is a mistake of the program.
        """
        try:
            yield
        except IndexUnusable as error:
            self._mark(str(error))
            raise unusable(self._folder, error) from error
        except DAMAGE_ERRORS as error:
            if not (problems := self._verify_unless_intact()):
                raise
            raise unusable(self._folder, IndexUnusable(problems[0])) from error

    def _verify_unless_intact(self) -> list[str]:
        """Problems of the newest commit; none within `_INTACT_FOR` seconds of a verification that found none."""
        now, commit = time.monotonic(), self._commit
        if commit is None or (self._intact[0] is commit and now - self._intact[1] < _INTACT_FOR):
            return []
        problems = self._verify()
        if not problems:
            self._intact = commit, now
        return problems

    def _mark(self, reason: str) -> None:
        """Marks the index, unless it cannot be opened (that is plain to everyone) or another took its place."""
        commit = self._commit
        if commit is None or commit.manifest is None:
            return
        try:
            is_current = is_newest(self._folder, commit)
        except (IndexUnusable, OSError):
            return
        if is_current:
            mark_damaged(self._folder, reason)

    def close(self) -> None:
        """Releases files and memory; harmless when called twice."""
        with self._lock:
            self._commit = None
            self._searcher = None


def _closed() -> IndexUnusable:
    return IndexUnusable("the index was closed")
