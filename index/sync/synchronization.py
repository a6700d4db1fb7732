"""Synchronization of the index with the library: reads what differs and commits it.

A file whose size and time equal those of its fingerprint counts as unchanged and is not read. Every other file is
read, and the digest of its bytes decides. docs/decisions/sync.md gives the reasons.
"""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path

from backfile.archive.addresses.moved_file import read_moves
from backfile.archive.errors import LinkIndexDamaged
from backfile.archive.report import Report
from backfile.archive.storage.durable_files import remove_temporary_files
from backfile.archive.storage.library import Library
from backfile.archive.storage.walker import FileEntry
from backfile.index.analysis import stemming
from backfile.index.engine import Changes, Document, Engine, Fingerprint, FingerprintedDocument
from backfile.index.engines import is_on_server, open_engine
from backfile.index.engines.options import NO_OPTIONS, EngineOptions
from backfile.index.errors import IndexUnusable, SearchError
from backfile.index.status import Status
from backfile.index.sync.copy_update import CopyUpdate
from backfile.index.sync.link_update import LinkUpdate
from backfile.index.sync.move_update import MoveRecorder
from backfile.index.sync.plan import ChangeCollector, SyncPlan, make_plan
from backfile.index.sync.reader import read_documents
from backfile.index.sync.reading_rules import reading_rules_stamp
from backfile.index.sync.state import (
    HeldArticle,
    SyncState,
    clear_failure,
    is_no_folder,
    load_state,
    outdated,
    prepare_cache_folder,
    save_state,
    set_aside,
)

log = logging.getLogger("backfile.index")

Progress = Callable[[int, int], None]
"""Callback with the number of files read so far and the number of files to read in all."""

SINGLE_COMMIT = 1_000  # files to read at most that are held in memory and become one commit
NO_DOCUMENTS: Mapping[str, Document] = {}
BATCH = 50_000  # articles a commit beyond that, which an interrupted first run keeps

_CLOCK_TICK = 100_000_000  # ns within which two changes of a file may get the same time; clocks tick every 1-10 ms
_COARSE_CLOCK_TICK = 2_000_000_000  # ns, on file systems that keep whole seconds, or even ones as FAT does


