"""Why an article was found: the words of its marks, counted field by field."""

from __future__ import annotations

from index.engine import Document, Reason, Span
from index.fields import DEFAULT_FIELDS
from index.matching import Marks, Matcher

MOST_WORDS = 12  # a field
_COUNTED = 1_000  # marks of a text that are looked at


def reasons(document: Document, marks: Marks) -> tuple[Reason, ...]:
    """The reasons of a hit in the order of the fields; see `index.engine.Reason`. None for a hit without marks."""
    found = {field: tuple(_counted(document, marks, field).items())[:MOST_WORDS] for field in DEFAULT_FIELDS}
    named: dict[str, dict[str, int]] = {}
    for field, value in Matcher.values_matched(document, marks):
        named.setdefault(field, {})[value] = 1
    found |= {field: tuple(names.items())[:MOST_WORDS] for field, names in named.items()}
    return tuple(Reason(field, words) for field, words in found.items() if words)


def _counted(document: Document, marks: Marks, field: str) -> dict[str, int]:
    spans: tuple[Span, ...] = getattr(marks, field)
    if not spans:
        return {}
    text: str = getattr(document, field)
    written: dict[str, int] = {}
    for start, end in spans[:_COUNTED]:
        piece = text[start:end]
        written[piece] = written.get(piece, 0) + 1
    counts: dict[str, int] = {}
    for piece, count in written.items():
        word = " ".join(piece.casefold().split())
        counts[word] = counts.get(word, 0) + count
    return counts
