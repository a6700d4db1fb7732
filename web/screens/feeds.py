"""Atom feeds, OpenSearch description, robots.txt and sitemap."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil
from uuid import NAMESPACE_URL, uuid5

from flask import Blueprint, Response, render_template

from backfile.archive.model import PartialDate
from backfile.index.engine import Sort
from backfile.index.serialising import article_path
from backfile.web.screens.search import arguments_of_request, heading_of
from backfile.web.service.errors import PageNotFound
from backfile.web.service.headers import note_last_modified
from backfile.web.service.i18n import gettext
from backfile.web.service.search_service import run_search
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url, site_path
from backfile.web.views.hit_views import HitView, hit_views

FEED_SIZE = 30
SITEMAP_URLS = 50_000
UNKNOWN = date(1970, 1, 1)
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

blueprint = Blueprint("feeds", __name__)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """Entry of a feed: view of the hit, id, absolute URL, times of publication (None: unknown) and last change."""

    view: HitView
    id: str
    url: str
    published: str | None
    updated: str


@blueprint.get("/search.atom")
def atom() -> Response:
    """Atom feed (RFC 4287) of the newest articles of a search.

    Every entry needs a date and time: a partial date stands for its first day, no date for 1970-01-01. Ids do not
    depend on the host, so that an archive that moves gives its readers nothing to read again.
    """
    arguments = arguments_of_request().with_changes()
    # Subscribers want articles that have all words, not the nearest ones there are at the moment.
    found = run_search(
        arguments.with_changes(sort=Sort.NEWEST, per_page=FEED_SIZE), facet_size=1, relax=False, fold=False
    )
    absolute = services().absolute
    entries = [_feed_entry(view) for view in hit_views(arguments, found.page.hits)]
    updated = max((entry.updated for entry in entries), default=to_timestamp(None))
    note_last_modified(datetime.fromisoformat(updated).timestamp())
    text = render_template(
        "feed.xml",
        heading=heading_of(arguments),
        feed_id=to_urn(arguments.path("/search.atom")),
        self_url=absolute(arguments.url("/search.atom")),
        page_url=absolute(arguments.url()),
        updated=updated,
        entries=entries,
    )
    return _xml(text, "application/atom+xml")


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """OpenSearch 1.1 description document, for search engines of browsers."""
    text = render_template("opensearch.xml", root=services().absolute(site_path("")).rstrip("/"))
    return _xml(text, "application/opensearchdescription+xml")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """Excludes robots from private libraries, and from the searches of public ones."""
    if not services().library.settings.public:
        return Response("User-agent: *\nDisallow: /\n", content_type="text/plain; charset=utf-8")
    lines = [
        "User-agent: *",
        f"Disallow: {site_path('/search')}",
        f"Disallow: {site_path('/trends')}",
        f"Disallow: {site_path('/lines.')}",
        f"Disallow: {site_path('/quote?')}",
        f"Disallow: {site_path('/compare')}",
        f"Disallow: {site_path('/why')}",
        f"Disallow: {site_path('/api/')}",
        f"Disallow: {site_path('/article/*?')}",  # of the same articles with the matches of searches
        f"Sitemap: {services().absolute(site_path('/sitemap.xml'))}",
    ]
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/sitemap.xml")
def sitemap_index() -> Response:
    """Sitemap index (sitemaps.org 0.9): parts of at most 50,000 URLs."""
    parts = range(1, max(1, ceil(services().engine().status().documents / SITEMAP_URLS)) + 1)
    text = render_template(
        "sitemap.xml", parts=[services().absolute(site_path(f"/sitemap-{part}.xml")) for part in parts]
    )
    return _xml(text, "application/xml")


@blueprint.get("/sitemap-<int:part>.xml")
def sitemap(part: int) -> Response:
    """Part of the sitemap: URLs of articles in the order of their ids."""
    ids = services().engine().ids((part - 1) * SITEMAP_URLS, part * SITEMAP_URLS) if part > 0 else ()
    if not ids and part != 1:
        raise PageNotFound(gettext("The sitemap has no part %(part)s.", part=part))
    addresses = [services().absolute(article_url(article_id)) for article_id in ids]
    text = render_template("sitemap.xml", addresses=addresses)
    return _xml(text, "application/xml")


def _feed_entry(view: HitView) -> FeedEntry:
    metadata, path = view.hit.metadata, article_path(view.hit.id)
    published = to_timestamp(metadata.date) if metadata.date else None
    changed = [to_timestamp(date) for date in (metadata.date, metadata.updated) if date]
    return FeedEntry(
        view, to_urn(path), services().absolute(site_path(path)), published, max(changed, default=to_timestamp(None))
    )


def to_urn(path: str) -> str:
    """Id of a resource of this application by its path and query: a name-based UUID (RFC 9562, version 5)."""
    return uuid5(NAMESPACE_URL, f"backfile:{path}").urn


def to_timestamp(known: PartialDate | None) -> str:
    """First second of a date in RFC 3339, UTC."""
    first = known.first if known else UNKNOWN
    return f"{first.isoformat()}T00:00:00Z"


def _xml(text: str, mimetype: str) -> Response:
    """XML response, without the characters that XML 1.0 does not allow (production 2)."""
    return Response(NOT_XML.sub("", text), content_type=f"{mimetype}; charset=utf-8")
