"""JSON form of results and documents, shared by `/api/search` and `backfile … --json`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from backfile.archive.model import PartialDate
from backfile.index.engine import Copy, Document, Facet, HighlightedText, Hit, Page
from backfile.index.trend_series import Measure, Series, Trends


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
        "stories": page.stories,
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


FORMULA_START = tuple("=+-@\t\r\n＝＋－＠")

PointUrl = Callable[[int, int], str]
"""Function from the index of a query and the number of a period to the URL of the search that a point counts."""

TREND_COLUMNS = (
    "query", "period", "from", "to", "articles", "percent", "matches", "matches_per_million_words", "archive_articles",
    "archive_words", "reliable", "url",
)  # fmt: skip


def trends_to_json(
    trends: Trends, queries: Sequence[str], url_of: PointUrl, *, notices: Iterable[str] = ()
) -> dict[str, Any]:
    """JSON object of trends (docs/api.md); `queries` are the texts as typed."""
    rows = list(_trend_rows(trends, queries, url_of))
    size = len(trends.numbers)
    names = ("period", "from", "to", "articles", "words", "reliable")
    shown = ("period", "articles", "percent", "matches", "matches_per_million_words", "url")
    archive = [_archive_point(trends, number) for number in trends.numbers]
    return {
        "by": trends.period.value,
        "measure": trends.measure.value,
        "notices": list(notices),
        "archive": {
            **_series_to_json(trends.archive),
            "points": [dict(zip(names, each, strict=True)) for each in archive],
        },
        "queries": [
            {
                "query": query,
                **_series_to_json(series),
                "points": [{name: row[name] for name in shown} for row in rows[index * size : (index + 1) * size]],
            }
            for index, (query, series) in enumerate(zip(queries, trends.series, strict=True))
        ],
    }


def trends_to_rows(trends: Trends, queries: Sequence[str], url_of: PointUrl) -> Iterator[list[str]]:
    """Rows of a CSV file with the TREND_COLUMNS, one for each query and period.

    Unknown values are empty.
    """
    for row in _trend_rows(trends, queries, url_of):
        yield [spreadsheet_text(_cell_text(value)) for value in row.values()]


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def spreadsheet_text(text: str) -> str:
    """Text of a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_START) else text


def _trend_rows(trends: Trends, queries: Sequence[str], url_of: PointUrl) -> Iterator[dict[str, Any]]:
    for index, (query, series) in enumerate(zip(queries, trends.series, strict=True)):
        for number in trends.numbers:
            label, first, last, articles, words, reliable = _archive_point(trends, number)
            values = (
                query,
                label,
                first,
                last,
                series.articles.get(number, 0),
                trends.value(series, number, Measure.SHARE),
                None if series.matches is None else series.matches.get(number, 0),
                trends.value(series, number, Measure.MATCHES),
                articles,
                words,
                reliable,
                url_of(index, number),
            )
            yield dict(zip(TREND_COLUMNS, values, strict=True))


def _archive_point(trends: Trends, number: int) -> tuple[str, str, str, int, int | None, bool]:
    first, last = trends.period.texts(number)
    words = None if trends.archive.words is None else trends.archive.words.get(number, 0)
    label = trends.period.label(number)
    return label, first, last, trends.archive.articles.get(number, 0), words, trends.is_reliable(number)


def _series_to_json(series: Series) -> dict[str, Any]:
    return {"total": series.total, "undated": series.undated, "vague": series.vague}


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
        "copies": [_copy_to_json(each) for each in hit.copies],
        "copy_count": hit.copy_count,
    }


def _copy_to_json(copy: Copy) -> dict[str, Any]:
    source = copy.metadata.source
    return {
        "id": copy.id,
        "title": copy.metadata.title,
        "date": _iso(copy.metadata.date),
        "source": {"name": source.name, "url": source.url} if source else None,
        "url": article_path(copy.id),
        "added": copy.added,
        "removed": copy.removed,
    }


def _marked_to_json(marked: HighlightedText) -> dict[str, Any]:
    return {"text": marked.text, "spans": [list(span) for span in marked.spans]}


def _facet_to_json(facet: Facet) -> list[dict[str, Any]]:
    return [{"value": value.value, "count": value.count} for value in facet.values]
