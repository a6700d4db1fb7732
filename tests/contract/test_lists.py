"""Facets, filters, sorts and pages."""

from __future__ import annotations

from datetime import date

import pytest

from backfile.index.engine import MAX_DEPTH, Engine, Filters, Page, Sort
from backfile.index.errors import QueryRefused
from contract.library import article, found, load, result_ids, search

LIBRARY = [
    article("a", "tide tide", title="Élan", authors=("Ann", "Bo"), topics=("sea",), date="2019-03-14"),
    article("b", "tide", title="dunes", authors=("Ann",), topics=("sea", "wind"), date="2019"),
    article("c", "tide", title="Eagle", authors=("Bo", "Bo"), topics=("wind",), date="2018-05"),
    article("d", "tide", title="Zebra", authors=("Çelik",), topics=("sea", "sand"), date="2020-01-01"),
    article("e", "ebb", title="Apple", authors=("Ann", "ann"), date="2019-01-01"),
    article("f", "tide", title="dunes", topics=("sea",)),
]


def fill(engine: Engine) -> None:
    load(engine, *LIBRARY)


def counts(page: Page, name: str) -> list[tuple[str, int]]:
    (facet,) = [facet for facet in page.facets if facet.name == name]
    return [(value.value, value.count) for value in facet.values]


def test_facets_count_all_hits_largest_first(shared: Engine) -> None:
    page = search(shared, "tide", per_page=1)
    assert [facet.name for facet in page.facets] == ["author", "topic", "year"]
    assert counts(page, "author") == [("Ann", 2), ("Bo", 2), ("Çelik", 1)]
    assert counts(page, "topic") == [("sea", 4), ("wind", 2), ("sand", 1)]
    assert counts(page, "year") == [("2020", 1), ("2019", 2), ("2018", 1)]


def test_facets_can_be_cut_short_and_say_how_long_they_are(shared: Engine) -> None:
    page = search(shared, "tide", facet_size=1)
    assert counts(page, "topic") == [("sea", 4)]
    assert counts(page, "year") == [("2020", 1)]
    assert [facet.total for facet in page.facets] == [3, 3, 3]
    assert counts(search(shared, "tide", facet_size=None), "topic") == [("sea", 4), ("wind", 2), ("sand", 1)]
    assert counts(search(shared, "tide", facet_size=0), "topic") == []
    everything = counts(search(shared, "tide", facet_size=None), "year")
    assert counts(search(shared, "tide", facet_size=1, all_years=True), "year") == everything != []
    assert counts(search(shared, "tide", facet_size=1), "year") == everything[:1]


def test_facets_are_counted_as_far_as_they_are_asked_for(shared: Engine) -> None:
    page = search(shared, "tide", facets=())
    assert (page.facets, page.total) == ((), search(shared, "tide").total)
    assert [facet.name for facet in search(shared, "tide", facets=("topic",)).facets] == ["topic"]
    assert counts(search(shared, "tide", facets=("year",)), "year") == counts(search(shared, "tide"), "year")


def test_spellings_of_a_name_are_one_value_under_the_most_frequent(engine: Engine) -> None:
    load(
        engine,
        article("a", "ferry", authors=("Ada Quill",), topics=("POLITICS", "new-york")),
        article("b", "ferry", authors=("ADA QUILL",), topics=("Politics", "New York")),
        article("c", "train", authors=("ADA  quill", "ADA QUILL"), topics=("Politics", "caf\u00e9")),
        article("d", "raft", authors=("Ben Oar",), topics=("cafe\u0301", "new york")),
    )
    page = search(engine, "")
    assert counts(page, "author") == [("ADA QUILL", 3), ("Ben Oar", 1)]
    assert counts(page, "topic") == [("New York", 3), ("Politics", 3), ("cafe\u0301", 2)]
    assert [facet.total for facet in page.facets][:2] == [2, 3]
    assert counts(search(engine, "ferry"), "author") == [("ADA QUILL", 2)]
    for name in ("Ada Quill", "ada-quill", "ADA QUILL"):
        assert found(engine, "", filters=Filters(authors=(name,))) == {"a", "b", "c"}
    assert found(engine, "", filters=Filters(topics=("NEW YORK", "caf\u00e9"))) == {"a", "b", "c", "d"}
    assert engine.document("a").metadata.authors == ("Ada Quill",)
    load(engine, article("c", "ferry", authors=("ada quill",)))
    assert counts(search(engine, ""), "author") == [("Ada Quill", 3), ("Ben Oar", 1)]  # one article each
    load(engine, article("b", "", authors=("Ada Quill",)), article("c", "", authors=("Ada Quill",)))
    assert counts(search(engine, ""), "author") == [("Ada Quill", 3), ("Ben Oar", 1)]


