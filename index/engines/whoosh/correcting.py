"""“Did you mean” by the vocabulary of a view."""

from __future__ import annotations

from index.correcting import corrected, nearest
from index.engines.whoosh.leaves import Leaf, close_terms
from index.engines.whoosh.view import View
from index.engines.whoosh.vocabulary import counted
from index.fields import DEFAULT_FIELDS
from index.query import Node, Word

_MOST_EDITS = 2


def correction(view: View, query: Node) -> str | None:
    """“Did you mean”, as `index.correcting` has it, by the words of the view."""

    def best(term: str) -> str | None:
        known = Leaf(view, Word(term), DEFAULT_FIELDS).frequency
        near = {
            postings.terms[number]
            for segment in view.segments
            for postings in map(segment.field, DEFAULT_FIELDS)
            for number in close_terms(postings, term, _MOST_EDITS).tolist()
        }
        return nearest(term, known, counted(view, near))

    return corrected(query, best)
