"""Builds the wheel, installs it into a fresh environment outside the checkout, without any tool of development, and
asks the installed `backfile serve` for a search."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Fails with the first thing that is not as promised."""
    with tempfile.TemporaryDirectory(prefix="backfile-wheel-") as folder:
        place = Path(folder)
        wheel = build(place / "dist")
        print(f"{wheel.name}: {wheel.stat().st_size:,} bytes")
        python = install(wheel, place)
        ask(place, python.parent / "backfile")
    print("The installed wheel serves, searches and stops.")


def build(target: Path) -> Path:
    """The wheel, built by the tools of the lock: nothing else is fetched."""
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (wheel,) = target.glob("*.whl")
    return wheel


def install(wheel: Path, place: Path) -> Path:
    """The Python of a new environment with the wheel and its locked dependencies, and nothing else."""
    venv.create(place / "venv", with_pip=True)
    python = place / "venv" / "bin" / "python"
    locked = place / "runtime.lock"
    uv = [str(Path(sys.executable).parent / "uv"), "pip", "compile", "--quiet", "--generate-hashes", "--no-header"]
    # The lock as a constraint: the versions and hashes are its own, the tools of development fall away.
    only = [*uv, "--constraint", "requirements.lock", "--output-file", str(locked), "pyproject.toml"]
    subprocess.run(only, cwd=ROOT, check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--require-hashes", "--requirement", str(locked)], cwd=place, check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], cwd=place, check=True)
    return python


def ask(place: Path, backfile: Path) -> None:
    """Serves the sample library and looks at what a reader would see first."""
    server = subprocess.Popen([str(backfile), "serve", "--port", "0"], cwd=place, stderr=subprocess.PIPE, text=True)
    try:
        address = address_of(server)
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
    found = subprocess.check_output([str(backfile), "search", "ferry", "--json"], cwd=place, text=True)
    assert json.loads(found)["hits"]


def address_of(server: subprocess.Popen[str]) -> str:
    """The address that the server prints when it is up."""
    assert server.stderr is not None
    for line in server.stderr:
        print(f"  {line.rstrip()}")
        if found := re.search(r"http://\S+", line):
            return found[0]
    raise SystemExit("the server ended before it printed its address")


def get(url: str) -> str:
    """The body of a page that must answer 200."""
    with urlopen(url, timeout=30) as answer:
        assert answer.status == 200
        return str(answer.read().decode())


if __name__ == "__main__":
    main()
