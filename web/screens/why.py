"""“Why is it not here?”: the conditions of a search that an article fails, and the smallest change that admits it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from backfile.archive.web_addresses import host_of
from backfile.index.explanation.answer import WhyAnswer, answer_to_json, answer_why, bound_text
from backfile.index.explanation.article_lookup import MAX_TYPED, ArticleFinder
from backfile.index.explanation.criteria import SearchCriteria
from backfile.index.explanation.explanation import ListView
from backfile.index.explanation.smallest_change import SearchChange
from backfile.index.query import DateRange, ParsedQuery
from backfile.web.screens.search import arguments_of_request, heading_of
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.i18n import translate
from backfile.web.service.search_service import parse_query
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url, site_path
from backfile.web.views.hit_views import Link
from backfile.web.views.result_views import chips
from backfile.web.views.why_view import why_view

blueprint = Blueprint("why", __name__)


@blueprint.get("/why")
def why() -> str:
    """Page that asks for an article, or explains why a search does not find it."""
    arguments, typed = arguments_of_request(), request.args.get("article", "").strip()
    answer, parsed = _answer(arguments, typed) if typed else (None, None)
    notices = map(translate, parsed.notices) if parsed else ()
    return render_template(
        "why.html",
        here=site_path("/why"),
        arguments=arguments,
        typed=typed[:MAX_TYPED],
        most=MAX_TYPED,
        heading=heading_of(arguments),
        chips=[Link(each.text, each.without.url_with("/why", article=typed)) for each in chips(arguments)],
        notices=(*arguments.notices, *notices),
        view=why_view(arguments, answer, lambda change: changed_search(arguments, change)) if answer else None,
    )


@blueprint.get("/api/why")
def api_why() -> Response:
    """The same as JSON, in the form that `backfile why --json` prints."""
    arguments, typed = arguments_of_request(), request.args.get("article", "").strip()
    answer, parsed = _answer(arguments, typed)
    answered: dict[str, Any] = answer_to_json(
        answer,
        typed=typed,
        query=arguments.query,
        notices=(*arguments.notices, *(notice.text for notice in parsed.notices)),
        article_url=article_url,
        search_url=lambda change: changed_search(arguments, change).url(),
        per_page=arguments.per_page,
    )
    return jsonify(answered)


def _answer(arguments: SearchArguments, typed: str) -> tuple[WhyAnswer, ParsedQuery]:
    """Answer and the query as it was read; raises `QueryRefused`, `DeadlineExceeded` and the errors of the index."""
    own, settings = services(), services().settings
    parsed = parse_query(arguments.query)
    finder = ArticleFinder(
        engine=own.engine(),
        library=own.library,
        folder=settings.cache_folder,
        now=own.now(),
        hosts=frozenset(filter(None, (host_of(settings.base_url), host_of(request.host_url)))),
        root=request.script_root,
        seconds=settings.deadline,
    )
    search = SearchCriteria(parsed.tree, arguments.filters, relax=not arguments.all_words)
    shown = ListView(arguments.sort, fold=not arguments.show_copies)
    return answer_why(finder, search, typed, shown=shown), parsed


def changed_search(arguments: SearchArguments, change: SearchChange) -> SearchArguments:
    """Arguments of a changed search; what is as before keeps its spelling."""
    before, filters = arguments.filters, change.search.filters
    first, last = arguments.first, arguments.last
    if filters.first != before.first:
        first = bound_text(DateRange(filters.first, None)) if filters.first else ""
    if filters.last != before.last:
        last = bound_text(DateRange(None, filters.last)) if filters.last else ""
    return arguments.with_changes(
        query=change.query_text, authors=filters.authors, topics=filters.topics, first=first, last=last
    )
