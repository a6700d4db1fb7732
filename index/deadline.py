"""Deadline of a search, checked between its steps."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from backfile.index.errors import DeadlineExceeded

Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Deadline:
    """Time limit: so many seconds after a start (`time.perf_counter`)."""

    started: float
    seconds: float

    def left(self) -> float:
        """Seconds that are left; raises `DeadlineExceeded` once there are none."""
        left = self.seconds - (time.perf_counter() - self.started)
        if left <= 0:
            raise self.exceeded()
        return left

    def check(self) -> None:
        """Raises `DeadlineExceeded` once the time is up."""
        self.left()

    def exceeded(self) -> DeadlineExceeded:
        """Error of a search that was stopped."""
        return DeadlineExceeded(
            f"the search was stopped after {self.seconds:g} seconds", hint="use fewer or rarer words"
        )
