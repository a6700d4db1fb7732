"""WordPress exports (WXR, all versions), read as a stream: posts, pages, and other post types that have text.

Format: https://developer.wordpress.org/plugins/ (written by `wp-admin/includes/export.php`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.xml_trees import local_name
from backfile.archive.importers.formats.wordpress.export_index import (
    GUEST_AUTHOR,
    ExportIndex,
    MediaFile,
    free,
    item_fields,
    item_meta,
    open_export,
    read_index,
)
from backfile.archive.importers.formats.wordpress.post_html import post_to_html
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.field_names import KNOWN, TOPICS, normal
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
    GUEST_AUTHOR: "the profile of an author",
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
_SERIALIZED = re.compile(r"[aOs]:\d+:")
_SHORTEST_TEXT = 80
_MOST_FIELDS = 5
_NO_DATE = "0000-00-00"
_MOST_ERRORS = 20
_ITEM = re.compile(rb"<item[\s>]")
_TOPICS = frozenset({"category", "posttag", *TOPICS})
_AUTHORS = frozenset({"author", "byline", "authors"})
_INTERNAL_TAXONOMIES = frozenset(
    {"post_format", "nav_menu", "language", "post_translations", "wp_theme", "wp_template_part_area"}
)
_GUEST_KEYS = ("guest-author", "guest_author", "guest-author-name", "guest_author_name", "byline", "_byline")
_DESCRIPTIONS = (
    *("wps_subtitle", "_subtitle", "subtitle", "_yoast_wpseo_metadesc", "rank_math_description"),
    *("_aioseo_description", "_aioseop_description", "_genesis_description", "_seopress_titles_desc"),
)


@dataclass(slots=True)
class _Site:
    """Metadata of the site; `authors` maps logins and addresses of e-mail to display names."""

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
            fields = item_fields(element)
            full = f"{fields.get('author_first_name', '')} {fields.get('author_last_name', '')}".strip()
            login = fields.get("author_login", "")
            named = (fields.get("author_display_name", ""), full, login)
            shown = next((name for name in named if name and "@" not in name), "") or login.partition("@")[0]
            for key in filter(None, (login, fields.get("author_email", ""))):
                self.authors.setdefault(key.casefold(), html_to_line(shown))

    def name(self, login: str) -> str:
        """Display name of an account; of an unknown one its login, without the host of an address of e-mail."""
        return self.authors.get(login.casefold()) or login.partition("@")[0]


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
    index = read_index(path)
    comments = 0
    with open_export(path) as stream:
        try:
            for _, element in stream:
                name = local_name(element.tag)
                if name == "item":
                    comments += sum(local_name(child.tag) == "comment" for child in element)
                    yield _event(element, site, index, context)
                    free(element)
                elif name in ("title", "link", "language", "author", "base_blog_url") and not _in_item(element):
                    site.add(element, name)
        except etree.XMLSyntaxError as error:
            yield Problem("", error.lineno, f"the XML ends here: {error.msg}", "export it again")
            return
        if comments:
            yield Skipped("comments", f"{comments:,} comment{'s' if comments > 1 else ''} of readers left out")
        seen: set[int] = set()
        for entry in stream.error_log:
            if entry.line not in seen and len(seen) < _MOST_ERRORS:
                seen.add(entry.line)
                yield Problem("", entry.line, f"broken XML: {entry.message}", "compare the post there with the site")


def _in_item(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and local_name(parent.tag) in ("item", "image", "comment")


@dataclass(frozen=True, slots=True)
class _Post:
    """Item of an export: its fields, its custom fields, and its terms: taxonomy, name and nicename of each."""

    fields: dict[str, str]
    meta: dict[str, str]
    terms: list[tuple[str, str, str]]


def _event(element: etree._Element, site: _Site, index: ExportIndex, context: ImportContext) -> ImportEvent:
    fields = item_fields(element)
    origin = fields.get("guid") or fields.get("link") or fields.get("post_id") or fields.get("title") or "item"
    reason = skip_reason(fields)
    if reason:
        return Skipped(origin, reason)
    try:
        context.begin()
        return _item(_Post(fields, item_meta(element), _terms(element)), origin, site, index)
    except ITEM_FAILURES as error:
        return Problem("", element.sourceline, f"{fields.get('title') or origin}: {error}", "look at it on the site")


def _terms(element: etree._Element) -> list[tuple[str, str, str]]:
    terms = [
        (str(child.get("domain") or "category"), html_to_line(child.text), str(child.get("nicename") or ""))
        for child in element
        if local_name(child.tag) == "category" and child.text and child.text.strip()
    ]
    return list(dict.fromkeys(terms))


def skip_reason(fields: Mapping[str, str]) -> str:
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


def _item(post: _Post, origin: str, site: _Site, index: ExportIndex) -> Item:
    fields, meta, terms = post.fields, post.meta, post.terms
    attached = index.attached.get(fields.get("post_id", ""), [])
    html, notes = post_to_html(fields.get("content", ""), index, attached=attached, footnotes=meta.get("footnotes", ""))
    html, picture_note = _with_media(html, meta, index)
    link = fields.get("link", "")
    date, date_note = _date(fields, ("post_date", "post_date_gmt", "pubDate"))
    updated, _ = _date(fields, ("post_modified",))
    body = fragment_to_markdown(html, link or site.link or None)
    topics = dict.fromkeys(name for domain, name, _ in terms if normal(domain) in _TOPICS)
    language = next((nicename for domain, _, nicename in terms if domain == "language"), "")  # of Polylang
    return Item(
        origin=origin,
        metadata=ArticleMetadata(
            title=html_to_line(fields.get("title")),
            authors=_authors(post, site, index),
            topics=topic_names([topic for topic in topics if topic != "Uncategorized"], key="topics", path=""),
            date=date,
            updated=updated,
            summary=_summary(fields, meta),
            source=source_of(site.title, link),
            language=language_code(language) or site.language,
        ),
        body=body,
        extra=_extra(fields, terms),
        notes=(*notes, *filter(None, (picture_note, date_note, _status_note(fields), _text_note(body, meta)))),
    )


def _authors(post: _Post, site: _Site, index: ExportIndex) -> tuple[str, ...]:
    """Authors: the terms of co-authors, or the name that a plugin keeps for guests, before the account that posted."""
    named = []
    for term, nicename in ((term, nicename) for domain, term, nicename in post.terms if domain in _AUTHORS):
        logins = (term, term.removeprefix("cap-"), nicename, nicename.removeprefix("cap-"))
        known = (index.guests.get(login) or site.authors.get(login.casefold()) for login in logins)
        named.append(next(filter(None, known), "") or term.removeprefix("cap-").partition("@")[0])
    guest = next((post.meta[key] for key in _GUEST_KEYS if not post.meta.get(key, "1").isdecimal()), "")
    return author_names(named or ([guest] if guest else [site.name(post.fields.get("creator", ""))]))


def _with_media(html: str, meta: Mapping[str, str], index: ExportIndex) -> tuple[str, str]:
    """Text with the featured picture above it and the sound of a podcast below it, unless it shows them itself."""
    number, note = meta.get("_thumbnail_id", ""), ""
    picture = index.media.get(number)
    if picture is not None and not picture.is_in(html):
        html = f"{picture.html()}\n{html}"
    elif picture is None and number not in ("", "0", "-1"):
        note = "its featured picture is not in the export"
    for address in (meta.get("enclosure", "").partition("\n")[0].strip(), meta.get("audio_file", "").strip()):
        if address.startswith(("http://", "https://")) and address not in html:
            html = f"{html}\n{MediaFile(address).html()}"
    return html, note


def _summary(fields: Mapping[str, str], meta: Mapping[str, str]) -> str | None:
    """Excerpt, or the description that a plugin keeps for search engines, unless that is a template (`%%excerpt%%`)."""
    described = (meta.get(key, "") for key in _DESCRIPTIONS)
    found = html_to_line(fields.get("excerpt")) or next((each for each in described if each and "%" not in each), "")
    return html_to_line(found) or None


def _extra(fields: Mapping[str, str], terms: Iterable[tuple[str, str, str]]) -> dict[str, object]:
    """Type of the post, and its terms in taxonomies of the site's own."""
    post_type = fields.get("post_type", "post")
    own: dict[str, list[str]] = {}
    for domain, name, _ in terms:
        if normal(domain) not in _TOPICS | KNOWN and domain not in _INTERNAL_TAXONOMIES | _AUTHORS:
            own.setdefault(domain, []).append(name)
    return {**({} if post_type in ("post", "page") else {"post_type": post_type}), **own}


