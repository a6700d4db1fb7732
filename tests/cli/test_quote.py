"""Command `quote`: one quotation, and the quotations of drafts."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from backfile.cli import main, quote_command
from backfile.index.engine import Engine
from backfile.index.errors import DeadlineExceeded
from backfile.index.quotations.quotation_finder import QuotationReport, find_quotation

SENTENCE = "The harbour board cancelled the night ferry on Tuesday because of a strike."
ARTICLES = {
    "strike.md": f"---\ntitle: A strike\nauthors: [Ann Lee]\ndate: 2019-03-14\n---\nIt was cold.\n\n{SENTENCE}\n",
    "later.md": f"---\ntitle: Embargoed\nembargo: 2999-01-01\n---\n{SENTENCE}\n",
}
URL = "/article/strike?q="


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Library with an index."""
    root = tmp_path_factory.mktemp("quoted") / "library"
    root.mkdir()
    for name, text in ARTICLES.items():
        (root / name).write_text(text, encoding="utf-8")
    assert main.run(["index", str(root)]) == 0
    return root


@pytest.fixture
def run(library: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the command in an empty folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main.run(["quote", "--library", str(library), *arguments])
        return (code, *capsys.readouterr())

    return command


def test_a_quotation_word_for_word(run: Any) -> None:
    code, out, _ = run("the night ferry", "on tuesday")
    assert code == 0
    assert out.splitlines()[:3] == [
        "word for word",
        "    A strike · Ann Lee · 2019-03-14",
        f"    It was cold. {SENTENCE}",
    ]
    assert URL in out
    assert "Embargoed" not in out


def test_a_quotation_nearly_and_not_at_all(run: Any) -> None:
    code, out, _ = run("The harbour council cancelled the ferry on Tuesday because of a long strike")
    assert code == 0
    assert out.startswith("nearly, ")
    assert "changed: “council” instead of “board”\n    missing in the quotation: “night”\n" in out
    assert "not in the article: “long”" in out
    assert run("The moon is made of green cheese") == (1, "Not found, word for word or nearly.\n", "")


def test_the_quotations_of_a_draft(run: Any) -> None:
    Path("draft.md").write_text(
        "# Draft\n\nIt says “cancelled the night ferry on Tuesday” and “a strike”.\n\n"
        "> The harbour board … because of a strike.\n",
        encoding="utf-8",
    )
    code, out, err = run("--check", "draft.md")
    assert (code, err) == (0, "")
    assert "draft.md:3: word for word: “cancelled the night ferry on Tuesday”\n    A strike · Ann Lee" in out
    assert "draft.md:5: word for word, 6 words left out: “The harbour board … because of a strike.”" in out
    assert out.endswith(
        "draft.md: 1 quotation was shorter than 5 words and not tested\n"
        "2 quotations: 2 word for word, 0 nearly, 0 not found\n"
    )


def test_the_exit_code_is_1_unless_all_are_word_for_word(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("good.md").write_text(f"“{SENTENCE}”", encoding="utf-8")
    Path("bad.md").write_text("“The harbour board cancelled a night ferry on Tuesday”\n\n“and the moon is green”")
    assert run("--check", "good.md")[0] == 0
    code, out, _ = run("--check", "good.md", "bad.md", "--json")
    assert code == 1
    answer = json.loads(out)
    assert answer["totals"] == {"verbatim": 1, "nearly": 1, "not found": 1, "untested": 0}
    assert [each["path"] for each in answer["files"]] == ["good.md", "bad.md"]
    near, absent = answer["files"][1]["quotations"]
    assert (near["line"], near["verdict"], near["matches"][0]["id"]) == (1, "nearly", "strike")
    assert near["matches"][0]["url"].startswith(URL)
    assert (absent["line"], absent["verdict"], absent["matches"]) == (3, "not found", [])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(f"> {SENTENCE}\n".encode())))
    assert run("--check", "-")[:1] == (0,)


def test_what_cannot_be_tested_is_said_and_stops_nothing(run: Any) -> None:
    Path("open.md").write_text(f"“{SENTENCE}\n\nNo end.", encoding="utf-8")
    Path("good.md").write_text(f"“{SENTENCE}”", encoding="utf-8")
    code, out, err = run("--check", "missing.md", "open.md", "good.md")
    assert code == 1
    assert "missing.md" in err
    assert "open.md:1: a quotation mark has no partner, so that what it begins was not tested" in err
    assert "good.md:1: word for word" in out
    assert out.endswith("1 quotation: 1 word for word, 0 nearly, 0 not found\n")
    assert run("--check", "good.md", "open.md")[0] == run("--check", "good.md", "missing.md")[0] == 1


def test_a_deadline_stops_one_quotation_only(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def find(engine: Engine, text: str, **options: Any) -> QuotationReport:
        if "moon" in text:
            raise DeadlineExceeded("the search was stopped after 1.5 seconds")
        return find_quotation(engine, text, **options)

    monkeypatch.setattr(quote_command, "find_quotation", find)
    Path("draft.md").write_text(f"“The moon is made of cheese”\n\n“{SENTENCE}”", encoding="utf-8")
    code, out, _ = run("--check", "draft.md")
    assert code == 1
    assert "draft.md:1: not tested, the search was stopped after 1.5 seconds: “The moon" in out
    assert "draft.md:3: word for word" in out
    assert out.endswith("2 quotations: 1 word for word, 0 nearly, 0 not found, 1 not tested\n")
    (untested, _) = json.loads(run("--check", "draft.md", "--json")[1])["files"][0]["quotations"]
    assert (untested["line"], untested["verdict"]) == (1, "untested")


def test_usage(run: Any) -> None:
    assert run()[0] == 2
    assert run("x" * 2_001)[0] == 2
