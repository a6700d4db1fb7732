"""Cache folder in the library: the index, and the state of the last synchronization that the index cannot hold.

.backfile/
    .gitignore          makes git ignore the folder
    index/              the engine's files
    problems.json       problems, files that are no articles and articles held back, as of their last reading
    links.sqlite        links and addresses of the articles, with a checksum beside it
    failure.json        reason why the index could not be brought up to date, and since when; absent otherwise
    copies.sqlite       signatures of the articles, by which copies of one story are found
    index.broken-…      the last index that could not be used, kept for inspection
"""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import stat
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from datetime import datetime
from pathlib import Path

from backfile.archive.availability.states import State
from backfile.archive.errors import ArchiveError, ArticleUnreadable
from backfile.archive.report import Problem
from backfile.archive.storage.durable_files import is_temporary, read_bytes, write_bytes
from backfile.archive.storage.library import Library
from backfile.archive.storage.readable_body import IncludedFile, is_current
from backfile.index.errors import CacheFolderRefused

log = logging.getLogger("backfile.index")

VERSION = 3
FOLDER = ".backfile"
_TAG = "CACHEDIR.TAG"
_TAG_TEXT = """\
Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of Backfile and can be deleted at any time. See https://bford.info/cachedir/
"""
_IGNORE = ".gitignore"
_IGNORE_TEXT = "*\n"
_OWNER = b"cache of Backfile"
_PROBLEMS = "problems.json"
_FAILURE = "failure.json"
_BROKEN = "index.broken-"
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class HeldArticle:
    """Article that is kept out of the index: its id, its state, and size, mtime in ns and digest of its file.

    `until` is the moment (ISO 8601, UTC) at which its state changes; empty if it stays.
    """

    id: str
    state: State
    until: str
    size: int
    mtime_ns: int
    digest: str


@dataclass(frozen=True, slots=True)
class SyncState:
    """State of the last synchronization.

    `stamp` names the rules under which it read. `skipped` maps the paths of files that gave no article (drafts,
    section pages, unreadable files) to size and mtime in ns, so that they are not read again each time. `included` maps
    the paths of articles to the files that they put in. `held` maps the paths of articles that are kept out of the
    index, `expires` those of indexed ones to the moment (ISO 8601, UTC) at which they are to be taken out.
    """

    stamp: str = ""
    problems: tuple[Problem, ...] = ()
    skipped: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    included: Mapping[str, tuple[IncludedFile, ...]] = field(default_factory=dict)
    held: Mapping[str, HeldArticle] = field(default_factory=dict)
    expires: Mapping[str, str] = field(default_factory=dict)

    def next_change(self) -> datetime | None:
        """Moment at which the next article comes into the index or leaves it; None if none will."""
        times = [each.until for each in self.held.values() if each.until] + list(self.expires.values())
        return min(map(datetime.fromisoformat, times), default=None)

    def public_problems(self) -> tuple[Problem, ...]:
        """Problems of files that are not held back, for readers."""
        return tuple(problem for problem in self.problems if problem.path not in self.held)

    def count_held(self) -> dict[State, int]:
        """Numbers of articles that are held back, by state in the order of `State`."""
        counts = Counter(each.state for each in self.held.values())
        return {state: counts[state] for state in State if counts[state]}


def outdated(library: Library, state: SyncState) -> frozenset[str]:
    """Paths of the articles of which a file put in is another by now."""
    return frozenset(
        path for path, files in state.included.items() if not all(is_current(library, path, each) for each in files)
    )


def read_problems(folder: Path) -> tuple[Problem, ...]:
    """Problems of the last synchronization into the cache folder `folder`, by path and line: for the owner alone."""
    return load_state(folder).problems


def load_state(folder: Path) -> SyncState:
    """State in a cache folder; an empty one, under which everything is read again, when it is unusable."""
    try:
        content = json.loads(read_bytes(str(folder / _PROBLEMS), str(folder)))
        if content["version"] != VERSION:
            return SyncState()
        return SyncState(
            stamp=content["stamp"],
            problems=tuple(Problem(**problem) for problem in content["problems"]),
            skipped={path: (size, mtime_ns) for path, (size, mtime_ns) in content["skipped"].items()},
            included={
                path: tuple(IncludedFile(*each) for each in files) for path, files in content["included"].items()
            },
            held={path: HeldArticle(each[0], State(each[1]), *each[2:]) for path, each in content["held"].items()},
            expires={path: datetime.fromisoformat(at).isoformat() for path, at in content["expires"].items()},
        )
    except FileNotFoundError:
        return SyncState()
    except (
        ArchiveError,
        OSError,
        RecursionError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ) as error:  # whatever a damaged file may hold
        log.warning("%s is damaged (%s); every article is read again", folder / _PROBLEMS, error)
        return SyncState()


