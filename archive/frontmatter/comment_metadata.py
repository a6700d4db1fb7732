"""Metadata in comments of Markdown and HTML above the text, which renderers do not show.

`[#]: author: "Ada Quill"`, `[//]: # (date: 2019-03-14)`, `[author]: # (Ada Quill)`, `[_metadata_:author]:- "Ada
Quill"`, `<!-- title: Night ferry -->`; lines `.. title: Night ferry` (Nikola, also in one comment), `#+TITLE: Night
ferry` (Org) and `% Night ferry` (the title block of pandoc).
"""

from __future__ import annotations

import re

from backfile.archive.frontmatter.recovery import are_keys
from backfile.archive.metadata.field_names import KNOWN, normal

_EOL = r"(?>\r\n|\n|\r)"
_REFERENCE = re.compile(
    r"\[(?P<label>[^\]\r\n]{1,60})\]:[ \t]*(?P<sign>#|<#?>|-|>)?[ \t]*(?P<rest>[^\r\n]*)(?:\r\n|\n|\r|\Z)"
)
_HTML = re.compile(rf"(?:<!--(?=--++>)|<!--++)[ \t]*+(?P<rest>(?:(?!--)[^\r\n])*+)--++>[ \t]*+(?:{_EOL}|\Z)")
_BLANK = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))++")
_PAIR = re.compile(r"(?P<key>[^\W\d_][\w .-]{0,40}?)[ \t]*[:=][ \t]*(?P<value>\S.*)\Z")
_NIKOLA = re.compile(
    rf"(?:<!--[ \t]*+{_EOL})?+(?:\.\.[ \t]+[\w-]+:[^\r\n]*+{_EOL})++(?:[ \t]*+{_EOL})*+(?:-->[ \t]*+(?:{_EOL}|\Z))?+"
)
_NIKOLA_PAIR = re.compile(r"^\.\.[ \t]+([\w-]+):([^\r\n]*)", re.MULTILINE)
_ORG = re.compile(rf"(?:\#\+\w+:[^\r\n]*+(?:{_EOL}|\Z)|[ \t]*+{_EOL})++")
_ORG_PAIR = re.compile(r"^#\+(\w+):([^\r\n]*)", re.MULTILINE)
_PANDOC_LINE = rf"%[ \t]*+((?:[^\r\n]++|{_EOL}[ \t]++(?=\S))*+)(?:{_EOL}|\Z)"
_PANDOC = re.compile(
    rf"(?=%[ \t]*+[^\s%]){_PANDOC_LINE}(?:{_PANDOC_LINE})?+(?:{_PANDOC_LINE})?+(?=[ \t]*(?:{_EOL}|\Z))"
)
_COMMENT_LABELS = frozenset({"#", "//", "comment", "_", "."})
_CLOSED_BY = {"(": ")", '"': '"', "'": "'"}
_MAX_LINES = 200


def read_comments(text: str, start: int) -> tuple[dict[str, object], int]:
    """Metadata in the comments from `start` on, and the end of the last one; an empty mapping if there is none."""
    for lines, pair in ((_NIKOLA, _NIKOLA_PAIR), (_ORG, _ORG_PAIR)):
        block = lines.match(text, start)
        found: dict[str, object] = {each[1]: each[2].strip() for each in pair.finditer(block[0])} if block else {}
        if block and are_keys(set(map(normal, found))):
            return found, block.end()
    title_block = _PANDOC.match(text, start)
    if title_block is not None:
        parts = (" ".join((part or "").split()) for part in title_block.groups())
        return {
            key: part for key, part in zip(("title", "author", "date"), parts, strict=True) if part
        }, title_block.end()
    return _read_single(text, start)


def _read_single(text: str, start: int) -> tuple[dict[str, object], int]:
    """Metadata in comments of one line each, and the end of the last one."""
    data: dict[str, object] = {}
    end = place = start
    is_html = False
    for _ in range(_MAX_LINES):
        blank = _BLANK.match(text, place)
        place = blank.end() if blank else place
        found = _REFERENCE.match(text, place) or _HTML.match(text, place)
        pair = _pair(found) if found else None
        if found is None or (pair is None and not _is_comment(found)):
            break
        if pair is not None:
            data[pair[0]] = pair[1]
            is_html |= found.re is _HTML
            end = found.end()
        place = found.end()
    names = set(map(normal, data))
    enough = are_keys(names) if is_html else bool(names & KNOWN)
    return (data, end) if enough else ({}, start)


def _is_comment(found: re.Match[str]) -> bool:
    return found.re is _HTML or found["label"] in _COMMENT_LABELS


def _pair(found: re.Match[str]) -> tuple[str, str] | None:
    """Key and value of a comment; None if it is another one."""
    rest = _unwrapped(found["rest"].strip())
    if found.re is _REFERENCE:
        label = found["label"]
        name = label.removeprefix("_metadata_:")
        if label not in _COMMENT_LABELS and (name != label or (found["sign"] and normal(label) in KNOWN)):
            return (name, rest) if rest else None
        if label not in _COMMENT_LABELS:
            return None
    pair = _PAIR.match(rest)
    return (pair["key"], _unwrapped(pair["value"].strip())) if pair else None


def _unwrapped(text: str) -> str:
    is_wrapped = len(text) > 1 and _CLOSED_BY.get(text[0]) == text[-1]
    return text[1:-1].strip() if is_wrapped else text
