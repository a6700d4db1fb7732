"""Driver protocol of the comparison: question, answer, engine under test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from backfile.index.engine import Document, Filters, Sort
from backfile.index.query import Node


@dataclass(frozen=True, slots=True)
class Question:
    """Search of the mix: `kind` names its row; `query` has words, phrases, prefixes, AND, OR and NOT."""

    kind: str
    query: Node
    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.RELEVANCE


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of a question: exact count, ten ids, the ten largest values of each facet, a highlighted passage a hit."""

    total: int
    ids: tuple[str, ...]
    facets: dict[str, list[tuple[str, int]]]
    passages: tuple[str, ...]


class Driver(Protocol):
    """Engine under test: `build` runs in one process, `open` and `answer` in another."""

    def __init__(self, folder: Path) -> None: ...

    def build(self, documents: Iterable[Document]) -> None:
        """Indexes and commits the documents."""

    def open(self) -> None:
        """Opens the index for reading."""

    def answer(self, question: Question) -> Answer:
        """Ten best hits with passages, exact count and three facets."""
