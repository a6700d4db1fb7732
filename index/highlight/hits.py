"""A document that was found → the hit that a result list shows: one way for every engine."""

from __future__ import annotations

from collections.abc import Sequence

from backfile.index.engine import Document, FieldMatch, HighlightedText, Hit, Span
from backfile.index.highlight.highlighter import Highlighter, Highlights
from backfile.index.highlight.passages import select_passages

MOST_WORDS = 12  # a field
_COUNTED = 1_000  # marks of a text that are looked at


def build_hit(document: Document, marks: Highlights, *, score: float, limit: int) -> Hit:
    """The hit of a document with what `Highlighter.highlight` marks in it and at most `limit` passages.

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
        passages=select_passages(document.text, marks.text, limit),
        field_matches=field_matches(document, marks) if limit else (),
    )


def field_matches(document: Document, marks: Highlights) -> tuple[FieldMatch, ...]:
    """The reasons of a hit in the order of the fields; see `index.engine.FieldMatch`. None for a hit without marks."""
    fields = (
        ("title", document.title, marks.title),
        ("summary", document.summary or "", marks.summary),
        ("text", document.text, marks.text),
    )
    found = [FieldMatch(field, _counted(text, spans)) for field, text, spans in fields if spans]
    named: dict[str, dict[str, int]] = {}
    for field, value in Highlighter.matching_values(document, marks):
        named.setdefault(field, {})[value] = 1
    found += [FieldMatch(field, tuple(names.items())[:MOST_WORDS]) for field, names in named.items()]
    return tuple(found)


def _counted(text: str, spans: Sequence[Span]) -> tuple[tuple[str, int], ...]:
    written: dict[str, int] = {}
    for start, end in spans[:_COUNTED]:
        piece = text[start:end]
        written[piece] = written.get(piece, 0) + 1
    counts: dict[str, int] = {}
    for piece, count in written.items():
        word = " ".join(piece.casefold().split())
        counts[word] = counts.get(word, 0) + count
    return tuple(counts.items())[:MOST_WORDS]
