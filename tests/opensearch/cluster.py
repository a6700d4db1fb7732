"""OpenSearch nodes for tests, on loopback only, made of the jars of Maven Central.

    python tests/opensearch/cluster.py fetch            lays out the server's folder; needs Maven and the network
    python tests/opensearch/cluster.py start [NODES]    starts nodes, returns when the cluster is green
    python tests/opensearch/cluster.py stop             ends those nodes and removes their data
    python tests/opensearch/cluster.py serve PID        starts a node that ends with process PID, prints its URL
    python tests/opensearch/cluster.py java             exit code 0 if there is a Java that is new enough
    python tests/opensearch/cluster.py missing          says what this machine lacks; exit code 1 if anything

Node N answers on 127.0.0.1, port 9199 + N; `Cluster()` takes free ports. It needs Java 21 or later
(OPENSEARCH_JAVA_HOME, JAVA_HOME or /usr/lib/jvm/*). Not for production: no TLS, no users, no lasting data.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

VERSION = "3.9.0"  # the same as in pom.xml
POM = Path(__file__).resolve().with_name("pom.xml")
# The server refuses to run as root and then runs as `nobody`, to whom root's own folders are closed.
HOME = Path(os.environ.get("OPENSEARCH_TEST_HOME", f"/var/tmp/opensearch-test-{VERSION}-{os.getuid()}"))
# Little memory and a quick start: one compiler tier, a collector without threads. A benchmark wants others.
JAVA_OPTIONS = os.environ.get("OPENSEARCH_TEST_JAVA_OPTS", "-Xms512m -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1")
OLDEST_JAVA = 21
START_TIMEOUT = 180.0  # seconds; 7 on a quiet machine, 28 with a cold disk cache
PORTS = 9200, 9300  # HTTP and transport of the first node that `start` starts
# Folder of each module: its class, the jars that are its own, and the module that it extends. The server loads
# modules from folders with a descriptor only, not from the class path.
MODULES = {
    "transport-netty4": ("org.opensearch.transport.Netty4ModulePlugin", ["transport-netty4-client"], ""),
    "lang-painless": (
        "org.opensearch.painless.PainlessModulePlugin",
        ["lang-painless", "opensearch-scripting-painless-spi"],
        "",
    ),
    "analysis-common": (
        "org.opensearch.analysis.common.CommonAnalysisModulePlugin",
        ["analysis-common"],
        "lang-painless",
    ),
    "mapper-extras": ("org.opensearch.index.mapper.MapperExtrasModulePlugin", ["mapper-extras-client"], ""),
    "reindex": ("org.opensearch.index.reindex.ReindexModulePlugin", ["reindex-client"], ""),
}
LOGGING = """\
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""
# Ends a node, and removes its folder, when the run has ended: the run's process id, the node's, the folder.
WATCHDOG = """(
    while kill -0 "$1" && kill -0 "$2"; do sleep 2; done
    kill -0 "$1" || { kill -9 "$2"; rm -r "$3"; }
) </dev/null >/dev/null 2>&1 &"""


def java() -> Path | None:
    """Path of the first `java` that is new enough, or None."""
    named = [Path(os.environ[name]) for name in ("OPENSEARCH_JAVA_HOME", "JAVA_HOME") if os.environ.get(name)]
    for home in [*named, *sorted(Path("/usr/lib/jvm").glob("*"), reverse=True)]:
        with contextlib.suppress(OSError, ValueError):
            number = (home / "release").read_text().partition('JAVA_VERSION="')[2]
            version = int(number.partition('"')[0].partition(".")[0])
            if version >= OLDEST_JAVA and (home / "bin/java").exists():
                return home / "bin/java"
    return None


def missing() -> str:
    """Sentence about what this machine lacks to start a node; empty if nothing."""
    if java() is None:
        return f"OpenSearch needs Java {OLDEST_JAVA} or later: set OPENSEARCH_JAVA_HOME"
    if not (HOME / "modules").exists():
        return f"{HOME} has no OpenSearch: run `make opensearch`"
    return ""


