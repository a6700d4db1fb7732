"""The reading view: an article with its matches marked, its neighbours in the result list, and what is like it."""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, render_template, request

from backfile.archive.errors import ArticleNotFound
from backfile.archive.markdown.headings import body_without_title
from backfile.archive.markdown.renderer import to_html, to_text
from backfile.archive.model import Article
from backfile.index.engine import Filters, Request, Sort, Span
from backfile.index.errors import DeadlineExceeded, IndexLocked, IndexUnusable
from backfile.index.highlight.matcher import Matcher
from backfile.index.query import Everything, Node
from backfile.index.serialising import article_path
from backfile.index.sync.reader import document_of
from backfile.web.screens.media import addresses
from backfile.web.screens.search import arguments_of_request
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.errors import answer_for
from backfile.web.service.i18n import gettext
from backfile.web.service.search_service import neighbours, understand
from backfile.web.service.services import Readable, services
from backfile.web.views import citations
from backfile.web.views.hit_views import HitView, Link, Part, hit_views, parts
from backfile.web.views.json_ld import is_web_address, json_ld
from backfile.web.views.marked_html import mark_html

FURTHER = 5
LEAST_HEADINGS = 3
FRESH = 60  # seconds
CITATIONS = {
    "txt": (citations.plain, "text/plain"),
    "bib": (citations.bibtex, "application/x-bibtex"),
    "ris": (citations.ris, "application/x-research-info-systems"),
}

log = logging.getLogger("backfile.web")

screen = Blueprint("article", __name__)


@dataclass(frozen=True, slots=True)
class Trail:
    """Where the reader came from: the list, the place in it, and the results on either side."""

    back: str | None = None
    total: int | None = None
    place: int | None = None
    previous: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class MarkedPieces:
    """Title and summary as parts, the body as safe HTML; marks are numbered through from 1 in that order."""

    title: tuple[Part, ...]
    summary: tuple[Part, ...]
    body: str
    count: int


