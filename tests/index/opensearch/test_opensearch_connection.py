"""Connection to a cluster: each failure has an error of its own that says what to do; secrets are never shown."""

from __future__ import annotations

import base64
import logging
import multiprocessing
import os
import pickle
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from answering import INFO, answering, failure
from opensearch.cluster import free_ports
from opensearchpy.exceptions import NotFoundError, RequestError

from backfile.index.engines.opensearch.connection import cluster_state, connect, retrying
from backfile.index.engines.options import EngineOptions, Secret
from backfile.index.errors import ClusterBusy, ClusterReadOnly, ClusterRefused, ClusterTimeout, ClusterUnavailable

READ_ONLY = (
    "index [news] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, "
    "index has read-only-allow-delete block];"
)


def options(url: str, **others: Any) -> EngineOptions:
    return EngineOptions(url=(url,), index="news", **others)


def test_a_node_answers(opensearch_options: EngineOptions) -> None:
    client = connect(opensearch_options)
    assert client.info()["version"]["distribution"] == "opensearch"
    with pytest.raises(NotFoundError):  # errors about one request are left to the caller
        client.indices.get(index=opensearch_options.index)
    with pytest.raises(RequestError):
        client.search(body={"query": {"no such query": {}}})
    client.close()


@pytest.mark.parametrize(
    ("status", "content", "error", "message", "hint"),
    [
        (401, "Unauthorized", ClusterRefused, "does not accept the password of user anna", "PASSWORD"),
        (403, failure("security_exception", "no permissions for [indices:data/write/bulk]"), ClusterRefused,
         r"forbids this: no permissions for \[indices", "operating.md"),
        (403, failure("cluster_block_exception", "index [news] blocked by: [FORBIDDEN/5/index read-only (api)];"),
         ClusterReadOnly, "the index is read-only: index .news.", "block"),
        (403, failure("cluster_block_exception", "blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];"),
         ClusterReadOnly, "read-only", "disk"),
        (429, failure("cluster_block_exception", READ_ONLY), ClusterReadOnly, "flood-stage watermark", "free space"),
        (429, failure("rejected_execution_exception", "rejected execution of coordinating operation"), ClusterBusy,
         "takes no more requests", "later"),
        (429, failure("circuit_breaking_exception", "[parent] Data too large"), ClusterBusy, "Data too large", "later"),
        (503, failure("cluster_manager_not_discovered_exception", None), ClusterUnavailable,
         "503: cluster_manager_not_discovered_exception", "log"),
        (503, failure("cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered];"),
         ClusterUnavailable, "state not recovered", "log"),
        (503, {"error": {"root_cause": [], "type": "search_phase_execution_exception", "reason": "all shards failed"}},
         ClusterUnavailable, "all shards failed", "log"),
        (502, "<h1>Bad Gateway</h1>", ClusterUnavailable, "502", "log"),
        (504, "", ClusterUnavailable, "504", "log"),
        (500, {"error": "null pointer"}, ClusterUnavailable, "500", "log"),
        (200, "<h1>It works!</h1>", ClusterRefused, "does not answer as OpenSearch", "--opensearch-url"),
        (200, [], ClusterRefused, "is no OpenSearch", "--opensearch-url"),
        (200, {"version": {"number": "9.2.1"}}, ClusterRefused, "it says version 9.2.1", "--opensearch-url"),
        (200, {"version": {"distribution": "opensearch", "number": "2.19.4"}}, ClusterRefused, "OpenSearch 2.19.4",
         "upgrade it to 3.0"),
    ],
)  # fmt: skip
def test_each_answer_of_a_cluster_has_its_error(
    status: int, content: object, error: type[ClusterUnavailable], message: str, hint: str
) -> None:
    attempts = [(status, content)] * 3  # a node that cannot answer is asked again
    with (
        answering(*attempts) as server,
        pytest.raises(error, match=message) as raised,
    ):
        connect(options(server.url, user="anna", password=Secret("s3cr3t")))
    assert hint in raised.value.hint
    assert type(raised.value) is error
    assert "s3cr3t" not in f"{raised.value!r}{raised.value.hint}"


def test_a_cluster_that_wants_a_login_says_so() -> None:
    with answering((401, "Unauthorized")) as server, pytest.raises(ClusterRefused, match="wants a user and a password"):
        connect(options(server.url))


