"""Benchmark of the OpenSearch engine: a small run on the shared node gives every figure."""

from __future__ import annotations

import pytest

from bench import cluster


@pytest.mark.long
def test_a_small_run_gives_every_figure(opensearch_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "SAMPLE", 300)
    figures = cluster.measure(300, 1, opensearch_url, 0)
    assert figures["questions"] == 80
    assert figures["requests_first_round"] >= figures["requests_last_round"] >= 1
    assert 0 < figures["took"]["median"] <= figures["waited_for_requests"]["median"] <= figures["cluster"]["median"]
    assert figures["write"]["articles_per_second"] > 0
    assert figures["bytes_an_article"] > 1_000
    assert figures["totals_equal"] > 0.9
    lines = cluster.table(figures).splitlines()
    assert len(lines) > 20
    assert "waited for requests" in "".join(lines)
