"""Read-later exports as tables: Pocket, Instapaper, Readwise Reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from backfile.archive.importers.common.rows import Row, read_rows
from backfile.archive.importers.formats.read_later.saved_item import SavedItem, tag_names
from backfile.archive.report import Problem

_INSTAPAPER_FOLDERS = frozenset({"unread", "archive", "starred", "home"})


def _pocket(row: Row) -> SavedItem:
    """https://support.mozilla.org/en-US/kb/exporting-your-pocket-list: times in seconds, tags parted by bars."""
    value = _reader(row)
    return SavedItem(value("url"), value("title"), topics=tag_names(value("tags")), saved=value("time_added"))


def _instapaper(row: Row) -> SavedItem:
    """URL, Title, Selection, Folder, Timestamp, Tags (a list in JSON); a folder of one's own is a topic."""
    value = _reader(row)
    folder = value("folder")
    own = (folder,) if folder and folder.lower() not in _INSTAPAPER_FOLDERS else ()
    marks = tuple(tag.strip("\"' ") for tag in tag_names(value("tags").strip("[]")))
    return SavedItem(
        value("url"), value("title"), note=value("selection"), topics=(*own, *marks), saved=value("timestamp")
    )


def _reader_of_readwise(row: Row) -> SavedItem:
    """https://docs.readwise.io/reader/docs/faqs/exporting: tags as a Python list, no text."""
    value = _reader(row)
    marks = tuple(tag.strip("\"' ") for tag in tag_names(value("document tags").strip("[]")))
    return SavedItem(
        value("url"), value("title"), note=value("summary"), authors=value("author"), topics=marks,
        date=value("published date"), saved=value("saved date"),
    )  # fmt: skip


# Columns that are there (lower case) → how a row is read.
_FORMATS: tuple[tuple[frozenset[str], Callable[[Row], SavedItem]], ...] = (
    (frozenset({"title", "url", "time_added", "tags", "status"}), _pocket),
    (frozenset({"url", "title", "selection", "folder"}), _instapaper),
    (frozenset({"title", "url", "id", "document tags", "saved date", "location"}), _reader_of_readwise),
)


def row_parser(columns: Iterable[str]) -> Callable[[Row], SavedItem] | None:
    """How rows with these columns are read; None if they are of no read-later export."""
    names = {name.strip().lower() for name in columns}
    return next((reader for needed, reader in _FORMATS if needed <= names), None)


def read(path: Path) -> Iterator[SavedItem | Problem]:
    """The saved pages of a table, row by row."""
    reader: Callable[[Row], SavedItem] | None = None
    for row in read_rows(path):
        if isinstance(row, Problem):
            yield row
            continue
        reader = reader or row_parser(row.values)
        if reader is None:
            yield Problem("", 1, "the columns are of no read-later export", "try --as table")
            return
        yield reader(row)


def _reader(row: Row) -> Callable[[str], str]:
    """The text in a column by its name in lower case; empty if there is none."""
    lowered = {name.strip().lower(): str(value or "").strip() for name, value in row.values.items()}
    return lambda name: lowered.get(name, "")
