"""Sample library: complete, varied, consistent in its dates, searchable."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date as Day
from urllib.parse import urlsplit

import pytest
from paths import ROOT

from backfile.archive.markdown.renderer import to_html, to_text
from backfile.archive.model import Article
from backfile.archive.storage.library import Library
from backfile.index.engine import Document
from backfile.index.highlight.highlighter import Highlighter
from backfile.index.query import parse
from backfile.index.sync.reader import document_of

SAMPLE = ROOT / "archive" / "sample"
LANGUAGES = ("en", "de", "fr")


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    library = Library(SAMPLE)
    readings = [library.read(entry.path) for entry in library.walk()]
    assert [reading.problems for reading in readings if reading.problems or reading.article is None] == []
    return {reading.article.id: reading.article for reading in readings if reading.article is not None}


@pytest.fixture(scope="module")
def documents(articles: dict[str, Article]) -> list[Document]:
    return [document_of(article) for article in articles.values()]


def length(article: Article) -> int:
    return len(to_text(article.body).split())


def test_there_is_enough_of_it_and_of_every_kind(articles: dict[str, Article]) -> None:
    authors = Counter(author for article in articles.values() for author in article.metadata.authors)
    topics = Counter(topic for article in articles.values() for topic in article.metadata.topics)
    years = {article.metadata.date.year for article in articles.values() if article.metadata.date}
    assert len(articles) >= 34
    assert len(authors) >= 12
    assert sum(count > 1 for count in topics.values()) >= 12
    assert min(years) == 1994
    assert max(years) == 2025
    assert len(years) >= 25
    assert sum(len(article.metadata.authors) > 1 for article in articles.values()) >= 8
    assert {article.metadata.language for article in articles.values()} >= {"fr", "ar", "zh", "de"}
    kinds = {"column", "correction", "interview", "letters", "obituary", "opinion", "report", "review"}
    assert kinds <= topics.keys()


def test_lengths_vary(articles: dict[str, Article]) -> None:
    lengths = sorted(length(article) for article in articles.values() if article.metadata.language != "zh")
    assert lengths[0] < 60
    assert lengths[-1] > 2_500
    assert 250 < lengths[len(lengths) // 2] < 500
    long = max(articles.values(), key=length)
    assert len(to_html(long.body).contents) >= 15


def test_front_matter_of_every_kind_is_among_it(articles: dict[str, Article]) -> None:
    begins = Counter(path.read_text(encoding="utf-8").split(None, 1)[0] for path in SAMPLE.rglob("*.md"))
    assert begins["---"] > 30
    assert begins["+++"] >= 1
    assert begins["Title:"] >= 1
    about = articles["about-this-paper"]
    assert (about.metadata.title, about.metadata.authors, about.metadata.date, about.extra) == (
        "About this paper",
        (),
        None,
        {},
    )
    dates = Counter(
        len(article.metadata.date.isoformat()) if article.metadata.date else 0 for article in articles.values()
    )
    assert dates[4] >= 1
    assert dates[7] >= 2
    assert dates[0] >= 2
    assert articles["2004/2004-06-30-cable-station-closes"].metadata.title == "Cable Bay goes quiet after 102 years"
    assert articles["2016/josephine-varley"].metadata.authors == ("Mara Quill",)


def test_one_article_shows_all_that_markdown_can_do(articles: dict[str, Article]) -> None:
    html = to_html(articles["2016/tide-tables"].body).html
    for part in ("<table", "<dl", "<pre", "<code", 'class="footnotes"', "<h2"):
        assert part in html


def test_nothing_in_it_leads_to_a_place_that_is_not_ours(articles: dict[str, Article]) -> None:
    addresses = [
        article.metadata.source.url
        for article in articles.values()
        if article.metadata.source and article.metadata.source.url
    ]
    addresses += [found for article in articles.values() for found in re.findall(r"https?://\S+", article.body)]
    assert len(addresses) >= 10
    assert all((urlsplit(address).hostname or "").endswith(".example") for address in addresses)


def test_days_of_the_week_are_those_of_the_calendar(articles: dict[str, Article]) -> None:
    text = articles["2025/eleven-crossings"].body
    dated = re.findall(r"^\*([A-Z][a-z]+day), (\d+) ([A-Z][a-z]+) (\d{4})\.", text, re.MULTILINE)
    months = [Day(2000, month, 1).strftime("%B") for month in range(1, 13)]
    for weekday, day, month, year in dated:
        assert Day(int(year), months.index(month) + 1, int(day)).strftime("%A") == weekday
    assert len(dated) == 10


@pytest.mark.parametrize(
    ("query", "least", "most", "among"),
    [
        ("night ferry", 12, 25, "2019/night-ferry-vote"),
        ('"night ferry"', 10, 25, "1994/night-ferry-proposed"),
        ('"harbour board" -strike', 6, 20, "2016/last-night-ferry"),
        ("author:holloway lighthouse", 2, 6, "2017/abel-trewin"),
        ('author:"Mara Quill" storm', 1, 6, "2005/three-hours-on-the-breakwater"),
        ("storm date:2005..2006", 2, 3, "2006/breakwater-report"),
        ("date:2006-03", 1, 1, "2006/breakwater-report"),
        ("quota", 4, 8, "1997/quota-cut"),
        ("topic:football", 3, 3, "2024/womens-cup"),
        ('topic:"local government" library', 2, 6, "2011/library-saved"),
        ("naive", 1, 4, "1999/pilot-review"),
        ("email", 2, 4, "1998/gazette-gets-email"),
        ("e-mail", 2, 4, "1998/gazette-gets-email"),
        ("C++", 2, 2, "2016/tide-tables"),
        ("AT&T", 1, 1, "2004/2004-06-30-cable-station-closes"),
        ("U.S.", 1, 1, "2004/2004-06-30-cable-station-closes"),
        ("declare", 1, 3, "2007/jumelage"),
        ("Leuchtturm", 1, 1, "2013/nachtboot"),
        ("lang:fr", 1, 1, "2007/jumelage"),
        ("الليلية", 1, 1, "2018/first-winter"),
        ("灯塔", 1, 1, "2021/cook-on-fish-quay"),
        ('"one short and steady"', 3, 4, "2017/abel-trewin"),
        ("ferry harbour~1", 5, 30, "1996/first-night-ferry"),
        ("source:gazette title:ferry", 3, 8, "2019/night-ferry-vote"),
        ("onion* shallot*", 2, 4, "1999/correction-onions"),
        ("washed unwashed", 2, 4, "2010/letter-washed-and-unwashed"),
    ],
)
def test_searching_it_is_rewarding(documents: list[Document], query: str, least: int, most: int, among: str) -> None:
    highlighter = Highlighter(parse(query).tree, LANGUAGES)
    found = {document.id for document in documents if highlighter.highlight(document) is not None}
    assert among in found
    assert least <= len(found) <= most, sorted(found)
