"""Read-later exports as HTML: Pocket, and bookmarks of browsers, Shaarli, Pinboard and others.

Netscape bookmark format: https://learn.microsoft.com/previous-versions/windows/internet-explorer/ie-developer/
platform-apis/aa753582(v=vs.85).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from backfile.archive.importers.common.html_parser import decode_html, parse_html, text_of
from backfile.archive.importers.formats.read_later.saved_item import SavedItem, tag_names
from backfile.archive.model import ArticleMetadata

SIGNATURE = re.compile(rb"<!DOCTYPE\s+NETSCAPE-Bookmark-file-1|<title>\s*Pocket Export\s*</title>", re.IGNORECASE)

_ICONS = re.compile(r"""\s(?:ICON|ICON_URI)\s*=\s*"[^"]*\"""", re.IGNORECASE)
_NO_TOPICS = frozenset(
    {"bookmarks bar", "bookmarks toolbar", "bookmarks menu", "other bookmarks", "mobile bookmarks", "favorites bar"}
)


def read(path: Path) -> Iterator[SavedItem]:
    """Links in document order; folders and tags of a bookmark are topics.

    Raises `ArchiveError` for what is too large or cannot be parsed.
    """
    tree = parse_html(_ICONS.sub("", decode_html(path.read_bytes())))
    folders: list[str] = []
    heading = ""
    for event, element in etree.iterwalk(tree, events=("start", "end"), tag=("h3", "dl", "a")):
        if element.tag == "dl":
            if event == "start":
                folders.append(heading)
                heading = ""
            elif folders:
                folders.pop()
        elif event == "start" and element.tag == "h3":
            heading = text_of(element)
        elif event == "start" and element.get("href"):
            yield _saved_item(element, folders)


def _saved_item(link: Any, folders: list[str]) -> SavedItem:
    own = tuple(name for name in folders if name and name.lower() not in _NO_TOPICS)
    return SavedItem(
        url=link.get("href").strip(),
        metadata=ArticleMetadata(text_of(link), topics=(*own, *tag_names(link.get("tags") or "", ","))),
        note=_description(link),
        saved=link.get("time_added") or link.get("add_date"),
    )


def _description(link: Any) -> str:
    """Text of the `<dd>` after a bookmark, without folders that the parser nested in it."""
    entry = link.getparent()
    after = entry.getnext() if entry is not None and entry.tag == "dt" else None
    if after is None or after.tag != "dd":
        return ""
    pieces = [after.text or ""]
    for child in after:
        if child.tag in ("dl", "dt", "h3"):
            break
        pieces += [child.text_content(), child.tail or ""]
    return " ".join("".join(pieces).split())
