"""Smoke test of the distribution: builds sdist and wheel, installs the wheel outside the checkout and uses it.

Three environments, none with a tool of development: the locked dependencies with every command and the server; the
newest dependencies as the pip of Python 3.11 and Debian 12 resolves them; and an editable install of the sdist.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
import zipfile
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
OLD_PIP = "23.0.1"  # of Debian 12; that of Python 3.11 resolves alike
UV = str(Path(sys.executable).parent / "uv")

PAGE = """<html lang="en"><head><title>Ferry strike ends</title><meta name="author" content="Edna Marsh">
<meta property="article:published_time" content="2019-03-14T08:00:00Z"></head><body><article><h1>Ferry strike ends</h1>
<p>The crews of the night ferry went back to work on Thursday, after eleven days in which nobody crossed the strait.</p>
<p>Under the settlement the company pays the hours that were lost, and the harbour board extends its timetable.</p>
</article></body></html>"""
SEARCH_BY_APP = """
from backfile.app import create_app
page = create_app().test_client().get("/search?q=strait")
assert page.status_code == 200 and b"<mark>strait</mark>" in page.data, page.data
"""


def main() -> None:
    """Builds and uses the distribution; ends with the first failure."""
    with tempfile.TemporaryDirectory(prefix="backfile-wheel-") as folder:
        target = Path(folder)
        sdist, wheel = build(target / "dist")
        locked = make_environment(target / "locked")
        install_locked(locked, wheel, target)
        use_commands(locked, target)
        use_server(locked, target)
        install_with_old_pip(wheel, target / "old-pip")
        install_editable(sdist, locked, target)
    print("The distribution builds, installs, serves, searches and stops.")


def call(*command: str | Path, folder: Path, **environment: str) -> str:
    """Runs a command in a folder and returns its stdout; raises `CalledProcessError` on failure."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.check_output(list(map(str, command)), cwd=folder, env=variables | environment, text=True)


def build(target: Path) -> tuple[Path, Path]:
    """Builds sdist and wheel with the tools of the lock; the wheels of checkout and sdist are the same."""
    command = [sys.executable, "-m", "build", "--no-isolation"]
    call(*command, "--outdir", target, ROOT, folder=target.parent)  # the sdist, and the wheel from the sdist
    call(*command, "--wheel", "--outdir", target / "direct", ROOT, folder=target.parent)
    (sdist,), (wheel,), (direct,) = target.glob("*.tar.gz"), target.glob("*.whl"), target.glob("direct/*.whl")
    contents = [{each.filename: each.CRC for each in zipfile.ZipFile(path).infolist()} for path in (wheel, direct)]
    assert contents[0] == contents[1], set(contents[0].items()) ^ set(contents[1].items())
    tops = {name.partition("/")[0] for name in contents[0]}
    assert {name for name in tops if not name.endswith(".dist-info")} == {"backfile"}, tops
    with tarfile.open(sdist) as members:
        assert not [each.name for each in members if each.issym() or "/backfile/" in each.name]
    print(f"{wheel.name}: {wheel.stat().st_size:,} bytes; {sdist.name}: {sdist.stat().st_size:,} bytes")
    return sdist, wheel


