"""WordPress posts as JSON, as its REST API gives them (`/wp-json/wp/v2/posts?_embed`): a list, lines or one post.

Format: https://developer.wordpress.org/rest-api/reference/posts/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import Row, begins_with, read_rows, sample_row
from backfile.archive.importers.formats.wordpress.export_index import ExportIndex, MediaFile
from backfile.archive.importers.formats.wordpress.post_html import post_to_html
from backfile.archive.importers.formats.wordpress.post_shortcodes import expand_shortcodes
from backfile.archive.importers.formats.wordpress.wxr import skip_reason
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    PROBE_BYTES,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
    problem_from,
)
from backfile.archive.importers.markdown.html_to_markdown import fragment_to_markdown
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem
from backfile.archive.web_addresses import host_of

KIND = "wordpress-json"
TITLE = "WordPress posts as JSON (REST API)"

MAX_BYTES = 64 * 1024 * 1024
"""Limit of a file with one post over several lines, which is parsed at once; lists and lines may have any size."""

_RENDERED = re.compile(rb'"content"\s*:\s*\{[^{}]{0,200}?"(?:rendered|raw)"')
_TITLED = re.compile(rb'"(?:title|guid)"\s*:\s*\{\s*"(?:rendered|raw)"')
_POST = re.compile(rb'"content"\s*:\s*\{')
_TERM_CLASS = re.compile(r"(?:category|tag)-(.+)")
_SAME_BEGINNING = 40
_Object = Mapping[str, Any]


def detect(probe: Probe) -> int:
    """By titles or permanent names, and texts, that are objects with a `rendered` form."""
    if not begins_with(probe.head, (b"[", b"{")):
        return 0
    return 88 if _TITLED.search(probe.head) and (_RENDERED.search(probe.head) or b'"wp:' in probe.head) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of texts in the file."""
    return count_matches(path, _POST)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Posts in the order of the file. Raises `OSError`, and `ArchiveError` for one post of more than `MAX_BYTES`."""
    for number, row in enumerate(_rows(path), start=1):
        if isinstance(row, Problem):
            yield row
            continue
        try:
            context.begin()
            yield _event(row.values, number)
        except (*ITEM_FAILURES, TypeError, AttributeError) as error:  # the latter for values of another type
            yield problem_from(
                f"post {number}", ArchiveError(f"cannot be read: {error}", hint="look at it in the file")
            )


def _rows(path: Path) -> Iterator[Row | Problem]:
    with path.open("rb") as file:
        head = file.read(PROBE_BYTES)
    if begins_with(head, b"[") or sample_row(head) or path.stat().st_size > MAX_BYTES:
        yield from read_rows(path)
        return
    try:
        post = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):  # several posts, a line each, of which the first is longer than the head
        yield from read_rows(path)
        return
    yield Row(1, post, loose=True)


def _event(post: _Object, number: int) -> ImportEvent:
    title, content = html_to_line(_form(post.get("title"))), post.get("content") or {}
    link = str(post.get("link") or "")
    origin = html_to_line(_form(post.get("guid"))) or link or f"post {post.get('id', number)}"
    text = _form(content)
    fields = {"post_type": str(post.get("type", "post")), "status": str(post.get("status", "publish"))}
    reason = skip_reason({**fields, "title": title, "content": text})
    if reason or (isinstance(content, Mapping) and content.get("protected") and not text):
        return Skipped(origin, reason or "behind a password")
    html, notes = _html(content)
    embedded = _object(post, "_embedded")
    picture = _featured(post, embedded)
    date, date_note = date_with_note(post.get("date") or post.get("date_gmt"))
    updated, _ = date_with_note(post.get("modified"))
    authors, topics = _authors(post, embedded), _topics(post, embedded)
    is_bare = (post.get("author") and not authors) or ((post.get("categories") or post.get("tags")) and not topics)
    bare_note = "its author or topics are given by number only; fetch it with ?_embed" if is_bare else ""
    site = _object(post, "yoast_head_json").get("og_site_name") or host_of(link).removeprefix("www.")
    return Item(
        origin=origin,
        metadata=ArticleMetadata(
            title=title,
            authors=authors,
            topics=topics,
            date=date,
            updated=updated,
            summary=_summary(post, text),
            source=source_of(str(site), link),
        ),
        body=fragment_to_markdown(
            f"{picture.html()}\n{html}" if picture and not picture.is_in(html) else html, link or None
        ),
        extra={} if fields["post_type"] in ("post", "page") else {"post_type": fields["post_type"]},
        notes=(*notes, *filter(None, (date_note, bare_note))),
    )


def _form(value: object) -> str:
    """Text of a field, which has a `rendered` form, a `raw` one (for editors), or both."""
    if isinstance(value, Mapping):
        return next((form for key in ("rendered", "raw") if isinstance(form := value.get(key), str) and form), "")
    return value if isinstance(value, str) else ""


def _object(post: _Object, name: str) -> _Object:
    value = post.get(name)
    return value if isinstance(value, Mapping) else {}


def _objects(value: object) -> list[_Object]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _html(content: object) -> tuple[str, tuple[str, ...]]:
    """HTML of a text. Shortcodes of plugins that the API does not load are still in its rendered form."""
    rendered = content.get("rendered") if isinstance(content, Mapping) else content
    if isinstance(rendered, str) and rendered:
        return expand_shortcodes(rendered, ExportIndex(), [])
    return post_to_html(_form(content))


def _summary(post: _Object, text: str) -> str | None:
    """Excerpt, unless WordPress made it of the beginning of the text."""
    excerpt = html_to_line(_form(post.get("excerpt")))
    begins = excerpt[:_SAME_BEGINNING] and html_to_line(text).startswith(excerpt[:_SAME_BEGINNING])
    return excerpt if excerpt and not begins else None


def _authors(post: _Object, embedded: _Object) -> tuple[str, ...]:
    """Names of authors, which the API gives with `_embed`, or a plugin for several authors or for search engines."""
    named = (
        [each.get("display_name") or each.get("name") for each in _objects(post.get("authors"))],
        [each.get("display_name") or each.get("name") for each in _objects(post.get("coauthors"))],
        [each.get("name") for each in _objects(embedded.get("author"))],
        [_object(post, "author_info").get("display_name") or post.get("author_name")],
        [_object(post, "yoast_head_json").get("author")],
    )
    found = ([str(name) for name in names if name and "@" not in str(name)] for names in named)
    return author_names(next(filter(None, found), []))


def _topics(post: _Object, embedded: _Object) -> tuple[str, ...]:
    """Names of categories and tags with `_embed`, else their slugs in the classes of the post."""
    groups = embedded.get("wp:term")
    terms = [term for group in (groups if isinstance(groups, list) else []) for term in _objects(group)]
    names = [str(term.get("name", "")) for term in terms if term.get("taxonomy") in ("category", "post_tag")]
    if not names:
        classes = post.get("class_list")
        listed = (
            list(classes.values()) if isinstance(classes, Mapping) else classes if isinstance(classes, list) else []
        )
        names = [found[1].replace("-", " ") for each in listed if (found := _TERM_CLASS.fullmatch(str(each)))]
    chosen = [html_to_line(name) for name in dict.fromkeys(names) if name.casefold() != "uncategorized"]
    return topic_names(chosen, key="topics", path="")


def _featured(post: _Object, embedded: _Object) -> MediaFile | None:
    for media in _objects(embedded.get("wp:featuredmedia")):
        if isinstance(media.get("source_url"), str):
            return MediaFile(media["source_url"], _form(media.get("caption")), alt=str(media.get("alt_text") or ""))
    address = post.get("jetpack_featured_media_url")
    return MediaFile(address) if isinstance(address, str) and address.startswith("http") else None
