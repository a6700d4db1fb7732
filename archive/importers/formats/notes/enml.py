"""ENML, the XHTML of Evernote's notes, as Markdown: files, boxes to tick, tasks, code, what is encrypted."""

from __future__ import annotations

import base64
import binascii
import hashlib
import mimetypes
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import lower_headings, parse_html
from backfile.archive.importers.common.xml_entries import XmlEntry
from backfile.archive.importers.common.xml_trees import local_name
from backfile.archive.importers.item import Asset
from backfile.archive.importers.library.assets import is_admitted
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown

_PROLOG = re.compile(r"\s*(?:<\?xml[^<>]*\?>\s*)?(?:<!DOCTYPE[^<>\[]*>\s*)?")
_EMPTY_TAG = re.compile(r"<(en-(?:media|todo|crypt))\b([^<>]*?)/>")
_CODE_BLOCK = re.compile(r"-en-codeblock:\s*true")
_TASK_GROUP = re.compile(r"--en-task-group-id:\s*([\w-]+)|--en-id:\s*([\w-]+)")
_PLAIN_SUFFIXES = {"image/jpeg": "jpg", "image/jpg": "jpg", "audio/x-m4a": "m4a", "audio/amr": "amr"}


@dataclass(frozen=True, slots=True)
class Task:
    """Task of a group, which has a place in the text."""

    group: str
    title: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class NoteFile:
    """File of a note: the name by which the text refers to it, its media type, its name for people."""

    reference: str
    media_type: str
    name: str
    encoded: bytes

    def load(self) -> bytes:
        """Content of the file. Raises `ArchiveError` for what is not Base64."""
        return _decode(self.encoded)


@dataclass(slots=True)
class NoteFiles:
    """Files of a note by the MD5 of their content, as ENML names them."""

    by_hash: dict[str, NoteFile] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def add(self, encoded: bytes, media_type: str, name: str) -> None:
        """Adds a file, in Base64."""
        try:
            digest = hashlib.md5(_decode(encoded), usedforsecurity=False).hexdigest()
        except ArchiveError as error:
            self.broken.append(f"{name or media_type}: {error}")
            return
        suffix = _PLAIN_SUFFIXES.get(media_type) or (mimetypes.guess_extension(media_type) or ".bin")[1:]
        shown = name.rpartition("/")[2] or f"{digest[:8]}.{suffix}"
        known = shown if "." in shown else f"{shown}.{suffix}"
        self.by_hash[digest] = NoteFile(f"{digest}/{quote(known)}", media_type, known, encoded)


@dataclass(frozen=True, slots=True)
class NoteText:
    """Text of a note in Markdown, its files, and notes on what is missing."""

    body: str
    assets: tuple[Asset, ...]
    notes: tuple[str, ...]


