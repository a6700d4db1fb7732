"""Counts by year, month and decade: each is the total of the search for that period."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from long_runs import examples

from backfile.archive.model import PartialDate
from backfile.index.engine import Changes, Document, Engine, Filters, Request
from backfile.index.periods import Period, PeriodCounts
from backfile.index.query import Node, Word
from contract.generated import documents, filters, queries, words
from contract.library import ENGINES, article, fingerprint, fresh_engine, load, search

NO_OCCURRENCES = "OpenSearch tells frequencies one document at a time only: `matches` and `words` are None"
DATES = (
    "2019", "2019-03", "2019-03-14", "2019-12-31", "2020-01-01", "2020-02-29", "2018-12", "1969-12-31", "1970-01-01",
    "1899", "1900-02-28", "0001", "0001-01-01", "0009-12-31", "0010", "9999", "9999-12-31", "9999-12", "1582-10-10",
    None,
)  # fmt: skip
LIBRARY = [
    article(f"{number:02}", "ferry " * (1 + number % 3) + "train" * (number % 2), title="Night ferry", date=date)
    for number, date in enumerate(DATES)
]
PERIODS = tuple(Period)


def fill(engine: Engine) -> None:
    load(engine, *LIBRARY)


def counts_of(engine: Engine, query: str | Node, period: Period, **request: object) -> PeriodCounts:
    counts = search(engine, query, periods=period, **request).periods
    assert counts is not None
    return counts


def total_of(engine: Engine, query: str | Node, narrowed: Filters, period: Period, number: int) -> int:
    """Total of the search for one period, as a point of the chart links to it."""
    first, last = (PartialDate.parse(text) for text in period.texts(number))
    span = (max(filter(None, (narrowed.first, first.first))), min(filter(None, (narrowed.last, last.last))))
    return search(engine, query, filters=Filters(narrowed.authors, narrowed.topics, *span), per_page=1).total


def test_years_months_and_decades(shared: Engine) -> None:
    years = counts_of(shared, "ferry", Period.YEAR)
    assert dict(years.articles) == {
        1: 2, 9: 1, 10: 1, 1582: 1, 1899: 1, 1900: 1, 1969: 1, 1970: 1, 2018: 1, 2019: 4, 2020: 2, 9999: 3,
    }  # fmt: skip
    assert (years.undated, years.vague) == (1, 0)
    decades = counts_of(shared, "ferry", Period.DECADE)
    assert dict(decades.articles) == {
        0: 3, 1: 1, 158: 1, 189: 1, 190: 1, 196: 1, 197: 1, 201: 5, 202: 2, 999: 3,
    }  # fmt: skip
    months = counts_of(shared, "ferry", Period.MONTH)
    assert {number: count for number, count in months.articles.items() if 2018 * 12 <= number < 2021 * 12} == {
        2018 * 12 + 11: 1, **{2019 * 12 + month: 1 for month in range(12)}, 2019 * 12 + 2: 3, 2019 * 12 + 11: 2,
        2020 * 12: 1, 2020 * 12 + 1: 1,
    }  # fmt: skip
    assert (months.undated, months.vague) == (1, 5)


def test_a_search_without_periods_has_none(shared: Engine) -> None:
    assert search(shared, "ferry").periods is None


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(
    "narrowed",
    [Filters(), Filters(first=date(2019, 6, 15)), Filters(last=date(2019, 3, 14)), Filters(first=date(10, 1, 1))],
)
def test_every_count_is_the_total_of_the_search_for_its_period(
    shared: Engine, period: Period, narrowed: Filters
) -> None:
    counts = counts_of(shared, "ferry", period, filters=narrowed)
    assert counts.articles
    numbers = sorted(counts.articles)[:12] + sorted(counts.articles)[-6:]
    for number in {near for each in numbers for near in (each, each + 1)}:
        if number in period.bounds(narrowed.first, narrowed.last):
            assert total_of(shared, "ferry", narrowed, period, number) == counts.articles.get(number, 0)


def test_dates_outside_of_the_filter_are_no_periods(shared: Engine) -> None:
    half = counts_of(shared, "ferry", Period.MONTH, filters=Filters(first=date(2019, 10, 2), last=date(2019, 12, 31)))
    assert dict(half.articles) == {2019 * 12 + 9: 1, 2019 * 12 + 10: 1, 2019 * 12 + 11: 2}
    assert (half.undated, half.vague) == (0, 1)


def test_undated_articles_are_those_without_any_date(shared: Engine) -> None:
    undated = search(shared, "ferry -date:0001..9999")
    assert undated.total == counts_of(shared, "ferry", Period.YEAR).undated == 1
    assert undated.hits[0].metadata.date is None


def test_an_empty_index_and_a_search_without_hits_have_no_periods(engine: Engine) -> None:
    assert counts_of(engine, "ferry", Period.YEAR) == PeriodCounts(Period.YEAR)
    load(engine, *LIBRARY)
    assert dict(counts_of(engine, "nowhere", Period.MONTH).articles) == {}
    load(engine, article("only", "raft"))
    raft = counts_of(engine, "raft", Period.DECADE)
    assert (dict(raft.articles), raft.undated) == ({}, 1)


def test_deleted_articles_are_not_counted(engine: Engine) -> None:
    load(engine, article("a", "ferry", date="2019"), article("b", "ferry", date="2019-03"))
    load(engine, article("a", "ferry ferry", date="2020-07"), drop=["b"])
    counts = counts_of(engine, "ferry", Period.MONTH, occurrences=True)
    assert (dict(counts.articles), counts.vague) == ({2020 * 12 + 6: 1}, 0)
    assert counts.matches in (None, {2020 * 12 + 6: 2})


def test_months_begin_and_end_where_the_calendar_says(engine: Engine) -> None:
    edges = (
        "2019-01-31",
        "2019-02-01",
        "2019-02-28",
        "2019-03-01",
        "2019-03-31",
        "2020-02-29",
        "2020-03-01",
        "1900-02-28",
    )
    load(engine, *[article(f"{number}", "ferry", date=edge) for number, edge in enumerate(edges)])
    found = counts_of(engine, "ferry", Period.MONTH).articles
    assert {Period.MONTH.label(number): count for number, count in sorted(found.items())} == {
        "1900-02": 1, "2019-01": 1, "2019-02": 2, "2019-03": 2, "2020-02": 1, "2020-03": 1,
    }  # fmt: skip


@pytest.fixture(params=ENGINES)
def counting(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty engine that counts occurrences."""
    if request.param == "opensearch":
        pytest.skip(NO_OCCURRENCES)
    with fresh_engine(request.param, tmp_path / "index") as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ferry", 4),  # the plural belongs to the family
        ("=ferry", 3),
        ("title:ferry", 1),
        ("author:ferry", 0),  # a name is no text
        ('"night ferry"', 1),
        ("night ferry", 6),
        ("the ferry", 4),  # a small word is not marked
        ('"the ferry"', 1),
        ("ferr*", 4),
        ("ferry -train", 4),
        ("boat OR ferry", 4),
        ("(ferry boat) OR night", 2),  # of the first group one word is missing
        ("-train", 0),
        ("", 0),
    ],
)
def test_matches_are_the_highlights(counting: Engine, query: str, expected: int) -> None:
    load(
        counting,
        article(
            "a", "The ferry and ferries by night.\nA ferry.", title="Night ferry", authors=("Ann Ferry",), date="2019"
        ),
        article("b", "A train.", date="2019"),
    )
    page = search(counting, query, periods=Period.YEAR, occurrences=True)
    assert page.periods
    assert page.periods.matches == ({2019: expected} if expected else {})
    assert sum(hit.matches for hit in page.hits) == expected


