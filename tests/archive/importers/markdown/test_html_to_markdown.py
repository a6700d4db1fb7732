from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable
from html import escape
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import MAX_BYTES, decode_html, parse_html
from backfile.archive.importers.markdown.html_to_markdown import html_to_markdown
from backfile.archive.markdown.renderer import to_html, to_text

ACTIVE = re.compile(r"<script|javascript:|\son\w+\s*=|<iframe|<object|<svg|vbscript:", re.IGNORECASE)


def test_forms_of_an_article_keep_their_form() -> None:
    html = """<h2>The pier</h2><p>Boats <b>leave</b> at <em>six</em>.</p><ul><li>one<ul><li>two</li></ul></li></ul>
    <blockquote><p>A quiet sea.</p></blockquote><table><tr><th>Day</th><th>Boats</th></tr><tr><td>Mon</td>
    <td>3</td></tr></table><pre class="language-python"><code>a = 1<br>b = 2</code></pre>
    <figure><img src="pier.jpg" alt="The pier"><figcaption>The pier in <i>March</i></figcaption></figure>"""
    markdown = html_to_markdown(html, base_url="https://harbour.example/news/")
    for piece in (
        "## The pier", "Boats **leave** at *six*.", "- one\n", "  - two", "> A quiet sea.", "| Day | Boats |",
        "```python\na = 1\nb = 2\n```", "![The pier](https://harbour.example/news/pier.jpg)\n\n*The pier in March*",
    ):  # fmt: skip
        assert piece in markdown


def test_a_picture_that_waits_is_shown_and_none_leaves_a_caption() -> None:
    waiting = """<figure><picture><source data-srcset="/s.jpg 400w, /l.jpg 800w"><img src="data:image/gif;base64,R0"
    alt="Pier"></picture><figcaption>The pier</figcaption></figure><p>So.</p>"""
    shown = html_to_markdown(waiting, base_url="https://harbour.example/")
    assert shown == "![Pier](https://harbour.example/l.jpg)\n\n*The pier*\n\nSo."
    assert html_to_markdown(waiting.replace("data-srcset", "data-other"), base_url=None) == "So."


def test_footnotes_become_footnotes() -> None:
    html = """<p>A claim<sup><a href="#fn1">1</a></sup> here.</p>
    <ol><li id="fn1"><p>The <b>proof</b>. <a href="#ref1">back</a></p></li></ol>"""
    assert html_to_markdown(html, base_url=None) == "A claim[^1] here.\n\n[^1]: The **proof**."


def test_special_characters_stay_text() -> None:
    text = "1. not a list * star _under_ [brackets] # hash <tag>"
    assert to_text(html_to_markdown(f"<p>{text.replace('<', '&lt;')}</p>", base_url=None)) == text


