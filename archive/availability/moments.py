"""Moments: dates and times of front matter, with their zones, as instants in UTC.

Times are those of ISO 8601, of RFC 2822 and of the site builders (`2031-03-14 18:00 +0100`, `6:30 pm Europe/Berlin`).
A date alone means its first second, a time without a zone is one of the library's zone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from backfile.archive.metadata.dates import DateUnclear, is_no_time, parse_date
from backfile.archive.model import PartialDate

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)

_LAST = LATEST.replace(tzinfo=None)
_FURTHEST_WEST = timedelta(hours=-12)
_MAX_OFFSET = timedelta(hours=18)
_TEXTS = ("until", "date", "on", "end", "from", "value")  # keys of a mapping that holds a moment
_TIME = re.compile(
    r"""(?P<date>.*?\d[^\d:]*?) (?:[T\s,]|\s(?:at|um|à)\s) \s*
    (?P<hour>\d{1,2}) (?:[:h](?P<minute>\d{2}) (?: :(?P<second>\d{2}) (?:[.,]\d+)? )? | (?=\s*(?:[ap]\.?m|h|uhr)\b))
    \s* (?P<half>[ap]\.?m\b\.?)? (?:\s*(?:uhr|h)\b)? \s*
    (?P<zone>[\[(]?[A-Za-z][A-Za-z_/+-]*[\])]?|(?:(?:UTC|GMT)\s*)?[+\-−]\s*\d{1,2}:?(?:\d{2})?)?
    (?: \s* [\[(][\w/ +-]+[\])] )? (?:\s+(?P<year>\d{4}))? \Z""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_COMPACT_TIME = re.compile(r"(\d{8}|\d{4}-\d{2}-\d{2})T(\d{2}):?(\d{2}):?(\d{2})?(?=Z|[+-]|\Z)", re.ASCII)
_HAS_TIME = re.compile(r":|\d\s*(?:[ap]\.?m|h|uhr)\b", re.ASCII | re.IGNORECASE)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+\-−])\s*(\d{1,2}):?(\d{2})?\Z", re.ASCII | re.IGNORECASE)
# Hours east of UTC by abbreviation. Of several meanings the one furthest west: nothing is shown too soon.
_ABBREVIATIONS: dict[str, float] = {
    **dict.fromkeys(("Z", "UT", "UTC", "GMT", "WET"), 0),
    **dict.fromkeys(("CET", "MEZ", "MET", "BST", "WEST", "IST"), 1),
    **dict.fromkeys(("CEST", "MESZ", "MEST", "EET", "SAST"), 2),
    **dict.fromkeys(("EEST", "MSK", "EAT"), 3),
    **dict.fromkeys(("AWST", "HKT"), 8),
    **dict.fromkeys(("JST", "KST"), 9),
    **dict.fromkeys(("EST", "CDT"), -5),
    **dict.fromkeys(("CST", "MDT"), -6),
    **dict.fromkeys(("MST", "PDT"), -7),
    "ACST": 9.5,
    "AEST": 10,
    "AEDT": 11,
    "NZST": 12,
    "NZDT": 13,
    "EDT": -4,
    "PST": -8,
    "AKST": -9,
    "HST": -10,
}


class Moment(NamedTuple):
    """Instant in UTC; of a value that is understood in part the latest that it may mean, with a `note` on it."""

    at: datetime
    note: str = ""


def parse_moment(value: object, zone: tzinfo, *, day_first: bool | None = None) -> Moment | None:
    """Moment of a front matter value; None if it holds no date at all.

    `value` is text, a number (a year, seconds or milliseconds since 1970), a date or time of TOML, a mapping with a
    `date` or `until`, or a list of one of these. `zone` is that of values that state none.
    """
    if isinstance(value, Mapping):
        value = next((value[key] for key in _TEXTS if value.get(key) not in (None, "")), None)
    elif isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    if value is None or isinstance(value, bool | Mapping | list) or is_no_time(value):
        return None
    if isinstance(value, str):
        return _from_text(" ".join(value.split()), zone, day_first)
    if isinstance(value, datetime):
        return Moment(_instant(value, value.tzinfo or zone))
    if isinstance(value, int | float) and abs(value) >= 1e8 and not 10_000_101 <= value <= 29_991_231:
        return _since_1970(value)
    return _from_date(value, zone, day_first)


