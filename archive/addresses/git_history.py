"""Moves and deletions of articles by the history of a library that is a git work tree.

`git log` follows the first parents and compares each commit with that; `-M` finds renames, of changed files too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from backfile.archive.addresses.moves import Move, differences
from backfile.archive.errors import GitUnusable
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.walker import has_article_name

SECONDS = 300.0
"""Time for the whole history of a large repository; later synchronizations read what was added."""

QUICK_SECONDS = 10.0
"""Time for a look at the newest commit. It is the first call: a repository that keeps git waiting fails there."""

_SURE = 95  # per cent of a file from which on it is the same article; short ones are half front matter
# Nothing that a repository configures is run, and nothing is fetched.
_SAFE = (
    *("-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "-c", "core.quotePath=false"),
    *("-c", "diff.renames=true", "-c", "diff.orderFile=/dev/null", "-c", "log.follow=false"),
)
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # for versions before 2.45, which do not know GIT_NO_LAZY_FETCH
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_SUFFIXES = ("*.md", "*.markdown", "*.mdx")


class CommittedFile(NamedTuple):
    """File of an article in a commit, by its path from the root of the work tree."""

    commit: str
    path: str


@dataclass(frozen=True, slots=True)
class GitHistory:
    """Moves since a commit by time; `head` is the newest commit, `is_whole` if there is none before.

    `former` maps each deletion, and each move to a file that is only similar, to the file before it, `present` such a
    move to the file after it.
    """

    head: str
    moves: tuple[Move, ...] = ()
    former: Mapping[Move, CommittedFile] = field(default_factory=dict)
    present: Mapping[Move, CommittedFile] = field(default_factory=dict)
    is_whole: bool = True


def is_work_tree(root: Path) -> bool:
    """Whether a folder lies in a git work tree; runs no program."""
    real = Path(os.path.realpath(root))
    return any((folder / ".git").exists() for folder in (real, *real.parents))


def read_head(root: Path) -> str:
    """Newest commit of the work tree; empty if there is none yet. Raises `GitUnusable`."""
    command = ("rev-parse", "--verify", "--quiet", "HEAD")
    return _git(root, *command, accepted=(0, 1), seconds=QUICK_SECONDS).decode().strip()


def read_history(root: Path, since: str = "", last: int = 0) -> GitHistory:
    """Moves of articles in the folder `root` by the commits after `since`, or by all if that is no ancestor of HEAD.

    Moves after `since` come after the time `last`. Raises `GitUnusable` if git is missing, refuses or takes too long.
    """
    head = read_head(root)
    if not head:
        return GitHistory("")
    prefix = _git(root, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").rstrip("\n")
    is_known = bool(since) and _is_ancestor(root, since)
    log = _git(
        root,
        *("log", "--first-parent", "-m", "--reverse", "-M", "--raw", "--no-abbrev", "-z"),
        *("--no-ext-diff", "--no-textconv", "--no-color", "--format=%x00%H %ct", "--relative"),
        *([f"{since}..HEAD"] if is_known else ["HEAD"]),
        "--",
        *(f":(icase){suffix}" for suffix in _SUFFIXES),
    )
    moves: list[Move] = []
    former: dict[Move, CommittedFile] = {}
    present: dict[Move, CommittedFile] = {}
    at = last if is_known else 0
    for commit, seconds, changes in _commits(log.decode("utf-8", "surrogateescape")):
        at = max(at + 1, seconds * 1000)
        renamed, similar, gone = _moves(changes)
        moves += [Move(at, old, new) for old, new in renamed]
        for old, new in [*similar, *((path, "") for path in gone)]:
            move = Move(at, _id(old), _id(new))
            moves.append(move)
            former[move] = CommittedFile(f"{commit}^", prefix + old)
            present |= {move: CommittedFile(commit, prefix + new)} if new else {}
    return GitHistory(head, tuple(moves), former, present, not is_known)


def read_committed(root: Path, files: Sequence[CommittedFile]) -> Iterator[bytes | None]:
    """Yields the content of each file; None for one that git does not have (a shallow clone).

    Raises `GitUnusable`.
    """
    wanted = [file for file in files if "\n" not in file.path]
    request = "".join(f"{file.commit}:{file.path}\n" for file in wanted).encode("utf-8", "surrogateescape")
    answer = _git(root, "cat-file", "--batch", request=request) if wanted else b""
    at = 0
    for file in files:
        if "\n" in file.path:
            yield None
            continue
        end = answer.index(b"\n", at)
        words = answer[at:end].split()
        at = end + 1
        if len(words) != 3 or words[1] != b"blob":
            yield None
            continue
        size = int(words[2])
        yield answer[at : at + size]
        at += size + 1


class _Change(NamedTuple):
    """Change of a commit: blobs and paths before and after it, empty where there is none; similarity in per cent."""

    old_blob: str
    new_blob: str
    old: str
    new: str
    similarity: int = 0


def _commits(log: str) -> Iterator[tuple[str, int, list[_Change]]]:
    """Yields commit, time (s) and changes of the output of `git log -z --raw`."""
    commit, seconds, changes = "", 0, list[_Change]()
    parts = iter(log.split("\0"))
    for part in parts:
        text = part.lstrip("\n")
        if text.startswith(":"):
            _, _, old_blob, new_blob, status = text.split(" ")
            path = next(parts)
            if status[0] == "R":
                changes.append(_Change(old_blob, new_blob, path, next(parts), int(status[1:])))
            else:
                changes.append(
                    _Change(old_blob, new_blob, "" if status == "A" else path, "" if status == "D" else path)
                )
        elif text:
            if commit:
                yield commit, seconds, changes
            commit, _, time = text.partition(" ")
            seconds, changes = int(time), []
    if commit:
        yield commit, seconds, changes


def _moves(changes: list[_Change]) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[str]]:
    """Ids of moved articles, paths of those moved to a file that is only similar, and paths of deleted ones."""
    before: dict[str, str] = {}
    after: dict[str, str | None] = {}
    paths: dict[str, str] = {}
    for change in changes:
        if _is_article(change.old):
            before[_id(change.old)] = change.old_blob
            paths[_id(change.old)] = change.old
            after.setdefault(_id(change.old), None)
        if _is_article(change.new):
            after[_id(change.new)] = change.new_blob
    moves, gone = differences(before, after)
    taken = {new for _, new in moves}
    similar = []
    for change in changes:
        old, new = _id(change.old), _id(change.new)
        if change.old and change.new and old != new and old in gone and new in after and new not in taken:
            gone.remove(old)
            if change.similarity >= _SURE:
                moves.append((old, new))
            else:
                similar.append((change.old, change.new))
    return moves, similar, [paths[each] for each in gone]


def _is_article(path: str) -> bool:
    parts = path.split("/")
    return bool(path) and has_article_name(parts[-1]) and not any(part.startswith(".") for part in parts)


def _id(path: str) -> str:
    return without_suffix(unicodedata.normalize("NFC", path))


def _is_ancestor(root: Path, commit: str) -> bool:
    command = ("merge-base", "--is-ancestor", commit, "HEAD")
    return _run(root, *command).returncode == 0


def _git(
    root: Path,
    *arguments: str,
    request: bytes = b"",
    accepted: tuple[int, ...] = (0,),
    seconds: float = SECONDS,
) -> bytes:
    done = _run(root, *arguments, request=request, seconds=seconds)
    if done.returncode not in accepted:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise GitUnusable(f"git gives no history: {reason[0] if reason else f'exit code {done.returncode}'}")
    return done.stdout


def _run(
    root: Path, *arguments: str, request: bytes = b"", seconds: float = SECONDS
) -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("git")
    if program is None:
        raise GitUnusable("git is not installed")
    try:
        return subprocess.run(  # noqa: S603 - a fixed program with arguments of ours
            [program, "-C", os.path.realpath(root), *_SAFE, *arguments],
            input=request,
            capture_output=True,
            timeout=seconds,
            check=False,
            env={name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _ENVIRONMENT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise GitUnusable(f"git gives no history: {error}") from error
