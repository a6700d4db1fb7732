"""HTTP server on loopback that answers as it is told, in the place of a cluster."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

INFO = {"version": {"distribution": "opensearch", "number": "3.9.0"}}
Answer = tuple[int, object]


class ScriptedServer(ThreadingHTTPServer):
    """Server that gives `answers` in turn and then `INFO` for ever; it keeps the requests and their headers."""

    daemon_threads = True

    def __init__(self, answers: list[Answer], tls: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.requests = list(answers), []  # type: ignore[var-annotated]
        self.scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a client that went away or did not trust us."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        status, content = self.server.answers.pop(0) if self.server.answers else (200, INFO)
        text = content if isinstance(content, str) else json.dumps(content)
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if isinstance(content, str) else "application/json")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _answer  # noqa: N815 - names of the base class

    def log_message(self, *_: object) -> None:
        """Writes nothing to stderr."""


@contextmanager
def answering(*answers: Answer, tls: Path | None = None) -> Iterator[ScriptedServer]:
    """Server that gives these answers in turn."""
    with ScriptedServer(list(answers), tls) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def failure(kind: str, reason: str) -> dict[str, object]:
    """Body of an error, as OpenSearch writes it."""
    cause = {"type": kind, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}}
