"""Files for those who run Backfile: the unit of systemd and the Containerfile."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from paths import ROOT

from backfile import config

UNIT = ROOT / "deploy" / "backfile.service"
CONTAINERFILE = ROOT / "deploy" / "Containerfile"


@pytest.mark.parametrize("path", [UNIT, CONTAINERFILE])
def test_variables_are_settings(path) -> None:
    named = set(re.findall(r"BACKFILE_[A-Z_]+(?==)", path.read_text(encoding="utf-8")))
    assert named
    assert named <= {config.variable(name) for name in config.table()}


def test_the_unit_may_do_little() -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd on this machine")
    command = ["systemd-analyze", "security", "--offline=true", str(UNIT)]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"Overall exposure level for backfile.service: ([0-9.]+)", told)
    assert found, told
    assert float(found[1]) <= 2.0


def test_the_image_runs_as_nobody_in_particular_and_stops_by_the_signal_that_serve_heeds() -> None:
    lines = CONTAINERFILE.read_text(encoding="utf-8").splitlines()
    assert "USER 10001:10001" in lines
    assert "STOPSIGNAL SIGTERM" in lines
    assert [line for line in lines if line.startswith("HEALTHCHECK")]
    assert lines.index("USER 10001:10001") > max(n for n, line in enumerate(lines) if line.startswith(("RUN", "COPY")))
