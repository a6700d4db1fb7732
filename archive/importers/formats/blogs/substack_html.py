"""HTML of Substack's editor: what readers saw, without buttons and forms of Substack.

Elements of the editor carry their values as JSON in `data-attrs`; of many of them an export has nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from html import escape
from typing import Any

from lxml import etree
from lxml.html import HtmlElement, fragment_fromstring

from backfile.archive.importers.common.html_parser import text_of

_BUTTON = re.compile(r"%%|/subscribe\b|/comments?\b|[?&]action=share|/checkout\b|/gift\b|[?&]utm_campaign=reader2")
_NOTICE = re.compile(
    r"\b(?:subscription-widget|subscribe-widget|captioned-button-wrap|install-substack-app|paywall-jump|"
    r"image-link-expand|community-chat)"
)
_NOT_EXPORTED = {
    "native-video-embed": "a video",
    "native-audio-embed": "a recording",
    "poll-embed": "a poll",
}
_COMMENTS = re.compile(r"(https?://[^/\s\"]+)/p/([\w-]++)(?:/comments?\b|\?[^\"\s]{0,500}?action=share)")
_Values = Mapping[str, Any]


def find_address(html: str, slug: str) -> str:
    """Address of a post by the buttons in it that share it or lead to its comments; empty if there are none."""
    hosts = (found[1] for found in _COMMENTS.finditer(html) if found[2] == slug)
    return next((f"{host}/p/{slug}" for host in hosts), "")


def clean_post(tree: HtmlElement) -> tuple[str, ...]:
    """Removes Substack's buttons and forms, and writes out embedded elements; returns notes on what is missing."""
    missing: dict[str, None] = {}
    for element in list(tree.iter(etree.Element)):
        classes = element.get("class") or ""
        if element.getparent() is None:
            continue
        if _NOTICE.search(classes):
            element.drop_tree()
        elif "button-wrapper" in classes:
            _clean_button(element)
        elif element.get("data-attrs"):
            missing.update(dict.fromkeys(_write_out(element, classes)))
    return tuple(f"has {name}, which the export does not contain" for name in missing)


def _clean_button(element: HtmlElement) -> None:
    """Removes a button that subscribes, shares or comments; one that leads elsewhere stays a link."""
    target = str(_values(element).get("url") or "") or next((each.get("href") or "" for each in element.iter("a")), "")
    if not target or _BUTTON.search(target):
        element.drop_tree()


def _write_out(element: HtmlElement, classes: str) -> Iterator[str]:
    """Replaces an element by what its values say; yields the name of one whose content is not in the export."""
    names = classes.split()
    is_empty = not text_of(element) and next(element.iter("img", "iframe", "audio", "video"), None) is None
    html = _known(names, _values(element))
    if html is None and is_empty:
        html = _link(_values(element))
        if not html:
            yield next((_NOT_EXPORTED[name] for name in names if name in _NOT_EXPORTED), f"an element {classes!r}")
    elif "tweet" in names and not is_empty:
        html = None
    if html:
        _replace(element, html)


def _known(names: list[str], values: _Values) -> str | None:
    """HTML of an element of a known class; None for others."""
    return next((html for name in names if name in _WRITERS and (html := _WRITERS[name](values))), _gallery(values))


def _formula(values: _Values) -> str:
    return f'<p><span class="math display">{_text(values, "persistentExpression")}</span></p>'


def _film(address: str, values: _Values) -> str:
    number = _raw(values, "videoId")
    return _link({"url": address + number}) if number else ""


def _tweet(values: _Values) -> str:
    said = escape(_raw(values, "full_text")).replace("\n", "<br>")
    who = _raw(values, "name") or _raw(values, "username")
    link = _link({"url": _raw(values, "url"), "title": who})
    return f"<blockquote><p>{said}</p>{link}</blockquote>" if said else ""


def _gallery(values: _Values) -> str | None:
    gallery = values.get("gallery")
    if not isinstance(gallery, Mapping):
        return None
    images = [each for each in gallery.get("images") or [] if isinstance(each, Mapping)]
    pictures = "".join(f'<p><img src="{_text(each, "src")}" alt="{_text(each, "alt")}"></p>' for each in images)
    caption = _text(gallery, "caption")
    return f"<figure>{pictures}{f'<figcaption>{caption}</figcaption>' if caption else ''}</figure>"


_WRITERS: Mapping[str, Callable[[_Values], str]] = {
    "mention-wrap": lambda values: f"<span>{_text(values, 'name')}</span>",
    "latex-rendered": _formula,
    "youtube-wrap": partial(_film, "https://www.youtube.com/watch?v="),
    "vimeo-wrap": partial(_film, "https://vimeo.com/"),
    "tweet": _tweet,
}


def _link(values: _Values) -> str:
    """Paragraph with a link of an embedded post, file or recording; empty without an address."""
    url = next((_raw(values, key) for key in ("url", "canonical_url", "href", "src") if _raw(values, key)), "")
    keys = ("title", "label", "filename", "name", "url")
    words = next((_raw(values, key) for key in keys if _raw(values, key)), url)
    more = next((_raw(values, key) for key in ("publication_name", "subtitle", "description") if _raw(values, key)), "")
    return f'<p><a href="{escape(url)}">{escape(words)}</a>{f": {escape(more)}" if more else ""}</p>' if url else ""


def _values(element: HtmlElement) -> _Values:
    try:
        values = json.loads(element.get("data-attrs") or "{}")
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, Mapping) else {}


def _raw(values: _Values, key: str) -> str:
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""


def _text(values: _Values, key: str) -> str:
    return escape(_raw(values, key))


def _replace(element: HtmlElement, html: str) -> None:
    """Puts HTML in the place of an element; what follows the element stays."""
    new = fragment_fromstring(html)
    new.tail = element.tail
    element.getparent().replace(element, new)
