"""Masthead: title, byline and date that stand above a text, such as `By Edna Marsh | 14 March 2019`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backfile.archive.importers.common.bylines import byline_authors
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.model import PartialDate

LONGEST_LINE = 150
"""Characters; a longer line belongs to the text."""

_PARTS = re.compile(r"(?<!\s)\s++(?:\||•|·|—|–)\s+")
_DATE_WORDS = re.compile(
    r"(?:(?:date|published|posted|updated|first published|datum|veröffentlicht|publié)\b\s*:?\s*)+", re.I
)


@dataclass(slots=True)
class Masthead:
    """Metadata read off the lines above a text."""

    title: str = ""
    summary: str = ""
    authors: tuple[str, ...] = ()
    date: PartialDate | None = None

    def add_line(self, line: str, *, day_first: bool | None, may_repeat: bool = False) -> bool:
        """Adds a byline, a date or both; returns whether the line is nothing else.

        A second byline or date is refused unless `may_repeat`; the first one counts.
        """
        found = _authors_and_date(line, day_first) if len(line) <= LONGEST_LINE else None
        if found is None:
            return False
        authors, date = found
        if not may_repeat and ((authors and self.authors) or (date and self.date)):
            return False
        self.authors, self.date = self.authors or authors, self.date or date
        return True


def _authors_and_date(line: str, day_first: bool | None) -> tuple[tuple[str, ...], PartialDate | None] | None:
    """Authors and date of a line that holds only these; None for any other line."""
    authors: tuple[str, ...] = ()
    date: PartialDate | None = None
    for part in _PARTS.split(line.strip()):
        part_date = date_in_words(_DATE_WORDS.sub("", part, count=1), day_first=day_first)
        part_authors = byline_authors(part)
        if part_date is None and not part_authors:
            return None
        authors, date = authors or part_authors, date or part_date
    return authors, date


def date_in_words(words: str, near: PartialDate | None = None, *, day_first: bool | None) -> PartialDate | None:
    """Date that words state; the year of `near` completes one without a year. None if any part is unclear."""
    if not any(letter.isdecimal() for letter in words):
        return None
    for text in (words, f"{words}, {near.year}" if near else ""):
        date, note = date_with_note(text, day_first=day_first)
        if not note and date:
            return date
    return None


def letters_only(text: str) -> str:
    """Letters and digits of a text in lower case, by which titles are compared."""
    return re.sub(r"[\W_]+", "", text).casefold()
