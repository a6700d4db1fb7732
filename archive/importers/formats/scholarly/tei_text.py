"""Text of TEI as Markdown: notes as footnotes, verse in lines, tables, lists, figures; choices by their regular form.

Elements: https://tei-c.org/release/doc/tei-p5-doc/en/html/REF-ELEMENTS.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from lxml import etree

from backfile.archive.importers.common.xml_to_html import (
    XmlConversion,
    XmlVocabulary,
    append_text,
    attribute,
    children,
    find_all,
    link,
    preformatted,
    xml_text,
)
from backfile.archive.importers.common.xml_trees import local_name

_ELEMENTS = {
    "p": "p", "ab": "p", "emph": "em", "foreign": "em", "title": "em", "mentioned": "em", "term": "span", "item": "li",
    "row": "tr", "byline": "p", "dateline": "p", "salute": "p", "signed": "p",
    "trailer": "p", "stage": "em", "del": "del", "code": "code", "epigraph": "blockquote", "said": "span", "sp": "div",
    "opener": "div", "closer": "div", "postscript": "div", "floatingText": "blockquote", "address": "div",
    "addrLine": "p", "bibl": "span", "listBibl": "div", "argument": "div", "figDesc": "p", "imprimatur": "p",
}  # fmt: skip
_DIVISIONS = re.compile(r"div\d?\Z|(?:front|body|back|group|text)\Z")
_BEST_OF_CHOICE = ("reg", "corr", "expan", "lem", "unclear", "seg")
_BOLD, _ITALIC = re.compile(r"bold|\bb\b", re.IGNORECASE), re.compile(r"ital|\bi\b|slant|emph", re.IGNORECASE)
_RAISED, _LOWERED = re.compile(r"sup", re.IGNORECASE), re.compile(r"sub", re.IGNORECASE)


def tei_to_markdown(parts: Iterable[Any], whole: Any, title: str) -> tuple[str, tuple[str, ...]]:
    """Markdown of parts of a TEI text, and notes about what is left out. A first heading that is the title goes.

    `whole` holds the notes that references may lead to.
    """
    given = list(parts)
    referred = {attribute(each, "target").removeprefix("#") for part in given for each in find_all(part, "ref", "ptr")}
    notes = {attribute(each, "id"): each for each in find_all(whole, "note") if attribute(each, "id") in referred}
    conversion = XmlConversion(_VOCABULARY, notes)
    for part in given:
        _drop_title(part, title)
    body = conversion.to_markdown(*given)
    said = {
        "graphic": "pictures that are not in the file: {}",
        "gap": "gaps of the edition, marked with […]: {}",
        "titlePage": "its title page is left out",
    }
    return body, tuple(
        words.format(conversion.left_out[name]) for name, words in said.items() if name in conversion.left_out
    )


def _drop_title(part: Any, title: str) -> None:
    """Removes the first heading of a part if it is the title."""
    head = next(find_all(part, "head"), None)
    if head is not None and _letters(xml_text(head)) == _letters(title):
        parent = head.getparent()
        before = head.getprevious()
        if (head.tail or "").strip():
            append = before if before is not None else parent
            key = "tail" if before is not None else "text"
            setattr(append, key, f"{getattr(append, key) or ''} {head.tail}")
        parent.remove(head)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _heading(conversion: XmlConversion, head: Any) -> Any:
    """Heading of a division by its depth; a bold line above a list, a table, a figure or verse."""
    parent = local_name(head.getparent().tag)
    if not _DIVISIONS.match(parent):
        box = etree.Element("p")
        box.append(conversion.converted(head, "strong"))
        return box
    depth = sum(re.match(r"div\d?\Z", local_name(each.tag)) is not None for each in head.iterancestors())
    return conversion.converted(head, f"h{min(6, max(2, depth + 1))}")


def _highlighted(conversion: XmlConversion, element: Any) -> Any:
    look = attribute(element, "rend", "rendition", "style")
    for pattern, tag in ((_RAISED, "sup"), (_LOWERED, "sub"), (_BOLD, "strong"), (_ITALIC, "em")):
        if pattern.search(look):
            return conversion.converted(element, tag)
    return conversion.converted(element, "em" if not look else "span")


def _quotation(conversion: XmlConversion, element: Any) -> Any:
    """Block quotation if it holds paragraphs or verse or stands between paragraphs; else the words with their marks."""
    holds_blocks = next(find_all(element, "p", "lg", "l", "ab"), None) is not None
    stands_alone = _DIVISIONS.match(local_name(element.getparent().tag)) is not None
    is_block = holds_blocks or stands_alone or attribute(element, "rend") in ("block", "blockquote")
    return conversion.converted(element, "blockquote" if is_block else "span")


def _list(conversion: XmlConversion, element: Any) -> Any:
    """List: numbered, bulleted, or labels with their items."""
    kind = f"{attribute(element, 'type')} {attribute(element, 'rend')}".lower()
    labels = children(element, "label")
    if labels:
        made = etree.Element("dl")
        for child in children(element, "head", "label", "item"):
            made.append(conversion.converted(child, "dd" if local_name(child.tag) == "item" else "dt"))
        return made
    is_numbered = any(word in kind for word in ("order", "number", "1")) and "unorder" not in kind
    box = etree.Element("div")
    for head in children(element, "head"):
        box.append(_heading(conversion, head))
    made = etree.SubElement(box, "ol" if is_numbered else "ul")
    for item in children(element, "item"):
        made.append(conversion.converted(item, "li"))
    return box


def _table(conversion: XmlConversion, element: Any) -> Any:
    box = etree.Element("div")
    for head in children(element, "head"):
        box.append(_heading(conversion, head))
    made = etree.SubElement(box, "table")
    for row in children(element, "row"):
        line = etree.SubElement(made, "tr")
        is_label = attribute(row, "role") == "label"
        for cell in children(row, "cell"):
            made_cell = conversion.converted(cell, "th" if is_label or attribute(cell, "role") == "label" else "td")
            for name, source in (("colspan", "cols"), ("rowspan", "rows")):
                if attribute(cell, source).isdecimal():
                    made_cell.set(name, attribute(cell, source))
            line.append(made_cell)
    return box


def _figure(conversion: XmlConversion, element: Any) -> Any:
    """Picture with a web address and its caption; of others the caption and the description."""
    box = etree.Element("div")
    for graphic in children(element, "graphic"):
        picture = _graphic(conversion, graphic)
        if picture is not None:
            etree.SubElement(box, "p").append(picture)
    for child in element:
        if isinstance(child.tag, str) and local_name(child.tag) != "graphic":
            caption = etree.SubElement(box, "p")
            caption.append(
                conversion.converted(child, "em" if local_name(child.tag) in ("head", "figDesc") else "span")
            )
    return box


def _graphic(conversion: XmlConversion, element: Any) -> Any:
    address = attribute(element, "url")
    if not address.startswith(("http://", "https://")):
        conversion.leave_out("graphic")
        return None
    return etree.Element("img", src=address, alt=xml_text(element))


def _choice(conversion: XmlConversion, element: Any) -> Any:
    """Regularised, corrected or expanded form of a choice; the first if none is."""
    forms = [each for each in element if isinstance(each.tag, str)]
    best = next((each for name in _BEST_OF_CHOICE for each in forms if local_name(each.tag) == name), None)
    chosen = best if best is not None else forms[0] if forms else None
    return conversion.converted(chosen, "span") if chosen is not None else None


def _note(conversion: XmlConversion, element: Any) -> Any:
    """Footnote; a note that a reference elsewhere leads to comes with that reference."""
    if attribute(element, "id") in conversion.targets:
        return None
    if attribute(element, "place") == "inline":
        return conversion.converted(element, "span")
    return conversion.reference(element)


def _reference(conversion: XmlConversion, element: Any) -> Any:
    target = attribute(element, "target")
    note = conversion.refer_to(target.removeprefix("#")) if target.startswith("#") else None
    return note if note is not None else link(conversion, element)


def _line_break(conversion: XmlConversion, element: Any) -> Any:
    """Space for the end of a line of the print; nothing within a word."""
    made = etree.Element("span")
    append_text(made, "" if attribute(element, "break") == "no" else " ")
    return made


def _gap(conversion: XmlConversion, element: Any) -> Any:
    conversion.leave_out("gap")
    made = etree.Element("span")
    made.text = "[…]"
    return made


def _speaker(conversion: XmlConversion, element: Any) -> Any:
    box = etree.Element("p")
    box.append(conversion.converted(element, "strong"))
    return box


def _title_page(conversion: XmlConversion, element: Any) -> Any:
    conversion.leave_out("titlePage")


_VOCABULARY = XmlVocabulary(
    _ELEMENTS,
    {
        "head": _heading,
        "hi": _highlighted,
        "quote": _quotation,
        "q": _quotation,
        "list": _list,
        "table": _table,
        "figure": _figure,
        "graphic": _graphic,
        "choice": _choice,
        "app": _choice,
        "note": _note,
        "ref": _reference,
        "ptr": _reference,
        "lb": _line_break,
        "gap": _gap,
        "speaker": _speaker,
        "eg": preformatted,
        "titlePage": _title_page,
    },
    dropped=frozenset(
        {"teiHeader", "pb", "cb", "milestone", "fw", "index", "anchor", "interp", "spanGrp", "certainty"}
    ),
    lines=frozenset({"l"}),
)
