"""Lines on the pages of a PDF by PDFium, with positions and sizes.

Units are points (1/72 inch) from the lower left corner of the page; from the lower right corner if the page is written
from right to left.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from unicodedata import normalize

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

_HYPHEN = 2
"""Character code of PDFium for a hyphen that splits a word at the end of a line, instead of the line end."""

_LINE_ENDS = frozenset({_HYPHEN, 10, 13})
_SPACES = frozenset({9, 32, 0xA0, 0x2002, 0x2003, 0x2009, 0x3000})
_WORD_GAP = 0.13
"""Relative to letter size: a gap as wide separates words without a space character. Kerning stays below 0.08."""

_TOUCHING = 0.3  # of the size of the letters
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "ft", 0xFB06: "st"}
_BOLD = re.compile(r"bold|black|heavy|semibold|demi|CMBX|SFBX", re.IGNORECASE)
_NAME_BYTES = 128


@dataclass(frozen=True, slots=True)
class TextLine:
    """Line of a page: left and right edge, baseline `y`, and size of its letters.

    `is_hyphenated`: the last word continues in the next line; the hyphen is not in `text`.
    """

    text: str
    left: float
    right: float
    y: float
    size: float
    is_bold: bool
    is_hyphenated: bool


@dataclass(frozen=True, slots=True)
class PdfPage:
    """Lines of a page in the order of the content stream, and the number of characters without Unicode value."""

    number: int
    lines: tuple[TextLine, ...]
    width: float
    height: float
    unknown: int


def read_pages(document: pdfium.PdfDocument) -> Iterator[PdfPage]:
    """Pages one by one; none stays in memory. Raises `PdfiumError` for a page that cannot be read."""
    for number in range(len(document)):
        page = document[number]
        try:
            text = page.get_textpage()
            try:
                yield _page(number + 1, text, *page.get_size())
            finally:
                text.close()
        finally:
            page.close()


def _page(number: int, text: pdfium.PdfTextPage, width: float, height: float) -> PdfPage:
    reader = _PageReader(text)
    lines = list(reader.lines())
    rotation = Counter(rotation for rotation, line in lines for _ in line.text).most_common(1)
    upright = [line for its_turn, line in lines if rotation and its_turn == rotation[0][0]]
    if rotation and rotation[0][0] in (1, 3):
        width, height = height, width
    if sum(_is_leftward(ord(letter)) for line in upright for letter in line.text[:9]) > 3 * len(upright):
        upright = [replace(line, left=width - line.right, right=width - line.left) for line in upright]
    return PdfPage(number, tuple(_join_touching(upright)), width, height, reader.unknown)


def _join_touching(lines: list[TextLine]) -> list[TextLine]:
    """Joins lines that touch on one baseline, as where the font changes within a word."""
    joined: list[TextLine] = []
    for line in lines:
        above = joined[-1] if joined else None
        if above is None or abs(above.y - line.y) > _TOUCHING * line.size:
            joined.append(line)
            continue
        first, second = sorted((above, line), key=lambda each: each.left)
        gap = second.left - first.right
        if abs(gap) > _TOUCHING * line.size:
            joined.append(line)
            continue
        space = " " if gap > _WORD_GAP * line.size else ""
        text = f"{first.text}{space}{second.text}"
        joined[-1] = replace(second, text=text, left=first.left, size=max(first.size, second.size))
    return joined


class _PageReader:
    """Reader of one page, with few calls into PDFium for each of its thousands of characters."""

    def __init__(self, text: pdfium.PdfTextPage) -> None:
        self._text = text.raw
        self._codes = [
            pdfium_c.FPDFText_GetUnicode(self._text, index) for index in range(pdfium_c.FPDFText_CountChars(self._text))
        ]
        self._box, self._matrix = pdfium_c.FS_RECTF(), pdfium_c.FS_MATRIX()
        self.unknown = sum(code in (0, 0xFFFD) or 0xE000 <= code <= 0xF8FF for code in self._codes)

    def lines(self) -> Iterator[tuple[int, TextLine]]:
        """Lines, each with the quarter turns of its text to the left: 0 for upright text."""
        start = 0
        for index in range(len(self._codes) + 1):
            code = self._codes[index] if index < len(self._codes) else 10
            if code in _LINE_ENDS:
                line = self._line(start, index, is_hyphenated=code == _HYPHEN)
                if line is not None:
                    yield line
                start = index + 1

    def _line(self, start: int, end: int, *, is_hyphenated: bool) -> tuple[int, TextLine] | None:
        while start < end and self._codes[start] in _SPACES:
            start += 1
        while end > start and self._codes[end - 1] in _SPACES:
            end -= 1
        if start == end:
            return None
        matrix = self._matrix
        pdfium_c.FPDFText_GetMatrix(self._text, start, ctypes.byref(matrix))
        scale = math.hypot(matrix.c, matrix.d) or 1.0
        size = pdfium_c.FPDFText_GetFontSize(self._text, start) * scale
        rotation = round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4
        left, right, y = self._edges(start, end)
        if rotation:
            words = _text("".join(map(chr, self._codes[start:end])))
        else:
            words, left, right = self._words(start, end, size)
        if words.endswith(("\u00ad", "\u2010")):
            words, is_hyphenated = words[:-1], True
        line = TextLine(words, left, right, y, size, self._is_bold(start, end), is_hyphenated)
        return rotation, _rotated(line, rotation)

    def _edges(self, start: int, end: int) -> tuple[float, float, float]:
        """Left edge, right edge and baseline."""
        x, y = ctypes.c_double(), ctypes.c_double()
        pdfium_c.FPDFText_GetCharOrigin(self._text, start, ctypes.byref(x), ctypes.byref(y))
        pdfium_c.FPDFText_GetLooseCharBox(self._text, end - 1, ctypes.byref(self._box))
        return x.value, self._box.right, y.value

    def _words(self, start: int, end: int, size: float) -> tuple[str, float, float]:
        """Text of a line, with spaces at gaps as wide as those of words, and its left and right edge.

        Text from right to left is in reading order.
        """
        words: list[list[tuple[float, str]]] = [[]]
        edges: list[float] = []
        right: float | None = None
        box = self._box
        for index in range(start, end):
            code = self._codes[index]
            if code in _SPACES:
                words.append([])
                right = None
                continue
            if pdfium_c.FPDFText_GetLooseCharBox(self._text, index, ctypes.byref(box)):
                is_apart = right is not None and _WORD_GAP * size < box.left - right
                if is_apart and not _is_wide(code) and not _is_leftward(code):
                    words.append([])
                right = box.right
                edges += (box.left, box.right)
            words[-1].append((box.left, _LIGATURES.get(code) or chr(code) if code else "\ufffd"))
        text = " ".join("".join(_in_reading_order(word)) for word in words)
        return _text(text), min(edges, default=0.0), max(edges, default=0.0)

    def _is_bold(self, start: int, end: int) -> bool:
        """Whether a line is bold at its first, middle and last letter."""
        flags = ctypes.c_int()
        names = ctypes.create_string_buffer(_NAME_BYTES)
        for index in (start, (start + end) // 2, end - 1):
            pdfium_c.FPDFText_GetFontInfo(self._text, index, names, _NAME_BYTES, ctypes.byref(flags))
            if not _is_bold_face(names.value):
                return False
        return True


@lru_cache(256)
def _is_bold_face(name: bytes) -> bool:
    return _BOLD.search(name.decode("utf-8", errors="replace")) is not None


def _is_wide(code: int) -> bool:
    """Whether a character is Chinese, Japanese or Korean: gaps between these separate no words."""
    return 0x2E80 <= code <= 0xD7FF or 0xF900 <= code <= 0xFAFF or 0xFF00 <= code <= 0xFFEF


def _is_leftward(code: int) -> bool:
    """Whether a character is Hebrew, Arabic, Syriac or of another script from right to left."""
    return 0x0590 <= code <= 0x08FF or 0xFB1D <= code <= 0xFDFF or 0xFE70 <= code <= 0xFEFC


def _in_reading_order(word: list[tuple[float, str]]) -> list[str]:
    """Letters of a word, given with positions. Files hold the letters of Arabic in either order."""
    if not any(_is_leftward(ord(letter[0])) for _, letter in word):
        return [letter for _, letter in word]
    letters = [normalize("NFKC", letter) for _, letter in sorted(word, key=lambda each: -each[0])]
    ordered: list[str] = []
    for is_other, letters_of_run in groupby(letters, key=lambda letter: letter.isascii() and letter.isalnum()):
        run = list(letters_of_run)
        ordered += reversed(run) if is_other else run
    return ordered


def _text(text: str) -> str:
    """Text on one line, with surrogate pairs combined."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join(whole.split())


def _rotated(line: TextLine, rotation: int) -> TextLine:
    """Line with the page rotated so that its text is upright."""
    length = abs(line.right - line.left)
    if rotation == 1:
        return replace(line, left=line.y, right=line.y + length, y=-line.left)
    if rotation == 2:
        return replace(line, left=-line.left, right=-line.left + length, y=-line.y)
    if rotation == 3:
        return replace(line, left=-line.y, right=-line.y + length, y=line.left)
    return line
