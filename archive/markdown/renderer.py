"""Renderer of an article's Markdown: safe HTML for the page, plain text for the index.

Python-Markdown renders the reading page if it gives the text that the index holds, in the same structure;
otherwise the page is rendered by the parser of the index. docs/decisions/markdown.md gives the reasons.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape
from typing import Any, NamedTuple

import markdown
import nh3
import pyromark
from selectolax.lexbor import LexborHTMLParser

from backfile.archive.markdown import html_postprocessor, shortcodes
from backfile.archive.markdown.html_postprocessor import Anchors, Base
from backfile.archive.markdown.loose_marks import tightened
from backfile.archive.markdown.math.formula_spans import ProtectedFormulas, protect_formulas
from backfile.archive.markdown.math.mathml import MATHML_ATTRIBUTES, MATHML_CLASSES, MATHML_TAGS, with_mathml
from backfile.archive.markdown.plain_text import REFERENCE_TAG, plain_text

MAX_CHARACTERS = 8_000_000
MAX_NESTING = 150
MAX_TAG = 10_000
MAX_ENTITIES = 50_000  # in one text between tags: the sanitiser takes a time that grows with their square
MAX_READING_CHARACTERS = 100_000
# Signs and lines × characters of one block: patterns look from each sign, block processors from each line, to its end.
MAX_READING_EFFORT = 4_000_000

_READING_EXTENSIONS = (
    *("tables", "footnotes", "def_list", "abbr", "sane_lists", "attr_list"),
    *("pymdownx.highlight", "pymdownx.superfences", "pymdownx.betterem", "pymdownx.tilde"),
    *("pymdownx.tasklist", "pymdownx.saneheaders", "pymdownx.escapeall"),
)
_READING_SETTINGS: dict[str, dict[str, Any]] = {
    "footnotes": {"BACKLINK_TEXT": "↩"},
    "pymdownx.highlight": {"use_pygments": False},
    "pymdownx.tilde": {"subscript": False},
    "pymdownx.escapeall": {"hardbreak": True},
}
_PARAGRAPHS = re.compile(r"\n[ \t]*\n")
_READING_SIGNS = re.compile(r"[|\n\[\]*_`<>!&\\~]")
_FOOTNOTE_REFERENCE = re.compile(r'<sup id="(fnref[^"]*)"><a class="footnote-ref" href="([^"]*)">([^<]*)</a></sup>')
_FOOTNOTE_RETURN = re.compile(r'(?:&#160;)?<a class="footnote-backref" href="([^"]*)"[^<>]*>[^<]*</a>')
_FOOTNOTES = re.compile(r'<div class="footnote">\s*<hr ?/?>')

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
    tags={
        *("a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd"),
        *("del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6"),
        *(
            "hr",
            "i",
            "img",
            "input",
            "ins",
            "kbd",
            "li",
            "ol",
            "p",
            "pre",
            "q",
            "rp",
            "rt",
            "ruby",
            "s",
            "samp",
        ),
        *("small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead"),
        *("time", "tr", "tt", "u", "ul", "var", "wbr", *MATHML_TAGS),
    },
    clean_content_tags={
        *(
            "script",
            "style",
            "svg",
            "annotation",
            "annotation-xml",
            "template",
            "select",
            "datalist",
            "head",
            "title",
            "textarea",
            "noembed",
        ),
        *("noframes", "iframe", "object", "embed", "video", "audio", "canvas"),
    },
    attributes={
        "*": {"lang", "dir", "id"},
        "a": {"href", "title"},
        "abbr": {"title"},
        "bdo": {"dir"},
        "col": {"span"},
        "colgroup": {"span"},
        "details": {"open"},
        "img": {"src", "alt", "width", "height", "loading", "decoding"},
        "input": {"checked", "aria-label"},
        "ol": {"start", "reversed"},
        "span": {"title"},
        "td": {"colspan", "rowspan", "headers"},
        "th": {"colspan", "rowspan", "headers", "scope", "abbr"},
        "time": {"datetime"},
        **dict.fromkeys(MATHML_TAGS, MATHML_ATTRIBUTES),
    },
    tag_attribute_values={"input": {"type": {"checkbox"}}},
    # Code and tables may be wider than the page: they are scrolled by the keyboard as well.
    set_tag_attribute_values={
        "input": {"type": "checkbox", "disabled": ""},
        "pre": {"tabindex": "0"},
        "table": {"tabindex": "0"},
    },
    allowed_classes=html_postprocessor.CLASSES | MATHML_CLASSES,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener nofollow",
)
_UNENCODABLE = re.compile("[\x00\ud800-\udfff]")
_RAW_HTML = re.compile(r"<[a-zA-Z/!?]")
_OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)")
# Elements without an end tag, or whose end may be left out: many open ones mean old HTML, not depth.
_SHALLOW = frozenset(
    (
        *("p", "br", "hr", "img", "input", "wbr", "area", "base", "col", "embed", "link", "meta", "param", "source"),
        *("track", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "caption", "option"),
        *("optgroup", "rp", "rt", "body", "html", "head"),
    )
)
_NESTING_IN_MARKDOWN = ("<blockquote", "<ul", "<ol", "<dl", "<em", "<strong", "<del", "<a ")
# Parsers compare each attribute of a tag with all others, so a tag of many is refused; a long address is none.
_LONG_TAG = re.compile(rf"<[a-zA-Z][^<>]{{{MAX_TAG},}}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_HEADING = re.compile(r"<h([1-6])((?: [^<>]*)?)>((?:[^<]++|<(?!/?h[1-6]\b))*+)</h\1>")
_BLOCK = re.compile(r"<(?:ul|ol|li|pre|blockquote|table|tr|th|td|h[1-6]|dt|dd|img|del)\b")
_ID = re.compile(r' id="([^"]*)"')
_ADDRESS = re.compile(r'<(a|img)\b[^<>]*?\s(?:href|src)="([^"]*)"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heading:
    """Heading of an article: level (1 to 6), id in the HTML, plain text."""

    level: int
    id: str
    text: str


@dataclass(frozen=True, slots=True)
class RenderedArticle:
    """Safe HTML and its headings in reading order. With a `problem` the body is shown as it was written instead."""

    html: str
    contents: tuple[Heading, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class BodyContent:
    """Plain text of a body, and kind (`link` or `image`) and address of each link and image in it."""

    text: str
    links: tuple[tuple[str, str], ...] = ()


class _LimitExceeded(Exception):
    """Body that is too large or too deeply nested for Markdown; the message names the limit."""


def to_html(body: str, *, remote_images: bool = False, base: Base = "") -> RenderedArticle:
    """Renders a body as sanitised HTML.

    `base` is joined before relative addresses, or called for each: see `html_postprocessor.Base`. Pictures from other
    hosts become links unless `remote_images`. Ids begin with `article-`, so that none is one of the page's own. A body
    beyond the bounds (`MAX_CHARACTERS`, `MAX_NESTING`, `MAX_TAG`, `MAX_ENTITIES`) is shown as written, and `problem`
    gives the reason.
    """
    body = _encodable(body)
    try:
        parsed = _parse(body)
    except _LimitExceeded as reason:
        return RenderedArticle(f'<pre class="unread">{escape(body, quote=False)}</pre>', (), str(reason))
    tree = _reading_tree(parsed)
    html_postprocessor.postprocess(tree, parsed.abbreviations, remote_images=remote_images, base=base)
    html = _CLEANER.clean(with_mathml(html_postprocessor.serialised(tree))).replace(' class=""', "")
    html = _repair_heading_levels(html)
    return RenderedArticle(html, _contents(html))


def anchors(body: str) -> Anchors:
    """Anchors of a body, as a fragment names them: without the prefix of their ids."""
    try:
        html = _parse(_encodable(body)).html
    except _LimitExceeded:
        return Anchors(())
    return html_postprocessor.set_anchors(html_postprocessor.normalized_tree(html))


def to_text(body: str) -> str:
    """Plain text of `to_html(body)`: blocks separated by newlines, table cells by tabs.

    Alternative texts and link texts are in; addresses only where they are what the reader sees.
    """
    return read_body(body).text


def read_body(body: str) -> BodyContent:
    """Plain text of a body, as `to_text` gives it, and its links and images in reading order."""
    body = _encodable(body)
    try:
        parsed = _parse(body)
    except _LimitExceeded:
        return BodyContent(plain_text(f"<pre>{escape(body, quote=False)}</pre>"))
    links = html = parsed.html
    if parsed.has_html or "footnote-definition" in html or "<del>" in html:
        links = html_postprocessor.serialised(html_postprocessor.normalized_tree(html))
        html = _CLEANER.clean(links)
    return BodyContent(plain_text(html), tuple(_links(links)) if "href=" in links or "src=" in links else ())


def _links(html: str) -> Iterator[tuple[str, str]]:
    """Yields kind and address of each link and image in the HTML of a body."""
    for tag, address in _ADDRESS.findall(_without_comments(html)):
        yield "image" if tag.lower() == "img" else "link", html_postprocessor.clean_address(unescape(address))


def _without_comments(html: str) -> str:
    """HTML without its comments; one that does not end is text."""
    kept, place = [], 0
    while (start := html.find("<!--", place)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        kept.append(html[place:start])
        place = end + 3
    return "".join([*kept, html[place:]])


def _reading_tree(parsed: _ParsedBody) -> LexborHTMLParser:
    """Tree of the reading page: Python-Markdown's where it agrees with the HTML that is indexed, else that."""
    tree = html_postprocessor.normalized_tree(parsed.html)
    html = python_markdown_html(parsed.source)
    html = None if html is None else parsed.formulas.restored(html)
    if html is None or _nesting(html, raw=True) > MAX_NESTING:
        return tree
    preferred = html_postprocessor.normalized_tree(html)
    return preferred if _outline(preferred) == _outline(tree) else tree


