"""Measures of ranking by hand, and the least quality on judged collections."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from backfile.index.query import Or, Phrase, Word
from bench.ranking import judge_engine, quality, question, read_collection

LEAST_NDCG = {"ir-cranfield": 0.385, "ir-cacm": 0.495}


def test_measures_by_hand() -> None:
    grades = {"q": {"a": 2, "b": 1, "c": 0}}
    got = quality({"q": ["c", "a", "x", "b"]}, grades)
    assert got.ndcg10 == pytest.approx((2 / math.log2(3) + 1 / math.log2(5)) / (2 + 1 / math.log2(3)))
    assert got.map == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert (got.recall100, got.queries) == (1.0, 1)


def test_deep_hits_count_less_and_a_query_without_hits_counts_zero() -> None:
    grades = {"deep": {"a": 1}, "none": {"a": 1}}
    got = quality({"deep": [str(number) for number in range(100)] + ["a"]}, grades)
    assert (got.ndcg10, got.recall100) == (0.0, 0.0)
    assert got.map == pytest.approx(1 / 101 / 2)


def test_text_becomes_any_of_its_words() -> None:
    words = question('ferries (or -boats) "night train", topic:harbour')
    assert words == Or(
        (Word("ferries"), Word("or"), Word("boats"), Phrase("night train"), Word("topic"), Word("harbour"))
    )
    assert len(question(" ".join(f"w{number}" for number in range(100))).nodes) == 100  # type: ignore[union-attr]


def test_a_small_collection_is_read_and_run(tmp_path: Path) -> None:
    (tmp_path / "docs.jsonl").write_text(
        '{"id": "1", "title": "Night ferries", "text": "They sail."}\n'
        '{"id": "2", "title": "Trains", "text": "A ferry."}\n'
    )
    (tmp_path / "queries.jsonl").write_text('{"id": "q", "text": "the ferry"}\n{"id": "unjudged", "text": "x"}')
    (tmp_path / "qrels.tsv").write_text("q\t1\t1\nq\t2\t0\n")
    for engine in ("whoosh", "memory"):
        got, rankings = judge_engine(engine, read_collection(tmp_path))
        assert (got.ndcg10, got.queries) == (1.0, 1)
        assert [article_id for article_id, _ in rankings["q"]] == ["1", "2"]


@pytest.mark.corpora
@pytest.mark.long
@pytest.mark.parametrize("name", LEAST_NDCG)
def test_ranking_on_judged_collections(name: str, corpus: Callable[[str], Path]) -> None:
    got, _ = judge_engine("whoosh", read_collection(corpus(name)), depth=10)
    assert got.ndcg10 >= LEAST_NDCG[name]
