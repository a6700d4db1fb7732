"""Dates as archives write them: ISO, RFC 2822, month names of nine languages, numbers of day and month, timestamps.

A date is kept as far as it is known: a year, a month or a day. The day is the one that is written; a time and its
zone are read over, not converted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime

from archive.model import PartialDate

_MONTHS = (
    "january januar janvier enero janeiro gennaio januari styczeń января январь leden",
    "february februar février febrero fevereiro febbraio februari luty февраля февраль únor",
    "march märz mars marzo março maart marec marzec марта март březen",
    "april avril abril aprile kwiecień апреля апрель duben",
    "may mai mayo maio maggio mei maj мая май květen",
    "june juni juin junio junho giugno czerwiec июня июнь červen",
    "july juli juillet julio julho luglio lipiec июля июль červenec",
    "august août agosto augustus augusti sierpień августа август srpen",
    "september septembre septiembre setiembre setembro settembre wrzesień сентября сентябрь září",
    "october oktober octobre octubre outubro ottobre październik октября октябрь říjen",
    "november novembre noviembre novembro listopad ноября ноябрь",
    "december dezember décembre diciembre dezembro dicembre desember grudzień декабря декабрь prosinec",
)
_SHORT = (
    "jan janv ene gen",
    "feb fév févr fev",
    "mar mär",
    "apr avr abr",
    "",
    "jun giu",
    "jul juil lug",
    "aug ago",
    "sep sept set",
    "oct okt out ott",
    "nov",
    "dec dez déc dic",
)
_MONTH_OF = {name: n for n, names in enumerate(_MONTHS, 1) for name in names.split()}
_MONTH_OF |= {name: n for n, names in enumerate(_SHORT, 1) for name in names.split()}

_ISO = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?(?=[T\s,]|\Z)(.*)", re.ASCII | re.DOTALL)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?=[T\s]|\Z)(.*)", re.ASCII | re.DOTALL)
_WEEK = re.compile(r"(\d{4})-W(\d{2})(?:-(\d))?\Z", re.ASCII)
_TIME = re.compile(
    r"[T\s,]*(?:at\s+)?(?:\d{1,2}(?::?\d{2}){0,2}(?:[.,]\d+)?\s*(?:[AaPp]\.?[Mm]\.?)?)?"
    r"\s*(?:Z|[A-Za-z]{2,5}|\([\w ]+\)|[A-Za-z]+/[A-Za-z_]+)?\s*(?:[+\-−]\s*\d{1,2}:?(?:\d{2})?)?\s*(?:\([\w ]+\)|[A-Z]{2,5})?\s*\Z"
)
_DAY_FIRST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?=[T\s,]|\Z)(.*)", re.ASCII | re.DOTALL)
_EAST_ASIAN = re.compile(
    r"(\d{4})\s*[年년]\s*(?:(\d{1,2})\s*[月월]\s*(?:(\d{1,2})\s*[日號号일])?)?(.*)", re.ASCII | re.DOTALL
)
_WORDY_TIME = re.compile(r"[,\s]*(?:at\s+|um\s+|à\s+)?\b\d{1,2}:\d{2}.*\Z", re.DOTALL)
_WORD = re.compile(r"[^\W\d_]+|\d+")
_ABOUT = re.compile(r"(?:c|ca|circa|about|um|vers|published|posted|updated|on)\b[.:]?\s*", re.IGNORECASE)
_WEEKDAY = re.compile(r"[^\W\d_]+\.?\s*,\s*(?=\d|[^\W\d_]+\s+\d)")
_FILLERS = frozenset("of the de del do den der le st nd rd th er º ª г года de".split())

_PATH_DATE = re.compile(r"(?:^|/)(\d{4})[-/_](\d{1,2})[-/_](\d{1,2})(?=[/_\-.\s]|$)", re.ASCII)
_NAME_DATE = re.compile(r"(\d{4})([-_.]?)(\d{2})\2(\d{2})(?=\D|$)|(\d{4})-(\d{1,2})-(\d{1,2})(?=\D|$)", re.ASCII)
_NAME_MONTH = re.compile(r"(\d{4})-(\d{2})(?=[-_.\s]|$)", re.ASCII)
_FOLDER = re.compile(r"(?:^|/)((?:1[5-9]|20)\d\d)(?:[/-](\d{2})(?:[/-](\d{2}))?)?(?=/)", re.ASCII)
_ADDRESS_MONTH = re.compile(r"(?:^|/)((?:1[5-9]|20)\d\d)/(\d{2})(?=/|$)", re.ASCII)


class DateUnclear(ValueError):
    """A date that is not understood whole: `known` is the part of it that is sure, or None."""

    def __init__(self, message: str, known: PartialDate | None = None) -> None:
        super().__init__(message)
        self.known = known


def parse_date(value: object, *, day_first: bool | None = None) -> PartialDate:
    """The date that a value of front matter means.

    `value` is text, a number (a year, `20190314`, seconds or milliseconds since 1970), a date or time of TOML, or a
    mapping with year, month and day. `day_first` says how `3/4/2019` is meant; if it is None only its year is known.
    Raises `DateUnclear` with what is known of it.
    """
    if isinstance(value, str):
        return _from_text(" ".join(value.split()), day_first)
    if isinstance(value, date):
        return PartialDate(value.year, value.month, value.day)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    if isinstance(value, Mapping) and "year" in value:
        return _checked(value["year"], value.get("month"), value.get("day"), value)
    if isinstance(value, list) and len(value) == 1:
        return parse_date(value[0], day_first=day_first)
    raise DateUnclear(f"not a date: {_shown(value)}")


def date_in_name(path: str) -> PartialDate | None:
    """The date in a file's name (`2019-03-14-slug.md`, `2019-03-slug.md`, `20190314.md`) or in its folders' names.

    A name that holds its date in full wins over folders (`2019/03/slug.md`).
    """
    folders, _, name = path.rpartition("/")
    found = _NAME_DATE.match(name)
    if found is not None:
        groups = [part for part in (found[1], found[3], found[4], found[5], found[6], found[7]) if part]
        dated = _exact(*groups)
        if dated is not None:
            return dated
    if name.rpartition(".")[0] == "index" and folders:
        bundle = date_in_name(folders + ".md")
        if bundle is not None:
            return bundle
    candidates = [_first_date(_FOLDER, folders + "/"), _first_date(_NAME_MONTH, name, at_start=True)]
    dates = [found for found in candidates if found is not None]
    return max(dates, key=_precision, default=None)


def date_in_address(address: str) -> PartialDate | None:
    """The date in an address below a site (`2019/03/14/slug`, `/2019/03/slug.html`), if it has one."""
    return _first_date(_PATH_DATE, address) or _first_date(_ADDRESS_MONTH, address)


def _precision(dated: PartialDate) -> int:
    return (dated.month is not None) + (dated.day is not None)


def most_precise(*dates: PartialDate | None) -> PartialDate | None:
    """The date that tells most; the first of equals."""
    return max((dated for dated in dates if dated is not None), key=_precision, default=None)


def _first_date(pattern: re.Pattern[str], text: str, *, at_start: bool = False) -> PartialDate | None:
    found = pattern.match(text) if at_start else pattern.search(text)
    return _exact(*[part for part in found.groups() if part]) if found else None


def _exact(*parts: str) -> PartialDate | None:
    """A date from digits that may as well be no date at all."""
    year, month, day = ([int(part) for part in parts] + [0, 0])[:3]
    if not 1500 <= year <= 2199:
        return None
    try:
        return PartialDate(year, month or None, day or None)
    except ValueError:
        return None


def _from_text(text: str, day_first: bool | None) -> PartialDate:
    found = _ISO.match(text)
    if found is not None:
        return _with_time(_checked(found[1], found[3], found[4], text), found[5], text)
    found = _COMPACT.match(text)
    if found is not None:
        return _with_time(_checked(found[1], found[2], found[3], text), found[4], text)
    if text.isdecimal() and text.isascii():
        return _from_number(int(text))
    found = _DAY_FIRST.match(text)
    if found is not None:
        dated = _day_and_month(int(found[1]), int(found[2]), int(found[3]), "." in text[:6], day_first, text)
        return _with_time(dated, found[4], text)
    found = _WEEK.match(text)
    if found is not None:
        return _week(text, int(found[1]), int(found[2]), int(found[3] or 0))
    found = _EAST_ASIAN.match(text)
    if found is not None:
        return _checked(found[1], found[2], found[3], text)
    return _from_words(text)


def _with_time(dated: PartialDate, rest: str, text: str) -> PartialDate:
    if rest and not _TIME.match(rest):
        raise DateUnclear(f"only {dated} of the date {_shown(text)} is understood", dated)
    return dated


def _day_and_month(a: int, b: int, year: int, dotted: bool, day_first: bool | None, text: str) -> PartialDate:
    if a > 12 or dotted or a == b or (day_first and b <= 12):
        return _checked(year, b, a, text)
    if b > 12 or day_first is False:
        return _checked(year, a, b, text)
    raise DateUnclear(f"day and month of {_shown(text)} may be either way round", _checked(year, None, None, text))


def _week(text: str, year: int, week: int, day: int) -> PartialDate:
    try:
        first = date.fromisocalendar(year, week, day or 1)
    except ValueError as error:
        raise DateUnclear(f"not a date: {_shown(text)}") from error
    return PartialDate(first.year, first.month, first.day if day else None)


def _from_number(number: float) -> PartialDate:
    if number == int(number):
        if 1000 <= number <= 2999:
            return PartialDate(int(number))
        if 10_000_101 <= number <= 29_991_231:
            whole = str(int(number))
            return _checked(whole[:4], whole[4:6], whole[6:], number)
    seconds = number / 1000 if abs(number) >= 1e11 else number
    if 1e8 <= abs(seconds) < 1e11:
        moment = datetime.fromtimestamp(seconds, UTC)
        return PartialDate(moment.year, moment.month, moment.day)
    raise DateUnclear(f"not a date: {_shown(number)}")


def _from_words(text: str) -> PartialDate:
    """`14 March 2019`, `March 14th, 2019`, `Thu, 14 Mar 2019 10:00:00 +0100`, `mars 2019`, `circa 1850`."""
    bare = _WORDY_TIME.sub("", _WEEKDAY.sub("", _ABOUT.sub("", text), count=1))
    month, numbers = None, []
    for word in _WORD.findall(bare.casefold()):
        if word.isdecimal():
            numbers.append(word)
        elif month is None and word in _MONTH_OF:
            month = _MONTH_OF[word]
        elif word not in _FILLERS and word not in _WEEKDAYS:
            raise DateUnclear(f"not a date: {_shown(text)}")
    years = [number for number in numbers if len(number) == 4]
    days = [number for number in numbers if len(number) <= 2]
    if len(years) != 1 or len(days) > 1 or len(numbers) > 2 or (days and month is None):
        raise DateUnclear(f"not a date: {_shown(text)}")
    return _checked(years[0], month, days[0] if days else None, text)


_WEEKDAYS = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag mo di mi do fr sa so "
    "lundi mardi mercredi jeudi vendredi samedi dimanche lunes martes miércoles jueves viernes sábado domingo "
    "segunda terça quarta quinta sexta feira lunedì martedì mercoledì giovedì venerdì sabato domenica".split()
)


def _checked(year: object, month: object, day: object, shown: object) -> PartialDate:
    """A date from parts that may be text; `00` for month or day means that it is not known."""
    try:
        numbers = [int(str(part)) if part not in (None, "") else 0 for part in (year, month, day)]
        return PartialDate(numbers[0], numbers[1] or None, (numbers[2] or None) if numbers[1] else None)
    except ValueError as error:
        known = _exact(str(year)) if str(year).isdecimal() else None
        raise DateUnclear(f"there is no such date: {_shown(shown)}", known) from error


def _shown(value: object) -> str:
    text = str(value)
    return f"{text[:60]!r}" if len(text) <= 60 else f"{text[:60]!r}…"
