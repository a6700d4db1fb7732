"""Page and API of the quotation finder."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
from flask import Flask
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser
from synchronising import synchronise

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.engine import Engine
from backfile.index.engines import open_engine
from backfile.index.quotations.quotation_finder import MAX_QUOTATION
from backfile.web.service.admission import is_cheap

NOW = datetime(2020, 1, 1, tzinfo=UTC)
FILLER = "Nothing else is told here about what happened on that day, and the weather was fair. " * 4
ARTICLES = {
    "strike": "title: A strike\nauthors: [Ann Lee]\ndate: 2019-03-14\nsource: {name: Gazette}",
    "reprint": "title: From other papers\ndate: 2018-05",
    "gone": "title: Withdrawn\nwithheld: by court order",
    "later": "title: Embargoed\nembargo: 2030-01-01",
}
SENTENCE = "The harbour board cancelled the <night> ferry on Tuesday because of a strike."


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Application on a small library whose articles all have one sentence."""
    root = tmp_path_factory.mktemp("quotations")
    library = root / "library"
    library.mkdir()
    (library / "library.toml").write_text("public = true\n", encoding="utf-8")
    for name, front in ARTICLES.items():
        text = SENTENCE.replace("<", "&lt;").replace(">", "&gt;")
        (library / f"{name}.md").write_text(f"---\n{front}\n---\n{FILLER}\n\n{text}\n", encoding="utf-8")
    return _serve(root, library)


def _serve(root: Path, library: Path) -> Flask:
    settings = Settings(library=library, index=root / "cache", engine="memory")
    engine: Engine = open_engine("memory", settings.index_folder)
    synchronise(Library(library), engine, folder=settings.cache_folder)
    return create_app(settings, open_index=lambda: engine, now=lambda: NOW)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def page(client: FlaskClient, text: str, **arguments: str) -> LexborHTMLParser:
    response = client.get("/quote", query_string={"text": text, **arguments})
    assert response.status_code == 200
    return LexborHTMLParser(response.text)


def texts(tree: LexborHTMLParser, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in tree.css(selector)]


def test_the_empty_form(client: FlaskClient) -> None:
    for address in ("/quote", "/quote?text=", "/quote?text=+%0a"):
        response = client.get(address)
        assert response.status_code == 200
        tree = LexborHTMLParser(response.text)
        form = tree.css_first("form.quotation-form")
        assert (form.attributes["method"], form.attributes["action"]) == ("get", "/quote")
        assert tree.css_first("textarea").attributes["maxlength"] == str(MAX_QUOTATION)
        assert not tree.css(".verdict")


def test_word_for_word(client: FlaskClient) -> None:
    tree = page(client, "THE HARBOUR BOARD cancelled the <night> ferry")
    assert texts(tree, "#verdict") == ["Word for word in 2 articles."]
    assert texts(tree, ".hit h3") == ["From other papers", "A strike"]
    assert texts(tree, ".hit .verdict") == ["Word for word"] * 2
    assert "May 2018" in texts(tree, ".byline")[0]
    assert texts(tree, ".byline")[1] == "Ann Lee · 14 March 2019 · Gazette"
    assert texts(tree, "blockquote b") == ["The harbour board cancelled the <night> ferry"] * 2
    assert "on Tuesday because of a strike." in texts(tree, "blockquote")[0]
    assert "<night>" not in tree.html.partition("<main")[2].replace("&lt;night&gt;", "")


def test_a_link_leads_to_the_passage_and_marks_it(client: FlaskClient) -> None:
    tree = page(client, "cancelled the night ferry on Tuesday")
    url = tree.css_first(".hit h3 a").attributes["href"]
    address, _, fragment = url.partition("#")
    assert fragment.startswith("m1:~:text=")
    article = LexborHTMLParser(client.get(address).text)
    assert [node.text() for node in article.css("mark")] == ["cancelled the <night> ferry on Tuesday"]
    assert article.css("mark#m1")


def test_a_citation_has_the_passage(client: FlaskClient) -> None:
    tree = page(client, "cancelled the night ferry on Tuesday", sort="best")
    citation = texts(tree, ".citation")[1]
    assert citation.startswith("“cancelled the <night> ferry on Tuesday” Ann Lee, “A strike”, Gazette, 14 March 2019.")
    (plain, *_) = (node.attributes["href"] for node in tree.css("details a"))
    assert client.get(plain).text.startswith("“cancelled the <night> ferry on Tuesday”")


