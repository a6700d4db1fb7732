"""Request limits and security headers of all responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import cast

from flask import Flask, Response, g, request
from werkzeug.exceptions import MethodNotAllowed, RequestEntityTooLarge, RequestURITooLarge, SecurityError

from backfile.archive.web_addresses import host_of
from backfile.config import SITE_PATH
from backfile.web.service.services import services

METHODS = ("GET", "HEAD")
MAX_BODY = 64 * 1024  # bytes
MAX_URL = 20 * 1024  # characters; a quotation of 2,000 Chinese ones has 18,000, percent-encoded
VALIDATED = ("article.article", "article.markdown", "feeds.atom", "feeds.sitemap", "feeds.sitemap_index")
ASSET_MAX_AGE = 365 * 24 * 3600  # seconds


def content_security_policy(*, remote_images: bool) -> str:
    """Content-Security-Policy of all pages: resources of this server only; remote images if enabled."""
    images = "'self' data: https: http:" if remote_images else "'self' data:"
    return (
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src {images}; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


def register_headers(app: Flask, *, hosts: Sequence[str] | None) -> None:
    """Rejects foreign hosts, methods other than GET and HEAD, and large requests; adds headers to all responses.

    The settings `public` and `remote_images` of the library count as they are at each request. `hosts` are the
    accepted host names, None for any; one with a leading dot includes its subdomains. (Flask's TRUSTED_HOSTS does not
    support IPv6 addresses.)
    """
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    app.before_request(_follow_settings)
    app.before_request(partial(_reject_foreign_host, hosts))
    app.before_request(_reject_odd_prefix)
    app.before_request(_reject_request)
    app.after_request(partial(_add_headers, headers))
    app.after_request(_add_library_headers)
    app.after_request(_set_caching)
    app.after_request(_set_validators)


def _follow_settings() -> None:
    services().follow_settings()


def _reject_odd_prefix() -> None:
    """Rejects a path that no proxy would name; a client may have sent the header X-Forwarded-Prefix."""
    if not SITE_PATH.fullmatch(request.root_path.rstrip("/")):
        request.root_path = ""  # for the links of the error page
        raise SecurityError


def _reject_foreign_host(hosts: Sequence[str] | None) -> None:
    name = host_of(f"//{request.host}")
    if hosts is not None and not any(name == host or (host[0] == "." and name.endswith(host)) for host in hosts):
        raise SecurityError


def _reject_request() -> None:
    if request.method not in METHODS:
        raise MethodNotAllowed(valid_methods=METHODS)
    if (request.content_length or 0) > MAX_BODY:
        raise RequestEntityTooLarge
    if is_url_too_long():
        raise RequestURITooLarge


def is_url_too_long() -> bool:
    """True if the current request is refused for the length of its address, which its page does not repeat then."""
    return len(request.query_string) + len(request.path) > MAX_URL


def _add_headers(headers: Mapping[str, str], response: Response) -> Response:
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response


def _add_library_headers(response: Response) -> Response:
    settings = services().library.settings
    policy = content_security_policy(remote_images=settings.remote_images)
    response.headers.setdefault("Content-Security-Policy", policy)
    if not settings.public or g.get("is_unlisted"):
        response.headers["X-Robots-Tag"] = "noindex"
    return response


def note_last_modified(timestamp: float) -> None:
    """Notes the time (s since 1970) at which what the current request shows was last changed."""
    g.last_modified = datetime.fromtimestamp(max(timestamp, 0.0), UTC)


def _set_validators(response: Response) -> Response:
    """Adds an ETag to articles and feeds, and answers a conditional request for an unchanged one with 304."""
    if request.endpoint in VALIDATED and response.status_code == 200:
        response.add_etag()
        if "last_modified" in g:
            response.last_modified = g.last_modified
        return cast(Response, response.make_conditional(request))
    return response


def _set_caching(response: Response) -> Response:
    """Lets shared caches keep the program's own files, and those made of articles if the library is public."""
    is_public = services().library.settings.public and not services().reader()
    scope = "public" if is_public else "private"
    if request.endpoint == "static" and response.status_code < 400:
        if "v" in request.args and response.status_code in {200, 304}:
            response.headers["Cache-Control"] = f"public, max-age={ASSET_MAX_AGE}, immutable"
        return response
    max_age = response.cache_control.max_age
    response.headers["Cache-Control"] = f"{scope}, " + ("no-cache" if max_age is None else f"max-age={max_age}")
    return response
