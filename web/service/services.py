"""Services that all screens share: settings, library, index, caches. `create_app` makes one object of them."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, cast

from flask import current_app, request

from backfile.archive.errors import LibrarySettingsInvalid
from backfile.archive.markdown.renderer import RenderedArticle
from backfile.archive.storage.library import Library
from backfile.archive.storage.library_settings import FILE_NAME, file_state
from backfile.archive.web_addresses import address_parts
from backfile.config import Settings
from backfile.index.caching import Cache, bounded_cache
from backfile.index.concordance.line_cache import ConcordanceCache
from backfile.index.engine import Engine

log = logging.getLogger("backfile.server")

EXTENSION = "backfile"
WARM_UP = "backfile.warm_up"
"""Key of the WSGI environment of requests that the server makes itself, which are neither counted nor logged."""
LOG_SECONDS = 30.0
MAX_NAME = 100  # characters of the name of a reader
FOLLOW_SECONDS = 1.0  # between two looks at library.toml
MAX_RENDERED = 4_000_000  # characters of rendered articles a process


def _rendered_cache() -> Cache[RenderedArticle]:
    return bounded_cache(MAX_RENDERED, lambda rendered: len(rendered.html))


def utc_now() -> datetime:
    """Present moment in UTC."""
    return datetime.now(UTC)


@dataclass
class Services:
    """Settings, library and index of one application, and its caches.

    `open_index` is called at the first search, so that every worker process has its own engine. If it raises, the
    error goes to that response, and the next request tries again. `renderer` renders articles elsewhere than in this
    process. `now` is the clock by which articles are embargoed and expire.
    """

    settings: Settings
    library: Library
    open_index: Callable[[], Engine]
    rendered: Cache[RenderedArticle] = field(default_factory=_rendered_cache)
    lines: ConcordanceCache = field(default_factory=ConcordanceCache)
    sparklines: Cache[Any] = field(default_factory=lambda: bounded_cache(8))
    days: Cache[Any] = field(default_factory=lambda: bounded_cache(32))
    renderer: Callable[[Library, Path, str, str, str], RenderedArticle] | None = None
    now: Callable[[], datetime] = utc_now
    _engine: Engine | None = None
    _looked: float = 0.0  # time.monotonic()
    _settings_file: tuple[int, int, int] | None = None
    _lock: Lock = field(default_factory=Lock)
    _logged: float = -math.inf  # time.monotonic()

    def engine(self) -> Engine:
        """Returns the index, opened once. Raises `IndexUnusable` if it cannot be read."""
        with self._lock:
            if self._engine is None:
                self._engine = self.open_index()
            return self._engine

    def log_seldom(self, message: str) -> None:
        """Logs a failure that every request may meet, at most once in LOG_SECONDS for all of them."""
        now = time.monotonic()
        if now - self._logged >= LOG_SECONDS:
            self._logged = now
            log.warning("%s", message)

    @property
    def title(self) -> str:
        """Title of the archive."""
        return self.library.title

    def follow_settings(self) -> None:
        """Reads `library.toml` again once it has changed; looks at most once a second. A wrong one changes nothing.

        The index process reads it as well, and reports what is wrong (`sync.state.UpdateFailure`).
        """
        if time.monotonic() - self._looked < FOLLOW_SECONDS:
            return
        known, self._looked = self._settings_file, time.monotonic()
        self._settings_file = file_state(self.library.root / FILE_NAME)
        if self._settings_file != known:
            with suppress(LibrarySettingsInvalid):
                self.library.refresh()

    @property
    def description(self) -> str:
        """Description of the archive, or an empty text."""
        return self.library.settings.description or ""

    def reader(self) -> str:
        """Name of the reader whom a trusted proxy has logged in; empty if it names none."""
        header = self.settings.user_header
        if not header or not self.settings.proxies:
            return ""
        sent = request.headers.get(header, "")
        return " ".join(sent.encode("latin-1", "replace").decode("utf-8", "replace").split())[:MAX_NAME]

    def absolute(self, url: str) -> str:
        """Absolute URL of a page, at the host of the setting `base_url` or else of the request."""
        parts = address_parts(self.settings.base_url or request.host_url)
        return f"{parts.scheme}://{parts.netloc}{url}"


def services() -> Services:
    """Services of the application that handles the current request."""
    return cast(Services, current_app.extensions[EXTENSION])