def fetch() -> None:
    """Makes HOME a server's folder, with lib/ and modules/; does nothing when it is one."""
    if (HOME / "modules").exists():
        return
    fresh = HOME.with_name(f"{HOME.name}.{os.getpid()}")
    subprocess.run(
        ["mvn", "-B", "-q", "-f", POM, "dependency:copy-dependencies", f"-DoutputDirectory={fresh}/lib"],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    for name, (main, jars, extends) in MODULES.items():
        folder = fresh / "modules" / name
        folder.mkdir(parents=True)
        for jar in jars:
            (fresh / "lib" / f"{jar}-{VERSION}.jar").rename(folder / f"{jar}.jar")
        (folder / "plugin-descriptor.properties").write_text(
            f"name={name}\ndescription={name}\nversion={VERSION}\nopensearch.version={VERSION}\n"
            f"java.version={OLDEST_JAVA}\nclassname={main}\nextended.plugins={extends}\n"
        )
    for name in ("bin", "plugins"):  # the server would make them, but may not write here
        (fresh / name).mkdir()
    try:
        fresh.rename(HOME)
    except OSError:  # another process was faster
        shutil.rmtree(fresh)


class Cluster:
    """Nodes of one cluster, each a process of its own: starts them, kills one, starts it again, stops all."""

    def __init__(self, nodes: int = 1, http: int = 0, transport: int = 0, java_options: str = JAVA_OPTIONS) -> None:
        """`http` and `transport` are the ports of the first node, the next ones follow; 0 takes free ones."""
        self.java_options = java_options
        free = free_ports(2 * nodes)
        self.http = [http + n for n in range(nodes)] if http else free[:nodes]
        self.transport = [transport + n for n in range(nodes)] if transport else free[nodes:]
        self.names = [f"node-{n + 1}" for n in range(nodes)]
        self.folder = HOME / "run" / str(http or f"{os.getpid()}-{self.http[0]}")
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def urls(self) -> tuple[str, ...]:
        """Addresses of the nodes."""
        return tuple(f"http://127.0.0.1:{port}" for port in self.http)

    def start(self, timeout: float = START_TIMEOUT) -> None:
        """Starts all nodes and waits until the cluster is green; raises `RuntimeError` with the end of a log."""
        if reason := missing():
            raise RuntimeError(reason)
        self.stop()  # ends what an earlier run left
        try:
            for n in range(len(self.names)):
                self.start_node(n)
            self.wait(timeout=timeout)
        except BaseException:
            self.stop()
            raise

    def start_node(self, n: int) -> None:
        """Starts one node, with the data that it had when it was killed."""
        folder = self.folder / self.names[n]
        for name in ("config", "data", "logs", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "config/log4j2.properties").write_text(LOGGING)
        as_user: dict[str, Any] = {}
        if os.getuid() == 0:
            as_user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            subprocess.run(["chown", "-R", "nobody:nogroup", folder], check=True)
        with folder.with_suffix(".log").open("ab") as log:
            self.processes[n] = subprocess.Popen(
                self._command(n, folder),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **as_user,
            )
        folder.with_suffix(".pid").write_text(str(self.processes[n].pid))

    def _command(self, n: int, folder: Path) -> list[str]:
        settings: dict[str, object] = {
            "cluster.name": self.folder.name,
            "node.name": self.names[n],
            "network.host": "127.0.0.1",
            "http.port": self.http[n],
            "transport.port": self.transport[n],
            "path.data": folder / "data",
            "path.logs": folder / "logs",
            "cluster.routing.allocation.disk.threshold_enabled": "false",  # a disk nearly full shall fail no test
        }
        if len(self.names) == 1:
            settings["discovery.type"] = "single-node"
        else:
            settings["discovery.seed_hosts"] = ",".join(f"127.0.0.1:{port}" for port in self.transport)
            settings["cluster.initial_cluster_manager_nodes"] = ",".join(self.names)
        return [
            str(java()),
            *self.java_options.split(),
            f"-Djava.io.tmpdir={folder}/tmp",
            "--enable-native-access=ALL-UNNAMED",
            f"-Dopensearch.path.home={HOME}",
            f"-Dopensearch.path.conf={folder}/config",
            "-cp",
            f"{HOME}/lib/*",
            "org.opensearch.bootstrap.OpenSearch",
            *(f"-E{key}={value}" for key, value in settings.items()),
        ]

    def wait(self, status: str = "green", timeout: float = START_TIMEOUT, *, nodes: int | None = None) -> None:
        """Waits until `nodes` (by default all) are one cluster of this status, and every running one answers so."""
        until = time.monotonic() + timeout
        count = nodes or len(self.names)
        question = f"_cluster/health?wait_for_nodes={count}&wait_for_status={status}&timeout=5s"
        for n, process in list(self.processes.items()):
            while True:
                with contextlib.suppress(OSError):  # refused, or 408 or 503 while it is not so
                    with urllib.request.urlopen(f"{self.urls[n]}/{question}", timeout=20) as answer:
                        json.load(answer)
                    break
                if time.monotonic() > until or process.poll() is not None:
                    log = (self.folder / f"{self.names[n]}.log").read_text(errors="replace")
                    raise RuntimeError(f"{self.names[n]} at {self.urls[n]} did not become {status}:\n{log[-4000:]}")
                time.sleep(0.1)

    def end_with(self, pid: int) -> None:
        """Lets the nodes end within seconds of the end of process `pid`, however that ended."""
        for process in self.processes.values():
            subprocess.run(["/bin/sh", "-c", WATCHDOG, "sh", str(pid), str(process.pid), self.folder], check=True)

    def kill(self, n: int) -> None:
        """Ends a node with SIGKILL, as a crash would."""
        end(self.processes[n].pid)
        self.processes.pop(n).wait()

    def stop(self) -> None:
        """Ends all nodes with SIGKILL, since nothing of theirs is kept, and removes their data."""
        stop(self.folder)
        for process in self.processes.values():
            process.wait()
        self.processes.clear()

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def stop(folder: Path) -> None:
    """Ends the nodes of a cluster by its folder, and removes that."""
    for file in folder.glob("*.pid"):
        end(int(file.read_text()))
    shutil.rmtree(folder, ignore_errors=True)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address on which nobody listens now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


def alive(pid: int) -> bool:
    """Whether the process is a server of ours: the number may have gone to another since."""
    try:
        return f"-Dopensearch.path.home={HOME}".encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def end(pid: int) -> None:
    if alive(pid):
        os.kill(pid, signal.SIGKILL)
    while alive(pid):
        time.sleep(0.02)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fetch"]:
            fetch()
        case ["start", *rest]:
            Cluster(int(rest[0]) if rest else 1, *PORTS).start()
        case ["stop"]:
            Cluster(1, *PORTS).stop()
        case ["serve", pid]:
            cluster = Cluster()
            cluster.start()
            cluster.end_with(int(pid))
            print(cluster.urls[0])  # noqa: T201 - for the shell that started it
        case ["java"]:
            sys.exit(0 if java() else 1)
        case ["missing"]:
            sys.exit(missing() or 0)
        case _:
            raise SystemExit(__doc__)
