"""HTML as Markdown without active content.

Scripts, styles, event handlers, forms, frames and addresses such as `javascript:` are removed here; a second sanitizer
runs when an article is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import nh3
from html_to_markdown import ConversionError, convert
from html_to_markdown.options import ConversionOptions
from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import NESTING_HINT, SCHEMES, parse_html, safe_address, text_of
from backfile.archive.importers.markdown import escaping
from backfile.archive.importers.markdown.embeds import link_embeds
from backfile.archive.importers.markdown.footnotes import append_footnotes, mark_footnotes, replace_with_text
from backfile.archive.importers.markdown.formulas import mark_formulas, restore_formulas
from backfile.archive.importers.markdown.layout_tables import dissolve_tables, is_layout_table

_LANGUAGE = re.compile(r"(?:language|lang|highlight-source|brush:)[- ]?([\w+#]{1,20})\b")
_LETTER = re.compile(r"[^\W_]")
_TAG = re.compile(r"<[^<>]*>")
_VISIBLE = re.compile("[^\\s\u00ad\u200b-\u200f\u2028-\u202f\u2060\ufeff]")
_BLANK_LINES = re.compile(r"\n{3,}")
_PLACEHOLDER = re.compile(r"FOOTNOTE(?:(REF)([0-9]{1,9})ENDNOTE|(DEF)([0-9]{1,9})ENDNOTE\s*)")

_TAGS = frozenset(
    {"a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del"}
    | {"dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5"}
    | {"h6", "hr", "i"}
    | {"img", "ins", "kbd", "li", "ol", "p", "pre", "q", "s", "samp"}
    | {"small", "strike", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th"}
    | {"thead", "time", "tr"}
    | {"tt", "u", "ul", "var", "div", "span"}
)
_DROPPED_TAGS = frozenset(
    {"script", "style", "template", "iframe", "object", "embed", "noscript", "form", "button", "select"}
    | {"textarea", "svg", "math", "canvas", "audio"}
    | {"video", "head", "title", "nav", "dialog", "applet"}
)
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags=set(_DROPPED_TAGS),
    attributes={
        "a": {"href", "title"},
        "img": {"src", "alt", "title"},
        "ol": {"start"},
        "td": {"colspan", "rowspan"},
        "th": {"colspan", "rowspan"},
        "code": {"class"},
    },
    url_schemes=set(SCHEMES),
    link_rel=None,
)
_OPTIONS = ConversionOptions(
    extract_metadata=False,
    expand_abbreviations=False,
    include_blockquote_citations=False,
    escape_asterisks=False,
    escape_underscores=False,
    escape_misc=False,
    newline_style="backslash",
    compact_tables=True,
    bullets="-",
    sub_symbol="<sub>",
    sup_symbol="<sup>",
    autolinks=False,
)


def html_to_markdown(html: str, *, base_url: str | None) -> str:
    """Markdown of a fragment of HTML: headings, lists, quotations, tables, code, footnotes, images with captions.

    Addresses become absolute if `base_url` is given. Special characters in the text are escaped. Raises `ArchiveError`
    for what is too large or cannot be parsed.
    """
    if not html.strip():
        return ""
    tree = parse_html(html)
    return tree_to_markdown(tree, base_url=base_url)


def fragment_to_markdown(html: str, base_url: str | None) -> str:
    """Markdown of a fragment of HTML that may be plain text; empty if it has only comments."""
    return html_to_markdown(f"<div>{html}</div>", base_url=base_url)


def tree_to_markdown(tree: HtmlElement, *, base_url: str | None) -> str:
    """Markdown of a tree, which is modified; else as `html_to_markdown`."""
    mark_formulas(tree)
    link_embeds(tree, base_url)
    _resolve_addresses(tree, base_url)
    append_footnotes(tree, mark_footnotes(tree))
    _normalize_elements(tree)
    clean = _CLEANER.clean(etree.tostring(tree, encoding="unicode", method="html"))
    try:
        content = convert(_escaped_html(clean), _OPTIONS).content or ""
    except ConversionError as error:
        raise ArchiveError(f"cannot be made into Markdown: {error}") from error
    if not content and _VISIBLE.search(unescape(_TAG.sub("", clean))):
        raise ArchiveError("is nested too deeply", hint=NESTING_HINT)
    body = restore_formulas(escaping.restore_escapes(_tidy(content)))
    return body if _VISIBLE.search(body) else ""


def _escaped_html(clean: str) -> str:
    if not clean.strip():
        return clean
    tree = parse_html(escaping.drop_placeholders(clean))
    for link in list(tree.iter("a")):
        if not link.text_content().strip() and link.find(".//img") is None:
            link.drop_tree()
    escaping.escape_tree(tree)
    return str(etree.tostring(tree, encoding="unicode", method="html"))


def _resolve_addresses(tree: HtmlElement, base_url: str | None) -> None:
    for element in list(tree.iter("img", "a")):
        name = "src" if element.tag == "img" else "href"
        if element.tag == "img":
            _load_lazy_image(element)
        reference = element.get(name)
        if reference is None or (name == "href" and reference.startswith("#")):
            continue
        absolute = safe_address(base_url, reference)
        if absolute:
            element.set(name, absolute)
        else:
            del element.attrib[name]


def _load_lazy_image(image: HtmlElement) -> None:
    """Gives a lazily loaded image its address."""
    source = image.get("src") or ""
    if source and not source.startswith("data:") and "placeholder" not in source:
        return
    later = next((image.get(key) for key in ("data-src", "data-original", "data-lazy-src") if image.get(key)), None)
    srcset = next((each for each in _srcsets(image) if each.strip() and not each.strip().startswith("data:")), "")
    if not later and srcset.strip(" ,"):
        later = srcset.strip(" ,").split(",")[-1].split()[0]
    if later:
        image.set("src", later)


def _srcsets(image: HtmlElement) -> Iterator[str]:
    """`srcset` attributes of an image and of the `<picture>` around it."""
    box = next(image.iterancestors("picture"), None)
    for element in (image, *(box.iter("source") if box is not None else ())):
        yield from (element.get(name) or "" for name in ("srcset", "data-srcset"))


def _normalize_elements(tree: HtmlElement) -> None:
    """Rewrites captions, layout tables, definition lists, highlighting and code as elements that Markdown has."""
    dissolve_tables(tree, is_layout_table)
    for caption in list(tree.iter("figcaption")):
        _format_caption(caption)
    for picture in list(tree.iter("img")):
        if not picture.get("src") and picture.getparent() is not None:
            picture.drop_tree()
    for pre in list(tree.iter("pre")):
        _format_code(pre)
    for stressed in list(tree.iter("b", "strong", "i", "em")):
        if not _LETTER.search(stressed.text_content()) and stressed.getparent() is not None:
            stressed.drop_tag()  # emphasis of punctuation does not parse next to letters: `**"**So`
    for term in list(tree.iter("dt")):
        inner = etree.Element("strong")
        inner.text, term.text = term.text, None
        inner.extend(list(term))
        term.append(inner)
        term.tag = "p"
    for element in tree.iter("dl", "dd", "mark", "hgroup", "center"):
        element.tag = {"dd": "p", "mark": "span"}.get(str(element.tag), "div")


def _format_caption(caption: HtmlElement) -> None:
    """Turns a caption into a paragraph in italics; drops it if none of its images has an address."""
    box = caption.getparent()
    pictures = list(box.iter("img")) if box is not None else []
    words = text_of(caption)
    if box is not None and pictures and not any(picture.get("src") for picture in pictures):
        caption.drop_tree()
        return
    tail = caption.tail
    caption.clear()
    caption.tail, caption.tag = tail, "p"
    if words:
        etree.SubElement(caption, "em").text = words


def _format_code(pre: HtmlElement) -> None:
    classes = " ".join(each.get("class") or "" for each in (pre, *pre.iter("code")))
    found = _LANGUAGE.search(classes)
    for line_break in list(pre.iter("br")):
        replace_with_text(line_break, "\n")
    text, tail = pre.text_content(), pre.tail
    pre.clear()
    pre.tail = tail
    code = etree.SubElement(pre, "code")
    code.text = text
    if found:
        code.set("class", f"language-{found[1]}")


def _tidy(markdown: str) -> str:
    content = _PLACEHOLDER.sub(lambda found: f"[^{found[2]}]" if found[1] else f"[^{found[4]}]: ", markdown)
    return _BLANK_LINES.sub("\n\n", "\n".join(_trimmed_lines(content))).strip()


def _trimmed_lines(content: str) -> list[str]:
    """Lines without trailing spaces, and without line breaks at the end of a paragraph."""
    is_code = False
    lines: list[tuple[str, bool]] = []
    for line in content.split("\n"):
        is_code ^= line.lstrip(" >").startswith("```")
        lines.append((line.rstrip(), is_code))
    following, done = "", []
    for line, is_code in reversed(lines):
        is_idle = line.endswith("\\") and not is_code and not following.strip(" >")
        following = line[:-1].rstrip() if is_idle or line == "\\" else line
        done.append(following)
    return done[::-1]
