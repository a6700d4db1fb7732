"""Collection of every regular expression of the product, and worst-case texts for each."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
FOLDERS = ("archive", "index", "web", "cli")
MODULES = ("app.py", "config.py")
METHODS = ("match", "fullmatch", "search", "finditer", "findall", "sub", "subn", "split")
REPEATS = {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}
ENDINGS = ("", "\x01", "!", "\n")
COMMON = (" ", "\n", "\r\n", "\t", "a", "A ", "1", "<", "<a ", "&", "(", "[", "a,", ".")


class UsedPattern(NamedTuple):
    """Compiled pattern, the place that names it (`module:name` or `module:line`), and the methods called on it."""

    place: str
    pattern: re.Pattern[Any]
    methods: frozenset[str]


def product_patterns() -> tuple[list[UsedPattern], list[str]]:
    """Patterns of the product's modules, and the places of calls whose pattern is made of values at run time."""
    paths = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    modules = {_module_name(path): path for path in [*paths, *(ROOT / name for name in MODULES)]}
    trees = {name: ast.parse(path.read_text()) for name, path in modules.items()}
    uses = method_uses(trees)
    found: list[UsedPattern] = []
    made_at_run_time: list[str] = []
    for name, tree in trees.items():
        module = importlib.import_module(name)
        imported = _imported(tree)
        named = [
            UsedPattern(f"{name}:{variable}", pattern, frozenset(uses.get((name, variable), ())))
            for variable, value in vars(module).items()
            if variable not in imported
            for pattern in _compiled(value)
        ]
        called, made = _called_patterns(name, tree, vars(module), {each.pattern for each in named})
        found += named + called
        made_at_run_time += made
    return list({(each.pattern, each.methods): each for each in found}.values()), made_at_run_time


def _called_patterns(
    name: str, tree: ast.Module, values: dict[str, Any], known: Collection[re.Pattern[Any]]
) -> tuple[list[UsedPattern], list[str]]:
    """Patterns in calls of functions of `re`, but for those `known`, and the arguments that only a run would tell."""
    found, made_at_run_time = [], []
    functions = (
        each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    )
    local = {each for function in functions for each in ast.walk(function)}
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or (method := _re_function(call)) not in (*METHODS, "compile"):
            continue
        try:
            flags = [each.value for each in call.keywords if each.arg == "flags"] + call.args[1:]
            arguments = [call.args[0], *(flags if method == "compile" else ())]
            pattern = re.compile(*(eval(compile(ast.Expression(each), name, "eval"), values) for each in arguments))  # noqa: S307
        except NameError:
            if call in local:  # others are in variables of the module
                made_at_run_time.append(f"{name}:{ast.unparse(call.args[0])}")
        else:
            if method != "compile" or pattern not in known:
                methods = frozenset([method] if method != "compile" else [])
                found.append(UsedPattern(f"{name}:{call.lineno}", pattern, methods))
    return found, made_at_run_time


