"""Array operations of the Whoosh engine against plain Python: facets, top documents, positions, postings."""

from __future__ import annotations

import gc
import tempfile
import weakref
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Day
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.archive.model import ArticleMetadata
from backfile.index.engine import Changes, Document, FacetValue, Filters, Fingerprint, Request, Sort
from backfile.index.engines.whoosh.search.doc_set import DocList, DocRange, DocSet, expand_ranges, intersect
from backfile.index.engines.whoosh.search.facets import FacetTable, facet_table, year_table
from backfile.index.engines.whoosh.search.phrases import phrase_postings
from backfile.index.engines.whoosh.search.positions import (
    POSITION_BITS,
    count_by_doc,
    drop_duplicates,
    has_within,
    merge_sorted,
)
from backfile.index.engines.whoosh.search.posting_lists import (
    DENSE_RATIO,
    DensePostings,
    SparsePostings,
    choose_layout,
)
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.term_weight import TermWeight
from backfile.index.engines.whoosh.search.top_docs import column_key, known_key, select_top, smallest, string_key
from backfile.index.engines.whoosh.storage.field_postings import PackedArray, PackedSlice
from backfile.index.engines.whoosh.storage.segment import FacetColumn
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary
from backfile.index.engines.whoosh.whoosh_engine import WhooshEngine
from backfile.index.fields import DEFAULT_FIELDS
from backfile.index.query import Phrase, Word, parse

Rows = list[list[str]]

names = st.sampled_from([f"name {number}" for number in range(30)])
rows = st.lists(st.lists(names, max_size=5, unique=True), min_size=1, max_size=40)
segments = st.lists(rows, min_size=1, max_size=3)


def facet_column(rows: Rows) -> FacetColumn:
    """Facet column of documents with these values."""
    values = sorted({value for row in rows for value in row})
    ordinals = [ordinal for row in rows for ordinal in sorted(map(values.index, row))]
    starts = np.cumsum([0, *map(len, rows)]).astype(np.uint32)
    return FacetColumn(TermDictionary.of(values), starts, np.array(ordinals, np.uint32))


def table_of(segments: Sequence[Rows], live: Sequence[int]) -> FacetTable:
    """Facet table of some segments, in which the documents `live` are not deleted."""
    return facet_table([facet_column(rows) for rows in segments], doc_set(live, sum(map(len, segments))))


def doc_set(doc_ids: Sequence[int], size: int) -> DocSet:
    """Document set of ascending doc ids."""
    return DocSet(np.array(doc_ids, np.intp), size)


@settings(max_examples=40, deadline=None)
@given(segments, st.data())
def test_facets_count_every_value_once_a_document(segments: Sequence[Rows], data: st.DataObject) -> None:
    flat = [row for rows in segments for row in rows]
    live = sorted(data.draw(st.sets(st.sampled_from(range(len(flat))))))
    matches = sorted(data.draw(st.sets(st.sampled_from(live)))) if live else []
    size = data.draw(st.sampled_from((None, 0, 1, 3, 10)))
    table = table_of(segments, live)
    counts = Counter(value for doc_id in matches for value in flat[doc_id])
    facet = table.largest("author", table.count(doc_set(matches, len(flat))), size)
    expected = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:size]
    assert facet.values == tuple(FacetValue(*item) for item in expected)
    assert facet.total == len(counts)


@settings(max_examples=40, deadline=None)
@given(segments, st.lists(st.one_of(names, st.just("nobody")), max_size=3))
def test_facet_masks_hold_the_documents_with_any_of_the_values(segments: Sequence[Rows], chosen: list[str]) -> None:
    flat = [row for rows in segments for row in rows]
    mask = table_of(segments, range(len(flat))).mask(chosen)
    assert mask.tolist() == [not set(row).isdisjoint(chosen) for row in flat]


@settings(max_examples=40, deadline=None)
@given(segments, st.data())
def test_values_with_equal_keys_are_counted_as_one(segments: Sequence[Rows], data: st.DataObject) -> None:
    def key(value: str) -> str:
        return value[-1]

    flat = [row for rows in segments for row in rows]
    live = sorted(data.draw(st.sets(st.sampled_from(range(len(flat))))))
    table = facet_table([facet_column(rows) for rows in segments], doc_set(live, len(flat)), key)
    spellings = Counter(value for doc_id in live for value in flat[doc_id])
    shown: dict[str, str] = {}
    for value in sorted(spellings, key=lambda value: (-spellings[value], value)):
        shown.setdefault(key(value), value)
    counts = Counter(shown[each] for doc_id in live for each in set(map(key, flat[doc_id])))
    facet = table.largest("author", table.count(table.live_docs), None)
    assert facet.values == tuple(FacetValue(*item) for item in sorted(counts.items(), key=lambda i: (-i[1], i[0])))
    assert table.mask(["x 3"]).tolist() == ["3" in map(key, row) for row in flat]


