"""docs/whoosh.md runs as written; Whoosh's counts equal those of this engine on whole libraries."""

from __future__ import annotations

import doctest
import random
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from paths import ROOT
from whoosh import query as whoosh_query
from whoosh.index import open_dir
from whoosh.qparser import QueryParser
from whoosh.searching import Searcher
from whoosh.sorting import FieldFacet

from backfile.archive.storage.library import Library
from backfile.archive.storage.sample_library import copy_sample
from backfile.index.analysis.normalization import fold
from backfile.index.analysis.tokenizer import tokenize
from backfile.index.engine import Filters, Page, Request, Sort
from backfile.index.engines.whoosh import WhooshEngine
from backfile.index.query import And, InField, MatchAll, Node, Not, Or, Phrase, Word
from backfile.index.sync.synchronization import update_index

ALL, ANY = MatchAll(), Filters()


class Both:
    """One index, opened by this engine and by Whoosh."""

    def __init__(self, engine: WhooshEngine, searcher: Searcher) -> None:
        self.engine, self.searcher = engine, searcher
        self.documents = [engine.document(article_id) for article_id in engine.ids()]

    def page(self, node: Node = ALL, filters: Filters = ANY, sort: Sort = Sort.RELEVANCE) -> Page:
        request = Request(node, filters, sort, per_page=10_000, passages=0, facet_size=None, deadline=60)
        return self.engine.search(request)

    def ours(self, node: Node = ALL, filters: Filters = ANY) -> set[str]:
        return {hit.id for hit in self.page(node, filters).hits}

    def theirs(self, query: str | whoosh_query.Query) -> set[str]:
        parsed = QueryParser("text", self.searcher.schema).parse(query) if isinstance(query, str) else query
        return {hit["id"] for hit in self.searcher.search(parsed, limit=None)}

    def words(self) -> list[str]:
        """Words of one token, in random order."""
        terms = {token.term for document in self.documents for token in tokenize(document.text)}
        chosen = sorted(term for term in terms if term.isascii() and term.isalpha())
        random.Random(1).shuffle(chosen)
        return chosen


@pytest.fixture(
    scope="module", params=["sample", pytest.param("rust-blog", marks=[pytest.mark.corpora, pytest.mark.long])]
)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("whoosh") / "library"
    if request.param == "sample":
        copy_sample(folder)
    library = folder if request.param == "sample" else request.getfixturevalue("corpus")(request.param)
    update_index(Library(library), folder / ".backfile", "whoosh")
    with (
        closing(WhooshEngine(folder / ".backfile" / "index")) as engine,
        open_dir(str(folder / ".backfile" / "index")).searcher() as searcher,
    ):
        yield Both(engine, searcher)


def test_words_phrases_and_operators_find_the_same(both: Both) -> None:
    words = both.words()
    for one, other in pairwise(words[:80]):
        first, second = (InField("text", Word(word, exact=True)) for word in (one, other))
        assert both.ours(first) == both.theirs(one)
        assert both.ours(And((first, second))) == both.theirs(f"{one} {other}")
        assert both.ours(Or((first, second))) == both.theirs(f"{one} OR {other}")
        assert both.ours(And((first, Not(second)))) == both.theirs(f"{one} NOT {other}")


def test_phrases_find_the_same(both: Both) -> None:
    known = set(both.words())
    texts = [[token.term for token in tokenize(document.text)] for document in both.documents]
    pairs = sorted({pair for terms in texts for pair in pairwise(terms) if known.issuperset(pair)})
    for pair in random.Random(1).sample(pairs, 60):
        assert both.ours(InField("text", Phrase(" ".join(pair)))) == both.theirs(f'"{" ".join(pair)}"')


def test_authors_and_topics_are_whole_values(both: Both) -> None:
    for author in {author for document in both.documents for author in document.metadata.authors}:
        assert both.ours(filters=Filters(authors=(author,))) == both.theirs(whoosh_query.Term("author", author))
    for topic in {topic for document in both.documents for topic in document.metadata.topics}:
        assert both.ours(filters=Filters(topics=(topic,))) == both.theirs(f"topic:'{topic}'")


def test_dates_and_years(both: Both) -> None:
    years = {document.metadata.date.year for document in both.documents if document.metadata.date}
    for year in years:
        expected = both.ours(filters=Filters(first=date(year, 1, 1), last=date(year, 12, 31)))
        assert expected == both.theirs(f"date:{year}") == both.theirs(f"year:{year}") != set()
    until = both.ours(filters=Filters(last=date(max(years) - 1, 12, 31)))
    assert until == both.theirs(f"date:[TO {max(years) - 1}1231]") == both.theirs(f"year:[TO {max(years) - 1}]")


def test_sorting_by_date_has_the_undated_last(both: Both) -> None:
    dates = {document.id: document.metadata.date and document.metadata.date.first for document in both.documents}
    for sort, reverse in ((Sort.OLDEST, False), (Sort.NEWEST, True)):
        expected = [dates[hit.id] for hit in both.page(sort=sort).hits]
        by_date = FieldFacet("date", reverse=reverse)
        found = both.searcher.search(whoosh_query.Every(), sortedby=by_date, limit=None)
        assert [dates[hit["id"]] for hit in found] == expected


def test_sorting_by_title(both: Both) -> None:
    titles = {document.id: document.metadata.title for document in both.documents}
    expected = [fold(titles[hit.id]) for hit in both.page(sort=Sort.TITLE).hits]
    found = both.searcher.search(whoosh_query.Every(), sortedby="title", limit=None)
    assert [fold(hit["title"]) for hit in found] == expected


def test_facets_count_the_same(both: Both) -> None:
    word = max(both.words(), key=lambda word: len(both.theirs(word)) % 7)
    page = both.page(InField("text", Word(word, exact=True)))
    for facet in page.facets:
        by_value = FieldFacet(facet.name, allow_overlap=facet.name != "year")
        groups = both.searcher.search(whoosh_query.Term("text", word), groupedby=by_value, limit=None).groups()
        counts = {str(value): len(documents) for value, documents in groups.items() if value is not None}
        assert counts == {value.value: value.count for value in facet.values}


def test_languages_group_as_status_counts_them(both: Both) -> None:
    groups = both.searcher.search(whoosh_query.Every(), groupedby="language", limit=None).groups()
    counts = Counter({language: len(documents) for language, documents in groups.items() if language})
    assert counts == both.engine.status().language_counts


def test_highlights_hold_the_words_looked_for(both: Both) -> None:
    for word in both.words()[:20]:
        found = both.searcher.search(whoosh_query.Term("text", word), limit=3)
        found.fragmenter.charlimit = None
        for hit in found:
            marked = re.findall(r'<b class="match term\d+">(.*?)</b>', hit.highlights("text"))
            assert marked
            assert all(word in {token.term for token in tokenize(text)} for text in marked)


def test_the_page_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_sample(tmp_path / "library")
    update_index(Library(tmp_path / "library"), tmp_path / "library" / ".backfile", "whoosh")
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "whoosh.md"
    examples = "\n".join(
        re.findall(r"^```pycon\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    )
    test = doctest.DocTestParser().get_doctest(examples, {}, page.name, str(page), 0)
    report: list[str] = []
    failed, tried = doctest.DocTestRunner().run(test, out=report.append)
    assert tried > 20
    assert not failed, "".join(report)
