from __future__ import annotations

import gzip
import ipaddress
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT

from backfile.archive.importers.sources import fetching
from backfile.archive.importers.sources.fetching import Fetcher, NotFetched, is_public
from backfile.cli.main import run

CLOSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.254 127.0.0.1 127.0.0.2 127.1.2.3 127.255.255.254
169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.254 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1
192.168.0.1 192.168.255.254 198.18.0.1 198.19.255.254 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1
255.255.255.255 100.100.100.200 168.63.129.16 :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254
::ffff:192.168.1.1 ::ffff:0.0.0.0 ::127.0.0.1 ::10.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::a00:1
64:ff9b:1::7f00:1 2002:7f00:1:: 2002:a00:1:: 2002:c0a8:101:: 2002:a9fe:a9fe:: 2001::1 2001:0:7f00:1::1 2001:db8::1
fc00::1 fd00:ec2::254 fdff::1 fe80::1 fe80::ffff fec0::1 ff02::1 ff05::1:3 100::1 5f00::1
"""
OPEN = """
8.8.8.8 1.1.1.1 93.184.216.34 100.63.255.255 100.128.0.1 172.32.0.1 2606:4700::1111 2001:4860:4860::8888
::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::
"""


@pytest.mark.parametrize("address", CLOSED.split())
def test_non_public_addresses_are_rejected(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", OPEN.split())
def test_public_addresses_are_accepted(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


class Site:
    """HTTP server on loopback: `pages` maps paths to status, headers and body; `requests` are path and headers."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append((self.path, dict(self.headers)))
                status, headers, body = site.pages.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: Any) -> None:
                """Logs nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    yield running
    running.close()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def fetcher(pauses: list[float]) -> Fetcher:
    return Fetcher(allow_private=True, contact="https://harbour.example/about", sleep=pauses.append)


SPELLINGS = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "localhost", "LOCALHOST.", "[::1]",
             "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
             "127.0.0.1."]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_localhost_is_connected_to(site: Site, host: str) -> None:
    with pytest.raises(NotFetched):
        Fetcher()(f"http://{host}:{site.server.server_port}/")
    assert site.requests == []


@pytest.mark.parametrize(
    "url",
    ["ftp://a.example/", "file:///etc/passwd", "gopher://a.example/", "data:text/html,x", "//a.example", "a.example",
     "http://", "http:///x", "http://user:pw@a.example/", "http://a.example:0/", "http://a.example:99999/",
     "http://a.example/\r\nX: 1", "http://a.example\\@b.example/", "javascript:alert(1)", "http://[::1", ""],
)  # fmt: skip
def test_invalid_urls_are_refused_before_dns_resolution(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("resolved"))
    with pytest.raises(NotFetched):
        Fetcher()(url)


def test_a_host_with_one_non_public_address_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("127.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(NotFetched, match=r"127\.0\.0\.1 is no address of the open internet"):
        Fetcher()("http://rebinding.example/")


def test_a_host_is_resolved_once_and_that_address_is_connected_to(
    site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    port = site.server.server_port

    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    site.pages["/a"] = (200, {"Content-Type": "text/html"}, b"page")
    fetcher.honour_robots = False
    assert fetcher(f"http://harbour.example:{port}/a").body == b"page"
    assert [host for host in asked if host != "127.0.0.1"] == ["harbour.example"]
    assert site.requests[0][1]["Host"] == f"harbour.example:{port}"


def test_a_response_has_its_content_type_and_the_request_a_user_agent(site: Site, fetcher: Fetcher) -> None:
    site.pages["/a?b=1"] = (200, {"Content-Type": "text/html; charset=utf-8"}, b"<p>page")
    answer = fetcher(f"{site.url}/a?b=1#part")
    assert (answer.url, answer.content_type, answer.body) == (
        f"{site.url}/a?b=1", "text/html; charset=utf-8", b"<p>page",
    )  # fmt: skip
    assert site.requests[-1][1]["User-Agent"].startswith("Backfile/")
    assert "https://harbour.example/about" in site.requests[-1][1]["User-Agent"]


def test_the_contact_setting_is_in_the_user_agent(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS_BETWEEN_REQUESTS", 0.0)
    site.pages["/a.txt"] = (200, {"Content-Type": "text/plain"}, b"Ferry\n\nThe ferry left late again.\n")
    arguments = ["--library", str(tmp_path), "--no-index", "--allow-private", "--contact", "mailto:edna@post.example"]
    assert run(["import", f"{site.url}/a.txt", *arguments]) == 0
    assert {asked[1]["User-Agent"].partition(" ")[2] for asked in site.requests} == {"(+mailto:edna@post.example)"}
    assert fetching.user_agent("a\r\nCookie: b").count("\n") == 0


def test_five_redirects_are_followed_and_not_six(site: Site, fetcher: Fetcher) -> None:
    for number in range(6):
        site.pages[f"/{number}"] = (302, {"Location": f"/{number + 1}"}, b"")
    site.pages["/6"] = (200, {}, b"end")
    assert fetcher(f"{site.url}/1").body == b"end"
    with pytest.raises(NotFetched, match="more than 5 redirects"):
        fetcher(f"{site.url}/0")


@pytest.mark.parametrize("target", ["http://127.0.0.1:{port}/in", "file:///etc/passwd", "http://169.254.169.254/"])
def test_redirects_are_checked_like_first_requests(
    site: Site, target: str, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    monkeypatch.setattr(fetching, "is_public", lambda address: monkey_public(str(address)))
    seen: list[str] = []

    def monkey_public(address: str) -> bool:
        seen.append(address)
        return len(seen) == 1

    site.pages["/"] = (302, {"Location": target.format(port=site.server.server_port)}, b"")
    with pytest.raises(NotFetched):
        Fetcher(honour_robots=False, sleep=pauses.append)(f"{site.url}/")
    assert [path for path, _ in site.requests] == ["/"]


def test_sizes_are_limited_on_the_wire_and_decompressed(
    site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 200_000)
    site.pages["/bomb"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(5_000_000)))
    site.pages["/long"] = (200, {}, bytes(300_000))
    site.pages["/fine"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"fine"))
    for path in ("/bomb", "/long"):
        with pytest.raises(NotFetched, match="is larger than"):
            fetcher(site.url + path)
    assert fetcher(f"{site.url}/fine").body == b"fine"


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip"])
def test_other_content_encodings_are_refused(site: Site, fetcher: Fetcher, coding: str) -> None:
    site.pages["/"] = (200, {"Content-Encoding": coding}, b"x")
    with pytest.raises(NotFetched, match="is packed as"):
        fetcher(f"{site.url}/")


def test_robots_txt_is_honoured(site: Site, fetcher: Fetcher) -> None:
    site.pages["/robots.txt"] = (
        200,
        {},
        b"User-agent: Backfile\nDisallow: /b/\n",
    )
    site.pages["/a"] = site.pages["/b/x"] = (200, {}, b"page")
    assert fetcher(f"{site.url}/a").body == b"page"
    with pytest.raises(NotFetched, match=r"robots\.txt"):
        fetcher(f"{site.url}/b/x")


def test_a_site_whose_robots_txt_fails_is_not_fetched(site: Site, fetcher: Fetcher) -> None:
    site.pages["/robots.txt"] = (503, {}, b"")
    site.pages["/a"] = (200, {}, b"page")
    with pytest.raises(NotFetched, match=r"robots\.txt"):
        fetcher(f"{site.url}/a")


def test_requests_to_one_host_are_spaced(site: Site, fetcher: Fetcher, pauses: list[float]) -> None:
    site.pages["/a"] = (200, {}, b"page")
    fetcher(f"{site.url}/a")
    fetcher(f"{site.url}/a")
    assert len(pauses) == 1
    assert 0 < pauses[0] <= 1


def test_proxies_of_the_environment_are_not_used(site: Site, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    site.pages["/a"] = (200, {}, b"page")
    assert fetcher(f"{site.url}/a").body == b"page"


@pytest.mark.parametrize("status", [403, 404, 410, 500])
def test_error_statuses_are_reported(site: Site, fetcher: Fetcher, status: int) -> None:
    site.pages["/a"] = (status, {}, b"no")
    with pytest.raises(NotFetched, match=f"answers {status}"):
        fetcher(f"{site.url}/a")


def test_a_refused_connection_is_reported(site: Site, fetcher: Fetcher) -> None:
    url = site.url
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    with pytest.raises(NotFetched, match="127"):
        fetcher(url)


BAD_ADDRESSES = ["http://[v1.a]/", "http://[::1", "http://a.example:\uff11\uff12/", "http://\ud800.example/", "http://a\x00b/",
                 "http://a b.example/", f"http://{'a' * 10_000}.example/", f"http://{'a.' * 5_000}example/",
                 "http://xn--\u00e9.example/", "http://\u2100.example/", "http://a.example:9" + "9" * 5_000 + "/",
                 "http://a%5B.example/", "http://..example/", "http://%00.example/", "http://[fe80::1%25eth0]/",
                 "http://\u00ad.example/", "http://a.example\uff0f/", "http://[1.2.3.4]/", "http://-/"]  # fmt: skip


@pytest.mark.parametrize("url", BAD_ADDRESSES, ids=range(len(BAD_ADDRESSES)))
def test_any_text_as_an_address_is_not_fetched_and_nothing_else(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_dns(host: str, *_: Any, **__: Any) -> list[Any]:
        host.encode("idna")
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_dns)
    with pytest.raises(NotFetched) as raised:
        Fetcher()(url)
    assert str(raised.value)


def test_a_look_up_that_never_answers_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait() and [])
    monkeypatch.setattr(fetching, "SECONDS_IN_ALL", 0.2)
    try:
        with pytest.raises(NotFetched, match=r"takes longer than 0\.2 seconds"):
            Fetcher()("http://harbour.example/")
    finally:
        answered.set()


@pytest.mark.parametrize("location", ["http://[::1", "http://[v1.a]/", "http://a.example:\u00b2/"])
def test_a_redirect_to_no_address_is_reported(site: Site, fetcher: Fetcher, location: str) -> None:
    site.pages["/a"] = (302, {"Location": location}, b"")
    with pytest.raises(NotFetched):
        fetcher(f"{site.url}/a")


@pytest.mark.parametrize(
    "rule", ["Disallow: //[x", "Crawl-delay: \u00b2", "Request-rate: \u00b2/\u00b2", "Disallow: \x00"]
)
def test_no_robots_txt_ends_more_than_its_own_fetch(site: Site, fetcher: Fetcher, rule: str) -> None:
    site.pages["/robots.txt"] = (200, {}, f"User-agent: *\n{rule}\n".encode())
    site.pages["/a"] = (200, {}, b"page")
    with suppress(NotFetched):
        assert fetcher(f"{site.url}/a").body == b"page"


@pytest.mark.parametrize("kind", ["list", "feed", "saved"])
def test_a_bad_address_is_the_failure_of_its_row_only(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(fetching, "SECONDS_BETWEEN_REQUESTS", 0.0)
    monkeypatch.setattr(fetching, "_shared", lambda *_: Fetcher(allow_private=True, pause=0.0))
    paragraphs = "".join(f"<p>{' '.join(f'word{n} of story {p}' for n in range(40))}</p>" for p in range(4))
    page = f"<html><title>Found</title><article><h1>Found</h1>{paragraphs}</article></html>"
    site.pages["/a"] = (200, {"Content-Type": "text/html"}, page.encode())
    site.pages["/bad"] = (302, {"Location": "http://[::1"}, b"")
    addresses = [
        "http://[v1.a]/",
        f"{site.url}/bad",
        "http://127.0.0.1:\uff11/",
        f"http://{'b' * 5_000}/",
        f"{site.url}/a",
    ]
    if kind == "list":
        (tmp_path / "source.txt").write_text("\n".join(addresses))
    elif kind == "feed":
        items = "".join(f"<item><title>T {n}</title><link>{each}</link><description>Teaser {n} …</description></item>"
                        for n, each in enumerate(addresses))  # fmt: skip
        (tmp_path / "source.xml").write_text(f"<rss version='2.0'><channel><title>F</title>{items}</channel></rss>")
    else:
        rows = "".join(f'"T {n}",{each},1600000000,,unread\n' for n, each in enumerate(addresses))
        (tmp_path / "source.csv").write_text(f"title,url,time_added,tags,status\n{rows}")
    source = str(next(tmp_path.glob("source.*")))
    code = run(["import", source, "--library", str(tmp_path / "library"), "--no-index", "--fetch", "--allow-private"])
    told = capsys.readouterr()
    texts = [path.read_text() for path in (tmp_path / "library").rglob("*.md")]
    assert any("word39 of story 3" in text for text in texts), told
    assert code == (0 if kind == "feed" else 1)
    assert told.err.count("\n") >= 4


@pytest.mark.parametrize("part", ["head", "body", "chunks", "status", "handshake"])
def test_a_server_that_drips_is_left_at_the_deadline(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS_IN_ALL", 0.5)
    head = {"head": b"HTTP/1.1 200 OK\r\nX: ", "body": b"HTTP/1.0 200 OK\r\n\r\n", "status": b"HTTP/1.1 2",
            "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
            "handshake": b"\x16\x03\x03\x3f\xff\x02"}[part]  # fmt: skip
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(4_096)
                connection.sendall(head)
                for _ in range(200):
                    connection.sendall(b"0")
                    time.sleep(0.05)

        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        fetcher = Fetcher(allow_private=True, honour_robots=False)
        with pytest.raises(NotFetched, match=r"takes longer than 0\.5 seconds"):
            fetcher(f"http{'s' * (part == 'handshake')}://127.0.0.1:{server.getsockname()[1]}/")
        assert time.monotonic() - began < 2.5
        thread.join()


def test_only_one_module_calls_functions_that_raise_for_addresses() -> None:
    raising = re.compile(r"\b(?:urlsplit|urlparse|urljoin|urldefrag)\b")
    found = [path for name in ("archive", "index", "web", "cli") for path in sorted((ROOT / name).rglob("*.py"))]
    assert [path.name for path in found if raising.search(path.read_text())] == ["web_addresses.py"]
