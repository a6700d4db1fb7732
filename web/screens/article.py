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
from backfile.index.highlight.highlighter import Highlighter
from backfile.index.query import MatchAll, Node
from backfile.index.serialising import article_path
from backfile.index.sync.reader import document_of
from backfile.web.screens.media import addresses
from backfile.web.screens.search import arguments_of_request
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.errors import error_response_for
from backfile.web.service.i18n import gettext
from backfile.web.service.search_service import neighbours, parse_query
from backfile.web.service.services import RenderedBody, services
from backfile.web.views import citations
from backfile.web.views.hit_views import HitView, Link, Part, hit_views, parts
from backfile.web.views.json_ld import is_web_address, json_ld
from backfile.web.views.marked_html import mark_html

RELATED_LIMIT = 5
MIN_HEADINGS = 3
RENDERED_SECONDS = 60  # seconds
CITATIONS = {
    "txt": (citations.plain_citation, "text/plain"),
    "bib": (citations.bibtex, "application/x-bibtex"),
    "ris": (citations.ris, "application/x-research-info-systems"),
}

log = logging.getLogger("backfile.web")

blueprint = Blueprint("article", __name__)


@dataclass(frozen=True, slots=True)
class Breadcrumb:
    """Where the reader came from: the list, the place in it, and the results on either side."""

    back: str | None = None
    total: int | None = None
    rank: int | None = None
    previous: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class HighlightedArticle:
    """Title and summary as parts, the body as safe HTML; marks are numbered through from 1 in that order."""

    title: tuple[Part, ...]
    summary: tuple[Part, ...]
    body: str
    count: int


@dataclass(frozen=True, slots=True)
class RelatedArticles:
    """A list of other articles below the article."""

    id: str
    heading: str
    hits: tuple[HitView, ...]


@dataclass(frozen=True, slots=True)
class IndexContext:
    """What the index knows about an article's page; `notice` says why it knows nothing at the moment."""

    languages: tuple[str, ...]
    breadcrumb: Breadcrumb = Breadcrumb()
    related: tuple[RelatedArticles, ...] = ()
    notice: str = ""


@blueprint.get("/article/<path:article_id>")
def article(article_id: str) -> str:
    """An article; with `q` its matches are marked and numbered, `match` says at which one the reader stands."""
    shown = services().library.get(article_id)
    arguments = arguments_of_request()
    query = parse_query(arguments.query).tree
    rendered_body = render_body(shown)
    rendered = rendered_body.rendered
    around = _index_context(arguments, query, shown)
    pieces = _highlight_article(shown, rendered_body, query, around.languages)
    return render_template(
        "article.html",
        metadata=shown.metadata,
        pieces=pieces,
        contents=rendered.contents if len(rendered.contents) >= MIN_HEADINGS else (),
        problem=rendered.problem,
        breadcrumb=around.breadcrumb,
        notice=around.notice,
        authors=_links("author", shown.metadata.authors),
        topics=_links("topic", shown.metadata.topics),
        related=around.related,
        **_steps(arguments, article_id, pieces.count),
        **_metadata(shown),
    )


@blueprint.get("/article/<path:article_id>.md")
def markdown(article_id: str) -> str | Response:
    """The article's file as it is, front matter included, as plain text; or else the article whose id ends so."""
    library = services().library
    try:
        found = library.get(article_id)
    except ArticleNotFound:
        return article(article_id + ".md")
    return Response((library.root / found.path).read_bytes(), content_type="text/plain; charset=utf-8")


@blueprint.get("/cite/<path:article_id>.<any(txt, bib, ris, json):form>")
def citation(article_id: str, form: str) -> Response:
    """The citation of an article, or of the `passage` quoted from it, in words or for reference managers."""
    found = services().library.get(article_id)
    url, title = _source_url(found) or _address(found), services().title
    passage = citations.quote_passage(request.args.get("passage", ""), _address(found))
    if form == "json":
        response = jsonify(citations.csl(found, url, title, passage))
        response.mimetype = "application/vnd.citationstyles.csl+json"
        return response
    write, kind = CITATIONS[form]
    return Response(write(found, url, title, passage), content_type=f"{kind}; charset=utf-8")


