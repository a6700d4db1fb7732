"""Article page: highlights of the query, neighbours in the result list, related articles, citations."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from backfile.archive.errors import ArticleNotFound
from backfile.archive.links.link_index import is_section
from backfile.archive.markdown.plain_text import plain_text
from backfile.archive.markdown.renderer import RenderedArticle, to_html
from backfile.archive.model import Article
from backfile.archive.storage.library import Library
from backfile.archive.storage.readable_body import ReadableBody, readable_body
from backfile.index.engine import Document, Filters, Request, Sort
from backfile.index.errors import DeadlineExceeded, IndexLocked, IndexUnavailable, IndexUnusable
from backfile.index.highlight.highlighter import Highlighter, Highlights
from backfile.index.highlight.token_table import TokenizedDocument
from backfile.index.query import MatchAll, Node, relax
from backfile.index.sync.reader import document_of
from backfile.web.screens.search import arguments_of_request
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.article_access import open_article
from backfile.web.service.article_links import link_base, section_contents
from backfile.web.service.errors import error_response_for
from backfile.web.service.headers import note_last_modified
from backfile.web.service.i18n import gettext
from backfile.web.service.search_service import neighbours, parse_query
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url, cite_url, facet_url, site_path
from backfile.web.views import citations
from backfile.web.views.article_notes import archived_url, correction_notes, identifier_links, series_notes
from backfile.web.views.hit_views import CopiesView, HitView, Link, Part, copies_view, hit_views, parts
from backfile.web.views.json_ld import json_ld, url_of_source
from backfile.web.views.marked_html import mark_html

RELATED_LIMIT = 5
MIN_HEADINGS = 3
RENDERED_SECONDS = 60
MAX_MARKED = 2_000_000  # characters of HTML in which matches are marked
CITATIONS = {
    "txt": (citations.plain_citation, "text/plain"),
    "bib": (citations.bibtex, "application/x-bibtex"),
    "ris": (citations.ris, "application/x-research-info-systems"),
}

log = logging.getLogger("backfile.web")

blueprint = Blueprint("article", __name__)


@dataclass(frozen=True, slots=True)
class Breadcrumb:
    """Way back to the result list: its URL, the rank of the hit in it, the previous and the next hit."""

    back: str | None = None
    total: int | None = None
    rank: int | None = None
    previous: str | None = None
    next: str | None = None


@dataclass(frozen=True, slots=True)
class HighlightedArticle:
    """Title and summary as parts, body as safe HTML; highlights are numbered from 1 in that order.

    `is_cut`: only the beginning of the article was searched for them.
    """

    title: tuple[Part, ...]
    summary: tuple[Part, ...]
    body: str
    count: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class RelatedArticles:
    """List of other articles below the article."""

    id: str
    heading: str
    hits: tuple[HitView, ...]


@dataclass(frozen=True, slots=True)
class IndexContext:
    """Parts of the page that need the index; `notice` is the reason if it cannot be used."""

    languages: tuple[str, ...]
    breadcrumb: Breadcrumb = Breadcrumb()
    related: tuple[RelatedArticles, ...] = ()
    copies: CopiesView | None = None
    section: tuple[Link, ...] = ()
    notice: str = ""


@blueprint.get("/article/<path:article_id>")
def article(article_id: str) -> str:
    """Article page; matches of `q` are highlighted and numbered, `match` is the number of the current one."""
    found, is_unlisted = open_article(article_id)
    body = readable_body(services().library, found)
    _note_last_modified(found, body)
    arguments = arguments_of_request()
    query = parse_query(arguments.query).tree
    rendered = render_body(found, body.text)
    head = marked_part(rendered.html)
    document = document_of(found, plain_text(head), library_language=services().library.settings.language)
    shown = replace(found, metadata=document.metadata)
    context = _index_context(arguments, query, shown)
    highlighted = _highlight(document, head, rendered.html[len(head) :], query, context.languages)
    return render_template(
        "article.html",
        metadata=shown.metadata,
        highlighted=highlighted,
        contents=rendered.contents if len(rendered.contents) >= MIN_HEADINGS else (),
        problem=rendered.problem,
        context=context,
        authors=_links("author", shown.metadata.authors),
        topics=_links("topic", shown.metadata.topics),
        **_match_links(arguments, article_id, highlighted.count),
        **_metadata(shown, is_unlisted=is_unlisted),
    )


@blueprint.get("/article/<path:article_id>.md")
def markdown(article_id: str) -> str | Response:
    """Markdown file of an article, byte for byte; or the page of the article whose id ends with `.md`."""
    library = services().library
    if library.locate(article_id) is None and library.locate(f"{article_id}.md") is not None:
        return article(f"{article_id}.md")
    found = open_article(article_id, lambda moved: f"{article_url(moved)}.md").article
    return Response((library.root / found.path).read_bytes(), content_type="text/plain; charset=utf-8")


@blueprint.get("/cite/<path:article_id>.<any(txt, bib, ris, json):form>")
def citation(article_id: str, form: str) -> Response:
    """Citation of an article, or of the `passage` quoted from it, as text or for reference managers."""
    found = open_article(article_id, lambda moved: f"{cite_url(moved)}.{form}").article
    url, title = url_of_source(found) or _absolute_url(found), services().title
    passage = citations.quote_passage(request.args.get("passage", ""), _absolute_url(found))
    if form == "json":
        response = jsonify(citations.csl(found, url, title, passage))
        response.mimetype = "application/vnd.citationstyles.csl+json"
        return response
    write, mimetype = CITATIONS[form]
    return Response(write(found, url, title, passage), content_type=f"{mimetype}; charset=utf-8")


def _note_last_modified(found: Article, body: ReadableBody) -> None:
    with suppress(OSError):  # removed since it was read: the page then has no Last-Modified
        own = os.stat(services().library.root / found.path).st_mtime
        note_last_modified(max([own, *(each.mtime_ns / 1e9 for each in body.included)]))


def render_body(shown: Article, body: str) -> RenderedArticle:
    """Renders the body; cached by its content for a minute, after which a change of link targets shows."""
    digest = hashlib.blake2b(body.encode("utf-8", "surrogatepass"), digest_size=16).digest()
    library, folder = services().library, services().settings.cache_folder
    root = site_path("")
    render_article = partial(services().renderer or render, library, folder, shown.path, body, root)
    key = (shown.path, digest, root, library.settings.remote_images, int(time.monotonic() // RENDERED_SECONDS))
    return services().rendered(key, render_article)


def render(library: Library, folder: Path, path: str, body: str, root: str) -> RenderedArticle:
    """Renders the body of the article at `path`; links within the archive begin with `root`.

    `folder` is the cache folder with the index of links, `root` the path that the archive is served under.
    """
    with link_base(library, folder, path, root) as base:
        return to_html(body, remote_images=library.settings.remote_images, base=base)


def _index_context(arguments: SearchArguments, query: Node, shown: Article) -> IndexContext:
    """Reads the index. The article can be read without it; the page then has a notice instead."""
    try:
        languages = services().engine().status().languages
        section = _section_contents(shown)
        return IndexContext(languages, _breadcrumb(arguments, query), _related_articles(shown), _copies(shown), section)
    except (IndexUnusable, IndexUnavailable, IndexLocked, DeadlineExceeded) as error:
        log.warning("%s is shown without its neighbours: %s", shown.id, error)
        back = arguments.url() if arguments.query or arguments.has_filters else None
        heading = gettext(error_response_for(type(error)).heading)
        notice = gettext("%(heading)s. The article is shown without what the index adds to it.", heading=heading)
        return IndexContext((services().library.settings.language or "en",), Breadcrumb(back), notice=notice)


def marked_part(html: str) -> str:
    """Beginning of an article's HTML in which matches are marked, up to a tag or a blank in the text; all as a rule."""
    if len(html) <= MAX_MARKED:
        return html
    tag = max(html.rfind("<", 0, MAX_MARKED), 0)
    blank = max(html.rfind(each, tag, MAX_MARKED) for each in " \n")
    return html[: blank if -1 < html.find(">", tag, MAX_MARKED) < blank else tag]


