"""Rendering of articles in processes that the kernel ends when an article takes too long; each is replaced."""

from __future__ import annotations

import logging
import os
import traceback
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Queue
from threading import Lock
from typing import Self

from cachetools import TTLCache

from backfile.archive.errors import BackfileError, HelperEnded
from backfile.archive.helper_process import HelperProcess, begin_step, end_step, end_with_parent, ended
from backfile.archive.markdown.renderer import RenderedArticle
from backfile.archive.storage.library import Library
from backfile.web.screens.article import render

log = logging.getLogger("backfile.server")

PROCESSES = 2  # a worker; one goes on while the other is held by an article that takes too long
SECONDS = 5.0  # at most for an article, however long `file_seconds` is: a reader waits for it
RETRY_SECONDS = 300.0  # before an article that took too long is tried again
MAX_REMEMBERED = 10_000


class Renderers:
    """Helper processes of one worker that render its articles, each in at most `seconds`.

    They are forked by `start`, from a process without threads and connections: a supervisor each, and a renderer below
    it, which it replaces.
    """

    def __init__(self, helpers: Queue[HelperProcess]) -> None:
        self._free = helpers
        self._failed: TTLCache[tuple[str, int], HelperEnded] = TTLCache(MAX_REMEMBERED, RETRY_SECONDS)
        self._lock = Lock()

    @classmethod
    def start(cls, library: Library, folder: Path, seconds: float) -> Self:
        """Starts the processes; `folder` is the cache folder."""
        helpers: Queue[HelperProcess] = Queue()
        for _ in range(PROCESSES):
            helpers.put(HelperProcess.start(partial(_supervise, library, folder, min(seconds, SECONDS))))
        return cls(helpers)

    def close(self) -> None:
        """Ends the processes, once no article is being rendered."""
        for _ in range(PROCESSES):
            self._free.get().close()

    def __call__(self, library: Library, folder: Path, path: str, body: str, root: str) -> RenderedArticle:
        """Renders an article. Raises `HelperEnded` if that takes too long or kills the process, now or lately."""
        key = (path, hash(body))
        helper = self._free.get()
        try:
            answer = self._failure(key) or self._ask(helper, path, body, root)
        finally:
            self._free.put(helper)
        if isinstance(answer, HelperEnded):
            with self._lock:
                self._failed.setdefault(key, answer)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _failure(self, key: tuple[str, int]) -> HelperEnded | None:
        with self._lock:
            return self._failed.get(key)

    def _ask(self, helper: HelperProcess, path: str, body: str, root: str) -> RenderedArticle | Exception:
        helper.send((path, body, root))
        answer: RenderedArticle | Exception = helper.receive()
        if isinstance(answer, HelperEnded):
            log.error("%s: %s; it was not shown", path, answer)
        return answer


def _supervise(library: Library, folder: Path, seconds: float, connection: Connection) -> None:
    """Supervises one renderer in the helper process; answers in the place of one that has ended."""
    while True:
        renderer = os.fork()
        if renderer == 0:
            code = 1
            try:
                _answer(library, folder, seconds, connection)
                code = 0
            finally:
                if code:
                    traceback.print_exc()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(renderer, 0)[1])
        if code == 0:  # the worker has ended
            return
        connection.send(ended(code))


def _answer(library: Library, folder: Path, seconds: float, connection: Connection) -> None:
    end_with_parent()
    while True:
        try:
            path, body, root = connection.recv()
        except (EOFError, OSError):
            return
        begin_step(seconds)
        answer: RenderedArticle | Exception
        try:
            answer = render(library, folder, path, body, root)
        except (BackfileError, OSError) as error:
            answer = error
        end_step()
        connection.send(answer)
