"""Resolver of internal links, for the pages of a server and for importers.

A link is tried as a path relative to its article, relative to the article's URL and from the root; then by the end of
its path: the longest common end wins, and of equal ones the nearest article. A name alone leads to an article elsewhere
if the link names one (a wiki link, `relref`, a Markdown file) or the name is of several words, so that `about` in one
folder is never taken for that of another.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from backfile.archive.languages import is_language_folder, language_in_name
from backfile.archive.links.article_addresses import AddressKind
from backfile.archive.links.destinations import (
    Destination,
    comparable,
    file_segments,
    joined,
    parse_destination,
    path_segments,
    undated,
)
from backfile.archive.links.link_index import (
    MAX_CANDIDATES,
    ArticleCandidate,
    FileCandidate,
    LinkIndex,
    is_section,
    link_name,
)
from backfile.archive.storage.file_titles import without_suffix

_AT_ONCE = 10_000
_REMEMBERED = 2_000
_NUMBERS_OF_DATE = 3
_SENTENCE, _SENTENCE_WORDS = 20, 4  # letters and words of a name that no two articles share by chance
_FILE_FOLDERS = frozenset(
    (
        *("assets", "attachments", "-resources", "files", "figures", "images", "img", "media", "pictures", "public"),
        *("static", "uploads", "wp-content"),
    )
)
_CURRENT = frozenset(("next", "latest", "stable", "current"))  # names of versions in the addresses of documentation
_FACETS = dict.fromkeys(("author", "authors"), "author") | dict.fromkeys(
    ("topic", "topics", "tag", "tags", "category", "categories"), "topic"
)

FacetPages = Callable[[str, str], str | None]
"""Function of facet (`author` or `topic`) and key or name that gives the name of the facet's value, if it is known."""


class LinkedArticle(NamedTuple):
    """Target of a link: path and id of the article, and the fragment of the link."""

    path: str
    id: str
    fragment: str = ""


class LinkedFile(NamedTuple):
    """Target of a link or image: path of the file below the library."""

    path: str


class LinkedFacet(NamedTuple):
    """Target of a link to the page of an author or topic."""

    facet: str
    name: str


LinkTarget = LinkedArticle | LinkedFile | LinkedFacet