def update_index(
    library: Library,
    folder: Path,
    engine_name: str,
    *,
    options: EngineOptions = NO_OPTIONS,
    wait: float = 10.0,
    seconds: float | None = None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Report:
    """Brings the index in the cache folder `folder` up to date with the library; makes it when it is missing.

    A file that takes longer than `seconds` is a problem, and read again when it has changed. The index then holds the
    articles that are published at the moment `now`, by default the present.
    Sets an unusable index aside (damaged, of another version, of another program), logs that, and builds a new one; on
    a server, where others have indices as well, raises `IndexUnusable` instead.
    Raises `IndexLocked` after `wait` seconds of another writer, `CacheFolderRefused` for an unusable folder.
    """
    if sys.getfilesystemencoding() != "utf-8":
        raise SearchError("names of files cannot be read under this locale", hint="set PYTHONUTF8=1")
    prepare_cache_folder(folder)
    if is_no_folder(folder / "index"):
        log.warning("The index is no folder. It is kept as %s and built anew.", set_aside(folder))
    with closing(open_engine(engine_name, folder / "index", options)) as engine, engine.lock(wait=wait):
        try:
            return synchronise(library, engine, folder, seconds=seconds, progress=progress, now=now)
        except IndexUnusable as error:
            if is_on_server(engine_name):
                raise
            broken = set_aside(folder)
            log.warning("The index cannot be used (%s). It is kept as %s and built anew.", error, broken)
    with closing(open_engine(engine_name, folder / "index", options)) as engine, engine.lock(wait=wait):
        return synchronise(library, engine, folder, seconds=seconds, progress=progress, now=now)


def synchronise(
    library: Library,
    engine: Engine,
    folder: Path,
    *,
    seconds: float | None = None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Report:
    """Synchronizes an open engine whose write lock is held; `folder` is the cache folder. Raises `IndexUnusable`."""
    now = now or datetime.now(UTC)

    def run() -> Report:
        with closing(LinkUpdate(folder, library, now)) as links:
            begun = _Synchronization.begin(library, engine, folder, links, seconds=seconds, now=now)
            with closing(begun.copies):
                return begun.run(progress)

    try:
        report = run()
    except LinkIndexDamaged:  # which has marked it: it is made anew, and every file read for it
        report = run()
    clear_failure(folder)
    return report


@dataclass
class _Synchronization:
    """One run of the synchronization, under the engine's write lock."""

    library: Library
    engine: Engine
    folder: Path
    entries: list[FileEntry]
    stamp: str
    status: Status
    state: SyncState
    languages: tuple[str, ...]
    seconds: float | None
    links: LinkUpdate
    now: datetime
    copies: CopyUpdate
    files: dict[str, str] = field(default_factory=dict)  # id of each article of the index → digest of its file
    dropped: set[str] = field(default_factory=set)  # ids that left it since the stories were found
    stories: Mapping[str, str] | None = None  # found for the next commit
    moves: MoveRecorder | None = None
    read_all: bool = False

    @classmethod
    def begin(
        cls,
        library: Library,
        engine: Engine,
        folder: Path,
        links: LinkUpdate,
        *,
        seconds: float | None,
        now: datetime,
    ) -> _Synchronization:
        """Walks the library and reads the states of the index and of the last run. Raises `IndexUnusable`.

        Removes what killed runs left in the cache folder.
        """
        remove_temporary_files(str(folder))
        library.refresh()
        entries, status = list(library.walk()), engine.status()
        if status.problems:
            raise IndexUnusable(status.problems[0])
        stamp = reading_rules_stamp(library, entries)
        state, copies = load_state(folder), CopyUpdate(folder, library.settings, stamp, status)
        return cls(
            library, engine, folder, entries, stamp, status, state, status.languages, seconds, links, now, copies
        )

    def run(self, progress: Progress | None) -> Report:
        """Reads the files that differ and commits the changes."""
        known_held, fingerprints = self.state.held, self._fingerprints()
        if self.read_all and not self.status.documents:
            self.links.begin_anew(self.stamp)
        changed = outdated(self.library, self.state)
        planned = make_plan(self.entries, fingerprints, self.state, self.now, changed, read_all=self.read_all)
        self.files = {article_id: mark.digest for article_id, (_, mark) in fingerprints.items()}
        collector = ChangeCollector(planned, fingerprints, self.state, self.now)
        collector.problems += [*self.library.profiles.problems, *read_moves(self.library.root)[1]]
        walked = {entry.path for entry in self.entries}
        gone_held = {path: each.id for path, each in known_held.items() if path not in walked}
        collector.digests |= dict.fromkeys(gone_held.values())
        self.moves = self._move_recorder(known_held)
        documents = self._read(planned, collector, progress)
        if single := len(planned.read) <= SINGLE_COMMIT:
            held = list(documents)
            documents = iter(held)
            self._record_moves(collector)
            collector.record_removed()
            self._find_stories(collector, {document.id: document for document, _ in held})
        if not self.status.documents:
            documents = self._with_first_languages(documents)
        # The stamp promises that everything was read under it: an index with older readings gets it at the very end.
        stamp = self.stamp if single or not self.status.documents else self.status.stamp
        batch = SINGLE_COMMIT if single else BATCH
        for first in documents:
            self._commit(collector, stamp, chain([first], islice(documents, batch - 1)))
        if not single:
            self._record_moves(collector)
        collector.record_removed()
        self._finish(collector)
        gone = [*(fingerprints[each][0] for each in planned.removed), *gone_held]
        self.links.finish(self.stamp, gone, read_all=self.read_all)
        collector.report.problems = list(collector.problems)
        return collector.report

    def _move_recorder(self, held: Mapping[str, HeldArticle]) -> MoveRecorder | None:
        """Recorder of moves, if the library keeps them in its file."""
        if not self.library.settings.record_moves:
            return None
        by_id = {each.id: each for each in held.values()}
        before = {article_id: mark.digest for article_id, (_, mark) in self.engine.fingerprints().items()}
        before |= {article_id: each.digest for article_id, each in by_id.items()}
        return MoveRecorder(self.library, before, by_id, lambda article_id: self.engine.document(article_id).metadata)

    def _record_moves(self, collector: ChangeCollector) -> None:
        if self.moves is not None and (problem := self.moves.record(collector.digests, collector.added)):
            collector.problems.append(problem)

    def _fingerprints(self) -> Mapping[str, tuple[str, Fingerprint]]:
        """Fingerprints of the index. Under another stamp: ones that no file equals, and an empty state.

        An index that another machine wrote has the stamp, and this machine's state has not: every file is read for its
        problems and links, and articles whose digest is that of the index are not written again.
        """
        fingerprints = self.engine.fingerprints()
        if self.status.stamp == self.stamp == self.state.stamp == self.links.stamp:
            return fingerprints
        self.state = SyncState()
        self.read_all = True
        if self.status.stamp == self.stamp:
            return fingerprints
        return {article_id: (path, Fingerprint(-1, -1, "")) for article_id, (path, _) in fingerprints.items()}

    def _read(
        self, planned: SyncPlan, collector: ChangeCollector, progress: Progress | None
    ) -> Iterator[FingerprintedDocument]:
        _wait_for_clock(planned.read)
        paths = [entry.path for entry in planned.read]
        results = read_documents(
            self.library,
            paths,
            seconds=self.seconds,
            preload=[type(self.engine).__module__],
            signed=self.library.settings.find_copies,
        )
        for number, (entry, result) in enumerate(zip(planned.read, results, strict=True), start=1):
            document = collector.record(entry, result)
            self.links.record(result)
            if document is not None:
                self.files[document[0].id] = result.digest
                self.copies.record(result, result.digest)
                yield document
            if progress is not None:
                progress(number, len(paths))

    def _with_first_languages(self, documents: Iterator[FingerprintedDocument]) -> Iterator[FingerprintedDocument]:
        """Guesses the languages of a new index from its first articles; `_finish` counts all of them."""
        first = list(islice(documents, SINGLE_COMMIT))
        counts = Counter(document.metadata.language for document, _ in first if document.metadata.language)
        self.languages = self._choose_languages(counts)
        return chain(first, documents)

    def _choose_languages(self, counts: Mapping[str, int]) -> tuple[str, ...]:
        """The main language, then those of the articles by code, as far as there are stemmers for them.

        The main language is the library's setting, else that of most articles, else English.
        """
        by_code: Counter[str] = Counter()
        for language, count in sorted(counts.items()):
            by_code[_code(language)] += count
        main = self.library.settings.language or next((code for code, _ in by_code.most_common(1)), "en")
        chosen = dict.fromkeys([_code(main), *sorted(by_code)])
        return tuple(code for code in chosen if code in stemming.LANGUAGES)

    def _find_stories(self, collector: ChangeCollector, held: Mapping[str, Document] = NO_DOCUMENTS) -> None:
        """Finds the stories for the next commit, which drops what is pending and puts the documents `held`."""
        self._forget(collector.to_drop())
        dropped, self.dropped = self.dropped - self.files.keys(), set()
        found = self.copies.find_stories(dropped, self.files, lambda each: held.get(each) or self.engine.document(each))
        if found is not None:
            self.stories = found

    def _forget(self, dropped: Iterable[str]) -> None:
        self.dropped.update(each for each in dropped if self.files.pop(each, None) is not None)

    def _commit(self, collector: ChangeCollector, stamp: str, put: Iterable[FingerprintedDocument] = ()) -> None:
        drop, touch = collector.take_pending()
        self._forget(drop)
        put = self._saving_state(collector, put)
        stories, self.stories = self.stories, None
        self.engine.write(Changes(put, drop, touch, self.languages, stamp, stories))

    def _saving_state(
        self, collector: ChangeCollector, put: Iterable[FingerprintedDocument]
    ) -> Iterator[FingerprintedDocument]:
        """Saves the state after the batch is read and before it is committed: no article without its problems."""
        yield from put
        if self.moves is not None and (problem := self.moves.record_renamed(collector.report)):
            collector.problems.append(problem)
        self.links.flush()
        self._save(collector)

    def _save(self, collector: ChangeCollector) -> None:
        state = collector.state(self.stamp)
        if state != self.state:
            save_state(self.folder, state)
            self.state = state

    def _finish(self, collector: ChangeCollector) -> None:
        """Commits pending changes, the stamp, and a changed choice of languages, also one that a killed run left."""
        self._find_stories(collector)
        if collector.has_pending() or self.stories is not None or self.engine.status().stamp != self.stamp:
            self._commit(collector, self.stamp)
        self._save(collector)
        status = self.engine.status()
        languages = self._choose_languages(status.language_counts)
        if languages != status.languages:
            self.languages = languages
            self._commit(collector, self.stamp)
            status = self.engine.status()
        self.copies.settle(status)
        collector.report.copies = status.copies


def _code(language: str) -> str:
    return language.lower().replace("_", "-").partition("-")[0]


def _wait_for_clock(entries: Iterable[FileEntry]) -> None:
    """Waits until none of the files can change again under its present time ("racily clean" in git's terms).

    A file changed twice within one tick of the file system's clock has the same time after either change. Times in
    the future are ignored.
    """
    now = time.time_ns()
    safe = [
        entry.mtime_ns + (_CLOCK_TICK if entry.mtime_ns % 1_000_000_000 else _COARSE_CLOCK_TICK)
        for entry in entries
        if entry.mtime_ns <= now
    ]
    time.sleep(max(0, max(safe, default=0) - now) / 1e9)
