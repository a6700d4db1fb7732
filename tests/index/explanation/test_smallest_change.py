"""Property tests on the oracle: each change admits the article, and no smaller one does (by brute force)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
from contract.generated import documents, filters, queries
from contract.library import load
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from long_runs import examples
from oracle.memory_engine import MemoryEngine

from backfile.archive.model import ArticleMetadata
from backfile.index.engine import Document, Filters, Request
from backfile.index.explanation.criteria import SearchCriteria
from backfile.index.explanation.explanation import Explanation, explain
from backfile.index.explanation.reasons import MAX_SCANNED
from backfile.index.query import (
    And,
    DateRange,
    Fuzzy,
    InField,
    MatchAll,
    Node,
    Not,
    Or,
    Phrase,
    Word,
    clauses,
    normalize,
    parse,
    to_text,
)

asked_filters = st.one_of(st.just(Filters()), filters.map(lambda each: replace(each, ids=())))
few_words = st.sampled_from(["ferry", "ferries", "night", "the", "of"])
few_texts = st.lists(few_words, max_size=9).map(" ".join)
few_documents = st.builds(
    lambda document, title, text: replace(document, text=text, metadata=replace(document.metadata, title=title or "?")),
    documents(),
    st.lists(few_words, max_size=2).map(" ".join),
    few_texts,
)
few_terms = st.one_of(
    st.builds(Word, few_words, exact=st.booleans()),
    st.builds(Phrase, st.lists(few_words, min_size=2, max_size=3).map(" ".join), st.sampled_from([None, None, 1, 2])),
    st.builds(InField, st.sampled_from(["title", "text"]), st.builds(Word, few_words)),
)
few_queries = st.recursive(
    few_terms,
    lambda children: st.one_of(
        st.builds(And, st.lists(children, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(children, min_size=2, max_size=3).map(tuple)),
        st.builds(Not, children),
    ),
    max_leaves=5,
)
asked = st.one_of(
    st.tuples(st.lists(documents(), min_size=2, max_size=5), queries),
    st.tuples(st.lists(few_documents, min_size=2, max_size=5), few_queries),
)
"""Libraries and queries: of every kind, and of few words, which stand near each other."""


def edits(node: Node, article: Document, field: str = "") -> Iterator[Node]:  # noqa: C901, PLR0912 - a table
    """Every edit of a node, of parts that match and of those that do not; `field` is the one around it."""

    def within(each: Node) -> Node:
        return InField(field, each) if field else each

    match node:
        case And() | Or():
            for index, child in enumerate(node.nodes):
                others = [within(each) for each in node.nodes]
                for edited in edits(child, article, field):
                    yield type(node)((*others[:index], edited, *others[index + 1 :]))
                if isinstance(node, And):
                    yield And((*others[:index], *others[index + 1 :]))
        case Not():
            yield from (Not(each) for each in narrowings(node.node, field))
        case InField(field="lang"):
            if article.metadata.language:
                yield Or((node, InField("lang", Word(article.metadata.language))))
        case InField():
            yield node.node
            yield from edits(node.node, article, node.field)
        case DateRange():
            if date := article.metadata.date:
                yield DateRange(node.first and min(node.first, date.first), node.last and max(node.last, date.last))
        case Word(exact=True):
            yield within(Word(node.text))
            yield from (InField(other, node) for other in ("topic", "source") if not field)
        case Word():
            yield from (InField(other, node) for other in ("topic", "source") if not field)
            yield from (within(parse(node.text + sign).tree) for sign in ("*", "~"))
        case Phrase():
            yield from (within(Phrase(node.text, distance)) for distance in range((node.within or 0) + 1, 40))
            pieces = [piece for piece in node.text.split() if "*" not in piece]
            yield within(And(tuple(map(Word, pieces))))
        case Fuzzy():
            yield within(Fuzzy(node.text, 2))


def narrowings(node: Node, field: str) -> Iterator[Node]:
    """Every way to exclude less."""

    def within(each: Node) -> Node:
        return InField(field, each) if field else each

    match node:
        case InField():
            yield from narrowings(node.node, node.field)
        case Or():
            for index, child in enumerate(node.nodes):
                others = [within(each) for each in node.nodes]
                yield Or((*others[:index], *others[index + 1 :]))
                yield from (Or((*others[:index], each, *others[index + 1 :])) for each in narrowings(child, field))
        case Word():
            yield within(Word(node.text, exact=True))


def single_changes(criteria: SearchCriteria, article: Document) -> Iterator[SearchCriteria]:
    """Every search with one changed condition: a clause edited or dropped, a filter widened or dropped."""
    parts = clauses(criteria.query)
    for index, clause in enumerate(parts):
        for edited in (MatchAll(), *edits(clause, article)):
            query = normalize(And((*parts[:index], normalize(edited), *parts[index + 1 :])))
            yield replace(criteria, query=query)
    own, metadata = criteria.filters, article.metadata
    if own.authors:
        yield from (replace(criteria, filters=replace(own, authors=(*own.authors, name))) for name in metadata.authors)
        yield replace(criteria, filters=replace(own, authors=()))
    if own.topics:
        yield from (replace(criteria, filters=replace(own, topics=(*own.topics, name))) for name in metadata.topics)
        yield replace(criteria, filters=replace(own, topics=()))
    if own.first or own.last:
        yield replace(criteria, filters=replace(own, first=None, last=None))
        if date := metadata.date:
            yield replace(criteria, filters=replace(own, first=own.first and min(own.first, date.first)))
            yield replace(criteria, filters=replace(own, last=own.last and max(own.last, date.last)))


def ids_of(engine: MemoryEngine, criteria: SearchCriteria, *, relax: bool) -> list[str]:
    request = Request(criteria.query, criteria.filters, per_page=1_000, deadline=60, relax=relax)
    return [hit.id for hit in engine.search(request).hits]


def check_changes(engine: MemoryEngine, criteria: SearchCriteria, found: Explanation) -> None:
    """Each change admits the article with the number it states, and no single change does with fewer articles."""
    article = found.article
    assert found.changes
    for change in found.changes:
        assert article.id in ids_of(engine, change.search, relax=False)
        assert len(ids_of(engine, change.search, relax=True)) == change.total
    best = found.changes[0]
    singles = [each for each in single_changes(criteria, article) if article.id in ids_of(engine, each, relax=False)]
    if singles:
        assert len(best.changes) == 1, [to_text(each.query) for each in singles]
        assert best.total <= min(len(ids_of(engine, each, relax=True)) for each in singles)


def check_explanations(library: list[Document], query: Node, narrowed: Filters) -> None:
    with closing(MemoryEngine()) as engine:
        load(engine, *library)
        criteria = SearchCriteria(normalize(query), narrowed)
        ids = ids_of(engine, criteria, relax=True)
        for article_id in engine.ids():
            found = explain(engine, criteria, article_id, seconds=60)
            assert found.is_found == (article_id in ids)
            if found.is_found:
                assert found.rank == ids.index(article_id) + 1
            else:
                assert found.reasons
                check_changes(engine, criteria, found)


def test_a_relaxed_search_ignores_stop_words_of_its_language_in_articles_of_any() -> None:
    portuguese = Document("a", "a.md", ArticleMetadata(title="?", language="pt-BR"), "ferry")
    check_explanations([portuguese], parse("ferries ferry the yak").tree, Filters())


def test_stop_words_of_a_language_that_no_article_has_count_as_words() -> None:
    texts = {"a": "ferry", "b": ""}
    some = [Document(key, key, ArticleMetadata(title="?", language="pt-BR"), text) for key, text in texts.items()]
    check_explanations(some, parse("yak ferry the").tree, Filters())


def test_words_around_a_long_run_are_found_at_once() -> None:
    long = "x" * (MAX_SCANNED - 100)
    article = Document("a", "a.md", ArticleMetadata(title="?"), f"{long} ferryman's car-ferry")
    with closing(MemoryEngine()) as engine:
        load(engine, article)
        found = explain(engine, SearchCriteria(parse("xy").tree), "a", seconds=60)
        assert [each.sentence.text for each in found.reasons] == ["It does not have “xy”."]
        (reason,) = explain(engine, SearchCriteria(parse("erryman").tree), "a", seconds=60).reasons
    assert reason.sentence.text == "It has “erryman” only as a part of another word: ferryman."


@settings(max_examples=14, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=asked, narrowed=asked_filters)
def test_the_smallest_change_admits_the_article(asked: tuple[list[Document], Node], narrowed: Filters) -> None:
    check_explanations(*asked, narrowed)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@settings(max_examples=examples(10_000), deadline=None, suppress_health_check=list(HealthCheck))
@given(asked=asked, narrowed=asked_filters)
def test_the_smallest_change_admits_the_article_at_length(
    asked: tuple[list[Document], Node], narrowed: Filters
) -> None:
    check_explanations(*asked, narrowed)
