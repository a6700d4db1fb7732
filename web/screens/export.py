"""Export of a result list as CSV or JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Response

from backfile.index.engine import MAX_DEPTH, Hit
from backfile.web.screens.search import arguments_of_request
from backfile.web.service.admission import admission
from backfile.web.service.monitoring import observe_search
from backfile.web.service.search_service import build_request, parse_query
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url

DEADLINES = 40  # times that of a page: the words of up to 10,000 articles are counted
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
    start = "\ufeff" + _csv_line(COLUMNS)
    return _download(lambda row: _csv_line(_csv_cells(row)), "csv", "text/csv", start=start)


@blueprint.get("/search.jsonl")
def export_json_lines() -> Response:
    """JSON Lines of the articles of a search: an object a line, `authors` and `topics` as lists, null for no value."""
    return _download(lambda row: json.dumps(row, ensure_ascii=False) + "\n", "jsonl", "application/jsonl")


def _download(line: Callable[[dict[str, object]], str], ending: str, mimetype: str, *, start: str = "") -> Response:
    """Export of the first 10,000 articles in the order of the search.

    One search answers it before the first byte is sent: no commit, deadline or damage can cut it short.
    """
    arguments = arguments_of_request()
    query = parse_query(arguments.query).tree
    with_defaults = build_request(arguments.with_changes(page=1, per_page=MAX_DEPTH), query, facet_size=0)
    search = replace(with_defaults, passages=0, deadline=with_defaults.deadline * DEADLINES)
    absolute = services().absolute
    download = admission().enter_download()
    try:
        page = services().engine().search(search)
        observe_search(page.took_ms)
        rows = (_row(hit, absolute(article_url(hit.id))) for hit in page.hits)
        body = "".join([start, *map(line, rows)]).encode()
        response = download.send(body, f"{mimetype}; charset=utf-8")
    except BaseException:
        download.close()
        raise
    response.headers["Content-Disposition"] = f'attachment; filename="articles.{ending}"'
    response.headers["X-Total-Count"] = str(page.total)
    return response


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