def test_years_come_latest_first_and_leave_out_undated_documents() -> None:
    table = year_table(np.array([2019, 0, 2021, 2019, 987], np.int32), doc_set(range(5), 5))
    facet = table.latest("year", table.count(table.live_docs), 2)
    assert facet.values == (FacetValue("2021", 1), FacetValue("2019", 2))
    assert facet.total == 3
    assert table.latest("year", table.count(doc_set([1], 5)), None).values == ()


def test_ranges_of_narrow_lengths_do_not_overflow() -> None:
    expanded = expand_ranges(np.array([5, 300, 7]), np.array([2, 200, 0], np.uint8))
    assert expanded.tolist() == [5, 6, *range(300, 500)]


@dataclass(frozen=True)
class SegmentStrings:
    """Part of a segment that `string_key` uses."""

    base: int
    strings: list[str]

    @property
    def size(self) -> int:
        return len(self.strings)

    @property
    def dictionary(self) -> TermDictionary:
        return TermDictionary.of(sorted(set(self.strings)))

    @property
    def ordinals(self) -> np.ndarray:
        return np.array([sorted(set(self.strings)).index(string) for string in self.strings], np.uint32)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.tuples(st.integers(0, 3), names), min_size=1, max_size=15), min_size=1, max_size=3), st.data()
)
def test_top_documents_are_the_first_of_a_full_sort(parts: list[list[tuple[int, str]]], data: st.DataObject) -> None:
    flat = [row for part in parts for row in part]
    bases = np.cumsum([0, *map(len, parts)]).tolist()
    made = [SegmentStrings(base, [name for _, name in part]) for base, part in zip(bases, parts, strict=False)]
    doc_ids = np.array(sorted(data.draw(st.sets(st.sampled_from(range(len(flat)))))), np.intp)
    wanted = data.draw(st.integers(1, 12))
    numbers = np.array([number for number, _ in flat])
    by_name = string_key(made, lambda part: part.ordinals, lambda part: part.dictionary)  # type: ignore[arg-type,attr-defined]
    by_doc_id = column_key(np.arange(len(flat)))
    by_number = known_key(doc_ids, numbers[doc_ids])
    expected = sorted(doc_ids.tolist(), key=lambda n: (*flat[n], n))[:wanted]
    assert select_top(doc_ids, [by_number, by_name, by_doc_id], wanted).tolist() == expected
    expected = sorted(doc_ids.tolist(), key=lambda n: (flat[n][1], flat[n][0], n))[:wanted]
    assert select_top(doc_ids, [by_name, by_number, by_doc_id], wanted).tolist() == expected


texts = st.lists(st.lists(st.sampled_from("abc"), max_size=8), min_size=1, max_size=5)


def packed_positions(texts: list[list[str]], word: str) -> np.ndarray:
    """Packed positions of a word in some documents."""
    found = [
        doc_id << POSITION_BITS | position
        for doc_id, text in enumerate(texts)
        for position, other in enumerate(text)
        if other == word
    ]
    return np.array(found, np.int64)


def searcher_of(folder: Path, texts: Sequence[Sequence[str]], commits: int = 1) -> Searcher:
    """Searcher over documents with these words, written in some commits."""
    engine = WhooshEngine(folder)
    documents = [Document(f"{n:03}", "a.md", ArticleMetadata("x"), " ".join(words)) for n, words in enumerate(texts)]
    for first in range(commits):
        engine.write(Changes(put=[(document, Fingerprint(0, 0, "")) for document in documents[first::commits]]))
    return engine.searcher()


def phrase_frequencies(searcher: Searcher, phrase: Phrase) -> dict[int, int]:
    """Frequency of a phrase in the text of each matching document of `searcher_of`."""
    postings = phrase_postings(searcher, "text", phrase)
    found = zip(postings.doc_ids.tolist(), postings.frequencies.tolist(), strict=True)
    return {int(searcher.document(doc_id).id): count for doc_id, count in found}


