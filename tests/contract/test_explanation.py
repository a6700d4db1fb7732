"""Kinds of “why is it not found” that readers report of other software: the reason and the change, on every engine."""

from __future__ import annotations

from datetime import date

import pytest

from backfile.index.engine import Engine, Filters, Sort
from backfile.index.explanation.criteria import SearchCriteria
from backfile.index.explanation.explanation import Explanation, ListView, explain
from backfile.index.query import to_text
from contract.library import article, load, search, tree

LIBRARY = [
    article(
        "tax", "The ferryman kept his Taxfile in the harbour. The W-2 form was number 20220705_1755.", language="en"
    ),
    article(
        "sea",
        "Twenty Thousand Leagues Under the Sea. The night was long and dark, and nobody had seen the boat or a ferry.",
        title="Voyages",
        authors=("Ann Lee",),
        topics=("books", "divers"),
        date="2018-12-31",
        language="en",
    ),
    article("hund", "Die Hundeschule nimmt Ferries auf.", date="2019", language="de", authors=("Bo Öst",)),
    article("train", "The trains and the ferry wait. No news.", date="2020-01-01", source=("The Gazette", None)),
    article("other", "Nothing of the kind.", date="2021", authors=("Cy Ray",)),
]


def fill(engine: Engine) -> None:
    load(engine, *LIBRARY, languages=("en", "de"))


def why(engine: Engine, query: str, key: str, **filters: object) -> Explanation:
    return explain(engine, SearchCriteria(tree(query), Filters(**filters)), key, seconds=60)


REPORTS = [
    # A word that is a part of another: github.com/jonaswinkler/paperless-ng/issues/1581, papra-hq/papra/issues/864
    ("tax", "ferry", "part", "ferryman", "ferry*"),
    ("tax", "tax", "part", "taxfile", "tax*"),
    ("hund", "schule", "part", "hundeschule", ""),
    # A number with a sign: eikek/docspell/issues/1636
    ("tax", "2022", "part", "20220705_1755", "2022*"),
    # Forms in another language than that of the article
    ("hund", "ferry", "form", "ferries", "ferry OR =ferries"),
    # A phrase around other words: blevesearch/bleve/issues/122
    ("sea", '"leagues sea"', "apart", "within 3", '"leagues sea"~3'),
    ("sea", '"sea the under"', "order", "next to each other", '"sea the under"~2'),
    ("sea", '"night ferry"', "apart", "within 13", '"night ferry"~13'),
    ("sea", '"night train"', "lacks", "“train”", None),
    # An exclusion that names no word: elastic/elasticsearch/issues/46188
    ("train", "ferry -train", "excluded", "trains", "ferry -=train"),
    ("train", "-(boat OR train) ferry", "excluded", "trains", "-boat ferry"),
    # A group without the reasons of its parts: apache/lucene/issues/13357
    ("other", "ferry OR boat", "none-of", "ferry OR boat", ""),
    # Dates: djcb/mu/issues/1156, ePADD/epadd/issues/32
    ("sea", "date:2019..2021", "date", "dated 2018-12-31, outside 2019–2021", "date:2018-12-31..2021"),
    ("hund", "before:2019", "date", "dated 2019, after 2018", "date:..2019"),
    ("tax", "date:2019", "undated", "no date", ""),
    # Fields and languages: jonaswinkler/paperless-ng/issues/1578
    ("sea", "title:ferry", "other-field", "ferry", "ferry"),
    ("sea", "books", "only-field", "topic", "topic:books"),
    ("train", "gazette", "only-field", "source", "source:gazette"),
    ("hund", "lang:en", "language", "de", "lang:en OR lang:de"),
    ("train", "lang:fr", "language", "not known", ""),
    ("train", "=ferries", "exact", "ferry", "ferries"),
    ("sea", "ferri~ zebr*", "lacks", "zebr*", None),
]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: f"{report[0]}-{report[1]}")
def test_reported_kinds(shared: Engine, report: tuple[str, str, str, str | None, str | None]) -> None:
    key, query, code, words, changed = report
    found = why(shared, query, key)
    assert not found.is_found
    (reason,) = found.reasons
    assert reason.sentence.code == code
    assert words is None or words in reason.sentence.text
    assert changed is None or found.changes[0].query_text == changed
    for change in found.changes:
        assert len(change.changes) == 1
        page = search(shared, change.search.query, filters=change.search.filters, relax=True)
        assert page.total == change.total
        assert key in {hit.id for hit in page.hits}


