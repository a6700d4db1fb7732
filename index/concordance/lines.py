"""Lines of a concordance: the marks of a document, each with its context, and their JSON form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from backfile.archive.model import ArticleMetadata
from backfile.index.concordance.contexts import context_after, context_before, direction
from backfile.index.engine import Document
from backfile.index.highlight.highlighter import Highlights

COLUMNS = 60  # of context to each side


class Mark(NamedTuple):
    """Match in an article: `rank` of the hit from 1 (0: unknown), `number` of the mark on the article's page from 1.

    `start` and `end` count code points of the title, summary or plain text (`field`).
    """

    article_id: str
    rank: int
    number: int
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ConcordanceLine:
    """Mark with its context, and the metadata of its article; `direction` is `ltr` or `rtl`."""

    mark: Mark
    metadata: ArticleMetadata
    before: str
    match: str
    after: str
    direction: str


def field_text(document: Document, field: str) -> str:
    """Text of the title, the summary or the text of a document."""
    match field:
        case "title":
            return document.metadata.title
        case "summary":
            return document.metadata.summary or ""
    return document.text


def marks_of(document: Document, rank: int, highlights: Highlights) -> Iterator[Mark]:
    """Marks of a document in the order of its page: title, summary, text."""
    spans = (("title", highlights.title), ("summary", highlights.summary), ("text", highlights.text))
    number = 0
    for field, found in spans:
        for start, end in found:
            number += 1
            yield Mark(document.id, rank, number, field, start, end)


def make_line(document: Document, mark: Mark, columns: int = COLUMNS) -> ConcordanceLine:
    """Line of a mark with so many columns of context to each side. The context ends with its field."""
    text = field_text(document, mark.field)
    return ConcordanceLine(
        mark,
        document.metadata,
        context_before(text, mark.start, columns),
        " ".join(text[mark.start : mark.end].split()),
        context_after(text, mark.end, columns),
        direction(text, mark.start),
    )


LINE_COLUMNS = (
    "id", "title", "authors", "date", "url", "number", "field", "start", "end", "before", "match", "after", "direction",
)  # fmt: skip
"""Names in the JSON object of a line."""


def line_to_json(line: ConcordanceLine, url: str) -> dict[str, Any]:
    """JSON object of a line (docs/api.md); `start` and `end` count code points of its field."""
    metadata, mark = line.metadata, line.mark
    values = (
        mark.article_id,
        metadata.title,
        list(metadata.authors),
        metadata.date.isoformat() if metadata.date else None,
        url,
        mark.number,
        mark.field,
        mark.start,
        mark.end,
        line.before,
        line.match,
        line.after,
        line.direction,
    )
    return dict(zip(LINE_COLUMNS, values, strict=True))
