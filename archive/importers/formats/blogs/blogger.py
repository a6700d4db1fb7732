"""Blogger: the Atom file of “Back up content”, and the folder that Google Takeout makes of a blog.

Format of the backup: https://developers.google.com/blogger/docs/2.0/reference, with kinds as categories. Takeout writes
elements of the namespace `http://schemas.google.com/blogger/2018` instead, and `settings.csv` beside `feed.atom`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import html_to_line, parse_html
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import Row, read_rows
from backfile.archive.importers.common.xml_entries import XmlEntry, read_xml_entries, read_xml_head
from backfile.archive.importers.common.xml_trees import local_name, parse_xml
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem
from backfile.archive.web_addresses import join_address

KIND = "blogger"
TITLE = "Blogger: the backup of a blog (Atom), or its folder from Google Takeout"

MAX_ENTRY = 64 * 1024 * 1024
"""Limit of one post in bytes, with the pictures that are embedded in it."""

_SIGNATURE = re.compile(rb"schemas\.google\.com/blogger/20(?:08/kind#|18)")
_ENTRY = re.compile(rb"<entry(?:\s[^<>]*)?(?<!/)>")
_KIND = re.compile(r"schemas\.google\.com/blogger/2008/kind#(\w+)")
_FEED = re.compile(r"(?:Blogger/)?Blogs/[^/]+/feed\.atom\Z")
_TAKEOUT_FOLDERS = ("Blogger/", "Blogs/", "Albums/", "Comments/", "Profile/")
_NO_POSTS = {
    "comment": "a comment",
    "settings": "a setting of the blog",
    "template": "the template of the blog",
}
_UNPUBLISHED = {
    "draft": "draft",
    "scheduled": "not published yet",
    "soft_trashed": "in the trash",
    "trashed": "in the trash",
}
_NOBODY = frozenset({"unknown", "anonymous", "noreply", "blogger"})


@dataclass(frozen=True, slots=True)
class _Blog:
    """Name of a blog, and its address with a final slash; empty if unknown."""

    title: str = ""
    url: str = ""


def detect(probe: Probe) -> int:
    """By the namespaces of Blogger in a feed; a folder by its feeds, if all of it is from Blogger."""
    if not probe.is_folder:
        return 97 if b"<feed" in probe.head and _SIGNATURE.search(probe.head) else 0
    return 96 if any(map(_FEED.match, probe.names)) and all(map(_is_own, probe.names)) else 0


def _is_own(name: str) -> bool:
    return name.startswith(_TAKEOUT_FOLDERS) or name == "archive_browser.html"


def count(path: Path, context: ImportContext) -> int | None:
    """Number of entries, comments and settings included."""
    return sum(count_matches(feed, _ENTRY) for feed in (_feeds(path) if path.is_dir() else [path]))


def _feeds(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("feed.atom") if each.is_file() and not each.is_symlink())


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields posts and pages in the order of the file; all else is skipped by name. Raises `OSError`."""
    if path.is_file():
        yield from _events(path, context)
        return
    for feed in _feeds(path):
        name = feed.relative_to(path).as_posix()
        for event in _events(feed, context):
            yield replace(event, path=event.path or name) if isinstance(event, Problem) else event
    others = sum(1 for each in path.rglob("*") if each.is_file() and each.name != "feed.atom")
    if others:
        yield Skipped("Blogger", f"{others:,} files of settings, pictures and comments: the posts are in feed.atom")


