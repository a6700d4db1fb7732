"""EPUB 2 and 3: a chapter is an article, and the title of the book its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.formats.epub.chapters import Chapters
from backfile.archive.importers.formats.epub.package_document import Book, read_book
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.sources.containers import Member, open_members
from backfile.archive.metadata.publications import source_of
from backfile.archive.report import Problem

KIND = "epub"
TITLE = "EPUB: books, a chapter an article"

_SIGNATURE = b"mimetypeapplication/epub+zip"
_GENERIC_TITLE = re.compile(
    r"(?:(?:chapter|part|book|section|no\.?|kapitel|teil|chapitre|partie|cap[ií]tulo|parte|capitolo|hoofdstuk)\s*)?"
    r"(?:[\divxlcdm]+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)?[.:]?\Z",
    re.IGNORECASE,
)


def detect(probe: Probe) -> int:
    """By the first member, which holds the media type; or by the container file, or the name."""
    if probe.is_folder or not probe.head.startswith(b"PK\x03\x04"):
        return 0
    if _SIGNATURE in probe.head[:100]:
        return 100
    return 90 if b"META-INF/container.xml" in probe.head or probe.path.name.lower().endswith(".epub") else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of files in the spine; None if the book cannot be read."""
    try:
        with open_members(path) as members:
            return len(read_book(_by_name(members)).spine)
    except (ArchiveError, OSError):
        return None


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Chapters in reading order; cover, title page, copyright page and table of contents are skipped."""
    try:
        with open_members(path) as members:
            by_name = _by_name(members)
            book = read_book(by_name)
            for found in Chapters(book, by_name, day_first=context.day_first, begin=context.begin_part):
                yield _with_metadata(found, book) if isinstance(found, Item) else found
    except ArchiveError as error:
        yield Problem(path.name, None, str(error), error.hint)


def _by_name(members: Iterator[Member | ArchiveError]) -> dict[str, Member]:
    return {member.name: member for member in members if isinstance(member, Member)}


def _with_metadata(chapter: Item, book: Book) -> Item | Skipped:
    """Chapter with the metadata of its book where it has none of its own."""
    if not chapter.body and not chapter.assets:
        return Skipped(chapter.origin, "has no text but its heading")
    title = chapter.metadata.title
    of_book = book.metadata
    if of_book.title and (not title or _GENERIC_TITLE.match(title)):
        title = f"{of_book.title}: {title}" if title else of_book.title
    metadata = replace(
        of_book,
        title=title,
        authors=chapter.metadata.authors or of_book.authors,
        date=chapter.metadata.date or of_book.date,
        source=source_of(of_book.title),
    )
    return replace(chapter, metadata=metadata, extra=book.extra)
