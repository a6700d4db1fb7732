"""Mobiledoc 0.3: the documents of Ghost's editor in versions 1 to 4, as HTML.

Format: https://github.com/bustle/mobiledoc-kit/blob/master/MOBILEDOC.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

from backfile.archive.importers.formats.blogs.ghost_cards import card_html

_MARKUP, _IMAGE, _LIST, _CARD = 1, 2, 3, 10
_ATOM = 1
_TAG = re.compile(r"[a-z][a-z0-9]{0,15}\Z")


def mobiledoc_to_html(document: str) -> str:
    """HTML of a document. Raises `ValueError` if it is none."""
    tree = json.loads(document)
    if not isinstance(tree, Mapping) or not isinstance(tree.get("sections"), list):
        raise ValueError("is no document of the editor: it has no sections")
    try:
        return "".join(_section_html(section, tree) for section in tree["sections"])
    except (IndexError, TypeError, KeyError) as error:
        raise ValueError(f"is a broken document of the editor: {error}") from error


def only_markdown(document: str) -> str | None:
    """Markdown of a document that is one card of Markdown; None for any other."""
    tree = json.loads(document)
    cards = tree.get("cards") if isinstance(tree, Mapping) else None
    if (
        isinstance(cards, list)
        and len(cards) == 1
        and tree.get("sections") in ([[_CARD, 0]], [[_CARD, 0], [1, "p", []]])
    ):
        name, values = cards[0][0], cards[0][1]
        if name in ("card-markdown", "markdown") and isinstance(values, Mapping):
            text = values.get("markdown")
            return text if isinstance(text, str) else None
    return None


def _section_html(section: Any, tree: Mapping[str, Any]) -> str:
    kind = section[0]
    if kind == _MARKUP:
        tag = "blockquote" if section[1] in ("aside", "pull-quote") else _checked(section[1])
        return f"<{tag}>{_markers_html(section[2], tree)}</{tag}>"
    if kind == _IMAGE:
        return f'<p><img src="{escape(str(section[1]))}"></p>'
    if kind == _LIST:
        items = "".join(f"<li>{_markers_html(item, tree)}</li>" for item in section[2])
        return f"<{_checked(section[1])}>{items}</{_checked(section[1])}>"
    if kind == _CARD:
        name, values = tree["cards"][section[1]][:2]
        return card_html(str(name), values if isinstance(values, Mapping) else {})
    return ""


def _markers_html(markers: Any, tree: Mapping[str, Any]) -> str:
    """Inline text: each marker opens some markups and closes the last ones."""
    done, opened = [], []
    for kind, openings, closings, value in markers:
        for index in openings:
            name, attributes = (*tree["markups"][index], [])[:2]
            pairs = zip(attributes[::2], attributes[1::2], strict=False)
            shown = "".join(f' {_checked(key)}="{escape(str(inner))}"' for key, inner in pairs)
            opened.append(_checked(name))
            done.append(f"<{opened[-1]}{shown}>")
        done.append(_atom_html(tree["atoms"][value]) if kind == _ATOM else escape(str(value)))
        done += [f"</{opened.pop()}>" for _ in range(min(closings, len(opened)))]
    return "".join(done) + "".join(f"</{tag}>" for tag in reversed(opened))


def _atom_html(atom: Any) -> str:
    return "<br>" if atom[0] == "soft-return" else escape(str(atom[1]))


def _checked(name: object) -> str:
    """Name of an element or attribute; raises `ValueError` for what is none."""
    if not isinstance(name, str) or not _TAG.match(name):
        raise ValueError(f"is a broken document of the editor: {str(name)[:40]!r} is no element")
    return name
