"""Read-later exports as JSON: wallabag, Omnivore, Linkwarden, Karakeep, Pinboard, Delicious, Readability, GoodLinks,
what was starred in a reader of feeds, what was marked in Pocket, and the bookmarks of Firefox and Chrome.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.feed_footers import without_feed_footer
from backfile.archive.importers.common.html_parser import html_to_line
from backfile.archive.importers.common.rows import begins_with, read_rows
from backfile.archive.importers.formats.read_later.saved_item import SavedItem, tag_names
from backfile.archive.importers.item import ITEM_FAILURES
from backfile.archive.languages import language_code
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.publications import source_of
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem

MAX_BYTES = 256 * 1024 * 1024
"""Limit of an export that is one object, which is parsed at once. Lists of any size are read entry by entry."""

_KEY = re.compile(rb'(?<!\\)"([\w ]{1,40})"\s*:')
_SLUG = re.compile(r"[\w-]{1,200}\Z")
_MAX_CONTENT = 20 * 1024 * 1024
_Object = Mapping[str, Any]


def _wallabag_1(entry: _Object, path: Path) -> SavedItem:
    """Columns by number and by name (https://github.com/wallabag/wallabag, version 1)."""
    metadata = ArticleMetadata(_text(entry, "title", "1"), topics=tag_names(entry.get("tags"), ","))
    return SavedItem(_text(entry, "url", "2"), metadata, html=_text(entry, "content", "5"))


def _wallabag_2(entry: _Object, path: Path) -> SavedItem:
    """https://doc.wallabag.org/user/import/wallabagv2/; highlights are kept as `annotations`."""
    quotes = [_text(each, "quote", "text") for each in _objects(entry.get("annotations"))]
    return SavedItem(
        _text(entry, "url"),
        ArticleMetadata(
            title=_text(entry, "title"),
            authors=author_names(entry.get("published_by") or ()),
            topics=tag_names(entry.get("tags")),
            language=language_code(_text(entry, "language").replace("_", "-")),
        ),
        html=_text(entry, "content"),
        published=entry.get("published_at"),
        saved=entry.get("created_at"),
        extra={"annotations": quotes} if any(quotes) else {},
    )


def _omnivore(entry: _Object, path: Path) -> SavedItem:
    """https://docs.omnivore.app: `metadata_0_to_20.json`, text in `content/SLUG.html` next to it."""
    return SavedItem(
        _text(entry, "url"),
        ArticleMetadata(_text(entry, "title"), author_names(_text(entry, "author")), tag_names(entry.get("labels"))),
        html=_omnivore_text(path, _text(entry, "slug")),
        note=_text(entry, "description"),
        published=entry.get("publishedAt"),
        saved=entry.get("savedAt"),
    )


def _omnivore_text(path: Path, slug: str) -> str:
    if not _SLUG.match(slug):
        return ""
    content = path.parent / "content" / f"{slug}.html"
    if content.is_symlink() or not content.is_file():
        return ""
    if content.stat().st_size > _MAX_CONTENT:
        raise ArchiveError(f"{content.name} is larger than {_MAX_CONTENT >> 20} MB")
    return content.read_text(encoding="utf-8", errors="replace")


def _pinboard(entry: _Object, path: Path) -> SavedItem:
    """https://pinboard.in/api/: `description` is the title, tags are separated by spaces."""
    return SavedItem(
        _text(entry, "href"),
        ArticleMetadata(_text(entry, "description"), topics=tuple(_text(entry, "tags").split())),
        note=_text(entry, "extended"),
        saved=entry.get("time"),
    )


def _link(entry: _Object, path: Path) -> SavedItem:
    """Link of Delicious, Linkwarden and others: address, title, description, tags."""
    return SavedItem(
        _text(entry, "url"),
        ArticleMetadata(_text(entry, "name", "title"), topics=tag_names(entry.get("tags"))),
        text=_text(entry, "textContent"),
        note=_text(entry, "description"),
        saved=entry.get("createdAt") or entry.get("created") or entry.get("created_at"),
    )


def _karakeep(entry: _Object, path: Path) -> SavedItem:
    """https://github.com/karakeep-app/karakeep, `packages/shared/import-export`: a link, a text, or a file."""
    content = entry.get("content")
    inner: _Object = content if isinstance(content, Mapping) else {}
    return SavedItem(
        _text(inner, "url"),
        ArticleMetadata(_text(entry, "title"), topics=tag_names(entry.get("tags"))),
        html=_text(inner, "htmlContent"),
        text=_text(inner, "text"),
        note=_text(entry, "note"),
        saved=entry.get("createdAt"),
    )


def _readability(entry: _Object, path: Path) -> SavedItem:
    """The last export of readability.com, closed in 2016."""
    return SavedItem(
        _text(entry, "article__url"),
        ArticleMetadata(_text(entry, "article__title")),
        note=_text(entry, "article__excerpt"),
        saved=entry.get("date_added"),
    )


def _pocket_highlights(entry: _Object, path: Path) -> SavedItem:
    """Marked passages in the zip of Pocket: `annotations/part_000000.json`."""
    quotes = tuple((_text(each, "quote"), "") for each in _objects(entry.get("highlights")))
    return SavedItem(_text(entry, "url"), ArticleMetadata(_text(entry, "title")), quotes=quotes)


def _goodlinks(entry: _Object, path: Path) -> SavedItem:
    """https://goodlinks.app: times in seconds."""
    return SavedItem(
        _text(entry, "url"),
        ArticleMetadata(_text(entry, "title"), topics=tag_names(entry.get("tags"))),
        excerpt=_text(entry, "summary"),
        quotes=tuple((_text(each, "content"), _text(each, "note")) for each in _objects(entry.get("highlights"))),
        saved=entry.get("addedAt"),
    )


def _starred(entry: _Object, path: Path) -> SavedItem:
    """Item that a reader of feeds gives as Google Reader did (Inoreader, FreshRSS, The Old Reader): `starred.json`."""
    links = (*_objects(entry.get("canonical")), *_objects(entry.get("alternate")))
    forms = [entry[name] for name in ("content", "summary") if isinstance(entry.get(name), Mapping)]
    origin: _Object = entry["origin"] if isinstance(entry.get("origin"), Mapping) else {}
    url = next((address for link in links if (address := _text(link, "href"))), "")
    return SavedItem(
        url,
        ArticleMetadata(
            html_to_line(_text(entry, "title")),
            author_names(_text(entry, "author")),
            topics=tuple(name for name in tag_names(entry.get("categories")) if not name.startswith("user/")),
            source=source_of(_text(origin, "title"), url),
        ),
        html=without_feed_footer(
            next((text for form in forms if (text := _text(form, "content"))), ""), (url,), _text(origin, "htmlUrl")
        ),
        published=entry.get("published"),
    )


# Required keys of an entry in a list → its parser.
_ENTRY_PARSERS: tuple[tuple[frozenset[str], Callable[[_Object, Path], SavedItem]], ...] = (
    (frozenset("012345"), _wallabag_1),
    (frozenset({"url", "is_archived", "created_at", "is_starred"}), _wallabag_2),
    (frozenset({"slug", "url", "savedAt", "state"}), _omnivore),
    (frozenset({"href", "extended", "description"}), _pinboard),
    (frozenset({"article__url"}), _readability),
    (frozenset({"url", "title", "highlights", "addedAt"}), _goodlinks),
    (frozenset({"url", "title", "addedAt", "starred"}), _goodlinks),
    (frozenset({"url", "title", "highlights"}), _pocket_highlights),
    (frozenset({"title", "origin", "published"}), _starred),
    (frozenset({"title", "crawlTimeMsec"}), _starred),
    (frozenset({"url", "title", "tags", "created"}), _link),
    (frozenset({"url", "title", "tags", "is_saved"}), _link),
)
# Parser → keys of objects in an entry that tell it from a table of articles.
_NESTED: dict[Callable[[_Object, Path], SavedItem], frozenset[str]] = {
    _pocket_highlights: frozenset({"quote", "created_at"}),
    _starred: frozenset({"streamId", "htmlUrl"}),
}
_ROOT_KEYS = (
    frozenset({"bookmarks", "article__url"}),
    frozenset({"bookmarks", "content", "createdAt", "tags"}),
    frozenset({"collections", "links", "name"}),
    frozenset({"items", "direction", "crawlTimeMsec"}),
    frozenset({"items", "alternate", "origin", "streamId"}),
    frozenset({"roots", "bookmark_bar"}),
    frozenset({"children", "guid", "root"}),
)


def detect(head: bytes) -> bool:
    """Whether a file begins as such an export."""
    keys = {key.decode("ascii", errors="replace") for key in _KEY.findall(head)}
    forms = [needed | _NESTED.get(parse, frozenset()) for needed, parse in _ENTRY_PARSERS]
    if not begins_with(head, b"["):
        forms = list(_ROOT_KEYS)
    return any(form <= keys for form in forms)


def read(path: Path) -> Iterator[SavedItem | Problem]:
    """Saved pages of an export. Raises `ArchiveError` if it is too large, `OSError` if it cannot be read."""
    with path.open("rb") as file:
        head = file.read(1024)
    entries = _list_entries(path) if begins_with(head, b"[") else _object_entries(path)
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, Problem | SavedItem):
            yield entry
            continue
        parse = next((parse for needed, parse in _ENTRY_PARSERS if needed <= entry.keys()), None)
        if parse is None:
            keys = ", ".join(list(entry)[:12])
            yield Problem("", None, f"entry {number} is of no read-later export: it has {keys}", "try --as table")
            continue
        try:
            yield parse(entry, path)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"entry {number} cannot be read: {error}", "look at it in the export")


