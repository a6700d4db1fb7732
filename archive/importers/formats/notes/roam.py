"""Roam Research: the JSON export of a graph, a list of pages with their blocks.

Format: https://roamresearch.com/#/app/help/page/4YWxbN5Yu (“Export”, JSON); times are milliseconds since 1970.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import begins_with, read_rows
from backfile.archive.importers.formats.notes.outlines import Block, References, outline_to_markdown
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.mapping import map_metadata
from backfile.archive.report import Problem

KIND = "roam"
TITLE = "Roam Research: the JSON export of a graph"

_PAGE = re.compile(rb'"title"\s*:')
_BLOCK = re.compile(rb'"string"\s*:\s*"')
_TIMES = re.compile(rb'"(?:edit-time|create-time)"\s*:|:edit/time')
_ATTRIBUTE = re.compile(r"\A(?:\[\[)?([\w][^:\n\[\]]{0,60}?)(?:\]\])?::\s*(.*)\Z", re.DOTALL)
_BRACKETS = re.compile(r"#?\[\[([^\[\]]+)\]\]|#([\w/-]+)")
_ITALICS = re.compile(r"(?<![\w_])__(?=\S)([^_\n]+)__(?!\w)")
_MARKS = re.compile(r"\^\^(?=\S)([^^\n]+)\^\^")


def detect(probe: Probe) -> int:
    """By the names in the first page."""
    if probe.is_folder or not begins_with(probe.head, b"["):
        return 0
    return 96 if _PAGE.search(probe.head) and _BLOCK.search(probe.head) and _TIMES.search(probe.head) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of pages."""
    return count_matches(path, _PAGE)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the pages in the order of the export, which is read twice: references may lead forwards."""
    pages: dict[str, str] = {}
    blocks: dict[str, str] = {}
    for row in read_rows(path):
        if not isinstance(row, Problem):
            pages[str(row.get("title") or "").strip().casefold()] = _origin(row.values)
            _collect_blocks(row.values, blocks)
    for number, row in enumerate(read_rows(path), start=1):
        if isinstance(row, Problem):
            yield row
            continue
        try:
            context.begin()
            yield _event(row.values, References(pages, blocks), context)
        except (*ITEM_FAILURES, TypeError) as error:
            yield Problem("", None, f"page {number} ({row.get('title')}): {error}", "look at it in Roam")


def _origin(page: Mapping[str, object]) -> str:
    return str(page.get("uid") or page.get(":block/uid") or page.get("title") or "page").strip()


def _children(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    children = node.get("children")
    return [child for child in children if isinstance(child, Mapping)] if isinstance(children, list) else []


def _collect_blocks(node: Mapping[str, Any], blocks: dict[str, str]) -> None:
    """Adds the texts of all blocks below a page."""
    waiting = [node]
    while waiting:
        each = waiting.pop()
        if each.get("uid") and isinstance(each.get("string"), str):
            blocks[str(each["uid"])] = each["string"]
        waiting += _children(each)


def _event(page: Mapping[str, Any], references: References, context: ImportContext) -> ImportEvent:
    title = str(page.get("title") or "").strip()
    properties: dict[str, object] = {}
    shown = []
    for child in _children(page):
        found = _ATTRIBUTE.match(str(child.get("string") or ""))
        if found and not child.get("heading"):
            values = [str(each.get("string") or "") for each in _children(child)]
            properties[found[1].strip()] = _plain(", ".join(filter(None, (found[2].strip(), *values))))
        else:
            shown.append(_block(child))
    body = outline_to_markdown(shown, references)
    if not body:
        return Skipped(_origin(page), f"{title}: has no text")
    day, _ = date_with_note(title) if re.search(r"\d{4}\Z", title) else (None, "")
    times = {"created": day.isoformat() if day else page.get("create-time"), "updated": page.get("edit-time")}
    stamps = {name: _seconds(value) for name, value in times.items() if value and name not in properties}
    mapped = map_metadata({"title": title, **stamps, **properties}, body, "page.md", day_first=context.day_first)
    return Item(
        origin=_origin(page),
        metadata=mapped.metadata,
        body=body,
        extra=mapped.extra,
        links=references.links,
        notes=(*dict.fromkeys(references.missing), *(each.reason for each in mapped.problems)),
    )


def _seconds(value: object) -> object:
    """Time in seconds of one in milliseconds; a written date as it is."""
    return value / 1000 if isinstance(value, int | float) else value


def _block(node: Mapping[str, Any]) -> Block:
    text = str(node.get("string") or "")
    if "```" not in text:
        text = _MARKS.sub(r"==\1==", _ITALICS.sub(r"*\1*", text))
    heading = node.get("heading")
    return Block(text, heading if isinstance(heading, int) else 0, [_block(child) for child in _children(node)])


def _plain(value: str) -> str:
    """Value of an attribute as a list of names without brackets."""
    named = [found[1] or found[2] for found in _BRACKETS.finditer(value)]
    return ", ".join(named) if named and not _BRACKETS.sub("", value).strip(" ,;") else _BRACKETS.sub(r"\1\2", value)