def python_markdown_html(source: str) -> str | None:
    """Unsafe HTML from Python-Markdown, in the dialect of real archives; None if the source exceeds its limits."""
    if len(source) > MAX_READING_CHARACTERS or any(
        len(block) * len(_READING_SIGNS.findall(block)) > MAX_READING_EFFORT for block in _PARAGRAPHS.split(source)
    ):
        return None
    try:
        html = markdown.markdown(source, extensions=_READING_EXTENSIONS, extension_configs=_READING_SETTINGS)
    except RecursionError:
        return None
    html = _FOOTNOTE_REFERENCE.sub(rf'{REFERENCE_TAG}<a id="\1" href="\2">\3</a></sup>', html)
    html = _FOOTNOTE_RETURN.sub(rf'{REFERENCE_TAG}<a href="\1">↩</a></sup>', html)
    return _FOOTNOTES.sub('<div class="footnotes">', html)


def _outline(tree: LexborHTMLParser) -> tuple[str, list[str]]:
    """Plain text and block tags of a tree once sanitised; two trees with the same outline read the same."""
    clean = _CLEANER.clean(html_postprocessor.serialised(tree))
    return plain_text(clean), _BLOCK.findall(clean)


def _encodable(body: str) -> str:
    """The body without NUL and lone surrogates, which HTML cannot carry, and with `\\n` for every line end."""
    if "\r" in body:
        body = body.replace("\r\n", "\n").replace("\r", "\n")
    return _UNENCODABLE.sub("\ufffd", body) if "\x00" in body or not body.isascii() else body


