"""Work of the parsers on their worst texts: four times the text takes no more than a linear share of time.

Parts of texts are repeated, as in public reports of parsers that hang: openings that never close, marks that nest,
runs of one character, references and definitions without number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from growth import LIMIT, grows_faster, seconds

from backfile.archive.frontmatter.front_matter import parse
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.markdown.mdx import is_mdx, mdx_to_markdown
from backfile.archive.markdown.renderer import to_text

SIZE = 6_000
QUICK = 0.1  # seconds for the larger text, below which no growth is looked for

MARKS = [
    "&", "<", "<a ", "[", "![", "[a](", "[[", "*a ", "**a* ", "_a_", "`", "``a`", "`a``", "~~~\n", "\n", "\r\n", "> ",
    "> a\n", "- ", "- a\n  ", "# ", "|a|b|\n|-|-|\n", "|", "$a$ ", "$$", "\\(", "{{", "{{< a >}}", "{{< a", "{% raw %}",
    "{#", "{/*", "<!--", "<!---->", "import a\n\n", "import{", "import {a\n", "export const a = {\n\n",
    "export const a=(",     "export const a=(\n\n", "<A b={", "<A b>",
    "<A>", ":::note\n", "[^a]: b\n\n", "[a]: b\n", "a[^1]\n\n[^1]: b\n\n",
    "*[a]: b\n\n", "http://a.b/ ", '-8<- "a"\n', "==a", "^a^", "^[a", "++a++", ":a:", "a\u00ad\n", "a-\n", "\\",
    "<pre>", "<code>", "<p>a", "<table><tr><td>", "<math>", "<details>", "<sup>1</sup>", "x<sup>", "&lt;", "<![CDATA[",
    "<?",
    "<ul><li>", "Term\n: a\n\n", "[a][b]", "!!! note\n    a\n", "    a\n", "\t", "a  \n", "\u4e2d", "'", '"', "--",
    "<<a>>",
]  # fmt: skip
HEADS = [
    "a: b\n",
    "a:\n",
    "a: &b\n",
    "b: *a\n",
    "- - ",
    "a.",
    "[a.",
    '{"a":',
    "[",
    "{",
    "#",
    "a: [",
    "'",
    '"',
    "|",
    "\r\n",
]


def of_front_matter(fence: str) -> Callable[[str], object]:
    return lambda text: parse(f"{fence}\n{text}\n{fence}\nA text.\n")


def of_tables(name: str) -> object:
    lines = "x=1 y\n" * (len(name) // 6)
    return parse(f"+++\n[{name}a]\n{lines}\n+++\nA text.\n")


WORK: dict[str, tuple[Callable[[str], Any], list[str]]] = {
    "text": (to_text, MARKS),
    "mdx": (lambda text: (is_mdx("a.md", text + "import ={"), mdx_to_markdown(text)), MARKS),
    "plain text": (plain_to_markdown, MARKS),
    "front matter": (parse, [*MARKS, *HEADS]),
    "YAML": (of_front_matter("---"), [*MARKS, *HEADS]),
    "TOML": (of_front_matter("+++"), [*MARKS, *HEADS]),
    "tables of broken TOML": (of_tables, ["a", "a."]),
}


@pytest.mark.long
@pytest.mark.parametrize("name", WORK)
def test_a_parser_takes_linear_time(name: str) -> None:
    work, units = WORK[name]
    slow = []
    for unit in units:

        def text(size: int, unit: str = unit) -> str:
            return unit * (size // len(unit))

        many = text(4 * SIZE)
        if seconds(lambda: work(many), LIMIT) <= QUICK:  # noqa: B023
            continue
        if grows_faster(work, text, SIZE) and grows_faster(work, text, 2 * SIZE):
            slow.append(unit)
    assert slow == []