@pytest.mark.parametrize(
    ("key", "query"),
    [
        # Words that others leave out or cut: manticoresoftware/manticoresearch/issues/103, guardian/grid/issues/674,
        # blevesearch/bleve/issues/642, flaxsearch/luwak/issues/145, jonaswinkler/paperless-ng/issues/1596
        ("sea", "the night of the ferry"),
        ("sea", '"under the sea"'),
        ("train", "no"),
        ("tax", "W-2"),
        ("sea", "a"),
        ("train", "the train trains"),
    ],
)
def test_what_is_found_has_its_place(shared: Engine, key: str, query: str) -> None:
    found = why(shared, query, key)
    assert found.is_found
    assert found.rank == [hit.id for hit in search(shared, query, per_page=20).hits].index(key) + 1
    assert not found.reasons
    assert not found.changes


def test_several_conditions_are_changed_together(shared: Engine) -> None:
    asked = {"authors": ("Cy Ray",), "topics": ("sand",), "first": date(2019, 1, 1), "last": date(2021, 12, 31)}
    found = why(shared, "ferry zebra", "sea", **asked)
    assert [each.sentence.code for each in found.reasons] == ["lacks", "author", "topic", "date"]
    assert found.reasons[1].sentence.text == "It is by Ann Lee, not by Cy Ray."
    assert found.reasons[3].sentence.text == "It is dated 2018-12-31, outside 2019–2021."
    best = found.changes[0]
    assert len(best.changes) == 4
    assert to_text(best.search.query) == "ferry"
    assert best.search.filters == Filters(
        ("Cy Ray", "Ann Lee"), ("sand", "books"), date(2018, 12, 31), date(2021, 12, 31)
    )
    assert best.total == 1


def test_a_summary_says_what_it_has_and_what_not(shared: Engine) -> None:
    found = why(shared, "the ferry strike", "train")
    assert found.summary is None or found.summary.text
    strict = explain(shared, SearchCriteria(tree("the ferry strike"), relax=False), "train", seconds=60)
    assert strict.summary is not None
    assert strict.summary.text == "It has ferry but not strike."


def test_a_relaxed_search_finds_it_or_says_how_many_words_are_missing(shared: Engine) -> None:
    found = why(shared, "ferry boat zebra yak", "sea")
    assert (found.is_found, found.missing) == (True, ("zebra", "yak"))
    found = why(shared, "ferry boat zebra yak", "train")
    assert not found.is_found
    assert found.summary is not None
    assert found.summary.text == "It has 1 of the 4 words; the hits have at least 2."
    assert [change.query_text for change in found.changes[:1]] == ["ferry"]


def test_an_article_of_another_copy_stands_under_it(engine: Engine) -> None:
    load(engine, *LIBRARY, languages=("en",))
    load(engine, stories={"tax": "train", "train": "train"})
    shown = ListView(Sort.NEWEST, fold=True)
    found = explain(engine, SearchCriteria(tree("the")), "tax", shown=shown, seconds=60)
    assert found.folded_under == ("train", "Untitled")
    assert (found.rank, found.stories) == (2, 3)
    found = explain(engine, SearchCriteria(tree("the")), "train", shown=shown, seconds=60)
    assert found.folded_under is None


def test_parts_of_a_group_are_explained_one_by_one(shared: Engine) -> None:
    (reason,) = why(shared, "(ferry zebra) OR title:boat OR yak", "sea").reasons
    assert [each.text for each in reason.details] == [
        "It does not have “zebra”.",
        "It has “boat”, but not in the field “title:”.",
        "It does not have “yak”.",
    ]
