"""Plain text: golden cases; on real archives equal to the text of the rendered page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.archive.markdown.plain_text import plain_text, text_runs
from backfile.archive.markdown.renderer import to_html, to_text

CORPORA = ("digitalgov", "do-tutorials", "rust-blog", "nodejs-blog", "jekyll-posts", "publicdomain-md")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Two\nlines, *one* block.\n\nNext.", "Two lines, one block.\nNext."),
        ("hard  \nbreak", "hard\nbreak"),
        ("![alt text](a.png)after", "alt text after"),
        ("before![alt](a.png)", "before alt"),
        ("before![](a.png)after", "before after"),
        ("[![alt](a.png)](https://example.org)", "alt"),
        ("[link](https://example.org/x 'title')", "link"),
        ("see https://example.org/x or <https://example.org/y>", "see https://example.org/x or https://example.org/y"),
        ("| a | b |\n|---|---|\n| c |  |\n", "a\tb\nc"),
        ("ferry[^1].\n\n[^1]: A note.", "ferry.\nA note."),
        ("H<sub>2</sub>O and m<sup>2</sup>", "H2O and m2"),
        ("- a\n- b\n  - c", "a\nb\nc"),
        ("<div>one</div><div>two</div>three", "one\ntwo\nthree"),
        ("a<!-- hidden -->b<script>no()</script><style>p{}</style>c", "abc"),
        ("<details><summary>More</summary>Less</details>", "More\nLess"),
        ("```\nif x:\n    y &amp;\n\nz\n```", "if x:\ny &amp;\nz"),
        ("fish &amp; chips&nbsp;&lt;b&gt;", "fish & chips <b>"),
        ("Term\n: Definition", "Term\nDefinition"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a\tb\nc"),
        ("don<em>'</em>t <b>bo</b>ld", "don't bold"),
        ("", ""),
        ("\n\n   \n", ""),
        ("<iframe src='https://example.org/v' title='The film'></iframe>", "The film"),
        ("{{< img src='a' alt='Alt' caption='Cap' >}}", "Alt Cap"),
        ("a {{< unknown 12 >}} b {{ x.y }} c", "a b c"),
        ("{{< ring title='Case study' >}}\ntext\n{{< /ring >}}", "Case study\ntext"),
        ("{% post_url 2019-01-01-x %} [x]({% link a/b.md %})", "x"),
        ("## Heading {#id .class}\n{: .lead}\n", "Heading"),
        ("%%remark%% text", "text"),
        ("50 % of %% and `%%a%%`", "50 % of %% and %%a%%"),
        ("![[a.png|A cat]] [[Page#Part]]", "A cat Page > Part"),
        ("Unclosed {{< figure and {% raw and [[x", "Unclosed {{< figure and {% raw and [[x"),
    ],
)
def test_text_of_a_page(body: str, text: str) -> None:
    assert to_text(body) == text
    assert plain_text(to_html(body).html) == text


def test_runs_say_where_they_come_from() -> None:
    html = "<p>A <b>big</b> ship</p>\n<p>&amp; more</p>"
    assert [(html[run.start : run.end], run.before, run.text) for run in text_runs(html)] == [
        ("A ", "", "A"),
        ("big", " ", "big"),
        (" ship", " ", "ship"),
        ("&amp; more", "\n", "& more"),
    ]


TAGS = "<p> </p> <p|id='a'> <br|/> <h2> </h2> <li> <picture> <b> </b> <em> </em> <td> <hr>".replace("|", " ")
WORDS = ("one", " ", "  two", "\n", "\t", "\u00a0", "\u3000", "&amp;", "&nbsp;", "&amp", "lt;", "\x1f")
pieces = st.lists(st.sampled_from((*re.findall("<[^>]*>", TAGS), *WORDS)), max_size=12)


@settings(max_examples=300)
@given(pieces)
def test_plain_text_is_all_runs_joined(pieces: list[str]) -> None:
    html = "".join(pieces)
    runs = text_runs(re.sub("</?(?:em|b)>", "", html))
    assert plain_text(html) == "".join(run.before + run.text for run in runs)


def bodies(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every article of a corpus without its front matter."""
    for path in sorted(folder.rglob("*.m*d*")):
        if path.suffix in (".md", ".markdown"):
            written = path.read_text(encoding="utf-8", errors="replace")
            fenced = re.match(r"(---|\+\+\+)\n.*?\n\1[ \t]*(?:\n|$)", written, re.DOTALL)
            yield path, written[fenced.end() :] if fenced else written


class Words(HTMLParser):
    """Words of a page by an independent parser: every tag that is not inline separates them."""

    inline = frozenset(
        (
            *(
                "a",
                "abbr",
                "b",
                "bdi",
                "bdo",
                "cite",
                "code",
                "del",
                "dfn",
                "em",
                "i",
                "input",
                "ins",
                "kbd",
                "q",
                "rp",
            ),
            *("rt", "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var"),
            "wbr",
        )
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.apparatus = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.apparatus = self.apparatus or (tag == "sup" and ("class", "footnote-reference") in attrs)
        self.parts.append("" if tag in self.inline else " ")

    def handle_endtag(self, tag: str) -> None:
        self.apparatus = self.apparatus and tag != "sup"
        self.parts.append("" if tag in self.inline else " ")

    def handle_data(self, data: str) -> None:
        self.parts.append("" if self.apparatus else data)


def words_of(html: str) -> list[str]:
    parser = Words()
    parser.feed(html)
    parser.close()
    return "".join(parser.parts).split()


@pytest.mark.corpora
@pytest.mark.long
@pytest.mark.parametrize("name", CORPORA)
def test_the_text_has_the_words_of_the_page(corpus: Callable[[str], Path], name: str) -> None:
    differing, number = [], 0
    for path, body in bodies(corpus(name)):
        number += 1
        html, text = to_html(body).html, to_text(body)
        if plain_text(html) != text or words_of(html) != text.split():
            differing.append(path)
    assert number > 90
    assert differing == []


@pytest.mark.corpora
@pytest.mark.parametrize("name", CORPORA)
def test_the_text_has_the_words_of_a_sample_of_pages(corpus: Callable[[str], Path], name: str) -> None:
    sample = [body for _, body in bodies(corpus(name)) if len(body) < 20_000][::151]
    for body in sample:
        html = to_html(body).html
        assert words_of(html) == to_text(body).split()
        assert plain_text(html) == to_text(body)
    assert sample
