"""Audit of the dependencies: its reading of reports, and its exit codes where something could not be looked up."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any

import pytest
from paths import ROOT


@pytest.fixture(name="audit")
def load_audit(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("backfile_audit", ROOT / ".ci" / "audit.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


SOUND: dict[str, Any] = {"name": "click", "version": "8.5.1", "vulns": []}
VULNERABLE: dict[str, Any] = {
    "name": "idna",
    "version": "3.6",
    "vulns": [{"id": "EX-1", "fix_versions": ["3.7"]}, {"id": "EX-2", "fix_versions": []}],
}
SKIPPED: dict[str, Any] = {"name": "whoosh3", "skip_reason": "not found"}


def test_a_report_is_read(audit: ModuleType) -> None:
    found = audit.read_report({"dependencies": [SOUND, VULNERABLE, SKIPPED]})
    assert (found.audited, found.unaudited) == (2, ["whoosh3: not found"])
    assert found.vulnerable == ["idna 3.6: EX-1, fixed in 3.7", "idna 3.6: EX-2, fixed in no release"]


def test_an_empty_report_is_no_answer(audit: ModuleType) -> None:
    with pytest.raises(KeyError):
        audit.read_report({"dependencies": []})


@pytest.mark.parametrize(
    ("reports", "code"),
    [
        ([[SOUND]] * 4, 0),
        ([[SKIPPED]], 3),  # the probe: no service
        ([[SOUND], [SOUND, VULNERABLE], [SOUND], [SOUND]], 1),
        ([[SOUND], [SOUND], [SOUND, SKIPPED], [SOUND]], 1),
    ],
)
def test_a_dependency_that_was_not_looked_up_fails_the_audit(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, reports: list[list[dict[str, Any]]], code: int
) -> None:
    answers = iter(reports)
    monkeypatch.setattr(audit, "audit", lambda _: audit.read_report({"dependencies": next(answers)}))
    assert audit.main() == code


def test_a_run_without_a_report_is_a_failure(audit: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit.sys, "executable", "/bin/false")
    with pytest.raises(audit.AuditFailed, match="ended with 1"):
        audit.audit("click==8.5.1\n")
