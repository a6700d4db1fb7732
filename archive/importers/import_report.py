"""Report of an import: the action for each item, and counts."""

from __future__ import annotations

import errno
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum

SAVED_MEANWHILE = "somebody else saved it meanwhile: left alone; import again"

_FATAL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


class Action(StrEnum):
    """Action of an import on one item."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    KEPT = "kept"  # a person edited the article and its source changed as well: left alone
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """Action that was taken (or, in a dry run, would be) on the item `origin`.

    `path` is the article's file below the library; of a duplicate, that of the article that was there already. `notes`
    are warnings about an article that was written.
    """

    action: Action
    origin: str
    path: str | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"{self.path} <- {self.origin}" if self.path else self.origin
        return f"{self.action:<9} {where}" + (f": {self.reason}" if self.reason else "")


def failure(origin: str, error: Exception) -> ItemResult:
    """Result for an item or source that failed. Raises `error` if nothing more can be written."""
    if isinstance(error, OSError) and error.errno in _FATAL:
        raise error
    if isinstance(error, OSError) and error.strerror:
        reason = error.strerror + (f": {error.filename}" if error.filename else "")
    else:
        hint = getattr(error, "hint", "")
        reason = (str(error) or type(error).__name__) + (f" ({hint})" if hint else "")
    return ItemResult(Action.FAILED, origin, None, reason)


@dataclass(slots=True)
class ImportReport:
    """Results of an import. Unchanged items are only counted; `wrote` says whether the library was changed."""

    results: list[ItemResult] = field(default_factory=list)
    counts: Counter[Action] = field(default_factory=Counter)
    wrote: bool = False

    def add(self, result: ItemResult) -> None:
        """Counts a result and keeps it unless its item was unchanged."""
        self.counts[result.action] += 1
        if result.action is not Action.UNCHANGED or result.notes:
            self.results.append(result)

    def leave_alone(self, path: str, reason: str) -> ItemResult:
        """Corrects the result of the file at `path`, which was not written after all: new ones failed, others stay."""
        for number in range(len(self.results) - 1, -1, -1):
            former = self.results[number]
            if former.path == path and former.action in (Action.ADDED, Action.CHANGED):
                action = Action.FAILED if former.action is Action.ADDED else Action.KEPT
                self.results[number] = replace(former, action=action, reason=reason, notes=())
                self.counts[former.action] -= 1
                self.counts[action] += 1
                return self.results[number]
        result = ItemResult(Action.KEPT, path, path, reason)
        self.add(result)
        return result

    def summary(self) -> str:
        """Counts on one line: `120 added, 3 changed, 1,877 unchanged, 1 failed`."""
        shown = [f"{self.counts[action]:,} {action}" for action in Action if self.counts[action]]
        return ", ".join(shown) or "nothing to import"
