"""Blocks of the block editor that are kept as a comment only (`<!-- wp:name {attributes} /-->`), as HTML.

Format: https://developer.wordpress.org/block-editor/explanations/architecture/key-concepts/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape

from backfile.archive.importers.formats.wordpress.export_index import ExportIndex, left_out

_BLOCK = re.compile(r"<!--\s+wp:([a-z][\w/-]{0,100})\s+(\{[^<>]{0,200000}\}\s+)?/-->")
_WIDGETS = re.compile(
    r"(?:core/)?(?:(?:post|query|comments?|site|navigation|home|loginout|latest|social|widget|legacy|term)\b.*|"
    r"more|nextpage|separator|spacer|footnotes|archives|calendar|categories|page-list.*|search|tag-cloud|avatar|"
    r"template-part|read-more|pattern|paragraph|heading|list|rss|freeform|shortcode|column|group|table-of-contents|"
    r"jetpack/(?:related-posts|subscriptions|contact-form|sharing|like|mailchimp|business-hours|ad)\b.*|"
    r"yoast(?:-seo)?/.*|wpforms/.*|contact-form-7/.*|gravityforms/.*|mailpoet/.*|newsletter.*)"
)
_DOWNLOAD = re.compile(r"<a\b[^<>]*\bwp-block-file__button\b[^<>]*>[^<>]*</a>")  # next to the link with the name
_URLS = ("url", "src", "href", "mediaUrl", "videoUrl", "giphyUrl", "imageUrl")
_DEPTH = 3


def expand_blocks(text: str, index: ExportIndex, depth: int = 0) -> tuple[str, tuple[str, ...]]:
    """HTML in which reusable blocks are in their places, and notes on what the export does not have.

    The texts of an ACF block become paragraphs, an address a link; widgets and layout are left out in silence.
    """
    missing: dict[str, None] = {}

    def replace(found: re.Match[str]) -> str:
        name, values = found[1], _attributes(found[2])
        if name == "block":
            content = index.blocks.get(str(values.get("ref", "")))
            if content is None or depth >= _DEPTH:
                missing["a reusable block"] = None
                return left_out("reusable block")
            inner, notes = expand_blocks(content, index, depth + 1)
            missing.update(dict.fromkeys(notes))
            return inner
        html = "\n".join(_html(values))
        if not html and not _WIDGETS.fullmatch(name):
            missing[f"the block {name}"] = None
        return html

    expanded = _BLOCK.sub(replace, _DOWNLOAD.sub("", text))
    return expanded, tuple(note if note.startswith("left out") else f"left out {note}" for note in missing)


def _attributes(text: str | None) -> Mapping[str, object]:
    try:
        values = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, Mapping) else {}


def _html(values: Mapping[str, object]) -> Iterator[str]:
    """Yields the paragraphs of a block that has its texts in its attributes (ACF), and its address as a link."""
    data = values.get("data")
    for key, value in data.items() if isinstance(data, Mapping) else ():
        if not key.startswith("_") and isinstance(value, str) and " " in value.strip():
            yield value if "<p" in value else f"<p>{value}</p>"
    url = next((value for key in _URLS if isinstance(value := values.get(key), str)), "")
    if url.startswith(("http://", "https://")):
        yield f'<p><a href="{escape(url)}">{escape(url)}</a></p>'
