"""Footnotes of a page as placeholders that become Markdown footnotes.

A reference is a link with the label of a note (`1`, `[a]`, `*`) to an element further down whose id names a note, or
which links back to the reference. So the notes of kramdown, Hugo, pandoc, MediaWiki, Word, Google Docs, Substack,
WordPress and its plugins are known by their structure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree
from lxml.html import HtmlElement

_NOTE_ID = re.compile(
    r"_?(?:fn|ftnt?|edn|footnote|endnote|note|cite[_-]?note|easy-footnote-bottom)[_:.-]?[\w.:-]*\d\Z", re.IGNORECASE
)
_NOTE_NAME = re.compile(
    r"(?:\A|[\s_-])(?:_?f(?:oot)?no?te?s?|ftn|edn|endnote|note)\w{0,12}(?:[\s_-]|\Z)", re.IGNORECASE
)
_LABEL = re.compile(r"\d{1,4}|[a-z]{1,2}|[ivxlc]{1,7}|[*†‡§¶]{1,4}|(?:note|fn)\s?\d{1,4}", re.IGNORECASE)
_BRACKETS = " \t\n[](){}.:^\u00a0\u200a\u2009"
_BACK = re.compile(r"[\W\d_]{0,8}|[a-z]|(?:back|return|jump up|top|zurück|retour)\b.{0,20}", re.IGNORECASE | re.DOTALL)
_BLOCKS = frozenset({"li", "p", "div", "dd", "aside", "td", "blockquote"})
_INNER_BLOCKS = ("p", "div", "blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6")
_REFERENCE = re.compile(r"FOOTNOTEREF(\d{1,9})ENDNOTE")


def mark_footnotes(tree: HtmlElement) -> list[HtmlElement]:
    """Turns references into placeholders; returns the notes, taken out of the tree, as paragraphs in their order."""
    anchors = _anchors(tree)
    numbers: dict[HtmlElement, int] = {}
    references: list[tuple[HtmlElement, int]] = []
    inside: set[HtmlElement] = set()
    for link in list(tree.iter("a")):
        target = _target(link)
        if target is None or target not in anchors or link in inside or not _is_label(link):
            continue
        note = _note(link, anchors[target], target)
        if note is not None:
            number = numbers.setdefault(note, len(numbers) + 1)
            references.append((link, number))
            inside.update(note.iter("a"))
    for link, number in references:
        parent = link.getparent()
        is_raised = parent is not None and parent.tag == "sup" and parent.text_content() == link.text_content()
        replace_with_text(parent if is_raised else link, f"FOOTNOTEREF{number}ENDNOTE")
    return [_paragraph(note, number) for note, number in numbers.items()]


def append_footnotes(tree: HtmlElement, notes: Iterable[HtmlElement]) -> None:
    """Appends those notes to a tree that it refers to, and those that these refer to."""
    body = tree.find("body") if tree.tag == "html" else tree
    box = tree if body is None else body
    wanted = set(_REFERENCE.findall(box.text_content()))
    for note in notes:
        if note.get("data-note") in wanted:
            wanted.update(_REFERENCE.findall(note.text_content()))
            box.append(note)


def replace_with_text(element: HtmlElement, text: str) -> None:
    """Puts a text in the place of an element."""
    parent = element.getparent()
    if parent is None:
        return
    whole = text + (element.tail or "")
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + whole
    else:
        parent.text = (parent.text or "") + whole
    parent.remove(element)


def _anchors(tree: HtmlElement) -> dict[str, HtmlElement]:
    """Elements by their id, or their name if they are links."""
    found: dict[str, HtmlElement] = {}
    for element in tree.iter(etree.Element):
        for name in (element.get("id"), element.get("name") if element.tag == "a" else None):
            if name:
                found.setdefault(name, element)
    return found


def _target(link: HtmlElement) -> str | None:
    address, hash_sign, fragment = (link.get("href") or "").partition("#")
    return fragment if hash_sign and fragment and not address else None


def _is_label(link: HtmlElement) -> bool:
    return _LABEL.fullmatch(link.text_content().strip(_BRACKETS)) is not None


def _note(link: HtmlElement, anchor: HtmlElement, target: str) -> HtmlElement | None:
    """Element of the note at an anchor; None if it is none, or holds the reference."""
    block = anchor
    while block.tag not in _BLOCKS or not _has_text(block):
        parent = block.getparent()
        if parent is None or parent.tag in ("body", "html", "article", "main"):
            return None
        block = parent
    box = block.getparent()
    names = "" if box is None else f"{box.get('class') or ''} {box.get('id') or ''}"
    is_whole = box is not None and box.tag in _BLOCKS and _NOTE_NAME.search(names) and not _has_other_notes(box, anchor)
    block = box if is_whole and box is not None else block
    if any(each is block for each in link.iterancestors()):
        return None
    return block if _NOTE_ID.match(target) or _links_back(block, link) else None


def _has_text(block: HtmlElement) -> bool:
    """Whether there is more in a block than the label of a note."""
    return any(len(word.strip(_BRACKETS)) > 1 for word in re.findall(r"[^\W\d]+", block.text_content()))


def _has_other_notes(box: HtmlElement, anchor: HtmlElement) -> bool:
    return any(each is not anchor and _NOTE_ID.match(each.get("id") or each.get("name") or "") for each in box.iter())


def _links_back(note: HtmlElement, reference: HtmlElement) -> bool:
    around = [reference, *_near(reference)]
    names = {each.get(key) for each in around for key in ("id", "name")} - {None}
    return any(_target(link) in names for link in note.iter("a"))


def _near(reference: HtmlElement) -> Iterator[HtmlElement]:
    """Elements around and directly before a reference, which may have its id."""
    parent = reference.getparent()
    if parent is not None and parent.tag in ("sup", "span", "small", "b"):
        yield parent
    before = reference.getprevious()
    if before is not None:
        yield before


def _paragraph(note: HtmlElement, number: int) -> HtmlElement:
    """Note as one paragraph without its label and the links back, taken out of the tree."""
    for link in list(note.iter("a")):
        if (_target(link) or link.get("href") is None) and _BACK.fullmatch(link.text_content().strip()):
            raised = link.getparent()
            is_raised = raised is not None and raised.tag == "sup" and raised is not note and len(raised) == 1
            replace_with_text(raised if is_raised else link, "")
    for block in list(note.iter(*_INNER_BLOCKS)):
        if block is not note:
            block.tag, block.tail = "span", f" {block.tail or ''}"
    box = note.getparent()
    if box is not None:
        note.drop_tree()
        if box.tag in ("ol", "ul") and not len(box) and box.getparent() is not None:
            box.drop_tree()
    note.tag, note.tail = "p", None
    for name in list(note.attrib):
        del note.attrib[name]
    note.set("data-note", str(number))
    note.text = f"FOOTNOTEDEF{number}ENDNOTE {(note.text or '').lstrip()}"
    return note