def _text_note(body: str, meta: Mapping[str, str]) -> str:
    """Note about the custom fields that have the text of a post without one, as themes and page builders keep it."""
    if body.strip():
        return ""
    found = [key for key, text in meta.items() if len(text) >= _SHORTEST_TEXT and " " in text and _is_text(key, text)]
    named = ", ".join(found[:_MOST_FIELDS]) + (", …" if len(found) > _MOST_FIELDS else "")
    return f"has no text of its own; text is in custom fields, which are not read: {named}" if found else ""


def _is_text(key: str, text: str) -> bool:
    """Whether a custom field may hold text: none of WordPress or for search engines, and no serialized value."""
    return key == "_elementor_data" or not (key.startswith("_") or key in _DESCRIPTIONS or _SERIALIZED.match(text))


def _status_note(fields: Mapping[str, str]) -> str:
    status = fields.get("status", "publish")
    return "" if status in ("publish", "inherit", "") else f"its status is {status}, which is none of WordPress itself"


def _date(fields: dict[str, str], names: tuple[str, ...]) -> tuple[PartialDate | None, str]:
    """First of the named dates that is given, in the time of the site, with a note if it is unclear."""
    given = (fields.get(name, "") for name in names)
    return date_with_note(next((text for text in given if text and not text.startswith(_NO_DATE)), None))
