"""A document that was found → the hit that a result list shows: one way for every engine."""

from __future__ import annotations

from backfile.index.engine import Document, HighlightedText, Hit
from backfile.index.highlight.explanation import field_matches
from backfile.index.highlight.matcher import Marks
from backfile.index.highlight.passages import passages


def hit_of(document: Document, marks: Marks, *, score: float, limit: int) -> Hit:
    """The hit of a document with what `Matcher.match` marks in it and at most `limit` passages.

    Where nothing of the text is marked, the passage is the beginning of the text.
    """
    return Hit(
        id=document.id,
        title=HighlightedText(document.title, marks.title),
        authors=document.authors,
        topics=document.topics,
        date=document.date,
        summary=document.summary,
        source=document.source,
        language=document.language,
        score=score,
        matches=marks.count,
        passages=passages(document.text, marks.text, limit),
        field_matches=field_matches(document, marks) if limit else (),
    )
