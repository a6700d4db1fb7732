"""What was made at some cost, kept for the next reader: the least recently used is forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Memory(Generic[Made]):
    """Values by key, at most `most` in all by the measure that `size` gives. May be used by several threads.

    Two threads that miss the same value make it twice, so that none waits for another.
    """

    def __init__(self, most: int, size: Callable[[Made], int] = lambda made: 1) -> None:
        self._most = most
        self._size = size
        self._kept: OrderedDict[Hashable, Made] = OrderedDict()
        self._sum = 0
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """The value kept for the key, or else made now; one larger than `most` is given but not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        self._keep(key, made)
        return made

    def _keep(self, key: Hashable, made: Made) -> None:
        size = self._size(made)
        with self._lock:
            if size > self._most or key in self._kept:
                return
            self._kept[key] = made
            self._sum += size
            while self._sum > self._most:
                _, forgotten = self._kept.popitem(last=False)
                self._sum -= self._size(forgotten)
