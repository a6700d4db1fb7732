"""Link destinations as site builders, vaults and web pages write them, taken apart into comparable segments.

Segments are compared without case, in NFC, with spaces and underscores as hyphens and without the suffix of a page, so
that `Night Ferry.md`, `night-ferry.html` and `night_ferry/` are one name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from backfile.archive.languages import language_in_name

REFERENCE = "ref:"
"""Scheme of destinations that name an article or a picture: wiki links, `relref`, `post_url`. Never shown."""

INDEX_NAMES = frozenset({"index", "-index", "readme"})

_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//|#")
_PAGE_SUFFIX = re.compile(r"\.(?:md|mdx|markdown|html?)\Z", re.IGNORECASE)
_ARTICLE_SUFFIX = re.compile(r"\.(?:md|mdx|markdown)\Z", re.IGNORECASE)
_SPACE = re.compile(r"[\s_-]+")
_PELICAN = re.compile(r"(?:\{(?P<braced>\w+)\}|\|(?P<barred>\w+)\|)")
_ROOTED = ("@site/", "@/", "~/", "/")
_DATE_PREFIX = re.compile(r"\d{4}-\d{1,2}-\d{1,2}-(?=.)")
_WORDS = re.compile(r"[^\W_]+")
_FACETS = {"author": "author", "tag": "topic", "category": "topic"}


@dataclass(frozen=True, slots=True)
class Destination:
    """Internal destination: its path below a site or relative to an article.

    `segments` are those of a page, `files` those of a file, whose suffix counts; both may begin with `..`. `name` is
    the last as written. `by_name` destinations name their target. `facet` is `author` or `topic` for the page of one.
    `is_file` has the suffix of an article, `is_folder` a final slash.
    """

    segments: tuple[str, ...]
    files: tuple[str, ...]
    name: str = ""
    rooted: bool = False
    by_name: bool = False
    is_file: bool = False
    is_folder: bool = False
    fragment: str = ""
    facet: str = ""

    @property
    def is_distinctive(self) -> bool:
        """Whether the name alone tells an article from others: several words, or one with a date."""
        return is_distinctive(self.segments[-1]) if self.segments else False


def is_external(address: str) -> bool:
    """Whether an address has a scheme or a host, or is a fragment alone."""
    return _EXTERNAL.match(address) is not None and not address.startswith(REFERENCE)


def shown_address(address: str) -> str:
    """Address for people, without the scheme of references and the escapes that it gives them."""
    return unquote(address.removeprefix(REFERENCE)) if address.startswith(REFERENCE) else address


@lru_cache(maxsize=4096)
def parse_destination(address: str) -> Destination | None:
    """Destination that an address means; None for external addresses and for fragments alone."""
    by_name = address.startswith(REFERENCE)
    if not by_name and _EXTERNAL.match(address):
        return None
    written = address.removeprefix(REFERENCE) if by_name else address
    path, _, fragment = written.partition("#")
    path = unquote(path if by_name else path.partition("?")[0]).strip().replace("\\", "/")
    marker = _PELICAN.match(path)
    facet = _FACETS.get(marker["braced"] or marker["barred"] or "", "") if marker else ""
    path = path[marker.end() :] if marker else path
    root = next((root for root in _ROOTED if path.startswith(root)), "")
    path = path.removeprefix(root)
    name = path.rstrip("/").rpartition("/")[2]
    return Destination(
        segments=path_segments(path),
        files=file_segments(path),
        name=name,
        rooted=bool(root),
        by_name=by_name,
        is_file=_ARTICLE_SUFFIX.search(name) is not None,
        is_folder=path.endswith("/") or name in {".", ".."},
        fragment=unquote(fragment),
        facet=facet,
    )


def path_segments(path: str) -> tuple[str, ...]:
    """Comparable segments of the path of a page; a file that stands for its folder is that folder."""
    parts = [part for part in path.split("/") if part and part != "."]
    if not parts:
        return ()
    last = comparable(without_language(parts[-1]))
    folders = [part if part == ".." else comparable(part) for part in parts[:-1]]
    return tuple(folders) if last in INDEX_NAMES else (*folders, ".." if parts[-1] == ".." else last)


def file_segments(path: str) -> tuple[str, ...]:
    """Comparable segments of the path of a file that is no page; its suffix counts."""
    return tuple(part if part == ".." else _folded(part) for part in path.split("/") if part and part != ".")


def without_language(name: str) -> str:
    """`post.fr.md` → `post.md`."""
    language = language_in_name(name)
    if language is None:
        return name
    stem, _, suffix = name.rpartition(".")
    return f"{stem.rpartition('.')[0]}.{suffix}"


def comparable(name: str) -> str:
    """Name of a page or folder in the form in which names are compared."""
    return _folded(_PAGE_SUFFIX.sub("", name))


def undated(name: str) -> str:
    """`2019-03-14-night-ferry` → `night-ferry`."""
    return _DATE_PREFIX.sub("", name)


@lru_cache(maxsize=4096)
def is_distinctive(name: str) -> bool:
    """Whether a comparable name is of at least two words and eight letters, or begins with a date."""
    if _DATE_PREFIX.match(name):
        return True
    return len(name) >= 8 and len(_WORDS.findall(name)) >= 2


def joined(folder: tuple[str, ...], segments: tuple[str, ...]) -> tuple[str, ...] | None:
    """Segments relative to a folder; None if they lead above the root."""
    path = list(folder)
    for segment in segments:
        if segment != "..":
            path.append(segment)
        elif not path:
            return None
        else:
            path.pop()
    return tuple(path)


@lru_cache(maxsize=16_384)
def _folded(name: str) -> str:
    folded = _SPACE.sub("-", unicodedata.normalize("NFC", name).casefold().strip())
    if folded.isascii():
        return folded
    return unicodedata.normalize("NFC", folded).encode("utf-8", "replace").decode()
