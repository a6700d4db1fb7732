"""For feed readers, browsers and robots: Atom of every search, OpenSearch description, robots.txt, sitemap."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from math import ceil

from flask import Blueprint, Response, render_template

from backfile.archive.model import PartialDate
from backfile.index.engine import Sort
from backfile.index.serialising import article_path
from backfile.web.screens.search import arguments_of_request, heading_of
from backfile.web.service.errors import PageNotFound
from backfile.web.service.i18n import gettext
from backfile.web.service.search_service import run_search
from backfile.web.service.services import services
from backfile.web.views.hit_views import HitView, hit_views

FEED_SIZE = 30
ADDRESSES_A_SITEMAP = 50_000
UNKNOWN = date(1970, 1, 1)
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

blueprint = Blueprint("feeds", __name__)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry of a feed: the hit, its full address and its moment."""

    view: HitView
    url: str
    updated: str


@blueprint.get("/search.atom")
def atom() -> Response:
    """The newest articles of a search as an Atom feed (RFC 4287).

    Atom asks every entry for a moment: a partial date stands for its first day, no date for 1970-01-01.
    """
    asked = arguments_of_request().with_changes()
    found = run_search(asked.with_changes(sort=Sort.NEWEST, per_page=FEED_SIZE), facet_size=1)
    absolute = services().absolute
    entries = [
        FeedEntry(view, absolute(article_path(view.hit.id)), moment(view.hit.date))
        for view in hit_views(asked, found.page.hits)
    ]
    text = render_template(
        "feed.xml",
        heading=heading_of(asked),
        self_url=absolute(asked.url("/search.atom")),
        page_url=absolute(asked.url()),
        updated=max((entry.updated for entry in entries), default=moment(None)),
        entries=entries,
    )
    return _xml(text, "application/atom+xml")


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """The OpenSearch 1.1 description, by which a browser can add the archive to its search engines."""
    text = render_template("opensearch.xml", root=services().absolute(""))
    return _xml(text, "application/opensearchdescription+xml")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Closed to robots unless the library is public; then open but for the endless space of searches."""
    if not services().public:
        return Response("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")
    lines = ["User-agent: *", "Disallow: /search", "Disallow: /api/", f"Sitemap: {services().absolute('/sitemap.xml')}"]
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/sitemap.xml")
def sitemap_index() -> Response:
    """The parts of the sitemap, each of at most 50,000 addresses (sitemaps.org 0.9)."""
    parts = range(1, max(1, ceil(len(_ids()) / ADDRESSES_A_SITEMAP)) + 1)
    text = render_template("sitemap.xml", parts=[services().absolute(f"/sitemap-{part}.xml") for part in parts])
    return _xml(text, "application/xml")


@blueprint.get("/sitemap-<int:part>.xml")
def sitemap(part: int) -> Response:
    """One part of the sitemap: the addresses of articles in the order of their ids."""
    ids = _ids()[(part - 1) * ADDRESSES_A_SITEMAP : part * ADDRESSES_A_SITEMAP] if part > 0 else []
    if not ids and part != 1:
        raise PageNotFound(gettext("The sitemap has no part %(part)s.", part=part))
    addresses = [services().absolute(article_path(article_id)) for article_id in ids]
    text = render_template("sitemap.xml", addresses=addresses)
    return _xml(text, "application/xml")


def moment(known: PartialDate | None) -> str:
    """The first moment of a date in RFC 3339, UTC."""
    first = known.first if known else UNKNOWN
    return f"{first.isoformat()}T00:00:00Z"


def _xml(text: str, mimetype: str) -> Response:
    """An answer in XML, without the characters that XML 1.0 cannot hold (its production 2), which texts may."""
    return Response(NO_XML.sub("", text), content_type=f"{mimetype}; charset=utf-8")


def _ids() -> list[str]:
    return sorted(services().engine.fingerprints())
