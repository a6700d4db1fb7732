"""Entries of RIS files, one by one, parsed by rispy: a broken entry is reported, and the next is read.

Format: https://en.wikipedia.org/wiki/RIS_(file_format)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from backfile.archive.importers.common.text_lines import read_lines
from backfile.archive.importers.formats.scholarly.bibliography_entry import BibliographyEntry, date_of_parts, named
from backfile.archive.metadata.author_names import author_names
from backfile.archive.report import Problem

MAX_LINES = 20_000
"""Limit of the lines of one entry."""

_TAG = re.compile(r"\s{0,8}([A-Z][A-Z0-9])\s{1,3}-(?:\s(.*))?\Z")
_TITLES = ("title", "primary_title", "translated_title", "short_title")
_AUTHORS = ("authors", "first_authors", "subsidiary_authors", "secondary_authors")
_HOLDERS = (
    *("journal_name", "secondary_title", "alternate_title1", "alternate_title2", "alternate_title3", "tertiary_title"),
    "publisher",
)
_FILES = ("file_attachments1", "file_attachments2", "figure")
_NUMBER = re.compile(r"\d+")


def read_ris(path: Path) -> Iterator[BibliographyEntry | Problem]:
    """Yields the entries of a file. Raises `OSError`, and `ArchiveError` for what is no text."""
    for began, lines in _records(path):
        if len(lines) > MAX_LINES:
            yield Problem("", began, f"the entry has more than {MAX_LINES:,} lines", "look for a missing ER line")
            continue
        try:
            yield _entry(lines)
        except (ValueError, OSError, KeyError, AttributeError, TypeError) as error:
            yield Problem("", began, f"the entry cannot be read: {error}", "look at it in the file")


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """First line number and lines of each entry, tags in their canonical form; an entry may lack its end."""
    lines: list[str] = []
    began = 0
    for number, line in read_lines(path):
        found = _TAG.match(line)
        tag, value = (found[1], (found[2] or "").strip()) if found else ("", line.strip())
        if tag == "TY":
            if lines:
                yield began, lines
            lines, began = [], number
        if tag == "ER":
            if lines:
                yield began, lines
            lines = []
        elif tag and (lines or tag == "TY"):
            lines.append(f"{tag}  - {value}")
        elif lines and value:
            lines[-1] = f"{lines[-1]} {value}"
    if lines:
        yield began, lines


def _entry(lines: list[str]) -> BibliographyEntry:
    import rispy  # noqa: PLC0415 - only bibliographies need it

    (record,) = rispy.loads("\n".join([*lines, "ER  - "]) + "\n")
    fields: Mapping[str, Any] = {name: value for name, value in record.items() if value}

    def first(*names: str) -> str:
        return next((_joined(fields[name]) for name in names if name in fields), "")

    entry = BibliographyEntry(first("id"), url=first("urls", "url").split(" ")[0], doi=first("doi"))
    people: list[str] = next((fields[name] for name in _AUTHORS if name in fields), [])
    entry.describe(
        title=first(*_TITLES),
        authors=tuple(dict.fromkeys(name for person in people for name in author_names(person) or (person,))),
        topics=tuple(word.strip() for given in fields.get("keywords", []) for word in given.split(";") if word.strip()),
        date=_date(first("date") or first("publication_year") or first("year")),
        language=first("language"),
    )
    if not entry.metadata.date and first("year", "publication_year"):
        entry.describe(date=_date(first("publication_year", "year")))
    entry.container = first(*_HOLDERS)
    entry.abstract = first("abstract", "notes_abstract")
    entry.notes = [note for note in fields.get("notes", []) if note and note != entry.abstract]
    if "abstract" in fields and "notes_abstract" in fields and first("notes_abstract") != entry.abstract:
        entry.notes.append(first("notes_abstract"))
    entry.files = [each for name in _FILES for each in _listed(fields.get(name)) if not each.startswith("http")]
    entry.details = {"type": first("type_of_reference")} | named(
        {name: _joined(value) for name, value in fields.items()}, volume="volume", issue="number", issn="issn"
    )
    entry.details["pages"] = "–".join(filter(None, (first("start_page"), first("end_page"))))
    entry.details["place"] = first("place_published")
    return entry


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else [str(value)] if value else []


def _joined(value: Any) -> str:
    return " ".join(_listed(value)).strip()


def _date(written: str) -> object:
    """Date of `2019/03/14/Spring`, whose parts may be empty; its words if it has another form."""
    if "/" in written:
        return date_of_parts(written.split("/"))
    return date_of_parts(_NUMBER.findall(written)) if re.fullmatch(r"[\d-]{4,10}", written) else written
