"""Writes the bill of materials of an installation with every extra: dist/backfile.cdx.json, CycloneDX 1.6.

The components are read from an environment that holds the wheel and its locked dependencies, and no tool of
development, so that licences and versions are those of the installed files. The same lock gives the same bytes.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "dist" / "backfile.cdx.json"
BIN = Path(sys.executable).parent


def main() -> None:
    """Installs the locked dependencies elsewhere, describes them and checks that none is missing."""
    TARGET.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="backfile-sbom-") as folder:
        names = install(Path(folder))
        describe = ["environment", folder + "/venv", "--pyproject", "pyproject.toml", "--output-reproducible"]
        subprocess.run([BIN / "cyclonedx-py", *describe, "--output-file", TARGET], cwd=ROOT, check=True)
    listed = {normal(each["name"]) for each in json.loads(TARGET.read_text(encoding="utf-8"))["components"]}
    if missing := names - listed:
        sys.exit(f"The bill of materials lacks {', '.join(sorted(missing))}.")
    print(f"{TARGET.relative_to(ROOT)}: {len(listed)} components")


def install(folder: Path) -> set[str]:
    """Makes `folder`/venv with the runtime dependencies as the lock pins them; returns their names."""
    runtime = folder / "runtime.lock"
    compile_ = ["pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate", "--all-extras"]
    constraint = ["--constraint", "requirements.lock", "--output-file", runtime, "pyproject.toml"]
    subprocess.run([BIN / "uv", *compile_, *constraint], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    venv.create(folder / "venv")
    install_ = ["pip", "install", "--quiet", "--python", folder / "venv" / "bin" / "python", "--require-hashes"]
    subprocess.run([BIN / "uv", *install_, "--requirement", runtime], cwd=ROOT, check=True)
    return {line.partition("==")[0] for line in runtime.read_text(encoding="utf-8").splitlines() if "==" in line}


def normal(name: str) -> str:
    """Name of a package as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
