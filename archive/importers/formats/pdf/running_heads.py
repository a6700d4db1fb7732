"""Running heads, feet and page numbers of a PDF: lines at the same position on neighbouring pages are dropped."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from backfile.archive.importers.formats.pdf.page_lines import PdfPage, TextLine

_EDGE_LINES = 3
"""Lines at the top and at the bottom of a page that may be running lines."""

_NEIGHBOURS = 2
_TOLERANCE = 6.0
"""Points by which the same line may differ in height on another page."""

_EDGE_SHARE = 0.15
_NUMBER_EDGE_SHARE = 0.12
"""Shares of the page height at top and bottom, for running lines and for numbers alone."""

_NUMBER = re.compile(
    r"[\s\-–—|\[(]*(?:(?:page|seite|p\.|s\.|pg\.?|página|pagina)\s*)?(?:\d{1,5}|[ivxlc]{1,7})"
    r"(?:\s*(?:of|/|von|de|di|sur)\s*\d{1,5})?[\s\-–—|\])]*\Z",
    re.IGNORECASE,
)
_PRINT_MARGIN = re.compile(
    r"(?:https?|file)://\S+\s+\d{1,4}/\d{1,4}\Z|\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}[:.]\d\d(?: [AP]M)?\b"
)
"""Address and time that browsers print at the edges of a page."""

_DIGITS = re.compile(r"\d+|\b[ivxlc]{1,7}\b", re.IGNORECASE)


def without_running_heads(pages: Iterable[PdfPage]) -> Iterator[PdfPage]:
    """Pages without running lines and page numbers; few pages are held in memory."""
    window: deque[PdfPage] = deque()
    waiting = iter(pages)
    position = 0
    while True:
        while len(window) - position <= _NEIGHBOURS:
            page = next(waiting, None)
            if page is None:
                break
            window.append(page)
        if position >= len(window):
            return
        near = [window[n] for n in range(len(window)) if n != position and abs(n - position) <= _NEIGHBOURS]
        yield _cleaned(window[position], near)
        position += 1
        if position > _NEIGHBOURS:
            window.popleft()
            position -= 1


def _cleaned(page: PdfPage, near: list[PdfPage]) -> PdfPage:
    elsewhere = [line for other in near for line in _edge_lines(other)]
    running = {
        line
        for line in _edge_lines(page)
        if _is_at_edge(line, page, _EDGE_SHARE) and any(_is_same(line, other) for other in elsewhere)
    }
    numbers = {
        line
        for line in _edge_lines(page)
        if (_NUMBER.match(line.text) or _PRINT_MARGIN.match(line.text)) and _is_at_edge(line, page, _NUMBER_EDGE_SHARE)
    }
    return replace(page, lines=tuple(line for line in page.lines if line not in running | numbers))


def _edge_lines(page: PdfPage) -> list[TextLine]:
    ordered = sorted(page.lines, key=lambda line: line.y)
    return [*ordered[:_EDGE_LINES], *ordered[_EDGE_LINES:][-_EDGE_LINES:]]


def _is_at_edge(line: TextLine, page: PdfPage, share: float) -> bool:
    height = line.y % page.height if line.y < 0 else line.y  # pages that were turned are measured from above
    return height < share * page.height or height > (1 - share) * page.height


def _is_same(line: TextLine, other: TextLine) -> bool:
    return abs(line.y - other.y) <= _TOLERANCE and _comparable(line.text) == _comparable(other.text)


def _comparable(text: str) -> str:
    return " ".join(_DIGITS.sub("#", text).casefold().split())
