"""Error responses: each error class mapped once to an HTTP status and a heading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Flask, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from backfile.archive import errors as archive_errors
from backfile.archive.availability.states import State
from backfile.archive.model import PartialDate
from backfile.config import SOURCE_LANGUAGE
from backfile.index import errors as index_errors
from backfile.web.service.arguments import SearchArguments, read_arguments
from backfile.web.service.article_access import redirect_of_request
from backfile.web.service.headers import is_url_too_long
from backfile.web.service.i18n import format_date, gettext, gettext_noop
from backfile.web.service.monitoring import count_error
from backfile.web.service.services import services
from backfile.web.service.ui_language import API_PATHS, current_language

RETRY_AFTER = "30"


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """HTTP status of an error, heading of its page, and a message for readers.

    Without it the page shows the message of the error, which is for administrators and in English.
    """

    status: int
    heading: str
    message: str = ""


CLUSTER_UNAVAILABLE = ErrorResponse(
    503,
    gettext_noop("The search is unavailable"),
    gettext_noop("The articles are safe. Try again in a minute."),
)

ERROR_RESPONSES: dict[type[archive_errors.BackfileError], ErrorResponse] = {
    archive_errors.BackfileError: ErrorResponse(500, gettext_noop("Something went wrong")),
    archive_errors.ArchiveError: ErrorResponse(500, gettext_noop("The archive could not be read")),
    archive_errors.LibraryMissing: ErrorResponse(503, gettext_noop("The archive is unavailable")),
    archive_errors.LibrarySettingsInvalid: ErrorResponse(500, gettext_noop("The archive’s settings are invalid")),
    archive_errors.ArticleNotFound: ErrorResponse(
        404,
        gettext_noop("Article not found"),
        gettext_noop("There is no article at this address. It may have been moved, renamed or deleted."),
    ),
    archive_errors.ArticleGone: ErrorResponse(
        410, gettext_noop("This article is no longer available"), gettext_noop("It was removed from this archive.")
    ),
    archive_errors.GitUnusable: ErrorResponse(500, gettext_noop("The archive could not be read")),
    archive_errors.ArticleUnreadable: ErrorResponse(500, gettext_noop("This article cannot be read")),
    archive_errors.LinkIndexUnusable: ErrorResponse(503, gettext_noop("The index is unavailable")),
    archive_errors.LinkIndexDamaged: ErrorResponse(503, gettext_noop("The index is unavailable")),
    archive_errors.FrontMatterInvalid: ErrorResponse(500, gettext_noop("This article cannot be read")),
    archive_errors.HelperEnded: ErrorResponse(
        503,
        gettext_noop("This article cannot be shown"),
        gettext_noop("It took too long or failed. The archive’s administrator can find its name in the log."),
    ),
    index_errors.SearchError: ErrorResponse(500, gettext_noop("The search failed")),
    index_errors.QueryRefused: ErrorResponse(400, gettext_noop("This search is too large")),
    index_errors.DeadlineExceeded: ErrorResponse(
        503,
        gettext_noop("This search took too long and was stopped"),
        gettext_noop("Try fewer or rarer words."),
    ),
    index_errors.IndexUnusable: ErrorResponse(503, gettext_noop("The index is unavailable")),
    index_errors.IndexUnavailable: ErrorResponse(503, gettext_noop("The index is unavailable")),
    index_errors.ClusterUnavailable: CLUSTER_UNAVAILABLE,
    index_errors.ClusterTimeout: CLUSTER_UNAVAILABLE,
    index_errors.ClusterBusy: CLUSTER_UNAVAILABLE,
    index_errors.ClusterReadOnly: CLUSTER_UNAVAILABLE,
    index_errors.ClusterRefused: CLUSTER_UNAVAILABLE,
    index_errors.EngineMissing: ErrorResponse(500, gettext_noop("The search is unavailable")),
    index_errors.IndexLocked: ErrorResponse(503, gettext_noop("The index is being updated")),
    index_errors.CacheFolderRefused: ErrorResponse(500, gettext_noop("The folder of the index cannot be used")),
}

HTTP_ERRORS = {
    400: (
        gettext_noop("Bad request"),
        gettext_noop("The address is not valid."),
    ),
    404: (
        gettext_noop("Page not found"),
        gettext_noop("There is nothing at this address. It may have been moved, or the address may be incomplete."),
    ),
    405: (
        gettext_noop("This archive is read-only"),
        gettext_noop("Nothing can be changed through the web."),
    ),
    413: (
        gettext_noop("This request is too large"),
        gettext_noop("The request has more data than this archive accepts."),
    ),
    414: (gettext_noop("This address is too long"), gettext_noop("Try fewer words or filters.")),
    429: (
        gettext_noop("Too many requests"),
        gettext_noop("Filtered lists and downloads are limited, so that everybody can read. Try again in a while."),
    ),
    500: (
        gettext_noop("Something went wrong"),
        gettext_noop("The archive’s administrator can find the reason in the log."),
    ),
    503: (
        gettext_noop("This archive is busy"),
        gettext_noop("Too many searches or downloads at once. Try again in a few seconds."),
    ),
}


def error_response_for(error_class: type[BaseException]) -> ErrorResponse:
    """Looks up the response for an error class, or for its nearest base class in the table."""
    return next(ERROR_RESPONSES[each] for each in error_class.__mro__ if each in ERROR_RESPONSES)


def register_errors(app: Flask) -> None:
    """Turns all errors into pages, or into JSON below `/api` and at `/health`."""
    app.register_error_handler(archive_errors.BackfileError, _backfile_error)
    app.register_error_handler(HTTPException, _http_error)


def _backfile_error(error: archive_errors.BackfileError) -> Response:
    count_error(error)
    mapped = error_response_for(type(error))
    heading = gettext(mapped.heading)
    if isinstance(error, archive_errors.ArticleGone):
        return _gone(error, mapped)
    if isinstance(error, index_errors.ClusterUnavailable):
        services().log_seldom(str(error))
    if _wants_json() and mapped is CLUSTER_UNAVAILABLE:  # its addresses are nobody else's business
        response = _as_json(mapped.status, heading, gettext(mapped.message), "")
    elif _wants_json():
        response = _as_json(mapped.status, heading, str(error), error.hint)
    elif mapped.message:
        response = _page(mapped.status, heading, gettext(mapped.message))
    else:
        foreign = current_language().code != SOURCE_LANGUAGE and not isinstance(error, index_errors.QueryRefused)
        response = _page(mapped.status, heading, str(error), error.hint, foreign=foreign)
    if mapped.status == 503:
        response.headers["Retry-After"] = RETRY_AFTER
    return response


def _http_error(error: HTTPException) -> Response | HTTPException:
    if isinstance(error, RequestRedirect) or error.code is None:
        return error
    if error.code == 404 and not _wants_json():
        try:
            moved = redirect_of_request()
        except archive_errors.ArticleGone as gone:
            return _backfile_error(gone)
        if moved is not None:
            return moved
    default_heading, default_message = HTTP_ERRORS.get(error.code, (error.name, ""))
    description = error.description if isinstance(error, PageNotFound) else None
    message = description or (gettext(default_message) if default_message else "")
    make = _as_json if _wants_json() else _page
    response = make(error.code, gettext(default_heading), message, "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def _gone(error: archive_errors.ArticleGone, mapped: ErrorResponse) -> Response:
    heading = gettext(mapped.heading)
    if not _wants_json():
        return _page(mapped.status, heading, _gone_message(error) or gettext(mapped.message))
    since = error.since.isoformat(timespec="seconds") if error.since else None
    article = {"state": error.state, "reason": error.reason, "since": since, "title": error.title, "date": error.date}
    return _as_json(mapped.status, heading, str(error), error.hint, article=article)


def _gone_message(error: archive_errors.ArticleGone) -> str:
    """Message for readers: a deleted article is named by its title and date, a withheld one has a reason."""
    since = format_date(_day(error.since)) if error.since else ""
    if error.state == State.WITHHELD:
        stated = gettext("The archive withholds it: %(reason)s", reason=error.reason) if error.reason else ""
        return stated or gettext("The archive withholds it.")
    if error.state == State.EXPIRED:
        return gettext("It could be read here until %(day)s.", day=since)
    if not error.title:
        return gettext("It was removed from this archive on %(day)s.", day=since) if since else ""
    title = gettext("“%(title)s”", title=error.title)
    if error.date:
        date = format_date(PartialDate.parse(error.date))
        title = gettext("%(title)s of %(date)s", title=title, date=date)
    return gettext("%(title)s was removed from this archive on %(day)s.", title=title, day=since)


def _day(moment: datetime) -> PartialDate:
    local = moment.astimezone(services().library.settings.zone)
    return PartialDate(local.year, local.month, local.day)


def as_sentence(text: str) -> str:
    """Capitalises a message of an error and ends it with a full stop."""
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")


class PageNotFound(HTTPException):
    """No such page; the description gives the reason."""

    code = 404


def _wants_json() -> bool:
    return request.path.startswith(API_PATHS)


def _as_json(
    status: int, heading: str, message: str, hint: str, *, article: dict[str, str | None] | None = None
) -> Response:
    """JSON of an error; `article` is that of one which is no longer to be seen."""
    error = {"status": status, "heading": heading, "message": message, "hint": hint}
    response = jsonify({"error": error | ({"article": article} if article else {})})
    response.status_code = status
    return response


def _page(status: int, heading: str, message: str, hint: str = "", *, foreign: bool = False) -> Response:
    """Error page; `foreign` if message and hint are in English and the page is not."""
    text = render_template(
        "error.html",
        heading=heading,
        arguments=SearchArguments() if is_url_too_long() else read_arguments(request.args),
        message=as_sentence(message),
        hint=as_sentence(hint),
        foreign=foreign,
    )
    response = make_response(text)
    response.status_code = status
    return response
