"""Emphasis and headings as Chinese, Japanese and hurried authors write them, made such that CommonMark reads them.

CommonMark's rule of flanking delimiter runs is about spaces, which these scripts have not: the closing `**` of
`**目标：**本文` is none to it, for a sign stands before and a letter after it. The rule was discussed for years
(commonmark-spec, issue 650); as proposed there, a letter or sign of these scripts counts as a space here. A heading
without the space after its number signs (`##标题`, `###Heading`) is one; `#tag` is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from backfile.archive.markdown.code_regions import CodeRegions

_CJK = (
    "\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U000323af"
)
_QUOTES = "“”‘’…—"  # of no script, but signs all the same
_WIDE = re.compile(f"[{_CJK}]")
_EMPHASIS = re.compile(r"(?<![*~\\])(\*{1,3}|~~)(?![\s*~])([^*~\n]{1,400})(?<![\s\\])\1(?![*~])")
_TAGS = {"*": ("em",), "**": ("strong",), "***": ("em", "strong"), "~~": ("del",)}
_HEADING = re.compile(
    rf"(?:(?:\A|(?<=\n\n)) {{0,3}}\#{{2,6}}(?=[^\W_])|^ {{0,3}}\#{{2,6}}(?=[{_CJK}{_QUOTES}]))", re.MULTILINE
)
Replacement = Callable[[re.Match[str]], str | None]
_MARKS = re.compile(f"[{_CJK}]|^ {{0,3}}##", re.MULTILINE)


def tightened(text: str) -> str:
    """Markdown in which loose emphasis is written as elements and loose headings have their space; not in code."""
    if _MARKS.search(text) is None:
        return text
    return _outside_code(_outside_code(text, _EMPHASIS, _emphasis), _HEADING, _heading)


def _outside_code(text: str, pattern: re.Pattern[str], replacement: Replacement) -> str:
    parts: list[str] = []
    regions: CodeRegions | None = None
    start = 0
    for found in pattern.finditer(text):
        new = replacement(found)
        if new is None:
            continue
        regions = regions or CodeRegions(text)
        if regions.end_of_code(found.start()) is not None:
            continue
        parts += text[start : found.start()], new
        start = found.end()
    return "".join([*parts, text[start:]])


def _emphasis(found: re.Match[str]) -> str | None:
    """Elements for emphasis that CommonMark does not see because of a letter of these scripts; None for any other."""
    text, inside = found.string, found[2]
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    if not (_blocked(before, inside[0]) or _blocked(after, inside[-1])):
        return None
    names = _TAGS[found[1]]
    return "".join(f"<{name}>" for name in names) + inside + "".join(f"</{name}>" for name in reversed(names))


def _blocked(outer: str, inner: str) -> bool:
    """Test for a letter outside and a sign inside of a delimiter, one of them of these scripts."""
    return outer.isalnum() and not inner.isalnum() and bool(_WIDE.match(outer) or _WIDE.match(inner))


def _heading(found: re.Match[str]) -> str:
    return found[0] + " "
