"""Language of the user interface: content negotiation and message catalogues."""

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
from backfile.web.service.headers import is_url_too_long
from backfile.web.service.services import services

FOLDER = Path(__file__).parents[1] / "translations"
LOCALES = {"en": "en_GB"}  # whose numbers and dates, where that is not the language itself
COOKIE = "lang"  # also the name of the argument
COOKIE_MAX_AGE = 365 * 24 * 3600  # seconds
API_PATHS = ("/api/", "/health", "/search.manifest.json")  # always in English: code reads them


@dataclass(frozen=True, eq=False)
class UiLanguage:
    """Language of the interface with its locale and catalogue. Compared by identity: a key of caches."""

    code: str
    locale: Locale
    catalogue: NullTranslations


_current_language: ContextVar[UiLanguage | None] = ContextVar("current_language", default=None)


class LanguageChoice(NamedTuple):
    """Language to choose: code, name in that language, URL of the current page in it."""

    code: str
    name: str
    url: str
    current: bool


@cache
def load_ui_language(code: str) -> UiLanguage:
    """Loads a language and its catalogue, `translations/<code>.po`.

    The catalogue is compiled at run time, which takes about 10 ms: there is no compiled file that could be out of date.
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
    """Language of the current request; outside of one, the source language."""
    language = _current_language.get()
    if language is None:
        if not has_request_context():
            return load_ui_language(SOURCE_LANGUAGE)
        language = load_ui_language(_negotiate())
        _current_language.set(language)
    return language


def _negotiate() -> str:
    """Language code by, in order: argument, cookie, setting, `Accept-Language`, library, source language."""
    if request.path.startswith(API_PATHS):
        return SOURCE_LANGUAGE
    library_language = services().library.settings.language
    preferred = (request.args.get(COOKIE), request.cookies.get(COOKIE), services().settings.interface_language)
    for code in (*preferred, _accepted_language(), library_language):
        if code in UI_LANGUAGES:
            return str(code)
    return SOURCE_LANGUAGE


def _accepted_language() -> str | None:
    """First language of `Accept-Language` that the interface has, `fr-CH` standing for French (RFC 4647, lookup).

    Werkzeug's `best_match` prefers an exact match further down to the primary language of an earlier tag.
    """
    primary = (tag.partition("-")[0].lower() for tag, quality in request.accept_languages if quality > 0)
    return next((code for code in primary if code in UI_LANGUAGES), None)


def language_choices() -> list[LanguageChoice]:
    """Languages to choose from, each with the URL of the current page in it."""
    arguments = () if is_url_too_long() else request.args.items(multi=True)
    pairs = [(name, value) for name, value in arguments if name != COOKIE]
    same, current = urlencode([*pairs, (COOKIE, "")]), current_language().code
    return [LanguageChoice(code, language_name(code), f"?{same}{code}", code == current) for code in UI_LANGUAGES]


def language_name(code: str) -> str:
    """Name of a language in that language, by CLDR: `Deutsch`, `Français`."""
    name = Locale.parse(code).display_name or code
    return name[0].upper() + name[1:]


def register_ui_language(app: Flask) -> None:
    """Adds `Content-Language` and `Vary` to responses, and a cookie with the chosen language."""
    app.after_request(_add_language_headers)
    app.teardown_request(_reset_language)


def _reset_language(_: BaseException | None) -> None:
    _current_language.set(None)


def _add_language_headers(response: Response) -> Response:
    if _current_language.get() is None:  # nothing was translated: a file, a JSON response
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
