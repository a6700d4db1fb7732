"""Agreement of the Whoosh engine with the oracle: hits, order, scores, counts, passages."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date as Day
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from long_runs import examples

from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.index.engine import Changes, Document, Engine, Filters, Fingerprint, Request, Sort
from backfile.index.engines import open_engine
from backfile.index.engines.whoosh.search import posting_lists, posting_reader
from backfile.index.engines.whoosh.search.scoring import max_score, scorer
from backfile.index.engines.whoosh.whoosh_engine import WhooshEngine
from backfile.index.query import And, DateRange, Fuzzy, InField, MatchAll, Node, Not, Or, Phrase, Wildcard, Word
from backfile.index.ranking import bm25f

WORDS = (  # noqa: SIM905
    "ferry ferries Ferry's night nights harbour harbours the of a declare declared declaring e-mail email emails C++ c "
    "C# AT&T att U.S. us 1,000 1000 node.js café cafe don't trade traded trader 手機 手機版本 版 ferrous fury"
).split()
NAMES = ("Ada Night", "Bo Ferry", "Céline Du Port", "ada night", "AT&T")
TOPICS = ("harbour life", "trade", "night", "U.S.", "手機版本")
LANGUAGES = (None, "en", "en-GB", "fr", "pt-BR")

texts = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
dates = st.one_of(
    st.none(),
    st.sampled_from([PartialDate(2018), PartialDate(2019), PartialDate(2019, 3), PartialDate(2019, 3, 14)]),
    st.builds(PartialDate, st.integers(2017, 2021), st.integers(1, 12), st.integers(1, 28)),
)
sources = st.sampled_from((None, Source("The Night Ferry"), Source(url="https://www.harbour.example/trade")))
records = st.builds(
    ArticleMetadata,
    title=texts.map(lambda text: text or "Untitled"),
    authors=st.lists(st.sampled_from(NAMES), max_size=2, unique=True).map(tuple),
    topics=st.lists(st.sampled_from(TOPICS), max_size=4, unique=True).map(tuple),
    date=dates,
    summary=st.one_of(st.none(), texts.filter(bool)),
    source=sources,
    language=st.sampled_from(LANGUAGES),
)
documents = st.builds(
    Document,
    id=st.sampled_from([f"a/{number}" for number in range(12)]),
    path=st.just("a.md"),
    metadata=records,
    text=texts,
)
batches = st.lists(
    st.tuples(st.lists(documents, max_size=6), st.sets(st.sampled_from("0123456789"), max_size=2)),
    min_size=1,
    max_size=4,
)

words = st.builds(Word, st.sampled_from(WORDS), st.booleans())
phrases = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
terms = st.one_of(
    words,
    words,
    st.builds(Phrase, phrases, st.one_of(st.none(), st.integers(0, 6))),
    st.builds(Wildcard, st.sampled_from(("fe*", "f?rry", "ha*rs", "ni*", "de*", "ema*", "c*", "fer?*s"))),
    st.builds(Fuzzy, st.sampled_from(("ferry", "nigth", "trade", "cafe", "declare")), st.integers(1, 2)),
)
days = st.one_of(st.none(), st.dates(Day(2017, 1, 1), Day(2021, 12, 31)))
filter_nodes = st.one_of(
    st.builds(DateRange, days, days),
    st.builds(InField, st.just("lang"), st.sampled_from((Word("fr"), Word("en"), Or((Word("pt"), Word("fr")))))),
    st.just(MatchAll()),
)
fields = st.sampled_from(("title", "summary", "text", "author", "topic", "source"))


def _operators(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(children, min_size=2, max_size=4).map(tuple)
    return st.one_of(
        st.builds(And, several),
        st.builds(Or, several),
        st.builds(Not, children),
        st.builds(InField, fields, st.one_of(terms)),
    )


queries = st.recursive(st.one_of(terms, terms, terms, filter_nodes), _operators, max_leaves=6)
filters = st.builds(
    Filters,
    st.lists(st.sampled_from((*NAMES, "Nobody")), max_size=2, unique=True).map(tuple),
    st.lists(st.sampled_from(TOPICS), max_size=2, unique=True).map(tuple),
    days,
    days,
)
filters = st.one_of(st.just(Filters()), filters)
requests = st.builds(
    Request,
    queries,
    filters,
    st.sampled_from(Sort),
    page=st.integers(1, 3),
    per_page=st.integers(1, 5),
    facet_size=st.sampled_from((None, 2, 10)),
    deadline=st.just(60.0),
)

Batch = tuple[Sequence[Document], set[str]]


def fill(engine: Engine, batches: Sequence[Batch]) -> None:
    """Commits each batch of documents to put and ids to drop."""
    for put, drop in batches:
        unique = {document.id: (document, Fingerprint(1, 1, "")) for document in put}
        engine.write(Changes(put=unique.values(), drop=[f"a/{name}" for name in drop], languages=("en", "fr")))


def assert_agreement(batches: Sequence[Batch], requests: Sequence[Request]) -> None:
    """Compares the pages of both engines over the same documents for every request."""
    with tempfile.TemporaryDirectory() as folder:
        oracle, engine = open_engine("memory", Path(folder)), open_engine("whoosh", Path(folder) / "index")
        fill(oracle, batches)
        fill(engine, batches)
        for request in requests:
            expected, page = oracle.search(request), engine.search(request)
            assert page.total == expected.total, request
            assert [hit.score for hit in page.hits] == pytest.approx(
                [h.score for h in expected.hits], rel=1e-9, abs=1e-9
            )
            assert _unscored(page) == _unscored(expected), request
            assert page.facets == expected.facets
            assert (page.page, page.pages, page.suggestion) == (expected.page, expected.pages, expected.suggestion)
        for article_id in oracle.fingerprints():
            alike, expected_alike = (
                engine.more_like_this(article_id, limit=4),
                oracle.more_like_this(article_id, limit=4),
            )
            assert [hit.score for hit in alike] == pytest.approx([hit.score for hit in expected_alike], rel=1e-9)
            assert [(hit.id, hit.passages) for hit in alike] == [(hit.id, hit.passages) for hit in expected_alike]
        engine.close()


def _unscored(page: object) -> list[tuple[object, ...]]:
    return [
        (
            hit.id,
            hit.metadata,
            hit.title,
            hit.matches,
            hit.passages,
        )
        for hit in page.hits  # type: ignore[attr-defined]
    ]


bounds = st.tuples(st.sampled_from((1, 3, 100)), st.sampled_from((0, 2, 100)), st.sampled_from((1, 4, 10_000)))


@contextmanager
def small_limits(batch: int, dense_ratio: int, best: int) -> Iterator[None]:
    """Lowers the limits from which on batches, pruning, bounds, dense postings and the rescoring window take effect."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scorer, "_BATCH", batch)
        patch.setattr(max_score, "_PRUNED_FROM", batch)
        patch.setattr(scorer, "_RESCORED_AT_ONCE", batch)
        patch.setattr(bm25f, "BEST", best)
        for module in (posting_lists, posting_reader):
            patch.setattr(module, "DENSE_RATIO", dense_ratio)
        yield


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches, st.lists(requests, min_size=4, max_size=12), bounds)
def test_pages_agree_with_the_oracle(
    batches: Sequence[Batch], requests: Sequence[Request], bounds: tuple[int, int, int]
) -> None:
    with small_limits(*bounds):
        assert_agreement(batches, requests)


