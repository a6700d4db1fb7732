"""Body of a DOCX, prepared for Mammoth, which drops or refuses what is written in the ways that are mended here.

Pictures and numbers of list items become marks in the text, which `marks` puts in their places in the HTML.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from lxml import etree

from backfile.archive.importers.common.xml_trees import local_name
from backfile.archive.importers.formats.docx.equations import equation_to_tex
from backfile.archive.importers.formats.docx.list_numbers import ListNumbers, ParagraphStyles, child, value
from backfile.archive.importers.formats.docx.package_parts import PackageParts, Relationship
from backfile.archive.importers.markdown.formulas import formula_word

PICTURE = "\ue000{}\ue001"
ITEM = "\ue002{}\ue003"
"""Marks of a picture by its index, and of a list item by its number: characters of the private use area."""

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_VML = "urn:schemas-microsoft-com:vml"
_SAME = {"cr": "br", "dstrike": "strike"}
_ANYTHING, _DECIMAL, _HEXADECIMAL = re.compile(r".+"), re.compile(r"[0-9]{1,4}"), re.compile(r"[0-9A-Fa-f]{1,6}")
_SHAPES = frozenset({"oval", "line", "polyline", "arc"})
_CONTENT = frozenset({"t", "drawing", "pict", "object", "oMath", "sym"})
_HYPERLINK = re.compile(r"\s*HYPERLINK\s")
_KNOWN_HEADING = re.compile(r"heading [1-9]\Z", re.IGNORECASE)
_NO_HEADING = re.compile(r"title|subtitle|toc\b|contents|caption|quote|author|date", re.IGNORECASE)
_OBJECTS = {"chart": "chart", "diagram": "diagram"}


@dataclass(frozen=True, slots=True)
class PictureMark:
    """Picture of a document: name of its part, or its address outside; both empty if it has none."""

    part: str = ""
    address: str = ""
    alt: str = ""
    link: str = ""


@dataclass(slots=True)
class PreparedBody:
    """Bodies of a package by the names of their parts; pictures by the numbers in their marks; notes for a person."""

    trees: dict[str, etree._Element]
    pictures: list[PictureMark] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def prepare_body(parts: PackageParts) -> PreparedBody:
    """Bodies of a package as Mammoth can read them."""
    body = PreparedBody(parts.bodies())
    styles = ParagraphStyles(parts.tree("word/styles.xml"))
    numbers = ListNumbers.read(parts.tree("word/numbering.xml"), styles)
    for name, tree in body.trees.items():
        _PartPreparation(body, tree, parts.relationships(name)).run()
        _mark_lists_and_headings(tree, numbers, styles)
    _drop_dangling_notes(body)
    return body


class _PartPreparation:
    """Preparation of one part: its own relationships resolved."""

    def __init__(self, body: PreparedBody, tree: etree._Element, relationships: Mapping[str, Relationship]) -> None:
        self._body, self._tree, self._relationships = body, tree, relationships
        self._word = etree.QName(tree).namespace or _WORD

    def run(self) -> None:
        """Prepares the part."""
        handlers: dict[str, Callable[[etree._Element], None]] = {
            "AlternateContent": _choose_alternative,
            "drawing": self._mark_drawing,
            "imagedata": self._mark_vml_picture,
            "hyperlink": self._drop_dangling_link,
            "fldSimple": self._expand_field,
            "ruby": self._expand_ruby,
            "oMathPara": self._write_equations,
            "oMath": self._write_equation,
            "bdo": _unwrap,
            "dir": _unwrap,
            "sym": partial(_drop_without, "char", _HEXADECIMAL),
            "commentReference": partial(_drop_without, "id", _ANYTHING),
            "gridSpan": partial(_drop_without, "val", _DECIMAL),
            "altChunk": self._note_inserted_document,
            "subDoc": self._note_inserted_document,
        }
        for element in list(self._tree.iter(etree.Element)):
            name = local_name(element.tag)
            if element.getparent() is not None and name in handlers:
                handlers[name](element)
            elif name in _SAME:
                element.tag = self._tag(_SAME[name])
            elif name in _SHAPES and etree.QName(element).namespace == _VML:
                element.tag = f"{{{_VML}}}shape"

    def _write_equations(self, element: etree._Element) -> None:
        """Writes equations that stand on their own as TeX."""
        for equation in [each for each in element if local_name(each.tag) == "oMath"]:
            self._write_equation(equation, is_display=True)
        _unwrap(element)

    def _write_equation(self, element: etree._Element, *, is_display: bool = False) -> None:
        run = etree.Element(self._tag("r"))
        run.append(self._text(formula_word(equation_to_tex(element), is_display=is_display)))
        _replace(element, [run])

    def _note_inserted_document(self, element: etree._Element) -> None:
        self._body.notes.append("left out a document that is inserted into it")

    def _tag(self, name: str) -> str:
        return f"{{{self._word}}}{name}"

    def _text(self, text: str) -> etree._Element:
        element = etree.Element(self._tag("t"))
        element.text = text
        return element

    def _mark(self, picture: PictureMark) -> str:
        self._body.pictures.append(picture)
        return PICTURE.format(len(self._body.pictures) - 1)

    def _mark_drawing(self, drawing: etree._Element) -> None:
        """Puts marks of its pictures, the text of its boxes, or the name of an object in the place of a drawing."""
        properties = next((each for each in drawing.iter() if local_name(each.tag) == "docPr"), None)
        alt = (value(properties, "descr") or "").strip() or (value(properties, "title") or "").strip()
        click = self._relationships.get(value(child(properties, "hlinkClick"), "id") or "")
        link = click.target if click is not None and click.is_external else ""
        marks = [
            self._mark(self._picture(each, ("embed", "link"), alt, link))
            for each in drawing.iter()
            if local_name(each.tag) == "blip"
        ]
        boxes = [each for each in drawing.iter() if local_name(each.tag) == "txbxContent"]
        if not marks and not boxes:
            kinds = (value(each, "uri") or "" for each in drawing.iter() if local_name(each.tag) == "graphicData")
            kind = next((_OBJECTS[end] for uri in kinds if (end := uri.rpartition("/")[2]) in _OBJECTS), "")
            if kind:
                self._body.notes.append(f"left out a {kind}")
                marks = [f" ({kind}{f': {alt}' if alt else ''}) "]
        replacement = [self._text(mark) for mark in marks] + [self._box(each) for each in boxes]
        _replace(drawing, replacement)

    def _box(self, content: etree._Element) -> etree._Element:
        """Text box as VML, which the converter puts below the paragraph."""
        box = etree.Element(self._tag("pict"))
        etree.SubElement(etree.SubElement(box, f"{{{_VML}}}shape"), f"{{{_VML}}}textbox").append(content)
        return box

    def _picture(self, element: etree._Element, names: tuple[str, ...], alt: str, link: str = "") -> PictureMark:
        found = (self._relationships.get(value(element, name) or "") for name in names)
        target = next((each for each in found if each is not None), None)
        if target is None:
            return PictureMark(alt=alt, link=link)
        return PictureMark(*(("", target.target) if target.is_external else (target.target, "")), alt, link)

    def _mark_vml_picture(self, element: etree._Element) -> None:
        """Puts the mark of a picture of older Word into its place; what names no picture (a crop) is none."""
        if not (value(element, "id") or value(element, "href")):
            _replace(element, [])
            return
        paragraph, run = etree.Element(self._tag("p")), etree.Element(self._tag("r"))
        paragraph.append(run)
        alt = value(element, "title") or value(element.getparent(), "alt") or ""
        run.append(self._text(self._mark(self._picture(element, ("id", "href"), alt))))
        _replace(element, [paragraph])

    def _drop_dangling_link(self, element: etree._Element) -> None:
        for key in [key for key in element.attrib if local_name(key) == "id"]:
            if str(element.attrib[key]) not in self._relationships:
                del element.attrib[key]

    def _expand_field(self, element: etree._Element) -> None:
        """Writes a simple field as its result; a link as a field of three marks, which the converter knows."""
        instruction = value(element, "instr") or ""
        if not _HYPERLINK.match(instruction):
            _unwrap(element)
            return
        runs = []
        for kind in ("begin", "", "separate", "end"):
            run = etree.Element(self._tag("r"))
            if kind:
                etree.SubElement(run, self._tag("fldChar")).set(self._tag("fldCharType"), kind)
            else:
                etree.SubElement(run, self._tag("instrText")).text = instruction
            runs.append(run)
        _replace(element, [*runs[:3], *list(element), runs[3]])

    def _expand_ruby(self, element: etree._Element) -> None:
        """Writes a reading (`w:ruby`) in brackets after its base."""
        base, reading = (child(element, name) for name in ("rubyBase", "rt"))
        words = "".join(each.text or "" for each in reading.iter(self._tag("t"))) if reading is not None else ""
        texts = [each for run in (base if base is not None else ()) for each in run if local_name(each.tag) == "t"]
        _replace(element, [*texts, *([self._text(f"({words})")] if words else [])])


def _replace(element: etree._Element, others: list[etree._Element]) -> None:
    parent = element.getparent()
    position = parent.index(element)
    parent.remove(element)
    for number, each in enumerate(others):
        parent.insert(position + number, each)


def _unwrap(element: etree._Element) -> None:
    _replace(element, list(element))


def _drop_without(name: str, pattern: re.Pattern[str], element: etree._Element) -> None:
    """Drops an element whose attribute is missing or of another form."""
    if not pattern.fullmatch(value(element, name) or ""):
        _replace(element, [])


def _choose_alternative(element: etree._Element) -> None:
    """Takes the first choice where there is no fallback, the only form that the converter reads."""
    if child(element, "Fallback") is None:
        choice = child(element, "Choice")
        _replace(element, list(choice) if choice is not None else [])


def _mark_lists_and_headings(tree: etree._Element, numbers: ListNumbers, styles: ParagraphStyles) -> None:
    """Marks the items of numbered lists with their numbers, and names the style of headings by their rank.

    A style of one's own is a heading by its outline level.
    """
    word = etree.QName(tree).namespace or _WORD
    for paragraph in tree.iter(f"{{{word}}}p"):
        properties = child(paragraph, "pPr")
        place = numbers.place(properties)
        if place is not None and properties is not None:
            number = numbers.next_number(*place)
            _set_place(properties, place, word)
            if number is not None and any(local_name(each.tag) in _CONTENT for each in paragraph.iter(etree.Element)):
                run = etree.Element(f"{{{word}}}r")
                etree.SubElement(run, f"{{{word}}}t").text = ITEM.format(number)
                paragraph.insert(paragraph.index(properties) + 1, run)
        rank = _heading_rank(properties, styles)
        if rank and properties is not None:
            _set_child(properties, "pStyle", f"Heading{rank}", word)


def _set_place(properties: etree._Element, place: tuple[str, int], word: str) -> None:
    """Writes list and level into the paragraph, where the converter looks for them."""
    old = child(properties, "numPr")
    if old is not None:
        properties.remove(old)
    inner = etree.SubElement(properties, f"{{{word}}}numPr")
    for name, text in (("ilvl", str(place[1])), ("numId", place[0])):
        etree.SubElement(inner, f"{{{word}}}{name}").set(f"{{{word}}}val", text)


def _set_child(properties: etree._Element, name: str, text: str, word: str) -> None:
    element = child(properties, name)
    if element is None:
        element = etree.Element(f"{{{word}}}{name}")
        properties.insert(0, element)
    element.set(f"{{{word}}}val", text)


def _heading_rank(properties: etree._Element | None, styles: ParagraphStyles) -> int:
    """Rank of a heading whose style has another name than those that Word gives; 0 for other paragraphs."""
    style = value(child(properties, "pStyle"))
    name = styles.name(style)
    if _KNOWN_HEADING.match(name) or _NO_HEADING.search(name):
        return 0
    level = value(child(properties, "outlineLvl")) or styles.property(style, "outlineLvl")
    return int(level) + 1 if level is not None and level.isdecimal() and level.isascii() and int(level) < 9 else 0


def _drop_dangling_notes(body: PreparedBody) -> None:
    """Drops references to notes that are not in the package."""
    missing = 0
    for kind in ("footnote", "endnote"):
        known = {
            value(each, "id") for tree in body.trees.values() if local_name(tree.tag) == f"{kind}s" for each in tree
        }
        for tree in body.trees.values():
            for reference in [each for each in tree.iter(etree.Element) if local_name(each.tag) == f"{kind}Reference"]:
                if value(reference, "id") not in known:
                    reference.getparent().remove(reference)
                    missing += 1
    if missing:
        body.notes.append(f"the text of {missing} of its notes is missing")
