"""Connection to an OpenSearch cluster: the client, and failures of the cluster as errors that say what to do."""

from __future__ import annotations

import logging
import os
import random
import re
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TypeVar

from opensearchpy import OpenSearch, Transport, Urllib3HttpConnection
from opensearchpy.exceptions import (
    ConnectionError as NotConnected,
)
from opensearchpy.exceptions import (
    ConnectionTimeout,
    ImproperlyConfigured,
    SerializationError,
    SSLError,
    TransportError,
)
from urllib3 import Timeout

from backfile.archive.errors import ArchiveError
from backfile.archive.storage.durable_files import read_bytes
from backfile.index.engines.options import EngineOptions
from backfile.index.errors import ClusterBusy, ClusterReadOnly, ClusterRefused, ClusterTimeout, ClusterUnavailable
from backfile.index.status import ClusterState

log = logging.getLogger("backfile.index")

OLDEST = (3, 0)  # version of the server; the tests run on 3.9
CONNECT_TIMEOUT = 2.0  # seconds until another node is tried
REQUEST_TIMEOUT = 30.0  # seconds, where a request names none
DEAD_TIMEOUT = 1.0  # seconds until a node that did not answer is asked again, doubled with each failure
MAX_DEAD_TIMEOUT = 3  # doublings
CONNECTIONS = 32  # kept open to a node by a process
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0  # seconds between attempts of `retrying`
_BLOCKED = re.compile(r"/index read-only|read-only-allow-delete|/index write")  # in the reasons of OpenSearch
MAX_SECRET = 4096  # bytes

_Result = TypeVar("_Result")


def connect(options: EngineOptions, *, timeout: float = REQUEST_TIMEOUT) -> OpenSearch:
    """Client of a cluster that answered. Its requests go to any node and try the others when one does not answer.

    `timeout` is in seconds and holds for requests that name none.

    Raises `ClusterRefused` when the cluster does not let us in or is of a wrong version, `ClusterUnavailable` when no
    node answers; requests raise these as well (`_ClusterTransport`). Safe to use after a fork.
    """
    logging.getLogger("opensearch").setLevel(logging.CRITICAL)  # it would print a traceback for what is raised anyway
    client = _client(options, timeout)
    _check_version(client.info(), options)
    return client


def _client(options: EngineOptions, timeout: float) -> OpenSearch:
    if options.insecure:
        log.warning("The certificate of the cluster is not checked (--opensearch-insecure).")
    if options.ca_file is not None:
        _check_authority(options.ca_file)
    try:
        return OpenSearch(
            list(options.url),
            transport_class=_ClusterTransport,
            connection_class=_NodeConnection,
            options=options,
            timeout=timeout,
            max_retries=max(2, len(options.url)),
            dead_timeout=DEAD_TIMEOUT,
            timeout_cutoff=MAX_DEAD_TIMEOUT,
            pool_maxsize=CONNECTIONS,
            verify_certs=not options.insecure,
            ssl_show_warn=False,
            ca_certs=str(options.ca_file) if options.ca_file else None,
            **_credentials(options),
        )
    except (ImproperlyConfigured, ValueError, OSError) as error:
        raise ClusterRefused(
            f"the settings of the cluster are not usable: {error}", hint="`backfile settings` shows them"
        ) from error


def _check_authority(file: Path) -> None:
    """Raises `ClusterRefused` unless the file holds certificates."""
    try:
        ssl.create_default_context(cafile=str(file))
    except OSError as error:  # SSLError is one
        reason = "it holds no certificate in PEM format" if isinstance(error, ssl.SSLError) else error.strerror
        raise ClusterRefused(
            f"the certificate of the authority cannot be read: {file}: {reason}", hint="correct --opensearch-ca-file"
        ) from error


def _credentials(options: EngineOptions) -> dict[str, Any]:
    """Arguments of the client for logging in; empty without user and key. Raises `ClusterRefused`."""
    key = _read_secret(options.api_key_file) if options.api_key_file else str(options.api_key)
    if key:
        return {"headers": {"authorization": key if " " in key else f"ApiKey {key}"}}
    password = _read_secret(options.password_file) if options.password_file else str(options.password)
    if not options.user:
        return {}
    # The client's own basic authentication makes Latin-1 of the password; RFC 7617 has UTF-8.
    return {"http_auth": (options.user.encode().decode("latin-1"), password.encode().decode("latin-1"))}


