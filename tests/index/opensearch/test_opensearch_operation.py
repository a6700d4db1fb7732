"""The engine's cluster in operation: read-only, foreign, away, resumed, told by the commands."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from answering import INFO, answering
from opensearch.cluster import free_ports
from opensearchpy import OpenSearch

from backfile.archive.storage.library import Library
from backfile.cli.main import run as run_command
from backfile.index.engine import Changes, Request
from backfile.index.engines import has_index, open_engine
from backfile.index.engines.opensearch.connection import connect
from backfile.index.engines.options import EngineOptions
from backfile.index.errors import ClusterReadOnly, ClusterUnavailable, IndexUnusable
from backfile.index.query import parse
from backfile.index.sync.synchronization import update_index


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def client(opensearch_options: EngineOptions) -> Iterator[OpenSearch]:
    with closing(connect(opensearch_options)) as connected:
        yield connected


@pytest.fixture
def library(tmp_path: Path) -> Library:
    for name in ("ferry", "train"):
        write(tmp_path / "library" / f"{name}.md", f"---\ntitle: The {name}\n---\nA night {name} sails.\n")
    return Library(tmp_path / "library")


@pytest.fixture
def run(library: Library, opensearch_options: EngineOptions, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the library and the cluster; further arguments may replace the address."""

    def call(command: str, *arguments: str) -> tuple[int, str, str]:
        url, name = opensearch_options.url[0], opensearch_options.index
        where = ["--library", str(library.root), "--engine", "opensearch", "--opensearch-index", name]
        where += [] if "--opensearch-url" in arguments else ["--opensearch-url", url]
        code = run_command([command, *where, *arguments])
        return code, *capsys.readouterr()

    return call


def test_the_commands_speak_of_the_cluster(run: Run) -> None:
    assert run("index")[:2][0] == 0
    code, out, _ = run("check")
    assert code == 0
    assert "2 articles, 2 searchable; index: ok" in out
    assert ": green, 1 node, 1 shard; OpenSearch 3." in out
    assert json.loads(run("check", "--json")[1])["cluster"]["health"] == "green"
    assert ": green, 1 node" in run("stats")[1]
    stats = json.loads(run("stats", "--json")[1])
    assert stats["cluster"]["shards"] == 1
    assert stats["index_bytes"] > 0
    assert "A night" in run("search", "sails")[1]


def test_check_tells_of_the_files_when_the_cluster_is_away(run: Run) -> None:
    run("index")
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    code, out, err = run("check", "--opensearch-url", url)
    assert code == 3
    assert "2 articles, 0 searchable; index: unavailable" in out
    assert f"Error: no node of the cluster answers at {url}: Connection refused\n       start the cluster" in err
    for command in ("index", "stats"):
        code, _, err = run(command, "--opensearch-url", url)
        assert (code, "start the cluster" in err) == (3, True)


@pytest.mark.long
def test_a_wrong_version_is_told_by_every_command(run: Run) -> None:
    old = {"version": {"distribution": "opensearch", "number": "2.11.0"}}
    for command in ("index", "check", "stats"):
        with answering(*[(200, old)] * 9) as server:
            code, _, err = run(command, "--opensearch-url", server.url)
        assert code == 3
        assert "is OpenSearch 2.11.0\n       upgrade it to 3.0 or later" in err
    assert INFO["version"]["number"] > "3"


@pytest.mark.parametrize(
    "block",
    ["read_only_allow_delete", *(pytest.param(each, marks=pytest.mark.long) for each in ("read_only", "write"))],
)
def test_a_read_only_index_is_told_at_once_and_taken_up_again(
    library: Library, client: OpenSearch, opensearch_options: EngineOptions, tmp_path: Path, block: str
) -> None:
    name = opensearch_options.index
    update_index(library, tmp_path / "cache", "opensearch", options=opensearch_options)
    write(library.root / "bus.md", "---\ntitle: The bus\n---\nA bus.\n")
    client.indices.put_settings(index=name, body={f"index.blocks.{block}": True})
    with pytest.raises(ClusterReadOnly, match="the index is read-only: index"):
        update_index(library, tmp_path / "cache", "opensearch", options=opensearch_options)
    client.indices.put_settings(index=name, body={f"index.blocks.{block}": None})
    report = update_index(library, tmp_path / "cache", "opensearch", options=opensearch_options)
    assert report.added == ["bus"]


