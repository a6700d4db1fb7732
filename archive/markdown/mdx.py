"""Converts MDX (https://mdxjs.com/docs/what-is-mdx/) to Markdown: removes imports, exports, expressions and components.

The content of a component stays, and so does its title or label. HTML tags lose the attributes whose values are
expressions. Lines inside a component lose its indentation, which in MDX makes no code.
"""

from __future__ import annotations

import re
from functools import lru_cache

from backfile.archive.markdown.code_regions import CodeRegions

_OPENINGS = {"{": "}", "(": ")", "[": "]"}
_MAX_LENGTH = 20_000
"""Most characters of a brace or tag; one that does not close within them is text."""
_MANY = 200  # braces and tags of one article
_MANY_MODULES = 50  # imports and exports of one article
_MOST_OPEN = 5  # brackets of one of these that do not close, after which brackets are text
_LONGEST_INDENT = 1_000

_CODE = re.compile(
    r"^[ \t]*(?P<fence>`{3,}+|~{3,}+)[^\n]*\n(?:.*?^[ \t]*(?P=fence)[`~]*[ \t]*$|.*)"
    r"|(?P<ticks>`++)(?:(?!\n\s*\n).){0,20000}?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_MODULE = re.compile(
    r"import\s*(?:[\"'{*]|[\w$]+\s*(?:,|\bfrom\b))|export\s*(?:[{*]|(?:const|let|var|default|function|class|async)\b)"
)
# Names of an import, of which one pair of braces may go over several lines.
_BRACES = r"\{[^{}'\"]*+\}"
_IN_LINE = r"[^;'\"\n{]|\{(?![^{}'\";\n]*+[;\n])"
_IMPORT = re.compile(
    rf"import\b(?:{_IN_LINE})*+(?:{_BRACES}[^;'\"\n]*+)?(?:\"[^\"\n]*+\"|'[^'\n]*+')[ \t]*+;?[ \t]*+(?=\n|\Z)"
)
_NO_FROM = r"(?!\bfrom[ \t]*+[\"'])"
_PROGRAM = re.compile(
    rf"^(?:import\b(?:{_NO_FROM}(?:{_IN_LINE}))*+(?:{_BRACES}(?:{_NO_FROM}[^;'\"\n])*+)?"
    r"\bfrom[ \t]*+[\"'][^\"'\n]++[\"'][ \t]*+;?[ \t]*+$"
    r"|import[ \t]+[\"'](?=[.@~/]|[^\"'\n]+\.(?:s?css|js)[\"'])[^\"'\n]+[\"'][ \t]*;?[ \t]*$"
    r"|export[ \t]+(?:const|let|default|function)[ \t]+[\w$]+[ \t]*[=(]"
    r"|[ \t]*<[A-Z][\w.]*[ \t\n][^<>{}]{0,400}=\{)",
    re.MULTILINE,
)
_MATH = re.compile(
    r"\$\$(?:[^$\\]|\\.){1,2000}+\$\$|\$(?=[^\s$])(?=[^$\n]{0,300}?[\\^_{])(?:[^$\n\\]|\\[^\n]){1,300}+(?<=\S)\$(?!\d)",
    re.DOTALL,
)
_CONSTRUCT_START = re.compile(r"[`~{<$\\]|^(?=import\b|export\b)", re.MULTILINE)
_TAG = re.compile(r"</?(?P<name>[A-Za-z][\w.:-]*)?(?=[\s/>])")
_CLOSING_TAG = re.compile(r"</([A-Za-z][\w.:-]*+)")
_ATTRIBUTE = re.compile(r"\s*(?P<name>[\w:.-]+)\s*(?:=\s*(?P<value>\"[^\"]*\"|'[^']*'|(?=\{)))?")
_LITERAL = re.compile(r"\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|`([^`$]*)`)\s*\Z")
_FILE_REFERENCE = re.compile(r"""(?:require|useBaseUrl|withBase)\(\s*["']([^"']+)["']\s*\)""")
_LABEL_ATTRIBUTES = ("title", "label", "summary", "caption", "heading")
_HTML_NAMES = {"classname": "class", "htmlfor": "for"}
_VOID = re.compile(r"<(?:area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)\b", re.IGNORECASE)
_FIRST_LINE_INSIDE = re.compile(r"[ \t]*\n(?:[ \t]*\n)*( *)(?=\S)")
_BLANK_LINES = re.compile(r"\n{3,}")


