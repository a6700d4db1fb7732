"""Differences between library and index: planned from file stats, then decided as files are read. Pure."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter

from backfile.archive.availability.states import State
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Report
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.walker import FileEntry
from backfile.index.engine import Fingerprint, FingerprintedDocument
from backfile.index.sync.reader import ReadResult
from backfile.index.sync.state import HeldArticle, SyncState


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """Files to read, and those decided by their stats alone.

    `read` are new files and those whose size or time differs; `unchanged` counts the articles left alone; `skipped`
    are the files of `SyncState.skipped` that did not change; `removed` maps ids whose file is gone to fingerprints.
    `held` are the articles that stay out of the index, `expires` those of the unchanged ones that are to leave it.
    """

    read: tuple[FileEntry, ...]
    unchanged: int
    skipped: Mapping[str, tuple[int, int]]
    removed: Mapping[str, Fingerprint]
    held: Mapping[str, HeldArticle] = field(default_factory=dict)
    expires: Mapping[str, str] = field(default_factory=dict)


def make_plan(
    entries: Iterable[FileEntry],
    fingerprints: Mapping[str, tuple[str, Fingerprint]],
    state: SyncState = SyncState(),  # noqa: B008 - frozen
    now: datetime | None = None,
    outdated: Collection[str] = (),
    *,
    read_all: bool = False,
) -> SyncPlan:
    """Plan from a walk of the library, the index's `Engine.fingerprints` and the last state; reads no file.

    Articles whose state is another at `now` are read again, and those in `outdated`, of which a file put in is another.
    With `read_all` every file is to be read, whatever its stats.
    """
    known = {path: article_id for article_id, (path, _) in fingerprints.items()}
    is_due = partial(_is_due, now or datetime.now(UTC))
    entries = sorted(entries, key=attrgetter("path"))
    plain_ids = [_plain_id(entry.path) for entry in entries]
    files_by_id = Counter(plain_ids)
    to_read: list[FileEntry] = []
    unchanged = 0
    still_skipped: dict[str, tuple[int, int]] = {}
    still_held: dict[str, HeldArticle] = {}
    expires: dict[str, str] = {}
    for entry, plain_id in zip(entries, plain_ids, strict=True):
        stat = (entry.size, entry.mtime_ns)
        article_id = known.pop(entry.path, None)
        mark = fingerprints[article_id][1] if article_id is not None else None
        # Files that differ in their suffix only share an id: the id of each depends on the others.
        certain = not read_all and files_by_id[plain_id] == 1 and article_id in (plain_id, None)
        certain = certain and entry.path not in outdated
        held, end = state.held.get(entry.path), state.expires.get(entry.path, "")
        if certain and mark is not None and (mark.size, mark.mtime_ns) == stat and not is_due(end):
            unchanged += 1
            expires |= {entry.path: end} if end else {}
        elif certain and mark is None and state.skipped.get(entry.path) == stat:
            still_skipped[entry.path] = stat
        elif certain and mark is None and held and (held.size, held.mtime_ns) == stat and not is_due(held.until):
            still_held[entry.path] = held
        else:
            to_read.append(entry)
    removed = {each: fingerprints[each][1] for each in known.values()}
    return SyncPlan(tuple(to_read), unchanged, still_skipped, removed, still_held, expires)


def _is_due(now: datetime, moment: str) -> bool:
    return bool(moment) and datetime.fromisoformat(moment) <= now


def _plain_id(path: str) -> str:
    return without_suffix(path if path.isascii() else unicodedata.normalize("NFC", path))


def _ids_by_digest(removed: Mapping[str, Fingerprint]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for article_id, mark in removed.items():
        found.setdefault(mark.digest, []).append(article_id)
    return found


class ChangeCollector:
    """Outcome of each file of a plan, recorded as it is read: the report, the state, and the next commit's changes."""

    def __init__(
        self, plan: SyncPlan, fingerprints: Mapping[str, tuple[str, Fingerprint]], state: SyncState, now: datetime
    ) -> None:
        self._fingerprints, self._now = fingerprints, now
        self._known = {path: article_id for article_id, (path, _) in fingerprints.items()}
        self.report = Report(unchanged=plan.unchanged)
        decided_anew = {entry.path for entry in plan.read} | {fingerprints[each][0] for each in plan.removed}
        unread = (
            (self._known.keys() | plan.skipped.keys() | plan.held.keys()) - decided_anew if state.problems else set()
        )
        self.problems = [problem for problem in state.problems if problem.path in unread]
        self.skipped, self.held, self.expires = dict(plan.skipped), dict(plan.held), dict(plan.expires)
        self._included = {path: files for path, files in state.included.items() if path not in decided_anew}
        self.report.held = len(self.held)
        self.digests: dict[str, str | None] = dict.fromkeys(plan.removed)  # of files read, by id; None for those gone
        self.added: dict[str, ArticleMetadata] = {}  # of articles with new ids
        self._put: set[str] = set()
        self._drop: list[str] = []
        self._touch: dict[str, Fingerprint] = {}
        self._removed = dict(plan.removed)
        self._removed_by_digest = _ids_by_digest(plan.removed)

    def record(self, entry: FileEntry, result: ReadResult) -> FingerprintedDocument | None:
        """Records a file that was read; returns the document to put into the index, None when there is none."""
        known_id = self._known.get(entry.path)
        known = self._fingerprints[known_id][1] if known_id is not None else None
        mark = Fingerprint(entry.size, entry.mtime_ns, result.digest)
        self.problems += result.problems
        if result.included:
            self._included[entry.path] = result.included
        if result.document is not None:
            self.digests[result.document.id] = mark.digest
        elif known_id is not None:
            self.digests[known_id] = mark.digest
        if result.document is not None and self._hold_back(entry, result, result.document.id):
            self._drop_known(known_id)
            return None
        if result.document is None:
            if result.is_slow or (result.left_out and not result.problems):
                self.skipped[entry.path] = (entry.size, entry.mtime_ns)
            self._drop_known(known_id)
            return None
        if known is not None and known_id == result.document.id and known.digest == mark.digest:
            self.report.unchanged += 1
            if known != mark:
                self._touch[known_id] = mark
            return None
        if result.document.id not in self._fingerprints and self._removed:
            self.added[result.document.id] = result.document.metadata
        self._put_document(result.document.id, known_id, mark.digest)
        return result.document, mark

    def _hold_back(self, entry: FileEntry, result: ReadResult, article_id: str) -> bool:
        """Notes an article that is not published now, or not for ever; returns whether it stays out of the index."""
        state, change = result.availability.state(self._now), result.availability.next_change(self._now)
        until = change.isoformat() if change else ""
        if state is State.PUBLISHED:
            self.expires |= {entry.path: until} if until else {}
            return False
        self.held[entry.path] = HeldArticle(article_id, state, until, entry.size, entry.mtime_ns, result.digest)
        self.report.held += 1
        return True

    def _drop_known(self, known_id: str | None) -> None:
        if known_id is not None:
            self._drop_document(known_id)

    def _put_document(self, article_id: str, known_id: str | None, digest: str) -> None:
        replaces = self._removed.pop(article_id, None) is not None
        former = known_id or (None if replaces else self._take_removed(article_id, digest))
        if former is not None and former != article_id:
            self.report.moved.append((former, article_id))
            self._drop.append(former)
        elif former is not None or replaces:
            self.report.changed.append(article_id)
        else:
            self.report.added.append(article_id)
        self._put.add(article_id)

    def _take_removed(self, article_id: str, digest: str) -> str | None:
        """Removed article with a digest, one with the same file name if there are several."""
        candidates = [each for each in self._removed_by_digest.get(digest, ()) if each in self._removed]
        name = article_id.rpartition("/")[2]
        former = min(candidates, key=lambda each: (each.rpartition("/")[2] != name, each), default=None)
        if former is not None:
            del self._removed[former]
        return former

    def _drop_document(self, article_id: str) -> None:
        self.report.removed.append(article_id)
        self._drop.append(article_id)

    def state(self, stamp: str) -> SyncState:
        """State to store next to the index."""
        problems = sorted(set(self.problems), key=lambda each: (each.path, each.line or 0, each.reason))
        return SyncState(
            stamp, tuple(problems), dict(self.skipped), dict(self._included), dict(self.held), dict(self.expires)
        )

    def to_drop(self) -> set[str]:
        """Ids that the next commit drops."""
        return set(self._drop) - self._put

    def take_pending(self) -> tuple[list[str], dict[str, Fingerprint]]:
        """Ids to drop and fingerprints to renew with the next commit; empties both."""
        drop = [article_id for article_id in self._drop if article_id not in self._put]
        touch, self._drop, self._touch = self._touch, [], {}
        return drop, touch

    def has_pending(self) -> bool:
        """Whether anything is left to commit."""
        return bool(self._drop or self._touch)

    def record_removed(self) -> None:
        """Records the articles whose file is gone and did not reappear under another path."""
        for article_id in self._removed:
            self._drop_document(article_id)
        self._removed.clear()
