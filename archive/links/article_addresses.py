"""Addresses of an article: its path, permalinks and former addresses, date and slug, and its title."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date as Day
from enum import IntEnum
from typing import NamedTuple

from backfile.archive.links.destinations import comparable, path_segments, undated
from backfile.archive.metadata.field_names import normal
from backfile.archive.model import ArticleMetadata

_DATE_IN_NAME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-.")
_VERSION = re.compile(r"(?:.*/)?versioned_docs/version-([^/]+)/")
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/]*|//[^/]*")
_WORD = re.compile(r"[^\s\"',\[\]]+")
_PLACEHOLDER = re.compile(r"(?:\A|/):|\{\{")  # filled in by the site builder: /:year/:title/
_NAMES = ("aliases", "alias")
_FORMER = ("redirectfrom",)
_OWN = ("path", "permalink", "url")
_SLUGS = ("slug", "id")  # Docusaurus has `id`
_KEYS = frozenset((*_OWN, *_NAMES, *_FORMER, *_SLUGS))


class AddressKind(IntEnum):
    """Kinds of addresses, by how far they go before others that fit as well."""

    PATH = 0
    PERMALINK = 1
    DATED = 2
    TITLE = 3


class ArticleAddress(NamedTuple):
    """Address by its comparable segments; a title and an alias without slash have one."""

    kind: AddressKind
    segments: tuple[str, ...]


def stated_addresses(path: str, data: Mapping[str, object]) -> Iterator[str]:
    """Yields the addresses and further names in the front matter of the article at `path`."""
    entries = {key: value for name, value in data.items() if (key := normal(name)) in _KEYS}
    for key in _OWN:
        yield from (_rooted(word) for word in list(_words(entries.get(key)))[:1] if not _PLACEHOLDER.search(word))
    for key in _NAMES:
        yield from _texts(entries.get(key))
    for key in _FORMER:
        yield from map(_rooted, _words(entries.get(key)))
    slugs = [word for key in _SLUGS for word in _words(entries.get(key)) if key == "slug" or not word.isdecimal()]
    for slug in slugs[:2]:
        yield _rooted(slug if "/" in slug else posixpath.join(_folder(path), slug))


def article_addresses(path: str, metadata: ArticleMetadata, stated: Iterable[str]) -> set[ArticleAddress]:
    """Addresses of the article at `path`; `stated` are those of its front matter."""
    segments = path_segments(path)
    found = {ArticleAddress(AddressKind.PATH, segments)}
    slugs = set()
    version = _VERSION.match(path)
    if version is not None:
        found.add(ArticleAddress(AddressKind.PATH, path_segments(f"docs/{version[1]}/{path[version.end() :]}")))
    if segments:
        bare = undated(segments[-1])
        found.add(ArticleAddress(AddressKind.PATH, (*segments[:-1], bare)))
        slugs.add(bare)
        if segments[-2:-1] == segments[-1:]:  # a note of the name of its folder
            found.add(ArticleAddress(AddressKind.PATH, segments[:-1]))
    for address in stated:
        parts = path_segments(_HOST.sub("", address))
        if parts and ".." not in parts:
            kind = AddressKind.PERMALINK if address.startswith("/") or len(parts) > 1 else AddressKind.TITLE
            if posixpath.dirname(address).strip("/") == _folder(path):  # made of a slug
                kind = AddressKind.PATH if address.startswith("/") else kind
                slugs.add(parts[-1])
            found.add(ArticleAddress(kind, parts))
    if title := comparable(metadata.title):
        found.add(ArticleAddress(AddressKind.TITLE, (title.replace("/", "-"),)))
    days = _days(segments, metadata)
    found |= {ArticleAddress(AddressKind.DATED, (*day, slug)) for day in days for slug in slugs}
    return found


def _days(segments: tuple[str, ...], metadata: ArticleMetadata) -> set[tuple[str, str, str]]:
    """Days of an article, by its file name and by its metadata, as segments of a URL."""
    found = set()
    named = _DATE_IN_NAME.match(segments[-1]) if segments else None
    if named is not None:
        found.add((named[1], f"{int(named[2]):02d}", f"{int(named[3]):02d}"))
    if metadata.date is not None and metadata.date.day is not None:
        day: Day = metadata.date.first
        found.add((f"{day.year:04d}", f"{day.month:02d}", f"{day.day:02d}"))
    return found


def _folder(path: str) -> str:
    """Folder in whose address the slug of an article is: that of a page bundle is its parent."""
    folder = posixpath.dirname(path)
    return folder if path_segments(posixpath.basename(path)) else posixpath.dirname(folder)


def _rooted(address: str) -> str:
    return address if address.startswith("/") or "://" in address else f"/{address}"


def _words(value: object) -> Iterator[str]:
    for text in value if isinstance(value, list) else [value]:
        yield from _WORD.findall(str(text)) if isinstance(text, str | int) and not isinstance(text, bool) else ()


def _texts(value: object) -> Iterator[str]:
    """Names, which may hold spaces (`aliases: [Night Ferry]`); a text with slashes is a list of addresses."""
    if isinstance(value, str) and "/" in value:
        yield from _words(value)
        return
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str | int) and not isinstance(text, bool) and str(text).strip():
            yield str(text).strip()
