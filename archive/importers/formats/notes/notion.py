"""Notion: the export of pages or of a workspace as “Markdown & CSV” or HTML, with sub-pages, databases and files.

Format: https://www.notion.com/help/export-your-content. Names end with the id of the page, 32 hexadecimal digits.
"""

from __future__ import annotations

import csv
import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import decode_html, parse_html, text_of
from backfile.archive.importers.common.local_files import local_asset, local_path
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    Asset,
    ImportContext,
    ImportEvent,
    Item,
    Probe,
    Skipped,
    problem_from,
    read_file,
)
from backfile.archive.importers.links.markdown_links import link_destinations
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.metadata.field_names import KNOWN, normal
from backfile.archive.metadata.mapping import map_metadata
from backfile.archive.storage.decoding import decode

KIND = "notion"
TITLE = "Notion: pages exported as Markdown & CSV, or as HTML"

_PAGE = re.compile(r"(?:.*/)?(?P<title>[^/]*?)\s?(?P<id>[0-9a-f]{32})\.(?:md|html)\Z")
_DOCUMENT = re.compile(r"\.(?:md|html)\Z")
_ID = re.compile(r"[0-9a-f]{32}\Z")
_NOTION_ADDRESS = re.compile(r"https://(?:www\.)?notion\.(?:so|site|com)/(?:[^?#\s]*[-/])?([0-9a-f]{32})\b")
_PROPERTY = re.compile(r"(?P<name>[^\W_][^:\n]{0,60}):(?: (?P<value>.*))?\Z")
_RELATION = re.compile(r"(?<!\s)\s*+\([^()\s]*[0-9a-f]{32}\.(?:md|html)\)")
_TABLE_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*[0-9a-f]{32}(?:_all)?\.csv\)")
_OWN_NAMES = {"createdtime": "created", "createdby": "author", "lasteditedtime": "updated", "lasteditedby": "edited_by"}
_ORIGIN = "tag:notion.so,2016:"


@dataclass(slots=True)
class _Export:
    """Pages of an export: path below the folder → id; `columns` holds those of each database by its folder."""

    folder: Path
    pages: dict[str, str] = field(default_factory=dict)
    columns: dict[str, frozenset[str]] = field(default_factory=dict)
    databases: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Page:
    """Page as it was read: its title, the properties below it, and its text in Markdown."""

    title: str
    properties: Mapping[str, str]
    body: str


def detect(probe: Probe) -> int:
    """By the ids in the names of pages, if most documents of a folder have them."""
    if not probe.is_folder:
        return 0
    documents = [name for name in probe.names if _DOCUMENT.search(name) and not name.endswith("index.html")]
    pages = sum(1 for name in documents if _PAGE.match(name))
    return 96 if pages and pages >= 0.8 * len(documents) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of pages."""
    return len(_list_export(path).pages) if path.is_dir() else None


def _list_export(folder: Path) -> _Export:
    export = _Export(folder)
    for root, below, names in os.walk(folder):
        below.sort()
        for name in sorted(names):
            path = Path(root, name).relative_to(folder).as_posix()
            found = _PAGE.match(path)
            if Path(root, name).is_symlink():
                continue
            if found:
                export.pages[path] = found["id"]
            elif name.endswith(".csv"):
                _add_database(export, path)
            elif _DOCUMENT.search(name):
                export.others.append(path)
    return export


def _add_database(export: _Export, path: str) -> None:
    """Adds a table, whose rows are pages in the folder beside it: `Tasks ID.csv`, `Tasks ID` or `Tasks`."""
    stem = path.removesuffix(".csv").removesuffix("_all")
    if stem not in export.databases:
        export.databases.append(stem)
    with (export.folder / path).open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            columns = frozenset(next(csv.reader(file), []))
        except csv.Error:
            columns = frozenset()
    for folder in {stem, _ID.sub("", stem).rstrip()}:
        export.columns[folder] = export.columns.get(folder, frozenset()) | columns


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the pages in the order of their paths; databases are their pages."""
    export = _list_export(path)
    for name in export.pages:
        try:
            context.begin()
            yield _event(name, export, context)
        except ITEM_FAILURES as error:
            yield problem_from(name, error)
    yield from (Skipped(f"{stem}.csv", "a database: its pages are articles") for stem in export.databases)
    yield from (Skipped(name, "no page of Notion: its name has no id") for name in export.others)


def _event(name: str, export: _Export, context: ImportContext) -> ImportEvent:
    is_html = name.endswith(".html")
    content = read_file(export.folder / name)
    page = _read_html(content, name) if is_html else _read_markdown(decode(content).text, name, export)
    links, assets, notes = _collect_links(page.body, name, export)
    properties = {_OWN_NAMES.get(normal(key), key): value for key, value in page.properties.items()}
    mapped = map_metadata({"title": page.title} | properties, page.body, name, day_first=context.day_first)
    if mapped.draft:
        return Skipped(name, "draft")
    if not page.body:
        return Skipped(name, "has only properties, no text" if properties else "has no text")
    return Item(
        origin=_ORIGIN + export.pages[name],
        metadata=mapped.metadata,
        body=page.body,
        extra=mapped.extra,
        assets=assets,
        links=links,
        notes=(*(each.reason for each in mapped.problems), *notes),
    )


