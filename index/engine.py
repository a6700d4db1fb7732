"""Engine protocol and its values: `Document` goes in, `Request` asks, `Page` comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date as Day
from enum import StrEnum
from typing import Protocol

from backfile.archive.model import ArticleMetadata
from backfile.index.errors import QueryRefused
from backfile.index.periods import Period, PeriodCounts
from backfile.index.query import Node, Notice
from backfile.index.status import Status

FACETS = ("author", "topic", "year")
MAX_DEPTH = 10_000
MAX_NAMES = 4
MAX_COPIES = 10  # of a hit that are told one by one


@dataclass(frozen=True, slots=True)
class Document:
    """Article as an engine keeps it. `text` is the plain text that a reader sees, blocks separated by newlines."""

    id: str
    path: str
    metadata: ArticleMetadata
    text: str


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """State of a file: size in bytes, mtime in ns, and a digest of the content."""

    size: int
    mtime_ns: int
    digest: str


FingerprintedDocument = tuple[Document, Fingerprint]


@dataclass(frozen=True, slots=True)
class Changes:
    """One batch for `Engine.write`, committed as a whole.

    `put` adds or replaces by id; it may be a generator and is consumed once. `drop` holds ids; unknown ones are
    ignored. `touch` renews fingerprints of unchanged documents. `languages` are the languages (ISO 639-1) with
    stemming; `stamp` is the caller's and comes back in `Status`.

    `stories` maps the id of every article that is one of several copies of a story to the id of the story's lead, the
    lead's own included; all other articles are stories of their own. None leaves the stories as they are.
    """

    put: Iterable[FingerprintedDocument] = ()
    drop: Sequence[str] = ()
    touch: Mapping[str, Fingerprint] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)
    stamp: str = ""
    stories: Mapping[str, str] | None = None


class Sort(StrEnum):
    """Orders of a result list; ties are broken by date (newest first), then by id."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Filters:
    """Chosen facet values in any spelling: any of one facet, all facets together; `first`, `last` bound the date.

    With `ids` only these articles are searched; ids that no article has find nothing.
    """

    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    first: Day | None = None
    last: Day | None = None
    ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """Search request. `page` counts from 1; `deadline` is in seconds.

    With `relax`, articles with most of the words answer a query whose words no article has all together, and a
    sentence that few articles have (`index.query.relaxation`).

    The `facets` are counted, in the order of FACETS. Each gets at most `facet_size` values (None: all); with
    `all_years` the facet of years gets all. With `count_words` the page tells how many articles have each word. Without
    `highlight` hits have no matches and passages: a list of ids and metadata is found in half the time.

    `rank_of` is the id of an article whose position in the order is asked for (`Page.rank`).

    `periods`: count the articles by periods of this kind; with `occurrences` their matches and words as well.

    With `fold` a page has one hit a story: of the copies that match and pass the filters, the first in the order. Pages
    and their depth then count stories; totals and facets count articles as ever.

    With `documents`, hits carry their whole documents and are not highlighted. `count_matches` asks for `Page.matches`,
    `list_matches` for `Page.matches_by_article`.
    """

    query: Node
    filters: Filters = Filters()
    sort: Sort = Sort.RELEVANCE
    page: int = 1
    per_page: int = 10
    passages: int = 3
    facets: tuple[str, ...] = FACETS
    facet_size: int | None = 10
    all_years: bool = False
    deadline: float = 1.5
    relax: bool = False
    rank_of: str = ""
    count_words: bool = False
    highlight: bool = True
    periods: Period | None = None
    occurrences: bool = False
    fold: bool = False
    documents: bool = False
    count_matches: bool = False
    list_matches: bool = False

    def facet_limit(self, facet: str) -> int | None:
        """Number of values requested of a facet; None: all."""
        return None if facet == "year" and self.all_years else self.facet_size

    def check_depth(self) -> None:
        """Raises `QueryRefused` for a page outside the first MAX_DEPTH hits."""
        if self.page < 1 or self.per_page < 1 or self.page * self.per_page > MAX_DEPTH:
            raise QueryRefused(
                f"page {self.page} of {self.per_page} hits lies outside the first {MAX_DEPTH:,} hits",
                hint="narrow the search by another word, an author, a topic or a date",
            )


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
    """Matches of a query in one field of a hit, as (words, number of times).

    In title, summary and text: the highlighted words in lower case, in the order of their first occurrence. In
    author, topic and source: the matching values.
    """

    field: str
    words: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """Another copy of a hit's story: its id and fields, and the words that it has more and less than the hit.

    `added` and `removed` count words beyond the longest common subsequence; None if they were not compared, because
    the request has no passages or a text is longer than `index.copies.word_difference.MAX_COUNTED`.
    """

    id: str
    metadata: ArticleMetadata
    added: int | None = None
    removed: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """Article of a result list. `matches` counts the highlights that the article's page shows.

    Of a very long article only the beginning is searched for them, so that there may be more, or none.

    `field_matches` explain the hit field by field; they are empty when the request has no passages. `missing` are the
    words of a relaxed query, as typed, that the article lacks. With a `document`, which the request asked for, nothing
    is highlighted: `matches` is 0, and there are no passages.

    `copies` are the other copies of its story in the whole archive, whatever the query and the filters, the lead first,
    then by date and id; at most MAX_COPIES of `copy_count`. A request without `fold` gives none.
    """

    id: str
    metadata: ArticleMetadata
    title: HighlightedText
    score: float
    matches: int
    passages: tuple[HighlightedText, ...]
    field_matches: tuple[FieldMatch, ...] = ()
    missing: tuple[str, ...] = ()
    copies: tuple[Copy, ...] = ()
    copy_count: int = 0
    document: Document | None = None


