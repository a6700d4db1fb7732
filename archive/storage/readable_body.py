"""Body of an article as it is read: files put in, MDX as Markdown, without the heading that repeats the title.

A line `--8<-- "file"` of MkDocs (https://facelessuser.github.io/pymdown-extensions/extensions/snippets/) puts in a file
of the library, or a part or some lines of it (`file:part`, `file:3:7`); several files stand between two lines of the
sign alone. The file is looked for beside the article and in the folders above, there also in `docs`, `includes` and
`snippets`.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from backfile.archive.errors import ArticleUnreadable
from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.markdown.headings import body_without_title
from backfile.archive.markdown.mdx import is_mdx, mdx_to_markdown
from backfile.archive.model import Article
from backfile.archive.report import Problem
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.durable_files import digest, read_bytes
from backfile.archive.storage.library import Library

MAX_DEPTH = 8
MAX_INCLUDED = 4_000_000
"""Most characters that are put into one article."""

_FOLDERS = ("", "docs", "includes", "snippets", "_snippets")
_SIGN = re.compile(
    r"(?P<indent>[ \t]*+)(?P<escape>;*+)-{1,10}8<-{1,10}(?:[ \t]++\"(?P<name>[^\"\n]{1,300})\")?[ \t]*\Z"
)
_PART_SIGN = re.compile(r"-{1,10}8<-{1,10}[ \t]++\[[ \t]*+(?P<end>start|end)[ \t]*+:[ \t]*+(?P<name>[^\]\s]+)[ \t]*\]")
_MAX_NAME = 1_000
_PART = re.compile(r"(?P<path>.+?):(?P<part>[A-Za-z_][\w-]*|\d*+(?::\d*+)?(?:,\d*+:\d*+)*+)\Z")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")


class IncludedFile(NamedTuple):
    """File put into an article: its name as written, its path, digest, size in bytes and mtime in ns.

    The path is empty if there is no such file.
    """

    name: str
    path: str = ""
    digest: str = ""
    size: int = 0
    mtime_ns: int = 0


@dataclass(frozen=True, slots=True)
class ReadableBody:
    """Markdown of an article, the files put in, and lines of its body, from 1, that name a file that is not there."""

    text: str
    included: tuple[IncludedFile, ...] = ()
    missing: tuple[tuple[int, str], ...] = ()

    def problems(self, path: str, first_line: int) -> tuple[Problem, ...]:
        """Problems of the article at `path`; `first_line` is the line at which the body begins."""
        hint = "put the file into the library, or correct its path"
        reason = "the file {!r} is to be put in here and is not in the library"
        return tuple(Problem(path, first_line + line - 1, reason.format(name), hint) for line, name in self.missing)

    def digest(self, of_file: str) -> str:
        """Digest of the article: that of its file, and with files put in, of all of them."""
        parts = [of_file, *(each.digest for each in self.included)]
        return digest("\n".join(parts).encode()) if self.included and of_file else of_file


def readable_body(library: Library, article: Article) -> ReadableBody:
    """Body of an article of the library as it is read. A file that is not there stays a link to it."""
    body = body_with_files(library, article.path, article.body)
    text = mdx_to_markdown(body.text.replace("\r\n", "\n")) if is_mdx(article.path, body.text) else body.text
    return ReadableBody(body_without_title(text, article.metadata.title), body.included, body.missing)


def body_with_files(library: Library, path: str, body: str) -> ReadableBody:
    """Body of the article at `path` with the files that it puts in."""
    if "8<-" not in body:
        return ReadableBody(body)
    inclusion = _Inclusion(library, path)
    text = inclusion.expand(body)
    return ReadableBody(text, tuple(dict.fromkeys(inclusion.files)), tuple(inclusion.missing))


def is_current(library: Library, path: str, included: IncludedFile) -> bool:
    """Whether a file put into the article at `path` is the one that was read, by its place, size and time."""
    found = _find(library, path, included.name)
    if not found or not included.path:
        return found == included.path
    try:
        status = os.stat(library.root / found)
    except OSError:
        return False
    return (found, status.st_size, status.st_mtime_ns) == (included.path, included.size, included.mtime_ns)


class _Inclusion:
    """Pass over the body of one article and over the files that it puts in."""

    def __init__(self, library: Library, path: str) -> None:
        self._library, self._path = library, path
        self.files: list[IncludedFile] = []
        self.missing: list[tuple[int, str]] = []
        self._characters = 0

    def expand(self, body: str, above: tuple[str, ...] = ()) -> str:
        """Text with the files that it names; `above` are the files in which it stands."""
        written: list[str] = []
        fence, block = "", False
        lines = body.split("\n")
        last_sign = max((number for number, line in enumerate(lines, 1) if _is_block_sign(line)), default=0)
        for number, line in enumerate(lines, 1):
            sign = _SIGN.match(line.rstrip("\r"))
            if opened := _FENCE.match(line):
                fence = "" if fence and opened[1].startswith(fence) else fence or opened[1]
            place = 0 if above or fence else number  # in code a name of no file is an example
            if block and sign is None:
                written += self._lines([line.strip()], "", place, above)
            elif _is_block_sign(line) and (block or number < last_sign):
                block = not block
            elif sign is None or sign["escape"] or sign["name"] is None:
                written.append(_unescaped(line, sign, fence))
            else:
                written += self._lines([sign["name"]], sign["indent"], place, above)
        return "\n".join(written)

    def _lines(self, names: Sequence[str], indent: str, place: int, above: tuple[str, ...]) -> Iterator[str]:
        """Yields the lines of the named files, or the line itself for a file that is not there."""
        for name in names:
            if not name or name.startswith(";"):
                continue
            text = self._content(name, above)
            if text is None:
                if place and "://" not in name:
                    self.missing.append((place, name))
                yield f'{indent}--8<-- "{name}"'
            else:
                yield from (f"{indent}{line}" if line else line for line in text.split("\n"))

    def _content(self, name: str, above: tuple[str, ...]) -> str | None:
        file, part = _path_and_part(self._library, self._path, name)
        if not file:
            self.files.append(IncludedFile(name))
            return None
        raw, included = _read(self._library, name, file)
        self.files.append(included)
        if raw is None or file in above or len(above) >= MAX_DEPTH:
            return None
        text = _part(raw, part)
        self._characters += len(text or "")
        if text is None or self._characters > MAX_INCLUDED:
            return None
        return self.expand(text, (*above, file))


def _is_block_sign(line: str) -> bool:
    """Whether a line begins or ends a list of files."""
    sign = _SIGN.match(line.rstrip("\r")) if "8<" in line else None
    return sign is not None and not sign["escape"] and sign["name"] is None


def _unescaped(line: str, sign: re.Match[str] | None, fence: str) -> str:
    return line.replace(";", "", 1) if sign is not None and fence else line


def _read(library: Library, name: str, path: str) -> tuple[str | None, IncludedFile]:
    """Text of a file without front matter, and its fingerprint; None for a file that is no text."""
    try:
        full = os.path.realpath(library.root / path)
        raw, status = read_bytes(full, os.path.realpath(library.root)), os.stat(full)
        included = IncludedFile(name, path, digest(raw), status.st_size, status.st_mtime_ns)
        text = decode(raw).text.replace("\r\n", "\n")
    except OSError:
        return None, IncludedFile(name)
    except ArticleUnreadable:
        return None, included
    return (parse(text).body if path.lower().endswith((".md", ".markdown", ".mdx")) else text).strip("\n"), included


def _path_and_part(library: Library, path: str, name: str) -> tuple[str, str]:
    """Path of the file that a name means, and the part or lines of it; an empty path if there is none."""
    if found := _find(library, path, name):
        return found, ""
    parted = _PART.match(name) if len(name) <= _MAX_NAME else None
    return (_find(library, path, parted["path"].rstrip(":")), parted["part"]) if parted else ("", "")


def _find(library: Library, path: str, name: str) -> str:
    """Path of a file by its name in an article; empty if there is none that may be shown."""
    if "://" in name:
        return ""
    folder = posixpath.dirname(path)
    while True:
        for below in _FOLDERS:
            wanted = posixpath.normpath(posixpath.join(folder, below, name.lstrip("/")))
            hidden = any(part.startswith(".") for part in wanted.split("/")) or wanted == "library.toml"
            if not hidden and library.find_file(wanted) is not None:
                return wanted
        if not folder:
            return ""
        folder = posixpath.dirname(folder)


def _part(text: str, part: str) -> str | None:
    """Named part of a text, or some lines of it; without signs of parts. None if there is no such part."""
    lines = text.split("\n")
    if part and not part[0].isalpha() and part[0] != "_":
        chosen = [line for span in part.split(",") for line in _span(lines, span)]
        return "\n".join(chosen)
    within, found, kept = not part, not part, []
    for line in lines:
        sign = _PART_SIGN.search(line)
        if sign is not None:
            if sign["name"] == part:
                within = sign["end"] == "start"
                found = True
            continue
        if within:
            kept.append(line)
    return "\n".join(kept) if found else None


def _span(lines: list[str], span: str) -> list[str]:
    """Lines from `first:last`, both counted from 1; one number is the first."""
    first, _, last = span.partition(":")
    return lines[max(0, int(first or 1) - 1) : int(last) if last else None]
