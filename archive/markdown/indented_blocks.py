"""Blocks of MkDocs and its extensions as the Markdown that a reader should see.

Admonitions (`!!! note "Title"`), collapsible ones (`??? note`), tabs (`=== "Title"`), whose content is indented, and
blocks between slashes (`/// note | Title`). The content is moved to the left; an admonition becomes an alert.
"""

from __future__ import annotations

import re

from backfile.archive.markdown.code_regions import CodeRegions

MAX_DEPTH = 8  # blocks within blocks; each level is read once more

_OPENING = re.compile(
    r"""^(?P<indent>[ \t>]*+)(?:
        (?:!!!|\?\?\?\+?)[ \t]*+(?P<kind>[\w-]++(?:[ ]++[\w-]++)*+)?+[ \t]*+(?:"(?P<title>[^"\n]*+)")?+
        [ \t]*+(?:\{[^{}\n]*+\})?+[ \t]*+$
      | ===[+!]{0,2}[ ]++(?:"(?P<tab>[^"\n]*+)"|'(?P<quoted>[^'\n]*+)')[ \t]*+$
    )""",
    re.VERBOSE | re.MULTILINE,
)
_SLASHES = re.compile(r"^[ \t]*(/{3,})[ \t]*(?:([a-z][\w-]*)[ \t]*(?:\|[ \t]*([^\n]*))?)?$", re.MULTILINE)
_OPTION = re.compile(r"[ \t]{4,}[\w-]+:[^\n]*(?:\n|\Z)")
_INDENTED = re.compile(r"(?:\t| {1,3}\t| {4})")
_WITHOUT_TITLE = ("caption", "figure-caption", "table-caption", "html", "define")
ALERTS = {
    "note": ("note", "info", "seealso", "todo", "example", "quote", "cite"),
    "tip": ("tip", "hint", "success", "check", "done"),
    "important": ("important", "abstract", "summary", "tldr", "question", "help", "faq"),
    "warning": ("warning", "attention"),
    "caution": ("caution", "danger", "error", "failure", "fail", "missing", "bug"),
}
"""Kinds that parsers know as alerts → kinds of other programs that are shown like them."""
_ALERT_OF = {kind: alert for alert, kinds in ALERTS.items() for kind in kinds}


def unindented(body: str, depth: int = MAX_DEPTH) -> str:
    """Body with the blocks of MkDocs as alerts and bold titles; code stays as it is."""
    if "///" in body:
        body = _without_slashes(body)
    if not any(sign in body for sign in ("!!!", "???", "===")) or depth == 0:
        return body
    openings = [
        found for found in _OPENING.finditer(body) if found["kind"] or found["title"] or _tab(found) is not None
    ]
    if not openings:
        return body
    regions, copied = CodeRegions(body), 0
    written: list[str] = []
    for found in openings:
        sign = found.end("indent")
        if found.start() < copied or regions.is_code(sign):
            continue
        content, end = _content(body, found.end(), found["indent"])
        if not content and found["title"] is None:
            continue
        inner = unindented(content, depth - 1) if content else ""
        written += (body[copied : found.start()], _shown(found, inner))
        copied = end
    return "".join([*written, body[copied:]])


def _tab(found: re.Match[str]) -> str | None:
    return found["tab"] if found["tab"] is not None else found["quoted"]


def _content(body: str, start: int, indent: str) -> tuple[str, int]:
    """Lines that are indented below an opening, moved to the left, and the offset after them."""
    lines: list[str] = []
    end, offset = start, start + 1
    while offset <= len(body):
        after = body.find("\n", offset)
        after = len(body) if after < 0 else after
        line = body[offset:after]
        if line.startswith(indent) and (deeper := _INDENTED.match(line, len(indent))):
            lines.append(line[deeper.end() :])
            end = after
        elif line.strip(" \t>"):
            break
        else:
            lines.append("")
        offset = after + 1
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(lines), end


def _shown(found: re.Match[str], content: str) -> str:
    """Markdown of one block: an alert, or for a tab its title and content."""
    indent = found["indent"]
    tab = _tab(found)
    if tab is not None:
        lines = [f"**{tab}**", "", *content.split("\n"), ""]
        return "\n".join([indent.rstrip(), *(indent + line for line in lines)])
    kind = (found["kind"] or "note").split()[0].lower()
    title = kind.replace("-", " ").capitalize() if found["title"] is None else found["title"].strip()
    lines = alert(kind, title if found["title"] is not None or kind not in ALERTS else "")
    quoted = [*lines, *(content.split("\n") if content else [])]
    return "\n".join([indent.rstrip(), *((f"{indent}> {line}").rstrip() for line in quoted), indent.rstrip()])


def alert(kind: str, title: str) -> list[str]:
    """First lines of an alert, without the signs of quotation: its kind where parsers know it, its title in bold."""
    known = _ALERT_OF.get(kind)
    return ([f"[!{known.upper()}]"] if known else []) + ([f"**{title}**", ""] if title else [])


def _without_slashes(body: str) -> str:
    """Body without the lines of slashes that begin and end blocks; titles become bold, options go."""
    openings = list(_SLASHES.finditer(body))
    if not any(found[2] for found in openings):
        return body
    regions, copied, depth = CodeRegions(body), 0, 0
    written: list[str] = []
    for found in openings:
        if regions.is_code(found.start(1)) or not (found[2] or depth):
            continue
        depth += 1 if found[2] else -1
        written.append(body[copied : found.start()])
        copied = min(found.end() + 1, len(body))
        while option := _OPTION.match(body, copied) if found[2] else None:
            copied = option.end()
        title = (found[3] or "").strip()
        written.append(f"\n**{title}**\n\n" if title else "\n")
    return "".join([*written, body[copied:]])
