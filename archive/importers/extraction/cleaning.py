"""Cleaning of a page before extraction: hidden elements dropped, captions normalised, loose text in paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.importers.markdown.embeds import link_embeds

_BLOCK_TAGS = """p h1 h2 h3 h4 h5 h6 dl dt table thead tbody tfoot tr pre figcaption hr summary caption html
    body div article section main td th center blockquote li dd figure header footer aside address details fieldset
    form ul ol"""
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_TEXTLESS = frozenset({"html", "head", "table", "thead", "tbody", "tfoot", "tr", "dl", "pre"})
_CODE = ("script", "style", "svg", "template", "iframe", "object", "embed", "video", "audio")
_CONTROLS = ("noscript", "form", "button", "select", "textarea", "canvas", "nav", "dialog", "input")
_HOLDERS = frozenset({"form", "nav", "dialog"})
_HIDES = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HIDDEN_NAME = re.compile(
    r"(?:^|\s)(?:sr-only|screen-reader(?:-text)?|screenreader|visually-?hidden|off-?screen)(?:\s|$)"
    r"|(?:tooltip|popover|popup|rollover|hover-?card)[\w-]{0,80}(?:block|content|text|body|inner|box)",
    re.IGNORECASE,
)
_MOST_HIDDEN = 0.3
"""Share of the text; an element with more is the page itself, which a script shows."""
_ENLARGES = re.compile(r"lightbox|zoom|enlarge|full-?screen|expand|image-button|open-image", re.IGNORECASE)
_CAPTION_NAME = re.compile(r"(?:^|[\s_-])caption(?:[\s_-]*text)?(?:$|[\s_-])", re.IGNORECASE)
_LONGEST_CAPTION = 120
_MOST_SIBLINGS = 12
"""Elements in the container of an image and its caption; galleries have more."""
_SPACE_BEFORE_PUNCTUATION = re.compile(r" ([,.;:!?)\]])")
_DEEPEST_TABLE = 20
_LARGE = 500
_MOST_CONTROL = 0.3
"""Share of the text outside links; a form or navigation with more holds the page, if only for want of an end tag."""


def clean_page(tree: HtmlElement, base_url: str | None) -> None:
    """Drops what readers of an article do not see, links what is embedded, and normalises captions."""
    for image in tree.iter("amp-img"):
        image.tag = "img"
    link_embeds(tree, base_url)
    _drop(tree.iter(*_CODE))
    _drop(_hidden_elements(tree))
    _drop_controls(tree)
    _flatten_tables(tree)
    _normalize_captions(tree)


def _drop(elements: Iterable[HtmlElement]) -> None:
    for element in list(elements):
        if element.getparent() is not None:
            element.drop_tree()


def _hidden_elements(tree: HtmlElement) -> list[HtmlElement]:
    """Elements hidden until a script shows them, except those with much of the text of the page."""
    hidden = [each for each in tree.iter(etree.Element) if _is_hidden(each) and each.tag not in ("html", "body")]
    most = _MOST_HIDDEN * len(tree.text_content()) if hidden else 0
    return [each for each in hidden if len(each.text_content()) <= most]


def _is_hidden(element: HtmlElement) -> bool:
    attributes = element.attrib
    if not attributes:
        return False
    style, names = attributes.get("style"), attributes.get("class")
    return (
        "hidden" in attributes
        or (style is not None and _HIDES.search(style) is not None)
        or (names is not None and _HIDDEN_NAME.search(names) is not None)
    )


def _drop_controls(tree: HtmlElement) -> None:
    """Drops forms, navigation and buttons, except images for readers without scripts and what holds the page."""
    most = max(_LARGE, _MOST_CONTROL * _prose_length(tree))
    for element in list(tree.iter(*_CONTROLS)):
        if (
            _is_noscript_image(element)
            or _is_picture_button(element)
            or (element.tag in _HOLDERS and _prose_length(element) > most)
        ):
            element.tag = "div"
        elif element.getparent() is not None:
            element.drop_tree()


def _is_noscript_image(element: HtmlElement) -> bool:
    """Whether an element holds only an image for readers without scripts."""
    return element.tag == "noscript" and element.find(".//img") is not None and not element.text_content().strip()


def _is_picture_button(element: HtmlElement) -> bool:
    """Whether an element is a picture that a click enlarges."""
    names = f"{element.get('class') or ''} {element.get('aria-label') or ''}"
    return (
        element.tag == "button"
        and _ENLARGES.search(names) is not None
        and element.find(".//img") is not None
        and not element.text_content().strip()
    )


def _prose_length(element: HtmlElement) -> int:
    """Characters of an element outside links."""
    linked = sum(len(link.text_content()) for link in element.iter("a"))
    return len(element.text_content()) - linked


def _flatten_tables(tree: HtmlElement) -> None:
    """Turns deeply nested tables into `div` elements: extraction libraries take cubic time for them."""
    for table in tree.iter("table"):
        if sum(1 for _ in table.iterancestors("table")) > _DEEPEST_TABLE:
            table.tag = "div"


def _normalize_captions(tree: HtmlElement) -> None:
    """Gives each image at most one caption, a `<figcaption>` after it; drops captions of removed videos."""
    for figure in list(tree.iter("figure")):
        if figure.getparent() is not None and figure.find(".//figure") is None:
            _normalize_figure(figure)
    for element in list(tree.iter("div", "p", "span", "dd", "em", "small")):
        names = f"{element.get('class') or ''} {element.get('id') or ''}"
        if _CAPTION_NAME.search(names) and _adjoins_image(element):
            text = _spaced_text(element)
            _empty(element)
            element.text, element.tag = text, "figcaption"


def _normalize_figure(figure: HtmlElement) -> None:
    """Reduces a figure to its images and one caption; figures of code, tables or quotations stay."""
    text, pictures = _spaced_text(figure), list(figure.iter("img"))
    is_other = next(figure.iter("pre", "table", "blockquote", "code", "ul", "ol"), None) is not None
    if is_other or len(text.split()) > _LONGEST_CAPTION:
        return
    if pictures:
        boxes = dict.fromkeys(next(each.iterancestors("picture"), each) for each in pictures)
        _empty(figure)
        for box in boxes:
            box.tail = None
            figure.append(box)
        caption = figure.makeelement("figcaption")
        caption.text = text
        figure.extend([caption] if text else [])


def _empty(element: HtmlElement) -> None:
    element.text = None
    for child in list(element):
        element.remove(child)


def _spaced_text(element: HtmlElement) -> str:
    """Text of an element with spaces between its parts."""
    return _SPACE_BEFORE_PUNCTUATION.sub(r"\1", " ".join(" ".join(element.itertext()).split()))


def _adjoins_image(element: HtmlElement) -> bool:
    """Whether a short text without images directly follows an image, or shares a small container with one."""
    length = len(element.text_content().split())
    if not 0 < length <= _LONGEST_CAPTION or element.find(".//img") is not None:
        return False
    before, box = element.getprevious(), element.getparent()
    if before is not None and (before.tag == "img" or before.find(".//img") is not None):
        return True
    is_small = box is not None and len(box) <= _MOST_SIBLINGS and len(box.text_content().split()) <= _LONGEST_CAPTION
    return is_small and box.find(".//img") is not None


def wrap_loose_text(tree: HtmlElement) -> None:
    """Wraps text next to blocks or between double line breaks in paragraphs."""
    containers = _block_containers(tree)
    breaks = list(tree.iter("br"))
    broken = [each.getparent() for each in breaks if _is_double_break(each)]
    for element in dict.fromkeys([*containers, *broken]):
        if element is not None and element.tag not in _TEXTLESS:
            _wrap_inline_runs(element, containers)
    for line_break in breaks:
        line_break.tail = f"\n{line_break.tail or ''}"


def innermost_blocks(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Blocks without inner blocks, in document order."""
    containers = _block_containers(tree)
    for element in tree.iter(*_BLOCKS):
        if element not in containers:
            yield element