def is_mdx(path: str, body: str) -> bool:
    """Whether the body of the article at `path` is MDX: by its suffix, or by a program outside code.

    Docusaurus reads every `.md` file as MDX. A program is an import, an export, or a component with an expression.
    """
    if path.lower().endswith(".mdx"):
        return True
    if "{{<" in body or "{{%" in body:  # of Hugo, whose shortcodes may hold programs
        return False
    if "import" not in body and "export" not in body and "={" not in body:
        return False
    body = body.replace("\r\n", "\n")
    found = list(_PROGRAM.finditer(body))
    regions = CodeRegions(body) if found else None
    return any(regions is not None and not regions.is_code(each.start()) for each in found)


def mdx_to_markdown(body: str) -> str:
    """Converts MDX to Markdown. Code stays unchanged; an MDX construct that is never closed is text."""
    pieces: list[str] = []
    indents = [0]
    at = 0
    while (found := _CONSTRUCT_START.search(body, at)) is not None:
        start = found.start()
        pieces.append(_moved_left(body[at:start], indents[-1]))
        shown, at = _construct(body, start)
        pieces.append(_moved_left(shown, indents[-1]))
        if body[start] == "<" and at > start + 1:
            _follow(body, start, at, indents)
    pieces.append(_moved_left(body[at:], indents[-1]))
    return _BLANK_LINES.sub("\n\n", "".join(pieces)).lstrip("\n")


def _follow(body: str, start: int, end: int, indents: list[int]) -> None:
    """Notes by how much lines are indented inside the element whose tag is at `start`, or that it ends."""
    if body[start + 1] == "/":
        del indents[max(1, len(indents) - 1) :]
    elif body[end - 2] != "/" and not _VOID.match(body, start):
        inside = _FIRST_LINE_INSIDE.match(body, end)
        line = _text_before(body, start)
        is_block = inside is not None and not line.strip()
        indents.append(max(len(line), len(inside[1])) if is_block and inside else indents[-1])


def _moved_left(text: str, indent: int) -> str:
    """Text whose lines, but the first, lose up to `indent` spaces."""
    if not indent or "\n " not in text:
        return text
    first, *lines = text.split("\n")
    return "\n".join([first, *(line[min(indent, len(line) - len(line.lstrip(" "))) :] for line in lines)])


def _construct(body: str, start: int) -> tuple[str, int]:
    """Markdown of the construct that begins at `start`, and the position of its end."""
    first = body[start]
    if first == "\\":
        return body[start : start + 2], start + 2
    if first in "`~":
        return _code(body, start)
    if first == "$":
        math = _MATH.match(body, start)
        return (math[0], math.end()) if math else (first, start + 1)
    if first == "{":
        end = _closing(body, start)
        return (_expression_text(body[start + 1 : end - 1]), end) if end else (first, start + 1)
    if first == "<":
        return _tag(body, start)
    return _module(body, start)


def _code(body: str, start: int) -> tuple[str, int]:
    """Code that begins at `start`, or the signs there that begin none, and the position of its end."""
    code = _CODE.match(body, start - _indent(body, start)) or _CODE.match(body, start)
    if code and code.end() > start:
        return body[start : code.end()], code.end()
    near = body[start : start + _MAX_LENGTH]
    run = near[: len(near) - len(near.lstrip(body[start]))]  # no sign of it begins code alone
    return run, start + len(run)


def _indent(body: str, start: int) -> int:
    before = _text_before(body, start)
    return len(before) if not before.strip() else 0


def _text_before(body: str, start: int) -> str:
    """Text before a position on its line, at most its last characters."""
    return body[max(0, start - _LONGEST_INDENT) : start].rpartition("\n")[2]


