"""Title headings, and bodies without them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfile.archive.markdown.headings import (
    body_without_title,
    opening_heading,
    plain_words,
    title_heading,
    words_of_value,
)
from backfile.archive.storage.file_titles import title_from_path

TITLES = {
    "# The night ferry\n\nText": "The night ferry",
    "\n\n  # The night ferry ##\nText": "The night ferry",
    "# C#\n": "C#",
    "The night ferry\n===\n\nText": "The night ferry",
    "The night ferry\n---\n\nText": "The night ferry",
    "### The night ferry\n": "The night ferry",
    "<!-- note -->\n\n# The night ferry\n": "The night ferry",
    "{{< toc >}}\n\n# The night ferry\n": "The night ferry",
    '<h1 align="center">The <i>night</i> ferry</h1>\n': "The night ferry",
    "Some words.\n\n# The night ferry\n": "The night ferry",
    "Some words.\n\nThe night ferry\n=======\n": "The night ferry",
    "```\n# code\n```\n\n# The night ferry\n": "The night ferry",
    "~~~~\n# code\n~~~\n# code\n~~~~\n# The night ferry\n": "The night ferry",
    "# The night ferry\r\n\r\nText": "The night ferry",
    "# The night ferry\rText": "The night ferry",
    "# [The `night`](https://example.org/a_(b)) **ferry** {#ferry}\n": "The night ferry",
    "# snake_case and 2 * 3 * 4\n": "snake_case and 2 * 3 * 4",
    "# \\*stars\\* &amp; *real* ones\n": "*stars* & real ones",
    "#\n\n# Second\n": "Second",
    "Some words.\n\n## Not the title\n": None,
    "    # code\n": None,
    "#hashtag\n": None,
    "- item\n---\n": None,
    "> quote\n===\n": None,
    "Text\n\n---\n": None,
    "": None,
    "```\n# code\n": None,
}


@pytest.mark.parametrize(("body", "title"), TITLES.items())
def test_title_from_heading(body: str, title: str | None) -> None:
    found = title_heading(body)
    assert (found.text if found else None) == title


@pytest.mark.parametrize(
    ("body", "title", "rest"),
    [
        ("\n# The *night* ferry\n\nText", "The night ferry", "\n\nText"),
        ("The night ferry\n===\nText", "The Night  Ferry", "Text"),
        ("# The night ferry\n\nText", "Another title", None),
        ("Words\n\n# The night ferry\n", "The night ferry", None),
        ("<!-- c -->\n# The night ferry\nText", "The night ferry", "<!-- c -->\nText"),
    ],
)
def test_body_under_its_title(body: str, title: str, rest: str | None) -> None:
    assert body_without_title(body, title) == (body if rest is None else rest)


@given(st.text(st.sampled_from("#=- ab\n\r`~<>*_[](){}&;\\!\t"), max_size=60))
def test_headings_lie_in_the_text(body: str) -> None:
    for heading in (opening_heading(body), title_heading(body)):
        if heading is not None:
            assert 0 <= heading.start < heading.end <= len(body)
            assert heading.text == " ".join(heading.text.split())
            assert heading.text
    assert len(body_without_title(body, "a b")) <= len(body)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<i>Moby-Dick</i> and H<sub>2</sub>O", "Moby-Dick and H2O"),
        ("The *Titanic* and `code`", "The Titanic and code"),
        ("<p>A <b>whale</b> and [a link](x.md)</p>", "A whale and a link"),
        ("<EM>New</EM> &amp; old<br>line", "New & old line"),
        ("The <video> element, the <b> tag", "The <video> element, the <b> tag"),
        ("&lt;video&gt; explained", "<video> explained"),
        ("C++ <vector> and 5 * 3 * 2", "C++ <vector> and 5 * 3 * 2"),
        ("__init__ and snake_case of *args and **kwargs", "__init__ and snake_case of *args and **kwargs"),
        ("x < 5 & y > 3", "x < 5 & y > 3"),
        (r"C:\path and a \* b", r"C:\path and a * b"),
        ("[Draft] plan", "[Draft] plan"),
    ],
)
def test_words_of_titles_and_summaries(value: str, expected: str) -> None:
    assert words_of_value(value) == expected


@pytest.mark.parametrize(
    ("body", "title"),
    [
        ("[a]: https://x.example/\n[#]: note\n\n# Night ferry\n\nText", "Night ferry"),
        ('<a name="top"></a>\n# Night ferry\nText', "Night ferry"),
        ("# Don't stop.\nText", "Don’t stop"),
        ("# The *Titanic*\nText", "The Titanic"),
    ],
)
def test_a_title_is_shown_once(body: str, title: str) -> None:
    assert "#" not in body_without_title(body, title).replace("[#]", "")


@given(st.text(max_size=40))
def test_plain_words_of_any_line(line: str) -> None:
    assert "\x00" not in plain_words(line)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["*a ", "[a](", "`a ", "<a ", "a_b ", "# ", " ", "&a ", "<!--", "{{<"])
def test_long_lines_take_no_time(piece: str) -> None:
    assert title_heading("# x" + piece * 100_000) is not None


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("news/2019-03-14-night-ferry.md", "Night ferry"),
        ("night_ferry.markdown", "Night ferry"),
        ("a/night-ferry/index.md", "Night ferry"),
        ("night-ferry.fr.md", "Night ferry"),
        ("2019-03-14.md", "2019-03-14"),
        ("a\x07b\nc.md", "A b c"),
        ("%# +.md", "%#"),
        ("日本.MD", "日本"),
        ("---.md", "---"),
        ("\x01.md", "Untitled"),
    ],
)
def test_title_from_path(path: str, title: str) -> None:
    assert title_from_path(path) == title
