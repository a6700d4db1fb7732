"""Read-later exports as CSV: Pocket, Instapaper, Readwise Reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from backfile.archive.importers.common.rows import Row, read_rows
from backfile.archive.importers.formats.read_later.saved_item import SavedItem, tag_names
from backfile.archive.importers.item import ITEM_FAILURES
from backfile.archive.metadata.author_names import author_names
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem

_INSTAPAPER_FOLDERS = frozenset({"unread", "archive", "starred", "home"})


def _pocket(row: Row) -> SavedItem:
    """https://support.mozilla.org/en-US/kb/exporting-your-pocket-list: times in seconds, tags separated by bars."""
    value = _cell_reader(row)
    return SavedItem(
        value("url"),
        ArticleMetadata(value("title"), topics=tag_names(value("tags"))),
        saved=value("time_added"),
    )


def _instapaper(row: Row) -> SavedItem:
    """URL, Title, Selection, Folder, Timestamp, Tags (a JSON list); a custom folder is a topic."""
    value = _cell_reader(row)
    folder = value("folder")
    own = (folder,) if folder and folder.lower() not in _INSTAPAPER_FOLDERS else ()
    tags = tuple(tag.strip("\"' ") for tag in tag_names(value("tags").strip("[]")))
    return SavedItem(
        value("url"),
        ArticleMetadata(value("title"), topics=(*own, *tags)),
        note=value("selection"),
        saved=value("timestamp"),
    )


def _readwise(row: Row) -> SavedItem:
    """https://docs.readwise.io/reader/docs/faqs/exporting: tags as a Python list, no text."""
    value = _cell_reader(row)
    tags = tuple(tag.strip("\"' ") for tag in tag_names(value("document tags").strip("[]")))
    return SavedItem(
        value("url"),
        ArticleMetadata(value("title"), author_names(value("author")), tags),
        note=value("summary"),
        published=value("published date"),
        saved=value("saved date"),
    )


# Required columns (lower case) → parser of a row.
_FORMATS: tuple[tuple[frozenset[str], Callable[[Row], SavedItem]], ...] = (
    (frozenset({"title", "url", "time_added", "tags", "status"}), _pocket),
    (frozenset({"url", "title", "selection", "folder"}), _instapaper),
    (frozenset({"title", "url", "id", "document tags", "saved date", "location"}), _readwise),
)


def row_parser(columns: Iterable[str]) -> Callable[[Row], SavedItem] | None:
    """Parser of rows with these columns; None if they are of no read-later export."""
    names = {name.strip().lower() for name in columns}
    return next((parse for needed, parse in _FORMATS if needed <= names), None)


def read(path: Path) -> Iterator[SavedItem | Problem]:
    """Saved pages of a table, row by row."""
    parse: Callable[[Row], SavedItem] | None = None
    for row in read_rows(path):
        if isinstance(row, Problem):
            yield row
            continue
        parse = parse or row_parser(row.values)
        if parse is None:
            yield Problem("", 1, "the columns are of no read-later export", "try --as table")
            return
        try:
            yield parse(row)
        except ITEM_FAILURES as error:
            yield Problem("", row.line, f"cannot be read: {error}", "look at it in the export")


def _cell_reader(row: Row) -> Callable[[str], str]:
    """Function that gives the text of a column by its lower-case name; empty if missing."""
    lowered = {name.strip().lower(): str(value or "").strip() for name, value in row.values.items()}
    return lambda name: lowered.get(name, "")
