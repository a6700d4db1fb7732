"""Documents that Pandoc reads: OpenDocument, RTF, LaTeX, DocBook, FictionBook, notebooks of Jupyter, light markup.

They need the extra `documents`; they are recognised without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.html_parser import html_to_line, text_of
from backfile.archive.importers.common.local_files import local_asset, local_path
from backfile.archive.importers.common.masthead import LONGEST_LINE, Masthead
from backfile.archive.importers.common.office_properties import (
    document_authors,
    document_title,
    is_software_name,
    keyword_topics,
)
from backfile.archive.importers.common.xml_trees import local_name, parse_xml
from backfile.archive.importers.formats.documents.markup import MARKUP_BY_SUFFIX, markup_metadata, prepare
from backfile.archive.importers.item import (
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
from backfile.archive.importers.sources.containers import open_members
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.mapping import map_metadata
from backfile.archive.model import ArticleMetadata
from backfile.archive.storage.file_titles import title_from_path

KIND = "document"
TITLE = "Documents: ODT, RTF, LaTeX, DocBook, FictionBook, Jupyter notebooks, reStructuredText, Org, AsciiDoc, Textile"

_ODT = re.compile(rb"PK\x03\x04[\s\S]{26}mimetypeapplication/vnd\.oasis\.opendocument\.text(?!-master)")
_SIGNATURES = (
    (re.compile(rb"\s*\{\\rtf"), "rtf"),
    (re.compile(rb"[\s\S]{0,1000}?<FictionBook[\s>]"), "fb2"),
    (re.compile(rb"[\s\S]{0,2000}?(?:<!DOCTYPE\s+\w+\s[^>]{0,200}DocBook|docbook\.org/ns/docbook)"), "docbook"),
    (re.compile(rb"(?:%[^\n]*\n|\s)*\\documentclass\b"), "latex"),
)
_MAX_XML = 64 * 1024 * 1024
_WORD_PROCESSOR = frozenset({"odt", "rtf"})
_LINES_ON_TOP = 4


def detect(probe: Probe) -> int:
    """By the signature of the content, else by the suffix of a file."""
    if probe.is_folder:
        return 0
    return 96 if _signed(probe.head) else 85 if probe.path.suffix.lower() in MARKUP_BY_SUFFIX else 0


def _signed(head: bytes) -> str:
    """Pandoc's name of the format of a document; empty if its first bytes do not tell."""
    if _ODT.match(head):
        return "odt"
    return next((name for pattern, name in _SIGNATURES if pattern.match(head.removeprefix(b"\xef\xbb\xbf"))), "")


def count(path: Path, context: ImportContext) -> int | None:
    """One article a document."""
    return 1


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """The one article of the document. Raises `ModuleNotFoundError` without the extra."""
    try:
        yield _article(path, context)
    except (ArchiveError, OSError) as error:
        yield problem_from(path.name, error)


def _article(path: Path, context: ImportContext) -> ImportEvent:
    from backfile.archive.importers.formats.documents import pandoc, pandoc_html  # noqa: PLC0415 - of the extra `documents`

    content = read_file(path)
    name = _signed(content[:65_536]) or MARKUP_BY_SUFFIX.get(path.suffix.lower(), "")
    if not name:
        raise ArchiveError("is of no kind that Pandoc reads", hint="save it as ODT or HTML")
    properties = _read_properties(path) if name == "odt" else ArticleMetadata()
    source, notes = prepare(content, name)
    document = pandoc.convert(source, name)
    tree = pandoc_html.parse_pandoc_html(document.html)
    data = markup_metadata(document.metadata)
    known_title = str(data.get("title") or properties.title)
    masthead = _take_masthead(tree, known_title, context, has_lines=name in _WORD_PROCESSOR)
    text = pandoc_html.pandoc_tree_to_markdown(tree)
    if not text.body:
        return Skipped(path.name, "empty")
    mapped = map_metadata(data, text.body, path.name, day_first=context.day_first)
    if mapped.draft:
        return Skipped(path.name, "draft")
    stated = mapped.metadata
    assets, missing = _files_beside(path, text.body, {each.name for each in text.assets})
    return Item(
        origin=path.name,
        metadata=replace(
            stated,
            title=masthead.title or html_to_line(known_title) or _title(text.body, path),
            authors=masthead.authors or stated.authors or properties.authors,
            topics=stated.topics or properties.topics,
            date=masthead.date or stated.date or properties.date,
            summary=stated.summary or properties.summary,
            language=stated.language or properties.language,
        ),
        body=text.body,
        extra=mapped.extra,
        assets=(*text.assets, *assets),
        notes=(*notes, *document.warnings, *missing, *(each.reason for each in mapped.problems)),
    )


