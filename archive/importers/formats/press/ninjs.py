"""News in JSON (ninjs, generations 1 to 3): one item, a list of items, or one a line.

Format: https://iptc.org/standards/ninjs/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import Row, begins_with, read_rows
from backfile.archive.importers.common.xml_trees import parse_xml
from backfile.archive.importers.formats.press.newsml_text import characters_to_markdown
from backfile.archive.importers.formats.press.nitf_text import nitf_body
from backfile.archive.importers.formats.press.press_fields import PressArticle, joined, split_date
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Probe, Skipped
from backfile.archive.importers.markdown.escaping import escape_inline
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.report import Problem

KIND = "ninjs"
TITLE = "ninjs: reports of news agencies in JSON"

MAX_WHOLE = 20 * 1024 * 1024
"""Limit in bytes of a file that is one item over many lines; lists and lines are read item by item."""

_URI = re.compile(rb'"(?:uri|guid)"\s*:')
_SIGNS = re.compile(rb'ninjs-schema|"(?:versioncreated|versionCreated|body_x?html|body_text|headlines|bodies)"\s*:')
_UNPUBLISHED = frozenset({"withheld", "canceled", "cancelled"})
_BODIES = ("body_xhtml", "body_html", "body_text", "body_event", "body")


def detect(probe: Probe) -> int:
    """By the names that only ninjs has together."""
    head = probe.head
    is_json = not probe.is_folder and begins_with(head, (b"{", b"["))
    return 92 if is_json and _URI.search(head) and len(set(_SIGNS.findall(head))) > 0 else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of URIs, those of pictures included."""
    return count_matches(path, _URI)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Items in the order of the file. Raises `OSError`."""
    number = 0
    for number, row in enumerate(_items(path), start=1):
        try:
            context.begin()
            yield row if isinstance(row, Problem) else _event(row, number, context)
        except (*ITEM_FAILURES, TypeError, AttributeError) as error:
            yield Problem("", None, f"item {number}: {error}", "look at it in the file")
    if not number:
        yield Problem("", None, "no item is in it", "check what it holds")


def _items(path: Path) -> Iterator[Mapping[str, Any] | Problem]:
    """Objects of the file; those in a wrapper (`{"items": […]}`) one by one."""
    if path.stat().st_size <= MAX_WHOLE:
        try:
            value = json.loads(path.read_bytes().decode("utf-8-sig"))
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            wrapped = next(
                (value[name] for name in ("items", "_items", "item", "data") if isinstance(value.get(name), list)), None
            )
            yield from ([value] if wrapped is None or "uri" in value or "guid" in value else wrapped)
            return
    for row in read_rows(path):
        yield row.values if isinstance(row, Row) else row


def _event(item: Mapping[str, Any], number: int, context: ImportContext) -> ImportEvent:
    origin = str(item.get("uri") or item.get("guid") or f"item {number}")
    if item.get("pubstatus") in _UNPUBLISHED:
        return Skipped(origin, str(item["pubstatus"]))
    article = PressArticle(body=_body(item))
    pictures = [each for each in _associated(item) if each not in article.body]
    kind = str(item.get("type") or "text")
    if not article.body and (kind != "text" or not _headline(item)):
        return Skipped(origin, f"{'' if kind == 'text' else f'type {kind}: '}has no text in the file")
    if not article.body:
        article.notes.append("has no text, only its headline and metadata")
    article.body = "\n\n".join([article.body, *pictures]).strip()
    summary = _described(item)
    article.describe(title=_headline(item), summary=summary if summary != _headline(item) else "")
    article.set_byline(_text(item.get("byline") or item.get("by")))
    dates = (split_date(str(item.get(name) or ""), day_first=context.day_first)[0]
             for name in ("contentcreated", "contentCreated", "firstcreated", "firstCreated", "versioncreated",
                          "versionCreated"))  # fmt: skip
    article.describe(date=next(filter(None, dates), None), language=str(item.get("language") or ""))
    subjects = (*_listed(item.get("subject")), *_listed(item.get("subjects")), *_listed(item.get("keywords")))
    article.describe(topics=tuple(dict.fromkeys(filter(None, map(_name, subjects)))))
    article.newspaper = _source(item)
    article.url = str(item.get("url") or next(iter(_addresses(item)), ""))
    places = [_name(each) for each in (*_listed(item.get("place")), *_listed(item.get("places")))]
    article.details = {
        "place": _text(item.get("located")) or joined(places),
        "person": joined(_name(each) for each in (*_listed(item.get("person")), *_listed(item.get("people")))),
        "copyright": _text(item.get("copyrightnotice")) or _text(item.get("copyrightholder")),
        "editors_note": html_to_line(_text(item.get("ednote"))),
    }
    return article.item(origin)


def _headline(item: Mapping[str, Any]) -> str:
    """Headline: the main one of several."""
    several = [each for each in _listed(item.get("headlines")) if isinstance(each, Mapping)]
    main = [each for each in several if str(each.get("role") or "main") == "main"] or several
    suffixed = [item[name] for name in item if name.startswith("headline_")]  # `headline_main`, of generation 1
    values = [each.get("value") for each in main]
    named = [item.get("headline"), *values, *suffixed, item.get("title"), item.get("slugline")]
    return next((line for each in named if (line := html_to_line(_text(each)))), "")


def _body(item: Mapping[str, Any]) -> str:
    """Markdown of the body: HTML before plain text, the main one of several."""
    for name in (*_BODIES, *(name for name in item if name.startswith("body_"))):
        text = item.get(name)
        if isinstance(text, str) and text.strip():
            return _markdown(text, "html" if "html" in name else "plain" if name == "body_text" else "")
    bodies = [each for each in _listed(item.get("bodies")) if isinstance(each, Mapping) and each.get("value")]
    bodies.sort(
        key=lambda each: (str(each.get("role") or "main") != "main", "html" not in str(each.get("contenttype")))
    )
    return _markdown(str(bodies[0]["value"]), str(bodies[0].get("contenttype"))) if bodies else ""


def _markdown(text: str, content_type: str) -> str:
    """Markdown of a body by its type: NITF, HTML, plain text, or what it looks like."""
    if text.lstrip().startswith(("<?xml", "<nitf")):
        return nitf_body(parse_xml(text.strip().encode()))[0]
    if "html" in content_type:
        return fragment_to_markdown(text, None)
    return plain_to_markdown(text) if "plain" in content_type else characters_to_markdown(text)


def _described(item: Mapping[str, Any]) -> str:
    several = [each.get("value") for each in _listed(item.get("descriptions")) if isinstance(each, Mapping)]
    named = [item.get("description_text"), *(item[name] for name in item if name.startswith("description"))]
    return next((line for each in (*named, *several) if (line := html_to_line(_text(each)))), "")


def _associated(item: Mapping[str, Any]) -> list[str]:
    """Markdown of the pictures that go with an item and have a web address."""
    given = item.get("associations")
    holders = given.values() if isinstance(given, Mapping) else _listed(given)
    found: list[str] = []
    for each in holders:
        if not isinstance(each, Mapping) or each.get("type") not in ("picture", "graphic"):
            continue
        addresses = _addresses(each)
        caption = escape_inline(_described(each) or _headline(each))
        if addresses:
            found.append(
                fragment_to_markdown(f'<img src="{addresses[0]}" alt="">', None).replace("![]", f"![{caption}]")
            )
    return found


def _addresses(item: Mapping[str, Any]) -> list[str]:
    """Web addresses of the renditions of an item."""
    given = item.get("renditions")
    renditions = given.values() if isinstance(given, Mapping) else _listed(given)
    hrefs = (str(each.get("href") or each.get("url") or "") for each in renditions if isinstance(each, Mapping))
    return [href for href in hrefs if re.match(r"https?://[^\s\"<>]+\Z", href)]


def _source(item: Mapping[str, Any]) -> str:
    several = [*_listed(item.get("infosources")), *_listed(item.get("infosource"))]
    named = (item.get("source"), *several, item.get("provider"), item.get("copyrightholder"))
    return next((name for each in named if (name := _name(each))), "")


def _name(value: object) -> str:
    """Name of a subject, place, person or source, which may be a text or an object."""
    if isinstance(value, Mapping):
        return _text(value.get("name") or value.get("literal"))
    return _text(value)


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value] if value else []
