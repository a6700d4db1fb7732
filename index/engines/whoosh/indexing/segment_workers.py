"""Segment workers: processes that write batches of documents as segment files."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from backfile.index.analysis.term_ids import Encoder
from backfile.index.engine import FingerprintedDocument
from backfile.index.engines.whoosh.indexing.segment_writer import write_segment
from backfile.index.errors import SearchError
from backfile.index.processes import helper_context, not_started


@contextmanager
def segment_workers(count: int) -> Iterator[SegmentWorkers]:
    """Yields up to `count` processes, started on demand and ended with the block."""
    workers = SegmentWorkers(count)
    try:
        yield workers
    finally:
        workers.stop()


class SegmentWorkers:
    """Processes that write segments. A worker ends with its pipe, so none outlives this process."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._context = helper_context([__name__])
        self._idle: list[Connection] = []
        self._busy: list[Connection] = []
        self._started: set[Connection] = set()
        self._processes: list[ForkServerProcess] = []

    def write(self, path: Path, batch: list[FingerprintedDocument]) -> None:
        """Sends a batch to be written as the segment file `path`; waits while every process is busy.

        Raises `OSError` when an earlier file could not be written, `SearchError` when a process died over it or could
        not be started.
        """
        if not self._idle and len(self._processes) < self._count:
            self._start()
        while not self._idle:
            self._await(wait(self._busy))
        connection = self._idle.pop()
        self._busy.append(connection)
        try:
            connection.send((path, batch))
        except ConnectionError:
            raise _died() from None

    def finish(self) -> None:
        """Waits until all is written; raises like `write`."""
        while self._busy:
            self._await(wait(self._busy))

    def _start(self) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs,), daemon=True)
        try:
            process.start()
        except (OSError, EOFError) as error:
            raise not_started(error) from error
        theirs.close()
        self._processes.append(process)
        self._busy.append(ours)

    def _await(self, ready: Iterable[object]) -> None:
        for connection in [each for each in self._busy if each in ready]:
            self._busy.remove(connection)
            try:
                failure: OSError | None = connection.recv()
            except (EOFError, ConnectionError):
                raise (_died() if connection in self._started else not_started()) from None
            self._started.add(connection)
            self._idle.append(connection)
            if failure:
                raise failure

    def stop(self) -> None:
        """Ends the processes, also in the middle of their work."""
        for connection in self._idle + self._busy:
            connection.close()
        for process in self._processes:
            process.terminate()
            process.join()


def _died() -> SearchError:
    return SearchError(
        "a process that was writing the index died",
        hint="there may be too little memory; run `backfile index` again",
    )


def _work(connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its children
    with suppress(EOFError, ConnectionError):  # the parent is gone, or needs no more
        _serve(connection, Encoder())


def _serve(connection: Connection, encoder: Encoder) -> None:
    connection.send(None)
    while True:
        path, batch = connection.recv()
        try:
            write_segment(path, batch, encoder)
        except OSError as error:
            connection.send(error)
        else:
            connection.send(None)
