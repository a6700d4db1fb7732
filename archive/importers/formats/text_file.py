"""Plain text: a title on top, perhaps a byline and a date below it, paragraphs, perhaps a line about the author."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backfile.archive.errors import ArticleUnreadable
from backfile.archive.frontmatter.front_matter import Form, parse
from backfile.archive.importers.common.bylines import closing_line_authors, parse_dateline
from backfile.archive.importers.common.masthead import LONGEST_LINE, date_in_words, parse_masthead_line
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.metadata.mapping import read_metadata
from backfile.archive.metadata.path_dates import date_in_path
from backfile.archive.model import PartialDate
from backfile.archive.report import Problem
from backfile.archive.storage.decoding import decode, detect_encoding
from backfile.archive.storage.durable_files import read_bytes
from backfile.archive.storage.file_titles import title_from_path

KIND = "text"
TITLE = "Plain text: a file or a folder of them, the title in the first line"

_ENDINGS = (".txt", ".text", ".asc")
_LONGEST_TITLE = 200
_LINES_ON_TOP = 6
_UNDERLINE = re.compile(r"\s*([=~*_-])\1{2,}\s*\Z")
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_ENDS_SENTENCE = re.compile(r"[.!?…][\"'”’)]*\Z")


def detect(probe: Probe) -> int:
    """A little sure of any text, for each other kind has a signature; by the share of such names in a folder."""
    if probe.is_folder:
        texts = sum(name.lower().endswith(_ENDINGS) for name in probe.names)
        visible = sum(not name.rpartition("/")[2].startswith(".") for name in probe.names)
        return round(70 * texts / visible) if texts else 0
    named = probe.path.suffix.lower() in _ENDINGS
    try:
        decode(probe.head[:4096].rpartition(b"\n")[0] or probe.head[:4096])
    except ArticleUnreadable:
        return 0
    return 30 if named else 10 if not probe.path.suffix and probe.head.strip() else 0


def count(path: Path, context: ImportContext) -> int | None:
    """How many files of text there are."""
    return sum(1 for _ in _files(path))


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """An article a file, in the order of their paths."""
    root = path if path.is_dir() else path.parent
    real = str(root.resolve())
    for file in _files(path):
        name = file.relative_to(root).as_posix()
        try:
            raw = read_bytes(f"{real}/{name}", real)
            text = raw.decode(detect_encoding(raw), errors="replace")
        except ArticleUnreadable as error:
            yield Problem(name, None, str(error), error.hint)
        except OSError as error:
            yield Problem(name, None, f"cannot be read: {error.strerror}", "look at its permissions")
        else:
            yield article_in(text, name, context) if text.strip() else Skipped(name, "empty")


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.name.lower().endswith(_ENDINGS) and not hidden and not file.is_dir():
            yield file


@dataclass(slots=True)
class _Top:
    """What stands above the text; `rest` is where the text begins."""

    title: str = ""
    authors: tuple[str, ...] = ()
    date: PartialDate | None = None
    summary: list[str] = field(default_factory=list)
    rest: int = 0


def article_in(text: str, name: str, context: ImportContext) -> Item:
    """The article in a text; `name` is the path of its file, which may tell its date and, if need be, its title."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n").lstrip("\ufeff")
    front = parse(text)
    if front.form is not Form.NONE and front.data:
        return _with_headers(front.data, front.body, name, context)
    lines = text.split("\n")
    top = _top(lines, context)
    body = "\n".join(lines[top.rest :])
    dated_line = parse_dateline(body)
    written = (
        date_in_words(dated_line.date, date_in_path(name), day_first=context.day_first)
        if dated_line and dated_line.date
        else None
    )
    extra = {"place": dated_line.place} if dated_line else {}
    last = _BLANK_LINES.split(body.strip())[-1]
    return Item(
        origin=name,
        title=top.title or title_from_path(name.rpartition(".")[0] or name),
        body=plain_to_markdown(body),
        authors=top.authors or closing_line_authors(last),
        date=top.date or written or date_in_path(name),
        summary=" ".join(top.summary) or None,
        extra=extra,
    )


def _with_headers(data: Mapping[str, object], body: str, name: str, context: ImportContext) -> Item:
    """A text under lines such as `Title: …` and `Author: …`."""
    known = read_metadata(data, body, name, day_first=context.day_first)
    return Item(
        origin=name,
        title=known.title,
        body=plain_to_markdown(body),
        authors=known.authors,
        topics=known.topics,
        date=known.date,
        updated=known.updated,
        summary=known.summary,
        source=known.source,
        language=known.language,
        extra=known.extra,
    )


def _top(lines: list[str], context: ImportContext) -> _Top:
    """Reads title, byline, date and a line between them off the top, as long as each line is one of these.

    A first line that is as long as a paragraph is text; the title is then the file's name.
    """
    top = _Top()
    number = _next(lines, 0)
    first = lines[number].strip()
    if len(first) > _LONGEST_TITLE or _is_wrapped(lines, number):
        return top
    top.title = first.lstrip("# ").strip() or first
    top.rest = number + 1
    if top.rest < len(lines) and _UNDERLINE.match(lines[top.rest]):
        top.rest += 1
    _read_lines_below(lines, top, context)
    return top


def _is_wrapped(lines: list[str], number: int) -> bool:
    """Whether a line is the first of a paragraph set to a width, not one that stands for itself."""
    below = lines[number + 1].strip() if number + 1 < len(lines) else ""
    return len(lines[number].strip()) > 60 and below[:1].islower()


def _read_lines_below(lines: list[str], top: _Top, context: ImportContext) -> None:
    """A line that is neither byline nor date is a summary, if one of these follows; else the text begins there."""
    summary: list[str] = []
    number = top.rest
    for _ in range(_LINES_ON_TOP):
        number = _next(lines, number)
        line = lines[number].strip() if number < len(lines) else ""
        if not line or len(line) > LONGEST_LINE:
            return
        if not _take_line(line, top, context):
            summary.append(line)
            if len(summary) > 2 or top.authors or top.date:
                return
        else:
            top.summary, summary = [*top.summary, *summary], []
            top.rest = number + 1
        number += 1


def _take_line(line: str, top: _Top, context: ImportContext) -> bool:
    """Whether a line is a byline, a date, or both, which is then noted."""
    found = parse_masthead_line(line, day_first=context.day_first)
    if found is None or (found.authors and top.authors) or (found.date and top.date):
        return False
    top.authors, top.date = top.authors or found.authors, top.date or found.date
    return True


def _next(lines: list[str], number: int) -> int:
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number
