"""Bounded caches: values, bounds, order of eviction, threads."""

from __future__ import annotations

import re
import weakref
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT

from backfile.index.caching import Cache, bounded_cache


class Sized:
    """Value of a given size."""

    def __init__(self, key: int, size: int) -> None:
        self.key = key
        self.size = size


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 12))), st.integers(1, 30))
def test_cache_returns_created_values_within_its_bound(requests: list[tuple[int, int]], maxsize: int) -> None:
    cache: Cache[Sized] = bounded_cache(maxsize, lambda value: value.size)
    alive: weakref.WeakSet[Sized] = weakref.WeakSet()
    for request in requests:
        value = cache(request, lambda request=request: Sized(*request))  # type: ignore[misc]
        assert (value.key, value.size) == request
        alive.add(value)
        del value
        assert sum(value.size for value in alive) <= maxsize


def test_least_recently_used_value_is_evicted_first() -> None:
    cache: Cache[str] = bounded_cache(2)
    created: list[str] = []
    for key in "abacab":
        cache(key, lambda key=key: created.append(key) or key)  # type: ignore[misc, func-returns-value]
    assert created == ["a", "b", "c", "b"]


def test_size_is_measured_once() -> None:
    measured: list[str] = []
    cache: Cache[str] = bounded_cache(2, lambda value: measured.append(value) or 1)  # type: ignore[func-returns-value]
    for key in "abcd":
        cache(key, lambda key=key: key)  # type: ignore[misc]
    assert measured == ["a", "b", "c", "d"]


def test_threads_share_a_cache() -> None:
    cache: Cache[int] = bounded_cache(5)
    with ThreadPoolExecutor(8) as pool:
        keys = [number % 9 for number in range(2_000)]
        assert list(pool.map(lambda key: cache(key, lambda: key * key), keys)) == [key * key for key in keys]


UNBOUNDED = re.compile(r"^\s*@cache\b|\bcache\(|lru_cache\(\s*None|maxsize\s*=\s*None", re.MULTILINE)
FEW_KEYS = {
    "archive/importers/sources/fetching.py",
    "cli/main.py",
    "web/service/ui_language.py",
    "web/views/hit_views.py",
}
"""Modules that keep values for each of a few keys (settings, languages of the pages), or for one page alone."""


def test_no_cache_grows_without_bound() -> None:
    files = [path for name in ("archive", "cli", "index", "web") for path in sorted((ROOT / name).rglob("*.py"))]
    found = {path.relative_to(ROOT).as_posix() for path in files if UNBOUNDED.search(path.read_text(encoding="utf-8"))}
    assert found - {"index/caching.py"} == FEW_KEYS
