"""Worker pool: processes that answer requests; each is replaced whenever it ends, until a signal stops them all."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from backfile.archive.helper_process import end_with_parent

log = logging.getLogger("backfile.server")

STOP_TIMEOUT = 2.0  # seconds for the workers to end when the server stops
REAP_TIMEOUT = 0.5  # seconds for the system to end a process that was killed
STABLE_AFTER = 10.0  # seconds; a worker that ends sooner has failed again
FIRST_DELAY = 0.1  # seconds before a failed worker is started again; doubles with each failure
MAX_DELAY = 5.0  # seconds
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class _Worker:
    """One process after another that run the same function."""

    def __init__(self, run: Callable[[], None]) -> None:
        self._run = run
        self._process: BaseProcess | None = None
        self._failures = 0
        self._begun = 0.0
        self.due = 0.0  # time of the next start, in seconds of the monotonic clock

    @property
    def sentinels(self) -> Sequence[int]:
        """File descriptor that becomes readable when the process ends; none without a process."""
        return [self._process.sentinel] if self._process else []

    def start(self) -> None:
        """Starts the process; tries again later if the system has none to give."""
        self._begun = time.monotonic()
        process = multiprocessing.get_context().Process(target=_run_in_session, args=(self._run,))
        try:
            process.start()
        except OSError as error:
            log.error("A worker could not be started (%s); the next try comes in %g s.", error, MAX_DELAY)
            self.due = self._begun + MAX_DELAY
        else:
            self._process = process

    def check(self) -> None:
        """Notices the end of the process; starts the next one when its time has come."""
        now = time.monotonic()
        if self._process is None:
            if now >= self.due:
                self.start()
        elif not self._process.is_alive():
            self._failures = self._failures + 1 if now - self._begun < STABLE_AFTER else 0
            delay = min(FIRST_DELAY * 2**self._failures, MAX_DELAY)
            log.error(
                "A worker ended (exit code %s); it is started again in %g s.", self._process.exitcode, round(delay, 1)
            )
            self._kill()
            self._process, self.due = None, now + delay

    def terminate(self) -> None:
        """Asks the process to end."""
        if self._process:
            self._process.terminate()

    def join(self, until: float) -> None:
        """Waits for the end of the process; kills it at `until` (monotonic clock)."""
        if self._process:
            self._process.join(max(until - time.monotonic(), 0))
            if self._process.is_alive():
                log.warning("A worker was still at work when the server stopped; it was killed.")
            self._kill()
            self._process.join(REAP_TIMEOUT)

    def _kill(self) -> None:
        """Kills the process and what it started: they share a session."""
        if self._process:
            self._process.kill()
            with suppress(OSError):
                os.killpg(self._process.pid or 0, signal.SIGKILL)


class WorkerPool:
    """Processes that all run `run`."""

    def __init__(self, run: Callable[[], None], count: int) -> None:
        self._workers = [_Worker(run) for _ in range(count)]

    def run(self) -> None:
        """Starts the workers and replaces those that end; returns when SIGTERM or SIGINT comes, for `stop`."""
        with _stop_signals() as stop_signal:
            for worker in self._workers:
                worker.start()
            while stop_signal not in self._wait(stop_signal):
                for worker in self._workers:
                    worker.check()

    def _wait(self, stop_signal: int) -> Sequence[object]:
        """Waits for a signal, the end of a process, or the time to start one."""
        sentinels = [sentinel for worker in self._workers for sentinel in worker.sentinels]
        due = [worker.due for worker in self._workers if not worker.sentinels]
        timeout = max(min(due) - time.monotonic(), 0) if due else None
        return wait([stop_signal, *sentinels], timeout)

    def terminate(self) -> None:
        """Asks all workers to end."""
        for worker in self._workers:
            worker.terminate()

    def stop(self) -> None:
        """Waits for the end of all workers after `terminate`; kills those that take longer than STOP_TIMEOUT."""
        until = time.monotonic() + STOP_TIMEOUT
        for worker in self._workers:
            worker.join(until)


@contextmanager
def _stop_signals() -> Iterator[int]:
    """File descriptor that becomes readable with SIGTERM or SIGINT; afterwards both are ignored."""
    reader, writer = os.pipe()
    for number in SIGNALS:
        signal.signal(number, partial(_write_byte, writer))
    try:
        yield reader
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        os.close(reader)
        os.close(writer)


def _write_byte(writer: int, *_: object) -> None:
    os.write(writer, b"x")


def _run_in_session(run: Callable[[], None]) -> None:
    """Runs in the process: leads a session of its own, out of reach of the signals of a terminal."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    end_with_parent()
    run()