def make_environment(folder: Path) -> Path:
    """Python of a new environment."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


def install_locked(python: Path, wheel: Path, target: Path) -> None:
    """Installs the wheel with its dependencies as the lock pins them; the development tools fall away."""
    requirements = target / "runtime.lock"
    compile_ = [
        UV,
        "pip",
        "compile",
        "--quiet",
        "--generate-hashes",
        "--no-header",
        "--constraint",
        "requirements.lock",
    ]
    call(*compile_, "--output-file", requirements, "pyproject.toml", folder=ROOT)
    pip = [python, "-m", "pip", "install", "--quiet", "--no-deps"]
    call(*pip, "--require-hashes", "--requirement", requirements, folder=target)
    call(*pip, wheel, folder=target)
    print("locked:", call(python, "-m", "pip", "check", folder=target).strip())


def install_with_old_pip(wheel: Path, folder: Path) -> None:
    """Installs the wheel and the newest dependencies with an old pip, and imports and finds a web page."""
    python = make_environment(folder)
    pip = [python, "-m", "pip", "install", "--quiet"]
    call(*pip, f"pip=={OLD_PIP}", folder=folder)
    call(*pip, wheel, folder=folder)
    print(f"pip {OLD_PIP}:", call(python, "-m", "pip", "check", folder=folder).strip())
    (folder / "page.html").write_text(PAGE, encoding="utf-8")
    call(python, "-m", "backfile", "import", "page.html", folder=folder)
    assert json.loads(call(python, "-m", "backfile", "search", "strait", "--json", folder=folder))["total"] == 1


def install_editable(sdist: Path, python: Path, target: Path) -> None:
    """Unpacks the sdist, links its package as `make setup` does and installs it in editable mode."""
    with tarfile.open(sdist) as members:
        members.extractall(target / "source", filter="data")
    (source,) = (target / "source").iterdir()
    (source / "backfile").symlink_to(".")
    call(UV, "pip", "install", "--quiet", "--python", python, "--no-deps", "--editable", source, folder=target)
    where = call(python, "-c", "import backfile.app; print(backfile.app.__file__)", folder=target).strip()
    assert Path(where).resolve() == source.resolve() / "app.py", where


def use_commands(python: Path, target: Path) -> None:
    """Imports, indexes, checks, searches and shows with the script, the module and `create_app`."""
    folder = target / "commands"
    folder.mkdir()
    (folder / "page.html").write_text(PAGE, encoding="utf-8")
    script = python.parent / "backfile"
    call(script, "import", "page.html", "--no-index", folder=folder)
    call(python, "-m", "backfile", "index", "library", folder=folder)
    checked = json.loads(call(script, "check", "--json", folder=folder))
    assert (checked["articles"], checked["searchable"], checked["problems"]) == (1, 1, []), checked
    (hit,) = json.loads(call(script, "search", "ferry author:marsh", "--json", folder=folder))["hits"]
    assert "settlement" in call(script, "show", hit["id"], folder=folder)
    call(python, "-c", SEARCH_BY_APP, folder=folder)


def use_server(python: Path, target: Path) -> None:
    """Serves the sample library by `backfile serve`, then by granian and the application's factory."""
    folder = target / "server"
    folder.mkdir()
    scripts = python.parent
    visit([str(scripts / "backfile"), "serve", "--port", "0"], folder)
    granian = [str(scripts / "granian"), "--interface", "wsgi", "--factory", "backfile.app:create_app"]
    visit([*granian, "--port", str(free_port())], folder)


def visit(command: list[str], folder: Path) -> None:
    """Starts a server, looks at the first pages of a reader and stops it."""
    server = subprocess.Popen(command, cwd=folder, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True)
    try:
        address = address_of(server)
        wait_for(address)
        page = get(f"{address}search?q=ferry")
        assert "<mark>" in page, page[:2_000]
        assert "Suchen</button>" in get(f"{address}search?q=ferry&lang=de")  # the catalogues are in the wheel
        assert json.loads(get(f"{address}api/search?q=ferry"))["total"] > 0
        for path in re.findall(r'(?:href|src)="/(static/[^"]+)"', page):
            assert len(get(address + path)) > 100, path
        assert json.loads(get(f"{address}health"))["status"] == "ok"
    finally:
        server.terminate()
        stopping = time.monotonic()
        assert server.wait(30) == 0
        print(f"stopped within {time.monotonic() - stopping:.1f} s")


def address_of(server: subprocess.Popen[str]) -> str:
    """Address that the server prints when it is up."""
    assert server.stdout is not None
    for line in server.stdout:
        print(f"  {line.rstrip()}")
        if found := re.search(r"http://[^\s)]+", line):
            return found[0].rstrip("/") + "/"
    raise SystemExit("the server ended before it printed its address")


def wait_for(address: str) -> None:
    """Waits until the server accepts connections: granian prints its address before it listens."""
    for _ in range(300):
        try:
            urlopen(f"{address}health", timeout=30).close()
        except URLError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server did not accept a connection within 30 seconds")


def free_port() -> int:
    """Port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def get(url: str) -> str:
    """Body of a page with status 200."""
    with urlopen(url, timeout=30) as answer:
        assert answer.status == 200
        return str(answer.read().decode())


if __name__ == "__main__":
    main()