def _list_entries(path: Path) -> Iterator[_Object | Problem]:
    if path.stat().st_size < 1024 and not path.read_bytes().strip(b"\xef\xbb\xbf[] \t\r\n"):
        return
    for row in read_rows(path):
        yield row if isinstance(row, Problem) else row.values


def _object_entries(path: Path) -> Iterator[_Object | SavedItem | Problem]:
    """Entries of an export that is one object, at any depth."""
    if path.stat().st_size > MAX_BYTES:
        raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="export it in parts")
    try:
        root = json.loads(path.read_bytes().decode("utf-8-sig") or "{}")
    except (ValueError, RecursionError) as error:
        yield Problem("", getattr(error, "lineno", None), f"is not JSON: {error}", "export it again")
        return
    if not isinstance(root, dict):
        yield Problem("", None, "is no read-later export", "try --as table")
    elif "bookmarks" in root:
        for entry in _objects(root["bookmarks"]):
            yield entry if "article__url" in entry else _karakeep(entry, path)
    elif isinstance(root.get("items"), list):
        yield from _objects(root["items"])
    elif "collections" in root:
        yield from _linkwarden(root, path)
    else:
        yield from _folders(root, path)


def _linkwarden(root: _Object, path: Path) -> Iterator[SavedItem]:
    """Links in collections; the names of a collection and its parents are topics."""
    collections = {each.get("id"): each for each in _objects(root["collections"])}
    for collection in collections.values():
        names: list[str] = []
        above: _Object | None = collection
        while above is not None and len(names) < 20:
            names.insert(0, _text(above, "name"))
            above = collections.get(above.get("parentId")) if above.get("parentId") is not None else None
        for entry in _objects(collection.get("links")):
            saved = _link(entry, path)
            topics = (*filter(None, names), *saved.metadata.topics)
            yield replace(saved, metadata=replace(saved.metadata, topics=topics))


def _folders(root: _Object, path: Path) -> Iterator[SavedItem]:
    """Bookmarks of Firefox (`uri`, times in microseconds) and Chrome (`url`) in their folders."""
    waiting: list[_Object] = [root, *_objects(list(root.get("roots", {}).values()) if _has_roots(root) else [])]
    while waiting:
        node = waiting.pop(0)
        url = _text(node, "uri", "url")
        if url and not url.startswith("place:"):
            metadata = ArticleMetadata(_text(node, "title", "name"), topics=tag_names(node.get("tags")))
            yield SavedItem(url, metadata, saved=node.get("dateAdded"))
        waiting[:0] = _objects(node.get("children"))


def _has_roots(root: _Object) -> bool:
    return isinstance(root.get("roots"), Mapping)


def _objects(value: object) -> list[_Object]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _text(entry: _Object, *names: str) -> str:
    """First of these values that is text."""
    return next((value for name in names if isinstance(value := entry.get(name), str) and value.strip()), "").strip()
