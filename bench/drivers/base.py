"""What every driver is asked and what it gives back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from backfile.index.engine import Document, Filters, Sort
from backfile.index.query import Node


@dataclass(frozen=True, slots=True)
class Question:
    """A search of the mix. `kind` names its row in the table; `query` uses words, phrases, prefixes, AND, OR, NOT."""

    kind: str
    query: Node
    filters: Filters = field(default_factory=Filters)
    sort: Sort = Sort.RELEVANCE


@dataclass(frozen=True, slots=True)
class Answer:
    """The same for all engines: exact count, ten ids, the ten largest values of each facet, a marked text a hit."""

    total: int
    ids: tuple[str, ...]
    facets: dict[str, list[tuple[str, int]]]
    passages: tuple[str, ...]


class Driver(Protocol):
    """`build` once in one process, then `open` and `answer` in another."""

    def __init__(self, folder: Path) -> None: ...

    def build(self, documents: Iterable[Document]) -> None:
        """Writes a searchable, committed index of the documents below the folder."""

    def open(self) -> None:
        """Gets ready to answer."""

    def answer(self, question: Question) -> Answer:
        """Top ten, exact count, three facets and ten marked passages."""
