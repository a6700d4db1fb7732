"""Templates escape every value, and macros, blocks and translations do not escape twice."""

from __future__ import annotations

import html

import pytest
from flask import Flask
from flask.templating import Environment
from hypothesis import given
from hypothesis import strategies as st

from tests.web_archive import archive_app

__all__ = ["archive_app"]


def test_the_environment_is_flasks(archive_app: Flask) -> None:
    assert type(archive_app.jinja_env) is Environment
    assert all(archive_app.jinja_env.autoescape(name) for name in ("search.html", "macros.html", "feed.xml"))


@given(text=st.text("<>&'\"a;#é"), mark=st.none() | st.integers(0, 3))
def test_the_mark_macro_escapes(archive_app: Flask, text: str, mark: int | None) -> None:
    written = str(archive_app.jinja_env.get_template("macros.html").module.marked([(mark, text)]))
    inner = written.partition("<mark")[2].partition(">")[2].removesuffix("</mark>") if mark is not None else written
    assert html.unescape(inner) == text
    assert not set(inner) & set("<>\"'")


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{ value }}", "&lt;b&gt; &amp; &#34;&#39;"),
        ('<a title="{{ value }}">', '<a title="&lt;b&gt; &amp; &#34;&#39;">'),
        ("{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}{{ m(value) }}", "<i>&lt;b&gt; &amp; &#34;&#39;</i>"),
        ("{{ '<b>' ~ value }}", "&lt;b&gt;&lt;b&gt; &amp; &#34;&#39;"),
        ("{{ _(value) }}", "&lt;b&gt; &amp; &#34;&#39;"),
        ("{{ missing }}{{ none }}", "None"),
        ("{% trans value=value %}<i>{{ value }}</i>{% endtrans %}", "<i>&lt;b&gt; &amp; &#34;&#39;</i>"),
        ("{% macro m() %}<{{ caller(x='&') }}>{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}", "<&amp;>"),
    ],
)
def test_templates_escape(archive_app: Flask, template: str, written: str) -> None:
    made = archive_app.jinja_env.overlay(autoescape=True).from_string(template)
    assert made.render(value="<b> & \"'", none=None) == written
