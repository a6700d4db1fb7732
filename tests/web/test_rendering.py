"""Articles whose rendering takes too long: the page says so, and all other pages are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from backfile.app import create_app
from backfile.archive.markdown.renderer import RenderedArticle
from backfile.config import Settings
from backfile.web.screens import article
from backfile.web.server.rendering import PROCESSES, Renderers
from backfile.web.service.services import EXTENSION


def hanging(to_html: Callable[..., RenderedArticle]) -> Callable[..., RenderedArticle]:
    """Renderer that stays in C with the lock of the interpreter, or dies, as the body says."""

    def render(body: str, **options: object) -> RenderedArticle:
        if "hang" in body:
            re.match("(?:a|a)*b", "a" * 100)
        if "fail" in body:
            raise ZeroDivisionError("a bug")
        return to_html(body, **options)

    return render


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    for name in ("first", "second", "third", "fourth"):
        (tmp_path / f"{name}.md").write_text(f"# {name.title()}\n\nThe {name} ferry.\n")
    for number in range(PROCESSES + 1):
        (tmp_path / f"hang-{number}.md").write_text(f"# Slow {number}\n\nDo hang {number}.\n")
    (tmp_path / "fail.md").write_text("# Bug\n\nDo fail.\n")
    monkeypatch.setattr(article, "to_html", hanging(article.to_html))
    made = create_app(Settings(library=tmp_path))
    made.test_client().get("/article/first")  # imports what rendering needs, as the server does when it starts
    shared = made.extensions[EXTENSION]
    shared.renderer = Renderers.start(shared.library, shared.settings.cache_folder, 1.0)
    yield made
    shared.renderer.close()  # a process that stays would hold the pipes of other tests' browsers


def test_an_article_that_takes_too_long_says_so_and_the_others_are_shown(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    client = app.test_client()
    for name in ("second", "hang-0", "third", "hang-0", "hang-1", "hang-2", "fourth"):
        response = client.get(f"/article/{name}")
        if name.startswith("hang"):
            assert (response.status_code, "took too long" in response.text) == (503, True)
        else:
            assert (response.status_code, f"The {name} ferry" in response.text) == (200, True)
    reported = [record.getMessage() for record in caplog.records if "too long" in record.getMessage()]
    assert [text.partition(":")[0] for text in reported] == ["hang-0.md", "hang-1.md", "hang-2.md"]


def test_a_mistake_in_rendering_stops_no_other_page(app: Flask) -> None:
    client = app.test_client()
    assert [client.get(f"/article/{name}").status_code for name in ("fail", "second", "third", "fail")] == [
        503, 200, 200, 503,
    ]  # fmt: skip
