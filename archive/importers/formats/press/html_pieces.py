"""Pieces of large pages with many articles: each is parsed by itself, so that a broken one does not reach the next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import MAX_BYTES, decode_html, parse_html
from backfile.archive.report import Problem

_CHUNK = 1 << 20
_LONGEST_MATCH = 512
_CHARSET = re.compile(rb"charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([\w.:-]{2,30})", re.IGNORECASE)
_CUT_COMMENT = re.compile(r"<!--[^>]*\Z")


@dataclass(frozen=True, slots=True)
class HtmlPiece:
    """Part of a page from the beginning of an article to that of the next; `line` is its first."""

    content: bytes
    charset: str | None
    line: int

    def parse(self) -> HtmlElement:
        """Tree of the piece without styles and scripts. Raises `ArchiveError` if it is nested too deeply or no text."""
        html = _CUT_COMMENT.sub("", decode_html(self.content, self.charset))
        tree = parse_html(f"<div>{html}</div>")
        etree.strip_elements(tree, "style", "script", with_tail=False)
        return tree


def read_pieces(path: Path, start: re.Pattern[bytes]) -> Iterator[HtmlPiece | Problem]:
    """Yields the pieces of a page, each from a match of `start` to the next; what stands before the first is left out.

    A piece of more than `MAX_BYTES` is a `Problem` with its line. Raises `OSError`.
    """
    with path.open("rb") as file:
        buffer = file.read(_CHUNK)
        found = _CHARSET.search(buffer, 0, 65_536)
        charset = found[1].decode("ascii") if found else None
        line, is_begun, searched = 1, False, 0
        while True:
            match = start.search(buffer, searched)
            if match is None:
                searched = max(searched, len(buffer) - _LONGEST_MATCH)
                chunk = file.read(_CHUNK)
                if chunk and len(buffer) <= MAX_BYTES:
                    buffer += chunk
                    continue
                if chunk:
                    if is_begun:
                        yield Problem("", line, f"an article is larger than {MAX_BYTES >> 20} MB", "split the file")
                    cut = len(buffer) - _LONGEST_MATCH
                    line += buffer.count(b"\n", 0, cut)
                    buffer, is_begun, searched = buffer[cut:] + chunk, False, 0
                    continue
                if is_begun:
                    yield HtmlPiece(buffer, charset, line)
                return
            if is_begun and match.start() > 0:
                yield HtmlPiece(buffer[: match.start()], charset, line)
            line += buffer.count(b"\n", 0, match.start())
            buffer, is_begun, searched = buffer[match.start() :], True, match.end() - match.start()
