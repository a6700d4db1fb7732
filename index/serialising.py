"""JSON form of results and documents, shared by `/api/search` and `backfile … --json`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlencode

from backfile.archive.model import PartialDate
from backfile.index.engine import Document, Facet, HighlightedText, Hit, Page


def article_path(article_id: str, query: str = "") -> str:
    """Path of an article's page, `/article/<id>`, with `?q=` when a query is given."""
    path = "/article/" + quote(article_id, safe="/")
    return f"{path}?{urlencode({'q': query})}" if query else path


def facet_path(facet: str, value: str) -> str:
    """Path of the page of an author or a topic, `/author/<name>`."""
    return f"/{facet}/{quote(value, safe='')}"


def page_to_json(
    query: str,
    page: Page,
    *,
    notices: Iterable[str] = (),
    url_of: Callable[[Hit], str] | None = None,
) -> dict[str, Any]:
    """JSON object of a page (docs/api.md).

    `query` is the text as typed; `notices` are those of its parsing, which precede the page's own. `url_of` gives a
    hit's address, by default `/article/<id>?q=<query>`. Spans count characters (code points) of their passage.
    """
    locate = url_of or (lambda hit: article_path(hit.id, query))
    return {
        "query": query,
        "total": page.total,
        "took_ms": round(page.took_ms, 3),
        "notices": [*notices, *page.notices],
        "hits": [_hit_to_json(hit, locate(hit)) for hit in page.hits],
        "facets": {facet.name: _facet_to_json(facet) for facet in page.facets},
        "names": [{"facet": each.facet, "value": each.value, "count": each.count} for each in page.names],
        "suggestion": page.suggestion,
        "relaxed": {"required": page.relaxed.required, "of": page.relaxed.of} if page.relaxed else None,
        "page": page.page,
        "pages": page.pages,
    }


def document_to_json(document: Document) -> dict[str, Any]:
    """JSON object of a document for `backfile show --json`; dates in ISO 8601, partial ones `2019-03`."""
    metadata, source = document.metadata, document.metadata.source
    return {
        "id": document.id,
        "path": document.path,
        "title": metadata.title,
        "authors": list(metadata.authors),
        "topics": list(metadata.topics),
        "date": _iso(metadata.date),
        "updated": _iso(metadata.updated),
        "summary": metadata.summary,
        "source": {"name": source.name, "url": source.url} if source else None,
        "language": metadata.language,
    }


def _iso(date: PartialDate | None) -> str | None:
    return date.isoformat() if date else None


def _hit_to_json(hit: Hit, url: str) -> dict[str, Any]:
    return {
        "id": hit.id,
        "title": hit.metadata.title,
        "authors": list(hit.metadata.authors),
        "topics": list(hit.metadata.topics),
        "date": _iso(hit.metadata.date),
        "url": url,
        "score": hit.score,
        "matches": hit.matches,
        "missing": list(hit.missing),
        "passages": [_marked_to_json(passage) for passage in hit.passages],
    }


def _marked_to_json(marked: HighlightedText) -> dict[str, Any]:
    return {"text": marked.text, "spans": [list(span) for span in marked.spans]}


def _facet_to_json(facet: Facet) -> list[dict[str, Any]]:
    return [{"value": value.value, "count": value.count} for value in facet.values]
