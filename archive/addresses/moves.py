"""Moves and deletions of articles over time, and where an article went that was once at an id.

Each article is followed from the moment it left an id, by later events alone: so that every chain ends, however ids
were swapped and used again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Move(NamedTuple):
    """Move of the article at the id `old` to `new`, or its deletion if `new` is empty.

    `at` is in milliseconds since 1970; moves with the same `at` happened at once. `title` and `date` (ISO 8601) are
    those of a deleted article.
    """

    at: int
    old: str
    new: str = ""
    title: str = ""
    date: str = ""


MAX_MOVES = 5_000
"""Moves of one article that are followed: a reader waits for them, for half a second at most."""

Leave = Callable[[str, int | None], Move | None]
"""Function of an id and a time: the first move away from the id after that time, or the last of all for None."""


def follow(article_id: str, leave: Leave, is_live: Callable[[str], bool]) -> str | Move | None:
    """Id at which the article is that was last at `article_id`, which is not live.

    The deletion if it was deleted; None if nothing is known, or if it moved more than MAX_MOVES times.
    """
    seen: set[str] = set()
    place, since = article_id, None
    for _ in range(MAX_MOVES):
        move = leave(place, since)
        if move is None and is_live(place) and since is not None:
            return place
        if move is None and (place in seen or since is None):
            return None
        if move is None:  # it went on unseen; the last that is known of its place counts
            seen.add(place)
            since = None
            continue
        if not move.new:
            return move
        place, since = move.new, move.at
    return None


def differences(before: dict[str, str], after: dict[str, str | None]) -> tuple[list[tuple[str, str]], list[str]]:
    """Moves (old id, new id) and deleted ids between two states of a library.

    `before` maps ids to digests. `after` maps those that are new or changed to their digests, and those that are gone
    to None. A file that came in the place of another one by its move deletes that.
    """
    sources: dict[str, list[str]] = {}
    for old, digest in before.items():
        if digest and old in after and after[old] != digest:
            sources.setdefault(digest, []).append(old)
    moves: list[tuple[str, str]] = []
    for new, now in after.items():
        candidates = sources.get(now or "", ()) if before.get(new) != now else ()
        if candidates:
            old = min(candidates, key=lambda each: (_name(each) != _name(new), each))
            sources[now or ""].remove(old)
            moves.append((old, new))
    moved, taken = {old for old, _ in moves}, {new for _, new in moves}
    gone = [old for old in before if old in after and (after[old] is None or old in taken) and old not in moved]
    return moves, gone


def _name(article_id: str) -> str:
    return article_id.rpartition("/")[2]
