"""Benchmark of a million articles: written in commits, resumed, searched in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backfile.index.engines import open_engine
from bench import million
from bench.corpus import generate


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(million, "COMMIT", 40)
    monkeypatch.setattr(million, "SAMPLE", 500)


def test_a_build_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert million.build(tmp_path, 50)["articles_written"] == 50
    assert million.build(tmp_path, 90)["articles_written"] == 40
    assert million.build(tmp_path, 90)["articles_written"] == 0
    engine = open_engine("whoosh", tmp_path)
    assert engine.status().documents == 90
    documents = list(generate(90))
    assert [engine.document(each.id) for each in documents[::12]] == documents[::12]
    figures = million.ask(tmp_path, rounds=1)
    assert figures["segments"] >= 1
    assert 0 < figures["median_ms"] <= figures["p95_ms"] <= figures["longest_ms"]
    assert len("\n".join(million._lines(figures)).splitlines()) >= 10


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="only Linux tells")
def test_memory_of_the_whole_process_tree_is_counted() -> None:
    assert os.getpid() in million._process_tree(os.getppid())
    assert million.own_memory(os.getpid()) > 1_000_000
    assert million.own_memory(2**22 + 1) == 0
    with million.MemoryWatch(seconds=0.01) as watch:
        held = bytearray(os.urandom(1 << 20)) * 40
        while watch.peak < len(held):
            pass
