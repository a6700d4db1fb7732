"""Internationalisation: translated texts, formatted numbers, dates and durations, Jinja globals and filters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date as Day
from functools import lru_cache
from pathlib import Path

from babel import dates
from babel.core import Locale, UnknownLocaleError
from babel.numbers import format_decimal
from flask import Flask
from jinja2 import Environment
from jinja2.environment import TemplateModule
from jinja2.utils import htmlsafe_json_dumps

from backfile.archive.model import PartialDate
from backfile.index.query import Notice
from backfile.web.service.site_urls import site_path
from backfile.web.service.ui_language import UiLanguage, current_language, language_choices

# docs/texts.py extracts the texts of the catalogues by the names of these functions.


def gettext(message: str, **values: str | int) -> str:
    """Translates a text; integers among its values are formatted for the locale."""
    language = current_language()
    text = language.catalogue.gettext(message)
    return text % _format_values(language, values) if values else text


def ngettext(one: str, many: str, amount: int, **values: str | int) -> str:
    """Translates a text in the plural form for an amount, which is its value `num`."""
    language = current_language()
    if not values:
        return _ngettext(language, one, many, amount)
    return language.catalogue.ngettext(one, many, amount) % _format_values(language, {"num": amount, **values})


def pgettext(context: str, message: str) -> str:
    """Translates a text that has several meanings in English; the context distinguishes them."""
    return current_language().catalogue.pgettext(context, message)


def gettext_noop(message: str) -> str:
    """Marks a text for extraction; `gettext` of a variable translates it later."""
    return message


def translate(notice: Notice) -> str:
    """Translates a notice of the query parser."""
    return gettext(notice.template, **dict(notice.values))


def _format_values(language: UiLanguage, values: dict[str, str | int]) -> dict[str, str]:
    return {
        name: _format_number(language, value) if isinstance(value, int) else value for name, value in values.items()
    }


SCRIPT_TEXTS = {
    "article": gettext_noop("article"),
    "author": gettext_noop("author"),
    "close": gettext_noop("Close"),
    "find": gettext_noop("Find"),
    "findIn": gettext_noop("Search in %(list)s"),
    "keys": gettext_noop("Keyboard shortcuts"),
    "none": gettext_noop("No matching name"),
    "place": gettext_noop("%(place)s of %(all)s"),
    "suggestions": gettext_noop("Suggestions"),
    "topic": gettext_noop("topic"),
}
KEYS = (
    ("/", gettext_noop("go to the search box")),
    ("n", gettext_noop("next match in an article")),
    ("p", gettext_noop("previous match in an article")),
    ("j", gettext_noop("next result")),
    ("k", gettext_noop("previous result")),
    ("⇧ ← →", gettext_noop("select several years in the chart; Enter applies them")),
    ("?", gettext_noop("show keyboard shortcuts")),
)


# Formatted by Babel (CLDR) and cached: pages repeat the same few hundred numbers and dates.


@lru_cache(maxsize=4096)
def _format_number(language: UiLanguage, value: float) -> str:
    return format_decimal(value, locale=language.locale)


@lru_cache(maxsize=4096)
def _ngettext(language: UiLanguage, one: str, many: str, amount: int) -> str:
    return language.catalogue.ngettext(one, many, amount) % {"num": _format_number(language, amount)}


@lru_cache(maxsize=4096)
def _format_date(language: UiLanguage, date: PartialDate) -> str:
    if date.month is None:
        return str(date.year)
    if date.day is None:
        return dates.format_skeleton("yMMMM", date.first, locale=language.locale)
    text = dates.format_date(Day(date.year, date.month, date.day), "long", locale=language.locale)
    return _with_first(language, text, date.day)


def _with_first(language: UiLanguage, text: str, day: int) -> str:
    return text.replace("1 ", "1er ", 1) if language.code == "fr" and day == 1 else text  # CLDR has no 1er


def format_number(value: float) -> str:
    """Formats a number with its thousands separated: `14,327`, in German `14.327`."""
    return _format_number(current_language(), value)


def format_date(date: PartialDate) -> str:
    """Formats a partial date: `14 March 2019`, `March 2019` or `2019`."""
    return _format_date(current_language(), date)


def format_day(month: int, day: int) -> str:
    """Formats a day of any year: `14 March`, in German `14. März`."""
    language = current_language()
    text = dates.format_skeleton("MMMMd", Day(2000, month, day), locale=language.locale)
    return _with_first(language, text, day)


def format_duration(milliseconds: float) -> str:
    """Formats a duration: `3 ms`, `under 1 ms`, or `1.2 s` from a second on."""
    if milliseconds >= 1000:
        return gettext("%(seconds)s\u00a0s", seconds=format_number(round(milliseconds / 1000, 1)))
    return gettext("%(num)s\u00a0ms", num=round(milliseconds)) if milliseconds >= 1 else gettext("under 1\u00a0ms")


MAIN_LINKS = (
    ("/search", gettext_noop("Search")),
    ("/authors", gettext_noop("Authors")),
    ("/topics", gettext_noop("Topics")),
    ("/years", gettext_noop("Years")),
    ("/about", gettext_noop("About")),
)


@lru_cache(maxsize=64)
def _main_links(language: UiLanguage, root: str) -> list[tuple[str, str]]:
    return [(root + path, language.catalogue.gettext(text)) for path, text in MAIN_LINKS]


def fixed_parts(environment: Environment) -> Callable[[str], TemplateModule]:
    """Function from the name of a template to its HTML, rendered once a language and path that the archive is served
    under: it depends on nothing else."""

    @lru_cache(maxsize=64)
    def render(name: str, _: UiLanguage, __: str) -> TemplateModule:
        return environment.get_template(name).make_module()

    return lambda name: render(name, current_language(), site_path(""))


@lru_cache(maxsize=64)
def _script_texts(language: UiLanguage) -> str:
    texts: dict[str, object] = {name: language.catalogue.gettext(text) for name, text in SCRIPT_TEXTS.items()}
    texts["meanings"] = [[key, language.catalogue.gettext(meaning)] for key, meaning in KEYS]
    return htmlsafe_json_dumps(texts, ensure_ascii=False)


def asset_urls(folder: Path) -> Callable[[str], str]:
    """Function from the name of a static file to its URL, which contains a digest of the file."""
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in folder.iterdir()}
    return lambda name: site_path(f"/static/{name}?v={digests[name]}")


@lru_cache(maxsize=256)
def text_direction(language: str | None) -> str:
    """Value of `dir` for texts in a language (BCP 47): `rtl` by CLDR for Arabic, Hebrew …; else `auto`."""
    try:
        code, _, script = (language or "und").partition("-")
        return "rtl" if Locale.parse(code).text_direction == "rtl" and script.lower() != "latn" else "auto"
    except (UnknownLocaleError, ValueError):
        return "auto"


def register_i18n(app: Flask) -> None:
    """Adds translation, formatting filters and `asset` to the templates."""
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.filters.update(format_date=format_date, format_number=format_number, format_duration=format_duration)
    # Jinja's "old style": translations are escaped like any other text, `gettext` formats their values itself.
    app.jinja_env.globals.update(
        _=gettext,
        gettext=gettext,
        ngettext=ngettext,
        pgettext=pgettext,
        asset=asset_urls(Path(app.static_folder or "")),
        fixed=fixed_parts(app.jinja_env),
        keys=lambda: [(key, gettext(meaning)) for key, meaning in KEYS],
        language=lambda: current_language().code,
        languages=language_choices,
        main_links=lambda: _main_links(current_language(), site_path("")),
        site=site_path,
        script_texts=lambda: _script_texts(current_language()),
        direction=lambda: current_language().locale.text_direction,
        text_direction=text_direction,
    )
