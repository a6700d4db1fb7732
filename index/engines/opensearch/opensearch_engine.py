"""OpenSearch engine: the `Engine` protocol over an index on a cluster."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from threading import Lock, get_ident

from backfile.archive.errors import ArticleNotFound
from backfile.index.deadline import Deadline
from backfile.index.engine import (
    FACETS,
    MAX_DEPTH,
    Changes,
    Completions,
    Document,
    Facet,
    Fingerprint,
    FingerprintedDocument,
    Hit,
    Page,
    Request,
)
from backfile.index.engines.opensearch.bulk_writer import BulkWriter
from backfile.index.engines.opensearch.cluster_index import ClusterIndex, next_state
from backfile.index.engines.opensearch.connection import cluster_state, connect
from backfile.index.engines.opensearch.document_source import document_id, stored_document
from backfile.index.engines.opensearch.index_mapping import IndexState
from backfile.index.engines.opensearch.lease import WriteLease
from backfile.index.engines.opensearch.search.cluster_reader import ClusterReader, IndexStatistics, read_statistics
from backfile.index.engines.opensearch.search.page_search import search_page
from backfile.index.engines.opensearch.search.similar_articles import similar_articles
from backfile.index.engines.opensearch.search.suggestions import complete_query
from backfile.index.engines.options import NO_OPTIONS, EngineOptions
from backfile.index.errors import ClusterUnavailable, IndexUnusable
from backfile.index.periods import PeriodCounts
from backfile.index.status import Status

NAME = "opensearch"
_FETCHED = 200  # documents fetched by id at once
_FINGERPRINT = ["id", "path", "size", "mtime_ns", "digest"]


class OpenSearchEngine:
    """Index on the cluster of some options, which the first `write` or `lock` makes. Thread-safe.

    The client connects at first use. `folder` is not used.
    """

    def __init__(self, folder: Path | None = None, options: EngineOptions = NO_OPTIONS) -> None:
        self._options = options
        self._index: ClusterIndex | None = None
        self._lease: WriteLease | None = None
        self._closed = False
        self._opening = Lock()
        self._statistics: IndexStatistics | None = None
        self._rebuilding: tuple[int, ClusterIndex] | None = None  # the thread that builds the index anew, and the index

    def _connected(self) -> tuple[ClusterIndex, WriteLease]:
        with self._opening:
            if self._closed:
                raise IndexUnusable("the index was closed")
            if self._index is None or self._lease is None:
                client = connect(self._options)
                self._index = ClusterIndex(client, self._options.index, self._options)
                self._lease = WriteLease(client, self._options.index)
            return self._index, self._lease

    def _current(self) -> ClusterIndex:
        """Index that this thread reads: the one that it builds anew, or that of the alias."""
        index, _ = self._connected()
        if self._rebuilding and self._rebuilding[0] == get_ident():
            return self._rebuilding[1]
        return index

    def _reader(self, deadline: Deadline | None = None) -> ClusterReader | None:
        """Reader of the newest commit; None if there is no index yet."""
        index = self._current()
        state = index.state()
        if state is None:
            return None
        statistics = self._statistics
        if statistics is None or statistics.state != state:
            statistics = self._statistics = read_statistics(index, state, deadline)
        return ClusterReader(index, statistics, deadline)

    def search(self, request: Request) -> Page:
        """Page of a request on the newest commit; raises `QueryRefused` and `DeadlineExceeded`."""
        started = time.perf_counter()
        request.check_depth()
        reader = self._reader(Deadline(started, request.deadline))
        if reader is None:
            periods = PeriodCounts(request.periods) if request.periods else None
            return Page(0, (), tuple(Facet(name, (), 0) for name in FACETS), request.page, 0, 0.0, periods=periods)
        return search_page(reader, request, started)

    def complete(self, text: str, *, limit: int = 5) -> Completions:
        """Completions of the last word of `text`."""
        reader = self._reader()
        return complete_query(reader, text, limit) if reader else Completions()

    def more_like_this(self, article_id: str, *, limit: int = 5) -> tuple[Hit, ...]:
        """Articles that share this one's most characteristic terms, best first; raises `ArticleNotFound`."""
        document, reader = self.document(article_id), self._reader()
        return similar_articles(reader, document, limit) if reader else ()

    def document(self, article_id: str) -> Document:
        """Document as it was written; raises `ArticleNotFound`."""
        found = self._find([article_id])
        if not found:
            raise ArticleNotFound(f"there is no article {article_id!r} in the index")
        return found[0][0]

    def _find(self, article_ids: Sequence[str]) -> list[FingerprintedDocument]:
        """Documents with some ids, as far as there are any."""
        index = self._current()
        if index.state() is None:
            return []
        query = {"ids": {"values": list(map(document_id, article_ids))}}
        answer = index.search({"query": query, "size": len(article_ids), "track_total_hits": False})
        return [stored_document(hit) for hit in answer["hits"]["hits"]]

    def fingerprints(self) -> Mapping[str, tuple[str, Fingerprint]]:
        """Id → (path, fingerprint) of every document in the newest commit."""
        index = self._current()
        if index.state() is None:
            return {}
        found = {}
        for hit in index.all_hits(_FINGERPRINT):
            fields = hit["fields"]
            article_id, path, size, mtime_ns, digest = (fields[name][0] for name in _FINGERPRINT)
            found[article_id] = path, Fingerprint(size, mtime_ns, digest)
        return found

    def ids(self, start: int = 0, stop: int | None = None) -> Sequence[str]:
        """Ids in the order of their code points, from index `start` up to `stop`."""
        index = self._current()
        if index.state() is None or (stop is not None and stop <= start):
            return []
        if stop is None or stop > MAX_DEPTH:
            return [hit["fields"]["id"][0] for hit in index.all_hits(["id"])][start:stop]
        body = {
            "size": stop - start, "from": start, "sort": [{"id": "asc"}], "_source": False, "docvalue_fields": ["id"],
            "track_total_hits": False,
        }  # fmt: skip
        return [hit["fields"]["id"][0] for hit in index.search(body)["hits"]["hits"]]

    def write(self, changes: Changes, *, wait: float = 10.0) -> None:
        """Commits a batch as a whole, durably. Raises `IndexLocked`, `IndexUnusable`, `SearchError`."""
        with self.lock(wait=wait):
            self._write(changes)

    def _write(self, changes: Changes) -> None:
        index, (_, lease) = self._current(), self._connected()
        state = index.state(newest=True)
        if state is None:
            state = IndexState(_fresh_name(self._options.index), languages=changes.languages)
            index.create(state)
        known = _known_stories(index)
        stories = known if changes.stories is None else changes.stories
        writer = BulkWriter(index, state.index, next(iter(changes.languages), ""), stories)
        if state.languages[:1] != changes.languages[:1]:
            self._rewrite_documents_without_language(index, writer)
        put = writer.put(changes.put)
        dropped = set(changes.drop) - put
        touched = self._touched(changes.touch, dropped | put)
        writer.put(touched)
        moved = [each for each in known.keys() | stories.keys() if known.get(each) != stories.get(each)]
        regrouped = self._write_again(
            writer, [each for each in moved if each not in dropped | put | changes.touch.keys()]
        )
        writer.delete(dropped)
        state_after = next_state(state, changes.languages, changes.stamp)
        if put or dropped or touched or regrouped or state_after != next_state(state, state.languages, state.stamp):
            lease.check()
            index.save_state(state_after)
            self._statistics = None

    @staticmethod
    def _rewrite_documents_without_language(index: ClusterIndex, writer: BulkWriter) -> None:
        """Writes documents again whose stem keys are those of the main language."""
        for hits in index.walk({"term": {"language": ""}}):
            writer.put([stored_document(hit) for hit in hits])

    def _write_again(self, writer: BulkWriter, article_ids: Sequence[str]) -> int:
        """Writes documents again, whose stories are other ones; returns their number."""
        count = 0
        for start in range(0, len(article_ids), _FETCHED):
            count += len(writer.put(self._find(article_ids[start : start + _FETCHED])))
        return count

    def _touched(self, touch: Mapping[str, Fingerprint], others: set[str]) -> list[FingerprintedDocument]:
        """Documents with new fingerprints. They are written as a whole: their words are not kept apart."""
        wanted = [article_id for article_id in touch if article_id not in others]
        found = []
        for start in range(0, len(wanted), _FETCHED):
            documents = self._find(wanted[start : start + _FETCHED])
            found += [(document, touch[document.id]) for document, _ in documents]
        return found

    @contextmanager
    def lock(self, *, wait: float = 10.0) -> Iterator[None]:
        """Holds the write lock over a block. An index of another format is built anew in it, and swapped in at its end.

        Raises `IndexLocked`.
        """
        index, lease = self._connected()
        with lease.held(wait):
            if not self._rebuilding and index.is_outdated():
                with self._rebuilt(index):
                    yield
                return
            yield

    @contextmanager
    def _rebuilt(self, index: ClusterIndex) -> Iterator[None]:
        """New index that this thread fills over a block; readers keep the old one until its end."""
        state = IndexState(_fresh_name(self._options.index))
        index.create(state, alias=False)
        fresh = ClusterIndex(index.client, state.index, self._options)
        self._rebuilding = get_ident(), fresh
        try:
            yield
            index.swap(state)
        except BaseException:
            with suppress(ClusterUnavailable):  # the first error is to be told
                index.client.indices.delete(index=state.index)
            raise
        finally:
            self._rebuilding = None

    def status(self, *, verify: bool = False, rate: float | None = None) -> Status:
        """State of the index; with `verify` that of the cluster, which verifies its own checksums."""
        reader = self._reader()
        if reader is None:
            return Status(NAME, 0, 0, 0, (), "")
        state, statistics = reader.statistics.state, reader.statistics
        counts = {code: count for code, count in statistics.language_counts.items() if code}
        return Status(
            engine=NAME,
            documents=statistics.documents,
            generation=state.generation,
            bytes=self._bytes(reader.index),
            languages=state.languages,
            stamp=state.stamp,
            language_counts=counts,
            copies=statistics.copies,
            cluster=cluster_state(reader.index.client, self._options.index) if verify else None,
        )

    @staticmethod
    def _bytes(index: ClusterIndex) -> int:
        path = "_all.total.store.size_in_bytes"
        stats = index.client.indices.stats(index=index.name, metric="store", params={"filter_path": path})
        return int(stats["_all"]["total"]["store"]["size_in_bytes"])

    def close(self) -> None:
        """Closes the connections; harmless when called twice."""
        with self._opening:
            if self._index is not None:
                self._index.client.close()
            self._index, self._lease, self._closed = None, None, True


def _known_stories(index: ClusterIndex) -> dict[str, str]:
    """Stories of an index: id of each copy → id of its lead."""
    hits = chain.from_iterable(index.walk({"exists": {"field": "lead"}}, ["id", "lead"]))
    return {hit["fields"]["id"][0]: hit["fields"]["lead"][0] for hit in hits}


def _fresh_name(name: str) -> str:
    """Name of a new index, which no other has had."""
    return f"{name}-{time.strftime('%Y%m%d%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:8]}"
