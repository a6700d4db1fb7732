"""Tables that lay a page or a letter out: told from tables of data, and dissolved into plain blocks."""

from __future__ import annotations

from collections.abc import Callable

from lxml.html import HtmlElement

_PARTS = ("tbody", "thead", "tfoot", "tr", "td", "th")
_FOR_SHOW = frozenset({"presentation", "none"})


def dissolve_tables(tree: HtmlElement, is_layout: Callable[[HtmlElement], bool]) -> None:
    """Turns the tables for which `is_layout` holds, and parts of tables that are in none, into blocks."""
    for table in list(tree.iter("table")):
        if not is_layout(table):
            continue
        own = [each for each in table.iter(*_PARTS) if next(each.iterancestors("table"), None) is table]
        for element in (table, *own):
            element.tag = "div"
    for stray in list(tree.iter(*_PARTS)):
        if next(stray.iterancestors("table"), None) is None:
            stray.tag = "div"


def is_marked_layout(table: HtmlElement) -> bool:
    """Whether a table says so itself, or has tables in it, which no table of data has."""
    return table.get("role") in _FOR_SHOW or table.find(".//table") is not None


def is_layout_table(table: HtmlElement) -> bool:
    """Whether a table of a page is for show, or is without heads one row or one column: nothing is set beside it."""
    if is_marked_layout(table):
        return True
    if table.find(".//th") is not None:
        return False
    widths = [len(row.findall("td")) for row in table.iter("tr")]
    return len(widths) <= 1 or max(widths) <= 1