@pytest.mark.long
@pytest.mark.timeout(3600)
@settings(max_examples=examples(1_000), deadline=None, suppress_health_check=list(HealthCheck))
@given(batches, st.lists(requests, min_size=10, max_size=20), bounds)
def test_pages_agree_with_the_oracle_over_many_libraries(
    batches: Sequence[Batch], requests: Sequence[Request], bounds: tuple[int, int, int]
) -> None:
    with small_limits(*bounds):
        assert_agreement(batches, requests)


@pytest.mark.parametrize("best", [3, 50, 10_000])
def test_max_score_pruning_changes_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, best: int) -> None:
    monkeypatch.setattr(bm25f, "BEST", best)
    random = Random(7)
    words, weights = ("of", "harbour", "ferry", "night", "declared", "zebra"), (300, 100, 10, 5, 2, 1)
    texts = [" ".join(random.choices(words, weights, k=random.randint(4, 30))) for _ in range(600)]
    engine = WhooshEngine(tmp_path)
    documents = [
        Document(f"{n:03}", "a.md", ArticleMetadata(text.partition(" ")[0]), text) for n, text in enumerate(texts)
    ]
    engine.write(Changes(put=[(document, Fingerprint(0, 0, "")) for document in documents]))
    kinds = [random.choice((Or, Or, And)) for _ in range(80)]
    chosen = [random.sample(words, random.randint(2, 5)) for _ in kinds]
    queries = [
        kind(tuple(Word(word, times=random.choice((1, 1, 3))) for word in some))
        for kind, some in zip(kinds, chosen, strict=True)
    ]
    requests = [Request(query, per_page=random.randint(1, 12)) for query in queries]
    expected = [engine.search(request).hits for request in requests]
    monkeypatch.setattr(max_score, "_PRUNED_FROM", 10)
    monkeypatch.setattr(scorer, "_RESCORED_AT_ONCE", 5)
    scored: list[int] = []
    score = scorer.Scorer.score

    def count_scored(
        own: scorer.Scorer, doc_ids: np.ndarray, terms: Sequence[scorer.TermScore] | None = None
    ) -> np.ndarray:
        if terms is None:
            scored.append(len(doc_ids))
        return score(own, doc_ids, terms)

    monkeypatch.setattr(scorer.Scorer, "score", count_scored)
    pages = [engine.search(request) for request in requests]
    for page, hits in zip(pages, expected, strict=True):
        assert [hit.id for hit in page.hits] == [hit.id for hit in hits]
        assert [hit.score for hit in page.hits] == pytest.approx([hit.score for hit in hits], rel=1e-12)
    assert sum(scored) < 0.8 * sum(page.total for page in pages)
