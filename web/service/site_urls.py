"""URLs of the archive's own pages as a browser requests them: below the path that a proxy serves the archive under."""

from __future__ import annotations

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import has_request_context, request

from backfile.index.serialising import article_path, facet_path


def site_path(path: str) -> str:
    """Path of a page as a browser requests it: `/archive/search` for `/search` if the archive is served there."""
    return request.script_root + path if has_request_context() else path


def article_url(article_id: str) -> str:
    """URL of an article's page."""
    return site_path(article_path(article_id))


def cite_url(article_id: str) -> str:
    """URL of the citations of an article, to which the ending of a format is added."""
    return article_url(article_id).replace("/article/", "/cite/", 1)


def facet_url(facet: str, value: str) -> str:
    """URL of the page of an author or a topic."""
    return site_path(facet_path(facet, value))


class MountedApplication:
    """WSGI application served below a path such as `/archive`, whether or not the proxy removes it from requests."""

    def __init__(self, application: WSGIApplication, path: str) -> None:
        self._application = application
        self._path = path

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Moves the path from PATH_INFO to SCRIPT_NAME (PEP 3333)."""
        requested = environ.get("PATH_INFO", "")
        if requested == self._path or requested.startswith(self._path + "/"):
            environ["PATH_INFO"] = requested[len(self._path) :] or "/"
        environ["SCRIPT_NAME"] = self._path
        return self._application(environ, start_response)