@settings(max_examples=25, deadline=None)
@given(
    texts,
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=3),
    st.sampled_from((None, 0, 1, 5)),
    st.integers(1, 2),
)
def test_phrases_begin_where_their_words_stand(
    texts: list[list[str]], phrase: list[str], within: int | None, commits: int
) -> None:
    def begins(text: list[str], at: int) -> bool:
        if within is None:
            return text[at : at + len(phrase)] == phrase
        return text[at] in phrase and set(phrase) <= set(text[at : at + within + 1])

    with tempfile.TemporaryDirectory() as folder:
        found = phrase_frequencies(searcher_of(Path(folder), texts, commits), Phrase(" ".join(phrase), within))
    expected = {n: sum(begins(text, at) for at in range(len(text))) for n, text in enumerate(texts)}
    assert found == {n: count for n, count in expected.items() if count}


def test_phrases_match_positions_that_need_more_than_two_bytes(tmp_path: Path) -> None:
    searcher = searcher_of(tmp_path, [["b", "a", "b"], ["a"] * 70_000 + ["b", "a", "b"], ["c", "b", "a"]])
    assert phrase_frequencies(searcher, Phrase("a b")) == {0: 1, 1: 2}
    assert phrase_frequencies(searcher, Phrase("b a")) == {0: 1, 1: 1, 2: 1}
    assert phrase_frequencies(searcher, Phrase("c a", 2)) == {2: 1}


def test_phrases_with_many_positions_are_matched_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backfile.index.engines.whoosh.search.positions._CHUNK", 3)
    searcher = searcher_of(tmp_path, [list("abababcab")] * 4)
    assert phrase_frequencies(searcher, Phrase("a b")) == dict.fromkeys(range(4), 4)
    assert phrase_frequencies(searcher, Phrase("b c a b")) == dict.fromkeys(range(4), 1)


@settings(max_examples=40, deadline=None)
@given(texts, st.integers(-3, 3), st.integers(0, 5))
def test_positions_within_a_distance(texts: list[list[str]], least: int, more: int) -> None:
    positions, others = packed_positions(texts, "a"), packed_positions(texts, "b")
    expected = [any(least <= other - position <= least + more for other in others) for position in positions]
    assert has_within(positions, others, least, least + more).tolist() == expected


def test_positions_of_the_next_document_are_not_within_a_distance() -> None:
    positions = np.array([1 << POSITION_BITS, (1 << POSITION_BITS) + 9], np.int64)
    assert has_within(positions, np.array([2 << POSITION_BITS], np.int64), 0, 999).tolist() == [False, False]
    assert has_within(positions, np.empty(0, np.int64), 0, 999).tolist() == [False, False]


def test_sorted_positions_are_merged_and_counted_by_document() -> None:
    assert merge_sorted([np.array([1, 3]), np.array([1, 2])]).tolist() == [1, 2, 3]
    assert drop_duplicates(np.array([4, 4, 7])).tolist() == [4, 7]
    postings = count_by_doc(np.array([4, 4 << POSITION_BITS, (4 << POSITION_BITS) + 7], np.int64))
    assert (postings.doc_ids.tolist(), postings.frequencies.tolist()) == ([0, 4], [1, 2])


id_sets = st.sets(st.integers(0, 299), max_size=60)


@settings(max_examples=60, deadline=None)
@given(id_sets, id_sets, st.integers(1, 40))
def test_intersection_of_doc_ids(one: set[int], other: set[int], ratio: int) -> None:
    first, second = (np.array(sorted(found), np.uint32) for found in (one, other))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backfile.index.engines.whoosh.search.doc_set.BISECTION_RATIO", ratio)
        in_first, in_second = intersect(first, second, 300)
    assert first.take(in_first).tolist() == second.take(in_second).tolist() == sorted(one & other)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([3, 200, 65_535, 65_536, 70_000, 200_000]), unique=True, min_size=1).map(sorted),
    st.sets(st.sampled_from([0, 3, 200, 65_536, 65_539, 70_000, 200_000, 300_000])),
    st.data(),
)
def test_packed_arrays_are_searched_and_read_in_place(values: list[int], others: set[int], data: st.DataObject) -> None:
    changes = [n for n in range(len(values)) if n == 0 or values[n] >> 16 != values[n - 1] >> 16]
    high = [values[n] >> 16 for n in changes]
    low = np.array([value & 0xFFFF for value in values], np.uint16)
    packed = PackedArray(low, np.array(changes, np.uint32), np.array(high, np.uint32))
    start = data.draw(st.integers(0, len(values) - 1))
    stop = data.draw(st.integers(start + 1, len(values)))
    own, wanted = values[start:stop], sorted(others)
    found, places = packed.find(start, stop, np.array(wanted, np.uint32))
    assert [wanted[n] for n in found] == [own[n] for n in places] == sorted(set(own) & others)
    assert packed.wide(start, stop).tolist() == own
    indexes = data.draw(st.lists(st.integers(0, len(own) - 1)))
    assert PackedSlice(packed, start, stop).take(np.array(indexes, np.intp)).tolist() == [own[n] for n in indexes]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 99), max_size=60), st.sets(st.integers(0, 99), max_size=60))