def _events(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    blog = _read_blog(path)
    for entry in read_xml_entries(path, _ENTRY, b"</entry>", MAX_ENTRY):
        if isinstance(entry, Problem):
            yield entry
            continue
        try:
            found = _event(entry, blog, context)
        except ITEM_FAILURES as error:
            found = Problem("", entry.line, f"the post here: {error}", getattr(error, "hint", "") or "look at it there")
        yield found


def _read_blog(path: Path) -> _Blog:
    """Name and address of the blog, from the head of its feed and the table of settings beside it."""
    try:
        head = list(parse_xml(read_xml_head(path, _ENTRY)))
    except ArchiveError:
        head = []
    title = next((html_to_line(each.text) for each in head if local_name(each.tag) == "title"), "")
    return _Blog(title, _link(head) or _address_in_settings(path.with_name("settings.csv")))


def _address_in_settings(path: Path) -> str:
    """Address in the settings that Takeout writes; empty if there is none."""
    row = next((each for each in read_rows(path) if isinstance(each, Row)), None) if path.is_file() else None
    domain = str(row.get("blog_custom_domain") or "").strip() if row else ""
    name = str(row.get("blog_subdomain") or "").strip() if row else ""
    host = domain or (name if "." in name else f"{name}.blogspot.com" if name else "")
    return f"https://{host}/" if host else ""


def _link(elements: list[Any]) -> str:
    """Address of the page of a feed or post."""
    return next(
        (
            str(each.get("href") or "").partition("#")[0]
            for each in elements
            if local_name(each.tag) == "link" and each.get("rel") == "alternate"
        ),
        "",
    )


def _event(entry: XmlEntry, blog: _Blog, context: ImportContext) -> ImportEvent:
    elements = list(entry.parse())
    texts: dict[str, str] = {}
    for each in elements:
        texts.setdefault(local_name(each.tag), (each.text or "").strip())
    origin = texts.get("id") or f"line {entry.line}"
    reason = _skip_reason(elements, texts)
    if reason:
        return Skipped(origin, reason)
    context.begin()
    return _item(elements, texts, origin, blog)


def _skip_reason(elements: list[Any], texts: Mapping[str, str]) -> str:
    """Reason why an entry is no published post or page; empty if it is one."""
    terms = "\n".join(each.get("term") or "" for each in elements if local_name(each.tag) == "category")
    found = _KIND.search(terms)
    kind = texts.get("type") or (found[1] if found else "post")
    if kind.casefold() not in ("post", "page"):
        return _NO_POSTS.get(kind.casefold(), f"no post but {kind.casefold()}")
    is_draft = any(local_name(each.tag) == "draft" and (each.text or "").strip() == "yes" for each in _inner(elements))
    status = "draft" if is_draft else texts.get("status", "live").casefold()
    if texts.get("trashed"):
        status = "trashed"
    return "" if status in ("live", "published", "") else _UNPUBLISHED.get(status, f"not published: {status}")


def _inner(elements: list[Any]) -> Iterator[Any]:
    """Elements within the `control` of an entry."""
    for each in elements:
        if local_name(each.tag) == "control":
            yield from each


def _item(elements: list[Any], texts: Mapping[str, str], origin: str, blog: _Blog) -> ImportEvent:
    place = texts.get("filename", "")
    link = _link(elements) or (join_address(blog.url, place) if blog.url and place else "") or ""
    dates = [date_with_note(texts.get(key) or None) for key in ("published", "updated")]
    body = _body(elements, link or blog.url)
    title = html_to_line(texts.get("title"))
    if not title and not body:
        return Skipped(origin, "has neither title nor text")
    return Item(
        origin=origin,
        metadata=ArticleMetadata(
            title=title,
            authors=author_names(list(_authors(elements))),
            topics=topic_names(list(dict.fromkeys(_labels(elements))), key="topics", path=""),
            date=dates[0][0],
            updated=dates[1][0],
            source=source_of(blog.title, link),
        ),
        body=body,
        extra={"permalink": place} if place and not link else {},
        notes=tuple(filter(None, (dates[0][1],))),
    )


def _authors(elements: list[Any]) -> Iterator[str]:
    """Names of the authors, without deleted profiles and mail addresses."""
    for author in elements:
        if local_name(author.tag) == "author":
            for each in author:
                name = (each.text or "").strip()
                if local_name(each.tag) == "name" and name.casefold() not in _NOBODY and "@" not in name:
                    yield name


def _labels(elements: list[Any]) -> Iterator[str]:
    for each in elements:
        if local_name(each.tag) == "category" and each.get("term") and not _KIND.search(each.get("term")):
            yield each.get("term").strip()


def _body(elements: list[Any], base_url: str) -> str:
    """Markdown of the content, which may be HTML, XHTML or plain text."""
    content = next((each for each in elements if local_name(each.tag) == "content"), None)
    if content is None:
        return ""
    if len(content):  # XHTML
        html = "".join(etree.tostring(each, encoding="unicode") for each in content)
    else:
        html = content.text or ""
        if content.get("type") == "text":
            return plain_to_markdown(html)
    tree = parse_html(f"<div>{html}</div>")
    _mark_captions(tree)
    return tree_to_markdown(tree, base_url=base_url or None)


def _mark_captions(tree: HtmlElement) -> None:
    """Turns Blogger's tables of a picture and its caption into figures."""
    for table in tree.iter("table"):
        if "tr-caption-container" in (table.get("class") or ""):
            for cell in table.iter("td"):
                is_caption = "tr-caption" in (cell.get("class") or "").split()
                cell.tag = "figcaption" if is_caption else "div"
            for each in (table, *table.iter("tbody", "tr")):
                each.tag = "figure" if each is table else "div"
