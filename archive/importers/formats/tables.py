"""Tables of articles: JSON Lines, JSON lists of objects, CSV with any delimiter; a row is an article."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import Row, begins_with, is_json, read_rows, sample_row
from backfile.archive.importers.common.table_columns import COLUMN_NAMES, map_columns
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    PROBE_BYTES,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
)
from backfile.archive.importers.library.file_names import slug
from backfile.archive.importers.markdown.plain_to_markdown import (
    looks_like_html,
    looks_like_markdown,
    plain_to_markdown,
)
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.mapping import map_metadata, words
from backfile.archive.metadata.publications import find_source
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem

KIND = "table"
TITLE = "Tables: JSON Lines, JSON lists, CSV and TSV, a row an article"

_LINE = re.compile(rb"\n")
_EMPTY: tuple[object, ...] = (None, "", [], {})
_JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
_ENDINGS = (*_JSON_ENDINGS, ".csv", ".tsv", ".tab")


def detect(probe: Probe) -> int:
    """By columns for a title and a text; by one of them only if the file name is that of a table."""
    if probe.is_folder:
        tables = sum(name.lower().endswith(_ENDINGS) for name in probe.names)
        return 35 if tables and tables == len(probe.names) else 0
    first = sample_row(probe.head)
    if len(first) < 2:
        return 0
    found = map_columns(first, {})
    named = probe.path.name.lower().endswith(_ENDINGS)
    if {"title", "text"} <= found.keys():
        return 70 if named else 55
    if "title" in found or "text" in found:
        return 45 if named or is_json(probe.head) else 0
    return 15 if named else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of lines of a JSON Lines file; None for other tables."""
    with path.open("rb") as file:
        head = file.read(PROBE_BYTES)
    return count_matches(path, _LINE) if is_json(head) and not begins_with(head, b"[") else None


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Articles in the order of rows. Unknown columns are kept under their names."""
    if path.is_dir():
        yield Problem("", None, "is a folder of tables", "name the files one by one")
        return
    columns: dict[str, str] | None = None
    for row in read_rows(path):
        if isinstance(row, Problem):
            yield row
            continue
        if columns is None or row.loose:
            columns = map_columns(row.values, context.columns)
            wrong = _column_problem(columns, row, context)
            if wrong is not None:
                yield wrong
                if row.loose:
                    continue
                return
        try:
            context.begin()
            yield _article(row, columns, context)
        except ITEM_FAILURES as error:
            yield Problem("", row.line, str(error), getattr(error, "hint", "") or "look at it in the table")


def _column_problem(columns: Mapping[str, str], row: Row, context: ImportContext) -> Problem | None:
    """Problem of the columns: one that is missing, or none that is a title or text."""
    known = ", ".join(row.values)
    for field, column in context.columns.items():
        if not row.loose and column not in row.values:
            return Problem("", row.line, f"there is no column {column!r} for {field}", f"the columns are {known}")
    if all(row.get(columns.get(field, "")) is None for field in ("title", "text")):
        fields = ", ".join(COLUMN_NAMES)
        hint = f"name them with --map FIELD=COLUMN; the columns are {known}; the fields are {fields}"
        return Problem("", row.line, "no column is known to be the title or the text", hint)
    return None


def _article(row: Row, columns: Mapping[str, str], context: ImportContext) -> ImportEvent:
    values = {field: row.get(column) for field, column in columns.items()}
    mapped = set(columns.values())
    extra = {key: value for key, value in row.values.items() if key not in mapped and value not in _EMPTY}
    dates: dict[str, PartialDate | None] = {}
    notes = []
    for field in ("date", "updated"):
        dates[field], unclear = _date(values.get(field), context)
        if unclear:
            notes.append(unclear)
            extra[f"original_{columns[field]}"] = values[field]
    title = words(values.get("title"))
    origin = _origin(values, title, dates["date"])
    if map_metadata(extra, "", "x.md").draft:
        return Skipped(origin, "draft")
    return Item(
        origin=origin,
        metadata=ArticleMetadata(
            title=title,
            authors=author_names(_names(values.get("authors"))),
            topics=topic_names(_names(values.get("topics")), key="topics", path=""),
            date=dates["date"],
            updated=dates["updated"],
            summary=words(values.get("summary")) or None,
            source=_source(values),
            language=language_code(words(values.get("language"))),
        ),
        body=_body(values.get("text"), words(values.get("url")) or None),
        extra=extra,
        notes=tuple(notes),
    )


def _date(value: object, context: ImportContext) -> tuple[PartialDate | None, str]:
    """Date as far as it is known, and a note on the unclear part."""
    if value in _EMPTY:
        return None, ""
    text = str(value).strip()
    number = float(text) if text.replace(".", "", 1).isdecimal() and text.isascii() else None
    return date_with_note(value if number is None else number, day_first=context.day_first)


def _origin(values: Mapping[str, object], title: str, date: PartialDate | None) -> str:
    """Permanent name of a row: its id, its address, or else date and title."""
    named = words(values.get("id")) or words(values.get("url"))
    return named or "-".join(filter(None, (date.isoformat() if date else "", slug(title)))) or "untitled"


def _body(value: object, url: str | None) -> str:
    """Text of a cell as Markdown, from HTML, Markdown or plain text."""
    if isinstance(value, list):
        return "\n\n".join(_body(part, url) for part in value)
    text = value if isinstance(value, str) else "" if value is None else str(value)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if looks_like_html(text):
        from backfile.archive.importers.markdown.html_to_markdown import html_to_markdown  # noqa: PLC0415 - few tables hold HTML

        return html_to_markdown(text, base_url=url)
    return text.strip("\n") if looks_like_markdown(text) else plain_to_markdown(text)


def _names(value: object) -> object:
    """Names in a cell, separated by bars or written as a JSON list."""
    if isinstance(value, str):
        bare = value.strip()
        if bare.startswith("[") and bare.endswith("]"):
            return [part.strip(" '\"") for part in bare[1:-1].split(",")]
        return value.replace("|", ";")
    return value if value is not None else ""


def _source(values: Mapping[str, object]) -> Source | None:
    named = [("source", values["source"])] if values.get("source") else []
    addresses = [("url", values["url"])] if values.get("url") else []
    return find_source(named, addresses).source
