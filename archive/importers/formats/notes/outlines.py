"""Outlines of notebooks (Roam, Logseq): blocks as Markdown, references to pages and blocks written out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

_TODO = re.compile(r"^(?:\{\{\s*(?:\[\[)?TODO(?:\]\])?\s*\}\}|(?:TODO|DOING|LATER|NOW|WAITING)\b)\s*")
_DONE = re.compile(r"^(?:\{\{\s*(?:\[\[)?DONE(?:\]\])?\s*\}\}|(?:DONE|CANCELED|CANCELLED)\b)\s*")
_EMBED = re.compile(r"\{\{\s*(?:\[\[)?embed(?:\]\])?:?\s*(\(\([\w-]+\)\)|\[\[[^\[\]]+\]\])\s*\}\}", re.IGNORECASE)
_FILM = re.compile(
    r"\{\{\s*(?:\[\[)?(?:video|youtube|audio|pdf|iframe|tweet|twitter)(?:\]\])?:?\s*([^\s{}]+)\s*\}\}", re.I
)
_QUERY = re.compile(
    r"\{\{\s*(?:\[\[)?(?:query|table|kanban|renderer|diagram)(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}\}", re.IGNORECASE
)
_NAMED_PAGE = re.compile(r"\[([^\[\]]*)\]\(\[\[([^\[\]]+)\]\]\)")
_NAMED_BLOCK = re.compile(r"\[([^\[\]]*)\]\(\(\(([\w-]+)\)\)\)")
_PAGE = re.compile(r"(?<!#)\[\[([^\[\]]+)\]\]")
_TAG = re.compile(r"#\[\[([^\[\]]+)\]\]")
_BLOCK = re.compile(r"\(\(([\w-]+)\)\)")


@dataclass(slots=True)
class Block:
    """Block of an outline: its text, perhaps of several lines, its rank as a heading (0 for none), what is below it."""

    text: str
    heading: int = 0
    children: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class References:
    """Pages by their titles in lower case → origin, and texts of blocks by their ids."""

    pages: Mapping[str, str]
    blocks: Mapping[str, str]
    links: dict[str, str] = field(default_factory=dict)
    """Destinations that `resolve` has written → origins of their pages."""

    missing: list[str] = field(default_factory=list)

    def resolve(self, text: str) -> str:
        """Text with links to known pages, the words of others, the texts of blocks, and boxes to tick."""
        shown = _DONE.sub("☑ ", _TODO.sub("☐ ", text))
        shown = _FILM.sub(r"<\1>", _EMBED.sub(r"\1", shown))
        if _QUERY.search(shown):
            self.missing.append("has a query, whose results the export does not contain")
            shown = _QUERY.sub("", shown)
        shown = _NAMED_BLOCK.sub(r"\1", shown)
        shown = _BLOCK.sub(lambda found: self.blocks.get(found[1], found[0]), shown)
        shown = _NAMED_PAGE.sub(lambda found: self._link(found[2], found[1]), shown)
        return _PAGE.sub(lambda found: self._link(found[1], found[1]), _TAG.sub(r"#\1", shown))

    def _link(self, title: str, words: str) -> str:
        origin = self.pages.get(title.strip().casefold())
        if origin is None:
            return words
        destination = quote(title.strip(), safe="")
        self.links[destination] = origin
        return f"[{words}]({destination})"


def outline_to_markdown(blocks: Iterable[Block], references: References) -> str:
    """Markdown of an outline: its first level as paragraphs and headings, the levels below as lists."""
    parts: list[str] = []
    for block in blocks:
        text = references.resolve(block.text).strip("\n")
        if block.heading and text.strip():
            text = f"{'#' * min(6, block.heading + 1)} {text}"
        lines = _list_lines(block.children, references, 0)
        parts += [part for part in (text, "\n".join(lines)) if part.strip()]
    return "\n\n".join(parts)


def _list_lines(blocks: Iterable[Block], references: References, depth: int) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        first, *rest = references.resolve(block.text).strip("\n").split("\n")
        indent = "  " * depth
        lines += [f"{indent}- {first}".rstrip(), *(f"{indent}  {line}".rstrip() for line in rest)]
        lines += _list_lines(block.children, references, depth + 1)
    return lines
