"""Tables of articles: JSON Lines, JSON lists of objects, CSV with any delimiter; a row is an article."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import Row, begins_with, is_json, read_rows, sample_row
from backfile.archive.importers.common.table_columns import COLUMN_NAMES, WORDPRESS_TEXT, cell_text, map_columns
from backfile.archive.importers.formats.wordpress.post_html import post_to_html
from backfile.archive.importers.formats.wordpress.wxr import skip_reason
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    ONLY_A_LINK,
    PROBE_BYTES,
    FetchResponse,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
)
from backfile.archive.importers.library.file_names import slug
from backfile.archive.importers.links.full_text import complete_from_page, fetch_article
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import (
    looks_like_html,
    looks_like_markdown,
    plain_to_markdown,
)
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.field_names import normal
from backfile.archive.metadata.mapping import map_metadata, words
from backfile.archive.metadata.publications import find_source, is_url
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem

KIND = "table"
TITLE = "Tables: JSON Lines, JSON lists, CSV and TSV, a row an article"

_LINE = re.compile(rb"\n")
_EMPTY: tuple[object, ...] = (None, "", [], {})
_JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
_PUBLISHED = frozenset({"ispublished", "islive", "publish"})
_YES = frozenset({"true", "yes", "on", "y"})
_NO = frozenset({"false", "no", "0", "off", "n"})
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
    extra = {key: value for key, value in row.values.items() if key not in columns.values() and value not in _EMPTY}
    values, notes = _field_values(row, columns, extra)
    dates: dict[str, PartialDate | None] = {}
    for field in ("date", "updated"):
        dates[field], unclear = _date(values.get(field), context)
        if unclear:
            notes.append(unclear)
            extra[f"original_{columns[field]}"] = values[field]
    title = words(values.get("title"))
    origin = _origin(values, title, dates["date"])
    reason = _skip_reason(extra, title, values.get("text"))
    if reason:
        return Skipped(origin, reason)
    url = words(values.get("url")) or None
    summary = words(values.get("summary")) or None
    body, text_notes = _body(values.get("text"), url, is_post=normal(columns.get("text", "")) == WORDPRESS_TEXT)
    item = Item(
        origin=origin,
        metadata=ArticleMetadata(
            title=title,
            authors=author_names(_names(values.get("authors"))),
            topics=topic_names(_names(values.get("topics")), key="topics", path=""),
            date=dates["date"],
            updated=dates["updated"],
            summary=summary,
            source=_source(values),
            language=language_code(words(values.get("language"))),
        ),
        body=body,
        extra=extra,
        notes=(*notes, *text_notes),
    )
    if body or not is_url(url or ""):
        return item
    if context.fetch is None:
        return item if summary else Skipped(origin, ONLY_A_LINK)
    return _fetched(item, url or "", context.fetch)


def _fetched(item: Item, url: str, fetch: Callable[[str], FetchResponse]) -> Item:
    """Item with the text of its page; with its summary only if that cannot be fetched. Raises `ITEM_FAILURES`."""
    try:
        return complete_from_page(item, fetch_article(url, fetch))
    except ITEM_FAILURES as error:
        if not item.metadata.summary:
            raise
        return replace(item, notes=(*item.notes, f"has only a summary; its page was not fetched: {error}"))


def _field_values(
    row: Row, columns: Mapping[str, str], extra: dict[str, object]
) -> tuple[dict[str, object], list[str]]:
    """Field → its value, and notes on objects in the place of a text.

    These, authors and topics that are but numbers of another table, and a yes or no in the place of a date
    (`published`) are kept under the name of the column.
    """
    values: dict[str, object] = {}
    notes = []
    for field, column in columns.items():
        value = cell_text(row.get(column))
        if isinstance(value, Mapping) and field not in ("authors", "topics", "source"):
            keys = ", ".join(map(str, list(value)[:8]))
            notes.append(f"{column} holds an object with {keys}: name the part with --map {field}={column}.KEY")
            extra[column] = value
        elif (field in ("authors", "topics") and _are_numbers(value)) or (field == "date" and _is_answer(value)):
            extra[column] = value
        else:
            is_rendered = value is not row.get(column) and field in ("title", "summary")
            values[field] = html_to_line(str(value)) if is_rendered else value
    return values, notes


def _is_answer(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.strip().casefold() in _YES | (_NO - {"0"}))


def _are_numbers(value: object) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(
        (isinstance(each, int) and not isinstance(each, bool)) or (isinstance(each, str) and each.strip().isdecimal())
        for each in values
    )


def _skip_reason(extra: Mapping[str, object], title: str, text: object) -> str:
    """Reason why a row is no article: it is a draft, or another kind of row of a table of WordPress."""
    if map_metadata(extra, "", "x.md").draft:
        return "draft"
    for key, value in extra.items():
        if normal(key) in _PUBLISHED and words(value).casefold() in _NO:
            return "draft"
    kind = words(extra.get("post_type"))
    if not kind:
        return ""
    status = words(extra.get("post_status")) or "publish"
    return skip_reason({"post_type": kind, "status": status, "title": title, "content": words(text)})


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


def _body(value: object, url: str | None, *, is_post: bool = False) -> tuple[str, tuple[str, ...]]:
    """Text of a cell as Markdown, from HTML, Markdown or plain text, and notes on what it lacks.

    `is_post`: the text is as WordPress stores it.
    """
    if isinstance(value, list):
        parts = [_body(cell_text(part), url, is_post=is_post) for part in value]
        return "\n\n".join(part for part, _ in parts), tuple(note for _, notes in parts for note in notes)
    text = value if isinstance(value, str) else "" if value is None else str(value)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    html, notes = post_to_html(text) if is_post else (text, ())
    if is_post or looks_like_html(text):
        return fragment_to_markdown(html, url), notes
    return (text.strip("\n") if looks_like_markdown(text) else plain_to_markdown(text)), notes


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
