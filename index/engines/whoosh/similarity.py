"""Articles like another: those that share its most telling words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from index.analysis import MAX_TERM, tokens
from index.engine import Document, Hit
from index.engines.whoosh.execution import by_score
from index.engines.whoosh.leaves import one_term
from index.engines.whoosh.postings import FieldPostings
from index.engines.whoosh.view import Array, View
from index.engines.whoosh.vocabulary import article_count
from index.fields import DEFAULT_FIELDS
from index.hits import hit_of
from index.matching import Marks
from index.ranking import idf, saturated

TELLING = 20  # words by which similar articles are looked for
_SHORTEST = 3  # letters
_PLAIN = re.compile(r"[(\[\"]*([A-Za-z]+)[.,;:!?)\]\"]*")


def similar(view: View, document: Document, limit: int) -> tuple[Hit, ...]:
    """The articles with any of the most telling words of the document, best first, without itself."""
    scores = np.zeros(view.size)
    for term in telling_words(view, document):
        documents, share = _shares(view, term)
        scores[documents] += share
    if view.live is not None:
        scores *= view.live
    if own := view.generation.find(document.id):
        scores[own[0].base + own[1]] = 0.0
    found = np.flatnonzero(scores)
    return tuple(
        hit_of(view.document(number), Marks(), score=score, limit=1)
        for number, score in by_score(view, found, scores.take(found), limit)
    )


def _shares(view: View, term: str) -> tuple[Array, Array]:
    """The documents (each once) that have the term, and what it gives to the score of each."""
    layers: list[tuple[Array, Array]] = []
    for documents, amounts in sorted(_weighed(view, term), key=lambda found: -len(found[0])):
        rest, more = documents, amounts
        for known, amount in layers:
            rest, more = _moved(known, amount, rest, more)
        layers.append((rest, more))
    found, amount = (np.concatenate(parts) for parts in zip(*layers, strict=True))
    frequency = len(found) if view.live is None else int(np.count_nonzero(view.live.take(found)))
    return found, idf(frequency, view.generation.live_count) * saturated(amount)


def _weighed(view: View, term: str) -> Iterator[tuple[Array, Array]]:
    """For each field the documents (ascending) that have the term in it, with the part of tf~ from there."""
    for field in DEFAULT_FIELDS:
        run = one_term(view, field, term).run()
        yield run.documents, view.norms(field).take(run.documents) * run.frequencies


def _moved(known: Array, amount: Array, rest: Array, more: Array) -> tuple[Array, Array]:
    """Adds what `more` says of known documents to their amount; gives the rest that is not known, with its own."""
    place = known.searchsorted(rest)
    new = known.take(place, mode="clip") != rest if len(known) else np.ones(len(rest), np.bool_)
    amount[place[~new]] += more[~new]
    return rest[new], more[new]


def telling_words(view: View, document: Document) -> list[str]:
    """The words with the largest frequency × idf, of those that other articles have too.

    The many words that stand there once are looked up only if even in a single article they could be among them.
    """
    frequencies = Counter(term for text in (document.title, document.text) for term in _terms(text))
    best = _most_telling(view, {term: count for term, count in frequencies.items() if count > 1}, [])
    if len(best) < TELLING or idf(1, view.generation.live_count) >= -best[-1][0]:
        best = _most_telling(view, {term: 1 for term, count in frequencies.items() if count == 1}, best)
    return [term for _, term in best]


def _most_telling(view: View, frequencies: Mapping[str, int], best: list[tuple[float, str]]) -> list[tuple[float, str]]:
    """The best words as (-frequency × idf, word), given those of before.

    The words come in the order of the most that they can be worth, so that few are counted exactly.
    """
    size = view.generation.live_count
    bounds = ((-count * idf(_least(view, term), size), term) for term, count in frequencies.items())
    for bound, term in sorted(bounds):
        if len(best) == TELLING and bound > best[-1][0]:
            break
        articles = article_count(view, term)
        if articles > 1:
            best = sorted([*best, (-frequencies[term] * idf(articles, size), term)])[:TELLING]
    return best


def _terms(text: str) -> Iterator[str]:
    """The terms of a text that may tell something: of three letters or more and nothing but letters."""
    for chunk in text.split():
        plain = _PLAIN.fullmatch(chunk)
        # Most chunks between spaces are a word and punctuation: what `tokens` makes of them is plain to see.
        terms = [plain[1].lower()[:MAX_TERM]] if plain else [token.term for token in tokens(chunk)]
        yield from (term for term in terms if len(term) >= _SHORTEST and term.isalpha())


def _least(view: View, term: str) -> int:
    """A number of live documents that certainly have the term (1 where nothing is certain)."""
    deleted = view.size - view.generation.live_count
    return max(1, sum(_frequency(view, segment.field("text"), term) for segment in view.segments) - deleted)


def _frequency(view: View, postings: FieldPostings, term: str) -> int:
    number = view.number(postings, term)
    return int(postings.starts[number + 1]) - int(postings.starts[number]) if number >= 0 else 0
