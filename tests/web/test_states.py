"""States of articles on every route, before and after the hour: a canary word each, and no leak."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import pytest
from contract.library import ENGINES, fresh_engine
from flask import Flask
from flask.testing import FlaskClient
from paths import ROOT
from selectolax.lexbor import LexborHTMLParser
from synchronising import synchronise

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.engine import Engine

HOUR = datetime(2031, 3, 14, 18, tzinfo=UTC)
BEFORE, AFTER = HOUR - timedelta(seconds=1), HOUR
LEFT = timedelta(seconds=1)

# Front matter by canary; whether it is in lists before and after the hour, and the status of its address.
ARTICLES: dict[str, tuple[str, tuple[bool, bool], tuple[int, int]]] = {
    "plainbird": ("date: 2019-03-14", (True, True), (200, 200)),
    "embargobird": ("date: 2019-03-14\nembargo: 2031-03-14T19:00:00+01:00", (False, True), (404, 200)),
    "nestedbird": ("params: {embargoUntil: '2031-03-14 18:00'}", (False, True), (404, 200)),
    "scheduledbird": ("date: 2031-03-14 18:00", (False, True), (404, 200)),
    "publishbird": ("date: 2019-03-14\npublishDate: 2031-03-14T18:00:00Z", (False, True), (404, 200)),
    "expiresbird": ("date: 2019-03-14\nexpires: 2031-03-14T18:00:00Z", (True, False), (200, 410)),
    "unlistedbird": ("date: 2019-03-14\nunlisted: true", (False, False), (200, 200)),
    "withheldbird": ("date: 2019-03-14\nwithheld: by order of a court", (False, False), (410, 410)),
    "laterbird": ("date: 2131", (False, False), (404, 404)),
    "unclearbird": ("date: 2019-03-14\nembargo: when the board agrees", (False, False), (404, 404)),
    "bothbird": ("embargo: 2031-03-14T18:00:00Z\nwithheld: told after the hour", (False, False), (404, 410)),
}
WORDS = (
    "{canary} {canary} writes of a harbour, a ferry and the tide with Rare{canary} words. [A dead link](/no/{canary}) "
    "and ![a picture](missing-{canary}.png).\n\nThe harbour board met at night and voted for the ferry.\n"
)


@dataclass
class Site:
    """Archive with one article a state, served at a time that the test sets."""

    app: Flask
    library: Library
    engine: Engine
    folder: Path
    now: list[datetime] = field(default_factory=lambda: [BEFORE])

    def at(self, now: datetime) -> FlaskClient:
        self.now[0] = now
        synchronise(self.library, self.engine, folder=self.folder, now=now)
        return self.app.test_client()


@pytest.fixture
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    root = tmp_path / "library"
    (root / "news").mkdir(parents=True)
    (root / "library.toml").write_text("public = true\nrecord_moves = true\n")
    for canary, (head, _, _) in ARTICLES.items():
        front = f"title: Story of {canary}\nauthors: [Author {canary}]\ntopics: [topic-{canary}, harbour]\n{head}\n"
        extra = (
            f"summary: Summary {canary}\nsource: {{name: Gazette {canary}, url: 'https://example.org/{canary}/x'}}\n"
        )
        extra += f"aliases: [/old/{canary}]\ndate_of_{canary}: 3/4/2019\nlanguage: no language {canary}\n"
        (root / "news" / f"{canary}.md").write_text(f"---\n{front}{extra}---\n{WORDS.format(canary=canary)}")
        (root / "news" / canary).mkdir()
        (root / "news" / canary / "photo.png").write_bytes(b"\x89PNG canary")
    (root / "news" / "_index.md").write_text("---\ntitle: News\n---\nAll the news.\n")
    (root / "news" / "embargobird" / "_index.md").write_text("---\ntitle: embargobird\nembargo: 2131-01-01\n---\n")
    name = getattr(request, "param", "memory")
    settings = Settings(library=root, index=tmp_path / "cache", engine=name)
    with fresh_engine(name, settings.index_folder) as engine:
        now = [BEFORE]
        app = create_app(settings, open_index=lambda: engine, now=lambda: now[0])
        yield Site(app, Library(root), engine, settings.cache_folder, now)


def crawl(client: FlaskClient, starts: list[str], most: int) -> dict[str, str]:
    """Pages to which links lead from some addresses, the nearest first, with their headers, by address."""
    seen: dict[str, str] = {}
    waiting = deque(starts)
    while waiting and len(seen) < most:
        url = waiting.popleft()
        if url in seen:
            continue
        with client.get(url) as response:
            assert response.status_code < 500
            seen[url] = f"{response.headers}\n{response.get_data(as_text=True)}"
        if "html" in (response.content_type or ""):
            links = LexborHTMLParser(response.text).css("a[href], link[href], img[src], [data-all]")
            found = [each.attributes.get("href") or each.attributes.get("src") or "" for each in links]
        else:
            found = re.findall(r"(?:href=\"|<loc>|\"url\": ?\")([^\"<]+)", seen[url])
        for link in found:
            parts = urlsplit(urljoin(f"http://localhost{url}", link))
            if parts.netloc == "localhost" and "lang=" not in parts.query:
                waiting.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    return seen


def routes(canary: str) -> list[str]:
    """Addresses that ask for an article's traces without its own address."""
    word = quote(canary)
    asked = [f"/search{form}?q={word}" for form in FORMS]
    asked += [
        f"/api/search?q={word}",
        f"/api/suggest?q={word[:-2]}",
        f"/api/suggest?format=opensearch&q=rare{word[:-2]}",
    ]
    asked += [
        f"/search?q=author:{word}",
        f"/search?q={word[:-1]}z",
        f"/search?q={word[:4]}*",
        f"/search?topic=topic-{word}",
    ]
    asked += [
        f"/why?q=harbour&article=Story+of+{word}",
        f"/api/why?q=nothing&article=Story+of+{word[:-1]}",
        f"/why?article=https://example.org/{word}/x",
        f"/api/why?article=/old/{word}",
        f"/api/why?q=ferry&article=news/{word}",
    ]
    asked += [
        f"/author/Author%20{word}",
        f"/topic/topic-{word}",
        f"/authors?contains={word[:-1]}",
        "/search?q=source:gazette",
    ]
    return asked


