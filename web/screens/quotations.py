"""Quotation finder: the articles that have a quotation word for word or nearly; page and JSON."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request

from backfile.index.errors import QueryRefused
from backfile.index.quotations.marked_passages import report_to_json
from backfile.index.quotations.quotation_finder import (
    MAX_QUOTATION,
    QuotationOrder,
    QuotationReport,
    find_quotation,
)
from backfile.web.service.i18n import gettext
from backfile.web.service.monitoring import observe_search
from backfile.web.service.services import services
from backfile.web.service.site_urls import site_path
from backfile.web.views.quotation_views import public_matches, quotation_view, with_matches

blueprint = Blueprint("quotations", __name__)


@blueprint.get("/quote")
def quote() -> str:
    """Form for a quotation and, with `text`, the articles that have it."""
    text, order = _arguments()
    report = _find(text, order) if text.strip() else None
    return render_template(
        "quote.html",
        here=site_path("/quote"),
        typed=text,
        order=order.value,
        most=MAX_QUOTATION,
        view=quotation_view(report, order) if report else None,
    )


@blueprint.get("/api/quote")
def find() -> Response:
    """Articles that have a quotation, as JSON in the form that `backfile quote --json` prints."""
    text, order = _arguments()
    report = _find(text, order)
    matches = public_matches(report)
    url_of = {each.match.document.id: each.url for each in matches}
    shown = with_matches(report, [each.match for each in matches])
    return jsonify(report_to_json(shown, lambda match: url_of[match.document.id]))


def _arguments() -> tuple[str, QuotationOrder]:
    """Quotation and order; an unknown order is the usual one."""
    asked = request.args.get("sort", "")
    order = QuotationOrder.EARLIEST if asked == QuotationOrder.EARLIEST else QuotationOrder.BEST
    return request.args.get("text", "").replace("\r\n", "\n"), order


def _find(text: str, order: QuotationOrder) -> QuotationReport:
    """Finding on a quotation; raises `QueryRefused` for one that is too long, and the errors of the engine."""
    if len(text) > MAX_QUOTATION:
        raise QueryRefused(
            gettext(
                "A quotation may have %(most)s characters; this one has %(all)s.", most=MAX_QUOTATION, all=len(text)
            ),
            hint=gettext("Look for its beginning, or for a part of it."),
        )
    report = find_quotation(services().engine(), text, order=order, deadline=services().settings.deadline)
    observe_search(report.took_ms)
    return report
