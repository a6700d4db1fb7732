"""Signs in the text of HTML that Markdown would take for markup, hidden while the text is converted.

Whether a sign is markup depends on where it stands, and only the tree says that; the converter escapes by sign alone,
`eco\\-friendly`, or not at all. So each sign that is in danger becomes a noncharacter of Unicode (U+FDD0 and the
following), which no converter knows, and comes back escaped.
"""

from __future__ import annotations

import re

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.importers.markdown.brackets import inert_brackets

_SIGNS = "\\`*_[]<>~{$%!&#-+=|:.)"
_HIDDEN = {ord(sign): chr(0xFDD0 + place) for place, sign in enumerate(_SIGNS)}
_WRITTEN = {0xFDD0 + place: f"\\{sign}" for place, sign in enumerate(_SIGNS)}
# Not every dialect lets a backslash stand before these.
_WRITTEN |= {0xFDD0 + _SIGNS.index("&"): "&amp;", 0xFDD0 + _SIGNS.index(":"): "&#58;"}
_NONCHARACTERS = re.compile("[\ufdd0-\ufdef]")

_ANYWHERE = re.compile(
    r"[\\`\[\]~]|(?<!\s)\*|\*(?!\s)|(?<![^\W_])_|_(?![^\W_])|<(?=[a-zA-Z/!?]|\Z)|&(?=#?\w+;)"
    r"|\{(?=[{%:#.]|[\w-]+=)|\$\$|%%|!(?=\[)"
)
_IN_HEADING = re.compile(r"\{|(?<!\S)#+(?=\s*\Z)")
_BEGINS_BLOCK = re.compile(
    r"\s*(?:(#)#{0,5}(?=\s|\Z)|(>)|([-+*])(?=\s|\Z)|([-:|=+])[-:|=+\s]*\Z|(:)|(\|)|(!)!!|\d{1,9}([.)])(?=\s|\Z))"
)
_EMPTY_LINES = re.compile(r"\n[ \t\r]*+(?:\n[ \t\r]*+)+")  # one space in HTML, the end of a paragraph in Markdown
_NOTE = re.compile(r"\s*FOOTNOTEDEF\d{1,9}ENDNOTE\s*")

_AS_IT_IS = frozenset({"code", "pre", "kbd", "samp", "tt"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_WITHOUT_SIGN = ("abbr", "cite", "ins", "small", "span", "sub", "sup", "time", "u")
_INLINE = frozenset(
    {"a", "b", "code", "del", "em", "i", "img", "kbd", "q", "s", "samp", "strike", "strong", "tt", "var"}
)
_LONG_ENOUGH = 12
_WITHIN = "x"  # stands for what comes before in a line in which no block can begin


def drop_placeholders(text: str) -> str:
    """Text in which no sign is hidden yet."""
    return _NONCHARACTERS.sub("", text)


def escape_tree(tree: HtmlElement) -> None:
    """Puts noncharacters for the signs in a tree that would be markup; elements that leave none in Markdown go."""
    etree.strip_tags(tree, *_WITHOUT_SIGN)
    _TreeEscaper(tree).escape()


def restore_escapes(markdown: str) -> str:
    """Markdown with the hidden signs escaped in it."""
    return markdown.translate(_WRITTEN)


class _TreeEscaper:
    """One walk through a tree; `_line` is how the line began that the next text goes on."""

    def __init__(self, tree: HtmlElement) -> None:
        self._tree = tree
        self._line = ""
        self._is_in_link = False
        self._cells = _cells_of_plain_tables(tree)

    def escape(self) -> None:
        """Hides the signs in every text of the tree that is no code, and in what stands for its pictures."""
        code: HtmlElement | None = None
        for event, element in etree.iterwalk(self._tree, events=("start", "end")):
            if event == "start" and code is None:
                self._begin(element)
                code = element if element.tag in _AS_IT_IS else None
                if element.text:
                    following = element[0] if len(element) else None
                    if code is None:
                        element.text = self._hidden(element.text, element, element, following)
            elif event == "end" and (code is None or code is element):
                code = None
                self._end(element)
                if element.tail and element is not self._tree:
                    element.tail = self._hidden(element.tail, element, element.getparent(), element.getnext())

    def _begin(self, element: HtmlElement) -> None:
        self._is_in_link |= element.tag == "a"
        if element.tag == "img" and element.get("alt"):
            element.set("alt", _ANYWHERE.sub(_hide, element.get("alt") or ""))
        if element.tag not in _INLINE:
            self._line = _WITHIN if element.tag in _HEADINGS or element in self._cells else ""
        elif len(self._line) < _LONG_ENOUGH and (element.tag == "img" or element.text_content().strip()):
            self._line += _WITHIN

    def _end(self, element: HtmlElement) -> None:
        self._is_in_link &= element.tag != "a"
        if element.tag not in _INLINE:
            self._line = ""

    def _hidden(self, text: str, before: HtmlElement, parent: HtmlElement, following: HtmlElement | None) -> str:
        """The text that is in `parent`, after the beginning or end of `before`."""
        is_begun = before.tag in _INLINE
        is_continued = parent.tag in _INLINE if following is None else following.tag != "br"
        lines = _EMPTY_LINES.sub("\n", text).split("\n")
        hidden = []
        for number, line in enumerate(lines):
            if number and self._line != _WITHIN:
                self._line = ""
            plain = inert_brackets(
                line, is_begun=is_begun and number == 0, is_continued=is_continued and number == len(lines) - 1
            )
            hidden.append(self._hidden_in_line(line, frozenset() if self._is_in_link else plain))
        joined = "\n".join(hidden)
        if parent.tag in _HEADINGS:
            joined = _IN_HEADING.sub(_hide, joined)
        end = len(joined.rstrip())
        if following is not None and following.tag == "a" and joined[:end].endswith("!"):
            joined = f"{joined[: end - 1]}{_HIDDEN[ord('!')]}{joined[end:]}"
        return joined

    def _hidden_in_line(self, line: str, plain: frozenset[int]) -> str:
        note = _NOTE.match(line)
        if note is not None:
            self._line = ""
        start = note.end() if note else 0
        before, self._line = self._line, (self._line + line[start:].lstrip())[:_LONG_ENOUGH]
        begun = _BEGINS_BLOCK.match(before + line[start:])
        place = begun.start(begun.lastindex or 0) - len(before) + start if begun else -1
        if place >= start:
            line = line[:place] + line[place].translate(_HIDDEN) + line[place + 1 :]
        return _ANYWHERE.sub(lambda sign: sign[0] if sign.start() in plain else _hide(sign), line)


def _cells_of_plain_tables(tree: HtmlElement) -> frozenset[HtmlElement]:
    """Cells that become cells of Markdown, in which no block begins: those of tables neither in nor around others."""
    plain = (
        table
        for table in tree.iter("table")
        if table.find(".//table") is None and next(table.iterancestors("table"), None) is None
    )
    return frozenset(cell for table in plain for cell in table.iter("td", "th"))


def _hide(sign: re.Match[str]) -> str:
    return sign[0].translate(_HIDDEN)
