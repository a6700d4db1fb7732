"""Lease of the writer: one at a time, also when a holder dies, sleeps or is cut off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import Any

import pytest
from opensearchpy import OpenSearch
from paths import ROOT

from backfile.index.engines.opensearch import lease
from backfile.index.engines.opensearch.connection import connect
from backfile.index.engines.opensearch.lease import WriteLease
from backfile.index.engines.options import EngineOptions
from backfile.index.errors import ClusterTimeout, ClusterUnavailable, IndexLocked

HOLDER = """\
import sys, time
from backfile.index.engines.opensearch import lease
from backfile.index.engines.opensearch.connection import connect
from backfile.index.engines.options import EngineOptions
if sys.argv[3] == "elsewhere":
    lease._process_space = lambda: "another machine"
lease.RENEWAL = 0.1
url, name = sys.argv[1:3]
with lease.WriteLease(connect(EngineOptions(url=(url,))), name).held(0):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def client(opensearch_options: EngineOptions) -> Iterator[OpenSearch]:
    with closing(connect(opensearch_options)) as connected:
        yield connected


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short times. The lease is long enough for a busy machine to renew it."""
    for name, seconds in (("LEASE", 1.5), ("RENEWAL", 0.1), ("POLL", 0.02)):
        monkeypatch.setattr(lease, name, seconds)


@pytest.fixture
def name(opensearch_options: EngineOptions, quick: None) -> str:
    return opensearch_options.index


@pytest.fixture
def holder(opensearch_options: EngineOptions, name: str) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts another process that holds the lease; `elsewhere` it says that it runs on another machine."""
    started: list[subprocess.Popen[str]] = []

    def start(where: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, opensearch_options.url[0], name, where],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout:
            process.stdout.close()


def test_one_writer_at_a_time(client: OpenSearch, name: str, caplog: pytest.LogCaptureFixture) -> None:
    first, second = WriteLease(client, name), WriteLease(client, name)
    with first.held(0):
        with first.held(0):  # the thread that holds it needs no other
            first.check()
        with pytest.raises(IndexLocked, match=f"process {os.getpid()} on .* is writing the index {name}") as error:
            second.held(0.5).__enter__()
        assert "--wait" in error.value.hint
        first.check()
    assert "waiting up to 0.5 s" in caplog.text
    with second.held(0):
        second.check()
    with pytest.raises(IndexLocked, match="not held"):
        second.check()


def test_another_thread_waits_for_the_end(client: OpenSearch, name: str) -> None:
    shared = WriteLease(client, name)
    order: list[str] = []

    def write() -> None:
        with shared.held(30):
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        with shared.held(0):
            waiting = pool.submit(write)
            time.sleep(0.1)
            order.append("first")
        waiting.result()
    assert order == ["first", "second"]


def test_many_writers_never_hold_it_together(client: OpenSearch, name: str) -> None:
    inside, most, turns = [0], [0], [0]
    guard = threading.Lock()

    def write(_: int) -> None:
        with WriteLease(client, name).held(60):
            with guard:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                turns[0] += 1
            time.sleep(0.02)
            with guard:
                inside[0] -= 1

    with ThreadPoolExecutor(6) as pool:  # the first of them make the index of the lease together
        list(pool.map(write, range(6)))
    assert (most[0], turns[0]) == (1, 6)


