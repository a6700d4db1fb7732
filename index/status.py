"""State of an index and of its cluster, as `Engine.status` gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ClusterState:
    """State of the cluster that keeps an index: `health` is `green`, `yellow` (copies missing) or `red` (data missing).

    `shards` counts primary shards and their copies, `unassigned` those of both that no node has.
    """

    name: str
    version: str
    health: str
    nodes: int
    shards: int
    unassigned: int


@dataclass(frozen=True, slots=True)
class Status:
    """State of an index: searchable `documents`, and the `problems` (damage) that readers or verification found.

    `language_counts` maps each language, as the documents name it (`pt-BR`), to the number of documents in it.
    `cluster` is asked for with `verify` only. `copies` counts the documents that are another copy of a story than its
    first: without them there are `documents - copies` stories.
    """

    engine: str
    documents: int
    generation: int
    bytes: int
    languages: tuple[str, ...]
    stamp: str
    language_counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    cluster: ClusterState | None = None
    copies: int = 0
