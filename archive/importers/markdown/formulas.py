"""Formulas of a page as TeX between dollar signs: MathML, MathJax 2 and 3, KaTeX, Wikipedia.

Each is replaced by one word that holds its TeX, which passes through extraction and conversion unchanged.
"""

from __future__ import annotations

import re
from xml.parsers.expat import ExpatError

from lxml import etree
from lxml.html import HtmlElement
from mathml_to_latex.converter import MathMLToLaTeX

from backfile.archive.importers.markdown.footnotes import replace_with_text

_BOX_NAMES = frozenset(
    {"katex", "katex-display", "mwe-math-element", "MathJax", "MathJax_Display", "MathJax_SVG", "MJX_Assistive_MathML"}
)
_RENDERED = frozenset(
    {"MathJax", "MathJax_Display", "MathJax_Preview", "MathJax_SVG", "MathJax_SVG_Display", "MathJax_CHTML"}
)
_TEX_TYPES = ("application/x-tex", "tex", "latex", "text/tex", "application/x-latex")
_DISPLAY_STYLE = re.compile(r"\A\{\\(?:display|text)style\s*+(.*)\}\Z", re.DOTALL)
# A formula ends before the next one begins; `\\[2pt]` is a line break in it.
_WRITTEN = re.compile(
    r"(?<!\\)\\\((?P<inline>(?:(?!(?<!\\)\\\()[^$\n]){1,500}?)\\\)"
    r"|(?<!\\)\\\[(?P<display>(?:(?!(?<!\\)\\\[)[^$]){1,2000}?)\\\]"
)
_WORD = re.compile(r"FORMULA(INLINE|DISPLAY)((?:[0-9a-f]{2})+)ENDFORMULA")
_WITHOUT_TEX = ("script", "style", "pre", "code", "textarea")


def mark_formulas(tree: HtmlElement) -> None:
    """Replaces the formulas of a tree by words that hold their TeX, or by their letters for want of it."""
    for script in list(tree.iter("script")):
        kind = (script.get("type") or "").lower()
        if kind.startswith("math/tex") and script.getparent() is not None:
            _drop_rendered(script)
            replace_with_text(script, formula_word(script.text or "", is_display="mode=display" in kind))
    for math in list(tree.iter("math")):
        box, is_display = _outermost(math)
        tex = _tex(math)
        if box.getparent() is not None and math.getroottree().getroot() is tree:
            replace_with_text(box, formula_word(tex, is_display=is_display) if tex else math.text_content())
    if "\\(" in (text := tree.text_content()) or "\\[" in text:
        _mark_written(tree)


def restore_formulas(markdown: str) -> str:
    """Replaces the words by TeX between dollar signs; a formula on its own stands between two."""
    return _WORD.sub(_restored, markdown)


def _restored(found: re.Match[str]) -> str:
    tex = bytes.fromhex(found[2]).decode("utf-8", errors="replace")
    return f"$${tex}$$" if found[1] == "DISPLAY" else f"${tex}$"


def formula_word(tex: str, *, is_display: bool) -> str:
    """Word that holds TeX, which `restore_formulas` puts between dollar signs; empty for none."""
    line = " ".join(tex.replace("$", r"\$" if r"\$" not in tex else "$").split())
    styled = _DISPLAY_STYLE.match(line)
    line = styled[1].strip() if styled else line
    return f"FORMULA{'DISPLAY' if is_display else 'INLINE'}{line.encode().hex()}ENDFORMULA" if line else ""


def _outermost(math: HtmlElement) -> tuple[HtmlElement, bool]:
    """Element that holds a formula and its picture or letters, and whether it stands on its own."""
    box, is_display = math, math.get("display") == "block"
    for ancestor in math.iterancestors():
        names = set((ancestor.get("class") or "").split())
        if not (ancestor.tag == "mjx-container" or names & _BOX_NAMES):
            continue
        box = ancestor
        is_display |= ancestor.get("display") == "true" or bool(names & {"katex-display", "MathJax_Display"})
    return box, is_display


def _tex(math: HtmlElement) -> str:
    """TeX of a formula: its annotation, its alternative text, else what its elements mean."""
    for annotation in math.iter("annotation"):
        if (annotation.get("encoding") or "").lower() in _TEX_TYPES:
            return (annotation.text or "").strip()
    alternative = (math.get("alttext") or "").strip()
    if alternative:
        return alternative
    etree.strip_elements(math, "annotation", "annotation-xml", with_tail=False)
    try:
        return str(MathMLToLaTeX().convert(etree.tostring(math, encoding="unicode", with_tail=False))).strip()
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, ExpatError):
        return ""  # the letters stay


def _drop_rendered(script: HtmlElement) -> None:
    """Drops what MathJax 2 has drawn before the script with the TeX."""
    before = script.getprevious()
    while (
        before is not None and _RENDERED & set((before.get("class") or "").split()) and not (before.tail or "").strip()
    ):
        earlier = before.getprevious()
        before.drop_tree()
        before = earlier


def _mark_written(tree: HtmlElement) -> None:
    """Marks formulas that stand as TeX in the text, as a page has them before its script has run."""
    for element in tree.iter(etree.Element):
        if element.text and element.tag not in _WITHOUT_TEX:
            element.text = _WRITTEN.sub(_marked, element.text)
        if element.tail and element.getparent() is not None and element.getparent().tag not in _WITHOUT_TEX:
            element.tail = _WRITTEN.sub(_marked, element.tail)


def _marked(found: re.Match[str]) -> str:
    return formula_word(found["inline"] or found["display"], is_display=found["display"] is not None)
