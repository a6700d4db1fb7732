"""XML as it comes in, in trees: no entity is resolved, nothing is loaded from a network or a disk."""

from __future__ import annotations

import re
from html.entities import html5
from typing import Any

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import decode_html, parse_html

_ENTITY = re.compile(r"&(\w{1,31});")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_DECLARED = re.compile(r"\s*<\?xml[^>]*\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]*(?:\[[^\]]*\]\s*)?>", re.IGNORECASE)


def parse_xml(content: bytes) -> Any:
    """The root of a tree; small faults are mended. Raises `ArchiveError` if there is no tree in it."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True,
        remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ArchiveError(f"is broken XML: {error}") from error
    if root is None:
        raise ArchiveError("is broken XML: there is nothing in it")
    return root


def local_name(name: object) -> str:
    """Name of an element or attribute without namespace or prefix; empty for comments, whose tag is no text."""
    return name.rpartition("}")[2].rpartition(":")[2] if isinstance(name, str) else ""


def parse_xhtml(content: bytes) -> HtmlElement:
    """A page in the XML form of HTML as a tree of HTML; one that is no XML is read as HTML.

    Names of HTML's entities are known here, those that a page declares itself are not. The attribute `epub:type` stays,
    as `data-type`. Raises `ArchiveError` for what is too large or empty.
    """
    text = _DOCTYPE.sub("", _DECLARED.sub("", decode_html(content), count=1), count=1)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(_ENTITY.sub(_character, text).encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return parse_html(text)
    for element in root.iter(etree.Element):
        for name in element.attrib:
            if str(name).endswith("}type"):
                element.set("data-type", element.attrib.pop(name))
        element.tag = local_name(element.tag)
    etree.cleanup_namespaces(root)
    return parse_html(etree.tostring(root, encoding="unicode", method="html"))


def _character(entity: re.Match[str]) -> str:
    name = entity[1]
    return entity[0] if name in _XML_ENTITIES else html5.get(f"{name};", entity[0])
