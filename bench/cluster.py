"""OpenSearch engine beside the embedded one: the questions of `compare`, bulk indexing, memory, what a node spends.

Both engines answer in this process, one after the other for every question. The server's own time is the sum of `took`
over all requests of a search; the rest is ours: the client, the network, highlighting. On a busy machine only the
processor times mean anything. Beside ours the same node indexes the articles into a plain index with its own English
analysis; each index is built twice, and the second time counts, since a node that has just started compiles.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch, Transport
from opensearchpy.helpers import parallel_bulk

from backfile.index.engines.options import EngineOptions
from backfile.index.status import Status
from bench.corpus import generate
from bench.drivers.backfile import Backfile
from bench.drivers.base import Answer, Question
from bench.questions import questions
from tests.opensearch.cluster import Cluster

SAMPLE = 3_000  # articles from which the questions are drawn, as in `compare`
MB = 1_000_000
JAVA_OPTIONS = "-Xms1g -Xmx1g"
ALLOWANCE = 4.0  # ms that a search may take beside what the server takes


@dataclass(slots=True)
class Requests:
    """Requests of a client since `reset`: their number, the time waited for them and the server's `took` (ms)."""

    number: int = 0
    waited: float = 0.0
    took: float = 0.0

    def reset(self) -> None:
        """Begins anew."""
        self.number, self.waited, self.took = 0, 0.0, 0.0


@contextmanager
def counted() -> Iterator[Requests]:
    """Counts the requests of every client in this process."""
    seen, original = Requests(), Transport.perform_request

    def perform(self: Transport, *arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        answer = original(self, *arguments, **named)
        seen.waited += (time.perf_counter() - began) * 1000
        seen.number += 1
        for each in answer.get("responses", [answer]) if isinstance(answer, dict) else ():
            seen.took += each.get("took", 0)
        return answer

    Transport.perform_request = perform  # type: ignore[method-assign]
    try:
        yield seen
    finally:
        Transport.perform_request = original  # type: ignore[method-assign]


@dataclass(slots=True)
class Times:
    """Rounds of one question in ms, by the clock and in processor time of this process.

    `took`, `requests` and `waited` are of the OpenSearch engine.
    """

    embedded: list[float] = field(default_factory=list)
    cluster: list[float] = field(default_factory=list)
    embedded_processor: list[float] = field(default_factory=list)
    cluster_processor: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    overlap: float = 1.0
    totals: tuple[int, int] = (0, 0)


def build(driver: Backfile, articles: int, node: int) -> dict[str, float]:
    """Indexes the articles and returns the speed by the clock, and the processor time of both sides in seconds."""
    documents = list(generate(articles))  # their generation is not measured
    characters = sum(len(document.text) for document in documents)
    began, ours, theirs = time.perf_counter(), time.process_time(), processor_seconds(node)
    driver.build(documents)
    seconds = time.perf_counter() - began
    return {
        "articles_per_second": articles / seconds,
        "seconds": seconds,
        "characters": characters,
        "processor_here": time.process_time() - ours,
        "processor_node": processor_seconds(node) - theirs,
    }


def build_plain(options: EngineOptions, articles: int, node: int) -> float:
    """Indexes the articles as most programs do, and returns the node's processor time in seconds."""
    text, keyword = {"type": "text", "analyzer": "english"}, {"type": "keyword"}
    properties = dict.fromkeys(("title", "summary", "text"), text) | dict.fromkeys(("author", "topic", "date"), keyword)
    name = f"{options.index}-plain"
    client = OpenSearch(list(options.url), timeout=120)
    client.indices.create(
        index=name,
        body={
            "settings": {"number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": "-1"},
            "mappings": {"properties": properties},
        },
    )
    actions = (
        {
            "_index": name,
            "_source": {
                "title": document.metadata.title,
                "summary": document.metadata.summary,
                "text": document.text,
                "author": document.metadata.authors,
                "topic": document.metadata.topics,
                "date": document.metadata.date and document.metadata.date.isoformat(),
            },
        }
        for document in list(generate(articles))
    )
    used = processor_seconds(node)
    for done, answer in parallel_bulk(client, actions, thread_count=3, chunk_size=500):
        assert done, answer
    client.indices.refresh(index=name)
    used = processor_seconds(node) - used
    client.indices.delete(index=name)
    client.close()
    return used


def processor_seconds(process: int) -> float:
    """Processor time of another process in seconds; 0 for process 0, one that is not ours."""
    if not process:
        return 0.0
    values = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def resident(process: int, kind: str = "VmRSS") -> float:
    """Resident memory of a process in MB: all of it, or without mapped files (`RssAnon`); 0 for process 0."""
    if not process:
        return 0.0
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(kind))) / 1000


def ask(embedded: Backfile, cluster: Backfile, mix: list[Question], rounds: int) -> list[Times]:
    """Times of every question, in rounds over all of them."""
    times = [Times() for _ in mix]
    gc.collect()
    gc.freeze()
    with counted() as seen:
        for turn in range(rounds):
            for question, passed in zip(mix, times, strict=True):
                one = _timed(embedded, question, passed.embedded, passed.embedded_processor)
                seen.reset()
                other = _timed(cluster, question, passed.cluster, passed.cluster_processor)
                passed.took.append(seen.took)
                passed.requests.append(seen.number)
                passed.waited.append(seen.waited)
                if turn == 0:
                    shared = len({*one.ids} & {*other.ids})
                    passed.overlap = shared / max(len(one.ids), len(other.ids), 1) if one.ids or other.ids else 1.0
                    passed.totals = one.total, other.total
    return times


