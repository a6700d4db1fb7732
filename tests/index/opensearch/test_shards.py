"""Several primary shards: answers are those of one shard."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
from contract.library import fingerprint
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opensearch.fixtures import fresh_index

from backfile.archive.model import PartialDate
from backfile.index.engine import FACETS, Changes, Document, Engine, Filters, Page, Request, Sort
from backfile.index.engines import open_engine
from backfile.index.engines.opensearch.search import facet_aggregations, page_search
from backfile.index.query import parse
from bench.corpus import generate

pytestmark = pytest.mark.long
ARTICLES = 300
SHARDS = (1, 2, 3)
AUTHORS = [f"Author {number}" for number in range(60)]  # more than a facet shows: many with equal counts
TOPICS = [f"Topic {number}" for number in range(25)]
DATES = ["2018", "2019-03", "2019-03-14", "2020-01-01", None]
QUERIES = (
    "", "harbour", "harbour quota", "accident OR advice", "address -harbour", "account*", "title:harbour", "acrosss~",
    '"has been"', "author:author", "topic:topic", "harbour quota chandler bakery assistant abolish",
)  # fmt: skip


def articles() -> list[Document]:
    """Articles of which many are ties: few dates, authors and topics, and each tenth text is there twice."""
    rng = random.Random(5)
    found: list[Document] = []
    for document in islice(generate(ARTICLES), ARTICLES):
        date = rng.choice(DATES)
        metadata = replace(
            document.metadata,
            authors=tuple(rng.sample(AUTHORS, rng.randint(0, 3))),
            topics=tuple(rng.sample(TOPICS, rng.randint(0, 3))),
            date=PartialDate.parse(date) if date else None,
        )
        found.append(replace(document, metadata=metadata, text=document.text[:400]))
        if len(found) % 10 == 0:
            found.append(replace(found[-1], id=f"{document.id}-again", path=f"again/{document.path}"))
    return found


@pytest.fixture(scope="module")
def engines(opensearch_url: str) -> Iterator[list[Engine]]:
    """Engines with the same articles, in one, two and three shards."""
    documents = articles()
    with ExitStack() as stack:
        opened = []
        for shards in SHARDS:
            options = replace(stack.enter_context(fresh_index(opensearch_url)), shards=shards)
            engine = stack.enter_context(closing(open_engine("opensearch", Path("unused"), options)))
            engine.write(Changes(put=[(each, fingerprint(each)) for each in documents], languages=("en",)))
            engine.write(Changes(drop=[each.id for each in documents[::17]], languages=("en",)))  # shards count them
            opened.append(engine)
        yield opened


def answer(page: Page) -> object:
    """All of a page but the time that it took; scores in the precision that they have."""
    hits = [(hit.id, pytest.approx(hit.score, rel=1e-5), hit.title, hit.passages, hit.missing) for hit in page.hits]
    return page.total, page.facets, page.names, page.suggestion, page.relaxed, hits


filters = st.builds(
    Filters,
    authors=st.lists(st.sampled_from(AUTHORS), max_size=2).map(tuple),
    topics=st.lists(st.sampled_from(TOPICS), max_size=1).map(tuple),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    query=st.sampled_from(QUERIES),
    narrowed=st.one_of(st.just(Filters()), filters),
    sort=st.sampled_from(Sort),
    page=st.integers(1, 3),
    facet_size=st.sampled_from([1, 5, 10, None]),
    relax=st.booleans(),
)
def test_several_shards_answer_as_one(  # noqa: PLR0917
    engines: list[Engine],
    query: str,
    narrowed: Filters,
    sort: Sort,
    page: int,
    facet_size: int | None,
    relax: bool,
) -> None:
    request = Request(parse(query).tree, narrowed, sort, page=page, facet_size=facet_size, relax=relax, deadline=60)
    one, *several = (answer(engine.search(request)) for engine in engines)
    for other in several:
        assert other == one


def test_lists_of_several_shards_are_those_of_one(engines: list[Engine]) -> None:
    one, *several = engines
    assert len(one.ids()) > ARTICLES
    for other in several:
        assert list(other.ids()) == list(one.ids())
        assert other.fingerprints() == one.fingerprints()
        for text in ("har", "auth", "topic 1"):
            assert other.complete(text) == one.complete(text)
        for article_id in one.ids(0, 3):
            assert [hit.id for hit in other.more_like_this(article_id)] == [
                hit.id for hit in one.more_like_this(article_id)
            ]
    assert {facet.name for facet in one.search(Request(parse("").tree)).facets} == set(FACETS)


@pytest.mark.parametrize("size", [1, 3, 10, 20])
def test_counts_are_exact_where_a_shard_does_not_send_a_value(
    engines: list[Engine], size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facet_aggregations, "_SENT", 1)
    monkeypatch.setattr(facet_aggregations, "_TIES", 1)
    asked: list[object] = []
    every_value = page_search.every_value
    monkeypatch.setattr(page_search, "every_value", lambda *given: asked.append(given) or every_value(*given))
    for query in ("", "the"):
        request = Request(parse(query).tree, facet_size=size, deadline=60)
        one, *several = (engine.search(request).facets for engine in engines)
        assert [*several] == [one, one]
    assert asked
