"""The process beside the server's workers that says where they are and keeps the index up to date."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from threading import Event, Thread

from backfile.config import Settings
from backfile.index.processes import end_with_parent, log_to_stderr

log = logging.getLogger("backfile.server")

LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server on every network answers at home
START_TIMEOUT = 60  # seconds
POLL_INTERVAL = 0.02  # seconds from one look for a worker to the next
SHUTDOWN_TIMEOUT = 2.0  # seconds for what the keeper is at when the server stops
KILL_TIMEOUT = 1.0  # seconds more for its process to end by itself, which leaves nothing behind
RESTART_DELAY = 5.0  # seconds until a keeper that broke down is started again


Place = tuple[str, int]
"""Host and port of the server."""


class IndexProcess:
    """Starts a keeper and has one running until `stop`: one that breaks down is started anew.

    It has a process of its own so that the one that forks the workers runs no thread that could hold a lock just then,
    and so that nothing it reads stays in their memory.
    """

    def __init__(self, settings: Settings, host: str, port: int) -> None:
        self._settings = settings
        self._stopping = Event()
        with _interrupts_ignored():
            self._process = self._spawn((host, port))
        self._supervisor = Thread(target=self._supervise, name="keeper", daemon=True)
        self._supervisor.start()

    def stop(self) -> None:
        """Stops after the article in hand; it is killed if that takes longer than both timeouts."""
        self._stopping.set()
        self._process.terminate()
        self._supervisor.join(SHUTDOWN_TIMEOUT + KILL_TIMEOUT)
        if self._supervisor.is_alive():
            self._process.kill()

    def _spawn(self, place: Place | None) -> BaseProcess:
        process = multiprocessing.get_context("spawn").Process(target=_run, args=(self._settings, place))
        process.start()
        return process

    def _supervise(self) -> None:
        while True:
            self._process.join()
            if self._stopping.is_set() or self._process.exitcode == 0:
                return
            log.error("The process that keeps the index ended (%s); it is started again.", self._process.exitcode)
            if self._stopping.wait(RESTART_DELAY):
                return
            self._process = self._spawn(None)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """What is started meanwhile ignores Ctrl-C from its first moment, before it can do so by itself."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Terminated(Exception):
    """Leaves whatever the process is at, because it got SIGTERM."""


def _run(settings: Settings, place: Place | None) -> None:
    """What the process does until it gets SIGTERM or is left alone; it begins when there is somebody at `place`."""
    os.setsid()  # Ctrl-C reaches every process of a terminal; this one is told by its parent
    signal.signal(signal.SIGTERM, _terminate)
    end_with_parent()
    log_to_stderr()
    with suppress(_Terminated):
        if place:
            _announce_url(settings, *place)
        _watch_library(settings)


def _terminate(*_: object) -> None:
    raise _Terminated


def _watch_library(settings: Settings) -> None:
    from backfile.archive.storage.library import Library
    from backfile.index.sync.watcher import IndexWatcher

    library = Library(settings.library)
    keeper = IndexWatcher(library, settings.cache_folder, settings.engine, wait=settings.wait, watch=settings.watch)
    keeper.start()
    try:
        while True:
            signal.pause()
    finally:
        keeper.stop(SHUTDOWN_TIMEOUT)


def _announce_url(settings: Settings, host: str, port: int) -> None:
    """Says where the pages are once there is somebody to answer."""
    asked = LOOPBACKS.get(host, host)
    for _ in range(int(START_TIMEOUT / POLL_INTERVAL)):
        try:
            socket.create_connection((asked, port), timeout=1).close()
        except OSError:
            time.sleep(POLL_INTERVAL)
        else:
            log.info("Serving %s at %s  (Ctrl-C to stop)", settings.library, address(asked, port))
            return
    log.error("No worker answers at %s after %d s.", address(asked, port), START_TIMEOUT)


def address(host: str, port: int) -> str:
    """The address of the home page as one types it into a browser."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"
