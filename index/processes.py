"""Processes that work for another one, and should not outlive it."""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
from multiprocessing.context import ForkServerContext

from backfile.index.errors import SearchError

# What the helpers need is imported once, in the process that they are forked from; so is the program itself, which
# multiprocessing would have each of them import again.
_PRELOADED = ("__main__", "backfile.index.sync.reader", "backfile.index.engines.whoosh.indexing.segment_workers")


def helper_context() -> ForkServerContext:
    """How processes that help with reading and writing are started.

    They are forked from a server, not from this process: it may run threads, whose locks a forked child would find
    held for ever.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_PRELOADED))
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
