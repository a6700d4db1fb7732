"""Bringing the index up to date with the library: what differs, and doing it.

A file whose size and time are those of its fingerprint is taken to be unchanged and is not read. Every other one is
read, and the digest of its bytes decides. docs/decisions/sync.md gives the reasons.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from itertools import chain, islice
from pathlib import Path

from backfile.archive.report import Report
from backfile.archive.storage.library import Library
from backfile.archive.storage.walker import Entry
from backfile.index.analysis import stemming
from backfile.index.engine import Changes, Engine, Fingerprint
from backfile.index.engines import open_engine
from backfile.index.errors import IndexUnusable
from backfile.index.sync.plan import ChangeCollector, FingerprintedDocument, SyncPlan, make_plan
from backfile.index.sync.reader import read_documents
from backfile.index.sync.reading_rules import reading_rules_stamp
from backfile.index.sync.state import (
    FOLDER,
    SyncState,
    is_marked_damaged,
    load_state,
    prepare_cache_folder,
    save_state,
    set_aside,
)

log = logging.getLogger("backfile.index")

Progress = Callable[[int, int], None]
"""Called with the number of files read so far, and of those to be read in all."""

FEW = 1_000  # files to read, all held at once so that what became of them is one commit
BATCH = 50_000  # articles a commit beyond that: what an interrupted first run has done by then is kept
SHARE_OF_A_LANGUAGE = 0.05

_FINE_TIMES = 100_000_000  # ns within which two changes of a file may bear the same time; clocks tick every 1-10 ms
_WHOLE_SECONDS = 2_000_000_000  # the same on file systems that keep whole seconds, or even ones as FAT does


def update_index(
    library: Library, folder: Path, engine_name: str, *, wait: float = 10.0, progress: Progress | None = None
) -> Report:
    """Makes the index in the cache folder `folder` agree with the library, from nothing if need be.

    An index that cannot be used (damaged, of another version, of another program) is set aside and built anew, and
    the log says so. Raises `IndexLocked` after `wait` seconds of another writer, `CacheFolderRefused` when the folder
    cannot be used.
    """
    prepare_cache_folder(folder)
    with closing(open_engine(engine_name, folder / "index")) as engine, engine.lock(wait=wait):
        try:
            if is_marked_damaged(folder):
                raise IndexUnusable("a check found it damaged")
            return _Synchronisation(library, engine, folder, wait).run(progress or _silently)
        except IndexUnusable as error:
            broken = set_aside(folder)
            log.warning("The index cannot be used (%s). It is kept as %s and built anew.", error, broken)
    with closing(open_engine(engine_name, folder / "index")) as engine, engine.lock(wait=wait):
        return _Synchronisation(library, engine, folder, wait).run(progress or _silently)


def synchronise(
    library: Library,
    engine: Engine,
    *,
    folder: Path | None = None,
    wait: float = 10.0,
    progress: Progress | None = None,
) -> Report:
    """As `update_index`, on an open engine and with errors of the index passed on.

    `folder` is the cache folder for the records, by default the one in the library.
    """
    folder = library.root / FOLDER if folder is None else folder
    prepare_cache_folder(folder)
    with engine.lock(wait=wait):
        return _Synchronisation(library, engine, folder, wait).run(progress or _silently)


def _silently(done: int, total: int) -> None:
    """The progress of those who do not look."""


class _Synchronisation:
    """One run under the writer lock."""

    def __init__(self, library: Library, engine: Engine, folder: Path, wait: float) -> None:
        self._library, self._engine, self._folder, self._wait = library, engine, folder, wait
        library.refresh()
        self._entries = list(library.walk())
        self._stamp = reading_rules_stamp(library, self._entries)
        self._status = engine.status()
        self._records = load_state(folder)
        self._languages = self._status.languages

    def run(self, progress: Progress) -> Report:
        fingerprints = self._fingerprints()
        planned = make_plan(self._entries, fingerprints, self._records.skipped)
        collector = ChangeCollector(planned, fingerprints, self._records)
        documents = self._documents(planned, collector, progress)
        if len(planned.read) <= FEW:
            documents = iter(list(documents))
            collector.settle_removed()
        if not self._status.documents:
            documents = self._with_first_languages(documents)
        # The stamp promises that everything was read under it: an index with older readings gets it at the very end.
        complete = len(planned.read) <= FEW or not self._status.documents
        for first in documents:
            batch = chain([first], islice(documents, BATCH - 1))
            self._commit(collector, self._stamp if complete else self._status.stamp, batch)
        collector.settle_removed()
        self._finish(collector)
        collector.report.problems = list(collector.problems)
        return collector.report

    def _fingerprints(self) -> Mapping[str, tuple[str, Fingerprint]]:
        """What the index holds; under another stamp fingerprints and records that nothing on disk can equal."""
        fingerprints = self._engine.fingerprints()
        if self._status.stamp == self._stamp == self._records.stamp:
            return fingerprints
        self._records = SyncState()
        return {article_id: (path, Fingerprint(-1, -1, "")) for article_id, (path, _) in fingerprints.items()}

    def _documents(
        self, planned: SyncPlan, collector: ChangeCollector, progress: Progress
    ) -> Iterator[FingerprintedDocument]:
        _outwait_clock(planned.read)
        taken = read_documents(
            self._library, [entry.path for entry in planned.read], preload=[type(self._engine).__module__]
        )
        for number, (entry, each) in enumerate(zip(planned.read, taken, strict=True), start=1):
            settled = collector.settle(entry, each)
            if settled is not None:
                yield settled
            progress(number, len(planned.read))

    def _with_first_languages(self, documents: Iterator[FingerprintedDocument]) -> Iterator[FingerprintedDocument]:
        """Guesses the languages of a new index from its first articles; `_finish` counts them all."""
        head = list(islice(documents, FEW))
        counts = Counter(_code(document.language) for document, _ in head if document.language)
        self._languages = self._choose_languages(counts, len(head))
        return chain(head, documents)

    def _choose_languages(self, counts: Mapping[str, int], articles: int) -> tuple[str, ...]:
        own = _code(self._library.settings.language)
        enough = max(1, articles * SHARE_OF_A_LANGUAGE)
        many = sorted(code for code, count in counts.items() if count >= enough)
        return tuple(code for code in dict.fromkeys([own, *many]) if code in stemming.LANGUAGES)

    def _commit(self, collector: ChangeCollector, stamp: str, put: Iterable[FingerprintedDocument] = ()) -> None:
        drop, touch = collector.take_rest()
        put = self._recording(collector, put)
        changes = Changes(put=put, drop=drop, touch=touch, languages=self._languages, stamp=stamp)
        self._engine.write(changes, wait=self._wait)

    def _recording(
        self, collector: ChangeCollector, put: Iterable[FingerprintedDocument]
    ) -> Iterator[FingerprintedDocument]:
        """Saves the records once the batch is read and before it is committed: no article without its problems."""
        yield from put
        self._save(collector)

    def _save(self, collector: ChangeCollector) -> None:
        records = collector.records(self._stamp)
        if records != self._records:
            save_state(self._folder, records)
            self._records = records

    def _finish(self, collector: ChangeCollector) -> None:
        if collector.has_rest() or self._engine.status().stamp != self._stamp:
            self._commit(collector, self._stamp)
        self._save(collector)
        if collector.report.did_nothing:
            return
        status = self._engine.status()
        counts: Counter[str] = Counter()
        for language, count in status.language_counts.items():
            counts[_code(language)] += count
        languages = self._choose_languages(counts, status.documents)
        if languages != self._languages:
            self._languages = languages
            self._commit(collector, self._stamp)


def _code(language: str) -> str:
    return language.lower().replace("_", "-").partition("-")[0]


def _outwait_clock(entries: Iterable[Entry]) -> None:
    """Waits until no file can change again and keep the time that it has now.

    A file changed twice within one tick of the file system's clock looks the same after the second change as after
    the first; git calls such entries racily clean. Times in the future are not waited for.
    """
    now = time.time_ns()
    settled = [
        entry.mtime_ns + (_FINE_TIMES if entry.mtime_ns % 1_000_000_000 else _WHOLE_SECONDS)
        for entry in entries
        if entry.mtime_ns <= now
    ]
    time.sleep(max(0, max(settled, default=0) - now) / 1e9)
