"""Web server: Granian workers handle requests, a separate process keeps the index up to date."""

from __future__ import annotations

import gc
import logging
import math
import multiprocessing
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from flask import Flask
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from backfile.archive.errors import BackfileError
from backfile.archive.helper_process import end_with_parent
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.engine import Sort
from backfile.index.engines import has_index, is_on_server
from backfile.index.errors import ClusterRefused, ClusterUnavailable, IndexLocked
from backfile.index.serialising import article_path
from backfile.index.sync.synchronization import Progress, update_index
from backfile.web.server.index_process import Address, IndexProcess, base_url
from backfile.web.server.metrics_server import HOST, shared_metrics
from backfile.web.server.rendering import Renderers
from backfile.web.server.worker_pool import WorkerPool
from backfile.web.service import crawlers
from backfile.web.service.admission import DOWNLOADS, MAX_WAITING, SEARCHES
from backfile.web.service.services import EXTENSION, WARM_UP, Services

log = logging.getLogger("backfile.server")

THREADS = SEARCHES + MAX_WAITING + DOWNLOADS + crawlers.MAX_WAITING + 8  # a worker; the last are for cheap requests
SHUTDOWN_TIMEOUT = 2  # seconds for open requests when the server stops
STOP_SECONDS = 4.0  # after a signal, at which the server ends whatever it waits for
SOCKET_PERMISSIONS = 0o660
HEADER_TIMEOUT = 20_000  # milliseconds for the header of a request
WARM_UP_SECONDS = 2.0  # after which nothing more is requested before the server listens
WARM_UP_BYTES = 64 * 1024  # largest article that is rendered before the server listens
START_METHOD = "fork" if sys.platform == "linux" else "spawn"  # system libraries of macOS do not survive a fork


class AddressUnavailable(BackfileError):
    """The address to listen on is in use, is not one of this machine, or is not allowed."""


MakeApp = Callable[[Settings], WSGIApplication]


def serve(settings: Settings, make_app: MakeApp, *, progress: Progress | None = None) -> None:
    """Serves until a signal (SIGINT, SIGTERM).

    An existing index is served at once and updated meanwhile; a missing one is built first. `make_app` must be
    importable by name and return one application for one `Settings`: it is called before the workers are forked, which
    share its memory, and again in each worker. Raises `AddressUnavailable`, and errors of the library or the index.
    """
    library = Library(settings.library)
    address = free_address(settings)
    if settings.metrics:
        free_port(HOST, settings.metrics)
    _build_missing_index(library, settings, progress)
    with shared_metrics() if settings.metrics else nullcontext():
        _run(settings, address, make_app)


def _run(settings: Settings, address: Address, make_app: MakeApp) -> None:
    """Runs the workers and the index process until a signal."""
    multiprocessing.set_start_method(START_METHOD, force=True)
    # On Linux each worker has a Granian of its own, because several processes can share a port there; not a socket.
    has_own = START_METHOD == "fork" and isinstance(address, tuple)
    count, workers = (settings.workers, 1) if has_own else (1, settings.workers)
    pool = WorkerPool(partial(_run_granian, settings, address, make_app, workers), count)
    index_process = IndexProcess(settings, address)
    index_process.start()
    try:
        if START_METHOD == "fork":
            make_app(settings)
            gc.freeze()  # no collection writes to objects that the workers share
        pool.run()
        _end_within(STOP_SECONDS)
    finally:
        pool.terminate()
        index_process.terminate()
        pool.stop()
        index_process.stop()
        if isinstance(address, Path):
            address.unlink(missing_ok=True)


def _end_within(seconds: float) -> None:
    """Ends this process, the server, after a time: the system may not be able to end a process that waits for a disk.

    The processes that it waits for are killed long before.
    """
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, seconds)


def _run_granian(settings: Settings, address: Address, make_app: MakeApp, workers: int) -> None:
    """Runs Granian until a signal, or until a worker of its ends: `WorkerPool` replaces workers.

    Granian itself would stop the whole server when a worker ends within 5.5 s after its start.
    """
    host, port = address if isinstance(address, tuple) else ("", 0)
    server = Granian(
        "backfile.app:create_app",
        address=host,
        port=port,
        uds=address if isinstance(address, Path) else None,
        uds_permissions=SOCKET_PERMISSIONS,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,  # waiting for HTTP/2, it never closes a connection on which no request comes
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=workers > 1,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_TIMEOUT),
        workers_kill_timeout=SHUTDOWN_TIMEOUT,
        log_level=LogLevels.error,  # as a warning it advises fewer threads, not knowing that most of them wait
    )
    server.serve(target_loader=partial(_start_worker, make_app, settings), wrap_loader=False)


