"""Architecture rules 1-14 of docs/ARCHITECTURE.md, one or more checks each.

Rules that other tests check are listed in CHECKED_ELSEWHERE.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest
from paths import ROOT

from backfile.archive.errors import BackfileError
from backfile.archive.report import Report
from backfile.cli import main
from backfile.index import engines
from backfile.index.engine import Engine
from backfile.index.sync.synchronization import synchronise, update_index

TOP = tuple(sorted(path.name for path in ROOT.glob("*.py")))
PACKAGES = ("archive", "cli", "index", "web")
LAYERS = {
    "archive": 0,
    "index": 1,
    "config": 2,
    "web": 3,
    "app": 4,
    "cli": 5,
    "__main__": 6,
}
FRAMEWORKS = {"flask", "werkzeug", "jinja2", "click", "granian"}

CHECKED_ELSEWHERE = {
    "5 one bad file never stops the rest": (
        "index/sync/test_synchronization.py",
        "test_one_bad_file_stops_nothing_and_is_listed",
    ),
    "7 the index is disposable": (
        "index/sync/test_synchronization.py",
        "test_the_same_answers_after_the_index_was_deleted",
    ),
    "7 one writer": ("index/sync/test_synchronization.py", "test_a_second_writer_waits_and_logs_it"),
    "9 typed": ("../Makefile", "mypy"),
    "11 a real browser for pages": ("browser", "def test_"),
    "11 properties": ("index/sync/test_synchronization.py", "@given"),
}


def modules() -> list[Path]:
    return [ROOT / name for name in TOP] + [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("backfile", *parts)).removesuffix(".__init__")


def layer_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name.removeprefix("backfile."), node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            module = str(node.module)
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
            yield from ((name.removeprefix("backfile."), node.lineno) for name in names)


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
    """Every function with its full name and whether it is public all the way."""

    def walk(node: ast.AST, prefix: str, public: bool, local: bool) -> Iterator[tuple[str, ast.FunctionDef, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                open_to_all = public and not child.name.startswith("_") and not local
                yield f"{prefix}{child.name}", child, open_to_all  # type: ignore[misc]
                yield from walk(child, f"{prefix}{child.name}.", public, local=True)
            elif isinstance(child, ast.ClassDef):
                yield from walk(child, f"{prefix}{child.name}.", public and not child.name.startswith("_"), local)
            else:
                yield from walk(child, prefix, public, local)

    yield from walk(tree(path), "", public=True, local=False)


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return int(function.end_lineno or 0) - function.lineno + 1


def where(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


# Folders of a package, lowest first; those in one tuple do not import each other.
INDEX_LAYERS = (
    ("analysis", "errors", "status"), ("query", "deadline", "periods"), ("engine",), ("fields", "trend_series"),
    ("copies",), ("ranking", "highlight", "serialising", "processes"), ("hits", "caching"), ("concordance", "engines"),
    ("sync", "quotations"),
    ("explanation",),
)  # fmt: skip
WHOOSH_LAYERS = (("storage",), ("codec", "search"), ("indexing",), ("whoosh_engine",))
OPENSEARCH_LAYERS = (
    ("connection", "position_tokens"), ("lease", "index_mapping"), ("cluster_index", "document_source"),
    ("bulk_writer", "search"), ("opensearch_engine",),
)  # fmt: skip


def room_below(package: str, name: str) -> str:
    """First part of a dotted name below a package; "" outside of it."""
    return name.removeprefix(f"{package}.").partition(".")[0] if name.startswith(f"{package}.") else ""


@pytest.mark.parametrize(
    ("package", "layers"),
    [
        ("index", INDEX_LAYERS),
        ("index.engines.whoosh", WHOOSH_LAYERS),
        ("index.engines.opensearch", OPENSEARCH_LAYERS),
    ],
    ids=["index", "whoosh", "opensearch"],
)
def test_1_imports_inside_a_package_point_one_way(package: str, layers: tuple[tuple[str, ...], ...]) -> None:
    rank = {name: number for number, names in enumerate(layers) for name in names}
    wrong = []
    for path in modules():
        own = room_below(package, module_name(path).removeprefix("backfile."))
        for name, line in imports(path) if own else ():
            other = room_below(package, name)
            if other and other != own and rank[other] >= rank[own]:
                wrong.append(f"{where(path, line)} imports {name}")
    assert not wrong


def test_1_strings_that_name_modules_follow_the_layers() -> None:
    names = {module_name(path) for path in modules()}
    wrong = []
    for path in modules():
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if not re.fullmatch(r"backfile(\.\w+){2,}|backfile(\.\w+)+:\w+", node.value):
                continue
            module = node.value.partition(":")[0]
            known = module in names or module.rpartition(".")[0] in names or any(n.startswith(module) for n in names)
            top = module.split(".")[1]
            if not known or (LAYERS.get(top, 0) > LAYERS[layer_of(path)] and top != "app"):
                wrong.append(f"{where(path, node.lineno)} names {node.value}")
    assert not wrong


def test_1_only_the_codec_imports_whoosh() -> None:
    codec = ROOT / "index" / "engines" / "whoosh" / "codec"
    wrong = [
        f"{where(path, line)} imports {name}"
        for path in modules()
        for name, line in imports(path)
        if name.partition(".")[0] == "whoosh" and not path.is_relative_to(codec)
    ]
    assert not wrong


def test_1_imports_point_one_way() -> None:
    wrong = [
        f"{where(path, line)} imports {name}"
        for path in modules()
        for name, line in imports(path)
        if LAYERS.get(name.partition(".")[0], -1) > LAYERS[layer_of(path)]
        or (layer_of(path) in ("archive", "index") and name.partition(".")[0] in FRAMEWORKS)
    ]
    assert not wrong


def test_1_index_uses_public_names_of_archive_only() -> None:
    wrong = [
        f"{where(path, line)} imports {name}"
        for path in modules()
        for name, line in imports(path)
        if name.partition(".")[0] in LAYERS
        and name.partition(".")[0] != layer_of(path)
        and any(part.startswith("_") and not part.startswith("__") for part in name.split("."))
    ]
    assert not wrong


def test_2_the_engine_protocol_is_small_and_documented() -> None:
    methods = {name: method for name, method in vars(Engine).items() if callable(method) and not name.startswith("_")}
    assert len(methods) <= 10
    assert all(len((method.__doc__ or "").split()) >= 5 for method in methods.values())


def test_2_the_contract_suite_runs_on_every_engine() -> None:
    suite = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "contract").glob("*.py"))
    assert "names()" in suite or all(f'"{name}"' in suite for name in engines.names())


# OpenSearch is also the name of a format in which browsers ask for completions.
OTHER_MEANINGS = {("web/screens/api.py", "opensearch")}


def test_2_engines_are_named_in_the_registry_and_their_own_modules_only() -> None:
    wrong = [
        where(path, node.lineno)
        for path in modules()
        if not path.is_relative_to(ROOT / "index" / "engines")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and node.value in engines.names()
        if (path.relative_to(ROOT).as_posix(), node.value) not in OTHER_MEANINGS
    ] + [
        f"{where(path, line)} imports {name}"
        for path in modules()
        if not path.is_relative_to(ROOT / "index" / "engines")
        for name, line in imports(path)
        if name.startswith("index.engines.") and name.split(".")[2] in engines.names()
    ]
    assert not wrong


def test_3_markup_is_trusted_in_one_place() -> None:
    pages = [*(ROOT / "templates").rglob("*"), *modules()]
    texts = {path: path.read_text(encoding="utf-8") for path in pages if path.is_file()}
    found = [
        where(path, text.count("\n", 0, match.start()) + 1)
        for path, text in texts.items()
        for match in re.finditer(r"\|\s*safe\b|\bMarkup\(|autoescape\s+false", text)
    ]
    assert len(found) == 1, found


def all_errors() -> set[type[BackfileError]]:
    for path in modules():
        import_module(module_name(path))
    found: set[type[BackfileError]] = {BackfileError}
    while more := {sub for error in found for sub in error.__subclasses__()} - found:
        found |= more
    return {error for error in found if error.__module__.partition(".")[0] == "backfile"}


def test_4_every_error_is_mapped_for_the_web_and_for_the_command_line() -> None:
    from backfile.web.service.errors import ERROR_RESPONSES

    imported = {
        error for error in all_errors() if error.__module__.startswith("backfile.archive.importers.")
    }  # into a report
    of_settings = {error for error in all_errors() if error.__module__ == "backfile.config"}
    at_start = of_settings | {error for error in all_errors() if error.__module__.startswith("backfile.web.server.")}
    assert {error.__name__ for error in all_errors() - imported - at_start - ERROR_RESPONSES.keys()} == set()
    of_serving = {"AddressUnavailable", "MetricsUnavailable"}
    assert {error.__name__ for error in all_errors() - imported - main.EXIT_CODES.keys()} <= of_serving


def test_4_nothing_is_swallowed() -> None:
    def is_blanket(handler: ast.ExceptHandler) -> bool:
        caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        return any(each is None or getattr(each, "id", "") in {"Exception", "BaseException"} for each in caught)

    def raises(handler: ast.ExceptHandler) -> bool:
        return any(isinstance(node, ast.Raise) for node in ast.walk(handler))

    wrong = [
        where(path, node.lineno)
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ExceptHandler) and is_blanket(node) and not raises(node)
    ]
    assert not wrong


def test_5_bulk_work_returns_a_report() -> None:
    assert get_type_hints(update_index)["return"] is Report
    assert get_type_hints(synchronise)["return"] is Report


def test_6_files_of_the_library_are_written_in_one_place() -> None:
    wrong = []
    for path in (path for path in modules() if layer_of(path) == "archive" and path.name != "durable_files.py"):
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            modes = [argument.value for argument in node.args[1:2] if isinstance(argument, ast.Constant)]
            opened = name == "open" and any(set(str(mode)) & set("wax+") for mode in modes)
            written = isinstance(node.func, ast.Attribute) and name in {"write_text", "write_bytes"}
            if opened or (written and getattr(node.func.value, "id", "") != "durable_files"):  # type: ignore[attr-defined]
                wrong.append(where(path, node.lineno))
    assert not wrong


def test_8_sizes() -> None:
    lengths = [(length(function), path, name) for path in modules() for name, function, _ in functions(path)]
    too_long = [f"{path.relative_to(ROOT)}: {name} has {lines} lines" for lines, path, name in lengths if lines > 60]
    assert not too_long
    assert sorted(lines for lines, _, _ in lengths)[int(len(lengths) * 0.9)] <= 30
    large = {
        str(path.relative_to(ROOT)): lines
        for path in modules()
        if (lines := path.read_text(encoding="utf-8").count("\n")) > 400
    }
    assert not large


def test_8_views_are_thin() -> None:
    def is_view(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        return any(
            isinstance(decorator, ast.Call)
            and isinstance(decorator.func, ast.Attribute)
            and decorator.func.attr in {"get", "post", "route"}
            for decorator in function.decorator_list
        )

    views = [(path, each) for path in modules() if layer_of(path) == "web" for _, each, _ in functions(path)]
    views = [(path, function) for path, function in views if is_view(function)]
    assert len(views) > 10
    assert not [where(path, view.lineno) for path, view in views if length(view) > 25]


def test_8_no_folder_has_more_than_fifteen_modules() -> None:
    folders = Counter(path.parent for path in modules() if path.name != "__init__.py" and path.parent != ROOT)
    assert {str(folder.relative_to(ROOT)): count for folder, count in folders.items() if count > 15} == {}


# Formats, screens and values are modules of their own whatever their size.
SMALL_BY_NATURE = ("archive/importers/formats/", "web/screens/", "web/views/", "archive/report.py", "archive/errors.py")
# Parts of the field that a reader looks for by name: a policy, a ranking feature, the loader of a folder of data.
NAMED_PARTS = (
    "index/engines/whoosh/indexing/merge_policy.py",
    "index/ranking/spelling.py",
    "archive/storage/sample_library.py",
)


def test_8_small_modules_have_several_importers() -> None:
    importers: dict[str, set[str]] = {}
    for path in modules():
        for name, _ in imports(path):
            importers.setdefault(name, set()).add(module_name(path))
    wrong = []
    for path in modules():
        place, name = str(path.relative_to(ROOT)), module_name(path).removeprefix("backfile.")
        size = path.read_text(encoding="utf-8").count("\n")
        if path.name.startswith("__") or size >= 60 or place.startswith((*SMALL_BY_NATURE, *NAMED_PARTS)):
            continue
        if len(importers.get(name, ())) == 1:
            wrong.append(f"{place} has {size} lines and one importer: {importers[name]}")
    assert not wrong


def test_8_modules_are_named_once() -> None:
    names = Counter(path.stem for path in modules() if path.stem not in ("__init__", "__main__", "errors"))
    assert {name for name, count in names.items() if count > 1} == set()


def test_8_public_classes_are_named_once() -> None:
    names = Counter(
        node.name
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, count in names.items() if count > 1} == set()


def test_8_no_module_is_named_for_leftovers() -> None:
    names = {"utils", "util", "helpers", "helper", "misc", "common", "base"}
    assert not [path.relative_to(ROOT) for path in modules() if path.stem in names]


# Words of an earlier private language; docs/ARCHITECTURE.md gives the terms of the field.
COINAGES = re.compile(
    r"\b(?:(?<!format )skeletons?|dressing|familiar|crosslinks?|sitelinks?|telling|intake|ledgers?|leaf|branches"
    r"|(?<!lighthouse )(?<!lightship )(?<!last )(?<!</b> )keepers?|sought|whoever"
    r"|function_words?|function words?|kin|twins?|skim|draft_segments?|selection\.|tiers)\b",
    re.IGNORECASE,
)


def documents_and_code() -> Iterator[Path]:
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    for name in listed:
        path = ROOT / name
        if (
            path.suffix in (".py", ".md")
            and "data" not in path.parts
            and not name.startswith(("archive/sample/", "CHANGELOG"))
        ):
            yield path


def test_8_no_word_of_the_earlier_private_language() -> None:
    found = [
        f"{where(path, number)} says {match[0]}"
        for path in documents_and_code()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for match in COINAGES.finditer(line.replace("_", " ") if path.suffix == ".py" else line)
    ]
    assert not found


def documented() -> Iterator[tuple[Path, ast.AST, str]]:
    """Every docstring of the product with its place."""
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                yield path, node, text


def test_9_docstrings_begin_with_a_noun_or_a_verb() -> None:
    wrong = [
        f"{where(path, getattr(node, 'lineno', 1))}: {text[:50]}"
        for path, node, text in documented()
        if re.match(r"(What|Which|Of|Where|Those|Some|When|How|That|Whose|Whoever)\b", text)
    ]
    assert not wrong


def test_9_public_functions_and_classes_say_more_than_their_names() -> None:
    wrong = []
    for path in modules():
        if not ast.get_docstring(tree(path)) and path.name != "__init__.py":
            wrong.append(f"{path.relative_to(ROOT)} itself")
        for name, function, public in functions(path):
            stated = len(function.body) == 1 and isinstance(function.body[0], ast.Expr)  # a protocol's `...`
            overriding = any(getattr(each, "id", "") == "override" for each in function.decorator_list)
            if public and not stated and not overriding and len((ast.get_docstring(function) or "").split()) < 2:
                wrong.append(f"{where(path, function.lineno)} {name}")
        classes = [node for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]
        wrong += [
            f"{where(path, each.lineno)} {each.name}"
            for each in classes
            if not each.name.startswith("_") and not ast.get_docstring(each)
        ]
    assert not wrong


def methods_named(
    path: Path, chosen: Callable[[ast.FunctionDef], bool]
) -> Iterator[tuple[ast.ClassDef, ast.FunctionDef]]:
    for each in ast.walk(tree(path)):
        if isinstance(each, ast.ClassDef):
            yield from ((each, node) for node in each.body if isinstance(node, ast.FunctionDef) and chosen(node))


def test_10_constructors_do_not_compute() -> None:
    loops = (ast.For, ast.While, ast.Try, ast.With)
    wrong = [
        f"{where(path, method.lineno)} {owner.name}"
        for path in modules()
        for owner, method in methods_named(path, lambda node: node.name == "__init__")
        if length(method) > 30 or any(isinstance(node, loops) for node in ast.walk(method))
    ]
    assert not wrong


def test_10_properties_change_nothing() -> None:
    def is_property(node: ast.FunctionDef) -> bool:
        return any(getattr(each, "id", "") == "property" for each in node.decorator_list)

    def assigns(method: ast.FunctionDef) -> bool:
        targets = [t for node in ast.walk(method) if isinstance(node, ast.Assign) for t in node.targets]
        return any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets)

    wrong = [
        f"{where(path, method.lineno)} {owner.name}.{method.name}"
        for path in modules()
        for owner, method in methods_named(path, is_property)
        if assigns(method) or length(method) > 12
    ]
    assert not wrong


def test_10_importing_does_no_work() -> None:
    names = [module_name(path) for path in modules() if path.name != "__main__.py"]
    theirs = {name.partition(".")[0] for path in modules() for name, _ in imports(path)} - LAYERS.keys() - {"backfile"}
    script = f"""
