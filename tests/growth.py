"""Growth of work with the size of an input: linear or not, on any machine, however busy it is.

The clock is that of the wall, or for long runs that of the processor, which some systems count in steps of 4 ms. The
best of several runs does not depend on what else the machine does: a neighbour makes a run longer, never shorter.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

REPEATS = 3
STEP = 0.004  # seconds of the processor's clock
RATIO = 8.0  # for four times the size: linear work takes 4 times as long, quadratic work 16 times
LIMIT = 2.0  # seconds for the smaller size, which is of a few thousand characters
TOO_LONG = 32.0  # times the work on the smaller size, after which the larger one is ended


class OutOfTime(Exception):
    """Ends work that takes too long."""


def _end(signal_number: int, frame: FrameType | None) -> None:
    raise OutOfTime


def seconds(work: Callable[[], object], at_most: float) -> float:
    """Seconds of processor time that some work takes; infinite if it is ended after `at_most`.

    Work in C ends only if it looks for signals, as regular expressions do.
    """
    before = signal.signal(signal.SIGVTALRM, _end)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, at_most)
        begun, processor = time.perf_counter(), time.process_time()
        work()
        return min(time.perf_counter() - begun, time.process_time() - processor + STEP)
    except OutOfTime:
        return float("inf")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def grows_faster(run: Callable[[Any], object], make: Callable[[int], Any], size: int) -> bool:
    """Whether work on `make(4 * size)` takes more than RATIO times as long as on `make(size)`."""
    few, many = make(size), make(4 * size)
    best_few = min(seconds(lambda: run(few), LIMIT) for _ in range(REPEATS))
    best_many = float("inf")
    for _ in range(REPEATS if best_few < LIMIT else 0):
        best_many = min(best_many, seconds(lambda: run(many), max(10 * STEP, TOO_LONG * best_few)))
        if best_many <= RATIO * best_few:
            return False
        if best_many == float("inf"):  # by far too long: that is no neighbour's doing
            return True
        best_few = min(best_few, seconds(lambda: run(few), LIMIT))
    return True
