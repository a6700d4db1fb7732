"""Heads of files with slips: everything that can be read is read, and each slip is a problem with its line."""

from __future__ import annotations

import pytest

from backfile.archive.errors import FrontMatterInvalid
from backfile.archive.frontmatter.front_matter import Form, parse
from backfile.archive.frontmatter.rewriter import rewrite

A = {"title": "A"}
DATED = {"title": "A", "date": "2020-01-01"}

QUIET = {
    "shebang": ("#!/usr/bin/env pandoc\n---\ntitle: A\n---\nB\n", A),
    "marks and blank lines": ("\ufeff\ufeff\n\u00a0\n\u200b---\ntitle: A\n---\nB\n", A),
    "licence in comments": ("<!-- SPDX\n -->\n<!-- b -->\n\n---\ntitle: A\n---\nB\n", A),
    "comment of Jinja": ("{# licence #}\n---\ntitle: A\n---\nB\n", A),
    "comment of MDX": ("{/* licence */}\n---\ntitle: A\n---\nB\n", A),
    "comment of Hugo": ("{{/* licence */}}\n+++\ntitle = 'A'\n+++\nB\n", A),
    "comment of Liquid": ("{% comment %}x{% endcomment %}\n---\ntitle: A\n---\nB\n", A),
    "name of the syntax": ("---yaml\ntitle: A\n---\nB\n", A),
    "comment behind the fence": ("--- # x\ntitle: A\n---\nB\n", A),
    "no-break space behind the fence": ("---\u00a0\ntitle: A\n---\u00a0\nB\n", A),
    "TOML by name": ("---toml\ntitle = 'A'\n---\nB\n", A),
    "JSON by name": ('---json\n{"title": "A"}\n---\nB\n', A),
    "JSON between semicolons": (';;;\n{"title": "A"}\n;;;\nB\n', A),
    "no opening fence": ("title: A\ndate: 2020-01-01\n---\nB\n", DATED),
    "headers above a rule": ("title: A\ndate: 2020-01-01\n====\nB\n", DATED),
    "headers below a licence": ("<!-- licence -->\ntitle: A\ndate: 2020-01-01\n\nB\n", DATED),
    "block in a comment": ("<!--\ntitle: A\ndate: 2020-01-01\n-->\nB\n", DATED),
    "fenced in a comment": ("<!--\n---\ntitle: A\n---\n-->\nB\n", A),
    "TOML in a comment": ('<!--[metadata]>\n+++\ntitle = "A"\n+++\n<![end-metadata]-->\nB\n', A),
    "comments of Markdown": ('[#]: title: "A"\n[//]: # (date: 2020-01-01)\nB\n', DATED),
    "labels of Markdown": ("[title]: # (A)\n[_metadata_:date]:- '2020-01-01'\nB\n", DATED),
    "comments of HTML": ("<!-- title: A -->\n<!-- date: 2020-01-01 -->\nB\n", DATED),
    "properties of Logseq": ("title:: A\ndate:: 2020-01-01\nB\n", DATED),
    "lines of Nikola": (".. title: A\n.. date: 2020-01-01\n\nB\n", DATED),
    "a comment of Nikola": ("<!--\n.. title: A\n.. date: 2020-01-01\n-->\nB\n", DATED),
    "keywords of Org": ("#+TITLE: A\n#+date: 2020-01-01\n\nB\n", {"TITLE": "A", "date": "2020-01-01"}),
    "title block of pandoc": ("% A\n%\n% 2020-01-01\n\nB\n", DATED),
    "flow mapping as JavaScript": ('---js\n{ title: "A" }\n---\nB\n', A),
    "keys of a page above a rule": (
        "layout: post\ndate: 2020-01-01\n---\nB\n",
        {"layout": "post", "date": "2020-01-01"},
    ),
    "comments behind values": ("---\ntitle: A   # the name\n# draft: true\n---\nB\n", A),
}


