"""Bulk writer: the documents of a batch → bulk requests → one refresh that makes them visible.

Documents are tokenized here while requests of earlier ones are on their way; the queue between is short, so that a slow
cluster slows the reading of files down. A request is repeated when the cluster is away or busy: a document has its id
from its article, so that it is written twice but never there twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from typing import Any

from backfile.index.engine import FingerprintedDocument
from backfile.index.engines.opensearch.cluster_index import ClusterIndex
from backfile.index.engines.opensearch.connection import is_read_only, read_only, retrying
from backfile.index.engines.opensearch.document_source import bulk_lines, delete_line
from backfile.index.engines.opensearch.position_tokens import PositionTokenizer
from backfile.index.engines.repeated_ids import RepeatedIds
from backfile.index.errors import ClusterBusy, SearchError

PATIENCE = 300.0
"""Seconds for which a writer waits for a cluster that is away or busy."""
_WORKERS = 3
_QUEUED = 2 * _WORKERS
_REQUEST_BYTES = 4 << 20
_TOKENIZED = 64  # documents tokenized together
_HELD_BACK = 8 << 20  # bytes of the first documents, which are sent only once so many are there or all are read


class BulkWriter:
    """Writer of documents into one index; `main` is its main language, `stories` are those that it is to have."""

    def __init__(self, index: ClusterIndex, physical: str, main: str, stories: Mapping[str, str]) -> None:
        self._index = index
        self._path = f"/{physical}/_bulk"
        self._main, self._stories = main, stories
        self._tokenizer = PositionTokenizer()

    def put(self, items: Iterable[FingerprintedDocument]) -> set[str]:
        """Writes documents and returns their ids; of several with one id, the last counts."""
        ids = RepeatedIds()
        self._send(self._lines(ids.first(items)))
        self._send(self._lines(ids.again.values()))
        return ids.seen

    def delete(self, article_ids: Iterable[str]) -> None:
        """Deletes documents; unknown ids are ignored."""
        self._send(map(delete_line, article_ids))

    def _lines(self, items: Iterable[FingerprintedDocument]) -> Iterator[bytes]:
        source = iter(items)
        while some := list(islice(source, _TOKENIZED)):
            yield from bulk_lines(some, self._tokenizer, self._main, self._stories)

    def _send(self, lines: Iterable[bytes]) -> None:
        """Sends lines, some MB a request; the first ones when what is to follow did not fail."""
        held: list[bytes] = []
        with _senders(self._post) as send:
            first = True
            for request in _requests(lines):
                if first:
                    held.append(request)
                    if sum(map(len, held)) < _HELD_BACK:
                        continue
                    first = False
                    for each in held:
                        send(each)
                    held.clear()
                else:
                    send(request)
            for each in held:
                send(each)

    def _post(self, body: bytes) -> None:
        pending = body
        failures: list[str] = []

        def send() -> None:
            nonlocal pending
            pending, failed = self._outcome(pending, self._request(pending))
            failures.extend(failed)
            if pending:
                raise ClusterBusy("the cluster takes no more documents at the moment", hint="try again later")

        retrying(send, patience=PATIENCE)
        if failures:
            raise SearchError(f"OpenSearch did not take {len(failures)} of the articles: {failures[0]}")

    def _request(self, body: bytes) -> Any:
        headers = {"content-type": "application/x-ndjson"}
        params = {"filter_path": "errors,items.*.status,items.*.error,items.*._id"}
        return self._index.client.transport.perform_request(
            "POST", self._path, params=params, body=body, headers=headers
        )

    @staticmethod
    def _outcome(body: bytes, answer: Any) -> tuple[bytes, list[str]]:
        """Lines that the cluster had no room for, and the reasons why it refused others.

        Raises `ClusterReadOnly` for an index that takes nothing.
        """
        if not answer.get("errors"):
            return b"", []
        actions = list(_actions(body))
        busy: list[bytes] = []
        failed: list[str] = []
        for action, item in zip(actions, answer["items"], strict=True):
            (result,) = item.values()
            reason = str(result.get("error", {}).get("reason", ""))
            if result["status"] in (403, 429) and is_read_only(reason):
                raise read_only(reason)
            if result["status"] == 429 or result["status"] >= 500:
                busy.append(action)
            elif "error" in result:
                failed.append(f"{_article_of(action)}: {result['error'].get('reason', result['error'])}")
        return b"".join(busy), failed


def _actions(body: bytes) -> Iterator[bytes]:
    """Lines of a bulk request, the document with its action."""
    lines = iter(body.splitlines(keepends=True))
    for line in lines:
        yield line if line.startswith(b'{"delete"') else line + next(lines)


def _article_of(action: bytes) -> str:
    head, _, document = action.partition(b"\n")
    return str(json.loads(document)["path"]) if document else head.decode()


def _requests(lines: Iterable[bytes]) -> Iterator[bytes]:
    some: list[bytes] = []
    size = 0
    for line in lines:
        some.append(line)
        size += len(line)
        if size >= _REQUEST_BYTES:
            yield b"".join(some)
            some, size = [], 0
    if some:
        yield b"".join(some)


@contextmanager
def _senders(post: Callable[[bytes], None]) -> Iterator[Callable[[bytes], None]]:
    """Function that sends a request with some threads and waits while several are on their way.

    The error of one is raised at the next call, or at the end; then no more are sent.
    """
    pool = ThreadPoolExecutor(_WORKERS)
    running: set[Future[None]] = set()

    def send(body: bytes) -> None:
        nonlocal running
        if len(running) >= _QUEUED:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                each.result()
        running.add(pool.submit(post, body))

    try:
        yield send
        for each in running:
            each.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
