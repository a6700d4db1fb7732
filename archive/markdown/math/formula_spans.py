"""Formulas of a Markdown body, kept from the parsers: TeX between dollar signs, and MathML.

`$…$` follows the rule of Pandoc (`tex_math_dollars`): no white space after the opening and before the closing dollar
sign, no digit after the closing one. Prices, variables of shells and templates that this rule lets through are told by
what stands around them. `$$…$$` stands on its own. Neither holds an empty line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from backfile.archive.markdown.code_regions import CodeRegions

FORMULA_TAG = '<span class="formula">'
MAX_FORMULA = 20_000
"""Characters of a formula; a longer one is text."""

_FORMULA = re.compile(
    rf"""
    (?<![\\$])\$\$(?!\$)(?P<display>(?:[^$\\\n]|\\.|\\\n|\n(?![ \t>]*\n)){{1,{MAX_FORMULA}}}+)\$\$(?!\$)
    | (?<![\\$A-Za-z0-9_])\$(?=[^\s$])(?P<inline>(?:[^$\\\n]|\\.|\n(?![ \t>]*\n)){{1,{MAX_FORMULA}}}+)(?<!\s)\$
      (?![\d_{{$])
    | <math(?=[\s>])[^<>]*>(?:[^<]|<(?!/?math[\s>])){{0,{MAX_FORMULA}}}+</math\s*>
    """,
    re.VERBOSE,
)
_LINE = 400
_TAG = re.compile(r"(<[^>]*>)")
_NO_FORMULA = re.compile(r"`|\]\(|</?[A-Za-z][\w-]*+(?:\s[^<>=]*+=[^<>]*+|\s*+/?)>|<!--|://|\*\*")
_COMMAND = re.compile(r"\\[A-Za-z]")
_TEX_SIGN = re.compile(r"[\\^_{}=<>+|&]")
_PROSE = re.compile(r"(?<!\S)[^\W\d_]{2,}[,;.]?(?!\S)")
_QUOTATION = re.compile(r"[\"“”„«»]")
_LONG_WORD = re.compile(r"(?<!\S)[^\W\d_]{5,}[,;.]?(?!\S)")
_ENDING = re.compile(r"-?[a-z]{1,4}(?![A-Za-z0-9_])")
_BEFORE_NAME = tuple(":/,;-–=.>(")
_ADDRESS = re.compile(r"://|www\.|\]\([^)]*\Z")
_QUOTE = re.compile(r"\n[ \t]*(?:>[ \t]?)+")


class ProtectedFormulas:
    """Body with a word in place of each formula, and the way back in the HTML that a parser makes of it.

    `has_html` tells of MathML, which is not safe before it was sanitised.
    """

    def __init__(self, text: str, formulas: tuple[str, ...] = (), sign: str = "") -> None:
        self.text, self.has_html = text, any(formula.startswith("<") for formula in formulas)
        self._formulas, self._sign = formulas, sign

    def restored(self, html: str) -> str:
        """HTML with each formula in its place: as it is written, in a `span` of the class `formula` outside code."""
        if not self._formulas:
            return html
        word = re.compile(rf"{self._sign}(\d+)x")
        parts, depth = _TAG.split(html), 0
        for number, part in enumerate(parts):
            if number % 2:
                depth += part.startswith(("<pre", "<code")) - part.startswith(("</pre", "</code"))
                parts[number] = word.sub(self._quoted, part)
            else:
                parts[number] = word.sub(self._quoted if depth > 0 else self._marked, part)
        return "".join(parts)

    def written(self, text: str) -> str:
        """Text of the Markdown with its formulas as they are written."""
        return re.sub(rf"{self._sign}(\d+)x", lambda found: self._formula(found) or found[0], text)

    def _formula(self, found: re.Match[str]) -> str:
        number = int(found[1]) if len(found[1]) < 10 else len(self._formulas)
        return self._formulas[number] if number < len(self._formulas) else ""

    def _quoted(self, found: re.Match[str]) -> str:
        return escape(self._formula(found)) or found[0]

    def _marked(self, found: re.Match[str]) -> str:
        formula = self._formula(found)
        if not formula or formula.startswith("<"):
            return formula or found[0]
        return f"{FORMULA_TAG}{escape(formula, quote=False)}</span>"


def protect_formulas(body: str) -> ProtectedFormulas:
    """Replaces the formulas of a body outside code by words that mean nothing to Markdown."""
    if "$" not in body and "<math" not in body:
        return ProtectedFormulas(body)
    sign = "xformula"
    while sign in body:
        sign += "q"
    numbers: dict[str, int] = {}  # the same formula is the same word, in a reference and its definition
    parts: list[str] = []
    copied = 0
    for start, end, formula in _formulas(body):
        number = numbers.setdefault(formula, len(numbers))
        parts += (body[copied:start], f"{sign}{number}x")
        copied = end
    return ProtectedFormulas("".join([*parts, body[copied:]]), tuple(numbers), sign)


def _formulas(body: str) -> Iterator[tuple[int, int, str]]:
    """Yields start, end and text of each formula."""
    regions: CodeRegions | None = None
    scan = 0
    while found := _FORMULA.search(body, scan):
        scan = found.start() + 1
        if not _is_formula(found):
            scan += body.startswith("$$", found.start())
            continue
        regions = regions or CodeRegions(body)
        if regions.is_code(found.start()):
            scan = max(regions.end_of_code(found.start()) or 0, scan)
            continue
        scan = found.end()
        before = _line_before(found)
        yield found.start(), scan, _QUOTE.sub("\n", found[0]) if before.lstrip().startswith(">") else found[0]


def _line_before(found: re.Match[str]) -> str:
    return found.string[max(0, found.start() - _LINE) : found.start()].rpartition("\n")[2]


def _is_formula(found: re.Match[str]) -> bool:
    """Whether this is MathML, or TeX between dollar signs and no prices, names of variables or markup."""
    if (tex := found["display"] or found["inline"]) is None:
        return True
    words = _LONG_WORD if _TEX_SIGN.search(tex) else _PROSE
    if not tex.strip() or _NO_FORMULA.search(tex):
        return False
    if _COMMAND.search(tex) is None and (words.search(tex) or _QUOTATION.search(tex)):
        return False
    return found["display"] is not None or (not _is_elsewhere(found, tex) and _ends_well(found, tex))


def _is_elsewhere(found: re.Match[str], tex: str) -> bool:
    """Whether the dollar signs stand in an address or in two cells of a table."""
    before = _line_before(found)
    in_address = bool(before) and not before[-1].isspace() and _ADDRESS.search(before.split()[-1]) is not None
    return in_address or (" | " in tex and "\\" not in tex and "|" in before)


def _ends_well(found: re.Match[str], tex: str) -> bool:
    """Whether the closing dollar sign ends a formula and does not begin the name of a variable."""
    after = found.string[found.end() : found.end() + 8]
    if not after[:1].isascii() or not after[:1].isalpha():
        return True
    return not tex.endswith(_BEFORE_NAME) and _ENDING.match(after) is not None