def test_sparse_and_dense_postings_agree(found: list[int], batch: set[int]) -> None:
    counts = {doc_id: sum(n % 5 + 1 for n in found if n == doc_id) for doc_id in found}
    sparse = SparsePostings.summed(np.array(found, np.intp), np.array([n % 5 + 1 for n in found], np.uint8))
    column = np.zeros(100, np.uint8)
    column[sparse.doc_ids] = sparse.frequencies
    doc_ids = np.array(sorted(batch), np.intp)
    norms = np.arange(100) / 8
    for postings in (sparse, DensePostings(column, len(found))):
        assert postings.list_doc_ids().tolist() == sorted(counts)
        assert postings.contains(doc_ids).tolist() == [n in counts for n in sorted(batch)]
        mask = np.zeros(100, np.bool_)
        postings.mark(mask)
        assert np.flatnonzero(mask).tolist() == sorted(counts)
        for docs, chosen in ((DocList(doc_ids), sorted(batch)), (DocRange(20, 60), range(20, 60))):
            totals = np.ones(len(docs))
            postings.add_weighted(totals, docs, norms, 0.5)
            assert totals.tolist() == [1 + 0.5 * n / 8 * counts.get(n, 0) for n in chosen]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 700), st.integers(1, 12), st.integers(0, 2**32 - 1), st.booleans())
def test_the_smallest_of_many_numbers(size: int, count: int, seed: int, ties: bool) -> None:
    drawn = np.random.default_rng(seed).integers(0, 3 if ties else 10_000, max(size * 8, count))
    assert smallest(drawn, count) == np.sort(drawn)[count - 1]


def test_long_posting_lists_become_dense() -> None:
    sparse = SparsePostings(np.array([1, 7], np.intp), np.array([3, 300], np.uint32))
    assert choose_layout(sparse, 2 * DENSE_RATIO) is sparse
    dense = choose_layout(sparse, 2 * DENSE_RATIO - 1)
    assert isinstance(dense, DensePostings)
    assert (dense.frequencies[7], len(dense), dense.nbytes) == (300, 2, 4 * (2 * DENSE_RATIO - 1))


@pytest.mark.parametrize("deletions", [False, True])
def test_a_searcher_is_freed_when_the_engine_drops_it(tmp_path: Path, deletions: bool) -> None:
    engine = WhooshEngine(tmp_path)
    documents = [
        Document(f"{n}", "a.md", ArticleMetadata("Night ferry", authors=("Ada",)), "the ferries leave")
        for n in range(40)
    ]
    engine.write(Changes(put=[(document, Fingerprint(0, 0, "")) for document in documents]))
    if deletions:
        engine.write(Changes(drop=["7"]))
    gc.disable()
    try:
        for query in ("ferry night", 'ferr* OR "the ferries"', "nigth", "date:2019 lang:en", "author:ada"):
            engine.search(Request(parse(query).tree, Filters(authors=("Ada",), first=Day(2000, 1, 1))))
            engine.search(Request(parse(query).tree, sort=Sort.TITLE))
        engine.complete("ferr")
        engine.more_like_this("3")
        searcher, weight = weakref.ref(engine.searcher()), _cached_weight(engine.searcher())
        engine.write(Changes(drop=["9"]))
        engine.searcher()
        assert searcher() is None
        assert weight() is None
    finally:
        gc.enable()


def _cached_weight(searcher: Searcher) -> weakref.ref[TermWeight]:
    return weakref.ref(searcher.term_weights((Word("ferry"), DEFAULT_FIELDS), _fail))


def _fail() -> TermWeight:
    raise AssertionError("the weight is cached")


def test_a_rare_term_is_counted_with_the_objects_around_its_arrays() -> None:
    """Else the cache of term weights would hold millions of rare terms, and gigabytes."""
    assert TermWeight(Word("ferry"), {}, {}, 1, None).nbytes > 1_000
