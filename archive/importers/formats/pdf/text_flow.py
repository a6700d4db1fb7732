"""Text flow of a PDF: paragraphs joined across lines, columns and pages, headings, lists; as Markdown.

A paragraph begins as typesetters mark it: at a gap, an indent, or after a line that ends although the next word would
have fit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise

from backfile.archive.importers.formats.pdf.page_lines import PdfPage, TextLine
from backfile.archive.importers.markdown.escaping import escape_inline, escape_line

_SAMPLE_PAGES = 20
"""Pages by which the size of body text is determined."""

_HEADING = 1.12
"""Size relative to body text, from which on a line is a heading."""

_CENTRE_TOLERANCE = 4.0  # points
_SMALL = 0.92
_FOOT = 0.5  # of the height of a page
_GAP = 1.4
"""Distance relative to the usual one of lines, from which on a paragraph begins."""

_INDENT = (0.7, 5.0)  # indent of a first line, relative to letter size
_SOFT_HYPHEN = "\u00ad"
"""Placeholder of a hyphen at a line end, until all words of the text are known."""

_LONGEST_HEADING = 200
_LONGEST_BLOCK = 20_000
"""Characters; a longer paragraph is split, for files without visible paragraph ends."""

_TAIL = 200  # characters at the end of a line that patterns see
_ENDS_SENTENCE = re.compile(r"[.!?…:;][\"'”’»)\]\d]*\Z")
_BULLET = re.compile(r"[•●▪■◦‣∙·\uf0b7\uf0a7]\s+(?=\S)")
_LIKE_BULLET = re.compile(r"(?P<dash>[-–*])\s+(?=\S)|\(?(?:\d{1,3}|[a-z])[.)]\s+(?=\S)")
_SUSPENDED = re.compile(r"(?:und|oder|bzw\.|sowie|and|or|to|en|of|och|og)\b")  # `Vor- und Nachteile`
_DOT_LEADER = re.compile(r"(?:\s?[.…·]){6,}\s*[\divxlc]*\Z", re.IGNORECASE)  # a line of a table of contents
_HYPHENATED = re.compile(rf"(?<![^\W\d_])([^\W\d_]+){_SOFT_HYPHEN}([^\W\d_]+)")
_LETTERS = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


@dataclass(slots=True)
class TextBlock:
    """A paragraph, heading or list item: its lines joined, with a newline at deliberate line breaks."""

    text: str
    size: float
    is_bold: bool
    page: int
    lines: int = 1
    is_item: bool = False
    is_centred: bool = False


@dataclass(slots=True)
class _Column:
    """Lines below each other, with the edges that most of them share."""

    lines: list[TextLine]
    left: float = 0.0
    right: float = 0.0
    leading: float = 0.0

    def __post_init__(self) -> None:
        self.left = _most_common([line.left for line in self.lines])
        self.left = min(self.left, min(line.left for line in self.lines) + _INDENT[0] * self.lines[0].size)
        self.right = max(line.right for line in self.lines)
        gaps = [above.y - below.y for above, below in pairwise(self.lines)]
        self.leading = _most_common(gaps) if gaps else 0.0


def _most_common(values: list[float]) -> float:
    return Counter(round(value, 0) for value in values).most_common(1)[0][0]


@dataclass(slots=True)
class BlockBuilder:
    """Builder of the blocks of a document. `size` is that of body text, known before the first block is yielded."""

    size: float = 0.0
    _open: TextBlock | None = None
    _last: tuple[TextLine, _Column] | None = None
    _notes: list[TextBlock] = field(default_factory=list)
    _indents: int = 0
    _paragraphs: int = 0

    def blocks(self, pages: Iterable[PdfPage]) -> Iterator[TextBlock]:
        """Blocks of the pages in order; footnotes follow the paragraph above them."""
        waiting = iter(pages)
        first = list(islice(waiting, _SAMPLE_PAGES))
        sizes = Counter(round(line.size, 1) for page in first for line in page.lines for _ in line.text)
        self.size = sizes.most_common(1)[0][0] if sizes else 0.0
        for page in chain(first, waiting):
            yield from self._page(page)
        yield from self._close()

    def _page(self, page: PdfPage) -> Iterator[TextBlock]:
        lines = [line for line in page.lines if not _DOT_LEADER.search(line.text[-_TAIL:])]
        for column_lines in _columns(lines):
            text, notes = _split_footnotes(column_lines, self.size, page.height)
            column = _Column(text)
            for line in text:
                yield from self._add(line, column, page)
            if notes:
                self._add_footnotes(notes, page)

    def _add_footnotes(self, notes: list[TextLine], page: PdfPage) -> None:
        """Holds footnotes back until the paragraph that continues in the next column or page ends."""
        kept, self._open, self._last = (self._open, self._last), None, None
        column = _Column(notes)
        closed = [block for line in notes for block in self._add(line, column, page)]
        self._notes += [*closed, *([self._open] if self._open else [])]
        self._open, self._last = kept

    def _add(self, line: TextLine, column: _Column, page: PdfPage) -> Iterator[TextBlock]:
        if self._open is None or self._last is None or self._starts_block(line, column, *self._last):
            yield from self._close()
            is_item = _BULLET.match(line.text) or _LIKE_BULLET.match(line.text)
            self._open = TextBlock(
                line.text, line.size, line.is_bold, page.number,
                is_item=is_item is not None, is_centred=_is_centred(line, page),
            )  # fmt: skip
        else:
            self._open.text += self._separator(*self._last, line, column) + line.text
            self._open.lines += 1
        self._last = line, column

    def _separator(self, above: TextLine, previous_column: _Column, line: TextLine, column: _Column) -> str:
        """Text between two lines of a paragraph."""
        if above.is_hyphenated:
            return "- " if _SUSPENDED.match(line.text) else _SOFT_HYPHEN
        if _is_between_wide(above.text, line.text) or re.search(r"\w[-–]\Z", above.text):
            return ""
        return "\n" if column is previous_column and self._ends_early(above, column, line) else " "

    def _close(self) -> Iterator[TextBlock]:
        """Yields the open block, and the footnotes held back for it."""
        if self._open is not None:
            yield self._open
        yield from self._notes
        self._open, self._notes = None, []

    def _starts_block(self, line: TextLine, column: _Column, above: TextLine, previous_column: _Column) -> bool:
        """Whether a paragraph or heading begins with a line."""
        if above.is_hyphenated and line.text[:1].islower():
            return False
        is_long = self._open is not None and len(self._open.text) > _LONGEST_BLOCK
        if is_long or self._style(line) != self._style(above) or self._is_item(line, above):
            return True
        if column is not previous_column:
            is_heading = line.size > _HEADING * self.size
            return is_heading or self._starts_after_column(above, previous_column, line, column)
        if column.leading and above.y - line.y > _GAP * max(column.leading, min(line.size, above.size)):
            return True
        if self._style(line) != (0, False):
            return False
        return self._is_indented(line, column, above) or self._follows_last_line(above, previous_column, line)

    def _is_item(self, line: TextLine, above: TextLine) -> bool:
        """Whether a line begins a list item; a dash or number may also be in running text."""
        if _BULLET.match(line.text):
            return True
        follows = _ends_sentence(above) or (self._open is not None and self._open.is_item)
        return follows and _LIKE_BULLET.match(line.text) is not None

    def _starts_after_column(self, above: TextLine, previous_column: _Column, line: TextLine, column: _Column) -> bool:
        """Whether a paragraph begins at the top of a column or page, where no gap shows it."""
        if not _ends_sentence(above):
            return self._ends_early(above, previous_column, line) and not line.text[:1].islower()
        is_full = not self._ends_early(above, previous_column, line)
        is_indented = line.left - column.left > _INDENT[0] * line.size
        return not (is_full and self._indents * 2 > self._paragraphs and not is_indented)

    def _is_indented(self, line: TextLine, column: _Column, above: TextLine) -> bool:
        inwards, of_above = (each.left - column.left for each in (line, above))
        lowest, highest = (share * line.size for share in _INDENT)
        found = lowest < inwards < highest and of_above <= lowest and not (self._open and self._open.is_item)
        self._indents += found
        self._paragraphs += found
        return found

    def _follows_last_line(self, above: TextLine, column: _Column, line: TextLine) -> bool:
        found = _ends_sentence(above) and self._ends_early(above, column, line)
        self._paragraphs += found
        return found

    def _ends_early(self, above: TextLine, column: _Column, line: TextLine) -> bool:
        """Whether the first word of a line would have fit at the end of the line above."""
        is_centred = abs(above.left + above.right - line.left - line.right) < _CENTRE_TOLERANCE
        if is_centred and abs(above.left - line.left) > line.size:
            return True
        word = line.text.split(" ", 1)[0]
        width = (line.right - line.left) * (len(word) + 1) / max(1, len(line.text))
        return column.right - above.right > 1.2 * width + 0.5 * line.size

    def _style(self, line: TextLine) -> tuple[int, bool]:
        """Style of a line: size class (larger or smaller than body text), and bold."""
        if line.size > _HEADING * self.size:
            return round(line.size), line.is_bold
        return (-1 if line.size < _SMALL * self.size else 0), line.is_bold


def _ends_sentence(line: TextLine) -> bool:
    return _ENDS_SENTENCE.search(line.text[-_TAIL:]) is not None


def _is_centred(line: TextLine, page: PdfPage) -> bool:
    return abs(line.left + line.right - page.width) < 0.04 * page.width and line.left > 0.2 * page.width


def _split_footnotes(lines: list[TextLine], size: float, height: float) -> tuple[list[TextLine], list[TextLine]]:
    """Lines of a column, and the small ones at its foot in the lower part of the page."""
    number = len(lines)
    while number and lines[number - 1].size < _SMALL * size and lines[number - 1].y < _FOOT * height:
        number -= 1
    return (lines[:number], lines[number:]) if number else (lines, [])


def _columns(lines: list[TextLine]) -> Iterator[list[TextLine]]:
    """Lines in columns: runs in which each line is below the one before."""
    column_lines: list[TextLine] = []
    for line in lines:
        above = column_lines[-1] if column_lines else None
        if above and (line.y > above.y - 0.2 * line.size or line.left > above.right or line.right < above.left):
            yield column_lines
            column_lines = []
        column_lines.append(line)
    if column_lines:
        yield column_lines


def _is_between_wide(above: str, below: str) -> bool:
    """Whether lines meet between characters of a script without spaces."""
    return (
        "\u2e80" <= above[-1:] <= "\uffef"
        and "\u2e80" <= below[:1] <= "\uffef"
        and not "\uac00" <= below[:1] <= "\ud7a3"
    )


def blocks_to_markdown(blocks: list[TextBlock], size: float) -> str:
    """Blocks as Markdown; heading levels by size, hyphenated words rejoined."""
    levels = _heading_levels(blocks, size)
    known = Counter(word.casefold() for block in blocks for word in _LETTERS.findall(block.text))
    parts = [_markdown(block, levels, known) for block in blocks]
    joined = [
        f"{above}\n" if above.startswith("- ") and below.startswith("- ") else f"{above}\n\n"
        for above, below in pairwise([*parts, ""])
    ]
    return "".join(joined).strip()


def _heading_levels(blocks: list[TextBlock], size: float) -> dict[tuple[float, bool], int]:
    """Size and weight of headings → their level, from 2 on."""
    kinds = {(round(block.size), block.is_bold) for block in blocks if is_heading(block, size)}
    return {kind: min(level, 6) for level, kind in enumerate(sorted(kinds, reverse=True), start=2)}


def is_heading(block: TextBlock, size: float) -> bool:
    """Whether a block is a heading: in larger letters, or a short bold line that is no sentence."""
    if len(block.text) > _LONGEST_HEADING or not re.search(r"[^\W\d_]", block.text):
        return False
    if block.size > _HEADING * size:
        return True
    is_line = block.lines <= 2 and not _ENDS_SENTENCE.search(block.text)
    return block.is_bold and is_line and block.size >= _SMALL * size and not block.is_item


def _markdown(block: TextBlock, levels: dict[tuple[float, bool], int], known: Counter[str]) -> str:
    text = rejoin_hyphenated(block.text, known)
    level = levels.get((round(block.size), block.is_bold))
    if level is not None and len(block.text) <= _LONGEST_HEADING:
        return f"{'#' * level} {escape_inline(' '.join(text.split()))}"
    bullet = _BULLET.match(text) or _LIKE_BULLET.match(text)
    if bullet is not None and (bullet.re is _BULLET or bullet["dash"]):
        return f"- {escape_inline(' '.join(text[bullet.end() :].split()))}"
    return "\\\n".join(map(escape_line, text.split("\n")))


def rejoin_hyphenated(text: str, known: Counter[str]) -> str:
    """Rejoins hyphenated words: with the hyphen if the text has them so elsewhere, else without."""

    def join(found: re.Match[str]) -> str:
        joined, hyphenated = f"{found[1]}{found[2]}", f"{found[1]}-{found[2]}"
        is_name = found[2][0].isupper() and not found[1].isupper()
        return hyphenated if is_name or known[hyphenated.casefold()] > known[joined.casefold()] else joined

    return _HYPHENATED.sub(join, text).replace(_SOFT_HYPHEN, "-")