def render_body(shown: Article) -> RenderedBody:
    """The body as HTML and as text, remembered by its content.

    A link or a picture whose target has come or gone meanwhile is noticed after a minute at most.
    """
    body = body_without_title(shown.body, shown.metadata.title)
    digest = hashlib.blake2b(body.encode("utf-8", "surrogatepass"), digest_size=16).digest()

    def make() -> RenderedBody:
        base = addresses(services().library, shown.path)
        return RenderedBody(to_html(body, remote_images=services().remote_images, base=base), to_text(body))

    return services().bodies((shown.path, digest, int(time.monotonic() // RENDERED_SECONDS)), make)


def _index_context(arguments: SearchArguments, query: Node, shown: Article) -> IndexContext:
    """What the index adds to the page. The article itself can be read without one, and the page then says so."""
    try:
        return IndexContext(services().languages, _breadcrumb(arguments, query), _related_articles(shown))
    except (IndexUnusable, IndexLocked, DeadlineExceeded) as error:
        log.warning("%s is shown without its neighbours: %s", shown.id, error)
        back = arguments.url() if arguments.query or arguments.has_filters else None
        heading = gettext(error_response_for(type(error)).heading)
        notice = gettext("%(heading)s. The article is shown without what the index adds to it.", heading=heading)
        return IndexContext((services().language,), Breadcrumb(back), notice=notice)


def _highlight_article(
    shown: Article, rendered_body: RenderedBody, query: Node, languages: tuple[str, ...]
) -> HighlightedArticle:
    """Marks the article by the one matcher; nothing is marked when the query does not find the article."""
    html = rendered_body.rendered.html
    highlighter = Highlighter(query, languages)
    marks = None if isinstance(query, MatchAll) else highlighter.highlight(document_of(shown, rendered_body.text))
    title_spans: tuple[Span, ...] = marks.title if marks else ()
    summary_spans: tuple[Span, ...] = marks.summary if marks else ()
    before = len(title_spans) + len(summary_spans)
    body = mark_html(html, highlighter, hit=marks, first=before + 1) if marks else None
    return HighlightedArticle(
        title=parts(shown.metadata.title, title_spans, first=1),
        summary=parts(shown.metadata.summary or "", summary_spans, first=len(title_spans) + 1),
        body=body.html if body else html,
        count=before + (body.count if body else 0),
    )


def _steps(arguments: SearchArguments, article_id: str, matches: int) -> dict[str, Any]:
    """The match at which the reader stands and the addresses of those beside it; after the last comes the first."""
    asked = request.args.get("match", "")
    match = int(asked) if asked.isascii() and asked.isdigit() and 0 < int(asked[:9]) <= matches else None

    def step(number: int) -> str:
        return arguments.article_url(article_id, rank=arguments.rank, match=number) + f"#m{number}"

    return {
        "query": arguments.query,
        "matches": matches,
        "match": match,
        "previous_match": step(match - 1 if match and match > 1 else matches),
        "next_match": step(match + 1 if match and match < matches else 1),
    }


def _breadcrumb(arguments: SearchArguments, query: Node) -> Breadcrumb:
    if not arguments.query and not arguments.has_filters and arguments.rank is None:
        return Breadcrumb()
    rank = arguments.rank
    if rank is None:
        return Breadcrumb(back=arguments.url())
    page, before, after = neighbours(arguments, query, rank)
    back = arguments.url(page=(rank - 1) // arguments.per_page + 1) + f"#hit-{rank}"
    if rank > page.total:
        return Breadcrumb(back=arguments.url())
    return Breadcrumb(
        back=back,
        total=page.total,
        rank=rank,
        previous=arguments.article_url(before.id, rank=rank - 1) if before else None,
        next=arguments.article_url(after.id, rank=rank + 1) if after else None,
    )


def _related_articles(shown: Article) -> tuple[RelatedArticles, ...]:
    """Similar articles, and others by the first author."""
    engine, plain = services().engine, SearchArguments()
    try:
        similar = engine.more_like_this(shown.id, limit=RELATED_LIMIT)
    except ArticleNotFound:  # so new that the index does not know it yet
        similar = ()
    lists = [RelatedArticles("similar", gettext("Similar articles"), hit_views(plain, similar))]
    if shown.metadata.authors:
        author = shown.metadata.authors[0]
        request_for_author = Request(
            MatchAll(),
            Filters(authors=(author,)),
            Sort.NEWEST,
            per_page=RELATED_LIMIT + 1,
            passages=0,
            facet_size=1,
        )
        others = [hit for hit in engine.search(request_for_author).hits if hit.id != shown.id][:RELATED_LIMIT]
        lists.append(
            RelatedArticles("by-author", gettext("More by %(author)s", author=author), hit_views(plain, others))
        )
    return tuple(each for each in lists if each.hits)


def _links(facet: str, names: tuple[str, ...]) -> tuple[Link, ...]:
    return tuple(Link(name, f"/{facet}/{quote(name, safe='')}") for name in names)


def _address(shown: Article) -> str:
    return services().absolute(article_path(shown.id))


def _source_url(shown: Article) -> str | None:
    return shown.metadata.source.url if shown.metadata.source and is_web_address(shown.metadata.source.url) else None


def _metadata(shown: Article) -> dict[str, Any]:
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
        "most_quoted": citations.MAX_PASSAGE,
        "citation": citations.plain_citation(shown, source_url or url, title),
        "bibtex": citations.bibtex(shown, source_url or url, title),
        "json_ld": json_ld(shown, url, source_url, title),
    }
