"""Text that looks like markup and is none, and markup that parsers take for text."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from backfile.archive.markdown.headings import body_without_title, opening_heading
from backfile.archive.markdown.literal_markup import conflict_lines, with_literal_markup
from backfile.archive.markdown.plain_text import plain_text
from backfile.archive.markdown.renderer import read_body, to_html, to_text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("The <Banca del Gottardo> said.", "The <Banca del Gottardo> said."),
        ("<Quay and Co> opened.\n\n<Mr Smith>\n\nEnd.", "<Quay and Co> opened.\n<Mr Smith>\nEnd."),
        ("Bought <GM> for <Harbour\nTrust N.V.>.", "Bought <GM> for <Harbour Trust N.V.>."),
        ("A list of List<String>, `Vec<u8>` and Vec<u8>.", "A list of List<String>, Vec<u8> and Vec<u8>."),
        ("Put <your-name> and <user.name> here.", "Put <your-name> and <user.name> here."),
        (
            "Write <www.harbour.example> or <mail@harbour.example>.",
            "Write <www.harbour.example> or mail@harbour.example.",
        ),
        ("The <title> tag, a <script> and <video>. More.", "The <title> tag, a <script> and <video>. More."),
        ("<div>\n<Banca del Gottardo>\n</div>", "<Banca del Gottardo>"),
        ("- <Ecolab Co> in a list\n\n> <Sedio N.V.> quoted", "<Ecolab Co> in a list\n<Sedio N.V.> quoted"),
        ("see [use Vec<T>] now\n\n[use Vec<T>]: https://e.example", "see use Vec<T> now"),
        ("[`A<b>`] and [x][`A<b>`]\n\n[`A<b>`]: https://e.example", "A<b> and x"),
        ("| a | b |\n|---|---|\n| <Pier Ltd> | x |", "a\tb\n<Pier Ltd>\tx"),
        ("| <A> and <F> rose", "| <A> and <F> rose"),
    ],
)
def test_words_in_angle_brackets_are_words(body: str, text: str) -> None:
    assert to_text(body) == plain_text(to_html(body).html) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("A <nobr>b</nobr> <font color=red>c</font> <blink>d</blink>", "A b c d"),
        ("A <widget>b</widget> <x-card size='1'>c <Icon/> d", "A b c d"),
        ("Old <BR> pages <P>with <CENTER>capitals", "Old\npages\nwith\ncapitals"),
        ('A <notice kind="x">b', "A b"),
    ],
)
def test_elements_are_no_words(body: str, text: str) -> None:
    assert to_text(body) == text


@pytest.mark.parametrize(
    ("body", "links"),
    [
        ("![](some image.png)", [("image", "some image.png")]),
        ('![Pier](pictures/the pier (2).jpg "At night")', [("image", "pictures/the pier (2).jpg")]),
        ("![](pier.png =300x200) ![](the pier.png =50%x)", [("image", "pier.png"), ("image", "the pier.png")]),
        (
            "[a](Night ferry.md) [b](../old news/tide.md#low tide)",
            [("link", "Night ferry.md"), ("link", "../old news/tide.md#low tide")],
        ),
        ("[![x](a b.png)](c d.md)", [("link", "c d.md"), ("image", "a b.png")]),
        ("[x](Skipper's notes.md)", [("link", "Skipper's notes.md")]),
        ("- ![](a b.png)\n  - [c](c d.pdf)", [("image", "a b.png"), ("link", "c d.pdf")]),
    ],
)
def test_addresses_may_have_spaces(body: str, links: list[tuple[str, str]]) -> None:
    assert [(kind, unquote(address)) for kind, address in read_body(body).links] == links
    assert "](" not in to_html(body).html


@pytest.mark.parametrize(
    "body",
    ["[sic](as he wrote it)", "f[0](x, y) and [see](page 3)", "`![](in code.png)`", "[a](https://e.example is gone)"],
)
def test_brackets_of_prose_and_code_are_no_links(body: str) -> None:
    assert with_literal_markup(body) == body


def test_marks_of_a_conflict_are_lines_of_their_own() -> None:
    body = "One\n\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> branch\n\nEnd"
    assert conflict_lines(body) == conflict_lines(body.replace("\n", "\r\n")) == [3]
    assert to_text(body) == "One\n<<<<<<< HEAD\nours\n=======\ntheirs\n>>>>>>> branch\nEnd"
    assert not LexborHTMLParser(to_html(body).html).css("blockquote, h2")


@pytest.mark.parametrize(
    "body",
    [
        "```\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> c\n```",
        "    <<<<<<< HEAD\n    a\n    =======\n    b\n    >>>>>>> c",
        "Lines `<<<<<<<` and\n=======\n",
        "<<<<<<< HEAD\nalone",
        "Title\n=======\n\n>>>>>>> deep",
    ],
)
def test_conflicts_that_are_shown_are_none(body: str) -> None:
    assert conflict_lines(body) == []


@pytest.mark.parametrize(
    ("heading", "title"),
    [
        ("Report on <Banca del Gottardo>", "Report on <Banca del Gottardo>"),
        ("Using `<video>` and <title> *well*", "Using <video> and <title> well"),
        ("A <b>bold</b> <br> <a name='x'></a>word<!-- c -->", "A bold word"),
    ],
)
def test_words_in_angle_brackets_stay_in_titles(heading: str, title: str) -> None:
    found = opening_heading(f"# {heading}\n\nText.")
    assert found is not None
    assert found.text == title
    assert body_without_title(f"# {heading}\n\nText.", title).strip() == "Text."


@given(st.text(st.sampled_from("ab <>/=![]()\"'\n`-.")))
def test_letters_are_never_lost(body: str) -> None:
    assert [each for each in with_literal_markup(body).replace("&lt;", "<") if each in "ab`"] == [
        each for each in body if each in "ab`"
    ]
