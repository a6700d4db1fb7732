"""Naive engine: everything in memory, every document examined for every request.

Nothing outlives `close`. It is the oracle of the tests, and enough for a few hundred articles.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from backfile.archive.errors import ArticleNotFound
from backfile.index.analysis.normalization import fold
from backfile.index.analysis.tokenizer import tokenize
from backfile.index.copies.word_difference import count_difference
from backfile.index.engine import (
    MAX_COPIES,
    MAX_DEPTH,
    MAX_NAMES,
    Changes,
    Completions,
    Copy,
    Document,
    Facet,
    FacetValue,
    Filters,
    Fingerprint,
    HighlightedText,
    Hit,
    NameMatch,
    Page,
    Relaxed,
    Request,
    Sort,
)
from backfile.index.engines.options import NO_OPTIONS, EngineOptions
from backfile.index.errors import DeadlineExceeded, IndexLocked, IndexUnusable, QueryRefused
from backfile.index.fields import CONTENT_FIELDS, DEFAULT_FIELDS, facet_key, name_words, spelling_rank, values
from backfile.index.highlight.highlighter import Highlighter, Highlights
from backfile.index.highlight.hits import agreed_highlights, build_hit
from backfile.index.query import (
    DateRange,
    Node,
    RelaxedQuery,
    Word,
    parse,
    plain_terms,
    plain_text,
    relax,
    required_words,
)
from backfile.index.ranking.bm25f import idf
from backfile.index.ranking.spelling import CORRECTED_BELOW, WRITTEN_IN, correct_query, nearest_word, written_form
from backfile.index.status import Status
from oracle.naive_periods import count_periods
from oracle.naive_search import NaiveDocument, NaiveSearcher

_CHARACTERISTIC = 20  # terms of a query for similar articles


@dataclass(frozen=True)
class _State:
    """One commit."""

    documents: Mapping[str, NaiveDocument] = field(default_factory=dict)
    fingerprints: Mapping[str, Fingerprint] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)
    stamp: str = ""
    generation: int = 0
    stories: Mapping[str, str] = field(default_factory=dict)

    def lead(self, article_id: str) -> str:
        """Id of the lead of an article's story; a text that is no id for one without copies."""
        return self.stories.get(article_id, f"alone\0{article_id}")


