"""`backfile serve`: Granian's workers answer, and a process beside them keeps the index up to date."""

from __future__ import annotations

import logging
import multiprocessing
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from wsgiref.types import WSGIApplication

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from backfile.archive.errors import BackfileError
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.processes import end_with_parent
from backfile.index.sync.synchronization import Progress, update_index
from backfile.web.server.index_process import IndexProcess, address

log = logging.getLogger("backfile.server")

THREADS = 4  # a worker; more would wait for one another, fewer would let one slow search hold up the rest
SHUTDOWN_TIMEOUT = 2  # seconds for requests under way when the server stops
START = "fork" if sys.platform == "linux" else "spawn"  # elsewhere system libraries do not bear to be forked
HEADER_TIMEOUT = 20_000  # ms in which the head of a request must have come


class AddressUnavailable(BackfileError):
    """The address to listen on is taken by another program, is not one of this machine, or is not allowed."""


MakeApp = Callable[[Settings], WSGIApplication]


def serve(settings: Settings, make_app: MakeApp, *, progress: Progress | None = None) -> None:
    """Serves until a signal (SIGINT, SIGTERM) ends it.

    A library with an index is served at once and the index is brought up to date meanwhile; without one it is built
    first. `make_app` must be importable by name and make one application for one `Settings`: it is called before the
    workers are forked, which share what it made, and again in each. Raises `AddressUnavailable`, and whatever keeps
    the library or the index from being used.
    """
    library = Library(settings.library)
    host, port = settings.host, free_port(settings.host, settings.port)
    if not settings.index_folder.exists():
        report = update_index(library, settings.cache_folder, settings.engine, wait=settings.wait, progress=progress)
        log.info("%s", report.summary())
    keeper = IndexProcess(settings, host, port)
    try:
        _answer(settings, host, port, make_app)
    finally:
        keeper.stop()


def _answer(settings: Settings, host: str, port: int, make_app: MakeApp) -> None:
    multiprocessing.set_start_method(START, force=True)
    if START == "fork":
        make_app(settings)
    server = Granian(
        "backfile.app:create_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=THREADS,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT),
        respawn_failed_workers=True,
        workers_kill_timeout=SHUTDOWN_TIMEOUT,
        log_level=LogLevels.warning,
    )
    server.serve(target_loader=partial(_start_worker, make_app, settings), wrap_loader=False)


def _start_worker(make_app: MakeApp, settings: Settings) -> WSGIApplication:
    # Ctrl-C reaches every process of a terminal, and Granian's parent tells its workers as well: one that is told twice
    # at the same moment may wait for a lock that it holds itself.
    os.setsid()
    end_with_parent()
    return make_app(settings)


def free_port(host: str, port: int) -> int:
    """The port to listen on: `port` itself, or a free one for 0. Raises `AddressUnavailable`.

    Asked before the workers start: they would each fail in turn, with nobody to say so plainly.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen(1)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise AddressUnavailable(
            f"cannot listen on {address(host, port)}: {error.strerror}", hint="choose another with --host or --port"
        ) from error
