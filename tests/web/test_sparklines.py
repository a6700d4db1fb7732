"""Sparklines of authors and topics."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

import backfile.web.views.sparklines
from backfile.app import create_app
from backfile.config import Settings
from backfile.index.errors import DeadlineExceeded
from backfile.web.views.sparklines import HEIGHT, steps
from tests.web_archive import archive_app, client, indexed

__all__ = ["archive_app", "client"]


@pytest.mark.parametrize(
    ("counts", "path"),
    [
        ({0: 1}, "M0 12V0h1V12z"),
        ({2: 4, 3: 2, 5: 1}, "M2 12V0h1V6h1V12h1V9h1V12z"),
        ({1: 1000, 2: 1, 3: 1}, "M1 12V0h1V10h1h1V12z"),
    ],
)
def test_steps_follow_the_counts(counts: dict[int, int], path: str) -> None:
    assert steps(counts) == path


@given(st.dictionaries(st.integers(0, 59), st.integers(1, 10_000), min_size=1))
def test_steps_stay_within_the_frame(counts: dict[int, int]) -> None:
    path = steps(counts)
    assert path.count("h1") == max(counts) - min(counts) + 1
    heights = [int(height) for height in re.findall(r"V(\d+)", path)]
    assert min(heights) == 0
    assert max(heights) == heights[-1] == HEIGHT


def test_lists_have_sparklines(client: FlaskClient) -> None:
    tree = LexborHTMLParser(client.get("/authors").text)
    rows = {node.css_first("a").text(): node for node in tree.css(".counted li")}
    assert rows["Ada Marsh"].css_first(".spark title").text() == "1998–2019"
    assert rows["Ada Marsh"].css_first(".spark").attributes["viewBox"] == "0 0 23 12"
    assert rows["Ada Marsh"].css_first(".spark path").attributes["d"].startswith("M0 12V")
    assert all(row.css(".spark") for row in LexborHTMLParser(client.get("/topics").text).css(".counted li"))


def test_no_sparklines_after_the_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def out_of_time(*_: object, **__: object) -> NoReturn:
        raise DeadlineExceeded("the search was stopped after 1.5 seconds")

    settings, engine = indexed(tmp_path)
    client = create_app(settings, open_index=lambda: engine).test_client()
    monkeypatch.setattr(backfile.web.views.sparklines, "run_search", out_of_time)
    response = client.get("/authors")
    assert response.status_code == 200
    assert "Ada Marsh" in response.text
    assert 'class="spark' not in response.text
    assert "without drawings" in caplog.text


def test_no_sparklines_without_two_years(tmp_path: Path) -> None:
    client = create_app(Settings(library=tmp_path, index=tmp_path / "index", engine="memory")).test_client()
    response = client.get("/authors")
    assert response.status_code == 200
    assert 'class="spark' not in response.text
