"""Python-Markdown adapter: the dialect of real archives, with limits on input that is too slow for it."""

from __future__ import annotations

import re
from typing import Any

import markdown

from backfile.archive.markdown.plain_text import REFERENCE_TAG

MAX_CHARACTERS = 100_000
# Signs and lines × characters of one block: patterns look from each sign, block processors from each line, to its end.
MAX_BLOCK_EFFORT = 4_000_000

_EXTENSIONS = (
    *("tables", "footnotes", "def_list", "abbr", "sane_lists", "attr_list"),
    *("pymdownx.highlight", "pymdownx.superfences", "pymdownx.betterem", "pymdownx.tilde"),
    *("pymdownx.tasklist", "pymdownx.saneheaders", "pymdownx.escapeall"),
)
_SETTINGS: dict[str, dict[str, Any]] = {
    "footnotes": {"BACKLINK_TEXT": "↩"},
    "pymdownx.highlight": {"use_pygments": False},
    "pymdownx.tilde": {"subscript": False},
    "pymdownx.escapeall": {"hardbreak": True},
}
_BLOCKS = re.compile(r"\n[ \t]*\n")
_SIGNS = re.compile(r"[|\n\[\]*_`<>!&\\~]")
_REFERENCE = re.compile(r'<sup id="(fnref[^"]*)"><a class="footnote-ref" href="([^"]*)">(.*?)</a></sup>')
_WAY_BACK = re.compile(r'(?:&#160;)?<a class="footnote-backref" href="([^"]*)"[^>]*>[^<]*</a>')
_NOTES = re.compile(r'<div class="footnote">\s*<hr ?/?>')


def render(source: str) -> str | None:
    """Renders Markdown as raw, unsafe HTML; None if the source exceeds the limits."""
    if len(source) > MAX_CHARACTERS or any(
        len(block) * len(_SIGNS.findall(block)) > MAX_BLOCK_EFFORT for block in _BLOCKS.split(source)
    ):
        return None
    try:
        html = markdown.markdown(source, extensions=_EXTENSIONS, extension_configs=_SETTINGS)
    except RecursionError:
        return None
    html = _REFERENCE.sub(rf'{REFERENCE_TAG}<a id="\1" href="\2">\3</a></sup>', html)
    html = _WAY_BACK.sub(rf'{REFERENCE_TAG}<a href="\1">↩</a></sup>', html)
    return _NOTES.sub('<div class="footnotes">', html)
