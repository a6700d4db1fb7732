"""The documentation against the program: pages made from the code, links, commands, settings, shapes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest
from paths import ROOT

from backfile import config
from backfile.cli import main

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "bench").glob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def test_pages_made_from_the_code_are_up_to_date() -> None:
    # In a process of its own, as `make docs` runs it: what other tests loaded must not change a page.
    command = [sys.executable, ROOT / "docs" / "generate.py", "--check"]
    check = subprocess.run(command, capture_output=True, text=True, check=False)
    assert check.returncode == 0, check.stderr or check.stdout


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name: str) -> None:
    page = ROOT / name
    text = re.sub(
        r"^(```|~~~).*?^\1|^(?: {4}|\t).*?$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    text = re.sub(r"`[^`\n]*`", "", text)
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, anchor = unquote(target).partition("#")
        linked = (page.parent / path) if path else page
        if not linked.exists() or (anchor and anchor not in anchors(linked)):
            wrong.append(target)
    assert not wrong


def anchors(page: Path) -> set[str]:
    """The ids that a viewer of Markdown gives to headings: lower case, hyphens for spaces, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        links = re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8"))
        waiting += [(page.parent / link).resolve() for link in links if "://" not in link]
    assert [str(page.relative_to(ROOT)) for page in PAGES if "docs" in page.parts and page not in reached] == []


def test_every_command_shown_in_the_documentation_can_be_typed() -> None:
    commands = {
        match[1]
        for page in PAGES
        for match in re.finditer(
            r"(?:^ {4}|`)(?:/\S*/)?backfile ([a-z]+)\b", page.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert commands >= {"serve", "search", "index", "check", "show"}
    assert commands <= main.backfile.by_name().keys()


def test_every_flag_and_variable_in_the_documentation_exists() -> None:
    flags = {option for command in main.backfile.by_name().values() for each in command.params for option in each.opts}
    text = "".join(
        (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("operating.md", "install.md", "settings.md")
    )
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    theirs = {"--require-hashes", "--no-deps", "--no-build-isolation"}  # pip's
    assert used - theirs <= flags
    variables = {config.variable(name) for name in config.table()} | {"BACKFILE_CONFIG"}
    assert set(re.findall(r"BACKFILE_[A-Z_]+[A-Z]", text)) <= variables


def test_every_make_target_in_the_documentation_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = {
        match
        for page in PAGES
        for match in re.findall(r"(?:`|^ {4})make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert {"serve", "test"} <= used <= targets


def test_the_version_has_its_changes() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in changes or "## [0." in changes


def test_every_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    reasons = (ROOT / "docs" / "decisions" / "dependencies.md").read_text(encoding="utf-8").lower()
    names = [re.split(r"[<>=\[; ]", entry)[0].lower() for entry in project["project"]["dependencies"]]
    assert [name for name in names if name not in reasons] == []


def shape(value: object) -> object:
    """A JSON value without its particulars: keys stay, lists by their first element, the rest by whether it is null."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return "number" if isinstance(value, int | float) else "null" if value is None else "text"


def test_json_is_as_documented(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The examples of docs/api.md have the very shape of what the commands print."""
    front = {
        "title": "Night ferry", "authors": ["Edna Marsh"], "topics": ["transport"], "date": "2019-03-14",
        "summary": "It sails again.", "source": {"name": "Gazette", "url": "https://example.org/"}, "language": "en",
    }  # fmt: skip
    (tmp_path / "2019").mkdir()
    (tmp_path / "2019" / "night-ferry.md").write_text(f"---\n{json.dumps(front)}\n---\nThe ferry sails again.\n")
    (tmp_path / "broken.md").write_text("---\ntitle: [unclosed\n---\nWords.\n")
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    documented = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    commands = [["search", "ferry"], ["show", "2019/night-ferry"], ["check"], ["index"]]
    main.run(["index", str(tmp_path)])
    for example, command in zip(documented, commands, strict=True):
        capsys.readouterr()
        main.run([*command, "--library", str(tmp_path), "--json"])
        printed = json.loads(capsys.readouterr().out)
        if command == ["index"]:
            printed["problems"] = []
        assert shape(printed) == shape(example), command
