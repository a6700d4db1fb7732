"""Copies of one story: folded results, their counts and pages, what a hit tells of its copies.

Some cases re-create public reports on the folding of other programs; each names its own.
"""

from __future__ import annotations

from datetime import date

import pytest

from backfile.archive.model import PartialDate
from backfile.index.engine import MAX_COPIES, MAX_DEPTH, Changes, Engine, Filters, Page, Sort
from backfile.index.errors import QueryRefused
from contract.library import article, load, result_ids, search

BODY = "The ferry left the harbour at noon and came back at night with the mail"


def fill(engine: Engine) -> None:
    """Five stories of a ferry: one printed four times, one twice, three once; and one of something else."""
    documents = [
        article("a1", BODY, title="Ferry leaves", date="2001-05-01", topics=("sea",), authors=("Ann Lee",)),
        article("a2", f"{BODY} again", title="Ferry leaves", date="2001-05-02", topics=("sea",)),
        article("a3", f"Late news. {BODY}", title="Boat gone", date="2001-05-02", topics=("mail",)),
        article("a4", BODY.replace("noon", "dawn"), title="Ferry ferry ferry", date="2001-05-03", authors=("Bo",)),
        article("b1", "A ferry race", title="Race", date="2001-05-04", topics=("sea",)),
        article("b2", "A ferry race", title="Race", date="2001-05-05", topics=("sport",)),
        article("c", "One ferry", title="Alone", date="2001-04-01"),
        article("d", "Old ferry ferry", title="Zoo", date="1999"),
        article("e", "No date but a ferry", title="Else"),
        article("f", "Nothing of that kind", title="Other", date="2001-05-01"),
    ]
    load(engine, *documents, stories=leads({"a1": "a1 a2 a3 a4", "b1": "b1 b2"}))


def leads(stories: dict[str, str]) -> dict[str, str]:
    return {each: lead for lead, members in stories.items() for each in members.split()}


def folded(engine: Engine, query: str = "ferry", **request: object) -> Page:
    return search(engine, query, fold=True, **request)


def stories_on(page: Page) -> list[str]:
    return [hit.id[0] for hit in page.hits]


def test_a_folded_page_has_one_hit_a_story_and_counts_articles_and_stories(shared: Engine) -> None:
    # elastic/elasticsearch #24130 and #27556: the number of groups is not known. netarchivesuite/solrwayback #12,
    # MTG/freesound #1976: one of the two numbers is shown as if it were the other.
    page = folded(shared)
    assert sorted(stories_on(page)) == list("abcde")
    assert (page.total, page.stories, page.pages) == (9, 5, 1)
    assert shared.status().copies == 4