@pytest.mark.parametrize("mappings", [{}, {"_meta": {"program": "another"}}])
def test_an_index_of_another_program_is_never_written_to(
    library: Library, client: OpenSearch, opensearch_options: EngineOptions, tmp_path: Path, mappings: dict[str, object]
) -> None:
    name = opensearch_options.index
    client.indices.create(index=name, body={"mappings": mappings})
    client.index(index=name, id="theirs", body={"words": "ferry"}, params={"refresh": "true"})
    before = client.indices.get(index=name)
    assert has_index("opensearch", tmp_path, opensearch_options)
    with pytest.raises(IndexUnusable, match="not one of Backfile") as error:
        update_index(library, tmp_path / "cache", "opensearch", options=opensearch_options)
    assert "--opensearch-index" in error.value.hint
    assert client.indices.get(index=name) == before
    assert client.count(index=name)["count"] == 1


def test_another_machine_goes_on_where_one_stopped(
    library: Library, opensearch_options: EngineOptions, tmp_path: Path
) -> None:
    update_index(library, tmp_path / "one", "opensearch", options=opensearch_options)
    with closing(open_engine("opensearch", tmp_path, opensearch_options)) as engine:
        generation = engine.status().generation
    report = update_index(library, tmp_path / "two", "opensearch", options=opensearch_options)
    assert (report.added, report.changed, report.unchanged) == ([], [], 2)
    (library.root / "train.md").unlink()
    assert update_index(library, tmp_path / "two", "opensearch", options=opensearch_options).removed == ["train"]
    with closing(open_engine("opensearch", tmp_path, opensearch_options)) as engine:
        assert engine.status().generation == generation + 1
        assert list(engine.fingerprints()) == ["ferry"]


@contextmanager
def forwarding(port: int, url: str) -> Iterator[None]:
    """Forwards connections to a port to the node at a URL."""
    target = urlsplit(url)
    opened: list[socket.socket] = []

    class Forward(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection((str(target.hostname), int(target.port or 0))) as node, suppress(OSError):
                opened.extend((node, self.request))
                back = threading.Thread(target=copy, args=(node, self.request), daemon=True)
                back.start()
                copy(self.request, node)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = allow_reuse_address = True
        block_on_close = False

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while some := source.recv(1 << 16):
                sink.sendall(some)

    with Server(("127.0.0.1", port), Forward) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()
        for each in opened:  # as the end of a node does
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def test_a_cluster_that_comes_back_is_used_again_by_the_same_engine(
    opensearch_options: EngineOptions, library: Library, tmp_path: Path
) -> None:
    update_index(library, tmp_path / "cache", "opensearch", options=opensearch_options)
    (port,) = free_ports(1)
    options = replace(opensearch_options, url=(f"http://127.0.0.1:{port}",))
    with closing(open_engine("opensearch", tmp_path, options)) as engine:
        calls = (engine.status, lambda: engine.write(Changes()), lambda: engine.complete("fe"), engine.fingerprints)
        for call in calls:
            with pytest.raises(ClusterUnavailable, match="no node of the cluster answers"):
                call()
        with forwarding(port, opensearch_options.url[0]):
            assert engine.status().documents == 2
            assert engine.search(Request(parse("night").tree, deadline=30.0)).total == 2
        with pytest.raises(ClusterUnavailable):
            engine.fingerprints()
        with forwarding(port, opensearch_options.url[0]):
            assert len(engine.fingerprints()) == 2
