"""A saved page: a link, with as much of its text as the export has."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    ONLY_A_LINK,
    FetchResponse,
    ImportContext,
    ImportEvent,
    Item,
    Skipped,
)
from backfile.archive.importers.links.full_text import complete_from_page, fetch_article
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import is_url, source_of
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.archive.report import Problem
from backfile.archive.web_addresses import host_of

_HTML = re.compile(r"</?[a-z][^<>]*>|&(?:#\w+|\w+);", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,17}(?:\.\d+)?\Z", re.ASCII)
_MICROSECONDS = 1e14  # a number beyond is no time in milliseconds that the archives of the world know


@dataclass(frozen=True, slots=True)
class SavedItem:
    """Saved page: URL, metadata (without summary, and without source unless the export names it) and text.

    `html` is the full text, `text` the same as plain text. `note` is a note of the reader or a description, `excerpt`
    what the page says of itself, `quotes` are passages that the reader marked, with the note to each or "". `published`
    and `saved` are dates as written.
    """

    url: str
    metadata: ArticleMetadata
    html: str = ""
    text: str = ""
    note: str = ""
    excerpt: str = ""
    quotes: tuple[tuple[str, str], ...] = ()
    published: object = None
    saved: object = None
    extra: dict[str, object] = field(default_factory=dict)


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
    summary = _summary(saved)
    title = item.metadata.title if item.metadata.title != saved.url else ""
    extra = {**item.extra, **_kept_beside_text(saved)}
    metadata = replace(item.metadata, summary=summary, title=title)
    return complete_from_page(replace(item, metadata=metadata, extra=extra), page)


def _item(saved: SavedItem, origin: str, is_link: bool) -> Item:
    date, note = parse_saved_date(saved.published)
    on, _ = parse_saved_date(saved.saved)
    body = (
        fragment_to_markdown(saved.html, saved.url if is_link else None)
        if saved.html
        else plain_to_markdown(saved.text)
    )
    host = host_of(saved.url).removeprefix("www.") if is_link else ""
    return Item(
        origin=origin,
        metadata=replace(
            saved.metadata,
            title=html_to_line(saved.metadata.title) or saved.url,
            topics=topic_names(list(dict.fromkeys(saved.metadata.topics)), key="topics", path=""),
            date=date,
            summary=_summary(saved) if body else None,
            source=saved.metadata.source or source_of(host, saved.url),
        ),
        body=body or _remarks(saved),
        extra={
            **saved.extra,
            **(_kept_beside_text(saved) if body else {}),
            **({"saved_on": on.isoformat()} if on else {}),
        },
        notes=(note,) if note else (),
    )


def _kept_beside_text(saved: SavedItem) -> dict[str, object]:
    """Marked passages and the note of the reader, for an article whose text is that of the page."""
    quotes = {"highlights": [f"{quote} ({note})" if note else quote for quote, note in saved.quotes]}
    note = {"note": saved.note} if saved.note and saved.excerpt else {}
    return {**(quotes if saved.quotes else {}), **note}


def _summary(saved: SavedItem) -> str | None:
    return html_to_line(saved.excerpt) or html_to_line(saved.note) or None


def _remarks(saved: SavedItem) -> str:
    """Text of an entry that has but remarks: the note of the reader, what the page says of itself, marked passages."""
    remarks = [saved.note] if saved.note == saved.excerpt else [saved.note, saved.excerpt]
    parts = [_remark(remark) for remark in remarks]
    for quote, note in saved.quotes:
        parts += ["\n".join(f"> {line}".rstrip() for line in plain_to_markdown(quote).split("\n")), _remark(note)]
    return "\n\n".join(filter(None, parts))


def _remark(text: str) -> str:
    return fragment_to_markdown(text, None) if _HTML.search(text) else plain_to_markdown(text)


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