def _module(body: str, start: int) -> tuple[str, int]:
    """Empty text for an import or export, which ends at the first empty line outside its braces, and its end."""
    is_first = start <= _first_word(body)
    is_alone = is_first or body.endswith(("\n\n", ";\n"), 0, start) or _follows_module(body, start)
    if not is_alone or not _MODULE.match(body, start):
        return body[start : start + 1], start + 1
    if (found := _IMPORT.match(body, start)) is not None:
        return "", found.end()
    at, opened = start, 0
    while at < len(body):
        if body[at] in _OPENINGS and opened < _MOST_OPEN:
            end = _closing(body, at, _MAX_LENGTH // (1 + _modules(body) // _MANY_MODULES))
            opened += end is None
            at = end or at + 1
        elif body.startswith("\n\n", at):
            return "", at
        else:
            at += 1
    return "", at


def _follows_module(body: str, start: int) -> bool:
    """Whether the line before `start` is an import or export."""
    above = body.rfind("\n", 0, max(0, start - 1)) + 1
    return body[start - 1 : start] == "\n" and _MODULE.match(body, above, start - 1) is not None


def _closing(body: str, start: int, longest: int | None = None) -> int | None:
    """Position after the bracket that closes the one at `start`; brackets in strings and comments are ignored."""
    waiting: list[str] = []
    missing = ""  # ends that were looked for in vain
    at, limit = start, min(len(body), start + (_longest(body) if longest is None else min(longest, _longest(body))))
    while at < limit:
        character = body[at]
        if character in "\"'`" and character not in missing:
            end = body.find(character, at + 1, limit)
            missing += character if end < 0 else ""
            at = end if end > 0 and (character == "`" or "\n" not in body[at:end]) else at
        elif character == "/" and "*" not in missing and body.startswith("/*", at):
            end = body.find("*/", at, limit)
            missing += "*" if end < 0 else ""
            at = end + 1 if end > 0 else at
        elif character in _OPENINGS:
            waiting.append(_OPENINGS[character])
        elif waiting and character == waiting[-1]:
            waiting.pop()
            if not waiting:
                return at + 1
        at += 1
    return None


@lru_cache(maxsize=4)
def _longest(body: str) -> int:
    """Most characters of a brace or tag: the fewer, the more of them there are, so that none takes long."""
    return _MAX_LENGTH // (1 + (body.count("{") + body.count("<")) // _MANY)


@lru_cache(maxsize=4)
def _first_word(body: str) -> int:
    """Position of the first character that is no white space."""
    return len(body) - len(body.lstrip())


@lru_cache(maxsize=4)
def _modules(body: str) -> int:
    """Number of lines that may be imports or exports."""
    return body.count("\nimport") + body.count("\nexport")


@lru_cache(maxsize=4)
def _closed_names(body: str) -> frozenset[str]:
    """Names of the tags that end an element."""
    return frozenset(found[1] for found in _CLOSING_TAG.finditer(body))


def _expression_text(inside: str) -> str:
    """Text of an expression that is a string literal; empty for any other expression."""
    found = _LITERAL.match(inside)
    return next((each for each in found.groups() if each is not None), "") if found else ""


def _tag(body: str, start: int) -> tuple[str, int]:
    opening = _TAG.match(body, start)
    if opening is None or body.startswith("<!--", start):
        return "<", start + 1
    attributes: dict[str, str | None] = {}
    has_expression = False
    at = opening.end()
    while not body.startswith((">", "/>"), at):
        if body[at : at + 1] == "{":  # {...props}
            end, has_expression = _closing(body, at), True
        else:
            found = _ATTRIBUTE.match(body, at)
            if found is None:
                end = at + 1 if body[at : at + 1].isspace() else None
            elif body[found.end() : found.end() + 1] == "{" and found[0].rstrip().endswith("="):
                end, has_expression = _closing(body, found.end()), True
                attributes[found["name"]] = _value(body[found.end() + 1 : (end or 1) - 1])
            else:
                end = found.end()
                attributes[found["name"]] = found["value"][1:-1] if found["value"] else ""
        if end is None or end > start + _longest(body):
            return "<", start + 1
        at = end
    end = body.index(">", at) + 1
    name = opening["name"] or ""
    if (
        name
        and not any(attributes.values())
        and body[end - 2] != "/"
        and name not in _closed_names(body)
        and opening[0][1] != "/"
    ):
        return "<", start + 1  # words in angle brackets
    if name[:1].islower() and "." not in name:
        return (_html(opening[0], attributes, body[at:end]) if has_expression else body[start:end]), end
    return _component_label(attributes), end


def _value(expression: str) -> str | None:
    """Value of an attribute whose expression is a string literal or a file reference."""
    place = _FILE_REFERENCE.search(expression)
    return place[1] if place else _expression_text(expression) or None


def _html(opening: str, attributes: dict[str, str | None], closing: str) -> str:
    """HTML tag with the attributes whose values are known."""
    kept = "".join(
        f' {_HTML_NAMES.get(name.lower(), name)}="{value}"'
        for name, value in attributes.items()
        if value is not None and '"' not in value
    )
    return f"{opening}{kept}{closing}"


def _component_label(attributes: dict[str, str | None]) -> str:
    """Title or label of a component, in bold."""
    words = next((attributes[name] for name in _LABEL_ATTRIBUTES if attributes.get(name)), None)
    return f"\n\n**{words}**\n\n" if words and re.search(r"\w", words) else ""
