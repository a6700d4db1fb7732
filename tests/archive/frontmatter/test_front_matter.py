"""Front matter: golden files (tests/data/frontmatter/x.md and x.json), properties for any text."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from long_runs import examples
from paths import DATA

from backfile.archive.frontmatter.front_matter import MAX_CHARACTERS, Form, FrontMatter, count_lines, parse
from backfile.archive.frontmatter.yaml_reader import read_yaml, scalar

GOLDEN = DATA / "frontmatter"
CASES = sorted(GOLDEN.glob("*.md"))


def as_json(front: FrontMatter) -> dict[str, object]:
    """Content of a golden file; long bodies by their first line and length."""
    body = front.body if len(front.body) <= 200 else f"{front.body[:20]}… {len(front.body)} characters"
    problems = [{"line": each.line, "reason": str(each), "hint": each.hint} for each in front.problems]
    whole = {"form": front.form, "data": front.data, "body": body, "problems": problems}
    return dict(json.loads(json.dumps(whole, default=str)))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    """To add a case, write x.md and run with GOLDEN=write: missing expectations are written, none is overwritten."""
    text = path.read_bytes().decode()
    front = parse(text)
    assert front.text == text
    expectation = path.with_suffix(".json")
    if not expectation.exists() and os.environ.get("GOLDEN") == "write":
        expectation.write_text(json.dumps(as_json(front), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert expectation.exists(), f"{expectation.name} is missing; run with GOLDEN=write and look at it"
    assert as_json(front) == json.loads(expectation.read_text(encoding="utf-8"))


def test_no_expectation_without_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == {path.stem for path in CASES}
    assert len(CASES) > 60


LINES = st.sampled_from(
    """---|+++|...|----|{|}|{"title": "x"}|title: x|title = 'x'|a: [b|- c|# d|| |\t|Title: y|Tags: a, b|  more|
    plain words|e: &f g|h: *f|\ufeff|\x00|i: 'j|? k|===|é""".replace("\n    ", "").split("|")
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Texts made of lines that mean something to a reader of front matter, with mixed line ends."""
    pieces = draw(st.lists(st.tuples(LINES, ENDS), max_size=12))
    return "".join(line + end for line, end in pieces)[: draw(st.integers(0, 200))]


@settings(max_examples=120)
@given(texts() | st.text(max_size=80))
@example("---\n---")
@example("---\r---\r")
def test_nothing_is_lost_and_nothing_raises(text: str) -> None:
    front = parse(text)
    assert front.head + front.block + front.tail + front.body == text
    assert all(1 <= problem.line <= count_lines(text) + 1 for problem in front.problems)
    if front.form is Form.NONE:
        assert not front.data
        assert front.head + front.body == text


@pytest.mark.long
@settings(max_examples=examples(5_000), deadline=None)
@given(texts() | st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("utf-8", "replace")))
def test_nothing_is_lost_in_many_texts(text: str) -> None:
    assert parse(text).text == text


@settings(max_examples=200)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30))
def test_a_plain_scalar_can_be_written_back(text: str) -> None:
    value = scalar(text, plain=True)
    if isinstance(value, int | float) and not isinstance(value, bool):
        assert repr(value) == text
    elif value is not None and not isinstance(value, bool):
        assert value == text


def test_line_of_key_counts_all_that_comes_before() -> None:
    front = parse("\ufeff\n---\n# one\ntitle: x\n'odd key': y\n---\nlater: z\n")
    assert front.line_of("title") == 4
    assert front.line_of("odd key") == 5
    assert front.line_of("later") is None


def test_the_limit_is_in_characters_of_the_block() -> None:
    filler = "x" * (MAX_CHARACTERS - len("title: ") - 1)
    assert parse(f"---\ntitle: {filler}\n---\nBody").data["title"] == filler
    longer = parse(f"---\ntitle: {filler}yyyyyyyyyy\n---\nBody")
    assert not longer.data
    assert "does not end within" in str(longer.problems[0])


def test_yaml_of_a_list_is_read_for_who_wants_it() -> None:
    assert read_yaml("- a\n- 2\n") == (["a", 2], ())


@pytest.mark.parametrize("part", ["a", '"a b"', "'a b'"])
@pytest.mark.parametrize("form", ["{}=1", "[{}]", "x = {{ {}=1 }}"])
def test_a_toml_key_of_thousands_of_parts_is_refused_before_it_is_taken_apart(part: str, form: str) -> None:
    key = " . ".join([part] * (60_000 // (len(part) + 3)))
    front = parse(f"+++\ntitle = 'Night ferry'\n{form.format(key)}\n+++\nBody.\n")
    assert [(str(problem), problem.line) for problem in front.problems] == [("nested too deeply", 3)]
    assert front.body == "Body.\n"


def test_dots_in_the_values_of_toml_are_no_nesting() -> None:
    front = parse("+++\ntitle = '" + "a." * 200 + "'\n+++\n")
    assert not front.problems


@pytest.mark.parametrize("blank", ["\r\n", "\r", "\n", " \r\n", "\t\n"])
@pytest.mark.parametrize("rest", ["The ferry.\n", "--", "{", "Title", "+++"])
def test_many_blank_lines_before_the_text_take_linear_time(blank: str, rest: str) -> None:
    text = blank * 10_000 + rest
    assert parse(text).text == text
