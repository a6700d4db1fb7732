"""Dates as archives write them: ISO 8601, RFC 2822, month names of ten languages, day and month in numbers, timestamps.

A date is kept as far as it is known: a year, a month or a day. The day is the one that is written; a time and its
zone are read over, not converted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime

from backfile.archive.model import PartialDate

_YEAR_FIRST = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?)?(?=[T\s,]|\Z)(.*)", re.ASCII | re.DOTALL)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?=[T\s]|\Z)(.*)", re.ASCII | re.DOTALL)
_YEAR_LAST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?=[T\s,]|\Z)(.*)", re.ASCII | re.DOTALL)
_WEEK = re.compile(r"(\d{4})-?W(\d{2})(?:-?(\d))?\Z", re.ASCII)
_NO_TIME = re.compile(r"\s*(?:0001-01-01|0000-00-00)(?=[T\s]|\Z)[T\s0:.Z+-]*\Z", re.ASCII)
_MONTH_FIRST = re.compile(r"(\d{1,2})[./-](\d{4})\Z", re.ASCII)
_ORG = re.compile(r"[<\[]([^<>\[\]]*)[>\]](?:\s*--?\s*[<\[]([^<>\[\]]*)[>\]])?\Z")
_SPACED_ORG = re.compile(r"(?<=\d)\s+[^\W\d_]{2,12}\.?(?=\s|\Z)|\s+[.+-]{1,2}\d+[a-z](?:/\d+[a-z])?(?=\s|\Z)")
_SPACED_DOTS = re.compile(r"(\d{1,4})\s*\.\s*(\d{1,2})\s*\.\s*(\d{1,4})(?:\s*\.)?(?=[\s,]|\Z)", re.ASCII)
_DECADE = re.compile(r"(?:the\s+)?(\d{3}0)['’]?(?:s|er)\Z", re.ASCII | re.IGNORECASE)
_YEARS = re.compile(r"(\d{4})\s*(?:-|–|—|/|to|bis|until)\s*(?:\d{4}|\d{2})\Z", re.ASCII | re.IGNORECASE)
_RANGE = re.compile(r"(\S.*?\S)\s*(?:/|--|–|—|\s-\s|\s(?:to|until|bis|à|au)\s)\s*(\S.*)\Z", re.IGNORECASE)
_DAY_RANGE = re.compile(r"(?<![\d./-])(\d{1,2})\s*[-–]\s*(\d{1,2})(?=[.,\s]|\Z)", re.ASCII)
_PART_OF_YEAR = re.compile(
    r"(?:(?:early|mid|late|end of|beginning of|winter|spring|summer|autumn|fall|easter|christmas|advent|"
    r"frühling|frühjahr|sommer|herbst|anfang|mitte|ende|printemps|été|automne|hiver|noël|"
    r"primavera|verano|verão|otoño|outono|invierno|inverno|estate|autunno|lente|zomer|herfst|"
    r"[qhs][1-4]|[1-4]q|fy|issue)\b[\s,./-]*)+",
    re.IGNORECASE,
)
_EAST_ASIAN = re.compile(r"(\d{4})\s*[年년](?:\s*(\d{1,2})\s*[月월](?:\s*(\d{1,2})\s*[日號号일])?)?", re.ASCII)
_TIME = re.compile(
    r"""[T\s,]*+ (?:at\s++)?
    (?:\d{1,2} (?::?\d{2}){0,2} (?:[.,]\d+)? \s*+ (?:[ap]\.?m\.?)?)?      # 9:15:00.000, 0915, 9 pm
    \s*+ (?:[a-z]{1,5} | [a-z]+/[a-z_/]+)?                               # Z, UTC, CEST, Europe/Paris
    \s*+ (?:[+\-−]\s*+\d{1,2}:?(?:\d{2})?)?                              # +01:00, -0500
    \s*+ (?:\([\w\s]+\)|\[[\w/]+\])? \s*+ \Z""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_TIME_AFTER_WORDS = re.compile(
    r"(?<![,\s])[,\s]++(?:(?:at|um|à|kl)\s+)?\d{1,2}:\d{2}(?::\d{2})?(?!\d)"
    r"(?:(?P<year>(?:\s+[A-Za-z]{3,5})?\s+\d{4}\Z)|.*\Z)",  # `Mon Mar 18 09:00:00 UTC 2019`
    re.DOTALL,
)
_INTRODUCTION = re.compile(
    r"\A(?:(?:c|ca|circa|about|around|um|vers|published|posted|updated|on)\b[.:]?\s*)+", re.IGNORECASE
)
_WORD = re.compile(r"[^\W\d_]+|\d+")
_FILLERS = frozenset(
    {"of", "the", "de", "del", "do", "den", "der", "le", "st", "nd", "rd", "th", "er", "г", "года", "r", "ad", "ce"}
)

