"""Articles of other years with the same month and day: their page, the front page, clock and cache."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from selectolax.lexbor import LexborHTMLParser

from backfile.index.engine import Engine, Facet, FacetValue
from backfile.index.errors import DeadlineExceeded
from backfile.web.views.on_this_day import MAX_YEARS, DayOfYear, exactly_on, find_anniversaries
from tests.web.test_profiles import archive_of

ARTICLES = {
    "1987.md": "1987-03-14",
    "2019-a.md": "2019-03-14",
    "2019-b.md": "2019-03-14",
    "month.md": "2019-03",
    "year.md": "2019",
    "before.md": "2019-03-13",
    "after.md": "1987-03-15",
    "today.md": "2025-03-14",
    "leap.md": "2020-02-29",
    "february.md": "2019-02-28",
    "first.md": "2018-03-01",
    "last.md": "2018-03-31",
}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    files = {path: f"---\ntitle: T{path}\ndate: {day}\n---\nWords.\n" for path, day in ARTICLES.items()}
    settings = 'timezone = "Pacific/Auckland"\n'
    return archive_of(tmp_path_factory.mktemp("days"), files | {"library.toml": settings, "none.md": "No date."})


def at(app: Flask, moment: datetime) -> Flask:
    app.extensions["backfile"].now = lambda: moment
    return app


MARCH = datetime(2025, 3, 13, 20, tzinfo=UTC)  # 14 March in New Zealand


def titles(app: Flask, path: str, selector: str, **environ: str) -> list[str]:
    response = app.test_client().get(path, environ_overrides=environ)
    assert response.status_code == 200
    return [node.text() for node in LexborHTMLParser(response.text).css(selector)]


def test_the_day_is_the_one_of_the_library_and_partial_dates_do_not_count(app: Flask) -> None:
    at(app, MARCH)
    listed = titles(app, "/on-this-day", ".related li > p:first-child")
    assert sorted(listed) == ["T1987.md", "T2019-a.md", "T2019-b.md"]
    assert titles(app, "/on-this-day", ".related h2") == ["2019", "1987"]
    assert titles(app, "/on-this-day", "main p.quiet") == ["3 articles of other years"]
    assert len(titles(app, "/", "#on-this-day ~ ul li")) == 3


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("03-14", ["T1987.md", "T2019-a.md", "T2019-b.md", "Ttoday.md"]),
        ("02-29", ["Tleap.md"]),
        ("02-28", ["Tfebruary.md"]),
        ("03-01", ["Tfirst.md"]),
        ("03-31", ["Tlast.md"]),
        ("01-01", []),
        ("12-31", []),
    ],
)
def test_the_day_asked_for(app: Flask, day: str, expected: list[str]) -> None:
    at(app, datetime(2025, 7, 1, tzinfo=UTC))
    assert sorted(titles(app, f"/on-this-day?day={day}", ".related li > p:first-child")) == expected
    assert titles(app, "/", "#on-this-day") == []


def test_days_follow_each_other_below_the_path_of_the_archive(app: Flask) -> None:
    at(app, MARCH)
    response = app.test_client().get("/on-this-day?day=02-28&lang=fr", environ_overrides={"SCRIPT_NAME": "/archive"})
    tree = LexborHTMLParser(response.text)
    links = [(node.text(), node.attributes["href"]) for node in tree.css("main nav.pages a")]
    assert links[0] == ("27 février", "/archive/on-this-day?day=02-27")
    assert links[2] == ("29 février", "/archive/on-this-day?day=02-29")
    assert DayOfYear(2, 29).shifted(1) == (3, 1)
    assert DayOfYear(1, 1).shifted(-1) == (12, 31)


@pytest.mark.parametrize("day", ["02-30", "13-01", "3-14", "0314", "2019-03-14", "٠٣-١٤", "-1-14", "x"])
def test_another_text_is_no_day(app: Flask, day: str) -> None:
    assert app.test_client().get("/on-this-day", query_string={"day": day}).status_code == 404


def test_a_day_is_searched_once_and_a_late_one_leaves_the_front_page(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(app, datetime(2025, 3, 14, 13, tzinfo=UTC))
    engine: Engine = app.extensions["backfile"].engine()
    years = Facet("year", (FacetValue("2018", 2),), 1)
    search, asked = type(engine).search, []

    def count(self: Engine, request: object) -> object:
        asked.append(request)
        return search(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(type(engine), "search", count)
    with app.test_request_context():
        for _ in range(3):
            assert find_anniversaries(DayOfYear(3, 1), years).total == 1
    assert len(asked) == 1

    def late(self: Engine, request: object) -> object:
        if getattr(request, "per_page", 0) == 100:
            raise DeadlineExceeded("late")
        return search(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(type(engine), "search", late)
    at(app, datetime(2025, 3, 1, 13, tzinfo=UTC))
    assert titles(app, "/", "#on-this-day") == []
    assert app.test_client().get("/on-this-day").status_code == 503


def test_many_years_are_bounded_and_said(app: Flask) -> None:
    at(app, MARCH)
    years = Facet("year", tuple(FacetValue(f"{year:04d}", 1) for year in range(1700, 2026)), 326)
    with app.test_request_context():
        found = find_anniversaries(DayOfYear(3, 14), years)
    assert (found.total, found.since) == (3, 2025 - MAX_YEARS + 1)
    assert exactly_on([date(2019, 3, 1)]) != exactly_on([date(2019, 3, 2)])
