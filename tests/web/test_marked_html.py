"""Marks in the reading page: each span of the text once, everything else of the HTML untouched."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import unescape
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.markdown.plain_text import plain_text
from backfile.archive.markdown.renderer import to_html
from backfile.index.engine import Span
from backfile.index.highlight.highlighter import Highlighter, Highlights
from backfile.index.query import parse
from backfile.web.views.marked_html import mark_html
from tests.archive.markdown.test_plain_text import bodies
from tests.archive.markdown.test_renderer import FRAGMENTS

MARK = re.compile(r'<mark (?:id="m|data-mark=")(\d+)">([^<]*)</mark>')


class Spans:
    """Stands in for a matcher with the spans of a regular expression; keeps the text it was given."""

    def __init__(self, pattern: str) -> None:
        self.pattern = re.compile(pattern)
        self.text = ""

    def highlight_text(self, text: str, field: str = "text", *, hit: Highlights | None = None) -> Sequence[Span]:
        assert field == "text"
        self.text = text
        return [found.span() for found in self.pattern.finditer(text) if found[0].strip()]


def marked(body: str, query: str) -> str:
    return mark_html(to_html(body).html, Highlighter(parse(query).tree)).html


def check(html: str, pattern: str) -> None:
    """The rule of marking, on one page."""
    spans = Spans(pattern)
    done = mark_html(html, spans, first=5)
    assert spans.text == plain_text(html)  # which takes a shorter way than runs
    assert re.sub(r'<mark (?:id="m|data-mark=")\d+">|</mark>', "", done.html) == html
    found = spans.highlight_text(spans.text)
    assert done.count == len(found) == len(re.findall(r'<mark id="m\d+">', done.html))
    shown: dict[int, str] = {}
    for number, words in MARK.findall(done.html):
        shown[int(number)] = shown.get(int(number), "") + unescape(words)
    for number, (start, end) in enumerate(found, 5):
        assert "".join(shown[number].split()) == "".join(spans.text[start:end].split())
    assert plain_text(done.html) == spans.text


def test_a_word_is_marked_and_numbered() -> None:
    html = "<p>The ferry left. No ferry came.</p>"
    done = mark_html(html, Highlighter(parse("ferry").tree), first=3)
    assert done.html == '<p>The <mark id="m3">ferry</mark> left. No <mark id="m4">ferry</mark> came.</p>'
    assert done.count == 2


def test_a_phrase_across_elements_is_one_mark_in_several_pieces() -> None:
    html = marked("the **night** ferry", '"night ferry"')
    assert '<strong><mark id="m1">night</mark></strong> <mark data-mark="1">ferry</mark>' in html


def test_code_is_marked_and_attributes_are_not() -> None:
    html = marked('`ferry` [ferry](https://example.org/ferry "ferry")\n\n    ferry\n', "ferry")
    assert html.count("<mark") == 3
    assert 'href="https://example.org/ferry"' in html
    assert 'title="ferry"' in html


def test_the_words_of_a_picture_are_marked_where_they_are_seen() -> None:
    assert '<mark id="m1">ferry</mark></span>' in marked("![The ferry](ferry.png)", "ferry")
    assert '<mark id="m1">ferry</mark></a>' in marked("![The ferry](https://example.org/ferry.png)", "ferry")


def test_entities_are_never_cut() -> None:
    html = "<p>AT&amp;T &lt;b&gt;&nbsp;&nbsp; x&amp;</p>"
    assert mark_html(html, Spans("&")).html == (
        '<p>AT<mark id="m1">&amp;</mark>T &lt;b&gt;&nbsp;&nbsp; x<mark id="m2">&amp;</mark></p>'
    )
    assert mark_html(html, Spans("<b>")).html.count('<mark id="m1">&lt;b&gt;</mark>') == 1
    assert mark_html(html, Spans("> x")).html.count('<mark id="m1">&gt;&nbsp;&nbsp; x</mark>') == 1


def test_nothing_to_mark_changes_nothing() -> None:
    html = to_html("# A\n\n| b |\n|---|\n| c & d |\n").html
    assert mark_html(html, Highlighter(parse("zebra").tree)).html == html
    assert mark_html("", Highlighter(parse("zebra").tree)).count == 0


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