class MemoryEngine:
    """An `Engine` that keeps its documents in memory; `folder` is not used."""

    def __init__(self, folder: Path | None = None, _: EngineOptions = NO_OPTIONS) -> None:
        self._committed: _State | None = _State()
        self._writing = threading.RLock()

    @property
    def _state(self) -> _State:
        if self._committed is None:
            raise IndexUnusable("the index is closed")
        return self._committed

    def search(self, request: Request) -> Page:
        """Answers a request from the newest commit."""
        began, state = time.perf_counter(), self._state
        if request.page < 1 or request.per_page < 1 or request.page * request.per_page > MAX_DEPTH:
            raise QueryRefused(
                f"only the first {MAX_DEPTH:,} hits can be shown", hint="Narrow the search or sort it another way."
            )
        searcher = NaiveSearcher(tuple(state.documents.values()), state.languages)
        candidates = _in_time(state.documents.values(), request.deadline)
        found = [words for words in candidates if searcher.finds(request.query, words)]
        answer = _Answer(state, request, found, searcher)
        relaxed = _relaxed(answer, searcher) if request.relax else None
        return (relaxed or answer).page(began)

    def document(self, article_id: str) -> Document:
        """Document as it was written."""
        return self._words(article_id).document

    def fingerprints(self) -> Mapping[str, tuple[str, Fingerprint]]:
        """Id → (path, fingerprint) of every document."""
        state = self._state
        return {key: (words.document.path, state.fingerprints[key]) for key, words in state.documents.items()}

    def ids(self, start: int = 0, stop: int | None = None) -> Sequence[str]:
        """Ids in the order of their code points."""
        return sorted(self._state.documents)[start:stop]

    def write(self, changes: Changes, *, wait: float = 10.0) -> None:
        """Commits a batch as a whole: drops, then puts, then touches."""
        with self.lock(wait=wait):
            self._committed = _after(self._state, changes)

    @contextmanager
    def lock(self, *, wait: float = 10.0) -> Iterator[None]:
        """Holds the write lock over a block."""
        self._state  # noqa: B018 - raises when closed
        if not self._writing.acquire(timeout=max(wait, 0)):
            raise IndexLocked("another writer is at work", hint="Try again when it is done.")
        try:
            yield
        finally:
            self._writing.release()

    def complete(self, text: str, *, limit: int = 5) -> Completions:
        """Completions of the last word of `text`; titles and names must have the words before it as well."""
        state = self._state
        typed = [token.term for token in tokenize(text)]
        if not typed:
            return Completions()
        documents = sorted((words.document for words in state.documents.values()), key=_newest)
        titled = [
            (document.id, document.metadata.title) for document in documents if _begins(document.metadata.title, typed)
        ]
        words = Counter(
            {word: count for word, count in _vocabulary(state, CONTENT_FIELDS).items() if word.startswith(typed[-1])}
        )
        completions = sorted(words, key=lambda word: (-words[word], word))
        counted = (_count_values(documents, documents, facet) for facet in ("author", "topic"))
        found = ({name: count for name, count in counts.items() if _begins(name, typed)} for counts in counted)
        names = [sorted(counts, key=lambda name: (-counts[name], name))[:limit] for counts in found]
        forms = tuple(_written(state, term) for term in completions[:limit])
        return Completions(forms, tuple(titled[:limit]), *map(tuple, names))

    def more_like_this(self, article_id: str, *, limit: int = 5) -> tuple[Hit, ...]:
        """Articles that share this one's most characteristic terms, best first, as `Engine.similar` says."""
        words, state = self._words(article_id), self._state
        vocabulary = _vocabulary(state, CONTENT_FIELDS)
        characteristic = _characteristic_words(words, vocabulary, len(state.documents))
        documents = list(state.documents.values())
        searcher = NaiveSearcher(documents, state.languages)
        scored = [
            (sum(searcher.likeness(word, other, CONTENT_FIELDS) for word in characteristic), other)
            for other in documents
        ]
        own = state.lead(article_id)
        found = [(score, other) for score, other in scored if score > 0 and state.lead(other.document.id) != own]
        found.sort(key=lambda item: (-item[0], *_newest(item[1].document)))
        found = _folded(state, found)
        return tuple(build_hit(other.document, Highlights(), score=score, limit=1) for score, other in found[:limit])

    def status(self, *, verify: bool = False, rate: float | None = None) -> Status:
        """State of the index; in memory nothing can be damaged."""
        state = self._state
        languages = Counter(
            words.document.metadata.language for words in state.documents.values() if words.document.metadata.language
        )
        copies = len(state.documents) - len(set(map(state.lead, state.documents)))
        numbers = (len(state.documents), state.generation, 0)
        return Status("memory", *numbers, state.languages, state.stamp, languages, copies=copies)

    def close(self) -> None:
        """Forgets everything."""
        self._committed = None

    def _words(self, article_id: str) -> NaiveDocument:
        try:
            return self._state.documents[article_id]
        except KeyError:
            raise ArticleNotFound(f"no article {article_id!r} in the index") from None


def _after(state: _State, changes: Changes) -> _State:
    documents, fingerprints = dict(state.documents), dict(state.fingerprints)
    arriving = list(changes.put)
    for article_id in changes.drop:
        documents.pop(article_id, None)
        fingerprints.pop(article_id, None)
    for document, fingerprint in arriving:
        documents[document.id] = NaiveDocument(document)
        fingerprints[document.id] = fingerprint
    fingerprints |= {key: fingerprint for key, fingerprint in changes.touch.items() if key in documents}
    given = state.stories if changes.stories is None else changes.stories
    stories = {article_id: lead for article_id, lead in given.items() if article_id in documents}
    return _State(documents, fingerprints, changes.languages, changes.stamp, state.generation + 1, stories)