_LONGEST = 100

# Names in English, German, French, Spanish, Portuguese, Italian, Dutch, Polish, Russian and Scandinavian languages. Own
# tables: loading the locales of Babel takes half a second a process (docs/decisions/front-matter.md).
_MONTHS = (
    "january januar janvier enero janeiro gennaio januari stycznia января январь",
    "february februar février febrero fevereiro febbraio februari lutego февраля февраль",
    "march märz mars marzo março maart marts marca марта март",
    "april avril abril aprile kwietnia апреля апрель",
    "may mai mayo maio maggio mei maj maja мая май",
    "june juni juin junio junho giugno czerwca июня июнь",
    "july juli juillet julio julho luglio lipca июля июль",
    "august août agosto augustus augusti sierpnia августа август",
    "september septembre septiembre setiembre setembro settembre września сентября сентябрь",
    "october oktober octobre octubre outubro ottobre października октября октябрь",
    "november novembre noviembre novembro listopada ноября ноябрь",
    "december dezember décembre diciembre dezembro dicembre desember grudnia декабря декабрь",
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
# Month by name, lower case, 1 to 12.
MONTH_OF: dict[str, int] = {name: n for n, names in enumerate(_MONTHS, 1) for name in names.split()}
MONTH_OF |= {name: n for n, names in enumerate(_SHORT, 1) for name in names.split()}

_WEEKDAYS = (
    "monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun",
    "montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag mo di mi do fr sa so",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "lunes martes miércoles jueves viernes sábado domingo",
    "segunda terça quarta quinta sexta feira",
    "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
)
WEEKDAYS = frozenset(name for names in _WEEKDAYS for name in names.split())


class DateUnclear(ValueError):
    """Date that is not fully understood: `known` is its certain part, or None."""

    def __init__(self, message: str, known: PartialDate | None = None) -> None:
        super().__init__(message)
        self.known = known


def parse_date(value: object, *, day_first: bool | None = None) -> PartialDate:
    """Parses a front matter value into a date.

    `value` is text, a number (a year, `20190314`, seconds or milliseconds since 1970), a date or time of TOML, a
    mapping with year, month and day, or a list of one of these. `day_first` decides `3/4/2019`; if it is
    None, only its year is known. Raises `DateUnclear` with what is known of it.
    """
    if isinstance(value, str):
        return _from_text(" ".join(value.split()), day_first)
    if isinstance(value, date):
        return PartialDate(value.year, value.month, value.day)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(value)
    if isinstance(value, Mapping) and "year" in value:
        return _checked(value["year"], value.get("month"), value.get("day"), value)
    if isinstance(value, list) and len(value) == 1 and not isinstance(value[0], list):
        return parse_date(value[0], day_first=day_first)
    raise _unclear(value)


def is_no_time(value: object) -> bool:
    """Whether a value is the "no time" of a program: 1 January of the year 1 (Go, Hugo), zeros (MySQL)."""
    if isinstance(value, date):
        return (value.year, value.month, value.day) == (1, 1, 1)
    return isinstance(value, str) and _NO_TIME.match(value) is not None


def date_with_note(value: object, *, day_first: bool | None = None) -> tuple[PartialDate | None, str]:
    """Date of a value as far as it is known, and a note on the part that is unclear; None and "" for an empty value."""
    if value is None or value == "" or is_no_time(value):
        return None, ""
    try:
        return parse_date(value, day_first=day_first), ""
    except DateUnclear as unclear:
        return unclear.known, str(unclear)


def _from_text(text: str, day_first: bool | None) -> PartialDate:
    if len(text) > _LONGEST:
        raise _unclear(text)
    plain = text if text.isascii() else " ".join(_ascii_digits(text).split())
    if len(plain) > _LONGEST:
        raise _unclear(text)
    organised = _ORG.match(plain)
    if organised is not None:
        return _from_org(organised, text, day_first)
    spaced = _SPACED_DOTS.match(plain)
    if spaced is not None and (len(spaced[1]) == 4) != (len(spaced[3]) == 4):
        plain = f"{spaced[1]}.{spaced[2]}.{spaced[3]}{plain[spaced.end() :]}"
    return _from_plain(plain, day_first, text)


def _ascii_digits(text: str) -> str:
    """Text with full-width signs and the digits of every script in ASCII."""
    text = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


def _from_org(found: re.Match[str], text: str, day_first: bool | None) -> PartialDate:
    """`<2019-03-14 Thu>`, `[2019-03-14 Thu 10:11 +1w]`, `<2019-03-14 Thu>--<2019-03-16 Sat>` of Org mode."""
    first = _SPACED_ORG.sub("", found[1].strip())
    dated = parse_date(first, day_first=day_first)
    if found[2] is None:
        return dated
    raise _partly(_shared(dated, parse_date(_SPACED_ORG.sub("", found[2].strip()), day_first=day_first)), text)


def _from_plain(text: str, day_first: bool | None, original: str) -> PartialDate:
    found = _YEAR_FIRST.match(text)
    if found is not None and (found[3] or not found[5]) and (not found[5] or _TIME.match(found[5])):
        return _checked(found[1], found[3], found[4], original)
    year_last = _YEAR_LAST.match(text)
    if year_last is not None:
        return _with_time(_year_last(year_last, day_first, original), year_last[5], original)
    month_first = _MONTH_FIRST.match(text)
    if month_first is not None:
        return _checked(month_first[2], month_first[1], None, original)
    part = _part_of_time(text, day_first)
    if part is not None:
        raise _partly(part, original)
    if found is not None and found[3]:
        raise _partly(_checked(found[1], found[3], found[4], original), original)
    return _from_digits(text) if text[:1].isdecimal() and text.isascii() else _from_words(text)


def _part_of_time(text: str, day_first: bool | None) -> PartialDate | None:
    """Year or month that a season, a decade or a range of dates begins in; None for other texts."""
    bare = _INTRODUCTION.sub("", text)
    found = _DECADE.match(bare) or _YEARS.match(bare)
    if found is not None:
        return _known(found[1], day_first)
    season = _PART_OF_YEAR.sub(" ", bare).strip()
    if season != bare:
        years = _YEARS.match(season)
        return _known(years[1] if years else season, day_first)
    between = _RANGE.match(bare)
    last = _known(between[2], day_first) if between else None
    if between is not None and last is not None:
        first = _known(between[1], day_first) or _known(f"{between[1]} {last.year}", day_first)
        return _shared(first, last) if first else None
    days = _DAY_RANGE.search(bare)
    if days is None:
        return None
    dated = _known(bare[: days.start()] + days[1] + bare[days.end() :], day_first)
    return PartialDate(dated.year, dated.month) if dated and dated.day else None


def _known(text: str, day_first: bool | None) -> PartialDate | None:
    """Date of a simple text; None if it is not one."""
    try:
        return parse_date(text, day_first=day_first)
    except DateUnclear:
        return None


def _shared(first: PartialDate, last: PartialDate) -> PartialDate:
    """Beginning of a range of dates, as far as all of it shares it: its year, month or day."""
    if first == last:
        return first
    same_month = first.year == last.year and first.month == last.month and first.month is not None
    return PartialDate(first.year, first.month if same_month else None)


def _partly(dated: PartialDate, text: str) -> DateUnclear:
    return DateUnclear(f"only {dated} of the date {_quoted(text)} is understood", dated)


def _from_digits(text: str) -> PartialDate:
    """Text that begins with a digit but has no day, month and year parted by one sign."""
    found = _COMPACT.match(text)
    if found is not None:
        return _with_time(_checked(found[1], found[2], found[3], text), found[4], text)
    if text.isdecimal():
        return _from_number(int(text))
    found = _WEEK.match(text)
    if found is not None:
        return _week(int(found[1]), int(found[2]), int(found[3] or 0), text)
    return _from_words(text)


def _with_time(dated: PartialDate, rest: str, text: str) -> PartialDate:
    if rest and not _TIME.match(rest):
        raise _partly(dated, text)
    return dated


def _year_last(found: re.Match[str], day_first: bool | None, text: str) -> PartialDate:
    """`14.3.2019` and `14/3/2019` have one meaning, `3/14/2019` another, `3/4/2019` has two."""
    first, second, year = int(found[1]), int(found[3]), found[4]
    if first > 12 or first == second or found[2] == "." or (day_first and second <= 12):
        return _checked(year, second, first, text)
    if second > 12 or day_first is False:
        return _checked(year, first, second, text)
    known = _checked(year, None, None, text)
    raise DateUnclear(f"day and month of the date {_quoted(text)} may be either way round", known)


def _week(year: int, week: int, day: int, text: str) -> PartialDate:
    """Date of an ISO week: to the day, or to the month of its first day."""
    try:
        first = date.fromisocalendar(year, week, day or 1)
    except ValueError as error:
        raise _unclear(text) from error
    return PartialDate(first.year, first.month, first.day if day else None)


def _from_number(number: float) -> PartialDate:
    if 1000 <= number <= 2999 and number == int(number):
        return PartialDate(int(number))
    if 10_000_101 <= number <= 29_991_231 and number == int(number):
        whole = str(int(number))
        return _checked(whole[:4], whole[4:6], whole[6:], number)
    if 1e8 <= number < 1e14:
        moment = datetime.fromtimestamp(number / 1000 if number >= 1e11 else number, UTC)
        return PartialDate(moment.year, moment.month, moment.day)
    raise _unclear(number)


def _from_words(text: str) -> PartialDate:
    """`14 March 2019`, `March 14th, 2019`, `Thu, 14 Mar 2019 10:00:00 +0100`, `circa 1850`, `2019年3月`."""
    found = _EAST_ASIAN.match(text)
    if found is not None:
        return _checked(found[1], found[2], found[3], text)
    month, numbers = None, []
    dated = _TIME_AFTER_WORDS.sub(lambda time: (time["year"] or "")[-5:], _INTRODUCTION.sub("", text))
    for word in _WORD.findall(dated.casefold()):
        if word.isdecimal():
            numbers.append(word)
        elif month is None and word in MONTH_OF:
            month = MONTH_OF[word]
        elif word not in _FILLERS and word not in WEEKDAYS:
            raise _unclear(text)
    years = [number for number in numbers if len(number) == 4]
    days = [number for number in numbers if len(number) <= 2]
    if len(years) != 1 or len(days) > 1 or len(numbers) != len(years) + len(days) or (days and month is None):
        raise _unclear(text)
    return _checked(years[0], month, days[0] if days else None, text)


def _checked(year: object, month: object, day: object, original: object) -> PartialDate:
    """Date from parts that may be text; `00` for month or day means unknown."""
    try:
        numbers = [int(str(part)) if part not in (None, "") else 0 for part in (year, month, day)]
    except ValueError as error:
        raise _unclear(original) from error
    known = None
    for count in (1, 2, 3):
        parts = [number or None for number in numbers[:count]]
        try:
            known = PartialDate(*parts) if None not in parts else known  # type: ignore[arg-type]
        except ValueError as error:
            raise DateUnclear(f"there is no such date: {_quoted(original)}", known) from error
    if known is None:
        raise _unclear(original)
    return known


def _unclear(value: object) -> DateUnclear:
    return DateUnclear(f"not a date: {_quoted(value)}")


def _quoted(value: object) -> str:
    text = str(value)
    return repr(text) if len(text) <= 60 else f"{text[:60]!r}…"
