"""What became of each item of an import, and of all of them together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Action(StrEnum):
    """What an import does with an item."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    KEPT = "kept"  # a person edited the article and its source changed as well: left alone
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What was done (or, in a dry run, would be) with the item `origin`.

    `path` is the article's file below the library: of a duplicate, that of the article that was there already. `notes`
    are things to look at although it was written.
    """

    action: Action
    origin: str
    path: str | None = None
    reason: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f"{self.path} <- {self.origin}" if self.path else self.origin
        return f"{self.action:<9} {where}" + (f": {self.reason}" if self.reason else "")


@dataclass(slots=True)
class ImportReport:
    """The outcome of an import. Of items that were unchanged only the number is kept; `wrote` says whether the library
    is another than before."""

    outcomes: list[ItemResult] = field(default_factory=list)
    counts: Counter[Action] = field(default_factory=Counter)
    wrote: bool = False

    def add(self, outcome: ItemResult) -> None:
        """Counts an outcome and keeps it if there is something to tell."""
        self.counts[outcome.action] += 1
        if outcome.action is not Action.UNCHANGED or outcome.notes:
            self.outcomes.append(outcome)

    @property
    def total(self) -> int:
        """How many items there were."""
        return self.counts.total()

    def of(self, action: Action) -> list[ItemResult]:
        """The outcomes of one kind, in the order of the source."""
        return [outcome for outcome in self.outcomes if outcome.action is action]

    def summary(self) -> str:
        """All in one line: `120 added, 3 changed, 1,877 unchanged, 1 failed`."""
        shown = [f"{self.counts[action]:,} {action}" for action in Action if self.counts[action]]
        return ", ".join(shown) or "nothing to import"
