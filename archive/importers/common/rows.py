"""Rows of tables in files of any size: JSON Lines, JSON lists, CSV with any delimiter."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from backfile.archive.errors import ArticleUnreadable
from backfile.archive.report import Problem
from backfile.archive.storage.decoding import decode, detect_encoding

MAX_ROW = 32 * 1024 * 1024
"""Limit of one row in characters."""

_SEPARATORS = "\t;|,"  # the first of equals wins: it is the rarest within cells
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_SAMPLE = 64 * 1024
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Row:
    """A row: column → value, and its first line (from 1).

    `loose` rows (objects) may have different columns. A nested value has a path of names: `fields.headline`.
    """

    line: int
    values: Mapping[str, object]
    loose: bool

    def get(self, column: str) -> object:
        """Value of a column or a path of names; None if missing."""
        value: object = self.values
        if column in self.values:
            return self.values[column]
        for name in column.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        return value


def begins_with(head: bytes, signs: bytes | tuple[bytes, ...]) -> bool:
    """Whether a file begins with one of some signs, after a byte order mark and white space."""
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(signs)


def is_json(head: bytes) -> bool:
    """Whether a file begins as JSON Lines or as a JSON list of objects."""
    return re.match(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*\"", head) is not None


def sample_row(head: bytes) -> Mapping[str, object]:
    """First object in the beginning of a file, or the columns of a table; empty if it is neither."""
    try:
        text = decode(head).text.lstrip("\ufeff")
    except ArticleUnreadable:
        return {}
    if is_json(head):
        start = len(text) - len(text.lstrip().removeprefix("[").lstrip())
        try:
            value, _ = json.JSONDecoder().raw_decode(text, start)
        except (ValueError, RecursionError):
            return {}
        after_first = text[start:].partition("\n")[0].rstrip().rstrip(",")
        is_line = text.lstrip().startswith("[") or after_first.endswith("}")
        return value if isinstance(value, dict) and is_line else {}
    separator = detect_delimiter(text)
    if separator is None:
        return {}
    parsed = csv.reader(io.StringIO(_SEPARATOR_LINE.sub("", text, count=1)), delimiter=separator)
    header = next(parsed, [])
    plausible = len(set(header)) == len(header) and all(map(_is_name, header))
    return dict.fromkeys(header) if plausible else {}


def _is_name(cell: str) -> bool:
    """Whether a cell may be the name of a column: short, and no sentence."""
    return len(cell) <= 40 and not cell.endswith((".", "!", "?")) and "\n" not in cell


def detect_delimiter(text: str) -> str | None:
    """Delimiter of the cells in the beginning of a file, by rows of equal length.

    None for a text without one.
    """
    declared = _SEPARATOR_LINE.match(text)
    if declared is not None:
        return declared[1]
    best, best_score = None, 0.0
    for separator in _SEPARATORS:
        lengths = _lengths(text, separator)
        if lengths and lengths[0] > 1:
            regular = sum(length == lengths[0] for length in lengths) / len(lengths)
            score = regular + min(lengths[0], 50) / 1_000
            if regular >= 0.6 and score > best_score:
                best, best_score = separator, score
    return best


def _lengths(text: str, separator: str) -> list[int]:
    complete = text if len(text) < _SAMPLE // 2 else text.rpartition("\n")[0]
    reader = csv.reader(io.StringIO(complete), delimiter=separator)
    try:
        lengths = [len(cells) for _, cells in zip(range(50), reader, strict=False) if cells]
    except csv.Error:
        return []
    return lengths[:-1] if len(lengths) > 2 and len(text) >= _SAMPLE // 2 else lengths


def read_rows(path: Path) -> Iterator[Row | Problem]:
    """Rows of a table in order; a malformed row is a `Problem` with its line. Raises `OSError`."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    encoding = _encoding(head)
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        if not is_json(head):
            yield from _csv(text)
        elif begins_with(head, b"["):
            yield from _json_list(text)
        else:
            yield from _json_lines(text)


def _encoding(head: bytes) -> str:
    """Encoding of the beginning of a file."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        found = detect_encoding(head.rpartition(b"\n")[0] or head)
    except ArticleUnreadable:
        return "utf-8-sig"
    return "utf-8-sig" if found == "utf-8" else found


def _json_lines(file: io.TextIOWrapper) -> Iterator[Row | Problem]:
    number = 0
    while line := file.readline(MAX_ROW + 1):
        number += 1
        if len(line) > MAX_ROW:
            while line and not line.endswith("\n"):
                line = file.readline(MAX_ROW)
            yield Problem("", number, f"the line is longer than {MAX_ROW >> 20} MB", "split it")
        elif line.strip("\x1e \t\r\n"):
            yield _row(line.strip("\x1e \t\r\n"), number)


def _row(text: str, number: int) -> Row | Problem:
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return Problem("", number, f"not JSON: {error.msg} (column {error.colno})", "mend or remove the line")
    except (ValueError, RecursionError) as error:
        return Problem("", number, f"not JSON that can be read: {error}", "mend or remove the line")
    return _object(value, number)


def _object(value: object, number: int) -> Row | Problem:
    if not isinstance(value, dict):
        return Problem("", number, "not an object of names and values", 'write it as {"title": …}')
    return Row(number, value, loose=True)


def _json_list(file: io.TextIOWrapper) -> Iterator[Row | Problem]:
    """Objects of a JSON list, each yielded as soon as it is complete."""
    decoder = json.JSONDecoder()
    buffer, number = file.read(_CHUNK).lstrip("\ufeff \t\r\n")[1:], 0
    while True:
        buffer = buffer.lstrip(", \t\r\n")
        if buffer.startswith("]"):
            return
        number += 1
        while True:
            try:
                value, end = decoder.raw_decode(buffer)
                break
            except (ValueError, RecursionError) as error:
                more = file.read(max(_CHUNK, len(buffer)))
                if not more or len(buffer) > MAX_ROW:
                    yield Problem("", None, f"object {number} of the list is not JSON: {error}", "mend or remove it")
                    return
                buffer += more
        yield _object(value, number)
        buffer = buffer[end:]


def _csv(file: io.TextIOWrapper) -> Iterator[Row | Problem]:
    csv.field_size_limit(MAX_ROW)
    head = file.read(_SAMPLE)
    separator = detect_delimiter(head) or ","
    file.seek(0)
    skipped = 1 if _SEPARATOR_LINE.match(head) else 0
    for _ in range(skipped):
        file.readline()
    reader = csv.reader(file, delimiter=separator)
    names = [name.strip() or f"column_{n}" for n, name in enumerate(next(reader, []), start=1)]
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Problem("", line, f"not CSV: {error}", "check the quotes on this line and the one before")
            continue
        if any(cell.strip() for cell in cells):
            further = {f"column_{n}": cell for n, cell in enumerate(cells[len(names) :], start=len(names) + 1)}
            yield Row(line, dict(zip(names, cells, strict=False)) | further, loose=False)