def _start_worker(make_app: MakeApp, settings: Settings) -> WSGIApplication:
    app = make_app(settings)
    if isinstance(app, Flask):  # before there are threads
        shared: Services = app.extensions[EXTENSION]
        shared.renderer = Renderers.start(shared.library, settings.cache_folder, settings.file_seconds)
    end_with_parent()
    return app


def _build_missing_index(library: Library, settings: Settings, progress: Progress | None) -> None:
    """Builds the index if there is none, unless its cluster is away or another machine builds it.

    The index process does so later then, and pages say meanwhile that the search is unavailable.
    """
    try:
        if has_index(settings.engine, settings.index_folder, settings.engine_options):
            return
        report = update_index(
            library,
            settings.cache_folder,
            settings.engine,
            options=settings.engine_options,
            wait=settings.wait,
            seconds=settings.file_seconds,
            progress=progress,
        )
        log.info("%s", report.summary())
    except ClusterRefused:
        raise
    except (ClusterUnavailable, IndexLocked) as error:
        if not is_on_server(settings.engine):
            raise
        log.warning("The index is not up to date: %s. Serving what there is.", error)


def warm_up(app: Flask) -> None:
    """Opens the index and fills caches by requesting the front page, a search and the newest article.

    Nothing is requested any more once WARM_UP_SECONDS have passed, and no article that is larger than WARM_UP_BYTES:
    the server listens only afterwards. Errors become responses, whatever they are, and are only logged: the first
    request meets them again.
    """
    shared: Services = app.extensions[EXTENSION]
    name = next(iter(shared.settings.trusted_hosts), "localhost")
    client = app.test_client()
    client.environ_base[WARM_UP] = "1"
    get = partial(client.get, base_url=f"http://{'www' * name.startswith('.')}{name}/")
    until = time.monotonic() + WARM_UP_SECONDS
    newest = get(f"/api/search?sort={Sort.NEWEST}&per_page=1")
    found: dict[str, Any] = newest.json or {}
    if newest.status_code != HTTPStatus.OK:
        log.info("the first page will take a moment longer: %s", found["error"]["message"])
        return
    requests: list[tuple[str, dict[str, str]]] = [("/", {})]
    for hit in found["hits"]:
        requests.append(("/search", {"q": " OR ".join(hit["title"].lower().split()[:3])}))
        if _size(shared.library, hit["id"]) <= WARM_UP_BYTES:
            requests.append((article_path(hit["id"]), {}))
    for path, arguments in requests:
        if time.monotonic() >= until:
            log.info("the first pages will take a moment longer: warming up was stopped")
            return
        get(path, query_string=arguments)


def _size(library: Library, article_id: str) -> float:
    """Size of an article's file in bytes; infinite if it cannot be read."""
    path = library.locate(article_id)
    try:
        return os.stat(library.root / path).st_size if path is not None else math.inf
    except OSError:
        return math.inf


def free_address(settings: Settings) -> Address:
    """Address to listen on: host and port, or the path of a Unix socket. Raises `AddressUnavailable`."""
    if settings.socket is None:
        return settings.host, free_port(settings.host, settings.port)
    path = settings.socket.absolute()
    hint = "choose another with --socket"
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise AddressUnavailable(f"{path} is no socket; it is left as it is", hint=hint)
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(path))
        raise AddressUnavailable(f"another server listens on {path}", hint=hint)
    except ConnectionRefusedError:
        path.unlink()  # left by a server that was killed
    except FileNotFoundError:
        pass
    except OSError as error:
        raise AddressUnavailable(f"cannot listen on {path}: {error.strerror or error}", hint=hint) from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise AddressUnavailable(f"cannot listen on {path}: its folder is missing or cannot be written to", hint=hint)
    return path


def free_port(host: str, port: int) -> int:
    """Returns `port`, or a free one for 0. Raises `AddressUnavailable`.

    Checked before the workers start: each of them would fail with a traceback.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise AddressUnavailable(
            f"cannot listen on {base_url(host, port)}: {error.strerror}", hint="choose another with --host or --port"
        ) from error
