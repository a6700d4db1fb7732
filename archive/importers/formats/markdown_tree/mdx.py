"""MDX (Docusaurus and others) as Markdown: no imports, no exports, no expressions, no tags of components.

What components enclose stays, and so do the words that a component is given as its title or label. Tags of HTML lose
the attributes that only a program can read (https://mdxjs.com/docs/what-is-mdx/).
"""

from __future__ import annotations

import re

_OPENINGS = {"{": "}", "(": ")", "[": "]"}
_FURTHEST = 20_000
"""Characters within which a brace or tag must close; one that does not is text."""

_CODE = re.compile(
    r"^[ \t]*(?P<fence>`{3,}|~{3,})[^\n]*\n(?:.*?^[ \t]*(?P=fence)[`~]*[ \t]*$|.*)"
    r"|(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)*?(?<!`)(?P=ticks)(?!`)",
    re.MULTILINE | re.DOTALL,
)
_MODULE = re.compile(
    r"import\s*(?:[\"'{*]|[\w$]+\s*(?:,|\bfrom\b))|export\s*(?:[{*]|(?:const|let|var|default|function|class|async)\b)"
)
_SIGN = re.compile(r"[`~{<\\]|^(?=import\b|export\b)", re.MULTILINE)
_TAG = re.compile(r"</?(?P<name>[A-Za-z][\w.:-]*)?(?=[\s/>])")
_ATTRIBUTE = re.compile(r"\s*(?P<name>[\w:.-]+)\s*(?:=\s*(?P<value>\"[^\"]*\"|'[^']*'|(?=\{)))?")
_LITERAL = re.compile(r"\s*(?:\"([^\"\n]*)\"|'([^'\n]*)'|`([^`$]*)`)\s*\Z")
_PLACE = re.compile(r"""(?:require|useBaseUrl|withBase)\(\s*["']([^"']+)["']\s*\)""")
_SHOWN = ("title", "label", "summary", "caption", "heading")
_HTML_NAMES = {"classname": "class", "htmlfor": "for"}
_BLANK_LINES = re.compile(r"\n{3,}")


def to_markdown(body: str) -> str:
    """The Markdown in a text in MDX. Code stays as it is; what looks like MDX and never ends is text."""
    pieces: list[str] = []
    at = 0
    while (sign := _SIGN.search(body, at)) is not None:
        start = sign.start()
        pieces.append(body[at:start])
        shown, at = _construct(body, start)
        pieces.append(shown)
    pieces.append(body[at:])
    return _BLANK_LINES.sub("\n\n", "".join(pieces)).lstrip("\n")


def _construct(body: str, start: int) -> tuple[str, int]:
    """What is shown of the construct that begins at `start`, and where it ends."""
    first = body[start]
    if first == "\\":
        return body[start : start + 2], start + 2
    if first in "`~":
        code = _CODE.match(body, start - _indent(body, start)) or _CODE.match(body, start)
        return (body[start : code.end()], code.end()) if code and code.end() > start else (first, start + 1)
    if first == "{":
        end = _closing(body, start)
        return (_of_expression(body[start + 1 : end - 1]), end) if end else (first, start + 1)
    if first == "<":
        return _tag(body, start)
    return _module(body, start)


def _indent(body: str, start: int) -> int:
    line = body.rfind("\n", 0, start) + 1
    return start - line if not body[line:start].strip() else 0


def _module(body: str, start: int) -> tuple[str, int]:
    """An import or export: to the first empty line that is not within its braces."""
    is_alone = not body[:start].strip() or body[:start].endswith(("\n\n", ";\n")) or _follows_module(body, start)
    if not is_alone or not _MODULE.match(body, start):
        return body[start : start + 1], start + 1
    at = start
    while at < len(body):
        if body[at] in _OPENINGS:
            at = _closing(body, at) or at + 1
        elif body.startswith("\n\n", at):
            return "", at
        else:
            at += 1
    return "", at


def _follows_module(body: str, start: int) -> bool:
    """Whether the line above is an import or export as well."""
    above = body[:start].rstrip("\n").rpartition("\n")[2]
    return body[start - 1 : start] == "\n" and _MODULE.match(above) is not None


def _closing(body: str, start: int) -> int | None:
    """Just behind the bracket that closes the one at `start`; brackets in strings and comments count for nothing."""
    waiting: list[str] = []
    at, furthest = start, min(len(body), start + _FURTHEST)
    while at < furthest:
        character = body[at]
        if character in "\"'`":
            end = body.find(character, at + 1, furthest)
            at = end if end > 0 and (character == "`" or "\n" not in body[at:end]) else at
        elif body.startswith("/*", at):
            end = body.find("*/", at, furthest)
            at = end + 1 if end > 0 else at
        elif character in _OPENINGS:
            waiting.append(_OPENINGS[character])
        elif waiting and character == waiting[-1]:
            waiting.pop()
            if not waiting:
                return at + 1
        at += 1
    return None


def _of_expression(inside: str) -> str:
    """What a reader sees of an expression: a text that is written out, else nothing that could be known here."""
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
        if end is None or end > start + _FURTHEST:
            return "<", start + 1
        at = end
    end = body.index(">", at) + 1
    name = opening["name"] or ""
    if name[:1].islower() and "." not in name:
        return (_html(opening[0], attributes, body[at:end]) if has_expression else body[start:end]), end
    return _of_component(attributes), end


def _value(expression: str) -> str | None:
    """The text that an attribute has by an expression, if it can be told."""
    place = _PLACE.search(expression)
    return place[1] if place else _of_expression(expression) or None


def _html(opening: str, attributes: dict[str, str | None], closing: str) -> str:
    """A tag of HTML with the attributes whose values are known."""
    kept = "".join(
        f' {_HTML_NAMES.get(name.lower(), name)}="{value}"'
        for name, value in attributes.items()
        if value is not None and '"' not in value
    )
    return f"{opening}{kept}{closing}"


def _of_component(attributes: dict[str, str | None]) -> str:
    """The words that a component shows above what it encloses, in bold."""
    words = next((attributes[name] for name in _SHOWN if attributes.get(name)), None)
    return f"\n\n**{words}**\n\n" if words and re.search(r"\w", words) else ""
