"""Ghost: the JSON export of a site, of all versions; pictures are taken from a folder `content` beside it.

Format: https://ghost.org/docs/migration/custom/, and tables of https://github.com/TryGhost/Ghost,
`ghost/core/core/server/data/schema/schema.js`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import html_to_line, parse_html
from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.local_files import local_asset
from backfile.archive.importers.formats.blogs.ghost_cards import card_html, clean_cards, string
from backfile.archive.importers.formats.blogs.lexical import lexical_to_html
from backfile.archive.importers.formats.blogs.mobiledoc import mobiledoc_to_html, only_markdown
from backfile.archive.importers.formats.read_later.saved_item import parse_saved_date
from backfile.archive.importers.item import ITEM_FAILURES, Asset, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.links.markdown_links import link_destinations
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.publications import source_of
from backfile.archive.metadata.topic_names import topic_names
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem

KIND = "ghost"
TITLE = "Ghost: the JSON export of a site"

MAX_BYTES = 256 * 1024 * 1024
"""Limit of an export, which is one object and parsed at once."""

_SIGNATURE = re.compile(rb'\s*\{\s*(?:"db"\s*:\s*\[\s*\{\s*)?"(?:meta|data)"\s*:\s*\{')
_VERSIONED = re.compile(rb'"exported_on"\s*:')
_POST = re.compile(rb'"mobiledoc"\s*:|"markdown"\s*:\s*"')
_SITE = "__GHOST_URL__"
_UNPUBLISHED = {"draft": "draft", "scheduled": "not published yet"}
_Row = Mapping[str, Any]


@dataclass(slots=True)
class _Tables:
    """Tables of an export, prepared for look-ups by the id of a post; `folder` may have its pictures."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    authors: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    topics: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    meta: dict[str, _Row] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """Address of each post below the site (`/the-ferry`) → its origin."""


def detect(probe: Probe) -> int:
    """By the first keys of the object."""
    if probe.is_folder:
        return 0
    head = probe.head.removeprefix(b"\xef\xbb\xbf")
    return 97 if _SIGNATURE.match(head) and (_VERSIONED.search(head) or _POST.search(head)) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of posts and pages, drafts included."""
    return count_matches(path, _POST)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields posts and pages in the order of the export. Raises `ArchiveError` if it is too large, or `OSError`."""
    if path.stat().st_size > MAX_BYTES:
        raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="export it in parts")
    try:
        root = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        yield Problem("", getattr(error, "lineno", None), f"is not JSON: {error}", "export it again")
        return
    for data in _databases(root):
        posts = _rows(data, "posts")
        tables = _read_tables(data, posts, path.parent)
        for number, post in enumerate(posts, start=1):
            try:
                yield _event(post, tables, context)
            except (*ITEM_FAILURES, TypeError, AttributeError) as error:
                name = string(post, "title", "slug") or f"post {number}"
                yield Problem("", None, f"{name}: {error}", getattr(error, "hint", "") or "look at it in the export")


def _databases(root: object) -> list[_Row]:
    """Tables of an export: `{"db": [{"data": …}]}`, or `{"data": …}`."""
    top = root if isinstance(root, Mapping) else {}
    parts = top["db"] if isinstance(top.get("db"), list) else [top]
    return [part["data"] for part in parts if isinstance(part, Mapping) and isinstance(part.get("data"), Mapping)]


def _rows(data: _Row, name: str) -> list[_Row]:
    rows = data.get(name)
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _read_tables(data: _Row, posts: list[_Row], folder: Path) -> _Tables:
    tables = _Tables(folder, {str(row.get("key")): str(row.get("value") or "") for row in _rows(data, "settings")})
    users = {str(row.get("id")): string(row, "name") for row in _rows(data, "users")}
    tags = {str(row.get("id")): string(row, "name") for row in _rows(data, "tags")}
    for table, key, names, found in (
        ("posts_authors", "author_id", users, tables.authors),
        ("posts_tags", "tag_id", tags, tables.topics),
    ):
        for row in sorted(_rows(data, table), key=_sort_order):
            found[str(row.get("post_id"))].append(names.get(str(row.get(key)), ""))
    for post in posts:
        if str(post.get("id")) not in tables.authors:
            tables.authors[str(post.get("id"))].append(users.get(str(post.get("author_id")), ""))
        tables.origins[f"/{string(post, 'slug')}"] = _origin(post)
    tables.meta = {str(row.get("post_id")): row for row in _rows(data, "posts_meta")}
    return tables


def _sort_order(row: _Row) -> int:
    order = row.get("sort_order")
    return order if isinstance(order, int) else 0


def _origin(post: _Row) -> str:
    uuid = string(post, "uuid")
    return f"urn:uuid:{uuid}" if uuid else string(post, "slug") or str(post.get("id"))


def _event(post: _Row, tables: _Tables, context: ImportContext) -> ImportEvent:
    status = string(post, "status") or "published"
    if status not in ("published", "sent"):
        name = string(post, "slug", "title") or _origin(post)
        return Skipped(name, _UNPUBLISHED.get(status, f"not published: {status}"))
    context.begin()
    return _item(post, tables)


def _item(post: _Row, tables: _Tables) -> Item:
    number = str(post.get("id"))
    body, links, assets = _local_links(_body(post, tables.meta.get(number, {})), tables)
    local = {asset.name for asset in assets}
    date, note = parse_saved_date(post.get("published_at") or post.get("created_at"))
    updated, _ = parse_saved_date(post.get("updated_at"))
    is_page = string(post, "type") == "page" or post.get("page") in (1, True)
    visibility = string(post, "visibility")
    is_elsewhere = any(link.startswith("/content/") and link not in local for link, _ in link_destinations(body))
    missing = "has files at the site, whose address the export does not contain" if is_elsewhere else ""
    return Item(
        origin=_origin(post),
        metadata=ArticleMetadata(
            title=html_to_line(string(post, "title")),
            authors=author_names([name for name in tables.authors[number] if name]),
            topics=topic_names([name for name in tables.topics[number] if name[:1] != "#"], key="topics", path=""),
            date=date,
            updated=updated,
            summary=html_to_line(string(post, "custom_excerpt")) or None,
            source=source_of(tables.settings.get("title", ""), string(post, "canonical_url")),
            language=language_code(string(post, "locale") or string(tables.settings, "locale", "lang")),
        ),
        body=body,
        extra={
            "slug": string(post, "slug"),
            **({"post_type": "page"} if is_page else {}),
            **({"visibility": visibility} if visibility not in ("", "public") else {}),
        },
        assets=assets,
        links=links,
        notes=tuple(filter(None, (note, missing))),
    )


def _body(post: _Row, meta: _Row) -> str:
    """Markdown of a post: as it was rendered, else of the editor's document, with the picture above it."""
    picture = ""
    if string(post, "feature_image", "image"):
        values = {
            "src": string(post, "feature_image", "image"),
            "alt": string(meta, "feature_image_alt"),
            "caption": string(meta, "feature_image_caption"),
        }
        picture = _to_markdown(card_html("image", values))
    return "\n\n".join(filter(None, (picture, _text(post))))


