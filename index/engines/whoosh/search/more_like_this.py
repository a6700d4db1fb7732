"""Articles like another: those that share its most telling words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from backfile.index.analysis.tokenizer import MAX_TERM, tokenize
from backfile.index.engine import Document, Hit
from backfile.index.engines.whoosh.search.collector import by_score
from backfile.index.engines.whoosh.search.posting_lists import SparsePostings
from backfile.index.engines.whoosh.search.searcher import Array, Searcher
from backfile.index.engines.whoosh.search.term_weight import read_term
from backfile.index.fields import DEFAULT_FIELDS
from backfile.index.highlight.highlighter import Highlights
from backfile.index.highlight.hits import build_hit
from backfile.index.ranking.bm25f import idf, saturate

TELLING = 20  # words by which similar articles are looked for
_SHORTEST = 3  # letters
_PLAIN = re.compile(r"[(\[\"]*([A-Za-z]+)[.,;:!?)\]\"]*")


class _Word:
    """A word as it is written, with its postings in each field that has it, the longest list first."""

    def __init__(self, searcher: Searcher, term: str) -> None:
        self._searcher = searcher
        fields = {field: read_term(searcher, field, term) for field in DEFAULT_FIELDS}
        self._fields = sorted(((field, found) for field, found in fields.items() if found), key=lambda f: -f[1].count)

    @cached_property
    def _runs(self) -> list[tuple[str, SparsePostings]]:
        return [(field, found.run()) for field, found in self._fields]

    @cached_property
    def articles(self) -> int:
        """The number of live documents that have it."""
        live, known = self._searcher.live, [np.empty(0, np.intp)]
        if live is None and len(self._fields) == 1:
            return self._fields[0][1].count
        for _, run in self._runs:
            new = run.documents
            for documents in known:
                if len(documents):
                    new = new[documents.take(documents.searchsorted(new), mode="clip") != new]
            known.append(new)
        return sum(len(new) if live is None else int(np.count_nonzero(live.take(new))) for new in known)

    def amounts(self) -> list[tuple[Array, Array]]:
        """The documents that have it with the tf~ of each, as lists that have no document in intersect."""
        layers: list[tuple[Array, Array]] = []
        for field, run in self._runs:
            rest, more = run.documents, self._searcher.norms(field).take(run.documents)
            more *= run.frequencies
            for known, amounts in layers:
                rest, more = _moved(known, amounts, rest, more)
            if len(rest):
                layers.append((rest, more))
        return layers


_Ranked = tuple[float, str, _Word]  # -frequency × idf, so that the most telling sort first, and what that is of


def more_like_this(searcher: Searcher, document: Document, limit: int) -> tuple[Hit, ...]:
    """The articles with any of the most telling words of the document, best first, without itself."""
    scores = np.zeros(searcher.size)
    for *_, word in _telling_words(searcher, document):
        weight = idf(word.articles, searcher.commit.live_count)
        for documents, amounts in word.amounts():
            scores[documents] += weight * saturate(amounts)
    if searcher.live is not None:
        scores *= searcher.live
    if own := searcher.commit.find(document.id):
        scores[own[0].base + own[1]] = 0.0
    found = np.flatnonzero(scores != 0)
    return tuple(
        build_hit(searcher.document(number), Highlights(), score=score, limit=1)
        for number, score in by_score(searcher, found, scores.take(found), limit)
    )


def _moved(known: Array, amount: Array, rest: Array, more: Array) -> tuple[Array, Array]:
    """Adds what `more` says of known documents to their amount; gives the rest that is not known, with its own."""
    place = known.searchsorted(rest)
    new = known.take(place, mode="clip") != rest
    amount[place[~new]] += more[~new]
    return rest[new], more[new]


def _telling_words(searcher: Searcher, document: Document) -> list[_Ranked]:
    """The words with the largest frequency × idf, of those that other articles have too.

    They are counted in the order of the most that they can be worth, so that few have to be counted exactly.
    """
    frequencies = Counter(term for text in (document.title, document.text) for term in _terms(text))
    size, best = searcher.commit.live_count, list[_Ranked]()
    for bound, term in sorted(_bounds(searcher, frequencies)):
        if len(best) == TELLING and bound > best[-1][0]:
            break
        word = _Word(searcher, term)
        if word.articles > 1:
            best = sorted([*best, (-frequencies[term] * idf(word.articles, size), term, word)])[:TELLING]
    return best


def _bounds(searcher: Searcher, frequencies: Mapping[str, int]) -> list[tuple[float, str]]:
    """Words with the most that each can be worth, negative: all that may be among the most telling.

    The many words that stand there once are looked up only if even in a single article they could be among them.
    """
    size = searcher.commit.live_count
    often = {term: count for term, count in frequencies.items() if count > 1}
    least = {term: _least(searcher, term) for term in often}
    certain = [count * idf(_most(searcher, term), size) for term, count in often.items() if least[term] > 1]
    bounds = [(-count * idf(least[term], size), term) for term, count in often.items()]
    if len(certain) < TELLING or sorted(certain)[-TELLING] < idf(1, size):
        bounds += [(-idf(_least(searcher, term), size), term) for term, count in frequencies.items() if count == 1]
    return bounds


def _terms(text: str) -> Iterator[str]:
    """The terms of a text that may tell something: of three letters or more and nothing but letters."""
    for chunk in text.split():
        plain = _PLAIN.fullmatch(chunk)
        # Most chunks between spaces are a word and punctuation: what `tokens` makes of them is plain to see.
        terms = [plain[1].lower()[:MAX_TERM]] if plain else [token.term for token in tokenize(chunk)]
        yield from (term for term in terms if len(term) >= _SHORTEST and term.isalpha())


def _least(searcher: Searcher, term: str) -> int:
    """A number of live documents that certainly have the term (1 where nothing is certain)."""
    deleted = searcher.size - searcher.commit.live_count
    return max(1, _frequency(searcher, "text", term) - deleted)


def _most(searcher: Searcher, term: str) -> int:
    """A number of live documents than which certainly no more have the term."""
    return sum(_frequency(searcher, field, term) for field in DEFAULT_FIELDS)


def _frequency(searcher: Searcher, field: str, term: str) -> int:
    """The number of documents, deleted ones included, that have the term in a field."""
    found = 0
    for segment in searcher.segments:
        postings = segment.field(field)
        number = searcher.number(postings, term)
        if number >= 0:
            found += postings.count(number, number + 1)
    return found
