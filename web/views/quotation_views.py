"""View of a quotation: its verdict and the matches that readers may see, with passages, links and citations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from urllib.parse import urlencode

from backfile.archive.errors import ArticleGone, ArticleNotFound
from backfile.archive.model import Article
from backfile.index.analysis.tokenizer import find_raw_tokens
from backfile.index.quotations.alignment import Difference
from backfile.index.quotations.marked_passages import (
    Change,
    MarkedText,
    list_changes,
    mark_passages,
    mark_quotation,
    passage_query,
    quoted_words,
)
from backfile.index.quotations.quotation_finder import QuotationMatch, QuotationOrder, QuotationReport, Verdict
from backfile.index.serialising import article_path
from backfile.web.service.i18n import gettext, gettext_noop, ngettext
from backfile.web.service.services import services
from backfile.web.service.site_urls import article_url, cite_url, facet_url, site_path
from backfile.web.views import citations
from backfile.web.views.hit_views import Link
from backfile.web.views.json_ld import url_of_source

MAX_SHOWN = 10
_LONGEST_SEARCH = 60  # words of a quotation that can be searched for as a phrase
_SEARCHED = 20  # words of one that is not found

CHANGES = {
    Difference.MISSING: gettext_noop("Missing in the quotation"),
    Difference.ADDED: gettext_noop("Not in the article"),
    Difference.CHANGED: gettext_noop("Changed"),
}
ORDERS = ((QuotationOrder.BEST, gettext_noop("Best")), (QuotationOrder.EARLIEST, gettext_noop("Earliest")))


@dataclass(frozen=True, slots=True)
class PublicMatch:
    """Match in an article that readers may see, and the URL of the passage."""

    match: QuotationMatch
    article: Article
    url: str


@dataclass(frozen=True, slots=True)
class QuotationMatchView:
    """Match as the page shows it; `quoted` is the quotation with marks, empty if the match is word for word."""

    match: QuotationMatch
    url: str
    verdict: str
    authors: tuple[Link, ...]
    passages: tuple[MarkedText, ...]
    quoted: MarkedText | None
    changes: tuple[tuple[str, Change], ...]
    citation: str
    citations: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class QuotationView:
    """Verdict on a quotation in words, orders as links, and matches.

    `all_articles` is a search for the quotation as a phrase, `search_url` one for its words.
    """

    verdict: str
    is_found: bool
    matches: tuple[QuotationMatchView, ...]
    orders: tuple[Link, ...]
    all_articles: Link | None
    search_url: str
    is_cut: bool
    took_ms: float


def quotation_view(report: QuotationReport, order: QuotationOrder) -> QuotationView:
    """View of a report for readers."""
    matches = public_matches(report)
    shown = with_matches(report, [each.match for each in matches])
    return QuotationView(
        verdict=_verdict(shown),
        is_found=bool(matches),
        matches=tuple(_match_view(each, shown) for each in matches),
        orders=tuple(_order_links(report, order)) if len(matches) > 1 else (),
        all_articles=_all_articles(shown),
        search_url=_search_url(" ".join(find_raw_tokens(report.quotation.text)[:_SEARCHED])),
        is_cut=report.is_cut,
        took_ms=report.took_ms,
    )


def public_matches(report: QuotationReport) -> list[PublicMatch]:
    """First matches whose articles readers may see now, as their files say; the index may be a minute older."""
    return list(islice(_public(report), MAX_SHOWN))


def _public(report: QuotationReport) -> Iterator[PublicMatch]:
    for match in report.matches:
        with suppress(ArticleGone, ArticleNotFound):
            article, _ = services().library.get_public(match.document.id, services().now())
            yield PublicMatch(match, article, passage_url(match))


def with_matches(report: QuotationReport, matches: list[QuotationMatch]) -> QuotationReport:
    """Report with some of its matches."""
    return replace(report, matches=tuple(matches))


def passage_url(match: QuotationMatch) -> str:
    """URL of the passage in its article: marked as a match of a query, and as a text fragment."""
    url = site_path(article_path(match.document.id, passage_query(match)))
    if match.field != "text":
        return f"{url}#m1"
    passage = citations.quote_passage(quoted_words(match).partition(" … ")[0], url)
    return passage.url.replace("#:~:", "#m1:~:", 1) if passage else url


def _verdict(report: QuotationReport) -> str:
    if report.verdict is Verdict.NOT_FOUND:
        return gettext("Not found: no article has these words, word for word or nearly.")
    verbatim = sum(match.verdict is Verdict.VERBATIM for match in report.matches)
    if not verbatim:
        return ngettext(
            "Not word for word; %(num)s article has nearly these words.",
            "Not word for word; %(num)s articles have nearly these words.",
            len(report.matches),
        )
    number = report.articles if report.articles > MAX_SHOWN else verbatim
    return ngettext("Word for word in %(num)s article.", "Word for word in %(num)s articles.", number)


def _match_view(found: PublicMatch, report: QuotationReport) -> QuotationMatchView:
    match, quotation = found.match, report.quotation
    changes = list_changes(match, quotation.text, quotation.stream)
    absolute = services().absolute(article_url(match.document.id))
    passage = citations.quote_passage(quoted_words(match), absolute)
    source_url = url_of_source(found.article)
    arguments = urlencode({"passage": passage.text if passage else ""})
    return QuotationMatchView(
        match=match,
        url=found.url,
        verdict=_match_verdict(match),
        authors=tuple(Link(name, facet_url("author", name)) for name in match.document.metadata.authors),
        passages=mark_passages(match),
        quoted=mark_quotation(match, quotation.text, quotation.stream) if changes else None,
        changes=tuple((gettext(CHANGES[each.difference]), each) for each in changes),
        citation=citations.plain_citation(found.article, source_url or absolute, services().title, passage),
        citations=tuple(
            (name, f"{cite_url(match.document.id)}.{form}?{arguments}") for form, name in citations.forms()
        ),
    )


def _match_verdict(match: QuotationMatch) -> str:
    left_out = match.alignment.left_out
    if match.verdict is Verdict.NEARLY:
        return gettext("Nearly, %(percent)s\u00a0%%", percent=match.percent)
    if not left_out:
        return gettext("Word for word")
    return ngettext("Word for word, %(num)s word left out", "Word for word, %(num)s words left out", left_out)


def _order_links(report: QuotationReport, order: QuotationOrder) -> Iterator[Link]:
    for each, name in ORDERS:
        arguments = {"text": report.quotation.text} | ({"sort": each.value} if each is not QuotationOrder.BEST else {})
        yield Link(gettext(name), f"{site_path('/quote')}?{urlencode(arguments)}", each is order)


def _search_url(query: str) -> str:
    return f"{site_path('/search')}?{urlencode({'q': query})}"


def _all_articles(report: QuotationReport) -> Link | None:
    """Search for the quotation as a phrase, if it has more articles than are shown."""
    words = report.quotation.stream.words
    if report.articles <= len(report.matches) or len(report.quotation.parts) > 1 or len(words) > _LONGEST_SEARCH:
        return None
    query = '"' + report.quotation.text.replace('"', " ").replace("*", " ") + '"'
    return Link(ngettext("%(num)s article", "All %(num)s articles", report.articles), _search_url(query))