def _highlight(document: Document, head: str, rest: str, query: Node, languages: tuple[str, ...]) -> HighlightedArticle:
    """Highlights the article: the query, or if that does not match it the words of it that do.

    `document` has the text of `head`; the `rest` of the HTML is shown as it is.
    """
    relaxed = relax(query, languages)
    queries = [] if isinstance(query, MatchAll) else [query, *([relaxed.any_word, relaxed.rest] if relaxed else [])]
    tokenized = TokenizedDocument(document)
    matching = (Highlighter(each, languages).highlight_all([tokenized])[0] for each in queries)
    found = next((each for each in matching if each is not None), Highlights())
    in_summary = 1 + len(found.title)
    first = in_summary + len(found.summary)
    return HighlightedArticle(
        title=parts(document.metadata.title, found.title, first=1),
        summary=parts(document.metadata.summary or "", found.summary, first=in_summary),
        body=(mark_html(head, found.text, first=first) if found.text else head) + rest,
        count=found.count,
        is_cut=bool(queries) and (bool(rest) or tokenized.is_cut),
    )


def _match_links(arguments: SearchArguments, article_id: str, matches: int) -> dict[str, Any]:
    """Number of the current match, and links to the previous and the next; the first follows the last."""
    text = request.args.get("match", "")
    match = int(text) if text.isascii() and text.isdigit() and 0 < int(text[:9]) <= matches else None

    def link_to(number: int) -> str:
        return arguments.article_url(article_id, rank=arguments.rank, match=number) + f"#m{number}"

    return {
        "query": arguments.query,
        "matches": matches,
        "match": match,
        "previous_match": link_to(match - 1 if match and match > 1 else matches),
        "next_match": link_to(match + 1 if match and match < matches else 1),
    }


