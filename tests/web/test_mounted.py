"""Archive below a path of a host (`base_url`, X-Forwarded-Prefix), on a Unix socket, behind nginx and Caddy."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import urlopen

import pytest
from flask import Flask
from flask.testing import FlaskClient
from server_process import TIMEOUT, Server, eventually

from backfile.app import create_app
from backfile.config import Settings
from backfile.web.server.granian_server import AddressUnavailable, free_address, free_port
from backfile.web.service.services import EXTENSION
from tests.web_archive import archive_app

__all__ = ["archive_app"]

SITE = "https://archive.example"
LINKS = re.compile(r"""(?:href|src|action|formaction|template|data-root)="([^"]*)"|<loc>([^<]*)|"url": ?"([^"]*)""")
STARTS = (
    "/", "/search?q=harbour", "/search?q=nothingatall", "/about", "/authors", "/topics", "/years", "/search.atom",
    "/opensearch.xml", "/robots.txt", "/sitemap.xml", "/api/search?q=harbour", "/api/openapi.json", "/missing",
    "/on-this-day",
)  # fmt: skip
Fetch = Callable[[str], tuple[int, str, str]]
"""Function from a URL to status, content type and text."""


def crawl(fetch: Fetch, root: str, *, most: int = 130) -> dict[str, int]:
    """Follows all links within the site from its main pages; returns the status of each URL.

    Fails on a link to the site's host outside of `root`.
    """
    waiting = [root + start for start in STARTS]
    found: dict[str, int] = {}
    while waiting and len(found) < most:
        url = waiting.pop(0)
        if url in found:
            continue
        found[url], content_type, text = fetch(url)
        if not content_type.startswith(("text/html", "application/")):
            continue
        for link in links_of(text, url):
            if urlsplit(link).netloc == urlsplit(root).netloc:
                assert f"{urlsplit(link).path}/".startswith(f"{urlsplit(root).path}/"), (url, link)
                waiting.append(link)
    return found


def links_of(text: str, url: str) -> Iterator[str]:
    for values in LINKS.findall(text):
        link = unescape("".join(values))
        if "{" not in link and "&amp" not in link:
            yield urldefrag(urljoin(url, link)).url


def fetch_with(client: FlaskClient, **headers: str) -> Fetch:
    def fetch(url: str) -> tuple[int, str, str]:
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        for prefix in [value for name, value in headers.items() if name == "X-Forwarded-Prefix"]:
            path = path.removeprefix(prefix) or "/"
        with client.get(path, base_url=f"{parts.scheme}://{parts.netloc}", headers=headers) as answer:
            return answer.status_code, answer.content_type, answer.get_data().decode("utf-8", "replace")

    return fetch


def mounted(app: Flask, **changes: object) -> FlaskClient:
    services = app.extensions[EXTENSION]
    settings: Settings = replace(services.settings, **changes)
    return create_app(settings, open_index=services.engine).test_client()


def test_every_link_stays_below_the_path(archive_app: Flask) -> None:
    found = crawl(fetch_with(mounted(archive_app, base_url=f"{SITE}/a/b")), f"{SITE}/a/b")
    assert len(found) > 100
    assert {url for url, status in found.items() if status >= 400} == {f"{SITE}/a/b/missing"}, found


def test_a_trusted_proxy_may_name_the_path(archive_app: Flask) -> None:
    client = mounted(archive_app, proxies=1, trusted_hosts=("archive.example",))
    found = crawl(fetch_with(client, **{"X-Forwarded-Prefix": "/news"}), f"{SITE}/news", most=60)
    assert {url for url, status in found.items() if status >= 400} == {f"{SITE}/news/missing"}


@pytest.mark.parametrize("prefix", ["/a//b", "https://evil.example", "/<b>", "/a b"])
def test_a_path_that_no_proxy_names_is_refused(archive_app: Flask, prefix: str) -> None:
    client = mounted(archive_app, proxies=1)
    answer = client.get("/", headers={"X-Forwarded-Prefix": prefix})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_the_header_counts_for_nothing_without_a_proxy_or_with_a_base_url(archive_app: Flask) -> None:
    headers = {"X-Forwarded-Prefix": "/news"}
    assert "/news" not in mounted(archive_app).get("/", headers=headers).text
    at_root = mounted(archive_app, proxies=1, base_url=SITE).get("/", headers=headers, base_url=SITE)
    assert at_root.status_code == 200
    assert "/news" not in at_root.text


@pytest.mark.parametrize("path", ["/a/b/search?q=harbour", "/search?q=harbour"])
def test_the_proxy_may_keep_the_path_or_remove_it(archive_app: Flask, path: str) -> None:
    client = mounted(archive_app, base_url=f"{SITE}/a/b")
    page = client.get(path, base_url=SITE)
    assert page.status_code == 200
    assert 'action="/a/b/search"' in page.text


def test_pages_of_one_process_under_two_paths_do_not_mix(archive_app: Flask) -> None:
    client = mounted(archive_app, proxies=1)
    for prefix in ("/one", "/two", ""):
        found = crawl(fetch_with(client, **{"X-Forwarded-Prefix": prefix}), f"http://localhost{prefix}", most=30)
        assert len(found) == 30


def test_ids_of_feeds_do_not_depend_on_the_path(archive_app: Flask) -> None:
    ids = [
        re.findall(
            "<id>(.*?)</id>", mounted(archive_app, base_url=base).get("/search.atom?q=harbour", base_url=SITE).text
        )
        for base in (SITE, f"{SITE}/a/b")
    ]
    assert ids[0] == ids[1] != []


def test_the_reader_whom_a_trusted_proxy_names_is_shown(archive_app: Flask) -> None:
    headers = {"X-Remote-User": "Zoë <b>Ødegård</b>".encode().decode("latin-1")}
    shown = mounted(archive_app, proxies=1, user_header="X-Remote-User").get("/", headers=headers)
    assert "Signed in as Zoë &lt;b&gt;Ødegård&lt;/b&gt;" in shown.text
    assert shown.headers["Cache-Control"].startswith("private")
    for changes in ({"proxies": 0, "user_header": "X-Remote-User"}, {"proxies": 1}):
        assert "Signed in" not in mounted(archive_app, **changes).get("/", headers=headers).text
    assert "Signed in" not in mounted(archive_app, proxies=1, user_header="X-Remote-User").get("/").text


class TestSocket:
    """Address of a server on a Unix socket."""

    def test_a_new_path_is_taken_as_it_is(self, tmp_path: Path) -> None:
        assert free_address(Settings(socket=tmp_path / "s")) == tmp_path / "s"

    def test_a_file_is_left_as_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "s").write_text("Mine.")
        with pytest.raises(AddressUnavailable, match="is no socket"):
            free_address(Settings(socket=tmp_path / "s"))
        assert (tmp_path / "s").read_text() == "Mine."

    def test_the_socket_of_a_server_that_was_killed_is_replaced(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "s"))
        assert free_address(Settings(socket=tmp_path / "s")) == tmp_path / "s"
        assert not (tmp_path / "s").exists()

    def test_that_of_a_running_server_is_not(self, tmp_path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "s"))
            server.listen(1)
            with pytest.raises(AddressUnavailable, match="another server listens"):
                free_address(Settings(socket=tmp_path / "s"))
        assert (tmp_path / "s").exists()

    def test_a_folder_that_is_missing_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(AddressUnavailable, match="its folder is missing"):
            free_address(Settings(socket=tmp_path / "none" / "s"))


