"""Which stretches of a Markdown body are code, and which are blocks of HTML, as the parser sees them."""

from __future__ import annotations

from collections.abc import Iterator

import pyromark


class CodeRegions:
    """Answers for offsets (in characters) that are asked for in ascending order; parses no further than needed."""

    def __init__(self, body: str) -> None:
        self._events = self._read(body)
        self._code = (0, 0)
        self._html = (0, 0)
        self._ahead = 0

    def end_of_code(self, offset: int) -> int | None:
        """Where the code ends in which the character at `offset` stands; None if it stands in none."""
        self._advance(offset)
        start, end = self._code
        return end if start <= offset < end else None

    def in_html(self, offset: int) -> bool:
        """Whether the character at `offset` belongs to a block of HTML, where no Markdown is read."""
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
        """Kind, start and end of what the parser meets, in characters, by ascending start."""
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
