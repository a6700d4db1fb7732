"""JSON API, feeds, sitemap and metadata."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from backfile.app import create_app
from backfile.cli import main
from backfile.config import Settings
from backfile.web.screens import feeds
from tests.web_archive import archive_app, client

__all__ = ["archive_app", "client"]

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def test_json_of_a_search(client: FlaskClient) -> None:
    answer = client.get("/api/search?q=ferry&topic=local+government&per_page=5").json
    assert answer is not None
    assert list(answer) == [
        "query", "total", "stories", "took_ms", "notices", "hits", "facets", "names", "suggestion", "relaxed", "page",
        "pages",
    ]  # fmt: skip
    assert (answer["query"], answer["total"], answer["page"], answer["pages"]) == ("ferry", 1, 1, 1)
    assert answer["notices"] == []
    assert answer["suggestion"] is None
    assert set(answer["facets"]) == {"author", "topic", "year"}
    assert answer["facets"]["year"] == [{"value": "1998", "count": 1}]
    (hit,) = answer["hits"]
    assert list(hit) == [
        "id", "title", "authors", "topics", "date", "url", "score", "matches", "missing", "passages", "copies",
        "copy_count",
    ]  # fmt: skip
    assert hit["id"] == "1998/night-ferry"
    assert hit["authors"] == ["Ada Marsh", "Joris van Dijk"]
    assert hit["date"] == "1998-03-14"
    assert client.get(hit["url"]).status_code == 200
    marked = [passage["text"][start:end] for passage in hit["passages"] for start, end in passage["spans"]]
    assert {word.lower() for word in marked} <= {"ferry", "ferries"}
    assert marked


def test_json_has_notices(client: FlaskClient) -> None:
    answer = client.get('/api/search?q="ferry&from=abc').json
    assert answer is not None
    assert len(answer["notices"]) == 2


def test_completions(client: FlaskClient) -> None:
    answer = client.get("/api/suggest?q=ferr").json
    assert answer is not None
    assert "ferry" in answer["words"]
    assert all(client.get(title["url"]).status_code == 200 for title in answer["titles"])
    assert client.get("/api/suggest?q=").json == {"words": [], "titles": [], "authors": [], "topics": []}
    browser = client.get("/api/suggest?q=ferr&format=opensearch")
    assert browser.mimetype == "application/x-suggestions+json"
    assert browser.json is not None
    assert browser.json[0] == "ferr"
    assert "ferry" in browser.json[1]


@pytest.mark.parametrize("path", ["/search.atom", "/search.atom?q=ferry&author=Ada+Marsh", "/search.atom?q=hostile"])
def test_atom_feed(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    assert response.mimetype == "application/atom+xml"
    feed = ElementTree.fromstring(response.text)  # noqa: S314 - our own text
    assert feed.tag == f"{ATOM}feed"
    assert str(feed.findtext(f"{ATOM}id")).startswith("urn:uuid:")
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == f"http://localhost{path}"
    assert client.get(urlsplit(links["alternate"] or "").path).status_code == 200
    entries = feed.findall(f"{ATOM}entry")
    assert entries
    ids = [entry.findtext(f"{ATOM}id") or "" for entry in entries]
    assert len(set(ids)) == len(ids)
    moments = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    published = [entry.findtext(f"{ATOM}published") or "" for entry in entries]
    assert published == sorted(published, reverse=True)
    assert feed.findtext(f"{ATOM}updated") == max(moments)
    for entry, moment in zip(entries, moments, strict=True):
        assert datetime.fromisoformat(moment).tzinfo is not None
        assert entry.findtext(f"{ATOM}title")
        assert entry.findtext(f"{ATOM}summary")
        link = entry.find(f"{ATOM}link")
        assert link is not None
        assert client.get(urlsplit(link.get("href") or "").path).status_code == 200


def test_ids_of_a_feed_do_not_depend_on_the_host(client: FlaskClient) -> None:
    here, elsewhere = (client.get("/search.atom", base_url=f"http://{host}").text for host in ("localhost", "[::1]"))
    assert re.findall(r"<id>.*</id>", here) == re.findall(r"<id>.*</id>", elsewhere)
    assert "http://[::1]/" in elsewhere


def test_an_updated_article_is_updated_in_the_feed(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: A\ndate: 2019-03-14\nupdated: 2020-01-02\n---\nferry\n")
    (tmp_path / "library.toml").write_text('language = "en-GB"\n')
    main.run(["index", str(tmp_path)])
    text = create_app(Settings(library=tmp_path)).test_client().get("/search.atom").text
    assert "<published>2019-03-14T00:00:00Z</published>" in text
    assert text.count("<updated>2020-01-02T00:00:00Z</updated>") == 2
    assert '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB">' in text


@pytest.mark.parametrize("path", ["/search.atom?q=ferry", "/article/1998/night-ferry", "/sitemap.xml"])
def test_an_unchanged_page_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path, headers={"Accept-Encoding": "gzip"})
    tag = first.headers["ETag"]
    again = client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(path, headers={"Accept-Encoding": "gzip", "If-None-Match": '"other"'}).status_code == 200
    if path != "/sitemap.xml":
        changed = first.headers["Last-Modified"]
        assert client.get(path, headers={"If-Modified-Since": changed}).status_code == 304


def test_opensearch_description(client: FlaskClient) -> None:
    text = client.get("/opensearch.xml").text
    root = ElementTree.fromstring(text)  # noqa: S314 - our own text
    space = "{http://a9.com/-/spec/opensearch/1.1/}"
    assert len(root.findtext(f"{space}ShortName") or "") <= 16
    templates = [url.get("template", "") for url in root.findall(f"{space}Url")]
    for template in templates:
        address = re.sub(r"\{startPage\?\}", "1", template.replace("{searchTerms}", "ferry"))
        assert client.get(address.removeprefix("http://localhost")).status_code == 200


def test_sitemap_lists_every_article(client: FlaskClient) -> None:
    index = ElementTree.fromstring(client.get("/sitemap.xml").text)  # noqa: S314 - our own text
    (part,) = [loc.text or "" for loc in index.iter(f"{SITEMAP}loc")]
    sitemap = ElementTree.fromstring(client.get(urlsplit(part).path).text)  # noqa: S314 - our own text
    addresses = [loc.text or "" for loc in sitemap.iter(f"{SITEMAP}loc")]
    assert len(addresses) == 22
    assert all(client.get(urlsplit(address).path).status_code == 200 for address in addresses)


def test_large_sitemap_has_parts(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "SITEMAP_URLS", 5)
    index = ElementTree.fromstring(client.get("/sitemap.xml").text)  # noqa: S314 - our own text
    parts = [urlsplit(loc.text or "").path for loc in index.iter(f"{SITEMAP}loc")]
    assert parts == [f"/sitemap-{number}.xml" for number in range(1, 6)]
    pages = [ElementTree.fromstring(client.get(part).text) for part in parts]  # noqa: S314 - our own text
    urls = [[loc.text for loc in page.iter(f"{SITEMAP}loc")] for page in pages]
    assert [len(each) for each in urls] == [5, 5, 5, 5, 2]
    assert len({url for each in urls for url in each}) == 22
    assert client.get("/sitemap-6.xml").status_code == client.get("/sitemap-0.xml").status_code == 404


def test_metadata_of_an_article_page(client: FlaskClient) -> None:
    tree = LexborHTMLParser(client.get("/article/1998/night-ferry").text)
    (block,) = tree.css("script[type='application/ld+json']")
    data = json.loads(block.text())
    assert data["@type"] == "NewsArticle"
    assert data["headline"] == "Harbour board votes for the night ferry"
    assert data["datePublished"] == "1998-03-14"
    assert [author["name"] for author in data["author"]] == ["Ada Marsh", "Joris van Dijk"]
    assert data["isBasedOn"] == "https://example.org/1998/night-ferry"
    metadata = [(node.attributes.get("name") or node.attributes.get("property"), node.attributes.get("content"))
                for node in tree.css("meta[content]")]  # fmt: skip
    assert ("og:type", "article") in metadata
    assert ("article:published_time", "1998-03-14") in metadata
    assert ("DC.creator", "Joris van Dijk") in metadata
    assert ("DC.type", "newspaperArticle") in metadata


def test_only_articles_with_a_source_are_news_articles(client: FlaskClient) -> None:
    kinds = set()
    for path in ("/article/1998/night-ferry", "/article/1998/ticket"):
        tree = LexborHTMLParser(client.get(path).text)
        (block,) = tree.css("script[type='application/ld+json']")
        data = json.loads(block.text())
        kinds.add((data["@type"], data["publisher"]["name"]))
    assert kinds == {("NewsArticle", "The Harbour Gazette"), ("Article", "The Harbour Gazette")}