@dataclass(frozen=True, slots=True)
class Further:
    """A list of other articles below the article."""

    id: str
    heading: str
    hits: tuple[HitView, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the index knows about an article's page; `notice` says why it knows nothing at the moment."""

    languages: tuple[str, ...]
    trail: Trail = Trail()
    further: tuple[Further, ...] = ()
    notice: str = ""


@screen.get("/article/<path:article_id>")
def article(article_id: str) -> str:
    """An article; with `q` its matches are marked and numbered, `match` says at which one the reader stands."""
    shown = services().library.get(article_id)
    arguments = arguments_of_request()
    query = understand(arguments.query).tree
    readable = make_readable(shown)
    rendered = readable.rendered
    around = _surroundings(arguments, query, shown)
    pieces = _mark(shown, readable, query, around.languages)
    return render_template(
        "article.html",
        article=shown,
        pieces=pieces,
        contents=rendered.contents if len(rendered.contents) >= LEAST_HEADINGS else (),
        problem=rendered.problem,
        trail=around.trail,
        notice=around.notice,
        authors=_links("author", shown.authors),
        topics=_links("topic", shown.topics),
        further=around.further,
        **_steps(arguments, article_id, pieces.count),
        **_for_machines(shown),
    )


@screen.get("/article/<path:article_id>.md")
def markdown(article_id: str) -> str | Response:
    """The article's file as it is, front matter included, as plain text; or else the article whose id ends so."""
    library = services().library
    try:
        found = library.get(article_id)
    except ArticleNotFound:
        return article(article_id + ".md")
    return Response((library.root / found.path).read_bytes(), content_type="text/plain; charset=utf-8")


@screen.get("/cite/<path:article_id>.<any(txt, bib, ris, json):form>")
def citation(article_id: str, form: str) -> Response:
    """The citation of an article, or of the `passage` quoted from it, in words or for reference managers."""
    found = services().library.get(article_id)
    url, title = _source_url(found) or _address(found), services().title
    passage = citations.passage_of(request.args.get("passage", ""), _address(found))
    if form == "json":
        response = jsonify(citations.csl(found, url, title, passage))
        response.mimetype = "application/vnd.citationstyles.csl+json"
        return response
    write, kind = CITATIONS[form]
    return Response(write(found, url, title, passage), content_type=f"{kind}; charset=utf-8")


def make_readable(shown: Article) -> Readable:
    """The body as HTML and as text, remembered by its content.

    A link or a picture whose target has come or gone meanwhile is noticed after a minute at most.
    """
    body = body_without_title(shown.body, shown.title)
    digest = hashlib.blake2b(body.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def make() -> Readable:
        base = addresses(services().library, shown.path)
        return Readable(to_html(body, remote_images=services().remote_images, base=base), to_text(body))

    return services().readable((shown.path, digest, int(time.monotonic() // FRESH)), make)


def _surroundings(arguments: SearchArguments, query: Node, shown: Article) -> Surroundings:
    """What the index adds to the page. The article itself can be read without one, and the page then says so."""
    try:
        return Surroundings(services().languages, _trail(arguments, query), _further(shown))
    except (IndexUnusable, IndexLocked, DeadlineExceeded) as error:
        log.warning("%s is shown without its neighbours: %s", shown.id, error)
        back = arguments.url() if arguments.query or arguments.has_filters else None
        heading = gettext(answer_for(type(error)).heading)
        notice = gettext("%(heading)s. The article is shown without what the index adds to it.", heading=heading)
        return Surroundings((services().language,), Trail(back), notice=notice)


def _mark(shown: Article, readable: Readable, query: Node, languages: tuple[str, ...]) -> MarkedPieces:
    """Marks the article by the one matcher; nothing is marked when the query does not find the article."""
    html = readable.rendered.html
    matcher = Matcher(query, languages)
    marks = None if isinstance(query, Everything) else matcher.match(document_of(shown, readable.text))
    title_spans: tuple[Span, ...] = marks.title if marks else ()
    summary_spans: tuple[Span, ...] = marks.summary if marks else ()
    before = len(title_spans) + len(summary_spans)
    body = mark_html(html, matcher, hit=marks, first=before + 1) if marks else None
    return MarkedPieces(
        title=parts(shown.title, title_spans, first=1),
        summary=parts(shown.summary or "", summary_spans, first=len(title_spans) + 1),
        body=body.html if body else html,
        count=before + (body.count if body else 0),
    )


def _steps(arguments: SearchArguments, article_id: str, matches: int) -> dict[str, Any]:
    """The match at which the reader stands and the addresses of those beside it; after the last comes the first."""
    asked = request.args.get("match", "")
    match = int(asked) if asked.isascii() and asked.isdigit() and 0 < int(asked[:9]) <= matches else None

    def step(number: int) -> str:
        return arguments.article_url(article_id, place=arguments.place, match=number) + f"#m{number}"

    return {
        "query": arguments.query,
        "matches": matches,
        "match": match,
        "previous_match": step(match - 1 if match and match > 1 else matches),
        "next_match": step(match + 1 if match and match < matches else 1),
    }


def _trail(arguments: SearchArguments, query: Node) -> Trail:
    if not arguments.query and not arguments.has_filters and arguments.place is None:
        return Trail()
    place = arguments.place
    if place is None:
        return Trail(back=arguments.url())
    page, before, after = neighbours(arguments, query, place)
    back = arguments.url(page=(place - 1) // arguments.per_page + 1) + f"#hit-{place}"
    if place > page.total:
        return Trail(back=arguments.url())
    return Trail(
        back=back,
        total=page.total,
        place=place,
        previous=arguments.article_url(before.id, place=place - 1) if before else None,
        next=arguments.article_url(after.id, place=place + 1) if after else None,
    )


def _further(shown: Article) -> tuple[Further, ...]:
    """Similar articles, and others by the first author."""
    engine, plain = services().engine, SearchArguments()
    try:
        similar = engine.more_like_this(shown.id, limit=FURTHER)
    except ArticleNotFound:  # so new that the index does not know it yet
        similar = ()
    lists = [Further("similar", gettext("Similar articles"), hit_views(plain, similar))]
    if shown.authors:
        author = shown.authors[0]
        request_for_author = Request(
            Everything(),
            Filters(authors=(author,)),
            Sort.NEWEST,
            per_page=FURTHER + 1,
            passages=0,
            facet_size=1,
        )
        others = [hit for hit in engine.search(request_for_author).hits if hit.id != shown.id][:FURTHER]
        lists.append(Further("by-author", gettext("More by %(author)s", author=author), hit_views(plain, others)))
    return tuple(each for each in lists if each.hits)


def _links(facet: str, names: tuple[str, ...]) -> tuple[Link, ...]:
    return tuple(Link(name, f"/{facet}/{quote(name, safe='')}") for name in names)


def _address(shown: Article) -> str:
    return services().absolute(article_path(shown.id))


def _source_url(shown: Article) -> str | None:
    return shown.source.url if shown.source and is_web_address(shown.source.url) else None


def _for_machines(shown: Article) -> dict[str, Any]:
    """Addresses, citations and metadata for browsers, search engines and reference managers."""
    url, title = _address(shown), services().title
    source_url = _source_url(shown)
    return {
        "url": url,
        "canonical": source_url or url,
        "source_url": source_url,
        "markdown_url": article_path(shown.id) + ".md",
        "cite_url": "/cite/" + article_path(shown.id).removeprefix("/article/"),
        "citations": (("txt", gettext("Plain text")), ("bib", "BibTeX"), ("ris", "RIS"), ("json", "CSL-JSON")),
        "most_quoted": citations.MOST_QUOTED,
        "citation": citations.plain(shown, source_url or url, title),
        "bibtex": citations.bibtex(shown, source_url or url, title),
        "json_ld": json_ld(shown, url, source_url, title),
    }
