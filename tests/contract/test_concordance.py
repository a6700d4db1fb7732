"""Concordance on every engine: its lines are the matches of the hits, and those of a naive concordance."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from long_runs import examples
from oracle.naive_concordance import naive_matches

from backfile.index.concordance.arrangement import Arrangement
from backfile.index.concordance.concordance import concordance
from backfile.index.concordance.line_cache import ConcordanceCache
from backfile.index.concordance.lines_request import Concordance, LinesRequest
from backfile.index.engine import Engine, Filters, Request, Sort
from backfile.index.highlight import token_table
from backfile.index.query import Node, relax
from contract.generated import queries
from contract.library import ENGINES, article, fresh_engine, load, search, tree
from contract.test_agreement import EMBEDDED, WITHOUT_SHRINKING, Batch, batches, searches

COUNTED_BY = [name for name in ENGINES if name != "opensearch"]
NOT_COUNTED = pytest.mark.skip(reason="a cluster does not know the numbers of matches without reading the texts")


def lines(engine: Engine, query: str | Node, **asked: object) -> Concordance:
    """Lines of a query, all of them unless `stop` is given; `sort`, `filters` and `relax` are those of the search."""
    own = {name: asked.pop(name) for name in ("sort", "filters", "relax") if name in asked}
    request = Request(tree(query), deadline=60.0, **own)
    return concordance(engine, LinesRequest(request, seconds=60.0, **{"stop": 10_000, **asked}))


def texts(found: Concordance) -> list[str]:
    return [f"{line.before}[{line.match}]{line.after}" for line in found.lines]


def check_lines(engine: Engine, query: Node, filters: Filters, sort: Sort, *, relaxed: bool) -> None:
    """The lines of a search are those of a naive concordance of its hits, as many as the hits have matches."""
    hits, number = [], 0
    while True:
        number += 1
        page = search(engine, query, filters=filters, sort=sort, relax=relaxed, per_page=100, page=number)
        hits += page.hits
        if number >= page.pages:
            break
    found = lines(engine, query, filters=filters, sort=sort, relax=relaxed)
    assert found.articles == page.total
    assert found.total == found.lines_read == found.listed == sum(hit.matches for hit in hits)
    assert not found.is_partial
    marked = query
    if page.relaxed:
        words = relax(query, engine.status().languages)
        assert words is not None
        marked = words.any_word if page.relaxed.required else words.rest
    languages = engine.status().languages
    wanted = [
        (hit.id, number, *match)
        for hit in hits
        for number, match in enumerate(naive_matches(marked, engine.document(hit.id), languages), 1)
    ]
    marks = [line.mark for line in found.lines]
    assert [(each.article_id, each.number, each.field, each.start, each.end) for each in marks] == wanted
    assert [each.rank for each in marks] == [rank for rank, hit in enumerate(hits, 1) for _ in range(hit.matches)]


def check_history(name: str, history: list[Batch], questions: list[tuple[Node, Filters, Sort]]) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        engine = stack.enter_context(fresh_engine(name, folder))
        for batch in history:
            batch.write(engine)
        for query, narrowed, sort in questions:
            check_lines(engine, query, narrowed, sort, relaxed=False)


@pytest.mark.parametrize("name", EMBEDDED)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(batches, min_size=1, max_size=2), questions=st.lists(searches, min_size=25, max_size=30))
def test_lines_are_those_of_a_naive_concordance(
    name: str, history: list[Batch], questions: list[tuple[Node, Filters, Sort]]
) -> None:
    check_history(name, history, questions)


@settings(max_examples=1, deadline=None, suppress_health_check=list(HealthCheck), phases=WITHOUT_SHRINKING)
@given(history=st.lists(batches, min_size=1, max_size=1), questions=st.lists(searches, min_size=4, max_size=6))
def test_lines_of_a_cluster_are_those_of_a_naive_concordance(
    history: list[Batch], questions: list[tuple[Node, Filters, Sort]]
) -> None:
    check_history("opensearch", history, questions)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("name", EMBEDDED)
@settings(max_examples=examples(1_000, 4), deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(batches, min_size=1, max_size=3), questions=st.lists(searches, min_size=10, max_size=12))
def test_lines_are_those_of_a_naive_concordance_at_length(
    name: str, history: list[Batch], questions: list[tuple[Node, Filters, Sort]]
) -> None:
    check_history(name, history, questions)


@pytest.mark.parametrize("name", EMBEDDED)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(batches, min_size=1, max_size=2), asked=st.lists(queries, min_size=25, max_size=30))
def test_counts_without_the_texts_are_those_of_the_texts(name: str, history: list[Batch], asked: list[Node]) -> None:
    with TemporaryDirectory() as folder, fresh_engine(name, Path(folder)) as engine:
        for batch in history:
            batch.write(engine)
        for query in asked:
            check_counts(engine, query)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("name", EMBEDDED)
@settings(max_examples=examples(4_000, 8), deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(batches, min_size=1, max_size=3), asked=st.lists(queries, min_size=8, max_size=12))
def test_counts_without_the_texts_are_those_of_the_texts_at_length(
    name: str, history: list[Batch], asked: list[Node]
) -> None:
    with TemporaryDirectory() as folder, fresh_engine(name, Path(folder)) as engine:
        for batch in history:
            batch.write(engine)
        for query in asked:
            check_counts(engine, query)


def check_counts(engine: Engine, query: Node) -> bool:
    """Counts that an engine gives are right; returns whether it gives them."""
    page = search(engine, query, per_page=1_000, relax=True, count_matches=True, list_matches=True)
    assert (page.matches is None) == (page.matches_by_article is None)
    if page.matches is None or page.matches_by_article is None:
        return False
    assert dict(page.matches_by_article) == {hit.id: hit.matches for hit in page.hits}
    assert len(page.matches_by_article) == page.total
    assert page.matches == sum(hit.matches for hit in page.hits)
    return True


COUNTABLE = {
    "a word": ("ferry", 7),
    "an exact word": ("=ferry", 6),
    "two words": ("ferry night", 10),
    "one of two": ("bell OR night", 7),
    "a phrase": ('"night ferry"', 3),
    "a phrase and a word": ('"night ferry" bell', 4),
    "a pattern": ("fer*", 7),
    "a field": ("title:ferry", 1),
    "without": ("ferry -bell", 3),
    "dates": ("ferry date:2019", 4),
    "a word and a stop word": ("the ferry", 7),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", [*COUNTED_BY, pytest.param("opensearch", marks=NOT_COUNTED)]
)  # fmt: skip
def test_what_can_be_counted_is_counted(name: str, tmp_path: Path) -> None:
    with fresh_engine(name, tmp_path) as engine:
        load(
            engine,
            article("a", "The night ferry. The ferry of the night, the night ferry!", title="Ferry", date="2019"),
            article("b", "A bell on the night ferry. Ferries.", summary="At night", date="2020"),
            article("c", "night bell", date="2019"),
        )
        found = {kind: search(engine, query, count_matches=True).matches for kind, (query, _) in COUNTABLE.items()}
        truth = {kind: sum(hit.matches for hit in search(engine, query).hits) for kind, (query, _) in COUNTABLE.items()}
        assert found == truth


NOT_CERTAIN = ("mail OR email", "e-mail", '"night night"', '"ferry night"~3', "(night bell) OR ferry", "手機版", "人人")


def test_matches_that_may_overlap_are_counted_by_their_texts(engine: Engine) -> None:
    load(
        engine,
        article("a", "an e-mail, night night night, ferry at night; 手機版本 人人人"),
        article("b", "email mail ferry bell night"),
    )
    for query in NOT_CERTAIN:
        page = search(engine, query, count_matches=True, list_matches=True)
        total = sum(hit.matches for hit in page.hits)
        assert page.matches in (None, total), query
        assert lines(engine, query).total == total, query


def test_hits_carry_their_documents_when_asked(engine: Engine) -> None:
    wanted = article("a", "The night ferry.", title="Ferry", summary="A ferry")
    load(engine, wanted, article("b", "bell"))
    (hit,) = search(engine, "ferry", documents=True).hits
    assert (hit.document, hit.matches, hit.title.spans, hit.passages) == (wanted, 0, (), ())
    (hit,) = search(engine, "ferry").hits
    assert (hit.document, hit.matches) == (None, 3)
    assert search(engine, "ferry").matches is None


@pytest.fixture
def ferries(engine: Engine) -> Engine:
    load(
        engine,
        article("c", "The old ferry sank. Every ferry sails.", title="Third", date="2021", authors=("Zoë Abel",)),
        article("a", "A small ferry, a Big ferry.", title="First", date="2019-03", authors=("Bo Miller",)),
        article("b", "Ferry of the night", title="The big ferry", date="2020"),
    )
    return engine


def test_lines_follow_the_order_of_the_search(ferries: Engine) -> None:
    found = lines(ferries, "ferry", sort=Sort.NEWEST)
    assert texts(found) == [
        "The old [ferry] sank. Every ferry sails.",
        "The old ferry sank. Every [ferry] sails.",
        "The big [ferry]",
        "[Ferry] of the night",
        "A small [ferry], a Big ferry.",
        "A small ferry, a Big [ferry].",
    ]
    assert [(line.mark.article_id, line.mark.number) for line in found.lines][2:4] == [("b", 1), ("b", 2)]


ORDERS = {
    Arrangement.L1: ["", "big", "big", "every", "old", "small"],
    Arrangement.L2: ["", "a", "a", "sank", "the", "the"],
    Arrangement.R1: ["", "", "a", "of", "sails", "sank"],
    Arrangement.AUTHOR: ["a", "a", "c", "c", "b", "b"],
    Arrangement.DATE: ["a", "a", "b", "b", "c", "c"],
    Arrangement.ARTICLE: ["a", "a", "b", "b", "c", "c"],
}


@pytest.mark.parametrize("arrangement", ORDERS)
def test_lines_are_arranged(ferries: Engine, arrangement: Arrangement) -> None:
    found = lines(ferries, "ferry", arrangement=arrangement)
    if arrangement in (Arrangement.L1, Arrangement.L2):
        place = int(arrangement[1])
        kept = [[*line.before.replace(".", "").replace(",", "").casefold().split()] for line in found.lines]
        shown = [words[-place] if len(words) >= place else "" for words in kept]
    elif arrangement is Arrangement.R1:
        shown = [(line.after.casefold().replace(".", "").replace(",", "").split() or [""])[0] for line in found.lines]
    else:
        shown = [line.mark.article_id for line in found.lines]
    assert shown == ORDERS[arrangement]
    assert (found.total, found.listed) == (6, 6)


def test_the_most_frequent_neighbour_comes_first(ferries: Engine) -> None:
    found = lines(ferries, "ferry", arrangement=Arrangement.L1, frequent=True)
    assert [line.before.split()[-1].casefold() for line in found.lines[:2]] == ["big", "big"]


def test_pages_of_lines_are_parts_of_all_lines(ferries: Engine) -> None:
    cache = ConcordanceCache()
    everything = lines(ferries, "ferry").lines
    for arrangement in (Arrangement.SEARCH, Arrangement.L1):
        everything = lines(ferries, "ferry", arrangement=arrangement).lines
        for start in (4, 0, 2, 5, 6, 90):
            request = LinesRequest(
                Request(tree("ferry"), deadline=60.0), arrangement, start=start, stop=start + 2, seconds=60.0
            )
            found = concordance(ferries, request, cache)
            assert found.lines == everything[start : start + 2]
            assert found.listed in (None, 6)


def test_a_sample_is_the_same_for_the_same_seed(ferries: Engine) -> None:
    samples = {
        seed: lines(ferries, "ferry", sample=3, seed=seed, sort=sort).lines
        for seed in range(6)
        for sort in (Sort.NEWEST, Sort.OLDEST)
    }
    for seed, sample in samples.items():
        assert [line.mark for line in sample] == [
            line.mark for line in lines(ferries, "ferry", sample=3, seed=seed).lines
        ]
    assert len({tuple(line.mark for line in sample) for sample in samples.values()}) > 1
    whole = lines(ferries, "ferry", sample=50)
    assert (len(whole.lines), whole.listed, whole.lines_read) == (6, 6, 6)


def test_bounds_are_said(ferries: Engine) -> None:
    found = lines(ferries, "ferry", arrangement=Arrangement.L1, most=3)
    assert (len(found.lines), found.listed, found.lines_read, found.articles_read) == (3, 3, 3, 2)
    assert (found.articles, found.is_partial) == (3, True)
    part = lines(ferries, "ferry", stop=1)
    assert (len(part.lines), part.articles_read < 3) == (1, True)


@pytest.mark.parametrize("query", ["", "date:2019", "author:miller", "-ferry"])
def test_a_search_without_words_in_texts_has_no_lines(ferries: Engine, query: str) -> None:
    found = lines(ferries, query)
    assert (found.lines, found.total, found.listed) == ((), 0, 0)
    assert found.articles == search(ferries, query).total


def test_lines_of_a_relaxed_search_are_the_words_that_are_there(engine: Engine) -> None:
    load(engine, article("a", "The ferry and the bell."), article("b", "A ferry."), article("c", "Nothing."))
    found = lines(engine, "ferry bell zeppelin", relax=True)
    assert found.relaxed is not None
    assert texts(found) == ["The [ferry] and the bell.", "The ferry and the [bell]."]
    assert found.total == sum(hit.matches for hit in search(engine, "ferry bell zeppelin", relax=True).hits)


def test_of_a_long_article_the_beginning_is_read_and_that_is_said(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_table, "MAX_COST", 40)
    load(engine, article("long", "The ferry of the night sails on. " * 2 + "A harbour.", title="Title"))
    for asked in ({}, {"arrangement": Arrangement.L1}, {"sample": 5}):
        found = lines(engine, "ferry harbour", **asked)
        assert (len(found.lines), found.cut) == (1, 1)
