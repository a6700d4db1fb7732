"""Verification: reads each file of a library and each checksum of its index, at once or in the background."""

from __future__ import annotations

import logging
import posixpath
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter, itemgetter
from pathlib import Path
from threading import Event, Thread
from typing import Any

from backfile.archive.addresses.moved_file import read_moves
from backfile.archive.availability.states import State
from backfile.archive.errors import BackfileError, LinkIndexDamaged
from backfile.archive.links.destinations import parse_destination, shown_address
from backfile.archive.links.link_index import FILE_NAME, AddressConflict, LinkIndex, UnresolvedLink
from backfile.archive.links.link_tables import is_marked, verify
from backfile.archive.markdown.renderer import anchors
from backfile.archive.report import Problem
from backfile.archive.storage.library import Library, printable
from backfile.archive.storage.readable_body import readable_body
from backfile.archive.storage.walker import has_article_name, is_section_page
from backfile.index.engine import Fingerprint
from backfile.index.engines import has_index, open_engine
from backfile.index.engines.options import NO_OPTIONS, EngineOptions
from backfile.index.errors import ClusterUnavailable, IndexUnusable
from backfile.index.status import ClusterState
from backfile.index.sync.link_update import put_links, resolve_links
from backfile.index.sync.plan import make_plan
from backfile.index.sync.reader import ReadResult, read_documents
from backfile.index.sync.reading_rules import reading_rules_stamp
from backfile.index.sync.state import load_state, outdated
from backfile.index.sync.synchronization import Progress

log = logging.getLogger("backfile.index")

LOOK_INTERVAL = 1.0  # seconds between looks for damage that readers found
PASS_INTERVAL = 86_400.0  # seconds between two readings of all checksums
PASS_RATE = 32 << 20  # bytes a second of such a reading: about two hundredths of a core
RETRY_INTERVAL = 60.0  # seconds after damage or an error of the system

OK, MISSING, OUT_OF_DATE, DAMAGED = "ok", "missing", "out of date", "damaged"
UNAVAILABLE = "unavailable"  # the cluster cannot be asked


@dataclass(frozen=True, slots=True)
class LinkCheck:
    """Numbers of internal links that lead to a target and of those that do not, and the latter by path and line.

    `without_anchor` lists links that lead to an article and name a place in it that is not there; None if those were
    not looked for.
    """

    resolved: int = 0
    unresolved: int = 0
    listed: tuple[UnresolvedLink, ...] = ()
    without_anchor: tuple[UnresolvedLink, ...] | None = field(default=None, compare=False)

    def to_json(self) -> dict[str, Any]:
        """JSON objects of the numbers and of the lists."""
        found: dict[str, Any] = {
            "links": {"resolved": self.resolved, "unresolved": self.unresolved},
            "unresolved_links": [each._asdict() for each in self.listed],
        }
        if self.without_anchor is not None:
            found["links_without_anchor"] = [each._asdict() for each in self.without_anchor]
        return found


def read_link_check(folder: Path, limit: int = -1) -> LinkCheck:
    """Links as the last synchronization into the cache folder `folder` found them, at most `limit` of them listed.

    Raises `LinkIndexUnusable`.
    """
    with LinkIndex.read(folder / FILE_NAME) as index:
        return LinkCheck(*index.count(), tuple(index.unresolved(limit)))


@dataclass(frozen=True, slots=True)
class HeldFile:
    """File of an article that is held back, or will be: its path, its state, and the reason why it is withheld.

    `until` is the moment (ISO 8601, UTC) at which the state changes; empty if it stays.
    """

    path: str
    state: State
    until: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """Result of a verification.

    `articles` counts the files that are articles, readable or not (no drafts, no section pages), `searchable` those
    in the index. `index` is OK, MISSING, OUT_OF_DATE, DAMAGED or UNAVAILABLE; `damage` describes the last two. `links`
    counts the internal links and lists those that lead nowhere. `cluster` is the state of the cluster of the index.
    `held` lists the articles that are held back or will expire, `conflicts` the addresses that several articles state.
    `copies` counts the searchable ones that are another copy of a story than its first.
    """

    articles: int
    searchable: int
    problems: tuple[Problem, ...]
    index: str
    damage: tuple[str, ...] = ()
    links: LinkCheck = LinkCheck()
    cluster: ClusterState | None = None
    held: tuple[HeldFile, ...] = ()
    conflicts: tuple[AddressConflict, ...] = ()
    copies: int = 0