def _folded(state: _State, ranked: Sequence[tuple[float, NaiveDocument]]) -> list[tuple[float, NaiveDocument]]:
    """First of each story."""
    first: dict[str, tuple[float, NaiveDocument]] = {}
    for each in ranked:
        first.setdefault(state.lead(each[1].document.id), each)
    return list(first.values())


def _in_time(documents: Iterable[NaiveDocument], deadline: float) -> Iterator[NaiveDocument]:
    end = time.perf_counter() + deadline
    for words in documents:
        if time.perf_counter() > end:
            raise DeadlineExceeded(f"the search took longer than {deadline:g} seconds", hint="Ask for less at once.")
        yield words


@dataclass(frozen=True)
class _Answer:
    """Answer to one request, from the documents that match before any filter."""

    state: _State
    request: Request
    found: Sequence[NaiveDocument]
    searcher: NaiveSearcher
    query: RelaxedQuery | None = None
    relaxed: Relaxed | None = None

    @property
    def marked(self) -> Node:
        """Query that marks what matches."""
        if self.query is None or self.relaxed is None:
            return self.request.query
        return self.query.any_word if self.relaxed.required else self.query.rest

    def page(self, began: float) -> Page:
        request = self.request
        filtered = self.filtered()
        kept = sorted(zip(self._scores(filtered), filtered, strict=True), key=self._order())
        shown = _folded(self.state, kept) if request.fold else kept
        start = (request.page - 1) * request.per_page
        is_counted = request.count_matches or request.list_matches
        counts = {words.document.id: self._highlights(words).count for words in filtered if is_counted}
        hits = tuple(self._hit(words, score) for score, words in shown[start : start + request.per_page])
        return Page(
            total=len(kept),
            stories=len(shown) if request.fold else None,
            hits=hits,
            facets=tuple(self._facet(name) for name in request.facets),
            page=request.page,
            pages=math.ceil(len(shown) / request.per_page),
            took_ms=(time.perf_counter() - began) * 1000,
            suggestion=self._suggestion() if self._is_corrected(len(kept)) else None,
            names=self._names(),
            relaxed=self.relaxed,
            rank=self._rank([words.document.id for _, words in shown[:MAX_DEPTH]]),
            word_counts=tuple(self._count_words()) if request.count_words else (),
            periods=count_periods(request, filtered, self.searcher),
            matches=sum(counts.values()) if request.count_matches else None,
            matches_by_article=tuple(counts.items()) if request.list_matches else None,
        )

    def _rank(self, ids: Sequence[str]) -> int | None:
        if self.request.fold and self.request.rank_of in self.state.documents:
            leads = list(map(self.state.lead, ids))
            wanted = self.state.lead(self.request.rank_of)
            return leads.index(wanted) + 1 if wanted in leads else None
        return ids.index(self.request.rank_of) + 1 if self.request.rank_of in ids else None

    def _is_corrected(self, total: int) -> bool:
        return self._complete(total) < CORRECTED_BELOW and not self.request.filters.ids

    def _count_words(self) -> Iterator[tuple[str, int]]:
        for node in dict.fromkeys(plain_terms(self.request.query)):
            yield node.text, sum(self.searcher.finds(node, words) for words in self.state.documents.values())

    def _names(self) -> tuple[NameMatch, ...]:
        documents = [words.document for words in self.state.documents.values()]
        asked = name_words(plain_text(self.request.query))
        found = [
            NameMatch(facet, value, count)
            for facet in ("author", "topic")
            for value, count in sorted(_count_values(documents, documents, facet).items())
            if asked and name_words(value) == asked
        ]
        return tuple(sorted(found, key=lambda each: -each.count)[:MAX_NAMES])

    def _complete(self, total: int) -> int:
        return self.relaxed.complete if self.relaxed else total

    def filtered(self, *, but: str = "") -> list[NaiveDocument]:
        """Documents that pass every filter but those of one facet."""
        return [words for words in self.found if _passes(words.document, self.request.filters, but)]

    def _scores(self, found: Sequence[NaiveDocument]) -> list[float]:
        if self.request.sort is not Sort.RELEVANCE:
            return [0.0] * len(found)
        if self.query:
            return self.searcher.relaxed_scores(self.query, self.marked, found)
        return self.searcher.scores(self.request.query, found)

    def _order(self) -> Callable[[tuple[float, NaiveDocument]], tuple[object, ...]]:
        def key(scored: tuple[float, NaiveDocument]) -> tuple[object, ...]:
            score, document = scored[0], scored[1].document
            match self.request.sort:
                case Sort.RELEVANCE:
                    return -score, *_newest(document)
                case Sort.OLDEST:
                    return document.metadata.date is None, _day(document), document.id
                case Sort.TITLE:
                    return fold(document.metadata.title), *_newest(document)
            return _newest(document)

        return key

    def _hit(self, words: NaiveDocument, score: float) -> Hit:
        if self.request.highlight:
            hit = build_hit(words.document, self._highlights(words), score=score, limit=self.request.passages)
        else:
            hit = build_hit(words.document, Highlights(), score=score, limit=0)
        if self.request.documents:
            plain = HighlightedText(words.document.metadata.title)
            hit = replace(hit, title=plain, matches=0, passages=(), field_matches=(), document=words.document)
        wanted = self.query.words if self.query else ()
        hit = replace(hit, missing=tuple(word.text for word in wanted if not self.searcher.finds(word, words)))
        return self._with_copies(hit) if self.request.fold else hit

    def _with_copies(self, hit: Hit) -> Hit:
        lead, documents = self.state.lead(hit.id), self.state.documents
        others = [documents[each].document for each in documents if self.state.lead(each) == lead and each != hit.id]
        others.sort(key=lambda each: (each.id != lead, each.metadata.date is None, _day(each), each.id))
        text, compared = documents[hit.id].document.text, self.request.passages > 0
        copies = [
            Copy(each.id, each.metadata, *((count_difference(text, each.text) if compared else None) or (None, None)))
            for each in others[:MAX_COPIES]
        ]
        return replace(hit, copies=tuple(copies), copy_count=len(others))

    def _highlights(self, words: NaiveDocument) -> Highlights:
        return agreed_highlights(self._highlighter.highlight(words.document), self.marked, words.document)

    @cached_property
    def _highlighter(self) -> Highlighter:
        return Highlighter(self.marked, self.state.languages)

    def _facet(self, name: str) -> Facet:
        documents = [words.document for words in self.filtered(but=name)]
        counts = _count_values(documents, [words.document for words in self.state.documents.values()], name)
        by_count = sorted(counts, key=lambda value: (-counts[value], value))
        ordered = sorted(counts, key=int, reverse=True) if name == "year" else by_count
        values = tuple(FacetValue(value, counts[value]) for value in ordered[: self.request.facet_limit(name)])
        return Facet(name, values, len(counts))

    def _suggestion(self) -> str | None:
        vocabulary = _vocabulary(self.state)

        def best(term: str) -> str | None:
            if any(self.searcher.finds(Word(term), words) for words in self.state.documents.values()):
                return None
            found = nearest_word(term, vocabulary.items())
            return _written(self.state, found) if found else None

        corrected = correct_query(self.request.query, best)
        if corrected is None:
            return None
        tree, complete = parse(corrected).tree, self._complete(len(self.filtered()))
        if len(self._filtered_with(tree)) > complete:
            return corrected
        better = not complete and self.request.relax and self._most_words(tree) > self._most_words(self.request.query)
        return corrected if better else None

    def _filtered_with(self, node: Node) -> list[NaiveDocument]:
        found = [words for words in self.state.documents.values() if self.searcher.finds(node, words)]
        return replace(self, found=found).filtered()

    def _most_words(self, node: Node) -> int:
        query = relax(node, self.searcher.languages)
        if query is None:
            return 0
        return max((self.searcher.count(query, words) for words in self._filtered_with(query.rest)), default=0)


