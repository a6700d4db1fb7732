"""Helper processes, which end with the process that started them."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Iterable
from multiprocessing.context import ForkServerContext

from backfile.index.errors import SearchError


def helper_context(preload: Iterable[str]) -> ForkServerContext:
    """Context that forks helper processes from a server process, not from this one.

    This process may run threads, whose locks a forked child would find held for ever. The server imports the modules
    in `preload` once, and the main program, which each child would otherwise import again; it is started by the first
    helper, so that later calls preload nothing more.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", *preload])
    return context


def not_started(error: Exception | None = None) -> SearchError:
    """Error for helpers that die before they do anything."""
    reason = f": {error}" if error and str(error) else ""
    return SearchError(
        f"the processes that help to index could not be started{reason}",
        hint='make memory free or allow more processes; a script of your own needs `if __name__ == "__main__":`',
    )


def cores() -> int:
    """Number of processes that may run at the same time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def log_to_stderr() -> None:
    """Logs messages to stderr without decoration; every process that logs calls it once."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("backfile")
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)
