"""Benchmark of quotations: how sentences are spoiled, and what is counted."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from contract.library import article, load

from backfile.index.engines import open_engine
from bench.quotations import SPOILED, measure, spoil

SENTENCE = "The harbour board cancelled the night ferry on Tuesday because of a strike."


@pytest.mark.parametrize("seed", range(5))
def test_sentences_are_spoiled(seed: int) -> None:
    words = SENTENCE.split()
    dropped = spoil(SENTENCE, "dropped", random.Random(seed)).split()
    assert len(dropped) == len(words) - 3
    assert [word for word in words if word in dropped]
    swapped = spoil(SENTENCE, "swapped", random.Random(seed)).split()
    assert sorted(swapped) == sorted(words)
    assert sum(one != other for one, other in zip(words, swapped, strict=True)) in (0, 2)
    noisy = spoil(SENTENCE, "letters", random.Random(seed))
    assert len(noisy) == len(SENTENCE)
    assert [sign for sign in noisy if not sign.isalpha()] == [sign for sign in SENTENCE if not sign.isalpha()]


def test_spoiled_sentences_are_found_and_none_is_called_word_for_word(tmp_path: Path) -> None:
    rng = random.Random(1)
    words = [
        f"{begin}{end}" for begin in ("bal", "cor", "dun", "fel", "gor", "mar") for end in ("ade", "ino", "us", "ox")
    ]
    texts = [" ".join(" ".join(rng.choices(words, k=16)) + "." for _ in range(3)) for _ in range(12)]
    engine = open_engine("memory", tmp_path)
    load(engine, *[article(str(number), text) for number, text in enumerate(texts)])
    rows = measure("12", engine, 12, 1)
    assert list(rows) == list(SPOILED)
    assert sum(len(row.ranks) for row in rows.values()) == 14
    assert all(rank == 0 for row in rows.values() for rank in row.ranks)
    assert all(row.wrong == [] for row in rows.values())
    assert rows["as it is"].verbatim >= 2
