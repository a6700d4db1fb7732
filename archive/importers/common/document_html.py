"""What documents and books that became trees of HTML have in common."""

from __future__ import annotations

from lxml.html import HtmlElement


def text_of(element: HtmlElement | None) -> str:
    """The words of an element on one line; empty if there is none."""
    return " ".join(element.text_content().split()) if element is not None else ""


def lower_headings(tree: HtmlElement) -> None:
    """Lets the headings of a text begin one rank lower, below its title, if some are of the highest."""
    if next(tree.iter("h1"), None) is None:
        return
    for rank in range(5, 0, -1):
        for heading in list(tree.iter(f"h{rank}")):
            heading.tag = f"h{rank + 1}"
