"""Soak: mixed traffic and a changing library for an hour; memory and descriptors of a server stay where they are."""

from __future__ import annotations

import random
import socket
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread
from urllib.parse import quote

import numpy as np
import pytest
from long_runs import examples
from server_process import Server, descendants, fetch

SECONDS = examples(3_600)
INTERVAL = SECONDS / 240  # between two samples
WARM_UP = 0.4  # of the time, in which caches fill
MOST_GROWTH = 8.0  # MB of a process from the end of the warm-up on, by the slope of its memory
MOST_DESCRIPTORS = 4.0  # likewise
SLOTS = 400  # names of articles; each is there or not, so that the library keeps its size
WORDS = [f"{first}{middle}{last}" for first in "bdfglm" for middle in "aeiou" for last in ("ren", "tal", "vis", "zum")]


def article(slot: int, rng: random.Random) -> str:
    """Article of ordinary length on random words, a few of which are frequent."""
    words = [WORDS[min(int(rng.expovariate(0.08)), len(WORDS) - 1)] for _ in range(rng.randrange(150, 500))]
    date = f"{1980 + slot % 40}-03-0{1 + slot % 9}"
    front = f"title: Night ferry {slot} {words[0]}\nauthors: [Author {slot % 9}]\ndate: {date}"
    return f"---\n{front}\ntopics: [transport, {words[1]}]\n---\n{' '.join(words)}\n"


def change(library: Path, rng: random.Random) -> None:
    """Adds, changes, moves or removes one article."""
    slot = rng.randrange(SLOTS)
    path = library / f"{slot % 10}" / f"{slot}.md"
    match rng.randrange(4):
        case 0:
            path.unlink(missing_ok=True)
        case 1 if path.exists():
            other = rng.randrange(SLOTS)
            path.replace(library / f"{other % 10}" / f"{other}.md")
        case _:
            path.write_text(article(slot, rng))


def address(rng: random.Random) -> str:
    """Path of a request: pages, searches cheap and expensive, downloads, mistakes."""
    word, other, slot = rng.choice(WORDS), rng.choice(WORDS), rng.randrange(SLOTS)
    queries = (word, f"{word} {other}", f'"{word} {other}"', f"{word[:3]}*", f"{word} OR {other}", f"{word}~", "-")
    query = quote(rng.choice([*queries, f"title:ferry -{word}", "topic:transport", '"', f"({word}"]))
    return rng.choice(
        [
            *[f"/search?q={query}"] * 6,
            *[f"/article/{slot % 10}/{slot}?q={word}"] * 4,
            f"/search?q={query}&page={rng.randrange(1, 9)}&sort=newest",
            f"/api/search?q={query}&per_page=50",
            f"/api/suggest?q={word[:3]}",
            f"/search.atom?q={query}",
            f"/search.csv?q={query}",
            f"/search.jsonl?q={word}",
            f"/search/authors?q={word}",
            f"/year/{1980 + slot % 50}",
            f"/cite/{slot % 10}/{slot}.bib",
            f"/topic/{word}",
            *("/", "/authors", "/topics", "/years", "/about", "/sitemap.xml", "/static/backfile.css", "/health"),
            *(f"/no/such/{slot}", "/media/none.png", "/search?page=x", "/article/%00", f"/api/search?nothing={slot}"),
        ]
    )


class Traffic:
    """Clients of a server; `answers` counts status codes."""

    def __init__(self, server: Server, library: Path) -> None:
        self.answers: Counter[int | str] = Counter()
        self._port, self._library, self._stop = server.port, library, Event()
        runs = [self._read, self._read, self._leave, self._change]
        self._threads = [Thread(target=run, args=(random.Random(n),), daemon=True) for n, run in enumerate(runs)]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _read(self, rng: random.Random) -> None:
        """Requests one page after another, some twenty on one connection."""
        while not self._stop.is_set():
            connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
            for _ in range(rng.randrange(1, 40)):
                try:
                    connection.request(rng.choice(["GET"] * 9 + ["HEAD"]), address(rng))
                    with connection.getresponse() as response:
                        response.read()
                        self.answers[response.status] += 1
                except (OSError, HTTPException) as error:
                    self.answers[type(error).__name__] += 1
                    break
                if self._stop.wait(rng.expovariate(20)):
                    break
            connection.close()

    def _leave(self, rng: random.Random) -> None:
        """Goes away in the middle of a request or of an answer, often with a reset."""
        while not self._stop.wait(rng.expovariate(2)):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=60) as client:
                if rng.random() < 0.5:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                request = f"GET {address(rng)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
                client.sendall(request[: rng.randrange(5, 2 * len(request))])
                if rng.random() < 0.5:
                    client.settimeout(rng.random())
                    client.recv(100)
                self.answers["left"] += 1

    def _change(self, rng: random.Random) -> None:
        """Changes the library, at times in bursts, about once in two seconds."""
        while not self._stop.wait(rng.expovariate(0.6)):
            for _ in range(rng.choice([1, 1, 1, 1, 1, 25])):
                change(self._library, rng)
                self.answers["changed"] += 1