def _relaxed(answer: _Answer, searcher: NaiveSearcher) -> _Answer | None:
    """Answer with most of the words; None if the query is not relaxed, or no more documents are found so."""
    request, complete = answer.request, len(answer.filtered())
    query = relax(request.query, searcher.languages)
    if query is None or not query.applies(complete):
        return None
    allowed = [words for words in answer.state.documents.values() if searcher.finds(query.rest, words)]
    others = replace(answer, found=[words for words in allowed if words not in answer.found]).filtered()
    counts = [searcher.count(query, words) for words in others]
    required = required_words(max(counts, default=0), len(query.words), least=0 if query.may_lack_all else 1)
    if required is None:
        return None
    found = [
        words
        for words in answer.state.documents.values()
        if words in answer.found or (words in allowed and searcher.count(query, words) >= required)
    ]
    relaxed = replace(answer, found=found, query=query, relaxed=Relaxed(required, len(query.words), complete))
    return relaxed if len(relaxed.filtered()) > complete else None


def _facet_values(document: Document, name: str) -> tuple[str, ...]:
    match name:
        case "author":
            return document.metadata.authors
        case "topic":
            return document.metadata.topics
    return (str(document.metadata.date.year),) if document.metadata.date else ()


def _count_values(documents: Sequence[Document], archive: Sequence[Document], name: str) -> Counter[str]:
    """Documents with each value of a facet, all spellings of a name together under the one most used in an archive."""
    spellings = Counter(value for document in archive for value in set(_facet_values(document, name)))
    shown: dict[str, str] = {}
    for value in sorted(spellings, key=lambda value: (-spellings[value], spelling_rank(value))):
        shown.setdefault(facet_key(name, value), value)
    keys = (key for document in documents for key in _keys(name, _facet_values(document, name)))
    return Counter(shown[key] for key in keys)


