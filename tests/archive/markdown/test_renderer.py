"""Markdown → safe HTML and its headings; golden files in tests/data/markdown (RENEW_GOLDEN=1 rewrites them)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import DATA, ROOT
from selectolax.lexbor import LexborHTMLParser

from backfile.archive.markdown import renderer
from backfile.archive.markdown.plain_text import plain_text
from backfile.archive.markdown.renderer import (
    MAX_CHARACTERS,
    MAX_ENTITIES,
    Heading,
    anchors,
    read_body,
    to_html,
    to_text,
)

GOLDEN = DATA / "markdown"


@pytest.mark.parametrize("name", ["features", "shortcodes"])
def test_golden(name: str) -> None:
    body = (GOLDEN / f"{name}.md").read_text(encoding="utf-8")
    if os.environ.get("RENEW_GOLDEN") == "1":
        (GOLDEN / f"{name}.html").write_text(to_html(body).html.strip() + "\n", encoding="utf-8")
        (GOLDEN / f"{name}.txt").write_text(to_text(body) + "\n", encoding="utf-8")
    assert to_html(body).html.strip() == (GOLDEN / f"{name}.html").read_text(encoding="utf-8").strip()
    assert to_text(body) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8").strip()


def test_headings_have_stable_unique_ids() -> None:
    rendered = to_html("# Über uns\n\n## Night *ferry*\n\n## Night ferry\n\n## Own {#m1}\n\n## Own 2 {#m1}\n")
    assert rendered.contents == (
        Heading(2, "article-über-uns", "Über uns"),
        Heading(3, "article-night-ferry", "Night ferry"),
        Heading(3, "article-night-ferry-1", "Night ferry"),
        Heading(3, "article-m1", "Own"),
        Heading(3, "article-own-2", "Own 2"),
    )
    for heading in rendered.contents:
        assert rendered.html.count(f'id="{heading.id}"') == 1


@pytest.mark.parametrize(
    ("levels", "shown"),
    [
        ([1], [2]),
        ([2, 4, 3, 2], [2, 3, 3, 2]),
        ([3, 5, 6, 4, 1], [2, 3, 4, 3, 2]),
        ([1, 2, 3, 4, 5, 6], [2, 3, 4, 5, 6, 6]),
    ],
)
def test_headings_follow_the_title_without_gaps(levels: list[int], shown: list[int]) -> None:
    body = "\n\n".join(f"{'#' * level} Heading {number}" for number, level in enumerate(levels))
    assert [heading.level for heading in to_html(body).contents] == shown


def test_code_and_tables_can_be_scrolled_by_the_keyboard() -> None:
    html = to_html("    code\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n<p tabindex='5'>x</p>\n").html
    assert '<pre tabindex="0">' in html
    assert '<table tabindex="0">' in html
    assert html.count("tabindex") == 2


def test_relative_addresses_are_joined_to_the_base() -> None:
    html = to_html("[a](b.md#c) ![d](e.png) [f](#g) [h](https://example.org/)\n\n# G\n", base="/media/news/x.md").html
    assert 'href="/media/news/b.md#c"' in html
    assert 'src="/media/news/e.png"' in html
    assert 'href="#article-g"' in html
    assert 'href="https://example.org/"' in html


def test_base_may_be_a_function_that_finds_nothing() -> None:
    def base(kind: str, address: str) -> str | None:
        return f"/{kind}/{address}" if address != "gone" else None

    html = to_html("[a](b) ![c](d) [words](gone) ![seen](gone) ![](gone)", base=base).html
    assert 'href="/link/b"' in html
    assert 'src="/image/d"' in html
    assert html.count("<a ") == 1
    assert " words " in html
    assert '<span class="caption">seen</span>' in html
    assert '<span class="missing" title="gone"></span>' in html


@pytest.mark.parametrize(
    ("heading", "fragment", "anchor"),
    [
        ("Night ferry", "night-ferry", "night-ferry"),
        ("Night ferry", "Night%20ferry", "night-ferry"),
        ("Salt & vinegar", "salt--vinegar", "salt-vinegar"),
        ("1. Tide tables", "tide-tables", "1-tide-tables"),
        ("1. Tide tables", "1-tide-tables", "1-tide-tables"),
        ("Été à Brême", "ete-a-breme", "été-à-brême"),
        ("Quay {#own-Id}", "own-Id", "own-Id"),
        ("Quay {#own-Id}", "Own-id", "own-Id"),
        ("Chapter", "Part#Chapter", "chapter"),
        ("Night ferry", "day-ferry", None),
        ("…", "…", None),
    ],
)
def test_a_fragment_leads_to_the_heading_that_it_means(heading: str, fragment: str, anchor: str | None) -> None:
    body = f"# {heading}\n\n[it](#{fragment})\n"
    found = LexborHTMLParser(to_html(body).html).css_first("p a")
    assert (found.attributes["href"] if found is not None else None) == (anchor and f"#article-{anchor}")
    assert anchors(body).find(fragment) == anchor


def test_links_of_a_body_are_those_that_a_reader_sees() -> None:
    body = "[a](b.md) `[c](d.md)` ![[e f.png]] <img src='g.png'> <!-- <a href='no.md'>x</a> --> [[h#i|j]]\n\n"
    body += "[k]\n\n[k]: l\n"
    assert [address for _, address in read_body(body).links] == ["b.md", "ref:e%20f.png", "g.png", "ref:h#i", "l"]
    assert read_body(body).text == to_text(body)


@pytest.mark.parametrize(
    "address", ["https://e.org/p.png", "//e.org/p.png", "\\\\e.org/p.png", "/\\e.org/p.png", " //e.org/p"]
)
def test_remote_pictures_are_links_unless_wished(address: str) -> None:
    body = f'<img src="{address}" alt="A pier">'
    without = to_html(body).html
    assert "<img" not in without
    assert '<a class="remote-image" href="https://e.org/p' in without
    assert "A pier</a>" in without
    assert '<img src="https://e.org/p' in to_html(body, remote_images=True).html


def test_links_of_the_text_carry_rel() -> None:
    assert 'rel="noopener nofollow"' in to_html("[a](https://example.org/)").html


@pytest.mark.parametrize(
    "body",
    [
        "<script>alert(1)</script>x",
        "<svg onload=alert(1)><style><img src=x onerror=alert(1)></style></svg>x",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></mtext></math>\n\nx",
        '<a href="&#106;avascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](javascript:alert(1))",
        '<iframe src="javascript:alert(1)">y</iframe>x',
        '<form action="//evil"><input type="text" name="p"><button>x</button></form>',
        '<p style="position:fixed" onclick="alert(1)" class="chrome">x</p>',
        "<meta http-equiv=refresh content=0><base href=//evil>x",
    ],
)
def test_nothing_active_is_left(body: str) -> None:
    html = to_html(body).html
    for active in (
        "<script",
        "<svg",
        "<mglyph",
        "<style",
        "<iframe",
        "<form",
        "<button",
        "<meta",
        "<base",
        "onclick",
        "onerror",
        "onload",
        "style=",
    ):
        assert active not in html
    assert "javascript:" not in html
    assert "data:" not in html
    assert "x" in html


def test_only_boxes_to_tick_are_left_of_forms() -> None:
    html = to_html('<input type="password" value="secret">').html
    assert 'type="checkbox"' in html
    assert "disabled" in html
    assert "password" not in html
    assert "secret" not in html


def test_markers_in_code_are_shown_as_written() -> None:
    body = "`{{ a }}` `{% b %}` `{{< c >}}`\n\n```\n{{< d >}}\n:::note\n[[e]]\n{: .f}\n```\n"
    text = to_text(body)
    for shown in ("{{ a }}", "{% b %}", "{{< c >}}", "{{< d >}}", ":::note", "[[e]]", "{: .f}"):
        assert shown in text
    assert plain_text(to_html(body).html) == text


def test_python_markdown_renders_where_it_agrees() -> None:
    assert renderer.python_markdown_html("A *plain* paragraph.") == "<p>A <em>plain</em> paragraph.</p>"
    assert renderer.python_markdown_html("[" * (renderer.MAX_READING_CHARACTERS + 1)) is None
    body = "- a\n  - b\n\n    more\n- c\n\nNot a [`reference`].\n\n[`reference`]: https://example.org/\n"
    assert plain_text(to_html(body).html) == to_text(body)
    assert "[reference]" not in to_text(body)


def test_too_large_and_too_deep_are_shown_as_written() -> None:
    for body in ("x" * (MAX_CHARACTERS + 1), "> " * 1_000 + "deep", "<div>" * 1_000, "<a " + "b " * 10_000 + ">"):
        rendered = to_html(body)
        assert rendered.problem is not None
        assert "shown as written" in rendered.problem
        assert plain_text(rendered.html) == to_text(body)


def test_a_long_address_is_no_reason_to_refuse() -> None:
    rendered = to_html(f'<img alt="map" src="data:image/png;base64,{"A" * 50_000}">')
    assert rendered.problem is None
    assert to_text("x\x00y\ud800z\r\nq") == "x\ufffdy\ufffdz q"


PUMPS = {
    "brackets": "[" * 50_000,
    "pictures": "![" * 50_000,
    "stars": "*a **b " * 10_000,
    "ticks": "".join("`" * i + " " for i in range(400)),
    "quotes": "> " * 20_000,
    "formatting": "".join(f"<b id=i{i}>" for i in range(3_000)) + "<p>x" * 3_000,
    "comments": "<!--" * 50_000,
    "hugo": "{{<" * 50_000,
    "hugo arguments": '{{< x "' * 20_000,
    "raw": "{% raw %}" * 10_000,
    "outputs on a line": "{{x}}" * 10_000,
    "wiki": "[[a|" * 20_000,
    "containers": "::: a [b\n" * 5_000,
    "abbreviations": "*[" * 50_000 + "\n" + "".join(f"*[a{i}]: b\n" for i in range(2_000)) + "a1 " * 2_000,
    "attributes": "x{#a}" * 10_000,
    "headings": "# a\n" * 5_000,
    "addresses": "http://a" + ")" * 50_000,
    "attributes of a tag": "<a " + " ".join(f"a{i}=1" for i in range(20_000)) + ">",
}


@pytest.mark.long
@pytest.mark.parametrize("name", PUMPS)
def test_no_pump_hangs(name: str) -> None:
    """Each in a process of its own, so that a hang in native code is a failure and not a hang of the tests."""
    program = (
        "from tests.archive.markdown.test_renderer import PUMPS\n"
        "from backfile.archive.markdown.renderer import to_html, to_text\n"
        "from backfile.archive.markdown.plain_text import plain_text\n"
        f"body = PUMPS[{name!r}]\n"
        "assert plain_text(to_html(body).html) == to_text(body)\n"
    )
    root = ROOT
    subprocess.run([sys.executable, "-c", program], cwd=root, check=True, timeout=60)


FRAGMENTS = st.sampled_from(
    [
        *(
            "a",
            "Ferry ",
            "\n",
            "\n\n",
            "*",
            "**",
            "_",
            "`",
            "```\n",
            "[",
            "](",
            ")",
            "![",
            "# ",
            "- ",
            "1. ",
            "> ",
            "    ",
        ),
        *(
            "<b>",
            "</b>",
            "<p>",
            "<td>",
            "<script>",
            "<!--",
            "-->",
            "<img alt='x y' src=z>",
            "&amp;",
            "&",
            "<",
            "|",
            "|-|\n",
            "$",
            "$$",
            "$x^2$",
            "<math><mi>",
            "</math>",
        ),
        *(
            "[^1]",
            "\n[^1]: note\n",
            "{{< ",
            " >}}",
            "{{",
            "}}",
            "{%",
            "%}",
            "[[",
            "]]",
            ":::",
            "{: .a}",
            "\u00a0",
            "é",
            "中",
        ),
        *("<pre>", "</pre>", "\t", "  \n", "https://a.org/b ", "~~", "<sup>", "</sup>", "<details>", "<summary>", "\\"),
    ]
)


@given(st.lists(FRAGMENTS, max_size=40).map("".join))
def test_the_text_of_the_index_is_that_of_the_page(body: str) -> None:
    assert to_text(body) == plain_text(to_html(body).html)


@pytest.mark.parametrize("sign", ["&", "<"])
def test_a_paragraph_of_special_characters_is_shown_as_written(sign: str) -> None:
    body = sign * (MAX_ENTITIES + 1)
    rendered = to_html(body)
    assert "special characters" in (rendered.problem or "")
    assert to_text(body) == body
