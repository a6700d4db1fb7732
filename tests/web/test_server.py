"""`backfile serve` as a process: start, output, changes, signals."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from paths import ROOT
from server_process import TIMEOUT, Server, descendants, eventually, fetch, fetch_all, finds, processes_of, total

from backfile.cli import main
from backfile.index.sync.watcher import relevant
from backfile.web.server.granian_server import STOP_SECONDS, AddressUnavailable, _end_within, free_port
from backfile.web.server.index_process import KILL_TIMEOUT, SHUTDOWN_TIMEOUT, base_url
from backfile.web.server.worker_pool import STOP_TIMEOUT

PROMISED_STOP = 5.0  # seconds


def cut_short(index: Path) -> None:
    """Truncates each file to ten bytes; files that a merge removes meanwhile are skipped."""
    for path in index.iterdir():
        with suppress(FileNotFoundError):
            os.truncate(path, 10)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_creates_a_sample_library(serve: Callable[..., Server], tmp_path: Path, number: int) -> None:
    server = serve()
    assert server.output[0].startswith("There was no library: made library from the sample articles")
    assert "<mark>" in fetch(f"{server.url}search?q=ferry")
    assert len(list((tmp_path / "library").rglob("*.md"))) >= 30
    assert server.stop(number) == 0
    assert not [line for line in server.output if "Traceback" in line]


@pytest.mark.long
def test_sigint_stops_the_process_group_quietly(serve: Callable[..., Server]) -> None:
    for _ in range(3):
        server = serve("--workers", "2")
        assert finds(server.url, "ferry")
        assert server.stop(signal.SIGINT, group=True) == 0
        assert not [line for line in server.output if "Traceback" in line or "WARNING" in line]


@pytest.mark.long
def test_changes_show_and_a_damaged_index_is_rebuilt(serve: Callable[..., Server], tmp_path: Path) -> None:
    library = tmp_path / "articles"
    library.mkdir()
    (library / "ferry.md").write_text("The ferry sails.\n")
    server = serve("articles")
    assert total(server.url, "ferry") == 1
    (library / "new.md").write_text("A zeppelin lands.\n")
    eventually(lambda: total(server.url, "zeppelin") == 1)
    (library / "new.md").unlink()
    eventually(lambda: total(server.url, "zeppelin") == 0)
    cut_short(library / ".backfile" / "index")
    (library / "third.md").write_text("A dirigible follows.\n")
    eventually(lambda: total(server.url, "dirigible") == 1)
    assert total(server.url, "ferry") == 1
    assert server.stop() == 0
    assert any("built anew" in line for line in server.output)


def zeroed(index: Path) -> None:
    """Overwrites the middle half of each file with zeros."""
    for path in index.iterdir():
        size = path.stat().st_size
        with path.open("r+b") as file:
            file.seek(size // 4)
            file.write(bytes(size // 2))


@pytest.mark.long
@pytest.mark.parametrize("damage", [cut_short, zeroed])
def test_a_damaged_index_does_not_stop_the_start(
    serve: Callable[..., Server], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    library = tmp_path / "articles"
    library.mkdir()
    for name in range(50):
        (library / f"{name}.md").write_text(f"The ferry sails {name}.\n")
    assert main.run(["index", str(library)]) == 0
    damage(library / ".backfile" / "index")
    server = serve("articles")
    for _ in range(20):
        status, retry_after, text = fetch_all(server.url + "search?q=ferry")
        assert (status == 200 and "The ferry sails" in text) or (status == 503 and int(retry_after) > 0)
    eventually(lambda: total(server.url, "ferry") == 50)
    assert server.stop() == 0
    assert any("built anew" in line for line in server.output)


@pytest.mark.long
def test_a_killed_server_frees_its_port(serve: Callable[..., Server]) -> None:
    server = serve()
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    port = int(server.url.rstrip("/").rpartition(":")[2])

    def is_free() -> bool:
        try:
            return free_port("127.0.0.1", port) == port
        except AddressUnavailable:
            return False

    eventually(is_free)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_killed_processes_are_restarted(serve: Callable[..., Server], tmp_path: Path) -> None:
    server = serve()
    (index_process,) = processes_of(server, "spawn_main")
    (worker,) = processes_of(server, "--workers")
    os.kill(index_process, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: bool(set(processes_of(server, "--workers")) - {worker}))
    eventually(lambda: finds(server.url, "ferry"))
    (tmp_path / "library" / "new.md").write_text("A zeppelin lands.\n")
    eventually(lambda: finds(server.url, "zeppelin"))
    assert server.stop() == 0
    assert any("is started again" in line for line in server.output)


def worker_below(pid: int) -> int | None:
    """Process that answers requests below its parent, beside the supervisors of the renderers, which have children."""
    below = descendants(pid)
    renderers = {each for child in below for each in descendants(child)}
    return next((child for child in below if child not in renderers and not descendants(child)), None)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("level", ["worker", "parent of the worker"])
def test_workers_that_die_again_and_again_do_not_end_the_server(serve: Callable[..., Server], level: str) -> None:
    server = serve("--workers", "2")
    for _ in range(10):
        for pid in processes_of(server, "--workers"):
            with suppress(OSError):
                below = worker_below(pid)
                os.kill(below if level == "worker" and below else pid, signal.SIGKILL)
        time.sleep(0.5)
    assert server.process.poll() is None
    eventually(lambda: finds(server.url, "ferry"))
    eventually(lambda: len(processes_of(server, "--workers")) == 2)
    time.sleep(1)  # so that both have started
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < PROMISED_STOP
    assert sum("A worker ended" in line for line in server.output) >= 4


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_stops_within_five_seconds_under_load(
    serve: Callable[..., Server], tmp_path: Path, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "articles"
    library.mkdir()
    for name in range(3_000):
        (library / f"{name}.md").write_text(f"Word{name} " + "A ferry sails to the pier at night. " * 80)
    server = serve("articles", "--workers", "2")
    for path in library.glob("*.md"):
        path.write_text("A zeppelin lands. " * 100)  # so that the index process is at work, too
    stop = Event()
    paths = ["search?q=f*+OR+p*&per_page=100&page=9", "search.csv?q=s*", "search.jsonl", "search?q=" + "a*+" * 20]

    def load(path: str) -> None:
        while not stop.is_set():
            with suppress(OSError, HTTPException):
                urlopen(server.url + path, timeout=20).read()

    threads = [Thread(target=load, args=(paths[n % len(paths)],), daemon=True) for n in range(24)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(3)
        began = time.monotonic()
        assert server.stop(number) == 0
        needed = time.monotonic() - began
        with capsys.disabled():
            sys.stdout.write(f"\nstopped after {needed:.1f} s under load by {signal.Signals(number).name}\n")
        assert needed < PROMISED_STOP
    finally:
        stop.set()


def test_the_server_ends_in_time_even_beside_a_process_that_cannot_be_ended() -> None:
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _end_within(0.1)
        Event().wait()  # as for a process that waits for a disk
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert time.monotonic() - began < TIMEOUT
    assert STOP_TIMEOUT < STOP_SECONDS < PROMISED_STOP
    assert SHUTDOWN_TIMEOUT + KILL_TIMEOUT <= STOP_TIMEOUT


@pytest.mark.long
def test_cheap_requests_under_64_expensive_searches(
    serve: Callable[..., Server], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library = tmp_path / "articles"
    library.mkdir()
    for name in range(3_000):
        (library / f"{name}.md").write_text(f"Word{name} " + "A ferry sails to the pier at night. " * 80)
    assert main.run(["index", str(library)]) == 0
    server = serve("articles", "--workers", "2", "--deadline", "1.5")
    query = "+OR+".join(f"{first}*" for first in "fpsatnw") + "+OR+%22ferry+sails+to+the+pier%22"
    stop, answers = Event(), Counter[int]()

    def ask(number: int) -> None:
        while not stop.is_set():
            answers[fetch_all(f"{server.url}search?q={query}+{number}&per_page=100&page=9")[0]] += 1

    def waits() -> list[float]:
        found = []
        for number in range(100):
            path = ("search?q=ferry", f"search?q=word{number}", f"article/{number}", "health")[number % 4]
            began = time.monotonic()
            assert fetch_all(server.url + path)[0] == 200
            found.append(time.monotonic() - began)
        return sorted(found)

    alone = waits()
    threads = [Thread(target=ask, args=(number,), daemon=True) for number in range(64)]
    for thread in threads:
        thread.start()
    try:
        time.sleep(2)
        crowded = waits()
    finally:
        stop.set()
    for thread in threads:
        thread.join(TIMEOUT)
    with capsys.disabled():
        for name, found in (("alone", alone), ("beside 64 expensive searches", crowded)):
            middle, most = found[len(found) // 2] * 1_000, found[-6] * 1_000
            sys.stdout.write(f"\ncheap requests {name}: median {middle:.0f} ms, 95th percentile {most:.0f} ms")
        sys.stdout.write(f"\nexpensive searches: {dict(answers)}\n")
    assert answers.keys() <= {200, 503}


@pytest.mark.long
def test_clients_that_never_read_do_not_stop_the_server(serve: Callable[..., Server], tmp_path: Path) -> None:
    library = tmp_path / "articles"
    library.mkdir()
    (library / "large.png").write_bytes(bytes(20_000_000))
    for name in range(1_000):
        (library / f"{name}.md").write_text(f"---\nsummary: {'A ferry. ' * 400}\n---\nA ferry sails.\n")
    server = serve("articles", "--workers", "1")
    address = ("127.0.0.1", int(server.url.rstrip("/").rpartition(":")[2]))
    paths = (
        "media/large.png",
        "search.csv",
        "search?q=ferry&per_page=100&page=2",
        "search.jsonl?q=f*",
        "static/backfile.css",
    )
    clients = []
    for number in range(50):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(address)
        client.sendall(f"GET /{paths[number % len(paths)]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        clients.append(client)
    time.sleep(3)
    for _ in range(10):
        began = time.monotonic()
        for path in ("health", "search?q=ferry"):
            assert urlopen(server.url + path, timeout=TIMEOUT).status == 200
        assert time.monotonic() - began < 2
    for client in clients:
        client.close()

    def has_downloads() -> bool:
        try:
            return bool(urlopen(server.url + "search.csv", timeout=TIMEOUT).read())
        except HTTPError:
            return False

    eventually(has_downloads)


@pytest.mark.long
def test_an_old_index_is_served_at_once_and_updated(serve: Callable[..., Server], tmp_path: Path) -> None:
    library = tmp_path / "articles"
    library.mkdir()
    (library / "ferry.md").write_text("The ferry sails.\n")
    assert main.run(["index", str(library)]) == 0
    (library / "new.md").write_text("A zeppelin lands.\n")
    server = serve("articles", "--no-watch")
    assert total(server.url, "ferry") == 1
    eventually(lambda: total(server.url, "zeppelin") == 1)


def test_a_port_in_use_is_reported_before_workers_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressUnavailable, match="in use"):
            free_port("127.0.0.1", port)
        assert main.run(["serve", str(tmp_path), "--port", str(port)]) == 3
    assert f"http://127.0.0.1:{port}/" in capsys.readouterr().err
    assert not (tmp_path / ".backfile").exists()


def test_a_free_port_is_found() -> None:
    assert free_port("127.0.0.1", 0) > 0


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.1"])
def test_an_address_of_another_machine_is_unavailable(host: str) -> None:
    with pytest.raises(AddressUnavailable, match=re.escape(host)):
        free_port(host, 0)


def test_a_thread_that_fails_ends_the_index_process() -> None:
    failing = (
        "import threading, time; from backfile.web.server import index_process;"
        "threading.excepthook = index_process._end_process;"
        "threading.Thread(target=lambda: 1 / 0).start(); time.sleep(60)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", failing], check=False, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert ended.returncode == 1
    assert "ZeroDivisionError" in ended.stderr


def test_base_url() -> None:
    assert base_url("127.0.0.1", 80) == "http://127.0.0.1:80/"
    assert base_url("::1", 8000) == "http://[::1]:8000/"


@pytest.mark.parametrize(
    ("path", "matters"),
    [
        ("a.md", True),
        ("deep/er/a.markdown", True),
        ("library.toml", True),
        ("folder", True),
        (".backfile/index/x", False),
        (".git/HEAD", False),
        ("deep/.hidden/a.md", False),
        ("cache/index/x", False),
        ("../elsewhere.md", False),
    ],
)
def test_relevant_changes(tmp_path: Path, path: str, matters: bool) -> None:
    from watchfiles import Change

    root = tmp_path / "library"
    is_relevant = relevant(root, root / "cache")
    assert is_relevant(Change.modified, os.path.normpath(root / path)) is matters