def test_a_node_that_is_still_starting_is_away() -> None:
    with answering(*[(503, "OpenSearch Security not initialized.")] * 3) as server:
        with pytest.raises(ClusterUnavailable, match="Security not initialized"):
            connect(options(server.url))
        connect(options(server.url)).close()


def test_the_state_of_a_cluster_is_that_of_the_index(opensearch_options: EngineOptions) -> None:
    client, name = connect(opensearch_options), opensearch_options.index
    client.indices.create(index=name, body={"settings": {"number_of_shards": 2, "number_of_replicas": 1}})
    found = cluster_state(client, name)
    assert (found.health, found.nodes, found.shards, found.unassigned) == ("yellow", 1, 4, 2)  # a copy needs a node
    client.indices.put_settings(index=name, body={"number_of_replicas": 0})
    found = cluster_state(client, name)
    assert (found.health, found.shards, found.unassigned) == ("green", 2, 0)
    assert found.version.startswith("3.")
    client.close()


def test_a_release_candidate_and_a_newer_server_are_accepted() -> None:
    for number in ("3.0.0-rc1", "3.0.0-SNAPSHOT", "4.1", "10.0.0"):
        with answering((200, {"version": {"distribution": "opensearch", "number": number}})) as server:
            connect(options(server.url)).close()


def test_a_refused_connection_names_the_addresses() -> None:
    url = f"http://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(ClusterUnavailable, match=f"{url}: Connection refused") as raised:
        connect(options(url))
    assert "start the cluster" in raised.value.hint


