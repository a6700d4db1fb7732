"""A document as a hit: stored values, marks and passages."""

from __future__ import annotations

from index.engine import Hit
from index.engines.whoosh.view import View
from index.hits import hit_of
from index.matching import Marks, Matcher

_UNMARKED = Marks()


def present(view: View, number: int, score: float, matcher: Matcher, limit: int) -> Hit:
    """The hit of a document (global number), with at most `limit` passages."""
    segment, local = view.generation.locate(number)
    document = segment.document(local)
    return hit_of(document, matcher.match(document) or _UNMARKED, score=score, limit=limit)
