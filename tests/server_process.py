"""`backfile serve` as a process of its own, for tests that look at it from outside."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import urlopen

from paths import ROOT

TIMEOUT = 60.0  # seconds until a test gives up on a server; a guard, not a promise


def fetch(url: str) -> str:
    try:
        with urlopen(url, timeout=TIMEOUT) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        return str(error.read().decode())


def fetch_all(url: str) -> tuple[int, str, str]:
    """Status, Retry-After and text of a response."""
    try:
        answer = urlopen(url, timeout=TIMEOUT)
    except HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers.get("Retry-After", ""), answer.read().decode()


def total(url: str, query: str) -> int | None:
    answer = json.loads(fetch(f"{url}api/search?q={query}"))
    found: int | None = answer.get("total")
    if found is None:
        print(answer)  # noqa: T201 - for the report of a failure
    return found


def finds(url: str, query: str) -> bool:
    """Whether a search finds anything; False while no worker answers."""
    try:
        return bool(total(url, query))
    except OSError:
        return False


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)


class Server:
    """Server on a free port, with its folder as the working directory; `output` are the lines of its log so far.

    `url` is the path of its socket if it has one."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        command = [sys.executable, "-m", "backfile", "serve", "--port", "0", "--workers", "1"]
        command += ["--deadline", "60", *arguments]  # a busy machine is no failure
        self.output: list[str] = []
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.url = next(self._addresses())
        self._reader = Thread(target=self._read_on, daemon=True)
        self._reader.start()

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rpartition(":")[2])

    def _addresses(self) -> Iterator[str]:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.output.append(line.strip())
            if found := re.search(r"http://\S+|(?<= at )/\S+", line):
                yield found[0]
        raise AssertionError(f"it ended without an address: {self.output}")

    def _read_on(self) -> None:
        """Reads the log to its end: a full pipe would stop the server."""
        assert self.process.stderr is not None
        self.output.extend(line.rstrip("\n") for line in self.process.stderr)

    def stop(self, number: int = signal.SIGTERM, *, group: bool = False) -> int:
        (os.killpg if group else os.kill)(self.process.pid, number)
        code = self.process.wait(TIMEOUT)
        self._reader.join(TIMEOUT)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


def processes_of(server: Server, holding: str) -> list[int]:
    """Child processes of a server whose command line contains a text."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == server.process.pid and holding in (process / "cmdline").read_text():
                found.append(int(process.name))
    return found


def descendants(pid: int) -> list[int]:
    """Processes below one, children first."""
    children = [int(pid) for path in Path(f"/proc/{pid}/task").glob("*/children") for pid in path.read_text().split()]
    return [*children, *(below for child in children for below in descendants(child))]
