"""`moved.tsv` at the root of a library: moves and deletions of its articles, a line each, in the order of time.

Columns are parted by tabs: time (RFC 3339, UTC), former id, present id (empty for a deletion), title and date of a
deleted article. Tabs, line ends and backslashes in values are written `\\t`, `\\n`, `\\r` and `\\\\`. Lines that
begin with `#` are comments. A person may add lines, and remove what is to be forgotten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from backfile.archive.addresses.moves import Move
from backfile.archive.availability.moments import parse_moment
from backfile.archive.errors import ArticleUnreadable
from backfile.archive.model import PartialDate
from backfile.archive.report import Problem
from backfile.archive.storage.durable_files import digest, read_bytes, write_bytes

FILE_NAME = "moved.tsv"

_HEAD = "# time\tformer id\tpresent id, empty if deleted\ttitle of a deleted article\tits date\n"
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
_UNESCAPED = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPED = re.compile(r"\\[\\tnr]")
_HINT = "write time, former id and present id, parted by tabs"


def read_moves(root: Path) -> tuple[list[Move], list[Problem]]:
    """Moves in the file of a library by time, and a problem for each line that is none; nothing if there is no file."""
    try:
        text = read_bytes(f"{root}/{FILE_NAME}", os.path.realpath(root)).decode("utf-8-sig")
    except FileNotFoundError:
        return [], []
    except (ArticleUnreadable, OSError, UnicodeDecodeError) as error:
        return [], [Problem(FILE_NAME, None, f"cannot be read: {error}", "mend or remove it")]
    moves: list[Move] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.startswith("#"):
            move = _parse(line.rstrip("\r"))
            if isinstance(move, Move):
                moves.append(move)
            else:
                problems.append(Problem(FILE_NAME, number, move, _HINT))
    return sorted(moves, key=lambda each: each.at), problems


def add_moves(root: Path, moves: Iterable[Move]) -> Problem | None:
    """Adds moves at the end of the file of a library, durably; the file stays whole whatever happens.

    Returns the problem if it cannot be written.
    """
    full = f"{os.path.realpath(root)}/{FILE_NAME}"
    try:
        known = read_bytes(full, os.path.realpath(root)) if os.path.lexists(full) else None
        kept = _HEAD.encode() if known is None else known if known.endswith(b"\n") or not known else known + b"\n"
        added = "".join(map(_line, moves)).encode()
        if write_bytes(full, kept + added, None if known is None else digest(known)):
            return None
        reason = "somebody else saved it meanwhile"
    except (ArticleUnreadable, OSError) as error:
        reason = str(getattr(error, "strerror", None) or error)
    return Problem(FILE_NAME, None, f"moves of articles could not be kept: {reason}", "their former addresses are lost")


def _line(move: Move) -> str:
    seconds, thousandths = divmod(move.at, 1000)
    time = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{thousandths:03d}Z"
    return "\t".join([time, *map(_escape, move[1:])]).rstrip("\t") + "\n"


def _parse(line: str) -> Move | str:
    """Move on a line, or the reason why there is none."""
    time, *values = line.split("\t")
    moment = parse_moment(time.strip(), UTC)
    if moment is None or moment.note:
        return f"not a time: {time[:40]!r}"
    old, new, title, date = [*map(_unescape, values), "", "", "", ""][:4]
    if not old.strip() or old == new:
        return "no article moves from one id to another here"
    if date and not _is_date(date):
        return f"not a date of the form 2019-03-14: {date[:40]!r}"
    thousandths = re.search(r"\.(\d{3})", time)
    return Move(int(moment.at.timestamp()) * 1000 + (int(thousandths[1]) if thousandths else 0), old, new, title, date)


def _is_date(text: str) -> bool:
    try:
        PartialDate.parse(text)
    except ValueError:
        return False
    return True


def _escape(value: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES[found[0]], value)


def _unescape(value: str) -> str:
    return _ESCAPED.sub(lambda found: _UNESCAPED[found[0]], value.strip(" "))
