"""Why an article was found: the words of its marks, counted field by field."""

from __future__ import annotations

from collections.abc import Sequence

from backfile.index.engine import Document, FieldMatch, Span
from backfile.index.highlight.matcher import Marks, Matcher

MOST_WORDS = 12  # a field
_COUNTED = 1_000  # marks of a text that are looked at


def field_matches(document: Document, marks: Marks) -> tuple[FieldMatch, ...]:
    """The reasons of a hit in the order of the fields; see `index.engine.FieldMatch`. None for a hit without marks."""
    fields = (
        ("title", document.title, marks.title),
        ("summary", document.summary or "", marks.summary),
        ("text", document.text, marks.text),
    )
    found = [FieldMatch(field, _counted(text, spans)) for field, text, spans in fields if spans]
    named: dict[str, dict[str, int]] = {}
    for field, value in Matcher.values_matched(document, marks):
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
