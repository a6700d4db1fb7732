"""Passages of an export: paragraphs of plain text, or blocks of HTML, and their Markdown."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import text_of
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown

_BLOCKS = frozenset(
    {"p", "pre", "table", "ul", "ol", "dl", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "figure"}
)
_HOLDERS = frozenset({"body", "div", "section", "article", "main", "center", "form", "header", "footer", "html"})
_PASSED_OVER = frozenset({"script", "style", "head", "title", "meta", "link", "noscript", "input"})
_BREAK = "\u2028"
_SPACES = re.compile(r"[^\S\u2028]+")


@dataclass(frozen=True, slots=True)
class Passage:
    """Paragraph of an export: its lines, and its element where the export has markup."""

    lines: tuple[str, ...]
    element: HtmlElement | None = None

    @property
    def text(self) -> str:
        """Text on one line."""
        return " ".join(" ".join(self.lines).split())


def text_passages(lines: Iterable[tuple[int, str]]) -> Iterator[Passage]:
    """Yields the runs of lines between blank lines, from numbered lines."""
    run: list[str] = []
    for _, line in lines:
        if line.strip():
            run.append(line)
        elif run:
            yield Passage(tuple(run))
            run = []
    if run:
        yield Passage(tuple(run))


def html_passages(tree: HtmlElement) -> Iterator[Passage]:
    """Yields the blocks of a tree in their order; text that stands in no paragraph becomes one."""
    loose = etree.Element("p")
    for part in _parts(tree):
        if isinstance(part, str):
            _append_text(loose, part)
        elif part.tag in _BLOCKS or part.tag in _HOLDERS:
            yield from _flushed(loose)
            loose = etree.Element("p")
            yield from _block(part)
        elif part.tag not in _PASSED_OVER:
            inner = copy.deepcopy(part)
            inner.tail = None
            loose.append(inner)
    yield from _flushed(loose)


def _block(element: HtmlElement) -> Iterator[Passage]:
    if element.tag in _HOLDERS:
        yield from html_passages(element)
    else:
        yield from _flushed(element)


def _parts(element: HtmlElement) -> Iterator[str | HtmlElement]:
    """Texts and elements of an element in their order; inline elements that hold blocks count as their content."""
    if element.text:
        yield element.text
    for child in element:
        if not isinstance(child.tag, str):
            pass
        elif child.tag not in _BLOCKS | _HOLDERS | _PASSED_OVER and next(child.iter(*_BLOCKS), None) is not None:
            yield from _parts(child)
        else:
            yield child
        if child.tail:
            yield child.tail


def _append_text(loose: HtmlElement, text: str) -> None:
    if len(loose):
        loose[-1].tail = (loose[-1].tail or "") + text
    else:
        loose.text = (loose.text or "") + text


def _flushed(element: HtmlElement) -> Iterator[Passage]:
    lines = _lines(element)
    if lines:
        yield Passage(lines, element)


def _lines(element: HtmlElement) -> tuple[str, ...]:
    """Lines of an element, which end at `<br>`."""
    if next(element.iter("br"), None) is None:
        text = text_of(element) if hasattr(element, "text_content") else " ".join("".join(element.itertext()).split())
        return (text,) if text else ()
    pieces: list[str] = []
    for event, each in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            pieces.append(_BREAK if each.tag == "br" else each.text or "")
        elif each is not element:
            pieces.append(each.tail or "")
    lines = (line.strip() for line in _SPACES.sub(" ", "".join(pieces)).split(_BREAK))
    return tuple(line for line in lines if line)


def passages_to_markdown(passages: Sequence[Passage]) -> str:
    """Markdown of passages of text, or of the elements of those that have markup."""
    if all(passage.element is None for passage in passages):
        return plain_to_markdown("\n\n".join("\n".join(passage.lines) for passage in passages))
    box = etree.Element("div")
    for passage in passages:
        if passage.element is None:
            etree.SubElement(box, "p").text = passage.text
        else:
            block = copy.deepcopy(passage.element)
            block.tail = None
            box.append(block)
    return tree_to_markdown(_as_html(box), base_url=None)


def _as_html(box: HtmlElement) -> HtmlElement:
    """Same tree with elements of HTML, which know their text and can be dropped."""
    parser = etree.HTMLParser(no_network=True, huge_tree=True, encoding="utf-8")
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement))
    root = etree.fromstring(etree.tostring(box, encoding="utf-8", method="html"), parser)
    return root.find(".//div")
