"""Trends: every number is the total of the search that it leads to; what a reader is told."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from contract.library import article, load
from flask import Flask
from flask.testing import FlaskClient
from synchronising import synchronise

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.engine import Document, Engine, Page, Request
from backfile.index.engines import open_engine
from backfile.index.errors import DeadlineExceeded

WORDS = ("ferry", "train", "night", "harbour", "strike", "ferries", "tide", "the", "café", "渡し船", "قطار")
QUERIES = (
    "ferry", "night ferry", '"night ferry"', "ferry OR train", "ferr*", "harbour -train", "title:ferry", "feery~",
    "date:2003..2005 ferry", "the night ferry strike harbour tide café", "nowhere night", "渡し船", "قطار", "-tide",
    "=ferries", '"ferry night"~3', "author:ann ferry", "zzz",
)  # fmt: skip
FILTERS: tuple[dict[str, str], ...] = (
    {}, {}, {"author": "Ann"}, {"topic": "sea"}, {"from": "2003-06-15"}, {"to": "2004"},
    {"from": "2002-05", "to": "2004-02-29"},
)  # fmt: skip
EVERY = tuple((by, measure) for by in ("", "month", "year", "decade") for measure in ("articles", "share", "matches"))
Open = Callable[..., FlaskClient]


def random_articles(count: int, random: Random) -> list[Document]:
    """Articles with dates of every precision, among them very early and late ones."""

    def date() -> str | None:
        year = random.choice((*range(2001, 2008), 2004, 1969, 1970, 2099))
        month, day = random.randint(1, 12), random.randint(1, 28)
        return random.choice((None, f"{year:04}", f"{year:04}-{month:02}", *[f"{year:04}-{month:02}-{day:02}"] * 5))

    return [
        article(
            f"{number:04}",
            " ".join(random.choices(WORDS, k=random.randint(0, 12))),
            title=" ".join(random.choices(WORDS, k=2)),
            authors=random.choice(((), ("Ann",), ("Bo", "Ann"))),
            topics=random.choice(((), ("sea",), ("rail",))),
            date=date(),
        )
        for number in range(count)
    ]


def app_on(root: Path, engine: Engine, **settings: Any) -> Flask:
    library = root / "library"
    library.mkdir(exist_ok=True)
    return create_app(Settings(library=library, index=root / "cache", **settings), open_index=lambda: engine)


@pytest.fixture
def open_archive(tmp_path: Path) -> Iterator[Open]:
    """Client of an archive of some articles."""
    with closing(open_engine("memory", tmp_path / "index")) as engine:

        def open_client(*articles: Document, wrap: Callable[[Engine], Any] = lambda engine: engine) -> FlaskClient:
            load(engine, *articles)
            return app_on(tmp_path, wrap(engine)).test_client()

        yield open_client


def text_of(client: FlaskClient, **arguments: Any) -> str:
    response = client.get(f"/trends?{urlencode(arguments, doseq=True)}")
    assert response.status_code == 200
    return response.text


def plain(page: str) -> str:
    """Text of a page without its tags."""
    return re.sub(
        r"\s+", " ", unescape(re.sub(r"<(?:svg class=\"trend.*?</svg>\s*<figcaption|[^>]+)>", " ", page, flags=re.S))
    )


def json_of(client: FlaskClient, **arguments: Any) -> Any:
    response = client.get(f"/api/trends?{urlencode(arguments, doseq=True)}")
    assert response.status_code == 200
    return response.json


def check_points(client: FlaskClient, random: Random, wanted: int) -> int:
    """Compares random points of random trends with the totals of the searches that they lead to."""
    checked = 0
    while checked < wanted:
        by, measure = random.choice(EVERY)
        queries = random.sample(QUERIES, random.randint(1, 6))
        asked = {"q": queries, "by": by, "measure": measure, **random.choice(FILTERS)}
        found = json_of(client, **asked)
        points = [point for query in found["queries"] for point in query["points"]]
        for point in random.sample(points, min(len(points), 25)):
            page = client.get(point["url"].replace("/search?", "/api/search?") + "&per_page=1").json
            assert (page["total"], page["relaxed"]) == (point["articles"], None), (asked, point)
            checked += 1
        for query in found["queries"]:
            assert query["undated"] <= query["total"]
            assert all(point["percent"] is None or point["percent"] <= 100 for point in query["points"])
    return checked


@pytest.fixture(scope="module")
def random_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    root = tmp_path_factory.mktemp("trends")
    with closing(open_engine("whoosh", root / "index")) as engine:
        load(engine, *random_articles(150, Random(7)))
        yield app_on(root, engine).test_client()


def test_points_are_the_totals_of_their_searches(random_client: FlaskClient) -> None:
    assert check_points(random_client, Random(1), 150) >= 150


@pytest.mark.long
def test_ten_thousand_points_are_the_totals_of_their_searches(random_client: FlaskClient) -> None:
    assert check_points(random_client, Random(2), 10_000) >= 10_000


def test_the_page_has_the_numbers_of_the_api_as_links(random_client: FlaskClient) -> None:
    page = text_of(random_client, q=["ferry", "night ferry"], by="year", **{"from": "2001"})
    found = json_of(random_client, q=["ferry", "night ferry"], by="year", **{"from": "2001"})
    links = dict(re.findall(r'<td><a href="([^"]+)" rel="nofollow">([\d,]+)</a>', page))
    for query in found["queries"]:
        for point in query["points"][:40]:
            assert links[point["url"].replace("&", "&amp;")].replace(",", "") == str(point["articles"])
    drawn = re.findall(r'<a href="([^"]+)" rel="nofollow"><title>', page)
    assert sorted(drawn) == sorted(
        point["url"].replace("&", "&amp;") for each in found["queries"] for point in each["points"]
    )


def test_a_search_that_might_be_relaxed_leads_to_all_words(open_archive: Open) -> None:
    client = open_archive(article("a", "night ferry", date="2019"), article("b", "ferry", date="2020"))
    (query,) = json_of(client, q="night ferry", by="year")["queries"]
    assert [(point["articles"], "words=all" in point["url"]) for point in query["points"]] == [(1, True), (0, True)]
    page = client.get(query["points"][1]["url"]).text
    assert "No results" in page
    assert "all words" in page
    assert "1 article with most" in client.get("/search?q=night+ferry&from=2020&to=2020").text


def test_undated_articles_are_counted_and_found(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry OR tide"), article("b", "ferry"), article("c", "ferry tide", date="2019"))
    page = text_of(client, q="ferry OR tide")
    (url,) = set(re.findall(r'<a href="([^"]+)" rel="nofollow">2 without a date</a>', page))
    assert client.get(unescape(url).replace("/search?", "/api/search?")).json["total"] == 2
    assert "2 articles without a date" in plain(page)


def test_a_query_too_long_to_be_narrowed_leads_nowhere(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry"), article("b", "tide", date="2019"))
    query = "ferry -" + "x" * 992
    assert client.get(f"/search?{urlencode({'q': query})}").status_code == 200
    page = text_of(client, q=query)
    assert "1 without a date<" in page
    for url in set(re.findall(r'href="(/search[^"]+)"', page)):
        assert client.get(unescape(url)).status_code == 200


def test_an_archive_that_is_being_indexed_says_so(open_archive: Open, tmp_path: Path) -> None:
    client = open_archive()
    (tmp_path / "library" / "a.md").write_text("---\ntitle: Ferry\ndate: 2019\n---\nA ferry.\n")
    assert "being indexed for the first time" in text_of(client, q="ferry")


def test_months_say_how_dates_of_a_year_count(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry", date="2019"), article("b", "ferry", date="2019-03"))
    (query,) = json_of(client, q="ferry", by="month")["queries"]
    assert [point["articles"] for point in query["points"]] == [1, 1, 2, *[1] * 9]
    assert query["vague"] == 1
    assert "1 article is dated by a year alone" in text_of(client, q="ferry", by="month")
    assert "dated by a year alone" not in text_of(client, q="ferry", by="year")


def test_periods_without_articles_are_not_skipped(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry", date="2001"), article("b", "ferry", date="2004"))
    found = json_of(client, q="ferry", by="year", measure="share")
    assert [(each["period"], each["articles"], each["percent"]) for each in found["queries"][0]["points"]] == [
        ("2001", 1, 100.0), ("2002", 0, None), ("2003", 0, None), ("2004", 1, 100.0),
    ]  # fmt: skip
    page = text_of(client, q="ferry", by="year", measure="share")
    assert page.count("<td>–</td>") == 2
    assert re.search(r'class="k0" d="M5 \d+M35 \d+"', page)  # the line is broken where there is nothing to compare


def test_periods_that_are_counted_in_part_are_said(open_archive: Open) -> None:
    client = open_archive(
        *[article(str(year), "ferry", date=f"{year}-08-01") for year in (2019, 2020, 2021)],
        article("now", "ferry", date=f"{datetime.now(UTC).date():%Y-%m-%d}"),
    )
    page = text_of(client, q="ferry", by="year", **{"from": "2019-07", "to": "2021-12"})
    assert "2019 is counted in part only" in page
    assert "2021 is counted in part only" not in page
    assert "not over yet" not in page
    page = text_of(client, q="ferry", by="decade")
    assert "is not over yet." in page
    assert "in part only" not in page


def test_the_archive_begins_and_ends_the_axis(open_archive: Open) -> None:
    client = open_archive(
        article("a", "x", date="2001"), article("b", "ferry", date="2003"), article("c", "x", date="2005")
    )
    (query,) = json_of(client, q="ferry", by="year")["queries"]
    assert [point["articles"] for point in query["points"]] == [0, 0, 1, 0, 0]
    (narrow,) = json_of(client, q="ferry", by="year", **{"from": "2002", "to": "2003"})["queries"]
    assert [point["period"] for point in narrow["points"]] == ["2003"]


def test_a_line_that_begins_late_stands_at_its_own_years(open_archive: Open) -> None:
    client = open_archive(
        article("a", "tide", date="2000"), article("b", "ferry tide", date="2002"), article("c", "tide", date="2003")
    )
    page = text_of(client, q=["ferry", "tide"], by="year")
    points = re.findall(r'<title>(\d+), (\w+): (\d) articles?</title><circle class="area" cx="([\d.]+)%"', page)
    assert [(year, count, x) for year, query, count, x in points if query == "ferry"] == [
        ("2000", "0", "10.00"), ("2001", "0", "30.00"), ("2002", "1", "50.00"), ("2003", "0", "70.00"),
    ]  # fmt: skip


def test_an_article_is_of_the_day_that_its_file_says(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    dates = ("2014-12-31T23:30:00-05:00", "2014-12-31 23:59:59", "2015-01-01T00:30:00+09:00", "2015-01-01T00:00:00Z")
    for number, date in enumerate(dates):
        (library / f"{number}.md").write_text(f"---\ntitle: Ferry\ndate: {date}\n---\nA ferry.\n")
    with closing(open_engine("memory", tmp_path / "index")) as engine:
        synchronise(Library(library), engine, folder=tmp_path / "state")
        (query,) = json_of(app_on(tmp_path, engine).test_client(), q="ferry", by="month")["queries"]
    assert [(point["period"], point["articles"]) for point in query["points"]] == [("2014-12", 2), ("2015-01", 2)]


def test_periods_with_few_articles_are_hatched(open_archive: Open) -> None:
    many = [article(f"m{number}", "ferry", date="2002") for number in range(20)]
    few = [article(f"f{number}", "ferry", date="2001") for number in range(19)]
    page = text_of(open_archive(*many, *few), q="ferry", by="year")
    assert page.count('<rect class="few"') == page.count('<tr class="unsure">') == 1
    assert "1 period with fewer than 20 articles" in page
    found = json_of(open_archive(), q="ferry", by="year")
    assert [each["reliable"] for each in found["archive"]["points"]] == [False, True]


def test_years_are_months_where_there_are_few_of_them(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry", date="1987-02-26"), article("b", "ferry", date="1987-10-19"))
    assert json_of(client, q="ferry")["by"] == "month"
    load_later = article("c", "ferry", date="1991")
    assert json_of(open_archive(load_later), q="ferry")["by"] == "year"


def test_too_many_periods_are_said(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry", date="1600-05"), article("b", "ferry", date="2020-01"))
    page = text_of(client, q="ferry", by="month")
    assert "More than 400 months" in page
    assert page.count("<tr") == 1 + 43  # decades
    assert len(json_of(client, q="ferry", by="month")["queries"][0]["points"]) == 420 * 12 - 4 + 1
    assert "More than" not in text_of(client, q="ferry", by="month", **{"from": "2000"})


def test_all_of_time_is_a_chart(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry", date="0001"), article("b", "ferry", date="9999-12-31"))
    found = json_of(client, q="ferry", by="month")
    assert found["by"] == "decade"
    points = found["queries"][0]["points"]
    assert (points[0]["period"], points[-1]["period"], len(points)) == ("0001–0009", "9990–9999", 1000)


@pytest.mark.parametrize("by", ["month", "year", "decade"])
def test_one_dated_article_is_a_point(open_archive: Open, by: str) -> None:
    page = text_of(open_archive(article("a", "ferry", date="2019-03-14")), q="ferry", by=by)
    assert len(re.findall(r'rel="nofollow"><title>', page)) == 1


def test_nothing_to_show_is_said(open_archive: Open) -> None:
    assert "No article in this archive has a date." in text_of(open_archive(), q="ferry")
    client = open_archive(article("a", "ferry"))
    assert "None of these articles has a date" in text_of(client, q="ferry")
    client = open_archive(article("a", "ferry", date="2019"))
    assert "No article was found for these searches." in text_of(client, q="nowhere")
    assert "No articles match these filters." in text_of(client, q="ferry", author="Nobody")
    empty = text_of(client)
    assert "Type one search or several" in empty
    assert "2019" in empty


def test_the_empty_page_has_an_example(open_archive: Open) -> None:
    client = open_archive(
        article("a", "ferry", topics=('night "sea"', "rail", "sea"), date="2019"),
        article("b", "x", topics=("rail",), date="2020"),
    )
    (url,) = re.findall(r'For example: <a href="([^"]+)"', text_of(client))
    found = client.get(unescape(url).replace("/trends", "/api/trends")).json
    assert [each["total"] for each in found["queries"]] == [2, 1]


def test_arguments_that_mean_nothing_are_said(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry", date="2019"))
    found = json_of(client, q=["ferry", " ferry ", "", *"abcdefg"], by="week", measure="<b>", **{"from": "soon"})
    assert [each["query"] for each in found["queries"]] == ["ferry", *"abcde"]
    assert [notice.split(",")[0] for notice in found["notices"]] == [
        "“soon” is not a date in the form 2019", "Only the first 6 of 8 searches are compared.",
        "“by” is one of month", "“measure” is one of articles",
    ]  # fmt: skip
    assert "&lt;b&gt;" in text_of(client, q="ferry", measure="<b>")
    assert client.get("/trends?q=" + "a" * 1001).status_code == 400


def test_a_hostile_query_is_text(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry script", date="2019"))
    page = text_of(client, q=['"><script>alert(1)</script>', "ق\u202eطار", "=1+1"])
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    rows = list(csv.reader(io.StringIO(client.get("/trends.csv?q=%3D1%2B1").text.lstrip("\ufeff"))))
    assert rows[1][0] == "'=1+1"


def test_csv_has_the_numbers_of_the_api(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry", date="2019-03"), article("b", "tide", date="2019-04"))
    response = client.get("/trends.csv?q=ferry&q=tide&by=month&measure=matches")
    assert response.headers["Content-Disposition"] == 'attachment; filename="trends.csv"'
    rows = list(csv.DictReader(io.StringIO(response.text.lstrip("\ufeff"))))
    assert [(row["query"], row["period"], row["articles"], row["matches"], row["reliable"]) for row in rows] == [
        ("ferry", "2019-03", "1", "1", "false"), ("ferry", "2019-04", "0", "0", "false"),
        ("tide", "2019-03", "0", "0", "false"), ("tide", "2019-04", "1", "1", "false"),
    ]  # fmt: skip
    assert rows[0]["matches_per_million_words"] == "500000.0"  # of the words “Untitled” and “ferry”
    assert rows[0]["url"] == "http://localhost/search?q=ferry&from=2019-03&to=2019-03"


class Wrapped:
    """Engine with another search."""

    def __init__(self, engine: Engine, search: Callable[[Engine, Request], Page]) -> None:
        self._engine, self._search = engine, search

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def search(self, request: Request) -> Page:
        return self._search(self._engine, request)


def test_an_engine_without_matches_is_said(open_archive: Open) -> None:
    def without(engine: Engine, request: Request) -> Page:
        return engine.search(replace(request, occurrences=False))

    client = open_archive(article("a", "ferry ferry", date="2019"), wrap=lambda engine: Wrapped(engine, without))
    assert "does not count matches" in text_of(client, q="ferry", measure="matches")
    found = json_of(client, q="ferry", measure="matches")
    assert (found["measure"], found["queries"][0]["points"][0]["matches"]) == ("articles", None)


def test_one_deadline_holds_for_all_searches(open_archive: Open) -> None:
    left: list[float] = []

    def counting(engine: Engine, request: Request) -> Page:
        if request.periods:
            left.append(request.deadline)
        return engine.search(request)

    client = open_archive(article("a", "ferry", date="2019"), wrap=lambda engine: Wrapped(engine, counting))
    text_of(client, q=["ferry", "tide", "raft"], by="year")
    assert len(left) == 4
    assert left == sorted(left, reverse=True)
    assert left[0] <= 1.5


def test_an_exceeded_deadline_is_the_error_of_a_search(open_archive: Open) -> None:
    def late(engine: Engine, request: Request) -> Page:
        raise DeadlineExceeded("the search was stopped after 1.5 seconds", hint="use fewer or rarer words")

    client = open_archive(article("a", "ferry", date="2019"), wrap=lambda engine: Wrapped(engine, late))
    assert client.get("/trends?q=ferry").status_code == client.get("/api/trends?q=ferry").status_code == 503


def test_a_commit_between_the_searches_makes_them_anew(open_archive: Open) -> None:
    def growing(engine: Engine, request: Request) -> Page:
        page = engine.search(request)
        if engine.status().documents < 3:  # after the archive was counted, and before the ferries are
            load(engine, *[article(f"n{number}", "ferry", date="2019") for number in range(5)])
        return page

    client = open_archive(article("a", "ferry", date="2019"), wrap=lambda engine: Wrapped(engine, growing))
    (point,) = json_of(client, q="ferry", by="year", measure="share")["queries"][0]["points"]
    assert (point["articles"], point["percent"]) == (6, 100)


def test_links_stay_below_the_path_of_the_archive(tmp_path: Path) -> None:
    with closing(open_engine("memory", tmp_path / "index")) as engine:
        load(engine, article("a", "ferry", date="2019"))
        client = app_on(tmp_path, engine, base_url="https://example.org/archive").test_client()
        page = client.get("/archive/trends?q=ferry").text
    assert not re.findall(r'(?:href|action)="/(?!archive/)', page)
    assert '<form action="/archive/trends"' in page


def test_results_and_years_lead_to_trends(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry", authors=("Ann",), date="2019"))
    page = client.get("/search?q=ferry&author=Ann&sort=newest&from=2019").text
    assert (
        '<a class="all" href="/trends?q=ferry&amp;author=Ann&amp;from=2019" rel="nofollow">Compare over time</a>'
        in page
    )
    assert 'href="/trends"' in client.get("/years").text


def test_filters_are_kept_and_can_be_removed(open_archive: Open) -> None:
    client = open_archive(article("a", "ferry", authors=("Ann",), date="2019"), article("b", "ferry", date="2019"))
    page = text_of(client, q=["ferry", "tide"], author="Ann", by="month", measure="share")
    assert '<input type="hidden" name="author" value="Ann">' in page
    (url,) = re.findall(r'<li><a href="(/trends[^"]+)" rel="nofollow"><span class="unseen">Remove', page)
    assert unescape(url) == "/trends?q=ferry&q=tide&by=month&measure=share"