def _block_containers(tree: HtmlElement) -> dict[HtmlElement, None]:
    containers: dict[HtmlElement, None] = {}
    for element in tree.iter(*_BLOCKS):
        for ancestor in element.iterancestors():
            if ancestor in containers:
                break
            containers[ancestor] = None
    return containers


def _is_double_break(line_break: HtmlElement) -> bool:
    following = line_break.getnext()
    return following is not None and following.tag == "br" and not (line_break.tail or "").strip()


def _wrap_inline_runs(element: HtmlElement, containers: dict[HtmlElement, None]) -> None:
    if not _has_loose_text(element, containers):
        return
    run = element.makeelement("p")
    run.text, element.text = element.text, None
    finished: list[HtmlElement] = []
    for child in list(element):
        is_block = child.tag in _BLOCKS or child in containers
        if is_block or (child.tag == "br" and _is_double_break(child)):
            finished += [run, *([child] if is_block else [])]
            run = element.makeelement("p")
            run.text, child.tail = child.tail, None
        elif not (child.tag == "br" and not len(run) and not (run.text or "").strip()):
            run.append(child)
        else:
            run.text = child.tail
    for child in list(element):
        element.remove(child)
    element.extend([each for each in (*finished, run) if each.tag != "p" or len(each) or (each.text or "").strip()])


def _has_loose_text(element: HtmlElement, containers: dict[HtmlElement, None]) -> bool:
    """Whether an element that contains blocks has text or inline elements as children."""
    if (element.text or "").strip():
        return True
    return any((child.tail or "").strip() or not (child.tag in _BLOCKS or child in containers) for child in element)
