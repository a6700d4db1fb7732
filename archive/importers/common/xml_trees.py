"""XML and XHTML as trees: entities are not resolved, nothing is loaded from network or disk."""

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
_DECLARATION = re.compile(r"(?<!\s)\s*+<\?xml[^<>]*\?>")
_SPACES = b" \t\r\n"
_NAME = re.compile(rb"<([A-Za-z_][\w.:-]*)")
_HTML_ELEMENTS = frozenset(
    {"html", "head", "body", "title", "meta", "link", "base", "style", "script", "div", "p", "span", "a"}
    | {"article", "section", "main", "header", "nav", "aside", "footer", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"table", "ul", "ol", "dl", "pre", "blockquote", "figure", "img", "center", "font", "br", "hr", "form"}
    | {"b", "i", "em", "strong"}
)
_DOCTYPE = re.compile(r"<!DOCTYPE(?P<rest>[^\[>]*(?:\[[^\]]*\]\s*)?>)?+", re.IGNORECASE)


def parse_xml(content: bytes) -> Any:
    """Root of a tree; small errors are recovered. Raises `ArchiveError` if nothing can be parsed."""
    try:
        root = etree.fromstring(content, _parser(recover=True))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ArchiveError(f"is broken XML: {error}") from error
    if root is None:
        raise ArchiveError("is broken XML: there is nothing in it")
    return root


def _parser(*, recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=recover, remove_comments=True, remove_pis=True
    )


def local_name(name: object) -> str:
    """Name of an element or attribute without namespace or prefix; empty for comments, which have no name."""
    return name.rpartition("}")[2].rpartition(":")[2] if isinstance(name, str) else ""


def declares_xml(head: bytes) -> bool:
    """Whether a file begins with an XML declaration."""
    return _text_start(head).startswith(b"<?xml")


def _text_start(head: bytes) -> bytes:
    """Beginning of a file without byte order mark and white space, UTF-16 as ASCII."""
    return head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe" + _SPACES)


def root_name(head: bytes) -> str:
    """Name of the first element in the beginning of a file, without prefix; empty if something else comes first.

    Declarations, comments, processing instructions and the document type are passed over.
    """
    text = _text_start(head)
    while text.startswith((b"<?", b"<!")):
        if text.startswith(b"<!--"):
            end = b"-->"
        elif text.startswith(b"<?"):
            end = b"?>"
        else:
            end = b"]" if b"[" in text.partition(b">")[0] else b">"
        text = text.partition(end)[2].lstrip(_SPACES)
        if end == b"]" and text.startswith(b">"):
            text = text[1:].lstrip(_SPACES)
    found = _NAME.match(text)
    return found[1].decode("utf-8", "replace").rpartition(":")[2] if found else ""


def is_xml_but_no_page(head: bytes) -> bool:
    """Whether a file is XML whose first element is none of HTML, so that its `<head>` is no head of a web page."""
    name = root_name(head)
    if not name or name.lower() == "html":
        return False
    return declares_xml(head) or (name.lower() not in _HTML_ELEMENTS and "-" not in name)


def parse_xhtml(content: bytes) -> HtmlElement:
    """Tree of HTML from a page in XHTML; a page that is not well-formed is parsed as HTML.

    The named entities of HTML are known; those that a page declares are not. `epub:type` becomes `data-type`. Raises
    `ArchiveError` if it is too large or empty.
    """
    text = _DECLARATION.sub("", decode_html(content), count=1)
    doctype = _DOCTYPE.search(text)
    if doctype is not None and doctype["rest"]:
        text = text[: doctype.start()] + text[doctype.end() :]
    try:
        root = etree.fromstring(_ENTITY.sub(_resolve_entity, text).encode(), _parser())
    except (etree.XMLSyntaxError, ValueError):
        return parse_html(text)
    for element in root.iter(etree.Element):
        for name in element.attrib:
            if str(name).endswith("}type"):
                element.set("data-type", element.attrib.pop(name))
        element.tag = local_name(element.tag)
    etree.cleanup_namespaces(root)
    return parse_html(etree.tostring(root, encoding="unicode", method="html"))


def _resolve_entity(entity: re.Match[str]) -> str:
    name = entity[1]
    return entity[0] if name in _XML_ENTITIES else html5.get(f"{name};", entity[0])
