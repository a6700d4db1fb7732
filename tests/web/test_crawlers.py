"""Limits for crawlers: buckets by address, turns of filtered searches, what is never limited."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import TooManyRequests

from backfile.app import create_app
from backfile.web.service import crawlers
from backfile.web.service.crawlers import CAPACITY, REFILL, TokenBuckets, Turns
from backfile.web.service.services import EXTENSION
from tests.web.test_admission import slow_app
from tests.web_archive import archive_app

__all__ = ["archive_app"]

DEEP = "/search?topic=Harbour&per_page=1&page=4"


@pytest.fixture
def client(archive_app: Flask) -> FlaskClient:
    """Client of an application of its own: the limits of a process are not those of other tests."""
    services = archive_app.extensions[EXTENSION]
    settings = replace(services.settings, proxies=1)
    return create_app(settings, open_index=services.engine).test_client()


def statuses(client: FlaskClient, path: str, times: int, **headers: str) -> Counter[int]:
    return Counter(client.get(path, headers=headers).status_code for _ in range(times))


@given(st.lists(st.floats(0, 100), max_size=80))
def test_a_bucket_never_gives_more_than_it_had_and_was_filled_with(pauses: list[float]) -> None:
    now = 0.0
    buckets = TokenBuckets(lambda: now)
    taken = 0
    for pause in pauses:
        now += pause
        wait = buckets.take("192.0.2.1")
        taken += not wait
        assert taken <= CAPACITY + now * REFILL + 1e-6
        if wait:
            assert 0 < wait <= 1 / REFILL + 1e-6


def test_who_waits_as_long_as_told_gets_a_token() -> None:
    now = 0.0
    buckets = TokenBuckets(lambda: now)
    while not (wait := buckets.take("192.0.2.1")):
        pass
    assert buckets.take("192.0.2.2") == 0
    now += wait + 1e-6
    assert buckets.take("192.0.2.1") == 0


def test_deep_filtered_lists_of_one_address_are_counted_and_others_are_not(client: FlaskClient) -> None:
    found = statuses(client, DEEP, CAPACITY + 15, **{"X-Forwarded-For": "192.0.2.1"})
    assert set(found) <= {200, 404, 429}
    assert found[429] >= 10
    refused = client.get(DEEP, headers={"X-Forwarded-For": "192.0.2.1"})
    assert int(refused.headers["Retry-After"]) >= 1
    assert "Too many requests" in refused.text
    assert client.get(DEEP, headers={"X-Forwarded-For": "192.0.2.2"}).status_code != 429
    for path in ("/", "/search?q=harbour", "/search?topic=Harbour", "/search?per_page=1&page=4", "/about"):
        assert client.get(path, headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 200


def test_exports_are_counted(client: FlaskClient) -> None:
    found = statuses(client, "/search.csv?q=harbour", CAPACITY + 15)
    assert found[429] >= 10
    assert found[200] >= CAPACITY


def test_nobody_is_counted_behind_a_proxy_that_the_settings_do_not_know(archive_app: Flask) -> None:
    client = create_app(
        archive_app.extensions[EXTENSION].settings, open_index=archive_app.extensions[EXTENSION].engine
    ).test_client()
    assert statuses(client, "/search.csv?q=harbour", CAPACITY + 15, **{"X-Forwarded-For": "192.0.2.1"}) == {
        200: CAPACITY + 15
    }


@pytest.mark.parametrize(
    ("blueprint", "arguments", "counted"),
    [
        ("search", {"topic": "a", "page": "3"}, False),
        ("search", {"topic": "a", "page": "4"}, True),
        ("search", {"topic": " ", "page": "4"}, False),
        ("search", {"q": "a", "page": "900"}, False),
        ("api", {"from": "2019", "page": "4"}, True),
        ("search", {"author": "a", "page": "x"}, False),
        ("search", {"author": "a", "page": "9" * 5000}, True),
        ("export", {}, True),
        ("feeds", {}, False),
    ],
)
def test_counted_requests(blueprint: str, arguments: dict[str, str], counted: bool) -> None:
    assert crawlers.is_counted(blueprint, arguments) is counted


def test_filtered_searches_take_turns_and_others_do_not_wait(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(crawlers, "MAX_WAIT", 0.2)
    begun, go_on = Event(), Event()

    def wait(request: object) -> None:
        if getattr(request, "filters").topics:  # noqa: B009
            begun.set()
            go_on.wait(20)

    app, engine = slow_app(tmp_path, wait)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(app.test_client().get, "/search?topic=Harbour")
        assert begun.wait(20)
        assert app.test_client().get("/search?topic=Ferries").status_code == 429
        assert app.test_client().get("/search?q=harbour").status_code == 200
        article = engine.ids(0, 1)[0]
        assert app.test_client().get(f"/article/{article}?topic=Harbour").status_code == 200
        go_on.set()
        assert first.result().status_code == 200
    assert app.test_client().get("/search?topic=Ferries").status_code in (200, 404)


def test_a_turn_is_followed_by_a_pause_as_long() -> None:
    turns = Turns(pause=1)
    began = turns.enter()
    time.sleep(0.05)
    turns.leave(began)
    ended = time.monotonic()
    assert turns.enter() - ended >= 0.04


def test_a_turn_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crawlers, "MAX_WAIT", 0.01)
    turns = Turns(pause=1)
    began = turns.enter()
    for _ in range(crawlers.MAX_WAITING + 5):  # none of those given up still counts as waiting
        with pytest.raises(TooManyRequests):
            turns.enter()
    turns.leave(began)
    turns.leave(turns.enter())


def test_robots_are_kept_from_what_is_limited(client: FlaskClient) -> None:
    page = client.get("/search?per_page=2").text
    for part in ('class="exports"', 'class="sorts"', '<nav class="pages"'):
        links = page.partition(part)[2].partition("</ul>" if "exports" not in part else "</p>")[0].split("<a ")[1:]
        assert links
        assert all("nofollow" in link.partition(">")[0] for link in links)
