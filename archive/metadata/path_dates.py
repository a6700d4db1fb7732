"""Dates in the names of files and folders, and in URLs, for articles that have no other date."""

from __future__ import annotations

import re

from backfile.archive.model import PartialDate

_DAY_IN_NAME = re.compile(r"(\d{4})([-_.]?)(\d{2})\2(\d{2})(?!\d)", re.ASCII)
_SHORT_DAY_IN_NAME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)", re.ASCII)
_MONTH_IN_NAME = re.compile(r"(\d{4})-(\d{2})(?=[-_.\s])", re.ASCII)
_FOLDERS = re.compile(r"(?:\A|/)((?:1[5-9]|20)\d\d)(?:[/-](\d{1,2})(?:[/-](\d{1,2}))?)?(?=/)", re.ASCII)
_DAY_IN_ADDRESS = re.compile(r"(?:\A|/)(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?!\d)", re.ASCII)
_MONTH_IN_ADDRESS = re.compile(r"(?:\A|/)((?:1[5-9]|20)\d\d)/(\d{2})(?=/|\Z)", re.ASCII)


def date_in_path(path: str) -> PartialDate | None:
    """Date in a file's name (`2019-03-14-slug.md`, `2019-03-slug.md`, `20190314.md`) or in its folders' names.

    Of several (`2019/2019-03-slug.md`) the one that tells most; a page bundle (`2019-03-14-slug/index.md`) has its
    folder's. A year alone at the head of a file's name is no date: it is as often part of a title.
    """
    folders, _, name = path.rpartition("/")
    if name.startswith("index.") and folders:
        return date_in_path(folders + ".md")
    day = _DAY_IN_NAME.match(name)
    exact = _dated(day[1], day[3], day[4]) if day else None
    return most_precise(
        exact,
        _found(_SHORT_DAY_IN_NAME.match(name)),
        _found(_MONTH_IN_NAME.match(name)),
        _found(_FOLDERS.search(folders + "/")),
    )


def date_in_address(address: str) -> PartialDate | None:
    """Date in a site path (`2019/03/14/slug`, `/2019/03/slug.html`), or None."""
    return most_precise(_found(_DAY_IN_ADDRESS.search(address)), _found(_MONTH_IN_ADDRESS.search(address)))


def most_precise(*dates: PartialDate | None) -> PartialDate | None:
    """Most precise date, the first of equals; None if there is none."""
    return max((dated for dated in dates if dated is not None), key=_precision, default=None)


def _precision(dated: PartialDate) -> int:
    return (dated.month is not None) + (dated.day is not None)


def _found(match: re.Match[str] | None) -> PartialDate | None:
    return _dated(*match.groups()) if match else None


def _dated(year: str, month: str | None = None, day: str | None = None) -> PartialDate | None:
    """Date from digits; None if they cannot be one."""
    if not 1500 <= int(year) <= 2199:
        return None
    try:
        return PartialDate(int(year), int(month) if month else None, int(day) if day else None)
    except ValueError:
        return None
