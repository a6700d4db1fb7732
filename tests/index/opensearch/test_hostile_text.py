"""Hostile text: whatever articles and queries hold is a value for OpenSearch, never its syntax."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contract.library import article, fresh_engine, load
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backfile.index.engine import Engine, Filters, Request
from backfile.index.errors import SearchError
from backfile.index.query import FIELDS, Fuzzy, InField, Node, Or, Phrase, Wildcard, Word, parse

NAUGHTY = [
    "* OR id:*", "*:*", "ferry^1000", "text:(ferry", "_exists_:id", "{\"match_all\": {}}", "\"},{\"match_all\":{}}",
    "\\",
    "\\\\*", "/.*/", "[a TO z]", "a && b || !c", "${ferry}", "{{ferry}}", "<1-100>", "@&~", "#", "~", "|", "||", "| |",
    "^en:ferri", "en:ferri", "::ferry", "~ ~ ~", "ferry~9", "?*e*?", "(" * 40, "'; drop table", "\x00", "\x1f",
    "\u2028",
    "\ufeff", "\u202eferry", "﷽", "ͺ", "½", "e\u0301" * 50, "👩‍👩‍👧", "a" * 900, "*" * 30, "-" * 30,
    "params.weight", "doc['id'].value", "_score", "_source", "id", "words_text",
]  # fmt: skip


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Engine]]:
    """Cluster and naive engine with one harmless article, and one for each naughty string, which is in every field."""
    folder = tmp_path_factory.mktemp("hostile")
    documents = [article("harmless", "The ferry sails.", title="Ferry", date="2019")]
    for number, text in enumerate(NAUGHTY):
        names = {"authors": (text,), "topics": (text,), "source": (text, None), "language": text[:20]}
        documents.append(article(f"naughty-{number}", text, title=text, summary=text, **names))
    with fresh_engine("opensearch", folder / "cluster") as cluster, fresh_engine("memory", folder / "naive") as naive:
        for engine in (cluster, naive):
            load(engine, *documents)
        yield cluster, naive


def everywhere(text: str) -> Node:
    """The text as every kind of node, in every field."""
    kinds = (Word(text), Word(text, exact=True), Phrase(text), Phrase(text, within=3), Wildcard(text), Fuzzy(text, 2))
    fields = (InField(field, Or(kinds)) for field in sorted(FIELDS) if field != "date")
    return Or((parse(text).tree, *kinds, *fields))


def assert_alike(engines: tuple[Engine, Engine], query: Node, **more: Filters) -> None:
    pages = [engine.search(Request(query, per_page=100, passages=0, deadline=60, **more)) for engine in engines]
    cluster, naive = ((page.total, {hit.id for hit in page.hits}, page.facets) for page in pages)
    assert cluster == naive


@pytest.mark.parametrize(
    "text",
    [pytest.param(text, marks=[pytest.mark.long] if number % 4 else []) for number, text in enumerate(NAUGHTY)],
    ids=ascii,
)
def test_a_naughty_text_finds_what_holds_it(engines: tuple[Engine, Engine], text: str) -> None:
    assert_alike(engines, everywhere(text))
    assert_alike(engines, parse(text).tree, filters=Filters(authors=(text,), topics=(text,)))
    assert engines[0].complete(text).titles == engines[1].complete(text).titles


def test_every_article_comes_back_as_it_was_written(engines: tuple[Engine, Engine]) -> None:
    for number, text in enumerate(NAUGHTY):
        document = engines[0].document(f"naughty-{number}")
        assert (document.text, document.metadata.title, document.metadata.authors) == (text, text, (text,))


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(st.sampled_from('|~^*?:"\\/[]{}()&!+-=<>@#.,_ aeё手\n\x00ß'), max_size=12) | st.text(max_size=8))
def test_any_text_is_searched_for_in_any_field(engines: tuple[Engine, Engine], text: str) -> None:
    assert_alike(engines, everywhere(text), filters=Filters(topics=(text, "~")))


def test_half_a_character_is_no_failure(engines: tuple[Engine, Engine]) -> None:
    load(engines[0], article("half", "Half: \ud800.", title="\ud800 title", authors=("\ud800",)))
    assert engines[0].document("half").text == "Half: \ud800."
    assert "half" in {hit.id for hit in engines[0].search(Request(parse('title \ud800 "half"').tree, deadline=60)).hits}


def test_a_refused_article_is_named(engines: tuple[Engine, Engine]) -> None:
    documents = [article("x" * 40_000, "ferry"), article("fine", "puffin")]
    with pytest.raises(SearchError, match=r"did not take 1 of the articles: x+\.md"):
        load(engines[0], *documents)