def _timed(driver: Backfile, question: Question, passed: list[float], used: list[float]) -> Answer:
    began, processor = time.perf_counter(), time.process_time()
    answer = driver.answer(question)
    used.append((time.process_time() - processor) * 1000)
    passed.append((time.perf_counter() - began) * 1000)
    return answer


def report(mix: list[Question], times: list[Times]) -> dict[str, Any]:
    """Figures over all questions, in ms, and by kind of question."""
    embedded, cluster, took, waited = (
        [statistics.median(getattr(each, name)) for each in times] for name in ("embedded", "cluster", "took", "waited")
    )
    rest = [total - server for total, server in zip(cluster, took, strict=True)]
    kinds = dict.fromkeys(question.kind for question in mix)
    return {
        "questions": len(mix),
        "embedded": spread(embedded),
        "cluster": spread(cluster),
        "took": spread(took),
        "waited_for_requests": spread(waited),
        "cluster_minus_took": spread(rest),
        "within_allowance": statistics.mean(each <= ALLOWANCE for each in rest),
        "embedded_processor": spread([statistics.median(each.embedded_processor) for each in times]),
        "cluster_processor": spread([statistics.median(each.cluster_processor) for each in times]),
        "first_round": spread([each.cluster[0] for each in times]),
        "requests_first_round": statistics.mean(each.requests[0] for each in times),
        "requests_last_round": statistics.mean(each.requests[-1] for each in times),
        "top_ten_in_common": statistics.mean(each.overlap for each in times),
        "totals_equal": statistics.mean(one == other for one, other in (each.totals for each in times)),
        "kinds": {
            kind: [
                statistics.median(values[n] for n, question in enumerate(mix) if question.kind == kind)
                for values in (embedded, cluster, took)
            ]
            for kind in kinds
        },
    }


def spread(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum."""
    ordered = sorted(values)
    return {"median": statistics.median(ordered), "p95": ordered[int(len(ordered) * 0.95)], "max": ordered[-1]}


def table(figures: dict[str, Any]) -> str:
    """Formats the figures as Markdown."""
    head = f"{figures['articles']:,} articles; {figures['machine']}"
    rows = ["| ms | median | p95 | max |", "|---|---|---|---|"]
    for name in (name for name, values in figures.items() if isinstance(values, dict) and "p95" in values):
        values = figures[name]
        rows.append(
            f"| {name.replace('_', ' ')} | {values['median']:.1f} | {values['p95']:.1f} | {values['max']:.1f} |"
        )
    rows += ["", "| kind | embedded | cluster | took |", "|---|---|---|---|"]
    rows += [
        f"| {kind} | {' | '.join(f'{value:.1f}' for value in values)} |" for kind, values in figures["kinds"].items()
    ]
    others = {
        key: round(value, 3)
        for part in ("write", "memory")
        for key, value in ({f"{part}: {name}": number for name, number in figures[part].items()}).items()
    }
    others |= {key: round(value, 3) for key, value in figures.items() if isinstance(value, float)}
    return "\n".join([head, "", *rows, "", *(f"{key.replace('_', ' ')}: {value:,}" for key, value in others.items())])


def measure(articles: int, rounds: int, url: str, node: int) -> dict[str, Any]:
    """Builds both indexes, asks both, and returns the figures; `node` is the server's process id, or 0."""
    mix = questions(list(islice(generate(SAMPLE), SAMPLE)))
    options = EngineOptions(url=(url,), index=f"bench-{os.getpid()}", replicas=0)
    with tempfile.TemporaryDirectory(prefix="bench-cluster-") as folder:
        print("building the embedded index", file=sys.stderr, flush=True)
        Backfile(Path(folder)).build(generate(articles))
        embedded = Backfile(Path(folder))
        cluster = Backfile(Path(folder), "opensearch", options)
        try:
            print("building the index on the cluster", file=sys.stderr, flush=True)
            for _ in range(2):
                remove(options)
                plain = build_plain(options, articles, node)
                written = build(cluster, articles, node) | {"processor_node_plain_index": plain}
                cluster = Backfile(Path(folder), "opensearch", options)
            status: Status = cluster.engine.status()
            assert status.documents == articles
            before = resident(os.getpid(), "RssAnon")
            print("asking", file=sys.stderr, flush=True)
            used = processor_seconds(node)
            figures = report(mix, ask(embedded, cluster, mix, rounds))
            used = (processor_seconds(node) - used) * 1000 / (len(mix) * rounds)
        finally:
            remove(options)
    return figures | {
        "articles": articles,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {JAVA_OPTIONS}",
        "write": written,
        "node_processor_ms_a_search": used,
        "bytes_an_article": status.bytes / articles,
        "memory": {
            "node_mb": resident(node),
            "node_without_mapped_files_mb": resident(node, "RssAnon"),
            "here_before_asking_mb": before,
            "here_afterwards_mb": resident(os.getpid(), "RssAnon"),
        },
    }


def remove(options: EngineOptions) -> None:
    """Deletes the indices of a measurement."""
    from backfile.index.engines.opensearch.connection import connect  # noqa: PLC0415

    client = connect(options)
    for name in client.indices.get(index=f"{options.index}*", params={"expand_wildcards": "all"}):
        client.indices.delete(index=name)
    client.close()


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench cluster", description=__doc__)
    parser.add_argument("--articles", type=int, default=50_000, metavar="N", help="articles of some 4 KB (50000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of every question (5)")
    parser.add_argument("--url", default="", help="a node that runs; by default one is started (`make opensearch`)")
    parser.add_argument("--json", metavar="OUT", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with ExitStack() as stack:
        url, node = options.url, 0
        if not url:
            cluster = stack.enter_context(Cluster(java_options=JAVA_OPTIONS))
            url, node = cluster.urls[0], cluster.processes[0].pid
        figures = measure(options.articles, options.rounds, url, node)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(table(figures))
