"""HTML of a WordPress post: paragraphs at blank lines, shortcodes expanded."""

from __future__ import annotations

import re
from html import escape

_BLOCK_TAGS = (
    "table|thead|tfoot|caption|col|colgroup|tbody|tr|td|th|div|dl|dd|dt|ul|ol|li|pre|form|blockquote|address|p|h[1-6]|"
    "hr|fieldset|section|article|aside|header|footer|nav|figure|figcaption|details|summary|iframe|script|style"
)
_BLOCK_TAG = re.compile(rf"(</?(?:{_BLOCK_TAGS})\b[^<>]*>)", re.IGNORECASE)
_VERBATIM_TAG = re.compile(r"(</?(?:pre|script|style|textarea)\b[^<>]*>)", re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")
_BLOCK_MARK = re.compile(r"<!--\s*/?wp:")

_SHORTCODE = re.compile(r"(\[?)\[(/?)([A-Za-z][\w-]{0,60})((?:\s[^\[\]<>]{0,2000}|=[^\[\]<>]{0,2000})?)(/?)\](\]?)")
_ATTRIBUTE = re.compile(r"""(?<![\w-])([\w-]++)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'\]]+))""")
_IMAGE = re.compile(r"(?:<a\b[^<>]*>\s*)?<img\b[^<>]*>(?:\s*</a>)?", re.IGNORECASE)
_CODE = frozenset({"code", "sourcecode", "source", "php", "css", "html", "js", "python", "bash", "sql", "xml"})
_GALLERIES = frozenset({"gallery", "playlist", "slideshow", "ngg", "nggallery", "tiled-gallery"})
_MEDIA = frozenset({"audio", "video", "youtube", "vimeo", "embed", "soundcloud", "googlevideo", "vine", "twitter"})
_ADDRESS = re.compile(r"https?://[^\s\"'<>\[\]]+")


def post_to_html(content: str) -> tuple[str, tuple[str, ...]]:
    """HTML as WordPress renders it, and notes on content that the export does not contain."""
    text = content.replace("\r\n", "\n").replace("\r", "\n")
    expanded, notes = _expand_shortcodes(text)
    return (expanded if _BLOCK_MARK.search(text) else _autop(expanded)), notes


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


def _expand_shortcodes(text: str) -> tuple[str, tuple[str, ...]]:
    """Expands shortcodes (https://codex.wordpress.org/Shortcode_API) to HTML, or drops them.

    Unknown words in brackets are text, unless they have attributes or a closing tag.
    """
    closed = {found[3].lower() for found in _SHORTCODE.finditer(text) if found[2]}
    galleries = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal galleries
        before, closing, name, raw, _, after = found.groups()
        name = name.lower()
        if before and after:
            return found[0][1:-1]
        known = name in closed or name in _CODE | _GALLERIES | _MEDIA | {"caption", "wp_caption"}
        if not (known or "=" in raw):
            return found[0]
        galleries += name in _GALLERIES and not closing
        return before + _shortcode_html(name, raw, bool(closing)) + after

    expanded = _SHORTCODE.sub(replace, text)
    note = "has a gallery of pictures, which the export does not name" if galleries else ""
    return _format_captions(expanded), ((note,) if note else ())


def _shortcode_html(name: str, raw: str, is_closing: bool) -> str:
    """HTML of one shortcode tag."""
    values = {key.lower(): a or b or c for key, a, b, c in _ATTRIBUTE.findall(raw)}
    if name in ("caption", "wp_caption"):
        if is_closing:
            return "</figure>"
        caption = values.get("caption")
        return f"<figure><figcaption>{escape(caption)}</figcaption>" if caption else "<figure>"
    if name in _CODE:
        return "</code></pre>" if is_closing else "<pre><code>"
    if name in _MEDIA and not is_closing:
        url = _ADDRESS.search(raw)
        return f'<a href="{escape(url[0])}">{escape(url[0])}</a>' if url else ""
    return ""


def _format_captions(html: str) -> str:
    """Puts the caption text of WordPress 3.4 and later below its image."""
    pieces = html.split("<figure>")
    done = [pieces[0]]
    for piece in pieces[1:]:
        inside, closing, rest = piece.partition("</figure>")
        image = _IMAGE.search(inside)
        words = inside[image.end() :].strip() if image else ""
        if closing and image and words and not words.startswith("<figcaption"):
            inside = f"{image[0]}<figcaption>{words}</figcaption>"
        done.append(f"<figure>{inside}{closing}{rest}")
    return "".join(done)
