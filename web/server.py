"""`backfile serve`: Granian's processes answer, and a thread of their parent keeps the index up to date."""

from __future__ import annotations

import logging
import multiprocessing
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread
from wsgiref.types import WSGIApplication

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from archive.errors import BackfileError
from archive.library import Library
from config import Settings
from index.processes import end_with_parent
from index.sync import Progress, bring_up_to_date
from index.watching import Keeper

log = logging.getLogger("backfile.server")

THREADS = 4  # a worker; more would wait for one another, fewer would let one slow search hold up the rest
PATIENCE = 3  # seconds for requests under way when the server stops
LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a server on every network answers at home
SLOWEST_START = 60  # seconds
HEAD_TIMEOUT = 20_000  # ms in which the head of a request must have come


class AddressUnavailable(BackfileError):
    """The address to listen on is taken by another program, is not one of this machine, or is not allowed."""


MakeApp = Callable[[Settings], WSGIApplication]


def serve(settings: Settings, make_app: MakeApp, *, progress: Progress | None = None) -> None:
    """Serves until a signal (SIGINT, SIGTERM) ends it.

    A library with an index is served at once and the index is brought up to date meanwhile; without one it is built
    first. `make_app` runs in each worker and must be importable by name. Raises `AddressUnavailable`, and whatever
    keeps the library or the index from being used.
    """
    library = Library(settings.library)
    host, port = settings.host, free_port(settings.host, settings.port)
    if not settings.index_folder.exists():
        report = bring_up_to_date(
            library, settings.cache_folder, settings.engine, wait=settings.wait, progress=progress
        )
        log.info("%s", report.summary())
    keeper = Keeper(library, settings.cache_folder, settings.engine, wait=settings.wait, watch=settings.watch)
    multiprocessing.set_start_method("spawn", force=True)  # a fork would copy the keeper's locks in any state
    server = Granian(
        "app:create_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=THREADS,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_TIMEOUT),
        respawn_failed_workers=True,
        workers_kill_timeout=PATIENCE,
        log_level=LogLevels.warning,
    )
    server.on_startup(Thread(target=_open, args=(keeper, settings.library, host, port), daemon=True).start)
    server.serve(target_loader=partial(_start_worker, make_app, settings), wrap_loader=False)
    keeper.stop()


def _start_worker(make_app: MakeApp, settings: Settings) -> WSGIApplication:
    end_with_parent()
    return make_app(settings)


def _open(keeper: Keeper, library: Path, host: str, port: int) -> None:
    """Says where the pages are once there is somebody to answer, and only then looks for what changed meanwhile.

    The workers take a moment to start, and a walk through a large library at that moment would make it a longer one.
    """
    _announce(library, host, port)
    keeper.start()


def _announce(library: Path, host: str, port: int) -> None:
    asked = LOOPBACKS.get(host, host)
    for _ in range(int(SLOWEST_START / 0.05)):
        try:
            socket.create_connection((asked, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            log.info("Serving %s at %s  (Ctrl-C to stop)", library, address(asked, port))
            return
    log.error("No worker answers at %s after %d s.", address(asked, port), SLOWEST_START)


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


def address(host: str, port: int) -> str:
    """The address of the home page as one types it into a browser."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/"