def _decode(encoded: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(encoded.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ArchiveError(f"is not Base64: {error}") from error


def note_to_markdown(entry: XmlEntry, content: str, files: NoteFiles, tasks: list[Task]) -> NoteText:
    """Converts the ENML of a note. Raises `ArchiveError` for what cannot be parsed."""
    tree = _parse(entry, content)
    writer = _Writer(files, tasks)
    writer.write(tree)
    lower_headings(tree)
    body = tree_to_markdown(tree, base_url=None)
    used = [each for each in files.by_hash.values() if each.reference in body]
    return NoteText(body, tuple(Asset(each.reference, each.load) for each in used), (*files.broken, *writer.notes))


def _parse(entry: XmlEntry, content: str) -> HtmlElement:
    """Tree of a note as HTML; ENML that is no XML is read as HTML."""
    markup = content[_PROLOG.match(content).end() :]  # type: ignore[union-attr]  # matches the empty text
    if not markup.strip():
        return parse_html("<div></div>")
    try:
        root = entry.parse(markup.encode())
    except ArchiveError:
        opened = _EMPTY_TAG.sub(r"<\1\2></\1>", markup)
        return parse_html(f"<div>{opened}</div>")
    for element in root.iter(etree.Element):
        element.tag = local_name(element.tag)
        if "checked" in element.attrib:  # HTML has no values for it
            element.set("data-checked", element.attrib.pop("checked"))
    etree.cleanup_namespaces(root)
    root.tag = "div"
    return parse_html(etree.tostring(root, encoding="unicode", method="html"))


class _Writer:
    """Replaces the elements of ENML in a tree by HTML; `notes` says what is missing."""

    def __init__(self, files: NoteFiles, tasks: list[Task]) -> None:
        self._files, self._tasks = files, tasks
        self.notes: list[str] = []

    def write(self, tree: HtmlElement) -> None:
        """Modifies a tree; files that it does not show come after its text."""
        shown = {(each.get("hash") or "").lower() for each in tree.iter("en-media")}
        for element in list(tree.iter(etree.Element)):
            style = element.get("style") or ""
            if element.tag == "en-media":
                self._write_file(element)
            elif element.tag == "en-todo":
                element.tag = "span"
                checked = element.get("data-checked") or element.get("checked")
                element.text = "☑ " if checked == "true" else "☐ "
            elif element.tag == "en-crypt":
                element.tag, element.text = "em", "[…]"
                self.notes.append("has encrypted text: decrypt it in Evernote, and export it again")
            elif _CODE_BLOCK.search(style):
                _write_code(element)
            elif self._tasks and (found := _TASK_GROUP.search(style)):
                self._write_tasks(element, found[1] or found[2])
        _join_list_entries(tree)
        for digest, file in self._files.by_hash.items():
            if digest not in shown:
                paragraph = etree.SubElement(tree, "p")
                paragraph.append(self._element(file))
        for task in self._tasks:
            etree.SubElement(tree, "p").text = f"{_box(task)} {task.title}"

    def _write_file(self, element: HtmlElement) -> None:
        file = self._files.by_hash.get((element.get("hash") or "").lower())
        if file is None:
            media_type = element.get("type") or "file"
            self.notes.append(f"has a file ({media_type}) that the export does not contain")
            new = etree.Element("em")
            new.text = f"[{media_type}]"
        else:
            new = self._element(file)
        new.tail = element.tail
        for child in list(element):  # of HTML that left the element open
            new.append(child)
        element.getparent().replace(element, new)

    def _element(self, file: NoteFile) -> Any:
        """Picture, or link to a file; the name of one that may not lie beside an article."""
        if not is_admitted(file.name):
            self.notes.append(f"{file.name}: left out, it is no picture, sound, film or document")
            new = etree.Element("span")
            new.text = file.name
        elif file.media_type.startswith("image/"):
            new = etree.Element("img", src=file.reference, alt="")
        else:
            new = etree.Element("a", href=file.reference)
            new.text = file.name
        return new

    def _write_tasks(self, element: HtmlElement, group: str) -> None:
        own = [task for task in self._tasks if task.group == group]
        if not own:
            return
        self._tasks = [task for task in self._tasks if task.group != group]
        for child in list(element):
            element.remove(child)
        element.tag, element.text = "ul", None
        for task in own:
            etree.SubElement(element, "li").text = f"{_box(task)} {task.title}"


def _join_list_entries(tree: HtmlElement) -> None:
    """Removes the paragraph in each entry of a list, which would part the entries by empty lines."""
    for entry in tree.iter("li"):
        if len(entry) == 1 and entry[0].tag == "div" and not (entry.text or "").strip():
            entry[0].drop_tag()


def _box(task: Task) -> str:
    return "☑" if task.is_done else "☐"


def _write_code(element: HtmlElement) -> None:
    """Turns a block of code, a `div` a line, into preformatted text."""
    for line_break in list(element.iter("br")):
        if line_break.getparent().tag == "div" and len(line_break.getparent()) == 1 and not line_break.tail:
            line_break.drop_tree()
    rows = [each for each in element if each.tag == "div"]
    text = "\n".join(each.text_content() for each in rows) if rows else element.text_content()
    tail = element.tail
    element.clear()
    element.tag, element.text, element.tail = "pre", text, tail
