"""Processes that work for another one, and should not outlive it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
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
    """What is raised when helpers die before they do anything."""
    reason = f": {error}" if error and str(error) else ""
    return SearchError(
        f"the processes that help to index could not be started{reason}",
        hint='make memory free or allow more processes; a script of your own needs `if __name__ == "__main__":`',
    )


def cores() -> int:
    """How many processes may run at the same time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def log_to_stderr() -> None:
    """Puts what the program has to say on stderr, as it is; every process that may say something calls it."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("backfile")
    log.handlers[:] = [handler]
    log.setLevel(logging.INFO)


def end_with_parent() -> None:
    """Ends this process as soon as the one that started it is gone, however that ended.

    Without it a killed server would leave workers that hold its port, and a killed synchronisation readers that wait
    for ever. Does nothing in a process that multiprocessing did not start.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent,), name="end-with-parent", daemon=True).start()


def _outlive(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
