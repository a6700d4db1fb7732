"""Lease of the one writer of an index on a cluster: a document that its holder renews, and that others take over when
it is no longer renewed.

No clocks are compared: a contender takes over when the document has not changed for LEASE seconds of its own clock.
Each write of the document is a compare-and-set on its sequence number, so that one contender wins, and a holder that
slept learns that it lost.
"""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread, get_ident
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConflictError, NotFoundError, RequestError, TransportError

from backfile.index.errors import ClusterUnavailable, IndexLocked

log = logging.getLogger("backfile.index")

LEASE = 9.0  # seconds without a renewal after which the lease is taken over; less than the default of `--wait`
RENEWAL = 2.0  # seconds between renewals
TIMEOUT = 5.0  # seconds for one request
POLL = 0.2  # seconds between looks of a contender
DOCUMENT = "writer"  # id of the document of the lease
_SETTINGS = {"number_of_shards": 1, "auto_expand_replicas": "0-2", "hidden": True}


@dataclass(frozen=True, slots=True)
class _Version:
    """Version of the document for compare-and-set."""

    seq_no: int
    primary_term: int


class WriteLease:
    """Lease of the writer of the index `name`; its document is in the index `NAME-lock`. Thread-safe."""

    def __init__(self, client: OpenSearch, name: str) -> None:
        self._client, self._index = client, f"{name}-lock"
        self._name = name
        self._owner: int | None = None
        self._holding: _Holding | None = None

    @contextmanager
    def held(self, wait: float) -> Iterator[None]:
        """Holds the lease and renews it, unless this thread holds it already. A lost process releases it by silence.

        Logs that it waits. Raises `IndexLocked` when another writer holds the lease for longer than `wait` seconds,
        `ClusterUnavailable` when the cluster does not answer.
        """
        if self._owner == get_ident():
            yield
            return
        holding = self._acquire(wait)
        holding.start()
        self._owner, self._holding = get_ident(), holding
        try:
            yield
        finally:
            self._owner, self._holding = None, None
            holding.release()

    def check(self) -> None:
        """Raises `IndexLocked` when another writer has taken the lease over; a writer asks before each commit.

        Renews a lease whose renewals failed for long, and raises `ClusterUnavailable` when that is not possible.
        """
        if self._holding is None:
            raise IndexLocked("the write lock of the index is not held")
        self._holding.check()

    def _acquire(self, wait: float) -> _Holding:
        self._create_index()
        attempt = _Holding(self._client, self._index, self._name)
        deadline = time.monotonic() + wait
        seen: _Version | None = None
        since = time.monotonic()
        announced = False
        while not attempt.create():
            found = attempt.read()
            if found is None:  # released meanwhile
                continue
            version, holder = found
            if version != seen:
                seen, since = version, time.monotonic()
            if (_is_dead(holder) or time.monotonic() - since >= LEASE) and attempt.take_over(version):
                log.warning("Took over the write lock of %s, which %s left behind.", self._name, _describe(holder))
                break
            if wait and not announced:
                log.warning("The index is written by %s; waiting up to %g s for it.", _describe(holder), wait)
                announced = True
            if time.monotonic() >= deadline:
                raise IndexLocked(
                    f"{_describe(holder)} is writing the index {self._name} and did not finish within {wait:g} s",
                    hint=f"try again later, or wait longer with --wait SECONDS; if it died, {LEASE:g} s are enough",
                )
            time.sleep(POLL)
        return attempt

    def _create_index(self) -> None:
        if self._client.indices.exists(index=self._index):
            return
        body = {"settings": _SETTINGS, "mappings": {"dynamic": False}}
        try:
            self._client.indices.create(index=self._index, body=body)
        except RequestError as error:
            if error.error != "resource_already_exists_exception":
                raise


