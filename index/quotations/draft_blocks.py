"""Blocks of a draft in Markdown as plain texts whose places lead back to lines; code has no quotation marks in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import pyromark

from backfile.archive.frontmatter.front_matter import parse

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_FOOTNOTES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_DEFINITION_LIST
    | pyromark.Options.ENABLE_GFM
)
_LEAVES = frozenset({"Paragraph", "Heading", "TableCell", "Item", "DefinitionListDefinition", "DefinitionListTitle"})
_QUOTATION_MARKS = str.maketrans(dict.fromkeys("\"'“”„‟‘’‚‛«»‹›「」『』〝〞〟", " "))
_HIDDEN_START = re.compile(r"<!--|<(?:pre|code|script|style|textarea)\b")
_HIDDEN_ENDS = {"<!--": re.compile("-->")} | {
    f"<{name}": re.compile(rf"</{name}\s*>") for name in ("pre", "code", "script", "style", "textarea")
}
_TAG = re.compile(r"<(/?)(q|blockquote)\b[^<>]*>|<[^<>]*>")
_MARK_OF_TAG = {("", "q"): "“", ("/", "q"): "”", ("", "blockquote"): "“", ("/", "blockquote"): "”"}


@dataclass
class DraftBlock:
    """Text of a paragraph, heading, cell or HTML block; `quoted` numbers the block quotation that it is in, from 1.

    `places` are (offset in the text, offset in the draft in bytes), ascending.
    """

    quoted: int = 0
    text: str = ""
    places: list[tuple[int, int]] = field(default_factory=list)

    def add(self, text: str, place: int) -> None:
        """Adds a piece of text that stands at a place of the draft."""
        self.places.append((len(self.text), place))
        self.text += text

    def place_of(self, offset: int) -> int:
        """Place in the draft of an offset in the text; that of the piece it is in."""
        return self.places[max(bisect_right(self.places, (offset, 1 << 62)) - 1, 0)][1] if self.places else 0


@dataclass(frozen=True)
class DraftText:
    """Blocks of a draft and the bytes at which its lines begin; `first_line` is the line of the first, from 1."""

    blocks: tuple[DraftBlock, ...]
    lines: tuple[int, ...]
    first_line: int

    def line_of(self, block: DraftBlock, offset: int) -> int:
        """Line of the file, from 1."""
        return self.first_line + bisect_right(self.lines, block.place_of(offset)) - 1


def read_draft(text: str) -> DraftText:
    """Blocks of a draft; its front matter is no text."""
    front = parse(text.replace("\r\n", "\n"))
    above = front.text[: len(front.text) - len(front.body)].count("\n")
    data = front.body.encode("utf-8", "surrogatepass")
    lines = (0, *(found.end() for found in re.finditer(rb"\n", data)))
    blocks = [block for block in _Reader().read(front.body) if block.text.strip()]
    return DraftText(tuple(blocks), lines, above + 1)


class _Reader:
    """Reader of the events of the Markdown parser."""

    def __init__(self) -> None:
        self._block = DraftBlock()
        self._quotes = 0  # block quotations met
        self._depth: list[bool] = []  # of block quotations around: whether each is an alert (`> [!NOTE]`)
        self._in_code = False

    def read(self, body: str) -> Iterator[DraftBlock]:
        """Blocks in the order of the draft."""
        for event, where in pyromark.events_with_range(body, options=_OPTIONS):
            if self._borders(event):
                yield self._block
                self._block = DraftBlock(self._quotes if self._depth and not any(self._depth) else 0)
            self._take(event, where["start"])
        yield self._block

    def _borders(self, event: Any) -> bool:
        """Follows where blocks begin and end; True if one does."""
        if not isinstance(event, dict) or not event.keys() & {"Start", "End"}:
            return False
        name, kind = next(iter(event.items()))
        tag = kind if isinstance(kind, str) else next(iter(kind))
        if tag == "BlockQuote":
            self._quotes += name == "Start" and not self._depth
            if name == "Start":
                self._depth.append(kind["BlockQuote"] is not None)
            elif self._depth:
                self._depth.pop()
            return True
        if tag in ("CodeBlock", "MetadataBlock"):
            self._in_code = name == "Start"
        return tag in _LEAVES or tag in ("CodeBlock", "HtmlBlock", "List", "FootnoteDefinition")

    def _take(self, event: Any, place: int) -> None:
        """Adds the text of an event to the present block."""
        if event in ("SoftBreak", "HardBreak"):
            self._block.add("\n", place)
        elif isinstance(event, dict) and not self._in_code:
            if "Text" in event:
                self._block.add(event["Text"], place)
            elif "Code" in event:
                self._block.add(event["Code"].translate(_QUOTATION_MARKS), place)
            elif "InlineHtml" in event or "Html" in event:
                self._block.add(_without_tags(event.get("InlineHtml") or event["Html"]), place)


def _without_tags(html: str) -> str:
    """Text of HTML without comments and code, with quotation marks for the elements that stand for them."""
    kept: list[str] = []
    endless: set[str] = set()
    place = 0
    while (start := html.find("<", place)) >= 0:
        end = _end_of_hidden(html, start, endless)
        tag = None if end else _TAG.match(html, start)
        kept += (html[place:start], _MARK_OF_TAG.get((tag[1] or "", tag[2] or ""), "") if tag else "" if end else "<")
        place = end or (tag.end() if tag else start + 1)
    return unescape("".join([*kept, html[place:]]))


def _end_of_hidden(html: str, start: int, endless: set[str]) -> int:
    """Place after a comment or an element of code that begins at a place; 0 if there is none.

    `endless` are the starts for which no end follows: each is looked for once.
    """
    found = _HIDDEN_START.match(html, start)
    if found is None or found[0] in endless:
        return 0
    end = _HIDDEN_ENDS[found[0]].search(html, found.end())
    if end is None:
        endless.add(found[0])
    return end.end() if end else 0