def _module_name(path: Path) -> str:
    return ".".join(("backfile", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def _compiled(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _compiled(each)
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from _compiled(each)


def _re_function(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re":
        return function.attr
    return ""


def _imported(tree: ast.Module) -> dict[str, tuple[str, str]]:
    """Name in a module → module and name that it was imported from."""
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def method_uses(trees: Mapping[str, ast.Module]) -> dict[tuple[str, str], set[str]]:
    """Methods called on each variable (module, name), in its own module and in those that import it.

    A row of a table counts as used as the variables of the loops over the table are. A pattern that is passed on
    (`f(PATTERN)`) counts as used by `search`.
    """
    uses: dict[tuple[str, str], set[str]] = {}
    for module, tree in trees.items():
        owners = _imported(tree)
        called = _called_methods(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                owner = owners.get(node.id, (module, node.id))
                uses.setdefault(owner, set()).update(called.get(node, {"search"}))
    return uses


def _called_methods(tree: ast.Module) -> dict[ast.expr, set[str]]:
    """Methods called on each use of a variable; none where it is only compared by `is`."""
    called: dict[ast.expr, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr not in TABLE_METHODS:
            chosen = [node.value.body, node.value.orelse] if isinstance(node.value, ast.IfExp) else [node.value]
            called |= {each: {node.attr} & set(METHODS) for each in chosen if isinstance(each, ast.Name)}
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Is | ast.IsNot):
            called |= {each: set() for each in [node.left, *node.comparators]}
    for node in ast.walk(tree):
        for loop, body in _loops(node):
            uses = [each for part in body for each in ast.walk(part) if isinstance(each, ast.Name)]
            for table, variables in _tables(loop):
                methods = {method for each in uses if each.id in variables for method in called.get(each, ())}
                called |= {table: methods} if methods else {}
    return called


TABLE_METHODS = {"items", "values"}


def _loops(node: ast.AST) -> Iterator[tuple[ast.For | ast.comprehension, Sequence[ast.AST]]]:
    """Loops that a statement or comprehension consists of, and what they repeat."""
    if isinstance(node, ast.For):
        yield node, node.body
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for loop in node.generators:
            yield loop, [*parts, *(condition for each in node.generators for condition in each.ifs)]


def _tables(loop: ast.For | ast.comprehension) -> Iterator[tuple[ast.Name, set[str]]]:
    """Variables that a loop goes through, each with the variables of the loop that get its values.

    They are a table, its items or values, or what stands in a tuple of tuples.
    """
    table, target = loop.iter, loop.target
    if isinstance(table, ast.Call) and isinstance(table.func, ast.Attribute) and table.func.attr in TABLE_METHODS:
        table = table.func.value
    if isinstance(table, ast.Name):
        yield table, _names(target)
    for row in table.elts if isinstance(table, ast.Tuple | ast.List) else ():
        if isinstance(row, ast.Tuple) and isinstance(target, ast.Tuple):
            for each, variable in zip(row.elts, target.elts, strict=False):
                if isinstance(each, ast.Name):
                    yield each, _names(variable)
        elif isinstance(row, ast.Name):
            yield row, _names(target)


def _names(target: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(target) if isinstance(each, ast.Name)}


def worst_texts(pattern: re.Pattern[Any], size: int) -> Iterator[Any]:
    """Texts of about `size` characters that make a pattern with nested or overlapping repeats slow.

    Their number and order depend on the pattern alone.
    """
    for begin, unit, end in _plans(pattern):
        text = begin * (size // 2 // len(begin)) if end is None else begin
        text += unit * ((size // 2 if end is None else size) // len(unit)) + ("\x01" if end is None else end)
        yield text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text


def worst_text(pattern: re.Pattern[Any], size: int, number: int) -> Any:
    """One of the `worst_texts`."""
    return next(itertools.islice(worst_texts(pattern, size), number, None))


@cache
def _plans(pattern: re.Pattern[Any]) -> list[tuple[str, str, str | None]]:
    """Beginning, repeated unit and end of each worst text; without an end the beginning is repeated as well."""
    tree = re._parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)  # type: ignore[attr-defined]
    plans: dict[tuple[str, str, str | None], None] = {}
    for prefix, unit in dict.fromkeys([*(("", each) for each in COMMON), *_repeats(tree, "")]):
        if not unit:
            continue
        plans |= dict.fromkeys((prefix, unit, ending) for ending in ENDINGS)
        if prefix:
            plans |= dict.fromkeys([("", prefix + unit, ""), ("", prefix, ""), (prefix, unit, None)])
    return list(plans)


def _repeats(tree: Any, prefix: str) -> Iterator[tuple[str, str]]:  # noqa: C901, PLR0912 - one case an operation
    """Prefix and body of each repeat of a parsed pattern."""
    for operation, argument in tree:
        name = str(operation)
        if name in REPEATS:
            low, high, body = argument
            if high is re._constants.MAXREPEAT or high > 20:  # type: ignore[attr-defined]
                for sample in _samples(body):
                    yield prefix, sample
                if prefix:
                    yield "", prefix
            yield from _repeats(body, prefix)
            prefix += _samples(body)[0] * low
        elif name == "SUBPATTERN":
            yield from _repeats(argument[3], prefix)
            prefix += _sequence(argument[3])[0]
        elif name == "ATOMIC_GROUP":
            yield from _repeats(argument, prefix)
            prefix += _sequence(argument)[0]
        elif name == "BRANCH":
            for branch in argument[1]:
                yield from _repeats(branch, prefix)
            prefix += _sequence(argument[1][0])[0]
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from _repeats(argument[1], prefix)
            if name == "ASSERT" and argument[0] < 0:
                prefix += _sequence(argument[1])[0]
        else:
            prefix += _single(operation, argument)[0]
    if prefix:
        yield "", prefix


def _samples(tree: Any) -> list[str]:
    return [text for text in _sequence(tree) if text] or [""]


def _sequence(tree: Any) -> list[str]:
    """Up to eight texts that a parsed pattern matches."""
    parts = []
    for operation, argument in tree:
        options = _single(operation, argument)
        parts.append(options)
    width = 8 if sum(len(part) > 1 for part in parts) < 2 else 3
    chosen = itertools.islice(itertools.product(*(part[:width] for part in parts)), 12)
    return list(dict.fromkeys("".join(each) for each in chosen)) or [""]


def _single(operation: Any, argument: Any) -> list[str]:  # noqa: PLR0911 - one case an operation
    name = str(operation)
    if name == "LITERAL":
        return [chr(argument)]
    if name == "NOT_LITERAL":
        return [each for each in "a <\n" if ord(each) != argument]
    if name == "ANY":
        return ["a", " ", "<"]
    if name == "IN":
        return _of_class(argument)
    if name in REPEATS:
        low, high, body = argument
        return list(
            dict.fromkeys([each * max(low, min(1, high)) for each in _sequence(body)] + ([""] if not low else []))
        )
    if name == "SUBPATTERN":
        return _sequence(argument[3])
    if name == "ATOMIC_GROUP":
        return _sequence(argument)
    if name == "BRANCH":
        return [text for branch in argument[1] for text in _sequence(branch)[:2]][:8]
    return [""]


_CATEGORIES = {"CATEGORY_SPACE": " \n\t", "CATEGORY_DIGIT": "1", "CATEGORY_WORD": "a1_"}
_CANDIDATES = "a1 \n\r\t<_-.,A([{&;:\"'*`~|/\\é—\x01"


def _of_class(items: Any) -> list[str]:
    negated = str(items[0][0]) == "NEGATE"
    matcher = re.compile("[" + "".join(_written(*item) for item in items) + "]")
    candidates = list(_CANDIDATES)
    if not negated:
        candidates = [
            chr(argument if str(op) == "LITERAL" else argument[0])
            for op, argument in items
            if str(op) in ("LITERAL", "RANGE")
        ][:6] + candidates
    return list(dict.fromkeys(each for each in candidates if matcher.match(each)))[:8] or ["a"]


_CATEGORY_ESCAPES = {
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def _written(operation: Any, argument: Any) -> str:
    name = str(operation)
    if name == "NEGATE":
        return "^"
    if name == "LITERAL":
        return re.escape(chr(argument))
    if name == "RANGE":
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    return _CATEGORY_ESCAPES[str(argument)]


def run(used: UsedPattern, text: Any) -> None:
    """Applies a pattern to a text in each way in which the product uses it."""
    for method in used.methods or {"search"}:
        if method in ("sub", "subn"):
            getattr(used.pattern, method)(text[:0], text)
        elif method == "finditer":
            for _ in used.pattern.finditer(text):
                pass
        else:
            getattr(used.pattern, method)(text)
