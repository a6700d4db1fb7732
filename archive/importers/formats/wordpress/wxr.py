"""WordPress exports (WXR, all versions), read as a stream: posts, pages, and other post types that have text.

Format: https://developer.wordpress.org/plugins/ (written by `wp-admin/includes/export.php`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.xml_trees import local_name
from backfile.archive.importers.formats.wordpress.post_html import post_to_html
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.archive.report import Problem

KIND = "wordpress"
TITLE = "WordPress exports (WXR)"

_SIGNATURE = re.compile(rb"wordpress\.org/export/|<wp:wxr_version|<!-- generator=\"WordPress")
_INTERNAL_TYPES = {
    "attachment": "an attachment",
    "nav_menu_item": "a menu entry",
    "revision": "a revision",
    "feedback": "a message from a form",
}
_INTERNAL_PREFIXES = ("wp_", "custom_css", "customize_", "oembed_cache", "user_request", "acf-", "jp_", "amp_")
_UNPUBLISHED = {
    "draft": "draft",
    "auto-draft": "draft",
    "pending": "draft, waiting for review",
    "future": "not published yet",
    "private": "private",
    "trash": "in the trash",
}
_NO_DATE = "0000-00-00"
_MOST_ERRORS = 20
_ITEM = re.compile(rb"<item[\s>]")


@dataclass(slots=True)
class _Site:
    """Metadata of the site; `authors` maps logins to display names."""

    title: str = ""
    link: str = ""
    language: str | None = None
    authors: dict[str, str] = field(default_factory=dict)

    def add(self, element: etree._Element, name: str) -> None:
        """Adds an element of the channel."""
        text = (element.text or "").strip()
        if name == "title":
            self.title = self.title or html_to_line(text)
        elif name in ("link", "base_blog_url"):
            self.link = text if name == "base_blog_url" else self.link or text
        elif name == "language":
            self.language = language_code(text)
        elif name == "author":
            fields = _fields(element)
            full = f"{fields.get('author_first_name', '')} {fields.get('author_last_name', '')}".strip()
            login = fields.get("author_login", "")
            self.authors[login] = fields.get("author_display_name") or full or login


def detect(probe: Probe) -> int:
    """By the namespace of WordPress exports in the root element."""
    head = probe.head[:16_384].replace(b"\0", b"")
    return 98 if b"<rss" in head and _SIGNATURE.search(head) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of items in the export, menus and attachments included."""
    return count_matches(path, _ITEM)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Posts in the order of the export; each is freed after it is read. Raises `OSError`.

    Broken XML is read as far as possible; its errors are reported at the end.
    """
    site = _Site()
    stream = etree.iterparse(
        str(path), events=("end",), resolve_entities=False, no_network=True, huge_tree=False, recover=True
    )
    try:
        for _, element in stream:
            name = local_name(element.tag)
            if name == "item":
                yield _event(element, site, context)
                _free(element)
            elif name in ("title", "link", "language", "author", "base_blog_url") and not _in_item(element):
                site.add(element, name)
    except etree.XMLSyntaxError as error:
        yield Problem("", error.lineno, f"the XML ends here: {error.msg}", "export it again")
        return
    seen: set[int] = set()
    for entry in stream.error_log:
        if entry.line not in seen and len(seen) < _MOST_ERRORS:
            seen.add(entry.line)
            yield Problem("", entry.line, f"broken XML: {entry.message}", "compare the post there with the site")


def _in_item(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and local_name(parent.tag) in ("item", "image", "comment")


def _free(element: etree._Element) -> None:
    """Frees an element and all before it, so that the tree does not grow."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _fields(element: etree._Element) -> dict[str, str]:
    """Name of each child → its text, the first of a name; both `encoded` become `content` and `excerpt`."""
    fields: dict[str, str] = {}
    for child in element:
        name = local_name(child.tag)
        if name == "encoded":
            name = "excerpt" if "excerpt" in str(child.tag) else "content"
        fields.setdefault(name, (child.text or "").strip())
    return fields


def _event(element: etree._Element, site: _Site, context: ImportContext) -> ImportEvent:
    fields = _fields(element)
    origin = fields.get("guid") or fields.get("link") or fields.get("post_id") or fields.get("title") or "item"
    reason = _skip_reason(fields)
    if reason:
        return Skipped(origin, reason)
    topics = [
        child.text.strip()
        for child in element
        if local_name(child.tag) == "category" and child.text and child.get("domain", "category") in _TOPICS
    ]
    try:
        context.begin()
        return _item(fields, list(dict.fromkeys(topics)), origin, site)
    except ITEM_FAILURES as error:
        return Problem("", element.sourceline, f"{fields.get('title') or origin}: {error}", "look at it on the site")


_TOPICS = frozenset({"category", "post_tag", "tag"})


def _skip_reason(fields: dict[str, str]) -> str:
    """Reason why a post is no article; empty if it is one."""
    post_type, status = fields.get("post_type", "post"), fields.get("status", "publish")
    if post_type in _INTERNAL_TYPES:
        return _INTERNAL_TYPES[post_type]
    if post_type.startswith(_INTERNAL_PREFIXES):
        return f"no article but {post_type}"
    if status in _UNPUBLISHED:
        return _UNPUBLISHED[status]
    if fields.get("post_password"):
        return "behind a password"
    return "" if fields.get("title") or fields.get("content") else "has neither title nor text"


def _item(fields: dict[str, str], topics: list[str], origin: str, site: _Site) -> Item:
    html, notes = post_to_html(fields.get("content", ""))
    link = fields.get("link", "")
    date, date_note = _date(fields, ("post_date", "post_date_gmt", "pubDate"))
    updated, _ = _date(fields, ("post_modified",))
    creator = fields.get("creator", "")
    post_type = fields.get("post_type", "post")
    return Item(
        origin=origin,
        metadata=ArticleMetadata(
            title=html_to_line(fields.get("title")),
            authors=author_names([site.authors.get(creator, creator)]),
            topics=topic_names([topic for topic in topics if topic != "Uncategorized"], key="topics", path=""),
            date=date,
            updated=updated,
            summary=html_to_line(fields.get("excerpt")) or None,
            source=source_of(site.title, link),
            language=site.language,
        ),
        body=fragment_to_markdown(html, link or site.link or None),
        extra={} if post_type in ("post", "page") else {"post_type": post_type},
        notes=(*notes, *filter(None, (date_note,))),
    )


def _date(fields: dict[str, str], names: tuple[str, ...]) -> tuple[PartialDate | None, str]:
    """First of the named dates that is given, in the time of the site, with a note if it is unclear."""
    given = (fields.get(name, "") for name in names)
    return date_with_note(next((text for text in given if text and not text.startswith(_NO_DATE)), None))
