"""Layout of the index: its fields, facet columns and sort keys."""

from __future__ import annotations

from backfile.index.analysis.normalization import fold
from backfile.index.engine import Document
from backfile.index.fields import WORD_FIELDS, values

__all__ = ["FACET_COLUMNS", "INDEX_NAME", "WORD_FIELDS", "facet_values", "title_key", "word_values"]

INDEX_NAME = "MAIN"  # Whoosh's name for an index that has its folder to itself
FACET_COLUMNS = ("author", "topic", "language")


def word_values(document: Document, field: str) -> tuple[str, ...]:
    """Values of a word field; no phrase reaches from one value into the next."""
    if field not in WORD_FIELDS:
        raise ValueError(f"no word field {field!r}")
    return values(document, field)


def facet_values(document: Document, facet: str) -> tuple[str, ...]:
    """Exact values of a facet column."""
    match facet:
        case "author":
            return document.metadata.authors
        case "topic":
            return document.metadata.topics
        case "language":
            return (document.metadata.language,) if document.metadata.language else ()
    raise ValueError(f"no facet column {facet!r}")


def title_key(title: str) -> str:
    """Sort key of a title: its folded text."""
    return fold(title)
