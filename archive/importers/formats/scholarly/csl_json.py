"""Entries of CSL-JSON, as Zotero, Mendeley and Pandoc write it.

Format: https://docs.citationstyles.org/en/stable/specification.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from backfile.archive.importers.common.rows import Row, begins_with, read_rows
from backfile.archive.importers.formats.scholarly.bibliography_entry import BibliographyEntry, date_of_parts, named
from backfile.archive.report import Problem

MAX_WHOLE = 20 * 1024 * 1024
"""Limit in bytes of a file that is one object; lists are read entry by entry."""

_TYPES = (
    rb"article|article-journal|article-magazine|article-newspaper|bill|book|broadcast|chapter|dataset|document|entry"
    rb"|entry-dictionary|entry-encyclopedia|figure|graphic|interview|legal_case|legislation|manuscript|map|motion_picture"
    rb"|musical_score|pamphlet|paper-conference|patent|periodical|personal_communication|post|post-weblog|report|review"
    rb"|review-book|software|song|speech|standard|thesis|treaty|webpage"
)
_TYPE = re.compile(rb'"type"\s*:\s*"(?:' + _TYPES + rb')"')
_SIGNS = re.compile(rb'"(?:container-title|date-parts|family|citation-key|citation-label)"\s*:')


def is_csl_json(head: bytes) -> bool:
    """Whether a file begins as CSL-JSON: a type of the vocabulary and a name that only it has."""
    return begins_with(head, (b"[", b"{")) and bool(_TYPE.search(head) and _SIGNS.search(head))


def read_csl_json(path: Path) -> Iterator[BibliographyEntry | Problem]:
    """Yields the entries of a file. Raises `OSError`."""
    for number, row in enumerate(_objects(path), start=1):
        if isinstance(row, Problem):
            yield row
            continue
        try:
            yield _entry(row)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            yield Problem("", None, f"entry {number} cannot be read: {error}", "look at it in the file")


def _objects(path: Path) -> Iterator[Mapping[str, Any] | Problem]:
    with path.open("rb") as file:
        is_list = begins_with(file.read(1024), b"[")
    if not is_list and path.stat().st_size <= MAX_WHOLE:
        try:
            value = json.loads(path.read_bytes().decode("utf-8-sig"))
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            items = value.get("items") or value.get("references")
            yield from items if isinstance(items, list) else [value]
            return
    for row in read_rows(path):
        yield row.values if isinstance(row, Row) else row


def _entry(values: Mapping[str, Any]) -> BibliographyEntry:
    key = str(values.get("citation-key") or values.get("id") or "")
    entry = BibliographyEntry(key, url=_text(values, "URL"), doi=_text(values, "DOI"))
    keywords = values.get("keyword") or values.get("keywords") or ""
    words = keywords if isinstance(keywords, list) else re.split(r"[,;]", str(keywords))
    entry.describe(
        title=_text(values, "title"),
        authors=_names(values.get("author")) or _names(values.get("editor")),
        topics=tuple(str(word).strip() for word in words if str(word).strip()),
        date=_date(values.get("issued")),
        language=_text(values, "language"),
    )
    entry.container = _text(values, "container-title") or _text(values, "publisher")
    entry.abstract = _text(values, "abstract", lines=True)
    entry.notes = [note for note in (_text(values, "note", lines=True), _text(values, "annote", lines=True)) if note]
    entry.details = named(
        values, type="type", volume="volume", issue="issue", pages="page", isbn="ISBN", issn="ISSN", section="section"
    )
    if entry.container != _text(values, "publisher"):
        entry.details["publisher"] = _text(values, "publisher")
    return entry


def _text(values: Mapping[str, Any], name: str, *, lines: bool = False) -> str:
    value = values.get(name)
    text = str(value[0] if isinstance(value, list) and value else value or "")
    return text if lines else " ".join(text.split())


def _names(people: Any) -> tuple[str, ...]:
    """Names of persons and groups."""
    found: list[str] = []
    for person in people if isinstance(people, list) else []:
        if isinstance(person, str):
            found.append(person)
            continue
        order = ("given", "dropping-particle", "non-dropping-particle", "family", "suffix")
        parts = [str(person[name]) for name in order if person.get(name)]
        found.append(" ".join(parts) or str(person.get("literal") or person.get("name") or ""))
    return tuple(dict.fromkeys(filter(None, found)))


def _date(issued: Any) -> object:
    """Date of `{"date-parts": [[2019, 3, 14]]}`, of words or of a text."""
    if not isinstance(issued, Mapping):
        return str(issued or "").partition("/")[0]
    parts = issued.get("date-parts")
    if isinstance(parts, list) and parts and isinstance(parts[0], list):
        return date_of_parts(parts[0])
    return str(issued.get("raw") or issued.get("literal") or "")