def _title_in(name: str) -> str:
    found = _PAGE.match(name)
    return found["title"].strip() if found else ""


def _read_markdown(text: str, name: str, export: _Export) -> _Page:
    """Page in Markdown: a heading with the title, perhaps a block of properties, the text."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").strip("\n").split("\n")
    title = ""
    if lines[0].startswith("# "):
        title = lines.pop(0)[2:].strip()
    body = "\n".join(lines).strip("\n")
    block, _, rest = body.partition("\n\n")
    columns = export.columns.get(posixpath.dirname(name), frozenset())
    properties = _properties(block.split("\n"), columns)
    body = rest if properties else body
    return _Page(title or _title_in(name), properties, _TABLE_LINK.sub(r"\1", _with_quotations(body)).strip("\n"))


def _properties(lines: list[str], columns: frozenset[str]) -> dict[str, str]:
    """Properties in the first block of a page; empty if it is text.

    Each line must be one, and one of them a column of the database of the page, or a name that metadata has.
    """
    found = [_PROPERTY.match(line) for line in lines]
    properties = {each["name"].strip(): _value(each["value"] or "") for each in found if each}
    if not all(found) or not properties:
        return {}
    is_known = columns & properties.keys() or {normal(name) for name in properties} & (KNOWN | _OWN_NAMES.keys())
    return {name: value for name, value in properties.items() if value} if is_known else {}


def _value(text: str) -> str:
    """Value of a property without the files of the pages that it names; the first day of a span of time."""
    value = _RELATION.sub("", text).strip()
    return value.partition("→")[0].rstrip() if "→" in value and re.search(r"\d{4}", value) else value


def _with_quotations(body: str) -> str:
    """Text with its callouts (`<aside>`, lines, `</aside>`) as quotations; one that does not end is text."""
    written: list[str] = []
    begun: int | None = None
    for line in body.split("\n"):
        written.append(line)
        if line == "<aside>" and begun is None:
            begun = len(written)
        elif line == "</aside>" and begun is not None:
            inside = "\n".join(written[begun:-1]).strip("\n")
            written[begun - 1 :] = [f"> {each}".rstrip() for each in inside.split("\n")]
            begun = None
    return "\n".join(written)


def _read_html(content: bytes, name: str) -> _Page:
    """Page in HTML: a header with the title and a table of properties, and the text."""
    tree = parse_html(decode_html(content))
    properties = {}
    for row in tree.xpath("//table[contains(@class, 'properties')]//tr"):
        cells = [row.find("th"), row.find("td")]
        if text_of(cells[0]) and text_of(cells[1]):
            values = [text_of(each) for each in cells[1].xpath(".//*[contains(@class, 'selected-value')]")]
            properties[text_of(cells[0])] = ", ".join(values) or _value(text_of(cells[1]).removeprefix("@"))
    text = next(iter(tree.xpath("//*[contains(@class, 'page-body')]")), None)
    body = tree_to_markdown(_clean(text), base_url=None) if text is not None else ""
    heading = next(iter(tree.xpath("//*[contains(@class, 'page-title')]")), None)
    return _Page(text_of(heading) or _title_in(name), properties, body)


def _clean(tree: HtmlElement) -> HtmlElement:
    """Turns callouts into quotations and bookmarks into links."""
    for figure in list(tree.iter("figure")):
        if "callout" in (figure.get("class") or "").split():
            figure.tag = "blockquote"
    for link in list(tree.iter("a")):
        if "bookmark" in (link.get("class") or "").split():
            title = next(iter(link.xpath(".//*[contains(@class, 'bookmark-title')]")), None)
            words = text_of(title) or link.get("href") or ""
            tail = link.tail
            for each in list(link):
                link.remove(each)
            link.text, link.tail = words, tail
    for box in list(tree.xpath(".//div[contains(@class, 'checkbox')]")):
        box.tag, box.text = "span", "☑ " if "checkbox-on" in (box.get("class") or "") else "☐ "
    return tree


def _collect_links(body: str, name: str, export: _Export) -> tuple[dict[str, str], tuple[Asset, ...], tuple[str, ...]]:
    """Destinations in a body that are other pages, with their origins; the files beside it; notes on missing ones."""
    base = posixpath.dirname(name)
    ids = set(export.pages.values())
    links: dict[str, str] = {}
    assets: dict[str, Asset] = {}
    missing: dict[str, None] = {}
    for link, is_image in link_destinations(body):
        elsewhere = _NOTION_ADDRESS.match(link)
        page = export.pages.get(local_path(link, base)) or (elsewhere[1] if elsewhere else None)
        if page in ids:
            links[link] = _ORIGIN + page
        elif asset := None if link.endswith(".csv") else local_asset(export.folder, link, base):
            assets[link] = asset
        elif is_image and local_path(link, base):
            missing[unquote(link)] = None
    return links, tuple(assets.values()), tuple(f"the picture {each} is not there" for each in missing)
