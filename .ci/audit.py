"""Looks for known vulnerabilities of the locked dependencies; fails also if one of them could not be looked up.

Exit codes: 0 all looked up, none vulnerable; 1 a vulnerable or an unknown dependency, or the service failed;
3 the package index of this machine keeps no advisories at all, so that nothing could be audited.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "bench/requirements.lock", ".ci/requirements.lock")
PROBE = "idna"  # a dependency that every advisory service knows
NO_SERVICE = 3


@dataclass(frozen=True, slots=True)
class Audit:
    """Outcome for one list of requirements: advisories and unaudited names, a line each."""

    audited: int
    vulnerable: list[str]
    unaudited: list[str]


class AuditFailed(Exception):
    """The audit gave no answer."""


def main() -> int:
    """Audits each lock, prints what was found, and returns the exit code."""
    if audit(locked(ROOT / LOCKS[0], PROBE)).unaudited:
        print("NOT AUDITED: the package index of this machine keeps no advisories. Run `make audit` where it does.")
        return NO_SERVICE
    code = 0
    for lock in LOCKS:
        found = audit((ROOT / lock).read_text(encoding="utf-8"))
        print(f"{lock}: {found.audited} audited, {len(found.vulnerable)} vulnerable, {len(found.unaudited)} unaudited")
        for line in (*found.vulnerable, *found.unaudited):
            print(f"  {line}")
        code |= bool(found.vulnerable or found.unaudited)
    return code


def audit(requirements: str) -> Audit:
    """Asks the advisory service of PyPA about pinned requirements; raises `AuditFailed` without an answer."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(requirements)
        file.flush()
        options = ["--requirement", file.name, "--disable-pip", "--require-hashes", "--format", "json"]
        run = subprocess.run(
            [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", *options],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    try:
        return read_report(json.loads(run.stdout))
    except (ValueError, KeyError) as error:
        raise AuditFailed(run.stderr.strip() or f"pip-audit ended with {run.returncode} and no report") from error


def read_report(report: dict[str, list[dict[str, object]]]) -> Audit:
    """Reads the JSON report of pip-audit: `dependencies`, each with `vulns` or with a `skip_reason`."""
    done, vulnerable, unaudited = 0, [], []
    for each in report["dependencies"]:
        if "skip_reason" in each:
            unaudited.append(f"{each['name']}: {each['skip_reason']}")
            continue
        done += 1
        vulns = each["vulns"]
        assert isinstance(vulns, list)
        for vuln in vulns:
            fixed = ", ".join(vuln["fix_versions"]) or "no release"
            vulnerable.append(f"{each['name']} {each['version']}: {vuln['id']}, fixed in {fixed}")
    if not done and not unaudited:
        raise KeyError("dependencies")
    return Audit(done, vulnerable, unaudited)


def locked(path: Path, name: str) -> str:
    """Lines of one package in a lock, its hashes included."""
    match = re.search(rf"^{re.escape(name)}==.*\n(?:    --hash=.*\n?)+", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert match, f"{path.name} has no {name}"
    return match[0]


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (AuditFailed, subprocess.TimeoutExpired) as failure:
        sys.exit(f"The audit failed: {failure}")
