"""Runs the fast tests that depend on dependencies with the oldest ones that pyproject.toml allows."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
# Tests of what the versions of dependencies cannot change: the pages in a browser, which are the same; texts compared
# with the output of the locked click; the source itself; the benchmark; and what own code alone decides (the tree of a
# query, the way of an index through crashes and damage). All else, every engine and format included, is run.
LEFT_OUT = (
    "tests/browser",
    "tests/bench",
    "tests/index/query",
    "tests/index/whoosh/test_whoosh_damage.py",
    "tests/index/whoosh/test_whoosh_killed.py",
    "tests/index/whoosh/test_whoosh_power.py",
    "tests/index/whoosh/test_whoosh_states.py",
    "tests/index/whoosh/test_whoosh_writing.py",
    "tests/test_architecture.py",
    "tests/test_docs.py",
    "tests/test_linear_patterns.py",
    "tests/test_packaging.py",
)
# The oldest opensearch-py that is allowed is the locked one but for its last digit: its tests have run.
WITHOUT = ("-k", "not opensearch")


def main() -> None:
    """Installs the oldest dependencies elsewhere, runs the fast tests with them and exits as pytest does."""
    uv = str(Path(sys.executable).parent / "uv")
    with tempfile.TemporaryDirectory(prefix="backfile-minimum-") as folder:
        target = Path(folder)
        oldest = target / "oldest.txt"
        compile_ = [uv, "pip", "compile", "--quiet", "--resolution", "lowest-direct", "--no-header", "--all-extras"]
        subprocess.run([*compile_, "--output-file", str(oldest), "pyproject.toml"], cwd=ROOT, check=True)
        print(oldest.read_text())
        venv.create(target / "venv")
        python = str(target / "venv" / "bin" / "python")
        install = [uv, "pip", "install", "--quiet", "--python", python]
        subprocess.run([*install, "--requirement", str(oldest), *tools()], check=True)
        ignored = [f"--ignore={path}" for path in LEFT_OUT]
        command = [python, "-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", *ignored, *WITHOUT]
        sys.exit(subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False).returncode)


def tools() -> list[str]:
    """Requirements of the tests themselves, in the versions of the lock."""
    needed = (
        "pytest",
        "pytest-xdist",
        "pytest-timeout",
        "hypothesis",
        "playwright",
        "schemathesis",
        "python-docx",
        "fpdf2",
    )
    locked = dict(
        line.split()[0].split("==") for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line
    )
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]["dev"]
    assert all(any(entry.startswith(name) for entry in groups) for name in needed)
    return [f"{name}=={locked[name]}" for name in needed]


if __name__ == "__main__":
    main()
