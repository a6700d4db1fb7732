"""A page made ready for the search for its article: nothing unseen in it, captions in their place, text in blocks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree
from lxml.html import HtmlElement

_LISTED = """p h1 h2 h3 h4 h5 h6 dl dt table thead tbody tfoot tr pre figcaption hr summary caption html
    body div article section main td th center blockquote li dd figure header footer aside address details fieldset
    form ul ol"""
_BLOCKS = frozenset(_LISTED.split())
_HOLD_NO_TEXT = frozenset({"html", "head", "table", "thead", "tbody", "tfoot", "tr", "dl", "pre"})
_CODE = ("script", "style", "svg", "template", "iframe", "object", "embed")
_MACHINERY = ("noscript", "form", "button", "select", "textarea", "canvas", "nav", "dialog", "input")
_HIDES = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CALLED_UNSEEN = re.compile(
    r"(?:^|\s)(?:sr-only|screen-reader(?:-text)?|screenreader|visually-?hidden|off-?screen)(?:\s|$)"
    r"|(?:tooltip|popover|popup|rollover|hover-?card)[\w-]*(?:block|content|text|body|inner|box)",
    re.IGNORECASE,
)
_MOST_UNSEEN = 0.3
"""What hides more of a page than this is the page itself, waiting for a script to show it."""
_CALLED_CAPTION = re.compile(r"(?:^|[\s_-])caption(?:[\s_-]*text)?(?:$|[\s_-])", re.IGNORECASE)
_LONGEST_CAPTION = 120
_MOST_BESIDE = 12
"""Elements in the box of a picture and its caption: lists of pictures have more."""
_BEFORE_MARK = re.compile(r" ([,.;:!?)\]])")
_DEEPEST_TABLE = 20
_LARGE_FORM = 500


def clean_page(tree: HtmlElement) -> None:
    """Takes out what no reader of an article sees, and gives pictures their captions."""
    _drop(tree.iter(*_CODE))
    _drop(_unseen(tree))
    _drop_machinery(tree)
    _flatten_tables(tree)
    _gather_captions(tree)


def _drop(elements: Iterable[HtmlElement]) -> None:
    for element in list(elements):
        if element.getparent() is not None:
            element.drop_tree()


def _unseen(tree: HtmlElement) -> list[HtmlElement]:
    """What the page hides from readers until a script shows it, unless that is much of the page."""
    hidden = [each for each in tree.iter(etree.Element) if _is_hidden(each) and each.tag not in ("html", "body")]
    most = _MOST_UNSEEN * len(tree.text_content()) if hidden else 0
    return [each for each in hidden if len(each.text_content()) <= most]


def _is_hidden(element: HtmlElement) -> bool:
    attributes = element.attrib
    if not attributes:
        return False
    style, called = attributes.get("style"), attributes.get("class")
    return (
        "hidden" in attributes
        or (style is not None and _HIDES.search(style) is not None)
        or (called is not None and _CALLED_UNSEEN.search(called) is not None)
    )


def _drop_machinery(tree: HtmlElement) -> None:
    """Takes out forms, navigation and buttons; not the pictures for those without scripts, nor a page in a form."""
    for element in list(tree.iter(*_MACHINERY)):
        if _is_picture(element) or _holds_text(element):
            element.tag = "div"
        elif element.getparent() is not None:
            element.drop_tree()


def _is_picture(element: HtmlElement) -> bool:
    """Whether a picture is all that is shown to readers without scripts."""
    return element.tag == "noscript" and element.find(".//img") is not None and not element.text_content().strip()


def _holds_text(element: HtmlElement) -> bool:
    """Whether the page is one large form, as those of some builders are."""
    if element.tag != "form":
        return False
    return sum(len(paragraph.text_content()) for paragraph in element.iter("p")) > _LARGE_FORM


def _flatten_tables(tree: HtmlElement) -> None:
    """Makes boxes of tables deep in tables, which libraries of extraction take cubic time for."""
    for table in tree.iter("table"):
        if sum(1 for _ in table.iterancestors("table")) > _DEEPEST_TABLE:
            table.tag = "div"


def _gather_captions(tree: HtmlElement) -> None:
    """Gives every picture one caption, `<figcaption>` after it; what stood under a film that is gone goes too."""
    for figure in list(tree.iter("figure")):
        if figure.getparent() is not None and figure.find(".//figure") is None:
            _tidy_figure(figure)
    for element in list(tree.iter("div", "p", "span", "dd", "em", "small")):
        called = f"{element.get('class') or ''} {element.get('id') or ''}"
        if _CALLED_CAPTION.search(called) and _stands_at_picture(element):
            text = _in_one_line(element)
            _empty(element)
            element.text, element.tag = text, "figcaption"


def _tidy_figure(figure: HtmlElement) -> None:
    """A figure of pictures becomes these and one caption; others, of code, tables or quotations, stay as they are."""
    text, pictures = _in_one_line(figure), list(figure.iter("img"))
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
    elif figure.find(".//figcaption") is not None:
        figure.drop_tree()


def _empty(element: HtmlElement) -> None:
    element.text = None
    for child in list(element):
        element.remove(child)


def _in_one_line(element: HtmlElement) -> str:
    """The text of an element; its parts, credits say, are parted by spaces."""
    return _BEFORE_MARK.sub(r"\1", " ".join(" ".join(element.itertext()).split()))


def _stands_at_picture(element: HtmlElement) -> bool:
    """Whether a text without pictures is short and has a picture right before it or beside it in its box."""
    length = len(element.text_content().split())
    if not 0 < length <= _LONGEST_CAPTION or element.find(".//img") is not None:
        return False
    before, box = element.getprevious(), element.getparent()
    if before is not None and (before.tag == "img" or before.find(".//img") is not None):
        return True
    is_small = box is not None and len(box) <= _MOST_BESIDE and len(box.text_content().split()) <= _LONGEST_CAPTION
    return is_small and box.find(".//img") is not None


def wrap_loose_text(tree: HtmlElement) -> None:
    """Puts text that stands beside blocks or between pairs of line breaks into paragraphs of its own."""
    holders = _holders_of_blocks(tree)
    breaks = list(tree.iter("br"))
    broken = [each.getparent() for each in breaks if _is_double(each)]
    for element in dict.fromkeys([*holders, *broken]):
        if element is not None and element.tag not in _HOLD_NO_TEXT:
            _wrap_runs(element, holders)
    for line_break in breaks:
        line_break.tail = f"\n{line_break.tail or ''}"


def innermost_blocks(tree: HtmlElement) -> Iterator[HtmlElement]:
    """The blocks without further blocks in them, in the order of the page."""
    holders = _holders_of_blocks(tree)
    for element in tree.iter(*_BLOCKS):
        if element not in holders:
            yield element


def _holders_of_blocks(tree: HtmlElement) -> dict[HtmlElement, None]:
    holders: dict[HtmlElement, None] = {}
    for element in tree.iter(*_BLOCKS):
        for ancestor in element.iterancestors():
            if ancestor in holders:
                break
            holders[ancestor] = None
    return holders


def _is_double(line_break: HtmlElement) -> bool:
    following = line_break.getnext()
    return following is not None and following.tag == "br" and not (line_break.tail or "").strip()


def _wrap_runs(element: HtmlElement, holders: dict[HtmlElement, None]) -> None:
    if not _has_loose_text(element, holders):
        return
    run = element.makeelement("p")
    run.text, element.text = element.text, None
    finished: list[HtmlElement] = []
    for child in list(element):
        is_block = child.tag in _BLOCKS or child in holders
        if is_block or (child.tag == "br" and _is_double(child)):
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


def _has_loose_text(element: HtmlElement, holders: dict[HtmlElement, None]) -> bool:
    """Whether there is text or an inline element right in an element that holds blocks."""
    if (element.text or "").strip():
        return True
    return any((child.tail or "").strip() or not (child.tag in _BLOCKS or child in holders) for child in element)
