"""Three nodes, three shards, one replica: nodes die by SIGKILL under load, and no answer is wrong or a part.

The articles are those of the corpus digitalgov; on machines without it, generated ones.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from opensearch.cluster import Cluster
from opensearch.fixtures import need_opensearch

from backfile.archive.storage.library import Library
from backfile.index.engine import Page, Request
from backfile.index.engines import open_engine
from backfile.index.engines.options import EngineOptions
from backfile.index.errors import ClusterUnavailable, DeadlineExceeded
from backfile.index.query import parse
from backfile.index.sync.synchronization import update_index
from backfile.index.sync.verification import OK, check
from bench import corpora_folder
from bench.corpus import generate, write_library

CORPUS = "digitalgov"
GENERATED = 1_500  # articles, where the corpus is not there
RATE = 20.0  # searches a second
DEADLINE = 5.0  # seconds; three servers and the searches share two cores here
GRACE = 2.0  # seconds beyond it
QUERIES_OF_CORPUS = (
    "accessibility", "customer experience", '"social media"', "podcast OR webinar", "design -research",
    "usab*", "title:content", "plain language training", "government", "anlytics~",
)  # fmt: skip
QUERIES_OF_GENERATED = (
    "harbour", "harbour quota", '"has been at the"', "accident OR advice", "address -harbour", "account*",
    "title:harbour", "bakery chandler assistant", "abolish", "acrosss~",
)  # fmt: skip


@dataclass(frozen=True)
class Articles:
    """Library that the tests index, and queries that find something in it."""

    library: Library
    queries: tuple[str, ...]


@pytest.fixture(scope="module")
def articles(tmp_path_factory: pytest.TempPathFactory) -> Articles:
    if (corpora_folder() / CORPUS).is_dir():
        return Articles(Library(corpora_folder() / CORPUS), QUERIES_OF_CORPUS)
    folder = tmp_path_factory.mktemp("generated")
    write_library(generate(GENERATED), folder)
    return Articles(Library(folder), QUERIES_OF_GENERATED)


@dataclass
class Load:
    """Searches at a steady rate, and what came of them."""

    options: EngineOptions
    expected: dict[str, tuple[int, tuple[str, ...]]]
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def run(self, ended: threading.Event) -> None:
        numbers, began, queries = itertools.count(), time.monotonic(), list(self.expected)

        def search() -> None:
            with closing(open_engine("opensearch", Path(), self.options)) as engine:
                for number in numbers:
                    if ended.wait(max(0.0, began + number / RATE - time.monotonic())):
                        return
                    query = queries[number % len(queries)]
                    started = time.monotonic()
                    try:
                        self._judge(query, engine.search(request(query)))
                    except (ClusterUnavailable, DeadlineExceeded) as error:
                        self.outcomes[type(error).__name__] += 1
                    self.slowest = max(self.slowest, time.monotonic() - started)

        with ThreadPoolExecutor(6) as pool:
            for each in [pool.submit(search) for _ in range(6)]:
                each.result()

    def _judge(self, query: str, page: Page) -> None:
        found = outcome(page)
        self.outcomes["answered"] += 1
        if found != self.expected[query]:
            self.wrong.append(f"{query}: {found} instead of {self.expected[query]}")


def request(query: str) -> Request:
    return Request(parse(query).tree, deadline=DEADLINE)


def outcome(page: Page) -> tuple[int, tuple[str, ...]]:
    return page.total, tuple(hit.id for hit in page.hits)


@contextmanager
def load(options: EngineOptions, expected: dict[str, tuple[int, tuple[str, ...]]]) -> Iterator[Load]:
    running, ended = Load(options, expected), threading.Event()
    thread = threading.Thread(target=running.run, args=(ended,))
    thread.start()
    try:
        yield running
    finally:
        ended.set()
        thread.join()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    need_opensearch()
    nodes = Cluster(3)
    try:
        nodes.start(timeout=400)
        nodes.end_with(os.getpid())
        yield nodes
    finally:
        nodes.stop()


def manager(cluster: Cluster, alive: int) -> int:
    """Number of the elected cluster manager, as node `alive` says."""
    with urllib.request.urlopen(f"{cluster.urls[alive]}/_cat/cluster_manager?format=json", timeout=30) as answer:
        return cluster.names.index(json.load(answer)[0]["node"])


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_nodes_die_and_no_answer_is_wrong(
    cluster: Cluster, articles: Articles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    options = EngineOptions(url=cluster.urls, index="news", shards=3, replicas=1)
    added = len(update_index(articles.library, cache, "opensearch", options=options).added)
    update_index(articles.library, tmp_path / "embedded", "whoosh")
    with (
        closing(open_engine("opensearch", cache, options)) as engine,
        closing(open_engine("whoosh", tmp_path / "embedded" / "index")) as embedded,
    ):
        expected = {query: outcome(engine.search(request(query))) for query in articles.queries}
        assert min(total for total, _ in expected.values()) > 0
        assert {query: total for query, (total, _) in expected.items()} == {
            query: embedded.search(request(query)).total for query in articles.queries
        }
        assert engine.status().documents == added
    cluster.wait()

    lines = [f"{added} articles"]
    elected = manager(cluster, 0)
    for name, number in (("a node", (elected + 1) % 3), ("the elected manager", elected)):
        with load(options, expected) as searches:
            time.sleep(3)
            before = sum(searches.outcomes.values())
            cluster.kill(number)
            time.sleep(12)
            cluster.start_node(number)
            cluster.wait(timeout=300)
            time.sleep(2)
        lines.append(
            f"{name} ({cluster.names[number]}) killed after {before} searches: {dict(searches.outcomes)}, "
            f"slowest {searches.slowest:.2f} s, wrong {len(searches.wrong)}"
        )
        assert not searches.wrong
        assert searches.outcomes["answered"] > 0.7 * searches.outcomes.total()
        assert searches.slowest <= DEADLINE + GRACE
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201 - the log of this test


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_an_index_run_in_progress_ends_complete(
    cluster: Cluster, articles: Articles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = tmp_path / "cache"
    options = EngineOptions(url=cluster.urls, index="grows", shards=3, replicas=1)
    began = time.monotonic()
    read = threading.Event()

    def progress(done: int, total: int) -> None:
        if done > total / 4:
            read.set()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(
            update_index, articles.library, cache, "opensearch", options=options, wait=60, progress=progress
        )
        assert read.wait(300)
        killed = manager(cluster, 0)
        cluster.kill(killed)
        report = running.result()
    seconds = time.monotonic() - began
    cluster.start_node(killed)
    cluster.wait(timeout=300)
    embedded = update_index(articles.library, tmp_path / "embedded", "whoosh")
    assert (report.added, report.failed) == (embedded.added, embedded.failed)
    added = len(report.added)
    found = check(articles.library, cache, "opensearch", options=options)
    assert (found.index, found.searchable) == (OK, added)
    assert found.problems == check(articles.library, tmp_path / "embedded", "whoosh").problems
    assert found.cluster is not None
    assert (found.cluster.health, found.cluster.nodes, found.cluster.unassigned) == ("green", 3, 0)
    again = update_index(articles.library, cache, "opensearch", options=options)
    assert again.did_nothing
    with capsys.disabled():
        print(f"\nthe manager killed while {added} articles were indexed: complete after {seconds:.0f} s")  # noqa: T201