def _breadcrumb(arguments: SearchArguments, query: Node) -> Breadcrumb:
    rank = arguments.rank
    if not arguments.query and not arguments.has_filters and rank is None:
        return Breadcrumb()
    if rank is None:
        return Breadcrumb(back=arguments.url())
    if arguments.lines:
        return Breadcrumb(back=arguments.url(page=(rank - 1) // arguments.per_page + 1) + f"#line-{rank}")
    page, before, after = neighbours(arguments, query, rank)
    total = page.total if page.stories is None else page.stories
    if rank > total:
        return Breadcrumb(back=arguments.url())
    return Breadcrumb(
        back=arguments.url(page=(rank - 1) // arguments.per_page + 1) + f"#hit-{rank}",
        total=total,
        rank=rank,
        previous=arguments.article_url(before.id, rank=rank - 1) if before else None,
        next=arguments.article_url(after.id, rank=rank + 1) if after else None,
    )


def _related_articles(shown: Article) -> tuple[RelatedArticles, ...]:
    """Similar articles, and others by the first author."""
    engine, no_search = services().engine(), SearchArguments()
    try:
        similar = engine.more_like_this(shown.id, limit=RELATED_LIMIT)
    except ArticleNotFound:  # not indexed yet
        similar = ()
    lists = [RelatedArticles("similar", gettext("Similar articles"), hit_views(no_search, similar))]
    for author in shown.metadata.authors[:1]:
        by_author = Request(
            MatchAll(), Filters(authors=(author,)), Sort.NEWEST, per_page=RELATED_LIMIT + 1, passages=0, facet_size=1
        )
        others = [hit for hit in engine.search(by_author).hits if hit.id != shown.id][:RELATED_LIMIT]
        heading = gettext("More by %(author)s", author=author)
        lists.append(RelatedArticles("by-author", heading, hit_views(no_search, others)))
    return tuple(each for each in lists if each.hits)


def _copies(shown: Article) -> CopiesView | None:
    """Other copies of the article's story."""
    own = Request(MatchAll(), Filters(ids=(shown.id,)), per_page=1, passages=1, facets=(), fold=True)
    hits = services().engine().search(own).hits
    return copies_view(hits[0]) if hits and hits[0].copies else None


def _section_contents(shown: Article) -> tuple[Link, ...]:
    """Links to what lies in the folder of a section page; nothing for an article."""
    if not is_section(shown.path):
        return ()
    folder, now = services().settings.cache_folder, services().now()
    found = section_contents(services().library, services().engine(), folder, shown.path, now)
    return tuple(Link(title, article_url(article_id)) for title, article_id in found)


def _links(facet: str, names: tuple[str, ...]) -> tuple[Link, ...]:
    return tuple(Link(name, facet_url(facet, name)) for name in names)


def _absolute_url(shown: Article) -> str:
    return services().absolute(article_url(shown.id))


def _metadata(shown: Article, *, is_unlisted: bool) -> dict[str, Any]:
    """URLs, citations and metadata for browsers, search engines and reference managers."""
    url, title = _absolute_url(shown), services().title
    source_url = url_of_source(shown)
    return {
        "url": url,
        "canonical": source_url or url,
        "source_url": source_url,
        "markdown_url": article_url(shown.id) + ".md",
        "cite_url": cite_url(shown.id),
        "is_unlisted": is_unlisted,
        "corrections": correction_notes(shown),
        "identifiers": identifier_links(shown),
        "series": series_notes(shown),
        "archived_url": archived_url(shown, source_url),
        "citations": citations.forms(),
        "max_passage": citations.MAX_PASSAGE,
        "citation": citations.plain_citation(shown, source_url or url, title),
        "bibtex": citations.bibtex(shown, source_url or url, title),
        "json_ld": json_ld(shown, url, source_url, title),
    }
