"""Text of JATS as Markdown: sections, notes, lists, tables, figures, formulas, verse and references.

Elements: https://jats.nlm.nih.gov/publishing/tag-library/
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from backfile.archive.importers.common.xml_to_html import (
    XmlConversion,
    XmlVocabulary,
    append_text,
    attribute,
    children,
    find,
    find_all,
    link,
    preformatted,
    xml_text,
)
from backfile.archive.importers.common.xml_trees import local_name

_ELEMENTS = {
    "p": "p", "sec": "div", "disp-quote": "blockquote", "boxed-text": "div", "attrib": "p", "bold": "strong",
    "b": "strong", "italic": "em", "i": "em", "sup": "sup", "sub": "sub", "monospace": "code", "strike": "s",
    "list-item": "li", "term": "dt", "def": "dd", "def-list": "dl", "def-item": "div", "table": "table",
    "thead": "thead", "tbody": "tbody", "tfoot": "tfoot", "tr": "tr", "td": "td", "th": "th", "break": "br", "hr": "hr",
    "speaker": "strong", "statement": "div", "verse-group": "div", "ack": "div", "app": "div",
    "app-group": "div", "glossary": "div", "notes": "div", "fn-group": "div", "table-wrap-foot": "div", "bio": "div",
    "caption": "div", "sig-block": "p", "chem-struct-wrap": "div", "fig-group": "div",
}  # fmt: skip
_NUMBERED = frozenset(
    {"order", "ordered", "arabic", "number", "alpha-lower", "alpha-upper", "roman-lower", "roman-upper"}
)
_NOT_CONTENT = frozenset({"label", "caption", "object-id", "permissions", "alt-text", "long-desc"})


def jats_to_markdown(root: Any, base_url: str | None) -> tuple[str, tuple[str, ...]]:
    """Markdown of the body, the back matter and the answers to an article, and notes about what is left out."""
    referred = {word for each in find_all(root, "xref") for word in attribute(each, "rid").split()
                if attribute(each, "ref-type") in ("fn", "table-fn")}  # fmt: skip
    notes = {attribute(each, "id"): each for each in find_all(root, "fn") if attribute(each, "id") in referred}
    conversion = XmlConversion(_VOCABULARY, notes)
    parts = [*children(root, "body"), *children(root, "floats-group"), *children(root, "back")]
    for answer in children(root, "sub-article", "response"):
        parts += [_with_title(answer), *children(answer, "body"), *children(answer, "back")]
    body = conversion.to_markdown(*parts, base_url=base_url)
    said = {
        "graphic": "pictures that are not in the file: {}",
        "media": "films and other files that are not in the file: {}",
    }
    lost = conversion.left_out
    return body, tuple(words.format(lost[name]) for name, words in said.items() if name in lost)


def _with_title(answer: Any) -> Any:
    """Section that holds the title and the authors of an answer."""
    section = etree.Element("sec")
    title = etree.SubElement(section, "title")
    title.text = xml_text(find(answer, "article-title")) or attribute(answer, "article-type") or "Response"
    names = [xml_text(each) for each in find_all(answer, "name", "string-name", "collab")]
    if names:
        etree.SubElement(section, "p").text = ", ".join(names)
    return section


def _title(conversion: XmlConversion, title: Any) -> Any:
    """Heading of a section by its depth; bold above a list, a figure or a table."""
    parent = title.getparent()
    holder = local_name(parent.tag) if parent is not None else ""
    label = next(iter(children(parent, "label")), None) if holder == "sec" else None
    if holder in ("caption", "list", "def-list", "table-wrap", "fig", "verse-group"):
        box = etree.Element("p")
        box.append(conversion.converted(title, "strong"))
        return box
    depth = sum(local_name(each.tag) in ("sec", "app", "ack", "glossary", "notes", "ref-list", "boxed-text")
                for each in title.iterancestors())  # fmt: skip
    made = conversion.converted(title, f"h{min(6, max(2, depth + 1))}")
    if label is not None and xml_text(label):
        made.text = f"{xml_text(label)} {made.text or ''}"
    return made


def _list(conversion: XmlConversion, element: Any) -> Any:
    is_numbered = attribute(element, "list-type") in _NUMBERED
    return conversion.converted(element, "ol" if is_numbered else "ul")


def _figure(conversion: XmlConversion, element: Any) -> Any:
    """Pictures of a figure or a table, its label and caption in one paragraph, then its content."""
    box = etree.Element("div")
    caption = find(element, "caption")
    label = xml_text(next(iter(children(element, "label")), None))
    parts = [each for each in element if isinstance(each.tag, str) and local_name(each.tag) not in _NOT_CONTENT]
    pictures = [each for each in parts if local_name(each.tag) in ("graphic", "alternatives", "media")]
    for each in pictures:
        picture = conversion.part(each)
        if picture is not None:
            etree.SubElement(box, "div").append(picture)
    words = etree.SubElement(box, "p")
    if label:
        etree.SubElement(words, "strong").text = label
        append_text(words, " ")
    for each in caption if caption is not None else ():
        if isinstance(each.tag, str):
            words.append(conversion.converted(each, "span"))
            append_text(words, " ")
    for each in parts:
        shown = conversion.part(each) if each not in pictures else None
        if shown is not None:
            box.append(shown)
    return box


def _graphic(conversion: XmlConversion, element: Any) -> Any:
    address = attribute(element, "href")
    if not address.startswith(("http://", "https://")):
        conversion.leave_out("media" if local_name(element.tag) == "media" else "graphic")
        return None
    return etree.Element("img", src=address, alt=xml_text(find(element, "alt-text")))


def _cross_reference(conversion: XmlConversion, element: Any) -> Any:
    """Footnote of the note that a cross-reference leads to; of others the words."""
    made = etree.Element("span")
    notes = [conversion.refer_to(target) for target in attribute(element, "rid").split()]
    if any(note is not None for note in notes):
        made.extend(note for note in notes if note is not None)
        return made
    return conversion.converted(element, "span")


def _note(conversion: XmlConversion, element: Any) -> Any:
    """Paragraphs of a note that nothing refers to; nothing of one that came with its reference."""
    if attribute(element, "id") in conversion.targets:
        return None
    is_apart = local_name(element.getparent().tag) in ("fn-group", "table-wrap-foot", "author-notes", "back", "notes")
    return conversion.converted(element, "div") if is_apart else conversion.reference(element)


def _label(conversion: XmlConversion, element: Any) -> Any:
    """Label in front of a reference or an item; of sections and notes it is used elsewhere."""
    holder = local_name(element.getparent().tag)
    if holder in ("sec", "fn", "ref", "list-item", "fig", "table-wrap"):
        return None
    return conversion.converted(element, "strong")


def _formula(conversion: XmlConversion, element: Any) -> Any:
    """Formula as its TeX in code, else as its characters; a display formula is a paragraph."""
    box = etree.Element("p" if local_name(element.tag) == "disp-formula" else "span")
    tex, math = find(element, "tex-math"), find(element, "math")
    label = xml_text(next(iter(children(element, "label")), None))
    if tex is None and math is None:
        conversion.add_content(box, element)
        return box
    etree.SubElement(box, "code").text = tex_of(xml_text(tex)) if tex is not None else xml_text(math)
    append_text(box, f" {label}" if label else "")
    return box


def tex_of(text: str) -> str:
    r"""TeX of a formula without the document around it: `\begin{document}$$x$$\end{document}` → `x`."""
    inner = text.partition(r"\begin{document}")[2].partition(r"\end{document}")[0] or text
    return inner.strip().strip("$").strip()


def _reference_list(conversion: XmlConversion, element: Any) -> Any:
    box = etree.Element("div")
    titles = children(element, "title")
    if titles:
        box.append(_title(conversion, titles[0]))
    else:
        etree.SubElement(box, "h2").text = "References"
    made = etree.SubElement(box, "ol")
    for each in children(element, "ref"):
        made.append(conversion.converted(each, "li"))
    for each in children(element, "ref-list", "p"):
        box.append(conversion.part(each))
    return box


def _citation(conversion: XmlConversion, element: Any) -> Any:
    """Reference to a work: as it is written, or its parts with commas where only they are given."""
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        return conversion.converted(element, "span")
    made = etree.Element("span")
    made.text = ", ".join(filter(None, (_citation_part(each) for each in element if isinstance(each.tag, str))))
    return made


def _citation_part(element: Any) -> str:
    name = local_name(element.tag)
    if name in ("person-group", "name"):
        holders = list(find_all(element, "name", "string-name", "collab")) or [element]
        names = (" ".join(map(xml_text, children(each, "surname", "given-names"))) for each in holders)
        return ", ".join(name or xml_text(each) for name, each in zip(names, holders, strict=True))
    return xml_text(element)


def _alternatives(conversion: XmlConversion, element: Any) -> Any:
    """First form of several that can be shown."""
    order = ("math", "tex-math", "table", "graphic", "inline-graphic", "textual-form")
    forms = [each for name in order for each in children(element, name)]
    if not forms:
        return conversion.converted(element, "span")
    name = local_name(forms[0].tag)
    if name in ("math", "tex-math"):
        return _formula(conversion, element)
    return conversion.part(forms[0])


_VOCABULARY = XmlVocabulary(
    _ELEMENTS,
    {
        "title": _title,
        "list": _list,
        "fig": _figure,
        "table-wrap": _figure,
        "graphic": _graphic,
        "inline-graphic": _graphic,
        "media": _graphic,
        "xref": _cross_reference,
        "fn": _note,
        "label": _label,
        "inline-formula": _formula,
        "disp-formula": _formula,
        "alternatives": _alternatives,
        "ref-list": _reference_list,
        "mixed-citation": _citation,
        "element-citation": _citation,
        "citation": _citation,
        "nlm-citation": _citation,
        "ext-link": link,
        "uri": link,
        "preformat": preformatted,
        "code": preformatted,
    },
    dropped=frozenset({"front", "front-stub", "object-id", "alt-text", "long-desc", "processing-meta"}),
    lines=frozenset({"verse-line"}),
)
