"""Links bare URLs in running text and wraps defined abbreviations in `abbr`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode, create_tag

MAX_ABBREVIATIONS = 100

_ADDRESS = r"\bhttps?://[^\s<>\"'`]{1,2000}"
_TRAILING = ".,;:!?*_~'\"”’»…"
_OPENERS = {")": "(", "]": "[", "}": "{"}
_NOT_WITHIN = frozenset(("a", "code", "pre", "kbd", "samp", "abbr", "script", "style", "textarea", "title", "math"))


def link_and_abbreviate(tree: LexborHTMLParser, abbreviations: Mapping[str, str]) -> None:
    """Links every bare URL and wraps every abbreviation of the running text; the text does not change."""
    html = tree.html or ""
    if "://" not in html and not abbreviations:
        return
    shorts = sorted(abbreviations, key=len, reverse=True)[:MAX_ABBREVIATIONS]
    pattern = re.compile("|".join([f"({_ADDRESS})", *(rf"(?<!\w){re.escape(short)}(?!\w)" for short in shorts)]))
    for node in _text_nodes(tree):
        if pattern.search(node.text_content or ""):
            _split(node, pattern, abbreviations)


def _text_nodes(tree: LexborHTMLParser) -> list[LexborNode]:
    root = tree.root
    nodes = [] if root is None else list(root.traverse(include_text=True))
    return [node for node in nodes if node.is_text_node and not _within(node)]


def _within(node: LexborNode) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.tag in _NOT_WITHIN or parent.attributes.get("class") == "formula":
            return True
        parent = parent.parent
    return False


def _split(node: LexborNode, pattern: re.Pattern[str], abbreviations: Mapping[str, str]) -> None:
    text, copied = node.text_content or "", 0
    for found in pattern.finditer(text):
        words = found[0]
        if found[1]:
            words = _without_trailing(words)
            wrapped = create_tag("a")
            wrapped.attrs["href"] = words
        else:
            wrapped = create_tag("abbr")
            wrapped.attrs["title"] = abbreviations[words]
        wrapped.insert_child(words)
        if found.start() > copied:
            node.insert_before(text[copied : found.start()])
        node.insert_before(wrapped)
        copied = found.start() + len(words)
    if copied < len(text):
        node.insert_before(text[copied:])
    node.remove()


def _without_trailing(address: str) -> str:
    """URL without trailing punctuation of the sentence; balanced brackets belong to it."""
    while address[-1] in _TRAILING or (
        address[-1] in _OPENERS and address.count(address[-1]) > address.count(_OPENERS[address[-1]])
    ):
        address = address[:-1]
    return address
