"""Page “Why is it not here?” and its API: reasons, changes with their counts, lookups, hostile input."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import pytest
from flask.testing import FlaskClient
from selectolax.lexbor import LexborHTMLParser

from tests.web_archive import archive_app, client

__all__ = ["archive_app", "client"]

FERRY = "1998/night-ferry"
TITLE = "Harbour board votes for the night ferry"


def ask(client: FlaskClient, article: str, search: str = "q=ferry+-harbour") -> Any:
    response = client.get(f"/api/why?{search}&article={quote_plus(article)}")
    assert response.status_code == 200, response.text
    return response.json


def test_the_page_says_the_reason_and_the_smallest_change(client: FlaskClient) -> None:
    tree = LexborHTMLParser(client.get(f"/why?q=ferry+-harbour+date:2019&article={FERRY}").text)
    assert [" ".join(each.text().split()) for each in tree.css(".reasons > li")] == [
        "It is excluded by “-harbour”: it has harbour.",
        "It is dated 1998-03-14, outside 2019.",
    ]
    link = tree.css_first(".change a")
    assert link is not None
    assert link.attributes["href"] == "/search?q=ferry+date%3A1998-03-14..2019"
    count = tree.css_first(".change .count")
    assert count is not None
    shown = LexborHTMLParser(client.get(link.attributes["href"] or "").text).css_first("#status")
    assert shown is not None
    assert shown.text().startswith(count.text())


def test_a_result_list_has_the_form_with_its_search(client: FlaskClient) -> None:
    for address in ("/search?q=ferry&from=1998&topic=transport", "/search?q=nowhere&from=1998&topic=transport"):
        form = LexborHTMLParser(client.get(address).text).css_first("form.why-form")
        assert form is not None
        sent = {(each.attributes["name"], each.attributes.get("value")) for each in form.css("input")}
        assert {("from", "1998"), ("topic", "transport")} <= sent
        assert {"q", "article"} <= {name for name, _ in sent}


def test_an_article_that_is_found_has_its_rank_and_page(client: FlaskClient) -> None:
    found = ask(client, "2019/letter-05", "q=reader+winter&sort=oldest&per_page=2")
    assert (found["outcome"], found["rank"], found["page"], found["total"]) == ("found", 5, 3, 12)
    text = client.get("/why?q=reader+winter&sort=oldest&per_page=2&article=2019/letter-05").text
    assert 'href="/search?q=reader+winter&amp;sort=oldest&amp;page=3&amp;per_page=2#hit-5"' in text
    assert client.get("/search?q=reader+winter&sort=oldest&page=3&per_page=2").text.count('id="hit-5"') == 1


@pytest.mark.parametrize(
    "typed",
    [
        FERRY,
        f"/article/{FERRY}",
        f"http://localhost/article/{FERRY}?q=ferry#m1",
        f"{FERRY}.md",
        f"./{FERRY}.md",
        "https://example.org/1998/night-ferry",
        "http://www.example.org/1998/night-ferry/",
        TITLE,
        TITLE.upper(),
        "board votes for the night",
        "1998%2Fnight-ferry",
    ],
)
def test_what_a_person_has_of_an_article_leads_to_it(client: FlaskClient, typed: str) -> None:
    found = ask(client, typed)
    assert (found["outcome"], found["article"]["id"]) == ("not-found", FERRY), found


def test_a_part_of_several_titles_gives_a_choice(client: FlaskClient) -> None:
    found = ask(client, "letter number")
    assert found["outcome"] == "choices"
    assert len(found["choices"]) == 10
    text = client.get("/why?q=ferry&article=letter+number").text
    assert "/why?q=ferry&amp;article=2019%2Fletter-" in text
    assert "type more of the title" in text


@pytest.mark.parametrize("typed", [f"https://elsewhere.example/article/{FERRY}", f"//elsewhere.example/{FERRY}"])
def test_the_path_of_another_host_is_only_a_choice(client: FlaskClient, typed: str) -> None:
    found = ask(client, typed)
    assert found["outcome"] in ("choices", "unknown")
    assert found["article"] is None


@pytest.mark.parametrize(
    "typed",
    [
        "../../etc/passwd", "/etc/passwd", "..", "/", "\x00", "%00", "%2e%2e%2flibrary.toml", "library.toml", "http://[",
        "*", '"', "-", "x" * 2_000, "http://localhost/", "<script>alert(1)</script>", "1998", "pictures/quay",
    ],
)  # fmt: skip
def test_hostile_and_unknown_texts_are_not_in_the_archive(client: FlaskClient, typed: str) -> None:
    assert ask(client, typed)["outcome"] == "unknown"
    page = client.get(f"/why?q=ferry&article={quote_plus(typed)}")
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_too_long_a_text_is_refused(client: FlaskClient) -> None:
    assert client.get(f"/api/why?q=ferry&article={'x' * 2_001}").status_code == 400
    assert client.get(f"/why?q=ferry&article={'x' * 2_001}").status_code == 400
    assert client.get(f"/why?q={'(' * 30}a{')' * 30}&article={FERRY}").status_code == 400


def test_without_an_article_the_page_asks_for_one(client: FlaskClient) -> None:
    page = client.get("/why")
    assert page.status_code == 200
    assert "<h2" not in page.text
    assert client.get("/api/why").json["outcome"] == "unknown"


@pytest.mark.parametrize(
    ("language", "words"), [("de", "Er hat ferry, aber nicht zebra."), ("fr", "Il contient ferry")]
)
def test_sentences_are_translated(client: FlaskClient, language: str, words: str) -> None:
    text = client.get(f"/why?q=ferry+zebra&words=all&article={FERRY}&lang={language}").text
    assert words in text


def test_filters_are_shown_and_can_be_removed(client: FlaskClient) -> None:
    tree = LexborHTMLParser(client.get(f"/why?q=ferry&from=1999&author=Nobody&article={FERRY}").text)
    assert [(each.text().strip(), each.attributes["href"]) for each in tree.css(".chips a")] == [
        ("Remove the filter Nobody", "/why?q=ferry&from=1999&article=1998%2Fnight-ferry"),
        ("Remove the filter from 1999", "/why?q=ferry&author=Nobody&article=1998%2Fnight-ferry"),
    ]
