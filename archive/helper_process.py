"""Helper process: work that may never end, each step within a time. The kernel ends the process that exceeds it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any, Self

from backfile.archive.errors import HelperEnded


class HelperProcess:
    """Process that runs `work` with one end of a connection; `close`, or the end of a `with` block, kills it.

    On Linux it is forked from this process by default, which takes milliseconds and needs no arguments that can be
    pickled.
    """

    def __init__(self, connection: Connection, process: BaseProcess) -> None:
        self._connection, self._process = connection, process

    @classmethod
    def start(cls, work: Callable[[Connection], None], context: BaseContext | None = None) -> Self:
        """Starts a process that runs `work`."""
        context = context or multiprocessing.get_context("fork" if sys.platform == "linux" else "forkserver")
        ours, theirs = context.Pipe()
        inherited = ours if context.get_start_method() == "fork" else None
        process = context.Process(target=_run, args=(work, theirs, inherited), daemon=True)  # type: ignore[attr-defined]
        try:
            with warnings.catch_warnings():  # the work takes no locks that another thread may hold
                warnings.filterwarnings("ignore", ".*multi-threaded", DeprecationWarning)
                process.start()
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        return cls(ours, process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kills the process."""
        self._connection.close()
        self._process.kill()
        self._process.join()

    def receive(self) -> Any:
        """Next value that the process sends. Raises `HelperEnded`."""
        try:
            return self._connection.recv()
        except (EOFError, OSError) as error:
            self._process.join()
            raise ended(self._process.exitcode) from error

    def send(self, value: object) -> None:
        """Sends a value to the process. Raises `HelperEnded`."""
        try:
            self._connection.send(value)
        except ConnectionError as error:
            self._process.join()
            raise ended(self._process.exitcode) from error


def ended(exitcode: int | None) -> HelperEnded:
    """Error for a process that ended with an exit code."""
    if exitcode == -signal.SIGALRM:
        return HelperEnded(
            "takes too long to read",
            hint="look at what it holds, or give it more time with the setting `file_seconds` and save it again",
            is_slow=True,
        )
    return HelperEnded("reading it brought the process down", hint="the file may be too large for this machine")


def begin_step(seconds: float | None) -> None:
    """Lets the kernel end this process unless the next step begins, or `end_step` is called, within the time."""
    if seconds is not None:
        signal.setitimer(signal.ITIMER_REAL, seconds)


def end_step() -> None:
    """Ends the step: this process may wait as long as it likes."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def end_with_parent() -> None:
    """Ends this process as soon as the process that started it is gone.

    Without it a killed server would leave workers that hold its port, and a killed synchronization would leave
    readers that wait for ever. Does nothing in a process that multiprocessing did not start.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), name="end-with-parent", daemon=True).start()


def _exit_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _run(work: Callable[[Connection], None], connection: Connection, inherited: Connection | None) -> None:
    if inherited is not None:  # the other end, which would keep the connection open
        inherited.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its children
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    end_with_parent()
    try:
        work(connection)
    except (ConnectionError, EOFError):  # nobody wants the rest
        os._exit(0)
