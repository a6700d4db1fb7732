"""Lossless changes of front matter in place: unchanged keys keep their bytes, order and comments.

Each form has an editor, which finds the entry of a key in a block, writes entries, and inserts new ones.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time

import yaml

from backfile.archive.errors import FrontMatterInvalid
from backfile.archive.frontmatter.front_matter import Form, FrontMatter, parse
from backfile.archive.frontmatter.yaml_reader import compose
from backfile.archive.model import PartialDate

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_NEWLINE = re.compile(r"\r\n|\n|\r")
_JSON_SPACE = re.compile(r"[ \t\r\n]*")
_TOML_KEY = re.compile(r"[ \t]*(?:\"([^\"\\]+)\"|'([^']+)'|([\w-]+))[ \t]*=", re.ASCII)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_HEADER_KEY = re.compile(r"([^\W\d][\w .-]{0,40}?)[ \t]*:(?=[ \t\r\n]|\Z)")

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Editor:
    """Editor of one syntax: `spans` finds each key's entry, `entry` writes one, `add` inserts new ones."""

    spans: Callable[[str], dict[str, Span]]
    entry: Callable[[str, object], str]
    add: Callable[[str, list[str]], str]


def rewrite(text: str, change: Mapping[str, object], remove: Iterable[str] = ()) -> str:
    """Text of a file with keys of its front matter set to new values and others removed; the body unchanged.

    A file without front matter gets one in YAML. Values are text, numbers, truth values, dates (also partial ones),
    lists and mappings. Raises `FrontMatterInvalid` if the front matter is broken, or if it is written in a way that
    cannot be changed without touching the rest.
    """
    front = parse(text)
    if front.problems and (front.is_broken or not front.data):
        raise front.problems[0]
    if front.is_broken or front.form is Form.COMMENTS:
        raise FrontMatterInvalid("its metadata is no front matter of Backfile", line=1, hint="change it in an editor")
    gone = [key for key in remove if key in front.data and key not in change]
    if not change and not gone:
        return text
    newline = found[0] if (found := _NEWLINE.search(text)) else "\n"
    if front.form is Form.NONE:
        block = _NEWLINE.sub(newline, yaml_block(change))
        return f"{front.head}---{newline}{block}---{newline}{front.body}"
    if front.form is Form.JSON and gone:
        kept = {key: value for key, value in front.data.items() if key not in gone} | dict(change)
        block = json.dumps(plain(kept, Form.JSON), indent=2, ensure_ascii=False)
    else:
        block = _edited(front, change, gone)
    result = f"{front.head}{_NEWLINE.sub(newline, block) if _mixed(block, newline) else block}{front.tail}{front.body}"
    _check(front, parse(result), change, gone)
    return result


def _mixed(block: str, newline: str) -> bool:
    """True if a block has `\n` line ends where the file has others."""
    return newline != "\n" and "\n" in block.replace(newline, "")


def _edited(front: FrontMatter, change: Mapping[str, object], gone: list[str]) -> str:
    editor, block = _EDITORS[front.form], front.block
    if front.form is Form.YAML and _is_flow(block):
        block = yaml_block(front.data)
    spans = editor.spans(block)
    edits = [(spans[key], editor.entry(key, value)) for key, value in change.items() if key in spans]
    edits += [(_whole_lines(block, spans[key]), "") for key in gone if key in spans]
    for (start, end), entry in sorted(edits, reverse=True):
        block = block[:start] + entry + block[end:]
    return editor.add(block, [editor.entry(key, value) for key, value in change.items() if key not in spans])


def _whole_lines(block: str, offset: Span) -> Span:
    start = max(block.rfind("\n", 0, offset[0]), block.rfind("\r", 0, offset[0])) + 1
    rest = _LINE.match(block, offset[1])
    return start, rest.end() if rest else offset[1]


def _check(before: FrontMatter, after: FrontMatter, change: Mapping[str, object], gone: list[str]) -> None:
    """Raises `FrontMatterInvalid` unless exactly the intended keys changed."""
    untouched = {key: value for key, value in before.data.items() if key not in change and key not in gone}
    kept = {key: value for key, value in after.data.items() if key not in change}
    if kept != untouched or not all(key in after.data for key in change) or after.body != before.body:
        reason = "its front matter is written in a way that cannot be changed safely"
        raise FrontMatterInvalid(reason, line=1, hint="change it in an editor")


def plain(value: object, form: Form) -> object:
    """Value that the syntax can write: dates become its own dates or text, tuples become lists."""
    if isinstance(value, PartialDate):
        if form in {Form.YAML, Form.TOML}:
            is_number = value.month is None and 1000 <= value.year <= 2999  # other numbers are read as no year
            return value.first if value.day else value.year if is_number else value.isoformat()
        return value.isoformat()
    if isinstance(value, date | time) and form in {Form.JSON, Form.HEADERS}:
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(inner, form) for key, inner in value.items() if inner is not None or form != Form.TOML}
    if isinstance(value, list | tuple):
        return [plain(item, form) for item in value]
    return value


def yaml_block(values: Mapping[str, object]) -> str:
    """Entries of a YAML mapping in their order, lists and mappings of scalars on one line each; empty for none."""
    if not values:
        return ""
    representer = yaml.representer.SafeRepresenter(default_flow_style=None, sort_keys=False)  # type: ignore[arg-type]
    node = representer.represent_data({key: plain(value, Form.YAML) for key, value in values.items()})
    node.flow_style = False  # type: ignore[attr-defined]
    written: str = yaml.serialize(node, Dumper=yaml.SafeDumper, allow_unicode=True, width=float("inf"))
    return written


