"""Texts of the interface in the reader's language, with its numbers, dates and durations; addresses of static files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date as Day
from functools import lru_cache
from pathlib import Path

from babel import dates
from babel.numbers import format_decimal
from flask import Flask
from jinja2.utils import htmlsafe_json_dumps

from backfile.archive.model import PartialDate
from backfile.index.query import Notice
from backfile.web.service.ui_language import UiLanguage, current_language, language_choices

# Babel finds the texts of the catalogue by the names of these functions: see [tool.babel] in pyproject.toml.


def gettext(message: str, **values: str | int) -> str:
    """A text of the catalogue in the reader's language; whole numbers among its values are written as there."""
    said = current_language()
    text = said.texts.gettext(message)
    return text % _format_values(said, values) if values else text


def ngettext(one: str, many: str, amount: int, **values: str | int) -> str:
    """As `gettext`, in the form that the language has for this amount, which stands in it as `%(num)s`."""
    said = current_language()
    return said.texts.ngettext(one, many, amount) % _format_values(said, {"num": amount, **values})


def pgettext(context: str, message: str) -> str:
    """As `gettext`, for a text that means two things in English; the context says which is meant."""
    return current_language().texts.pgettext(context, message)


def gettext_noop(message: str) -> str:
    """Marks a text of the catalogue that is said later, by `gettext` of a variable."""
    return message


def translate(notice: Notice) -> str:
    """A notice of the query language in the reader's language."""
    return gettext(notice.template, **dict(notice.values))


def _format_values(said: UiLanguage, values: dict[str, str | int]) -> dict[str, str]:
    return {name: _format_number(said, value) if isinstance(value, int) else value for name, value in values.items()}


SCRIPT = {
    "article": gettext_noop("article"),
    "author": gettext_noop("author"),
    "close": gettext_noop("Close"),
    "find": gettext_noop("Find"),
    "findIn": gettext_noop("Find in: %(list)s"),
    "keys": gettext_noop("Keys"),
    "none": gettext_noop("No such name"),
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
    ("⇧ ← →", gettext_noop("choose several years of the chart, and Enter takes them")),
    ("?", gettext_noop("show these keys")),
)


# Numbers and dates by CLDR. What Babel makes is kept: every page asks for the same few hundred.


@lru_cache(maxsize=4096)
def _format_number(said: UiLanguage, value: float) -> str:
    return format_decimal(value, locale=said.locale)


@lru_cache(maxsize=4096)
def _format_date(said: UiLanguage, date: PartialDate) -> str:
    if date.month is None:
        return str(date.year)
    if date.day is None:
        return dates.format_skeleton("yMMMM", date.first, locale=said.locale)
    text = dates.format_date(Day(date.year, date.month, date.day), "long", locale=said.locale)
    return text.replace("1 ", "1er ", 1) if said.code == "fr" and date.day == 1 else text  # CLDR has no 1er


def format_number(value: float) -> str:
    """A number with its thousands parted: `14,327`, in German `14.327`."""
    return _format_number(current_language(), value)


def format_date(date: PartialDate) -> str:
    """`14 March 2019`, `March 2019` or `2019`, as far as the date is known."""
    return _format_date(current_language(), date)


def format_duration(milliseconds: float) -> str:
    """`3 ms`, `under 1 ms`, or `1.2 s` for what a reader notices."""
    if milliseconds >= 1000:
        return gettext("%(seconds)s\u00a0s", seconds=format_number(round(milliseconds / 1000, 1)))
    return gettext("%(num)s\u00a0ms", num=round(milliseconds)) if milliseconds >= 1 else gettext("under 1\u00a0ms")


# What the templates call


@lru_cache(maxsize=64)
def _script_texts(said: UiLanguage) -> str:
    texts: dict[str, object] = {name: said.texts.gettext(text) for name, text in SCRIPT.items()}
    texts["meanings"] = [[key, said.texts.gettext(meaning)] for key, meaning in KEYS]
    return htmlsafe_json_dumps(texts, ensure_ascii=False)


def asset_urls(folder: Path) -> Callable[[str], str]:
    """A function from a static file's name to its address, which changes with the file's content."""
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in folder.iterdir()}
    return lambda name: f"/static/{name}?v={digests[name]}"


def register_i18n(app: Flask, static: Path) -> None:
    """Gives the templates the catalogue, their filters, and `asset`."""
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.filters.update(format_date=format_date, format_number=format_number, format_duration=format_duration)
    # Not Jinja's "new style", which wraps each text thrice; what they give is escaped like any other text.
    app.jinja_env.globals.update(
        _=gettext,
        gettext=gettext,
        ngettext=ngettext,
        pgettext=pgettext,
        asset=asset_urls(static),
        keys=lambda: [(key, gettext(meaning)) for key, meaning in KEYS],
        language=lambda: current_language().code,
        languages=language_choices,
        script_texts=lambda: _script_texts(current_language()),
        direction=lambda: current_language().locale.text_direction,
    )
