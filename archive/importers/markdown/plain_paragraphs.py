"""Paragraphs of plain text: decides which line breaks are wraps and which end a paragraph, a line of verse or an item.

A text may part its paragraphs by blank lines, by indented first lines, or write one paragraph a line. Nothing states
which, so the layout is measured: wrapped lines end in the middle of sentences and where the next word would not fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise

LIST_ITEM = re.compile(r"[ \t]*(?:[-*•·‣–]|\(?(\d{1,3})[.)])[ \t]+(?=\S)")
MAX_QUOTES = 10
"""Limit of quotations in each other."""

_QUOTED = re.compile(r"\A {0,2}> ?")
_DASH_ITEM = re.compile(r"[ \t]*–[ \t]")
_ENDS_SENTENCE = re.compile(r"[.!?…:;。！？．।؟۔][\"'”’“»«)\]）」』*_]*\Z")
_ENDS_STATEMENT = re.compile(r"[.!?…。！？．।؟۔][\"'”’“»」』)]*\Z")
_ZERO_WIDTH = str.maketrans("", "", "\ufeff\u200b\u2060")
_WIDE_SPACES = "\u3000\u2003\u2001"

_VERSE_WIDTH = 45
_LONG_VERSE_WIDTH = 80
_INDENT = 2
_NEARLY_FULL = 0.85
_WRAPPED_SHARE = 0.3
"""Share of line breaks in the middle of a sentence from which a text counts as wrapped."""
_HEADING_SHARE = 0.45
"""Share of the width that a line which ends no sentence has at most if it is a heading above a paragraph."""
_FILLED_SHARE = 0.9
"""Share of wraps where the next word would not have fitted from which breaks that leave room end paragraphs."""


class ParagraphKind(StrEnum):
    """Kind of a paragraph: running text, lines that stay lines (verse, an address), items of a list, a quotation."""

    PROSE = "prose"
    LINES = "lines"
    LIST = "list"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Paragraph of plain text: its lines without indents; for a list its items.

    For a quotation the lines are a text of their own, without the mark `>`.
    """

    lines: tuple[str, ...]
    kind: ParagraphKind = ParagraphKind.PROSE

    @property
    def text(self) -> str:
        """Text on one line."""
        return " ".join(self.lines)


@dataclass(frozen=True, slots=True)
class _Layout:
    """Layout of a text: width of its lines, and whether line breaks are wraps.

    `is_filled`: each line is filled to the width. `is_indented`: an indented line begins a paragraph.
    """

    width: int
    is_wrapped: bool
    is_filled: bool
    is_indented: bool


def plain_paragraphs(text: str) -> list[Paragraph]:
    """Paragraphs of a text with `\\n` as line end."""
    sections = list(_sections(text))
    parts = [[] if is_quoted else _blocks(lines) for is_quoted, lines in sections]
    layout = _layout([block for blocks in parts for block in blocks])
    found: list[Paragraph] = []
    for (is_quoted, lines), blocks in zip(sections, parts, strict=True):
        found += [_quotation(lines)] if is_quoted else _section_paragraphs(blocks, layout)
    return found


def _sections(text: str) -> Iterator[tuple[bool, list[str]]]:
    """Runs of lines, with whether they are marked as quoted (`> `) as in e-mail."""
    lines = text.expandtabs(4).translate(_ZERO_WIDTH).split("\n")
    marked = [_QUOTED.match(line) is not None for line in lines]
    if sum(marked) == 1 and _is_inside(lines, marked.index(True)):
        marked = [False] * len(lines)
    for is_quoted, numbers in groupby(range(len(lines)), marked.__getitem__):
        yield is_quoted, [lines[number] for number in numbers]


def _is_inside(lines: list[str], number: int) -> bool:
    """Whether a line stands in the middle of a paragraph: the only `>` of a text may be a sign in it."""
    above = lines[number - 1].strip() if number else ""
    below = lines[number + 1].strip() if number + 1 < len(lines) else ""
    return bool(above) and not above.endswith(":") and bool(below)


def _quotation(lines: list[str]) -> Paragraph:
    """Quotation without its marks: one of each line, or all beyond the depth of which nobody speaks."""
    inner = [_QUOTED.sub("", line, count=1) for line in lines]
    if any(line.count(">", 0, 2 * MAX_QUOTES) >= MAX_QUOTES for line in lines):
        inner = [line.lstrip("> ") for line in lines]
    return Paragraph(tuple(inner), ParagraphKind.QUOTE)


