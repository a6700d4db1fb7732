"""Words in context: page, API, downloads, and the way to a mark and back."""

from __future__ import annotations

import csv
import io
import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from backfile.index.concordance.lines import LINE_COLUMNS
from backfile.web.lines import lines_service
from tests.web_archive import archive_app, client

__all__ = ["archive_app", "client"]

LINE = re.compile(
    r'<li class="line" id="line-(\d+)">\s*<a href="([^"]*)"[^>]*?dir="(\w+)"[^>]*><span class="before">'
    r"<bdi[^>]*>(.*?)</bdi></span><mark>(.*?)</mark><span class=\"after\"><bdi[^>]*>(.*?)</bdi>",
    re.DOTALL,
)


def shown(page: str) -> list[tuple[str, ...]]:
    return [tuple(map(unescape, found)) for found in LINE.findall(page)]


def answer(client: FlaskClient, query: str) -> dict[str, object]:
    found = client.get(f"/api/lines?{query}")
    assert found.status_code == 200
    return found.json or {}


@pytest.mark.parametrize(
    "query", ["ferry", "ferr*", '"night ferry"', "title:ferry", "letter OR ferry", "the ferry -bell"]
)
def test_lines_are_as_many_as_the_matches_of_the_hits(client: FlaskClient, query: str) -> None:
    hits = client.get("/api/search", query_string={"q": query, "per_page": 100}).json
    lines = client.get("/api/lines", query_string={"q": query, "per_page": 100}).json
    assert hits is not None
    assert lines is not None
    assert hits["total"] == lines["articles"] > 0
    assert lines["total"] == sum(hit["matches"] for hit in hits["hits"]) > 0
    counts = [sum(line["id"] == hit["id"] for line in lines["lines"]) for hit in hits["hits"]]
    assert counts[:5] == [hit["matches"] for hit in hits["hits"]][:5]


def test_a_line_leads_to_its_mark_and_back(client: FlaskClient) -> None:
    path = "/search?q=ferry&sort=oldest&view=lines&per_page=4"
    lines = shown(client.get(path).text)
    assert [line[0] for line in lines] == [str(number) for number in range(1, 5)]
    for number, url, _, _, match, _ in lines:
        page = client.get(url).text
        mark = re.search(rf'<mark id="{url.partition("#")[2]}">(.*?)</mark>', page)
        assert mark is not None
        assert unescape(mark[1]) == match
        assert f'href="/search?q=ferry&amp;sort=oldest&amp;view=lines&amp;per_page=4#line-{number}"' in page


def test_offsets_are_those_of_the_plain_text(client: FlaskClient, archive_app: object) -> None:
    found = answer(client, "q=ferry&per_page=100")
    from flask import Flask

    from backfile.web.service.services import EXTENSION

    assert isinstance(archive_app, Flask)
    engine = archive_app.extensions[EXTENSION].engine()
    lines = found["lines"]
    assert isinstance(lines, list)
    for line in lines:
        document = engine.document(line["id"])
        metadata = document.metadata
        text = {"title": metadata.title, "summary": metadata.summary, "text": document.text}[line["field"]]
        assert " ".join(text[line["start"] : line["end"]].split()) == line["match"]
        assert line["before"].strip() in " ".join(text[: line["start"]].split())


def test_the_result_list_leads_to_lines_and_back(client: FlaskClient) -> None:
    page = client.get("/search?q=ferry&author=Ada+Marsh&sort=newest&page=1").text
    address = "/search?q=ferry&amp;author=Ada+Marsh&amp;sort=newest&amp;view=lines"
    assert f'<a href="{address}" rel="nofollow">Words in context</a>' in page
    lines = client.get(unescape(address)).text
    assert 'href="/search?q=ferry&amp;author=Ada+Marsh&amp;sort=newest">Back to the list of articles' in lines
    assert "view=lines" not in client.get("/search?topic=Letters").text


def test_pages_of_lines(client: FlaskClient) -> None:
    whole = shown(client.get("/search?q=ferry&view=lines&per_page=100").text)
    first, second = (shown(client.get(f"/search?q=ferry&view=lines&per_page=3&page={page}").text) for page in (1, 2))
    assert [line[3:] for line in first + second] == [line[3:] for line in whole[:6]]
    assert [line[0] for line in second] == [str(number) for number in range(4, 7)]
    assert client.get("/search?q=ferry&view=lines&page=60").status_code == 404
    assert client.get("/search?q=ferry&view=lines&page=300").status_code == 400


