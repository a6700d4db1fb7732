"""Index watcher: keeps an index up to date while a server runs."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event, Thread

from watchfiles import Change, watch

from backfile.archive.errors import BackfileError
from backfile.archive.storage.library import Library
from backfile.index.engines import is_on_server
from backfile.index.engines.options import NO_OPTIONS, EngineOptions
from backfile.index.sync.state import load_state, record_failure
from backfile.index.sync.synchronization import update_index
from backfile.index.sync.verification import IndexVerifier

log = logging.getLogger("backfile.index")

RETRY_SECONDS = 15.0  # until a cluster that was away, or an article that is due, is tried again
POLL_SECONDS = 300.0  # some network folders announce no changes: they are polled

DUE_SECONDS = 5.0  # between two looks at the clock where no changes are watched

TICK = 100  # milliseconds after which `watch` yields without a change; its own step is 50


class _Stopped(Exception):
    """Ends a synchronization whose server stops; its commits stay."""


class IndexWatcher:
    """Thread that synchronizes an index when it starts, when a file of the library changes, and when an article is due.

    An article is due when its embargo ends, its date comes or it expires. With `watch=False` changed files are no
    reason; damage of the index always is. Errors are logged; the next reason is another try. `now` is the clock.
    """

    def __init__(
        self,
        library: Library,
        folder: Path,
        engine_name: str,
        *,
        options: EngineOptions = NO_OPTIONS,
        wait: float = 10.0,
        seconds: float | None = None,
        watch: bool = True,
        now: Callable[[], datetime] = partial(datetime.now, UTC),  # noqa: B008 - the clock, not its time
    ) -> None:
        self._library, self._folder, self._engine_name, self._options = library, folder, engine_name, options
        self._wait, self._seconds, self._watch, self._now = wait, seconds, watch, now
        self._due: datetime | None = None
        self._stop = Event()
        self._damaged = Event()
        self._thread = Thread(target=self._run, name="index-watcher", daemon=True)
        # A server verifies its files itself.
        self._verifier = None if is_on_server(engine_name) else IndexVerifier(folder, engine_name, self._damaged.set)
        self._retry_at = math.inf  # time.monotonic()
        self._told = ""
        self.synchronised_at: float | None = None
        """Time of the last update that succeeded, in seconds since 1970."""

    def start(self) -> None:
        """Starts the thread, and the one that verifies the index."""
        self._thread.start()
        if self._verifier:
            self._verifier.start()

    def stop(self, patience: float = 3.0) -> None:
        """Stops after the current article; waits at most `patience` seconds for that."""
        self._stop.set()
        self._damaged.set()  # which the thread may wait for
        if self._verifier:
            self._verifier.stop()
        if self._thread.is_alive():
            self._thread.join(patience)

    def _run(self) -> None:
        for _ in self._triggers():
            try:
                self.update()
            except _Stopped:
                return

    def update(self) -> None:
        """Synchronizes once; a new failure is logged, and kept in the cache folder for the server to tell.

        A cluster that is away, or that another machine writes to, is tried again after RETRY_SECONDS; so is an update
        for an article that is due.
        """
        self._retry_at, now = math.inf, self._now()
        try:
            report = update_index(
                self._library,
                self._folder,
                self._engine_name,
                options=self._options,
                wait=self._wait,
                seconds=self._seconds,
                progress=self._raise_if_stopped,
                now=now,
            )
        except (BackfileError, OSError) as error:
            if str(error) != self._told:  # not at each new try
                log.error("The index could not be brought up to date: %s", error)
            self._told = str(error)
            record_failure(self._folder, str(error), getattr(error, "hint", ""))
            if is_on_server(self._engine_name) or self._is_due():
                self._retry_at = time.monotonic() + RETRY_SECONDS
        else:
            self._told = ""
            self.synchronised_at = time.time()
            if not report.did_nothing:
                log.info("%s", report.summary())
        due = load_state(self._folder).next_change()
        self._due = due if due is not None and due > now else None  # after a failure it is due at the next try

    def _is_due(self) -> bool:
        return self._due is not None and self._now() >= self._due

    def _raise_if_stopped(self, done: int, total: int) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _triggers(self) -> Iterator[None]:
        """Yields at the start, at each burst of changes, when an article is due, at damage and every `POLL_SECONDS`.

        Watching begins before the first yield, so that no change is missed meanwhile.
        """
        while not self._watch and not self._stop.is_set():
            yield
            self._wait_for_reason()
        while self._watch and not self._stop.is_set():
            polled = -POLL_SECONDS
            try:
                for changes in watch(
                    self._library.root,
                    watch_filter=relevant(self._library.root, self._folder),
                    stop_event=self._stop,
                    rust_timeout=TICK,
                    yield_on_timeout=True,
                    raise_interrupt=False,
                    ignore_permission_denied=True,
                ):
                    now = time.monotonic()
                    is_polled = now - polled >= POLL_SECONDS or now >= self._retry_at
                    if changes or self._damaged.is_set() or is_polled or self._is_due():
                        polled = now
                        self._damaged.clear()
                        yield
            except (OSError, RuntimeError) as error:  # too many folders to watch comes as a RuntimeError
                log.warning("Changes are not announced (%s); looking every %g s instead.", error, POLL_SECONDS)
                yield
                self._wait_for_reason(POLL_SECONDS)

    def _wait_for_reason(self, seconds: float = math.inf) -> None:
        """Waits for damage, the next article that is due, the stop, or the time of another try."""
        end = min(time.monotonic() + seconds, self._retry_at)
        # The clock is looked at in steps, because it may be set and the machine may sleep.
        while time.monotonic() < end and not self._is_due():
            if self._damaged.wait(min(DUE_SECONDS, max(end - time.monotonic(), 0))):
                break
        self._damaged.clear()


def relevant(root: Path, folder: Path) -> Callable[[Change, str], bool]:
    """Filter of changes below `root` that leaves out hidden folders and the cache folder `folder`."""
    root, folder = root.resolve(), folder.resolve()

    def is_relevant(_: Change, path: str) -> bool:
        changed = Path(path)
        if not changed.is_relative_to(root) or changed.is_relative_to(folder):
            return False
        return not any(part.startswith(".") for part in changed.relative_to(root).parts)

    return is_relevant
