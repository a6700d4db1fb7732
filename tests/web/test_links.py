"""Links, pictures and files of article pages; dead links on the page about the archive and in the API."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.sync.synchronization import update_index

FILES = {
    "index.md": "# Home\n\n[guide](guide/) [none](nowhere/) [<b>by</b> id](guide/#opening-hours) [lost](guide/#gone)\n",
    "guide/index.md": "# Guide\n\nUp: [home](../) [below](#1-opening-hours) [dead](#closing)\n\n## Opening hours\n",
    "notes/sub/One.md": "# One\n\n![[Chart 2020.png]] ![[attachments/Chart 2020.png|9]] ![[Gone 2020.png]] [[Two|2]]\n",
    "notes/Two.md": "# Two\n\n![seen](gone.png) [price](../files/price%20list.pdf) [toml](../library.toml)\n",
    "attachments/Chart 2020.png": "",
    "files/price list.pdf": "%PDF",
    "files/salaries.pdf": "%PDF",
    "library.toml": "title = 'Links'\n",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    root = tmp_path_factory.mktemp("library")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    settings = Settings(library=root)
    update_index(Library(root), settings.cache_folder, settings.engine)
    return create_app(settings).test_client()


def body(client: FlaskClient, article_id: str) -> tuple[dict[str, str | None], list[str | None], str]:
    """Links of an article's page by their words, addresses of its pictures, HTML of its text."""
    found = LexborHTMLParser(client.get(f"/article/{article_id}").text).css_first(".body")
    assert found is not None
    links = {node.text(): node.attributes.get("href") for node in found.css("a")}
    return links, [node.attributes.get("src") for node in found.css("img")], found.html or ""


def test_links_lead_to_pages_and_dead_ones_are_words(client: FlaskClient) -> None:
    links, _, html = body(client, "index")
    opening = "/article/guide/index#article-opening-hours"
    assert links == {"guide": "/article/guide/index", "by id": opening, "lost": "/article/guide/index"}
    assert " none " in html
    links, _, html = body(client, "guide/index")
    assert links == {"home": "/article/index", "below": "#article-opening-hours"}
    assert " dead</p>" in html


def test_pictures_are_found_in_the_vault_and_missing_ones_named(client: FlaskClient) -> None:
    links, pictures, html = body(client, "notes/sub/One")
    assert links == {"2": "/article/notes/Two"}
    assert pictures == ["/media/attachments/Chart%202020.png"] * 2
    assert '<span class="missing" title="Gone 2020.png"></span>' in html
    assert '<span class="caption">seen</span>' in body(client, "notes/Two")[2]


def test_linked_files_can_be_saved_and_others_are_private(client: FlaskClient) -> None:
    links = body(client, "notes/Two")[0]
    assert links == {"price": "/media/files/price%20list.pdf"}
    with client.get("/media/files/price%20list.pdf") as response:
        assert (response.status_code, response.mimetype, response.data) == (200, "application/pdf", b"%PDF")
        assert response.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in response.headers["Content-Security-Policy"]
    for other in ("files/salaries.pdf", "library.toml", "notes/Two.md", "files/../library.toml"):
        assert client.get(f"/media/{other}").status_code == 404


def test_dead_links_are_counted_and_listed(client: FlaskClient) -> None:
    found = client.get("/api/links").json
    assert found is not None
    assert found["links"] == {"resolved": 8, "unresolved": 4}
    dead = [(each["path"], each["line"], each["kind"], each["address"]) for each in found["unresolved_links"]]
    assert dead == [
        ("index.md", 3, "link", "nowhere/"),
        ("notes/Two.md", 3, "image", "gone.png"),
        ("notes/Two.md", 3, "link", "../library.toml"),
        ("notes/sub/One.md", 3, "image", "Gone 2020.png"),
    ]
    page = client.get("/about").text
    assert "8 links within the archive work. 4 are broken" in page
    assert '<td>3</td><td dir="auto">Gone 2020.png</td>' in page


def test_an_article_is_shown_without_an_index_of_links(client: FlaskClient, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.md").write_text("# A\n\n[b](b.md) [c](c.md) ![](q.png)\n")
    (tmp_path / "q.png").write_bytes(b"")
    links, pictures, _ = body(create_app(Settings(library=tmp_path)).test_client(), "a")
    assert (links, pictures) == ({"b": "/article/b"}, ["/media/q.png"])


SECTIONS = {
    "index.md": "# Home\n\n[news](/news/) [1990](/news/1990/) [none](/gone/) [by path](news/_index.md#past)\n",
    "news/_index.md": "---\ntitle: The news\n---\nAll the *news*.\n\n## Past\n",
    "news/_index.de.md": "---\ntitle: Nachrichten\n---\n",
    "news/ferry.md": "# Night ferry\n",
    "news/tide/index.md": "# Tide\n",
    "news/tide/deep.md": "# Deep\n",
    "news/1990/_index.md": "---\ntitle: The year 1990\n---\n",
    "news/draft/_index.md": "---\ntitle: PRIVATE\ndraft: true\n---\n",
    "en/guide/_index.md": "# Guide\n",
    "en/start.md": "# Start\n\n[guide](/guide/) [up](../news/)\n",
}


def test_links_to_sections_lead_to_their_pages(tmp_path: Path) -> None:
    for name, text in SECTIONS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    settings = Settings(library=tmp_path)
    update_index(Library(tmp_path), settings.cache_folder, settings.engine)
    client = create_app(settings).test_client()
    news = "/article/news/_index"
    links, _, _ = body(client, "index")
    assert links == {"news": news, "1990": "/article/news/1990/_index", "by path": f"{news}#article-past"}
    assert body(client, "en/start")[0] == {"guide": "/article/en/guide/_index", "up": news}
    page = LexborHTMLParser(client.get(news).text)
    section = page.css_first("section[aria-labelledby=section]")
    assert section is not None
    assert [(node.text(), node.attributes["href"]) for node in section.css("a")] == [
        ("Night ferry", "/article/news/ferry"),
        ("Tide", "/article/news/tide/index"),
        ("The year 1990", "/article/news/1990/_index"),
    ]
    assert client.get("/article/news/draft/_index").status_code == 404
    assert client.get("/api/search?q=past").get_json()["total"] == 0
    (tmp_path / "gone").mkdir()
    (tmp_path / "gone" / "_index.md").write_text("# Back\n")
    (tmp_path / "news" / "1990" / "_index.md").unlink()
    update_index(Library(tmp_path), settings.cache_folder, settings.engine)
    assert body(create_app(settings).test_client(), "index")[0].keys() == {"news", "none", "by path"}
