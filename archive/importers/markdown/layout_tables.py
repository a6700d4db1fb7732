"""Layout tables: distinguished from data tables, and dissolved into blocks."""

from __future__ import annotations

from collections.abc import Callable

from lxml.html import HtmlElement

_PARTS = ("tbody", "thead", "tfoot", "tr", "td", "th")
_LAYOUT_ROLES = frozenset({"presentation", "none"})


def dissolve_tables(tree: HtmlElement, is_layout: Callable[[HtmlElement], bool]) -> None:
    """Turns tables for which `is_layout` holds, and table parts outside of tables, into `div` elements."""
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
    """Whether a table is marked as layout, or contains tables, as no data table does."""
    return table.get("role") in _LAYOUT_ROLES or table.find(".//table") is not None


def is_layout_table(table: HtmlElement) -> bool:
    """Whether a table is layout: marked so, or without header cells and with one row or one column."""
    if is_marked_layout(table):
        return True
    if table.find(".//th") is not None:
        return False
    widths = [len(row.findall("td")) for row in table.iter("tr")]
    return len(widths) <= 1 or max(widths) <= 1