def _keys(facet: str, names: Sequence[str]) -> set[str]:
    return {facet_key(facet, name) for name in names}


def _passes(document: Document, filters: Filters, but: str) -> bool:
    authors, topics = _keys("author", document.metadata.authors), _keys("topic", document.metadata.topics)
    by_author = but == "author" or not filters.authors or bool(authors & _keys("author", filters.authors))
    by_topic = but == "topic" or not filters.topics or bool(topics & _keys("topic", filters.topics))
    undated = filters.first is None and filters.last is None
    by_date = but == "year" or undated or DateRange(filters.first, filters.last).overlaps(document.metadata.date)
    by_id = not filters.ids or document.id in filters.ids
    return by_author and by_topic and by_date and by_id


def _day(document: Document) -> int:
    return document.metadata.date.first.toordinal() if document.metadata.date else 0


def _newest(document: Document) -> tuple[int, str]:
    """Sorts by the first day that the date may mean, latest first, undated last; then by id."""
    return -_day(document), document.id


def _begins(text: str, typed: Sequence[str]) -> bool:
    """Whether a text has a word with the last typed one as prefix, and every other typed word."""
    terms = [token.term for token in tokenize(text)]
    return any(term.startswith(typed[-1]) for term in terms) and set(typed[:-1]) <= set(terms)


def _vocabulary(state: _State, fields: Sequence[str] = DEFAULT_FIELDS) -> Counter[str]:
    """Term → number of documents that have it in one of some fields."""
    return Counter(term for words in state.documents.values() for term in _terms(words, fields))


def _written(state: _State, term: str) -> str:
    """Form in which the newest documents write a term."""
    having = sorted(
        (words.document for words in state.documents.values() if term in _terms(words, DEFAULT_FIELDS)), key=_newest
    )
    texts = [text for document in having[:WRITTEN_IN] for field in DEFAULT_FIELDS for text in values(document, field)]
    return written_form(term, texts)


def _terms(words: NaiveDocument, fields: Sequence[str]) -> set[str]:
    return {token.term for field in fields for value in words.values[field] for token in value}


def _characteristic_words(words: NaiveDocument, vocabulary: Mapping[str, int], documents: int) -> list[Word]:
    """Words of a document with the highest frequency × idf, among those that another document has too."""
    counts = Counter(token.term for field in ("title", "text") for value in words.values[field] for token in value)
    worth = {
        term: count * idf(vocabulary[term], documents)
        for term, count in counts.items()
        if vocabulary[term] > 1 and len(term) >= 3 and term.isalpha()
    }
    return [Word(term, exact=True) for term in sorted(worth, key=lambda term: (-worth[term], term))[:_CHARACTERISTIC]]
