"""Topics from tags, categories and keywords in the ways in which articles give them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import unescape

from backfile.archive.metadata.author_names import name_in

_SPLIT = re.compile(r"[,;，、；،\n]")
_PLURAL = frozenset({"tags", "categories"})


def topic_names(value: object, *, key: str, path: str, display: Callable[[str], str] = str) -> tuple[str, ...]:
    """Topics named by a value, in its order.

    A string is taken apart at commas and semicolons; at spaces only if each word is a `#tag`, or if the file lies in
    a `_posts` folder, where Jekyll takes `tags` and `categories` (https://jekyllrb.com/docs/posts/#tags) so.
    """
    names = []
    for raw, is_item in _raw(value):
        text = unescape(raw) if "&" in raw else raw
        parts = [text] if is_item else _parts(text.strip(), key, path)
        for part in parts:
            name = " ".join(part.split()).lstrip("#").strip()
            if name and name.casefold() not in {"null", "none"}:
                names.append(display(name))
    return tuple(names)


def _raw(value: object, is_item: bool = False) -> Iterator[tuple[str, bool]]:
    if isinstance(value, bool):
        yield str(value).lower(), is_item
    elif isinstance(value, str | int | float):
        yield str(value), is_item
    elif isinstance(value, Mapping):
        name = name_in(value)
        if name is not None:
            yield name, True
        else:
            for key, inner in value.items():
                yield (name_in(inner) if isinstance(inner, Mapping) else None) or str(key), True
    elif isinstance(value, Iterable):
        for item in value:
            yield from _raw(item, is_item=True)


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