class LinkResolver:
    """Resolves the links of articles to targets in an index of links, which must not change meanwhile.

    `facets` gives the names of authors and topics by their keys.
    """

    def __init__(self, index: LinkIndex, facets: FacetPages | None = None) -> None:
        self._index, self._facets = index, facets
        self._by_name: dict[str, list[ArticleCandidate]] = {}

    def target(self, path: str, kind: str, address: str) -> LinkTarget | None:
        """Target of a `link` or `image` in the article at `path`; None for external addresses and dead links."""
        destination = parse_destination(address)
        if destination is None:
            return None
        if kind == "image":
            return self.file(path, destination)
        return self.article(path, destination) or self.file(path, destination) or self._facet(destination)

    def article(self, path: str, destination: Destination) -> LinkedArticle | None:
        """Article that a destination in the article at `path` means."""
        if destination.facet:
            return None
        if not destination.segments and not destination.files and not (destination.rooted or destination.is_folder):
            return None  # no path at all
        source = _Source.at(path)
        exact = [each for each in _exact_paths(source, destination) if each is not None]
        found = self._current(source, destination) or self._exact_article(source, destination, exact)
        if found is None and (section := self._section(source, destination, exact)):
            return LinkedArticle(section, without_suffix(section), destination.fragment)
        found = found or self._similar_article(source, destination)
        return LinkedArticle(found.path, found.id, destination.fragment) if found else None

    def _section(self, source: _Source, destination: Destination, exact: list[tuple[str, ...]]) -> str | None:
        """Path of the section page that a destination means: of an exact folder, or by the whole of its address.

        A site may keep its pages in a folder for the language, which its addresses leave out.
        """
        segments = destination.segments
        name = segments[-1] if segments else ""
        pages = [each for each in self._index.files(name) if is_section(each.path)]
        for wanted in exact:
            there = [each.path for each in pages if (each.segments if each.segments != ("",) else ()) == wanted]
            if there:
                return min(there, key=lambda path: (language_in_name(path) != source.language, len(path), path))
        if not destination.rooted or not segments or ".." in segments:
            return None
        fitting = [each.path for each in pages if each.segments[-len(segments) :] == segments]
        own = [
            path
            for path in fitting
            if is_language_folder("".join(path.split("/")[-len(segments) - 2 : -len(segments) - 1]))
        ]
        return min(own, key=lambda path: (path.split("/")[0] != source.path.split("/")[0], path)) if own else None

    def _current(self, source: _Source, destination: Destination) -> ArticleCandidate | None:
        """Article of the current version, at the address without that: `/docs/next/ferry` is `/docs/ferry`."""
        *folders, name = destination.segments or ("",)
        if _CURRENT.isdisjoint(folders):
            return None
        kept = replace(destination, segments=(*(each for each in folders if each not in _CURRENT), name))
        exact = [each for each in _exact_paths(source, kept) if each is not None]
        return self._exact_article(source, kept, exact)

    def file(self, path: str, destination: Destination) -> LinkedFile | None:
        """File, a picture mostly, that a destination in the article at `path` means."""
        if not destination.files or "." not in destination.name:
            return None
        source = _Source.at(path)
        exact = [] if destination.rooted else [joined(source.folder, destination.files)]
        exact += [joined(folder, destination.files) for folder in ((), ("static",), ("public",), ("assets",))]
        exact.append((*source.folder, destination.files[-1]))
        wanted = [each for each in exact if each is not None]
        by_path = {each.segments: each for each in self._files(destination.files[-1], map("/".join, wanted))}
        for segments in wanted:
            if segments in by_path:
                return LinkedFile(by_path[segments].path)
        named = [each for each in self._files(destination.files[-1]) if _is_meant(each, destination)]
        return LinkedFile(min(named, key=lambda each: _rank_file(each, source, destination)).path) if named else None

    def _files(self, name: str, addresses: Iterable[str] | None = None) -> list[FileCandidate]:
        return [each for each in self._index.files(name, addresses) if not is_section(each.path)]

    def _exact_article(
        self, source: _Source, destination: Destination, paths: list[tuple[str, ...]]
    ) -> ArticleCandidate | None:
        """Article at one of several exact addresses; the first counts, and of several there the nearest."""
        for name in dict.fromkeys(path[-1] if path else "" for path in paths):
            wanted = [path for path in paths if (path[-1] if path else "") == name]
            found = self._named(name)
            if len(found) >= MAX_CANDIDATES:
                found = self._index.articles(name, map("/".join, wanted))
            for path in wanted:
                there = [each for each in found if each.segments == path and each.kind is not AddressKind.TITLE]
                if there:
                    return _best(there, source, destination)
        return None

    def _similar_article(self, source: _Source, destination: Destination) -> ArticleCandidate | None:
        """Article of which an address ends as the destination does; never the article itself."""
        segments = tuple(each for each in destination.segments if each != "..")
        if not segments:
            return None
        names = dict.fromkeys((segments[-1], undated(segments[-1])))
        found = [each for name in names for each in self._named(name)]
        fitting = [each for each in found if _fits(each, segments, destination)]
        # A whole address may be that of the article itself (`/blog/ferry/#times`), a name alone is not.
        fitting = [each for each in fitting if each.path != source.path or _is_whole(each, segments)]
        return _best(fitting, source, destination) if fitting else None

    def _named(self, name: str) -> list[ArticleCandidate]:
        """Articles with a name, looked up once for the links of a page."""
        if name not in self._by_name:
            if len(self._by_name) >= _REMEMBERED:
                self._by_name.clear()
            self._by_name[name] = self._index.articles(name)
        return self._by_name[name]

    def _facet(self, destination: Destination) -> LinkedFacet | None:
        if self._facets is None:
            return None
        parts = destination.segments
        facet = destination.facet or (_FACETS.get(parts[-2], "") if len(parts) > 1 else "")
        name = self._facets(facet, destination.name or unquote(parts[-1])) if facet and parts else None
        return LinkedFacet(facet, name) if name else None


class _Source(NamedTuple):
    """Article that holds a link: its path, the segments of its folder and of its own URL, its language."""

    path: str
    folder: tuple[str, ...]
    url: tuple[str, ...]
    language: str | None

    @classmethod
    @lru_cache(maxsize=1024)
    def at(cls, path: str) -> _Source:
        folder = tuple(map(comparable, posixpath.dirname(path).split("/"))) if "/" in path else ()
        return cls(path, folder, path_segments(path), language_in_name(path))


def _exact_paths(source: _Source, destination: Destination) -> Iterator[tuple[str, ...] | None]:
    """Yields the paths that a destination may mean: relative to the article, to its own URL, to the root."""
    segments = destination.segments
    if not destination.rooted:
        yield joined(source.folder, segments)
        if not destination.is_file and not destination.by_name:
            yield joined(source.url, segments)
            yield joined(source.url[:-1], segments)
    yield joined((), segments)
    if destination.rooted or destination.by_name:
        yield from ((folder, *segments) for folder in ("content", "docs", "src", "source", "pages", "posts", "-posts"))


