"""JSON API: search, completion, OpenAPI document, health check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, request

from backfile.archive.metadata.corrections import read_corrections
from backfile.archive.metadata.identifiers import read_identifiers
from backfile.index.concordance.lines import line_to_json
from backfile.index.engine import Hit
from backfile.index.errors import ClusterUnavailable
from backfile.index.serialising import article_path, document_to_json, page_to_json
from backfile.index.status import Status
from backfile.index.sync.reader import document_of
from backfile.index.sync.state import UpdateFailure, read_failure
from backfile.index.sync.verification import read_link_check
from backfile.web.lines.lines_service import line_url, run_lines
from backfile.web.screens.search import arguments_of_request
from backfile.web.service.article_access import open_article
from backfile.web.service.errors import RETRY_AFTER
from backfile.web.service.search_service import UNINDEXED, is_unindexed, run_search
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url, site_path
from backfile.web.views.openapi import openapi_document

API_FACETS = 10
MAX_TYPED = 200
MAX_LINKS = 10_000

blueprint = Blueprint("api", __name__)


@blueprint.get("/api/search")
def search() -> Response:
    """Result page of `/search` as JSON, in the form that `backfile search --json` prints."""
    arguments = arguments_of_request()
    found = run_search(arguments, facet_size=API_FACETS)
    notices = (*arguments.notices, *(notice.text for notice in found.parsed.notices))
    notices = (*notices, UNINDEXED) if found.is_unindexed else notices

    def url_of(hit: Hit) -> str:
        return arguments.article_url(hit.id)

    return jsonify(page_to_json(arguments.query, found.page, notices=notices, url_of=url_of))


@blueprint.get("/api/lines")
def lines() -> Response:
    """Words in context of a search as JSON: the lines that `/search?view=lines` shows."""
    arguments = arguments_of_request(as_lines=True)
    shown = run_lines(arguments)
    found, absolute = shown.found, services().absolute
    return jsonify(
        {
            "query": arguments.query,
            "articles": found.articles,
            "total": found.total,
            "listed": found.listed,
            "articles_read": found.articles_read,
            "lines_read": found.lines_read,
            "cut_articles": found.cut,
            "took_ms": round(shown.took_ms, 3),
            "notices": list(shown.notices),
            "lines": [line_to_json(line, absolute(line_url(arguments, line))) for line in found.lines],
            "page": arguments.page,
        }
    )


@blueprint.get("/api/suggest")
def suggest() -> Response:
    """Completions of a query: words, titles, authors, topics.

    With `format=opensearch` as OpenSearch Suggestions 1.1, for the address bar of a browser.
    """
    typed = request.args.get("q", "")[:MAX_TYPED]
    found = services().engine().complete(typed) if typed.strip() else None
    if request.args.get("format") == "opensearch":
        response = jsonify([typed, list(found.words) if found else []])
        response.mimetype = "application/x-suggestions+json"
        return response
    answer: dict[str, Any] = {"words": [], "titles": [], "authors": [], "topics": []}
    if found:
        answer = {
            "words": list(found.words),
            "titles": [
                {"id": article_id, "title": title, "url": article_url(article_id)} for article_id, title in found.titles
            ],
            "authors": list(found.authors),
            "topics": list(found.topics),
        }
    return jsonify(answer)


@blueprint.get("/api/article/<path:article_id>")
def article(article_id: str) -> Response:
    """Article as JSON, in the form that `backfile show --json` prints, with its address, notes and identifiers."""
    opened = open_article(article_id, lambda moved: site_path(f"/api{article_path(moved)}"))
    found = opened.article
    document = document_of(found, library_language=services().library.settings.language)
    corrections = [
        {"kind": each.kind, "date": each.date.isoformat() if each.date else None, "text": each.text}
        for each in read_corrections(found.extra)
    ]
    identifiers = [
        {"scheme": each.scheme, "value": each.value, "url": each.url} for each in read_identifiers(found.extra)
    ]
    further = {"url": article_url(found.id), "corrections": corrections, "identifiers": identifiers}
    return jsonify(document_to_json(document) | further | {"unlisted": opened.is_unlisted})


@blueprint.get("/api/links")
def links() -> Response:
    """Numbers of links within the archive, and the dead ones by file and line."""
    return jsonify(read_link_check(services().settings.cache_folder, MAX_LINKS).to_json())


@blueprint.get("/api/openapi.json")
def openapi() -> Response:
    """OpenAPI 3.1 document of the API."""
    return jsonify(openapi_document(services().title, services().absolute(site_path("")).rstrip("/")))


def _unavailable(reason: str) -> Response:
    """Answer of the health check when the cluster does not answer; its other values are unknown."""
    failure = read_failure(services().settings.cache_folder)
    response = _health("unavailable", None, [reason], failure)
    response.status_code = 503
    response.headers["Retry-After"] = RETRY_AFTER
    return response


def _health(state: str, status: Status | None, problems: Sequence[str], failure: UpdateFailure | None) -> Response:
    """Answer of the health check; without a status of the index its numbers are unknown."""
    return jsonify(
        {
            "status": state,
            "engine": status.engine if status else services().settings.engine,
            "articles": status.documents if status else None,
            "generation": status.generation if status else None,
            "problems": list(problems),
            "stale_since": failure.since if failure else None,
        }
    )


def _state(status: Status, failure: UpdateFailure | None) -> str:
    if status.problems:
        return "damaged"
    return "stale" if failure else "indexing" if is_unindexed() else "ok"


@blueprint.get("/health")
def health() -> Response:
    """Health check for monitors; 503 if the index is damaged, or its cluster unavailable.

    `stale`: searches are answered, but changes of the library have not been taken over since `stale_since`.
    """
    try:
        status = services().engine().status()
    except ClusterUnavailable as error:
        return _unavailable(str(error))
    failure = read_failure(services().settings.cache_folder)
    problems = [*status.problems, *([failure.reason] if failure else ())]
    response = _health(_state(status, failure), status, problems, failure)
    response.status_code = 503 if status.problems else 200
    return response
