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

from backfile.config import SOURCE_LANGUAGE, UI_LANGUAGES
from backfile.web.service.services import services

FOLDER = Path(__file__).parents[1] / "translations"
LOCALES = {"en": "en_GB"}  # whose numbers and dates, where that is not the language itself
COOKIE = "lang"  # also the name of the argument
COOKIE_MAX_AGE = 365 * 24 * 3600  # seconds
API_PATHS = ("/api/", "/health")  # always in English: code reads them


@dataclass(frozen=True, eq=False)
class UiLanguage:
    """One language of the interface. Compared by identity, so that what is said in it can be remembered by it."""

    code: str
    locale: Locale
    texts: NullTranslations


# Asked for some hundred times a page: a variable of the context costs a tenth of Flask's `g`.
_current_language: ContextVar[UiLanguage | None] = ContextVar("current_language", default=None)


class LanguageChoice(NamedTuple):
    """A language to choose: its code, its own name, and the address of the same page in it."""

    code: str
    name: str
    url: str
    current: bool


@cache
def load_ui_language(code: str) -> UiLanguage:
    """The language with that code, its catalogue read from `translations/<code>.po`.

    The catalogue is compiled here, in some ten milliseconds, and not when the program is built: each language is one
    file, which cannot be older than itself.
    """
    locale = Locale.parse(LOCALES.get(code, code))
    if code == SOURCE_LANGUAGE:
        return UiLanguage(code, locale, NullTranslations())
    with (FOLDER / f"{code}.po").open("rb") as file:
        catalogue = read_po(file, locale=code, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return UiLanguage(code, locale, GNUTranslations(compiled))


def current_language() -> UiLanguage:
    """The language in which the current request is answered; outside of one, the language of the code."""
    said = _current_language.get()
    if said is None:
        if not has_request_context():
            return load_ui_language(SOURCE_LANGUAGE)
        said = load_ui_language(_negotiate())
        _current_language.set(said)
    return said


def _negotiate() -> str:
    """What the reader chose, now or before; else what the settings say; what the browser asks for; the library's own.

    A browser that asks only for languages that we have not (`Accept-Language: nl`) says nothing.
    """
    if request.path.startswith(API_PATHS):
        return SOURCE_LANGUAGE
    wishes = (request.args.get(COOKIE), request.cookies.get(COOKIE), services().interface_language)
    for code in wishes:
        if code in UI_LANGUAGES:
            return str(code)
    return _accepted_language() or (services().language if services().language in UI_LANGUAGES else SOURCE_LANGUAGE)


def _accepted_language() -> str | None:
    """The first of its languages that is ours, `fr-CH` standing for French (RFC 4647, lookup).

    Werkzeug's own choice takes an exact match further down before it looks at what `fr-CH` may stand for.
    """
    primary = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((code for code in primary if code in UI_LANGUAGES), None)


def language_choices() -> list[LanguageChoice]:
    """All languages, each with the address of the current page in it."""
    pairs = [(name, value) for name, value in request.args.items(multi=True) if name != COOKIE]
    same, current = urlencode([*pairs, (COOKIE, "")]), current_language().code
    return [LanguageChoice(code, name, f"?{same}{code}", code == current) for code, name in UI_LANGUAGES.items()]


def register_ui_language(app: Flask) -> None:
    """Has every answer say its language and what that depends on, and the reader's choice remembered for a year."""
    app.after_request(_add_language_headers)
    app.teardown_request(_reset_language)


def _reset_language(_: BaseException | None) -> None:
    _current_language.set(None)


def _add_language_headers(response: Response) -> Response:
    if _current_language.get() is None:  # nothing in it depends on the language: a file, an answer for programs
        return response
    response.headers["Content-Language"] = current_language().code
    response.vary.update(("Accept-Language", "Cookie"))
    if request.args.get(COOKIE) in UI_LANGUAGES:
        response.set_cookie(
            COOKIE,
            current_language().code,
            max_age=COOKIE_MAX_AGE,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response
