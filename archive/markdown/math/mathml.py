"""Formulas of an article's HTML as MathML, with their TeX beside it for marks, copies and search in the page.

math-core converts TeX to MathML Core. What it does not know, and what is beyond the bounds, is shown as it is written.
"""

from __future__ import annotations

import re
from html import unescape

from math_core import LatexError, LatexToMathML

from backfile.archive.markdown.math.formula_spans import FORMULA_TAG, MAX_FORMULA

MAX_DEPTH = 40
"""Elements of MathML within each other: browsers lay them out in a time that grows with it."""
MAX_MATHML = 1_000_000
"""Characters of MathML in one article; formulas after it are shown as TeX."""

_TAGS = (
    "math maction menclose merror mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mspace"
    " msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder munderover none semantics"
)
_ATTRIBUTES = (
    "accent accentunder columnspan depth display displaystyle fence form height largeop linethickness lspace"
    " mathvariant maxsize minsize movablelimits notation rowspan rspace scriptlevel separator stretchy symmetric"
    " voffset width"
)
MATHML_TAGS = frozenset(_TAGS.split())
MATHML_ATTRIBUTES = frozenset(_ATTRIBUTES.split())
MATHML_CLASSES: dict[str, set[str]] = {"math": {"formula"}, "mtd": {"left", "right"}}

_SPAN = re.compile(rf"{re.escape(FORMULA_TAG)}(\$[^<]*\$)</span>")
_ELEMENT = re.compile(r"<(/?)[a-z][^<>]*?(/?)>")
_TOKEN = re.compile(r"<m(?:i|n|o|s|text)\b")
_ALIGNED = re.compile(r' style="text-align: (left|right)[^"]*"')
_ID = re.compile(r' id="[^"<>]*"')
_NUMBERED = re.compile(r"\\(?:tag\*?|label)\s*\{")
_MACROS = {"mbox": r"\text{#1}"}
_MAX_EXPANSIONS = 100


def with_mathml(html: str) -> str:
    """HTML of an article with MathML in each formula, before its TeX. Equations are numbered through the article."""
    if FORMULA_TAG not in html:
        return html
    converter = LatexToMathML(macros=_MACROS, fancy_error=False, max_expansions=_MAX_EXPANSIONS)
    left = MAX_MATHML

    def shown(found: re.Match[str]) -> str:
        nonlocal left
        mathml = _mathml(converter, unescape(found[1])) if left > 0 else None
        if mathml is None:
            return found[0]
        left -= len(mathml)
        return f'{FORMULA_TAG}{mathml}<span class="tex">{found[1]}</span></span>'

    return _SPAN.sub(shown, html)


def _mathml(converter: LatexToMathML, formula: str) -> str | None:
    """MathML of TeX between dollar signs; None if math-core does not know it or it is too large."""
    is_display = formula.startswith("$$")
    tex = formula.strip("$").strip()
    if not tex or len(tex) > MAX_FORMULA:
        return None
    if is_display and _NUMBERED.search(tex) and not tex.startswith("\\begin"):
        tex = rf"\begin{{equation}}{tex}\end{{equation}}"
    try:
        mathml = converter.convert_with_global_state(tex, displaystyle=is_display)
    except LatexError:
        return None
    if not _TOKEN.search(mathml) or len(mathml) > 10 * MAX_FORMULA or _depth(mathml) > MAX_DEPTH:
        return None
    mathml = _ID.sub("", mathml)  # an equation in another article has the same
    return '<math class="formula"' + _ALIGNED.sub(r' class="\1"', mathml.removeprefix("<math"))


def _depth(mathml: str) -> int:
    deepest = depth = 0
    for closing, empty in _ELEMENT.findall(mathml):
        depth += -1 if closing else not empty
        deepest = max(deepest, depth)
    return deepest
