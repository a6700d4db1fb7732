"""The Engine protocol and its data: what goes in (Document), what is asked (Request), what comes out (Page)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date as Day
from enum import StrEnum
from typing import Protocol

from backfile.archive.model import ArticleMetadata
from backfile.index.query import Node

FACETS = ("author", "topic", "year")
MAX_DEPTH = 10_000


@dataclass(frozen=True, slots=True)
class Document:
    """What an engine keeps of an article. `text` is plain text: the words a reader sees, blocks parted by newlines."""

    id: str
    path: str
    metadata: ArticleMetadata
    text: str


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells a changed file from an unchanged one: size in bytes, mtime in ns, and a digest of the content."""

    size: int
    mtime_ns: int
    digest: str


FingerprintedDocument = tuple[Document, Fingerprint]


@dataclass(frozen=True, slots=True)
class Changes:
    """One batch for `Engine.write`, committed as a whole.

    `put` adds or replaces by id; it may be a generator and is consumed once. `drop` holds ids; unknown ones are no
    error. `touch` renews fingerprints of documents that stay as they are. `languages` are the languages (ISO 639-1)
    whose word families the index knows; `stamp` is kept for the caller and given back by `status`.
    """

    put: Iterable[FingerprintedDocument] = ()
    drop: Sequence[str] = ()
    touch: Mapping[str, Fingerprint] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)
    stamp: str = ""


class Sort(StrEnum):
    """Orders of a result list; ties are broken by date (newest first), then by id."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Filters:
    """Facet values chosen beside the query: within a facet any of them, among facets all. Values are exact."""

    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    first: Day | None = None
    last: Day | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A search. `page` counts from 1; `deadline` is in seconds.

    `facet_size` values are given of each facet (None: all); with `all_years` the facet of years has them all.
    """

    query: Node
    filters: Filters = Filters()
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    per_page: int = 10
    passages: int = 3
    facet_size: int | None = 10
    all_years: bool = False
    deadline: float = 1.5

    def facet_limit(self, facet: str) -> int | None:
        """How many values of a facet are asked for; None: all."""
        return None if facet == "year" and self.all_years else self.facet_size


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class HighlightedText:
    """Plain text and the spans (start, end; code points; sorted, disjoint, not empty) of it that matched."""

    text: str
    spans: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        before = 0
        for start, end in self.spans:
            if not before <= start < end <= len(self.text):
                raise ValueError(f"spans must be sorted, disjoint and inside the text: {self.spans}")
            before = end


@dataclass(frozen=True, slots=True)
class FieldMatch:
    """What of a query stands in one field of a hit: the words as they are written there, and how often each.

    In title, summary and text these are the marked words in small letters, in the order in which they first occur; in
    author, topic and source the values that match.
    """

    field: str
    words: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One article found: what a result list shows of it. `matches` counts the marks the article page will show.

    `field_matches` say why it was found, field by field; there are none where no passages were asked for.
    """

    id: str
    metadata: ArticleMetadata
    title: HighlightedText
    score: float
    matches: int
    passages: tuple[HighlightedText, ...]
    field_matches: tuple[FieldMatch, ...] = ()


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet and how many articles of the result have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one facet, largest count first (years: latest first); `total` distinct values there are in all.

    Counts of a facet ignore the filters chosen in that same facet, so that a reader sees what one more tick would
    add; every other filter and the query count.
    """

    name: str
    values: tuple[FacetValue, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Page:
    """A finished answer. Holds no tie to the engine: it can be used after `close`."""

    total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    page: int
    pages: int
    took_ms: float
    suggestion: str | None = None
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completions:
    """What a half-typed query may become, each kind best first."""

    words: tuple[str, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """State of an index: searchable `documents`, and the `problems` that verification found.

    `language_counts` maps each language, as the documents name it (`pt-BR`), to the number of documents in it.
    """

    engine: str
    documents: int
    generation: int
    bytes: int
    languages: tuple[str, ...]
    stamp: str
    language_counts: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class Engine(Protocol):
    """An index of documents. Many readers, one writer; a reader sees whole commits only.

    Every method may raise `IndexUnusable`; after `close` every method raises it.
    """

    def search(self, request: Request) -> Page:
        """Answers a request from the newest commit. A page past the end has no hits and the true total.

        Raises `QueryRefused` beyond the bounds (page × per_page > MAX_DEPTH), `DeadlineExceeded` when time is up.
        """

    def document(self, article_id: str) -> Document:
        """The document as it was written; raises `ArticleNotFound`."""

    def fingerprints(self) -> Mapping[str, tuple[str, Fingerprint]]:
        """Id → (path, fingerprint) of every document in the newest commit."""

    def ids(self, start: int = 0, stop: int | None = None) -> Sequence[str]:
        """Ids of the newest commit in the order of their code points: those from index `start` up to `stop`.

        Indexes past the end give no ids. Costs as much as the range is long, however large the index.
        """

    def write(self, changes: Changes, *, wait: float = 10.0) -> None:
        """Commits a batch as a whole, durably; readers see it at their next call. Takes the write lock.

        Raises `IndexLocked` when another writer holds the index for longer than `wait` seconds.
        """

    def lock(self, *, wait: float = 10.0) -> AbstractContextManager[None]:
        """Holds the write lock over a block in which this thread reads, decides and writes.

        Raises `IndexLocked` as `write` does. The lock ends with its process.
        """

    def complete(self, text: str, *, limit: int = 5) -> Completions:
        """Words, titles, authors and topics of the archive that begin as the last word of `text` does."""

    def more_like_this(self, article_id: str, *, limit: int = 5) -> tuple[Hit, ...]:
        """Articles that share this one's most characteristic terms, best first; raises `ArticleNotFound`.

        The score is the sum of what those terms, as they are written, give by `index.ranking`, without bonuses.
        Nothing is marked; the passage is the beginning of the text.
        """

    def status(self, *, verify: bool = False) -> Status:
        """How the index stands; with `verify` every checksum is read and each failure listed."""

    def close(self) -> None:
        """Lets go of files and memory; harmless when called twice."""