@dataclass(frozen=True, slots=True)
class _IndexCheck:
    """State of the index; `damage` describes it when it is DAMAGED or UNAVAILABLE."""

    searchable: int
    index: str
    damage: tuple[str, ...] = ()
    fingerprints: Mapping[str, tuple[str, Fingerprint]] = field(default_factory=dict)
    cluster: ClusterState | None = None
    copies: int = 0


def check(
    library: Library,
    folder: Path,
    engine_name: str,
    *,
    options: EngineOptions = NO_OPTIONS,
    seconds: float | None = None,
    progress: Progress | None = None,
    now: datetime | None = None,
) -> Check:
    """Reads every file of the library and verifies the index in the cache folder `folder`; changes neither.

    A file that takes longer than `seconds` is a problem.

    A file whose content differs from that of its fingerprint, though size and time do not, is a problem: no
    synchronization would notice it.
    The engine marks a damaged index, so that the next synchronization builds it anew.
    """
    articles, now = 0, now or datetime.now(UTC)
    problems = [*library.profiles.problems, *read_moves(library.root)[1]]
    held: list[HeldFile] = []
    read: dict[str, Fingerprint] = {}
    index_of_links = LinkIndex.temporary()
    entries = sorted(library.walk(), key=attrgetter("path"))
    results = read_documents(library, [entry.path for entry in entries], seconds=seconds)
    for number, (entry, result) in enumerate(zip(entries, results, strict=True), start=1):
        articles += not result.left_out
        problems += result.problems
        put_links(index_of_links, result, now)
        held += _held(result, now)
        read[entry.path] = Fingerprint(entry.size, entry.mtime_ns, result.digest)
        if progress is not None:
            progress(number, len(entries))
    found = _verify_index(library, folder, engine_name, options, now)
    differing = [_differing(path) for path, known in found.fingerprints.values() if _differs(known, read.get(path))]
    problems += differing
    links, conflicts = _check_links(library, index_of_links)
    return Check(
        articles,
        found.searchable,
        tuple(sorted(problems, key=_order)),
        OUT_OF_DATE if differing and found.index == OK else found.index,
        found.damage,
        links,
        found.cluster,
        tuple(held),
        conflicts,
        found.copies,
    )


def _check_links(library: Library, index: LinkIndex) -> tuple[LinkCheck, tuple[AddressConflict, ...]]:
    with index:
        resolve_links(index, library)
        missing = tuple(sorted(_without_anchor(library, index.with_fragments()), key=_place))
        return LinkCheck(*index.count(), tuple(index.unresolved()), missing), tuple(index.conflicts())


def _without_anchor(library: Library, links: Iterable[tuple[UnresolvedLink, str]]) -> Iterator[UnresolvedLink]:
    """Yields the links whose fragment names no place in their target; each target is read once."""
    for target, group in groupby(links, key=itemgetter(1)):
        article = (
            library.read(target, sections=True).article
            if has_article_name(posixpath.basename(target)) or is_section_page(posixpath.basename(target))
            else None
        )
        if article is None:
            continue
        known = anchors(readable_body(library, article).text)
        for link, _ in group:
            destination = parse_destination(link.address)
            if destination is not None and known.find(destination.fragment) is None:
                yield link._replace(address=shown_address(link.address))


def _place(link: UnresolvedLink) -> tuple[str, int, str]:
    return link.path, link.line or 0, link.address


def _held(result: ReadResult, now: datetime) -> Iterator[HeldFile]:
    """Yields the file of an article that is not published, or will not be for ever."""
    state, change = result.availability.state(now), result.availability.next_change(now)
    if result.document is not None and (state is not State.PUBLISHED or change):
        yield HeldFile(result.path, state, change.isoformat() if change else "", result.availability.withheld or "")


