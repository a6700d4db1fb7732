"""Trends of several searches: the page, its downloads, and the same as JSON."""

from __future__ import annotations

import csv
import io

from flask import Blueprint, Response, jsonify, render_template, request

from backfile.index.query import InField, Phrase, to_text
from backfile.index.serialising import TREND_COLUMNS, trends_to_json, trends_to_rows
from backfile.index.trend_series import MAX_LISTED, MAX_QUERIES, Measure
from backfile.web.service.admission import admission
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.search_service import run_search
from backfile.web.service.services import services
from backfile.web.service.site_urls import site_path
from backfile.web.trends.trend_arguments import MEASURES, PERIODS, TrendArguments, read_trend_arguments
from backfile.web.trends.trend_chart import describe, trend_chart
from backfile.web.trends.trend_table import FoundTrends, drawn_trends, run_trends
from backfile.web.views.hit_views import Link
from backfile.web.views.result_views import chips, find_facet

blueprint = Blueprint("trends", __name__)


@blueprint.get("/trends")
def trends() -> str:
    """Articles of several searches by year, month or decade, as a chart and a table."""
    arguments = _arguments()
    table = drawn_trends(arguments)
    chart = trend_chart(table)
    return render_template(
        "trends.html",
        here=site_path("/trends"),
        arguments=arguments,
        table=table,
        chart=chart,
        description=describe(table) if chart else "",
        chips=[(chip.text, arguments.url(search=chip.without)) for chip in chips(arguments.search)],
        example=None if arguments.queries else _example(),
        blanks=range(len(arguments.queries), min(max(len(arguments.queries) + 1, 2), MAX_QUERIES)),
        periods=PERIODS,
        measures=MEASURES,
    )


@blueprint.get("/trends.csv")
def trends_csv() -> Response:
    """One line for each query and period, as CSV."""
    arguments = _arguments()
    download = admission().enter_download()
    try:
        found = run_trends(arguments, MAX_LISTED)
        response = download.send(_csv(found).encode(), "text/csv; charset=utf-8")
    except BaseException:
        download.close()
        raise
    response.headers["Content-Disposition"] = 'attachment; filename="trends.csv"'
    return response


@blueprint.get("/api/trends")
def trends_json() -> Response:
    """Trends as JSON, in the form that `backfile trends --json` prints."""
    found = run_trends(_arguments(), MAX_LISTED)
    queries = found.arguments.queries
    return jsonify(trends_to_json(found.trends, queries, found.point_url(), notices=found.notices))


def _arguments() -> TrendArguments:
    return read_trend_arguments(request.args, per_page=services().settings.per_page)


def _example() -> Link | None:
    """Link to the trends of the two topics with most articles; None with fewer than two."""
    values = find_facet(run_search(SearchArguments(per_page=1)).page, "topic").values
    queries = tuple(to_text(InField("topic", Phrase(each.value))) for each in values if '"' not in each.value)[:2]
    if len(queries) < 2:
        return None
    return Link(", ".join(queries), TrendArguments(queries, measure=Measure.SHARE).url())


def _csv(found: FoundTrends) -> str:
    """CSV with a byte order mark, as spreadsheets want it."""
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(TREND_COLUMNS)
    absolute, point_url = services().absolute, found.point_url()
    rows = trends_to_rows(found.trends, found.arguments.queries, lambda *point: absolute(point_url(*point)))
    lines.writerows(rows)
    return "\ufeff" + written.getvalue()