def _text(post: _Row) -> str:
    """Markdown of the text in the best of its forms: rendered, of the editors from the newest to the oldest, plain."""
    html, lexical, mobiledoc = (string(post, name) for name in ("html", "lexical", "mobiledoc"))
    if html or lexical:
        return _to_markdown(html or lexical_to_html(lexical))
    if mobiledoc:
        return (only_markdown(mobiledoc) or "").strip() or _to_markdown(mobiledoc_to_html(mobiledoc))
    return string(post, "markdown") or plain_to_markdown(string(post, "plaintext"))


def _to_markdown(html: str) -> str:
    tree = parse_html(f"<div>{html}</div>")
    clean_cards(tree)
    return tree_to_markdown(tree, base_url=None)


def _local_links(body: str, tables: _Tables) -> tuple[str, dict[str, str], tuple[Asset, ...]]:
    """Body with addresses below the root of the site; those of other posts, and the pictures that are there."""
    body = body.replace(f"{_SITE}/", "/").replace(_SITE, "/")
    links: dict[str, str] = {}
    assets: dict[str, Asset] = {}
    for link, _ in link_destinations(body):
        path = link.partition("#")[0].partition("?")[0]
        if path.rstrip("/") in tables.origins:
            links[link] = tables.origins[path.rstrip("/")]
        elif path.startswith("/content/") and (asset := local_asset(tables.folder, link)) is not None:
            assets[link] = asset
    return body, links, tuple(assets.values())
