"""Export of a result list: tables, citations, and a manifest that says what the list is."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote

from flask import Blueprint, Response, jsonify

from backfile.archive.errors import ArchiveError
from backfile.archive.model import Article
from backfile.index.concordance.lines import LINE_COLUMNS, line_to_json
from backfile.index.concordance.lines_request import MOST_LINES
from backfile.index.engine import MAX_DEPTH, Hit, Request
from backfile.index.serialising import spreadsheet_text
from backfile.web.lines.lines_service import line_url, run_lines
from backfile.web.screens.search import arguments_of_request
from backfile.web.service.admission import admission
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.search_service import build_request, parse_query, search
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url
from backfile.web.views import citations
from backfile.web.views.json_ld import url_of_source
from backfile.web.views.search_manifest import MANIFEST_PATH, export_name, search_manifest

DEADLINES = 40  # times that of a page: the words of up to 10,000 articles are counted
COLUMNS = (
    "id", "title", "authors", "topics", "date", "summary", "source", "source_url", "language", "matches", "url",
)  # fmt: skip

blueprint = Blueprint("export", __name__)


@blueprint.get("/search.csv")
def export_csv() -> Response:
    """CSV of the articles of a search (RFC 4180; UTF-8 with the byte order mark that Excel needs), one a row.

    Authors and topics are separated by `; `. A text that a spreadsheet would run as a formula gets a leading `'`.
    """

    def write(hits: Sequence[Hit]) -> str:
        return "\ufeff" + _csv_line(COLUMNS) + "".join(_csv_line(_csv_cells(_row(hit))) for hit in hits)

    return _download(write, "csv", "text/csv")


@blueprint.get("/search.jsonl")
def export_json_lines() -> Response:
    """JSON Lines of the articles of a search: an object a line, `authors` and `topics` as lists, null for no value."""

    def write(hits: Sequence[Hit]) -> str:
        return "".join(json.dumps(_row(hit), ensure_ascii=False) + "\n" for hit in hits)

    return _download(write, "jsonl", "application/jsonl")


@blueprint.get("/search.ris")
def export_ris() -> Response:
    """RIS records of the articles of a search."""
    return _download(_citations(citations.ris), "ris", "application/x-research-info-systems")


@blueprint.get("/search.bib")
def export_bibtex() -> Response:
    """BibTeX entries of the articles of a search."""
    return _download(_citations(citations.bibtex), "bib", "application/x-bibtex")


@blueprint.get("/search.csl.json")
def export_csl() -> Response:
    """CSL-JSON list of the articles of a search."""

    def write(hits: Sequence[Hit]) -> str:
        title = services().title
        items = [item for article, url in _cited(hits) for item in citations.csl(article, url, title)]
        return json.dumps(items, ensure_ascii=False, indent=1) + "\n"

    return _download(write, "csl.json", "application/vnd.citationstyles.csl+json")


@blueprint.get("/lines.csv")
def export_lines_csv() -> Response:
    """CSV of the words in context of a search, one line a row; at most 100,000. The form is that of `/search.csv`."""

    def write(rows: Iterable[dict[str, object]]) -> Iterator[str]:
        yield "\ufeff" + _csv_line(LINE_COLUMNS)
        yield from (_csv_line(_csv_cells(row)) for row in rows)

    return _download_lines(write, "csv", "text/csv")


@blueprint.get("/lines.jsonl")
def export_lines_json() -> Response:
    """JSON Lines of the words in context of a search; at most 100,000."""
    return _download_lines(
        lambda rows: (json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "jsonl", "application/jsonl"
    )


@blueprint.get(MANIFEST_PATH)
def manifest() -> Response:
    """Manifest of a search: what was asked, how it was read, what it gave, and from which state of the archive."""
    arguments = arguments_of_request().with_changes(page=1)
    request = replace(_request(arguments), per_page=1, fold=True)
    download = admission().enter_download()
    try:
        page = search(request)
        content = search_manifest(arguments, request.query, page, services().engine())
    finally:
        download.close()
    response = jsonify(content)
    _name(response, arguments, "manifest.json")
    return response


def _request(arguments: SearchArguments) -> Request:
    """Request for the first 10,000 articles of a search in its order, every copy of a story among them."""
    query = parse_query(arguments.query).tree
    request = build_request(arguments.with_changes(page=1, per_page=MAX_DEPTH), query, facet_size=0)
    return replace(request, passages=0, deadline=request.deadline * DEADLINES, fold=False)


def _download(write: Callable[[Sequence[Hit]], str], ending: str, mimetype: str) -> Response:
    """Export of the first 10,000 articles in the order of the search.

    One search answers it before the first byte is sent: no commit, deadline or damage can cut it short.
    """
    arguments = arguments_of_request()
    request = _request(arguments)
    download = admission().enter_download()
    try:
        page = search(request)
        response = download.send(write(page.hits).encode(), f"{mimetype}; charset=utf-8")
    except BaseException:
        download.close()
        raise
    _name(response, arguments, ending)
    response.headers["X-Total-Count"] = str(page.total)
    described_by = services().absolute(arguments.url(MANIFEST_PATH, page=1))
    response.headers["Link"] = f'<{described_by}>; rel="describedby"; type="application/json"'
    return response


def _download_lines(
    write: Callable[[Iterable[dict[str, object]]], Iterable[str]], ending: str, mimetype: str
) -> Response:
    """Download of lines, all of one commit; made before the first byte is sent, so that nothing can cut it short."""
    arguments = arguments_of_request(as_lines=True).with_changes(page=1)
    download = admission().enter_download()
    try:
        shown = run_lines(arguments, stop=MOST_LINES, most=MOST_LINES, deadlines=DEADLINES)
        absolute, found = services().absolute, shown.found
        rows = (line_to_json(line, absolute(line_url(arguments, line))) for line in found.lines)
        response = download.send("".join(write(rows)).encode(), f"{mimetype}; charset=utf-8")
    except BaseException:
        download.close()
        raise
    _name(response, arguments, f"lines.{ending}")
    response.headers["X-Total-Count"] = "unknown" if found.total is None else str(found.total)
    response.headers["X-Lines-Given"] = str(len(found.lines))
    response.headers["X-Articles-Read"] = f"{found.articles_read}/{found.articles}"
    return response


def _name(response: Response, arguments: SearchArguments, ending: str) -> None:
    """Names the file that a browser saves, in ASCII and as it is (RFC 6266)."""
    name = f"{export_name(arguments)}.{ending}"
    ascii_name = name.encode("ascii", "ignore").decode().lstrip("-")
    response.headers["Content-Disposition"] = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name)}"


def _citations(write: Callable[[Article, str, str], str]) -> Callable[[Sequence[Hit]], str]:
    title = services().title
    return lambda hits: "".join(write(article, url, title) for article, url in _cited(hits))


def _cited(hits: Sequence[Hit]) -> Iterable[tuple[Article, str]]:
    """Articles as their files have them, with the URL to cite; as the index has them if a file cannot be read now."""
    for hit in hits:
        try:
            article, _ = services().library.get_public(hit.id, services().now())
        except (ArchiveError, OSError):
            article = Article(hit.id, hit.id, hit.metadata, "")
        yield article, url_of_source(article) or services().absolute(article_url(article.id))


def _row(hit: Hit) -> dict[str, object]:
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
        services().absolute(article_url(hit.id)),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _csv_cells(row: dict[str, object]) -> list[str]:
    texts = [
        "; ".join(value) if isinstance(value, list) else str("" if value is None else value) for value in row.values()
    ]
    return list(map(spreadsheet_text, texts))


def _csv_line(cells: list[str] | tuple[str, ...]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