def save_state(folder: Path, state: SyncState) -> None:
    """Replaces the state atomically: readers see the old or the new one."""
    content = {
        "version": VERSION,
        "stamp": state.stamp,
        "problems": [
            {"path": each.path, "line": each.line, "reason": each.reason, "hint": each.hint} for each in state.problems
        ],
        "skipped": dict(sorted(state.skipped.items())),
        "included": dict(sorted(state.included.items())),
        "held": {path: astuple(each) for path, each in sorted(state.held.items())},
        "expires": dict(sorted(state.expires.items())),
    }
    _write(folder / _PROBLEMS, json.dumps(content, ensure_ascii=False, indent=1))


def prepare_cache_folder(folder: Path) -> None:
    """Makes the cache folder, tags it as a cache (CACHEDIR.TAG) and makes git ignore it.

    Raises `CacheFolderRefused` unless the folder is new, empty or holds our own tag, and when it cannot be written to:
    files of others are never moved or deleted. The tag of another program's cache is none of ours.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tag = _content(folder / _TAG)
        if _OWNER in tag:
            return
        foreign = bool(tag) or (folder.name != FOLDER and not all(map(_is_preparation, folder.iterdir())))
        if not foreign:
            _write(folder / _IGNORE, _IGNORE_TEXT)
            _write(folder / _TAG, _TAG_TEXT)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and (folder / _TAG).exists():
            return  # another process prepared the folder and removed our temporary file
        raise CacheFolderRefused(
            f"the index cannot be kept in {folder}: {error.strerror}", hint="name another place with --index DIR"
        ) from error
    if foreign:
        raise CacheFolderRefused(
            f"{folder} holds other things than an index of Backfile", hint="name a folder that is new or empty"
        )


def _is_preparation(path: Path) -> bool:
    """Whether a killed program may have left the file while it prepared a cache folder."""
    return is_temporary(path.name) or (path.name == _IGNORE and _content(path) == _IGNORE_TEXT.encode())


def _content(path: Path) -> bytes:
    """Content of a file of a cache folder; empty if there is none, or no regular file."""
    try:
        return read_bytes(str(path), str(path.parent.resolve()))
    except (FileNotFoundError, ArticleUnreadable):
        return b""
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return b""


def _make_way(path: Path) -> None:
    """Renames what lies in the place of a file of ours and is none (a folder, a pipe, a link), and logs that."""
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        aside = path.with_name(f"{path.name}.broken-{time.strftime(_TIME, time.gmtime())}")
        path.rename(aside)
        log.warning("%s is no regular file: it is kept as %s", path, aside)


def is_no_folder(path: Path) -> bool:
    """Whether something else than a folder, or a link that may lead to one, lies at a path."""
    return os.path.lexists(path) and not path.is_symlink() and not path.is_dir()


def set_aside(folder: Path) -> Path:
    """Renames an unusable index and returns its new path; removes those set aside before."""
    broken = folder / (_BROKEN + time.strftime(_TIME, time.gmtime()))
    for old in folder.glob(f"{_BROKEN}*"):
        if old.is_dir() and not old.is_symlink():
            shutil.rmtree(old)
        else:
            old.unlink()
    if os.path.lexists(folder / "index"):
        (folder / "index").rename(broken)
    return broken


@dataclass(frozen=True, slots=True)
class UpdateFailure:
    """Reason why the index is not brought up to date, what to do, and since when (RFC 3339, UTC)."""

    since: str
    reason: str
    hint: str = ""


def record_failure(folder: Path, reason: str, hint: str = "") -> None:
    """Keeps the reason why a synchronization failed, and the time of the first of several failures in a row.

    Does nothing in a folder that is no cache folder of ours or cannot be written to.
    """
    earlier = read_failure(folder)
    since = earlier.since if earlier else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with suppress(OSError):
        if _OWNER in _content(folder / _TAG):
            content = {"since": since, "reason": reason, "hint": hint}
            _write(folder / _FAILURE, json.dumps(content, ensure_ascii=False))


def read_failure(folder: Path) -> UpdateFailure | None:
    """Failure of the last synchronization; None if it succeeded."""
    try:
        content = json.loads(read_bytes(str(folder / _FAILURE), str(folder)))
        return UpdateFailure(str(content["since"]), str(content["reason"]), str(content["hint"]))
    except FileNotFoundError:
        return None
    except (ArchiveError, OSError, RecursionError, ValueError, TypeError, KeyError) as error:
        log.warning("%s is damaged (%s)", folder / _FAILURE, error)
        return None


def clear_failure(folder: Path) -> None:
    """Forgets the failure after a synchronization that succeeded."""
    _make_way(folder / _FAILURE)
    (folder / _FAILURE).unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    _make_way(path)
    write_bytes(str(path), text.encode())
