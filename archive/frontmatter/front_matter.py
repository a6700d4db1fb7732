"""Front matter: boundaries and values. Lossless: `head + block + tail + body` is the file.

Five forms are known: YAML between `---` lines, TOML between `+++` lines (both as Hugo, Jekyll and Zola have them), a
JSON object (Hugo), header lines `Title: …` up to the first blank line (Pelican, MultiMarkdown) or a line `---` (Hexo),
and comments (`[#]: author: "…"`, a whole block in an HTML comment, the heads of Nikola, Org and pandoc). Byte order
marks, blank lines, comments and a `#!` line may come before. A `---` block that is no mapping of keys (a letterhead, a
thematic break) is text and stays in the body. Broken blocks are read as far as they can be (`recovery.py`).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from backfile.archive.errors import FrontMatterInvalid
from backfile.archive.frontmatter.comment_metadata import read_comments
from backfile.archive.frontmatter.header_lines import MAX_CHARACTERS, HeaderReader, count_lines, repeated_key
from backfile.archive.frontmatter.recovery import (
    LONG_TOML_KEY,
    are_keys,
    conflict_above,
    end_of_keys,
    key_of,
    looks_like_keys,
    recover,
    recover_toml,
    suspect_lines,
)
from backfile.archive.frontmatter.yaml_reader import read_yaml, swallowed_text, too_deep, within_nesting
from backfile.archive.metadata.field_names import KNOWN, normal

_EOL = r"(?>\r\n|\n|\r)"
_LABEL = r"[ \t\u00a0]*+(?:(?P<syntax>ya?ml|toml|json|js|javascript|coffee|cson)\b[ \t\u00a0]*+)?(?:\#[^\r\n]*+)?"
_DASHES = r"-{3,}|-?[—–][—–-]{0,2}"  # editors make dashes of hyphens
_PREAMBLE = re.compile(
    rf"(?:[\ufeff\u200b\u2060 \t\u00a0]*+{_EOL}|[\ufeff\u200b\u2060]++|<!--(?:(?!-->)[\s\S])*+-->[ \t]*+{_EOL}|"
    rf"\#![^\r\n]*+{_EOL}|\{{\#(?:(?!\#\}})[\s\S])*+\#\}}[ \t]*+{_EOL}|\{{/\*(?:(?!\*/\}})[\s\S])*+\*/\}}[ \t]*+{_EOL}|"
    rf"\{{\{{-?/\*(?:(?!\*/)[\s\S])*+\*/-?\}}\}}[ \t]*+{_EOL}|"
    rf"<{{7}}(?:[ ][^\r\n]*+)?{_EOL}(?:={{7}}{_EOL})?|"
    rf"\{{%-?[ ]comment\b(?:(?!endcomment)[\s\S])*+endcomment[ ]-?%\}}[ \t]*+{_EOL})*+"
)
_MARK = re.compile(rf"\ufeff?(?:[ \t]*+{_EOL})*+")
_OPENING = re.compile(rf"(?P<fence>{_DASHES}|\+\+\+|;;;){_LABEL}{_EOL}")
_CLOSING = re.compile(rf"(?<=[\r\n])(?P<fence>{_DASHES}|\+\+\+|;;;|\.\.\.)[ \t\u00a0]*(?:\r\n|\n|\r|\Z)")
_JSON_START = re.compile(r"(?=\{\s*[\"}])")
_HTML_BLOCK = re.compile(
    rf"(?P<head>(?:[ \t\ufeff]*+{_EOL})*+<!--[^\r\n]*+{_EOL}(?:[ \t]*+{_EOL})*+"
    rf"(?:(?P<fence>---|\+\+\+)[ \t]*+{_EOL})?+)"
    rf"(?P<block>(?:(?!-->|---|\+\+\+)[\s\S])*+)"
    rf"(?P<tail>(?:(?:-{{3,}}|\+\+\+)[ \t]*+{_EOL})?[^\r\n]{{0,40}}?--+>[ \t]*+(?:{_EOL}|\Z))"
)
_JSON_KEY = re.compile(r"\{\s*\"[\w .-]+\"\s*:")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r\n|\n|\r|\Z)")
_KEY_LINE = re.compile(r"(?:[ \t]*(?:#[^\r\n]*+)?(?:\r\n|\n|\r))*+[\"']?\w[\w .\t-]*+[\"']?[ \t]*+[:=](?:[ \t\r\n]|\Z)")
_WORD_KEY = re.compile(r"[^\W\d][\w.-]*\Z")
_HEADER_START = re.compile(r"(?=[^\W\d][\w .-]{0,40}[ \t]*[:：])")
_BLANK_LINE = re.compile(r"(?<=[\r\n])[ \t]*(?:\r\n|\n|\r)")
_PAGE_KEYS = KNOWN | {"layout", "permalink", "slug", "url", "id", "type"}
_TOML_LINE = re.compile(r"\s*(?:#[^\n]*\n\s*)*[\w-]+[ \t]*=[ \t]")
_TOML_PLACE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


class Form(StrEnum):
    """Syntax of a file's front matter."""

    NONE = "none"
    YAML = "yaml"
    TOML = "toml"
    JSON = "json"
    HEADERS = "headers"
    COMMENTS = "comments"


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """Parts of a file: `head + block + tail + body` is its text, character for character.

    `head` holds a byte order mark, blank lines, comments and the opening fence, `tail` the closing fence. `data` holds
    the parsed values: empty without a block, and those that could be read if it `is_broken`. `problems` name the parts
    that were ignored or read by a guess.
    """

    form: Form
    head: str
    block: str
    tail: str
    body: str
    data: Mapping[str, object]
    problems: tuple[FrontMatterInvalid, ...] = ()
    is_broken: bool = False

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


