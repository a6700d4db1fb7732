"""What templates write is escaped, whatever it is."""

from __future__ import annotations

import html

import markupsafe
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from backfile.web.service.rendering import escape
from tests.web_archive import archive_app

__all__ = ["archive_app"]

VALUES = st.one_of(st.text(), st.text("<>&'\"a;#"), st.integers(), st.none(), st.floats(allow_nan=False))


@given(VALUES)
def test_every_value_is_escaped_as_markupsafe_does(value: object) -> None:
    escaped = escape(value)
    assert html.unescape(escaped) == html.unescape(markupsafe.escape(value))
    assert not set(escaped) & set("<>\"'")
    assert escaped.count("&") == markupsafe.escape(value).count("&")


@given(st.text())
def test_markup_is_not_escaped_again(text: str) -> None:
    assert escape(markupsafe.escape(text)) == markupsafe.escape(text)


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{ value }}", "&lt;b&gt; &amp; &quot;&#x27;"),
        ('<a title="{{ value }}">', '<a title="&lt;b&gt; &amp; &quot;&#x27;">'),
        ("{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}{{ m(value) }}", "<i>&lt;b&gt; &amp; &quot;&#x27;</i>"),
        ("{{ '<b>' ~ value }}", "&lt;b&gt;&lt;b&gt; &amp; &quot;&#x27;"),
        ("{{ missing }}{{ none }}", "None"),
        ("{% trans value=value %}<i>{{ value }}</i>{% endtrans %}", "<i>&lt;b&gt; &amp; &#34;&#39;</i>"),
    ],
)
def test_templates_escape(archive_app: Flask, template: str, written: str) -> None:
    made = archive_app.jinja_env.overlay(autoescape=True).from_string(template)
    assert made.render(value="<b> & \"'", none=None) == written


@pytest.mark.parametrize(
    ("template", "written"),
    [
        (
            "{% macro m(x, y=2) %}{{ x }}{{ y }},{% endmacro %}{% for i in (1, 2) %}{{ m(i) + m(i, y=3) }}{% endfor %}",
            "12,13,22,23,",
        ),
        ("{% macro m() %}<{{ caller(x='&') }}>{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}", "<&amp;>"),
        ("{% macro m(x) %}{{ x|upper }}{% endmacro %}{{ m(m('<b>')) }}", "&LT;B&GT;"),
        ("{% block b %}{% for i in range(2) %}{{ number(i) }}{% endfor %}{% endblock %}", "01"),
    ],
)
def test_functions_and_macros_get_what_the_template_says(archive_app: Flask, template: str, written: str) -> None:
    made = archive_app.jinja_env.overlay(autoescape=True).from_string(template)
    assert made.render(number=str) == written


def test_the_templates_use_it(archive_app: Flask) -> None:
    source = archive_app.jinja_env.compile("{{ x }}", raw=True)
    assert "import escape\n" in source
    assert source.index("from backfile.web.service.rendering import escape") > source.index(
        "from jinja2.runtime import"
    )