def _section_paragraphs(blocks: list[list[str]], layout: _Layout) -> Iterator[Paragraph]:
    for number, block in enumerate(blocks):
        beside = [blocks[near] for near in (number - 1, number + 1) if 0 <= near < len(blocks)]
        yield from _paragraphs(block, layout, is_in_list=any(_follows_in_list(block, near) for near in beside))


def _blocks(lines: list[str]) -> list[list[str]]:
    """Runs of lines between blank lines, without the indent that all lines of a run share."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        bare = line.strip()
        if bare:
            indent = line[: len(line) - len(line.lstrip())]
            width = len(indent) + sum(indent.count(space) for space in _WIDE_SPACES)
            blocks[-1].append(" " * width + bare)
        elif blocks[-1]:
            blocks.append([])
    return [_dedented(block) for block in blocks if block]


def _dedented(block: list[str]) -> list[str]:
    shared = min(map(_indent, block))
    return [line[shared:] for line in block]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _layout(blocks: list[list[str]]) -> _Layout:
    pairs = [pair for block in blocks for pair in pairwise(block)]
    running = [pair for block in blocks for pair in _running(block)]
    lengths = sorted(len(line) for line, _ in running)
    width = lengths[len(lengths) * 95 // 100] if lengths else 0
    wraps = [pair for pair in running if _is_mid_sentence(*pair, width)]
    full = sum(not _has_room(*pair, width) for pair in wraps)
    first = sum(_indent(line) >= _INDENT > _indent(following) for line, following in pairs)
    quoted = sum(
        min(_indent(line), _indent(following)) >= _INDENT and not _ENDS_SENTENCE.search(line)
        for line, following in pairs
    )
    return _Layout(
        width,
        is_wrapped=bool(wraps) and len(wraps) >= _WRAPPED_SHARE * len(running),
        is_filled=full >= _FILLED_SHARE * len(wraps),
        is_indented=first > 0 and first >= quoted,
    )


def _running(block: list[str]) -> Iterator[tuple[str, str]]:
    """Pairs of lines of a block that may be one paragraph: the second is neither indented nor an item of a list."""
    has_list = sum(LIST_ITEM.match(line) is not None for line in block) > 1
    for line, following in pairwise(block):
        if _indent(following) < _INDENT and not (has_list and LIST_ITEM.match(following)):
            yield line, following


def _is_mid_sentence(line: str, following: str, width: int) -> bool:
    if _ENDS_SENTENCE.search(line):
        return False
    return following.lstrip()[0].islower() or len(line) >= _NEARLY_FULL * width


def _has_room(line: str, following: str, width: float) -> bool:
    """Whether the first word of the following line would have fitted at the end of this one."""
    return len(line) + 1 + len(following.split(maxsplit=1)[0]) <= width


def _paragraphs(block: list[str], layout: _Layout, *, is_in_list: bool) -> Iterator[Paragraph]:
    start = 0
    for first, end, items in _lists(block, is_in_list=is_in_list):
        yield from _prose(block[start:first], layout)
        yield Paragraph(tuple(items), ParagraphKind.LIST if _is_countable(items) else ParagraphKind.LINES)
        start = end
    yield from _prose(block[start:], layout)


def _lists(block: list[str], *, is_in_list: bool) -> Iterator[tuple[int, int, list[str]]]:
    """Runs of list items in a block: first line, end, and the items, each on one line."""
    number = 0
    while number < len(block):
        first, items = number, list[str]()
        while number < len(block) and (LIST_ITEM.match(block[number]) or (items and _continues(block, number))):
            if LIST_ITEM.match(block[number]):
                items.append(block[number].strip())
            else:
                items[-1] += f" {block[number].strip()}"
            number += 1
        if len(items) > 1 or (items and is_in_list):
            if not _is_dialogue(items):
                yield first, number, items
        elif not items:
            number += 1


def _continues(block: list[str], number: int) -> bool:
    """Whether a line goes on with the list item above it."""
    line, above = block[number], block[number - 1]
    return _indent(line) >= _INDENT or (line.lstrip()[0].islower() and not _ENDS_SENTENCE.search(above))


def _is_dialogue(items: list[str]) -> bool:
    """Whether dashes before lines mark dialogue."""
    return all(_DASH_ITEM.match(item) and _ENDS_STATEMENT.search(item) for item in items)


def _is_countable(items: list[str]) -> bool:
    """Whether the numbers of a list follow each other, as Markdown would count them."""
    numbers = [_number(item) for item in items]
    return all(
        after == before + 1 if before is not None and after is not None else before is after
        for before, after in pairwise(numbers)
    )


def _number(item: str) -> int | None:
    found = LIST_ITEM.match(item)
    return int(found[1]) if found and found[1] else None


def _follows_in_list(block: list[str], near: list[str]) -> bool:
    """Whether two blocks next to each other are items of one list."""
    if not LIST_ITEM.match(block[0]) or not LIST_ITEM.match(near[0]):
        return False
    here, there = _number(block[0]), _number(near[0])
    if here is None or there is None:
        return here is there and block[0].lstrip()[0] == near[0].lstrip()[0]
    return abs(here - there) <= len(block) + len(near)


def _prose(lines: list[str], layout: _Layout) -> Iterator[Paragraph]:
    """Paragraphs of lines that are no list."""
    if not lines:
        return
    if _is_verse(lines, layout):
        yield Paragraph(tuple(map(str.strip, lines)), ParagraphKind.LINES)
        return
    start = 0
    for number in range(1, len(lines) + 1):
        if number == len(lines) or _ends_paragraph(lines[number - 1], lines[number], layout):
            yield Paragraph(tuple(map(str.strip, lines[start:number])))
            start = number


def _ends_paragraph(line: str, following: str, layout: _Layout) -> bool:
    indented = _indent(following) >= _INDENT
    if indented and (layout.is_indented or _indent(line) < _INDENT):
        return True
    is_sentence = _ENDS_SENTENCE.search(line) is not None
    is_lower = following.lstrip()[0].islower()
    if indented:
        return (is_sentence or not is_lower) and _has_room(line, following, _NEARLY_FULL * layout.width)
    if not layout.is_wrapped:
        return is_sentence or not is_lower or len(line) < _VERSE_WIDTH
    width = layout.width * (_NEARLY_FULL if is_sentence else _HEADING_SHARE)
    return layout.is_filled and not is_lower and _has_room(line, following, width)


def _is_verse(lines: list[str], layout: _Layout) -> bool:
    """Whether lines are short on purpose (verse, an address), not sentences of their own and not wrapped."""
    longest = max(map(len, lines))
    if len(lines) < 2 or longest > _LONG_VERSE_WIDTH or _are_sentences(lines):
        return False
    pairs = list(pairwise(lines))
    if longest <= _VERSE_WIDTH and len(lines) > 2:
        wraps = sum(_is_wrap(*pair, longest) for pair in pairs)
        return len(lines) == 3 or wraps < _WRAPPED_SHARE * len(pairs)
    open_ends = sum(not _ENDS_SENTENCE.search(line) for line, _ in pairs)
    if 2 * open_ends < len(pairs) or not all(_begins_anew(line) for line in lines):
        return False
    if len(lines) == 2 and (_ENDS_SENTENCE.search(lines[1]) or longest > _VERSE_WIDTH):
        return False
    full = sum(not _has_room(*pair, layout.width * _NEARLY_FULL) for pair in pairs) if layout.is_wrapped else 0
    return 2 * full < len(pairs)


def _is_wrap(line: str, following: str, width: int) -> bool:
    """Whether a line break lies in a sentence, where the next word would not have fitted."""
    goes_on = not _ENDS_SENTENCE.search(line) and not _begins_anew(following)
    return goes_on and not _has_room(line, following, width)


def _begins_anew(line: str) -> bool:
    """Whether a line begins as a verse does: with a capital letter, or no letter."""
    first = line.lstrip()[0]
    return first.isupper() or not first.isalpha()


def _are_sentences(lines: list[str]) -> bool:
    """Whether most lines are sentences, such as dialogue or short paragraphs."""
    return 3 * sum(_ENDS_STATEMENT.search(line) is not None for line in lines) >= 2 * len(lines)
