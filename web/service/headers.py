"""What holds for every answer: only GET and HEAD, bounded requests, and the headers that keep readers safe."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge, RequestURITooLarge, SecurityError

METHODS = ("GET", "HEAD")
MAX_BODY = 64 * 1024
MAX_URL = 16 * 1024
A_YEAR = 365 * 24 * 3600


def content_security_policy(*, remote_images: bool) -> str:
    """The policy of every page: nothing but this server's own files; images from elsewhere only when asked for."""
    images = "'self' data: https: http:" if remote_images else "'self' data:"
    return (
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src {images}; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def register_headers(app: Flask, *, hosts: Sequence[str] | None, public: bool, remote_images: bool) -> None:
    """Refuses what no page needs before anything runs, and gives every answer, errors included, its headers.

    `hosts` are the names the server answers to, None for any; one that begins with a dot stands for all below it.
    (Flask's own TRUSTED_HOSTS cannot hold an IPv6 address.)
    """

    def refuse_foreign_names() -> None:
        name = urlsplit(f"//{request.host}").hostname or ""
        if hosts is not None and not any(name == host or (host[0] == "." and name.endswith(host)) for host in hosts):
            raise SecurityError

    fixed = {
        "Content-Security-Policy": content_security_policy(remote_images=remote_images),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if not public:
        fixed["X-Robots-Tag"] = "noindex"

    def add_headers(response: Response) -> Response:
        for name, value in fixed.items():
            response.headers.setdefault(name, value)
        if request.endpoint == "static" and "v" in request.args and response.status_code in {200, 304}:
            response.headers["Cache-Control"] = f"public, max-age={A_YEAR}, immutable"
        elif "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-cache"
        return response

    app.before_request(refuse_foreign_names)
    app.before_request(_refuse)
    app.after_request(add_headers)


def _refuse() -> None:
    if request.method not in METHODS:
        raise MethodNotAllowed(valid_methods=METHODS)
    if (request.content_length or 0) > MAX_BODY:
        raise RequestEntityTooLarge
    if len(request.query_string) + len(request.path) > MAX_URL:
        raise RequestURITooLarge
