"""Removal of comments that readers never see: `%%` of Obsidian, `{/* */}` of MDX, `{# #}` of Tera, Nunjucks and Twig.

A sign may be text as well (`50%% of`, a `%%` in an address, one that is never closed). Where it may be either, the
words stay: a comment is removed only if both of its ends are signs of a comment.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from backfile.archive.markdown.code_regions import CodeRegions

# Each alternative stops at the next opening of its own kind, so that unclosed openings cost a scan to the next one.
# `{#name}` is the id of a heading. The last two are the comments that Markdown makes of a link definition.
_BRACED = re.compile(
    r"""
    (?<!\\)\{/\*(?:[^*{]|\*(?!/)|\{(?!/\*))*\*/[ \t\n]{0,8}\}
    | (?<!\\)\{\#(?!\#|[\w:.-]+\})(?:[^#{]|\#(?!\})|\{(?!\#)|\{\#[\w:.-]+\})*+\#\}
    | ^\ {0,3}\[(?://|comment|\#)\]:[ ](?:\#|<>)[ ]?(?:"[^"\n]*"|\([^\n]*\))[ \t]*$
    """,
    re.VERBOSE | re.MULTILINE,
)
_BRACED_SIGNS = ("*/", "#}", "[//]:", "[comment]:", "[#]:")
_PERCENT = re.compile(r"%{2,}")
_BLANK_LINE = re.compile(r"\n[ \t>]*\n")
_ADDRESS = re.compile(r"://|www\.|\]\(")
_LONGEST_ADDRESS = 400  # characters before a sign that are looked at


class _Sign(NamedTuple):
    """Two percent signs or more: where they stand, what is around them."""

    start: int
    end: int
    before: str
    after: str
    first: bool  # nothing but space and marks of quotation and lists before it on its line
    last: bool

    @property
    def alone(self) -> bool:
        return self.first and self.last

    @property
    def free(self) -> bool:
        """Space or nothing on both sides."""
        return not self.before.strip() and not self.after.strip()


def without_comments(body: str) -> str:
    """Body without comments outside code; a comment alone on its lines takes its line end along."""
    if any(sign in body for sign in _BRACED_SIGNS):
        body = _without(body, [(found.start(), found.end()) for found in _outside_code(_BRACED, body)])
    return _without(body, _percent_comments(body)) if "%%" in body else body


def _outside_code(pattern: re.Pattern[str], body: str) -> list[re.Match[str]]:
    matches = list(pattern.finditer(body))
    regions = CodeRegions(body) if matches else None
    return [found for found in matches if regions and not regions.is_code(found.start())]


def _without(body: str, spans: list[tuple[int, int]]) -> str:
    kept, copied = [], 0
    for start, end in spans:
        line = body.rfind("\n", 0, start) + 1
        within_paragraph = body[line - 2 : line - 1] != "\n"
        alone = not body[line:start].strip() and body[end : end + 1] == "\n"
        kept.append(body[copied:start])
        copied = end + (alone and within_paragraph)
    return "".join([*kept, body[copied:]]) if kept else body


def _percent_comments(body: str) -> list[tuple[int, int]]:
    """Spans of the comments of Obsidian."""
    signs = [_sign(body, found) for found in _PERCENT.finditer(body)]
    regions = CodeRegions(body)
    visible = [sign for sign in signs if not regions.is_code(sign.start)]
    blanks = [found.start() for found in _BLANK_LINE.finditer(body)]
    lone = [sign for sign in signs if sign.alone]
    spans: list[tuple[int, int]] = []
    number = 0
    while number < len(visible):
        opening = visible[number]
        number += 1
        if (spans and opening.start < spans[-1][1]) or not _opens(body, opening):
            continue
        if opening.end - opening.start == 4:
            spans.append((opening.start, opening.end))
        elif closing := _closing(opening, visible[number : number + 3], blanks) or _lone_closing(opening, lone):
            spans.append((opening.start, closing.end))
    return spans


def _sign(body: str, found: re.Match[str]) -> _Sign:
    start, end = found.span()
    line_start, line_end = body.rfind("\n", max(0, start - 40), start) + 1, body.find("\n", end, end + 40)
    before = body[line_start:start] if line_start or start < 40 else "…"
    after = body[end:line_end] if line_end >= 0 else body[end : end + 40] + ("" if end + 40 > len(body) else "…")
    return _Sign(start, end, before[-1:], after[:1], not before.strip(" \t>*+-"), not after.strip())


def _opens(body: str, sign: _Sign) -> bool:
    """Whether a sign may begin a comment: no percentage, no part of an address, no row of signs."""
    if sign.end - sign.start not in (2, 4) or sign.before.isdigit() or sign.before == "\\":
        return False
    words = body[max(0, sign.start - _LONGEST_ADDRESS) : sign.start].split()
    return not sign.before.strip() or not words or _ADDRESS.search(words[-1]) is None


def _closing(opening: _Sign, following: list[_Sign], blanks: list[int]) -> _Sign | None:
    """Sign that ends the comment that `opening` may begin, of the next three outside code."""
    for number, sign in enumerate(following):
        in_paragraph = bisect_right(blanks, opening.start) == bisect_right(blanks, sign.start)
        later = following[number + 1] if number + 1 < len(following) else None
        if sign.end - sign.start == 4 and later is not None and in_paragraph:
            continue  # the end of one comment and the beginning of the next
        if sign.before.isdigit() and sign.after == " " and later is not None and _ends_word(later) and in_paragraph:
            continue  # a percentage within the comment
        return sign if _is_comment(opening, sign, in_paragraph) else None
    return None


def _ends_word(sign: _Sign) -> bool:
    return bool(sign.before.strip()) and not sign.after.isalnum()


def _is_comment(opening: _Sign, closing: _Sign, in_paragraph: bool) -> bool:
    if not opening.first and not in_paragraph and (opening.free or closing.free or opening.before.isalnum()):
        return False  # two signs of different paragraphs, each a word of its own
    variables = opening.after.isalnum() and closing.after.isalnum()
    if variables and not closing.before.strip() and not closing.first:
        return False  # `for %%i in … do %%i`
    return not (variables and opening.before.isalnum() and closing.before.isalnum())  # `a%%b and c%%d`


def _lone_closing(opening: _Sign, lone: list[_Sign]) -> _Sign | None:
    """Next line of two signs after such a line, even in code: a comment may hold the beginning of a code block."""
    if not opening.alone:
        return None
    number = bisect_right(lone, opening.start, key=lambda sign: sign.start)
    return lone[number] if number < len(lone) else None
