"""HTTP client for the pages that a user named, protected against server-side request forgery (SSRF).

Only http and https. A host is resolved once, its address must be public, and the connection goes to that very address,
so that DNS rebinding cannot redirect it. Every redirect is checked like a first request. Times, sizes and redirects are
limited, robots.txt is honoured, requests to one host are spaced, proxies of the environment are not used.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, version
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import SplitResult, urlunsplit
from urllib.robotparser import RobotFileParser

import urllib3
from urllib3.exceptions import DecodeError, HTTPError

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.item import FetchResponse
from backfile.archive.web_addresses import join_address, split_address

MAX_REDIRECTS = 5
MAX_WIRE_BYTES = 20 * 1024 * 1024
MAX_BYTES = 50 * 1024 * 1024
SECONDS_TO_CONNECT = 10.0
SECONDS_BETWEEN_READS = 20.0
SECONDS_IN_ALL = 60.0
SECONDS_BETWEEN_REQUESTS = 1.0

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 64 * 1024
_SHOWN = 300  # characters of an address in a message
_ROBOTS_BYTES = 512 * 1024
_PORTS = {"http": 80, "https": 443}
# Addresses that embed an IPv4 address: NAT64 (RFC 6052, RFC 8215), IPv4-compatible (RFC 4291).
_NAT64 = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48")))
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_CLOSED = tuple(
    map(ipaddress.ip_network, ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
                               "168.63.129.16/32", "fec0::/10", "2001::/32", "5f00::/16"))
)  # fmt: skip

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotFetched(ArchiveError):
    """A URL may not or cannot be fetched."""


def is_public(address: Address) -> bool:
    """Whether an address is public, and so is the IPv4 address embedded in it.

    Public: neither private, loopback, link-local, shared, reserved, multicast nor unspecified (RFC 6890).
    """
    embedded = _embedded_ipv4(address) if isinstance(address, ipaddress.IPv6Address) else None
    if embedded is not None:
        return is_public(embedded)
    if any(address.version == network.version and address in network for network in _CLOSED):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address in _COMPATIBLE or any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


@dataclass(slots=True)
class Fetcher:
    """Fetcher with its own robots.txt cache; `pause` is in seconds, `contact` is part of the User-Agent header."""

    allow_private: bool = False
    contact: str = ""
    pause: float = SECONDS_BETWEEN_REQUESTS
    honour_robots: bool = True
    sleep: Callable[[float], None] = time.sleep
    _last: dict[str, float] = field(default_factory=dict)
    _robots: dict[str, RobotFileParser | None] = field(default_factory=dict)

    def __call__(self, url: str) -> FetchResponse:
        """Fetches a URL. Raises `NotFetched` with the reason, whatever the URL, the server and its robots.txt are."""
        try:
            return self._fetch(url, time.monotonic() + SECONDS_IN_ALL)
        except (ValueError, OSError, HTTPError, HTTPException) as error:
            raise NotFetched(f"{url[:_SHOWN]}: is no address that can be fetched: {error}"[: 2 * _SHOWN]) from error

    def _fetch(self, url: str, deadline: float) -> FetchResponse:
        for _ in range(MAX_REDIRECTS + 1):
            parts = _checked(url)
            if self.honour_robots and not self._may_fetch(parts, deadline):
                raise NotFetched(f"{url}: its robots.txt asks not to fetch it", hint="save the page in a browser")
            self._wait(parts.netloc.lower())
            with self._response(parts, deadline) as response:
                requested = urlunsplit(parts)
                url = _redirect_target(response, requested)
                if not url:
                    return _page(response, requested, deadline)
        raise NotFetched(f"{url}: more than {MAX_REDIRECTS} redirects")

    def _wait(self, host: str) -> None:
        passed = time.monotonic() - self._last.get(host, -self.pause)
        if passed < self.pause:
            self.sleep(self.pause - passed)
        self._last[host] = time.monotonic()

    def _may_fetch(self, parts: SplitResult, deadline: float) -> bool:
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._robots:
            self._robots[site] = self._read_robots(site, deadline)
        rules = self._robots[site]
        return rules is None or rules.can_fetch(user_agent(), urlunsplit(parts))

    def _read_robots(self, site: str, deadline: float) -> RobotFileParser | None:
        """Rules of a site; None if it has none. A server error forbids everything (RFC 9309, 2.3.1)."""
        url = f"{site}/robots.txt"
        rules = RobotFileParser(url)
        for _ in range(MAX_REDIRECTS + 1):
            with self._response(_checked(url), deadline) as response:
                if target := _redirect_target(response, url):
                    url = target
                    continue
                if response.status >= 500:
                    rules.parse(["User-agent: *", "Disallow: /"])
                    return rules
                if response.status != 200:
                    return None
                rules.parse(
                    _read(response, url, deadline, _ROBOTS_BYTES).decode("utf-8", errors="replace").splitlines()
                )
                return rules
        return None

    @contextmanager
    def _response(self, parts: SplitResult, deadline: float) -> Iterator[urllib3.BaseHTTPResponse]:
        """Sends GET for a checked URL to one checked address; the connection is cut at the deadline."""
        url, host = urlunsplit(parts), _ascii_host(parts)
        address = self._resolved(host, _port(parts), url, deadline)
        cut = _ConnectionCut(deadline)
        pool = _pool(parts, host, address, cut)
        try:
            response = pool.request(
                "GET",
                urlunsplit(("", "", parts.path or "/", parts.query, "")),
                headers={"Host": _host_header(parts, host), "User-Agent": user_agent(self.contact),
                         "Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Encoding": "gzip"},
                timeout=urllib3.Timeout(
                    connect=SECONDS_TO_CONNECT,
                    read=max(0.1, min(SECONDS_BETWEEN_READS, deadline - time.monotonic())),
                ),
                redirect=False, retries=False, preload_content=False, decode_content=False,
            )  # fmt: skip
            yield response
            cut.require_time(url)  # a body of unknown length ends where it was cut
        except (HTTPError, OSError, UnicodeError) as error:
            cut.require_time(url)
            reason = "is packed wrongly" if isinstance(error, DecodeError) else str(error).rpartition(": ")[2]
            raise NotFetched(f"{url}: {reason or type(error).__name__}") from error
        finally:
            cut.cancel()
            pool.close()

    def _resolved(self, host: str, port: int, url: str, deadline: float) -> str:
        """First address of a host. Raises `NotFetched` if any of its addresses is not public, and at the deadline."""
        try:
            found = _look_up(host, port, url, deadline)
        except (OSError, UnicodeError) as error:
            raise NotFetched(f"{url}: there is no host {host}") from error
        addresses = [str(each[4][0]).partition("%")[0] for each in found]
        closed = [each for each in addresses if not is_public(ipaddress.ip_address(each))]
        if closed and not self.allow_private:
            raise NotFetched(
                f"{url}: {closed[0]} is no address of the open internet",
                hint="--allow-private lets this machine and its networks be fetched from",
            )
        if not addresses:
            raise NotFetched(f"{url}: there is no host {host}")
        return addresses[0]


def _look_up(host: str, port: int, url: str, deadline: float) -> list[Any]:
    """Addresses of a host. The system's look-up cannot be stopped: beyond the deadline its thread is left to itself."""
    answers: SimpleQueue[list[Any] | OSError | ValueError] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, ValueError) as error:
            answers.put(error)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except Empty:
        raise _too_slow(url) from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _too_slow(url: str) -> NotFetched:
    return NotFetched(f"{url}: takes longer than {SECONDS_IN_ALL:g} seconds")


