"""Articles like another: those that share its most telling words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from index.analysis import MAX_TERM, tokens
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
_PLAIN = re.compile(r"[(\[\"]*([A-Za-z]+)[.,;:!?)\]\"]*")


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

    No word is looked up that even in one article alone could not be among them, and none is counted exactly that
    could not be if it were in no more articles than have it in their texts.
    """
    frequencies = Counter(term for text in (document.title, document.text) for term in _terms(text))
    size = view.generation.live_count
    most = idf(1, size)
    best: list[tuple[float, str]] = []
    for term, count in frequencies.most_common():
        least = -best[-1][0] if len(best) == TELLING else 0.0
        if count * most < least:
            break
        if count * idf(_least(view, term), size) < least:
            continue
        articles = article_count(view, term)
        if articles > 1:
            best = sorted([*best, (-count * idf(articles, size), term)])[:TELLING]
    return [Word(term) for _, term in best]


def _terms(text: str) -> Iterator[str]:
    """The terms of a text that may tell something: of three letters or more and nothing but letters."""
    for chunk in text.split():
        plain = _PLAIN.fullmatch(chunk)
        # Most chunks between spaces are a word and punctuation: what `tokens` makes of them is plain to see.
        terms = [plain[1].lower()[:MAX_TERM]] if plain else [token.term for token in tokens(chunk)]
        yield from (term for term in terms if len(term) >= _SHORTEST and term.isalpha())


def _least(view: View, term: str) -> int:
    """A number of live documents that certainly have the term."""
    if view.live is not None:
        return 1
    return sum(_frequency(segment.field("text"), term) for segment in view.segments)


def _frequency(postings: FieldPostings, term: str) -> int:
    number = postings.find(term)
    return int(postings.starts[number + 1]) - int(postings.starts[number]) if number >= 0 else 0
