"""The language of the interface: which one a reader gets, and its catalogue of texts."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, Response, has_request_context, request

from backfile.config import LANGUAGES, SOURCE_LANGUAGE
from backfile.web.service.services import services

FOLDER = Path(__file__).parents[1] / "translations"
LOCALES = {"en": "en_GB"}  # whose numbers and dates, where that is not the language itself
COOKIE = "lang"  # also the name of the argument
REMEMBERED = 365 * 24 * 3600  # seconds
FOR_PROGRAMS = ("/api/", "/health")  # always in English: code reads them


@dataclass(frozen=True, eq=False)
class Speech:
    """One language of the interface. Compared by identity, so that what is said in it can be remembered by it."""

    code: str
    locale: Locale
    texts: NullTranslations


# Asked for some hundred times a page: a variable of the context costs a tenth of Flask's `g`.
_spoken_now: ContextVar[Speech | None] = ContextVar("spoken_now", default=None)


class Choice(NamedTuple):
    """A language to choose: its code, its own name, and the address of the same page in it."""

    code: str
    name: str
    url: str
    current: bool


@cache
def speech_in(code: str) -> Speech:
    """The language with that code, its catalogue read from `translations/<code>.po`.

    The catalogue is compiled here, in some ten milliseconds, and not when the program is built: each language is one
    file, which cannot be older than itself.
    """
    locale = Locale.parse(LOCALES.get(code, code))
    if code == SOURCE_LANGUAGE:
        return Speech(code, locale, NullTranslations())
    with (FOLDER / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Speech(code, locale, GNUTranslations(compiled))


def speech() -> Speech:
    """The language in which the current request is answered; outside of one, the language of the code."""
    said = _spoken_now.get()
    if said is None:
        if not has_request_context():
            return speech_in(SOURCE_LANGUAGE)
        said = speech_in(_wanted())
        _spoken_now.set(said)
    return said


def _wanted() -> str:
    """What the reader chose, now or before; else what the settings say; what the browser asks for; the library's own.

    A browser that asks only for languages that we have not (`Accept-Language: nl`) says nothing.
    """
    if request.path.startswith(FOR_PROGRAMS):
        return SOURCE_LANGUAGE
    wishes = (request.args.get(COOKIE), request.cookies.get(COOKIE), services().interface_language)
    for code in wishes:
        if code in LANGUAGES:
            return str(code)
    return _asked_by_browser() or (services().language if services().language in LANGUAGES else SOURCE_LANGUAGE)


def _asked_by_browser() -> str | None:
    """The first of its languages that is ours, `fr-CH` standing for French (RFC 4647, lookup).

    Werkzeug's own choice takes an exact match further down before it looks at what `fr-CH` may stand for.
    """
    primary = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((code for code in primary if code in LANGUAGES), None)


def choices() -> list[Choice]:
    """All languages, each with the address of the current page in it."""
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name != COOKIE]
    same, current = urlencode([*pairs, (COOKIE, "")]), speech().code
    return [Choice(code, name, f"?{same}{code}", code == current) for code, name in LANGUAGES.items()]


def register_language(app: Flask) -> None:
    """Has every answer say its language and what that depends on, and the reader's choice remembered for a year."""
    app.after_request(_tell)
    app.teardown_request(_forget)


def _forget(_: BaseException | None) -> None:
    _spoken_now.set(None)


def _tell(response: Response) -> Response:
    if _spoken_now.get() is None:  # nothing in it depends on the language: a file, an answer for programs
        return response
    response.headers["Content-Language"] = speech().code
    response.vary.update(("Accept-Language", "Cookie"))
    if request.args.get(COOKIE) in LANGUAGES:
        response.set_cookie(
            COOKIE, speech().code, max_age=REMEMBERED, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return response
