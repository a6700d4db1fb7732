"""`backfile why`: sentences, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backfile.cli import main


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("why") / "library"
    root.mkdir()
    (root / "ferry.md").write_text("---\ntitle: Night ferry\nauthor: Edna Marsh\ndate: 2018\n---\nThe ferry sails.\n")
    (root / "boat.md").write_text("---\ntitle: The boat\nauthor: Tom Ody\ndate: 2019\n---\nA ferry and a boat.\n")
    (root / "soon.md").write_text("---\ntitle: Soon\nembargo: 2131-01-01\n---\nA ferry.\n")
    assert main.run(["index", str(root)]) == 0
    return root


def run(capsys: pytest.CaptureFixture[str], library: Path, *arguments: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main.run(["why", "--library", str(library), *arguments])
    return code, capsys.readouterr().out


def test_reasons_and_the_smallest_change(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, library, "ferry", "boat", "--article", "ferry", "--from", "2019")
    assert code == 0
    assert out.splitlines() == [
        "Night ferry  ferry",
        "- It does not have “boat”.",
        "- It is dated 2018, before 2019.",
        "The smallest change that shows it: without boat; from 2018 on (2 articles)",
        "    backfile search ferry --from 2018-01-01",
        "As small: without boat; without the filter by date (2 articles)",
        "    backfile search ferry",
    ]


def test_an_excluded_word_is_no_option(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, library, "ferry", "-boat", "--article", "The boat")
    assert code == 0
    assert "- It is excluded by “-boat”: it has boat." in out


def test_an_article_that_is_found_has_its_place(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, library, "ferry", "--sort", "newest", "--article", str(library / "ferry.md"))
    assert code == 0
    assert out.splitlines()[1:] == ["This search finds it: number 2 of 2.", "Page 1 of the list, at 10 a page"]


def test_json(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, library, "ferry", "boat", "--article", "Night ferry", "--json")
    answer = json.loads(out)
    assert code == 0
    assert answer["article"] == {"id": "ferry", "title": "Night ferry", "url": "/article/ferry"}
    assert [reason["code"] for reason in answer["reasons"]] == ["lacks"]
    assert answer["changes"][0]["url"] == "/search?q=ferry"


def test_the_owner_is_told_of_an_article_that_is_held_back(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, library, "ferry", "--article", "soon")
    assert code == 0
    assert "It is held back until 2131-01-01T00:00+00:00." in out


@pytest.mark.parametrize("typed", ["nowhere", "e", "../x"])
def test_what_is_not_in_the_archive_is_exit_code_1(
    library: Path, capsys: pytest.CaptureFixture[str], typed: str
) -> None:
    code, out = run(capsys, library, "ferry", "--article", typed)
    assert code == 1
    assert "No article in this archive has this address, id or title." in out
