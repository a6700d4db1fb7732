"""Agreement of every engine with the oracle: generated libraries, histories and queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from long_runs import examples

from backfile.index.engine import Changes, Document, Engine, Filters, Page, Request, Sort
from backfile.index.query import And, Fuzzy, Node, Or, Phrase, Wildcard, Word, walk
from backfile.index.ranking import bm25f
from backfile.index.ranking.bm25f import neighbour_pairs
from contract.generated import WORDS, documents, filters, fuzzies, patterns, phrases, queries, words
from contract.library import ENGINES, fingerprint, fresh_engine

COMPARED = [name for name in ENGINES if name != "memory"]  # with which the others are compared
EMBEDDED = [name for name in COMPARED if name != "opensearch"]  # a cluster has tests of its own, with fewer examples
WITHOUT_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # an example on a cluster takes a second
LANGUAGES = st.sampled_from([("en",), ("en", "fr"), ("fr", "en", "ru"), ()])


@dataclass(frozen=True)
class Batch:
    put: list[Document]
    drop: list[str]
    languages: tuple[str, ...]
    stories: dict[str, str] | None = None

    def write(self, engine: Engine) -> None:
        put = [(document, fingerprint(document)) for document in self.put]
        engine.write(Changes(put=put, drop=self.drop, languages=self.languages, stories=self.stories))


stories = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("abz"), max_size=8).map(
    lambda leads: leads | {lead: lead for lead in leads.values()}
)
batches = st.builds(
    Batch,
    st.lists(documents(), min_size=1, max_size=8),
    st.lists(st.sampled_from("abcdefgh"), max_size=3),
    LANGUAGES,
    st.one_of(st.none(), stories),
)
searches = st.tuples(queries, st.one_of(st.just(Filters()), filters), st.sampled_from(Sort))


def check_agreement(name: str, history: list[Batch], questions: list[tuple[Node, Filters, Sort]]) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        naive, other = (stack.enter_context(fresh_engine(kind, folder / kind)) for kind in ("memory", name))
        for batch in history:
            batch.write(naive)
            batch.write(other)
        assert other.fingerprints() == naive.fingerprints()
        assert other.status().language_counts == naive.status().language_counts
        ids = naive.ids()
        for start, stop in combinations(range(len(ids) + 2), 2):
            assert list(other.ids(start, stop)) == list(ids[start:stop])
        assert other.status().copies == naive.status().copies
        for query, narrowed, sort in questions:
            for relax, fold in ((False, False), (True, False), (True, True)):
                request = Request(query, narrowed, sort, per_page=20, facet_size=None, deadline=60, relax=relax)
                request = replace(request, fold=fold)
                expected, answer = naive.search(request), other.search(request)
                if fold:
                    assert_folded(expected, answer, sort)
                else:
                    assert_same(expected, answer, sort, precision_of_scores(name, query))


def has_pair(query: Node) -> bool:
    return any(isinstance(node, And | Or) and bool(neighbour_pairs(node)) for node in walk(query))


def has_fuzzy_word(query: Node) -> bool:
    return any(isinstance(node, Fuzzy) for node in walk(query))


def has_distance(query: Node) -> bool:
    return any(isinstance(node, Phrase) and node.within is not None for node in walk(query))


def has_phrase_of_patterns(query: Node) -> bool:
    return any(isinstance(node, Phrase) and not {*"*?"}.isdisjoint(node.text) for node in walk(query))


@dataclass(frozen=True)
class Kind:
    """Queries of which an engine may score articles in another way, and why (docs/decisions/opensearch.md)."""

    is_member: Callable[[Node], bool]
    members: st.SearchStrategy[Node]
    reason: str


word_texts = st.sampled_from(WORDS)
KINDS = {
    "words": Kind(lambda query: isinstance(query, Word), words, ""),
    "phrases": Kind(lambda query: not has_distance(query) and not has_phrase_of_patterns(query), phrases, ""),
    "patterns": Kind(lambda query: isinstance(query, Wildcard), patterns, ""),
    "neighbours": Kind(
        has_pair, st.builds(And, st.tuples(words, words)), "a cluster counts a pair for each of its second words"
    ),
    "phrases of patterns": Kind(
        has_phrase_of_patterns, phrases, "a cluster counts each of the terms at a position that a pattern matches"
    ),
    "fuzzy words": Kind(has_fuzzy_word, fuzzies, "a cluster counts a fuzzy word once in a field"),
    "words within a distance": Kind(
        has_distance,
        st.builds(Phrase, st.tuples(word_texts, word_texts).map(" ".join), within=st.integers(0, 6)),
        "a cluster counts words within a distance less the further apart they stand",
    ),
}


def precision_of_scores(name: str, query: Node) -> float | None:
    """Relative differences that scores may have; None if they are not compared.

    OpenSearch has scores in single precision.
    """
    if name != "opensearch":
        return 1e-9
    return None if any(kind.reason and kind.is_member(query) for kind in KINDS.values()) else 1e-5


def scores_of_kinds() -> Iterator[object]:
    """Engines with kinds of queries; what a cluster scores in another way is a named skip."""
    for name in COMPARED:
        for title, kind in KINDS.items():
            skipped = [pytest.mark.skip(reason=kind.reason)] if kind.reason and name == "opensearch" else []
            yield pytest.param(name, kind, id=f"{name}-{title}", marks=skipped)


def assert_same(expected: Page, answer: Page, sort: Sort, precision: float | None) -> None:
    assert answer.total == expected.total
    assert answer.facets == expected.facets
    assert answer.pages == expected.pages
    assert answer.relaxed == expected.relaxed
    assert answer.suggestion == expected.suggestion
    truth, hits = ({hit.id: hit for hit in page.hits} for page in (expected, answer))
    assert hits.keys() == truth.keys()
    assert {key: (hit.title, hit.matches, hit.passages, hit.missing) for key, hit in hits.items()} == {
        key: (hit.title, hit.matches, hit.passages, hit.missing) for key, hit in truth.items()
    }
    if sort is not Sort.RELEVANCE or precision is None:
        assert sort is Sort.RELEVANCE or [hit.id for hit in answer.hits] == [hit.id for hit in expected.hits]
        return
    assert {key: hit.score for key, hit in hits.items()} == pytest.approx(
        {key: hit.score for key, hit in truth.items()}, rel=precision, abs=1e-12
    )
    # Rounding may part what is equal, so the order is held to the scores and not hit by hit.
    scores = [truth[hit.id].score for hit in answer.hits]
    assert all(later <= earlier + precision * max(earlier, 1) for earlier, later in pairwise(scores))


def assert_folded(expected: Page, answer: Page, sort: Sort) -> None:
    """Asserts that two folded pages agree; the scores of copies may part in their rounding, and so may the first."""
    assert (answer.total, answer.stories, answer.pages) == (expected.total, expected.stories, expected.pages)
    assert answer.facets == expected.facets
    stories = [
        {frozenset([hit.id, *(each.id for each in hit.copies)]) for hit in page.hits} for page in (expected, answer)
    ]
    assert stories[0] == stories[1]
    truth, hits = ({hit.id: (hit.copies, hit.copy_count) for hit in page.hits} for page in (expected, answer))
    assert {key: hits[key] for key in hits.keys() & truth.keys()} == {
        key: truth[key] for key in hits.keys() & truth.keys()
    }
    if sort is not Sort.RELEVANCE:
        assert [hit.id for hit in answer.hits] == [hit.id for hit in expected.hits]


@pytest.mark.parametrize(("name", "kind"), list(scores_of_kinds()))
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck), phases=WITHOUT_SHRINKING)
@given(data=st.data(), history=st.lists(batches, min_size=1, max_size=2))
def test_scores_agree_for_each_kind_of_query(name: str, kind: Kind, data: st.DataObject, history: list[Batch]) -> None:
    asked = data.draw(st.lists(kind.members.filter(kind.is_member), min_size=4, max_size=8))
    check_agreement(name, history, [(query, Filters(), Sort.RELEVANCE) for query in asked])


ALL_GET_THE_BONUS = pytest.mark.skip(reason="a cluster gives the bonus of neighbours to all articles")


@pytest.mark.parametrize("name", [*EMBEDDED, pytest.param("opensearch", marks=ALL_GET_THE_BONUS)])
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(batches, min_size=1, max_size=2), query=queries, best=st.integers(1, 6))
def test_only_the_best_get_the_bonus_of_neighbours(name: str, history: list[Batch], query: Node, best: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bm25f, "BEST", best)
        check_agreement(name, history, [(query, Filters(), Sort.RELEVANCE)])


@pytest.mark.parametrize("name", EMBEDDED)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(batches, min_size=1, max_size=3), questions=st.lists(searches, min_size=6, max_size=8))
def test_agrees_with_the_naive_engine(
    name: str, history: list[Batch], questions: list[tuple[Node, Filters, Sort]]
) -> None:
    check_agreement(name, history, questions)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), phases=WITHOUT_SHRINKING)
@given(history=st.lists(batches, min_size=1, max_size=2), questions=st.lists(searches, min_size=6, max_size=8))
def test_a_cluster_agrees_with_the_naive_engine(
    history: list[Batch], questions: list[tuple[Node, Filters, Sort]]
) -> None:
    check_agreement("opensearch", history, questions)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@settings(
    max_examples=examples(2_000), deadline=None, suppress_health_check=list(HealthCheck), phases=WITHOUT_SHRINKING
)
@given(history=st.lists(batches, min_size=1, max_size=3), questions=st.lists(searches, min_size=1, max_size=12))
def test_a_cluster_agrees_with_the_naive_engine_at_length(
    history: list[Batch], questions: list[tuple[Node, Filters, Sort]]
) -> None:
    check_agreement("opensearch", history, questions)


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("name", EMBEDDED)
@settings(max_examples=examples(10_000), deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(batches, min_size=1, max_size=4), questions=st.lists(searches, min_size=1, max_size=12))
def test_agrees_with_the_naive_engine_at_length(
    name: str, history: list[Batch], questions: list[tuple[Node, Filters, Sort]]
) -> None:
    check_agreement(name, history, questions)
