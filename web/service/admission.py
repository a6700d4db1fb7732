"""Admission of requests: few expensive searches and downloads at a time, so that cheap requests need not wait."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from threading import BoundedSemaphore
from typing import Any

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import ServiceUnavailable

SEARCHES = 2  # expensive searches that a process carries out at the same time
MAX_WAITING = 20  # expensive searches that wait for their turn
MAX_WAIT = 2.0  # seconds
DOWNLOADS = 2  # exports and large pictures at the same time
MAX_BUFFERED = 1_000_000  # bytes of a body that is handed to the server whole; longer ones are sent piece by piece
PIECE = 64 * 1024  # bytes
RETRY_AFTER = 5  # seconds

EXTENSION = "backfile.admission"
EXPENSIVE = ("copies", "why")  # blueprints whose pages are, whatever their arguments
CHEAP_WORDS = 3
CHEAP_DEPTH = 200  # hits up to the end of the page
_CHEAP_WORD = re.compile(r"[^\W\u0e00-\U0010ffff]{2,40}")  # no operators, no scripts without spaces


class Admission:
    """Limits of one process; `enter` methods raise `ServiceUnavailable` beyond them."""

    def __init__(self) -> None:
        self._admitted = BoundedSemaphore(SEARCHES + MAX_WAITING)
        self._searches = BoundedSemaphore(SEARCHES)
        self._downloads = BoundedSemaphore(DOWNLOADS)

    def enter_search(self) -> None:
        """Waits for the turn of an expensive search."""
        if not self._admitted.acquire(blocking=False):
            raise ServiceUnavailable(retry_after=RETRY_AFTER)
        if not self._searches.acquire(timeout=MAX_WAIT):
            self._admitted.release()
            raise ServiceUnavailable(retry_after=RETRY_AFTER)

    def leave_search(self) -> None:
        """Ends an expensive search."""
        self._searches.release()
        self._admitted.release()

    def enter_download(self) -> Download:
        """Begins a download."""
        if not self._downloads.acquire(blocking=False):
            raise ServiceUnavailable(retry_after=RETRY_AFTER)
        return Download(self._downloads)


class Download:
    """Share of one download; ends when the body of its response was sent or cancelled, or by `close`."""

    def __init__(self, downloads: BoundedSemaphore) -> None:
        self._downloads = downloads
        self._open = True

    def close(self) -> None:
        """Ends the download; harmless when called twice."""
        if self._open:
            self._open = False
            self._downloads.release()

    __del__ = close

    def hold(self, response: Response) -> Response:
        """Ends the download with the body of a response."""
        response.response = _Body(response.response, self)
        return response

    def send(self, body: bytes, mimetype: str) -> Response:
        """Response with a body; a long one is sent piece by piece, and the download ends with it.

        The length is always declared, so that a transfer that breaks off does not look complete.
        """
        if len(body) <= MAX_BUFFERED:
            self.close()
            return Response(body, content_type=mimetype)
        pieces = (body[start : start + PIECE] for start in range(0, len(body), PIECE))
        response = Response(pieces, content_type=mimetype)
        response.content_length = len(body)
        return self.hold(response)


class _Body:
    """Body of a response that ends a download when the server closes it."""

    def __init__(self, body: Any, download: Download) -> None:
        self._body, self._download = body, download

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        if hasattr(self._body, "close"):
            self._body.close()
        self._download.close()


def register_admission(app: Flask) -> None:
    """Makes expensive searches of the application wait for their turn, or refuses them with 503."""
    app.extensions[EXTENSION] = Admission()
    app.before_request(_enter)
    app.teardown_request(_leave)


def admission() -> Admission:
    """Admission of the application that handles the current request."""
    found: Admission = current_app.extensions[EXTENSION]
    return found


def is_cheap(arguments: Mapping[str, str]) -> bool:
    """Whether a search is cheap by its plan: at most three words without operators, on one of the first pages.

    A quotation (`text`) takes several searches.
    """
    words = arguments.get("q", "").split()
    if "view" in arguments or "sample" in arguments:  # texts are read
        return False
    page, per_page = arguments.get("page", "1"), arguments.get("per_page", "10")
    depth = 0
    with suppress(ValueError):
        depth = int(page[:6]) * int(per_page[:6])
    return (
        not arguments.get("text")
        and len(words) <= CHEAP_WORDS
        and depth <= CHEAP_DEPTH
        and all(map(_CHEAP_WORD.fullmatch, words))
    )


def _enter() -> None:
    """Only requests with a query or deep in a list are searches that can be expensive; exports are downloads."""
    arguments = request.args.to_dict() | {"q": " ".join(request.args.getlist("q"))}  # trends have several
    is_expensive = request.blueprint in EXPENSIVE or request.endpoint == "api.lines" or not is_cheap(arguments)
    if is_expensive and (request.blueprint or "export") != "export":
        admission().enter_search()
        g.admitted = True


def _leave(error: BaseException | None = None) -> None:
    if g.pop("admitted", False):
        admission().leave_search()
