"""Headers, host checks and compression of all responses."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli
import pytest
import zstandard
from flask import Flask
from flask.testing import FlaskClient

from backfile.app import create_app, trusted_hosts
from backfile.config import Settings
from tests.web_archive import archive_app, client, indexed

__all__ = ["archive_app", "client"]

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PLACEHOLDERS = {
    "article_id": "1998/night-ferry",
    "facets": "authors",
    "filename": "backfile.css",
    "form": "bib",
    "kind": "topics",
    "name": "2019",
    "part": "1",
    "path": "pictures/quay.png",
}
ARGUMENTS = {"/compare": {"a": "1998/night-ferry", "b": "1998/night-ferry"}}
"""Arguments without which a page has nothing to show."""


def addresses(app: Flask) -> list[str]:
    """One URL of every route."""
    adapter = app.url_map.bind("localhost")
    rules = list(app.url_map.iter_rules())
    return [
        adapter.build(
            rule.endpoint, {name: PLACEHOLDERS[name] for name in rule.arguments} | ARGUMENTS.get(rule.rule, {})
        )
        for rule in rules
    ]


def test_all_responses_have_security_headers(archive_app: Flask, client: FlaskClient) -> None:
    routes = addresses(archive_app)
    assert len(routes) >= 20
    failures = ["/nowhere", "/search?page=99", "/search?q=" + "a" * 1001, "/article/nothing", "/static/none.css"]
    for address in [*routes, *failures]:
        with client.get(address) as response:
            headers = response.headers
        if not address.startswith("/media/"):
            assert headers["Content-Security-Policy"] == POLICY, address
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["Referrer-Policy"] == "same-origin", address
        assert headers["X-Robots-Tag"] == "noindex", address
        assert "Set-Cookie" not in headers, address
        assert headers["Cache-Control"], address


def test_all_routes_respond_to_get_and_head(archive_app: Flask, client: FlaskClient) -> None:
    for number, address in enumerate(addresses(archive_app)):
        if address.startswith(("/author/", "/topic/")):
            continue  # nobody is called 2019
        visitor = {"REMOTE_ADDR": f"127.0.1.{number}"}  # who fetches every export is asked to wait
        with client.get(address, environ_base=visitor) as response:
            assert response.status_code == 200, address
        with client.head(address, environ_base=visitor) as response:
            assert response.status_code == 200, address
            assert response.data == b"", address


def test_pictures_have_a_sandbox_policy(client: FlaskClient) -> None:
    response = client.get("/media/pictures/quay.png")
    assert response.mimetype == "image/png"
    assert response.headers["Content-Security-Policy"].endswith("sandbox")
    response.close()


def test_static_files_are_immutable(client: FlaskClient) -> None:
    page = client.get("/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    with client.get(address) as response:
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(("public", "scope"), [(False, "private"), (True, "public")])
def test_shared_caches_keep_nothing_of_a_private_library(tmp_path: Path, public: bool, scope: str) -> None:
    settings, engine = indexed(tmp_path)
    with (settings.library / "library.toml").open("a") as file:
        file.write(f"public = {str(public).lower()}\n")
    app = create_app(settings, open_index=lambda: engine)
    for address in [*addresses(app), "/nowhere", "/search?page=99"]:
        with app.test_client().get(address) as response:
            found = response.headers["Cache-Control"]
        if not address.startswith("/static/"):
            assert found == f"{scope}, " + ("max-age=3600" if address.startswith("/media/") else "no-cache"), address


def test_robots_may_index_a_public_library(tmp_path: Path) -> None:
    settings, engine = indexed(tmp_path)
    with (settings.library / "library.toml").open("a") as file:
        file.write("public = true\nremote_images = true\n")
    client = create_app(settings, open_index=lambda: engine).test_client()
    response = client.get("/")
    assert "X-Robots-Tag" not in response.headers
    assert "img-src 'self' data: https: http:;" in response.headers["Content-Security-Policy"]
    assert "Sitemap: http://localhost/sitemap.xml" in client.get("/robots.txt").text


def test_robots_are_excluded_by_default(client: FlaskClient) -> None:
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "a b"])
def test_foreign_hosts_are_rejected(client: FlaskClient, host: str) -> None:
    response = client.get("/", headers={"Host": host})
    assert response.status_code == 400
    assert response.headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"])
def test_loopback_hosts_are_accepted(client: FlaskClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 200


def test_trusted_hosts_follow_the_settings() -> None:
    assert trusted_hosts(Settings(host="0.0.0.0")) is None  # noqa: S104
    assert trusted_hosts(Settings(host="0.0.0.0", trusted_hosts=("a.example",))) == ("a.example",)  # noqa: S104


def test_no_secret_and_no_session(archive_app: Flask) -> None:
    assert archive_app.secret_key is None


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip", "gzip"), ("br, gzip", "br"), ("gzip, deflate, br, zstd", "zstd"), ("compress", None)],
)
@pytest.mark.parametrize("path", ["/search", "/static/backfile.css", "/api/search"])
def test_texts_are_compressed_by_accepted_encoding(
    client: FlaskClient, path: str, accepted: str, encoding: str | None
) -> None:
    with client.get(path) as plain, client.get(path, headers={"Accept-Encoding": accepted}) as small:
        assert small.headers.get("Content-Encoding") == encoding
        assert "Accept-Encoding" in small.headers["Vary"]
        if encoding is None:
            return
        unpack = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstandard.decompress}[encoding]
        assert len(small.data) == small.content_length < len(plain.data) / 2
        assert unpack(small.data)[:15] == plain.data[:15]


@pytest.mark.parametrize("path", ["/robots.txt", "/search.csv", "/media/pictures/quay.png"])
def test_small_responses_streams_and_pictures_are_not_compressed(client: FlaskClient, path: str) -> None:
    with client.get(path, headers={"Accept-Encoding": "gzip, br, zstd"}) as response:
        assert response.status_code == 200
        assert "Content-Encoding" not in response.headers


def test_a_range_of_a_file_is_not_compressed(client: FlaskClient) -> None:
    with client.get("/static/backfile.css", headers={"Accept-Encoding": "gzip", "Range": "bytes=0-1999"}) as response:
        assert response.status_code == 206
        assert "Content-Encoding" not in response.headers
        assert len(response.data) == 2000


def test_a_compressed_file_can_be_revalidated(client: FlaskClient) -> None:
    with client.get("/static/backfile.css", headers={"Accept-Encoding": "gzip"}) as first:
        etag = first.headers["ETag"]
    with client.get("/static/backfile.css", headers={"Accept-Encoding": "gzip", "If-None-Match": etag}) as second:
        assert second.status_code == 304
        assert second.data == b""


def test_compressed_sizes(client: FlaskClient) -> None:
    page = client.get("/search?q=letter", headers={"Accept-Encoding": "gzip"})
    assert len(page.data) <= 30_000
    for name, most in (("backfile.css", 12_000), ("backfile.js", 10_000)):
        with client.get(f"/static/{name}", headers={"Accept-Encoding": "gzip"}) as response:
            assert len(response.data) <= most
