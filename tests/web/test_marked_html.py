"""Highlights in HTML: every span is marked once, the rest of the HTML is unchanged."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.markdown.plain_text import plain_text
from backfile.archive.markdown.renderer import to_html
from backfile.archive.model import ArticleMetadata
from backfile.index.engine import Document, Span
from backfile.index.highlight.highlighter import Highlighter
from backfile.index.query import parse
from backfile.web.views.marked_html import mark_html
from tests.archive.markdown.test_plain_text import bodies
from tests.archive.markdown.test_renderer import FRAGMENTS

MARK = re.compile(r'<mark (?:id="m|data-mark=")(\d+)">([^<]*)</mark>')


def spans_of(pattern: str, html: str) -> list[Span]:
    """Spans of a regular expression in the text of HTML, without those of white space."""
    return [found.span() for found in re.finditer(pattern, plain_text(html)) if found[0].strip()]


def marked(html: str, query: str, first: int = 1) -> str:
    highlights = Highlighter(parse(query).tree).highlight(Document("a", "a.md", ArticleMetadata("-"), plain_text(html)))
    return mark_html(html, highlights.text if highlights else (), first=first)


def check(html: str, pattern: str) -> None:
    """Checks that every span is marked once and that nothing else changes."""
    text, found = plain_text(html), spans_of(pattern, html)
    done = mark_html(html, found, first=5)
    assert re.sub(r'<mark (?:id="m|data-mark=")\d+">|</mark>', "", done) == html
    assert len(found) == len(re.findall(r'<mark id="m\d+">', done))
    shown: dict[int, str] = {}
    for number, words in MARK.findall(done):
        shown[int(number)] = shown.get(int(number), "") + unescape(words)
    for number, (start, end) in enumerate(found, 5):
        assert "".join(shown[number].split()) == "".join(text[start:end].split())
    assert plain_text(done) == text


def test_marks_are_numbered() -> None:
    html = "<p>The ferry left. No ferry came.</p>"
    expected = '<p>The <mark id="m3">ferry</mark> left. No <mark id="m4">ferry</mark> came.</p>'
    assert marked(html, "ferry", first=3) == expected


def test_a_mark_across_elements_has_several_parts() -> None:
    html = marked(to_html("the **night** ferry").html, '"night ferry"')
    assert '<strong><mark id="m1">night</mark></strong> <mark data-mark="1">ferry</mark>' in html


def test_code_is_marked_and_attributes_are_not() -> None:
    html = marked(to_html('`ferry` [ferry](https://example.org/ferry "ferry")\n\n    ferry\n').html, "ferry")
    assert html.count("<mark") == 3
    assert 'href="https://example.org/ferry"' in html
    assert 'title="ferry"' in html


def test_alternative_text_is_marked() -> None:
    assert '<mark id="m1">ferry</mark></span>' in marked(to_html("![The ferry](ferry.png)").html, "ferry")
    assert '<mark id="m1">ferry</mark></a>' in marked(
        to_html("![The ferry](https://example.org/ferry.png)").html, "ferry"
    )


def test_entities_are_never_cut() -> None:
    html = "<p>AT&amp;T &lt;b&gt;&nbsp;&nbsp; x&amp;</p>"
    assert mark_html(html, spans_of("&", html)) == (
        '<p>AT<mark id="m1">&amp;</mark>T &lt;b&gt;&nbsp;&nbsp; x<mark id="m2">&amp;</mark></p>'
    )
    assert mark_html(html, spans_of("<b>", html)).count('<mark id="m1">&lt;b&gt;</mark>') == 1
    assert mark_html(html, spans_of("> x", html)).count('<mark id="m1">&gt;&nbsp;&nbsp; x</mark>') == 1


def test_readings_are_marked_where_they_stand() -> None:
    html = to_html("<ruby>東京<rt>とうきょう</rt></ruby>都").html
    assert '<ruby><mark id="m1">東京</mark><rt>とうきょう</rt></ruby><mark data-mark="1">都</mark>' in marked(
        html, "東京都"
    )
    assert '<rt><mark id="m1">とうきょう</mark></rt></ruby>都' in marked(html, "とうきょう")


def test_formulas_are_marked_in_their_tex() -> None:
    html = marked(to_html(r"so $\alpha + \beta = \alpha$ holds").html, "alpha")
    assert html.count("<mark") == 2
    assert '<span class="tex">$\\<mark id="m1">alpha</mark> + ' in html
    assert "<mark" not in html[html.index("<math") : html.index("</math>")]


def test_html_without_marks_is_unchanged() -> None:
    html = to_html("# A\n\n| b |\n|---|\n| c & d |\n").html
    assert marked(html, "zebra") == html
    assert marked("", "zebra") == ""


@given(
    st.lists(FRAGMENTS, max_size=40).map("".join), st.sampled_from([r"\w+", r"\w+\s\w+", r".", r"[^a]{1,5}", r"\W+\w"])
)
def test_every_span_is_marked_once_and_nothing_else_changes(body: str, pattern: str) -> None:
    html = to_html(body).html
    check(html, pattern)


@pytest.mark.corpora
@pytest.mark.long
@pytest.mark.parametrize("name", ["digitalgov", "rust-blog", "nodejs-blog"])
def test_marking_real_articles(corpus: Callable[[str], Path], name: str) -> None:
    for _, body in list(bodies(corpus(name)))[::29]:
        html = to_html(body).html
        for pattern in (r"\bthe\b", r"\w+\s\w+", r".{1,7}"):
            check(html, pattern)
