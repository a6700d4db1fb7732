"""Plain text: title on top, optional byline and date, paragraphs, optional note about the author at the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from backfile.archive.errors import ArticleUnreadable
from backfile.archive.frontmatter.front_matter import Form, FrontMatter, parse
from backfile.archive.importers.common.bylines import parse_dateline
from backfile.archive.importers.common.closing_notes import closing_authors
from backfile.archive.importers.common.masthead import LONGEST_LINE, Masthead, date_in_words
from backfile.archive.importers.common.xml_trees import declares_xml
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
    problem_from,
)
from backfile.archive.importers.markdown.plain_paragraphs import Paragraph, ParagraphKind, plain_paragraphs
from backfile.archive.importers.markdown.plain_to_markdown import paragraphs_to_markdown, plain_to_markdown
from backfile.archive.metadata.mapping import map_metadata
from backfile.archive.metadata.path_dates import date_in_path
from backfile.archive.model import ArticleMetadata
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


def detect(probe: Probe) -> int:
    """With low confidence, because every other format has a signature; in a folder by the share of file names."""
    if probe.is_folder:
        texts = sum(name.lower().endswith(_ENDINGS) for name in probe.names)
        visible = sum(not name.rpartition("/")[2].startswith(".") for name in probe.names)
        return round(70 * texts / visible) if texts else 0
    if declares_xml(probe.head):
        return 0
    named = probe.path.suffix.lower() in _ENDINGS
    try:
        decode(probe.head[:4096].rpartition(b"\n")[0] or probe.head[:4096])
    except ArticleUnreadable:
        return 0
    return 30 if named else 10 if not probe.path.suffix and probe.head.strip() else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of text files."""
    return sum(1 for _ in _files(path))


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """An article a file, in the order of paths."""
    root = path if path.is_dir() else path.parent
    real = str(root.resolve())
    for file in _files(path):
        name = file.relative_to(root).as_posix()
        try:
            context.begin()
            raw = read_bytes(f"{real}/{name}", real)
            text = raw.decode(detect_encoding(raw), errors="replace")
            yield article_in(text, name, context) if text.strip() else Skipped(name, "empty")
        except OSError as error:
            yield Problem(name, None, f"cannot be read: {error.strerror}", "look at its permissions")
        except ArticleUnreadable as error:  # its hint is for files of a library
            yield Problem(name, None, str(error), "open it in its program, and save it as text")
        except ITEM_FAILURES as error:
            yield problem_from(name, error)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for file in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.name.lower().endswith(_ENDINGS) and not hidden and not file.is_dir():
            yield file


def article_in(text: str, name: str, context: ImportContext) -> Item:
    """Article of a text; `name` is the path of its file, which may give the date and the title."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n").lstrip("\ufeff")
    front = parse(text)
    if front.form is not Form.NONE and front.data:
        return _with_headers(front, name, context)
    lines = text.split("\n")
    masthead, rest = _read_masthead(lines, context)
    body = "\n".join(lines[rest:])
    dated_line = parse_dateline(body)
    path_date = date_in_path(name)
    written = date_in_words(dated_line.date, path_date, day_first=context.day_first) if dated_line else None
    paragraphs = plain_paragraphs(body)
    title = masthead.title or title_from_path(name.rpartition(".")[0] or name)
    return Item(
        origin=name,
        metadata=ArticleMetadata(
            title=title,
            authors=masthead.authors or closing_authors(_last_lines(paragraphs), title),
            date=masthead.date or written or path_date,
            summary=masthead.summary or None,
        ),
        body=paragraphs_to_markdown(paragraphs),
        extra={"place": dated_line.place} if dated_line else {},
    )


def _last_lines(paragraphs: list[Paragraph]) -> list[str]:
    """Lines of the text for the search for notes: paragraphs, and the lines of verse and addresses."""
    return [line for each in paragraphs for line in ((each.text,) if each.kind is ParagraphKind.PROSE else each.lines)]


def _with_headers(front: FrontMatter, name: str, context: ImportContext) -> Item:
    """Article of a text with header lines such as `Title: …` and `Author: …`."""
    known = map_metadata(front.data, front.body, name, day_first=context.day_first)
    return Item(
        origin=name,
        metadata=known.metadata,
        body=plain_to_markdown(front.body),
        extra=known.extra,
        notes=(*map(str, front.problems), *(each.reason for each in known.problems)),
    )


def _read_masthead(lines: list[str], context: ImportContext) -> tuple[Masthead, int]:
    """Masthead on top of a text, and the number of the line where the text begins.

    A first line as long as a paragraph belongs to the text, which then has no title.
    """
    masthead = Masthead()
    number = _next_line(lines, 0)
    first = lines[number].strip()
    if len(first) > _LONGEST_TITLE or _is_wrapped(lines, number):
        return masthead, 0
    masthead.title = first.lstrip("# ").strip() or first
    rest = number + 1
    if rest < len(lines) and _UNDERLINE.match(lines[rest]):
        rest += 1
    return masthead, _read_lines_below(lines, rest, masthead, context)


def _is_wrapped(lines: list[str], number: int) -> bool:
    """Whether a line is the first of a wrapped paragraph."""
    below = lines[number + 1].strip() if number + 1 < len(lines) else ""
    return len(lines[number].strip()) > 60 and below[:1].islower()


def _read_lines_below(lines: list[str], rest: int, masthead: Masthead, context: ImportContext) -> int:
    """Adds bylines and dates below the title to the masthead; returns the number of the line after them.

    Other lines between the title and the last of these are the summary.
    """
    summary: list[str] = []
    number = rest
    for _ in range(_LINES_ON_TOP):
        number = _next_line(lines, number)
        line = lines[number].strip() if number < len(lines) else ""
        if not line or len(line) > LONGEST_LINE:
            break
        if masthead.add_line(line, day_first=context.day_first):
            masthead.summary = " ".join(filter(None, (masthead.summary, *summary)))
            summary, rest = [], number + 1
        else:
            summary.append(line)
            if len(summary) > 2 or masthead.authors or masthead.date:
                break
        number += 1
    return rest


def _next_line(lines: list[str], number: int) -> int:
    """Number of the first line from `number` on that is not blank."""
    while number < len(lines) and not lines[number].strip():
        number += 1
    return number
