"""Footnotes and endnotes of a book, attached to the chapters that refer to them."""

from __future__ import annotations

import copy
import posixpath
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote, unquote

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import text_of
from backfile.archive.importers.common.xml_trees import parse_xhtml
from backfile.archive.importers.formats.epub.package_document import resolve_href
from backfile.archive.importers.sources.containers import Member
from backfile.archive.web_addresses import fragment_of

_NOTE_MARK = re.compile(r"[\[(]?(?:\d{1,4}|[ivxlc]{1,6}|[a-z]|[*†‡§¶]{1,3})[\])]?[.:]?\Z", re.IGNORECASE)
_BLOCKS = ("aside", "li", "dd", "p", "div")
_LONGEST = 600
"""Words of a note; a longer text is a chapter."""
_MIN_ATTACHED = 0.7


class BookNotes:
    """Notes in the files of a book."""

    def __init__(self, members: Mapping[str, Member]) -> None:
        self._members = members
        self._attached: dict[str, dict[str, int]] = {}
        tree_of = lru_cache(4)(lambda file: parse_xhtml(members[file].read()))  # caches that do not hold `self`
        self._tree = tree_of
        self._elements_in = lru_cache(4)(lambda file: _elements_by_id(tree_of(file)))

    def holds_attached_notes(self, file: str) -> bool:
        """Whether a file consists of notes that were attached to chapters."""
        attached = sum(self._attached.get(file, {}).values())
        return attached > 0 and attached >= _MIN_ATTACHED * len(
            text_of(next(self._tree(file).iter("body"), None)).split()
        )

    def attach(self, tree: HtmlElement, file: str) -> None:
        """Appends every note that the chapter refers to, with ids that become Markdown footnotes.

        Links in a note from another file are adjusted.
        """
        numbers: dict[tuple[str, str], int] = {}
        body = next(tree.iter("body"), tree)
        here = _elements_by_id(tree)
        for link in list(tree.iter("a")):
            reference = link.get("href") or ""
            name, fragment = resolve_href(posixpath.dirname(file), reference), fragment_of(reference)
            is_gone = link.getroottree().getroot() is not tree.getroottree().getroot()
            if not fragment or is_gone or not _is_reference(link) or _is_note_number(link):
                continue
            key = (name or file, unquote(fragment))
            if key not in numbers:
                note = self._note(here if key[0] == file else {}, *key)
                if note is None or any(each is note for each in link.iterancestors()):
                    continue
                numbers[key] = len(numbers) + 1
                body.append(self._detach(note, numbers[key], key, tree))
            link.set("href", f"#fn-{numbers[key]}")

    def _note(self, here: Mapping[str, HtmlElement], name: str, fragment: str) -> HtmlElement | None:
        """Block of a note, from the chapter itself (`here`) or another file; None if there is none."""
        element = here.get(fragment)
        if element is None and name in self._members:
            try:
                element = self._elements_in(name).get(fragment)
            except ArchiveError:
                return None
        found = _note_block(element)
        return found if found is not None and len(text_of(found).split()) <= _LONGEST else None

    def _detach(self, note: HtmlElement, number: int, key: tuple[str, str], tree: HtmlElement) -> HtmlElement:
        """Copy of a note for the end of `tree`, without backlinks; a note in `tree` is removed from it."""
        whole = copy.deepcopy(note)
        self._attached.setdefault(key[0], {})[key[1]] = len(text_of(note).split())
        if note.getroottree().getroot() is tree.getroottree().getroot():
            _remove_note(note)
        else:
            _make_root_relative(whole, posixpath.dirname(key[0]))
        for back in list(whole.iter("a")):
            if _is_reference(back) or _is_backlink(back):
                back.drop_tree()
        whole.tag, whole.tail = "div", None
        whole.attrib.clear()
        whole.set("id", f"fn-{number}")
        return whole


def _remove_note(note: HtmlElement) -> None:
    """Removes a note, and lists or sections that it leaves empty."""
    holder = note.getparent()
    note.drop_tree()
    while holder is not None and holder.tag in ("ol", "ul", "dl", "section", "aside", "div") and not text_of(holder):
        above = holder.getparent()
        if above is None or next(holder.iter("img"), None) is not None:
            return
        holder.drop_tree()
        holder = above


def _make_root_relative(note: HtmlElement, folder: str) -> None:
    """Makes links and images of a note from a file in `folder` relative to the root of the book."""
    for element, name in [*((each, "href") for each in note.iter("a")), *((each, "src") for each in note.iter("img"))]:
        reference = element.get(name) or ""
        target, fragment = resolve_href(folder, reference), fragment_of(reference)
        if target:
            element.set(name, f"/{quote(target)}" + (f"#{fragment}" if fragment else ""))


def _is_reference(link: HtmlElement) -> bool:
    """Whether a link refers to a note: by its type, or as a number or asterisk."""
    typed = f"{link.get('data-type') or ''} {link.get('role') or ''}".split()
    return "noteref" in typed or "doc-noteref" in typed or _NOTE_MARK.match(text_of(link)) is not None


def _is_note_number(link: HtmlElement) -> bool:
    """Whether a link is the number in front of a note, which leads back to the text."""
    block = next(link.iterancestors(*_BLOCKS), None)
    sign = text_of(link)
    return "noteref" not in (link.get("data-type") or "") and _text_prefix(block, len(sign)) == sign


def _text_prefix(block: HtmlElement | None, length: int) -> str:
    """First letters of a block, without reading the rest."""
    words = ""
    for text in block.itertext() if block is not None else ():
        words = f"{words}{text}".lstrip()
        if len(words) >= length:
            break
    return words[:length]


def _is_backlink(link: HtmlElement) -> bool:
    typed = f"{link.get('data-type') or ''} {link.get('role') or ''}".split()
    return "backlink" in typed or "doc-backlink" in typed or not re.search(r"[^\W\d_]{2}", text_of(link))


def _elements_by_id(tree: HtmlElement) -> dict[str, HtmlElement]:
    """Id or name → first element with it."""
    elements: dict[str, HtmlElement] = {}
    for element in tree.iter(etree.Element):
        for name in filter(None, (element.get("id"), element.get("name"))):
            elements.setdefault(name, element)
    return elements


def _note_block(element: HtmlElement | None) -> HtmlElement | None:
    """Block around an element, if it can be a note."""
    while element is not None and element.tag not in _BLOCKS:
        element = element.getparent() if element.tag not in ("h1", "h2", "h3", "body", "section") else None
    return element
