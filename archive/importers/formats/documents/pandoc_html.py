"""HTML of Pandoc as Markdown: formulas between `$`, boxes to tick, code, embedded pictures as files."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from functools import partial

from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import lower_headings, parse_html
from backfile.archive.importers.item import Asset
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown

_DATA = re.compile(r"data:([a-z]+)/([a-z0-9.+-]++)[^,]*;base64,(.*)\Z", re.IGNORECASE | re.DOTALL)
_SUFFIXES = {"jpeg": "jpg", "svg+xml": "svg", "x-icon": "ico"}
_FORMULA = "FORMULA{}ENDFORMULA"


@dataclass(frozen=True, slots=True)
class PandocText:
    """Text in Markdown, and the pictures that were embedded in it."""

    body: str
    assets: tuple[Asset, ...]


def parse_pandoc_html(html: str) -> HtmlElement:
    """Tree of Pandoc's HTML, with headings below the title."""
    tree = parse_html(f"<div>{html}</div>")
    for heading in list(tree.iter("h1", "h2", "h3", "h4", "h5", "h6")):
        if not heading.text_content().strip():
            heading.drop_tree()
    lower_headings(tree)
    return tree


def pandoc_tree_to_markdown(tree: HtmlElement) -> PandocText:
    """Markdown of a tree, which is modified."""
    formulas = hide_formulas(tree)
    for box in list(tree.iter("input")):
        box.tag, box.text = "span", "☑ " if box.get("checked") is not None else "☐ "
    for mark in list(tree.xpath(".//*[contains(@class, 'todo') or contains(@class, 'tag')][self::span]")):
        if set((mark.get("class") or "").split()) & {"todo", "tag"}:
            mark.drop_tree()  # states and tags of Org's headings
    for rule in list(tree.xpath(".//section[contains(@class, 'footnotes')]/hr")):
        rule.drop_tree()
    for code in tree.iter("pre"):
        if code.get("class"):
            code.set("class", f"language-{code.get('class').split()[0]}")
    pictures = _take_pictures(tree)
    body = tree_to_markdown(tree, base_url=None)
    body = show_formulas(body, formulas)
    return PandocText(body, tuple(each for each in pictures if each.name in body))


def show_formulas(body: str, formulas: dict[str, str]) -> str:
    """Markdown with the formulas that `hide_formulas` has taken out of its tree."""
    for name, formula in formulas.items():
        body = body.replace(name, formula)
    return body


def hide_formulas(tree: HtmlElement) -> dict[str, str]:
    """Puts words in the place of formulas (`span.math`, in TeX), because signs in text would be escaped.

    Returns word → formula between `$`.
    """
    formulas: dict[str, str] = {}
    for element in list(tree.xpath(".//span[contains(@class, 'math')]")):
        tex = element.text_content().strip().strip("$")
        name = _FORMULA.format(len(formulas))
        formulas[name] = f"$${tex}$$" if "display" in (element.get("class") or "") else f"${tex}$"
        tail = element.tail
        element.clear()
        element.text, element.tail = name, tail
    return formulas


def _take_pictures(tree: HtmlElement) -> list[Asset]:
    """Gives embedded pictures names, and returns them."""
    assets: list[Asset] = []
    for image in list(tree.iter("img")):
        found = _DATA.match(image.get("src") or "")
        if found is None:
            continue
        try:
            content = base64.b64decode(found[3], validate=False)
        except (binascii.Error, ValueError):
            continue
        kind = found[2].lower()
        name = f"picture-{len(assets) + 1}.{_SUFFIXES.get(kind, kind)}"
        assets.append(Asset(name, partial(bytes, content)))
        image.set("src", name)
        if image.get("alt") == "image":  # Pandoc's own word
            image.set("alt", "")
    return assets
