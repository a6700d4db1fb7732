"""Backfile beside tantivy-py, SQLite FTS5 and stock Whoosh: the same articles, questions and work in one run.

Each engine builds in a process of its own and answers in another, so that memory is counted per engine; questions go
round the engines one at a time, so that a noisy minute of the machine hits all of them.
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
    """What one engine did. Times in ms, one list a question (a value a round); sizes in bytes.

    `times` is processor time of the engine's process, which a busy machine falsifies less than `clock`. So is
    `build_processor`, in seconds; every engine builds on one core.
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
        """A figure a question: the median of its rounds."""
        return [statistics.median(rounds) for rounds in self.times]

    @property
    def firsts(self) -> list[float]:
        """A figure a question: its first round, before any cache knows it."""
        return [rounds[0] for rounds in self.times]


def compare(corpus: Corpus, names: list[str], *, rounds: int = 3, kept: Path | None = None) -> dict[str, object]:
    """Runs everything; gives a JSON-able report (see `table`). Indexes that stand in the folder `kept` are used."""
    sample = list(islice(corpus(), SAMPLE))
    asked = questions(sample)
    folder = kept or Path(tempfile.mkdtemp(prefix="compare-"))
    try:
        outcomes = {name: _build(name, folder / name, corpus) for name in names}
        _ask(outcomes, folder, asked, rounds)
    finally:
        if not kept:
            shutil.rmtree(folder)
    articles, characters = _measure(corpus)
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "articles": articles,
        "text_mb": characters / MB,
        "questions": len(asked),
        "engines": {name: _figures(outcome, articles) for name, outcome in outcomes.items()},
        "kinds": _kinds(asked, outcomes),
        "agreement": _agreement(outcomes),
        "slowest": _slowest(asked, outcomes),
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
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # one core: one thread each, and no helping processes
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


def _ask(outcomes: dict[str, Outcome], folder: Path, asked: list[Question], rounds: int) -> None:
    context = mp.get_context("spawn")
    ends = {}
    for name in outcomes:
        ends[name], theirs = context.Pipe()
        context.Process(target=_serve, args=(name, folder / name, theirs), daemon=True).start()
        theirs.close()  # so that a process that died is an EOFError here and not a wait without end
        ends[name].recv()
    for outcome in outcomes.values():
        outcome.times, outcome.clock = [[] for _ in asked], [[] for _ in asked]
    for turn in range(rounds):
        for number, question in enumerate(asked):
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
    """Bytes of this process that are its own, not the page cache's (Linux: RssAnon)."""
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


def _kinds(asked: list[Question], outcomes: dict[str, Outcome]) -> dict[str, dict[str, float]]:
    kinds = dict.fromkeys(question.kind for question in asked)
    return {
        kind: {
            name: statistics.median(m for m, question in zip(o.medians, asked, strict=True) if question.kind == kind)
            for name, o in outcomes.items()
        }
        for kind in kinds
    }


def _agreement(outcomes: dict[str, Outcome]) -> dict[str, float]:
    """Share of the questions whose count is within 2 % of the first engine's: word rules differ a little."""
    first = next(iter(outcomes.values())).answers
    return {
        name: statistics.mean(
            abs(a.total - b.total) <= max(1, 0.02 * b.total) for a, b in zip(o.answers, first, strict=True)
        )
        for name, o in outcomes.items()
    }


def _slowest(asked: list[Question], outcomes: dict[str, Outcome], keep: int = 12) -> list[dict[str, object]]:
    """The questions at which the first engine takes longest, for the eye."""
    first = next(iter(outcomes.values()))
    order = sorted(range(len(asked)), key=lambda n: -first.medians[n])[:keep]
    return [
        {"kind": asked[n].kind, "query": str(asked[n].query), "total": first.answers[n].total}
        | {name: outcome.medians[n] for name, outcome in outcomes.items()}
        for n in order
    ]


def table(report: dict[str, object]) -> str:
    """The report as Markdown: figures by engine, then medians by kind of question."""
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
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench compare", description=__doc__)
    parser.add_argument("--articles", type=int, default=50_000, metavar="N", help="articles of some 4 KB (50000)")
    parser.add_argument(
        "--engines", default="", help=f"of {','.join(DRIVERS)}; whoosh by default up to 10,000 articles"
    )
    parser.add_argument("--rounds", type=int, default=3, help="times that each question is asked (3)")
    parser.add_argument("--json", metavar="OUT", type=Path, help="write the report there")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="keep the indexes there, and use those that are")
    options = parser.parse_args()
    names = [name for name in DRIVERS if name != "whoosh" or options.articles <= SLOW]
    chosen = options.engines.split(",") if options.engines else names
    report = compare(partial(generate, options.articles), chosen, rounds=options.rounds, kept=options.keep)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(report))
