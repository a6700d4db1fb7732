"""Recovery of front matter that its parser refuses: every key that can be read is, and each slip is a problem.

A block is taken apart at the lines that begin with a key. What the YAML parser accepts of these entries counts; of the
others a single line is read as text: after a colon without a space or with a no-break space, after a full-width colon,
and where the value has a colon or another sign that YAML reserves.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent

from backfile.archive.errors import FrontMatterInvalid
from backfile.archive.frontmatter.header_lines import count_lines
from backfile.archive.frontmatter.yaml_reader import MAX_NESTING, read_yaml, scalar
from backfile.archive.metadata.field_names import KNOWN, TITLE, normal

_LINES = re.compile(r"[^\r\n]*+(?:\r\n|\n|\r|\Z)")
_KEY = re.compile(
    r"(?P<quote>[\"']?)(?P<key>[^\W\d_][\w .-]{0,40}?)(?P=quote)[ \t\u00a0]*(?P<sign>[:：=])(?!//)(?P<value>[^\r\n]*)"
)
_GOES_ON = re.compile(r"[ \t]|-(?:[ \t]|\Z)|\#|\Z|[\]}]")
# A key of many parts takes tomllib a time that grows with their square: seconds for 64 KB.
LONG_TOML_KEY = re.compile(
    rf"""(?:^|[\[{{,])[ \t]*(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MAX_NESTING}}}""", re.MULTILINE
)
_LONGEST_TABLE = 200  # characters of the head of a table, which is read again with each of its statements
_TOML_START = re.compile(r"[ \t]*(?:[\w.\"'-]+[ \t]*=|\[{1,2}[\w. \"'-]+\]{1,2}[ \t]*(?:#.*)?\Z)")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PASSED_OVER = re.compile(r"#|<{7} |={7}$|>{7} ")  # comments, marks of a conflict of versions
_CONFLICT = re.compile(r"(?:[\ufeff \t]*+(?>\r\n|\n|\r))*+\ufeff?(?P<mark><{7}(?:[ ][^\r\n]*+)?[\r\n])")
_CONFLICT_END = re.compile(r"(?<=[\r\n])>{7}(?:[ \r\n]|\Z)")
_ALIAS = re.compile(r"\*([\w-]+)\Z")


@dataclass(slots=True)
class _Entry:
    """Lines of a block that begin with a key; `line` is the number of the first one, from 1."""

    line: int
    lines: list[str]

    @property
    def text(self) -> str:
        return "".join(self.lines)


def key_of(line: str) -> str:
    """Key that a line begins with, also after a slip; empty if there is none."""
    found = _KEY.match(line)
    return found["key"] if found else ""


def are_keys(names: set[str]) -> bool:
    """Whether normalized keys are those of an article: a title, or two other known ones."""
    return bool(names & set(TITLE)) or len(names & KNOWN) > 1


def looks_like_keys(block: str) -> bool:
    """Whether a block begins with a key and has those of an article."""
    lines = [line for line in dedent(block).splitlines() if line.strip() and not _PASSED_OVER.match(line)]
    names = {normal(key) for key in map(key_of, lines) if key}
    return bool(lines) and bool(key_of(lines[0])) and are_keys(names)


def end_of_keys(text: str, start: int, stop: int) -> int:
    """Place, at most `stop`, where the lines that begin with a key or go on below one end: the text begins there."""
    for found in _LINES.finditer(text, start, stop):
        line = found[0].rstrip("\r\n")
        if not line.strip() or not (key_of(line) or _GOES_ON.match(line) or _TOML_START.match(line)):
            return found.start()
    return min(len(text), stop)


def suspect_lines(block: str, offset: int) -> tuple[FrontMatterInvalid, ...]:
    """Problem of a block that is shown as text though each of its lines begins with a key; none for other texts."""
    lines = [line for line in block.splitlines() if line.strip()]
    if len(lines) < 2 or not all(map(key_of, lines)):
        return ()
    reason = "lines that look like front matter are shown as text"
    return (FrontMatterInvalid(reason, line=offset + 1, hint="write them as `key: value` between lines ---"),)


def conflict_above(text: str, head: int) -> FrontMatterInvalid | None:
    """Problem of a text that begins with a git conflict; None if the mark of one is mere text below its `head`."""
    conflict = _CONFLICT.match(text)
    if conflict is None or not (_CONFLICT_END.search(text) or conflict.start("mark") < head):
        return None
    line = count_lines(text[: conflict.start("mark")]) + 1
    hint = "keep one version and remove the lines <<<<<<<, ======= and >>>>>>>"
    return FrontMatterInvalid("a conflict of two versions, as git marks it, is not resolved", line=line, hint=hint)


def recover(block: str) -> tuple[dict[str, object], tuple[FrontMatterInvalid, ...]]:
    """Keys and values of a broken YAML block as far as they can be read, and a problem for each slip in it.

    Lines of the problems are counted from 1 within the block.
    """
    data: dict[str, object] = {}
    problems: list[FrontMatterInvalid] = []
    for entry in _entries(block):
        values, slips = _read(entry, block)
        problems += slips
        for key, value in values.items():
            if key in data:
                problems.append(FrontMatterInvalid(f"{key!r} stands twice; the last one counts", line=entry.line))
            data[key] = value
    return data, tuple(problems)


def recover_toml(block: str) -> dict[str, object]:
    """Statements of a broken TOML block that can be read, each on its own, in the tables that they stand in."""
    data: dict[str, object] = {}
    table = ""
    for entry in _statements(block):
        if entry.startswith("["):
            table = entry
            continue
        if len(table) > _LONGEST_TABLE or LONG_TOML_KEY.search(entry):
            continue
        try:
            _merge(data, tomllib.loads(f"{table}\n{entry}"))
        except (tomllib.TOMLDecodeError, RecursionError, ValueError):  # the problem of the whole block tells of it
            continue
    return data


def _statements(block: str) -> Iterator[str]:
    """Lines of a TOML block that begin with a key or are the head of a table, with those that go on with them."""
    held = ""
    for line in re.split(r"\r\n|\n|\r", block):
        if _TOML_START.match(line):
            yield held
            held = line
        else:
            held += f"\n{line}"
    yield held


def _merge(data: dict[str, object], more: dict[str, object]) -> None:
    for key, value in more.items():
        inner = data.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            _merge(inner, value)
        else:
            data[key] = value


def _entries(block: str) -> Iterator[_Entry]:
    entry: _Entry | None = None
    for number, found in enumerate(_LINES.finditer(dedent(block)), 1):
        line = found[0]
        if key_of(line) or entry is None:
            if entry is not None:
                yield entry
            entry = _Entry(number, [line])
        else:
            entry.lines.append(line)
    if entry is not None:
        yield entry


def _read(entry: _Entry, block: str) -> tuple[dict[str, object], list[FrontMatterInvalid]]:
    """Values of an entry, and its slips."""
    try:
        value, _ = read_yaml(entry.text)
        reason = None
    except FrontMatterInvalid as error:
        value, reason = None, error
    if isinstance(value, dict):
        return value, []
    if value is None and reason is None:
        return {}, []
    strays = [n for n, line in enumerate(entry.lines) if n and not _GOES_ON.match(line.rstrip("\r\n"))]
    if strays:
        kept = [line for n, line in enumerate(entry.lines) if n not in strays]
        values, slips = _read(_Entry(entry.line, kept), block)
        return values, slips + [_stray(entry.line + n) for n in strays]
    found = _KEY.match(entry.lines[0])
    if found is None:
        return {}, [_stray(entry.line)]
    return _read_line(entry, found, reason, block)


def _stray(line: int) -> FrontMatterInvalid:
    return FrontMatterInvalid("a line that is no `key: value`", line=line, hint="remove it, or put it below the block")


def _read_line(
    entry: _Entry, found: re.Match[str], reason: FrontMatterInvalid | None, block: str
) -> tuple[dict[str, object], list[FrontMatterInvalid]]:
    """Value of an entry that YAML refuses, read as text if it stands on one line."""
    key, sign, rest = found["key"], found["sign"], found["value"]
    value = rest.strip()
    slip = _slip(key, sign, rest)
    below = [line for line in entry.lines[1:] if line.strip() and not line.lstrip().startswith("#")]
    if below and slip and not value:
        try:
            listed, _ = read_yaml(f"{key}:\n" + "".join(entry.lines[1:]))
        except FrontMatterInvalid as error:
            reason = error
        else:
            if isinstance(listed, dict):
                return listed, [FrontMatterInvalid(slip[0], line=entry.line, hint=slip[1])]
    alias = _ALIAS.match(value)
    is_deep = reason is not None and "nest" in str(reason)
    if below or not value or is_deep or (alias and f"&{alias[1]}" in block):
        line = entry.line + (reason.line - 1 if reason else 0)
        why = str(reason) if reason else "the value cannot be read"
        return {}, [FrontMatterInvalid(f"{key!r} is not read: {why}", line=line, hint=reason.hint if reason else "")]
    why, hint = slip or (f"{reason}; the line is read as text", reason.hint if reason else "")
    return {key: _text(value)}, [FrontMatterInvalid(why, line=entry.line, hint=hint)]


def _slip(key: str, sign: str, rest: str) -> tuple[str, str] | None:
    """Slip in the sign between a key and its value, and how to mend it; None if there is none."""
    hint = f"write it as `{key}: …`"
    if sign == "：":
        return f"a full-width colon after {key!r}", hint
    if sign == "=":
        return f"{key!r} has an = in place of a colon", hint
    if rest[:1] == "\u00a0":
        return f"a no-break space after the colon of {key!r}", f"{hint}, with a plain space"
    if rest and not rest[0].isspace():
        return f"no space after the colon of {key!r}", hint
    return None


def _text(value: str) -> object:
    value = _CONTROLS.sub("", value) or " "
    if value[0] in "\"'" and (value.count(value[0]) == 1 or (value[-1] == value[0] and value.count(value[0]) == 2)):
        return value.strip(value[0])
    return scalar(value, plain=True)
