"""HTML of the pages: texts, links, highlights and counts."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from paths import ROOT
from selectolax.lexbor import LexborHTMLParser, LexborNode

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.config import Settings
from backfile.index.engine import HighlightedText
from backfile.index.sync.synchronization import update_index
from backfile.web.views.hit_views import _passage_view
from tests.web_archive import archive_app, client

__all__ = ["archive_app", "client"]


def page(client: FlaskClient, address: str) -> LexborHTMLParser:
    response = client.get(address)
    assert response.status_code == 200, (address, response.status_code)
    return LexborHTMLParser(response.text)


def one(tree: LexborHTMLParser | LexborNode, selector: str) -> LexborNode:
    found = tree.css(selector)
    assert len(found) == 1, (selector, len(found))
    return found[0]


def words(node: LexborNode) -> str:
    return " ".join(node.text().split())


def texts(tree: LexborHTMLParser | LexborNode, selector: str) -> list[str]:
    return [words(node) for node in tree.css(selector)]


def href(node: LexborNode) -> str:
    address = node.attributes["href"]
    assert address
    return address


# Search


def test_results_show_query_and_count(client: FlaskClient) -> None:
    tree = page(client, "/search?q=ferry")
    assert words(one(tree, "head title")) == "ferry – 2 articles · The Harbour Gazette"
    assert words(one(tree, "[role=status]")).startswith("2 articles ·")
    assert one(tree, "input#q").attributes["value"] == "ferry"
    assert one(tree, "label[for=q]")
    assert texts(tree, ".hit h2") == [
        "Tickets for the ferry go up",
        "Harbour board votes for the night ferry",
    ] or texts(tree, ".hit h2") == ["Harbour board votes for the night ferry", "Tickets for the ferry go up"]


def test_page_numbers_are_shown_and_in_the_title(client: FlaskClient) -> None:
    tree = page(client, "/search?q=letter&per_page=2&page=3&sort=oldest")
    assert words(one(tree, "head title")).startswith("letter – 13 articles (page 3 of 7)")
    numbers = texts(tree, ".pages li")
    assert numbers == ["Previous", *(f"Page {number}" for number in range(1, 8)), "Next"]
    assert words(one(tree, ".pages [aria-current=page]")) == "Page 3"


def test_hits_show_highlighted_passages(client: FlaskClient) -> None:
    tree = page(client, "/search?q=landing+stage&author=Ada+Marsh")
    hit = one(tree, ".hit")
    assert texts(hit, "mark") == ["landing", "stage"]
    assert "2 matches" in texts(hit, ".tags li")
    assert one(hit, "time").attributes["datetime"] == "1998-03-14"
    address = urlsplit(href(one(hit, "h2 a")))
    assert address.path == "/article/1998/night-ferry"
    assert address.query == "q=landing+stage&author=Ada+Marsh&place=1"
    assert address.fragment == "m1:~:text=Work%20on%20the-,landing,-stage%20begins%20in"


def test_filters_are_ticked_and_have_chips(client: FlaskClient) -> None:
    tree = page(client, "/search?author=Ada+Marsh&author=Miriam+Stein&topic=transport&from=1998&to=1998-06")
    ticked = [(n.attributes["name"], n.attributes["value"]) for n in tree.css("input[type=checkbox][checked]")]
    assert ticked == [("author", "Ada Marsh"), ("author", "Miriam Stein"), ("topic", "transport")]
    assert texts(tree, ".chips a") == [
        "Remove the filter Ada Marsh",
        "Remove the filter Miriam Stein",
        "Remove the filter transport",
        "Remove the filter from 1998",
        "Remove the filter to June 1998",
        "Clear all",
    ]
    assert href(tree.css(".chips a")[0]) == ("/search?author=Miriam+Stein&topic=transport&from=1998&to=1998-06")
    assert texts(tree, ".hit h2") == ["Harbour board votes for the night ferry"]


def test_facet_counts_ignore_the_facet_itself(client: FlaskClient) -> None:
    tree = page(client, "/search?author=Ada+Marsh&topic=transport")
    rows = tree.css("[data-facet=author] .choice")
    counts = {words(row.css("span")[0]): words(row.css("span")[1]) for row in rows}
    assert counts["Ada Marsh"] == "2"
    assert counts["王小明"] == "1"


def test_filter_controls_belong_to_the_search_form(client: FlaskClient) -> None:
    tree = page(client, "/search?q=ferry")
    controls = tree.css(".filters input, .filters button")
    assert controls
    assert all(control.attributes["form"] == "search-form" for control in controls)


def test_a_long_facet_shows_ten_values(client: FlaskClient) -> None:
    facet = one(page(client, "/search"), "[data-facet=topic]")
    assert len(facet.css("fieldset > ul > .choice, fieldset > ul > li")) == 10
    assert words(one(facet, "summary")) == "10 more"
    assert words(one(facet, ".all")) == "All 45 topics"


def test_facet_values_can_be_searched(client: FlaskClient) -> None:
    tree = page(client, "/search/topics?contains=MATTER+4")
    assert texts(tree, ".choice span:first-of-type") == ["matter 4", "matter 40"]


def test_years_are_bars_and_links(client: FlaskClient) -> None:
    tree = page(client, "/search?q=ferry+OR+letter")
    bars = texts(tree, ".chart a title")
    assert bars == ["1998: 2 articles", "2007: 1 article", "2019: 12 articles"]
    assert texts(tree, ".yearlist li") == ["2019 12", "2007 1", "1998 2"]
    assert page(client, href(tree.css(".yearlist a")[2])).css(".hit")
    drawn = [n.attributes["d"] or "" for n in tree.css(".chart .bar")]
    heights = [re.fullmatch(r"M\d+ 64v-(\d+)h8v(\d+)z", path) for path in drawn]
    assert [found and found.groups() for found in heights] == [("10", "10"), ("5", "5"), ("62", "62")]


def test_notices_are_shown(client: FlaskClient) -> None:
    tree = page(client, '/search?q="night+ferry&from=abc')
    notices = texts(tree, ".notices li")
    assert "“abc” is not a date in the form 2019, 2019-03 or 2019-03-14, so “from” was left out." in notices
    assert len(notices) == 2


def test_most_of_the_words_are_shown_when_no_article_has_all(client: FlaskClient) -> None:
    tree = page(client, "/search?q=the+ferry+zebra+harbour")
    assert words(one(tree, "[role=status]")).startswith("1 article with most of the words ·")
    assert words(one(tree, "#results > .relaxed")) == "No article has all 3 words; these have at least 2 of them."
    assert texts(tree, ".hit .missing s") == ["zebra"]
    assert {mark.lower() for mark in texts(tree, ".hit mark")} <= {"ferry", "ferries", "harbour"}
    link = one(tree, ".hit h2 a")
    assert texts(page(client, href(link)), "main mark")
    assert client.get("/search.atom?q=the+ferry+zebra+harbour").text.count("<entry>") == 0
    answer = client.get("/api/search?q=the+ferry+zebra+harbour").json
    assert answer is not None
    assert (answer["total"], answer["relaxed"], answer["hits"][0]["missing"]) == (
        1,
        {"required": 2, "of": 3},
        ["zebra"],
    )


def test_relaxed_results_offer_all_words_without_a_filter(client: FlaskClient) -> None:
    tree = page(client, "/search?q=ferry+harbour&from=1998-06")
    assert words(one(tree, "#results > .relaxed")) == "No article has both words; these have one of them."
    assert texts(tree, ".alternatives li") == ["without “from June 1998” 1 article"]


def test_no_results_offer_alternative_searches_with_counts(client: FlaskClient) -> None:
    tree = page(client, "/search?q=%3Dferry+%3Dzebra+%3Dharbour")
    assert words(one(tree, "[role=status]")) == "No results"
    assert words(tree.css(".alternatives p")[1]).startswith(
        "Phrases, fields, dates and words with a sign such as = or - must"
    )
    tips = {words(tip.css_first("a")): words(tip.css_first(".count")) for tip in tree.css(".alternatives li")}
    assert tips == {
        "=ferry =harbour": "1 article",
        "=ferry OR =zebra OR =harbour": "2 articles",
        "=ferry": "2 articles",
        "=harbour": "1 article",
    }
    for tip in tree.css(".alternatives li"):
        there = page(client, href(tip.css_first("a")))
        assert words(one(there, "[role=status]")).startswith(words(tip.css_first(".count")))


def test_hits_list_field_matches(client: FlaskClient) -> None:
    tree = page(client, "/search?q=ferry+author:marsh&from=1998-03&to=1998-03")
    why = one(tree, ".hit .why")
    found = {words(row.css_first("dt")): words(row.css_first("dd")) for row in why.css("dl div")}
    assert set(found) == {"Title", "Summary", "Text", "Author"}
    assert found["Title"] == "ferry"
    assert found["Author"] == "Ada Marsh"
    assert "ferries" in found["Text"]
    assert not page(client, "/search").css(".why")


def test_any_but_one_word_is_an_alternative(client: FlaskClient) -> None:
    tree = page(client, "/search?q=%3Dharbour+%3Dboard+%3Dferry+%3Dzebra")
    tip = next(tip for tip in tree.css(".alternatives li") if words(tip).startswith("any 3 of the 4 words"))
    there = page(client, href(tip.css_first("a")))
    assert words(one(there, "[role=status]")).startswith(words(tip.css_first(".count")))


def test_removing_a_filter_is_an_alternative(client: FlaskClient) -> None:
    tree = page(client, "/search?q=ferry&author=Miriam+Stein&from=1998")
    tips = {words(tip.css_first("a")): words(tip.css_first(".count")) for tip in tree.css(".alternatives li")}
    assert tips == {"without “Miriam Stein”": "2 articles", "without any filter": "2 articles"}


def test_an_unquoted_phrase_is_an_alternative(client: FlaskClient) -> None:
    tree = page(client, '/search?q="ferry+night"')
    assert texts(tree, ".alternatives li") == ["ferry night 1 article"]


def test_an_empty_query_lists_all_articles(client: FlaskClient) -> None:
    tree = page(client, "/search")
    assert words(one(tree, "h1")) == "All articles"
    assert words(one(tree, "[role=status]")).startswith("22 articles, page 1 of 3")
    assert not tree.css("mark")


# Reading


def test_every_match_is_marked_numbered_and_counted(client: FlaskClient) -> None:
    hit = one(page(client, "/search?q=ferry&author=Ada+Marsh&from=1998-03&to=1998-03"), ".hit")
    claimed = next(int(text.split()[0]) for text in texts(hit, ".tags li") if "match" in text)
    tree = page(client, "/article/1998/night-ferry?q=ferry")
    marks = [node.attributes["id"] for node in tree.css("mark[id]")]
    assert marks == [f"m{number}" for number in range(1, claimed + 1)]
    assert {text.lower() for text in texts(tree, "mark")} == {"ferry", "ferries"}
    assert words(one(tree, ".matchbar [role=status]")) == f"{claimed} matches"
    assert tree.css("h1 mark")
    assert tree.css(".standfirst mark")


def test_matches_are_linked_in_a_circle(client: FlaskClient) -> None:
    tree = page(client, "/article/1998/night-ferry?q=ferry&match=2")
    total = len(tree.css("mark[id]"))
    assert words(one(tree, ".matchbar [role=status]")) == f"2 of {total}"
    step = {node.attributes["data-step"]: href(node) for node in tree.css("[data-step]")}
    assert step == {
        "-1": "/article/1998/night-ferry?q=ferry&match=1#m1",
        "1": "/article/1998/night-ferry?q=ferry&match=3#m3",
    }
    last = page(client, f"/article/1998/night-ferry?q=ferry&match={total}")
    assert href(one(last, "[data-step='1']")).endswith("match=1#m1")


@pytest.mark.parametrize("match", ["0", "-1", "99", "abc", "1e3", "9" * 30, "²"])
def test_invalid_match_numbers_are_ignored(client: FlaskClient, match: str) -> None:
    tree = page(client, f"/article/1998/night-ferry?q=ferry&match={match}")
    assert words(one(tree, ".matchbar [role=status]")).endswith("matches")


def test_breadcrumb_and_neighbours(client: FlaskClient) -> None:
    results = page(client, "/search?q=letter&topic=letters&sort=oldest&per_page=5&page=2")
    links = [href(node) for node in results.css(".hit h2 a")]
    first = page(client, links[0])
    assert words(one(first, ".breadcrumb .quiet")) == "Result 6 of 12"
    back = urlsplit(href(one(first, ".breadcrumb .first")))
    assert (back.path, back.query) == ("/search", "q=letter&topic=letters&sort=oldest&page=2&per_page=5")
    assert results.css(f"#{back.fragment}")[0].css("h2")
    following = href(one(first, ".breadcrumb [rel=next]"))
    assert urlsplit(following).path == urlsplit(links[1]).path
    before = page(client, href(one(first, ".breadcrumb [rel=prev]")))
    assert words(one(before, ".breadcrumb .quiet")) == "Result 5 of 12"
    assert urlsplit(href(one(before, ".breadcrumb [rel=next]"))).path == urlsplit(links[0]).path


def test_neighbour_links_visit_all_hits(client: FlaskClient) -> None:
    address = href(page(client, "/search?q=letter&topic=letters&sort=oldest").css(".hit h2 a")[0])
    seen = []
    while True:
        tree = page(client, address)
        seen.append(words(one(tree, "h1")))
        following = tree.css(".breadcrumb [rel=next]")
        if not following:
            break
        address = href(following[0])
    assert seen == [f"Letter number {number} to the editor" for number in range(1, 13)]


def test_articles_that_do_not_match_have_no_marks(client: FlaskClient) -> None:
    tree = page(client, "/article/2007/library?q=ferry")
    assert not tree.css("mark")
    assert not tree.css(".matchbar")


def test_article_page_shows_all_metadata(client: FlaskClient) -> None:
    tree = page(client, "/article/1998/night-ferry")
    assert words(one(tree, "header .byline")) == "By Ada Marsh, Joris van Dijk · 14 March 1998 · The Harbour Gazette"
    assert texts(tree, ".contents li") == ["What it costs", "Who pays", "What comes next"]
    for heading in tree.css(".contents a"):
        assert tree.css(href(heading)), href(heading)
    assert href(one(tree, ".facts [rel~=external]:not([rel~=nofollow])")) == "https://example.org/1998/night-ferry"
    assert href(one(tree, "link[rel=canonical]")) == "https://example.org/1998/night-ferry"
    assert texts(tree, ".related h2") == ["Similar articles", "More by Ada Marsh"]
    assert not [address for address in map(href, tree.css(".related p:first-child a")) if "#" in address]
    assert one(tree, ".body img").attributes["src"] == "/media/pictures/quay.png"
    assert href(one(tree, ".body a[href*=council]")) == "/article/2007/council-answer"


def test_markdown_files_are_served_as_plain_text(client: FlaskClient) -> None:
    response = client.get("/article/odd/hostile.md")
    assert response.mimetype == "text/plain"
    assert response.text.startswith("---\n")
    assert "alert('body')" in response.text


def test_partial_dates_are_shown_in_their_precision(client: FlaskClient) -> None:
    assert one(page(client, "/article/1998/ticket"), "header time").attributes["datetime"] == "1998-11"
    assert words(one(page(client, "/article/1998/ticket"), "header time")) == "November 1998"
    assert words(one(page(client, "/article/2007/council-answer"), "header time")) == "2007"
    assert not page(client, "/article/odd/nothing").css("header time")


def test_lang_attributes(client: FlaskClient) -> None:
    tree = page(client, "/article/odd/rahma")
    assert one(tree, "article").attributes["lang"] == "ar"
    assert one(tree, "h1").attributes["dir"] == "rtl"
    hit = one(page(client, "/search?q=العبّارة"), ".hit")
    assert one(hit, "h2").attributes["lang"] == "ar"
    assert all(passage.attributes["lang"] == "ar" for passage in hit.css(".passage"))


def test_chinese_matches_are_marked(client: FlaskClient) -> None:
    hit = one(page(client, "/search?q=渡轮"), ".hit")
    assert texts(hit, "h2 mark") == ["渡轮"]


# Browsing


def test_front_page_links(client: FlaskClient) -> None:
    tree = page(client, "/")
    assert words(one(tree, "h1")) == "The Harbour Gazette"
    assert texts(tree, ".hit h3")[0] == "An article filed under forty topics"
    assert len(tree.css(".chart a")) == 6
    assert "transport 4" in texts(tree, ".counted li")
    assert "Ada Marsh 8" in texts(tree, ".counted li")
    for node in tree.css("main a, header a, footer a"):
        assert client.get(urljoin("/", href(node))).status_code == 200, href(node)


@pytest.mark.parametrize("kind", ["authors", "topics", "years"])
def test_lists_link_to_all_values(client: FlaskClient, kind: str) -> None:
    tree = page(client, f"/{kind}")
    rows = tree.css(".counted li")
    assert rows
    for row in rows[:60]:
        there = page(client, href(row.css_first("a")))
        count = words(row.css_first(".count"))
        assert words(one(there, "[role=status]")).split()[0] == count
        assert words(one(there, "h1")) == words(row.css_first("a"))


def test_pages_of_values_can_be_filtered(client: FlaskClient) -> None:
    tree = page(client, "/author/Ada%20Marsh?topic=transport")
    assert len(tree.css(".hit")) == 2
    assert texts(tree, ".chips a")[:2] == ["Remove the filter Ada Marsh", "Remove the filter transport"]


def test_long_lists_have_an_alphabet(client: FlaskClient) -> None:
    tree = page(client, "/topics")
    for letter in tree.css(".letters a"):
        assert words(one(tree, href(letter))) == words(letter)


def test_examples_have_correct_counts(client: FlaskClient) -> None:
    tree = page(client, "/about")
    examples = tree.css(".syntax dt:has(a)")
    assert len(examples) >= 10
    for example in examples:
        there = page(client, href(example.css_first("a")))
        assert words(one(there, "[role=status]")).split()[0] == words(example.css_first(".count"))
        assert not there.css(".notices"), words(example)


def test_unreadable_files_are_listed(client: FlaskClient) -> None:
    row = one(page(client, "/about"), ".problems tbody tr")
    assert texts(row, "td")[0] == "odd/broken.md"
    assert page(client, "/search?q=broken+lighthouse").css(".hit")


# Everywhere


def test_hostile_arguments_are_escaped(client: FlaskClient, archive_app: Flask) -> None:
    for address in (
        "/",
        "/search?q=hostile",
        "/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
        "/search?author=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
        "/search?from=%3Cscript%3E",
        "/article/odd/hostile?q=hostile",
        "/authors",
        "/topics",
        "/search/topics?contains=%22%3E%3Cscript%3E",
        "/nowhere/%3Cscript%3Ealert(1)%3C/script%3E",
        "/article/%3Cscript%3Ealert(1)%3C/script%3E",
    ):
        tree = LexborHTMLParser(client.get(address).text)
        scripts = tree.css("script:not([type='application/ld+json'], [type='application/json'])")
        assert [node.attributes.get("src", "").split("?")[0] for node in scripts] == ["/static/backfile.js"], address
        assert not tree.css("img[onerror], [onclick], [style], style, iframe, base"), address
        assert not [n for n in tree.css("[href]") if href(n).lower().startswith(("javascript:", "data:"))], address


@pytest.mark.parametrize(
    "odd", ["%00", "a%00b%00c", "%FF%FE", "%ED%A0%80", "%0D%0A", "%E2%80%AE", "%F0%9F%92%A9", "+", "%25", "%26%3D", "."]
)
def test_unusual_characters_in_arguments(client: FlaskClient, odd: str) -> None:
    names = ("q", "author", "topic", "from", "to", "sort", "page", "per_page", "place", "match", "contains")
    together = "&".join(f"{name}={odd}" for name in names)
    for path in ("/search", "/api/search", "/search.atom", "/api/suggest", "/search/authors", "/article/odd/nothing"):
        assert client.get(f"{path}?{together}&{together}").status_code == 200, path
    for name in ("q", "author", "from"):
        assert client.get(f"/search?{name}={odd}&{name}=x{odd}").status_code == 200, name
    for path in (f"/author/{odd}", f"/topic/x{odd}", f"/year/{odd}", f"/article/{odd}", f"/media/{odd}.png"):
        assert client.get(path).status_code in {301, 308, 404}, path


def test_ids_are_unique_and_labels_have_controls(client: FlaskClient) -> None:
    for address in (
        "/",
        "/search?q=ferry",
        "/article/1998/night-ferry?q=ferry&place=1",
        "/about",
        "/topics",
        "/nowhere",
    ):
        tree = LexborHTMLParser(client.get(address).text)
        ids = [node.attributes["id"] for node in tree.css("[id]")]
        assert len(ids) == len(set(ids)), address
        for label in tree.css("label[for]"):
            assert label.attributes["for"] in ids, address
        assert len(tree.css("h1")) == 1, address


def test_safe_filter_is_used_once() -> None:
    sources = [*ROOT.glob("templates/*"), *ROOT.glob("web/**/*.py"), ROOT / "app.py"]
    found = [path.name for path in sources for _ in re.findall(r"\|\s*safe\b|Markup\(", path.read_text())]
    assert found == ["article.html"]


@pytest.mark.parametrize(
    ("text", "spans", "shown"),
    [
        ("Resources Available\nListed below:\none\ttwo", [], "Resources Available · Listed below: one · two"),
        ("A sentence.\nA heading \n\n more", [], "A sentence. A heading · more"),
        ("night ferry\nA list", [(0, 5), (6, 11)], "night ferry · A list"),
        ("Yes.\nNo", [(0, 4)], "Yes. No"),
    ],
)
def test_blocks_of_a_passage_are_separated(text: str, spans: list[tuple[int, int]], shown: str) -> None:
    assert "".join(piece for _, piece in _passage_view(HighlightedText(text, tuple(spans)), 1).parts) == shown


def test_an_archive_that_is_not_indexed_yet_says_so(tmp_path: Path) -> None:
    (tmp_path / "ferry.md").write_text("# Night ferry\n\nIt sails.\n")
    settings = Settings(library=tmp_path)
    client = create_app(settings).test_client()
    notice = "being indexed for the first time"
    assert notice in client.get("/").text
    page = client.get("/search?q=ferry").text
    assert notice in page
    assert "None of its parts" not in page
    assert any(notice in each for each in client.get("/api/search?q=ferry").get_json()["notices"])
    assert client.get("/health").get_json()["status"] == "indexing"
    (tmp_path / "ferry.md").write_text("---\ndraft: true\n---\n")
    update_index(Library(tmp_path), settings.cache_folder, settings.engine)
    assert notice not in client.get("/search?q=ferry").text
    assert client.get("/health").get_json()["status"] == "ok"
