"""Lines of text files of any size, in an encoding that fits all of the file."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from backfile.archive.errors import ArchiveError, ArticleUnreadable
from backfile.archive.storage.decoding import detect_encoding

MAX_LINE = 4 * 1024 * 1024
"""Limit of one line in characters."""

_CHUNK = 1 << 20
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yields number and text of each line, without its end. Raises `OSError`, and `ArchiveError` for what is no text.

    The end of a line may be that of any system; form feeds are blank lines.
    """
    with path.open(encoding=file_encoding(path), errors="replace", newline=None) as file:
        number = 0
        while line := file.readline(MAX_LINE):
            number += 1
            if len(line) == MAX_LINE:
                raise ArchiveError(f"line {number} is longer than {MAX_LINE >> 20} MB", hint="split it")
            yield number, line.rstrip("\n").replace("\x0c", "").replace("\x00", "")


def file_encoding(path: Path) -> str:
    """Encoding of a text file: UTF-8 or UTF-16 if all of it fits, else the one that its other bytes suggest.

    The file is read through in flat memory. Raises `OSError`, and `ArchiveError` if it is no text.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        chunk = file.read(_CHUNK)
        if chunk.startswith(_MARKS):
            return "utf-16"
        while chunk:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return _legacy_encoding(chunk[max(0, error.start - _CHUNK // 2) :])
            chunk = file.read(_CHUNK)
    return "utf-8-sig"


def _legacy_encoding(sample: bytes) -> str:
    try:
        found = detect_encoding(sample)
    except ArticleUnreadable as error:
        raise ArchiveError("is no text", hint="name its kind with --as if you know it") from error
    return "cp1252" if found == "utf-8" else found