import importlib, sys, threading
for name in {sorted(theirs - {"__future__"})!r}:  # what others do when they are imported is theirs
    importlib.import_module(name)
acts = []
def note(event, arguments):
    if event == "open" and not str(arguments[0]).endswith((".py", ".pyc", ".so", ".pyd", ".zip")):
        acts.append((event, str(arguments[0])))
    elif event.partition(".")[0] in ("socket", "subprocess") or event in ("os.mkdir", "os.rename", "shutil.rmtree"):
        acts.append((event, str(arguments)))
sys.addaudithook(note)
for name in {names!r}:
    importlib.import_module(name)
mine = [act for act in acts if "site-packages" not in act[1] and not act[1].startswith(("/proc", "/sys", "/dev"))]
print(mine, threading.active_count())
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[] 1", done.stdout + done.stderr


def test_13_frameworks_are_used_by_their_public_interfaces() -> None:
    frameworks = {"flask", "jinja2", "werkzeug", "whoosh", "click", "markdown", "granian"}
    wrong = [
        f"{where(path, line)} imports {name}"
        for path in modules()
        for name, line in imports(path)
        if name.partition(".")[0] in frameworks and any(part.startswith("_") for part in name.split("."))
    ]
    templates = {"Environment", "Context", "CodeGenerator", "Undefined", "Template"}
    wrong += [
        f"{where(path, node.lineno)} {node.name} derives from {ast.unparse(parent)}"
        for path in modules()
        if layer_of(path) in ("web", "app")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        for parent in node.bases
        if ast.unparse(parent).rpartition(".")[2] in templates
    ]
    assert not wrong