def test_matches_of_alternatives_are_the_sum_of_theirs(counting: Engine) -> None:
    load(counting, article("a", "der die das der", date="1800"), article("b", "die", date="1800"))
    single = [counts_of(counting, word, Period.YEAR, occurrences=True).matches for word in ("der", "die")]
    assert single == [{1800: 2}, {1800: 2}]
    assert counts_of(counting, "der OR die", Period.YEAR, occurrences=True).matches == {1800: 4}
    assert counts_of(counting, '"der die"', Period.YEAR, occurrences=True).matches == {1800: 1}


def test_words_are_the_lengths_of_title_summary_and_text(counting: Engine) -> None:
    load(
        counting,
        article("a", "The ferry, e-mail 手機", title="Night ferry", summary="Two words", authors=("Ann",), date="2019"),
    )
    assert counts_of(counting, "ferry", Period.YEAR, occurrences=True).words == {2019: 2 + 2 + 2 + 2 + 2}


@settings(max_examples=examples(240), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(documents(), min_size=1, max_size=8),
    st.lists(st.tuples(queries, st.one_of(st.just(Filters()), filters)), min_size=1, max_size=4),
    st.sampled_from([("en",), ("en", "fr"), ()]),
)
def test_counts_are_those_of_the_oracle_and_of_the_searches(
    library: list[Document], questions: list[tuple[Node, Filters]], languages: tuple[str, ...]
) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        naive, other = (stack.enter_context(fresh_engine(name, folder / name)) for name in ("memory", "whoosh"))
        for engine in (naive, other):
            engine.write(Changes([(each, fingerprint(each)) for each in library], languages=languages))
        for (query, narrowed), period in product(questions, PERIODS):
            request = Request(query, narrowed, periods=period, occurrences=True, deadline=60)
            counts = other.search(request).periods
            assert counts
            assert counts == naive.search(request).periods
            for number in list(counts.articles)[:3]:
                assert total_of(other, query, narrowed, period, number) == counts.articles[number]


@settings(max_examples=examples(240), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(documents(), min_size=1, max_size=8), words)
def test_matches_of_one_word_are_the_marks_of_its_hits(library: list[Document], word: Word) -> None:
    with TemporaryDirectory() as folder, fresh_engine("whoosh", Path(folder)) as engine:
        engine.write(Changes([(each, fingerprint(each)) for each in library]))
        page = engine.search(Request(word, periods=Period.DECADE, occurrences=True, deadline=60, per_page=20))
        dated = sum(hit.matches for hit in page.hits if hit.metadata.date)
        assert page.periods
        assert sum((page.periods.matches or {}).values()) == dated