def measure(pid: int) -> tuple[float, int]:
    """Memory of a process in MB (proportional set size) and its number of open descriptors."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
    return int(rollup[rollup.index("Pss:") + 1]) / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def role(server: Server, pid: int) -> str:
    """Role of a process of the server."""
    command = Path(f"/proc/{pid}/cmdline").read_text()
    if pid == server.process.pid:
        return "server"
    if "--workers" in command:
        return "parent of a worker" if descendants(pid) else "worker"
    return "resource tracker" if "resource_tracker" in command else "index process"


def samples(server: Server, pids: list[int]) -> Iterator[list[tuple[float, int]]]:
    """Memory and descriptors of processes, again and again for SECONDS."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < SECONDS:
        assert server.process.poll() is None
        yield [measure(pid) for pid in pids]
        time.sleep(max(0.0, INTERVAL - (time.monotonic() - began - passed)))


def slope(values: np.ndarray) -> float:
    """Growth a sample: the line of least squares, without the tenth of samples farthest from their median."""
    places = np.arange(len(values))
    near = np.abs(values - np.median(values)) <= np.quantile(np.abs(values - np.median(values)), 0.9)
    return float(np.polyfit(places[near], values[near], 1)[0])


@pytest.mark.long
@pytest.mark.timeout(2 * SECONDS + 600)
@pytest.mark.skipif(sys.platform != "linux", reason="reads memory in /proc")
def test_memory_and_descriptors_stay_where_they_are(
    serve: Callable[..., Server], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library, rng = tmp_path / "articles", random.Random(7)
    for folder in range(10):
        (library / f"{folder}").mkdir(parents=True)
    for slot in range(0, SLOTS, 2):
        (library / f"{slot % 10}" / f"{slot}.md").write_text(article(slot, rng))
    server = serve("articles", "--workers", "2", "--deadline", "1.5")
    assert "Night ferry" in fetch(server.url)
    pids = [server.process.pid, *descendants(server.process.pid)]
    with Traffic(server, library) as traffic:
        measured = np.array(list(samples(server, pids)))
    names = [role(server, pid) for pid in pids]
    kept = measured[int(len(measured) * WARM_UP) :]
    report = [f"{SECONDS} s, answers {dict(sorted(traffic.answers.items(), key=str))}"]
    growths = []
    for number, name in enumerate(names):
        memory, descriptors = slope(kept[:, number, 0]), slope(kept[:, number, 1])
        growths.append((memory * len(kept), descriptors * len(kept)))
        an_hour = 3_600 / INTERVAL
        report.append(
            f"{name}: PSS {measured[0, number, 0]:.1f} → {kept[0, number, 0]:.1f} → {kept[-1, number, 0]:.1f} MB, "
            f"slope {memory * an_hour:+.2f} MB an hour; descriptors {measured[0, number, 1]:.0f} → "
            f"{kept[-1, number, 1]:.0f}, slope {descriptors * an_hour:+.2f} an hour"
        )
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(report) + "\n")
    assert all(memory < MOST_GROWTH and descriptors < MOST_DESCRIPTORS for memory, descriptors in growths)
    assert not [status for status in traffic.answers if isinstance(status, int) and status >= 500 and status != 503]
    assert traffic.answers[200] > SECONDS
    assert server.stop() == 0
    assert not [line for line in server.output if "Traceback" in line or "A worker ended" in line]
