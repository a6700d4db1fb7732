"""“Did you mean” by the vocabulary of a view."""

from __future__ import annotations

from collections import Counter

from backfile.index.engines.whoosh.search.document_frequency import counted
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import TermWeight, close_terms
from backfile.index.fields import DEFAULT_FIELDS
from backfile.index.query import Node, Word
from backfile.index.ranking.spelling import correct_query, nearest_word

_MOST_EDITS = 2
_TIMES = 10  # a word is put in the place of another only if so many times more articles have it, says `nearest_word`


def correction(searcher: Searcher, query: Node) -> str | None:
    """“Did you mean”, as `index.correcting` has it, by the words of the searcher."""

    def best(term: str) -> str | None:
        known = TermWeight(searcher, Word(term), DEFAULT_FIELDS).frequency
        if known * _TIMES >= searcher.commit.live_count:
            return None
        return nearest_word(term, known, counted(searcher, _near(searcher, term, known * _TIMES)))

    return correct_query(query, best)


def _near(searcher: Searcher, term: str, least: int) -> list[str]:
    """The words near to a term that more than `least` articles may have."""
    bounds: Counter[str] = Counter()
    for segment in searcher.segments:
        for postings in map(segment.field, DEFAULT_FIELDS):
            for number in close_terms(postings, term, _MOST_EDITS).tolist():
                bounds[postings.terms[number]] += postings.count(number, number + 1)
    return [word for word, bound in bounds.items() if bound > least]
