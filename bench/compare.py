"""Comparison of Backfile with tantivy-py, SQLite FTS5 and stock Whoosh on the same articles and questions.

Each engine builds its index in one process and answers in another, so that memory is counted per engine. Every question
is put to all engines before the next one, so that a noisy minute of the machine affects all of them.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing as mp
import os
import platform
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

from backfile.index.engine import Document
from bench.corpus import generate
from bench.drivers.base import Answer, Driver, Question
from bench.questions import questions

DRIVERS = {
    "backfile": ("bench.drivers.backfile", "Backfile"),
    "tantivy": ("bench.drivers.tantivy", "Tantivy"),
    "sqlite": ("bench.drivers.sqlite", "Sqlite"),
    "whoosh": ("bench.drivers.stock_whoosh", "StockWhoosh"),
}
SAMPLE = 3_000
SLOW = 10_000  # articles up to which stock Whoosh is waited for
MB = 1_000_000
Corpus = Callable[[], Iterator[Document]]


@dataclass(slots=True)
class Outcome:
    """Measurements of one engine: times in ms, one list a question with a value a round; sizes in bytes.

    `times` is processor time of the engine's process, which a busy machine distorts less than `clock` does.
    `build_processor` is processor time in seconds; every engine builds on one core.
    """

    build_seconds: float = 0.0
    build_processor: float = 0.0
    build_peak: int = 0
    size: int = 0
    memory: int = 0
    times: list[list[float]] = field(default_factory=list)
    clock: list[list[float]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def medians(self) -> list[float]:
        """Median of each question's rounds."""
        return [statistics.median(rounds) for rounds in self.times]

    @property
    def firsts(self) -> list[float]:
        """First round of each question, before any cache has it."""
        return [rounds[0] for rounds in self.times]


def compare(corpus: Corpus, names: list[str], *, rounds: int = 3, kept: Path | None = None) -> dict[str, object]:
    """Runs the comparison; returns a JSON-able report (see `table`). Indexes in the folder `kept` are reused."""
    sample = list(islice(corpus(), SAMPLE))
    mix = questions(sample)
    folder = kept or Path(tempfile.mkdtemp(prefix="compare-"))
    try:
        outcomes = {name: _build(name, folder / name, corpus) for name in names}
        _ask(outcomes, folder, mix, rounds)
    finally:
        if not kept:
            shutil.rmtree(folder)
    articles, characters = _measure(corpus)
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "articles": articles,
        "text_mb": characters / MB,
        "questions": len(mix),
        "engines": {name: _figures(outcome, articles) for name, outcome in outcomes.items()},
        "kinds": _kinds(mix, outcomes),
        "agreement": _agreement(outcomes),
        "slowest": _slowest(mix, outcomes),
    }


def _build(name: str, folder: Path, corpus: Corpus) -> Outcome:
    seconds, processor, peak = 0.0, 0.0, 0
    if not folder.exists():
        with ProcessPoolExecutor(1, mp.get_context("fork")) as pool:
            seconds, processor, peak = pool.submit(_build_here, name, folder, corpus).result()
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Outcome(build_seconds=seconds, build_processor=processor, build_peak=peak, size=size)


