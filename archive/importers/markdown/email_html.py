"""HTML of e-mails as Markdown: layout tables dissolved, hidden text, tracking pixels and list notices dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from backfile.archive.importers.common.html_parser import parse_html
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.importers.markdown.layout_tables import dissolve_tables, is_marked_layout

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|max-height\s*:\s*0(?![.\d])", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u034f\u200b\u200c\u2007\ufeff]+")
_LIST_NOTICE = re.compile(
    r"unsubscribe|manage (?:your )?(?:subscription|preferences)|update your (?:profile|preferences)|"
    r"view (?:this (?:email|message|newsletter) )?(?:in|on) (?:your |a |the )?(?:browser|web)|view online|"
    r"why did i get this|you(?:'|’)?(?:re| are) receiving this|désabonner|abbestellen|abmelden|darse de baja",
    re.IGNORECASE,
)
_NOTICE_TAGS = ("p", "td", "div", "li", "center", "span")
_BLOCKS_IN_NOTICE = frozenset({*_NOTICE_TAGS, "table"} - {"span"})
_LONGEST_NOTICE = 300
_TRACKING_SIZE = re.compile(r"\s*[0-2](?:px)?\s*\Z")


def email_to_markdown(html: str, *, pictures: Mapping[str, str]) -> str:
    """Markdown of an e-mail. `pictures` maps content ids of inline images to file names.

    Raises `ArchiveError` for what is too large or cannot be parsed.
    """
    if not html.strip():
        return ""
    tree = parse_html(html)
    for element in list(tree.iter("img")):
        _resolve_image(element, pictures)
    for element in list(tree.iter()):
        if isinstance(element.tag, str) and _HIDDEN.search(element.get("style") or ""):
            _drop(element)
    _drop_list_notices(tree)
    dissolve_tables(tree, _is_layout_table)
    return _INVISIBLE.sub("", tree_to_markdown(tree, base_url=None)).strip()


def _drop(element: Any) -> None:
    if element.getparent() is not None and element.tag not in ("html", "body"):
        element.drop_tree()


def _resolve_image(image: Any, pictures: Mapping[str, str]) -> None:
    """Points an inline image to its file; drops a tracking pixel."""
    source = (image.get("src") or "").strip()
    if source.lower().startswith("cid:"):
        name = pictures.get(source[4:].strip("<>"))
        if name is None:
            _drop(image)
        else:
            image.set("src", name)
    elif all(_TRACKING_SIZE.match(image.get(side) or "") for side in ("width", "height")):
        _drop(image)


def _drop_list_notices(tree: Any) -> None:
    """Drops notices of mailing lists: unsubscribe, view in browser."""
    for element in list(tree.iter(*_NOTICE_TAGS)):
        if element.getparent() is None or element.find(".//a") is None:
            continue
        if any(child.tag in _BLOCKS_IN_NOTICE for child in element.iterdescendants()):
            continue
        words = element.text_content()
        if len(words) <= _LONGEST_NOTICE and _LIST_NOTICE.search(words):
            _drop(element)


def _is_layout_table(table: Any) -> bool:
    """Whether a table lays out the e-mail: all but those with header cells and without images."""
    return is_marked_layout(table) or table.find(".//th") is None or table.find(".//img") is not None
