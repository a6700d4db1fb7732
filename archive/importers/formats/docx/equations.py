"""Equations of a DOCX (Office Math Markup, ISO/IEC 29500-1, 22.1) as TeX."""

from __future__ import annotations

from collections.abc import Callable

from lxml import etree

from backfile.archive.importers.common.xml_trees import local_name
from backfile.archive.importers.formats.docx.list_numbers import child, value

_ACCENTS = {
    "\u0302": r"\hat",
    "\u0303": r"\tilde",
    "\u0304": r"\bar",
    "\u0305": r"\overline",
    "\u0307": r"\dot",
    "\u0308": r"\ddot",
    "\u030c": r"\check",
    "\u0306": r"\breve",
    "\u20d7": r"\vec",
    "\u0301": r"\acute",
}
_OPERATORS = {"∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∬": r"\iint", "∮": r"\oint", "⋃": r"\bigcup", "⋂": r"\bigcap"}
_FENCES = {"{": r"\{", "}": r"\}", "": ".", "⟨": r"\langle", "⟩": r"\rangle", "‖": r"\|"}
_FUNCTIONS = frozenset({"sin", "cos", "tan", "cot", "log", "ln", "exp", "lim", "max", "min", "sup", "inf", "det"})
_ESCAPED = str.maketrans({sign: f"\\{sign}" for sign in "#$%&_{}"})


def equation_to_tex(element: etree._Element | None) -> str:
    """TeX of an equation or a part of one; unknown parts leave what they hold."""
    if element is None:
        return ""
    known = _ELEMENTS.get(local_name(element.tag))
    return known(element) if known else _all(element)


def _all(element: etree._Element) -> str:
    inner = (each for each in element.iterchildren(etree.Element) if not local_name(each.tag).endswith("Pr"))
    return "".join(map(equation_to_tex, inner))


def _run(element: etree._Element) -> str:
    return "".join((each.text or "").translate(_ESCAPED) for each in element if local_name(each.tag) == "t")


def _part(element: etree._Element, name: str) -> str:
    return f"{{{equation_to_tex(child(element, name))}}}"


def _property(element: etree._Element, kind: str, name: str, otherwise: str) -> str:
    found = child(element, kind, name)
    return otherwise if found is None else value(found) or ""


def _fraction(element: etree._Element) -> str:
    parts = _part(element, "num"), _part(element, "den")
    return "{}/{}".format(*parts) if _property(element, "fPr", "type", "bar") == "lin" else r"\frac{}{}".format(*parts)


def _root(element: etree._Element) -> str:
    degree = equation_to_tex(child(element, "deg"))
    return (rf"\sqrt[{degree}]" if degree else r"\sqrt") + _part(element, "e")


def _sum(element: etree._Element) -> str:
    sign = _property(element, "naryPr", "chr", "∫")
    limits = (f"{mark}{_part(element, name)}" for mark, name in (("_", "sub"), ("^", "sup")))
    given = "".join(each for each in limits if not each.endswith("{}"))
    return f"{_OPERATORS.get(sign, sign)}{given} {equation_to_tex(child(element, 'e'))}"


def _fenced(element: etree._Element) -> str:
    left, right = _property(element, "dPr", "begChr", "("), _property(element, "dPr", "endChr", ")")
    parts = [equation_to_tex(each) for each in element if local_name(each.tag) == "e"]
    inner = _property(element, "dPr", "sepChr", "|").join(parts)
    return rf"\left{_FENCES.get(left, left)}{inner}\right{_FENCES.get(right, right)}"


def _matrix(element: etree._Element) -> str:
    rows = (row for row in element if local_name(row.tag) == "mr")
    lines = (" & ".join(equation_to_tex(cell) for cell in row if local_name(cell.tag) == "e") for row in rows)
    return r"\begin{matrix}" + r" \\ ".join(lines) + r"\end{matrix}"


def _lines(element: etree._Element) -> str:
    lines = (equation_to_tex(each) for each in element if local_name(each.tag) == "e")
    return r"\begin{matrix}" + r" \\ ".join(lines) + r"\end{matrix}"


def _function(element: etree._Element) -> str:
    name = equation_to_tex(child(element, "fName"))
    command = f"\\{name}" if name in _FUNCTIONS else name
    return f"{command} {_part(element, 'e')}"


def _accented(element: etree._Element) -> str:
    sign = _property(element, "accPr", "chr", "\u0302")
    return _ACCENTS.get(sign, r"\hat") + _part(element, "e")


def _barred(element: etree._Element) -> str:
    is_above = _property(element, "barPr", "pos", "bot") == "top"
    return (r"\overline" if is_above else r"\underline") + _part(element, "e")


def _scripts(*marks: tuple[str, str]) -> Callable[[etree._Element], str]:
    return lambda element: _part(element, "e") + "".join(f"{mark}{_part(element, name)}" for mark, name in marks)


_ELEMENTS: dict[str, Callable[[etree._Element], str]] = {
    "r": _run,
    "f": _fraction,
    "rad": _root,
    "nary": _sum,
    "d": _fenced,
    "m": _matrix,
    "eqArr": _lines,
    "func": _function,
    "acc": _accented,
    "bar": _barred,
    "sSup": _scripts(("^", "sup")),
    "sSub": _scripts(("_", "sub")),
    "sSubSup": _scripts(("_", "sub"), ("^", "sup")),
    "sPre": lambda element: f"{{}}_{_part(element, 'sub')}^{_part(element, 'sup')}{_part(element, 'e')}",
    "limLow": _scripts(("_", "lim")),
    "limUpp": _scripts(("^", "lim")),
}
