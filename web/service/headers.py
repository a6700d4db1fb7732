"""Request limits and security headers of all responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from flask import Flask, Response, request
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge, RequestURITooLarge, SecurityError

from backfile.archive.web_addresses import host_of

METHODS = ("GET", "HEAD")
MAX_BODY = 64 * 1024  # bytes
MAX_URL = 16 * 1024  # characters
ASSET_MAX_AGE = 365 * 24 * 3600  # seconds


def content_security_policy(*, remote_images: bool) -> str:
    """Content-Security-Policy of all pages: resources of this server only; remote images if enabled."""
    images = "'self' data: https: http:" if remote_images else "'self' data:"
    return (
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src {images}; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def register_headers(app: Flask, *, hosts: Sequence[str] | None, public: bool, remote_images: bool) -> None:
    """Rejects foreign hosts, methods other than GET and HEAD, and large requests; adds headers to all responses.

    `hosts` are the accepted host names, None for any; one with a leading dot includes its subdomains. (Flask's
    TRUSTED_HOSTS does not support IPv6 addresses.)
    """
    headers = {
        "Content-Security-Policy": content_security_policy(remote_images=remote_images),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if not public:
        headers["X-Robots-Tag"] = "noindex"
    app.before_request(partial(_reject_foreign_host, hosts))
    app.before_request(_reject_request)
    app.after_request(partial(_add_headers, headers))
    app.after_request(partial(_set_caching, "public" if public else "private"))


def _reject_foreign_host(hosts: Sequence[str] | None) -> None:
    name = host_of(f"//{request.host}")
    if hosts is not None and not any(name == host or (host[0] == "." and name.endswith(host)) for host in hosts):
        raise SecurityError


def _reject_request() -> None:
    if request.method not in METHODS:
        raise MethodNotAllowed(valid_methods=METHODS)
    if (request.content_length or 0) > MAX_BODY:
        raise RequestEntityTooLarge
    if len(request.query_string) + len(request.path) > MAX_URL:
        raise RequestURITooLarge


def _add_headers(headers: Mapping[str, str], response: Response) -> Response:
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


def _set_caching(scope: str, response: Response) -> Response:
    """Lets shared caches keep the program's own files, and responses made of articles if `scope` is `public`."""
    if request.endpoint == "static" and response.status_code < 400:
        if "v" in request.args and response.status_code in {200, 304}:
            response.headers["Cache-Control"] = f"public, max-age={ASSET_MAX_AGE}, immutable"
        return response
    max_age = response.cache_control.max_age
    response.headers["Cache-Control"] = f"{scope}, " + ("no-cache" if max_age is None else f"max-age={max_age}")
    return response
