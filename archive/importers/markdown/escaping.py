"""Escaping of Markdown's special characters in plain text and in the text of HTML trees.

Whether a character is special depends on its position. Of HTML, only the tree tells the position, and the converter
escapes by character alone (`eco\\-friendly`) or not at all. So special characters in a tree are replaced by
noncharacters of Unicode (U+FDD0 and the following), which the converter passes through, and restored escaped.
"""

from __future__ import annotations

import re

from lxml import etree
from lxml.html import HtmlElement

from backfile.archive.markdown.inline_marks import PRESS

_SPECIAL = "\\`*_[]<>~{$%!&#-+=|:.)^"
# Not every dialect lets a backslash stand before "&" and ":".
_ESCAPED = {sign: f"\\{sign}" for sign in _SPECIAL} | {"&": "&amp;", ":": "&#58;"}
_PLACEHOLDERS = {ord(sign): chr(0xFDD0 + number) for number, sign in enumerate(_SPECIAL)}
_RESTORED = {0xFDD0 + number: _ESCAPED[sign] for number, sign in enumerate(_SPECIAL)}
_NONCHARACTERS = re.compile("[\ufdd0-\ufdef]")

# A pair of brackets in one line begins a link only before `(` or `[`, a definition before `:`; a label alone is a link
# only if it is defined, and importers define only footnotes (`[^1]`). `[x]` and `[ ]` are boxes of tasks, `[!note]`
# begins a callout, `[[…]]` is a link of Obsidian, `^[…]` a note, `[…]{…}` a span and `[toc]` a table of contents.
# FOOTNOTE… stands for a note that comes later.
_INERT_BRACKETS = re.compile(
    rf"(?<![\[\]!^*\\])(?<!ENDNOTE)\[(?![\s^!]|x\]|toc\]|/?(?:{PRESS})\b)"
    r"[^\[\]\n]{1,200}(?<!\s)\](?![\[\](:{]|FOOTNOTE)",
    re.IGNORECASE,
)
_UNDERSCORE_OR_ENTITY = r"(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|\$\$|%%"
# Signs that begin a mark of another dialect (`archive.markdown.inline_marks`, `hidden_comments`).
_DIALECT = (
    r"(?<![\w+])\+\+(?=[\w\"])|(?<![=A-Za-z0-9])==(?=[^\s=])|(?<![\^A-Za-z0-9])\^\^(?=[^\s^]|\Z)"
    r"|(?<=[\w)\]~.,;!?\"”’»])\^(?=[+−-]?\w{1,30}[+−-]?\^)|(?<=\s)\^(?=[A-Za-z0-9][A-Za-z0-9-]{2,60}[ \t]*\Z)"
    r"|(?<![A-Za-z0-9_:/=.\#&?@%+\\-]):(?=[\w+-]{1,80}:)|~(?=[+−-]?\w{1,20}[+−-]?~)|\{(?=[#/+~=>-])|(?<=8)<(?=-)"
)
_IN_PLAIN_TEXT = re.compile(rf"[\\`*\[\]<>]|{_UNDERSCORE_OR_ENTITY}|~~|\{{\{{|\{{%|{_DIALECT}")
_LINE_START = re.compile(r"#{1,6}(?=\s|\Z)|>|[-+](?=\s)|={2,}\Z|-{2,}\Z|:{3,}|~{3,}|\|")
_DEFINITION = re.compile(r"\A:(?!::)")
_NUMBER = re.compile(r"(\d{1,9})([.)])(?=\s|\Z)")
_IN_TREE = re.compile(
    rf"[\\`\[\]~]|(?<!\s)\*|\*(?!\s)|{_UNDERSCORE_OR_ENTITY}|"
    rf"<(?=[a-zA-Z/!?]|\Z)|\{{[{{%]|\{{(?=[:#.]|[\w-]+=)|!(?=\[)|" + _DIALECT
)
_IN_HEADING = re.compile(r"\{|(?<!\S)#+(?=\s*\Z)")
_BEGINS_BLOCK = re.compile(
    r"\s*(?:(#)#{0,5}(?=\s|\Z)|(>)|([-+*])(?=\s|\Z)|([-:|=+])[-:|=+\s]*\Z|(:)|(\|)|(!)!!|\d{1,9}([.)])(?=\s|\Z))"
)
_BLANK_LINES = re.compile(r"\n[ \t\r]*+(?:\n[ \t\r]*+)+")  # a space in HTML, the end of a paragraph in Markdown
_NOTE = re.compile(r"\s*FOOTNOTEDEF\d{1,9}ENDNOTE\s*")

