"""Measures of ranking by hand, and the least quality on judged collections."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from backfile.index.query import Or, Phrase, Word
from bench.ranking import (
    BEST_KNOWN,
    baseline,
    difference_interval,
    judge_engine,
    main,
    quality,
    question,
    read_collection,
)

LEAST_NDCG = {name: 1.02 * least for name, least in BEST_KNOWN.items()}


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


def test_repeated_words_of_a_text_are_counted() -> None:
    assert question("night ferry, ferries (Night OR boat)") == Or(
        (Word("night", times=2), Word("ferry"), Word("ferries"), Word("boat"))
    )
    long = question(" ".join(f"w{number} w0" for number in range(100)))
    assert isinstance(long, Or)
    assert long.nodes[0] == Word("w0", times=101)


def test_intervals_tell_chance_from_difference() -> None:
    low, high = difference_interval([0.5, 0.7, 0.6], [0.4, 0.6, 0.5])
    assert (low, high) == pytest.approx((0.1, 0.1))
    low, high = difference_interval([1.0, 0.0] * 10, [0.0, 1.0] * 10)
    assert low < 0 < high


@pytest.fixture
def small_collection(tmp_path: Path) -> Path:
    (tmp_path / "docs.jsonl").write_text(
        '{"id": "1", "title": "Night ferries", "text": "They sail."}\n'
        '{"id": "2", "title": "Trains", "text": "A ferry."}\n'
    )
    (tmp_path / "queries.jsonl").write_text('{"id": "q", "text": "the ferry"}\n{"id": "unjudged", "text": "x"}')
    (tmp_path / "qrels.tsv").write_text("q\t1\t1\nq\t2\t0\n")
    return tmp_path


def test_plain_bm25_ranks_by_hand(small_collection: Path) -> None:
    best = baseline(read_collection(small_collection))  # "they sail" loses to nothing; both have the stem of ferry
    assert best.by_query == [pytest.approx(1 / math.log2(3))]
    assert best.ndcg10 == best.by_query[0]


def test_a_row_says_the_margin(
    small_collection: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.json"
    monkeypatch.setattr("sys.argv", ["ranking", "--collection", str(small_collection), "--json", str(out)])
    main()
    (row,) = json.loads(out.read_text())
    assert row["margin"] == pytest.approx(row["ndcg10"] / row["baseline"] - 1)
    assert f"{row['margin']:+.1%}" in capsys.readouterr().out


def test_a_small_collection_is_read_and_run(small_collection: Path) -> None:
    for engine in ("whoosh", "memory"):
        got, rankings = judge_engine(engine, read_collection(small_collection))
        assert (got.ndcg10, got.queries) == (1.0, 1)
        assert [article_id for article_id, _ in rankings["q"]] == ["1", "2"]


@pytest.mark.corpora
@pytest.mark.long
@pytest.mark.parametrize("name", LEAST_NDCG)
def test_ranking_on_judged_collections(name: str, corpus: Callable[[str], Path]) -> None:
    got, _ = judge_engine("whoosh", read_collection(corpus(name)), depth=10)
    assert got.ndcg10 >= LEAST_NDCG[name]