def fetch(url: str, *, allow_private: bool = False, contact: str = "") -> FetchResponse:
    """Fetches a URL with a shared `Fetcher`. Raises `NotFetched`."""
    return _shared(allow_private, contact)(url)


@cache
def _shared(allow_private: bool, contact: str) -> Fetcher:
    return Fetcher(allow_private=allow_private, contact=contact)


def user_agent(contact: str = "") -> str:
    """Value of the User-Agent header."""
    try:
        number = version("backfile")
    except PackageNotFoundError:  # run from a folder that is not installed
        number = "dev"
    known = " ".join(contact.encode("ascii", "ignore").decode().split())
    return f"Backfile/{number}" + (f" (+{known})" if known else "")


def _checked(url: str) -> SplitResult:
    """Parts of a URL, without its fragment; raises `NotFetched` for a URL that may not be fetched."""
    try:
        parts = split_address(url.strip())
        usable = parts is not None and parts.hostname and parts.port != 0
    except ValueError as error:
        raise NotFetched(f"{url}: is no address: {error}") from error
    if parts is None:
        raise NotFetched(f"{url}: is no address")
    if parts.scheme not in _PORTS:
        raise NotFetched(f"{url}: only http and https are fetched")
    if not usable or parts.username is not None or parts.password is not None or any(c in url for c in "\r\n\t\x00\\"):
        raise NotFetched(f"{url}: is no address that can be fetched")
    path = urllib3.util.parse_url(urlunsplit(parts)).request_uri
    return parts._replace(path=path.partition("?")[0], query=path.partition("?")[2], fragment="")