FORMS = ("", ".csv", ".jsonl", ".atom", ".bib", ".ris", ".csl.json", ".manifest.json")
GENERAL = [
    *(
        "/",
        "/search?q=harbour",
        "/search?q=harbour&sort=newest",
        "/authors",
        "/topics",
        "/years",
        "/year/2019",
        "/on-this-day",
        "/on-this-day?day=03-14",
        "/about",
    ),
    *(f"/search{form}" for form in FORMS[1:]),
    *("/sitemap.xml", "/sitemap-1.xml", "/robots.txt", "/health", "/article/news/_index"),
    *("/api/search", "/api/search?q=ferry&per_page=50", "/api/links", "/api/openapi.json", "/opensearch.xml"),
]


@pytest.mark.parametrize("site", ENGINES, indirect=True)
@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("pages", [30, pytest.param(2_000, marks=pytest.mark.long)])
def test_no_word_of_an_article_leaks_out_of_its_time(site: Site, is_after: bool, pages: int) -> None:
    site.at(BEFORE)
    client = site.at(AFTER) if is_after else site.at(BEFORE)
    crawled = crawl(client, GENERAL, pages)
    for canary, (_, listed, statuses) in ARTICLES.items():
        shown = [url for url, text in crawled.items() if canary in text.casefold()]
        assert bool(shown) == listed[is_after], (canary, shown)
        asked = routes(canary)[:: 1 if pages > 30 else 7]
        traces = [url for url in asked if f"story of {canary}" in client.get(url).text.casefold()]
        assert bool(traces) == listed[is_after], (canary, traces)
        completed = client.get(f"/api/suggest?q={canary[:-2]}").text
        assert (canary in completed) == listed[is_after], completed
        for address in (f"/article/news/{canary}", f"/article/news/{canary}.md", f"/cite/news/{canary}.bib"):
            assert client.get(address).status_code == statuses[is_after], address
        assert client.get(f"/api/article/news/{canary}").status_code == statuses[is_after]
        with client.get(f"/media/news/{canary}/photo.png") as picture:
            assert picture.status_code == (200 if statuses[is_after] == 200 else 404)
        alias = client.get(f"/old/{canary}")
        assert (alias.status_code == 301) == (statuses[is_after] == 200), alias.status_code
        if statuses[is_after] != 200:
            for address in (f"/article/news/{canary}", f"/api/article/news/{canary}"):
                assert canary not in client.get(address).text.replace(f"news/{canary}", "")


def test_screens_open_articles_by_their_state_alone() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "web").rglob("*.py"))
    assert "get_public(" in code
    assert not re.findall(r"library(?:\(\))?\.get\(", code)


def test_a_secret_article_answers_as_an_unknown_one(site: Site) -> None:
    client = site.at(BEFORE)
    for form in (
        "/article/news/{}",
        "/api/article/news/{}",
        "/cite/news/{}.ris",
        "/media/news/{}/photo.png",
        "/why?article=news/{}",
        "/api/why?article=news/{}.md",
        "/api/why?q=ferry&article=Story+of+{}",
        "/why?article=https://example.org/{}/x",
        "/api/why?article=/old/{}",
    ):
        known, unknown = client.get(form.format("embargobird")), client.get(form.format("unknownbird"))
        assert known.status_code == unknown.status_code == (200 if "/why" in form else 404)
        assert known.text.replace("embargobird", "") == unknown.text.replace("unknownbird", "")