@pytest.mark.parametrize(
    "html",
    [
        "<p>x<script>alert(1)</script></p>",
        "<p onclick='alert(1)'>x</p>",
        "<a href='javascript:alert(1)'>x</a>",
        "<a href=' jAvA\tscript:alert(1)'>x</a>",
        "<img src='javascript:alert(1)' onerror=alert(1)>x",
        "<svg onload=alert(1)><p>x</p></svg>x",
        "<iframe src='https://x.example'></iframe>x",
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; x</p>",
        "<math><mtext><img src=1 onerror=alert(1)></math>x",
        "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    ],
)
def test_nothing_active_comes_through(html: str) -> None:
    markdown = html_to_markdown(html, base_url="https://harbour.example/")
    assert "x" in markdown
    assert not ACTIVE.search(to_html(markdown).html.replace("&lt;script", ""))


@pytest.mark.corpora
def test_collected_attacks_come_through_harmless(corpus: Callable[[str], Path]) -> None:
    lines = [
        line
        for file in sorted(corpus("bad-xss").rglob("*.txt"))
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines()
    ]
    assert lines
    for line in lines[::15]:
        try:
            markdown = html_to_markdown(line, base_url=None)
        except ArchiveError:
            continue
        assert "](javascript:" not in markdown.lower()
        assert "<script" not in re.sub(r"`[^`]*`|\\<", "", markdown.lower())


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_page_or_an_error(content: bytes) -> None:
    try:
        html_to_markdown(decode_html(content), base_url=None)
    except ArchiveError:
        return


def test_deep_nesting_and_size_are_bounded() -> None:
    for depth in (100, 1_000):
        deep = "<div>" * depth + "<p>deep" + "</div>" * depth + "<p>and what comes after"
        assert html_to_markdown(deep, base_url=None) == "deep\n\nand what comes after"
    for element in ("div", "ul", "blockquote", "b"):
        with pytest.raises(ArchiveError, match="is nested too deeply"):
            html_to_markdown(f"<{element}>" * 20_000 + "<p>deep</p>", base_url=None)
    with pytest.raises(ArchiveError, match="is nested too deeply"):
        html_to_markdown("<blockquote>" * 1_900 + "<p>deep</p>", base_url=None)
    with pytest.raises(ArchiveError, match="larger than"):
        parse_html(b"x" * (MAX_BYTES + 1))


def test_characters_that_xml_forbids_are_dropped() -> None:
    page = (
        "<p>a\x01b&#1;c&#x1F;d&#xFFFE;e\uffffe\ud800&#11;f&#11;&#110;&#xB;&#xBB;</p><figure><img src=x>&#2;g</figure>"
    )
    assert html_to_markdown(page, base_url=None).startswith("abcdeefn»")


@pytest.mark.parametrize(
    ("content", "declared", "text"),
    [
        ("café".encode(), None, "café"),
        ("<meta charset=iso-8859-1>“café”".encode("cp1252"), None, "<meta charset=iso-8859-1>“café”"),
        ("пароход".encode("koi8-r"), "koi8-r", "пароход"),
        (b"\xff\xfe" + "café".encode("utf-16-le"), None, "café"),
        ("<meta charset=koi8-r>пароход".encode("koi8-r"), None, "<meta charset=koi8-r>пароход"),
        ("<p>Пароход ушёл в море ночью".encode("cp1251"), None, "<p>Пароход ушёл в море ночью"),
        (
            "<p>船は九時に港を出ました。誰も見ていません。".encode("euc-jp"),
            None,
            "<p>船は九時に港を出ました。誰も見ていません。",
        ),
        (
            "<p>Zażółć gęślą jaźń, statek wypłynął o dziewiątej wieczorem z portu i już nie wrócił.".encode(
                "iso8859-2"
            ),
            "x-no",
            "<p>Zażółć gęślą jaźń, statek wypłynął o dziewiątej wieczorem z portu i już nie wrócił.",
        ),
        ("<meta charset=utf-8>café, ".encode() * 20 + b"\xe9t", None, "<meta charset=utf-8>café, " * 20 + "\ufffdt"),
        ("<meta charset=utf-16>cafés".encode("latin-1"), None, "<meta charset=utf-16>cafés"),
        ("<meta charset=utf-16>café".encode(), None, "<meta charset=utf-16>café"),
        ("<meta charset=nonsense>café".encode("latin-1"), None, "<meta charset=nonsense>café"),
    ],
)
def test_pages_are_decoded_as_they_say_unless_they_are_wrong(content: bytes, declared: str | None, text: str) -> None:
    assert decode_html(content, declared) == text


def test_gzip_is_no_page() -> None:
    with pytest.raises(ArchiveError, match="is no text"):
        decode_html(bytes(range(256)) * 20)
    with pytest.raises(ArchiveError, match="is no text"):
        decode_html(gzip.compress(bytes(range(256)) * 200, mtime=0))


_LINE = st.text(
    st.one_of(
        st.sampled_from("\\`*_[]<>~{}$%!&#-+=|:.()^; 1ax"),
        st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"], exclude_characters="\xad"),
    ),
    max_size=30,
).filter(lambda line: not re.search(r"\\[(\[]", line))  # between these stand formulas


def _words_of(text: str) -> str:
    return "".join(text.split())


@given(_LINE)
@settings(max_examples=200)
def test_text_comes_back_from_markdown(line: str) -> None:
    written = html_to_markdown(f"<p>Before.</p><p>{escape(line)}</p><p>After.</p>", base_url=None)
    assert _words_of(to_text(written)) == _words_of(f"Before.{line}After.")


@given(_LINE, _LINE, st.sampled_from(["b", "i", "span", "small", "a href='u'", "li", "h2", "td", "blockquote"]))
@settings(max_examples=200)
def test_text_in_elements_comes_back_from_markdown(before: str, line: str, tag: str) -> None:
    html = f"<p>{escape(before)}</p>So <{tag}>{escape(line)}</{tag.partition(' ')[0]}> {escape(before)}<p>x</p>"
    shown = to_text(html_to_markdown(html, base_url=None))
    assert _words_of(shown) == _words_of(f"{before}So{line}{before}x")


@pytest.mark.parametrize(
    "text",
    ["eco-friendly", "AT&T & Sons", "Q&A", "C++ and C#", "snake_case_name", "1+1=2, 3 < 4 > 2", "a|b", "U.S. (1.5)",
     "on 14. March", "2 * 3", "it's 5%, $3!", "node.js: #tag", "http://a.example/b-c_d?e=1&f=2#g", "a - b -- c"],
)  # fmt: skip
def test_punctuation_that_is_no_markup_is_not_escaped(text: str) -> None:
    assert html_to_markdown(f"<p>So {escape(text)}.</p>", base_url=None) == f"So {text}."


def test_signs_at_the_head_of_a_block_are_escaped_and_not_in_headings_and_cells() -> None:
    html = """<h2>1. Of # and -</h2><p>1. one<br>- two</p><p><b>3.</b> three</p><li>+ four</li>
    <table><tr><th>-</th><th>2.</th></tr><tr><td>+ 3</td><td># 4</td></tr></table><p>Lo!<a href="u">and</a></p>"""
    assert html_to_markdown(html, base_url=None).split("\n\n") == [
        "## 1. Of # and -", "1\\. one\\\n\\- two", "**3.** three", "- \\+ four",
        "| - | 2. |\n| --- | --- |\n| + 3 | # 4 |", "Lo\\![and](u)",
    ]  # fmt: skip


def test_no_break_at_the_end_of_a_paragraph_and_no_stress_on_signs_alone() -> None:
    html = """<p>one<br>two<br></p><p><b>"</b>So <i>it</i> is<em><img src="a.png"></em></p><pre>x \\\n\ny</pre>
    <p>C:\\</p><p>end<br> </p>"""
    assert html_to_markdown(html, base_url=None).split("\n\n") == [
        "one\\\ntwo", '"So *it* is![](a.png)', "```\nx \\", "y\n```", "C:\\\\", "end"
    ]  # fmt: skip


def test_tables_that_lay_out_are_dissolved_and_tables_of_data_stay() -> None:
    nested = """<table><tr><td><table><tr><td>Together with </td><td><img src="a.png" alt="A"></td></tr></table></td>
    <td><p>Right</p></td></tr></table>"""
    assert html_to_markdown(nested, base_url=None).split("\n\n") == ["Together with", "![A](a.png)", "Right"]
    column = "<table><tr><td>One</td></tr><tr><td>Two</td></tr></table>"
    assert html_to_markdown(column, base_url=None) == "One\n\nTwo"
    assert (
        html_to_markdown("<table role=presentation><tr><td>1<td>2<tr><td>3<td>4</table>", base_url=None).count("|") == 0
    )
    assert html_to_markdown("<table><tr><td>1<td>2<tr><td>3<td>4</table>", base_url=None).endswith("| 3 | 4 |")
    assert html_to_markdown("<table><tr><th>Boats<tr><td>9</table>", base_url=None).startswith("| Boats |")


@pytest.mark.parametrize("html", ["<table><tr><td>" * 250 + "x", "<table><tr><td>x</table>" * 20_000])
def test_many_tables_are_taken_apart_soon(html: str) -> None:
    started = time.monotonic()
    assert "x" in html_to_markdown(html, base_url=None)
    assert time.monotonic() - started < 30


def test_breaks_at_the_end_of_a_paragraph_leave_no_sign() -> None:
    assert html_to_markdown("<div>a<br>b<br><br><br><p>c</p></div>", base_url=None) == "a\\\nb\n\nc"


def test_empty_lines_in_the_source_of_a_page_end_no_paragraph() -> None:
    assert html_to_markdown("<p>a <b>one\n\n \n two</b> b\n\nc</p>", base_url=None) == "a **one\ntwo** b\nc"


def test_a_call_before_a_link_makes_no_picture_of_it() -> None:
    assert html_to_markdown("<p>So!<a href='u'>it</a></p>", base_url=None) == "So\\![it](u)"
    assert html_to_markdown("<div>So<div></div>!\n<a href='u'></a></div>", base_url=None) == "So\n\n!"
