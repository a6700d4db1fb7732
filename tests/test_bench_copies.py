"""Measurement of copies: what is planted is found, and no more, in a small library."""

from __future__ import annotations

from pathlib import Path

import pytest
from copies_texts import prose

from bench.copies import KINDS, compare_searches, find_planted


def test_planted_copies_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    library = tmp_path / "library"
    library.mkdir()
    for number in range(len(KINDS)):
        text = f"---\ntitle: Article {prose(number, 2)}\ndate: 2001-02-{number + 1:02}\n---\n{prose(number, 300)}\n"
        (library / f"a{number}.md").write_text(text)
    find_planted(library, len(KINDS), 1)
    out = capsys.readouterr().out
    assert "recall of those similar ≥ .8: 1.0000" in out
    assert "precision: 1.0000" in out
    assert len([line for line in out.splitlines() if line.startswith(tuple(KINDS))]) == len(KINDS)


@pytest.mark.long
def test_folded_searches_are_compared_with_plain_ones(capsys: pytest.CaptureFixture[str]) -> None:
    compare_searches(200, 1, 1)
    assert capsys.readouterr().out.count("folded / plain search") == 2
