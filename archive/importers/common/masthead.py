"""Lines above a text that say who wrote it and when: `By Edna Marsh | 14 March 2019`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backfile.archive.importers.common.bylines import byline_authors
from backfile.archive.metadata.dates import DateUnclear, parse_date
from backfile.archive.model import PartialDate

LONGEST_LINE = 150
"""Characters; a longer line is text."""

_PARTS = re.compile(r"\s+(?:\||•|·|—|–)\s+")
_DATE_WORDS = re.compile(
    r"(?:(?:date|published|posted|updated|first published|datum|veröffentlicht|publié)\b\s*:?\s*)+", re.I
)


@dataclass(frozen=True, slots=True)
class MastheadLine:
    """The authors and the date that a line states; at least one of them."""

    authors: tuple[str, ...]
    date: PartialDate | None


def parse_masthead_line(line: str, *, day_first: bool | None) -> MastheadLine | None:
    """What a line states if it is a byline, a date or both; None if there is anything else in it."""
    authors: tuple[str, ...] = ()
    date: PartialDate | None = None
    for part in _PARTS.split(line.strip()):
        its_date = date_in_words(_DATE_WORDS.sub("", part, count=1), day_first=day_first)
        its_authors = byline_authors(part)
        if its_date is None and not its_authors:
            return None
        authors, date = authors or its_authors, date or its_date
    return MastheadLine(authors, date)


def date_in_words(words: str, near: PartialDate | None = None, *, day_first: bool | None) -> PartialDate | None:
    """The date that words mean; one without its year is completed by a date that is known otherwise."""
    if not any(letter.isdecimal() for letter in words):
        return None
    for text in (words, f"{words}, {near.year}" if near else ""):
        try:
            return parse_date(text, day_first=day_first)
        except DateUnclear:
            continue
    return None
