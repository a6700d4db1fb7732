"""Half-remembered sentences are drawn and judged as the measurement says."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from contract.library import article, load

from backfile.index.engines import open_engine
from bench.remembered import Remembered, SimilarSentences, measure, remember

FERRY = "The night ferry left the old harbour late because the captain had waited for the mail train."
TRAIN = "The slow mail train waited at the border until an officer had read all letters of the embassy."
LIBRARY = [
    article("ferry", f"{FERRY} Nothing else."),
    article("train", f"{TRAIN} Nothing else."),
    article("copy", "Here the night ferry left the old harbour and the captain waited for the mail train, late."),
]  # fmt: skip


def test_a_fifth_of_the_words_is_dropped_and_one_is_wrong() -> None:
    sentences = list(remember(LIBRARY[:2], 2, seed=3))
    assert {each.article_id for each in sentences} == {"ferry", "train"}
    for each in sentences:
        written, remembered = each.written.split(), each.remembered.split()
        (wrong,) = set(remembered) - set(written)
        assert len(remembered) == len(written) - round(len(written) / 5)
        assert each.left == set(remembered) - {wrong}
    assert list(remember(LIBRARY[:2], 2, seed=3)) == sentences


def test_shares_and_similar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = frozenset("night ferry left old harbour".split())  # noqa: SIM905
    memory = Remembered("ferry", FERRY, "night ferry left old harbour kittiwake", left)
    assert SimilarSentences(LIBRARY).of(left) == {"ferry", "copy"}
    with closing(open_engine("memory", tmp_path)) as engine:
        load(engine, *LIBRARY)
        page, first, three, similar, none, *costs = measure(
            "small", engine, [memory, memory], SimilarSentences(LIBRARY)
        )
    assert (page, three, similar, none) == (1, 1, 1, 0)
    assert first in (0, 1)
    assert len(costs) == 5
    assert capsys.readouterr().out.startswith("small")
