"""Exports of read-later services, and bookmarks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import begins_with, sample_row
from backfile.archive.importers.formats.read_later import csv_export, html_export, json_export
from backfile.archive.importers.formats.read_later.saved_item import SavedItem, event_of
from backfile.archive.importers.item import PROBE_BYTES, ImportContext, ImportEvent, Probe
from backfile.archive.report import Problem

KIND = "readlater"
TITLE = (
    "Read-later exports and bookmarks: Pocket, Instapaper, Omnivore, wallabag, Readwise Reader, Linkwarden, Karakeep"
)

_OMNIVORE = re.compile(r"metadata_\d+_to_\d+\.json\Z")
_LINK = re.compile(rb"<a\s", re.IGNORECASE)
_URL = re.compile(rb'(?<!\\)"(?:url|uri|href|article__url|2)"\s*:')
_JSON_SIGNS = (b"[", b"{")
_LINE = re.compile(rb"\n")


def detect(probe: Probe) -> int:
    """By the columns of a table, the keys of an object, or the signature of a page of links."""
    if probe.is_folder:
        return 95 if any(_OMNIVORE.match(name) for name in probe.names) else 0
    if html_export.SIGNATURE.search(probe.head[:4096]):
        return 97
    if begins_with(probe.head, _JSON_SIGNS):
        return 90 if json_export.detect(probe.head) else 0
    return 92 if csv_export.row_parser(sample_row(probe.head)) is not None else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of links."""
    parts = [each for each in path.iterdir() if _OMNIVORE.match(each.name)] if path.is_dir() else [path]
    return sum(map(_count_links, parts))


def _count_links(path: Path) -> int:
    with path.open("rb") as file:
        head = file.read(PROBE_BYTES)
    is_page = begins_with(head, b"<")
    if not is_page and not begins_with(head, _JSON_SIGNS):
        return count_matches(path, _LINE)
    return count_matches(path, _LINK if is_page else _URL)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Saved pages one by one; one without text is fetched if fetching is allowed, else skipped."""
    if path.is_dir():
        for part in sorted(each for each in path.iterdir() if _OMNIVORE.match(each.name)):
            for found in read(part, context):
                yield replace(found, path=part.name) if isinstance(found, Problem) else found
        return
    try:
        for saved in _saved_items(path):
            yield saved if isinstance(saved, Problem) else event_of(saved, context)
    except ArchiveError as error:
        yield Problem("", None, str(error), error.hint)


def _saved_items(path: Path) -> Iterator[SavedItem | Problem]:
    with path.open("rb") as file:
        head = file.read(PROBE_BYTES)
    if begins_with(head, b"<"):
        yield from html_export.read(path)
    elif begins_with(head, _JSON_SIGNS):
        yield from json_export.read(path)
    else:
        yield from csv_export.read(path)