class _Holding:
    """One process's hold of the lease, from its acquisition to its release or loss."""

    def __init__(self, client: OpenSearch, index: str, name: str) -> None:
        self._client, self._index, self._name = client, index, name
        self._id = uuid.uuid4().hex
        self._version = _Version(-1, -1)
        self._renewed = 0.0  # monotonic, before the last request that succeeded
        self._is_lost = False
        self._lock = Lock()  # one request at a time
        self._end = Event()
        self._thread = Thread(target=self._renew_until_end, name="write-lease", daemon=True)

    def create(self) -> bool:
        """Writes the document if there is none; whether the lease is ours now."""
        return self._put({"op_type": "create"})

    def take_over(self, version: _Version) -> bool:
        """Replaces the document of another holder if it still has this version; whether the lease is ours now."""
        return self._put({"if_seq_no": version.seq_no, "if_primary_term": version.primary_term})

    def _put(self, condition: dict[str, Any]) -> bool:
        began = time.monotonic()
        body = {"holder": self._id, **_this_process()}
        try:
            answer = self._client.index(
                index=self._index, id=DOCUMENT, body=body, params={**condition, "request_timeout": TIMEOUT}
            )
        except (ConflictError, NotFoundError):
            found = self.read()  # an earlier request without an answer may have been carried out
            if found is None or found[1].get("holder") != self._id:
                return False
            self._version, self._renewed = found[0], began
            return True
        self._version, self._renewed = _Version(answer["_seq_no"], answer["_primary_term"]), began
        return True

    def read(self) -> tuple[_Version, dict[str, Any]] | None:
        """Version and content of the document; None if there is none."""
        try:
            found = self._client.get(index=self._index, id=DOCUMENT, params={"request_timeout": TIMEOUT})
        except NotFoundError:
            return None
        return _Version(found["_seq_no"], found["_primary_term"]), found["_source"]

    def start(self) -> None:
        """Starts the thread that renews the lease."""
        self._thread.start()

    def _renew_until_end(self) -> None:
        while not self._end.wait(RENEWAL):
            try:
                self.renew()
            except (ClusterUnavailable, TransportError) as error:  # `check` tells, if it lasts
                log.debug("The write lock could not be renewed: %s", error)
            if self._is_lost:
                return

    def renew(self) -> None:
        """Renews the lease, or notes that it is lost. Raises `ClusterUnavailable`."""
        with self._lock:
            if not self._is_lost and not self._end.is_set():
                self._is_lost = not self.take_over(self._version)

    def check(self) -> None:
        """Raises `IndexLocked` if the lease is lost; renews it if the last renewal is long ago."""
        if not self._is_lost and time.monotonic() - self._renewed >= LEASE / 2:
            self.renew()
        if self._is_lost:
            raise IndexLocked(
                f"another process took over the index {self._name}, since this one was silent for {LEASE:g} s",
                hint="run it again: what is committed stays",
            )

    def release(self) -> None:
        """Ends the renewals and removes the document, if it is still ours."""
        self._end.set()
        self._thread.join()
        if self._is_lost:
            return
        condition = {"if_seq_no": self._version.seq_no, "if_primary_term": self._version.primary_term}
        with suppress(ConflictError, NotFoundError):
            try:
                self._client.delete(index=self._index, id=DOCUMENT, params={**condition, "request_timeout": TIMEOUT})
            except ClusterUnavailable as error:
                log.warning("The write lock of %s ends by itself in %g s: %s", self._name, LEASE, error)


def _this_process() -> dict[str, Any]:
    """Description of this process, for others to read."""
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {"host": socket.gethostname(), "pid": os.getpid(), "space": _process_space(), "renewed": since}


def _process_space() -> str:
    """Name of the processes whose ids can be compared: start of the machine, and container. Empty if unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip() + os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _is_dead(holder: dict[str, Any]) -> bool:
    """Whether the holder was a process of this machine, as far as its ids tell, and is no more."""
    space, pid = _process_space(), holder.get("pid")
    if not space or holder.get("space") != space or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _describe(holder: dict[str, Any]) -> str:
    return f"process {holder.get('pid')} on {holder.get('host')}"
