"""Export of a result list as CSV or JSON Lines, streamed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import chain

from flask import Blueprint, Response, stream_with_context

from backfile.index.engine import MAX_DEPTH, Hit, Page
from backfile.index.serialising import article_path
from backfile.web.screens.search import arguments_of_request
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.search_service import build_request, parse_query
from backfile.web.service.services import services

PAGE_SIZE = 250  # hits a search
COLUMNS = (
    "id", "title", "authors", "topics", "date", "summary", "source", "source_url", "language", "matches", "url",
)  # fmt: skip
FORMULA_START = tuple("=+-@\t\r\n＝＋－＠")

blueprint = Blueprint("export", __name__)


@blueprint.get("/search.csv")
def export_csv() -> Response:
    """CSV of the articles of a search (RFC 4180; UTF-8 with the byte order mark that Excel needs), one a row.

    Authors and topics are separated by `; `. A text that a spreadsheet would run as a formula gets a leading `'`.
    """
    total, rows = _rows(arguments_of_request())
    return _download(
        chain(["\ufeff", _csv_line(COLUMNS)], (_csv_line(_csv_cells(row)) for row in rows)), "text/csv", total
    )


@blueprint.get("/search.jsonl")
def export_json_lines() -> Response:
    """JSON Lines of the articles of a search: an object a line, `authors` and `topics` as lists, null for no value."""
    total, rows = _rows(arguments_of_request())
    return _download((json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "application/jsonl", total)


def _download(lines: Iterator[str], mimetype: str, total: int) -> Response:
    response = Response(stream_with_context(lines), content_type=f"{mimetype}; charset=utf-8")
    ending = {"text/csv": "csv"}.get(mimetype, "jsonl")
    response.headers["Content-Disposition"] = f'attachment; filename="articles.{ending}"'
    response.headers["X-Total-Count"] = str(total)
    return response


def _rows(arguments: SearchArguments) -> tuple[int, Iterator[dict[str, object]]]:
    """Number of articles, and rows of the first 10,000 in the order of the search.

    The first search runs at once, so that its errors become error responses. An article that changes its rank between
    two searches, because the index changes, is exported once.
    """
    query = parse_query(arguments.query).tree
    absolute = services().absolute

    def search(number: int) -> Page:
        page = arguments.with_changes(page=number, per_page=PAGE_SIZE)
        return services().engine().search(build_request(page, query, facet_size=0))

    first = search(1)

    def hits() -> Iterator[Hit]:
        yield from first.hits
        for number in range(2, min(first.pages, MAX_DEPTH // PAGE_SIZE) + 1):
            yield from search(number).hits

    def rows() -> Iterator[dict[str, object]]:
        seen: set[str] = set()
        for hit in hits():
            if hit.id not in seen:
                seen.add(hit.id)
                yield _row(hit, absolute(article_path(hit.id)))

    return first.total, rows()


def _row(hit: Hit, url: str) -> dict[str, object]:
    source = hit.metadata.source
    values = (
        hit.id,
        hit.title.text,
        list(hit.metadata.authors),
        list(hit.metadata.topics),
        hit.metadata.date.isoformat() if hit.metadata.date else None,
        hit.metadata.summary,
        source.name if source else None,
        source.url if source else None,
        hit.metadata.language,
        hit.matches,
        url,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _csv_cells(row: dict[str, object]) -> list[str]:
    texts = [
        "; ".join(value) if isinstance(value, list) else str("" if value is None else value) for value in row.values()
    ]
    return [f"'{text}" if text.startswith(FORMULA_START) else text for text in texts]


def _csv_line(cells: list[str] | tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
