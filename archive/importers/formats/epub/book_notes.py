"""Notes of a book: brought to the chapters that refer to them, wherever in the book they stand."""

from __future__ import annotations

import copy
import posixpath
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote, unquote, urldefrag

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import text_of
from backfile.archive.importers.common.xml_trees import parse_xhtml
from backfile.archive.importers.formats.epub.package_document import resolve_href
from backfile.archive.importers.sources.containers import Member

_SIGN = re.compile(r"[\[(]?(?:\d{1,4}|[ivxlc]{1,6}|[a-z]|[*†‡§¶]{1,3})[\])]?[.:]?\Z", re.IGNORECASE)
_BLOCKS = ("aside", "li", "dd", "p", "div")
_LONGEST = 600
"""Words of a note; what is longer is a chapter that a number leads to."""
_MOSTLY = 0.7


class BookNotes:
    """The notes in the files of a book."""

    def __init__(self, members: Mapping[str, Member]) -> None:
        self._members = members
        self._taken: dict[str, dict[str, int]] = {}
        self._tree = lru_cache(4)(self._parsed)
        self._elsewhere = lru_cache(4)(lambda file: _places(self._tree(file)))

    def holds_attached_notes(self, file: str) -> bool:
        """Whether a file is one of notes that were brought to chapters already."""
        taken = sum(self._taken.get(file, {}).values())
        return taken > 0 and taken >= _MOSTLY * len(text_of(next(self._tree(file).iter("body"), None)).split())

    def attach(self, tree: HtmlElement, file: str) -> None:
        """Puts every note that the chapter refers to at its end, under marks that become footnotes of Markdown.

        Of a note from another file the links are made such that they lead where they led.
        """
        numbers: dict[tuple[str, str], int] = {}
        body = next(tree.iter("body"), tree)
        here = _places(tree)
        for link in list(tree.iter("a")):
            reference = link.get("href") or ""
            name, fragment = resolve_href(posixpath.dirname(file), reference), urldefrag(reference)[1]
            is_gone = link.getroottree().getroot() is not tree.getroottree().getroot()
            if not fragment or is_gone or not _is_reference(link) or _is_before_note(link):
                continue
            key = (name or file, unquote(fragment))
            if key not in numbers:
                note = self._note(here if key[0] == file else {}, *key)
                if note is None or any(each is note for each in link.iterancestors()):
                    continue
                numbers[key] = len(numbers) + 1
                body.append(self._brought(note, numbers[key], key, tree))
            link.set("href", f"#fn-{numbers[key]}")

    def _note(self, here: Mapping[str, HtmlElement], name: str, fragment: str) -> HtmlElement | None:
        """The block of a note, in the chapter itself (`here`) if it stands there; None if there is none."""
        place = here.get(fragment)
        if place is None and name in self._members:
            try:
                place = self._elsewhere(name).get(fragment)
            except ArchiveError:
                return None
        found = _block(place)
        return found if found is not None and len(text_of(found).split()) <= _LONGEST else None

    def _brought(self, note: HtmlElement, number: int, key: tuple[str, str], tree: HtmlElement) -> HtmlElement:
        """A note as it will stand in `tree`, which it is taken from if it stood there, without the way back."""
        whole = copy.deepcopy(note)
        self._taken.setdefault(key[0], {})[key[1]] = len(text_of(note).split())
        if note.getroottree().getroot() is tree.getroottree().getroot():
            _drop(note)
        else:
            _lead_from_top(whole, posixpath.dirname(key[0]))
        for back in list(whole.iter("a")):
            if _is_reference(back) or _is_back(back):
                back.drop_tree()
        whole.tag, whole.tail = "div", None
        whole.attrib.clear()
        whole.set("id", f"fn-{number}")
        return whole

    def _parsed(self, file: str) -> HtmlElement:
        return parse_xhtml(self._members[file].read())


def _drop(note: HtmlElement) -> None:
    """Removes a note from where it stood, and what held nothing else: a list, a section with a line above it."""
    holder = note.getparent()
    note.drop_tree()
    while holder is not None and holder.tag in ("ol", "ul", "dl", "section", "aside", "div") and not text_of(holder):
        above = holder.getparent()
        if above is None or next(holder.iter("img"), None) is not None:
            return
        holder.drop_tree()
        holder = above


def _lead_from_top(note: HtmlElement, folder: str) -> None:
    """Lets the links and pictures of a note from a file in `folder` lead from the top of the book."""
    for element, name in [*((each, "href") for each in note.iter("a")), *((each, "src") for each in note.iter("img"))]:
        reference = element.get(name) or ""
        place, fragment = resolve_href(folder, reference), urldefrag(reference)[1]
        if place:
            element.set(name, f"/{quote(place)}" + (f"#{fragment}" if fragment else ""))


def _is_reference(link: HtmlElement) -> bool:
    """Whether a link is the sign of a note: it says so, or it is a number or a star."""
    typed = f"{link.get('data-type') or ''} {link.get('role') or ''}".split()
    return "noteref" in typed or "doc-noteref" in typed or _SIGN.match(text_of(link)) is not None


def _is_before_note(link: HtmlElement) -> bool:
    """Whether a link is the number before a note, which leads back to the text."""
    block = next(link.iterancestors(*_BLOCKS), None)
    sign = text_of(link)
    return "noteref" not in (link.get("data-type") or "") and _beginning(block, len(sign)) == sign


def _beginning(block: HtmlElement | None, length: int) -> str:
    """The first letters of a block, without reading the rest of it."""
    words = ""
    for text in block.itertext() if block is not None else ():
        words = f"{words}{text}".lstrip()
        if len(words) >= length:
            break
    return words[:length]


def _is_back(link: HtmlElement) -> bool:
    typed = f"{link.get('data-type') or ''} {link.get('role') or ''}".split()
    return "backlink" in typed or "doc-backlink" in typed or not re.search(r"[^\W\d_]{2}", text_of(link))


def _places(tree: HtmlElement) -> dict[str, HtmlElement]:
    """Name → element that bears it, the first of a name."""
    places: dict[str, HtmlElement] = {}
    for element in tree.iter(etree.Element):
        for name in filter(None, (element.get("id"), element.get("name"))):
            places.setdefault(name, element)
    return places


def _block(place: HtmlElement | None) -> HtmlElement | None:
    """The block in which a place lies, if it can be a note."""
    while place is not None and place.tag not in _BLOCKS:
        place = place.getparent() if place.tag not in ("h1", "h2", "h3", "body", "section") else None
    return place