def start_of(day: PartialDate, zone: tzinfo) -> datetime:
    """First second of a date in a zone."""
    return _instant(datetime.combine(day.first, time()), zone)


@lru_cache(maxsize=256)
def find_zone(name: str) -> tzinfo | None:
    """Time zone by its name in the IANA database (`Europe/Berlin`), or UTC; None if there is none."""
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone; no name of one; a folder of the database
        return None


def _from_text(text: str, zone: tzinfo, day_first: bool | None) -> Moment | None:
    if text.isdecimal() and 9 <= len(text) <= 13:
        return _since_1970(int(text))
    found = _TIME.match(_COMPACT_TIME.sub(_spelt_out, text)) if len(text) <= 100 else None
    if found is None:
        return _from_date(text, zone, day_first)
    written = f"{found['date']} {found['year'] or ''}".strip(" ,")
    try:
        day = parse_date(written, day_first=day_first)
    except DateUnclear:
        return _from_date(text, zone, day_first)
    clock = _clock(found)
    if day.day is None or clock is None:
        return _from_date(text, zone, day_first)
    stated = _zone(found["zone"]) if found["zone"] else zone
    naive = datetime.combine(day.first, time())
    if stated is None:
        note = f"the time zone of {text!r} is not known"
        return Moment(_instant(naive + clock, timezone(_FURTHEST_WEST)), note)
    return Moment(_instant(_plus(naive, clock), stated))


def _spelt_out(found: re.Match[str]) -> str:
    day, hour, minute, second = found.groups()
    return f"{day} {hour}:{minute}:{second or '00'}"


def _clock(found: re.Match[str]) -> timedelta | None:
    """Time since midnight; None for one that no clock shows. 24:00 is the end of the day."""
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    half = (found["half"] or "").lower()[:1]
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + 12 * (half == "p")
    since = timedelta(hours=hour, minutes=minute, seconds=second)
    return since if minute < 60 and second <= 60 and since <= timedelta(days=1) else None


def _zone(name: str) -> tzinfo | None:
    name = name.strip("[]()")
    offset = _OFFSET.match(name)
    if offset is not None:
        distance = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(-distance if offset[1] in "-−" else distance) if distance <= _MAX_OFFSET else None
    hours = _ABBREVIATIONS.get(name.upper())
    return find_zone(name) if hours is None else timezone(timedelta(hours=hours))


def _from_date(value: object, zone: tzinfo, day_first: bool | None) -> Moment | None:
    """Moment of a date; of one that is understood in part, the end of the span that is."""
    try:
        day = parse_date(value, day_first=day_first)
    except DateUnclear as unclear:
        if unclear.known is None:
            return None
        end = _plus(datetime.combine(unclear.known.last, time()), timedelta(days=1))
        return Moment(_instant(end, zone), str(unclear))
    if isinstance(value, str) and _HAS_TIME.search(value):
        end = _plus(datetime.combine(day.last, time()), timedelta(days=1))
        return Moment(_instant(end, zone), f"the time in {value!r} is not understood")
    return Moment(start_of(day, zone))


def _since_1970(number: float) -> Moment | None:
    seconds = number / 1000 if abs(number) >= 1e11 else number
    try:
        return Moment(datetime.fromtimestamp(seconds, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _plus(naive: datetime, span: timedelta) -> datetime:
    return naive + span if naive <= _LAST - span else _LAST


def _instant(moment: datetime, zone: tzinfo) -> datetime:
    """Instant in UTC; one beyond the years 1 to 9999 is the last or first of them."""
    try:
        return moment.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return LATEST if moment.year > date.min.year + 1 else EARLIEST
