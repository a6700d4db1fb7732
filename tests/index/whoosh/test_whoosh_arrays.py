"""The array operations of the Whoosh engine against plain Python: facets, orders, places."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.index.engine import Changes, Document, FacetValue, Fingerprint
from backfile.index.engines.whoosh.search.doc_set import DocSet, intersect, ranges
from backfile.index.engines.whoosh.search.facets import FacetTable, facet_table, year_table
from backfile.index.engines.whoosh.search.phrases import phrase_postings
from backfile.index.engines.whoosh.search.positions import POSITION_BITS, count_by_doc, distinct, follows, union
from backfile.index.engines.whoosh.search.posting_lists import (
    DENSE,
    DensePostings,
    DocList,
    DocRange,
    SparsePostings,
    pack_postings,
)
from backfile.index.engines.whoosh.search.searcher import Searcher
from backfile.index.engines.whoosh.search.top_docs import ColumnKey, ScoreKey, StringKey, first_documents, smallest
from backfile.index.engines.whoosh.storage.field_postings import PackedArray, PackedSlice
from backfile.index.engines.whoosh.storage.segment import FacetColumn
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary
from backfile.index.engines.whoosh.whoosh_engine import WhooshEngine
from backfile.index.query import Phrase

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


def selection(documents: Sequence[int], size: int) -> DocSet:
    return DocSet(np.array(documents, np.intp), size)


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
    """What `StringKey` needs of a segment."""

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
    by_name = StringKey(made, lambda part: part.order, lambda part: part.names)  # type: ignore[arg-type,attr-defined]
    last = ColumnKey(np.arange(len(flat)))
    by_number = ScoreKey(documents, numbers[documents])
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


def searcher_of(folder: str, texts: Sequence[Sequence[str]], commits: int = 1) -> Searcher:
    """A searcher of documents with these words, written in some commits."""
    engine = WhooshEngine(Path(folder))
    documents = [Document(f"{n:03}", "a.md", "x", " ".join(words)) for n, words in enumerate(texts)]
    for first in range(commits):
        engine.write(Changes(put=[(document, Fingerprint(0, 0, "")) for document in documents[first::commits]]))
    return engine.searcher()


def numbered(searcher: Searcher, run: SparsePostings) -> dict[int, int]:
    """What a run says of each of the documents of `searcher_of`."""
    found = zip(run.documents.tolist(), run.frequencies.tolist(), strict=True)
    return {int(searcher.document(number).id): count for number, count in found}


@settings(max_examples=25, deadline=None)
@given(
    texts,
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=3),
    st.sampled_from((None, 0, 1, 5)),
    st.integers(1, 2),
)
def test_phrases_begin_where_their_words_stand(
    texts: list[list[str]], phrase: list[str], reach: int | None, commits: int
) -> None:
    def begins(text: list[str], at: int) -> bool:
        if reach is None:
            return text[at : at + len(phrase)] == phrase
        return text[at] in phrase and set(phrase) <= set(text[at : at + reach + 1])

    with tempfile.TemporaryDirectory() as folder:
        searcher = searcher_of(folder, texts, commits)
        found = numbered(searcher, phrase_postings(searcher, "text", Phrase(" ".join(phrase), reach)))
    expected = {n: sum(begins(text, at) for at in range(len(text))) for n, text in enumerate(texts)}
    assert found == {n: count for n, count in expected.items() if count}


def test_phrases_are_found_among_positions_that_need_more_than_two_bytes(tmp_path: Path) -> None:
    texts = [["b", "a", "b"], ["a"] * 70_000 + ["b", "a", "b"], ["c", "b", "a"]]
    searcher = searcher_of(str(tmp_path), texts)
    assert numbered(searcher, phrase_postings(searcher, "text", Phrase("a b"))) == {0: 1, 1: 2}
    assert numbered(searcher, phrase_postings(searcher, "text", Phrase("b a"))) == {0: 1, 1: 1, 2: 1}
    assert numbered(searcher, phrase_postings(searcher, "text", Phrase("c a", 2))) == {2: 1}


def test_phrases_of_many_occurrences_are_looked_at_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backfile.index.engines.whoosh.search.positions._AT_ONCE", 3)
    searcher = searcher_of(str(tmp_path), [list("abababcab")] * 4)
    assert numbered(searcher, phrase_postings(searcher, "text", Phrase("a b"))) == dict.fromkeys(range(4), 4)
    assert numbered(searcher, phrase_postings(searcher, "text", Phrase("b c a b"))) == dict.fromkeys(range(4), 1)


@settings(max_examples=40, deadline=None)
@given(texts, st.integers(-3, 3), st.integers(0, 5))
def test_places_that_follow_others(texts: list[list[str]], least: int, more: int) -> None:
    starts, there = places(texts, "a"), places(texts, "b")
    expected = [any(least <= other - start <= least + more for other in there) for start in starts]
    assert follows(starts, there, least, least + more).tolist() == expected


def test_places_of_the_next_document_do_not_follow() -> None:
    starts = np.array([1 << POSITION_BITS, (1 << POSITION_BITS) + 9], np.int64)
    assert follows(starts, np.array([2 << POSITION_BITS], np.int64), 0, 999).tolist() == [False, False]
    assert follows(starts, np.empty(0, np.int64), 0, 999).tolist() == [False, False]
    assert union([np.array([1, 3]), np.array([1, 2])]).tolist() == [1, 2, 3]
    assert distinct(np.array([4, 4, 7])).tolist() == [4, 7]
    run = count_by_doc(np.array([4, 4 << POSITION_BITS, (4 << POSITION_BITS) + 7], np.int64))
    assert (run.documents.tolist(), run.frequencies.tolist()) == ([0, 4], [1, 2])


numbers = st.sets(st.integers(0, 299), max_size=60)


@settings(max_examples=60, deadline=None)
@given(numbers, numbers, st.integers(1, 40))
def test_what_two_lists_have_in_common(one: set[int], other: set[int], sparse: int) -> None:
    first, second = (np.array(sorted(found), np.uint32) for found in (one, other))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backfile.index.engines.whoosh.search.doc_set.SPARSE", sparse)
        here, there = intersect(first, second, 300)
    assert first.take(here).tolist() == second.take(there).tolist() == sorted(one & other)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([3, 200, 65_535, 65_536, 70_000, 200_000]), unique=True, min_size=1).map(sorted),
    st.sets(st.sampled_from([0, 3, 200, 65_536, 65_539, 70_000, 200_000, 300_000])),
    st.data(),
)
def test_narrow_numbers_are_found_and_taken_where_they_are(
    values: list[int], sought: set[int], data: st.DataObject
) -> None:
    changes = [n for n in range(len(values)) if n == 0 or values[n] >> 16 != values[n - 1] >> 16]
    high = [values[n] >> 16 for n in changes]
    low = np.array([value & 0xFFFF for value in values], np.uint16)
    made = PackedArray(low, np.array(changes, np.uint32), np.array(high, np.uint32))
    start = data.draw(st.integers(0, len(values) - 1))
    stop = data.draw(st.integers(start + 1, len(values)))
    own, asked = values[start:stop], sorted(sought)
    found, where = made.find(start, stop, np.array(asked, np.uint32))
    assert [asked[n] for n in found] == [own[n] for n in where] == sorted(set(own) & sought)
    assert made.wide(start, stop).tolist() == own
    at = data.draw(st.lists(st.integers(0, len(own) - 1)))
    assert PackedSlice(made, start, stop).take(np.array(at, np.intp)).tolist() == [own[n] for n in at]


@settings(max_examples=60, deadline=None)
@given(found=st.lists(st.integers(0, 99), max_size=60), asked=st.sets(st.integers(0, 99), max_size=60))
def test_frequencies_as_a_list_and_as_a_table(found: list[int], asked: set[int]) -> None:
    counts = {number: sum(n % 5 + 1 for n in found if n == number) for number in found}
    run = SparsePostings.summed(np.array(found, np.intp), np.array([n % 5 + 1 for n in found], np.uint8))
    table = np.zeros(100, np.uint8)
    table[run.documents] = run.frequencies
    documents = np.array(sorted(asked), np.intp)
    norms = np.arange(100) / 8
    for made in (run, DensePostings(table, len(found))):
        assert made.documents.tolist() == sorted(counts)
        assert made.has(documents).tolist() == [n in counts for n in sorted(asked)]
        mask = np.zeros(100, np.bool_)
        made.mark(mask)
        assert np.flatnonzero(mask).tolist() == sorted(counts)
        for wanted, chosen in ((DocList(documents), sorted(asked)), (DocRange(20, 60), range(20, 60))):
            amounts = np.ones(len(wanted))
            made.add_to(amounts, wanted, norms, 0.5)
            assert amounts.tolist() == [1 + 0.5 * n / 8 * counts.get(n, 0) for n in chosen]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 700), st.integers(1, 12), st.integers(0, 2**32 - 1), st.booleans())
def test_the_smallest_of_many_numbers(size: int, count: int, seed: int, ties: bool) -> None:
    drawn = np.random.default_rng(seed).integers(0, 3 if ties else 10_000, max(size * 8, count))
    assert smallest(drawn, count) == np.sort(drawn)[count - 1]


def test_long_runs_become_tables() -> None:
    run = SparsePostings(np.array([1, 7], np.intp), np.array([3, 300], np.uint32))
    assert pack_postings(run, 2 * DENSE) is run
    table = pack_postings(run, 2 * DENSE - 1)
    assert isinstance(table, DensePostings)
    assert (table.frequencies[7], len(table), table.nbytes) == (300, 2, 4 * (2 * DENSE - 1))
