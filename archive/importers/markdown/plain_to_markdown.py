"""Plain text as Markdown that renders as it was typed: paragraphs, lists, verse; special characters escaped."""

from __future__ import annotations

import re

from backfile.archive.importers.markdown.escaping import escape_inline, escape_line

_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
_INDENTED = re.compile(r"\n(?=[ \t]{2,}\S)")
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*•·‣–]|\(?\d{1,3}[.)])[ \t]+(?=\S)")
_BULLET = re.compile(r"[ \t]*[*•·‣–][ \t]+")
_LOOKS_LIKE_MARKDOWN = re.compile(
    r"^#{1,6} \S|\]\((?:https?://|/|\.)|^```|\*\*[^*\s][^*\n]*\*\*|^[-*] \[|^> \S|!\[[^\]]{0,1000}\]\(", re.MULTILINE
)
_LOOKS_LIKE_HTML = re.compile(
    r"<(?:p|div|br|h[1-6]|ul|ol|table|blockquote|article|figure|img|a)\b[^<>]*>", re.IGNORECASE
)


def looks_like_markdown(text: str) -> bool:
    """Whether a text has Markdown syntax that is rare in plain text: headings, links, bold words, code."""
    return _LOOKS_LIKE_MARKDOWN.search(text[:50_000]) is not None


def looks_like_html(text: str) -> bool:
    """Whether a text has HTML markup."""
    return _LOOKS_LIKE_HTML.search(text[:50_000]) is not None


def plain_to_markdown(text: str) -> str:
    """Markdown of plain text.

    Blank lines and indented first lines separate paragraphs. Lines of a list stay list items. Special characters are
    escaped.
    """
    paragraphs = [
        part for block in _PARAGRAPH.split(text.expandtabs(4)) for part in _split_at_indents(block) if part.strip()
    ]
    return "\n\n".join(map(_paragraph, paragraphs))


def _split_at_indents(block: str) -> list[str]:
    """Splits a block at lines that are indented and follow one that is not."""
    if all(line[:2].isspace() or _LIST_ITEM.match(line) for line in block.split("\n")):
        return [block]
    return _INDENTED.split(block)


def _paragraph(text: str) -> str:
    lines = [line.strip() for line in text.strip("\n").split("\n") if line.strip()]
    if all(_LIST_ITEM.match(line) for line in lines) and len(lines) > 1:
        return "\n".join(map(_list_item, lines))
    if _is_verse(lines):
        return "\\\n".join(map(escape_line, lines))
    return "\n".join(map(escape_line, lines))


def _is_verse(lines: list[str]) -> bool:
    """Whether lines are short on purpose (verse, an address), not wrapped at a narrow width."""
    return len(lines) > 2 and max(map(len, lines)) <= 45


def _list_item(line: str) -> str:
    bullet = _BULLET.match(line)
    if bullet is not None:
        return f"- {escape_inline(line[bullet.end() :])}"
    sign = _LIST_ITEM.match(line)
    end = sign.end() if sign else 0
    return line[:end].strip(" (").replace(")", ".") + " " + escape_inline(line[end:])
