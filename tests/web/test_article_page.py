"""Article page: cache, page without an index, warm-up."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType

import pytest
from flask import request
from selectolax.lexbor import LexborHTMLParser

from backfile.app import create_app
from backfile.archive.availability.states import State
from backfile.archive.model import Article
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.engine import Engine, Page, Request
from backfile.index.errors import IndexUnusable
from backfile.index.highlight import token_table
from backfile.web.screens import article
from backfile.web.server import granian_server
from backfile.web.server.granian_server import warm_up
from tests.web_archive import indexed


def test_rendering_is_cached_until_the_article_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, engine = indexed(tmp_path)
    app = create_app(settings, open_index=lambda: engine)
    rendered: list[str] = []
    to_html = article.to_html
    monkeypatch.setattr(article, "to_html", lambda body, **how: rendered.append(body) or to_html(body, **how))
    client = app.test_client()
    pages = [client.get(f"/article/1998/ticket?q={word}").text for word in ("ferry", "ticket", "nowhere")]
    assert len(rendered) == 1
    assert len(set(pages)) == 3
    file = settings.library / "1998" / "ticket.md"
    file.write_text(file.read_text(encoding="utf-8") + "\nA line that is new.\n", encoding="utf-8")
    assert "A line that is new." in client.get("/article/1998/ticket?q=ferry").text


def test_articles_are_readable_without_an_index(tmp_path: Path) -> None:
    settings, _ = indexed(tmp_path)

    def broken() -> Engine:
        raise IndexUnusable("a segment is damaged")

    app = create_app(settings, open_index=broken)
    client = app.test_client()
    response = client.get("/article/1998/night-ferry?q=ferry&place=1")
    tree = LexborHTMLParser(response.text)
    assert response.status_code == 200
    assert "The index is unavailable" in (tree.css_first(".notices").text())
    assert tree.css("mark#m1")
    assert tree.css_first(".breadcrumb .first").attributes["href"] == "/search?q=ferry"
    assert not tree.css(".related, .breadcrumb [rel=next]")
    assert client.get("/search?q=ferry").status_code == 503


@pytest.mark.parametrize(
    ("where", "name", "limit"),
    [(token_table, "MAX_COST", 60), (article, "MAX_MARKED", 150), (article, "MAX_MARKED", 1)],
)
def test_of_a_very_long_article_the_beginning_is_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: ModuleType, name: str, limit: int
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (library / "long.md").write_text("# Night\n\n" + "The *ferry* sails at night.\n\n" * 20)
    client = create_app(Settings(library=library, index=tmp_path / "cache", engine="memory")).test_client()
    whole = LexborHTMLParser(client.get("/article/long?q=ferry").text)
    monkeypatch.setattr(where, name, limit)
    part = LexborHTMLParser(client.get("/article/long?q=ferry").text)
    assert part.css_first(".body").text() == whole.css_first(".body").text()
    assert len(whole.css(".body mark")) == 20 > len(part.css(".body mark"))
    assert bool(part.css(".body mark")) == (limit > 1)
    assert not whole.css(".notices")
    assert "Matches are marked only in its beginning" in part.css_first(".notices").text()
    assert not LexborHTMLParser(client.get("/article/long").text).css(".notices")


@pytest.mark.parametrize(
    ("html", "most", "part"),
    [
        ("<p>a</p>", 8, "<p>a</p>"),
        ("<p>a</p><p>b</p>", 10, "<p>a</p>"),
        ("<pre>rope bell</pre>", 12, "<pre>rope"),
        ("<pre>rope\nbell</pre>", 12, "<pre>rope"),
        ('<p>a</p><p class="a b">c</p>', 21, "<p>a</p>"),
        ("<p>rope</p>", 5, ""),
    ],
)
def test_the_marked_part_ends_between_tags(monkeypatch: pytest.MonkeyPatch, html: str, most: int, part: str) -> None:
    monkeypatch.setattr(article, "MAX_MARKED", most)
    assert article.marked_part(html) == part


def test_warm_up_opens_the_index(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings, engine = indexed(tmp_path)
    opened: list[Engine] = []
    warm_up(create_app(settings, open_index=lambda: opened.append(engine) or engine))  # type: ignore[func-returns-value]
    assert opened == [engine]

    def broken() -> Engine:
        raise IndexUnusable("a segment is damaged")

    with caplog.at_level("INFO", "backfile.server"):
        warm_up(create_app(settings, open_index=broken))
    assert "a segment is damaged" in caplog.text


@pytest.mark.parametrize("hosts", [(), ("archive.example.org",), (".example.org",)])
def test_warm_up_survives_every_error(tmp_path: Path, caplog: pytest.LogCaptureFixture, hosts: tuple[str, ...]) -> None:
    settings, engine = indexed(tmp_path)

    class Damaged:
        searches = 0

        def search(self, request: Request) -> Page:
            self.searches += 1
            if self.searches > 1:
                raise RuntimeError("a block does not unpack")
            return engine.search(request)

        def __getattr__(self, name: str) -> object:
            return getattr(engine, name)

    damaged = Damaged()
    app = create_app(replace(settings, trusted_hosts=hosts), open_index=lambda: damaged)  # type: ignore[arg-type,return-value]
    warm_up(app)
    assert damaged.searches > 2
    assert "a block does not unpack" in caplog.text


@pytest.mark.parametrize(
    ("limits", "paths"),
    [
        ({}, ["/api/search", "/", "/search", "/article/odd/forty"]),
        ({"WARM_UP_BYTES": 10}, ["/api/search", "/", "/search"]),
        ({"WARM_UP_SECONDS": -1.0}, ["/api/search"]),
    ],
)
def test_warm_up_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: dict[str, float], paths: list[str]
) -> None:
    settings, engine = indexed(tmp_path)
    app = create_app(settings, open_index=lambda: engine)
    requested: list[str] = []
    app.before_request(lambda: requested.append(request.path))
    for name, value in {"WARM_UP_SECONDS": math.inf, **limits}.items():
        monkeypatch.setattr(granian_server, name, value)
    warm_up(app)
    assert requested == paths


def test_warm_up_of_an_empty_archive(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    settings = Settings(library=tmp_path / "library", index=tmp_path / "cache", engine="memory")
    app = create_app(settings)
    warm_up(app)
    assert "The archive is empty" in app.test_client().get("/").text


def test_an_article_removed_while_it_is_shown_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").write_text("The night ferry.\n")
    client = create_app(Settings(library=tmp_path)).test_client()
    get = Library.get_public

    def get_and_remove(library: Library, article_id: str, now: datetime) -> tuple[Article, State]:
        found = get(library, article_id, now)
        (tmp_path / "a.md").unlink()
        return found

    monkeypatch.setattr(Library, "get_public", get_and_remove)
    page = client.get("/article/a")
    assert (page.status_code, "The night ferry" in page.text) == (200, True)
    assert "Last-Modified" not in page.headers


NAMES = ["a" * 300, "a/" * 2_500 + "x", "loop", "nul%00byte", "closed/x", "%ff", "a.md/x"]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:12])
def test_a_picture_that_no_file_system_has_does_not_hide_the_article(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.md").write_text(f"The night ferry.\n\n![seen](<{name}.png>) [words](<{name}>)\n")
    (tmp_path / "loop.png").symlink_to("loop.png")
    client = create_app(Settings(library=tmp_path)).test_client()
    page = client.get("/article/a")
    assert page.status_code == 200
    assert "The night ferry" in page.text
    assert client.get(f"/media/{name}.png").status_code in (404, 414)
