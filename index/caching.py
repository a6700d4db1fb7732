"""Bounded get-or-create caches, evicting the least recently used value (LRU, by cachetools)."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar

from cachetools import LRUCache, cached

Value = TypeVar("Value")
Cache = Callable[[Hashable, Callable[[], Value]], Value]
"""Function of a key and a factory: returns the cached value, or the one that the factory creates."""


def bounded_cache(maxsize: int, getsizeof: Callable[[Value], int] | None = None) -> Cache[Value]:
    """Cache of at most `maxsize` entries, or of that total size by `getsizeof`.

    A value larger than `maxsize` is returned but not kept. The cache may be used by several threads: two that miss the
    same key both create it, so that none waits for another.
    """

    @cached(LRUCache[Hashable, Value](maxsize, getsizeof), key=lambda key, create: key, lock=Lock())
    def get(key: Hashable, create: Callable[[], Value]) -> Value:
        return create()

    return get
