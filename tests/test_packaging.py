"""Packaging: files of the wheel, declared dependencies, locks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from paths import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BUILD = ["hatchling", "editables"]
EXTRAS = PROJECT["project"]["optional-dependencies"]
RUNTIME = [*PROJECT["project"]["dependencies"], *(entry for extra in EXTRAS.values() for entry in extra)]
LOCKS = {
    "docs/requirements.lock": PROJECT["dependency-groups"]["site"],
    "requirements.lock": [*RUNTIME, *PROJECT["dependency-groups"]["dev"], *BUILD],
    "bench/requirements.lock": PROJECT["dependency-groups"]["bench"],
    ".ci/requirements.lock": PROJECT["dependency-groups"]["release"],
}
OURS = {path.stem for path in ROOT.glob("*.py")} | {"archive", "cli", "index", "web"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~\[; ]", name)[0]).lower()


def declared() -> set[str]:
    return {normal(entry) for entry in RUNTIME}


def product_code() -> list[Path]:
    return [
        path
        for name in sorted(OURS)
        for path in ([ROOT / f"{name}.py"] if (ROOT / f"{name}.py").exists() else (ROOT / name).rglob("*.py"))
    ]


def imported() -> set[str]:
    found = set()
    for path in product_code():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module).partition(".")[0])
    return found - {"backfile"} - set(sys.stdlib_module_names)


def test_declared_dependencies_are_those_imported() -> None:
    providers = packages_distributions()
    needed = {normal(name) for module in imported() for name in providers[module]}
    not_imported = {"pymdown-extensions", "lxml-html-clean", "tzdata"}  # named in text; by jusText; by zoneinfo
    ours_to_declare = needed - {"werkzeug", "jinja2", "markupsafe"}  # come with Flask, which is built on them
    assert ours_to_declare <= declared()
    assert declared() <= needed | not_imported


def read_lock(path: Path) -> dict[str, tuple[str, list[str]]]:
    """Version and hashes of every package of a lock."""
    found: dict[str, tuple[str, list[str]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9_.-]+)==([^ ;]+)", line):
            name = normal(match[1])
            found.setdefault(name, (match[2], []))
        elif match := re.match(r" +--hash=(sha256:[0-9a-f]{64})", line):
            found[name][1].append(match[1])
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_fits_the_project_and_has_hashes_and_no_address(name: str) -> None:
    locked = read_lock(ROOT / name)
    required = [Requirement(entry) for entry in LOCKS[name]]
    assert {normal(each.name) for each in required} <= locked.keys()
    unfit = [str(each) for each in required if not each.specifier.contains(locked[normal(each.name)][0], True)]
    assert unfit == []
    assert all(hashes for _, hashes in locked.values())
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_the_checkout_has_the_name_of_the_installed_package() -> None:
    assert (ROOT / "backfile").readlink() == Path(".")
    assert PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["sources"] == {"": "backfile"}


def test_the_wheel_holds_the_files_of_the_program_only(tmp_path: Path) -> None:
    pytest.importorskip("tomlkit", reason="the tools of the lock are not all installed; run make setup")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    places = ("archive/", "cli/", "index/", "web/", "templates/", "static/", *(path.name for path in ROOT.glob("*.py")))
    expected = {f"backfile/{name}" for name in tracked if name.startswith(places) and (ROOT / name).exists()}
    assert expected <= names
    extra = {name for name in names - expected if ".dist-info/" not in name}
    untracked = subprocess.check_output(["git", "ls-files", "--others", "--exclude-standard"], cwd=ROOT, text=True)
    assert extra <= {f"backfile/{name}" for name in untracked.splitlines()}
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"backfile"}
    assert {"backfile/web/translations/de.po", "backfile/web/translations/fr.po"} <= names
    assert any(name.startswith("backfile/archive/sample/") and name.endswith(".md") for name in names)


def test_every_module_of_the_top_is_shipped() -> None:
    shipped = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert {path.name for path in ROOT.glob("*.py")} <= set(shipped)
    assert all((ROOT / name).exists() for name in shipped)
