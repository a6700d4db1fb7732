"""Letters in HTML as Markdown: the tables that only lay them out dissolved, what is hidden and what spies left out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from backfile.archive.importers.common.html_parser import parse_html
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.importers.markdown.layout_tables import dissolve_tables, is_marked_layout

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|max-height\s*:\s*0(?![.\d])", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u034f\u200b\u200c\u2007\ufeff]+")
_ADMINISTRATION = re.compile(
    r"unsubscribe|manage (?:your )?(?:subscription|preferences)|update your (?:profile|preferences)|"
    r"view (?:this (?:email|message|newsletter) )?(?:in|on) (?:your |a |the )?(?:browser|web)|view online|"
    r"why did i get this|you(?:'|’)?(?:re| are) receiving this|désabonner|abbestellen|abmelden|darse de baja",
    re.IGNORECASE,
)
_LEAVES = ("p", "td", "div", "li", "center", "span")
_LONGEST_NOTICE = 300
_TINY = re.compile(r"\s*[0-2](?:px)?\s*\Z")


def email_to_markdown(html: str, *, pictures: Mapping[str, str]) -> str:
    """A letter as Markdown. `pictures` maps the content ids of pictures that came with it to their file names.

    Raises `ArchiveError` for what is too large or cannot be parsed.
    """
    if not html.strip():
        return ""
    tree = parse_html(html)
    for element in list(tree.iter("img")):
        _settle_picture(element, pictures)
    for element in list(tree.iter()):
        if isinstance(element.tag, str) and _HIDDEN.search(element.get("style") or ""):
            _drop(element)
    _drop_administration(tree)
    dissolve_tables(tree, _lays_out)
    return _INVISIBLE.sub("", tree_to_markdown(tree, base_url=None)).strip()


def _drop(element: Any) -> None:
    if element.getparent() is not None and element.tag not in ("html", "body"):
        element.drop_tree()


def _settle_picture(image: Any, pictures: Mapping[str, str]) -> None:
    """Names a picture that came with the letter by its file; drops one that only counts readers."""
    source = (image.get("src") or "").strip()
    if source.lower().startswith("cid:"):
        name = pictures.get(source[4:].strip("<>"))
        if name is None:
            _drop(image)
        else:
            image.set("src", name)
    elif all(_TINY.match(image.get(side) or "") for side in ("width", "height")):
        _drop(image)


def _drop_administration(tree: Any) -> None:
    """Leaves out the notices that every letter of a list carries: how to leave it, how to see it elsewhere."""
    for element in list(tree.iter(*_LEAVES)):
        if element.getparent() is None or element.find(".//a") is None:
            continue
        if any(
            child.tag in _LEAVES or child.tag == "table" for child in element.iterdescendants() if child.tag != "span"
        ):
            continue
        words = element.text_content()
        if len(words) <= _LONGEST_NOTICE and _ADMINISTRATION.search(words):
            _drop(element)


def _lays_out(table: Any) -> bool:
    """Whether a table lays its letter out: in letters all but those that have heads and no pictures."""
    return is_marked_layout(table) or table.find(".//th") is None or table.find(".//img") is not None
