"""Feeds: RSS of all versions, Atom, RDF, JSON Feed.

Full text is taken from the feed, or fetched for entries with an excerpt if fetching is allowed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any
from xml.sax import SAXException, SAXParseException

import feedparser  # type: ignore[import-untyped]

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.feed_footers import without_feed_footer
from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import begins_with
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.links.full_text import (
    complete_from_page,
    fetch_article,
)
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.archive.report import Problem

KIND = "feed"
TITLE = "Feeds: RSS, Atom, JSON Feed"

MAX_BYTES = 64 * 1024 * 1024
"""Limit of one feed, which is parsed at once."""

TEASER = 1_000
"""Characters; an entry with less text and no content element is an excerpt."""

_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*(?:<\?[^>]*>\s*|<!--(?:[^-]|-(?!->))*-->\s*|<!DOCTYPE[^>]*>\s*)*"
    rb"<(?:rss|rdf:RDF|(?:\w+:)?feed)[\s>]",
    re.IGNORECASE,
)
_JSON_FEED = re.compile(rb'"version"\s*:\s*"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version')
_HARMLESS = frozenset({"undefined entity", "unbound prefix"})  # recovered without loss
_CUT = re.compile(
    r"(?:…|\.\.\.|\[[^\[\]]{0,20}(?:…|\.\.\.|more)[^\[\]]{0,20}\]|(?:read|continue) (?:more|reading)\W{0,5})\s*\Z", re.I
)
_ENTRY = re.compile(rb"<(?:\w{1,9}:)?(?:item|entry)[\s>]|\"(?:content_html|content_text)\"\s*:")


def detect(probe: Probe) -> int:
    """By the root element, or the version of a JSON Feed. WordPress exports are RSS too, but have their own format."""
    head = probe.head.replace(b"\0", b"")  # UTF-16 as ASCII
    if _ROOT.match(head):
        return 90
    return 95 if begins_with(head, b"{") and _JSON_FEED.search(head) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of entries."""
    return count_matches(path, _ENTRY)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Entries in the order of the feed. Raises `ArchiveError` for a feed that is too large, or `OSError`."""
    if path.stat().st_size > MAX_BYTES:
        raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="a feed has far less; split it")
    content = path.read_bytes()
    is_json = begins_with(content, b"{")
    for found in _json_items(content, context) if is_json else _xml_items(content, context):
        yield _with_full_text(found, context) if isinstance(found, Item) else found


def _xml_items(content: bytes, context: ImportContext) -> Iterator[ImportEvent]:
    headers = {"content-location": context.url} if context.url else {}
    try:
        parsed = feedparser.parse(BytesIO(content), sanitize_html=False, response_headers=headers)
    except (SAXException, ValueError, LookupError, RecursionError) as error:
        yield Problem("", None, f"cannot be read as a feed: {error}", "check that it is the feed itself")
        return
    broken = parsed.get("bozo_exception")
    if not parsed.entries and not parsed.get("version"):
        yield Problem("", _line(broken), f"is no feed: {broken or 'nothing in it is an entry'}", "check what it holds")
        return
    for number, entry in enumerate(parsed.entries, start=1):
        try:
            context.begin()
            yield _xml_item(entry, parsed.feed)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"entry {number} ({_origin(entry)}): {error}", "look at it in the feed")
    if isinstance(broken, SAXParseException) and broken.getMessage() not in _HARMLESS:
        reason = f"is not well-formed: {broken.getMessage()}; {len(parsed.entries)} entries were found all the same"
        yield Problem("", _line(broken), reason, "compare with the feed at its address")


def _xml_item(entry: Any, feed: Any) -> ImportEvent:
    link = str(entry.get("link") or "")
    contents = [each for each in entry.get("content") or () if each.get("value")]
    best = max(contents, key=lambda each: len(each.value)) if contents else None
    addresses = tuple(str(entry.get(name) or "") for name in ("link", "id", "feedburner_origlink"))
    site = str(feed.get("link") or "")
    description = without_feed_footer(str(entry.get("summary") or ""), addresses, site)
    detail = best or entry.get("summary_detail")
    body = _body(detail, addresses, site) if detail else ""
    date, note = _date(entry, "published")
    updated, update_note = _date(entry, "updated")
    title = html_to_line(entry.get("title"))
    if not title and not body:
        return Skipped(_origin(entry), "has neither title nor text")
    origin = entry.get("source") or {}
    tags = [str(tag.get("label") or tag.get("term") or "") for tag in entry.get("tags") or ()]
    names = [each.get("name") for each in entry.get("authors") or () if each.get("name")] or entry.get("author")
    return Item(
        origin=_origin(entry),
        metadata=ArticleMetadata(
            title=title,
            authors=author_names(names or _feed_authors(feed)),
            topics=topic_names(tags, key="topics", path=""),
            date=date or updated,
            updated=updated if date else None,
            summary=(html_to_line(description) or None) if best and entry.get("summary") != best.value else None,
            source=source_of(html_to_line(origin.get("title") or feed.get("title")), link),
            language=_language((detail or {}).get("language"), feed.get("language")),
        ),
        body=body,
        notes=tuple(filter(None, (note, update_note))),
    )


def _feed_authors(feed: Any) -> list[str] | str:
    return [each.name for each in feed.get("authors") or () if each.get("name")] or str(feed.get("author") or "")


def _body(detail: Any, addresses: tuple[str, ...], site: str) -> str:
    value = str(detail.value)
    if detail.get("type") == "text/plain":
        return plain_to_markdown(value)
    value = without_feed_footer(value, addresses, site)
    return fragment_to_markdown(value, addresses[0] or detail.get("base") or None)


def _origin(entry: Any) -> str:
    """Permanent name of an entry: its id, its link, or its title."""
    return str(entry.get("id") or entry.get("link") or entry.get("title") or "entry")


def _date(entry: Any, key: str) -> tuple[PartialDate | None, str]:
    """Date as written, in local time; in UTC if only feedparser can read it."""
    written = str(entry.get(key) or "") if key in entry else ""  # feedparser falls back to `updated` for `published`
    date, note = date_with_note(written)
    known = entry.get(f"{key}_parsed") if note else None
    if known is not None and 1 <= known.tm_year <= 9999:
        return PartialDate(known.tm_year, known.tm_mon, known.tm_mday), ""
    return date, note


def _json_items(content: bytes, context: ImportContext) -> Iterator[ImportEvent]:
    """Items of a JSON Feed (https://www.jsonfeed.org/version/1.1/)."""
    try:
        feed = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        yield Problem("", getattr(error, "lineno", None), f"is not JSON: {error}", "mend it or fetch it again")
        return
    items = feed.get("items")
    if not isinstance(items, list):
        yield Problem("", None, "is no JSON Feed: it has no list of items", "check what it holds")
        return
    for number, entry in enumerate(items, start=1):
        try:
            context.begin()
            yield _json_item(entry, feed)
        except (*ITEM_FAILURES, TypeError, AttributeError) as error:
            yield Problem("", None, f"item {number} cannot be read: {error}", "look at it in the feed")


def _json_item(entry: Mapping[str, Any], feed: Mapping[str, Any]) -> ImportEvent:
    link = str(entry.get("url") or entry.get("external_url") or "")
    html, text = str(entry.get("content_html") or ""), str(entry.get("content_text") or "")
    summary = html_to_line(str(entry.get("summary") or ""))
    html = without_feed_footer(html, (link, str(entry.get("id") or "")), str(feed.get("home_page_url") or ""))
    body = fragment_to_markdown(html, link or None) if html.strip() else plain_to_markdown(text)
    authors = chain(*(_author_names(holder) for holder in (entry, feed)))
    dates = [date_with_note(entry.get(key) or None) for key in ("date_published", "date_modified")]
    name = str(entry.get("id") or link or entry.get("title") or "")
    title = html_to_line(str(entry.get("title") or ""))
    if not title and not body and not summary:
        return Skipped(name or "item", "has neither title nor text")
    return Item(
        origin=name or title,
        metadata=ArticleMetadata(
            title=title,
            authors=author_names(next(authors, [])),
            topics=topic_names(entry.get("tags") or [], key="topics", path=""),
            date=dates[0][0] or dates[1][0],
            updated=dates[1][0] if dates[0][0] else None,
            summary=summary or None if body else None,
            source=source_of(html_to_line(str(feed.get("title") or "")), link),
            language=_language(entry.get("language"), feed.get("language")),
        ),
        body=body or plain_to_markdown(summary),
        notes=tuple(note for _, note in dates if note),
    )


def _author_names(holder: Mapping[str, Any]) -> Iterator[list[str]]:
    """Names under `authors` (version 1.1) or `author` (version 1); nothing if there are none."""
    authors = holder.get("authors") or [holder.get("author") or {}]
    names = [str(each["name"]) for each in authors if each.get("name")]
    if names:
        yield names


def _with_full_text(item: Item, context: ImportContext) -> Item:
    """Item with the text of its page, if it is an excerpt and fetching is allowed."""
    url = item.metadata.source.url if item.metadata.source else None
    if context.fetch is None or url is None or not _is_excerpt(item):
        return item
    try:
        page = fetch_article(url, context.fetch)
    except ITEM_FAILURES as error:
        return replace(item, notes=(*item.notes, f"has only the teaser; its page was not fetched: {error}"))
    if len(page.body) <= len(item.body):
        return item
    summary = item.metadata.summary or " ".join(item.body.split()) or None
    return complete_from_page(replace(item, metadata=replace(item.metadata, summary=summary)), page)


def _is_excerpt(item: Item) -> bool:
    return _CUT.search(item.body[-60:]) is not None or (item.metadata.summary is None and len(item.body) < TEASER)


def _language(*codes: object) -> str | None:
    return next(filter(None, (language_code(str(code)) for code in codes if code)), None)


def _line(error: object) -> int | None:
    return error.getLineNumber() if isinstance(error, SAXParseException) else None
