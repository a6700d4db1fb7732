"""Formulas on the page: MathML beside the TeX, nothing active in it, bounded."""

from __future__ import annotations

import pytest

from backfile.archive.markdown.math.mathml import MAX_MATHML, with_mathml
from backfile.archive.markdown.plain_text import plain_text
from backfile.archive.markdown.renderer import to_html, to_text


def shown(body: str) -> str:
    return to_html(body).html.strip()


def test_a_formula_is_mathml_with_its_tex() -> None:
    assert shown("$x^2$") == (
        '<p><span class="formula"><math class="formula"><msup><mi>x</mi><mn>2</mn></msup></math>'
        '<span class="tex">$x^2$</span></span></p>'
    )


def test_a_formula_on_its_own_is_a_block() -> None:
    assert '<math class="formula" display="block">' in shown("$$x$$")


def test_columns_keep_their_sides() -> None:
    html = shown(r"$$\begin{align}a&=b\end{align}$$")
    assert '<mtd class="right"><mi>a</mi></mtd><mtd class="left"><mo>=</mo><mi>b</mi></mtd>' in html
    assert " style=" not in html


def test_equations_are_numbered_through_the_article() -> None:
    html = shown("$$\\begin{equation}a\\end{equation}$$\n\n$$b \\label{b}$$\n\n$$c \\tag{A}$$")
    assert [f"({number})" in html for number in ("1", "2", "A")] == [True, True, True]
    assert " id=" not in html


@pytest.mark.parametrize("tex", [r"\unknown{x}", r"\href{javascript:alert(1)}{x}", r"\frac{a", r"a_b_c", "#", "%"])
def test_tex_that_is_not_known_is_shown_as_it_is_written(tex: str) -> None:
    assert shown(f"a ${tex}$ b") == f'<p>a <span class="formula">${tex}$</span> b</p>'
    assert to_text(f"a ${tex}$ b") == f"a ${tex}$ b"


@pytest.mark.parametrize(
    "body",
    [
        "$" + "{" * 100_000 + "}" * 100_000 + "$",
        "$" + "x^{" * 3000 + "}" * 3000 + "$",
        r"$\newcommand\a{\a\a}\a$",
        r"$\newcommand\a{" + "x" * 3000 + r"\a}\a$",
    ],
)
def test_deep_and_endless_formulas_are_shown_as_tex(body: str) -> None:
    assert "<math" not in shown(body)
    assert to_text(body) == body or "{{" in body


def test_many_formulas_are_bounded() -> None:
    formula = '<span class="formula">$x$</span>'
    html = with_mathml(formula * 40_000)
    assert html.endswith(formula)
    assert len(html) < MAX_MATHML + 4_000_000
    assert shown("$x^2$ " * 300).count("<math") == 300


@pytest.mark.parametrize(
    ("body", "html", "text"),
    [
        ("a <math><mi>x</mi><mo>*</mo><mi>y</mi><mo>*</mo></math>", "<mo>*</mo><mi>y</mi>", "a x*y*"),
        ('<math display="block">\n\n<mi>x</mi>\n\n</math>', '<math display="block">', "x"),
        ('<math><mi href="javascript:x" onclick="y" style="z">x</mi></math>', "<math><mi>x</mi></math>", "x"),
        ("<math><semantics><mi>x</mi><annotation>TeX</annotation></semantics></math>", "<mi>x</mi></semantics>", "x"),
        ('<math class="formula"><mi>x</mi></math>', "<math><mi>x</mi></math>", "x"),
        ("<math><mtext><b>bold</b></mtext><script>alert(1)</script></math>", "<mtext>bold</mtext></math>", "bold"),
    ],
)
def test_mathml_of_the_author_stays(body: str, html: str, text: str) -> None:
    assert html in shown(body)
    assert to_text(body) == plain_text(shown(body)) == text


def test_a_formula_in_a_heading_is_tex_in_the_contents() -> None:
    assert [heading.text for heading in to_html("# On $x^2$").contents] == ["On $x^2$"]