class _ParsedBody(NamedTuple):
    """Body as parsed.

    `source` is the Markdown given to the parsers, with a word in place of each of `formulas`. `html` is not yet
    sanitised. `has_html` says whether HTML was written in the body. `abbreviations`: short form → long form.
    """

    source: str
    formulas: ProtectedFormulas
    html: str
    has_html: bool
    abbreviations: dict[str, str]


def _parse(body: str) -> _ParsedBody:
    """Markdown → raw HTML. Raises `_LimitExceeded`."""
    if len(body) > MAX_CHARACTERS:
        raise _LimitExceeded(f"longer than {MAX_CHARACTERS:,} characters: shown as written")
    formulas = protect_formulas(body)
    expanded = shortcodes.expand(formulas.text)
    source = tightened(expanded.text)
    html = formulas.restored(_PARSER.html(source))
    raw = formulas.has_html or _RAW_HTML.search(source) is not None
    if raw and any(len(_QUOTED.sub("", tag)) > MAX_TAG for tag in _LONG_TAG.findall(html)):
        raise _LimitExceeded(f"an HTML tag longer than {MAX_TAG:,} characters: shown as written")
    if html.count("&") > MAX_ENTITIES and max(text.count("&") for text in html.split("<")) > MAX_ENTITIES:
        raise _LimitExceeded(f"more than {MAX_ENTITIES:,} special characters in one paragraph: shown as written")
    if _nesting(html, raw=raw) > MAX_NESTING:
        raise _LimitExceeded(f"elements nested deeper than {MAX_NESTING}: shown as written")
    abbreviations = {short: formulas.written(long) for short, long in expanded.abbreviations.items()}
    return _ParsedBody(source, formulas, html, raw, abbreviations)


def _nesting(html: str, *, raw: bool) -> int:
    """Maximum depth of open elements; an end tag closes only its own kind, as in browsers."""
    if sum(map(html.count, _NESTING_IN_MARKDOWN)) <= MAX_NESTING and not raw:
        return 0
    deepest = depth = 0
    opened: Counter[str] = Counter()
    for closing, name in _OPENING.findall(html.lower()):
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


def _repair_heading_levels(html: str) -> str:
    """Headings below the title of the page, `h1`, without skipped levels: `h1`, `h4`, `h2` become `h2`, `h3`, `h3`."""
    above: list[int] = []

    def repair(heading: re.Match[str]) -> str:
        level, attributes, inner = int(heading[1]), heading[2], heading[3]
        while above and above[-1] >= level:
            above.pop()
        above.append(level)
        shown = min(len(above) + 1, 6)
        return f"<h{shown}{attributes}>{inner}</h{shown}>"

    return _HEADING.sub(repair, html)


def _contents(html: str) -> tuple[Heading, ...]:
    found = []
    for level, attributes, inner in _HEADING.findall(html):
        anchor = _ID.search(attributes)
        text = plain_text(inner)
        if anchor and text:
            found.append(Heading(int(level), anchor[1], text))
    return tuple(found)
