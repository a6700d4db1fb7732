from __future__ import annotations

import pytest

from backfile.archive.importers.markdown.html_to_markdown import html_to_markdown

MATH = "<mrow><mi>h</mi><mo>=</mo><mi>a</mi><mi>t</mi></mrow>"
NOTED = f"<semantics>{MATH}<annotation encoding='application/x-tex'>h = a t</annotation></semantics>"


@pytest.mark.parametrize(
    "html",
    [
        f"<math>{NOTED}</math>",
        f"<math>{MATH}</math>",
        "<script type='math/tex'>h = a t</script>",
        "<span class='MathJax_Preview'>h</span><span class='MathJax'>h=at</span>"
        "<script type='math/tex'>h = a t</script>",
        "<mjx-container class='MathJax' jax='CHTML'><mjx-math aria-hidden='true'><mjx-c></mjx-c></mjx-math>"
        f"<mjx-assistive-mml><math>{NOTED}</math></mjx-assistive-mml></mjx-container>",
        f"<span class='katex'><span class='katex-mathml'><math>{NOTED}</math></span>"
        "<span class='katex-html' aria-hidden='true'>h=at</span></span>",
        "<span class='mwe-math-element'><span style='display: none'>"
        "<math alttext='{\\displaystyle h = a t}'></math></span><img src='/h.svg' alt='h'></span>",
        "\\(h = a t\\)",
    ],
)
def test_formulas_are_tex_between_dollar_signs(html: str) -> None:
    assert html_to_markdown(f"<p>The height {html} counts.</p>", base_url=None) == "The height $h = a t$ counts."


@pytest.mark.parametrize(
    "html",
    [
        "<script type='math/tex; mode=display'>a_1 * b_2</script>",
        "<span class='katex-display'><span class='katex'><math><semantics><mi>a</mi>"
        "<annotation encoding='application/x-tex'>a_1 * b_2</annotation></semantics></math></span></span>",
        "\\[a_1 * b_2\\]",
    ],
)
def test_formulas_on_their_own_stand_between_two(html: str) -> None:
    assert html_to_markdown(f"<p>So</p><p>{html}</p>", base_url=None) == "So\n\n$$a_1 * b_2$$"


def test_elements_that_no_rule_knows_leave_their_letters_and_code_stays() -> None:
    strange = html_to_markdown("<p>Of <math><mstrange><mi>h</mi></mstrange></math> more.</p>", base_url=None)
    assert "h" in strange.removeprefix("Of ").removesuffix(" more.")
    assert html_to_markdown("<p><code>\\(x\\)</code></p>", base_url=None) == "`\\(x\\)`"
