"""Read-later exports as CSV: Pocket, Instapaper, Readwise Reader, Raindrop, Matter, wallabag, Diigo, Omnivore."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from backfile.archive.importers.common.rows import Row, read_rows
from backfile.archive.importers.formats.read_later.saved_item import SavedItem, tag_names
from backfile.archive.importers.item import ITEM_FAILURES
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.publications import source_of
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem

_HIGHLIGHT = re.compile(r"(?:\A\s*+|(?<!\s)[^\S\n]*+\n\s*+)Highlight:", re.IGNORECASE)
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


def _raindrop(row: Row) -> SavedItem:
    """https://help.raindrop.io/export: the folders as a path, highlights as lines `Highlight:…` and `Note:…`."""
    value = _cell_reader(row)
    folders = tuple(part.strip() for part in value("folder").split("/") if part.strip() not in ("", "Unsorted"))
    return SavedItem(
        value("url"),
        ArticleMetadata(value("title"), topics=(*folders, *tag_names(value("tags")))),
        note=value("note"),
        excerpt=value("excerpt") or value("description"),
        quotes=tuple(_highlights(value("highlights"))),
        saved=value("created"),
    )


def _highlights(cell: str) -> Iterator[tuple[str, str]]:
    for part in _HIGHLIGHT.split(cell):
        quote, _, note = part.partition("\nNote:")
        if quote.strip():
            yield quote.strip(), note.strip()


def _matter(row: Row) -> SavedItem:
    """https://getmatter.com: a row a page, without its text."""
    value = _cell_reader(row)
    return SavedItem(
        value("url"),
        ArticleMetadata(
            value("title"),
            author_names(value("author")),
            tag_names(value("tags")),
            source=source_of(value("publisher"), value("url")),
        ),
        saved=value("last interaction date"),
    )


def _wallabag(row: Row) -> SavedItem:
    """https://doc.wallabag.org: the whole text as HTML."""
    value = _cell_reader(row)
    return SavedItem(
        value("url"),
        ArticleMetadata(
            value("title"),
            topics=tag_names(value("tags")),
            language=language_code(value("language").replace("_", "-")),
        ),
        html=value("content"),
        saved=value("creation date"),
    )


def _diigo(row: Row) -> SavedItem:
    """https://www.diigo.com/tools/export: tags separated by spaces, marked passages among the annotations."""
    value = _cell_reader(row)
    return SavedItem(
        value("url"),
        ArticleMetadata(value("title"), topics=tag_names(value("tags"), " ,")),
        note=value("comments"),
        excerpt=value("description"),
        quotes=tuple(_highlights(value("annotations"))),
        saved=value("created_at"),
    )


def _omnivore(row: Row) -> SavedItem:
    """https://docs.omnivore.app: addresses and labels only."""
    value = _cell_reader(row)
    return SavedItem(
        value("url"), ArticleMetadata("", topics=tag_names(value("labels").strip("[]"))), saved=value("saved_at")
    )


# Required columns (lower case) → parser of a row.
_FORMATS: tuple[tuple[frozenset[str], Callable[[Row], SavedItem]], ...] = (
    (frozenset({"title", "url", "time_added", "tags", "status"}), _pocket),
    (frozenset({"url", "title", "selection", "folder"}), _instapaper),
    (frozenset({"title", "url", "id", "document tags", "saved date", "location"}), _readwise),
    (frozenset({"title", "url", "excerpt", "folder", "created"}), _raindrop),
    (frozenset({"title", "url", "description", "folder", "created"}), _raindrop),
    (frozenset({"title", "author", "publisher", "url", "last interaction date"}), _matter),
    (frozenset({"title", "url", "content", "mime type", "creation date"}), _wallabag),
    (frozenset({"title", "url", "tags", "annotations", "comments"}), _diigo),
    (frozenset({"url", "state", "labels"}), _omnivore),
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
