"""HTML of a WordPress post: paragraphs at blank lines, shortcodes and blocks expanded, notes in their places."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape, unescape

from backfile.archive.importers.formats.wordpress.export_index import ExportIndex
from backfile.archive.importers.formats.wordpress.post_blocks import expand_blocks
from backfile.archive.importers.formats.wordpress.post_notes import PostNotes
from backfile.archive.importers.formats.wordpress.post_shortcodes import expand_shortcodes

_BLOCK_TAGS = (
    "table|thead|tfoot|caption|col|colgroup|tbody|tr|td|th|div|dl|dd|dt|ul|ol|li|pre|form|blockquote|address|p|h[1-6]|"
    "hr|fieldset|section|article|aside|header|footer|nav|figure|figcaption|details|summary|iframe|script|style"
)
_BLOCK_TAG = re.compile(rf"(</?(?:{_BLOCK_TAGS})\b[^<>]*>)", re.IGNORECASE)
_VERBATIM_TAG = re.compile(r"(</?(?:pre|script|style|textarea)\b[^<>]*>)", re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")
_BLOCK_MARK = re.compile(r"<!--\s*/?wp:")
_FORMULA = re.compile(r"\$latex\s([^$]{1,2000})\$|\[latex\]([^\[]{1,2000})\[/latex\]")
_ADDRESS = r"(https?://[^\s<>\"\[\]]{1,2000})"
_LONE_ADDRESS = re.compile(rf"((?:^|\n)[ \t]*){_ADDRESS}(?=[ \t]*(?:\n|\Z))")
_LONE_IN_BLOCK = re.compile(rf"((?:<p>|<div\b[^<>]{{0,300}}>)\s{{0,9}}){_ADDRESS}(?=\s{{0,9}}</(?:p|div)>)")


def post_to_html(
    content: str, index: ExportIndex | None = None, *, attached: Sequence[str] = (), footnotes: str = ""
) -> tuple[str, tuple[str, ...]]:
    """HTML as WordPress renders it, and notes on content that the export does not contain.

    `index` has what the post refers to, `attached` the numbers of its own media files, `footnotes` those of the block
    editor, as JSON.
    """
    index = index or ExportIndex()
    text = content.replace("\r\n", "\n").replace("\r", "\n")
    notes = PostNotes()
    expanded, block_warnings = expand_blocks(notes.take_from(text, footnotes), index)
    expanded = _outside_code(expanded, _FORMULA, _formula)
    expanded, warnings = expand_shortcodes(expanded, index, list(attached))
    html = _outside_code(expanded, _LONE_IN_BLOCK, _linked)
    if not _BLOCK_MARK.search(text):
        html = _autop(_outside_code(html, _LONE_ADDRESS, _linked))
    below = notes.html()
    return f"{html}\n{below}" if below else html, (*warnings, *block_warnings, *notes.warnings)


def _outside_code(text: str, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]) -> str:
    """Text with the matches of a pattern replaced, except in code."""
    parts, depth = [], 0
    for piece in _VERBATIM_TAG.split(text):
        if _VERBATIM_TAG.fullmatch(piece):
            depth = max(0, depth - 1) if piece.startswith("</") else depth + 1
        parts.append(piece if depth else pattern.sub(replacement, piece))
    return "".join(parts)


def _formula(found: re.Match[str]) -> str:
    """Formula of WordPress.com and Jetpack (`$latex a_1$`, `[latex]a_1[/latex]`), as MathML."""
    tex = escape(" ".join(unescape(found[1] or found[2]).split()))
    return f'<math><annotation encoding="application/x-tex">{tex}</annotation></math>'


def _linked(found: re.Match[str]) -> str:
    address = unescape(found[2])
    return f'{found[1]}<a href="{escape(address)}">{escape(address)}</a>'


def _autop(text: str) -> str:
    """`wpautop` of WordPress: blank lines separate paragraphs, other line ends are line breaks, except in code."""
    parts, depth = [], 0
    for piece in _VERBATIM_TAG.split(text):
        if _VERBATIM_TAG.fullmatch(piece):
            depth = max(0, depth - 1) if piece.startswith("</") else depth + 1
            parts.append(piece)
        else:
            parts.append(piece if depth else _paragraphs(piece))
    return "".join(parts)


def _paragraphs(text: str) -> str:
    """Text between block tags in paragraphs; block tags unchanged."""
    done = []
    for piece in _BLOCK_TAG.split(text):
        if _BLOCK_TAG.fullmatch(piece):
            done.append(piece)
            continue
        paragraphs = [paragraph.strip() for paragraph in _EMPTY_LINES.split(piece) if paragraph.strip()]
        is_inside = not _EMPTY_LINES.search(piece) and len(done) > 0 and not done[-1].startswith("</")
        broken = [paragraph.replace("\n", "<br>\n") for paragraph in paragraphs]
        done.append("".join(broken) if is_inside else "".join(f"<p>{paragraph}</p>\n" for paragraph in broken))
    return "".join(done)