NGINX = """
{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location /a/b/ {{
      proxy_pass http://unix:{socket}{stripped};
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      {more}
    }}
  }}
}}
"""
CADDY = """
{{
  admin off
  auto_https off
}}
http://127.0.0.1:{port} {{
  handle /a/b* {{
    reverse_proxy unix/{socket}
  }}
}}
"""


def required(program: str) -> str:
    path = shutil.which(program)
    if path is None and os.environ.get("BACKFILE_REQUIRE_PROXIES") == "1":
        pytest.fail(f"BACKFILE_REQUIRE_PROXIES is 1, but there is no {program}")
    if path is None:
        pytest.skip(f"no {program} on this machine")
    return path


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Starts programs, and stops them after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*command: str) -> None:
        environment = os.environ | {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
        running.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, cwd=tmp_path))

    yield start
    for process in running:
        process.terminate()
        process.wait(TIMEOUT)


def fetch_over_http(url: str) -> tuple[int, str, str]:
    try:
        answer = urlopen(url, timeout=TIMEOUT)
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers["Content-Type"], answer.read().decode("utf-8", "replace")


def answers(url: str) -> bool:
    try:
        return fetch_over_http(url)[0] == 200
    except OSError:
        return False


@pytest.mark.long
@pytest.mark.parametrize("proxy", ["nginx that keeps the path", "nginx that removes it", "caddy"])
def test_behind_a_real_proxy_on_a_socket(
    serve: Callable[..., Server], run: Callable[..., None], tmp_path: Path, proxy: str
) -> None:
    program, path, port = required(proxy.split(maxsplit=1)[0]), tmp_path / "backfile.sock", free_port("127.0.0.1", 0)
    removes = "removes" in proxy
    root = f"http://127.0.0.1:{port}/a/b"
    known = ("--proxies", "1") if removes else ("--base-url", root)
    server = serve("--socket", str(path), "--workers", "2", *known)
    more = "proxy_set_header X-Forwarded-Prefix /a/b;" if removes else ""
    user = "user root;" if os.geteuid() == 0 else ""
    values = {
        "user": user,
        "folder": tmp_path,
        "port": port,
        "socket": path,
        "stripped": ":/" if removes else "",
        "more": more,
    }
    configuration = tmp_path / "proxy.conf"
    if program.endswith("nginx"):
        configuration.write_text(NGINX.format(**values))
        run(program, "-p", str(tmp_path), "-c", str(configuration))
    else:
        configuration.write_text(CADDY.format(**values))
        run(program, "run", "--adapter", "caddyfile", "--config", str(configuration))
    eventually(lambda: answers(root + "/"))
    found = crawl(fetch_over_http, root, most=250)
    assert len(found) == 250
    assert {url for url, status in found.items() if status >= 400} == {f"{root}/missing"}
    assert server.stop() == 0
    assert not path.exists()
