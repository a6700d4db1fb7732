"""Large archive: a million articles indexed in commits as `backfile index` makes them, then queried.

The index stays in its folder: an interrupted run continues where it stopped, and a complete index is only queried.
Memory is that of all processes involved, without the page cache (Linux: Pss_Anon).
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing as mp
import os
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

from backfile.index.engine import Changes, Fingerprint
from backfile.index.engines import open_engine
from bench.corpus import generate
from bench.drivers.backfile import Backfile
from bench.drivers.base import Question
from bench.questions import questions

COMMIT = 50_000  # articles, as index.sync.BATCH
SAMPLE = 3_000  # articles from which the questions are drawn, as in `compare`
MB = 1_000_000


class MemoryWatch:
    """Samples the peak memory of this process and its descendants."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.peak = 0
        self._seconds = seconds
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(self._seconds):
            self.peak = max(self.peak, sum(map(own_memory, _process_tree(os.getpid()))))


def own_memory(process: int) -> int:
    """Memory of a process without the page cache in bytes, shared pages by its share; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon")) * 1024


def _process_tree(process: int) -> list[int]:
    """Process ids of a process and its descendants."""
    parents: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
    found = [process]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def build(folder: Path, articles: int) -> dict[str, float]:
    """Indexes the missing ones of the first `articles` articles; returns speed and memory of this part."""
    engine = open_engine("whoosh", folder)
    begun = engine.status().documents
    start = time.perf_counter()
    documents = islice(generate(articles), begun, None)
    with MemoryWatch() as watch:
        for done in range(begun, articles, COMMIT):
            batch = ((document, Fingerprint(0, 0, "")) for document in islice(documents, COMMIT))
            engine.write(Changes(put=batch, languages=("en",)))
            seconds = time.perf_counter() - start
            print(f"{engine.status().documents:,} articles after {seconds:.0f} s", file=sys.stderr, flush=True)
            assert engine.status().documents == min(done + COMMIT, articles)
    engine.close()
    seconds = time.perf_counter() - start
    written = articles - begun
    return {"articles_written": written, "seconds": seconds, "peak_memory_mb": watch.peak / MB} | (
        {"articles_per_second": written / seconds} if written else {}
    )


def ask(folder: Path, rounds: int) -> dict[str, object]:
    """Puts the questions of `compare` to the index in another process; times in ms."""
    mix = questions(list(generate(SAMPLE)))
    with ProcessPoolExecutor(1, mp.get_context("spawn")) as pool:
        return pool.submit(_answer, folder, mix, rounds).result()


def _answer(folder: Path, mix: list[Question], rounds: int) -> dict[str, object]:
    before = own_memory(os.getpid())
    driver = Backfile(folder)
    driver.open()
    gc.freeze()
    times: list[list[tuple[float, float]]] = [[] for _ in mix]
    for _ in range(rounds):
        for question, passed in zip(mix, times, strict=True):
            begun, before_it = time.perf_counter(), time.process_time()
            driver.answer(question)
            passed.append(((time.process_time() - before_it) * 1000, (time.perf_counter() - begun) * 1000))
    used = [statistics.median(processor for processor, _ in each) for each in times]
    clock = [statistics.median(clock for _, clock in each) for each in times]
    slowest = sorted(range(len(mix)), key=lambda number: -used[number])[:8]
    return {
        "segments": len(list(folder.glob("*.arrays"))),
        "first_ms": statistics.median(each[0][0] for each in times),
        "median_ms": statistics.median(used),
        "p95_ms": _p95(used),
        "longest_ms": max(used),
        "clock_median_ms": statistics.median(clock),
        "clock_p95_ms": _p95(clock),
        "memory_mb": own_memory(os.getpid()) / MB,
        "memory_before_mb": before / MB,
        "slowest": [f"{used[number]:.1f} ms: {mix[number].kind}, {mix[number].query}" for number in slowest],
    }


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def _lines(report: dict[str, object]) -> Iterator[str]:
    for name, value in report.items():
        if isinstance(value, list):
            yield from map(str, value)
        else:
            yield f"{name}: {value:,.1f}" if isinstance(value, float) else f"{name}: {value:,}"


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench million", description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the index")
    parser.add_argument("--articles", type=int, default=1_000_000, metavar="N", help="articles of some 4 KB (1000000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of every question (3)")
    parser.add_argument("--json", metavar="OUT", type=Path, help="write the report to this file")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    report: dict[str, object] = {**build(options.folder, options.articles)}
    report["index_mb"] = sum(file.stat().st_size for file in options.folder.iterdir()) / MB
    report |= ask(options.folder, options.rounds)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print("\n".join(_lines(report)))