METADATA_FIELDS = {"title", "authors", "topics", "date", "updated", "summary", "source", "language"}


def test_14_the_record_of_an_article_is_declared_once() -> None:
    declaring = {
        f"{where(path, node.lineno)} {node.name}"
        for path in modules()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
        for fields in [{getattr(each.target, "id", "") for each in node.body if isinstance(each, ast.AnnAssign)}]
        if len(fields & METADATA_FIELDS) >= 5
    }
    assert {each.rpartition(" ")[2] for each in declaring} == {"ArticleMetadata"}, declaring


def test_12_every_decision_is_linked_from_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    assert [
        page.name for page in folder.glob("*.md") if page.name != "README.md" and f"({page.name})" not in listed
    ] == []


@pytest.mark.parametrize("rule", CHECKED_ELSEWHERE)
def test_every_rule_has_its_check(rule: str) -> None:
    name, words = CHECKED_ELSEWHERE[rule]
    place = ROOT / "tests" / name
    files = [place] if place.is_file() else sorted(place.rglob("test_*.py"))
    assert any(words in path.read_text(encoding="utf-8") for path in files)


def test_the_tree_names_no_host_of_packages_and_no_place_of_work() -> None:
    hosts = ["py" + "pi.org", "python" + "hosted.org", "registry." + "npmjs", "crates" + ".io", "/" + "work/"]
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    found = []
    for path in map(ROOT.joinpath, listed):
        if path.is_file() and path.suffix not in {".png", ".jpg", ".woff2", ".ico"}:
            text = path.read_text(encoding="utf-8", errors="replace")
            found += [f"{path.relative_to(ROOT)} names {host}" for host in hosts if host in text]
    assert not found
