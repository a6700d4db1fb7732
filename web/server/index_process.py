"""Index process: announces the server's URL and keeps the index up to date."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event, Thread

from backfile.archive.helper_process import end_with_parent
from backfile.config import Settings
from backfile.index.processes import log_to_stderr

log = logging.getLogger("backfile.server")

Address = tuple[str, int] | Path
"""Host and port, or the path of a Unix socket."""

LOOPBACK_OF = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - addresses of all interfaces
START_TIMEOUT = 60  # seconds for the workers to start
POLL_INTERVAL = 0.02  # seconds
SHUTDOWN_TIMEOUT = 1.5  # seconds for the article in work when the server stops
KILL_TIMEOUT = 0.5  # seconds more for the process to end
RESTART_DELAY = 5.0  # seconds


class IndexProcess:
    """Child process that watches the library; a thread restarts it if it fails.

    It is a process because the parent forks the workers, and must not run threads that hold locks then; its memory
    is not shared with theirs.
    """

    def __init__(self, settings: Settings, address: Address) -> None:
        self._settings = settings
        self._address = address
        self._stopping = Event()
        self._supervisor = Thread(target=self._supervise, name="index-process", daemon=True)
        self._process: BaseProcess | None = None
        self._kill_at = 0.0

    def start(self) -> None:
        """Starts the process; it begins to work when a worker answers."""
        with _interrupts_ignored():
            self._process = self._spawn(self._address)
        self._supervisor.start()

    def terminate(self) -> None:
        """Asks the process to end after the article in work."""
        if self._process and not self._stopping.is_set():
            self._stopping.set()
            self._kill_at = time.monotonic() + SHUTDOWN_TIMEOUT + KILL_TIMEOUT
            self._process.terminate()

    def stop(self) -> None:
        """Ends the process after the article in work; kills it if that exceeds both timeouts."""
        self.terminate()
        if self._process:
            self._supervisor.join(max(self._kill_at - time.monotonic(), 0))
            if self._supervisor.is_alive():
                self._process.kill()

    def _spawn(self, address: Address | None) -> BaseProcess:
        process = multiprocessing.get_context("spawn").Process(target=_run, args=(self._settings, address))
        process.start()
        return process

    def _supervise(self) -> None:
        while self._process:
            self._process.join()
            if self._stopping.is_set() or self._process.exitcode == 0:
                return
            log.error("The process that keeps the index ended (%s); it is started again.", self._process.exitcode)
            if self._stopping.wait(RESTART_DELAY):
                return
            self._process = self._spawn(None)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignores SIGINT in processes started meanwhile, until they can do so themselves."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Terminated(Exception):
    """SIGTERM was received."""


def _run(settings: Settings, address: Address | None) -> None:
    """Runs in the process until SIGTERM or the end of its parent; waits for a worker at `address` first."""
    os.setsid()  # a terminal sends SIGINT to all its processes; this one is stopped by its parent
    signal.signal(signal.SIGTERM, _terminate)
    end_with_parent()
    log_to_stderr()
    threading.excepthook = _end_process
    with suppress(_Terminated):
        if address:
            _announce_address(settings, address)
        _watch_library(settings)


def _end_process(failure: threading.ExceptHookArgs) -> None:
    """Ends the process with the first thread that fails, so that it is started again and not left without a watcher."""
    log.error("The index could not be brought up to date: %r", failure.exc_value)
    threading.__excepthook__(failure)
    os._exit(1)


def _terminate(*_: object) -> None:
    raise _Terminated


def _watch_library(settings: Settings) -> None:
    from backfile.archive.storage.library import Library
    from backfile.index.sync.watcher import IndexWatcher

    library = Library(settings.library)
    watcher = IndexWatcher(
        library,
        settings.cache_folder,
        settings.engine,
        options=settings.engine_options,
        wait=settings.wait,
        seconds=settings.file_seconds,
        watch=settings.watch,
    )
    watcher.start()
    if settings.metrics:
        _serve_metrics(settings, lambda: watcher.synchronised_at)
    try:
        while True:
            signal.pause()
    finally:
        watcher.stop(SHUTDOWN_TIMEOUT)


def _serve_metrics(settings: Settings, synchronised_at: Callable[[], float | None]) -> None:
    """Serves the metrics; a port that is taken meanwhile does not stop the watcher."""
    from backfile.web.server.metrics_server import MetricsUnavailable, serve_metrics

    try:
        serve_metrics(settings, synchronised_at)
    except MetricsUnavailable as error:
        log.error("%s", error)


def _announce_address(settings: Settings, address: Address) -> None:
    """Logs the URL, or the path of the socket, as soon as a worker answers."""
    if isinstance(address, tuple):
        address = LOOPBACK_OF.get(address[0], address[0]), address[1]
    shown = base_url(*address) if isinstance(address, tuple) else address
    for _ in range(int(START_TIMEOUT / POLL_INTERVAL)):
        try:
            _connect(address)
        except OSError:
            time.sleep(POLL_INTERVAL)
        else:
            log.info("Serving %s at %s  (Ctrl-C to stop)", settings.library, shown)
            return
    log.error("No worker answers at %s after %d s.", shown, START_TIMEOUT)


def _connect(address: Address) -> None:
    if isinstance(address, tuple):
        socket.create_connection(address, timeout=1).close()
        return
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(address))


def base_url(host: str, port: int) -> str:
    """URL of the home page."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"
