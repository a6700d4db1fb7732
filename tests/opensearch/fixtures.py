"""Fixtures: one OpenSearch node for a whole test run, and an index name of its own for each test.

The first test of a run that asks for the node starts it, also under pytest-xdist, whose workers share it; the main
process of the run ends it. OPENSEARCH_TEST_URL names a node that runs already. Without Java or the server's jars the
tests skip; with BACKFILE_REQUIRE_OPENSEARCH=1 they fail.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import urllib3

from backfile.index.engines.options import EngineOptions
from opensearch.cluster import Cluster, missing, stop

URL = "OPENSEARCH_TEST_URL"
REQUIRED = "BACKFILE_REQUIRE_OPENSEARCH"
_RUN = "OPENSEARCH_TEST_RUN"  # process id of the main process of the run; its workers inherit it

_started: list[Cluster] = []  # keeps the processes, which would warn when they are forgotten while they run


def begin_run() -> None:
    """Called by every process of a run when pytest is configured."""
    os.environ.setdefault(_RUN, str(os.getpid()))


def end_run() -> None:
    """Ends the node, if there is one, in the main process of the run."""
    if os.environ.get(_RUN) != str(os.getpid()):
        return
    state = _state_file()
    del os.environ[_RUN]
    if state.exists():
        stop(Path(state.read_text().rpartition("\n")[2]))
        state.unlink()


def _state_file() -> Path:
    """File with the URL and the folder of the node of this run."""
    return Path(tempfile.gettempdir()) / f"opensearch-test-{os.getuid()}-{os.environ[_RUN]}"


def _shared_node() -> str:
    """URL of the node of this run; the first caller starts it, others wait for that."""
    with _state_file().open("a+") as state:
        fcntl.flock(state, fcntl.LOCK_EX)
        state.seek(0)
        if url := state.read().partition("\n")[0]:
            return url
        cluster = Cluster()
        _started.append(cluster)
        cluster.start()
        cluster.end_with(int(os.environ[_RUN]))
        state.write(f"{cluster.urls[0]}\n{cluster.folder}")
        return cluster.urls[0]


def need_opensearch() -> None:
    """Skips the test where no node can be started, or fails it where one is required."""
    reason = "" if find_spec("opensearchpy") else "opensearch-py is not installed"
    reason = reason or ("" if os.environ.get(URL) else missing())
    if reason and os.environ.get(REQUIRED) == "1":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


@contextmanager
def fresh_index(url: str) -> Iterator[EngineOptions]:
    """Options of an index with a name that no other test has; its indices and aliases are removed afterwards."""
    name = f"test-{uuid.uuid4().hex}"
    try:
        yield EngineOptions(url=(url,), index=name)
    finally:  # hidden and closed indices too
        urllib3.request("DELETE", f"{url}/{name}*,.{name}*?expand_wildcards=all&ignore_unavailable=true")


def node_url() -> str:
    """URL of the node of this run; skips without Java or the server's jars."""
    need_opensearch()
    return os.environ.get(URL) or _shared_node()


@pytest.fixture(scope="session")
def opensearch_url() -> str:
    """URL of the node of this run; skips without Java or the server's jars."""
    return node_url()


@pytest.fixture
def opensearch_options(opensearch_url: str) -> Iterator[EngineOptions]:
    """Options of an index of this test's own on the node of the run."""
    with fresh_index(opensearch_url) as options:
        yield options
