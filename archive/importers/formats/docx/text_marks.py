"""Marks of pictures and list items in the HTML of a DOCX, replaced by what they stand for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.importers.formats.docx.body_preparation import ITEM, PICTURE, PictureMark
from backfile.archive.importers.formats.docx.package_parts import PackageParts
from backfile.archive.importers.library.assets import is_admitted

_PICTURE = re.compile(PICTURE.format(r"(\d{1,7})"))
_ITEM = re.compile(ITEM.format(r"(\d{1,9})"))
_SIGNATURES = ((b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"), (b"RIFF", "webp"))


@dataclass(slots=True)
class PlacedPictures:
    """Pictures of a document in the order of its text: name → content, and notes on those that are missing."""

    files: dict[str, bytes] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def place_pictures(tree: HtmlElement, marks: list[PictureMark], parts: PackageParts) -> PlacedPictures:
    """Puts pictures in the places of their marks; where one is missing, a remark that says so."""
    placed = PlacedPictures()

    def element(found: re.Match[str]) -> HtmlElement | None:
        number = int(found[1])
        return _picture(marks[number], parts, placed) if number < len(marks) else None

    _replace_marks(tree, _PICTURE, element)
    placed.notes = list(dict.fromkeys(placed.notes))
    return placed


def drop_pictures(tree: HtmlElement) -> None:
    """Takes the marks of pictures out of a text."""
    _replace_marks(tree, _PICTURE, lambda found: None)


def _picture(mark: PictureMark, parts: PackageParts, placed: PlacedPictures) -> HtmlElement:
    source, reason = "", ""
    if mark.address.lower().startswith(("http://", "https://")):
        source = mark.address
        placed.notes.append(f"a picture is linked and not in the document: {mark.address}")
    elif mark.part in parts.pictures:
        content = parts.pictures[mark.part]
        source = f"image-{len(placed.files) + 1}.{_ending(mark.part, content, parts)}"
        if is_admitted(source):
            placed.files[source] = content
        else:
            source, reason = "", f"a picture in the format {_ending(mark.part, content, parts).upper()} is left out"
    else:
        name = mark.address.replace("\\", "/").rpartition("/")[2] or mark.part.rpartition("/")[2]
        reason = f"a picture is missing in the document{f': {name}' if name else ''}"
    if not source:
        placed.notes.append(reason)
        remark = etree.Element("em")
        remark.text = f"(picture missing{f': {mark.alt}' if mark.alt else ''})"
        return remark
    image = etree.Element("img", src=source, alt=mark.alt)
    if not mark.link:
        return image
    link = etree.Element("a", href=mark.link)
    link.append(image)
    return link


def _ending(name: str, content: bytes, parts: PackageParts) -> str:
    """File ending of a picture: by its declared type, its name, or how it begins."""
    declared = parts.content_type(name)
    ending = declared.rpartition("/")[2].partition("+")[0].removeprefix("x-") if declared.startswith("image/") else ""
    ending = ending or (name.rpartition(".")[2].lower() if "." in name.rpartition("/")[2] else "")
    if not is_admitted(f"a.{ {'jpeg': 'jpg'}.get(ending, ending) }"):
        ending = next((known for start, known in _SIGNATURES if content.startswith(start)), ending or "bin")
    return {"jpeg": "jpg"}.get(ending, ending)


def number_lists(tree: HtmlElement) -> None:
    """Begins lists at the numbers of their first items, and a new list where the numbers do not go on.

    An item that is but the frame of a deeper list gives way to that list.
    """
    for frame in list(tree.iter("ul", "ol")):
        _unframe(frame)
    for ordered in list(tree.iter("ol")):
        _number_list(ordered)
    _replace_marks(tree, _ITEM, lambda found: None)


def _unframe(frame: HtmlElement) -> None:
    item = frame[0] if len(frame) == 1 else None
    inner = item[0] if item is not None and len(item) == 1 else None
    if item is None or inner is None or inner.tag not in ("ul", "ol") or (item.text or inner.tail or "").strip():
        return
    inner.tail = frame.tail
    if frame.getparent() is not None:
        frame.getparent().replace(frame, inner)


def _number_list(ordered: HtmlElement) -> None:
    expected: int | None = None
    for item in list(ordered):
        found = _ITEM.match(item.text_content().lstrip()) if item.tag == "li" else None
        number = int(found[1]) if found else expected
        if expected is None and number is not None and number != 1:
            ordered.set("start", str(number))
        elif expected is not None and number is not None and number != expected:
            following = etree.Element("ol", start=str(number))
            following.extend([item, *item.itersiblings()])
            following.tail, ordered.tail = ordered.tail, None
            ordered.addnext(following)
            _number_list(following)
            return
        expected = number + 1 if number is not None else None


def _replace_marks(
    tree: HtmlElement, pattern: re.Pattern[str], element: Callable[[re.Match[str]], HtmlElement | None]
) -> None:
    """Replaces each mark in the texts of a tree by an element, or by nothing."""
    for each in list(tree.iter(etree.Element)):
        if each.text and pattern.search(each.text):
            pieces, elements = _split(each.text, pattern, element)
            each.text = pieces[0]
            for number, (inner, tail) in enumerate(zip(elements, pieces[1:], strict=True)):
                inner.tail = tail
                each.insert(number, inner)
        if each.tail and pattern.search(each.tail):
            pieces, elements = _split(each.tail, pattern, element)
            each.tail = pieces[0]
            for inner, tail in reversed(list(zip(elements, pieces[1:], strict=True))):
                inner.tail = tail
                each.addnext(inner)


def _split(
    text: str, pattern: re.Pattern[str], element: Callable[[re.Match[str]], HtmlElement | None]
) -> tuple[list[str], list[HtmlElement]]:
    """Texts around the elements of a text: one more than these."""
    pieces, elements, end = [""], [], 0
    for found in pattern.finditer(text):
        pieces[-1] += text[end : found.start()]
        end = found.end()
        inner = element(found)
        if inner is not None:
            elements.append(inner)
            pieces.append("")
    pieces[-1] += text[end:]
    return pieces, elements