def test_nearly_names_what_differs(client: FlaskClient) -> None:
    tree = page(client, "The harbour council cancelled the ferry on Tuesday because of a long strike")
    assert texts(tree, "#verdict") == ["Not word for word; 2 articles have nearly these words."]
    assert texts(tree, ".hit .verdict")[0].startswith("Nearly, ")
    assert texts(tree, ".changes")[0] == (
        "Changed: council instead of board Missing in the quotation: night Not in the article: long"
    )
    assert texts(tree, "blockquote ins")[0] == "night"
    assert texts(tree, "p.differing del")[0] == "long"


def test_not_found_and_the_orders(client: FlaskClient) -> None:
    tree = page(client, "The moon is made of green cheese")
    assert texts(tree, "#verdict")[0].startswith("Not found")
    assert not tree.css(".hit")
    earliest = page(client, "cancelled the night ferry", sort="earliest")
    assert texts(earliest, ".sorts [aria-current]") == ["Earliest"]
    assert texts(earliest, ".hit h3")[0] == "From other papers"
    assert texts(page(client, "cancelled the night ferry", sort="odd"), ".sorts [aria-current]") == ["Best"]


def test_what_readers_may_not_see_is_not_quoted(app: Flask, client: FlaskClient, monkeypatch: Any) -> None:
    everything = page(client, SENTENCE).html
    assert "Withdrawn" not in everything
    assert "Embargoed" not in everything
    monkeypatch.setattr(app.extensions["backfile"], "now", lambda: datetime(2031, 1, 1, tzinfo=UTC))
    article = app.extensions["backfile"].library.root / "strike.md"
    original = article.read_text(encoding="utf-8")
    article.write_text(original.replace("title:", "expires: 2030-06-01\ntitle:"), encoding="utf-8")
    try:
        assert texts(page(client, SENTENCE), ".hit h3") == ["From other papers"]  # the index still has both
        assert [match["id"] for match in client.get(f"/api/quote?text={quote_plus(SENTENCE)}").json["matches"]] == [
            "reprint"
        ]
    finally:
        article.write_text(original, encoding="utf-8")


def test_json(client: FlaskClient) -> None:
    answer = client.get("/api/quote", query_string={"text": "board cancelled the ferry on Tuesday"}).json
    assert answer["verdict"] == "nearly"
    match = answer["matches"][0]
    assert match["changes"] == [{"kind": "missing", "quotation": "", "article": "night"}]
    marked = [[kind, match["passages"][0]["text"][start:end]] for start, end, kind in match["passages"][0]["marks"]]
    assert marked == [
        ["same", "board cancelled the"], ["missing", "night"], ["same", "ferry on Tuesday"],
    ]  # fmt: skip
    assert json.dumps(client.get("/api/quote").json["matches"]) == "[]"


def test_limits(client: FlaskClient) -> None:
    too_long = "ferry " * 400
    response = client.get("/quote", query_string={"text": too_long})
    assert response.status_code == 400
    assert "2,000 characters; this one has 2,400" in response.text
    assert client.get("/api/quote", query_string={"text": too_long}).status_code == 400
    assert client.get("/quote", query_string={"text": "渡" * MAX_QUOTATION}).status_code == 200
    assert client.get("/quote", query_string={"text": "\x00\ufffd <script>alert(1)</script>"}).status_code == 200
    assert not is_cheap({"text": "the"})


def test_a_sentence_with_few_hits_is_offered_as_a_quotation(client: FlaskClient) -> None:
    def offered(query: str) -> list[str | None]:
        tree = LexborHTMLParser(client.get("/search", query_string={"q": query}).text)
        return [node.attributes["href"] for node in tree.css("#results .alternatives > a[href^='/quote']")]

    sentence = "The harbour council cancelled every night ferry because of strikes"
    assert offered(sentence) == [f"/quote?text={quote_plus(sentence)}"]
    assert offered(f'"{sentence}"') == [f"/quote?text={quote_plus(sentence)}"]
    assert offered("the night ferry") == []
    assert offered(f"{sentence} -train") == []


def test_the_page_is_linked_and_no_robot_walks_it(client: FlaskClient) -> None:
    assert 'href="/quote"' in client.get("/").text
    assert "Disallow: /quote?" in client.get("/robots.txt").text
