"""Code and HTML block regions of a Markdown body, as the parser sees them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

import pyromark

_HTML_CODE = re.compile(
    r"<(pre|code|samp|kbd|tt|textarea|script|style)\b[^<>]*>(?:[^<]++|<(?!/?\1\b))*+</\1\b", re.IGNORECASE
)


class CodeRegions:
    """Lazy lookup of regions by offset (in characters); offsets must ascend."""

    def __init__(self, body: str) -> None:
        self._events = self._read(body)
        self._code = (0, 0)
        self._html = (0, 0)
        self._ahead = 0
        self._html_code = [found.span() for found in _HTML_CODE.finditer(body)] if "</" in body else []

    def end_of_code(self, offset: int) -> int | None:
        """End of the code region that contains `offset`; None outside code."""
        self._advance(offset)
        start, end = self._code
        return end if start <= offset < end else None

    def is_code(self, offset: int) -> bool:
        """True if `offset` lies in code of Markdown or in an element of HTML whose content is code."""
        number = bisect_right(self._html_code, offset, key=lambda span: span[0]) - 1
        return self.end_of_code(offset) is not None or (number >= 0 and offset < self._html_code[number][1])

    def in_html(self, offset: int) -> bool:
        """True if `offset` lies in an HTML block, where no Markdown is parsed."""
        self._advance(offset)
        start, end = self._html
        return start <= offset < end

    def _advance(self, offset: int) -> None:
        while self._ahead <= offset:
            kind, start, end = next(self._events, ("", offset + 1, offset + 1))
            if kind == "HtmlBlock":
                self._html = (start, end)
            elif kind == "Code":
                self._code = (start, end)
            self._ahead = max(self._ahead, end if kind == "Code" else start)

    @staticmethod
    def _read(body: str) -> Iterator[tuple[str, int, int]]:
        """Yields kind, start and end of each region, in characters, by ascending start."""
        data = b"" if body.isascii() else body.encode()
        counted = characters = 0
        for event, where in pyromark.events_with_range(body):
            kind = _kind(event)
            if kind is None:
                continue
            start, end = where["start"], where["end"]
            if data:
                characters += len(data[counted:start].decode())
                counted = start
                start, end = characters, characters + len(data[start:end].decode())
            yield kind, start, end


def _kind(event: object) -> str | None:
    """`Code` for code spans and blocks, `HtmlBlock`, and an empty name for any other thing that begins."""
    if not isinstance(event, dict):
        return None
    if "Code" in event:
        return "Code"
    if "Start" not in event:
        return None
    started = event["Start"]
    if started == "HtmlBlock":
        return "HtmlBlock"
    return "Code" if isinstance(started, dict) and "CodeBlock" in started else ""
