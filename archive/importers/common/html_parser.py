"""HTML as trees: decoding by the rules of browsers, parsing within limits of size and depth, text and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from lxml import etree
from lxml.html import HtmlElement, document_fromstring

from backfile.archive.errors import ArchiveError, ArticleUnreadable
from backfile.archive.storage.decoding import detect_encoding
from backfile.archive.web_addresses import join_address, split_address

MAX_BYTES = 20 * 1024 * 1024
"""Limit of one page. The longest articles have a tenth of it; larger pages are data."""
SCHEMES = frozenset({"http", "https", "mailto"})
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,20}=\s{0,20}["']?\s{0,20}([\w.:-]{2,30})""", re.IGNORECASE)
_XML_CHARSET = re.compile(rb"""\s*<\?xml[^>]{0,100}?encoding\s*=\s*["']([\w.:-]{2,30})""", re.IGNORECASE)
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>", re.IGNORECASE)
_SAMPLE = 65_536
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_CONTROLS = bytes({*range(0x20), 0x7F} - set(b"\t\n\f\r"))
_FORM_FEED_AS_SPACE = bytes.maketrans(b"\f", b" ")
# Without re.IGNORECASE, which would take the fast search for "&#" away.
_INVALID_REFERENCE = re.compile(
    rb"&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|127|6553[45])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF]|[fF]{3}[efEF]))"
    rb"(?![0-9a-fA-F]);?"
)
_NONCHARACTERS = ("\ufffe".encode(), "\uffff".encode())
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_UNSAFE_IN_ADDRESS = re.compile(r"[\s()<>\"'\\`\[\]{}|^]")
_NOT_TEXT_HINT = "name its kind with --as if you know it"
NESTING_HINT = "elements are left open in it; save the page from a browser again"


def decode_html(page: bytes, declared: str | None = None) -> str:
    """Text of a page: by its byte order mark, the declaration of the server or its own, else by detection.

    A declaration that the bytes contradict is ignored. Raises `ArchiveError` for more than `MAX_BYTES` and for binary
    data.
    """
    if len(page) > MAX_BYTES:
        raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="an article has far less; split it")
    text = _decoded(page, declared)
    if len(_NOT_TEXT.findall(text[:_SAMPLE])) > max(1, len(text[:_SAMPLE]) // 100):
        raise ArchiveError("is no text", hint=_NOT_TEXT_HINT)
    return text


def _decoded(page: bytes, declared: str | None) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if page.startswith(mark):
            return page[len(mark) :].decode(encoding, errors="replace")
    for name in (*filter(None, ("utf-8", declared)), *_declared_encodings(page)):
        try:
            return page.decode(_whatwg_encoding(name))
        except (UnicodeError, LookupError):
            continue
    try:
        return page.decode(detect_encoding(page), errors="replace")
    except ArticleUnreadable as error:
        raise ArchiveError("is no text", hint=_NOT_TEXT_HINT) from error


def _declared_encodings(page: bytes) -> Iterator[str]:
    """Encoding that a page declares; none for UTF-16 and UTF-32, which would make the declaration unreadable."""
    found = _XML_CHARSET.match(page) or _META_CHARSET.search(page, 0, 8192)
    name = found[1].decode("ascii", errors="replace").lower() if found else ""
    if name and not name.startswith(("utf-16", "utf-32")):
        yield name


def _whatwg_encoding(name: str) -> str:
    """Windows-1252 for Latin-1 and ASCII (https://encoding.spec.whatwg.org/#names-and-labels)."""
    return "cp1252" if name.lower() in {"iso-8859-1", "latin-1", "latin1", "ascii", "us-ascii"} else name


def parse_html(html: bytes | str) -> HtmlElement:
    """Tree of a page or a fragment, without comments; external entities are not loaded.

    Raises `ArchiveError` if it is too large, nested too deeply or empty.
    """
    text = decode_html(html) if isinstance(html, bytes) else html
    if len(text) > MAX_BYTES:
        raise ArchiveError(f"is larger than {MAX_BYTES >> 20} MB", hint="an article has far less; split it")
    page = _valid_xml_utf8(text)
    for is_deep in (False, True):
        parser = _parser(is_deep=is_deep)
        try:
            tree = document_fromstring(page, parser=parser)
        except (etree.LxmlError, ValueError) as error:
            raise ArchiveError(f"cannot be read as HTML: {str(error) or 'it is empty'}") from error
        if not any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
            return tree
    raise ArchiveError("is nested too deeply", hint=NESTING_HINT)


def _valid_xml_utf8(text: str) -> bytes:
    """UTF-8 without characters that XML forbids, literal or as references: libxml2 reads but cannot serialise them."""
    declared = _DECLARATION.match(text)
    page = text[declared.end() if declared else 0 :].encode("utf-8", errors="ignore")
    page = page.translate(_FORM_FEED_AS_SPACE, _CONTROLS)
    for character in _NONCHARACTERS:
        page = page.replace(character, b"")
    return _INVALID_REFERENCE.sub(b"", page)


def _parser(*, is_deep: bool) -> etree.HTMLParser:
    """Parser with a depth limit of 256 elements, or 2,048 if `is_deep`.

    All elements have one class: the parser of lxml.html looks up the class of each element.
    """
    parser = etree.HTMLParser(
        remove_comments=True, remove_pis=True, no_network=True, huge_tree=is_deep, encoding="utf-8"
    )
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=HtmlElement))
    return parser


def text_of(element: HtmlElement | None) -> str:
    """Text of an element on one line; empty for None."""
    return " ".join(element.text_content().split()) if element is not None else ""


def html_to_line(html: str | None) -> str:
    """Text of a fragment of HTML, such as a title, on one line; plain text is returned as it is."""
    text = html or ""
    return text_of(parse_html(f"<div>{text}</div>")) if "<" in text or "&" in text else " ".join(text.split())


def lower_headings(tree: HtmlElement) -> None:
    """Lowers all headings by one level if there is an `h1`, so that they come below the title."""
    if next(tree.iter("h1"), None) is None:
        return
    for rank in range(5, 0, -1):
        for heading in list(tree.iter(f"h{rank}")):
            heading.tag = f"h{rank + 1}"


def safe_address(base_url: str | None, reference: str) -> str | None:
    """Address that may be written into Markdown, made absolute if there is a base; None for unsafe schemes."""
    joined = join_address(base_url, reference.strip()) if base_url else reference.strip()
    parts = split_address(joined) if joined is not None else None
    if joined is None or parts is None or (parts.scheme and parts.scheme.lower() not in SCHEMES):
        return None
    return _UNSAFE_IN_ADDRESS.sub(lambda found: quote(found[0]), joined)
