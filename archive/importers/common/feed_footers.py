"""Footers that blogs add to each entry of a feed: “The post X appeared first on Y.”

Told by what they are: the last paragraph of an entry, a line of a few words with a link to the entry itself and one to
the site. So the language does not matter, nor what a blogger has made of it. One without a link to the site is known by
the words that WordPress with Yoast SEO has in the larger languages.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote

from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import parse_html, text_of
from backfile.archive.web_addresses import address_parts

_LONGEST = 6_000
"""Characters of HTML from the end in which a footer begins."""
_MOST_WORDS = 22
"""Words outside the links: Medium's “… on Medium, where people are continuing the conversation by …” has eighteen."""
_MOST_EMPTY = 20
"""Blocks from the end that are looked at; those without text are passed over."""
_BLOCK = re.compile(r"<(?:p|div|br|hr|footer|section)\b[^<>]*>", re.IGNORECASE)
_TRACKING = re.compile(r"utm_\w+|source|ref|fbclid|share", re.IGNORECASE)
_WORDS = re.compile(
    r"appeared first|first appeared|was (?:first|originally) published|erschien zuerst|erschien als erstes"
    r"|est apparu en premier|a été publié en premier|apareció primero|se publicó primero|proviene da"
    r"|sembra essere il primo|è apparso per la prima|apareceu primeiro|foi publicado primeiro"
    r"|verscheen eerst|verscheen als eerste"
    r"|pojawił się po raz pierwszy|pochodzi z serwisu|dök först upp|publicerades först|blev først|dukket først opp"
    r"|pochází z|pochádza z|ilmestyi ensimmäisenä|ilk önce|először|впервые появил|появил\w{1,20} сначала"
    r"|apareix primer|a apărut prima dată|に最初に表示|最先出现在|最早出現於",
    re.IGNORECASE,
)


def without_feed_footer(html: str, links: tuple[str, ...], site: str) -> str:
    """HTML of an entry without the footer. `links` are addresses of the entry, `site` that of its site, empty if none.

    What else stands in the last paragraph stays, and so does the paragraph.
    """
    begin = max(0, len(html) - _LONGEST)
    if "<a" not in html[begin:]:
        return html
    for block in list(_BLOCK.finditer(html, begin))[: -_MOST_EMPTY - 1 : -1]:
        try:
            tail = parse_html(html[block.start() :])
        except ArchiveError:
            return html
        if text_of(tail):
            return html[: block.start()] if _is_footer(tail, links, site) else html
    return html


def _is_footer(tail: HtmlElement, links: tuple[str, ...], site: str) -> bool:
    anchors = [link for link in _links(tail) if text_of(link)]
    if not 1 <= len(anchors) <= 3 or any(not _is_tracker(image) for image in tail.iter("img")):
        return False
    linked = sum(len(text_of(link).split()) for link in anchors)
    if len(text_of(tail).split()) - linked > _MOST_WORDS:
        return False
    own = [link for link in anchors if any(_is_same(link.get("href") or "", each) for each in links)]
    others = [link for link in anchors if link not in own]
    if not own:
        return False
    if others:
        return all(_is_site(link.get("href") or "", (*links, site), site) for link in others)
    return _WORDS.search(text_of(tail)) is not None


def _links(tree: HtmlElement) -> list[HtmlElement]:
    return [link for link in tree.iter("a") if link.get("href")]


def _is_tracker(image: HtmlElement) -> bool:
    """Whether an image is one point large, as counters of readers are."""
    return image.get("width") in ("0", "1") and image.get("height") in ("0", "1")


def _form(address: str) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Host, path and query of an address, without what differs between links to one page."""
    parts = address_parts(address.strip())
    query = tuple(pair for pair in parse_qsl(parts.query) if not _TRACKING.fullmatch(pair[0]))
    return (parts.hostname or "").removeprefix("www."), unquote(parts.path).rstrip("/"), query


def _is_same(address: str, other: str) -> bool:
    return bool(other) and address_parts(other).hostname is not None and _form(address) == _form(other)


def _is_site(address: str, known: tuple[str, ...], site: str) -> bool:
    """Whether an address is the home page of a site: that of the feed, or the root of a host that it has."""
    host, path, query = _form(address)
    return _is_same(address, site) or (not path and not query and host in {_form(each)[0] for each in known} - {""})
