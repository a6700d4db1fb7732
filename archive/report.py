"""Report of bulk work: articles by outcome, and problems."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Problem in one file: `path` relative to the library, `line` from 1 or None, reason, and hint what to do."""

    path: str
    line: int | None
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.reason}" + (f" ({self.hint})" if self.hint else "")


@dataclass(slots=True)
class Report:
    """Outcome of bulk work: ids of articles by action, and every problem.

    `held` counts the articles that are held back: embargoed, scheduled, expired, unlisted or withheld. `copies` counts
    those of the whole index that are another copy of a story than its first.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    held: int = 0
    copies: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def failed(self) -> list[Problem]:
        """Problems sorted by path and line."""
        return sorted(self.problems, key=lambda p: (p.path, p.line or 0, p.reason))

    @property
    def did_nothing(self) -> bool:
        """True if nothing was added, changed, moved or removed."""
        return not (self.added or self.changed or self.moved or self.removed)

    def counts(self) -> dict[str, int]:
        """Counts of articles by action: added, changed, moved, removed, unchanged, held."""
        return {
            "added": len(self.added),
            "changed": len(self.changed),
            "moved": len(self.moved),
            "removed": len(self.removed),
            "unchanged": self.unchanged,
            "held": self.held,
        }

    def summary(self) -> str:
        """Summary line: `3 added, 1 changed, 2,647 unchanged; 4 problems`."""
        counts = self.counts()
        counts["held back"] = counts.pop("held")
        done = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "no articles"
        problems = len(self.problems)
        return f"{done}; {problems:,} problem{'s' if problems != 1 else ''}" if problems else done