def _differs(known: Fingerprint, read: Fingerprint | None) -> bool:
    """Whether a file has another content than its fingerprint under the same size and time."""
    if read is None or not read.digest or (known.size, known.mtime_ns) != (read.size, read.mtime_ns):
        return False
    return known.digest != read.digest


def _differing(path: str) -> Problem:
    return Problem(
        path,
        None,
        "its content is another than the index holds, though size and time are the same",
        "give it a new time (`touch`) and run `backfile index`",
    )


def _order(problem: Problem) -> tuple[str, int, str]:
    return problem.path, problem.line or 0, problem.reason


def _verify_index(
    library: Library, folder: Path, engine_name: str, options: EngineOptions, now: datetime
) -> _IndexCheck:
    try:
        if not has_index(engine_name, folder / "index", options):
            return _IndexCheck(0, MISSING)
        with closing(open_engine(engine_name, folder / "index", options)) as engine:
            status = engine.status(verify=True)
            fingerprints = engine.fingerprints()
    except IndexUnusable as error:
        return _IndexCheck(0, DAMAGED, (str(error),))
    except ClusterUnavailable as error:
        return _IndexCheck(0, UNAVAILABLE, (str(error), error.hint))
    if problems := (*status.problems, *damage_of_links(folder / FILE_NAME)):
        return _IndexCheck(status.documents, DAMAGED, problems, cluster=status.cluster)
    entries = list(library.walk())
    state = load_state(folder)
    planned = make_plan(entries, fingerprints, state, now, outdated(library, state))
    with_problems = {problem.path for problem in state.problems}
    unread = [entry for entry in planned.read if printable(entry.path) not in with_problems]
    current = status.stamp == reading_rules_stamp(library, entries) and not unread and not planned.removed
    return _IndexCheck(
        status.documents,
        OK if current else OUT_OF_DATE,
        fingerprints=fingerprints,
        cluster=status.cluster,
        copies=status.copies,
    )


def damage_of_links(path: Path, pace: Callable[[int], object] | None = None) -> tuple[str, ...]:
    """Damage of the index of links at a path, which is marked then. Raises `LinkIndexUnusable`."""
    try:
        verify(path, pace)
    except LinkIndexDamaged as error:
        return (str(error),)
    return ()


class IndexVerifier:
    """Thread that watches over the index of a server: it finds damage that no request has met yet.

    Reads all checksums slowly, when it starts and once a day, and looks every second whether a reader has found
    damage. Calls `on_damage` then.
    """

    def __init__(self, folder: Path, engine_name: str, on_damage: Callable[[], None]) -> None:
        self._folder, self._engine_name, self._on_damage = folder, engine_name, on_damage
        self._stop = Event()
        self._thread = Thread(target=self._run, name="index-verifier", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread after the file that it reads; does not wait for that."""
        self._stop.set()

    def _damage_of_links(self, *, is_due: bool) -> tuple[str, ...]:
        """Damage of the index of links: what a reader has marked, and if it is due what the checksum shows."""
        path = self._folder / FILE_NAME
        if not is_due:
            return ("the index of links was found damaged",) if is_marked(path) else ()
        return damage_of_links(path, lambda size: self._stop.wait(size / PASS_RATE))

    def _run(self) -> None:
        next_pass = time.monotonic()
        pause = LOOK_INTERVAL
        with closing(open_engine(self._engine_name, self._folder / "index")) as engine:
            while not self._stop.wait(pause):
                pause = LOOK_INTERVAL
                is_due = time.monotonic() >= next_pass
                try:
                    problems = engine.status(verify=is_due, rate=PASS_RATE).problems
                    problems += self._damage_of_links(is_due=is_due)
                except IndexUnusable as error:
                    problems = (str(error),)
                except (BackfileError, OSError) as error:
                    log.error("The index could not be verified: %s", error)
                    pause = RETRY_INTERVAL
                    continue
                if problems:
                    self._on_damage()
                    pause = RETRY_INTERVAL
                elif is_due:
                    next_pass = time.monotonic() + PASS_INTERVAL