@pytest.mark.parametrize(("text", "data"), QUIET.values(), ids=QUIET)
def test_what_stands_around_front_matter(text: str, data: dict[str, object]) -> None:
    front = parse(text)
    assert front.text == text
    assert (dict(front.data), front.body.lstrip("\n"), front.problems) == (data, "B\n", ())


SLIPS = {
    "no space": ("---\ntitle:A\ndate: 2020-01-01\n---\nB\n", DATED, [2]),
    "no-break space": ("---\ntitle:\u00a0A\ndate: 2020-01-01\n---\nB\n", DATED, [2]),
    "full-width colon": ("---\ntitle：A\ndate：2020-01-01\n---\nB\n", DATED, [2, 3]),
    "equals sign": ("---\ntag=1\ntitle=A\n---\nB\n", {"tag": 1, "title": "A"}, [2, 3]),
    "colon in a value": ("---\ntitle: A: b\ndate: 2020-01-01\n---\nB\n", {**DATED, "title": "A: b"}, [2]),
    "star": ("---\ntitle: *A*\n---\nB\n", {"title": "*A*"}, [2]),
    "bracket": ("---\ntitle: [D] A\n---\nB\n", {"title": "[D] A"}, [2]),
    "quote": ('---\ntitle: "D" A\n---\nB\n', {"title": '"D" A'}, [2]),
    "template": ("---\ntitle: {{ A }}\n---\nB\n", {"title": "{{ A }}"}, [2]),
    "stray line": ("---\ntitle: A\nno key\ndate: 2020-01-01\n---\nB\n", DATED, [3]),
    "tabs": ("---\n\ttitle: A\n\tdate: 2020-01-01\n---\nB\n", DATED, [2]),
    "conflict": ("---\n<<<<<<< HEAD\ntitle: A\n=======\n>>>>>>> b\n---\nB\n", A, [2, 4, 5]),
    "conflict above": ("<<<<<<< HEAD\n=======\n---\ntitle: A\n>>>>>>> b\n---\nB\n", A, [1, 5]),
    "end of a conflict that is gone": ("\n<<<<<<< HEAD\n---\ntitle: A\n---\nB\n", A, [2]),
    "TOML between ---": ("---\ntitle = 'A'\n---\nB\n", A, [1]),
    "YAML between +++": ("+++\ntitle: A\ndate: 2020-01-01\n+++\nB\n", DATED, [1]),
    "a broken statement of TOML": ("+++\ntitle = 'A'\ndate = 2020-13-01\n+++\nB\n", A, [3]),
    "dashes of an editor": ("—-\ntitle: A\n---\nB\n", A, [1]),
    "fence of another length": ("---\ntitle: A\n-----\nB\n", A, [1]),
    "never closed": ("---\ntitle: A\ndate: 2020-01-01\n\nB\n", DATED, [1]),
    "never closed, right above the text": ("---\ntitle: A\ndate: 2020-01-01\nB\n", DATED, [1]),
    "never closed below a list": ("---\ntitle: A\ntags:\n- x\n# of topics\nB\n", {**A, "tags": ["x"]}, [1]),
    "never closed below a block": ("---\ntitle: A\nsummary: |\n  x\nB\n", {**A, "summary": "x\n"}, [1]),
    "never closed TOML": ("+++\ntitle = 'A'\n[extra]\nx = 1\nB\n", {**A, "extra": {"x": 1}}, [1]),
    "too long": (f"---\ntitle: A\nx: {'y' * 70_000}\n---\nB\n", A, [1]),
    "two blocks": ("---\ntitle: A\n---\n---\ntitle: C\ndate: 2020-01-01\n---\nB\n", DATED, [4]),
    "two blocks, one fence": ("---\ntitle: A\n---\ntitle: C\ndate: 2020-01-01\n---\nB\n", DATED, [3]),
    "blank line among headers": ("title: A\n\ndate: 2020-01-01\n\nB\n", DATED, [2]),
    "headers without a space": ("title:A\ndate:2020-01-01\n\nB\n", DATED, [1, 2]),
    "headers right above the text": ("title: A\ndate: 2020-01-01\nB\n", DATED, [3]),
    "program as front matter": ("---js\nexport default 1\n---\nB\n", {}, [1]),
    "comment": ("---\ntitle: A #12 opens\n---\nB\n", A, [2]),
    "comments in a list": ("---\ntitle: A\ntags:\n- #a\n- #b\n---\nB\n", {**A, "tags": [None, None]}, [4, 5]),
    "number sign in a title": ("---\ntitle: A # 5\n---\nB\n", A, [2]),
    "tag": ("---\ntitle: !important A\n---\nB\n", A, [2]),
    "anchor": ("---\ntitle: &c A\n---\nB\n", A, [2]),
}


