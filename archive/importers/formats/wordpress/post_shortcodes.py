"""Shortcodes of WordPress and of its common plugins as HTML (https://codex.wordpress.org/Shortcode_API).

What is known by its meaning becomes a link, picture, quotation, heading or code; what encloses text leaves the text. An
unknown word in brackets is text, unless it has attributes or a closing tag.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from urllib.parse import unquote

from backfile.archive.importers.formats.wordpress.export_index import ExportIndex, MediaFile, left_out

_CODE = frozenset(
    {
        "code",
        "sourcecode",
        "source",
        "cc",
        "cci",
        "php",
        "css",
        "html",
        "js",
        "javascript",
        "python",
        "bash",
        "sql",
        "xml",
        "java",
    }
    | {"ruby", "cpp", "csharp", "perl", "shell", "crayon", "prettify", "pre"}
)
_CODE_WITHOUT_LANGUAGE = frozenset({"code", "sourcecode", "source", "cc", "cci", "pre", "crayon", "prettify"})
_GALLERIES = frozenset(
    {"gallery", "playlist", "slideshow", "ngg", "nggallery", "tiled-gallery", "vc_gallery", "et_pb_gallery"}
)
_CAPTIONS = frozenset({"caption", "wp_caption"})
_QUOTES = frozenset({"quote", "blockquote", "pullquote"})
# Name → address of what is shown, by the id in the shortcode; empty where the shortcode has the whole address.
_PLAYERS = {
    "youtube": "https://www.youtube.com/watch?v={}",
    "vimeo": "https://vimeo.com/{}",
    "dailymotion": "https://www.dailymotion.com/video/{}",
    "wpvideo": "https://videopress.com/v/{}",
    "videopress": "https://videopress.com/v/{}",
    "tweet": "https://twitter.com/i/status/{}",
    "twitter": "https://twitter.com/i/status/{}",
    "instagram": "https://www.instagram.com/p/{}/",
    "gist": "https://gist.github.com/{}",
    "gistr": "https://gist.github.com/{}",
    "scribd": "https://www.scribd.com/doc/{}",
    "slideshare": "https://www.slideshare.net/slideshow/embed_code/{}",
    "ted": "https://www.ted.com/talks/{}",
    "archiveorg": "https://archive.org/details/{}",
    **dict.fromkeys(("audio", "video", "embed", "soundcloud", "googlevideo", "vine", "tiktok", "facebook"), ""),
    **dict.fromkeys(("spotify", "mixcloud", "bandcamp", "pinterest", "kickstarter", "googlemaps", "giphy"), ""),
    **dict.fromkeys(("fbvideo", "flickr", "iframe", "gdoc", "pdf", "pdf-embedder", "embeddoc", "wp-embedder"), ""),
}
_KNOWN = _GALLERIES | _CAPTIONS | _QUOTES | _PLAYERS.keys()
_LAYOUT = re.compile(
    r"vc_(?:(?:row|column)(?:_inner)?|section|empty_space|separator|tta_\w+)|et_pb_(?:section|row|column|divider|slider)\w*|"
    r"fusion_(?:builder_\w+|separator|section_separator)|av_(?:section|layout_\w+|one_\w+|two_\w+|row|cell_\w+|hr)|"
    r"(?:inner_)?row|col(?:umn)?s?|(?:one|two|three|four)_\w+|section|container|clear\w*|divider|spacer|separator|hr|toc|"
    r"(?:contact-form|wpforms|gravityform|mc4wp|mailchimp|newsletter|jetpack|sharing|subscribe|sitemap|adrotate|ads?)\b.*"
)
_URL_KEYS = (
    *("url", "src", "href", "link", "file", "mp4", "mp3", "m4a", "m4v", "ogg", "ogv", "oga", "webm", "wav", "flac"),
    *("wmv", "flv", "image", "img", "image_url", "button_url", "video_url", "video", "pdf", "target"),
)
_ID_KEYS = ("id", "video", "v", "gist", "slug", "code", "guid")
_NUMBER_KEYS = ("ids", "include", "images", "gallery_ids", "image", "image_id", "attachment_id")
_TEXT_KEYS = ("title", "heading", "text", "caption", "question", "label", "button_text", "content")

_QUOTED = r"(?:\"[^\"]{0,2000}\"|'[^']{0,2000}'|[^\[\]<>\"'])"
_SHORTCODE = re.compile(
    rf"(\[?)\[(/?)([A-Za-z][\w-]{{0,60}})((?:(?=[\s=]){_QUOTED}*+|\s[^\[\]<>]{{0,2000}}|=[^\[\]<>]{{0,2000}})?)(/?)\](\]?)"
)
_ATTRIBUTE = re.compile(r"""(?<![\w-])([\w-]++)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'\]]+))""")
_CODE_MARK = re.compile(
    rf"(?<!\[)(?:<(/?)(pre|code)\b[^<>]*>|\[(/?)({'|'.join(sorted(_CODE, reverse=True))})((?:\s[^\[\]]{{0,300}})?)\])",
    re.IGNORECASE,
)
_ESCAPED = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,5});")
_EMBED = re.compile(r"\[embed\b[^\[\]]{0,300}\]\s*(https?://[^\s\[\]<>\"]{1,2000})\s*\[/embed\]", re.IGNORECASE)
_ENCODED = re.compile(r"\[(vc_raw_html|vc_raw_js)\b[^\[\]]{0,300}\]([A-Za-z0-9+/=%\s]{0,400000})\[/\1\]", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s\"'<>\[\]|]+")
_IMAGE_TAG = re.compile(r"(?:<a\b[^<>]*>\s*)?<img\b[^<>]*>(?:\s*</a>)?", re.IGNORECASE)
_PICTURE = re.compile(r"\.(?:jpe?g|png|gif|webp|avif)\Z", re.IGNORECASE)
_MOST_NAMED = 10