def test_no_hits_no_facet_values(shared: Engine) -> None:
    page = search(shared, "nowhere")
    assert (page.total, page.hits, page.pages) == (0, (), 0)
    assert [(facet.name, facet.values, facet.total) for facet in page.facets] == [
        ("author", (), 0), ("topic", (), 0), ("year", (), 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(authors=("Ann",)), "a b"),
        (Filters(authors=("ann",)), "a b"),
        (Filters(authors=("Ann", "Çelik")), "a b d"),
        (Filters(authors=("Nobody",)), ""),
        (Filters(topics=("wind", "sand")), "b c d"),
        (Filters(authors=("Ann",), topics=("wind",)), "b"),
        (Filters(first=date(2019, 1, 1)), "a b d"),
        (Filters(last=date(2018, 12, 31)), "c"),
        (Filters(first=date(2019, 6, 1), last=date(2019, 6, 30)), "b"),
        (Filters(authors=("Bo",), first=date(2018, 1, 1), last=date(2018, 12, 31)), "c"),
        (Filters(ids=("f", "a", "e", "nowhere")), "a f"),
        (Filters(ids=("nowhere",)), ""),
        (Filters(authors=("Bo",), ids=("a", "b")), "a"),
    ],
)
def test_filters_narrow(shared: Engine, filters: Filters, expected: str) -> None:
    assert found(shared, "tide", filters=filters) == set(expected.split())


def test_counts_of_a_facet_ignore_its_own_filter_only(shared: Engine) -> None:
    filters = Filters(authors=("Ann",), topics=("wind",), first=date(2019, 1, 1), last=date(2019, 12, 31))
    page = search(shared, "tide", filters=filters)
    assert page.total == 1
    assert counts(page, "author") == [("Ann", 1)]
    assert counts(page, "topic") == [("sea", 2), ("wind", 1)]
    assert counts(page, "year") == [("2019", 1)]
    assert counts(search(shared, "tide", filters=Filters(authors=("Ann",))), "author") == [
        ("Ann", 2), ("Bo", 2), ("Çelik", 1),
    ]  # fmt: skip
    assert counts(search(shared, "", filters=Filters(first=date(2020, 1, 1))), "year") == [
        ("2020", 1), ("2019", 3), ("2018", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        (Sort.NEWEST, "d a b e c f"),
        (Sort.OLDEST, "c b e a d f"),
        (Sort.TITLE, "e b f c a d"),
        (Sort.RELEVANCE, "d a b e c f"),
    ],
)
def test_sorts_break_ties_by_date_then_id(shared: Engine, sort: Sort, expected: str) -> None:
    assert result_ids(shared, "", sort=sort) == expected.split()


def test_relevance_puts_more_occurrences_first(shared: Engine) -> None:
    assert result_ids(shared, "tide")[0] == "a"
    scores = [hit.score for hit in search(shared, "tide").hits]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > scores[-1] > 0


def test_pages_are_parts_of_one_list(shared: Engine) -> None:
    whole = result_ids(shared, "tide")
    pages = [search(shared, "tide", page=number, per_page=2) for number in (1, 2, 3)]
    assert [hit.id for page in pages for hit in page.hits] == whole
    assert {(page.total, page.pages) for page in pages} == {(5, 3)}
    assert [page.page for page in pages] == [1, 2, 3]


def test_a_page_past_the_end_is_empty_and_knows_the_total(shared: Engine) -> None:
    page = search(shared, "tide", page=9, per_page=2)
    assert (page.hits, page.total, page.pages, page.page) == ((), 5, 3, 9)
    assert counts(page, "topic")[0] == ("sea", 4)


@pytest.mark.parametrize(("page", "per_page"), [(MAX_DEPTH, 2), (1, MAX_DEPTH + 1), (0, 10), (1, 0), (-1, -1)])
def test_pages_out_of_bounds_are_refused(shared: Engine, page: int, per_page: int) -> None:
    with pytest.raises(QueryRefused):
        search(shared, "tide", page=page, per_page=per_page)


def test_the_deepest_page_is_answered(shared: Engine) -> None:
    assert search(shared, "tide", page=MAX_DEPTH, per_page=1).total == 5


def test_chosen_articles_have_their_own_facets_and_no_suggestion(shared: Engine) -> None:
    page = search(shared, "tide", filters=Filters(ids=("a", "c")))
    assert counts(page, "author") == [("Bo", 2), ("Ann", 1)]
    assert search(shared, "tied").suggestion == "tide"
    assert search(shared, "tied", filters=Filters(ids=("a",))).suggestion is None


@pytest.mark.parametrize(
    ("query", "relax", "sort"),
    [("tide OR ebb", False, sort) for sort in Sort] + [("tide wind elsewhere", True, Sort.RELEVANCE)],
)
def test_the_position_of_an_article_is_that_in_the_list(shared: Engine, query: str, relax: bool, sort: Sort) -> None:
    ids = result_ids(shared, query, sort=sort, relax=relax)
    assert ids
    for rank, key in enumerate(ids, start=1):
        page = search(shared, query, sort=sort, relax=relax, rank_of=key, per_page=2, page=2)
        assert page.rank == rank
        assert [hit.id for hit in page.hits] == ids[2:4]
    assert search(shared, query, sort=sort, relax=relax).rank is None
    for absent in ({"a", "b", "c", "d", "e", "f"} - set(ids)) | {"nowhere"}:
        assert search(shared, query, sort=sort, relax=relax, rank_of=absent).rank is None


def test_positions_are_those_after_the_filters(shared: Engine) -> None:
    narrowed = Filters(authors=("Bo",))
    assert result_ids(shared, "tide", filters=narrowed, sort=Sort.OLDEST) == ["c", "a"]
    assert search(shared, "tide", filters=narrowed, sort=Sort.OLDEST, rank_of="a").rank == 2
    assert search(shared, "tide", filters=narrowed, sort=Sort.OLDEST, rank_of="d").rank is None