@pytest.mark.parametrize("site", ENGINES, indirect=True)
def test_the_index_changes_at_the_hour_and_back_again_nothing_is_read_twice(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.at(BEFORE)
    read: list[str] = []
    monkeypatch.setattr(
        "backfile.index.sync.synchronization.read_documents",
        _noting(read, "backfile.index.sync.synchronization.read_documents"),
    )
    site.at(BEFORE)
    assert read == []
    client = site.at(AFTER)
    due = {"embargobird", "nestedbird", "scheduledbird", "publishbird", "expiresbird", "bothbird"}
    assert {Path(path).stem for path in read} == due
    read.clear()
    site.at(AFTER)
    assert read == []
    assert client.get("/api/search").json["total"] == 5


def _noting(read: list[str], name: str) -> Callable[..., object]:
    from backfile.index.sync.reader import read_documents

    def noting(library: Library, paths: list[str], **how: object) -> object:
        read.extend(paths)
        return read_documents(library, paths, **how)  # type: ignore[arg-type]

    assert name
    return noting


def test_about_counts_by_state_and_lists_no_problem_of_a_file_that_is_held_back(site: Site) -> None:
    page = LexborHTMLParser(site.at(BEFORE).get("/about").text)
    items = [each.text() for each in page.css("#held ~ ul")[0].css("li")]
    assert items == [
        "4 articles are under an embargo.",
        "3 articles will appear later.",
        "1 article is unlisted.",
        "1 article is withheld.",
    ]
    listed = {row.css_first("td").text() for row in page.css("#unread ~ .scroll tbody")[0].css("tr")}
    assert listed == {"news/plainbird.md", "news/expiresbird.md"}


def test_an_unlisted_article_is_not_for_search_engines(site: Site) -> None:
    client = site.at(BEFORE)
    page = client.get("/article/news/unlistedbird")
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert LexborHTMLParser(page.text).css_first("meta[name=robots]").attributes["content"] == "noindex"
    assert "X-Robots-Tag" not in client.get("/article/news/plainbird").headers


def test_a_withheld_article_tells_its_reason_and_an_expired_one_its_day(site: Site) -> None:
    client = site.at(AFTER)
    assert "by order of a court" in client.get("/article/news/withheldbird").text
    assert "14 March 2031" in client.get("/article/news/expiresbird").text
    answer = client.get("/api/article/news/withheldbird").json["error"]
    assert (answer["status"], answer["article"]["state"]) == (410, "withheld")
    assert answer["article"]["reason"] == "by order of a court"


def test_a_former_address_keeps_its_query_and_its_form(site: Site) -> None:
    client = site.at(BEFORE)
    (site.library.root / "news" / "plainbird.md").rename(site.library.root / "moved.md")
    site.at(BEFORE)
    for former, present in {
        "/article/news/plainbird?q=night+ferry&place=2": "/article/moved?q=night+ferry&place=2",
        "/article/news/plainbird.md": "/article/moved.md",
        "/cite/news/plainbird.bib": "/cite/moved.bib",
        "/api/article/news/plainbird": "/api/article/moved",
        "/old/plainbird/index.html?x": "/article/moved?x",
        "/plainbird/x": "/article/moved",
    }.items():
        response = client.get(former)
        assert (response.status_code, response.headers["Location"]) == (301, present)
        assert client.get(response.headers["Location"]).status_code == 200
        assert "no-cache" in response.headers["Cache-Control"]
    prefix = client.get("/old/plainbird", environ_overrides={"SCRIPT_NAME": "/a/b"})
    assert prefix.headers["Location"] == "/a/b/article/moved"


def test_a_deleted_article_is_told_by_title_and_date_in_each_language(site: Site) -> None:
    client = site.at(BEFORE)
    (site.library.root / "news" / "plainbird.md").unlink()
    site.at(BEFORE)
    page = client.get("/article/news/plainbird")
    assert page.status_code == 410
    assert "“Story of plainbird” of 14 March 2019 was removed from this archive on" in page.text
    assert "wurde am" in client.get("/article/news/plainbird?lang=de").text
    assert client.get("/article/news/plainbird.md").status_code == 410
    error = client.get("/api/article/news/plainbird").json["error"]
    assert {key: error["article"][key] for key in ("state", "title", "date")} == {
        "state": "deleted",
        "title": "Story of plainbird",
        "date": "2019-03-14",
    }


def test_corrections_and_identifiers_are_shown_as_text(site: Site) -> None:
    head = (
        "correction: {date: 2019-03-15, text: '<b>No</b> & never'}\ndoi: 10.1234/x\nidentifier: javascript:alert(1)\n"
    )
    (site.library.root / "c.md").write_text(f"---\ntitle: C\n{head}---\nText.\n")
    client = site.at(BEFORE)
    page = LexborHTMLParser(client.get("/article/c").text)
    assert page.css_first(".correction").text() == "Correction (15 March 2019): No & never"
    links = {each.text(): each.attributes["href"] for each in page.css(".facts a")}
    assert links["10.1234/x"] == "https://doi.org/10.1234/x"
    assert "javascript:alert(1)" not in links
    assert client.get("/api/article/c").json["corrections"] == [
        {"kind": "correction", "date": "2019-03-15", "text": "No & never"}
    ]