def _ascii_host(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise NotFetched(f"{host}: is no name of a host") from error


def _port(parts: SplitResult) -> int:
    return parts.port or _PORTS[parts.scheme]


def _host_header(parts: SplitResult, host: str) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if parts.port is None or parts.port == _PORTS[parts.scheme] else f"{name}:{parts.port}"


class _ConnectionCut:
    """Timer that cuts a connection at a deadline: a timeout of the socket begins anew with each byte that comes."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._timer: threading.Timer | None = None
        self._connection: socket.socket | None = None

    def watch(self, connection: socket.socket) -> None:
        """Cuts a connected socket at the deadline, also once TLS has taken it over."""
        self.cancel()
        self._connection = connection.dup()
        self._timer = threading.Timer(max(0.0, self._deadline - time.monotonic()), _cut, (self._connection,))
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """Stops the timer."""
        if self._timer is not None:
            self._timer.cancel()
        if self._connection is not None:
            self._connection.close()

    def require_time(self, url: str) -> None:
        """Raises `NotFetched` if the deadline has passed."""
        if time.monotonic() >= self._deadline:
            raise _too_slow(url)


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # closed already
        connection.shutdown(socket.SHUT_RDWR)


def _pool(parts: SplitResult, host: str, address: str, cut: _ConnectionCut) -> urllib3.HTTPConnectionPool:
    """Connection pool to one address; over TLS the certificate must be that of `host`. Connections are cut by `cut`."""
    pool = urllib3.HTTPConnectionPool(address, _port(parts))
    if parts.scheme == "https":
        pool = urllib3.HTTPSConnectionPool(address, _port(parts), server_hostname=host, assert_hostname=host)
    plain: Any = pool.ConnectionCls

    class WatchedConnection(plain):  # type: ignore[misc]
        """Connection whose socket is cut at the deadline."""

        def _new_conn(self) -> socket.socket:
            """Connects, and starts the timer before the handshake of TLS."""
            connection: socket.socket = super()._new_conn()
            cut.watch(connection)
            return connection

    pool.ConnectionCls = WatchedConnection
    return pool


def _redirect_target(response: urllib3.BaseHTTPResponse, url: str) -> str:
    """URL that a response redirects to; empty if it does not redirect."""
    location = response.headers.get("location")
    if response.status not in _REDIRECTS or not location:
        return ""
    target = join_address(url, location)
    if target is None:
        raise NotFetched(f"{url}: redirects to {location[:_SHOWN]!r}, which is no address")
    return target


def _page(response: urllib3.BaseHTTPResponse, url: str, deadline: float) -> FetchResponse:
    if response.status != 200:
        raise NotFetched(f"{url}: the server answers {response.status} {response.reason or ''}".rstrip())
    return FetchResponse(url, response.headers.get("content-type", ""), _read(response, url, deadline, MAX_BYTES))


def _read(response: urllib3.BaseHTTPResponse, url: str, deadline: float, limit: int) -> bytes:
    """Decompressed body of a response. Raises `NotFetched` as soon as a limit is passed."""
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip", "x-gzip"):
        raise NotFetched(f"{url}: is packed as {packed}, which was not asked for")
    unpacker = zlib.decompressobj(wbits=31) if packed.endswith("gzip") else None
    chunks: list[bytes] = []
    wire = size = 0
    for chunk in response.stream(_CHUNK, decode_content=False):
        wire += len(chunk)
        try:
            piece = unpacker.decompress(chunk, limit + 1 - size) if unpacker else chunk
        except zlib.error as error:
            raise NotFetched(f"{url}: is packed wrongly: {error}") from error
        size += len(piece)
        chunks.append(piece)
        if wire > MAX_WIRE_BYTES or size > limit:
            raise NotFetched(f"{url}: is larger than {min(MAX_WIRE_BYTES, limit) >> 10:,} KB")
        if time.monotonic() > deadline:
            raise _too_slow(url)
    return b"".join(chunks)
