"""Evernote: notebooks and notes exported as ENEX, with their files.

Format: http://xml.evernote.com/pub/evernote-export4.dtd; texts are ENML, http://xml.evernote.com/pub/enml2.dtd.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.xml_entries import XmlEntry, read_xml_entries
from backfile.archive.importers.common.xml_trees import local_name
from backfile.archive.importers.formats.notes.enml import NoteFiles, Task, note_to_markdown
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem

KIND = "evernote"
TITLE = "Evernote: notes exported as ENEX"

MAX_NOTE = 320 * 1024 * 1024
"""Limit of one note in bytes: 200 MB of files in Base64, as Evernote allows, and its text."""

_NOTE = re.compile(rb"<note(?:\s[^<>]*)?(?<!/)>")
_DATA = re.compile(rb"<data\b[^<>]*>([^<]*)</data>")


def detect(probe: Probe) -> int:
    """By the root element."""
    return 98 if b"<en-export" in probe.head[:4096] else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of notes."""
    return count_matches(path, _NOTE)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the notes in the order of the file. Raises `OSError`."""
    for entry in read_xml_entries(path, _NOTE, b"</note>", MAX_NOTE):
        if isinstance(entry, Problem):
            yield entry
            continue
        try:
            context.begin()
            found = _event(entry)
        except ITEM_FAILURES as error:
            found = Problem(
                "", entry.line, f"the note here: {error}", getattr(error, "hint", "") or "export it by itself"
            )
        yield found


def _event(entry: XmlEntry) -> ImportEvent:
    note = _parse(entry)
    created, title = _text(note, "created"), " ".join(_text(note, "title").split())
    attributes: Any = next((each for each in note if local_name(each.tag) == "note-attributes"), [])
    tags = [(each.text or "").strip() for each in note if local_name(each.tag) == "tag"]
    dates = [date_with_note(value or None) for value in (created, _text(note, "updated"))]
    text = note_to_markdown(entry, _text(note, "content"), _files(note, entry), _tasks(note))
    origin = " ".join(filter(None, (created, title))) or f"note on line {entry.line}"
    if not text.body:
        return Skipped(origin, "has no text")
    return Item(
        origin=origin,
        metadata=ArticleMetadata(
            title="" if title in ("Untitled", "Untitled Note") else title,
            authors=author_names([name for name in [_text(attributes, "author")] if "@" not in name]),
            topics=topic_names(tags, key="topics", path=""),
            date=dates[0][0],
            updated=dates[1][0],
            source=source_of("", _text(attributes, "source-url")),
        ),
        body=text.body,
        assets=text.assets,
        notes=tuple(filter(None, (dates[0][1], *text.notes))),
    )


def _parse(entry: XmlEntry) -> Any:
    """Tree of a note in which each file is replaced by its place in the note, because files may be of any size."""
    pieces, copied = [], 0
    for found in _DATA.finditer(entry.content):
        pieces += [entry.content[copied : found.start()], b'<data from="%d" to="%d"/>' % found.span(1)]
        copied = found.end()
    return entry.parse(b"".join((*pieces, entry.content[copied:])))


def _text(parent: Any, name: str) -> str:
    """Text of the first child of a name; empty if there is none."""
    return next((each.text or "" for each in parent if local_name(each.tag) == name), "").strip()


def _files(note: Any, entry: XmlEntry) -> NoteFiles:
    files = NoteFiles()
    for resource in note:
        if local_name(resource.tag) != "resource":
            continue
        data = next((each for each in resource if local_name(each.tag) == "data" and each.get("from")), None)
        attributes: Any = next((each for each in resource if local_name(each.tag) == "resource-attributes"), [])
        if data is not None:
            encoded = entry.content[int(data.get("from")) : int(data.get("to"))]
            files.add(encoded, _text(resource, "mime"), _text(attributes, "file-name"))
    return files


def _tasks(note: Any) -> list[Task]:
    """Tasks of Evernote 10, which stand beside the text."""
    return [
        Task(_text(each, "taskGroupNoteLevelID"), _text(each, "title"), _text(each, "taskStatus") == "completed")
        for each in note
        if local_name(each.tag) == "task"
    ]
