"""Cards of Ghost's editors: pictures, bookmarks, recordings, files and others, as plain HTML.

Cards of posts that Ghost has rendered have the classes of https://ghost.org/docs/themes/content/; in Lexical and
Mobiledoc they are names with values (https://github.com/TryGhost/Koenig).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import pyromark
from lxml import etree
from lxml.html import HtmlElement, fragment_fromstring

from backfile.archive.importers.common.html_parser import html_to_line, text_of

Values = Mapping[str, Any]

_MARKDOWN = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
)

_DROPPED = re.compile(r"\bkg-(?:signup|email|email-cta|paywall)-card\b|\bkg-toggle-card-icon\b|\bkg-video-overlay\b")
_TEXT_KEY = re.compile(r"text|heading|title|html", re.IGNORECASE)


def clean_cards(tree: HtmlElement) -> None:
    """Replaces rendered cards that are more than text and pictures by links, and removes forms."""
    for element in list(tree.iter(etree.Element)):
        classes = element.get("class") or ""
        if "kg-" not in classes or element.getparent() is None:
            continue
        if _DROPPED.search(classes):
            element.drop_tree()
            continue
        name = next((name for name in _READERS if f"kg-{name}-card" in classes.split()), None)
        html = _READERS[name](element) if name else ""
        if html:
            new = fragment_fromstring(f"<div>{html}</div>")
            new.tail = element.tail
            element.getparent().replace(element, new)


def _text(element: HtmlElement, name: str) -> str:
    return text_of(next(iter(element.xpath(f".//*[contains(@class, '{name}')]")), None))


def _read_bookmark(element: HtmlElement) -> str:
    link = next(element.iter("a"), None)
    if link is None:
        return ""
    metadata = {"title": _text(element, "kg-bookmark-title"), "description": _text(element, "kg-bookmark-description")}
    caption = escape(text_of(next(element.iter("figcaption"), None)))
    return card_html("bookmark", {"url": link.get("href") or "", "metadata": metadata, "caption": caption})


def _read_recording(element: HtmlElement) -> str:
    player = next(element.iter("audio", "video"), None)
    source = player.get("src") if player is not None else None
    caption = escape(text_of(next(element.iter("figcaption"), None)))
    return card_html("audio", {"src": source, "title": _text(element, "kg-audio-title"), "caption": caption})


def _read_file(element: HtmlElement) -> str:
    link = next(element.iter("a"), None)
    title = _text(element, "kg-file-card-title") or _text(element, "kg-file-card-filename")
    caption = escape(_text(element, "kg-file-card-caption"))
    source = link.get("href") if link is not None else ""
    return card_html("file", {"src": source, "fileTitle": title, "fileCaption": caption})


_READERS: Mapping[str, Callable[[HtmlElement], str]] = {
    "bookmark": _read_bookmark,
    "audio": _read_recording,
    "video": _read_recording,
    "file": _read_file,
}


def card_html(name: str, values: Values) -> str:
    """HTML of a card of an editor; of an unknown one, the texts and addresses in it."""
    write = _WRITERS.get(name.removeprefix("card-"))
    return write(values) if write else _others(values)


def string(values: Values, *keys: str) -> str:
    """First value of some keys that is text and not empty."""
    found = (values.get(key) for key in keys)
    return next((value.strip() for value in found if isinstance(value, str) and value.strip()), "")


def _image(values: Values) -> str:
    image = f'<img src="{escape(string(values, "src"))}" alt="{escape(string(values, "alt"))}">'
    link = string(values, "href")
    return _figure(f'<a href="{escape(link)}">{image}</a>' if link else image, string(values, "caption"))


def _figure(inner: str, caption: str) -> str:
    return f"<figure>{inner}{f'<figcaption>{caption}</figcaption>' if caption else ''}</figure>"


def _gallery(values: Values) -> str:
    images = [each for each in values.get("images") or [] if isinstance(each, Mapping)]
    return "".join(map(_image, images)) + _caption(values)


def _caption(values: Values) -> str:
    caption = string(values, "caption", "fileCaption")
    return f"<p><em>{escape(html_to_line(caption))}</em></p>" if caption else ""


def _code(values: Values) -> str:
    language = string(values, "language")
    code = values.get("code")
    shown = escape(code) if isinstance(code, str) else ""
    return f'<pre><code class="language-{escape(language)}">{shown}</code></pre>{_caption(values)}'


def _html(values: Values) -> str:
    return string(values, "html")


def _markdown(values: Values) -> str:
    return str(pyromark.html(string(values, "markdown"), options=_MARKDOWN))


def _link(values: Values) -> str:
    """Link with its title and description: a bookmark, a recording, a film, a file, a button."""
    about = values.get("metadata")
    metadata: Values = about if isinstance(about, Mapping) else {}
    url = string(values, "url", "src", "buttonUrl", "productUrl", "fileSrc")
    name = url.partition("?")[0].rstrip("/").rpartition("/")[2]
    title = string(values, "title", "fileTitle", "buttonText", "fileName") or string(metadata, "title") or name or url
    more = string(metadata, "description")
    link = f'<a href="{escape(url)}">{escape(title)}</a>' if url else escape(title)
    return f"<p>{link}{f': {escape(more)}' if more else ''}</p>{_caption(values)}" if url or title else ""


def _embed(values: Values) -> str:
    return _link(values) if string(values, "url") else string(values, "html") + _caption(values)


def _callout(values: Values) -> str:
    emoji, text = string(values, "calloutEmoji"), string(values, "calloutText")
    return f"<blockquote><p>{escape(emoji)} {text}</p></blockquote>" if text else ""


def _toggle(values: Values) -> str:
    return f"<h4>{string(values, 'heading')}</h4>{string(values, 'content')}"


def _product(values: Values) -> str:
    image = string(values, "productImageSrc")
    title = f"<h4>{string(values, 'productTitle')}</h4>" if string(values, "productTitle") else ""
    button = _link({"url": values.get("productUrl"), "title": values.get("productButton")})
    shown = _image({"src": image}) if image else ""
    return f"{shown}{title}{string(values, 'productDescription')}{button if string(values, 'productUrl') else ''}"


def _header(values: Values) -> str:
    heading, below = string(values, "header", "heading"), string(values, "subheader", "subheading")
    button = _link({"url": values.get("buttonUrl"), "title": values.get("buttonText")})
    return f"<h2>{heading}</h2><p>{below}</p>{button if string(values, 'buttonUrl') else ''}"


def _call_to_action(values: Values) -> str:
    button = _link({"url": values.get("buttonUrl"), "title": values.get("buttonText")})
    return string(values, "textValue") + (button if string(values, "buttonUrl") else "")


def _others(values: Values) -> str:
    """Texts of a card of another kind, and its first address."""
    texts = [value for key, value in values.items() if isinstance(value, str) and _TEXT_KEY.search(key)]
    link = _link(values) if string(values, "url", "src") else ""
    return "".join(f"<p>{text}</p>" for text in texts if text.strip()) + link


def _nothing(values: Values) -> str:
    """Cards that readers of the site do not see, and forms."""
    return ""


_WRITERS: Mapping[str, Callable[[Values], str]] = {
    "image": _image,
    "gallery": _gallery,
    "code": _code,
    "codeblock": _code,
    "html": _html,
    "markdown": _markdown,
    "hr": lambda values: "<hr>",
    "horizontalrule": lambda values: "<hr>",
    "bookmark": _link,
    "embed": _embed,
    "button": _link,
    "video": _link,
    "audio": _link,
    "file": _link,
    "callout": _callout,
    "toggle": _toggle,
    "product": _product,
    "header": _header,
    "call-to-action": _call_to_action,
    "email": _nothing,
    "email-cta": _nothing,
    "signup": _nothing,
    "paywall": _nothing,
}
