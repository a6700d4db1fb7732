"""Pages over HTTP: what readers at the same time get from `backfile serve`, beside what the engine alone takes.

    python -m bench http --articles 50000 --keep FOLDER [--seconds 10] [--clients 1,8,32]

makes a library of Markdown files (kept in FOLDER, as is its index), starts the server with two workers, waits for its
first answer, and has `wrk` (which must be installed) ask for the pages of the eighty questions of `compare`, in turn.
The engine is asked the same questions in this process, one after the other, before and after.
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

PATIENCE = 120.0  # seconds for the server's first answer
FACETS_SHOWN = 20
BROWSER = {"Accept-Encoding": "gzip, deflate, br, zstd"}
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
    """Prints the seconds to the first answer, the engine's milliseconds, and a row for each number of clients."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=50_000, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep library and index there, use those that are")
    parser.add_argument("--seconds", type=int, default=10, help="that each number of clients asks (10)")
    parser.add_argument("--clients", default="1,8,32", help="at the same time (1,8,32)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the server (2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-http-") as made:
        library = Library(_library(options.keep or Path(made), options.articles))
        cache = library.root / ".backfile"
        update_index(library, cache, "whoosh")
        asked = questions(list(islice(generate(options.articles), SAMPLE)))
        engine = open_engine("whoosh", cache / "index")
        before = _engine_ms(engine, asked)
        with _served(library.root, options.workers) as (address, first):
            print(f"first answer after the start: {first:.2f} s")
            rows = [
                _load(address, asked, int(clients), options.seconds, Path(made))
                for clients in options.clients.split(",")
            ]
        print(f"engine alone, median of the questions: {statistics.median(before + _engine_ms(engine, asked)):.1f} ms")
    print("\n| clients | pages/s | p50, ms | p95, ms | p99, ms | errors |\n|---|---|---|---|---|---|")
    for row in rows:
        print("| {clients} | {rate:.0f} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {errors} |".format(**row))


def _library(folder: Path, articles: int) -> Path:
    """The folder of a library of so many articles, written there if it is missing."""
    library = folder / f"library-{articles}"
    if not library.exists():
        unfinished = folder / f"library-{articles}.unfinished"
        write_library(generate(articles), unfinished)
        unfinished.rename(library)
    return library


def _engine_ms(engine: Engine, asked: Sequence[Question]) -> list[float]:
    """Milliseconds by the clock of the searches behind the pages."""
    taken = []
    for question in asked:
        request = Request(question.query, question.filters, question.sort, facet_size=FACETS_SHOWN, deadline=60.0)
        began = time.perf_counter()
        engine.search(request)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


@contextmanager
def _served(library: Path, workers: int) -> Iterator[tuple[str, float]]:
    """The address of a running server, and the seconds until it answered for the first time."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [
        sys.executable,
        "-c",
        "from backfile.cli.main import main; main()",
        "serve",
        str(library),
        "--port",
        str(port),
    ]
    began = time.perf_counter()
    server = subprocess.Popen([*command, "--workers", str(workers)], start_new_session=True, stdout=subprocess.DEVNULL)
    try:
        _wait_for(port, began + PATIENCE)
        yield address, time.perf_counter() - began
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


def _wait_for(port: int, end: float) -> None:
    while True:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
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


def _load(address: str, asked: Sequence[Question], clients: int, seconds: int, folder: Path) -> dict[str, float]:
    """What so many clients got, each asking for the next page as soon as it has one."""
    script = folder / "pages.lua"
    script.write_text(SCRIPT % ", ".join(json.dumps(_path(question)) for question in asked), encoding="utf-8")
    headers = [f"-H{name}: {value}" for name, value in BROWSER.items()]
    command = ["wrk", f"-c{clients}", "-t1", f"-d{seconds}s", "--timeout", "30s", "-s", str(script), *headers, address]
    try:
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        sys.exit("wrk is not installed; Debian has it in the package wrk")
    found: dict[str, float] = json.loads(printed.strip().splitlines()[-1])
    times = {name: found[name] / 1000 for name in ("p50", "p95", "p99")}
    return {"clients": clients, "rate": found["pages"] / found["us"] * 1e6, "errors": found["errors"], **times}


def _path(question: Question) -> str:
    """The address of a question's page."""
    chosen = question.filters
    pairs = [("q", to_text(question.query)), ("sort", question.sort.value)]
    pairs += [("author", name) for name in chosen.authors] + [("topic", name) for name in chosen.topics]
    pairs += [(name, day.isoformat()) for name, day in (("from", chosen.first), ("to", chosen.last)) if day]
    return f"/search?{urlencode(pairs)}"


if __name__ == "__main__":
    main()