def parse(text: str) -> FrontMatter:
    """Splits the text of a file. Never raises: broken parts are named in `problems`, and the body is kept."""
    front = _parse(text)
    if front.data and front.form in {Form.YAML, Form.TOML}:
        front = _with_second_block(front)
    conflict = conflict_above(text, len(front.head))
    return replace(front, problems=(conflict, *front.problems), is_broken=True) if conflict else front


def _with_second_block(front: FrontMatter) -> FrontMatter:
    """Front matter with the keys of a second block right below it, such as converters leave; it is no text."""
    start = front.body.lstrip()[:3]
    if not (start in {"---", "+++"} or key_of(front.body.lstrip()[:99])):
        return front
    second = _parse(front.body)
    if second.form not in {Form.YAML, Form.TOML} or not are_keys({normal(key) for key in second.data}):
        return front
    line = count_lines(front.head + front.block + front.tail + second.head)
    reason = "a second block of front matter; its keys count where the first has none"
    problem = FrontMatterInvalid(reason, line=max(line, 1), hint="make one block of both")
    tail = front.tail + second.head + second.block + second.tail
    data = {**second.data, **front.data}
    problems = (
        *front.problems,
        problem,
        *(_moved(each, count_lines(front.text) - count_lines(front.body)) for each in second.problems),
    )
    return replace(front, tail=tail, body=second.body, data=data, problems=problems, is_broken=True)


def _parse(text: str) -> FrontMatter:
    preamble = _PREAMBLE.match(text)
    start = preamble.end() if preamble else 0
    opening = _OPENING.match(text, start)
    if opening is not None:
        return _fenced(text, opening)
    if _JSON_START.match(text, start):
        return _json(text, start)
    if _HEADER_START.match(text, start):
        return _headers(text, start)
    return _comments(text)


def _comments(text: str) -> FrontMatter:
    """Metadata in comments, or none."""
    whole = _HTML_BLOCK.match(text)
    if whole is not None and looks_like_keys(whole["block"]):
        form = Form.TOML if whole["fence"] == "+++" else Form.YAML
        return _block(form, text, (whole.end("head"), whole.start("tail"), whole.end()))
    mark = _MARK.match(text)
    start = mark.end() if mark else 0
    data, end = read_comments(text, start)
    if not data:
        return _none(text)
    return FrontMatter(Form.COMMENTS, text[:start], text[start:end], "", text[end:], data)


def _none(text: str, *problems: FrontMatterInvalid) -> FrontMatter:
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    return FrontMatter(Form.NONE, mark, "", "", text[len(mark) :], {}, problems)


def _fenced(text: str, opening: re.Match[str]) -> FrontMatter:
    fence, start = opening["fence"], opening.end()
    closing = _closing(text, fence, start)
    problems: tuple[FrontMatterInvalid, ...] = ()
    if closing is None or fence[0] in "—–" or "—" in fence or "–" in fence:
        if not (_KEY_LINE.match(text[start : start + 4096]) or key_of(text[start : start + 99].lstrip())):
            return _none(text)
        closing = closing or _closing(text, fence, start, alike=True)
        if closing is None:
            return _unclosed(text, opening)
        line = count_lines(text[: opening.start()]) + 1
        if closing["fence"] != fence or not set(fence) <= set("-+;"):
            reason = f"the front matter is fenced by {fence} and {closing['fence']}"
            plain = fence if set(fence) <= set("-+;") else "---"
            problems = (FrontMatterInvalid(reason, line=line, hint=f"write {plain} above and below"),)
    block = text[start : closing.start()]
    if opening["syntax"] == "json" or (fence == ";;;" and block.lstrip().startswith("{")):
        inner = start + len(block) - len(block.lstrip())
        return _json(text, inner, closing.end())
    form = Form.TOML if fence == "+++" or opening["syntax"] == "toml" else Form.YAML
    front = _block(form, text, (start, closing.start(), closing.end()), problems)
    if front.form is not Form.NONE or opening["syntax"] is None:
        return front
    line = count_lines(text[: opening.start()]) + 1
    unread = FrontMatterInvalid(f"front matter in {opening['syntax']} is not read", line=line, hint="write it in YAML")
    parts = (text[:start], block, closing[0], text[closing.end() :])
    return FrontMatter(Form.YAML, *parts, {}, (unread,), is_broken=True)


