"""Stories and their copies on the pages and in the API: counts, links, what a hit tells, two printings compared."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from copies_texts import edited, prose
from flask.testing import FlaskClient

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.engines import DEFAULT
from backfile.index.sync.synchronization import update_index

TEXT = f"The ferry is late. {prose(1, 400)}"
OTHER = f"The ferry sinks. {prose(2)}"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Library with a story printed by three papers, one printed twice, and one of its own."""
    root = tmp_path_factory.mktemp("copies") / "library"
    root.mkdir()
    (root / "library.toml").write_text("public = true\n")

    def write(name: str, title: str, day: str, text: str, source: str = "") -> None:
        named = f"source: {{name: {source}}}\n" if source else ""
        (root / f"{name}.md").write_text(f"---\ntitle: {title}\ndate: {day}\n{named}---\n{text}\n")

    write("late", "Ferry late", "2001-05-04", TEXT, "The Post")
    write("boat", "Boat <late>", "2001-05-06", TEXT.replace("late", "very late"), "Gazette & Son")
    write("again", "Ferry late", "2001-05-05", edited(TEXT, 1, 0.01), "Herald")
    write("sinks", "Ferry sinks", "2001-05-04", OTHER)
    write("down", "Ferry goes down", "2001-05-04", OTHER)
    write("alone", "A ferry alone", "2001-05-04", f"A ferry. {prose(3)}")
    write("secret", "Ferry late", "2001-05-04", TEXT, "Secret Post}\nembargo: 2999-01-01\nx: {y")
    update_index(Library(root), root / ".backfile", DEFAULT)
    return root


@pytest.fixture
def client(root: Path) -> FlaskClient:
    return create_app(Settings(library=root)).test_client()


def page(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text)))


def hits(client: FlaskClient, address: str) -> list[str]:
    return re.findall(r'<h2[^>]*><a href="/article/([^"?]*)', client.get(address).text)


def test_a_list_counts_articles_and_stories_and_shows_each_story_once(client: FlaskClient) -> None:
    assert "6 articles, 3 stories" in page(client, "/search?q=ferry")
    assert len(hits(client, "/search?q=ferry")) == 3


def test_copies_can_be_shown_and_the_links_of_the_list_keep_that(client: FlaskClient) -> None:
    text = client.get("/search?q=ferry").text
    (link,) = re.findall(r'class="folding"><a href="([^"]*)"', text)
    shown = client.get(unescape(link)).text
    assert len(hits(client, unescape(link))) == 6
    assert "6 articles" in page(client, unescape(link))
    assert "stories" not in page(client, unescape(link))
    sorts = [unescape(each) for each in re.findall(r'<li><a href="(/search[^"]*sort=[^"]*)"', shown)]
    assert sorts
    assert all(parse_qs(urlsplit(each).query)["copies"] == ["show"] for each in sorts)
    assert 'type="hidden" name="copies" value="show"' in shown
    (back,) = re.findall(r'class="folding"><a href="([^"]*)"', shown)
    assert "copies" not in parse_qs(urlsplit(unescape(back)).query)


def test_a_list_without_copies_says_nothing_of_stories(client: FlaskClient) -> None:
    assert "folding" not in client.get("/search?q=alone").text
    assert "stor" not in page(client, "/search?q=alone").partition("Search tips")[2]


def test_a_wrong_value_is_a_notice(client: FlaskClient) -> None:
    assert "“copies” is “show” or “fold”, not “all”" in page(client, "/search?q=ferry&copies=all")
    assert len(hits(client, "/search?q=ferry&copies=fold")) == 3


def test_a_hit_tells_where_when_and_with_how_many_other_words_it_was_printed(client: FlaskClient) -> None:
    told = page(client, "/search?q=very+late")
    assert "Also printed in 2 places The Post · 4 May 2001 · Ferry late · −1 word Herald" in told
    assert "Secret" not in told
    assert "word for word the same" in page(client, "/search?q=sinks")


def test_titles_and_names_are_escaped(client: FlaskClient) -> None:
    text = client.get("/article/late").text
    assert "Gazette &amp; Son" in text
    assert "Boat &lt;late&gt;" in text


def test_an_article_tells_its_other_printings_and_they_are_no_similar_articles(client: FlaskClient) -> None:
    text = client.get("/article/late").text
    assert "Also printed in 2 places" in page(client, "/article/late")
    similar = text.partition('id="similar"')[2]
    assert "/article/boat" not in similar
    assert "/article/again" not in similar
    assert "Also printed" not in page(client, "/article/alone")


def test_results_and_the_way_back_count_stories(client: FlaskClient) -> None:
    ids = hits(client, "/search?q=ferry&sort=oldest")
    for place, article_id in enumerate(ids, start=1):
        text = page(client, f"/article/{article_id}?q=ferry&sort=oldest&place={place}")
        assert f"Result {place} of 3" in text
        assert "Back to 3 results" in text
    assert "Result 5 of 6" in page(client, "/article/boat?q=ferry&sort=oldest&copies=show&place=5")


def test_two_printings_are_compared(client: FlaskClient) -> None:
    text = client.get("/compare?a=late&b=boat").text
    assert "<ins>very</ins>" in text
    assert "<del>" not in text.partition('class="body')[2]
    assert "+1 word" in page(client, "/compare?a=late&b=boat")
    assert "<del>very</del>" in client.get("/compare?a=boat&b=late").text
    assert "words alike" in text
    assert "noindex" in text
    assert "Both have the same words." in page(client, "/compare?a=sinks&b=down")


@pytest.mark.parametrize(
    "address", ["/compare", "/compare?a=late", "/compare?a=late&b=nowhere", "/compare?a=secret&b=late"]
)
def test_what_cannot_be_seen_is_not_compared(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert TEXT[30:80] not in answer.text


def test_the_api_tells_stories_and_copies(client: FlaskClient) -> None:
    answer = client.get("/api/search?q=very+late").json
    assert answer is not None
    (hit,) = answer["hits"]
    assert (answer["total"], answer["stories"], hit["copy_count"]) == (1, 1, 2)
    assert [each["id"] for each in hit["copies"]] == ["late", "again"]
    assert hit["copies"][0]["source"] == {"name": "The Post", "url": None}
    assert (hit["copies"][0]["added"], hit["copies"][0]["removed"]) == (0, 1)
    unfolded = client.get("/api/search?q=ferry&copies=show").json
    assert unfolded is not None
    assert (unfolded["total"], unfolded["stories"], len(unfolded["hits"])) == (6, None, 6)
    assert all(not each["copies"] for each in unfolded["hits"])


def test_exports_and_feeds_have_every_article_and_say_so(client: FlaskClient) -> None:
    assert client.get("/search.csv?q=ferry").text.count("\n") == 7
    manifest = client.get("/search.manifest.json?q=ferry").json
    assert manifest is not None
    assert (manifest["counts"], manifest["total"], manifest["stories"], manifest["given"]) == ("articles", 6, 3, 6)
    assert client.get("/search.atom?q=ferry").text.count("<entry") == 6


def test_robots_stay_away_from_comparisons(client: FlaskClient) -> None:
    assert "Disallow: /compare" in client.get("/robots.txt").text