def test_an_unknown_host_and_a_server_without_http() -> None:
    with pytest.raises(ClusterUnavailable, match=r"no-such-host\.invalid"):
        connect(options("http://no-such-host.invalid:9200"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(ClusterTimeout, match="in time"):
            connect(options(url), timeout=0.05)


def test_another_node_is_asked_when_one_is_away() -> None:
    with answering() as server:
        away = f"http://127.0.0.1:{free_ports(1)[0]}"
        client = connect(EngineOptions(url=(away, server.url)))
        assert [client.info() for _ in range(3)] == [INFO] * 3
        client.close()


def test_who_logs_in(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("grün geheim\n")
    basic = "Basic " + base64.b64encode("anna:grün geheim".encode()).decode()
    cases: list[tuple[dict[str, Any], str | None]] = [
        ({}, None),
        ({"user": "anna", "password": Secret("grün geheim")}, basic),
        ({"user": "anna", "password_file": file}, basic),
        ({"user": "anna", "password": Secret("old"), "password_file": file}, basic),
        ({"api_key": Secret("abc="), "user": "anna"}, "ApiKey abc="),
        ({"api_key": Secret("Bearer abc")}, "Bearer abc"),
    ]
    for others, header in cases:
        with answering() as server:
            connect(options(server.url, **others)).close()
            headers = {name.lower(): value for name, value in server.requests[0][2].items()}
            assert headers.get("authorization") == header, others


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_an_unreadable_file_of_a_secret_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "secret"
    if content:
        file.write_bytes(content)
    with pytest.raises(ClusterRefused, match="secret") as raised:
        connect(options("http://127.0.0.1:1", user="anna", password_file=file))
    assert raised.value.hint


def test_secrets_are_not_shown(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    secret = EngineOptions(user="anna", password=Secret("s3cr3t"), api_key=Secret("k3y"))
    assert "s3cr3t" not in f"{secret}{secret!r}"
    assert "k3y" not in repr(secret)
    assert pickle.loads(pickle.dumps(secret)) == secret  # noqa: S301 - as a spawned process gets them
    caplog.set_level(logging.DEBUG)
    with answering((401, "no"), (401, "no")) as server:
        for others in ({"password": Secret("s3cr3t")}, {"api_key": Secret("k3y")}):
            with pytest.raises(ClusterRefused):
                connect(options(server.url, user="anna", **others))
    encoded = base64.b64encode(b"anna:s3cr3t").decode()
    shown = caplog.text + "".join(capfd.readouterr())
    assert not any(each in shown for each in ("s3cr3t", "k3y", encoded))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes a certificate for a name or address, with its key in the same file."""
    if not which("openssl"):
        pytest.skip("there is no openssl to make a certificate")
    folder = tmp_path_factory.mktemp("tls")

    def make(name: str) -> Path:
        file, key = folder / f"{name}.pem", folder / f"{name}.key"
        request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
        names = f"-addext subjectAltName={name} -keyout {key} -out {file}"
        subprocess.run([*request.split(), *names.split()], check=True, capture_output=True)
        file.write_text(file.read_text() + key.read_text())
        return file

    return make


def test_a_certificate_is_checked(certificate: Callable[[str], Path], caplog: pytest.LogCaptureFixture) -> None:
    mine, other = certificate("IP:127.0.0.1"), certificate("DNS:elsewhere.example")
    with answering(tls=mine) as server:
        with pytest.raises(ClusterRefused, match="is not trusted") as raised:
            connect(options(server.url))
        assert "--opensearch-ca-file" in raised.value.hint
        with pytest.raises(ClusterRefused, match="is not trusted"):
            connect(options(server.url, ca_file=other))
        connect(options(server.url, ca_file=mine)).close()
        connect(options(server.url, insecure=True)).close()
        assert "not checked" in caplog.text
    with answering(tls=other) as server, pytest.raises(ClusterRefused, match="is not trusted"):
        connect(options(server.url, ca_file=other))  # issued for another host


def test_a_wrong_scheme_and_a_missing_authority(certificate: Callable[[str], Path], tmp_path: Path) -> None:
    with answering() as server, pytest.raises(ClusterRefused, match="no encrypted connection") as raised:
        connect(options(server.url.replace("http:", "https:")))
    assert "http://" in raised.value.hint
    with answering(tls=certificate("IP:127.0.0.1")) as server, pytest.raises(ClusterUnavailable) as unanswered:
        connect(options(server.url.replace("https:", "http:")))
    assert "https://" in unanswered.value.hint
    with pytest.raises(ClusterRefused, match=r"cannot be read: .*No such file"):
        connect(options("https://127.0.0.1:1", ca_file=tmp_path / "ca.pem"))
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(ClusterRefused, match="no certificate in PEM format"):
        connect(options("https://127.0.0.1:1", ca_file=tmp_path / "ca.pem"))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_opens_its_own_connections() -> None:
    with answering() as server:
        client = connect(options(server.url))

        def ask() -> None:
            assert client.info() == INFO
            os._exit(7)

        child = multiprocessing.get_context("fork").Process(target=ask)
        pool = client.transport.connection_pool.connections[0].pool
        child.start()
        assert client.info() == INFO
        child.join()
        assert child.exitcode == 7
        assert client.transport.connection_pool.connections[0].pool is pool
        client.close()


class TestRetrying:
    """`retrying`, on a clock that only its pauses move."""

    def run(self, errors: list[Exception], patience: float) -> tuple[int, float]:
        """Number of calls and seconds of pauses until it returned."""
        now = [0.0]
        calls = [0]

        def call() -> str:
            calls[0] += 1
            if errors:
                raise errors.pop(0)
            return "done"

        def sleep(seconds: float) -> None:
            now[0] += seconds

        assert retrying(call, patience=patience, clock=lambda: now[0], sleep=sleep) == "done"
        return calls[0], now[0]

    def test_it_waits_longer_each_time(self, caplog: pytest.LogCaptureFixture) -> None:
        calls, waited = self.run([ClusterUnavailable("away"), ClusterBusy("busy"), ClusterTimeout("slow")], 60)
        assert calls == 4
        assert 0.7 <= waited <= 1.4
        assert caplog.text.count("Waiting for the cluster") == 1

    def test_its_patience_ends(self) -> None:
        with pytest.raises(ClusterBusy):
            self.run([ClusterBusy("busy")] * 1000, 30)

    @pytest.mark.parametrize("error", [ClusterRefused("password"), ClusterReadOnly("disk"), ValueError("bug")])
    def test_it_does_not_wait_for_what_waiting_does_not_change(self, error: Exception) -> None:
        with pytest.raises(type(error)):
            self.run([error], 30)


def test_no_patience_is_one_attempt() -> None:
    with answering(*[(503, {})] * 9) as server, pytest.raises(ClusterUnavailable):
        retrying(lambda: connect(replace(options(server.url))), patience=0)
