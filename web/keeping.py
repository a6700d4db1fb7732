"""The process beside the server's workers that says where they are and keeps the index up to date."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import socket
import time
from multiprocessing.process import BaseProcess
from threading import Event, Thread

from config import Settings
from index.processes import end_with_parent, log_to_stderr

log = logging.getLogger("backfile.server")

LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server on every network answers at home
SLOWEST_START = 60  # seconds
PATIENCE = 3.0  # seconds for what the keeper is at when the server stops
PAUSE = 5.0  # seconds until a keeper that broke down is started again


Place = tuple[str, int]
"""Host and port of the server."""


class KeeperProcess:
    """Starts a keeper and has one running until `stop`: one that breaks down is started anew.

    It has a process of its own so that the one that forks the workers runs no thread that could hold a lock just then,
    and so that nothing it reads stays in their memory.
    """

    def __init__(self, settings: Settings, host: str, port: int) -> None:
        self._settings = settings
        self._stopping = Event()
        self._process = self._spawn((host, port))
        self._supervisor = Thread(target=self._supervise, name="keeper", daemon=True)
        self._supervisor.start()

    def stop(self) -> None:
        """Stops after the article in hand, and waits at most `PATIENCE` seconds for that."""
        self._stopping.set()
        self._process.terminate()
        self._supervisor.join(PATIENCE)
        if self._supervisor.is_alive():
            self._process.kill()

    def _spawn(self, place: Place | None) -> BaseProcess:
        process = multiprocessing.get_context("spawn").Process(target=_keep, args=(self._settings, place))
        # Ctrl-C reaches every process of the terminal; this one is told by its parent, and inherits that it waits.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return process

    def _supervise(self) -> None:
        while True:
            self._process.join()
            if self._stopping.is_set():
                return
            log.error("The process that keeps the index ended (%s); it is started again.", self._process.exitcode)
            if self._stopping.wait(PAUSE):
                return
            self._process = self._spawn(None)


def _keep(settings: Settings, place: Place | None) -> None:
    """What the process does until it gets SIGTERM or is left alone; it begins when there is somebody at `place`."""
    end_with_parent()
    log_to_stderr()
    if place:
        _announce(settings, *place)
    from archive.library import Library
    from index.watching import Keeper

    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # in the threads, too: `sigwait` is to get it
    library = Library(settings.library)
    keeper = Keeper(library, settings.cache_folder, settings.engine, wait=settings.wait, watch=settings.watch)
    keeper.start()
    signal.sigwait({signal.SIGTERM})
    keeper.stop(PATIENCE)


def _announce(settings: Settings, host: str, port: int) -> None:
    """Says where the pages are once there is somebody to answer."""
    asked = LOOPBACKS.get(host, host)
    for _ in range(int(SLOWEST_START / 0.02)):
        try:
            socket.create_connection((asked, port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            log.info("Serving %s at %s  (Ctrl-C to stop)", settings.library, address(asked, port))
            return
    log.error("No worker answers at %s after %d s.", address(asked, port), SLOWEST_START)


def address(host: str, port: int) -> str:
    """The address of the home page as one types it into a browser."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"
