"""Plain text as Markdown that renders as it was typed: paragraphs, lists, verse; special characters escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable

from backfile.archive.importers.markdown.escaping import escape_inline, escape_line
from backfile.archive.importers.markdown.plain_paragraphs import (
    LIST_ITEM,
    Paragraph,
    ParagraphKind,
    plain_paragraphs,
)

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
    """Markdown of plain text: paragraphs, verse and lists as its layout tells them, special characters escaped."""
    return paragraphs_to_markdown(plain_paragraphs(text))


def paragraphs_to_markdown(paragraphs: Iterable[Paragraph]) -> str:
    """Markdown of paragraphs of plain text."""
    return "\n\n".join(filter(None, map(_markdown, paragraphs)))


def _markdown(paragraph: Paragraph) -> str:
    if paragraph.kind is ParagraphKind.LIST:
        return "\n".join(map(_list_item, paragraph.lines))
    if paragraph.kind is ParagraphKind.QUOTE:
        inner = plain_to_markdown("\n".join(paragraph.lines))
        return "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))
    separator = "\\\n" if paragraph.kind is ParagraphKind.LINES else "\n"
    return separator.join(map(escape_line, paragraph.lines))


def _list_item(line: str) -> str:
    bullet = _BULLET.match(line)
    if bullet is not None:
        return f"- {escape_inline(line[bullet.end() :])}"
    sign = LIST_ITEM.match(line)
    end = sign.end() if sign else 0
    return line[:end].strip(" (").replace(")", ".") + " " + escape_inline(line[end:])
