"""What a reader is told when something goes wrong: each error class mapped once to a status and a heading."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from backfile.archive import errors as archive_errors
from backfile.config import SOURCE_LANGUAGE
from backfile.index import errors as index_errors
from backfile.web.service.arguments import read_arguments
from backfile.web.service.i18n import gettext, noted
from backfile.web.service.ui_language import FOR_PROGRAMS, speech

RETRY_AFTER = "30"


@dataclass(frozen=True, slots=True)
class Answer:
    """The HTTP status of an error, the heading of its page, and what readers are told instead of its own message.

    The other messages are for the archive's keeper, and in English, as on the command line.
    """

    status: int
    heading: str
    message: str = ""


TABLE: dict[type[archive_errors.BackfileError], Answer] = {
    archive_errors.BackfileError: Answer(500, noted("Something went wrong here")),
    archive_errors.ArchiveError: Answer(500, noted("The archive could not be read")),
    archive_errors.LibraryMissing: Answer(503, noted("The archive is not there at the moment")),
    archive_errors.LibrarySettingsInvalid: Answer(500, noted("The archive’s settings cannot be understood")),
    archive_errors.ArticleNotFound: Answer(
        404,
        noted("There is no such article"),
        noted("No article of this archive has this address. It may have been moved, renamed or removed."),
    ),
    archive_errors.ArticleUnreadable: Answer(500, noted("This article cannot be read")),
    archive_errors.FrontMatterInvalid: Answer(500, noted("This article cannot be read")),
    index_errors.SearchError: Answer(500, noted("The search went wrong")),
    index_errors.QueryRefused: Answer(400, noted("This search asks for too much")),
    index_errors.DeadlineExceeded: Answer(
        503,
        noted("This search took too long and was stopped"),
        noted("Ask with fewer words, or with more telling ones."),
    ),
    index_errors.IndexUnusable: Answer(503, noted("The index cannot be used at the moment")),
    index_errors.IndexLocked: Answer(503, noted("The index is being written at the moment")),
    index_errors.CacheFolderRefused: Answer(500, noted("The folder of the index cannot be used")),
}

PAGES = {
    400: (
        noted("This request cannot be understood"),
        noted("The address does not have the form that this archive understands."),
    ),
    404: (
        noted("There is no such page"),
        noted(
            "Nothing in this archive has this address. It may have been moved, or the address may have been cut short."
        ),
    ),
    405: (
        noted("This archive can only be read"),
        noted("Nothing can be sent to it or changed through the web."),
    ),
    413: (noted("This request is too large"), noted("More was sent with it than this archive takes.")),
    414: (noted("This address is too long"), noted("Ask with fewer words or fewer filters.")),
    500: (
        noted("Something went wrong here"),
        noted("It is not your fault. The archive’s keeper finds the reason in the log."),
    ),
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
    heading = gettext(answer.heading)
    if _for_programs():
        response = _as_json(answer.status, heading, str(error), error.hint)
    elif answer.message:
        response = _page(answer.status, heading, gettext(answer.message))
    else:
        foreign = speech().code != SOURCE_LANGUAGE and not isinstance(error, index_errors.QueryRefused)
        response = _page(answer.status, heading, str(error), error.hint, foreign=foreign)
    if answer.status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _http_error(error: HTTPException) -> Response | HTTPException:
    if isinstance(error, RequestRedirect) or error.code is None:
        return error
    known_heading, known_message = PAGES.get(error.code, (error.name, ""))
    own_message = error.description if isinstance(error, PageMissing) else None
    message = own_message or (gettext(known_message) if known_message else "")
    make = _as_json if _for_programs() else _page
    response = make(error.code, gettext(known_heading), message, "")
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


def _for_programs() -> bool:
    return request.path.startswith(FOR_PROGRAMS)


def _as_json(status: int, heading: str, message: str, hint: str) -> Response:
    response = jsonify({"error": {"status": status, "heading": heading, "message": message, "hint": hint}})
    response.status_code = status
    return response


def _page(status: int, heading: str, message: str, hint: str = "", *, foreign: bool = False) -> Response:
    """The page of an error; `foreign` when message and hint are in English, and the page is not."""
    said = {"message": as_sentence(message), "hint": as_sentence(hint), "foreign": foreign}
    arguments = read_arguments(request.args)
    response = make_response(render_template("error.html", heading=heading, arguments=arguments, **said))
    response.status_code = status
    return response
