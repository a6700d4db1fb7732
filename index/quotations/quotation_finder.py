"""Finder of quotations: the articles that have a passage word for word or nearly, on any engine.

Candidates come from two searches: for the quotation as a phrase, and for its rarest pairs of neighbouring words, some
of which survive changes. Their texts are aligned with the quotation. docs/decisions/quotations.md gives the figures.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import combinations
from typing import NamedTuple

from backfile.archive.errors import ArticleNotFound
from backfile.index.analysis.stop_words import stop_word_languages, stop_words
from backfile.index.analysis.tokenizer import UNSPACED_CHARACTER, find_raw_tokens, fold
from backfile.index.deadline import Deadline
from backfile.index.engine import Document, Engine, Page, Request, Sort
from backfile.index.errors import DeadlineExceeded, QueryRefused
from backfile.index.fields import CONTENT_FIELDS, values
from backfile.index.highlight.token_table import MAX_COST, affordable_part
from backfile.index.query import And, InField, Node, Or, Phrase, Word, normalize
from backfile.index.quotations.alignment import Alignment, Guess, align, align_verbatim, guess_places
from backfile.index.quotations.word_stream import ELLIPSIS, Quotation, WordStream, rough_span, rough_words

MAX_QUOTATION = 2_000
"""Characters of a quotation."""

NEARLY = 0.6
"""Similarity from which on a passage is nearly the quotation."""

_BESIDE = 0.8  # that of a passage beside one that is the quotation word for word
_SHORTEST_NEARLY = 3  # words; fewer are quoted word for word or not at all
_CANDIDATES = 20  # articles of each search that are read
_ALIGNED = 8  # of those without the quotation as it is, the most promising that are aligned
_LEAST_SHARE = 0.25
_MOST_SHARED = 0.8
_LEAST_SCORE = 0.35  # of the score of the first hit, for another to be read
_SHORT_TEXT = 20_000  # characters, which cost less than MAX_COST whatever they are
_CHUNK = 12  # words of a phrase
_CHUNKS = 6
_COUNTED = 32  # words whose articles are counted
_LONGEST_WORD = 64
_GOOD = 0.7  # similarity with which the first pairs suffice
# Pairs of a search: how many at most, and articles with their rarer words together, which are what they cost.
_FIRST_PAIRS = (8, 25_000)
_FURTHER_PAIRS = (8, 100_000)
_RAREST = 4  # words that are looked for near one another, three at a time
_SWAPPED = 4  # words that may stand between them beyond the length of the quotation
_EVERYWHERE = 1 << 30
_LONGER = 4  # words of the phrases that are looked for next
_LEAST_PAIRS = 3


class Verdict(StrEnum):
    """Finding on a quotation: `VERBATIM` word for word, with what ellipses leave out; else `NEARLY` or `NOT_FOUND`."""

    VERBATIM = "verbatim"
    NEARLY = "nearly"
    NOT_FOUND = "not found"


class QuotationOrder(StrEnum):
    """Orders of articles with a quotation; those that have it word for word come first in both."""

    BEST = "best"
    EARLIEST = "earliest"


@dataclass(frozen=True)
class QuotationMatch:
    """Passage of an article that answers to a quotation, in one of CONTENT_FIELDS, whose `text` it is part of."""

    document: Document
    field: str
    text: str
    stream: WordStream
    alignment: Alignment

    @property
    def verdict(self) -> Verdict:
        """Whether the passage is the quotation."""
        return Verdict.VERBATIM if self.alignment.verbatim else Verdict.NEARLY

    @property
    def percent(self) -> int:
        """Similarity in percent, 100 only if the passage is the quotation word for word."""
        return int(self.alignment.similarity * 100)


@dataclass(frozen=True)
class QuotationReport:
    """Finding on a quotation, with the best matches first.

    `articles`: number of articles that have it word for word; of more than are compared, those that have its words as a
    phrase. `is_cut`: only the beginning of an article was compared, since it is very long.
    """

    quotation: Quotation
    matches: tuple[QuotationMatch, ...]
    articles: int
    took_ms: float
    is_cut: bool = False

    @property
    def verdict(self) -> Verdict:
        """Best verdict of a match."""
        return self.matches[0].verdict if self.matches else Verdict.NOT_FOUND


def find_quotation(
    engine: Engine, text: str, *, order: QuotationOrder = QuotationOrder.BEST, deadline: float = 1.5
) -> QuotationReport:
    """Finds a quotation. Signs of the query language in it are plain text. `deadline` is in seconds.

    Raises `QueryRefused` for a text longer than MAX_QUOTATION, `DeadlineExceeded`, and the errors of the engine.
    """
    started = time.perf_counter()
    if len(text) > MAX_QUOTATION:
        raise QueryRefused(
            f"the quotation has {len(text):,} characters; at most {MAX_QUOTATION:,} can be looked for",
            hint="look for its beginning, or for a part of it",
        )
    quotation = Quotation.of(text)
    if not quotation.parts:
        return QuotationReport(quotation, (), 0, 0.0)
    limit = Deadline(started, deadline)
    finder = _Finder(engine, quotation, order, limit)
    try:
        matches = finder.find()
    except DeadlineExceeded as error:  # of a search, which had only what was left of the time
        raise limit.exceeded() from error
    took = (time.perf_counter() - started) * 1000
    return QuotationReport(quotation, tuple(matches), finder.articles, took, finder.is_cut)


class _Guessed(NamedTuple):
    """Field and text of an article, and the likely places of the quotation in it."""

    field: str
    text: str
    guess: Guess


class _Finder:
    """Search for one quotation."""

    def __init__(self, engine: Engine, quotation: Quotation, order: QuotationOrder, deadline: Deadline) -> None:
        self._engine, self._quotation, self._order, self._deadline = engine, quotation, order, deadline
        self._matches: dict[str, QuotationMatch | None] = {}  # by id; None: read, and not found in it
        self.articles = 0
        self.is_cut = False

    def find(self) -> list[QuotationMatch]:
        """All matches among the candidates, the best first."""
        page = self._search(_phrases(self._quotation.text), earliest=self._order is QuotationOrder.EARLIEST)
        self._read(page, phrases=True)
        verbatim = sum(match.alignment.verbatim for match in self._found())
        self.articles = page.total if page.total > _CANDIDATES and len(self._quotation.parts) == 1 else verbatim
        if len(self._found()) < _CANDIDATES and len(self._quotation.stream.words) >= _SHORTEST_NEARLY:
            self._find_near()
        found = self._found()
        least = _BESIDE if any(match.alignment.verbatim for match in found) else NEARLY
        return sorted((match for match in found if match.alignment.similarity >= least), key=self._rank)

    def _found(self) -> list[QuotationMatch]:
        return [match for match in self._matches.values() if match is not None]

    def _find_near(self) -> None:
        """Looks for the rarest pairs of neighbouring words, then for the rarest words anywhere near one another."""
        words = [_words(part) for part in ELLIPSIS.split(self._quotation.text)]
        counts = self._count([word for part in words for word in part])
        pairs = tuple(map(Phrase, _affordable(_neighbours(words, counts, 2), *_FIRST_PAIRS)))
        if pairs:
            self._read(self._search(InField("text", normalize(Or(pairs)))))
        if not any(match.alignment.similarity >= _GOOD for match in self._found()):
            rarest = sorted((word for word in counts if 0 < counts[word] < _EVERYWHERE), key=counts.__getitem__)
            reach = sum(map(len, words)) + _SWAPPED
            groups = (Phrase(" ".join(three), reach) for three in combinations(rarest[:_RAREST], 3))
            further = _affordable(_neighbours(words, counts, _LONGER), *_FURTHER_PAIRS)
            if chosen := (*groups, *map(Phrase, further), *pairs):
                self._read(self._search(normalize(Or(chosen))))

    def _search(self, query: Node, *, earliest: bool = False) -> Page:
        return self._engine.search(
            Request(
                query,
                sort=Sort.OLDEST if earliest else Sort.RELEVANCE,
                per_page=_CANDIDATES,
                highlight=False,
                facets=(),
                deadline=self._deadline.left(),
            )
        )

    def _count(self, words: Sequence[str]) -> dict[str, int]:
        """Number of articles with each word; those not counted (stop words, words beyond _COUNTED) count as common."""
        counts = dict.fromkeys(words, _EVERYWHERE)
        stop_words = _stop_words(words)
        rare = [word for word in counts if fold(word) not in stop_words]
        asked = sorted(rare, key=len, reverse=True)[:_COUNTED]
        if not asked:
            return counts
        query = normalize(Or(tuple(Word(word, exact=True) for word in asked)))
        request = Request(query, sort=Sort.NEWEST, per_page=1, highlight=False, facets=(), count_words=True)
        page = self._engine.search(replace(request, deadline=self._deadline.left()))
        return counts | dict(page.word_counts)

    def _read(self, page: Page, *, phrases: bool = False) -> None:
        """Compares the articles of a page with the quotation, those that share most of its words in any case.

        With `phrases` they have the words of the quotation, and all are compared.
        """
        near: list[tuple[float, Document, list[_Guessed]]] = []
        for hit in page.hits:
            self._deadline.check()
            if hit.id not in self._matches and (phrases or hit.score >= _LEAST_SCORE * page.hits[0].score):
                self._matches[hit.id] = None
                with suppress(ArticleNotFound):  # removed since the search
                    document = self._engine.document(hit.id)
                    guesses = [_Guessed(*each, self._guess(each[1])) for each in self._texts(document)]
                    near.append((max(each.guess.share for each in guesses), document, guesses))
        near.sort(key=lambda each: -each[0])
        for number, (share, document, guesses) in enumerate(near):
            self._deadline.check()
            if phrases or share >= (_LEAST_SHARE if number < _ALIGNED else _MOST_SHARED):
                found = self._match(document, guesses)
                if phrases and not (found and found.alignment.verbatim):
                    found = self._match_whole(document, guesses) or found
                self._matches[document.id] = found

    def _match_whole(self, document: Document, guesses: Sequence[_Guessed]) -> QuotationMatch | None:
        """Match word for word outside of the likely places."""
        for field, text, _ in guesses:
            self._deadline.check()
            stream = WordStream.of(text)
            if found := align_verbatim(self._quotation, stream):
                return QuotationMatch(document, field, text, stream, found)
        return None

    def _texts(self, document: Document) -> Iterator[tuple[str, str]]:
        """Fields and texts of an article; of a very long one the beginning."""
        for field in CONTENT_FIELDS:
            for text in values(document, field):
                part = text if len(text) <= _SHORT_TEXT else affordable_part(text, MAX_COST)[0]
                self.is_cut = self.is_cut or len(part) < len(text)
                yield field, part

    def _guess(self, text: str) -> Guess:
        return guess_places(self._quotation, rough_words(text))

    def _match(self, document: Document, guesses: Sequence[_Guessed]) -> QuotationMatch | None:
        """Best match in an article."""
        best: QuotationMatch | None = None
        for field, text, guess in guesses:
            for window in guess.windows:
                stream = WordStream.of(text, *rough_span(text, *window))
                found = align_verbatim(self._quotation, stream)
                if found is None and len(self._quotation.stream.words) >= _SHORTEST_NEARLY:
                    found = align(self._quotation, stream)
                if found and found.similarity >= NEARLY and (best is None or _is_better(found, best.alignment)):
                    best = QuotationMatch(document, field, text, stream, found)
        return best

    def _rank(self, match: QuotationMatch) -> tuple[object, ...]:
        date = match.document.metadata.date
        day = (date is None, date.first if date else None, match.document.id)
        nearest = (-match.alignment.similarity, match.alignment.left_out)
        is_dated = self._order is QuotationOrder.EARLIEST
        return (not match.alignment.verbatim, *day) if is_dated else (not match.alignment.verbatim, *nearest, *day)


def _is_better(one: Alignment, other: Alignment) -> bool:
    return (one.similarity, -one.left_out) > (other.similarity, -other.left_out)


def _phrases(text: str) -> Node:
    """Query for a quotation as it stands: its parts as phrases, at most _CHUNKS of the longest pieces of them."""
    chunks: list[list[str]] = []
    for part in ELLIPSIS.split(text):
        words = [word for word in find_raw_tokens(part) if len(word) <= _LONGEST_WORD]
        chunks += [words[start : start + _CHUNK] for start in range(0, len(words), _CHUNK)]
    chosen = sorted(chunks, key=len, reverse=True)[:_CHUNKS] or [[text]]
    return normalize(And(tuple(Phrase(" ".join(chunk)) for chunk in chosen)))


def _words(part: str) -> list[str]:
    """Words of a part as they are searched; characters of scripts without spaces in twos."""
    found: list[str] = []
    for token in find_raw_tokens(part):
        if UNSPACED_CHARACTER.match(token):
            characters = UNSPACED_CHARACTER.findall(token)
            found += ["".join(characters[start : start + 2]) for start in range(0, len(characters), 2)]
        elif len(token) <= _LONGEST_WORD:
            found.append(token)
    return found


def _stop_words(words: Sequence[str]) -> frozenset[str]:
    """Stop words of the language in which most of some words are stop words."""
    folded = [fold(word) for word in words]
    known = (stop_words(language) for language in stop_word_languages())
    return max(known, key=lambda each: sum(word in each for word in folded), default=frozenset())


def _neighbours(parts: Sequence[Sequence[str]], counts: Mapping[str, int], size: int) -> list[tuple[int, str]]:
    """Neighbouring words, `size` at a time, with the number of articles that have the rarest of them, rarest first.

    Those with a word that no article has are left out.
    """
    found = {}
    for part in parts:
        for start in range(len(part) - size + 1):
            words = part[start : start + size]
            found[" ".join(words)] = min(counts[word] for word in words)
    return sorted((count, words) for words, count in found.items() if count)


def _affordable(pairs: Iterable[tuple[int, str]], most: int, postings: int) -> Iterator[str]:
    """First pairs, at most `most`, that have so many postings together, or _LEAST_PAIRS."""
    total = 0
    for number, (count, pair) in enumerate(pairs):
        total += count
        if number == most or (total > postings and number >= _LEAST_PAIRS):
            return
        yield pair
