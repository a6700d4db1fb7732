"""Update of the moves and deletions of articles: recorded in the library, or taken from git, and put into the index.

docs/decisions/addresses.md gives the reasons.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from heapq import merge
from operator import attrgetter

from backfile.archive.addresses.git_history import (
    CommittedFile,
    GitHistory,
    is_work_tree,
    read_committed,
    read_head,
    read_history,
)
from backfile.archive.addresses.moved_file import FILE_NAME, add_moves, read_moves
from backfile.archive.addresses.moves import Move, differences
from backfile.archive.availability.states import READABLE, SECRET
from backfile.archive.errors import ArticleNotFound, GitUnusable
from backfile.archive.links.link_index import LinkIndex
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem, Report
from backfile.archive.storage.library import FileReadResult, Library
from backfile.archive.storage.library_settings import file_state
from backfile.index.sync.state import HeldArticle

log = logging.getLogger("backfile.index")

_AT_ONCE = 500  # files read from git


def keeps_moves(library: Library) -> bool:
    """Whether the former addresses of moved articles are known for good."""
    return library.settings.record_moves or is_work_tree(library.root)


@dataclass
class MoveRecorder:
    """Recorder of the moves and deletions that a synchronization sees, for a library that keeps them in its file.

    `before` maps the ids of all articles to digests, `held` those that were held back to their states. `metadata` gives
    that of an indexed article and raises `ArticleNotFound`.
    """

    library: Library
    before: Mapping[str, str]
    held: Mapping[str, HeldArticle]
    metadata: Callable[[str], ArticleMetadata]
    written: set[tuple[str, str]] = field(default_factory=set)

    def record_renamed(self, report: Report) -> Problem | None:
        """Writes the renamed articles of a batch before it is committed, so that none is lost with its process."""
        return self._write([each for each in report.moved if each not in self.written], [])

    def record(self, digests: Mapping[str, str | None], added: Mapping[str, ArticleMetadata]) -> Problem | None:
        """Writes what a synchronization saw in all; to be called before the articles that are gone are dropped.

        `digests` are those of the files that were read or are gone, `added` the metadata of new articles. A file that
        was renamed and changed is known by its title and date, if no other has them.
        """
        moves, gone = differences(dict(self.before), dict(digests))
        gone = [each for each in gone if not self._is_recorded(each)]
        known = {each: found for each in gone if digests[each] is None and (found := self._known(each)) is not None}
        moves += _renamed_and_changed(known, {each: added[each] for each in added if each not in dict(moves).values()})
        moved = {old for old, _ in moves}
        deleted = [Move(0, old, "", *_label(known.get(old))) for old in gone if old not in moved and self._is_told(old)]
        return self._write([each for each in moves if each not in self.written], deleted)

    def _write(self, moves: list[tuple[str, str]], deleted: list[Move]) -> Problem | None:
        self.written |= set(moves)
        if not moves and not deleted:
            return None
        now = time.time_ns() // 1_000_000
        at = max([now, *(each.at + 1 for each in read_moves(self.library.root)[0][-1:])])
        return add_moves(
            self.library.root, [*(Move(at, *each) for each in moves), *(each._replace(at=at) for each in deleted)]
        )

    def _is_recorded(self, article_id: str) -> bool:
        """Whether a run that was killed before its last commit has written where an article went."""
        last = next((each.new for each in reversed(self._recorded) if each.old == article_id), "")
        return bool(last) and self.before.get(last) == self.before[article_id]

    @cached_property
    def _recorded(self) -> list[Move]:
        return read_moves(self.library.root)[0]

    def _is_told(self, article_id: str) -> bool:
        """Whether readers could know of a deleted article."""
        return article_id not in self.held or self.held[article_id].state not in SECRET

    def _known(self, article_id: str) -> ArticleMetadata | None:
        try:
            return self.metadata(article_id)
        except ArticleNotFound:
            return None


def _label(metadata: ArticleMetadata | None) -> tuple[str, str]:
    """Title and date by which a deleted article is told; empty for one that was not public."""
    return (metadata.title, metadata.date.isoformat() if metadata.date else "") if metadata else ("", "")


def _renamed_and_changed(
    gone: Mapping[str, ArticleMetadata], added: Mapping[str, ArticleMetadata]
) -> Iterator[tuple[str, str]]:
    """Yields the pairs of a gone and a new article that alone have a title and date."""
    by_label: dict[tuple[str, str], tuple[list[str], list[str]]] = {}
    for side, articles in enumerate((gone, added)):
        for article_id, metadata in articles.items():
            by_label.setdefault(_label(metadata), ([], []))[side].append(article_id)
    for old, new in by_label.values():
        if len(old) == len(new) == 1:
            yield old[0], new[0]


def refresh_moves(index: LinkIndex, library: Library) -> None:
    """Brings the moves in an index up to date with `moved.tsv` and, unless moves are recorded there, with git.

    A git that does not answer leaves the moves as they are, and is logged.
    """
    file = f"{FILE_NAME} {file_state(library.root / FILE_NAME)}"
    known_file, _, known_head = index.moves_stamp.partition(" git ")
    uses_git = not library.settings.record_moves and is_work_tree(library.root)
    try:
        head = read_head(library.root) if uses_git else ""
        if (file, head) == (known_file, known_head):
            return
        since = known_head if file == known_file else ""
        history = read_history(library.root, since, index.last_move()) if uses_git else GitHistory("")
        found = list(_told(library, history))
    except GitUnusable as error:
        log.warning("Former addresses are not taken from git: %s", error)
        return
    if history.is_whole:
        found = list(merge(found, read_moves(library.root)[0], key=attrgetter("at")))
    index.put_moves(found, f"{file} git {head}", anew=history.is_whole)


def _told(library: Library, history: GitHistory) -> Iterator[Move]:
    """Yields the moves of a history, deletions with their titles; without those of articles that nobody knew.

    A file that became a similar one is the same article if its title and date are the same, else it was deleted.
    """
    former, present = _read_all(library, history.former), _read_all(library, history.present)
    for move in history.moves:
        if move not in former:
            yield move
            continue
        old, new = former[move], present.get(move)
        if old is not None and new is not None and _article_label(old) == _article_label(new):
            yield move
        elif (deletion := _deletion(move, old)) is not None:
            yield deletion


def _read_all(library: Library, files: Mapping[Move, CommittedFile]) -> dict[Move, FileReadResult | None]:
    """Reading of each committed file under the former id of its article; None if git does not have it."""
    items = list(files.items())
    found: dict[Move, FileReadResult | None] = {}
    for start in range(0, len(items), _AT_ONCE):
        chunk = items[start : start + _AT_ONCE]
        contents = read_committed(library.root, [file for _, file in chunk])
        for (move, _), content in zip(chunk, contents, strict=True):
            found[move] = None if content is None else library.read_content(f"{move.old}.md", content)
    return found


def _article_label(reading: FileReadResult) -> tuple[str, str]:
    return _label(reading.article.metadata if reading.article else None)


def _deletion(move: Move, reading: FileReadResult | None) -> Move | None:
    """Deletion with the title that its file had; None for drafts and other files that were never shown."""
    deletion = move._replace(new="")
    if reading is None:
        return deletion
    if reading.article is None:
        return None
    state = reading.availability.state(datetime.fromtimestamp(move.at / 1000, UTC))
    if state in SECRET:
        return None
    title, date = _article_label(reading) if state in READABLE else ("", "")
    return deletion._replace(title=title, date=date)