@pytest.mark.parametrize(("text", "data", "lines"), SLIPS.values(), ids=SLIPS)
def test_slips_are_read_and_reported(text: str, data: dict[str, object], lines: list[int]) -> None:
    front = parse(text)
    assert front.text == text
    assert (dict(front.data), front.body) == (data, "B\n")
    assert [problem.line for problem in front.problems] == lines
    assert all(problem.hint for problem in front.problems)


@pytest.mark.parametrize(
    ("text", "line"), [("---\nfoo:bar\nbaz:qux\n---\nB\n", 2), ("Q: Who?\nA: Nobody.\n---\nB\n", 1)]
)
def test_lines_that_only_look_like_front_matter_are_reported(text: str, line: int) -> None:
    front = parse(text)
    assert (front.form, front.body) == (Form.NONE, text)
    assert [problem.line for problem in front.problems] == [line]


@pytest.mark.parametrize(
    "text",
    [
        "---\nHarbour Board\n---\nDear Sir\n",
        "Title: the story of\na man\n\nB\n",
        "Note:this is prose.\n\nB\n",
        "<!--\nCopyright: X\nLicense: MIT\n-->\n# A\n",
        "[a]: https://x.example/\n[b]: # (note)\n\nB\n",
        "<!-- a -->\n\nB\n",
        "—\nA dash.\n—\n",
    ],
)
def test_text_stays_text(text: str) -> None:
    front = parse(text)
    assert (front.form, front.body, front.problems) == (Form.NONE, text, ())


@pytest.mark.parametrize("text", [case[0] for case in (*QUIET.values(), *SLIPS.values())], ids=[*QUIET, *SLIPS])
def test_a_head_is_changed_without_loss_or_refused(text: str) -> None:
    front = parse(text)
    if front.is_broken or not front.data or front.form is Form.COMMENTS:
        with pytest.raises(FrontMatterInvalid) as refused:
            rewrite(text, {"title": "New #1"})
        assert refused.value.hint
        return
    after = parse(rewrite(text, {"title": "New #1"}))
    assert dict(after.data) == {**front.data, "title": "New #1"}
    assert (after.body, after.head) == (front.body, front.head)


@pytest.mark.parametrize("eol", ["\n", "\r\n"])
def test_a_conflict_of_two_whole_versions_is_reported_and_the_first_title_counts(eol: str) -> None:
    text = "\ufeff<<<<<<< HEAD\n---\ntitle: A\n---\nB\n=======\n---\ntitle: C\n---\nD\n>>>>>>> branch\n".replace(
        "\n", eol
    )
    front = parse(text)
    assert (front.text, dict(front.data)) == (text, {"title": "A"})
    assert [(problem.line, "conflict" in str(problem)) for problem in front.problems] == [(1, True)]


def test_a_conflict_without_front_matter_is_reported_but_not_a_first_line_of_such_signs() -> None:
    assert [each.line for each in parse("<<<<<<< HEAD\nA\n=======\nB\n>>>>>>> b\n").problems] == [1]
    assert not parse("<<<<<<< is no mark\n\nText.\n").problems