def test_who_does_not_ask_for_it_gets_no_folding(shared: Engine) -> None:
    page = search(shared, "ferry")
    assert (len(page.hits), page.total, page.stories) == (9, 9, None)
    assert all(not hit.copies and not hit.copy_count for hit in page.hits)


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("per_page", [1, 2, 3])
def test_pages_follow_on_each_other_and_end_with_the_last_story(shared: Engine, sort: Sort, per_page: int) -> None:
    # elastic/elasticsearch #25135, elasticsearch-rails #1023: pages are counted by documents, and the last are empty.
    whole = [hit.id for hit in folded(shared, sort=sort).hits]
    pages = [folded(shared, sort=sort, page=page + 1, per_page=per_page) for page in range(-(-5 // per_page))]
    assert [hit.id for page in pages for hit in page.hits] == whole
    assert {page.pages for page in pages} == {len(pages)}
    assert all(page.hits for page in pages)
    # elastic/elasticsearch #73270: a page without groups says that nothing was found.
    beyond = folded(shared, sort=sort, page=len(pages) + 1, per_page=per_page)
    assert (beyond.hits, beyond.total, beyond.stories) == ((), 9, 5)


@pytest.mark.parametrize("sort", Sort)
def test_the_first_copy_in_the_order_is_shown_at_its_place(shared: Engine, sort: Sort) -> None:
    # In any other way a list by date has dates out of order.
    first = {}
    for article_id in result_ids(shared, "ferry", sort=sort):
        first.setdefault(article_id[0], article_id)
    assert [hit.id for hit in folded(shared, sort=sort).hits] == list(first.values())


def test_a_copy_that_matches_and_passes_the_filters_is_shown_where_the_lead_does_not(shared: Engine) -> None:
    # Folded before the filters, a story would be lost with its lead.
    assert [hit.id for hit in folded(shared, filters=Filters(topics=("mail",))).hits] == ["a3"]
    assert [hit.id for hit in folded(shared, "dawn").hits] == ["a4"]
    page = folded(shared, filters=Filters(first=date(2001, 5, 2), last=date(2001, 5, 3)))
    assert (page.total, page.stories) == (3, 1)


def test_a_hit_tells_the_other_copies_of_the_whole_archive(shared: Engine) -> None:
    (hit,) = folded(shared, "dawn").hits
    assert [each.id for each in hit.copies] == ["a1", "a2", "a3"]
    assert hit.copy_count == 3
    assert [(each.added, each.removed) for each in hit.copies] == [(1, 1), (2, 1), (3, 1)]
    assert hit.copies[2].metadata.title == "Boat gone"
    assert hit.copies[0].metadata.date == PartialDate.parse("2001-05-01")
    (hit,) = folded(shared, "dawn", passages=0).hits
    assert [(each.id, each.added) for each in hit.copies] == [("a1", None), ("a2", None), ("a3", None)]


def test_the_lead_is_told_first_and_a_story_of_its_own_tells_nothing(shared: Engine) -> None:
    by_story = {hit.id[0]: hit for hit in folded(shared, sort=Sort.NEWEST).hits}
    assert by_story["b"].id == "b2"
    assert [each.id for each in by_story["b"].copies] == ["b1"]
    assert by_story["a"].copies[0].id == "a1"
    assert by_story["c"].copies == ()


def test_facets_count_articles(shared: Engine) -> None:
    # EHRI/ehri-frontend #881, ropensci-archive/solrium #16: values in which the copies differ are lost with the copies
    # that are not shown.
    assert folded(shared).facets == search(shared, "ferry").facets


def test_a_relaxed_search_is_folded_and_counts_all_it_finds(shared: Engine) -> None:
    whole = search(shared, "ferry harbour xylophone", relax=True)
    page = folded(shared, "ferry harbour xylophone", relax=True)
    assert page.relaxed == whole.relaxed
    assert (page.total, page.stories) == (whole.total, len({hit.id[0] for hit in whole.hits}))
    first = {}
    for hit in whole.hits:
        first.setdefault(hit.id[0], hit.id)
    assert [hit.id for hit in page.hits] == list(first.values())
    assert all(hit.missing for hit in page.hits)
    single = [folded(shared, "ferry harbour xylophone", relax=True, page=each, per_page=1) for each in range(1, 3)]
    assert [hit.id for each in single for hit in each.hits] == list(first.values())[:2]


def test_the_depth_of_folded_pages_is_guarded_as_any(shared: Engine) -> None:
    with pytest.raises(QueryRefused):
        folded(shared, page=MAX_DEPTH // 10 + 1)
    assert folded(shared, page=MAX_DEPTH // 10).stories == 5


def test_a_search_that_finds_nothing_has_no_stories(shared: Engine) -> None:
    page = folded(shared, "xylophone")
    assert (page.total, page.stories, page.pages, page.hits) == (0, 0, 0, ())


def test_the_rank_is_that_of_the_story(shared: Engine) -> None:
    ids = [hit.id for hit in folded(shared, sort=Sort.TITLE).hits]
    place = [each[0] for each in ids].index("a") + 1
    for each in ("a1", "a2", "a3", "a4"):
        assert folded(shared, sort=Sort.TITLE, rank_of=each).rank == place
    assert folded(shared, sort=Sort.TITLE, rank_of="f").rank is None
    assert folded(shared, sort=Sort.TITLE, rank_of="nowhere").rank is None


def test_similar_articles_are_no_copies_and_one_a_story(shared: Engine) -> None:
    # A reader has the copies of the article already.
    found = [hit.id for hit in shared.more_like_this("a2", limit=10)]
    assert not {each for each in found if each.startswith("a")}
    assert len({each[0] for each in found}) == len(found)
    assert shared.more_like_this("c", limit=1)


def test_a_story_shrinks_and_grows_with_its_articles(engine: Engine) -> None:
    documents = [article(key, f"ferry {key}") for key in "abc"]
    load(engine, *documents, stories=leads({"a": "a b c"}))
    assert folded(engine).stories == 1
    engine.write(Changes(drop=["a"]))  # without new stories those that are left stay together
    assert (folded(engine).total, folded(engine).stories) == (2, 1)
    engine.write(Changes(stories={}))
    assert (folded(engine).total, folded(engine).stories) == (2, 2)
    load(engine, documents[0], stories=leads({"b": "b a"}))
    page = folded(engine, sort=Sort.TITLE)
    assert (page.total, page.stories) == (3, 2)
    assert {hit.id: hit.copy_count for hit in page.hits} in ({"a": 1, "c": 0}, {"b": 1, "c": 0})
    load(engine, documents[1])  # an article written again keeps its story
    assert folded(engine).stories == 2
    engine.write(Changes(drop=["b"]))
    assert engine.status().copies == 0
    assert all(not hit.copies for hit in folded(engine).hits)


def test_stories_that_did_not_change_are_no_commit_of_whoosh(engine: Engine) -> None:
    if engine.status().engine != "whoosh":
        pytest.skip("only Whoosh finds out that there is nothing to commit")
    load(engine, article("a", "x"), article("b", "x"), stories=leads({"a": "a b"}))
    generation = engine.status().generation
    engine.write(Changes(stories=leads({"a": "a b"})))
    assert engine.status().generation == generation


def test_of_many_copies_some_are_told_and_all_are_counted(engine: Engine) -> None:
    # typesense/typesense #870: with a limit on the members of a group nobody knows how many there are.
    keys = [f"k{number:02}" for number in range(MAX_COPIES + 5)]
    load(engine, *(article(key, BODY) for key in keys), stories=dict.fromkeys(keys, "k07"))
    (hit,) = folded(engine).hits
    others = [key for key in keys if key not in (hit.id, "k07")]
    assert [each.id for each in hit.copies] == ["k07", *others][:MAX_COPIES]
    assert hit.copy_count == MAX_COPIES + 4
    assert folded(engine).total == MAX_COPIES + 5


def test_pages_reach_past_stories_with_many_copies(engine: Engine) -> None:
    # A page made of the first documents alone would be short.
    many = [article(f"a{number:03}", BODY, title="Ferry ferry ferry") for number in range(120)]
    others = [article(f"b{number}", f"ferry {'word ' * number}", date=f"19{70 + number}") for number in range(25)]
    load(engine, *many, *others, stories=dict.fromkeys([each.id for each in many], "a000"))
    for sort in (Sort.RELEVANCE, Sort.NEWEST, Sort.TITLE):
        pages = [folded(engine, sort=sort, page=page, per_page=10) for page in (1, 2, 3)]
        ids = [hit.id for page in pages for hit in page.hits]
        assert [len(page.hits) for page in pages] == [10, 10, 6]
        assert len({each if each[0] == "b" else "a" for each in ids}) == 26
        assert {(page.total, page.stories, page.pages) for page in pages} == {(145, 26, 3)}


def test_ids_of_any_length_and_script_are_leads(engine: Engine) -> None:
    # A cluster takes keywords of 32,766 bytes at most.
    names = ["手機/" + "x" * 600, "é" * 300, "a b\x1fc"]
    load(engine, *(article(name, "ferry") for name in names), stories=dict.fromkeys(names, names[0]))
    (hit,) = folded(engine).hits
    assert hit.copy_count == 2
