"""Lexical: the documents of Ghost's editor since version 5, JSON trees of nodes, as HTML.

Format: https://github.com/TryGhost/Koenig, `packages/kg-default-nodes`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape

from backfile.archive.importers.formats.blogs.ghost_cards import Values, card_html, string

_MARKS = ((1, "strong"), (2, "em"), (4, "s"), (8, "u"), (16, "code"), (32, "sub"), (64, "sup"))
_SIGNS = {"linebreak": "<br>", "tab": " "}
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BOXES = {
    "paragraph": "p",
    "quote": "blockquote",
    "extended-quote": "blockquote",
    "aside": "blockquote",
    "listitem": "li",
    "table": "table",
    "tablerow": "tr",
    "tablecell": "td",
}


def lexical_to_html(document: str) -> str:
    """HTML of a document. Raises `ValueError` if it is none."""
    tree = json.loads(document)
    root = tree.get("root") if isinstance(tree, Mapping) else None
    if not isinstance(root, Mapping):
        raise ValueError("is no document of the editor: it has no root")
    return _inner(root)


def _inner(node: Values) -> str:
    return "".join(_node_html(child) for child in node.get("children") or [] if isinstance(child, Mapping))


def _node_html(node: Values) -> str:
    kind = string(node, "type")
    if isinstance(node.get("text"), str) and "children" not in node:
        return _marked_text(node)
    if kind in _SIGNS:
        return _SIGNS[kind]
    tag, attributes = _box(kind, node)
    return f"<{tag}{attributes}>{_inner(node)}</{tag}>" if tag else card_html(kind, node) + _inner(node)


def _box(kind: str, node: Values) -> tuple[str, str]:
    """Tag and attributes of a node that holds others; empty for cards."""
    if kind in ("heading", "extended-heading"):
        return (string(node, "tag") if string(node, "tag") in _HEADINGS else "h2"), ""
    if kind == "list":
        start = node.get("start")
        if string(node, "listType", "tag") not in ("number", "ol"):
            return "ul", ""
        return "ol", f' start="{start}"' if isinstance(start, int) else ""
    if kind in ("link", "autolink"):
        return "a", f' href="{escape(string(node, "url"))}"'
    return _BOXES.get(kind, ""), ""


def _marked_text(node: Values) -> str:
    """Text in the marks of its format, a sum of bits."""
    text = escape(str(node["text"]))
    bits = node.get("format")
    for bit, tag in _MARKS:
        if isinstance(bits, int) and bits & bit:
            text = f"<{tag}>{text}</{tag}>"
    return text
