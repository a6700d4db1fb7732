"""Documentation against the program: generated pages, links, commands, settings, JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
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
    """Ids of headings in Markdown viewers: lower case, hyphens for spaces, no punctuation."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


PRODUCT = ("archive", "index", "web", "cli", "app", "config")
FOLDERS = (*PRODUCT[:4], "tests", "bench", "docs", "static", "templates", ".ci")
OF_OTHERS = {"DC", "whoosh"}  # Dublin Core and the library, of whose names ours have the same


@cache
def modules() -> dict[str, list[str]]:
    """Product modules by the last part of their names."""
    paths = [path for name in PRODUCT for path in ([*(ROOT / name).rglob("*.py")] or [ROOT / f"{name}.py"])]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        found.setdefault(name.rpartition(".")[2], []).append(name)
    return found


@cache
def classes() -> dict[str, type]:
    """Public classes of the product by name."""
    loaded = [import_module(f"backfile.{name}") for names in modules().values() for name in names]
    return {name: each for module in loaded for name, each in vars(module).items() if isinstance(each, type)}


def exists(name: str) -> bool:
    """Whether the name in a code span exists, if it names a file, a module or an attribute of the product."""
    first, _, rest = name.partition(".")
    if re.fullmatch(rf"({'|'.join(map(re.escape, FOLDERS))})/[\w./-]*", name):
        return (ROOT / name).exists()
    if re.fullmatch(r"\w+\.py", name):
        return any(ROOT.glob(name)) or any(path for top in FOLDERS for path in (ROOT / top).rglob(name))
    if first in OF_OTHERS or name.endswith((".toml", ".html", ".md", ".json", ".po")):
        return True
    if re.fullmatch(r"[A-Z][A-Za-z]+\.[a-z_]\w*", name):
        known = classes().get(first)
        return known is not None and (hasattr(known, rest) or rest in annotations(known))
    parts = re.split("[.:]", name.removeprefix("backfile."))
    named = re.fullmatch(r"[a-z_]+(\.\w+)+(:\w+)?", name) and (first == "backfile" or first in modules())
    return not named or any(resolves(module, parts[1:]) for module in modules().get(parts[0], ()))


def annotations(known: type) -> set[str]:
    return {name for base in known.__mro__ for name in getattr(base, "__annotations__", ())}


def resolves(module: str, rest: list[str]) -> bool:
    """Whether a module has a submodule or an attribute of that dotted name."""
    value: Any = import_module(f"backfile.{module}")
    for part in rest:
        if not hasattr(value, part) and hasattr(value, "__path__") and find_spec(f"{value.__name__}.{part}"):
            import_module(f"{value.__name__}.{part}")
        if not hasattr(value, part):
            return False
        value = getattr(value, part)
    return True


@pytest.mark.parametrize("name", NAMES)
def test_files_modules_and_classes_named_in_a_page_exist(name: str) -> None:
    text = re.sub(r"^(```|~~~).*?^\1", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    spans = {re.sub(r"\(.*\)$", "", span) for span in re.findall(r"`([^`\n]+)`", text)}
    assert sorted(span for span in spans if not exists(span)) == []


def test_a_name_that_is_gone_is_noticed() -> None:
    there = ["index/query/", "config.py", "index.query.parse", "query.parse", "Engine.write", "backfile.app:create_app"]
    gone = [
        "index/queries/",
        "configuration.py",
        "index.query.prase",
        "Engine.wirte",
        "backfile.app:make",
        "web.search",
    ]
    assert [name for name in [*there, "str.split"] if not exists(name)] == []
    assert [name for name in gone if exists(name)] == []


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
    theirs |= {"--file", "--tag", "--read-only", "--tmpfs", "--cap-drop", "--security-opt", "--publish", "--volume"}
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


def test_tests_named_in_the_documentation_exist() -> None:
    named = {
        tuple(found)
        for page in PAGES
        for found in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text(encoding="utf-8"))
    }
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not (ROOT / path).exists() or f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert missing == []
    assert len(named) > 20


@pytest.mark.parametrize("name", [".ci/run", ".ci/minimum.py", "Makefile"])
def test_tests_named_by_a_script_exist(name: str) -> None:
    named = re.findall(r"tests/[\w/]+(?:\.py)?", (ROOT / name).read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


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
    """Examples of docs/api.md have the shape of the commands' output."""
    front = {
        "title": "Night ferry", "authors": ["Edna Marsh"], "topics": ["transport", "ferry"], "date": "2019-03-14",
        "summary": "It sails again.", "source": {"name": "Gazette", "url": "https://example.org/"}, "language": "en",
    }  # fmt: skip
    (tmp_path / "2019").mkdir()
    (tmp_path / "2019" / "night-ferry.md").write_text(
        f"---\n{json.dumps(front)}\n---\nThe ferry sails ![](again.png).\n"
    )
    (tmp_path / "broken.md").write_text("---\ntitle: [unclosed\n---\nWords.\n")
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    documented = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    commands = [
        ["search", "ferry"],
        ["quote", "the ferry sails on"],
        ["lines", "ferry", "--limit", "1"],
        ["trends", "ferry", "--by", "year", "--measure", "share"],
        ["show", "2019/night-ferry"],
        ["check"],
        ["index"],
    ]
    main.run(["index", str(tmp_path)])
    for example, command in zip(documented, commands, strict=True):
        capsys.readouterr()
        main.run([*command, "--library", str(tmp_path), "--json"])
        printed = json.loads(capsys.readouterr().out)
        if command == ["index"]:
            printed["problems"] = []
        assert shape(printed) == shape(example), command
