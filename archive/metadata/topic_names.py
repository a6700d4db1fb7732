"""Topics from tags, categories and keywords in the ways in which articles give them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

from backfile.archive.metadata.author_names import raw_names
from backfile.archive.metadata.name_keys import composed, without_wiki_links

_SPLIT = re.compile(r"[,;，、；،\n]")
_PLURAL = frozenset({"tags", "categories"})


def topic_names(value: object, *, key: str, path: str, display: Callable[[str], str] = str) -> tuple[str, ...]:
    """Topics named by a value, in its order.

    A string is taken apart at commas and semicolons; at spaces only if each word is a `#tag`, or if the file lies in
    a `_posts` folder, where Jekyll takes `tags` and `categories` (https://jekyllrb.com/docs/posts/#tags) so.
    """
    names = []
    is_list = not isinstance(value, str | int | float)
    for raw in raw_names(value, booleans=True):
        text = without_wiki_links(composed(unescape(raw) if "&" in raw else raw))
        parts = [text] if is_list else _parts(text.strip(), key, path)
        for part in parts:
            name = " ".join(part.split()).lstrip("#").strip()
            if name and name.casefold() not in {"null", "none"}:
                names.append(display(name))
    return tuple(names)


def _parts(text: str, key: str, path: str) -> list[str]:
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    parts = [part for part in map(str.strip, _SPLIT.split(text)) if part]
    if len(parts) == 1:
        tokens = parts[0].split()
        if all(token.startswith("#") for token in tokens):
            return tokens
        if key in _PLURAL and "_posts" in path.split("/"):
            return tokens
    return parts
