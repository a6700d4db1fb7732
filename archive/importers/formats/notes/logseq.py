"""Logseq: a graph in Markdown, its pages and journals, with properties, references and assets.

Format: https://docs.logseq.com/ (properties `name:: value`; blocks are list items).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.local_files import local_asset
from backfile.archive.importers.formats.notes.outlines import Block, References, outline_to_markdown
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
    problem_from,
    read_file,
)
from backfile.archive.importers.links.markdown_links import link_destinations
from backfile.archive.metadata.mapping import map_metadata
from backfile.archive.storage.decoding import decode

KIND = "logseq"
TITLE = "Logseq: a graph in Markdown"

_FOLDERS = ("pages", "journals")
_PROPERTY = re.compile(r"\s*+(?:- )?([\w][\w./-]{0,60}):: *+(.*)\Z")
_ITEM = re.compile(r"([\t ]*)- ?(.*)\Z")
_HEADING = re.compile(r"(#{1,6})\s+(.*)\Z", re.DOTALL)
_LOGBOOK = re.compile(r"^[\t ]*:LOGBOOK:.*?:END:[\t ]*\n?", re.MULTILINE | re.DOTALL)
_PLANNED = re.compile(r"^[\t ]*(?:SCHEDULED|DEADLINE): <[^<>]*>[\t ]*\n?", re.MULTILINE)
_BEGIN = re.compile(r"#\+BEGIN_(\w++)[^\n]*+(?:\n|\Z)", re.IGNORECASE)
_END = re.compile(r"#\+END_(\w+)", re.IGNORECASE)
_BRACKETS = re.compile(r"#?\[\[([^\[\]]+)\]\]|(?<!\w)#([\w/-]+)")
_INNER = frozenset({"id", "collapsed", "heading", "background-color", "logseq.order-list-type"})


def detect(probe: Probe) -> int:
    """By the settings of the graph, or its two folders."""
    if not probe.is_folder or not any(name.startswith("pages/") and name.endswith(".md") for name in probe.names):
        return 0
    has_journals = any(name.startswith("journals/") and name.endswith(".md") for name in probe.names)
    return 96 if "logseq/config.edn" in probe.names else 90 if has_journals else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of pages and journals."""
    return len(_list_pages(path)) if path.is_dir() else None


