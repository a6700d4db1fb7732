"""What of a document is indexed under which name."""

from __future__ import annotations

from urllib.parse import urlsplit

from archive.model import Source
from index.engine import Document
from index.folding import fold

INDEX_NAME = "MAIN"  # Whoosh's name for an index that has its folder to itself
WORD_FIELDS = ("title", "summary", "text", "author", "topic", "source")
FACET_COLUMNS = ("author", "topic", "language")


def word_values(document: Document, field: str) -> tuple[str, ...]:
    """The values whose words a word field holds; no phrase reaches from one value into the next."""
    match field:
        case "title":
            return (document.title,)
        case "summary":
            return (document.summary,) if document.summary else ()
        case "text":
            return (document.text,)
        case "author":
            return document.authors
        case "topic":
            return document.topics
        case "source":
            return _source_values(document.source) if document.source else ()
    raise ValueError(f"no word field {field!r}")


def facet_values(document: Document, facet: str) -> tuple[str, ...]:
    """The exact values of a facet column."""
    match facet:
        case "author":
            return document.authors
        case "topic":
            return document.topics
        case "language":
            return (document.language,) if document.language else ()
    raise ValueError(f"no facet column {facet!r}")


def title_key(title: str) -> str:
    """What titles are sorted by: their folded text."""
    return fold(title)


def _source_values(source: Source) -> tuple[str, ...]:
    return tuple(value for value in (source.name, url_host(source.url)) if value)


def url_host(url: str | None) -> str:
    """The host that an address names, lower-case; "" when it names none."""
    try:
        return urlsplit(url or "").hostname or ""
    except ValueError:  # such as "http://[": the address of a source is whatever the article says
        return ""
