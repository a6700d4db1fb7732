"""Library: a folder of Markdown articles, found, read and written without leaving the folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from backfile.archive.availability.states import (
    PUBLIC,
    READABLE,
    SECRET,
    Availability,
    State,
    read_availability,
)
from backfile.archive.errors import ArchiveError, ArticleGone, ArticleNotFound, ArticleUnreadable, LibraryMissing
from backfile.archive.frontmatter import article_text
from backfile.archive.frontmatter.front_matter import FrontMatter, parse
from backfile.archive.frontmatter.header_lines import count_lines
from backfile.archive.languages import is_language_folder, language_code
from backfile.archive.links.article_addresses import FormerAddress, former_addresses, stated_addresses
from backfile.archive.markdown.literal_markup import conflict_lines
from backfile.archive.markdown.mdx import is_mdx, mdx_to_markdown
from backfile.archive.metadata.mapping import DisplayNames, MappedMetadata, map_metadata
from backfile.archive.metadata.name_keys import author_key, topic_key
from backfile.archive.model import Article
from backfile.archive.report import Problem
from backfile.archive.storage import article_ids, walker
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.durable_files import (
    Batch,
    digest,
    is_below,
    make_folders,
    read_bytes,
    remove_bytes,
    write_bytes,
)
from backfile.archive.storage.library_settings import LibrarySettings, exclusion, read_settings
from backfile.archive.storage.profiles import ProfilePlace, Profiles, find_profiles
from backfile.archive.storage.walker import FileEntry, has_article_name

SECTION_PAGE = "section page"


@dataclass(frozen=True, slots=True)
class FileReadResult:
    """Result of reading one file.

    `article` is None if the file is left out (a draft, a section page, a profile: `left_out` gives the reason) or
    unreadable (`problems` give the reasons). `digest` is that of the file's bytes, empty if it could not be read.
    `addresses` are the permalinks, former addresses and further names in the front matter, `former` the paths at which
    readers knew the article; `first_line` is the line of the file at which the body begins. `availability` says when
    the article is to be seen.
    """

    article: Article | None
    problems: tuple[Problem, ...]
    digest: str
    left_out: str = ""
    addresses: tuple[str, ...] = ()
    former: frozenset[FormerAddress] = frozenset()
    first_line: int = 1
    availability: Availability = PUBLIC


class Library:
    """Library of the articles in a folder.

    Raises `LibraryMissing` if there is no such folder and `LibrarySettingsInvalid` if its `library.toml` is wrong.
    Settings and the names of authors and topics are read once; `refresh` reads them again.
    """

    settings: LibrarySettings

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise LibraryMissing(f"{root}: no such folder", hint="name a folder with Markdown files")
        self._real = os.path.realpath(self.root)
        self.refresh()

    def __reduce__(self) -> tuple[type[Library], tuple[Path]]:
        return Library, (self.root,)

    def refresh(self) -> None:
        """Reads `library.toml` again and forgets names of authors and topics, so that they are looked up again."""
        self.settings = read_settings(self.root)
        self._exclude = exclusion(self.settings.exclude)
        self.__dict__.pop("profiles", None)
        self.__dict__.pop("names", None)
        self.__dict__.pop("_profile_places", None)
        self._folder_languages: dict[str, str | None] = {}

    @cached_property
    def profiles(self) -> Profiles:
        """Author and topic names from profile pages and lists in the library, read at first use."""
        found = find_profiles(self.root)
        found.problems = [each for each in found.problems if not (self._exclude and self._exclude.match(each.path))]
        return found

    @cached_property
    def names(self) -> DisplayNames:
        """Display names of authors and topics: those of `library.toml`, then those of the profiles."""
        return self.profiles.names(self.settings.authors, self.settings.topics)

    @cached_property
    def _profile_places(self) -> dict[tuple[str, str], ProfilePlace]:
        return self.profiles.places_by_name(self.names)

    def find_profile(self, facet: str, name: str) -> ProfilePlace | None:
        """Place of the profile of an `author` or a `topic` by display name; None if it has none, or an excluded one."""
        place = self._profile_places.get((facet, author_key(name) if facet == "author" else topic_key(name)))
        return None if place is None or (self._exclude and self._exclude.match(place[0])) else place

    @property
    def title(self) -> str:
        """Title of the library: the one in `library.toml`, else the name of its folder."""
        return self.settings.title or os.path.basename(self._real) or "Backfile"

    def walk(self) -> Iterator[FileEntry]:
        """Yields every file that may be an article, in no particular order; no file is opened."""
        return walker.walk(self._real, self._exclude)

    def walk_assets(self) -> Iterator[str]:
        """Yields the path of every picture, sound, film and document, in no particular order; no file is opened."""
        return walker.walk_assets(self._real, self._exclude)

    def walk_sections(self) -> Iterator[str]:
        """Yields the path of every section page that is no profile, in no particular order; no file is opened."""
        pages = self.profiles.pages
        return (path for path in walker.walk_sections(self._real, self._exclude) if path not in pages)

    def read(self, path: str, *, sections: bool = False) -> FileReadResult:
        """Reads the file at `path`, which `walk` gave. Never raises for what a file may hold or be.

        Section pages are left out, unless `sections` are to be read as articles are.
        """
        shown = path if path.isascii() else printable(path)
        try:
            raw = self._bytes(path, shown)
        except ArticleUnreadable as error:
            return FileReadResult(None, (Problem(shown, None, str(error), error.hint),), "")
        except OSError as error:
            reason = f"cannot be read: {error.strerror or error}"
            return FileReadResult(None, (Problem(shown, None, reason, "look at the file and its permissions"),), "")
        return self.read_content(path, raw, sections=sections)

    def read_content(self, path: str, raw: bytes, *, sections: bool = False) -> FileReadResult:
        """Reads the bytes of a file that is, or was, at `path`, as `read` does."""
        shown = path if path.isascii() else printable(path)
        file_digest = hashlib.blake2b(raw, digest_size=16).hexdigest()
        try:
            decoded = decode(raw)
        except ArticleUnreadable as error:
            return FileReadResult(None, (Problem(shown, None, str(error), error.hint),), file_digest)
        left_out = self._left_out(path)
        if left_out and not (sections and left_out == SECTION_PAGE):
            return FileReadResult(None, (), file_digest, left_out)
        warnings = [Problem(shown, None, decoded.warning, "save it as UTF-8")] if decoded.warning else []
        return self._article(path, decoded.text, file_digest, warnings)

    def get(self, article_id: str) -> Article:
        """Article or section page with this id, whatever its state: for the owner of the library, not for readers.

        Raises `ArticleNotFound`, also for drafts and for ids that lead out of the library.
        """
        return self._find(article_id)[0]

    def get_public(self, article_id: str, now: datetime) -> tuple[Article, State]:
        """Article as readers may see it at a moment, and its state: published or unlisted.

        Raises `ArticleNotFound` as `get` does, also for an article that nobody is to know of yet, and `ArticleGone` for
        one that is withheld or has expired.
        """
        article, availability = self._find(article_id)
        state = availability.state(now)
        if state in READABLE:
            return article, state
        if state in SECRET:
            raise _not_found(article_id)
        since, reason = (availability.ends, "") if state is State.EXPIRED else (None, availability.withheld or "")
        raise ArticleGone(f"the article {printable(article_id)!r} is {state}", state=state, since=since, reason=reason)

    def _find(self, article_id: str) -> tuple[Article, Availability]:
        path = self.locate(article_id)
        found = self.read(path, sections=True) if path is not None else None
        if found is None or found.article is None:
            raise _not_found(article_id)
        return found.article, found.availability

    def put(self, article: Article) -> None:
        """Writes an article to the file at its path, whole or not at all, and durably.

        In a file that is there already only what differs is changed. Raises `ArchiveError` for a path that is no
        article's or leads out of the library and for a file that somebody else saves meanwhile, `ArticleUnreadable` and
        `FrontMatterInvalid` for an old file that cannot be changed without loss, and `OSError`.
        """
        full = self._target_path(article)
        try:
            content = read_bytes(full, self._real)
        except FileNotFoundError:
            make_folders(os.path.dirname(full))
            _require(write_bytes(full, article_text.compose(article).encode(), None), article.path)
            return
        decoded = decode(content)
        if not decoded.exact:
            raise ArticleUnreadable(f"{article.path}: {decoded.warning}", hint="save it as UTF-8 before changing it")
        front = parse(decoded.text)
        mapped = self._map(front, article.path)
        old = self._build(article.id, article.path, front, mapped)
        revised = article_text.revise(front, mapped, old, article).encode(decoded.encoding)
        _require(write_bytes(full, revised, digest(content)), article.path)

    def write(self, path: str, content: bytes, replaces: str | None, batch: Batch | None = None) -> bool:
        """Puts a file of any kind at `path` below the library, whole or not at all.

        It replaces the file with the digest `replaces`, or none if that is None; returns False if another file is
        there, which is left alone. With a `batch` it is there once that is finished, which returns such paths. Raises
        `ArchiveError` for a path that leads out of the library or to a hidden file, and `OSError`.
        """
        full = self._inside(path)
        make_folders(os.path.dirname(full))
        if batch is None:
            return write_bytes(full, content, replaces)
        batch.write(full, content, replaces, path)
        return True

    def remove(self, path: str, expected: str) -> bool:
        """Removes the file at `path` if its digest is `expected`; returns whether it did. Raises as `write` does."""
        return remove_bytes(self._inside(path), expected)

    def _inside(self, path: str) -> str:
        """Real path of a file: links to folders are resolved, a link that is the file itself is not."""
        plain = all(part and part[0] != "." and "\x00" not in part for part in path.split("/"))
        folder, _, name = path.rpartition("/")
        full = f"{os.path.realpath(f'{self._real}/{folder}')}/{name}" if plain else ""
        if not is_below(full, self._real):
            raise ArchiveError(f"{printable(path)!r} leads out of the library")
        return full

    def _target_path(self, article: Article) -> str:
        """Real path of an article's file, checked to be in the library and to have the article's id."""
        parts = article.path.split("/")
        plain = all(part and part[0] != "." and "\x00" not in part for part in parts) and has_article_name(parts[-1])
        if not plain or article_ids.identify(self._real, article.path)[0] != article.id:
            raise ArchiveError(f"{printable(article.path)!r} is no path for the article {printable(article.id)!r}")
        full = os.path.realpath(f"{self._real}/{article.path}")
        if not is_below(full, self._real):
            raise ArchiveError(f"{printable(article.path)!r} leads out of the library")
        return full

    def find_file(self, path: str) -> Path | None:
        """File at a path below the library; None for other kinds, paths out of the library or that no system takes."""
        try:
            real = (self.root / path).resolve()
            return real if real.is_file() and real.is_relative_to(self._real) else None
        except (OSError, RuntimeError, ValueError):  # a name too long, a loop of links, a NUL, a closed folder
            return None

    def locate(self, article_id: str) -> str | None:
        """Path of the file with this id; None if there is none or the id leads out of the library."""
        return article_ids.locate(self._real, article_id, self._exclude)

    def _bytes(self, path: str, shown: str) -> bytes:
        if shown != path:
            raise ArticleUnreadable("its name is not UTF-8", hint="rename it")
        if path.endswith("/") and os.path.islink(f"{self._real}/{path.rstrip('/')}"):
            raise ArticleUnreadable("is a link to a folder outside the library", hint="copy or mount the folder here")
        if path.endswith("/") or path == ".":
            raise ArticleUnreadable("the folder cannot be listed", hint="look at its permissions")
        return read_bytes(f"{self._real}/{path}", self._real)

    def _left_out(self, path: str) -> str:
        if path.rpartition("/")[2].startswith("_index."):
            return SECTION_PAGE
        return "profile page" if path in self.profiles.pages else ""

    def _article(self, path: str, text: str, digest: str, warnings: list[Problem]) -> FileReadResult:
        front = parse(text)
        mapped = self._map(front, path)
        first_line = 1 + count_lines(front.head) + count_lines(front.block) + count_lines(front.tail)
        problems = warnings + [Problem(path, each.line, str(each), each.hint) for each in front.problems]
        problems += [Problem(path, front.line_of(each.key), each.reason, each.hint) for each in mapped.problems]
        problems += [_conflict(path, first_line + line - 1) for line in conflict_lines(front.body)]
        if mapped.draft:
            return FileReadResult(None, tuple(problems), digest, "draft")
        availability, unclear = read_availability(
            front.data,
            mapped,
            self.settings.zone,
            day_first=self.settings.day_first,
            hide_expired=self.settings.hide_expired,
        )
        problems += [Problem(path, front.line_of(each.key), each.reason, each.hint) for each in unclear]
        article_id, rival = article_ids.identify(self._real, path)
        if rival:
            reason = f"has the name of {rival} but for its ending or encoding, so its id is {article_id}"
            problems.append(Problem(path, None, reason, "rename one of them"))
        return FileReadResult(
            self._build(article_id, path, front, mapped),
            tuple(problems),
            digest,
            addresses=tuple(stated_addresses(path, front.data)),
            former=former_addresses(path, front.data, mapped.metadata),
            availability=availability,
            first_line=first_line,
        )

    def _map(self, front: FrontMatter, path: str) -> MappedMetadata:
        body = mdx_to_markdown(front.body.replace("\r\n", "\n")) if is_mdx(path, front.body) else front.body
        return map_metadata(front.data, body, path, names=self.names, day_first=self.settings.day_first)

    def _build(self, article_id: str, path: str, front: FrontMatter, mapped: MappedMetadata) -> Article:
        metadata = mapped.metadata
        if metadata.language is None:
            metadata = replace(metadata, language=self.language_of_folder(path.rpartition("/")[0]))
        return Article(article_id, path, metadata, front.body.replace("\x00", "\ufffd"), mapped.extra)

    def language_of_folder(self, folder: str) -> str | None:
        """Language by a folder's name, if sibling folders are named by languages as well (`en/`, `fr/`)."""
        folder = folder.rstrip("/")
        if not folder:
            return None
        undecided = []
        while folder and folder not in self._folder_languages:
            undecided.append(folder)
            folder = folder.rpartition("/")[0]
        language = self._folder_languages.get(folder)
        for below in reversed(undecided):
            parent, _, name = below.rpartition("/")
            if is_language_folder(name) and self._holds_languages(parent):
                language = language_code(name)
            self._folder_languages[below] = language
        return language

    def _holds_languages(self, folder: str) -> bool:
        try:
            with os.scandir(f"{self._real}/{folder}") as scan:
                names = [item.name for item in scan if item.is_dir(follow_symlinks=False) and item.name[0] != "."]
        except OSError:  # a problem of the walk, which lists it
            return False
        languages = [name for name in names if is_language_folder(name)]
        return len(languages) > 1 and 2 * len(languages) >= len(names)


def _conflict(path: str, line: int) -> Problem:
    hint = "keep one of the two versions and remove the marks"
    return Problem(path, line, "a merge conflict is left in the text: both versions are shown", hint)


def _not_found(article_id: str) -> ArticleNotFound:
    return ArticleNotFound(f"no article has the id {printable(article_id)!r}")


def _require(placed: bool, path: str) -> None:
    if not placed:
        raise ArchiveError(f"{printable(path)}: somebody else saved it meanwhile", hint="look at it and try again")


def printable(path: str) -> str:
    """A path that can be shown and stored: bytes that are not UTF-8 as `\\xff`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
