"""A saved page: a link, with as much of its text as the export has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.importers.item import ITEM_FAILURES, FetchResponse, ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.links.full_text import (
    ONLY_A_LINK,
    complete_from_page,
    fetch_article,
)
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import is_url, source_of
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.archive.report import Problem
from backfile.archive.web_addresses import host_of

_NUMBER = re.compile(r"\d{1,17}(?:\.\d+)?\Z", re.ASCII)
_MICROSECONDS = 1e14  # a number beyond is no time in milliseconds that the archives of the world know


@dataclass(frozen=True, slots=True)
class SavedItem:
    """Saved page: URL, metadata (without source and summary) and text.

    `html` is the full text, `text` the same as plain text. `note` is an excerpt, a description or a note of the reader.
    `published` and `saved` are dates as written.
    """

    url: str
    metadata: ArticleMetadata
    html: str = ""
    text: str = ""
    note: str = ""
    published: object = None
    saved: object = None
    extra: Mapping[str, object] = field(default_factory=dict)


def event_of(saved: SavedItem, context: ImportContext) -> ImportEvent:
    """Item of a saved page, with its text fetched if the export has none and fetching is allowed."""
    origin = saved.url or saved.metadata.title or "entry"
    is_link = is_url(saved.url)
    try:
        context.begin()
        item = _item(saved, origin, is_link)
    except ITEM_FAILURES as error:
        return Problem("", None, f"{origin}: {error}", "look at it in the export")
    if is_link and context.fetch is not None and not (saved.html or saved.text):
        return _fetched(item, saved, context.fetch)
    if item.body:
        return item
    return Skipped(origin, ONLY_A_LINK if is_link else "has neither text nor a valid URL")


def _fetched(item: Item, saved: SavedItem, fetch: Callable[[str], FetchResponse]) -> ImportEvent:
    """Item with the text of its page; if that cannot be fetched, with its note, else a problem."""
    try:
        page = fetch_article(saved.url, fetch)
    except ITEM_FAILURES as error:
        if item.body:
            return replace(item, notes=(*item.notes, f"has only a note; its page was not fetched: {error}"))
        return Problem("", None, f"{saved.url}: cannot be fetched: {error}", "run it again later")
    summary = html_to_line(saved.note) or None
    title = item.metadata.title if item.metadata.title != saved.url else ""
    return complete_from_page(replace(item, metadata=replace(item.metadata, summary=summary, title=title)), page)


def _item(saved: SavedItem, origin: str, is_link: bool) -> Item:
    date, note = parse_saved_date(saved.published)
    on, _ = parse_saved_date(saved.saved)
    body = (
        fragment_to_markdown(saved.html, saved.url if is_link else None)
        if saved.html
        else plain_to_markdown(saved.text)
    )
    remark = html_to_line(saved.note)
    host = host_of(saved.url).removeprefix("www.") if is_link else ""
    return Item(
        origin=origin,
        metadata=replace(
            saved.metadata,
            title=html_to_line(saved.metadata.title) or saved.url,
            topics=topic_names(list(dict.fromkeys(saved.metadata.topics)), key="topics", path=""),
            date=date,
            summary=remark or None if body else None,
            source=source_of(host, saved.url),
        ),
        body=body or plain_to_markdown(remark),
        extra={**saved.extra, **({"saved_on": on.isoformat()} if on else {})},
        notes=(note,) if note else (),
    )


def parse_saved_date(value: object) -> tuple[PartialDate | None, str]:
    """Date in text or in seconds, milli- or microseconds since 1970, and a note on the unclear part."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None, ""
    number: object = value
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        number = float(value)
    if isinstance(number, int | float) and not isinstance(number, bool):
        if number == 0:
            return None, ""
        number = number / 1_000_000 if number > _MICROSECONDS else float(number)
    return date_with_note(number)


def tag_names(text: object, separators: str = ",;|") -> tuple[str, ...]:
    """Tags in a cell, or in a list of names or of objects with a name."""
    if isinstance(text, str):
        return tuple(part.strip() for part in re.split(f"[{re.escape(separators)}]", text) if part.strip())
    tags = text if isinstance(text, list) else []
    names = (each.get("name", each.get("label", "")) if isinstance(each, dict) else each for each in tags)
    return tuple(str(name).strip() for name in names if name and str(name).strip())
