"""The text of a WordPress post as HTML: paragraphs where empty lines are, shortcodes as what they stand for."""

from __future__ import annotations

import re
from html import escape

_BLOCK = (
    "table|thead|tfoot|caption|col|colgroup|tbody|tr|td|th|div|dl|dd|dt|ul|ol|li|pre|form|blockquote|address|p|h[1-6]|"
    "hr|fieldset|section|article|aside|header|footer|nav|figure|figcaption|details|summary|iframe|script|style"
)
_BLOCK_TAG = re.compile(rf"(</?(?:{_BLOCK})\b[^<>]*>)", re.IGNORECASE)
_KEPT = re.compile(r"(</?(?:pre|script|style|textarea)\b[^<>]*>)", re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n[ \t]*\n\s*")
_BLOCK_MARK = re.compile(r"<!--\s*/?wp:")

_SHORTCODE = re.compile(r"(\[?)\[(/?)([A-Za-z][\w-]{0,60})((?:\s[^\[\]<>]{0,2000}|=[^\[\]<>]{0,2000})?)(/?)\](\]?)")
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'\]]+))""")
_IMAGE = re.compile(r"(?:<a\b[^<>]*>\s*)?<img\b[^<>]*>(?:\s*</a>)?", re.IGNORECASE)
_CODE = frozenset({"code", "sourcecode", "source", "php", "css", "html", "js", "python", "bash", "sql", "xml"})
_GALLERIES = frozenset({"gallery", "playlist", "slideshow", "ngg", "nggallery", "tiled-gallery"})
_MEDIA = frozenset({"audio", "video", "youtube", "vimeo", "embed", "soundcloud", "googlevideo", "vine", "twitter"})
_ADDRESS = re.compile(r"https?://[^\s\"'<>\[\]]+")


def to_html(content: str) -> tuple[str, tuple[str, ...]]:
    """The HTML that WordPress would show, and notes on what cannot be shown."""
    text = content.replace("\r\n", "\n").replace("\r", "\n")
    expanded, notes = _without_shortcodes(text)
    return (expanded if _BLOCK_MARK.search(text) else _with_paragraphs(expanded)), notes


def _with_paragraphs(text: str) -> str:
    """As `wpautop` of WordPress: empty lines part paragraphs, other line ends are line breaks, but not in code."""
    parts, depth = [], 0
    for piece in _KEPT.split(text):
        if _KEPT.fullmatch(piece):
            depth = max(0, depth - 1) if piece.startswith("</") else depth + 1
            parts.append(piece)
        else:
            parts.append(piece if depth else _paragraphs(piece))
    return "".join(parts)


def _paragraphs(text: str) -> str:
    """Text between block tags in paragraphs; block tags as they are."""
    done = []
    for piece in _BLOCK_TAG.split(text):
        if _BLOCK_TAG.fullmatch(piece):
            done.append(piece)
            continue
        chunks = [chunk.strip() for chunk in _EMPTY_LINES.split(piece) if chunk.strip()]
        is_inside = not _EMPTY_LINES.search(piece) and len(done) > 0 and not done[-1].startswith("</")
        broken = [chunk.replace("\n", "<br>\n") for chunk in chunks]
        done.append("".join(broken) if is_inside else "".join(f"<p>{chunk}</p>\n" for chunk in broken))
    return "".join(done)


def _without_shortcodes(text: str) -> tuple[str, tuple[str, ...]]:
    """Shortcodes (https://codex.wordpress.org/Shortcode_API) turned into HTML or left out; unknown words in brackets
    are prose, unless they have attributes or are closed."""
    closed = {found[3].lower() for found in _SHORTCODE.finditer(text) if found[2]}
    galleries = 0
    code: list[str] = []

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
        return before + _html_of(name, raw, bool(closing), code) + after

    expanded = _SHORTCODE.sub(replace, text)
    note = "has a gallery of pictures, which the export does not name" if galleries else ""
    return _captions(expanded), ((note,) if note else ())


def _html_of(name: str, raw: str, is_closing: bool, code: list[str]) -> str:
    """What one tag of a shortcode becomes."""
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


def _captions(html: str) -> str:
    """Puts what follows the picture in a caption of WordPress 3.4 and later below it."""
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
