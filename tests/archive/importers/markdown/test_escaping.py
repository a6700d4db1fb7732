"""Square brackets: escaped where they could begin markup, unescaped elsewhere; the text is unchanged."""

from __future__ import annotations

import re
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.archive.importers.markdown.html_to_markdown import html_to_markdown
from backfile.archive.importers.markdown.plain_to_markdown import plain_to_markdown
from backfile.archive.markdown.renderer import to_html, to_text

PLAIN = [
    "He said it [sic] twice.",
    "[Laughter] So it went […]",
    "as shown [1], and again [2, 3]; see [Marsh 2019].",
    "[a] [b], (x) [c] (y)",
    "[Music].",
    "[笑] そう",
    "[1] Edna Marsh, The Ferry (2019)",
]
ESCAPED = {
    "[it](there)": "\\[it\\](there)",
    "[it][there]": "\\[it\\]\\[there\\]",
    "[it]: http://x.example": "\\[it\\]: http://x.example",
    "![it] and [^1]": "\\!\\[it\\] and \\[^1\\]",
    "[x] done, [ ] not, [X]": "\\[x\\] done, \\[ \\] not, \\[X\\]",
    "[[ferry]] and [!note]": "\\[\\[ferry\\]\\] and \\[!note\\]",
    "[0, 1) and ] and [a [b] c]": "\\[0, 1) and \\] and \\[a [b] c\\]",
    "[toc]": "\\[toc\\]",
    "^[note] and [a]{b}": "^\\[note\\] and \\[a\\]{b}",
}


@pytest.mark.parametrize("text", PLAIN)
def test_brackets_that_begin_nothing_stay_as_they_are(text: str) -> None:
    assert html_to_markdown(f"<p>{escape(text)}</p>", base_url=None) == text
    assert plain_to_markdown(text) == text
    assert to_text(text) == text


@pytest.mark.parametrize(("text", "markdown"), ESCAPED.items())
def test_brackets_that_could_begin_something_are_escaped(text: str, markdown: str) -> None:
    written = html_to_markdown(f"<p>{escape(text)}</p>", base_url=None)
    assert written == markdown
    assert to_text(written) == to_text(plain_to_markdown(text)) == text


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>[see <a href='u'>it</a>]</p>", "\\[see [it](u)\\]"),
        ("<p>[1]<a href='u'>it</a></p>", "\\[1\\][it](u)"),
        ("<p>[1]<b></b>(x)</p>", "\\[1\\](x)"),
        ("<p><a href='u'>[1]</a> and <b>[2]</b></p>", "[\\[1\\]](u) and **\\[2\\]**"),
        ("<p><a href='u'>it</a>[1]</p>", "[it](u)\\[1\\]"),
        ("<p><b>So</b> [sic], <i>it [is] so</i>.</p>", "**So** [sic], *it [is] so*."),
        ("<p>[1]<br>(x)</p>", "[1]\\\n(x)"),
        ("<ul><li>[x] done</li><li>[sic]</li></ul>", "- \\[x\\] done\n- [sic]"),
        ("<p>[1]<sup><a href='#fn1'>1</a></sup></p><p id='fn1'>So</p>", "\\[1\\][^1]\n\n[^1]: So"),
        ("<img src='a.png' alt='[map]'>", "![\\[map\\]](a.png)"),
        ("<table><tr><th>[a]</th><th>(b)</th></tr></table>", "| [a] | (b) |\n| --- | --- |"),
    ],
)
def test_neighbours_of_brackets_decide(html: str, markdown: str) -> None:
    assert html_to_markdown(html, base_url=None) == markdown


LINE = st.lists(
    st.sampled_from(["[", "]", "[a]", "[1]", "(b)", "[x]", "[^1]", "!", "^", ":", "*", "a", " ", "\\", "{", "`", "\n"]),
    max_size=14,
).map("".join)
INLINE = st.tuples(st.sampled_from(["b", "i", "span", "a href='u'", "small", "code", "br", "div", "p"]), LINE)


def _words(text: str) -> str:
    return "".join(text.split())


def _checked(markdown: str, text: str, links: int = 0) -> None:
    assert _words(to_text(markdown)) == _words(text)
    html = to_html(markdown).html
    assert len(re.findall("<a ", html)) == links
    assert "<input" not in html
    assert "<img" not in html


@given(LINE)
@settings(max_examples=150)
def test_any_brackets_come_back_from_html(line: str) -> None:
    _checked(
        html_to_markdown(f"<p>Before.</p><p>{escape(line)}</p><p>After.</p>", base_url=None), f"Before.{line}After."
    )


DIALECTS = [
    "so ^^inserted^^ it is",
    "a^2^ and H~2~O",
    "==marked== words, a==b, a == b",
    "press ++ctrl+c++ in C++ now",
    "on :calendar: days, at 10:30:45",
    "{++in++} {--out--} {>>why<<} {==so==} {~~a~>b~~}",
    "{# hidden #} {/* hidden */} {{ x }} {% x %}",
    "see [gallery] or [caption id=1]words[/caption] or [code]",
    "50%% of %%them%%",
    "the end ^block-id",
    "one^[a note]",
    'of --8<-- "file.md"',
]


@pytest.mark.parametrize("text", DIALECTS)
def test_signs_of_other_dialects_come_back(text: str) -> None:
    made = html_to_markdown(f"<p>{escape(text)}</p>", base_url=None)
    assert to_text(made) == text
    assert to_text(plain_to_markdown(text)) == text


@given(LINE)
@settings(max_examples=150)
def test_any_brackets_come_back_from_plain_text(line: str) -> None:
    line = re.sub(r"\s+", " ", line)
    shown = to_text(plain_to_markdown(f"So {line}"))
    assert _words(shown) == _words(f"So {line}")


def _element(tag: str, words: str) -> tuple[str, str]:
    """Element and its text."""
    if tag == "br":
        return "<br>", ""
    words = " ".join(words.replace("`", "").split()) if tag == "code" else words
    html = f"<{tag}>{escape(words)}</{tag.partition(' ')[0]}>"
    # Signs are not seen to be stressed beside letters, and code beside code is one: no matter of brackets.
    return (f" {html} " if tag in ("b", "i", "code") and words.strip() else html), words


@given(st.lists(st.tuples(LINE, INLINE), max_size=4))
@settings(max_examples=200)
def test_brackets_among_elements_come_back(pieces: list[tuple[str, tuple[str, str]]]) -> None:
    made = [(line, tag, *_element(tag, inner)) for line, (tag, inner) in pieces]
    html = "".join(escape(line) + element for line, _, element, _ in made)
    text = "".join(line + words for line, _, _, words in made)
    links = sum(tag.startswith("a") and bool(words.strip()) for _, tag, _, words in made)
    _checked(html_to_markdown(f"<p>x</p><div>Before{html}</div><p>y</p>", base_url=None), f"xBefore{text}y", links)
