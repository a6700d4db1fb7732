"""What the screens need to do their work, wired once by `create_app` and opened when first asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Lock
from typing import Any, NamedTuple, cast

from flask import current_app, request

from backfile.archive.markdown.renderer import Rendered
from backfile.archive.report import Problem
from backfile.archive.storage.library import Library
from backfile.index.caching import Cache, bounded_cache
from backfile.index.engine import Engine

EXTENSION = "backfile"
MAX_RENDERED = 4_000_000  # characters of rendered articles a process


class RenderedBody(NamedTuple):
    """An article's body as the reading page shows it and as the index knows it."""

    rendered: Rendered
    text: str

    @property
    def size(self) -> int:
        """The characters it takes."""
        return len(self.rendered.html) + len(self.text)


@dataclass
class Services:
    """The library, the index and what the archive is called.

    `open_index` is called once a process, at the first search, so that every worker has its own reader; when it
    raises, the error reaches the reader of that page and the next request tries again.
    """

    library: Library
    open_index: Callable[[], Engine]
    read_problems: Callable[[], tuple[Problem, ...]]
    title: str
    description: str
    language: str
    public: bool
    interface_language: str = ""
    remote_images: bool = False
    base_url: str = ""
    per_page: int = 10
    deadline: float = 1.5
    bodies: Cache[RenderedBody] = field(default_factory=lambda: bounded_cache(MAX_RENDERED, attrgetter("size")))
    sparklines: Cache[Any] = field(default_factory=lambda: bounded_cache(8))
    _engine: Engine | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def engine(self) -> Engine:
        """The open index; raises `IndexUnusable` as long as there is none that can be read."""
        with self._lock:
            if self._engine is None:
                self._engine = self.open_index()
            return self._engine

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages whose word families the index knows."""
        return self.engine.status().languages

    def absolute(self, path: str) -> str:
        """The full address of a path: below the setting `base_url`, or else where the request came in."""
        return (self.base_url or request.host_url).rstrip("/") + path


def services() -> Services:
    """The services of the application that answers the current request."""
    return cast(Services, current_app.extensions[EXTENSION])