def _block(
    form: Form, text: str, span: tuple[int, int, int], problems: tuple[FrontMatterInvalid, ...] = ()
) -> FrontMatter:
    """Front matter whose `span` is the start and end of its block and the start of the body."""
    start, end, body = span
    block, offset = text[start:end], count_lines(text[:start])
    parts = (text[:start], block, text[end:body], text[body:])
    broken: FrontMatterInvalid | None = None
    try:
        data, found = _read_toml(block) if form is Form.TOML else _read_yaml(block, offset)
    except FrontMatterInvalid as error:
        if form is Form.TOML:
            return _broken_toml(parts, (*problems, _moved(error, offset)), offset)
        broken = error
    else:
        if data is not None:
            return FrontMatter(form, *parts, data, problems + found)
    return _recovered(text, parts, problems, broken, offset)


def _broken_toml(
    parts: tuple[str, str, str, str], problems: tuple[FrontMatterInvalid, ...], offset: int
) -> FrontMatter:
    block = parts[1]
    if looks_like_keys(block) and not _TOML_LINE.match(block):
        try:
            data, _ = _read_yaml(block, offset)
        except FrontMatterInvalid:
            data = None
        if data:
            slip = FrontMatterInvalid("YAML between lines +++", line=offset or 1, hint="write --- above and below")
            return FrontMatter(Form.YAML, *parts, data, (slip,))
    return FrontMatter(Form.TOML, *parts, recover_toml(block), problems, is_broken=True)


def _recovered(
    text: str,
    parts: tuple[str, str, str, str],
    problems: tuple[FrontMatterInvalid, ...],
    error: FrontMatterInvalid | None,
    offset: int,
) -> FrontMatter:
    """Front matter of a block that is no YAML mapping of keys; `error` is that of its parser, if it raised one."""
    block = parts[1]
    is_known = looks_like_keys(block)
    if not is_known and (error is None or not _KEY_LINE.match(block)):
        return _none(text, *suspect_lines(block, offset))
    if is_known and _TOML_LINE.match(block):
        try:
            data, _ = _read_toml(block)
        except FrontMatterInvalid:
            pass
        else:
            slip = FrontMatterInvalid("TOML between lines ---", line=offset or 1, hint="write +++ above and below")
            return FrontMatter(Form.TOML, *parts, data, (*problems, slip))
    data, slips = recover(block)
    found = slips or ((error,) if error else ())
    problems += tuple(_moved(each, offset) for each in found)
    return FrontMatter(Form.YAML, *parts, data, problems, is_broken=True)


def _closing(text: str, fence: str, start: int, *, alike: bool = False) -> re.Match[str] | None:
    """Closing fence; with `alike` also one of another length, or of dashes that an editor made of hyphens."""
    for found in _CLOSING.finditer(text, start, start + MAX_CHARACTERS + len(fence) + 2):
        ends_line = found.end() == len(text) or text[found.end() - 1] in "\r\n"
        mark = found["fence"]
        fits = mark == fence or (mark == "..." and fence[0] == "-" and fence[-1] == "-")
        if ends_line and (fits or (alike and mark != "..." and (mark[0] in "-—–") == (fence[0] in "-—–"))):
            return found
    return None


def _unclosed(text: str, opening: re.Match[str]) -> FrontMatter:
    start = opening.end()
    line = count_lines(text[: opening.start("fence")]) + 1
    fence = opening["fence"]
    if len(text) - start > MAX_CHARACTERS:
        reason = f"the front matter does not end within {MAX_CHARACTERS:,} characters"
    else:
        reason = "the front matter is never closed"
    problem = FrontMatterInvalid(reason, line=line, hint=f"end it with a line {fence}")
    far = next((found for found in _CLOSING.finditer(text, start) if found["fence"] == fence), None)
    if far is not None:
        block = text[start : far.start()]
        data, slips = recover(block[:MAX_CHARACTERS].rpartition("\n")[0]) if fence[0] == "-" else ({}, ())
        parts = (text[:start], block, far[0], text[far.end() :])
        found = tuple(_moved(each, count_lines(text[:start])) for each in slips)
        return FrontMatter(_form(fence), *parts, data, (problem, *found), is_broken=True)
    end = end_of_keys(text, start, start + MAX_CHARACTERS)
    if looks_like_keys(text[start:end]):
        blank = _BLANK_LINE.match(text, end)
        read = _block(_form(fence), text, (start, end, blank.end() if blank else end), (problem,))
        return replace(read, is_broken=True)
    return _none(text, problem)


