"""Settings of a library in `library.toml`. Every key is optional; all wrong ones are reported at once."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, tzinfo
from fnmatch import translate
from pathlib import Path

from backfile.archive.availability.moments import find_zone
from backfile.archive.errors import ArticleUnreadable, LibrarySettingsInvalid
from backfile.archive.storage.durable_files import read_bytes

FILE_NAME = "library.toml"


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """Settings that `library.toml` may hold.

    `authors` and `topics` map the names in the files to those to be shown. `exclude` are patterns of paths below the
    library (`drafts`, `*/archive/*.md`). `language` is that of articles that do not state theirs. `day_first`
    decides `3/4/2019`; without it only the year counts. `timezone` (`Europe/Berlin`, by default UTC) is that of dates
    and of times without a zone; `record_moves` keeps the moves and deletions of articles in `moved.tsv`. With
    `hide_expired` the date at which a site generator takes an article off its site counts. With `find_copies` articles
    that were printed more than once are found; copies lie at most `copies_days` days apart.
    """

    title: str | None = None
    description: str | None = None
    language: str | None = None
    authors: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    public: bool = False
    remote_images: bool = False
    day_first: bool | None = None
    timezone: str = "UTC"
    record_moves: bool = False
    hide_expired: bool = False
    find_copies: bool = True
    copies_days: int = 31

    @property
    def zone(self) -> tzinfo:
        """Time zone of the library."""
        return find_zone(self.timezone) or UTC


_TEXT = frozenset({"title", "description", "language", "timezone"})
_TRUTH = frozenset({"public", "remote_images", "day_first", "record_moves", "hide_expired", "find_copies"})
_MOST_DAYS = 36_525
_NAMES = frozenset({"authors", "topics"})
_KEYS = frozenset(each.name for each in fields(LibrarySettings))


def file_state(path: Path) -> tuple[int, int, int] | None:
    """State by which a changed file is noticed: mtime in ns, size and inode; None if there is none to be read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_settings(root: Path) -> LibrarySettings:
    """Settings of the library at `root`, defaults if it has no `library.toml`.

    Raises `LibrarySettingsInvalid`, which names the file, the line and every wrong key.
    """
    path = root / FILE_NAME
    try:
        text = read_bytes(os.path.realpath(path), "/").decode("utf-8-sig")
        data = tomllib.loads(text)
    except FileNotFoundError:
        return LibrarySettings()
    except (ArticleUnreadable, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise LibrarySettingsInvalid(f"{path}: cannot be read: {error}", hint="mend or remove the file") from error
    wrong = [f"line {_line_of(text, key)}: {reason}" for key, reason in _wrong(data)]
    if wrong:
        raise LibrarySettingsInvalid(f"{path}: {'; '.join(wrong)}", hint=f"the keys are {', '.join(sorted(_KEYS))}")
    return replace(LibrarySettings(), **data | {"exclude": tuple(data.get("exclude", ()))})


def _wrong(data: Mapping[str, object]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in data.items():
        if key not in _KEYS:
            found.append((key, f"{key} is not a setting"))
        elif key in _TEXT and not isinstance(value, str):
            found.append((key, f"{key} must be text"))
        elif key == "timezone" and find_zone(str(value)) is None:
            found.append((key, f"{value!r} is not a time zone such as Europe/Berlin"))
        elif key in _TRUTH and not isinstance(value, bool):
            found.append((key, f"{key} must be true or false"))
        elif key == "copies_days" and not (type(value) is int and 0 <= value <= _MOST_DAYS):
            found.append((key, f"copies_days must be a whole number of days from 0 to {_MOST_DAYS:,}"))
        elif key in _NAMES and not _is_names(value):
            found.append((key, f"{key} must be a table of names"))
        elif key == "exclude" and not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            found.append((key, "exclude must be a list of patterns"))
    return found


def _is_names(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(name, str) and name.strip() for name in value.values())


def _line_of(text: str, key: str) -> int:
    found = re.search(rf"^[ \t]*\[?[ \t]*\"?{re.escape(key)}\b", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def exclusion(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    """Regular expression of the paths (`/` between folders) that the patterns exclude; None if there are none.

    A pattern stands for a file, or for a folder and all that is in it; one without `/` for such a name anywhere.
    """
    if not patterns:
        return None
    parts = []
    for pattern in patterns:
        bare = pattern.strip("/")
        core = translate(bare).removeprefix("(?s:").removesuffix(r")\Z").removesuffix(r")\z")
        anywhere = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
        parts.append(f"{anywhere}(?:{core})(?:/.*)?")
    return re.compile(rf"(?s:{'|'.join(parts)})\Z")
