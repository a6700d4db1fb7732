"""Connections of odd clients: HTTP/2, upgrades, silence, requests that never end. None is held for ever."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest
from server_process import Server, fetch

from backfile.web.server.granian_server import HEADER_TIMEOUT

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
HEADERS = bytes([0, 0, 13, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x04, 7]) + b"/health" + bytes([0x41, 0])
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
HELD = HEADER_TIMEOUT / 1_000 + 20  # seconds; some for a busy machine

# Bytes that a client sends, and how its answer begins.
CLIENTS = {
    "HTTP/2": (PREFACE + SETTINGS + HEADERS, b""),
    "HTTP/2, preface only": (PREFACE, b""),
    "half a preface": (PREFACE[:9], b""),
    "many settings": (PREFACE + SETTINGS * 10_000, b""),
    "many streams": (PREFACE + SETTINGS + HEADERS * 10_000, b""),
    "silence": (b"", b""),
    "half a request": (b"GET / HT", b""),
    "half a header": (b"GET /health HTTP/1.1\r\nHost: 127.0", b""),
    "upgrade to HTTP/2": (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE + b"\r\n", b"HTTP/1.1 200 OK\r\n"),
    "upgrade to a socket": (
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        b"HTTP/1.1 400 ",
    ),
    "no second request": (b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n"),
    "TLS": (bytes.fromhex("16030100c8010000c40303") + bytes(200), b"HTTP/1.1 400 Bad Request\r\n"),
    "another protocol": (b"EHLO example.org\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
    "an older version": (b"GET /health HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", b"HTTP/1.0 200 OK\r\n"),
    "a later version": (b"GET /health HTTP/3.0\r\nHost: 127.0.0.1\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
}


def received_until_closed(client: socket.socket, until: float) -> bytes:
    """All that a server sends before it closes the connection; fails if that is after `until`."""
    received = b""
    while True:
        client.settimeout(max(until - time.monotonic(), 0.1))
        try:
            part = client.recv(1 << 16)
        except ConnectionResetError:
            return received
        if not part:
            return received
        received += part


def begun(port: int, sent: bytes) -> socket.socket:
    """Connection on which some bytes were sent, or the first of them if the server refused the rest."""
    client = socket.create_connection(("127.0.0.1", port), timeout=HELD)
    with suppress(ConnectionError):
        client.sendall(sent)
    return client


@pytest.mark.long
def test_no_connection_is_held_for_ever(serve: Callable[..., Server]) -> None:
    server = serve()
    with ExitStack() as stack:
        clients = {name: stack.enter_context(begun(server.port, sent)) for name, (sent, _) in CLIENTS.items()}
        silent = [stack.enter_context(begun(server.port, b"")) for _ in range(300)]
        until = time.monotonic() + HELD
        assert json.loads(fetch(f"{server.url}health"))["status"] == "ok"
        received = {name: received_until_closed(client, until) for name, client in clients.items()}
        assert {name: data[: len(CLIENTS[name][1]) or 40] for name, data in received.items()} == {
            name: beginning for name, (_, beginning) in CLIENTS.items()
        }
        assert all(received_until_closed(client, until) == b"" for client in silent)
    assert json.loads(fetch(f"{server.url}health"))["status"] == "ok"
    assert server.stop() == 0