def _list_pages(folder: Path) -> list[str]:
    files = (file for name in _FOLDERS for file in sorted((folder / name).rglob("*.md")))
    return [file.relative_to(folder).as_posix() for file in files if file.is_file() and not file.is_symlink()]


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields pages, then journals; the files are read twice, because references may lead anywhere."""
    names = _list_pages(path)
    pages: dict[str, str] = {}
    blocks: dict[str, str] = {}
    for name in names:
        try:
            outline, properties = _parse(_text(path / name))
        except (ArchiveError, OSError):
            continue  # the second reading reports it
        pages.setdefault(_title(name, properties).casefold(), name)
        _collect_blocks(outline, blocks)
    for name in names:
        try:
            context.begin()
            yield _event(path, name, References(pages, blocks), context)
        except ITEM_FAILURES as error:
            yield problem_from(name, error)
    for file in sorted((path / "pages").rglob("*.org")):
        yield Skipped(file.relative_to(path).as_posix(), "a page in Org: import it by itself, with Pandoc")


def _text(path: Path) -> str:
    text = decode(read_file(path)).text.replace("\r\n", "\n")
    return _PLANNED.sub("", _LOGBOOK.sub("", text))


def _title(name: str, properties: dict[str, str]) -> str:
    stem = unquote(name.rpartition("/")[2].removesuffix(".md")).replace("___", "/")
    return properties.get("title") or (stem.replace("_", "-") if name.startswith("journals/") else stem)


def _parse(text: str) -> tuple[list[Block], dict[str, str]]:
    """Blocks of a page, and its properties: those of its first block if that has nothing else."""
    blocks: list[Block] = []
    levels: list[tuple[int, Block]] = []
    is_code = False
    for line in text.strip("\n").split("\n"):
        found = None if is_code else _ITEM.match(line)
        if found is None:
            if not levels:
                levels.append((-1, Block("")))
                blocks.append(levels[0][1])
            levels[-1][1].text += (
                ("\n" if levels[-1][1].text else "") + line.strip() if not is_code else f"\n{line.strip()}"
            )
        else:
            depth = len(found[1].expandtabs(2))
            while levels and levels[-1][0] >= depth:
                levels.pop()
            block = Block(found[2])
            (levels[-1][1].children if levels and levels[-1][0] >= 0 else blocks).append(block)
            levels = [each for each in levels if each[0] >= 0] + [(depth, block)]
        is_code ^= line.lstrip("- \t").startswith("```")
    properties = dict(_own_properties(blocks[0])) if blocks and _is_properties(blocks[0]) else {}
    return blocks[1:] if properties and not blocks[0].children else blocks, properties


def _is_properties(block: Block) -> bool:
    lines = [line for line in block.text.split("\n") if line.strip()]
    return bool(lines) and all(map(_PROPERTY.match, lines))


def _own_properties(block: Block) -> Iterator[tuple[str, str]]:
    for line in block.text.split("\n"):
        found = _PROPERTY.match(line)
        if found:
            yield found[1].lower(), _BRACKETS.sub(r"\1\2", found[2]).strip()


def _collect_blocks(outline: list[Block], blocks: dict[str, str]) -> None:
    waiting = list(outline)
    while waiting:
        block = waiting.pop()
        number = dict(_own_properties(block)).get("id")
        if number:
            blocks[number] = _without_properties(block.text)
        waiting += block.children


def _without_properties(text: str) -> str:
    """Text of a block without its properties, which are settings of the program; others stay."""
    lines = [line for line in text.split("\n") if not ((found := _PROPERTY.match(line)) and found[1].lower() in _INNER)]
    return _with_quotations("\n".join(lines))


def _with_quotations(text: str) -> str:
    """Text with its admonitions (`#+BEGIN_NOTE`, lines, `#+END_NOTE`) as quotations; one that does not end is text."""
    ends: dict[str, list[re.Match[str]]] = {}
    for each in _END.finditer(text):
        ends.setdefault(each[1].casefold(), []).append(each)
    written: list[str] = []
    copied = 0
    for begin in _BEGIN.finditer(text):
        closers = ends.get(begin[1].casefold(), [])
        number = bisect_left(closers, begin.end(), key=re.Match.start)
        if begin.start() < copied or number == len(closers):
            continue
        inside = text[begin.end() : closers[number].start()].removesuffix("\n")
        written += (text[copied : begin.start()], "\n".join(f"> {line}" for line in inside.split("\n")))
        copied = closers[number].end()
    return "".join([*written, text[copied:]])


def _shown(block: Block) -> Block:
    text = _without_properties(block.text)
    found = _HEADING.match(text)
    children = [_shown(child) for child in block.children]
    return Block(found[2], max(1, len(found[1]) - 1), children) if found else Block(text, 0, children)


def _event(folder: Path, name: str, references: References, context: ImportContext) -> ImportEvent:
    outline, properties = _parse(_text(folder / name))
    title = _title(name, properties)
    body = outline_to_markdown(map(_shown, outline), references)
    if not body:
        return Skipped(name, "has no text")
    day = {"date": title} if name.startswith("journals/") and "date" not in properties else {}
    data = {"title": title, **day, **{key: value for key, value in properties.items() if key not in _INNER}}
    mapped = map_metadata(data, body, name, day_first=context.day_first)
    if mapped.draft:
        return Skipped(name, "draft")
    links = dict.fromkeys(link for link, _ in link_destinations(body))
    assets = [local_asset(folder, link, name.rpartition("/")[0]) for link in links if link not in references.links]
    return Item(
        origin=name,
        metadata=mapped.metadata,
        body=body,
        extra=mapped.extra,
        assets=tuple(asset for asset in assets if asset is not None),
        links=references.links,
        notes=(*dict.fromkeys(references.missing), *(each.reason for each in mapped.problems)),
    )
