"""Parts of a DOCX package (ISO/IEC 29500-2), read within limits, and the package as the converter gets it."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from lxml import etree

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.xml_trees import local_name
from backfile.archive.importers.sources.containers import open_members

MAX_XML = 24 * 1024 * 1024
"""Limit of one unpacked part: some ten books. Its tree takes twenty times as much memory."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PICTURES = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".webp", ".avif", ".svg", ".bmp", ".tif", ".tiff")
_BODIES = frozenset({"document", "footnotes", "endnotes"})
_CONTENT_TYPES = "[Content_Types].xml"
# Element → attributes without which the converter refuses the whole package; Word passes over such an element.
_NEEDED = {
    "style": ("styleId", "type"),
    "Relationship": ("Id", "Target", "Type"),
    "Default": ("Extension", "ContentType"),
    "Override": ("PartName", "ContentType"),
    "num": ("numId",),
}


@dataclass(frozen=True, slots=True)
class Relationship:
    """Relationship of a part: name of the part that it leads to, or an address outside if `is_external`."""

    target: str
    is_external: bool


@dataclass(frozen=True, slots=True)
class PackageParts:
    """Parts of a document by name: XML with relationships, and pictures."""

    xml: dict[str, bytes]
    pictures: dict[str, bytes] = field(default_factory=dict)

    def bodies(self) -> dict[str, etree._Element]:
        """Trees of the parts that hold text: the document, its footnotes and endnotes.

        A part that is not well-formed is missing: the converter refuses it.
        """
        trees = {name: self.tree(name) for name in self.xml if name.endswith(".xml") and name.count("/") == 1}
        return {name: tree for name, tree in trees.items() if tree is not None and local_name(tree.tag) in _BODIES}

    def tree(self, name: str) -> etree._Element | None:
        """Tree of a part; None if it is missing or not well-formed."""
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
        try:
            return etree.fromstring(self.xml[name], parser) if name in self.xml else None
        except (etree.XMLSyntaxError, ValueError):
            return None

    def relationships(self, name: str) -> dict[str, Relationship]:
        """Relationships of a part by their id."""
        folder, _, base = name.rpartition("/")
        tree = self.tree(f"{folder}/_rels/{base}.rels")
        found: dict[str, Relationship] = {}
        for each in tree if tree is not None else ():
            target, is_external = str(each.get("Target") or ""), each.get("TargetMode") == "External"
            if not is_external:
                target = posixpath.normpath(posixpath.join(folder, unquote(target))).lstrip("/")
            found[str(each.get("Id"))] = Relationship(target, is_external)
        return found

    def content_type(self, name: str) -> str:
        """Declared content type of a part; empty if none is."""
        tree = self.tree(_CONTENT_TYPES)
        ending = name.rpartition(".")[2].lower()
        by_ending = ""
        for each in tree if tree is not None else ():
            if str(each.get("PartName") or "").lstrip("/") == name:
                return str(each.get("ContentType") or "")
            if str(each.get("Extension") or "").lower() == ending:
                by_ending = str(each.get("ContentType") or "")
        return by_ending

    def packed(self, bodies: Mapping[str, etree._Element]) -> io.BytesIO:
        """Package with these bodies in the place of its own, without pictures."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as package:
            for name, content in self.xml.items():
                tree = bodies.get(name)
                written = self._mended(name) if tree is None else etree.tostring(tree, encoding="UTF-8")
                package.writestr(name, content if written is None else written)
        file.seek(0)
        return file

    def _mended(self, name: str) -> bytes | None:
        """Part without elements that lack what they need; None if nothing is to be mended."""
        if not name.endswith((".rels", "styles.xml", "numbering.xml", _CONTENT_TYPES)):
            return None
        tree = self.tree(name)
        broken = [each for each in tree if _lacks(each)] if tree is not None else []
        for each in broken:
            each.getparent().remove(each)
        return etree.tostring(tree, encoding="UTF-8") if broken else None


def _lacks(element: etree._Element) -> bool:
    name = local_name(element.tag)
    known = {local_name(key) for key in element.attrib}
    if name == "num" and not any(local_name(each.tag) == "abstractNumId" and each.attrib for each in element):
        return True
    return not known.issuperset(_NEEDED.get(name, ()))


def read_parts(path: Path) -> PackageParts:
    """Reads a package, after a check of all parts against the limits.

    Raises `ArchiveError`, also for a document type declaration, which could hide entity bombs and external addresses.
    """
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            raise ArchiveError("is encrypted, or a document of Word 97 to 2003", hint="open it, and save it as DOCX")
    xml: dict[str, bytes] = {}
    pictures: dict[str, bytes] = {}
    with open_members(path) as members:
        for member in members:
            if isinstance(member, ArchiveError):
                raise member
            content = member.read()
            if member.name.endswith((".xml", ".rels")):
                _check_xml(member.name, content)
                xml[member.name] = content
            elif member.name.lower().endswith(_PICTURES) or "/media/" in member.name:
                pictures[member.name] = content
    return PackageParts(xml, pictures)


def _check_xml(name: str, content: bytes) -> None:
    if len(content) > MAX_XML:
        raise ArchiveError(f"{name}: has more than {MAX_XML >> 20} MB of text", hint="split it")
    if b"<!" in content[:2048].replace(b"<!--", b"") or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ArchiveError(f"{name}: declares a document type, as no document of Word does")
