"""Rewriting of front matter: changed keys, and every other byte unchanged."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backfile.archive.errors import FrontMatterInvalid
from backfile.archive.frontmatter.front_matter import Form, parse
from backfile.archive.frontmatter.rewriter import rewrite
from backfile.archive.model import PartialDate

CHANGE = {"title": "New: one", "topics": ["a", "b, c"], "day": PartialDate(2019, 3, 14), "month": PartialDate(2019, 3)}

CASES = {
    "yaml": (
        "---\n# c0\ntitle: Old # keep\n# c1\ntopics:\n- x\n- y\n# c2\ntext: |\n  a\n\n  b\n\ngone: 1\nempty:\n---\nB\n",
        "---\n# c0\ntitle: 'New: one' # keep\n# c1\ntopics: [a, 'b, c']\n# c2\ntext: |\n  a\n\n  b\n\nempty:\n"
        "day: 2019-03-14\nmonth: 2019-03\n---\nB\n",
    ),
    "yaml-block-values": (
        "---\ntitle: >\n  Old\n  title\n\ntopics: [x,\n  y]\nafter: 1\n---\nB\n",
        "---\ntitle: 'New: one'\n\ntopics: [a, 'b, c']\nafter: 1\nday: 2019-03-14\nmonth: 2019-03\n---\nB\n",
    ),
    "yaml-flow": (
        "---\n{title: x, gone: 1, b: 2}\n---\n",
        "---\ntitle: 'New: one'\nb: 2\ntopics: [a, 'b, c']\nday: 2019-03-14\nmonth: 2019-03\n---\n",
    ),
    "yaml-crlf": (
        "---\r\ntitle: Old\r\n---\r\nB\r\n",
        "---\r\ntitle: 'New: one'\r\ntopics: [a, 'b, c']\r\nday: 2019-03-14\r\nmonth: 2019-03\r\n---\r\nB\r\n",
    ),
    "toml": (
        '+++\ntitle = "Old" # keep\ntopics = [\n "a",\n]\ngone = 1\n# c\n\n[extra]\ntitle = 1\n+++\nB',
        '+++\ntitle = "New: one" # keep\ntopics = ["a", "b, c"]\nday = 2019-03-14\nmonth = "2019-03"\n'
        "# c\n\n[extra]\ntitle = 1\n+++\nB",
    ),
    "toml-only-tables": (
        "+++\n# c\n[extra]\na = 1\n+++\n",
        '+++\ntitle = "New: one"\ntopics = ["a", "b, c"]\nday = 2019-03-14\nmonth = "2019-03"\n'
        "# c\n[extra]\na = 1\n+++\n",
    ),
    "json": (
        '{ "title" : "Old",\n  "n": [1,  2]\n}\nB',
        '{ "title": "New: one",\n  "n": [1,  2], "topics": ["a", "b, c"], '
        '"day": "2019-03-14", "month": "2019-03"\n}\nB',
    ),
    "json-empty": (
        "{}\nB",
        '{\n  "title": "New: one",\n  "topics": ["a", "b, c"],\n  "day": "2019-03-14",\n  "month": "2019-03"\n}\nB',
    ),
    "headers": (
        "title: Old\ntopics: x,\n   y\nOther: z\ngone: 1\n\nB\n",
        "title: New: one\ntopics: a; b, c\nOther: z\nday: 2019-03-14\nmonth: 2019-03\n\nB\n",
    ),
    "none": (
        "\ufeff# Heading\n",
        "\ufeff---\ntitle: 'New: one'\ntopics: [a, 'b, c']\nday: 2019-03-14\nmonth: 2019-03\n---\n# Heading\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), CASES.values(), ids=CASES)
def test_changing_keys(before: str, after: str) -> None:
    assert rewrite(before, CHANGE, ["gone", "never"]) == after
    assert rewrite(before, {}) == before


def test_removing_from_json_writes_it_anew() -> None:
    assert rewrite('{"a": 1, "b": {"c": 2}}\nB', {}, ["a"]) == '{\n  "b": {\n    "c": 2\n  }\n}\nB'


@pytest.mark.parametrize("text", ["---\na: b: c\n---\n", "+++\na\n+++\n", "---\ntitle: x\n"])
def test_broken_front_matter_is_left_alone(text: str) -> None:
    with pytest.raises(FrontMatterInvalid):
        rewrite(text, {"title": "y"})


def test_unsafe_changes_are_refused() -> None:
    with pytest.raises(FrontMatterInvalid, match="cannot be changed safely"):
        rewrite("---\na: 1\n? title\n: x\nb: 2\n---\n", {"title": "y"})


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
SCALARS = TEXTS | st.integers(-(10**6), 10**6) | st.booleans() | st.dates(min_value=date(1000, 1, 1))
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.sampled_from("abc"), SCALARS, max_size=2)
KEYS = st.sampled_from(["title", "tags", "date", "n", "x-y", "word"])


@settings(max_examples=150)
@given(st.dictionaries(KEYS, VALUES), st.dictionaries(KEYS, VALUES), st.sampled_from(["none", "toml", "json"]), TEXTS)
def test_written_values_are_read_back(old: dict[str, object], new: dict[str, object], form: str, body: str) -> None:
    start = {"none": "---\n---\n", "toml": "+++\n+++\n", "json": "{}\n"}[form] + body
    assume(parse(start).body == body)
    first = rewrite(start, old)
    assert plain(dict(parse(first).data)) == plain(old)
    second = rewrite(first, new, [key for key in old if key not in new])
    assert plain(dict(parse(second).data)) == plain(new)
    assert parse(second).body == body
    assert rewrite(second, {}) == second


def plain(value: object) -> object:
    """Values as text where forms differ: dates are dates in TOML only."""
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


@settings(max_examples=100)
@given(
    st.lists(st.tuples(KEYS, TEXTS), max_size=5, unique_by=lambda pair: pair[0]), TEXTS, st.sampled_from(["\n", "\r\n"])
)
def test_untouched_lines_stay(pairs: list[tuple[str, str]], title: str, newline: str) -> None:
    lines = [f"{key}: {value!r}  # {number}" for number, (key, value) in enumerate(pairs) if key != "title"]
    text = newline.join(["---", *lines, "---", "Body", ""])
    assume(parse(text).form is Form.YAML and not parse(text).problems)
    changed = rewrite(text, {"title": title})
    assert [line for line in changed.split(newline) if not line.startswith("title:")] == text.split(newline)
