"""Admission: expensive searches wait or are refused, downloads take a share, cheap requests pass."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from backfile.app import create_app
from backfile.index.engine import Engine, Page, Request
from backfile.index.errors import DeadlineExceeded
from backfile.web.service import admission
from tests.web_archive import indexed

EXPENSIVE = "/search?q=" + "+".join(f"word{number}" for number in range(9))


class SlowEngine:
    """Engine whose searches first do as they are told; counts those at work."""

    def __init__(self, engine: Engine, first: Callable[[Request], None]) -> None:
        self._engine, self._first, self._lock = engine, first, Lock()
        self.requests: list[Request] = []
        self.at_work = self.most = 0

    def search(self, request: Request) -> Page:
        with self._lock:
            self.requests.append(request)
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        try:
            self._first(request)
            return self._engine.search(request)
        finally:
            with self._lock:
                self.at_work -= 1

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)


def slow_app(folder: Path, first: Callable[[Request], None]) -> tuple[Flask, SlowEngine]:
    settings, engine = indexed(folder)
    slow = SlowEngine(engine, first)
    return create_app(replace(settings, deadline=60), open_index=lambda: slow), slow  # type: ignore[arg-type,return-value]


def get(app: Flask, path: str) -> TestResponse:
    with app.test_client().get(path) as response:
        return response


def refused(response: TestResponse) -> bool:
    return response.status_code == 503 and response.headers["Retry-After"] == str(admission.RETRY_AFTER)


@pytest.mark.parametrize(
    ("arguments", "cheap"),
    [
        ({}, True),
        ({"q": "ferry"}, True),
        ({"q": "night ferry 1998"}, True),
        ({"q": "the night ferry sails"}, False),
        ({"q": "f*"}, False),
        ({"q": '"night ferry"'}, False),
        ({"q": "夜の渡し船"}, False),
        ({"q": "ferry", "page": "20"}, True),
        ({"q": "ferry", "page": "21"}, False),
        ({"q": "ferry", "page": "x"}, True),
        ({"per_page": "100", "page": "3"}, False),
    ],
)
def test_cheap_searches(arguments: dict[str, str], cheap: bool) -> None:
    assert admission.is_cheap(arguments) is cheap


def test_expensive_searches_wait_or_are_refused_and_cheap_ones_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "MAX_WAIT", 30.0)
    release = Event()
    app, engine = slow_app(tmp_path, lambda request: release.wait(30) and None if request.per_page == 7 else None)
    with ThreadPoolExecutor(64) as pool:
        expensive = [pool.submit(get, app, EXPENSIVE + "&per_page=7") for _ in range(64)]
        while sum(future.done() for future in expensive) < 64 - admission.SEARCHES - admission.MAX_WAITING:
            time.sleep(0.01)
        assert engine.at_work == admission.SEARCHES
        for path in ("/health", "/search?q=ferry", "/", "/article/1998/night-ferry", "/static/backfile.css"):
            assert get(app, path).status_code == 200
        release.set()
        responses = [future.result() for future in expensive]
    admitted = [response for response in responses if response.status_code == 200]
    assert len(admitted) == admission.SEARCHES + admission.MAX_WAITING
    assert all(refused(response) for response in responses if response not in admitted)
    assert "Try again in a few seconds." in next(filter(refused, responses)).text
    assert engine.most <= admission.SEARCHES + 1  # and the cheap one
    assert get(app, EXPENSIVE).status_code == 200


def test_no_search_waits_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "MAX_WAIT", 0.05)
    release = Event()
    app, _ = slow_app(tmp_path, lambda request: release.wait(30) and None)
    with ThreadPoolExecutor(3) as pool:
        responses = [pool.submit(get, app, EXPENSIVE) for _ in range(3)]
        while not any(future.done() for future in responses):
            time.sleep(0.01)
        release.set()
        assert sorted(future.result().status_code for future in responses) == [200, 200, 503]


def test_downloads_take_a_share(tmp_path: Path) -> None:
    release = Event()
    app, engine = slow_app(tmp_path, lambda request: release.wait(30) and None)
    with ThreadPoolExecutor(12) as pool:
        exports = [pool.submit(get, app, "/search.jsonl?q=letter") for _ in range(12)]
        while sum(future.done() for future in exports) < 12 - admission.DOWNLOADS:
            time.sleep(0.01)
        assert get(app, "/health").status_code == 200
        release.set()
        responses = [future.result() for future in exports]
    assert engine.most == admission.DOWNLOADS
    assert sum(map(refused, responses)) == 12 - admission.DOWNLOADS
    assert get(app, "/search.csv?q=letter").status_code == 200


def test_an_export_is_one_search_and_fails_as_a_whole(tmp_path: Path) -> None:
    failures: list[Exception] = []

    def fail_sometimes(request: Request) -> None:
        if failures:
            raise failures.pop()

    app, engine = slow_app(tmp_path, fail_sometimes)
    response = get(app, "/search.jsonl")
    assert len(response.text.splitlines()) == int(response.headers["X-Total-Count"]) == 22
    assert len(engine.requests) == 1
    assert engine.requests[0].deadline > app.extensions["backfile"].settings.deadline
    for _ in range(2 * admission.DOWNLOADS):  # a failure gives its share back
        failures.append(DeadlineExceeded("given up"))
        assert get(app, "/search.csv").status_code == 503


def test_a_long_download_declares_its_length_and_holds_its_share_until_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "MAX_BUFFERED", 1000)
    monkeypatch.setattr(admission, "PIECE", 100)
    app, _ = slow_app(tmp_path, lambda request: None)
    client: FlaskClient = app.test_client()
    running = [client.get("/search.jsonl", buffered=False) for _ in range(admission.DOWNLOADS)]
    assert refused(get(app, "/search.jsonl"))
    assert all(response.content_length > 1000 for response in running)
    body = b"".join(running[0].response)
    assert len(body) == running[0].content_length
    assert len([json.loads(line) for line in body.splitlines()]) == 22
    for response in running:
        response.close()
    with client.get("/search.jsonl") as response:
        assert response.status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-1499999"}, {"Range": "bytes=0-9"}])
def test_large_pictures_are_downloads(tmp_path: Path, headers: dict[str, str]) -> None:
    app, _ = slow_app(tmp_path, lambda request: None)
    library = app.extensions["backfile"].library
    (library.root / "large.png").write_bytes(b"x" * (admission.MAX_BUFFERED + 1_000_000))
    for _ in range(2 * admission.DOWNLOADS):
        with app.test_client().get("/media/large.png", headers=headers) as response:
            assert response.status_code == (206 if headers else 200)
            assert len(response.data) == response.content_length
        with app.test_client().head("/media/large.png") as response:
            assert response.status_code == 200
    held = [app.test_client().get("/media/large.png") for _ in range(admission.DOWNLOADS)]
    assert refused(get(app, "/media/large.png"))
    for response in held:
        response.close()