def _yaml_entry(key: str, value: object) -> str:
    return yaml_block({key: value}).rstrip("\n")


def _is_flow(block: str) -> bool:
    node = compose(block)
    return isinstance(node, yaml.MappingNode) and bool(node.flow_style or node.start_mark.column)


def _yaml_spans(block: str) -> dict[str, Span]:
    node = compose(block)
    pairs = node.value if node is not None else ()
    return {key.value: (key.start_mark.index, max(_end(value, block), _colon(key, block))) for key, value in pairs}


def _colon(key: yaml.Node, block: str) -> int:
    return block.index(":", key.end_mark.index) + 1


def _end(node: yaml.Node, block: str) -> int:
    """End offset of a value; PyYAML's own end mark of a block collection lies at the start of the next node."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last, block)
    end: int = node.end_mark.index
    if isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}:
        return len(block[:end].rstrip())
    return end


def _add_lines(block: str, entries: list[str]) -> str:
    gap = "\n" if block and not block.endswith(("\n", "\r")) else ""
    return block + (gap if entries else "") + "".join(entry + "\n" for entry in entries)


def _toml_statements(block: str) -> list[tuple[str, Span]]:
    """Statements before the first table: key (empty if it is dotted) and span."""
    found: list[tuple[str, Span]] = []
    offset = 0
    while offset < len(block):
        line = _LINE.match(block, offset)
        end = line.end() if line else len(block)
        bare = block[offset:end].strip()
        if bare.startswith("["):
            break
        if bare and not bare.startswith("#"):
            while not _is_toml(block[offset:end]) and end < len(block):
                more = _LINE.match(block, end)
                end = more.end() if more else len(block)
            key = _TOML_KEY.match(block, offset)
            name = (key[1] or key[2] or key[3]) if key else ""
            found.append((name, (offset, offset + _without_comment(block[offset:end]))))
        offset = end
    return found


def _without_comment(statement: str) -> int:
    """Length of a statement without its trailing comment: cutting at the `#` leaves the value unchanged."""
    whole = statement.rstrip("\r\n")
    value = tomllib.loads(_NEWLINE.sub("\n", whole)) if "#" in whole and _is_toml(whole) else None
    for found in re.finditer("#", whole) if value is not None else ():
        shorter = whole[: found.start()].rstrip()
        if _is_toml(shorter) and tomllib.loads(_NEWLINE.sub("\n", shorter)) == value:
            return len(shorter)
    return len(whole)


def _is_toml(text: str) -> bool:
    try:
        tomllib.loads(_NEWLINE.sub("\n", text))
    except tomllib.TOMLDecodeError:
        return False
    return True


def _toml_spans(block: str) -> dict[str, Span]:
    return {key: offset for key, offset in _toml_statements(block) if key}


def _toml_add(block: str, entries: list[str]) -> str:
    statements = _toml_statements(block)
    offset = statements[-1][1][1] if statements else 0
    gap = "\n" if statements else ""
    written = "\n".join(entries) + ("" if statements else "\n")
    return block[:offset] + gap + written + block[offset:] if entries else block


def _toml_entry(key: str, value: object) -> str:
    name = key if _BARE_KEY.match(key) else _toml_value(key)
    return f"{name} = {_toml_value(plain(value, Form.TOML))}"


def _toml_value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{" + ", ".join(_toml_entry(key, inner) for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _json_spans(block: str) -> dict[str, Span]:
    decoder, spans = json.JSONDecoder(), {}
    offset = _skip(block, 1)
    while block[offset] == '"':
        key, colon = decoder.raw_decode(block, offset)
        _, end = decoder.raw_decode(block, _skip(block, _skip(block, colon) + 1))
        spans[key] = (offset, end)
        offset = _skip(block, end)
        if block[offset] == ",":
            offset = _skip(block, offset + 1)
    return spans


def _skip(block: str, offset: int) -> int:
    space = _JSON_SPACE.match(block, offset)
    return space.end() if space else offset


def _json_entry(key: str, value: object) -> str:
    return f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(plain(value, Form.JSON), ensure_ascii=False)}"


def _json_add(block: str, entries: list[str]) -> str:
    if not entries:
        return block
    spans = _json_spans(block)
    last = max((end for _, end in spans.values()), default=1)
    first = min((start for start, _ in spans.values()), default=1)
    gap = block[1:first] if spans else "\n  "
    written = f",{gap}".join(entries)
    return block[:last] + ("," if spans else "") + gap + written + (block[last:] if spans else "\n}")


def _header_spans(block: str) -> dict[str, Span]:
    spans: dict[str, Span] = {}
    key, offset = "", 0
    while offset < len(block):
        line = _LINE.match(block, offset)
        end = line.end() if line else len(block)
        found = _HEADER_KEY.match(block, offset, end)
        key = found[1] if found else key
        start = offset if found else spans[key][0]
        spans[key] = (start, len(block[:end].rstrip("\r\n")))
        offset = end
    return spans


def _header_entry(key: str, value: object) -> str:
    shown = plain(value, Form.HEADERS)
    if isinstance(shown, list):
        texts = [str(item) for item in shown]
        shown = ("; " if any("," in text for text in texts) else ", ").join(texts)
    return f"{key}: {' '.join(str(shown).split())}"


_EDITORS = {
    Form.YAML: _Editor(_yaml_spans, _yaml_entry, _add_lines),
    Form.TOML: _Editor(_toml_spans, _toml_entry, _toml_add),
    Form.JSON: _Editor(_json_spans, _json_entry, _json_add),
    Form.HEADERS: _Editor(_header_spans, _header_entry, _add_lines),
}
