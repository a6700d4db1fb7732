"""Word boundaries in the tree of an article: numbers of notes, deleted and inserted words.

`treaty<sup>1</sup>` is the word *treaty* with a note, `10<sup>6</sup>` one number, `20<sup>th</sup>` one word. The
number of a note gets the class of a footnote reference, which the plain text leaves out.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

_CONTEXT = 40  # characters around an element that are looked at
_INLINE = frozenset(
    (
        *("a", "abbr", "b", "bdi", "bdo", "cite", "dfn", "em", "i", "ins", "mark", "q", "small", "span", "strong"),
        *("sub", "sup", "time", "u", "var"),
    )
)
_DELETED = ("del", "s", "strike")

_NUMBER = r"(?:\d{1,3}|[*†‡§¶]{1,3}|[a-z]|[ivx]{1,5}|(?:note|fn|n)\.? ?\d{1,3})"
_NOTE = re.compile(rf"[\[(]*{_NUMBER}[\])]*(?: ?[,;/–-] ?[\[(]*{_NUMBER}[\])]*)*[*†‡]*|\[\[?[^\[\]]{{1,20}}\]?\]", re.I)
_SIGN_OF_TRADE = re.compile(r"TM|SM|MC|MD|R|®|©|™|℠")
_EXPONENT = re.compile(r"[+−-]?[\w.]{0,6}(?:[+−*/·-][\w.]{1,6}){0,3}[+−-]?")
_SUFFIX = re.compile(r"[^\W\d_]{1,4}\.?")
_WORD = re.compile(r"[^\W\d_]+\Z")
_ROMAN = re.compile(r"[IVXLCDM]{2,}\Z")
_OXIDES = ("CO", "NO", "SO", "NH", "CH", "OH")
_YEAR = re.compile(r"(?<!\d)(?:1\d|20)\d\d\Z")
_DIGIT = re.compile(r"\d\Z")
_IN_BRACKETS = re.compile(r"\((?=[^()]*[^\W\d_]{3}|\d{4}\))[^()]*\)\Z")
_AFTER_SENTENCE = tuple(".,;:!?\"”’'…»%$€£°*†‡。、，」』")
_HAS_POWERS = frozenset(
    (
        *("km", "cm", "mm", "dm", "nm", "µm", "μm", "pm", "hm", "ft", "in", "yd", "mi", "ha", "kg", "mg", "ml", "dl"),
        *("cl", "hz", "kn", "pa", "sr", "ms", "sec", "min", "mol", "rad", "sin", "cos", "tan", "cot", "log", "exp"),
        *("det", "inch", "inches", "foot", "feet", "metre", "metres", "meter", "meters", "mile", "miles"),
    )
)


def mark_boundaries(tree: LexborHTMLParser) -> None:
    """Marks the numbers of notes, and parts what stands side by side but is not one word."""
    for node in tree.css("sup"):
        if (node.attributes.get("class") or "") != "footnote-reference":
            _superscript(node)
    for node in tree.css(", ".join(_DELETED)):
        _deleted(node)


def _superscript(node: LexborNode) -> None:
    text = " ".join(node.text().split())[: _CONTEXT + 1]
    before, after = _before(node), _after(node)
    word = before.split()[-1] if before and not before[-1].isspace() else ""
    linked = node.css_first("a") is not None or (node.parent is not None and node.parent.tag == "a")
    if after[:1] in ("/", "⁄") and _DIGIT.search(word):
        node.insert_before(" ")  # 1 ½ written with elements
        return
    if not any(map(str.isalnum, text)) or _belongs(text, word, after, linked=linked):
        return
    if _is_note(text, before, word, linked=linked):
        node.attrs["class"] = "footnote-reference"
    elif word:
        node.insert_before(" ")
    if after[:1].isalnum() and not _unspaced(after[0]):
        node.insert_after(" ")


def _unspaced(character: str) -> bool:
    """Whether a character is of a script that is written without spaces between words."""
    return "\u0e00" <= character <= "\u109f" or character >= "\u2e80"


def _belongs(text: str, word: str, after: str, *, linked: bool) -> bool:
    """Whether a superscript is part of the word before it (or, without one, of what follows)."""
    letters = ((found := _WORD.search(word)) is not None and found[0]) or ""
    if linked and _NOTE.fullmatch(text):
        return False
    if not word:
        return after[:1].isalnum() and len(after.split(maxsplit=1)[0]) <= 2  # isotopes: ¹⁴C
    if text[0] in "+−-" or text[-1] in "+−-":
        return True
    if _DIGIT.search(word):
        return not _YEAR.search(word) if text.isdecimal() else bool(_EXPONENT.fullmatch(text))
    if len(letters) == 1 or letters in _OXIDES or letters.lower() in _HAS_POWERS:
        return bool(_EXPONENT.fullmatch(text)) and not _SIGN_OF_TRADE.fullmatch(text)
    short = len(letters) <= 2 or _ROMAN.match(letters)
    return bool(letters and short and not text.isdecimal() and _SUFFIX.fullmatch(text)) and text.islower()


def _is_note(text: str, before: str, word: str, *, linked: bool) -> bool:
    if _SIGN_OF_TRADE.fullmatch(text):
        return bool(word)
    if not _NOTE.fullmatch(text):
        return False
    if linked or not word or text[0] in "[(":
        return bool(before.strip()) or linked
    return word[-1].isalnum() or word.endswith(_AFTER_SENTENCE) or _IN_BRACKETS.search(before) is not None


def _deleted(node: LexborNode) -> None:
    """Parts deleted words from their neighbours, but not a letter deleted inside a word."""
    before, after = _before(node)[-1:], _after(node)[:1]
    following = node.next
    replaced = following is not None and following.tag == "ins"
    if before.isalnum() and after.isalnum() and not replaced:
        return
    if before.isalnum():
        node.insert_before(" ")
    if after.isalnum():
        node.insert_after(" ")


def _before(node: LexborNode) -> str:
    """Text before an element in its block."""
    return _text_beside(node, forward=False)


def _after(node: LexborNode) -> str:
    return _text_beside(node, forward=True)


def _text_beside(node: LexborNode, *, forward: bool) -> str:
    found, current = "", node
    while len(found) < _CONTEXT:
        beside = current.next if forward else current.prev
        if beside is None:
            parent = current.parent
            if parent is None or parent.tag not in _INLINE:
                break
            current = parent
            continue
        if not beside.is_text_node and beside.tag not in _INLINE and beside.tag not in ("del", "code", "-comment"):
            break
        current = beside
        text = "" if _is_reference(beside) else _edge(beside, forward=forward)
        found = found + text if forward else text + found
    return found[:_CONTEXT] if forward else found[-_CONTEXT:]


def _edge(node: LexborNode, *, forward: bool) -> str:
    text = (node.text_content if node.is_text_node else node.text(deep=True)) or ""
    return text[:_CONTEXT] if forward else text[-_CONTEXT:]


def _is_reference(node: LexborNode) -> bool:
    return node.tag == "sup" and node.attributes.get("class") == "footnote-reference"
