"""Articles like another: those that share its most telling words."""

from __future__ import annotations

from collections import Counter

from index.analysis import tokens
from index.engine import Document, Hit, Request
from index.engines.whoosh.execution import search
from index.engines.whoosh.postings import FieldPostings
from index.engines.whoosh.view import View
from index.engines.whoosh.vocabulary import article_count
from index.query import Node, Or, Word
from index.ranking import idf

TELLING = 20  # words by which similar articles are looked for
_SHORTEST = 3  # letters
_DEADLINE = 60.0


def similar(view: View, document: Document, limit: int) -> tuple[Hit, ...]:
    """The articles found by any of the most telling words of the document, best first, without itself."""
    words = telling_words(view, document)
    if not words:
        return ()
    query: Node = Or(tuple(words)) if len(words) > 1 else words[0]
    page = search(view, Request(query, per_page=limit + 1, facet_size=0, passages=1, deadline=_DEADLINE))
    return tuple(hit for hit in page.hits if hit.id != document.id)[:limit]


def telling_words(view: View, document: Document) -> list[Word]:
    """The words with the largest frequency × idf, of those that other articles have too.

    A word is in at least as many articles as have it in their texts, so these give a limit of its worth at the price
    of a look-up; only words whose limit is high enough are counted exactly.
    """
    frequencies = Counter(
        token.term
        for text in (document.title, document.text)
        for token in tokens(text)
        if len(token.term) >= _SHORTEST and token.term.isalpha()
    )
    size = view.generation.live_count
    limits = {term: count * idf(_least(view, term), size) for term, count in frequencies.items()}
    best: list[tuple[float, str]] = []
    for term in sorted(limits, key=lambda term: -limits[term]):
        if len(best) == TELLING and limits[term] < -best[-1][0]:
            break
        articles = article_count(view, term)
        if articles > 1:
            best = sorted([*best, (-frequencies[term] * idf(articles, size), term)])[:TELLING]
    return [Word(term) for _, term in best]


def _least(view: View, term: str) -> int:
    """A number of live documents that certainly have the term."""
    if view.live is not None:
        return 1
    return sum(_frequency(segment.field("text"), term) for segment in view.segments)


def _frequency(postings: FieldPostings, term: str) -> int:
    number = postings.find(term)
    return int(postings.starts[number + 1]) - int(postings.starts[number]) if number >= 0 else 0
