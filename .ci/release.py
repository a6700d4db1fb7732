"""Files of a release in dist/: sdist, wheel, locked requirements, single-file program (PEX), checksums.

The same commit gives the same wheel and sdist: both are built twice and compared. `backfile.pex` is one file that any
Python of the same version and kind of machine runs; it unpacks itself below `~/.cache/pex` at its first run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "dist"
BIN = Path(sys.executable).parent
EXTRAS = ("import", "metrics", "opensearch")


def main() -> None:
    """Builds everything; ends with the first failure."""
    TARGET.mkdir(exist_ok=True)
    for old in (*TARGET.glob("backfile-*"), *TARGET.glob("*.pex"), TARGET / "runtime.lock", TARGET / "SHA256SUMS"):
        old.unlink(missing_ok=True)
    sdist, wheel = build_twice()
    runtime = TARGET / "runtime.lock"
    lock_runtime(runtime)
    program = build_program(wheel, runtime)
    use_program(program)
    sums = write_sums([sdist, wheel, runtime, program, *TARGET.glob("backfile.cdx.json")])
    print(sums.read_text(encoding="utf-8"), end="")


def build_twice() -> tuple[Path, Path]:
    """Builds sdist and wheel into dist/, and again elsewhere; fails if the bytes differ."""
    when = subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT, text=True).strip()
    with tempfile.TemporaryDirectory(prefix="backfile-release-") as folder:
        for target in (TARGET, Path(folder)):
            command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(target), str(ROOT)]
            environment = os.environ | {"SOURCE_DATE_EPOCH": when}
            subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        for path in Path(folder).iterdir():
            if path.read_bytes() != (TARGET / path.name).read_bytes():
                sys.exit(f"{path.name} is not the same when it is built again.")
    (sdist,), (wheel,) = TARGET.glob("backfile-*.tar.gz"), TARGET.glob("backfile-*.whl")
    return sdist, wheel


def lock_runtime(path: Path) -> None:
    """Writes the dependencies of an installation with the extras, as requirements.lock pins them, with hashes."""
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    compile_ = [
        "pip",
        "compile",
        "--quiet",
        "--universal",
        "--generate-hashes",
        "--no-header",
        "--no-annotate",
        *extras,
    ]
    addresses = ["--no-emit-index-url", "--no-emit-find-links", "--python-version", "3.11"]
    command = [BIN / "uv", *compile_, *addresses, "--constraint", "requirements.lock", "--output-file", path]
    subprocess.run([*command, "pyproject.toml"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def build_program(wheel: Path, runtime: Path) -> Path:
    """Builds the single-file program of the wheel and its locked dependencies."""
    program = TARGET / "backfile.pex"
    with tempfile.TemporaryDirectory(prefix="backfile-pex-") as folder:
        zipfile.ZipFile(wheel).extractall(folder)
        options = ["--requirement", str(runtime), "--sources-directory", folder]
        python = [
            "--entry-point",
            "backfile.cli.main:main",
            "--python-shebang",
            f"/usr/bin/env python3.{sys.version_info.minor}",
            "--python",
            sys.executable,
        ]
        subprocess.run([BIN / "pex", *options, *python, "--output-file", str(program)], cwd=folder, check=True)
    return program


def use_program(program: Path) -> None:
    """Searches a small library with the program, away from the checkout and its environment."""
    with tempfile.TemporaryDirectory(prefix="backfile-use-") as folder:
        shutil.copy(program, folder)
        (Path(folder) / "library").mkdir()
        (Path(folder) / "library" / "ferry.md").write_text("# Night ferry\n\nIt sails.\n", encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [sys.executable, "backfile.pex", "search", "ferry", "--json"]
        found = subprocess.check_output(command, cwd=folder, env=environment | {"HOME": folder}, text=True)
        assert json.loads(found)["total"] == 1, found


def write_sums(paths: list[Path]) -> Path:
    """Writes dist/SHA256SUMS, which `sha256sum --check` reads."""
    sums = TARGET / "SHA256SUMS"
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(paths)]
    sums.write_text("".join(lines), encoding="utf-8")
    return sums


if __name__ == "__main__":
    main()
