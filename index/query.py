"""The query language: text → tree of frozen dataclasses → text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date as Day

MAX_CHARACTERS = 1_000
MAX_WORDS = 64
MAX_NESTING = 20


@dataclass(frozen=True, slots=True)
class Everything:
    """Every article: what an empty query asks for."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its family; with `exact` (`=Ferry`) this form only. `text` is one run as typed, e.g. `e-mail`."""

    text: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Exactly these words in this order; with `within` = n: all of them, any order, the outermost at most n apart."""

    text: str
    within: int | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """Words of the form `ferr*`, `f?rry`, `*` for any run, `?` for one letter; at least two letters before `*`."""

    text: str


@dataclass(frozen=True, slots=True)
class Fuzzy:
    """Words within `distance` edits (Damerau-Levenshtein, 1 or 2) of `text`, first letter kept."""

    text: str
    distance: int = 1


@dataclass(frozen=True, slots=True)
class Dates:
    """Articles whose date may lie between `first` and `last`, both included; None is open."""

    first: Day | None
    last: Day | None


@dataclass(frozen=True, slots=True)
class InField:
    """`node` looked for in one field only: title, text, summary, author, topic, source or lang."""

    field: str
    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """All of the nodes (two or more)."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the nodes (two or more)."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Articles that `node` does not find."""

    node: Node


Node = Everything | Word | Phrase | Pattern | Fuzzy | Dates | InField | And | Or | Not