def expand_shortcodes(text: str, index: ExportIndex, attached: list[str]) -> tuple[str, tuple[str, ...]]:
    """HTML without shortcodes, and notes on what they show and the export does not have.

    `attached` are the numbers of the media files of the post, which a gallery without numbers shows.
    """
    text = _EMBED.sub(lambda found: _link(found[1]), _ENCODED.sub(_decoded, text))
    expander = _Expander(index, attached, {found[3].lower() for found in _SHORTCODE.finditer(text) if found[2]})
    pieces = [piece if is_code else _SHORTCODE.sub(expander.replace, piece) for is_code, piece in _code_pieces(text)]
    return _format_captions("".join(pieces)), expander.notes()


def _decoded(found: re.Match[str]) -> str:
    """HTML of a page builder's block, which it keeps in base64 and percent-encoded."""
    if found[1].lower() == "vc_raw_js":
        return ""
    try:
        return unquote(base64.b64decode(found[2], validate=False).decode("utf-8", errors="replace"))
    except (binascii.Error, ValueError):
        return found[0]


def _code_pieces(text: str) -> Iterator[tuple[bool, str]]:
    """Pieces of a text, with whether each is code: between tags of code in HTML or shortcodes, and these themselves."""
    marks = list(_CODE_MARK.finditer(text))
    last = {_code_name(mark): mark.start() for mark in marks if mark[1] or mark[3]}
    start, inside = 0, ""
    for mark in marks:
        name, is_closing, is_tag = _code_name(mark), bool(mark[1] or mark[3]), bool(mark[2])
        if inside:
            if is_closing and name == inside:
                content = text[start : mark.start()]
                yield True, content + mark[0] if is_tag else f"{_escaped_code(content)}</code></pre>"
                start, inside = mark.end(), ""
        elif not is_closing and last.get(name, 0) > mark.start():
            yield False, text[start : mark.start()]
            yield True, mark[0] if is_tag else _code_start(mark[4].lower(), mark[5] or "")
            start, inside = mark.end(), name
    yield False, text[start:]


def _escaped_code(code: str) -> str:
    """Code between shortcodes as HTML: editors escape it, plugins store it as it was typed (`#include <stdio.h>`)."""
    return code if _ESCAPED.search(code) else escape(code, quote=False)


def _code_name(mark: re.Match[str]) -> str:
    """Name of a tag (`<pre`) or shortcode (`[php`) of code."""
    return f"<{mark[2].lower()}" if mark[2] else f"[{mark[4].lower()}"


def _code_start(name: str, raw: str) -> str:
    values = _values(raw)
    language = (
        values.get("language") or values.get("lang") or ("" if name in ("code", "sourcecode", "source") else name)
    )
    is_language = re.fullmatch(r"[\w+#-]{1,20}", language) and language not in ("pre", "crayon", "prettify")
    return f'<pre class="language-{language}"><code>' if is_language else "<pre><code>"


def _values(raw: str) -> dict[str, str]:
    return {key.lower(): unescape(a or b or c).strip("”“″ ") for key, a, b, c in _ATTRIBUTE.findall(raw)}


def _link(url: str, words: str = "") -> str:
    return f'<a href="{escape(unescape(url))}">{escape(words or unescape(url))}</a>'


