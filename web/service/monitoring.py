"""Metrics of a worker for Prometheus, and the access log.

No label of the metrics (requests, searches, errors) has a query or a path of an article.

The processes of a server share their values through files in the folder that `PROMETHEUS_MULTIPROC_DIR` names
(prometheus_client, "Multiprocess Mode"); `web.server.metrics_server` sets it and serves the sums.
"""

from __future__ import annotations

import json
import logging
import os
import time
from datetime import UTC, datetime
from functools import partial

from flask import Flask, Response, current_app, g, request

from backfile.web.service.services import WARM_UP

log = logging.getLogger("backfile.web")

STANDARD_OUTPUT = 1  # file descriptor
EXTENSION = "backfile.metrics"
BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """Metrics of requests and searches; times in seconds."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Histogram  # noqa: PLC0415 - an extra

        self.requests = Counter("backfile_requests", "Requests.", ["endpoint", "status"], registry=None)
        self.seconds = Histogram(
            "backfile_request_seconds", "Time of requests.", ["endpoint"], buckets=BUCKETS, registry=None
        )
        self.searches = Histogram(
            "backfile_search_seconds", "Time of searches in the engine.", buckets=BUCKETS, registry=None
        )
        self.errors = Counter("backfile_errors", "Requests that failed, by the error.", ["error"], registry=None)


def register_metrics(app: Flask) -> None:
    """Counts the requests of an application."""
    app.extensions[EXTENSION] = Metrics()
    app.before_request(_begin)
    app.after_request(_count)


def register_access_log(app: Flask, *, queries: bool) -> None:
    """Logs each request of an application as a JSON object; with `queries` the query string of its address too."""
    app.before_request(_begin)
    app.after_request(partial(_log, queries))


def observe_search(milliseconds: float) -> None:
    """Adds the time of a search, if the application has metrics."""
    metrics: Metrics | None = current_app.extensions.get(EXTENSION)
    if metrics and not request.environ.get(WARM_UP):
        metrics.searches.observe(milliseconds / 1000)


def count_error(error: BaseException) -> None:
    """Adds an error that ended a request, if the application has metrics."""
    metrics: Metrics | None = current_app.extensions.get(EXTENSION)
    if metrics:
        metrics.errors.labels(type(error).__name__).inc()


def _begin() -> None:
    g.began = time.perf_counter()


def _count(response: Response) -> Response:
    if request.environ.get(WARM_UP):
        return response
    metrics: Metrics = current_app.extensions[EXTENSION]
    endpoint = request.endpoint or "none"
    metrics.requests.labels(endpoint, str(response.status_code)).inc()
    if "began" in g:
        metrics.seconds.labels(endpoint).observe(time.perf_counter() - g.began)
    return response


def _log(queries: bool, response: Response) -> Response:
    if request.environ.get(WARM_UP):
        return response
    entry: dict[str, object] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "client": request.remote_addr,
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "bytes": response.content_length,
        "ms": round((time.perf_counter() - g.began) * 1000, 1) if "began" in g else None,
        "agent": request.headers.get("User-Agent"),
    }
    if queries:
        entry["query"] = request.query_string.decode("ascii", "replace")
    try:
        os.write(STANDARD_OUTPUT, f"{json.dumps(entry)}\n".encode())  # one write: lines of processes do not mix
    except OSError as error:
        log.error("A request could not be logged: %s", error)
    return response
