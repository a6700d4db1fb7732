"""Front matter: boundaries and values. Lossless: `head + block + tail + body` is the file.

Four forms are known: YAML between `---` lines, TOML between `+++` lines (both as Hugo, Jekyll and Zola have them), a
JSON object (Hugo), and header lines `Title: …` up to the first blank line (Pelican, MultiMarkdown). A `---` block
that is no mapping of keys (a letterhead, a thematic break) is text and stays in the body.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from backfile.archive.errors import FrontMatterInvalid
from backfile.archive.frontmatter.yaml_reader import MAX_NESTING, read_yaml
from backfile.archive.metadata.field_names import KNOWN, TITLE, normal

MAX_CHARACTERS = 65_536

_EOL = r"(?>\r\n|\n|\r)"
_OPENING = re.compile(rf"\ufeff?(?:[ \t]*+{_EOL})*+(?P<fence>-{{3,}}|\+\+\+)[ \t]*{_EOL}")
_CLOSING = re.compile(r"(?<=[\r\n])(?:(?P<fence>-{3,}|\+\+\+)|\.\.\.)[ \t]*(?:\r\n|\n|\r|\Z)")
_JSON_START = re.compile(rf"\ufeff?(?:[ \t]*+{_EOL})*+(?=\{{\s*[\"}}])")
_JSON_KEY = re.compile(r"\{\s*\"[\w .-]+\"\s*:")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r\n|\n|\r|\Z)")
_KEY_LINE = re.compile(r"(?:[ \t]*(?:#[^\r\n]*+)?(?:\r\n|\n|\r))*+[\"']?\w[\w .\t-]*+[\"']?[ \t]*+[:=](?:[ \t\r\n]|\Z)")
_WORD_KEY = re.compile(r"[^\W\d][\w.-]*\Z")
_HEADER_START = re.compile(rf"(\ufeff?)(?:[ \t]*+{_EOL})*+(?=[^\W\d][\w .-]{{0,40}}:(?:[ \t]|[\r\n]))")
_HEADER = re.compile(r"([^\W\d][\w .-]{0,40}?)[ \t]*:(?:[ \t]++(.*))?+\Z")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
# A key of many parts takes tomllib a time that grows with their square: seconds for 64 KB.
_LONG_TOML_KEY = re.compile(
    rf"""(?:^|[\[{{,])[ \t]*(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{MAX_NESTING}}}""", re.MULTILINE
)
_TOML_PLACE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


class Form(StrEnum):
    """Syntax of a file's front matter."""

    NONE = "none"
    YAML = "yaml"
    TOML = "toml"
    JSON = "json"
    HEADERS = "headers"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Parts of a file: `head + block + tail + body` is its text, character for character.

    `head` holds a byte order mark, blank lines and the opening fence, `tail` the closing fence. `data` holds
    the parsed values: empty without a block or if it is broken. `problems` name the parts that were ignored.
    """

    form: Form
    head: str
    block: str
    tail: str
    body: str
    data: Mapping[str, object]
    problems: tuple[FrontMatterInvalid, ...] = ()

    @property
    def text(self) -> str:
        """Text of the whole file."""
        return self.head + self.block + self.tail + self.body

    def line_of(self, key: str) -> int | None:
        """Line of the file (from 1) of a front matter key; None if it is not found."""
        found = re.search(rf"(?:^|(?<=[\r\n{{,]))[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[:=]", self.block)
        if found is None:
            return None
        return count_lines(self.head) + count_lines(self.block[: found.start()]) + 1


def count_lines(text: str) -> int:
    """Counts line ends: `\\n`, `\\r\\n` or `\\r`."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def parse(text: str) -> FrontMatter:
    """Splits the text of a file. Never raises: broken parts are named in `problems`, and the body is kept."""
    opening = _OPENING.match(text)
    if opening is not None:
        return _fenced(text, opening)
    started = _JSON_START.match(text)
    if started is not None:
        return _json(text, started.end())
    started = _HEADER_START.match(text)
    if started is not None:
        return _headers(text, started.end())
    return _none(text)


def _none(text: str, *problems: FrontMatterInvalid) -> FrontMatter:
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    return FrontMatter(Form.NONE, mark, "", "", text[len(mark) :], {}, problems)


def _fenced(text: str, opening: re.Match[str]) -> FrontMatter:
    fence, start = opening["fence"], opening.end()
    form = Form.TOML if fence == "+++" else Form.YAML
    closing = _closing(text, fence, start)
    if closing is None:
        return _unclosed(text, opening)
    block = text[start : closing.start()]
    parts = (form, text[:start], block, text[closing.start() : closing.end()], text[closing.end() :])
    offset = count_lines(text[:start])
    try:
        data, problems = _read_toml(block) if form is Form.TOML else _read_yaml(block, offset)
    except FrontMatterInvalid as error:
        if form is Form.YAML and not _KEY_LINE.match(block):
            return _none(text)
        return FrontMatter(*parts, {}, (_moved(error, offset),))
    if data is None:
        return _none(text)
    return FrontMatter(*parts, data, problems)


def _closing(text: str, fence: str, start: int) -> re.Match[str] | None:
    for found in _CLOSING.finditer(text, start, start + MAX_CHARACTERS + len(fence) + 2):
        ends_line = found.end() == len(text) or text[found.end() - 1] in "\r\n"
        if ends_line and (found["fence"] == fence or (found["fence"] is None and fence[0] == "-")):
            return found
    return None


def _unclosed(text: str, opening: re.Match[str]) -> FrontMatter:
    start = opening.end()
    if not _KEY_LINE.match(text[start : start + 4096]):
        return _none(text)
    line = count_lines(text[: opening.start("fence")]) + 1
    fence = opening["fence"]
    if len(text) - start > MAX_CHARACTERS:
        reason = f"the front matter does not end within {MAX_CHARACTERS:,} characters"
    else:
        reason = "the front matter is never closed"
    return _none(text, FrontMatterInvalid(reason, line=line, hint=f"end it with a line {fence}"))


def _moved(error: FrontMatterInvalid, lines: int) -> FrontMatterInvalid:
    return FrontMatterInvalid(str(error), line=error.line + lines, hint=error.hint)


def _read_yaml(block: str, offset: int) -> tuple[dict[str, object] | None, tuple[FrontMatterInvalid, ...]]:
    value, repeated = read_yaml(block)
    if value is None:
        return {}, ()
    if not isinstance(value, dict) or not any(_is_key(key) for key in value):
        return None, ()
    problems = [_repeated(again.key, again.line + 1 + offset) for again in repeated]
    return value, tuple(problems)


def _is_key(key: str) -> bool:
    return bool(_WORD_KEY.match(key)) or normal(key) in KNOWN


def _repeated(key: str, line: int) -> FrontMatterInvalid:
    return FrontMatterInvalid(f"{key!r} stands twice; the last one counts", line=line, hint="remove one of them")


def _read_toml(block: str) -> tuple[dict[str, object], tuple[FrontMatterInvalid, ...]]:
    block = block.replace("\r\n", "\n").replace("\r", "\n")
    if long_key := _LONG_TOML_KEY.search(block):
        raise _too_deep(count_lines(block[: long_key.start()]) + 1)
    try:
        return _checked(tomllib.loads(block), 1), ()
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else count_lines(block) or 1
        reason = _TOML_PLACE.sub("", str(error)).strip()
        hint = "check quotes and brackets on this line"
        raise FrontMatterInvalid(f"the TOML cannot be read: {reason}", line=line, hint=hint) from error
    except RecursionError as error:
        raise _too_deep(1) from error
    except ValueError as error:
        raise FrontMatterInvalid(f"the TOML cannot be read: {error}", line=1) from error


def _checked(data: dict[str, object], line: int) -> dict[str, object]:
    """Data that is not nested too deeply for recursive readers."""
    level: list[object] = [data]
    for _ in range(MAX_NESTING):
        inner = [value.values() if isinstance(value, dict) else value for value in level]
        level = [value for values in inner for value in values if isinstance(value, dict | list)]  # type: ignore[attr-defined]
        if not level:
            return data
    raise _too_deep(line)


def _too_deep(line: int) -> FrontMatterInvalid:
    return FrontMatterInvalid("nested too deeply", line=line, hint="flatten the values")


def _json(text: str, start: int) -> FrontMatter:
    repeated: list[str] = []
    limited = text[start : start + MAX_CHARACTERS]
    line = count_lines(text[:start]) + 1
    try:
        data, length = _json_decoder(repeated).raw_decode(limited)
        _checked(data, line)
    except json.JSONDecodeError as error:
        place = line + count_lines(limited[: error.pos])
        hint = "check quotes, commas and brackets on this line and the one before"
        broken = FrontMatterInvalid(f"the JSON cannot be read: {error.msg}", line=place, hint=hint)
        return _json_broken(text, start, broken)
    except RecursionError:
        return _json_broken(text, start, _too_deep(line))
    except FrontMatterInvalid as error:
        return _json_broken(text, start, error)
    except ValueError as error:
        return _json_broken(text, start, FrontMatterInvalid(f"the JSON cannot be read: {error}", line=line))
    rest = _REST_OF_LINE.match(text, start + length)
    if rest is None:
        return _none(text)
    block = text[start : start + length]
    problems = tuple(_repeated(key, line) for key in repeated)
    return FrontMatter(Form.JSON, text[:start], block, rest[0], text[rest.end() :], data, problems)


def _json_decoder(repeated: list[str]) -> json.JSONDecoder:
    def collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
        result: dict[str, object] = {}
        for key, value in pairs:
            if key in result:
                repeated.append(key)
            result[key] = value
        return result

    return json.JSONDecoder(object_pairs_hook=collect)


def _json_broken(text: str, start: int, error: FrontMatterInvalid) -> FrontMatter:
    if _JSON_KEY.match(text, start) is None:
        return _none(text)
    return _none(text, error)


def _headers(text: str, start: int) -> FrontMatter:
    data: dict[str, object] = {}
    problems: list[FrontMatterInvalid] = []
    key, place, line = "", start, count_lines(text[:start])
    for found in _LINE.finditer(text, start, start + MAX_CHARACTERS):
        content = found[0].rstrip("\r\n")
        line += 1
        if not content.strip():
            break
        header = _HEADER.match(content)
        if header is not None:
            key = header[1]
            if key in data:
                problems.append(_repeated(key, line))
            data[key] = (header[2] or "").strip()
        elif key and content[0] in " \t":
            data[key] = f"{data[key]}\n{content.strip()}".strip()
        else:
            return _none(text)
        place = found.end()
    names = {normal(name) for name in data}
    if not (names & set(TITLE) or len(names & KNOWN) > 1):
        return _none(text)
    blank = _REST_OF_LINE.match(text, place)
    end = blank.end() if blank else place
    parts = (text[:start], text[start:place], text[place:end], text[end:])
    return FrontMatter(Form.HEADERS, *parts, data, tuple(problems))
