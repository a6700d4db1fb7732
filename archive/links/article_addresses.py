"""Addresses of an article: those that links may mean, and those at which readers knew it before.

Links may mean its path, permalinks and former addresses, its date with its slug, and its title.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date as Day
from enum import IntEnum
from typing import NamedTuple
from urllib.parse import unquote

from backfile.archive.links.destinations import comparable, path_segments, undated
from backfile.archive.metadata.field_names import normal
from backfile.archive.metadata.publications import is_url
from backfile.archive.model import ArticleMetadata

_DATE_IN_NAME = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})-.")
_VERSION = re.compile(r"(?:.*/)?versioned_docs/version-([^/]+)/")
_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^/]*|//[^/]*")
_WORD = re.compile(r"[^\s\"',\[\]]+")
_PLACEHOLDER = re.compile(r"(?:\A|/):|\{\{")  # filled in by the site builder: /:year/:title/
_NAMES = ("aliases", "alias")
_FORMER = ("redirectfrom",)
_OWN = ("path", "permalink", "url")
_SLUGS = ("slug", "id")  # Docusaurus has `id`
_CONTENT_FOLDERS = frozenset(("content", "_posts", "docs", "pages", "src", "source"))
_KEYS = frozenset((*_OWN, *_NAMES, *_FORMER, *_SLUGS))


class AddressKind(IntEnum):
    """Kinds of addresses, by how far they go before others that fit as well."""

    PATH = 0
    PERMALINK = 1
    DATED = 2
    TITLE = 3


class FormerRank(IntEnum):
    """Kinds of former addresses, by how surely they are those of an article.

    The first three are stated in its front matter. `PLACE` is where site builders put an article of its slug, path or
    date, `SOURCE` the path of the URL from which it was imported: of several articles at one such address none has it.
    """

    OWN = 0
    ALIAS = 1
    SLUG = 2
    PLACE = 3
    SOURCE = 4


class FormerAddress(NamedTuple):
    """Path below the root of a site, by comparable segments joined with `/`, at which readers knew an article."""

    rank: FormerRank
    path: str


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


def former_addresses(path: str, data: Mapping[str, object], metadata: ArticleMetadata) -> frozenset[FormerAddress]:
    """Former addresses of the article at `path` with the front matter `data`.

    Those by its path and its date alone are left out: `article_addresses` has them.
    """
    entries = {key: value for name, value in data.items() if (key := normal(name)) in _KEYS}
    folder = _folder(path[len(content_folder(path)) :])
    slugs = list(_words(entries.get("slug")))[:1]
    found = [(FormerRank.OWN, word) for key in _OWN for word in list(_words(entries.get(key)))[:1]]
    found += [(FormerRank.ALIAS, _below(folder, text)) for key in _NAMES for text in _texts(entries.get(key))]
    found += [(FormerRank.ALIAS, text) for key in _FORMER for text in _words(entries.get(key))]
    found += [(FormerRank.SLUG, _below(folder, slug)) for slug in slugs]
    found += [(FormerRank.PLACE, posixpath.basename(slug.rstrip("/"))) for slug in slugs]
    found += [(FormerRank.SOURCE, origin) for origin in _origins(data, metadata)]
    known: dict[str, FormerRank] = {}
    for rank, address in found:
        segments = () if _PLACEHOLDER.search(address) else path_segments(_site_path(address))
        if segments and ".." not in segments:
            known.setdefault("/".join(segments), rank)
    return frozenset(FormerAddress(rank, address) for address, rank in known.items())


def content_folder(path: str) -> str:
    """Beginning of a path that a site builder leaves out of addresses, with a slash: `content/`, `_posts/`."""
    parts = path.split("/")[:-1]
    end = next((number for number, part in enumerate(parts, 1) if part in _CONTENT_FOLDERS), 0)
    return "".join(f"{part}/" for part in parts[:end])


def _origins(data: Mapping[str, object], metadata: ArticleMetadata) -> Iterator[str]:
    """Yields the URLs from which an article came: its source, and those that an import recorded."""
    imported, further = data.get("imported"), data.get("also_at")
    stated = [metadata.source.url if metadata.source else None]
    stated += [imported.get("from")] if isinstance(imported, Mapping) else []
    for address in (*stated, *(further if isinstance(further, list) else [further])):
        if isinstance(address, str) and is_url(address):
            yield address


def _below(folder: str, address: str) -> str:
    """Address relative to the URL of a folder; one with a slash at its start is from the root."""
    return address if address.startswith("/") or "://" in address else posixpath.normpath(f"{folder}/{address}")


def _site_path(address: str) -> str:
    """Path of an address below its site, without query and fragment."""
    return unquote(_HOST.sub("", address).partition("#")[0].partition("?")[0])


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
