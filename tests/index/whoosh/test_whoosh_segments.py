"""Segments against a naive inversion of the same documents, one token at a time."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from long_runs import examples
from whoosh_library import documents, expected_postings, fingerprint, libraries, read_postings, segment_of

from backfile.archive.model import ArticleMetadata
from backfile.index.analysis.stemming import stem_keys
from backfile.index.analysis.term_ids import Encoder
from backfile.index.analysis.tokenizer import POSITION_GAP
from backfile.index.engine import Document
from backfile.index.engines.whoosh.indexing import inverter, segment_merger
from backfile.index.engines.whoosh.indexing.inverter import encode_field, write_postings
from backfile.index.engines.whoosh.indexing.segment_merger import merge_segments
from backfile.index.engines.whoosh.storage.array_file import ArrayFile, writing
from backfile.index.engines.whoosh.storage.field_postings import FREQ_DTYPE, FieldPostings, PackedArray
from backfile.index.engines.whoosh.storage.index_layout import (
    FACET_COLUMNS,
    WORD_FIELDS,
    facet_values,
    title_key,
    word_values,
)
from backfile.index.engines.whoosh.storage.segment import Segment, SegmentData
from backfile.index.engines.whoosh.storage.stem_table import write_stem_table
from backfile.index.engines.whoosh.storage.term_dictionary import TermDictionary
from backfile.index.fields import host

words = st.lists(st.text(max_size=6), max_size=30, unique=True).map(sorted)


@given(words)
def test_a_dictionary_finds_terms_prefixes_and_ranges(terms):
    dictionary = TermDictionary.of(terms)
    assert [dictionary[number] for number in range(len(dictionary))] == dictionary.texts() == terms
    assert [term.decode() for term in dictionary.all_bytes()] == terms
    for number, term in enumerate(terms):
        assert dictionary.find(term) == number
        low, high = dictionary.prefix(term[:2])
        assert terms[low:high] == [other for other in terms if other.startswith(term[:2])]
    assert dictionary.find("no such term") == -1
    assert dictionary.texts(1, max(1, len(terms) - 1)) == terms[1:-1]


def test_a_dictionary_holds_newlines_and_lone_surrogates():
    terms = sorted(["", "a\n", "a\nb", "\udc80", "z"])
    assert TermDictionary.of(terms).texts() == terms
    assert TermDictionary.of(terms).find("\udc80") == terms.index("\udc80")


@given(st.lists(st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 300), max_size=9), max_size=5), st.data())
def test_narrow_arrays_give_every_number_back(tmp_path_factory, chunks, data):
    path = tmp_path_factory.mktemp("narrow") / "file"
    with writing(path) as file:
        inverter.write_packed(file, "n", FREQ_DTYPE, (np.array(chunk, np.uint32) for chunk in chunks))
    narrow, numbers = PackedArray.read(ArrayFile.open(path), "n"), [number for chunk in chunks for number in chunk]
    start = data.draw(st.integers(0, len(numbers)))
    stop = data.draw(st.integers(start, len(numbers)))
    assert narrow.slice(start, stop).tolist() == narrow.wide(start, stop).tolist() == numbers[start:stop]
    assert narrow.wide(start, stop).dtype == np.uint32


@given(libraries)
def test_postings_are_those_of_the_tokens(tmp_path_factory, library):
    segment = segment_of(tmp_path_factory.mktemp("segment") / "file", library)
    for field in WORD_FIELDS:
        assert read_postings(segment, field) == expected_postings(library, field)


@given(libraries)
def test_documents_columns_and_facets_are_read_as_they_were_written(tmp_path_factory, library):
    segment = segment_of(tmp_path_factory.mktemp("segment") / "file", library)
    assert [segment.document(number) for number in range(segment.size)] == library
    assert segment.years.tolist() == [
        document.metadata.date.year if document.metadata.date else 0 for document in library
    ]
    assert segment.first_day.tolist() == [d.metadata.date.first.toordinal() if d.metadata.date else 0 for d in library]
    assert segment.last_day.tolist() == [d.metadata.date.last.toordinal() if d.metadata.date else 0 for d in library]
    assert segment.ids.texts() == sorted(document.id for document in library)
    assert [segment.number(document.id) for document in library] == list(range(len(library)))
    assert [segment.titles[order] for order in segment.title_order] == [title_key(d.metadata.title) for d in library]
    assert segment.fingerprints() == {d.id: (d.path, fingerprint(d)) for d in library}
    for facet in FACET_COLUMNS:
        column = segment.facet(facet)
        for number, document in enumerate(library):
            ordinals = column.ordinals[column.starts[number] : column.starts[number + 1]].tolist()
            assert [column.values[ordinal] for ordinal in ordinals] == sorted(set(facet_values(document, facet)))


@settings(max_examples=15)
@given(libraries, st.integers(1, 4), st.data())
def test_merged_segments_are_like_one_written_at_once(tmp_path_factory, library, parts, data):
    folder = tmp_path_factory.mktemp("merge")
    segments, left = [], []
    for part in range(parts):
        own = library[part::parts]
        segment = segment_of(folder / f"part{part}", own)
        live = [data.draw(st.booleans()) for _ in own]
        segment.set_live_docs(None if all(live) else np.array(live, np.bool_))
        segments.append(segment)
        left += [document for document, is_live in zip(own, live, strict=True) if is_live]
    merge_segments(folder / "merged", segments)
    assert_same(ArrayFile.open(folder / "merged"), segment_of(folder / "fresh", left).data.file)


def assert_same(merged: ArrayFile, fresh: ArrayFile) -> None:
    """Array for array the same, save how texts are packed."""
    assert merged.facts == fresh.facts
    for name in fresh.names():
        if not name.startswith("texts"):
            assert merged.array(name).dtype == fresh.array(name).dtype, name
            assert merged.array(name).tolist() == fresh.array(name).tolist(), name
    assert set(merged.names()) == set(fresh.names())
    one, other = (Segment(SegmentData("MAIN_a", file), 0, file) for file in (merged, fresh))
    assert [one.text(n) for n in range(one.size)] == [other.text(n) for n in range(other.size)]


def test_merging_in_small_steps_changes_nothing(tmp_path, monkeypatch):
    library = [
        Document(f"{n}", f"{n}.md", ArticleMetadata(f"Title {n}"), f"word{n % 7} and the rest {n}") for n in range(40)
    ]
    segments = [segment_of(tmp_path / f"part{n}", library[n::3]) for n in range(3)]
    segments[1].set_live_docs(np.arange(segments[1].size) % 2 == 0)
    merge_segments(tmp_path / "whole", segments)
    monkeypatch.setattr(segment_merger, "_CHUNK", 5)
    merge_segments(tmp_path / "steps", segments)
    assert_same(ArrayFile.open(tmp_path / "steps"), ArrayFile.open(tmp_path / "whole"))


def test_inverting_without_packed_keys_changes_nothing(tmp_path, monkeypatch):
    library = [
        Document(f"{n}", f"{n}.md", ArticleMetadata(f"Title {n}"), f"e-mail word{n % 7} and e-mail {n}")
        for n in range(40)
    ]
    fast = segment_of(tmp_path / "fast", library)
    monkeypatch.setattr(inverter, "_KEY_BITS", 8)
    assert_same(segment_of(tmp_path / "slow", library).data.file, fast.data.file)


def test_long_texts_and_frequent_words_keep_their_numbers(tmp_path):
    text = "the ferry " * 70_000
    segment = segment_of(
        tmp_path / "file",
        [Document("a", "a.md", ArticleMetadata("A"), text), Document("b", "b.md", ArticleMetadata("B"), "the end")],
    )
    postings = segment.field("text")
    docs, freqs = postings.postings(postings.find("the"))
    assert (docs.tolist(), freqs.tolist()) == ([0, 1], [70_000, 1])
    assert postings.positions(postings.find("ferry")).tolist() == list(range(1, 140_000, 2))
    assert segment.lengths("text").tolist() == [140_000, 2]
    assert segment.text(0) == text


def test_more_documents_than_a_narrow_number_counts(tmp_path):
    encoder = Encoder()
    rows = [["rare word"] if number in {0, 65_535, 65_536, 69_999} else ["word"] for number in range(70_000)]
    found = encode_field(encoder, rows)
    with writing(tmp_path / "file") as file:
        write_postings(file, "text", found, encoder.terms)
    postings = FieldPostings("text", ArrayFile.open(tmp_path / "file"), {})
    assert postings.postings(0)[0].tolist() == [0, 65_535, 65_536, 69_999]
    assert postings.documents(1, 2).tolist() == list(range(70_000))
    assert [postings.count(0, 1), postings.count(1, 2)] == [4, 70_000]


def test_values_are_a_gap_apart(tmp_path):
    segment = segment_of(
        tmp_path / "file", [Document("a", "a.md", ArticleMetadata("A", authors=("Ada Brook", "Dale")), "")]
    )
    postings = segment.field("author")
    assert postings.positions(postings.find("brook")).tolist() == [1]
    assert postings.positions(postings.find("dale")).tolist() == [2 + POSITION_GAP]
    assert segment.lengths("author").tolist() == [3]


@settings(max_examples=15)
@given(libraries, st.lists(st.sampled_from(["en", "fr", "de", "tlh"]), unique=True))
def test_stem_tables_group_terms_by_their_shared_keys(tmp_path_factory, library, languages):
    folder = tmp_path_factory.mktemp("stems")
    segment = segment_of(folder / "file", library)
    for language in languages:
        write_stem_table(folder / language, segment.data.file, language)
        segment.data.stem_files[language] = ArrayFile.open(folder / language)
    for field in WORD_FIELDS:
        postings = segment.field(field)
        terms = postings.terms.texts()
        for wanted in {*terms, "declares", "harbouring", "absent"}:
            siblings = [terms[number] for number in postings.stem_siblings(wanted, languages).tolist()]
            assert siblings == [term for term in terms if is_stem_sibling(term, wanted, tuple(languages))]


def is_stem_sibling(term: str, wanted: str, languages: tuple[str, ...]) -> bool:
    pairs = ((stem_keys(term, (language,)), stem_keys(wanted, (language,))) for language in languages)
    return term == wanted or any(one & other for one, other in pairs)


@pytest.mark.long
@settings(max_examples=examples(2_000))
@given(st.lists(documents(st.text(min_size=1)), max_size=60, unique_by=lambda document: document.id))
def test_postings_of_larger_libraries_are_those_of_the_tokens(tmp_path_factory, library):
    segment = segment_of(tmp_path_factory.mktemp("segment") / "file", library)
    for field in WORD_FIELDS:
        assert read_postings(segment, field) == expected_postings(library, field)
        counted = Counter(term for document in library for term in word_values(document, field))
        assert bool(counted) or len(segment.field(field)) == 0


def test_blocks_of_texts_are_filled_and_read_back(tmp_path):
    library = [Document(f"{n:03}", f"{n}.md", ArticleMetadata("t"), f"{n} " * n * 10) for n in range(200)]
    segment = segment_of(tmp_path / "file", library)
    assert 10 < len(segment.data.file.array("texts.first")) < 199
    assert [segment.text(n) for n in range(200)] == [document.text for document in library]
    assert [segment.text(n) for n in reversed(range(200))] == [document.text for document in reversed(library)]


def test_host_of_a_url():
    assert host("https://Example.ORG:8080/a?b") == "example.org"
    assert host("http://[") == host(None) == host("not an address") == ""


def test_unknown_fields_and_facets_are_refused():
    document = Document("a", "a.md", ArticleMetadata("A", language="en"), "x")
    with pytest.raises(ValueError, match="no word field"):
        word_values(document, "colour")
    with pytest.raises(ValueError, match="no facet column"):
        facet_values(document, "colour")