_CODE_TAGS = frozenset({"code", "pre", "kbd", "samp", "tt"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_UNMARKED_TAGS = ("abbr", "cite", "ins", "small", "span", "time", "u")
_INLINE = frozenset(
    {"a", "b", "code", "del", "em", "i", "img", "kbd", "q", "s", "samp", "strike", "strong", "sub", "sup", "tt", "var"}
)
_LINE_PREFIX = 12
_MID_LINE = "x"  # prefix of a line in which no block can begin


def inert_brackets(line: str, *, is_begun: bool = False, is_continued: bool = False) -> frozenset[int]:
    """Positions of brackets in a line that need no escape, so that `[sic]` and `[…]` stay as they were written.

    `is_begun` and `is_continued` say that the line goes on before or after this text, so that the neighbours of its
    first or last bracket are unknown.
    """
    if "[" not in line:
        return frozenset()
    pairs = ((found.start(), found.end() - 1) for found in _INERT_BRACKETS.finditer(line))
    uncertain = {0} if is_begun else set()
    if is_continued:
        uncertain.add(len(line) - 1)
    return frozenset(position for pair in pairs if uncertain.isdisjoint(pair) for position in pair)


def escape_inline(text: str) -> str:
    """Escapes one line of plain text: characters special to Markdown, HTML and site builders."""
    inert = inert_brackets(text)
    return _IN_PLAIN_TEXT.sub(
        lambda found: found[0] if found.start() in inert else "".join(map(_ESCAPED.__getitem__, found[0])), text
    )


def escape_line(line: str) -> str:
    """Escapes a line of a paragraph, which must not begin a block of another kind."""
    escaped = _DEFINITION.sub(_ESCAPED[":"], escape_inline(line))
    number = _NUMBER.match(escaped)
    if number is not None:
        return f"{number[1]}\\{escaped[number.end(1) :]}"
    return f"\\{escaped}" if _LINE_START.match(escaped) else escaped


def drop_placeholders(text: str) -> str:
    """Removes noncharacters from a text, so that every placeholder in it is ours."""
    return _NONCHARACTERS.sub("", text)


def escape_tree(tree: HtmlElement) -> None:
    """Replaces special characters in a tree by placeholders; elements without Markdown equivalent are unwrapped."""
    etree.strip_tags(tree, *_UNMARKED_TAGS)
    _TreeEscaper(tree).escape()


def restore_escapes(markdown: str) -> str:
    """Replaces the placeholders in Markdown by escaped characters."""
    return markdown.translate(_RESTORED)


class _TreeEscaper:
    """Walk through one tree; `_line` holds the first characters of the current line of Markdown."""

    def __init__(self, tree: HtmlElement) -> None:
        self._tree = tree
        self._line = ""
        self._is_in_link = False
        self._cells = _markdown_cells(tree)

    def escape(self) -> None:
        """Escapes all text of the tree outside code, and the alternative texts of images."""
        code: HtmlElement | None = None
        for event, element in etree.iterwalk(self._tree, events=("start", "end")):
            if event == "start" and code is None:
                self._begin(element)
                code = element if element.tag in _CODE_TAGS else None
                if element.text:
                    following = element[0] if len(element) else None
                    if code is None:
                        element.text = self._escaped(element.text, element, element, following)
            elif event == "end" and (code is None or code is element):
                code = None
                self._end(element)
                if element.tail and element is not self._tree:
                    element.tail = self._escaped(element.tail, element, element.getparent(), element.getnext())

    def _begin(self, element: HtmlElement) -> None:
        self._is_in_link |= element.tag == "a"
        if element.tag == "img" and element.get("alt"):
            element.set("alt", _IN_TREE.sub(_placeholder, element.get("alt") or ""))
        if element.tag not in _INLINE:
            self._line = _MID_LINE if element.tag in _HEADINGS or element in self._cells else ""
        elif len(self._line) < _LINE_PREFIX and (element.tag == "img" or element.text_content().strip()):
            self._line += _MID_LINE

    def _end(self, element: HtmlElement) -> None:
        self._is_in_link &= element.tag != "a"
        if element.tag not in _INLINE:
            self._line = ""

    def _escaped(self, text: str, before: HtmlElement, parent: HtmlElement, following: HtmlElement | None) -> str:
        """Escapes the text in `parent` that follows the start or end tag of `before`."""
        is_begun = before.tag in _INLINE
        is_continued = parent.tag in _INLINE if following is None else following.tag != "br"
        lines = _BLANK_LINES.sub("\n", text).split("\n")
        hidden = []
        for number, line in enumerate(lines):
            if number and self._line != _MID_LINE:
                self._line = ""
            plain = inert_brackets(
                line, is_begun=is_begun and number == 0, is_continued=is_continued and number == len(lines) - 1
            )
            hidden.append(self._escaped_line(line, frozenset() if self._is_in_link else plain))
        joined = "\n".join(hidden)
        if parent.tag in _HEADINGS:
            joined = _IN_HEADING.sub(_placeholder, joined)
        end = len(joined.rstrip())
        if following is not None and following.tag == "a" and joined[:end].endswith(("!", "^")):
            joined = joined[: end - 1] + joined[end - 1].translate(_PLACEHOLDERS) + joined[end:]
        return joined

    def _escaped_line(self, line: str, plain: frozenset[int]) -> str:
        note = _NOTE.match(line)
        if note is not None:
            self._line = ""
        start = note.end() if note else 0
        before, self._line = self._line, (self._line + line[start:].lstrip())[:_LINE_PREFIX]
        begun = _BEGINS_BLOCK.match(before + line[start:])
        place = begun.start(begun.lastindex or 0) - len(before) + start if begun else -1
        if place >= start:
            line = line[:place] + line[place].translate(_PLACEHOLDERS) + line[place + 1 :]
        return _IN_TREE.sub(lambda sign: sign[0] if sign.start() in plain else _placeholder(sign), line)


def _markdown_cells(tree: HtmlElement) -> frozenset[HtmlElement]:
    """Cells that become cells of Markdown, in which no block begins: those of tables neither in nor around others."""
    plain = (
        table
        for table in tree.iter("table")
        if table.find(".//table") is None and next(table.iterancestors("table"), None) is None
    )
    return frozenset(cell for table in plain for cell in table.iter("td", "th"))


def _placeholder(sign: re.Match[str]) -> str:
    return sign[0].translate(_PLACEHOLDERS)
