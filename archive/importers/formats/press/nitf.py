"""NITF files: one document, or several one after another.

Format: https://iptc.org/standards/nitf/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.xml_entries import read_xml_elements
from backfile.archive.importers.common.xml_to_html import attribute, find, tag_in
from backfile.archive.importers.common.xml_trees import root_name
from backfile.archive.importers.formats.press.nitf_text import describe_from_nitf, nitf_body, withheld
from backfile.archive.importers.formats.press.press_fields import PressArticle
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Probe, Skipped
from backfile.archive.report import Problem

KIND = "nitf"
TITLE = "NITF: reports of news agencies"

MAX_ENTRY = 20 * 1024 * 1024
"""Limit of one document in bytes."""

_TAG = re.compile(rb"<((?:\w{1,20}:)?nitf)[\s>]")


def detect(probe: Probe) -> int:
    """By the first element."""
    return 95 if not probe.is_folder and root_name(probe.head) == "nitf" else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of documents."""
    return count_matches(path, _TAG)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Documents in the order of the file. Raises `OSError`."""
    number = 0
    for number, entry in enumerate(read_xml_elements(path, tag_in(path, _TAG, "nitf"), MAX_ENTRY), start=1):
        try:
            context.begin()
            yield entry if isinstance(entry, Problem) else _event(entry.parse(), path.name, number, context)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"document {number}: {error}", "look at it in the file")
    if not number:
        yield Problem("", None, "no document is in it", "check what it holds")


def _event(root: Any, name: str, number: int, context: ImportContext) -> ImportEvent:
    origin = attribute(find(root, "doc-id"), "id-string") or (name if number == 1 else f"document {number}")
    reason = withheld(root)
    if reason:
        return Skipped(origin, reason)
    article = PressArticle()
    describe_from_nitf(root, article, day_first=context.day_first)
    article.body, notes = nitf_body(root)
    article.notes += notes
    if not article.body:
        article.notes.append("has no text, only its headline and metadata")
    return article.item(origin)