@dataclass(slots=True)
class _Expander:
    """Expansion of the shortcodes of one post; `closed` are the names that have a closing tag somewhere in it."""

    index: ExportIndex
    attached: list[str]
    closed: set[str]
    ends: dict[str, list[str]] = field(default_factory=dict)
    dropped: dict[str, None] = field(default_factory=dict)
    galleries: int = 0

    def replace(self, found: re.Match[str]) -> str:
        """HTML in the place of one shortcode tag."""
        before, closing, name, raw, slash, after = found.groups()
        name = name.lower()
        if before and after:
            return found[0][1:-1]
        if not (name in self.closed or name in _KNOWN or "=" in raw):
            return found[0]
        if closing:
            ends = self.ends.get(name)
            return before + (ends.pop() if ends else "") + after
        html, end = self._html(name, raw)
        if name in self.closed and not slash:
            self.ends.setdefault(name, []).append(end)
        else:
            html += end
        return before + html + after

    def notes(self) -> tuple[str, ...]:
        """Notes on what is left out."""
        notes = ["has a gallery of pictures, which the export does not name"] if self.galleries else []
        if self.dropped:
            named = ", ".join(list(self.dropped)[:_MOST_NAMED]) + (" …" if len(self.dropped) > _MOST_NAMED else "")
            notes.append(f"left out what these shortcodes show: {named}")
        return tuple(notes)

    def _html(self, name: str, raw: str) -> tuple[str, str]:
        """HTML in the place of an opening tag, and in that of its closing tag."""
        values = _values(raw)
        if name in _CAPTIONS:
            caption = values.get("caption")
            return f"<figure><figcaption>{caption}</figcaption>" if caption else "<figure>", "</figure>"
        if name in _QUOTES:
            return "<blockquote>", "</blockquote>"
        files = self._files(name, values)
        if files or name in _GALLERIES:
            self.galleries += not files
            return "\n\n" + ("\n".join(file.html() for file in files) or left_out("pictures")) + "\n\n", ""
        words = next((values[key] for key in _TEXT_KEYS if values.get(key)), "")
        url = _url_in(name, raw, values)
        if url:
            return _shown(url, words, is_open=name in self.closed and name not in _PLAYERS)
        if words and not _LAYOUT.fullmatch(name):
            return f"\n\n<p><strong>{escape(words)}</strong></p>\n\n", ""
        if name not in self.closed and not _LAYOUT.fullmatch(name):
            self.dropped[" ".join(f"{name}{raw}".split())[:60]] = None
        return "", ""

    def _files(self, name: str, values: dict[str, str]) -> list[MediaFile]:
        """Media files that a shortcode names by number; all of the post for a gallery that names none."""
        if name.startswith("ngg"):  # its galleries have numbers of their own
            return []
        named = next((values[key] for key in _NUMBER_KEYS if re.fullmatch(r"[\d,\s]+", values.get(key, ""))), "")
        if named:
            return self.index.gallery(number.strip() for number in named.split(","))
        return self.index.gallery(self.attached) if name in ("gallery", "slideshow") else []


def _url_in(name: str, raw: str, values: dict[str, str]) -> str:
    """Address of what a shortcode shows; empty if it has none."""
    bare = re.sub(r"\A[\s=]+|&quot;|&#8221;|[”\"']", "", raw).strip()
    if name in _PLAYERS:
        found = _ADDRESS.search(raw)
        if found:
            return found[0]
        first = bare.partition(" ")[0]
        named = next((values[key] for key in _ID_KEYS if values.get(key)), "" if "=" in first else first)
        return _PLAYERS[name].format(named) if re.fullmatch(r"[\w./-]{3,80}", named) and _PLAYERS[name] else ""
    for key in _URL_KEYS:
        value = values.get(key, "")
        if value.startswith("url:"):
            value = unquote(value[4:].partition("|")[0])
        if _ADDRESS.fullmatch(value):
            return value
    return ""


def _shown(url: str, words: str, *, is_open: bool) -> tuple[str, str]:
    """HTML that shows what is at an address: a picture, or a link, which goes on to the closing tag if `is_open`."""
    if _PICTURE.search(url.partition("?")[0]):
        title = f"<p><strong>{escape(words)}</strong></p>\n\n" if words and is_open else ""
        return f'\n\n<img src="{escape(url)}" alt="{"" if title else escape(words)}">\n\n{title}', ""
    if is_open:
        return (f"<strong>{escape(words)}</strong> " if words else "") + f'<a href="{escape(url)}">', "</a>"
    return _link(url, words), ""


def _format_captions(html: str) -> str:
    """Puts the caption text of WordPress 3.4 and later below its image."""
    pieces = html.split("<figure>")
    done = [pieces[0]]
    for piece in pieces[1:]:
        inside, closing, rest = piece.partition("</figure>")
        image = _IMAGE_TAG.search(inside)
        words = inside[image.end() :].strip() if image else ""
        if closing and image and words and not words.startswith("<figcaption"):
            inside = f"{image[0]}<figcaption>{words}</figcaption>"
        done.append(f"<figure>{inside}{closing}{rest}")
    return "".join(done)