def _read_secret(path: Path) -> str:
    """Secret of a file without the line end after it; raises `ClusterRefused`."""
    try:
        content = read_bytes(os.path.realpath(path), "/")
        return content[: MAX_SECRET + 1].decode("utf-8-sig").strip()
    except (OSError, ArchiveError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text file"
        raise ClusterRefused(
            f"the file of the password or key cannot be read: {path}: {reason}", hint="correct its path or its rights"
        ) from error


def cluster_state(client: OpenSearch, index: str) -> ClusterState:
    """State of a cluster, as far as an index that exists needs it. Raises `ClusterUnavailable`."""
    health = client.cluster.health(index=index)
    return ClusterState(
        name=health["cluster_name"],
        version=client.info()["version"]["number"],
        health=health["status"],
        nodes=health["number_of_nodes"],
        shards=health["active_shards"] + health["unassigned_shards"] + health["initializing_shards"],
        unassigned=health["unassigned_shards"],
    )


def _check_version(info: Any, options: EngineOptions) -> None:
    """Raises `ClusterRefused` unless the server is an OpenSearch that is new enough."""
    version = info.get("version") if isinstance(info, dict) else None
    number = str(version.get("number", "")) if isinstance(version, dict) else ""
    oldest = ".".join(map(str, OLDEST))
    if not isinstance(version, dict) or version.get("distribution") != "opensearch":
        raise ClusterRefused(
            f"the server at {_names(options)} is no OpenSearch{f' (it says version {number})' if number else ''}",
            hint=f"name an OpenSearch {oldest} or later with --opensearch-url",
        )
    parts = tuple(int(part) for part in number.partition("-")[0].split(".") if part.isdecimal())
    if parts < OLDEST:
        raise ClusterRefused(
            f"the cluster at {_names(options)} is OpenSearch {number}", hint=f"upgrade it to {oldest} or later"
        )


def _names(options: EngineOptions) -> str:
    return ", ".join(options.url)


class _NodeConnection(Urllib3HttpConnection):
    """Connection to a node. One that lets nobody connect takes a quarter of the time of a request, not all of it."""

    def perform_request(  # noqa: PLR0917 - as the base class
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        ignore: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Answer of the node; raises errors of the client."""
        seconds = timeout or self.timeout
        limits: Any = Timeout(connect=min(seconds / 4, CONNECT_TIMEOUT), read=seconds)
        return super().perform_request(method, url, params, body, limits, ignore, headers)


class _ClusterTransport(Transport):
    """Transport that raises our errors for failures of the cluster.

    Errors about one request (400, 404, 409, 413) stay those of the client. The child of a fork opens connections of its
    own: answers on a shared one would go to either process.
    """

    def __init__(self, hosts: Any, *, options: EngineOptions, **arguments: Any) -> None:
        super().__init__(hosts, **arguments)
        self._options, self._pid = options, os.getpid()

    def perform_request(self, method: str, url: str, *arguments: Any, **named: Any) -> Any:
        """Answer of a node; raises `ClusterUnavailable` and its subclasses."""
        if self._pid != os.getpid():
            self._pid = os.getpid()
            for connection in self.connection_pool.connections:
                connection._create_urllib3_pool()
        try:
            return super().perform_request(method, url, *arguments, **named)
        except TransportError as error:
            if translated := translate(error, self._options):
                raise translated from error
            raise
        except SerializationError as error:
            raise ClusterRefused(
                f"the server at {_names(self._options)} does not answer as OpenSearch does",
                hint="name an OpenSearch with --opensearch-url",
            ) from error


def translate(error: TransportError, options: EngineOptions) -> ClusterUnavailable | None:
    """Error of the index for an error of the client, or None for an error about one request."""
    if isinstance(error, NotConnected):
        return _not_connected(error, options)
    status, reason = error.status_code, _reason(error)
    if status in (401, 403) or (status == 429 and is_read_only(reason)):
        return _refused(error, reason, options)
    if status == 429:
        return ClusterBusy(f"the cluster takes no more requests at the moment: {reason}", hint="try again later")
    if isinstance(status, int) and status >= 500:
        return ClusterUnavailable(
            f"the cluster at {_names(options)} cannot answer at the moment ({status}: {reason})",
            hint="its log says why; `backfile check` shows its state",
        )
    return None


def _not_connected(error: NotConnected, options: EngineOptions) -> ClusterUnavailable:
    cause = str(error.info)
    if isinstance(error, ConnectionTimeout):
        return ClusterTimeout(f"the cluster at {_names(options)} did not answer in time", hint="try again later")
    if isinstance(error, SSLError) and "CERTIFICATE_VERIFY_FAILED" in cause:
        return ClusterRefused(
            f"the certificate of {_names(options)} is not trusted: {_last(cause)}",
            hint="name the certificate of its authority with --opensearch-ca-file",
        )
    if isinstance(error, SSLError):
        return ClusterRefused(
            f"no encrypted connection to {_names(options)}: {_last(cause)}",
            hint="a cluster without TLS has an address with http://",
        )
    return ClusterUnavailable(
        f"no node of the cluster answers at {_names(options)}: {_last(cause)}",
        hint="start the cluster, or name its address with --opensearch-url; one with TLS has https://",
    )


def _refused(error: TransportError, reason: str, options: EngineOptions) -> ClusterUnavailable:
    if is_read_only(reason):
        return read_only(reason)
    if error.status_code == 401:
        named = options.api_key or options.api_key_file
        shown = "the API key" if named else f"the password of user {options.user}"
        does = f"does not accept {shown}" if named or options.user else "wants a user and a password"
        return ClusterRefused(
            f"the cluster at {_names(options)} {does}",
            hint="set BACKFILE_OPENSEARCH_USER and BACKFILE_OPENSEARCH_PASSWORD, or --opensearch-password-file",
        )
    return ClusterRefused(
        f"the cluster at {_names(options)} forbids this: {reason}",
        hint="docs/operating.md lists the permissions that Backfile needs",
    )


def is_read_only(reason: str) -> bool:
    """Whether a reason that OpenSearch gives for status 403 or 429 is a block of writes."""
    return bool(_BLOCKED.search(reason))


def read_only(reason: str) -> ClusterReadOnly:
    """Error for an index that is blocked, with the reason that OpenSearch gives; it names the index."""
    return ClusterReadOnly(
        f"the index is read-only: {reason}",
        hint="a node's disk is nearly full: free space or add a node, and OpenSearch lifts the block by itself; "
        "a block set by hand is lifted by hand (index.blocks)",
    )


def _reason(error: TransportError) -> str:
    """Reason that the cluster gives: its first root cause, or the name of the error."""
    info = error.info
    if isinstance(info, dict) and isinstance(info.get("error"), dict):
        causes = info["error"].get("root_cause") or [info["error"]]
        return str(causes[0].get("reason") or causes[0].get("type") or error.error)
    return str(error.error)[:200]


def _last(cause: str) -> str:
    """Innermost reason in a text of urllib3: `Connection refused` of `…: [Errno 111] Connection refused`."""
    text = cause.rpartition("] ")[2] if "] " in cause else cause.rpartition(": ")[2]
    return text.partition(" (_ssl.c")[0].strip("')(\" ")[:200]


def retrying(
    call: Callable[[], _Result],
    *,
    patience: float,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> _Result:
    """Result of `call`, repeated with growing pauses for at most `patience` seconds while the cluster is away or busy.

    `call` must be harmless when repeated: a request that got no answer may have been carried out. `ClusterRefused`
    and `ClusterReadOnly` are raised at once, since waiting helps nothing.
    """
    began, pause, told = clock(), FIRST_PAUSE, False
    while True:
        try:
            return call()
        except (ClusterRefused, ClusterReadOnly):
            raise
        except ClusterUnavailable as error:
            pause_now = pause * random.uniform(0.5, 1.0)  # noqa: S311 - spreads the attempts of several writers
            if clock() - began + pause_now > patience:
                raise
            if not told and not isinstance(error, ClusterBusy):
                log.warning("Waiting for the cluster, at most %d s: %s", patience, error)
                told = True
            sleep(pause_now)
            pause = min(2 * pause, LONGEST_PAUSE)
