"""Index on a cluster: the index behind an alias, its state, and requests to it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Lock
from typing import Any

from opensearchpy import NotFoundError, OpenSearch, RequestError

from backfile.index.deadline import Deadline
from backfile.index.engines.opensearch.index_mapping import FORMAT, IndexState, mapping, settings
from backfile.index.engines.options import EngineOptions
from backfile.index.errors import ClusterTimeout, ClusterUnavailable, IndexUnusable, QueryRefused, SearchError

PAGE = 5_000
"""Documents read at once by a walk through the index."""
_STATE_KEPT = 0.5  # seconds for which a state read before is taken for the newest; what is found is always the newest
_KEEP_OPEN = "2m"  # time that a walk may take between two requests
_GRACE = 0.5  # seconds, beyond its deadline, that a request may take to be answered


class ClusterIndex:
    """Index called `name` on a cluster: an alias of the index that is searched. Thread-safe."""

    def __init__(self, client: OpenSearch, name: str, options: EngineOptions) -> None:
        self.client = client
        self.name = name
        self._options = options
        self._state: tuple[IndexState | None, float] = (None, -_STATE_KEPT)
        self._lock = Lock()

    def state(self, *, newest: bool = False) -> IndexState | None:
        """State of the newest commit; None if there is no index.

        Raises `IndexUnusable` for an index of another program or format.
        """
        with self._lock:
            known, read_at = self._state
            if newest or time.monotonic() - read_at > _STATE_KEPT:
                known = self._read_state()
                self._state = known, time.monotonic()
        if known is not None:
            known.check_format()
        return known

    def is_outdated(self) -> bool:
        """Whether the index is one of Backfile in another format, which a writer builds anew."""
        state = self._read_state()
        return state is not None and state.format != FORMAT

    def _read_state(self) -> IndexState | None:
        try:
            found = self.client.indices.get_mapping(index=self.name, params={"filter_path": "*.mappings._meta"})
        except NotFoundError:
            return None
        # An index without `_meta` is left out of the answer.
        names = list(found) or list(self.client.indices.get(index=self.name))
        if len(names) != 1:
            raise IndexUnusable(
                f"{self.name} stands for several indices of the cluster: {', '.join(sorted(names))}",
                hint="remove the alias of all but one",
            )
        (name,) = names
        meta = found.get(name, {}).get("mappings", {}).get("_meta")
        return IndexState.of_meta(name, meta)

    def create(self, state: IndexState, *, alias: bool = True) -> None:
        """Creates the index of a state, searched under our name at once if `alias`."""
        body: dict[str, Any] = {
            "settings": settings(self._options.shards, self._replicas()),
            "mappings": mapping(state),
        }
        if alias:
            body["aliases"] = {self.name: {}}
        self.client.indices.create(index=state.index, body=body)
        self.forget_state()

    def _replicas(self) -> int:
        """Copies of each shard: no more than there are other nodes to hold them."""
        nodes = int(self.client.cluster.health(params={"filter_path": "number_of_data_nodes"})["number_of_data_nodes"])
        return min(self._options.replicas, max(nodes - 1, 0))

    def save_state(self, state: IndexState) -> None:
        """Makes all that was written to an index visible, and its state the newest."""
        answer = self.client.indices.refresh(index=state.index)
        _check_shards(answer)
        self.client.indices.put_mapping(index=state.index, body={"_meta": state.to_meta()})
        self.forget_state()

    def forget_state(self) -> None:
        """Makes the next call of `state` read it."""
        with self._lock:
            self._state = (None, -_STATE_KEPT)

    def swap(self, state: IndexState) -> None:
        """Makes another index the one that is searched, in one step, and deletes the one before."""
        before = list(self.client.indices.get_alias(name=self.name)) if self._has_alias() else []
        actions: list[dict[str, Any]] = [{"remove_index": {"index": each}} for each in before if each != state.index]
        actions.append({"add": {"index": state.index, "alias": self.name}})
        self.client.indices.update_aliases(body={"actions": actions})
        self.forget_state()

    def _has_alias(self) -> bool:
        return bool(self.client.indices.exists_alias(name=self.name))

    def search(self, body: dict[str, Any], deadline: Deadline | None = None) -> Any:
        """Answer of a search of all shards, never a part of it.

        Raises `DeadlineExceeded`, `QueryRefused` if the query stands for too many words, and `IndexUnavailable` if a
        shard did not answer.
        """
        params: dict[str, Any] = {} if "pit" in body else {"allow_partial_search_results": "false"}
        if deadline is not None:
            left = deadline.left()
            params |= {"timeout": f"{max(int(left * 1000), 1)}ms", "request_timeout": left + _GRACE}
        try:
            # As ASCII: the client would send a lone surrogate of a query as bytes that are no UTF-8.
            text = json.dumps(body, separators=(",", ":"))
            answer = self.client.search(index=None if "pit" in body else self.name, body=text, params=params)
        except ClusterTimeout as error:
            if deadline is None:
                raise
            raise deadline.exceeded() from error
        except RequestError as error:
            raise _refusal(str(error.info)) from error
        except ClusterUnavailable as error:
            if "maxClauseCount" in str(error):
                raise _refusal(str(error)) from error
            raise
        if deadline is not None and answer.get("timed_out"):
            raise deadline.exceeded()
        _check_shards(answer)
        return answer

    def walk(
        self, query: dict[str, Any], fields: list[str] | None = None, *, after: str | None = None
    ) -> Iterator[list[Any]]:
        """Hits of a query in the order of their ids, some thousands at a time, all of one commit.

        With `fields`, these doc values of theirs in place of what is stored.
        """
        opened = self.client.create_pit(index=self.name, params={"keep_alive": _KEEP_OPEN})["pit_id"]
        body: dict[str, Any] = {
            "query": query,
            "size": PAGE if fields else PAGE // 20,
            "sort": [{"id": "asc"}],
            "pit": {"id": opened, "keep_alive": _KEEP_OPEN},
            "track_total_hits": False,
        }
        if fields is not None:
            body |= {"_source": False, "docvalue_fields": fields}
        try:
            while hits := self.search(body)["hits"]["hits"]:
                yield hits
                body["search_after"] = hits[-1]["sort"]
        finally:
            self.client.delete_pit(body={"pit_id": [opened]})

    def all_hits(self, fields: list[str]) -> Iterator[Any]:
        """Every document with some doc values."""
        for hits in self.walk({"match_all": {}}, fields):
            yield from hits


def _check_shards(answer: Any) -> None:
    shards = answer.get("_shards", {})
    if shards.get("failed"):
        failures = shards.get("failures") or [{}]
        reason = failures[0].get("reason", {})
        raise ClusterUnavailable(
            f"{shards['failed']} of {shards['total']} shards did not answer: {reason.get('reason', reason)}",
            hint="`backfile check` shows the state of the cluster",
        )


def _refusal(reason: str) -> SearchError:
    """Error for a search that OpenSearch does not carry out."""
    if "too_many" in reason or "maxClauseCount" in reason:
        return QueryRefused(
            "the query stands for too many words at once", hint="use fewer words, or more letters before a `*`"
        )
    return SearchError(f"OpenSearch does not carry out the search: {reason[:300]}")


def next_state(state: IndexState, languages: tuple[str, ...], stamp: str) -> IndexState:
    """State after one more commit."""
    return replace(state, generation=state.generation + 1, languages=languages, stamp=stamp)
