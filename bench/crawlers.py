"""Response times of a reader while crawlers walk the filters of `backfile serve`, beside those of an idle server.

    python -m bench crawlers --articles 20000 --keep FOLDER [--clients 50]

One reader opens result pages and articles, one after the other; then again while crawlers, each at an address of its
own, follow filtered lists as fast as they are answered. Prints the reader's p50 and p95, and the answers by status.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from threading import Event
from urllib.parse import urlencode

from backfile.archive.storage.library import Library
from backfile.index.engine import Request
from backfile.index.engines import open_engine
from backfile.index.query import MatchAll
from backfile.index.serialising import article_path
from backfile.index.sync.synchronization import update_index
from bench.http import kept_library, run_server

PAGES = 300  # of the reader, each time
PAUSE = 0.02  # seconds between two pages of the reader


def main() -> None:
    """Prints a row for the idle server and one for the crawled one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=20_000, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keeps library and index for the next run")
    parser.add_argument("--clients", type=int, default=50, help="crawlers (50)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the server (2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-crawlers-") as made:
        library = Library(kept_library(options.keep or Path(made), options.articles))
        update_index(library, library.root / ".backfile", "whoosh")
        pages, walks = _addresses(library.root / ".backfile" / "index")
        with run_server(library.root, options.workers, "--proxies", "1") as (address, _):
            host = address.removeprefix("http://")
            _read(host, pages)
            idle = _read(host, pages)
            stop = Event()
            with ThreadPoolExecutor(options.clients) as pool:
                crawls = [pool.submit(_crawl, host, number, walks, stop) for number in range(options.clients)]
                time.sleep(2)
                crawled = _read(host, pages)
                stop.set()
            answers = sum((crawl.result() for crawl in crawls), Counter[int]())
    print("| server | p50, ms | p95, ms |\n|---|---|---|")
    for name, times in (("idle", idle), (f"{options.clients} crawlers", crawled)):
        print(f"| {name} | {statistics.median(times):.1f} | {_p95(times):.1f} |")
    print(
        f"p95 {_p95(crawled) / _p95(idle):.2f} × idle; the crawlers' answers by status: {dict(sorted(answers.items()))}"
    )


def _p95(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _addresses(index: Path) -> tuple[list[str], list[str]]:
    """Pages of a reader, and filtered lists in all combinations that facets offer."""
    page = open_engine("whoosh", index).search(Request(MatchAll(), per_page=40, facet_size=40, deadline=60))
    facets = {facet.name: [value.value for value in facet.values] for facet in page.facets}
    words = [hit.title.text.split()[0].lower() for hit in page.hits]
    pages = [path for hit, word in zip(page.hits, words, strict=True) for path in _pages(hit.id, word)]
    walks = [
        f"/search?{urlencode({'author': author, 'topic': topic, 'page': number})}"
        for author in facets["author"]
        for topic in facets["topic"]
        for number in (1, 2, 5)
    ]
    return pages, walks


def _pages(article_id: str, word: str) -> tuple[str, str]:
    return article_path(article_id), f"/search?{urlencode({'q': word})}"


def _read(host: str, pages: Sequence[str]) -> list[float]:
    """Milliseconds of each page of a reader; raises `RuntimeError` if one is not answered by 200."""
    connection = HTTPConnection(host, timeout=60)
    times = []
    for number in range(PAGES):
        path = pages[number % len(pages)]
        began = time.perf_counter()
        connection.request("GET", path, headers={"X-Forwarded-For": "192.0.2.1"})
        with connection.getresponse() as answer:
            answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{path} was answered by {answer.status}")
        time.sleep(PAUSE)
    connection.close()
    return times


def _crawl(host: str, number: int, walks: Sequence[str], stop: Event) -> Counter[int]:
    """Answers by status to one crawler."""
    draw, answers = random.Random(number), Counter[int]()
    connection = HTTPConnection(host, timeout=60)
    while not stop.is_set():
        connection.request("GET", draw.choice(walks), headers={"X-Forwarded-For": f"198.51.100.{number}"})
        with connection.getresponse() as answer:
            answer.read()
        answers[answer.status] += 1
    connection.close()
    return answers


if __name__ == "__main__":
    main()
