"""Limits for crawlers that walk filters: filtered searches share the time of one worker, and deep lists and exports
are counted by address. Articles and lists without filters are never limited here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import BoundedSemaphore, Lock

from cachetools import TTLCache
from flask import Flask, current_app, g, request
from werkzeug.exceptions import TooManyRequests

from backfile.web.service.services import services

FILTERS = ("author", "topic", "from", "to")
LISTS = ("search", "browse", "api", "feeds", "export", "trends", "why")  # blueprints
FREE_PAGES = 3  # of a filtered search; the pages after them are counted
CAPACITY = 20  # deep lists and exports that an address gets at once
REFILL = 0.5  # more of them a second
MAX_WAITING = 40  # filtered searches that wait for their turn, in a process
MAX_WAIT = 2.0  # seconds
RETRY_AFTER = 10  # seconds
MAX_ADDRESSES = 50_000

EXTENSION = "backfile.crawlers"


class TokenBuckets:
    """Token bucket of each address: `CAPACITY` at first, `REFILL` more a second."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, Lock()
        self._buckets: TTLCache[str, tuple[float, float]] = TTLCache(MAX_ADDRESSES, CAPACITY / REFILL, timer=clock)

    def take(self, address: str) -> float:
        """Takes a token; returns the seconds until there is one if there is none, else 0."""
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.get(address, (float(CAPACITY), now))
            tokens = min(CAPACITY, tokens + (now - since) * REFILL)
            wait = max((1 - tokens) / REFILL, 0.0)
            self._buckets[address] = (tokens - (0 if wait else 1), now)
            return wait


class Turns:
    """Turns of filtered searches in one process: one at a time, then a pause of `pause` times as long as it took."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._waiting = BoundedSemaphore(MAX_WAITING + 1)
        self._turn = BoundedSemaphore()
        self._free_at = 0.0

    def enter(self) -> float:
        """Waits for a turn and returns the time of its beginning. Raises `TooManyRequests` beyond the limits."""
        if not self._waiting.acquire(blocking=False):
            raise TooManyRequests(retry_after=RETRY_AFTER)
        if not self._turn.acquire(timeout=MAX_WAIT):
            self._waiting.release()
            raise TooManyRequests(retry_after=RETRY_AFTER)
        time.sleep(min(max(self._free_at - time.monotonic(), 0), MAX_WAIT))
        return time.monotonic()

    def leave(self, began: float) -> None:
        """Ends the turn that began at a time."""
        now = time.monotonic()
        self._free_at = now + (now - began) * self._pause
        self._turn.release()
        self._waiting.release()


def register_crawlers(app: Flask, *, workers: int) -> None:
    """Limits filtered searches, deep lists and exports; answers 429 beyond.

    The pause makes the turns of `workers` processes take as much time as one of them has.
    """
    app.extensions[EXTENSION] = TokenBuckets(), Turns(max(workers - 1, 1))
    app.before_request(_enter)
    app.teardown_request(_leave)


def is_filtered(arguments: Mapping[str, str]) -> bool:
    """Whether the arguments of a list have a filter."""
    return any(arguments.get(name, "").strip() for name in FILTERS)


def is_counted(blueprint: str, arguments: Mapping[str, str]) -> bool:
    """Whether a request takes a token: an export, or a filtered list after its first pages."""
    page = arguments.get("page", "")
    is_deep = page.isdecimal() and int(page[:6]) > FREE_PAGES
    return blueprint == "export" or (is_deep and is_filtered(arguments))


def _enter() -> None:
    arguments, blueprint = request.args.to_dict(), request.blueprint or ""
    if blueprint not in LISTS:
        return
    buckets, turns = current_app.extensions[EXTENSION]
    if is_counted(blueprint, arguments) and not _is_behind_unknown_proxy():
        wait = buckets.take(request.remote_addr or "")
        if wait:
            raise TooManyRequests(retry_after=int(wait) + 1)
    if is_filtered(arguments):
        g.turn_began = turns.enter()


def _leave(_: BaseException | None = None) -> None:
    began = g.pop("turn_began", None)
    if began is not None:
        current_app.extensions[EXTENSION][1].leave(began)


def _is_behind_unknown_proxy() -> bool:
    """Whether all readers seem to have the one address of a proxy that the settings do not know."""
    has_proxy = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not services().settings.proxies and has_proxy