def test_a_holder_that_died_on_this_machine_is_followed_at_once(
    client: OpenSearch, name: str, holder: Callable[[str], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    process = holder("here")
    with pytest.raises(IndexLocked, match=f"process {process.pid} "):
        WriteLease(client, name).held(0).__enter__()
    process.kill()
    process.wait()
    monkeypatch.setattr(lease, "LEASE", 600.0)
    with WriteLease(client, name).held(0):
        assert f"which process {process.pid} on" in caplog.text


@pytest.mark.long
def test_a_holder_that_died_elsewhere_is_followed_after_its_lease(
    client: OpenSearch, name: str, holder: Callable[[str], subprocess.Popen[str]]
) -> None:
    process = holder("elsewhere")
    with pytest.raises(IndexLocked):
        WriteLease(client, name).held(3 * lease.LEASE).__enter__()  # it is alive and renews
    process.kill()
    with pytest.raises(IndexLocked):
        WriteLease(client, name).held(lease.LEASE / 5).__enter__()
    with WriteLease(client, name).held(10 * lease.LEASE):
        pass


def test_a_holder_that_slept_learns_that_it_lost(
    client: OpenSearch, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper, other = WriteLease(client, name), WriteLease(client, name)
    with ExitStack() as rest:
        with sleeper.held(0):
            monkeypatch.setattr(lease, "RENEWAL", 600.0)
            time.sleep(0.2)  # its thread waits anew
            monkeypatch.setattr(lease, "RENEWAL", 0.1)
            rest.enter_context(other.held(10 * lease.LEASE))
            with pytest.raises(IndexLocked, match="another process took over"):
                sleeper.check()
        other.check()  # the end of the one that lost releases nothing
        with pytest.raises(IndexLocked):
            WriteLease(client, name).held(0.1).__enter__()


@pytest.mark.long
def test_a_stopped_process_is_followed_and_finds_out(
    client: OpenSearch, name: str, holder: Callable[[str], subprocess.Popen[str]]
) -> None:
    process = holder("here")
    process.send_signal(signal.SIGSTOP)
    with WriteLease(client, name).held(10 * lease.LEASE):
        process.send_signal(signal.SIGCONT)
        time.sleep(0.5)  # it does not renew what is another's
        with pytest.raises(IndexLocked, match=f"process {os.getpid()} "):
            WriteLease(client, name).held(0.1).__enter__()


def _until_error(call: Callable[[], None]) -> None:
    for _ in range(500):
        call()
        time.sleep(0.01)


class _LosingClient:
    """Client whose answers are lost: the request is carried out, and the caller hears of a timeout."""

    def __init__(self, client: OpenSearch) -> None:
        self._client, self.lost, self.is_away = client, 0, False
        self.indices = client.indices

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            if self.is_away:
                raise ClusterUnavailable("away")
            answer = getattr(self._client, name)(*arguments, **named)
            if name == "index" and self.lost:
                self.lost -= 1
                raise ClusterTimeout("no answer")
            return answer

        return call


def test_lost_answers_of_renewals_do_not_lose_the_lease(client: OpenSearch, name: str) -> None:
    losing = _LosingClient(client)
    writer = WriteLease(losing, name)  # type: ignore[arg-type]
    with writer.held(0):
        losing.lost = 3
        while losing.lost:
            time.sleep(0.02)
        held = writer._holding
        assert held is not None
        before = held._renewed
        while held._renewed == before:
            time.sleep(0.02)
        writer.check()
    assert WriteLease(client, name)._acquire(0).read() is not None


@pytest.mark.long
def test_a_cluster_that_was_away_leaves_the_lease_to_its_holder(client: OpenSearch, name: str) -> None:
    losing = _LosingClient(client)
    writer = WriteLease(losing, name)  # type: ignore[arg-type]
    with writer.held(0):
        losing.is_away = True
        time.sleep(lease.LEASE)
        with pytest.raises(ClusterUnavailable):
            writer.check()
        losing.is_away = False
        writer.check()


@pytest.mark.long
def test_a_cluster_that_is_away_at_the_end_is_no_error(
    client: OpenSearch, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    losing = _LosingClient(client)
    with WriteLease(losing, name).held(0):  # type: ignore[arg-type]
        losing.is_away = True
    assert "ends by itself" in caplog.text
    with WriteLease(client, name).held(10 * lease.LEASE):
        pass


def test_a_removed_document_is_a_lost_lease(client: OpenSearch, name: str) -> None:
    writer = WriteLease(client, name)
    with writer.held(0):
        client.indices.delete(index=f"{name}-lock")
        with pytest.raises(IndexLocked):
            _until_error(writer.check)