def _build_here(name: str, folder: Path, corpus: Corpus) -> tuple[float, float, int]:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core: no threads and no helper processes
    documents = list(corpus())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    driver = _driver(name, folder)
    start, used = time.perf_counter(), time.process_time()
    driver.build(documents)
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return seconds, processor, (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024


def _driver(name: str, folder: Path) -> Driver:
    module, kind = DRIVERS[name]
    made: Driver = getattr(import_module(module), kind)(folder)
    return made


def _ask(outcomes: dict[str, Outcome], folder: Path, mix: list[Question], rounds: int) -> None:
    context = mp.get_context("spawn")
    ends = {}
    for name in outcomes:
        ends[name], theirs = context.Pipe()
        context.Process(target=_serve, args=(name, folder / name, theirs), daemon=True).start()
        theirs.close()  # a process that died then raises EOFError here instead of blocking
        ends[name].recv()
    for outcome in outcomes.values():
        outcome.times, outcome.clock = [[] for _ in mix], [[] for _ in mix]
    for turn in range(rounds):
        for number, question in enumerate(mix):
            for name, outcome in outcomes.items():
                ends[name].send(question)
                used, passed, answer = ends[name].recv()
                outcome.times[number].append(used)
                outcome.clock[number].append(passed)
                if turn == 0:
                    outcome.answers.append(answer)
    for name, outcome in outcomes.items():
        ends[name].send(None)
        outcome.memory = ends[name].recv()


def _serve(name: str, folder: Path, end: Connection) -> None:
    driver = _driver(name, folder)
    driver.open()
    gc.freeze()
    end.send(name)
    while (question := end.recv()) is not None:
        used, passed = time.process_time(), time.perf_counter()
        answer = driver.answer(question)
        end.send(((time.process_time() - used) * 1000, (time.perf_counter() - passed) * 1000, answer))
    end.send(_anonymous_memory())


def _anonymous_memory() -> int:
    """Memory of this process without the page cache in bytes (Linux: RssAnon)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))) * 1024


def _measure(corpus: Corpus) -> tuple[int, int]:
    lengths = [len(document.text) for document in corpus()]
    return len(lengths), sum(lengths)


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def _figures(outcome: Outcome, articles: int) -> dict[str, float]:
    return {
        "articles_per_second": articles / outcome.build_seconds if outcome.build_seconds else 0.0,
        "articles_per_processor_second": articles / outcome.build_processor if outcome.build_processor else 0.0,
        "index_mb": outcome.size / MB,
        "build_peak_mb": outcome.build_peak / MB,
        "memory_mb": outcome.memory / MB,
        "first_ms": statistics.median(outcome.firsts),
        "median_ms": statistics.median(outcome.medians),
        "p95_ms": _p95(outcome.medians),
        "max_ms": max(outcome.medians),
        "clock_median_ms": statistics.median(map(statistics.median, outcome.clock)),
    }


def _kinds(mix: list[Question], outcomes: dict[str, Outcome]) -> dict[str, dict[str, float]]:
    kinds = dict.fromkeys(question.kind for question in mix)
    return {
        kind: {
            name: statistics.median(m for m, question in zip(o.medians, mix, strict=True) if question.kind == kind)
            for name, o in outcomes.items()
        }
        for kind in kinds
    }


def _agreement(outcomes: dict[str, Outcome]) -> dict[str, float]:
    """Share of the questions whose count is within 2 % of the first engine's, as tokenizers differ a little."""
    first = next(iter(outcomes.values())).answers
    return {
        name: statistics.mean(
            abs(a.total - b.total) <= max(1, 0.02 * b.total) for a, b in zip(o.answers, first, strict=True)
        )
        for name, o in outcomes.items()
    }


def _slowest(mix: list[Question], outcomes: dict[str, Outcome], keep: int = 12) -> list[dict[str, object]]:
    """Questions that take the first engine longest."""
    first = next(iter(outcomes.values()))
    order = sorted(range(len(mix)), key=lambda n: -first.medians[n])[:keep]
    return [
        {"kind": mix[n].kind, "query": str(mix[n].query), "total": first.answers[n].total}
        | {name: outcome.medians[n] for name, outcome in outcomes.items()}
        for n in order
    ]


def table(report: dict[str, object]) -> str:
    """Formats the report as Markdown: figures by engine, then medians by kind of question."""
    engines: dict[str, dict[str, float]] = report["engines"]  # type: ignore[assignment]
    kinds: dict[str, dict[str, float]] = report["kinds"]  # type: ignore[assignment]
    names = list(engines)
    head = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    figures = next(iter(engines.values()))
    rows = [_row(key, [engines[name][key] for name in names]) for key in figures]
    rows += [_row(f"{kind}, ms", [values[name] for name in names]) for kind, values in kinds.items()]
    ratio = [engines[names[0]]["median_ms"] / engines[name]["median_ms"] for name in names]
    rows += [_row(f"{names[0]} / engine, median", ratio)]
    title = f"{report['articles']} articles, {report['text_mb']:.0f} MB of text; {report['machine']}"
    return "\n".join([title, "", *head, *rows, "", f"counts agree within 2 %: {json.dumps(report['agreement'])}"])


def _row(label: str, values: list[float]) -> str:
    return f"| {label} | " + " | ".join(f"{value:,.2f}" for value in values) + " |"


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench compare", description=__doc__)
    parser.add_argument("--articles", type=int, default=50_000, metavar="N", help="articles of some 4 KB (50000)")
    parser.add_argument(
        "--engines", default="", help=f"of {','.join(DRIVERS)}; whoosh by default up to 10,000 articles"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of every question (3)")
    parser.add_argument("--json", metavar="OUT", type=Path, help="write the report to this file")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep the indexes in this folder, and reuse them")
    options = parser.parse_args()
    names = [name for name in DRIVERS if name != "whoosh" or options.articles <= SLOW]
    chosen = options.engines.split(",") if options.engines else names
    report = compare(partial(generate, options.articles), chosen, rounds=options.rounds, kept=options.keep)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(report))