def _common_end(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count


def _fits(candidate: ArticleCandidate, segments: tuple[str, ...], destination: Destination) -> bool:
    """Whether an article may be meant that has the name of a link and not its path."""
    kind, address = candidate.kind, candidate.segments
    if kind is AddressKind.TITLE:
        return destination.by_name and len(segments) == 1
    if kind is AddressKind.DATED:
        return _has_date(address, segments)
    is_distinctive, is_named = destination.is_distinctive, destination.by_name or destination.is_file
    if segments[-1] != address[-1]:  # the name without its date
        return is_distinctive and kind is AddressKind.PATH
    common = _common_end(address, segments)
    if common == len(segments):
        is_named = is_named and ".." not in destination.segments
        return kind is AddressKind.PATH and (common > 1 or is_named or is_distinctive)
    if common == len(address):
        return common > 1 or is_distinctive
    is_sentence = is_distinctive and len(segments[-1]) >= _SENTENCE and segments[-1].count("-") >= _SENTENCE_WORDS - 1
    return kind is AddressKind.PATH and is_distinctive and (common > 1 or is_named or is_sentence)


def _is_whole(candidate: ArticleCandidate, segments: tuple[str, ...]) -> bool:
    return candidate.kind is AddressKind.DATED or _common_end(candidate.segments, segments) > 1


def _has_date(address: tuple[str, ...], segments: tuple[str, ...]) -> bool:
    """Whether a URL has the date of an address before its name: the year, the month, and the day if it has one."""
    written = [each for each in segments[:-1] if each.isdecimal()][-_NUMBERS_OF_DATE:]
    if len(written) < 2 or segments[-1] != address[-1]:
        return False
    return all(int(one) == int(other) for one, other in zip(written, address, strict=False))


def _best(found: list[ArticleCandidate], source: _Source, destination: Destination) -> ArticleCandidate:
    return found[0] if len(found) == 1 else min(found, key=lambda each: _rank(each, source, destination))


def _rank(
    candidate: ArticleCandidate, source: _Source, destination: Destination
) -> tuple[int, int, int, int, bool, bool, bool, int, str]:
    """Order of articles that fit: least first."""
    segments = tuple(each for each in destination.segments if each != "..")
    is_dated = candidate.kind is AddressKind.DATED
    common = len(candidate.segments) if is_dated else _common_end(candidate.segments, segments)
    stem = posixpath.basename(candidate.path).rpartition(".")[0]
    is_index = not path_segments(posixpath.basename(candidate.path))
    folder = tuple(map(comparable, candidate.path.split("/")[: -2 if is_index else -1]))
    written = destination.name.rpartition(".")[0] if destination.is_file else destination.name
    return (
        candidate.kind is AddressKind.TITLE,
        -common,
        _distance(source.folder, folder),
        candidate.kind,
        language_in_name(candidate.path) != source.language,
        stem != written,
        is_index != destination.is_folder,
        len(candidate.path),
        candidate.path,
    )


def _distance(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Steps between two folders, up and down."""
    common = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        common += 1
    return len(one) + len(other) - 2 * common


def _is_meant(file: FileCandidate, destination: Destination) -> bool:
    """Whether a file may be meant that has the name of a destination and not its path."""
    if destination.by_name:
        return True
    segments = tuple(each for each in destination.files if each != "..")
    common = _common_end(file.segments, segments)
    stem = segments[-1].rpartition(".")[0]
    if common > 1 and common in (len(segments), len(file.segments)):
        return True
    in_folder_of_files = len(file.segments) > 1 and not _FILE_FOLDERS.isdisjoint(file.segments[:-1])
    return (len(stem) >= 8 and any(not each.isalpha() for each in stem)) or (in_folder_of_files and len(segments) == 1)


def _rank_file(file: FileCandidate, source: _Source, destination: Destination) -> tuple[int, int, bool, int, str]:
    folder = file_segments(posixpath.dirname(file.path))
    common = _common_end(file.segments, destination.files)
    return (
        -common,
        _distance(source.folder, folder),
        posixpath.basename(file.path) != destination.name,
        len(file.path),
        file.path,
    )


def resolve_open_links(index: LinkIndex, resolver: LinkResolver) -> None:
    """Resolves every link of an index that is not yet, or no longer, resolved."""
    while links := index.open_links(_AT_ONCE):
        found = []
        for number, path, kind, address in links:
            target = target_name(resolver.target(path, kind, address))
            found.append((target, "" if target else link_name(kind, address), number))
        index.set_targets(found)


def target_name(target: LinkTarget | None) -> str:
    """Path of a target, or `author:…` and `topic:…`; empty if there is none."""
    if isinstance(target, LinkedFacet):
        return f"{target.facet}:{target.name}"
    return target.path if target is not None else ""