@dataclass(frozen=True, slots=True)
class FacetValue:
    """Value of a facet and the number of articles of the result with it.

    All spellings of a name with the same `index.fields.facet_key` are one value: the one that most articles have.
    """

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Facet:
    """Values of one facet, largest count first (years: latest first); `total` counts all distinct values.

    Counts obey the query and every filter but those in the same facet, so that each shows what choosing it would add.
    """

    name: str
    values: tuple[FacetValue, ...]
    total: int


@dataclass(frozen=True, slots=True)
class NameMatch:
    """Author or topic whose name is the query (`index.fields.name_words`), with its number of articles."""

    facet: str
    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Relaxation of a query: hits have at least `required` of its `of` words, and `complete` articles have them all.

    Stop words are not counted. Phrases, patterns, fields, dates and exclusions hold for every hit.
    """

    required: int
    of: int
    complete: int = 0

    def notice(self) -> Notice:
        """Sentence about it."""
        values = (("required", self.required), ("of", self.of), ("complete", self.complete))
        if not self.required:
            return Notice("No article matches the whole search; these match it without its single words.", "relaxed")
        if self.complete:
            return Notice(
                "Few articles have all %(of)s words (%(complete)s); the others have at least %(required)s of them.",
                "relaxed",
                values,
            )
        if self.of == 2:
            return Notice("No article has both words; these have one of them.", "relaxed")
        return Notice("No article has all %(of)s words; these have at least %(required)s of them.", "relaxed", values)


@dataclass(frozen=True, slots=True)
class Page:
    """Page of a result. Independent of the engine: usable after `close`.

    `names` are the authors and topics whose name is the query, most articles first, at most MAX_NAMES; they count all
    articles of the archive, whatever the filters. `relaxed`: the query was relaxed. A page of chosen articles
    (`Filters.ids`) has no suggestion. `word_counts` (if asked for) has the words, phrases and patterns of the query as
    typed, each with the number of articles of the archive that have it, whatever the filters; those in a field or
    negated are left out.

    `rank` is the position (from 1) of the article `Request.rank_of` in the order of all hits; None if none was asked
    for, or if the article is not among the first MAX_DEPTH hits. With `Request.fold` it is that of the article's story.

    `periods` obey the query and all filters, and are none outside of the filter's dates.

    `total` counts articles. `stories` counts the stories among them, and `pages` those of stories, if the request
    folds; else `stories` is None.

    `matches` sums those of all hits, on this page or not, `matches_by_article` lists them by id, in no order: if the
    request asks for them and the engine knows them without reading the texts.
    """

    total: int
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    page: int
    pages: int
    took_ms: float
    suggestion: str | None = None
    notices: tuple[str, ...] = ()
    names: tuple[NameMatch, ...] = ()
    relaxed: Relaxed | None = None
    rank: int | None = None
    word_counts: tuple[tuple[str, int], ...] = ()
    periods: PeriodCounts | None = None
    stories: int | None = None
    matches: int | None = None
    matches_by_article: tuple[tuple[str, int], ...] | None = None


@dataclass(frozen=True, slots=True)
class Completions:
    """Completions of a partly typed query, each kind best first; titles as (id, title)."""

    words: tuple[str, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


class Engine(Protocol):
    """Index of documents for many readers and one writer. Readers see whole commits only.

    Every method may raise `IndexUnusable` and `IndexUnavailable`; after `close` every method raises it.
    """

    def search(self, request: Request) -> Page:
        """Page of a request on the newest commit. A page past the end has no hits and the true total.

        Raises `QueryRefused` beyond the bounds (page × per_page > MAX_DEPTH), `DeadlineExceeded` after the deadline.
        """

    def document(self, article_id: str) -> Document:
        """Document as it was written; raises `ArticleNotFound`."""

    def fingerprints(self) -> Mapping[str, tuple[str, Fingerprint]]:
        """Id → (path, fingerprint) of every document in the newest commit."""

    def ids(self, start: int = 0, stop: int | None = None) -> Sequence[str]:
        """Ids of the newest commit in the order of their code points, from index `start` up to `stop`.

        Indexes past the end give no ids. The cost is that of the range, not of the index.
        """

    def write(self, changes: Changes, *, wait: float = 10.0) -> None:
        """Commits a batch as a whole, durably; readers see it at their next call. Takes the write lock.

        Raises `IndexLocked` when another writer holds the index for longer than `wait` seconds.
        """

    def lock(self, *, wait: float = 10.0) -> AbstractContextManager[None]:
        """Holds the write lock over a block; `write` of the same thread needs no other. It ends with its process.

        Raises `IndexLocked` as `write` does.
        """

    def complete(self, text: str, *, limit: int = 5) -> Completions:
        """Completions of the last word of `text`; titles and names hold the words before it as well."""

    def more_like_this(self, article_id: str, *, limit: int = 5) -> tuple[Hit, ...]:
        """Articles that share this one's most characteristic terms, best first; raises `ArticleNotFound`.

        Copies of its own story are left out, and of those of another story all but the best. The score sums the BM25F
        scores of those terms in their exact form, without bonuses. Nothing is highlighted; the passage is the beginning
        of the text.
        """

    def status(self, *, verify: bool = False, rate: float | None = None) -> Status:
        """State of the index; `verify` reads every checksum and lists the failures.

        `rate` bounds that reading (bytes a second). Damage found by any reader before is among the problems until the
        index is set aside.
        """

    def close(self) -> None:
        """Releases files and memory; harmless when called twice."""
