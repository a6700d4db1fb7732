"""Embedded films, sound, frames and players of a page as links, which Markdown can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import safe_address, text_of

MARK = "data-embed"
"""Attribute of a link that stands for something embedded."""

_EMBEDS = (
    *("iframe", "frame", "video", "audio", "embed", "object", "amp-iframe", "amp-video", "amp-audio"),
    *("amp-youtube", "amp-vimeo", "lite-youtube", "lite-vimeo", "youtube-video"),
)
_VIDEO_IDS = ("videoid", "data-videoid", "video-id")
_GIST = re.compile(r"(https://gist\.github\.com/[\w-]+/[0-9a-f]+)\.js\b", re.IGNORECASE)
_PLAYER = re.compile(
    r"https?://(?:(?:www\.|m\.)?youtube(?:-nocookie)?\.com/(?:embed|v|shorts)/(?P<youtube>(?!videoseries)[\w-]+)"
    r"|player\.vimeo\.com/video/(?P<vimeo>\d+))(?:[/?#&].*)?\Z",
    re.IGNORECASE,
)
_ADDRESSES = ("src", "data-src", "data-lazy-src", "data-litespeed-src", "data-src-fg", "data")
_MOVIE_PARAMETERS = frozenset({"movie", "src", "url", "filename"})
_INLINE = frozenset({"p", "a", "b", "i", "em", "strong", "span", "h1", "h2", "h3", "h4", "h5", "h6", "figcaption"})
_TINY = re.compile(r"\s*[0-2](?:px)?\s*\Z")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NO_CONTENT = re.compile(
    r"//[\w.-]*(?:googletagmanager|doubleclick|googlesyndication|amazon-adsystem|adservice|recaptcha)\b|"
    r"//www\.google\.com/recaptcha|//(?:ads?|adserver|banners?)\.|facebook\.com/(?:v[\d.]+/)?plugins/(?:like|share|follow|page|send)|"
    r"platform\.twitter\.com/widgets/(?:tweet|follow)_button",
    re.IGNORECASE,
)
_GENERIC_TITLE = re.compile(
    r"(?:(?:youtube|vimeo|embedded|html5|spotify|soundcloud|audio|video|media)[ -]?)*"
    r"(?:video|audio|player|content|post|embed|iframe|frame|object)?(?: player| for \d+)?",
    re.IGNORECASE,
)


def link_embeds(tree: HtmlElement, base_url: str | None) -> None:
    """Replaces what a tree embeds by links with its title, or its address for want of one.

    Buttons, advertising and invisible frames are left out. What has a title but no address of the web keeps the title.
    """
    for element in list(tree.iter(*_EMBEDS)):
        parent = element.getparent()
        if parent is None or next(element.iterancestors(*_EMBEDS), None) is not None or _is_invisible(element):
            continue
        address = next(filter(None, (_web_address(base_url, each) for each in _addresses(element))), None)
        if address and _NO_CONTENT.search(address):
            continue
        title = _title(element)
        if address or title:
            _replace(element, _link(address, title or address or ""))
    for script in list(tree.iter("script")):
        gist = _GIST.match(script.get("src") or "")
        if gist and script.getparent() is not None:
            _replace(script, _link(gist[1], gist[1]))
    for link in list(tree.iter("a")):
        if not link.text_content().strip() and _is_whole_quotation(link):
            link.text = _web_address(base_url, link.get("href") or "")


def _is_whole_quotation(link: HtmlElement) -> bool:
    """Whether a link without words is all of a quotation, as of a post that a script would load."""
    box = next(link.iterancestors("blockquote"), None)
    return box is not None and not box.text_content().strip() and box.find(".//img") is None


def _is_invisible(element: HtmlElement) -> bool:
    sides = [element.get(side) for side in ("width", "height")]
    is_tiny = all(side is not None and _TINY.match(side) for side in sides)
    return element.tag != "audio" and (is_tiny or _HIDDEN.search(element.get("style") or "") is not None)


def _addresses(element: HtmlElement) -> Iterator[str]:
    """Yields the addresses that an element gives itself, in its sources, its parameters and what is nested in it."""
    for each in element.iter("source", "param", *_EMBEDS):
        if each.tag == "param":
            if (each.get("name") or "").lower() in _MOVIE_PARAMETERS:
                yield each.get("value") or ""
        else:
            site = "https://vimeo.com/" if "vimeo" in str(each.tag) else "https://www.youtube.com/watch?v="
            yield from (f"{site}{each.get(name)}" for name in _VIDEO_IDS if each.get(name))
            yield from (each.get(name) or "" for name in _ADDRESSES)


def _web_address(base_url: str | None, reference: str) -> str | None:
    if reference.startswith("//"):
        reference = f"https:{reference}"
    address = safe_address(base_url, reference) if reference.strip() else None
    return _watched_at(address) if address and address.lower().startswith(("http://", "https://")) else None


def _watched_at(address: str) -> str:
    """Address at which a reader watches a film of YouTube or Vimeo, for that of its player."""
    found = _PLAYER.match(address)
    if found is None:
        return address
    youtube = found["youtube"]
    return f"https://www.youtube.com/watch?v={youtube}" if youtube else f"https://vimeo.com/{found['vimeo']}"


def _title(element: HtmlElement) -> str:
    named = (" ".join((element.get(name) or "").split()) for name in ("title", "aria-label", "data-title", "playlabel"))
    return next((title for title in named if title and not _GENERIC_TITLE.fullmatch(title)), "")


def _link(address: str | None, words: str) -> HtmlElement:
    link = etree.Element("a" if address else "em")
    link.text = words
    link.set(MARK, "")
    if address:
        link.set("href", address)
    return link


def _replace(element: HtmlElement, link: HtmlElement) -> None:
    """Puts a link in the place of an element: in a paragraph of its own, unless it stands in running text."""
    parent = element.getparent()
    if parent.tag in _INLINE:
        link.tail = f" {element.tail}" if (element.tail or "").strip() else element.tail
        before = element.getprevious()
        if before is None and text_of(parent) and (parent.text or "").strip():
            parent.text = f"{parent.text} "
        elif before is not None and (before.tail or "").strip():
            before.tail = f"{before.tail} "
        parent.replace(element, link)
    else:
        paragraph = etree.Element("p")
        paragraph.append(link)
        paragraph.tail = element.tail
        parent.replace(element, paragraph)
