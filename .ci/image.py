"""Builds the image of deploy/Containerfile without a daemon, and looks at how it runs.

It needs root, buildah and debootstrap.
The base is a minimal Debian made here from the packages of this machine's mirror: no registry of images is asked.
buildah runs commands in a chroot, which every machine allows: so the read-only root file system, the dropped
capabilities and the HEALTHCHECK of a real runtime are not tried, and this is said at the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent
BASE, IMAGE = "localhost/backfile-base", "localhost/backfile"
PORT = 8973
NOT_TRIED = (
    "Not tried, because a chroot has none of it: read-only root, dropped capabilities, HEALTHCHECK by a runtime."
)


def main() -> None:
    """Builds base and image, serves a library from it, stops it; ends with the first failure."""
    for program in ("buildah", "debootstrap"):
        if shutil.which(program) is None:
            sys.exit(f"{program} is not installed; Debian has it in the package {program}")
    with tempfile.TemporaryDirectory(prefix="backfile-image-", dir="/var/tmp") as folder:
        make_base(Path(folder))
        build = ["build", "--format", "docker", "--isolation", "chroot", "--build-arg", f"BASE={BASE}", "--tag", IMAGE]
        buildah(*build, "--file", "deploy/Containerfile", ".")
        use_image(Path(folder))
    print(NOT_TRIED)


def buildah(*command: str) -> str:
    """Runs buildah in the checkout and returns its stdout without white space at its ends."""
    return subprocess.run(["buildah", *command], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def make_base(folder: Path) -> None:
    """Makes the image BASE: Debian with Python, by debootstrap."""
    packages = "--include=python3,python3-venv,ca-certificates"
    format_ = ["--format", "$(REPO_URI)", "Created-By: Packages", "Codename: bookworm"]
    (mirror, *_) = subprocess.check_output(["apt-get", "indextargets", *format_], text=True).split()
    root = str(folder / "root")
    subprocess.run(["debootstrap", "--variant=minbase", packages, "bookworm", root, mirror], check=True)
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, root, "/")
    # pip asks the index that this machine asks, as this machine does.
    for name, value in os.environ.items():
        if name.startswith("PIP_"):
            buildah("config", "--env", f"{name}={value}", container)
    if certificate := os.environ.get("PIP_CERT"):
        buildah("add", "--quiet", container, certificate, certificate)
    buildah("commit", "--quiet", "--rm", container, BASE)


def use_image(folder: Path) -> None:
    """Serves a library that the container may only read, as its user, and stops it within five seconds."""
    library, index = folder / "library", folder / "index"
    library.mkdir()
    (library / "ferry.md").write_text("# Night ferry\n\nIt sails.\n", encoding="utf-8")
    index.mkdir()
    os.chown(index, 10001, 10001)
    container = buildah("from", IMAGE)
    volumes = ["--volume", f"{library}:/library:ro", "--volume", f"{index}:/index"]
    run = ["buildah", "run", "--isolation", "chroot", *volumes, "--env", f"BACKFILE_PORT={PORT}", container, "--"]
    server = subprocess.Popen([*run, "backfile", "serve"], cwd=ROOT)
    try:
        assert "<mark>ferry</mark>" in get(f"http://127.0.0.1:{PORT}/search?q=ferry")
        assert {path.stat().st_uid for path in index.rglob("*")} == {10001}
    finally:
        subprocess.run(
            [
                "pkill",
                "-TERM",
                "-u",
                "10001",
                "-o",
                "-f",
                "^/opt/backfile/bin/python3 /opt/backfile/bin/backfile serve",
            ],
            check=False,
        )
        began = time.monotonic()
        code = server.wait(30)
        print(f"stopped with {code} within {time.monotonic() - began:.1f} s")
        buildah("rm", container)
    assert code == 0


def get(url: str) -> str:
    """Page of a server that is starting."""
    for _ in range(300):
        try:
            with urlopen(url, timeout=30) as answer:
                return str(answer.read().decode())
        except (URLError, ConnectionError):
            time.sleep(0.2)
    raise SystemExit(f"{url} did not answer within a minute")


if __name__ == "__main__":
    main()
