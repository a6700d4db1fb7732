"""Entries of large XML files, cut out one by one: broken XML in one does not reach the next, and memory stays flat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.entities import html5
from pathlib import Path
from typing import IO, Any

from lxml import etree

from backfile.archive.errors import ArchiveError
from backfile.archive.report import Problem

_CHUNK = 1 << 20
_LONGEST_TAG = 4_096
_ENTITY = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});)(?:(\w{1,31});)?")
_FORBIDDEN = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)
_DECLARATION = re.compile(rb"(?:\xef\xbb\xbf)?\s*(<\?xml[^<>]{0,200}\?>)")


@dataclass(frozen=True, slots=True)
class XmlEntry:
    """Element as it stands in a file: its bytes with its tags, the XML declaration of the file, and its first line."""

    content: bytes
    declaration: bytes
    line: int

    def parse(self, content: bytes | None = None) -> Any:
        """Root of the tree of the entry, or of `content` in its place.

        Entities of HTML, a bare `&` and characters that XML forbids are no errors. Prefixes are declared in the head of
        the file and unknown here; `local_name` takes them off the names. Texts may have any length. Raises
        `ArchiveError` for broken XML, of which nobody knows what it would lose.
        """
        xml = self.declaration + (self.content if content is None else content)
        root, error = _parse(xml)
        if error:
            root, error = _parse(_ENTITY.sub(_resolve_entity, _FORBIDDEN.sub(b"", xml)))
        if root is None or error:
            raise ArchiveError(f"is broken XML: {error or 'there is nothing in it'}")
        return root


def _parse(xml: bytes) -> tuple[Any, str]:
    """Root of a tree, and its first error other than a prefix that is not declared."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        recover=True,
        huge_tree=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        return None, str(error)
    errors = (each.message for each in parser.error_log if each.type != etree.ErrorTypes.NS_ERR_UNDEFINED_NAMESPACE)
    return root, next(errors, "")


def _resolve_entity(entity: re.Match[bytes]) -> bytes:
    """Character references for an entity of HTML; a sign that begins none is made one."""
    characters = html5.get(f"{entity[1].decode(errors='replace')};", "") if entity[1] else ""
    return b"".join(b"&#%d;" % ord(each) for each in characters) or b"&amp;" + entity[0][1:]


def read_xml_head(path: Path, opening: re.Pattern[bytes], limit: int = _CHUNK) -> bytes:
    """Content of a file before the first match of `opening`, of at most `limit` bytes. Raises `OSError`."""
    with path.open("rb") as file:
        head = file.read(limit)
    found = opening.search(head)
    return head[: found.start()] if found else head


def read_xml_entries(
    path: Path, opening: re.Pattern[bytes], closing: bytes, limit: int
) -> Iterator[XmlEntry | Problem]:
    """Yields the elements of a file between matches of a start tag and an end tag.

    They do not nest, and ASCII is a part of the encoding of the file. An element of more than `limit` bytes, and one
    that is never closed, is a `Problem` with its line. Raises `OSError`.
    """
    with path.open("rb") as file:
        scanner = _Scanner(file)
        found = _DECLARATION.match(scanner.buffer)
        declaration = bytes(found[1]) if found else b""
        while scanner.skip_to(opening):
            line, end = scanner.line, scanner.find(closing, limit)
            if end is not None:
                yield XmlEntry(bytes(scanner.buffer[: end + len(closing)]), declaration, line)
                scanner.drop(end + len(closing))
            elif len(scanner.buffer) > limit:
                yield Problem("", line, f"the entry is larger than {limit >> 20} MB", "export it without its files")
                scanner.drop(1)
            else:
                yield Problem("", line, "the file ends within this entry", "export it again")
                return


def read_xml_elements(path: Path, tag: str, limit: int) -> Iterator[XmlEntry | Problem]:
    """Yields the elements `tag` of a file, with its prefix if it has one, as `read_xml_entries` does.

    An element that is UTF-8 is read as such, whatever the declaration of the file says.
    """
    opening = re.compile(rb"<%b(?:\s(?:[^<>]*[^<>/])?)?>" % re.escape(tag).encode())
    for entry in read_xml_entries(path, opening, f"</{tag}>".encode(), limit):
        yield entry if isinstance(entry, Problem) or not _is_utf8(entry.content) else replace(entry, declaration=b"")


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


class _Scanner:
    """Reader that holds the part of a file between two positions; `line` is the line of the first."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self.line = file, 1
        self.buffer = bytearray(file.read(_CHUNK))

    def drop(self, size: int) -> None:
        """Moves the first position by `size` bytes."""
        self.line += self.buffer.count(b"\n", 0, size)
        del self.buffer[:size]

    def skip_to(self, pattern: re.Pattern[bytes]) -> bool:
        """Moves the first position to the next match; returns False at the end of the file."""
        while (found := pattern.search(self.buffer)) is None:
            self.drop(max(0, len(self.buffer) - _LONGEST_TAG))
            if not self._fill():
                return False
        self.drop(found.start())
        return True

    def find(self, text: bytes, limit: int) -> int | None:
        """Index of a text after the first position; None if it is not in the next `limit` bytes, or in the file."""
        at = 0
        while (index := self.buffer.find(text, at)) < 0:
            at = max(0, len(self.buffer) - len(text))
            if len(self.buffer) > limit or not self._fill():
                return None
        return index if index + len(text) <= limit else None

    def _fill(self) -> bool:
        chunk = self._file.read(_CHUNK)
        self.buffer += chunk
        return bool(chunk)
