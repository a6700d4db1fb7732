"""Throughput and latency of result pages from `backfile serve`, compared with the time of the engine alone.

    python -m bench http --articles 50000 --keep FOLDER [--seconds 10] [--clients 1,8,32]

makes a library of Markdown files (FOLDER keeps it and its index), starts the server with two workers, waits for its
first answer, and loads the pages of the eighty questions of `compare` in turn with `wrk`, which must be installed.
Before and after, the engine answers the same questions in this process, one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode

from backfile.archive.storage.library import Library
from backfile.index.engine import Engine, Request
from backfile.index.engines import open_engine
from backfile.index.query import to_text
from backfile.index.sync.synchronization import update_index
from bench.compare import SAMPLE
from bench.corpus import generate, write_library
from bench.drivers.base import Question
from bench.questions import questions

START_TIMEOUT = 120.0  # seconds for the server's first answer
FACET_SIZE = 20
HEADERS = {"Accept-Encoding": "gzip, deflate, br, zstd"}
SCRIPT = """
local paths = {%s}
local turn = 0
request = function()
  turn = turn + 1
  return wrk.format("GET", paths[turn %% #paths + 1])
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format('\\n{"pages": %%d, "us": %%d, "p50": %%d, "p95": %%d, "p99": %%d, "errors": %%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(95), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def main() -> None:
    """Prints seconds to the first answer, milliseconds of the engine, and a row for each number of clients."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=50_000, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keeps library and index for the next run")
    parser.add_argument("--seconds", type=int, default=10, help="of load for each number of clients (10)")
    parser.add_argument("--clients", default="1,8,32", help="numbers of simultaneous clients (1,8,32)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the server (2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-http-") as made:
        library = Library(kept_library(options.keep or Path(made), options.articles))
        cache = library.root / ".backfile"
        update_index(library, cache, "whoosh")
        mix = questions(list(islice(generate(options.articles), SAMPLE)))
        engine = open_engine("whoosh", cache / "index")
        before = _engine_ms(engine, mix)
        with run_server(library.root, options.workers) as (address, first):
            print(f"first answer after the start: {first:.2f} s")
            rows = [
                _load(address, mix, int(clients), options.seconds, Path(made)) for clients in options.clients.split(",")
            ]
        print(f"engine alone, median of the questions: {statistics.median(before + _engine_ms(engine, mix)):.1f} ms")
    print("\n| clients | pages/s | p50, ms | p95, ms | p99, ms | errors |\n|---|---|---|---|---|---|")
    for row in rows:
        print("| {clients} | {rate:.0f} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {errors} |".format(**row))


def kept_library(folder: Path, articles: int) -> Path:
    """Folder of a library of so many articles, written if it is missing."""
    library = folder / f"library-{articles}"
    if not library.exists():
        unfinished = folder / f"library-{articles}.unfinished"
        write_library(generate(articles), unfinished)
        unfinished.rename(library)
    return library


def _engine_ms(engine: Engine, mix: Sequence[Question]) -> list[float]:
    """Milliseconds by the clock of the searches of the pages."""
    milliseconds = []
    for question in mix:
        request = Request(question.query, question.filters, question.sort, facet_size=FACET_SIZE, deadline=60.0)
        began = time.perf_counter()
        engine.search(request)
        milliseconds.append((time.perf_counter() - began) * 1000)
    return milliseconds


@contextmanager
def run_server(library: Path, workers: int, *arguments: str) -> Iterator[tuple[str, float]]:
    """Address of a server that runs with more arguments of `serve`, and the seconds to its first answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "backfile", "serve", str(library), "--port", str(port), "--workers", str(workers)]
    command += arguments
    began = time.perf_counter()
    server = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, began + START_TIMEOUT)
        yield address, time.perf_counter() - began
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _wait_for(port: int, end: float) -> None:
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=START_TIMEOUT)
        try:
            connection.request("GET", "/search?q=people")
            connection.getresponse().read()
        except ConnectionRefusedError:
            if time.perf_counter() > end:
                raise
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()


def _load(address: str, mix: Sequence[Question], clients: int, seconds: int, folder: Path) -> dict[str, float]:
    """Pages a second, latencies and errors under a closed loop of so many clients."""
    script = folder / "pages.lua"
    script.write_text(SCRIPT % ", ".join(json.dumps(_path(question)) for question in mix), encoding="utf-8")
    headers = [f"-H{name}: {value}" for name, value in HEADERS.items()]
    command = ["wrk", f"-c{clients}", "-t1", f"-d{seconds}s", "--timeout", "30s", "-s", str(script), *headers, address]
    try:
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        sys.exit("wrk is not installed; Debian has it in the package wrk")
    result: dict[str, float] = json.loads(printed.strip().splitlines()[-1])
    times = {name: result[name] / 1000 for name in ("p50", "p95", "p99")}
    return {"clients": clients, "rate": result["pages"] / result["us"] * 1e6, "errors": result["errors"], **times}


def _path(question: Question) -> str:
    """Path and query string of a question's page."""
    filters = question.filters
    pairs = [("q", to_text(question.query)), ("sort", question.sort.value)]
    pairs += [("author", name) for name in filters.authors] + [("topic", name) for name in filters.topics]
    pairs += [(name, day.isoformat()) for name, day in (("from", filters.first), ("to", filters.last)) if day]
    return f"/search?{urlencode(pairs)}"


if __name__ == "__main__":
    main()
