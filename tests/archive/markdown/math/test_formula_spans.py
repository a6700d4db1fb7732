"""Formulas in Markdown: told from prices, variables and markup, and kept from the parsers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.markdown.math.formula_spans import protect_formulas
from backfile.archive.markdown.renderer import to_html, to_text


def formulas_of(body: str) -> list[str]:
    """Formulas that the page shows, as they are written."""
    html = to_html(body).html
    return [part.partition("</span>")[0] for part in html.split('<span class="tex">')[1:]]


@pytest.mark.parametrize(
    ("body", "formulas"),
    [
        ("Let $x^2$ be", ["$x^2$"]),
        ("($x$), “$y$”; $z$.", ["$x$", "$y$", "$z$"]),
        ("the $n$th, $k$-means, $p$s, 設$x$為", ["$n$", "$k$", "$p$", "$x$"]),
        ("$x_1 *a* y_2$ and *$z$*", ["$x_1 *a* y_2$", "$z$"]),
        (r"$\{a\}$ and $a\,b$", [r"$\{a\}$", r"$a\,b$"]),
        (r"$\$5$", [r"$\$5$"]),
        (r"$\frac{{a}}{b}$", [r"$\frac{{a}}{b}$"]),
        ("$a==b$, $==c$", ["$a==b$", "$==c$"]),
        ("| a |\n|---|\n| $|x|$ |\n", ["$|x|$"]),
        ("$$\nx\n$$", ["$$\nx\n$$"]),
        ("> $$\n> x\n> $$", ["$$\nx\n$$"]),
        ("- a\n\n  $$x$$\n", ["$$x$$"]),
        ("<p>a $x$</p>", ["$x$"]),
        ("[a $x$](b.md)", ["$x$"]),
        ("a[^1]\n\n[^1]: $x$\n", ["$x$"]),
        ("[a $x$]\n\n[a $x$]: https://example.org/\n", ["$x$"]),
        (r"$5 and $\alpha$", [r"$\alpha$"]),
    ],
)
def test_formulas_are_shown(body: str, formulas: list[str]) -> None:
    assert formulas_of(body) == formulas


@pytest.mark.parametrize(
    "body",
    [
        "It cost $5 and $6.",
        "$5, $6 or $7 and $8",
        "from $20K-$30K, $5/$6, US$5 and A$6$",
        "100$ and 200$, $6, or 100$",
        "$5 and 6$",
        "that costs $$ and more $$",
        "$HOME/bin:$PATH and ${a}/${b} and “$a.$b” and $a->$b",
        "($AAPL,$TSLA) fell",
        'RewriteRule ^(.*)$ "$1 [L]" and $2',
        "`$x$` costs $",
        "    echo $x$\n",
        "```\n$x$\n```",
        "$a `b` c$",
        "$a <b>c</b> d$",
        "[$5](a.md) and [6$](b.md)",
        "[a](https://example.org/?$filter=a$)",
        "https://example.org/?$x$",
        r"\$x$ and \$y\$",
        "$x\n\ny$",
        "**^** and **$**. **^** and **$**",
        "| a | b |\n|---|---|\n| $5 | 6$ |\n",
        "$$x\n\ny$$",
        "$" * 9,
    ],
)
def test_what_is_no_formula_stays_text(body: str) -> None:
    assert formulas_of(body) == []
    assert protect_formulas(body).text.count("$") == body.count("$")


def test_dollars_in_addresses_and_alternative_texts_stay() -> None:
    assert to_text('![plot of $x$](a.png "t $y$")') == "plot of $x$"
    assert 'src="a-$x$.png"' in to_html("![](a-$x$.png)", remote_images=True).html


def test_the_text_holds_the_tex_as_it_is_written() -> None:
    assert to_text(r"Let $x_1 *a* y_2 \{z\}$ *be*") == r"Let $x_1 *a* y_2 \{z\}$ be"
    assert to_text("$$\na\\\\\nb\n$$") == r"$$ a\\ b $$"


def test_formulas_in_code_of_other_dialects_are_code() -> None:
    html = to_html("{% highlight sh %}\necho $x$\n{% endhighlight %}").html
    assert "echo $x$" in html
    assert "formula" not in html


@given(st.text(alphabet="$xa1 \\{}*_`<>|\n.b/", max_size=60))
def test_formulas_return_as_they_are_written(body: str) -> None:
    protected = protect_formulas(body)
    assert protected.written(protected.text) == body


def test_words_like_the_placeholders_are_words() -> None:
    assert to_text("xformula0x and $x$") == "xformula0x and $x$"
