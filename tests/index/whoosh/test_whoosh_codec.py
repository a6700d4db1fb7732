"""Codec: stock Whoosh opens the index and agrees with a naive reading of the documents."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from whoosh.index import FileIndex, open_dir
from whoosh.qparser import QueryParser
from whoosh.query import And, FuzzyTerm, Not, Or, Phrase, Prefix, Query, Term, Wildcard
from whoosh.searching import Searcher
from whoosh_library import documents, expected_postings, fingerprint

from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.index.engine import Changes, Document
from backfile.index.engines.whoosh import WhooshEngine
from backfile.index.engines.whoosh.codec.schema import INDEXED_WORDS

libraries = st.lists(documents(st.text("abcdef", min_size=1, max_size=4)), min_size=1, max_size=12)


def write(folder: Path, *batches: list[Document]) -> dict[str, Document]:
    engine = WhooshEngine(folder)
    left: dict[str, Document] = {}
    for batch in batches:
        engine.write(Changes(put=[(document, fingerprint(document)) for document in batch]))
        left |= {document.id: document for document in batch}
    return left


def hits(searcher: Searcher, query: Query) -> dict[str, float]:
    return {hit["id"]: hit.score for hit in searcher.search(query, limit=None)}


# Shrinking would take Whoosh minutes.
@settings(max_examples=8, phases=[Phase.generate])
@given(libraries, libraries)
def test_whoosh_postings_are_those_of_the_documents(tmp_path_factory, first, second):
    folder = tmp_path_factory.mktemp("index")
    left = write(folder, first, second)
    listed = list(left.values())
    with open_dir(str(folder)).searcher() as searcher:
        for field, name in INDEXED_WORDS.items():
            postings = expected_postings(listed, name)
            found = {term: {listed[number].id for number in docs} for term, docs in postings.items()}
            live = {text for text in searcher.reader().lexicon(field) if hits(searcher, Term(field, text))}
            assert live == {term.encode() for term in found}
            for term, ids in found.items():
                assert set(hits(searcher, Term(field, term))) == ids
            some = sorted(found)[:3]
            if len(some) == 3:
                a, b, c = (Term(field, term) for term in some)
                sets = [found[term] for term in some]
                assert set(hits(searcher, And([a, b]))) == sets[0] & sets[1]
                assert set(hits(searcher, Or([a, b, c]))) == sets[0] | sets[1] | sets[2]
                assert set(hits(searcher, And([a, Not(b)]))) == sets[0] - sets[1]


@settings(max_examples=10)
@given(libraries)
def test_single_words_score_by_the_formula(tmp_path_factory, library):
    """BM25F of one term with Whoosh's defaults: idf = ln(N / (df + 1)) + 1, K1 = 1.2, B = 0.75."""
    folder = tmp_path_factory.mktemp("index")
    listed = list(write(folder, list({document.id: document for document in library}.values())).values())
    postings = expected_postings(listed, "text")
    positions = [len({p for docs in postings.values() for p in docs.get(n, ())}) for n in range(len(listed))]
    mean = sum(positions) / len(listed) or 1
    with open_dir(str(folder)).searcher() as searcher:
        for term, docs in postings.items():
            idf = math.log(len(listed) / (len(docs) + 1)) + 1
            for article_id, score in hits(searcher, Term("text", term)).items():
                number = next(n for n, document in enumerate(listed) if document.id == article_id)
                frequency = len(docs[number])
                norm = frequency + 1.2 * (0.25 + 0.75 * positions[number] / mean)
                assert score == pytest.approx(idf * frequency * 2.2 / norm, abs=1e-6)


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> FileIndex:
    """Three segments, one of them with a deletion."""
    folder = tmp_path_factory.mktemp("index")
    texts = ["the night ferry leaves", "ferry at night", "harbour of the ferries", "e-mail to the harbour", "declared"]
    for number, text in enumerate(texts):
        document = Document(
            f"a{number}",
            f"a{number}.md",
            ArticleMetadata(f"Title {number}", authors=("Ada Brook",), language="en"),
            text,
        )
        WhooshEngine(folder).write(Changes(put=[(document, fingerprint(document))]))
    WhooshEngine(folder).write(Changes(drop=["a4"]))
    return open_dir(str(folder))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Phrase("text", ["night", "ferry"]), {"a0"}),
        (Phrase("text", ["of", "the"]), {"a2"}),
        (Prefix("text", "ferr"), {"a0", "a1", "a2"}),
        (Wildcard("text", "h*r"), {"a2", "a3"}),
        (FuzzyTerm("text", "harbor"), {"a2", "a3"}),
        (Term("text", "email"), {"a3"}),
        (Term("text", "declared"), set()),
        (Term("id", "a2"), {"a2"}),
        (Term("language", "en"), {"a0", "a1", "a2", "a3"}),
        (Term("author", "Ada Brook"), {"a0", "a1", "a2", "a3"}),
        (Term("author", "brook"), set()),
        (Term("author_words", "brook"), {"a0", "a1", "a2", "a3"}),
    ],
)
def test_whoosh_answers_its_own_queries(opened, query, expected):
    with opened.searcher() as searcher:
        assert set(hits(searcher, query)) == expected


def test_whooshs_own_parser_and_stored_fields(opened):
    with opened.searcher() as searcher:
        found = searcher.search(QueryParser("text", opened.schema).parse("Ferry AND Night"), limit=None)
        assert {hit["title"] for hit in found} == {"Title 0", "Title 1"}
        assert found[0]["author"] == ["Ada Brook"]
        assert searcher.document(id="a3")["text"] == "e-mail to the harbour"
        assert searcher.document(id="a4") is None


def test_whoosh_sorts_by_date(tmp_path):
    listed = [
        Document(f"a{year}", f"a{year}.md", ArticleMetadata("T", date=PartialDate(year)), "ferry")
        for year in (1999, 2021, 2005)
    ]
    write(tmp_path, listed)
    with open_dir(str(tmp_path)).searcher() as searcher:
        for reverse, expected in ((False, ["a1999", "a2005", "a2021"]), (True, ["a2021", "a2005", "a1999"])):
            found = searcher.search(Term("text", "ferry"), sortedby="date", reverse=reverse, limit=None)
            assert [hit["id"] for hit in found] == expected


def test_whoosh_term_statistics(opened):
    reader = opened.reader()
    assert reader.doc_count() == 4
    assert reader.doc_frequency("text", "ferry") == 2
    assert reader.frequency("text", "the") == 3
    assert ("text", "night") in reader
    assert ("text", "absent") not in reader
    assert list(reader.expand_prefix("text", "ferr")) == [b"ferries", b"ferry"]
    assert reader.term_info("text", "night").doc_frequency() == 2
    assert [word for _, word in reader.most_frequent_terms("text", 1)] == [b"the"]
    assert opened.searcher().suggest("text", "harbor") == ["harbour"]


def test_only_backfile_writes(opened):
    with pytest.raises(TypeError, match="written by Backfile only"):
        opened._segments()[0].codec().field_writer(None, None)
    with pytest.raises(TypeError, match="written by Backfile only"):
        opened._segments()[0].delete_document(0)
