"""YAML for front matter: no aliases, no objects, no guessing, scalars that can be written back unchanged.

PyYAML's C parser composes the nodes; turning them into values is done here, because YAML 1.1 makes `2019-03-14 9:15`
a string but `2019-03-14 09:15` a time, `no` a truth value, `12:30` the number 750 and `1.10` the number 1.1. Here a
scalar becomes a number only if the number is written the same way again, dates stay strings, and tags are ignored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from backfile.archive.errors import FrontMatterInvalid

MAX_NESTING = 40

_INT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,15}\Z")
_NUMERIC = frozenset("-0123456789")
_WORDS: dict[str, object] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_PLAIN_TAG = "plain"
_QUOTED_TAG = "quoted"
_GUESSED = frozenset({_PLAIN_TAG} | {f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null")})


_MAY_SWALLOW = re.compile(r"[ \t]#|[:-][ \t]+[!&]")
_COMMENT = re.compile(r"([ \t]+)#(?![#=!-])([^\r\n]+)")
_ANCHOR = re.compile(r"(?<=[ \t])&([^\s,\[\]{}]+)")
_TEXT_KEYS = frozenset({"title", "headline", "summary", "description", "excerpt", "subtitle"})

_HINTS = {
    "mapping values are not allowed": "put quotes around a value that has a colon in it",
    "cannot start any token": "use spaces, not tabs, and put quotes around values that begin with @, ` or %",
    "did not find expected": "check quotes, brackets and indentation on this line and the one before",
    "end of stream": "close the quote or bracket that opens here",
    "another document": "remove this line, or put the rest below a line ---",
    "undefined alias": "put quotes around a value that begins with *",
    "maximum nesting": "flatten the values",
}


class _NodeLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML loader that composes nodes without resolving tags."""

    def resolve(self, kind: object, value: object, implicit: tuple[bool, bool] | bool) -> str:
        """Distinguishes plain scalars from quoted ones; nothing else is resolved."""
        return _PLAIN_TAG if isinstance(implicit, tuple) and implicit[0] else _QUOTED_TAG

    def descend_resolver(self, parent: object, index: object) -> None:
        """Path resolvers are not used."""

    def ascend_resolver(self) -> None:
        """Path resolvers are not used."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """Repeated key of a mapping; `line` (from 0) is that of the later one, whose value counts."""

    key: str
    line: int


def read_yaml(block: str) -> tuple[object, tuple[Repeated, ...]]:
    """Value of one YAML document and the keys repeated in it.

    Raises `FrontMatterInvalid` with `line` counted from 1 within `block`.
    """
    try:
        node = compose(block)
        if node is None:
            return None, ()
        if "*" in block:
            _refuse_aliases(node, set())
        repeated: list[Repeated] = []
        value = _value(node, repeated, 0)
    except yaml.MarkedYAMLError as error:
        raise FrontMatterInvalid(_reason(error), line=_line(error), hint=_hint(error)) from error
    except yaml.reader.ReaderError as error:
        line = block.count("\n", 0, error.position) + 1
        reason = f"a character that YAML does not allow: {_character(error.character)}"
        raise FrontMatterInvalid(reason, line=line, hint="remove the character") from error
    except RecursionError as error:
        raise FrontMatterInvalid("nested too deeply", line=1, hint="flatten the values") from error
    except (yaml.YAMLError, ValueError) as error:
        raise FrontMatterInvalid(f"the YAML cannot be read: {error}", line=1) from error
    return value, tuple(repeated)


@dataclass(frozen=True, slots=True)
class Swallowed:
    """Text of a value that YAML takes for something else; `line` counts from 0."""

    reason: str
    line: int


def swallowed_text(block: str) -> list[Swallowed]:
    """Texts in valid YAML that look like parts of a value but are comments, tags or anchors.

    `title: Pier #12 opens` is `Pier`, `tags: #a #b` is empty, `title: !important news` is `news`. A comment with a
    space after its sign is one, except after a single space in a line of text.
    """
    if not _MAY_SWALLOW.search(block):
        return []
    node = compose(block)
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    found = [_swallowed(scalar, key, block) for key, value in pairs for scalar in _scalars(value)]
    return [each for each in found if each is not None]


def _scalars(node: yaml.Node) -> list[yaml.ScalarNode]:
    """Scalar that is a value of the top level, or the scalars of its list."""
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [item for item in items if isinstance(item, yaml.ScalarNode)]


def _swallowed(node: yaml.ScalarNode, key: yaml.ScalarNode, block: str) -> Swallowed | None:
    line = node.end_mark.line
    if node.tag.startswith("!") and len(node.tag) > 1:
        return Swallowed(f"{node.tag!r} is taken for a YAML tag, not for text", node.start_mark.line)
    before = _ANCHOR.search(block, key.end_mark.index, node.end_mark.index)
    if before is not None and f"*{before[1]}" not in block:
        return Swallowed(f"'&{before[1]}' is taken for a YAML anchor, not for text", node.start_mark.line)
    if node.style:
        return None
    comment = _COMMENT.match(block, node.end_mark.index)
    if comment is None:
        return None
    is_text = key.value.casefold() in _TEXT_KEYS and node.value and len(comment[1]) == 1
    if comment[2][:1] in " \t" and not is_text:
        return None
    return Swallowed(f"the rest of the line, {'#' + comment[2][:40].rstrip()!r}, is taken for a comment", line)


def compose(block: str) -> yaml.Node | None:
    """Node tree of one YAML document, `None` if it is empty; raises `yaml.YAMLError`."""
    loader = _NodeLoader(block)
    try:
        node: yaml.Node | None = loader.get_single_node()
        return node
    finally:
        loader.dispose()


def _refuse_aliases(node: yaml.Node, seen: set[int]) -> None:
    """Refuses aliases (nodes that repeat): few bytes of aliases can expand to gigabytes."""
    if id(node) in seen:
        line = node.start_mark.line + 1
        raise FrontMatterInvalid("a value with an alias (*name)", line=line, hint="write the value out instead")
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_aliases(item, seen)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _refuse_aliases(key, seen)
            _refuse_aliases(value, seen)


def _value(node: yaml.Node, repeated: list[Repeated], depth: int) -> object:
    if isinstance(node, yaml.ScalarNode):
        return scalar(node.value, plain=node.tag in _GUESSED)
    if depth > MAX_NESTING:
        raise FrontMatterInvalid("nested too deeply", line=node.start_mark.line + 1, hint="flatten the values")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, repeated, depth)
    return [_value(item, repeated, depth + 1) for item in node.value]


def _mapping(node: yaml.MappingNode, repeated: list[Repeated], depth: int) -> dict[str, object]:
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            line = key_node.start_mark.line + 1
            raise FrontMatterInvalid("a key that is not a word", line=line, hint="use text as key")
        key = key_node.value
        if key in result:
            repeated.append(Repeated(key, key_node.start_mark.line))
        result[key] = _value(value_node, repeated, depth + 1)
    return result


def within_nesting(data: dict[str, object], line: int) -> dict[str, object]:
    """Data that is not nested too deeply for recursive readers."""
    level: list[object] = [data]
    for _ in range(MAX_NESTING):
        inner = [value.values() if isinstance(value, dict) else value for value in level]
        level = [value for values in inner for value in values if isinstance(value, dict | list)]  # type: ignore[attr-defined]
        if not level:
            return data
    raise too_deep(line)


def too_deep(line: int) -> FrontMatterInvalid:
    """Problem of values that are nested too deeply."""
    return FrontMatterInvalid("nested too deeply", line=line, hint="flatten the values")


def scalar(text: str, *, plain: bool) -> object:
    """Value of a scalar: booleans and nulls by name, numbers if they can be written back unchanged."""
    if not plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMERIC:
        if _INT.match(text) and text != "-0":
            return int(text)
        if _FLOAT.match(text) and repr(float(text)) == text:
            return float(text)
    return text


def _line(error: yaml.MarkedYAMLError) -> int:
    """Line of an error (from 1); for an unclosed construct, the line where it opens."""
    endless = error.problem is not None and "end of stream" in error.problem
    mark = (error.context_mark if endless else None) or error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _reason(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    return f"the YAML cannot be read: {', '.join(parts) or 'not understood'}"


def _hint(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    for sign, hint in _HINTS.items():
        if sign in problem:
            return hint
    return "check the spelling of this line"


def _character(code: object) -> str:
    return f"U+{code:04X}" if isinstance(code, int) else ascii(code)