def _form(fence: str) -> Form:
    return Form.TOML if fence == "+++" else Form.YAML


def _moved(error: FrontMatterInvalid, lines: int) -> FrontMatterInvalid:
    return FrontMatterInvalid(str(error), line=error.line + lines, hint=error.hint)


def _read_yaml(block: str, offset: int) -> tuple[dict[str, object] | None, tuple[FrontMatterInvalid, ...]]:
    value, repeated = read_yaml(block)
    if value is None:
        return {}, ()
    if not isinstance(value, dict) or not any(_is_key(key) for key in value):
        return None, ()
    problems = [repeated_key(again.key, again.line + 1 + offset) for again in repeated]
    problems += [_eaten(each.reason, each.line + 1 + offset) for each in swallowed_text(block)]
    return value, tuple(problems)


def _eaten(reason: str, line: int) -> FrontMatterInvalid:
    return FrontMatterInvalid(reason, line=line, hint="put quotes around the value if this belongs to it")


def _is_key(key: str) -> bool:
    return bool(_WORD_KEY.match(key)) or normal(key) in KNOWN


def _read_toml(block: str) -> tuple[dict[str, object], tuple[FrontMatterInvalid, ...]]:
    block = block.replace("\r\n", "\n").replace("\r", "\n")
    if long_key := LONG_TOML_KEY.search(block):
        raise too_deep(count_lines(block[: long_key.start()]) + 1)
    try:
        return within_nesting(tomllib.loads(block), 1), ()
    except tomllib.TOMLDecodeError as error:
        place = _TOML_PLACE.search(str(error))
        line = int(place[1]) if place and place[1] else count_lines(block) or 1
        reason = _TOML_PLACE.sub("", str(error)).strip()
        hint = "check quotes and brackets on this line"
        raise FrontMatterInvalid(f"the TOML cannot be read: {reason}", line=line, hint=hint) from error
    except RecursionError as error:
        raise too_deep(1) from error
    except ValueError as error:
        raise FrontMatterInvalid(f"the TOML cannot be read: {error}", line=1) from error


def _json(text: str, start: int, body: int = 0) -> FrontMatter:
    """Front matter of a JSON object; `body` is the end of the fence below it, if it has one."""
    repeated: list[str] = []
    limited = text[start : start + MAX_CHARACTERS]
    line = count_lines(text[:start]) + 1
    try:
        data, length = _json_decoder(repeated).raw_decode(limited)
        within_nesting(data, line)
    except json.JSONDecodeError as error:
        place = line + count_lines(limited[: error.pos])
        hint = "check quotes, commas and brackets on this line and the one before"
        broken = FrontMatterInvalid(f"the JSON cannot be read: {error.msg}", line=place, hint=hint)
        return _json_broken(text, start, broken)
    except RecursionError:
        return _json_broken(text, start, too_deep(line))
    except FrontMatterInvalid as error:
        return _json_broken(text, start, error)
    except ValueError as error:
        return _json_broken(text, start, FrontMatterInvalid(f"the JSON cannot be read: {error}", line=line))
    rest = _REST_OF_LINE.match(text, start + length)
    if rest is None and not body:
        return _none(text)
    end, below = start + length, body or (rest.end() if rest else 0)
    problems = tuple(repeated_key(key, line) for key in repeated)
    return FrontMatter(Form.JSON, text[:start], text[start:end], text[end:below], text[below:], data, problems)


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
    reader = HeaderReader(text, start)
    reader.read()
    is_fenced = reader.rule is not None and len(reader.data) > 1 and reader.rule[0][0] == "-"
    if not are_keys(reader.names()) and not (is_fenced and reader.names() & _PAGE_KEYS):
        return _none(text, *(suspect_lines(text[start : reader.end], count_lines(text[:start])) if reader.rule else ()))
    if reader.rule and reader.rule[0][0] == "-":
        return _block(Form.YAML, text, (start, reader.end, reader.rule.end()))
    blank = reader.rule or _REST_OF_LINE.match(text, reader.end)
    end = blank.end() if blank else reader.end
    parts = (text[:start], text[start : reader.end], text[reader.end : end], text[end:])
    return FrontMatter(Form.HEADERS, *parts, reader.data, tuple(reader.problems), is_broken=reader.has_slips)
