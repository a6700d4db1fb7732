"""What a reader is told when something goes wrong: each error class mapped once to a status and a heading."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from archive import errors as archive_errors
from index import errors as index_errors
from web.arguments import read_arguments

RETRY_AFTER = "30"


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP status of an error and the heading of its page."""

    status: int
    heading: str


TABLE: dict[type[archive_errors.BackfileError], Answer] = {
    archive_errors.BackfileError: Answer(500, "Something went wrong here"),
    archive_errors.ArchiveError: Answer(500, "The archive could not be read"),
    archive_errors.LibraryMissing: Answer(503, "The archive is not there at the moment"),
    archive_errors.LibrarySettingsInvalid: Answer(500, "The archive’s settings cannot be understood"),
    archive_errors.ArticleNotFound: Answer(404, "There is no such article"),
    archive_errors.ArticleUnreadable: Answer(500, "This article cannot be read"),
    archive_errors.FrontMatterInvalid: Answer(500, "This article cannot be read"),
    index_errors.SearchError: Answer(500, "The search went wrong"),
    index_errors.QueryRefused: Answer(400, "This search asks for too much"),
    index_errors.DeadlineExceeded: Answer(503, "This search took too long and was stopped"),
    index_errors.IndexUnusable: Answer(503, "The index cannot be used at the moment"),
    index_errors.IndexLocked: Answer(503, "The index is being written at the moment"),
    index_errors.CacheFolderRefused: Answer(500, "The folder of the index cannot be used"),
}

PAGES = {
    400: ("This request cannot be understood", "The address does not have the form that this archive understands."),
    404: (
        "There is no such page",
        "Nothing in this archive has this address. It may have been moved, or the address may have been cut short.",
    ),
    405: ("This archive can only be read", "Nothing can be sent to it or changed through the web."),
    413: ("This request is too large", "More was sent with it than this archive takes."),
    414: ("This address is too long", "Ask with fewer words or fewer filters."),
    500: ("Something went wrong here", "It is not your fault. The archive’s keeper finds the reason in the log."),
}


def answer_for(error_class: type[BaseException]) -> Answer:
    """The answer for an error class: its own line of the table, or that of its nearest ancestor there."""
    return next(TABLE[each] for each in error_class.__mro__ if each in TABLE)


def register_errors(app: Flask) -> None:
    """Makes every error of Backfile, of HTTP and of the program a page, or JSON below `/api` and at `/health`."""
    app.register_error_handler(archive_errors.BackfileError, _backfile_error)
    app.register_error_handler(HTTPException, _http_error)


def _backfile_error(error: archive_errors.BackfileError) -> Response:
    answer = answer_for(type(error))
    response = _page(answer.status, answer.heading, str(error), error.hint)
    if answer.status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _http_error(error: HTTPException) -> Response | HTTPException:
    if isinstance(error, RequestRedirect) or error.code is None:
        return error
    known_heading, known_message = PAGES.get(error.code, (error.name, ""))
    own_message = error.description if isinstance(error, PageMissing) else None
    response = _page(error.code, known_heading, own_message or known_message, "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def as_sentence(text: str) -> str:
    """A message of the program, which begins small and has no full stop, as a sentence of a page."""
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")


class PageMissing(HTTPException):
    """A page that is not there, with our own words why."""

    code = 404


def _page(status: int, heading: str, message: str, hint: str) -> Response:
    if request.path.startswith("/api/") or request.path == "/health":
        response = jsonify({"error": {"status": status, "heading": heading, "message": message, "hint": hint}})
    else:
        arguments = read_arguments(request.args)
        said = {"message": as_sentence(message), "hint": as_sentence(hint)}
        html = render_template("error.html", heading=heading, arguments=arguments, **said)
        response = make_response(html)
    response.status_code = status
    return response