def test_lines_are_arranged_by_their_neighbours(client: FlaskClient) -> None:
    found = shown(client.get("/search?q=ferry&view=lines&by=l1&per_page=100").text)
    words = [re.findall(r"[^\W_]+(?:[’'][^\W_]+)?", line[3].casefold())[-1:] for line in found]
    assert words == sorted(words)
    assert len(found) == 7


def test_a_sample_is_reproducible(client: FlaskClient) -> None:
    query = "/search?q=ferry&view=lines&sample=5&seed="
    first, again, other = (client.get(query + seed).text for seed in ("3", "3", "4"))
    assert [line[1:] for line in shown(first)] == [line[1:] for line in shown(again)]
    assert shown(first) != shown(other)
    assert len(shown(first)) == 5
    assert re.search(r"A random sample of 5 of \d+ lines, seed 3\.", first)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("by=left", "Lines can be arranged by"),
        ("sample=0", "“sample” must be a number from 1 to 10,000"),
        ("sample=x", "“sample” must be a number"),
        ("sample=5&seed=-1", "“seed” must be a number"),
    ],
)
def test_what_cannot_be_understood_is_left_out_and_said(client: FlaskClient, query: str, told: str) -> None:
    page = client.get(f"/search?q=ferry&view=lines&{query}")
    assert page.status_code == 200
    assert told in page.text
    assert shown(page.text)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("q=", "so there are no lines"),
        ("q=author:marsh", "so there are no lines"),
        ("q=zebra", "No article was found"),
        ("topic=Letters", "so there are no lines"),
    ],
)
def test_a_search_without_lines_says_so(client: FlaskClient, query: str, told: str) -> None:
    page = client.get(f"/search?{query}&view=lines")
    assert page.status_code == 200
    assert told in page.text
    assert not shown(page.text)


def test_bounds_are_told(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_service, "MOST_ARRANGED", 5)
    page = client.get("/search?q=ferry&view=lines&by=r2&sort=title").text
    assert "Only the first 5 lines are arranged." in page
    assert len(shown(page)) == 5


def test_arabic_lines_run_from_right_to_left(client: FlaskClient) -> None:
    lines = shown(client.get("/search", query_string={"q": "العبّارة", "view": "lines"}).text)
    assert lines
    assert {line[2] for line in lines} == {"rtl"}


def test_downloads_have_all_lines(client: FlaskClient) -> None:
    found = answer(client, "q=ferry&sort=oldest&per_page=100")
    lines = found["lines"]
    assert isinstance(lines, list)
    table = client.get("/lines.csv?q=ferry&sort=oldest&page=3&per_page=2")
    assert table.headers["X-Total-Count"] == str(found["total"]) == table.headers["X-Lines-Given"]
    assert "ferry-" in table.headers["Content-Disposition"]
    assert ".lines.csv" in table.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"), newline="")))
    assert tuple(rows[0]) == LINE_COLUMNS
    listed = [json.loads(line) for line in client.get("/lines.jsonl?q=ferry&sort=oldest").text.splitlines()]
    assert len(rows) == len(listed) == found["total"]
    assert [(row["id"], int(row["start"]), row["match"]) for row in rows] == [
        (line["id"], line["start"], line["match"]) for line in listed
    ]
    assert [line["before"] for line in listed[:100]] == [line["before"] for line in lines[:100]]
    url = urlsplit(listed[0]["url"])
    assert parse_qs(url.query)["match"] == ["1"]
    assert client.get(f"{url.path}?{url.query}").status_code == 200


def test_lines_are_expensive_requests() -> None:
    from backfile.web.service.admission import is_cheap

    assert is_cheap({"q": "ferry"})
    assert not is_cheap({"q": "ferry", "view": "lines"})
    assert not is_cheap({"q": "ferry", "sample": "5"})


def test_marks_step_on_within_the_view(client: FlaskClient) -> None:
    (_, url, *_), *_ = shown(client.get("/search?q=ferry&view=lines&by=l1&sort=oldest").text)
    page = client.get(url).text
    following = re.search(r'href="([^"]*)"[^>]*data-step="1"|<a[^>]*href="([^"]*match=2[^"]*)"', page)
    assert following is not None
    assert "view=lines&amp;by=l1" in (following[1] or following[2])
