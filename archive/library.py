"""A library: a folder of Markdown articles. Finds them, reads them, writes them, and never leaves the folder."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from archive import walking
from archive.decoding import decode
from archive.errors import ArticleNotFound, ArticleUnreadable, LibraryMissing
from archive.frontmatter import FrontMatter, parse
from archive.languages import is_language_folder
from archive.metadata import Metadata, Names, read_metadata
from archive.model import Article
from archive.naming import SUFFIXES, without_suffix
from archive.profiles import Profiles, find_profiles
from archive.report import Problem
from archive.settings import LibrarySettings, exclusion, read_settings
from archive.walking import Entry, has_article_name

MAX_FILE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of reading one file.

    `article` is None if the file is left out on purpose (`left_out` says why: a draft, a section page, a profile) or
    cannot be read (`problems` say why). `digest` is that of the file's bytes, empty if it could not be read.
    """

    article: Article | None
    problems: tuple[Problem, ...]
    digest: str
    left_out: str = ""


class Library:
    """The articles in a folder. Raises `LibraryMissing` if there is no such folder.

    `settings` and the names of authors and topics are read once; `refresh` reads them anew.
    """

    def __init__(self, root: Path) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise LibraryMissing(f"{root}: no such folder", hint="name a folder with Markdown files")
        self._real_root = os.path.realpath(self.root)
        self.refresh()

    def refresh(self) -> None:
        """Reads `library.toml` again and forgets names of authors and topics, so that they are looked up again."""
        self.settings: LibrarySettings = read_settings(self.root)
        self._exclude = exclusion(self.settings.exclude)
        self._profiles: Profiles | None = None
        self._names: Names | None = None
        self._language_folders: dict[str, bool] = {}

    def walk(self) -> Iterator[Entry]:
        """Every file that may be an article, quickly and in no particular order; nothing is opened."""
        return walking.walk(self.root, self._exclude)

    def read(self, path: str) -> Reading:
        """Reads the file at `path` below the library. Never raises for what a file may hold or be."""
        shown = printable(path)
        try:
            raw = self._bytes(path)
            digest = hashlib.blake2b(raw, digest_size=16).hexdigest()
        except (ArticleUnreadable, OSError) as error:
            hint = error.hint if isinstance(error, ArticleUnreadable) else "look at the file and its permissions"
            reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
            return Reading(None, (Problem(shown, None, reason, hint),), "")
        try:
            decoded = decode(raw)
        except ArticleUnreadable as error:
            return Reading(None, (Problem(shown, None, str(error), error.hint),), digest)
        if os.path.basename(path).startswith("_index."):
            return Reading(None, (), digest, "section page")
        if path in self.profiles.pages:
            return Reading(None, (), digest, "profile page")
        problems = []
        if decoded.warning:
            problems.append(Problem(shown, None, decoded.warning, "save it as UTF-8"))
        return self._article(path, decoded.text, digest, problems)

    def _article(self, path: str, text: str, digest: str, problems: list[Problem]) -> Reading:
        front = parse(text)
        metadata = read_metadata(
            front.data, front.body, path, form=front.form, names=self.names, day_first=self.settings.day_first
        )
        problems += [Problem(path, each.line, str(each), each.hint) for each in front.problems]
        if metadata.draft:
            return Reading(None, tuple(problems), digest, "draft")
        article_id, clash = self._id(path)
        if clash:
            reason = f"has the same name as {clash} but for its ending; it is found as {article_id}"
            problems.append(Problem(path, None, reason, "rename one of them"))
        problems += [Problem(path, front.line_of(r.key), r.reason, r.hint) for r in metadata.remarks]
        return Reading(self._build(article_id, path, front, metadata), tuple(problems), digest)

    def _build(self, article_id: str, path: str, front: FrontMatter, metadata: Metadata) -> Article:
        return Article(
            id=article_id,
            path=path,
            title=metadata.title,
            body=front.body.replace("\x00", "�"),
            authors=metadata.authors,
            topics=metadata.topics,
            date=metadata.date,
            updated=metadata.updated,
            summary=metadata.summary,
            source=metadata.source,
            language=metadata.language or self.language_of_folder(path),
            extra=metadata.extra,
        )

    @property
    def profiles(self) -> Profiles:
        """Names from profile pages and lists in the library."""
        if self._profiles is None:
            self._profiles = find_profiles(self.root)
        return self._profiles

    @property
    def names(self) -> Names:
        """How authors and topics are shown: by `library.toml`, then by the profiles."""
        if self._names is None:
            self._names = self.profiles.names(self.settings.authors, self.settings.topics)
        return self._names

    def get(self, article_id: str) -> Article:
        """The article with this id; raises `ArticleNotFound`, also for drafts and for ids that lead elsewhere."""
        path = self.locate(article_id)
        article = self.read(path).article if path is not None else None
        if article is None:
            raise ArticleNotFound(f"no article has the id {printable(article_id)!r}")
        return article

    def locate(self, article_id: str) -> str | None:
        """The path of the file that has this id, or None; never one outside the library or in a hidden folder."""
        parts = article_id.split("/")
        if "\x00" in article_id or any(not part or part[0] == "." for part in parts):
            return None
        for candidate in [article_id + suffix for suffix in SUFFIXES] + [article_id]:
            if self._is_article(candidate) and self._id(candidate)[0] == article_id:
                return candidate
        return self._search(parts)

    def _is_article(self, path: str) -> bool:
        if not has_article_name(path.rpartition("/")[2]) or (self._exclude and self._exclude.match(path)):
            return False
        try:
            return stat.S_ISREG(os.stat(self.root / path).st_mode)
        except (OSError, ValueError):
            return False

    def _search(self, parts: list[str]) -> str | None:
        """Finds a file whose name is written with other characters than its id (decomposed accents, `.MD`)."""
        folders = [""]
        for part in parts[:-1]:
            folders = [
                f"{f}{n}/" for f in folders for n in self._names_in(f) if unicodedata.normalize("NFC", n) == part
            ]
        for folder in folders:
            for name in self._names_in(folder):
                path = folder + name
                if has_article_name(name) and self._is_article(path) and self._id(path)[0] == "/".join(parts):
                    return path
        return None

    def _names_in(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self.root / folder))
        except OSError:
            return []

    def _id(self, path: str) -> tuple[str, str]:
        """The id of the file at `path`, and the path of the file that has the plain one, if that is another."""
        normal = unicodedata.normalize("NFC", path)
        stem = without_suffix(normal)
        if path == normal and path.endswith(".md"):
            return stem, ""
        for suffix in SUFFIXES:
            rival = stem + suffix
            if rival == path:
                break
            if os.path.lexists(self.root / rival):
                return normal, rival
        return stem, ""

    def _bytes(self, path: str) -> bytes:
        """The bytes of a regular file in the library; raises `ArticleUnreadable` or `OSError`."""
        if printable(path) != path and any(0xDC80 <= ord(character) <= 0xDCFF for character in path):
            raise ArticleUnreadable("its name is not UTF-8", hint="rename it")
        full = self.root / path
        if path.endswith("/") or path == ".":
            raise ArticleUnreadable("the folder cannot be listed", hint="look at its permissions")
        descriptor = os.open(full, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ArticleUnreadable("is not a regular file", hint="remove it or rename it")
            if status.st_size > MAX_FILE_BYTES:
                raise ArticleUnreadable(
                    f"is larger than {MAX_FILE_BYTES // 1024**2} MB", hint="split it, or leave it out in library.toml"
                )
            if os.path.islink(full) and not self._inside(full):
                raise ArticleUnreadable("is a link to a file outside the library", hint="copy the file instead")
            return file.read()

    def _inside(self, full: Path) -> bool:
        return os.path.commonpath([os.path.realpath(full), self._real_root]) == self._real_root

    def language_of_folder(self, path: str) -> str | None:
        """The language by a folder's name, if folders beside it are named by languages as well (`en/`, `fr/`)."""
        parent = ""
        for name in path.split("/")[:-1]:
            if is_language_folder(name) and self._has_languages(parent):
                return name.replace("_", "-")
            parent += name + "/"
        return None

    def _has_languages(self, folder: str) -> bool:
        if folder not in self._language_folders:
            names = [n for n in self._names_in(folder) if (self.root / folder / n).is_dir()]
            codes = [name for name in names if is_language_folder(name)]
            self._language_folders[folder] = len(codes) > 1 and 2 * len(codes) >= len(names)
        return self._language_folders[folder]


def printable(path: str) -> str:
    """A path that can be shown and stored: bytes that are not UTF-8 as `\\xff`."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