def _title(body: str, path: Path) -> str:
    """Title for a document without one: empty if a heading of its text will do, else the name of the file."""
    return "" if re.search(r"^#{1,3} ", body, re.MULTILINE) else title_from_path(path.stem)


def _files_beside(path: Path, body: str, embedded: set[str]) -> tuple[list[Asset], list[str]]:
    """Pictures beside a document to which its text refers, and notes on those that are missing."""
    assets, missing = [], []
    for link in dict.fromkeys(link for link, is_image in link_destinations(body) if is_image):
        asset = local_asset(path.resolve().parent, link)
        if asset is not None:
            assets.append(asset)
        elif link not in embedded and local_path(link):
            missing.append(f"the picture {link} is not there")
    return assets, missing


def _read_properties(path: Path) -> ArticleMetadata:
    """Properties in `meta.xml`, after a check of all parts of the package against the limits.

    Raises `ArchiveError` for a package that passes them.
    """
    values: dict[str, list[str]] = {}
    with open_members(path) as members:
        for member in members:
            if isinstance(member, ArchiveError):
                raise member
            content = member.read()
            if member.name.endswith(".xml") and (len(content) > _MAX_XML or b"<!ENTITY" in content):
                raise ArchiveError(f"{member.name}: is too large, or declares entities", hint="save it anew")
            if member.name == "meta.xml":
                values = _parse_properties(content)
    text = {name: found[0] for name, found in values.items()}
    by_program = is_software_name(text.get("initial-creator"))
    return ArticleMetadata(
        title=document_title(text.get("title")),
        authors=() if by_program else document_authors(text.get("initial-creator") or text.get("creator")),
        topics=keyword_topics(", ".join(values.get("keyword", []))),
        date=date_with_note(text.get("creation-date"))[0],
        summary=text.get("description"),
        language=text.get("language"),
    )


def _parse_properties(content: bytes) -> dict[str, list[str]]:
    """Properties by name (OpenDocument 1.3, part 3, 4.3)."""
    found: dict[str, list[str]] = {}
    try:
        tree = parse_xml(content)
    except ArchiveError:
        return {}
    for element in tree.iter():
        words = " ".join((element.text or "").split())
        if words:
            found.setdefault(local_name(element.tag), []).append(words)
    return found


def _take_masthead(tree: HtmlElement, title: str, context: ImportContext, *, has_lines: bool) -> Masthead:
    """Removes the title from the first line of a document; of one that `has_lines` below it, byline and date too."""
    masthead = Masthead()
    blocks = [each for each in tree.iter("p", "h1", "h2", "h3") if text_of(each)][: _LINES_ON_TOP + 1]
    is_title = bool(blocks) and (
        text_of(blocks[0]).casefold() == title.casefold()
        or (_is_only_heading(blocks[0], tree) and (has_lines or not title))
    )
    if is_title:
        masthead.title = text_of(blocks[0])
        blocks.pop(0).drop_tree()
    for block in blocks if has_lines else []:
        if len(text_of(block)) > LONGEST_LINE or not masthead.add_line(text_of(block), day_first=context.day_first):
            break
        block.drop_tree()
    return masthead


def _is_only_heading(block: HtmlElement, tree: HtmlElement) -> bool:
    return block.tag in ("h1", "h2") and sum(1 for _ in tree.iter(str(block.tag))) == 1
