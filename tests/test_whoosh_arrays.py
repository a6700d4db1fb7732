"""The array operations of the Whoosh engine against plain Python: facets, orders, places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.engine import FacetValue
from index.engines.whoosh import positional
from index.engines.whoosh.faceting import FacetTable, facet_table, ranges, year_table
from index.engines.whoosh.gathering import POSITION_BITS, Run
from index.engines.whoosh.ordering import Column, Names, Values, first_documents
from index.engines.whoosh.positional import distinct, documents_of, follows, near, union
from index.engines.whoosh.segments import FacetColumn
from index.engines.whoosh.selection import Selection
from index.engines.whoosh.terms import TermDictionary

Rows = list[list[str]]

names = st.sampled_from([f"name {number}" for number in range(30)])
rows = st.lists(st.lists(names, max_size=5, unique=True), min_size=1, max_size=40)
segments = st.lists(rows, min_size=1, max_size=3)


def column(rows: Rows) -> FacetColumn:
    values = sorted({value for row in rows for value in row})
    ordinals = [number for row in rows for number in sorted(map(values.index, row))]
    starts = np.cumsum([0, *map(len, rows)]).astype(np.uint32)
    return FacetColumn(TermDictionary.of(values), starts, np.array(ordinals, np.uint32))


def table(segments: Sequence[Rows], live: Sequence[int]) -> FacetTable:
    return facet_table([column(rows) for rows in segments], selection(live, sum(map(len, segments))))


def selection(documents: Sequence[int], size: int) -> Selection:
    return Selection(np.array(documents, np.intp), size)


@settings(max_examples=40, deadline=None)
@given(segments, st.data())
def test_facets_count_every_value_once_a_document(segments: Sequence[Rows], data: st.DataObject) -> None:
    flat = [row for rows in segments for row in rows]
    live = sorted(data.draw(st.sets(st.sampled_from(range(len(flat))))))
    chosen = sorted(data.draw(st.sets(st.sampled_from(live)))) if live else []
    size = data.draw(st.sampled_from((None, 0, 1, 3, 10)))
    made = table(segments, live)
    counts = Counter(value for number in chosen for value in flat[number])
    facet = made.largest("author", made.counts(selection(chosen, len(flat))), size)
    expected = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:size]
    assert facet.values == tuple(FacetValue(*item) for item in expected)
    assert facet.total == len(counts)


@settings(max_examples=40, deadline=None)
@given(segments, st.lists(st.one_of(names, st.just("nobody")), max_size=3))
def test_facet_masks_hold_the_documents_with_any_of_the_values(segments: Sequence[Rows], chosen: list[str]) -> None:
    flat = [row for rows in segments for row in rows]
    mask = table(segments, range(len(flat))).mask(chosen)
    assert mask.tolist() == [not set(row).isdisjoint(chosen) for row in flat]


def test_years_come_latest_first_and_leave_out_the_undated() -> None:
    years = np.array([2019, 0, 2021, 2019, 987], np.int32)
    made = year_table(years, selection(range(5), 5))
    facet = made.latest("year", made.counts(made.live), 2)
    assert facet.values == (FacetValue("2021", 1), FacetValue("2019", 2))
    assert facet.total == 3
    assert made.latest("year", made.counts(selection([1], 5)), None).values == ()


def test_ranges_of_narrow_lengths_do_not_overflow() -> None:
    assert ranges(np.array([5, 300, 7]), np.array([2, 200, 0], np.uint8)).tolist() == [5, 6, *range(300, 500)]


@dataclass(frozen=True)
class Part:
    """What `Names` needs of a segment."""

    base: int
    keys: list[str]

    @property
    def size(self) -> int:
        return len(self.keys)

    @property
    def names(self) -> TermDictionary:
        return TermDictionary.of(sorted(set(self.keys)))

    @property
    def order(self) -> np.ndarray:
        return np.array([sorted(set(self.keys)).index(key) for key in self.keys], np.uint32)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 3), names), min_size=1, max_size=15), min_size=1, max_size=3), st.data()
)
def test_first_documents_are_those_of_a_full_sort(parts: list[list[tuple[int, str]]], data: st.DataObject) -> None:
    flat = [row for part in parts for row in part]
    bases = np.cumsum([0, *map(len, parts)]).tolist()
    made = [Part(base, [name for _, name in part]) for base, part in zip(bases, parts, strict=False)]
    documents = np.array(sorted(data.draw(st.sets(st.sampled_from(range(len(flat)))))), np.intp)
    wanted = data.draw(st.integers(1, 12))
    numbers = np.array([number for number, _ in flat])
    by_name = Names(made, lambda part: part.order, lambda part: part.names)  # type: ignore[arg-type]
    last = Column(np.arange(len(flat)))
    by_number = Values(documents, numbers[documents])
    expected = sorted(documents.tolist(), key=lambda n: (*flat[n], n))[:wanted]
    assert first_documents(documents, [by_number, by_name, last], wanted).tolist() == expected
    expected = sorted(documents.tolist(), key=lambda n: (flat[n][1], flat[n][0], n))[:wanted]
    assert first_documents(documents, [by_name, by_number, last], wanted).tolist() == expected


texts = st.lists(st.lists(st.sampled_from("abc"), max_size=8), min_size=1, max_size=5)


def places(texts: list[list[str]], word: str) -> np.ndarray:
    found = [
        document << POSITION_BITS | at for document, text in enumerate(texts) for at, w in enumerate(text) if w == word
    ]
    return np.array(found, np.int64)


@settings(max_examples=40, deadline=None)
@given(texts, st.lists(st.sampled_from("abcd"), min_size=1, max_size=3))
def test_phrases_begin_where_the_words_stand_in_order(texts: list[list[str]], phrase: list[str]) -> None:
    found = places(texts, phrase[0])
    for offset, word in enumerate(phrase[1:], 1):
        found = found[follows(found, places(texts, word), offset, offset)]
    expected = [
        document << POSITION_BITS | at
        for document, text in enumerate(texts)
        for at in range(len(text))
        if text[at : at + len(phrase)] == phrase
    ]
    assert found.tolist() == expected
    run = documents_of(found)
    assert dict(zip(run.documents.tolist(), run.frequencies.tolist(), strict=True)) == Counter(
        place >> POSITION_BITS for place in expected
    )


@settings(max_examples=40, deadline=None)
@given(texts, st.sets(st.sampled_from("abcd"), min_size=1), st.integers(0, 5))
def test_words_within_a_distance(texts: list[list[str]], words: set[str], reach: int) -> None:
    found = near([places(texts, word) for word in sorted(words)], reach)
    expected = [
        document << POSITION_BITS | at
        for document, text in enumerate(texts)
        for at in range(len(text))
        if text[at] in words and words <= set(text[at : at + reach + 1])
    ]
    assert found.tolist() == expected


def test_places_of_the_next_document_do_not_follow() -> None:
    starts = np.array([1 << POSITION_BITS, (1 << POSITION_BITS) + 9], np.int64)
    assert follows(starts, np.array([2 << POSITION_BITS], np.int64), 0, 999).tolist() == [False, False]
    assert follows(starts, np.empty(0, np.int64), 0, 999).tolist() == [False, False]
    assert union([np.array([1, 3]), np.array([1, 2])]).tolist() == [1, 2, 3]
    assert distinct(np.array([4, 4, 7])).tolist() == [4, 7]


@settings(max_examples=100, deadline=None)
@given(
    texts,
    st.integers(-3, 3),
    st.integers(0, 5),
    st.fixed_dictionaries(
        {"_BYTES": st.integers(1, 40), "_DOCUMENTS": st.integers(1, 3), "_THIN": st.sampled_from([1, 1_000])}
    ),
)
def test_places_looked_for_by_bytes_are_those_of_a_bisection(
    texts: list[list[str]], least: int, more: int, bounds: dict[str, int]
) -> None:
    starts, there = places(texts, "a"), places(texts, "b")
    bisected = follows(starts, there, least, least + more).tolist()
    assert bisected == [any(least <= other - start <= least + more for other in there) for start in starts]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"_MANY": 0, **bounds}.items():
            patch.setattr(positional, name, value)
        assert follows(starts, there, least, least + more).tolist() == bisected


@pytest.mark.parametrize("ascending", [True, False])
@settings(max_examples=40, deadline=None)
@given(found=st.sets(st.integers(0, 99), max_size=60), asked=st.sets(st.integers(0, 99), max_size=60))
def test_runs_add_to_the_documents_asked_for(ascending: bool, found: set[int], asked: set[int]) -> None:
    listed = sorted(found) if ascending else [*sorted(found), *sorted(found)]
    run = Run(np.array(listed, np.intp), np.array([n % 5 + 1 for n in listed], np.uint8), ascending=ascending)
    documents = np.array(sorted(asked), np.intp)
    sums = np.zeros(len(documents))
    run.add_to(sums, documents, 100, 0.5)
    times = 1 if ascending else 2
    assert sums.tolist() == [0.5 * times * (n % 5 + 1) if n in found else 0.0 for n in sorted(asked)]
