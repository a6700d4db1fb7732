"""Metrics for Prometheus on a loopback port of its own: sums over the workers, and the state of the index."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec

from backfile.archive.errors import BackfileError
from backfile.config import Settings
from backfile.index.engines import open_engine
from backfile.index.sync.state import read_failure, read_problems

HOST = "127.0.0.1"
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


class MetricsUnavailable(BackfileError):
    """Metrics were asked for and cannot be served."""


@contextmanager
def shared_metrics() -> Iterator[None]:
    """Makes the folder through which processes that are started meanwhile share their values.

    Raises `MetricsUnavailable` without the package prometheus-client.
    """
    if find_spec("prometheus_client") is None:  # not imported: it looks for the folder when it is
        raise MetricsUnavailable(
            "--metrics needs the package prometheus-client", hint="install it with pip install 'backfile[metrics]'"
        )
    with tempfile.TemporaryDirectory(prefix="backfile-metrics-") as folder:
        os.environ[FOLDER_VARIABLE] = folder
        yield


def serve_metrics(settings: Settings, synchronised_at: Callable[[], float | None]) -> None:
    """Serves the metrics at the port of the settings, from a thread.

    `synchronised_at` gives the time (s since 1970) of the last successful synchronisation. Raises
    `MetricsUnavailable` if the port is in use.
    """
    from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415 - an extra
    from prometheus_client.core import GaugeMetricFamily  # noqa: PLC0415
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    class IndexCollector:
        """Collector of the state of the index."""

        def collect(self) -> Iterator[GaugeMetricFamily]:
            """Yields a gauge for each number that is known."""
            for name, (description, value) in index_numbers(settings, synchronised_at()).items():
                yield GaugeMetricFamily(f"backfile_{name}", description, value=value)

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(IndexCollector())
    try:
        start_http_server(settings.metrics or 0, addr=HOST, registry=registry)
    except OSError as error:
        raise MetricsUnavailable(
            f"metrics cannot be served at {HOST}:{settings.metrics}: {error.strerror}",
            hint="choose another port with --metrics",
        ) from error


def index_numbers(settings: Settings, synchronised_at: float | None) -> dict[str, tuple[str, float]]:
    """Numbers of the index with their descriptions, by name; without those that need an index if it cannot be read."""
    failure = read_failure(settings.cache_folder)
    found: dict[str, tuple[str, float]] = {
        "problems": ("Problems of files, as `check` lists them.", len(read_problems(settings.cache_folder))),
        "stale": ("1 if the index could not be brought up to date.", float(failure is not None)),
    }
    if synchronised_at is not None:
        passed = time.time() - synchronised_at
        found["seconds_since_sync"] = ("Seconds since the index was last brought up to date.", passed)
    try:
        with closing(open_engine(settings.engine, settings.index_folder, settings.engine_options)) as engine:
            status = engine.status()
    except BackfileError:
        found["index_usable"] = ("1 if the index can be read.", 0.0)
        return found
    found["index_usable"] = ("1 if the index can be read.", float(not status.problems))
    found["articles"] = ("Articles in the index.", status.documents)
    found["copies"] = ("Articles that are another copy of a story than its first.", status.copies)
    found["stories"] = ("Stories: articles without the copies.", status.documents - status.copies)
    found["generation"] = ("Number of the last commit of the index.", status.generation)
    found["index_bytes"] = ("Bytes of the index.", status.bytes)
    return found
