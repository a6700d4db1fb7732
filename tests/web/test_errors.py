"""Error responses: each error class has a page and JSON, with the headers of all responses."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backfile import app as app_module
from backfile import config
from backfile.archive.errors import BackfileError, FrontMatterInvalid
from backfile.config import Settings
from backfile.index.engine import Engine, Page, Request
from backfile.index.errors import ClusterUnavailable, DeadlineExceeded, IndexUnusable
from backfile.index.status import Status
from backfile.web.server import granian_server, metrics_server
from backfile.web.service.errors import ERROR_RESPONSES, error_response_for
from tests.web_archive import archive_app, client, indexed

__all__ = ["archive_app", "client"]
OUTSIDE_THE_WEB = {config.SettingsInvalid, granian_server.AddressUnavailable, metrics_server.MetricsUnavailable}


def tree(error: type[BackfileError] = BackfileError) -> Iterator[type[BackfileError]]:
    yield error
    for child in error.__subclasses__():
        yield from tree(child)


def made(error: type[BackfileError]) -> BackfileError:
    if error is config.SettingsInvalid:
        return config.SettingsInvalid(("what happened",))
    if error is FrontMatterInvalid:
        return FrontMatterInvalid("what happened", line=3, hint="what to do")
    return error("what happened", hint="what to do")


@pytest.fixture
def failing_app(tmp_path: object, request: pytest.FixtureRequest) -> Flask:
    """Application with a route for each error class, which raises it."""
    settings, engine = indexed(request.getfixturevalue("tmp_path"))
    application = app_module.create_app(settings, open_index=lambda: engine)

    def fail(name: str) -> str:
        raise made({error.__name__: error for error in tree()}[name])

    application.add_url_rule("/fail/<name>", view_func=fail)
    application.add_url_rule("/api/fail/<name>", view_func=fail, endpoint="api_fail")
    return application


def test_every_error_class_is_mapped() -> None:
    reported = {
        e for e in tree() if e.__module__.startswith("backfile.archive.importers.")
    }  # end in the report of an import
    unmapped = tree() - ERROR_RESPONSES.keys() - reported
    assert not {e for e in unmapped if e.__module__.startswith(("backfile.archive.", "backfile.index."))}
    assert unmapped <= OUTSIDE_THE_WEB


def test_every_error_has_a_page_and_json(failing_app: Flask) -> None:
    client = failing_app.test_client()
    for error in tree():
        answer = error_response_for(error)
        page = client.get(f"/fail/{error.__name__}")
        assert page.status_code == answer.status
        assert f"<h1>{answer.heading}</h1>" in page.text
        assert (answer.message or "What happened.") in page.text
        assert "Traceback" not in page.text
        assert ("Retry-After" in page.headers) == (answer.status == HTTPStatus.SERVICE_UNAVAILABLE)
        data = client.get(f"/api/fail/{error.__name__}")
        assert data.status_code == answer.status
        assert data.json is not None
        if issubclass(error, ClusterUnavailable):  # the reason has addresses; it is in the log
            assert "what" not in f"{data.json}{page.text.partition('<main')[2].partition('</main')[0]}"
        else:
            assert data.json["error"]["message"] == "what happened"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nowhere", 404),
        ("/article/nothing/of/that/name", 404),
        ("/article/../../etc/passwd", 404),
        ("/article/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/article/odd/nothing%00", 404),
        ("/article/library.toml", 404),
        ("/article/.backfile/problems", 404),
        ("/article/odd/../odd/nothing", 404),
        ("/article/library.toml.md", 404),
        ("/cite/nothing.bib", 404),
        ("/cite/odd/nothing.exe", 404),
        ("/media/library.toml", 404),
        ("/media/../library.toml", 404),
        ("/media/pictures/missing.png", 404),
        ("/author/Nobody", 404),
        ("/topic/nothing", 404),
        ("/year/1066", 404),
        ("/year/soon", 404),
        ("/search?q=ferry&page=9", 404),
        ("/search?q=ferry&page=9999", 400),
        ("/search?q=ferry&page=200&per_page=100", 400),
        ("/search?q=" + "a" * 1001, 400),
        ("/search?q=" + "+".join(f"word{n}" for n in range(65)), 400),
        ("/search?q=" + "a" * 21_000, 414),
        ("/sitemap-2.xml", 404),
    ],
)
def test_invalid_urls_are_not_found(client: FlaskClient, path: str, status: int) -> None:
    response = client.get(path)
    assert response.status_code == status
    assert "<h1>" in response.text


@pytest.mark.parametrize("path", ["/search?q=ferry", "/nowhere?q=ferry", "/api/search?q=ferry"])
def test_the_page_for_a_long_address_does_not_repeat_it(client: FlaskClient, path: str) -> None:
    response = client.get(path + "&topic=fogbound" * 2_000)
    assert response.status_code == HTTPStatus.REQUEST_URI_TOO_LONG
    assert "fogbound" not in response.text
    assert len(response.data) < 20_000


def test_a_refused_query_stays_in_the_search_box(client: FlaskClient) -> None:
    words = " ".join(f"word{number}" for number in range(65))
    response = client.get("/search", query_string={"q": words, "sort": "newest", "author": "Ada Marsh"})
    assert response.status_code == HTTPStatus.BAD_REQUEST
    assert f'value="{words}"' in response.text
    assert '<input type="hidden" name="author" value="Ada Marsh">' in response.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_only_get_and_head_are_allowed(client: FlaskClient, method: str) -> None:
    for path in ("/", "/search", "/static/backfile.css", "/nowhere"):
        response = client.open(path, method=method)
        assert response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_a_large_request_body_is_refused(client: FlaskClient) -> None:
    response = client.get("/search", data=b"x" * 100_000)
    assert response.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Broken:
    """Engine whose searches raise a given error."""

    def __init__(self, engine: Engine, error: Exception) -> None:
        self._engine, self._error = engine, error

    def search(self, request: Request) -> Page:
        raise self._error

    def __getattr__(self, name: str) -> object:
        return getattr(self._engine, name)


def broken_client(where: tuple[Settings, Engine], error: Exception) -> FlaskClient:
    settings, engine = where
    return app_module.create_app(settings, open_index=lambda: Broken(engine, error)).test_client()  # type: ignore[arg-type, return-value]


def test_a_broken_index_is_an_error_not_an_empty_result(request: pytest.FixtureRequest) -> None:
    where = indexed(request.getfixturevalue("tmp_path"))
    response = broken_client(where, IndexUnusable("the file of postings is damaged")).get("/search?q=ferry")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert "The file of postings is damaged." in response.text
    assert "No results" not in response.text
    response = broken_client(where, DeadlineExceeded("given up after 1.5 s")).get("/api/search?q=ferry")
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert response.json is not None
    assert response.json["error"]["message"] == "given up after 1.5 s"


def test_unexpected_errors_have_a_page_with_all_headers(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    where = indexed(request.getfixturevalue("tmp_path"))
    response = broken_client(where, RuntimeError("secret detail")).get("/search?q=ferry")
    assert response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "secret detail" not in response.text
    assert "Content-Security-Policy" in response.headers
    assert "secret detail" in caplog.text


def test_a_cluster_that_is_away_is_said_and_comes_back(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings, engine = indexed(request.getfixturevalue("tmp_path"))
    client = app_module.create_app(settings, open_index=lambda: engine).test_client()

    def away(*_: object, **__: object) -> Status:
        raise ClusterUnavailable("no node answers at https://search.internal", hint="start it")

    with monkeypatch.context() as patch:
        patch.setattr(engine, "status", away)
        patch.setattr(engine, "search", away)
        health = client.get("/health")
        for path in ("/health", "/search?q=ferry", "/api/search?q=ferry", "/", "/search.atom?q=ferry"):
            answer = client.get(path)
            assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE, path
            assert int(answer.headers["Retry-After"]) > 0
            assert ("search.internal" in answer.text) == (path == "/health")
        assert client.get("/article/1998/night-ferry").status_code == HTTPStatus.OK
    assert health.json == {
        "status": "unavailable",
        "engine": "memory",
        "articles": None,
        "generation": None,
        "problems": ["no node answers at https://search.internal"],
        "stale_since": None,
    }
    assert caplog.text.count("backfile.server") == 1  # not for each request
    assert client.get("/health").json["status"] == "ok"  # type: ignore[index]
    assert client.get("/search?q=ferry").status_code == HTTPStatus.OK


def test_opening_the_index_is_retried(request: pytest.FixtureRequest) -> None:
    settings, engine = indexed(request.getfixturevalue("tmp_path"))
    answers: list[Exception | Engine] = [IndexUnusable("being rebuilt"), engine]

    def open_index() -> Engine:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    client = app_module.create_app(settings, open_index=open_index).test_client()
    assert client.get("/health").status_code == HTTPStatus.SERVICE_UNAVAILABLE
    assert client.get("/health").json == {
        "status": "ok",
        "engine": "memory",
        "articles": 22,
        "generation": 1,
        "problems": [],
        "stale_since": None,
    }
