"""Metrics for Prometheus, and the access log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from server_process import Server, eventually, fetch

from backfile.app import create_app
from backfile.config import Settings
from backfile.index.errors import DeadlineExceeded
from backfile.web.server.granian_server import free_port
from backfile.web.server.metrics_server import index_numbers
from backfile.web.service.monitoring import EXTENSION as METRICS
from backfile.web.service.services import EXTENSION
from tests.web_archive import archive_app, client

__all__ = ["archive_app", "client"]


def variant(app: Flask, **changes: object) -> Flask:
    services = app.extensions[EXTENSION]
    settings: Settings = replace(services.settings, **changes)
    return create_app(settings, open_index=services.engine)


def sample(app: Flask, name: str, **labels: str) -> float:
    metric = getattr(app.extensions[METRICS], name)
    return sum(
        each.value
        for family in metric.collect()
        for each in family.samples
        if each.name.endswith(("_total", "_count")) and labels.items() <= each.labels.items()
    )


def test_requests_searches_and_errors_are_counted(archive_app: Flask) -> None:
    app = variant(archive_app, metrics=9)
    client = app.test_client()
    for path in ("/search?q=harbour", "/search?q=ferry", "/api/search?q=ferry", "/search.csv?q=ferry", "/nowhere"):
        client.get(path)
    assert sample(app, "requests", endpoint="search.search", status="200") == 2
    assert sample(app, "requests", status="404") == 1
    assert sample(app, "requests") == sample(app, "seconds") == 5
    assert sample(app, "searches") == 4


def test_a_deadline_is_counted_by_its_name(archive_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    app = variant(archive_app, metrics=9)

    def exceed(request: object) -> None:
        raise DeadlineExceeded("too slow")

    monkeypatch.setattr(archive_app.extensions[EXTENSION].engine(), "search", exceed)
    assert app.test_client().get("/search?q=harbour").status_code == 503
    assert sample(app, "errors", error="DeadlineExceeded") == 1


def test_without_the_setting_nothing_is_counted(client: FlaskClient) -> None:
    assert client.get("/search?q=harbour").status_code == 200
    assert METRICS not in client.application.extensions


def test_numbers_of_an_index_and_of_a_missing_one(archive_app: Flask, tmp_path: Path) -> None:
    settings = replace(archive_app.extensions[EXTENSION].settings, engine="whoosh", index=tmp_path / "none")
    found = {name: value for name, (_, value) in index_numbers(settings, None).items()}
    assert found["articles"] == 0
    (tmp_path / "file").write_text("No folder.")
    found = {name: value for name, (_, value) in index_numbers(replace(settings, index=tmp_path / "file"), 0).items()}
    assert found["index_usable"] == 0
    assert "articles" not in found
    assert found["seconds_since_sync"] > 1e9


@pytest.mark.parametrize("queries", [False, True])
def test_the_access_log_has_the_query_only_if_it_should(
    archive_app: Flask, capfd: pytest.CaptureFixture[str], queries: bool
) -> None:
    client = variant(archive_app, access_log="json", access_log_queries=queries).test_client()
    client.get("/search?q=sécret\n", headers={"User-Agent": 'A "browser"'})
    client.get("/nowhere")
    first, second = map(json.loads, capfd.readouterr().out.splitlines())
    assert (first["method"], first["path"], first["status"], first["client"]) == ("GET", "/search", 200, "127.0.0.1")
    assert first["agent"] == 'A "browser"'
    assert first["bytes"] > 1000
    assert first["ms"] > 0
    assert ("query" in first) is queries
    assert queries or "cret" not in json.dumps(first)
    assert (second["path"], second["status"]) == ("/nowhere", 404)


@pytest.mark.long
def test_a_server_with_several_workers_gives_their_sums(serve: Callable[..., Server]) -> None:
    port = free_port("127.0.0.1", 0)
    server = serve("--workers", "2", "--metrics", str(port))
    for _ in range(20):
        fetch(f"{server.url}search?q=zanzibar")

    def metrics() -> str:
        try:
            return fetch(f"http://127.0.0.1:{port}/metrics")
        except OSError:
            return ""

    eventually(lambda: "backfile_seconds_since_sync" in metrics())
    found = metrics()
    searched = re.findall(r'backfile_requests_total\{endpoint="search.search",status="200"\} (\S+)', found)
    assert [float(each) for each in searched] == [20]
    assert re.search(r"backfile_articles (\S+)", found)
    assert "backfile_search_seconds_count" in found
    assert "zanzibar" not in found
    assert server.stop() == 0
