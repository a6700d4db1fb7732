"""A server follows `library.toml`, and says so when it can no longer take over changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.cli import main
from backfile.config import Settings
from backfile.index.sync.state import clear_failure, read_failure, record_failure
from backfile.index.sync.watcher import IndexWatcher
from backfile.web.service import services


@pytest.fixture(name="folder")
def make_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(services, "FOLLOW_SECONDS", 0.0)
    folder = tmp_path / "harbour papers"
    folder.mkdir()
    (folder / "a.md").write_text("---\ntitle: Night ferry\n---\nThe ferry sails.\n\n![x](https://example.org/x.png)\n")
    main.run(["index", str(folder)])
    return folder


@pytest.fixture(name="client")
def make_client(folder: Path) -> FlaskClient:
    return create_app(Settings(library=folder)).test_client()


def test_title_and_publicity_follow_the_file(folder: Path, client: FlaskClient) -> None:
    settings = folder / "library.toml"
    settings.write_text('title = "Old"\npublic = true\nremote_images = true\n')
    page = client.get("/article/a")
    assert "<title>Night ferry · Old</title>" in page.text
    assert "X-Robots-Tag" not in page.headers
    assert page.headers["Cache-Control"].startswith("public")
    assert "<img" in page.text
    settings.write_text('title = "New"\n')
    page = client.get("/article/a")
    assert "<title>Night ferry · New</title>" in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert page.headers["Cache-Control"].startswith("private")
    assert "<img" not in page.text
    assert "https:" not in page.headers["Content-Security-Policy"]
    assert "Disallow: /\n" in client.get("/robots.txt").text
    settings.unlink()
    assert "<title>Night ferry · harbour papers</title>" in client.get("/article/a").text


def test_a_wrong_file_changes_nothing(folder: Path, client: FlaskClient) -> None:
    (folder / "library.toml").write_text('title = "Old"\n')
    assert "· Old</title>" in client.get("/").text
    (folder / "library.toml").write_text('title = "New"\nbogus = 1\n')
    assert "· Old</title>" in client.get("/").text


def test_citations_name_the_library_not_the_program(client: FlaskClient) -> None:
    for form in ("txt", "bib", "ris", "json"):
        text = client.get(f"/cite/a.{form}").text
        assert "harbour papers" in text
        assert "Backfile" not in text


def test_a_failed_update_is_told_until_one_succeeds(folder: Path, client: FlaskClient) -> None:
    library, cache = Library(folder), folder / ".backfile"
    assert client.get("/health").json == {
        "status": "ok", "engine": "whoosh", "articles": 1, "generation": 1, "problems": [], "stale_since": None,
    }  # fmt: skip
    (folder / "library.toml").write_text("bogus = 1\n")
    watcher = IndexWatcher(library, cache, "whoosh", watch=False)
    watcher.update()
    failure = read_failure(cache)
    assert failure
    health = client.get("/health")
    assert health.status_code == 200
    assert health.json is not None
    assert (health.json["status"], health.json["stale_since"]) == ("stale", failure.since)
    assert "bogus is not a setting" in health.json["problems"][0]
    about = client.get("/about").text
    assert failure.since in about
    assert "line 1: bogus is not a setting" in about
    (folder / "library.toml").unlink()
    watcher.update()
    assert read_failure(cache) is None
    assert client.get("/health").json["status"] == "ok"  # type: ignore[index]
    assert "bogus" not in client.get("/about").text


def test_the_time_is_that_of_the_first_failure(folder: Path) -> None:
    cache = folder / ".backfile"
    record_failure(cache, "first")
    failure = read_failure(cache)
    assert failure
    (cache / "failure.json").write_text((cache / "failure.json").read_text().replace(failure.since, "2020-01-01"))
    record_failure(cache, "second", "do this")
    failure = read_failure(cache)
    assert failure
    assert (failure.since, failure.reason, failure.hint) == ("2020-01-01", "second", "do this")
    clear_failure(cache)
    clear_failure(cache)


def test_an_update_by_hand_ends_a_failure(folder: Path, client: FlaskClient) -> None:
    record_failure(folder / ".backfile", "the disk was full")
    assert client.get("/health").json["status"] == "stale"  # type: ignore[index]
    main.run(["index", str(folder)])
    assert client.get("/health").json["status"] == "ok"  # type: ignore[index]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"since": 1}', "[" * 100_000])
def test_a_damaged_note_is_no_failure(folder: Path, client: FlaskClient, content: str) -> None:
    (folder / ".backfile" / "failure.json").write_text(content)
    assert read_failure(folder / ".backfile") is None
    assert client.get("/health").status_code == 200


def test_a_file_name_with_a_line_break_has_a_page(folder: Path, client: FlaskClient) -> None:
    (folder / "two\nlines.md").write_text("---\ntitle: Two lines\n---\nraft\n")
    main.run(["index", str(folder)])
    (hit,) = client.get("/api/search?q=raft").json["hits"]  # type: ignore[index]
    assert "Two lines" in client.get(hit["url"]).text
    assert client.get(hit["url"].partition("?")[0] + ".md").status_code == 200
