"""DOCX (ISO/IEC 29500): documents of Word and of programs that write its format.

Mammoth converts them to HTML by the meaning of styles. Title, byline and date above the text become metadata; document
properties fill in what is missing.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from xml.parsers.expat import ExpatError

from lxml.html import HtmlElement

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.closing_notes import closing_authors
from backfile.archive.importers.common.html_parser import lower_headings, parse_html, text_of
from backfile.archive.importers.common.masthead import LONGEST_LINE, Masthead
from backfile.archive.importers.common.office_properties import (
    document_authors,
    document_title,
    is_software_name,
    keyword_topics,
)
from backfile.archive.importers.common.xml_trees import local_name, parse_xml
from backfile.archive.importers.formats.docx.body_preparation import prepare_body
from backfile.archive.importers.formats.docx.package_parts import read_parts
from backfile.archive.importers.formats.docx.text_marks import drop_pictures, number_lists, place_pictures
from backfile.archive.importers.formats.press import lexisnexis
from backfile.archive.importers.item import Asset, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.markdown.html_to_markdown import tree_to_markdown
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.model import ArticleMetadata
from backfile.archive.report import Problem
from backfile.archive.storage.file_titles import title_from_path

KIND = "docx"
TITLE = "DOCX: documents of Word, LibreOffice, Google Docs"

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CORE_PROPERTIES = "docProps/core.xml"
_STYLES = """
p[style-name='heading 7'] => h6:fresh
p[style-name='heading 8'] => h6:fresh
p[style-name='heading 9'] => h6:fresh
p[style-name='Heading 7'] => h6:fresh
p[style-name='Heading 8'] => h6:fresh
p[style-name='Heading 9'] => h6:fresh
p.Heading7 => h6:fresh
p.Heading8 => h6:fresh
p.Heading9 => h6:fresh
p[style-name='Title'] => p.title:fresh
p[style-name='Subtitle'] => p.subtitle:fresh
p[style-name='Author'] => p.author:fresh
p[style-name='Date'] => p.date:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
p[style-name='Quotations'] => blockquote > p:fresh
p[style-name='Block Text'] => blockquote > p:fresh
p[style-name='HTML Preformatted'] => pre:separator('\\n')
p[style-name='Preformatted Text'] => pre:separator('\\n')
p[style-name='Source Code'] => pre:separator('\\n')
p[style-name='Code'] => pre:separator('\\n')
p[style-name^='toc '] => p.toc:fresh
p[style-name^='Contents '] => p.toc:fresh
p[style-name='TOC Heading'] => p.toc:fresh
p[style-name='Contents Heading'] => p.toc:fresh
p[style-name='caption'] => p > em:fresh
p[style-name='Caption'] => p > em:fresh
"""
_DEEP_LISTS = "".join(
    f"p:{kind}-list({level}) => {'ul|ol > li > ' * (level - 1)}{tag} > li:fresh\n"
    for level in range(6, 10)
    for kind, tag in (("ordered", "ol"), ("unordered", "ul"))
)
# Errors of Mammoth and the standard library for parts that are missing or broken.
_PARSE_ERRORS = (
    *(zipfile.BadZipFile, ExpatError, KeyError, ValueError, TypeError, AttributeError, IndexError),
    *(RecursionError, OSError, NotImplementedError),
)
_LINES_ON_TOP = 4
_BLOCKS = ("p", "h1", "h2", "h3", "ul", "ol", "table", "pre", "blockquote")
_ENDS_SENTENCE = re.compile(r"[.!?…:][\"'”’)]*\Z")


def detect(probe: Probe) -> int:
    """By the parts at the beginning of the package; older Word documents, which are refused, by their name."""
    if probe.is_folder:
        return 0
    if probe.head.startswith(_ZIP):
        is_package = b"[Content_Types].xml" in probe.head or b"_rels/.rels" in probe.head
        is_named = probe.path.name.lower().endswith(".docx")  # large pictures may come before all parts of the text
        return 95 if is_package and b"word/" in probe.head else 80 if is_named else 0
    return 70 if probe.head.startswith(_OLE) and probe.path.name.lower().endswith((".docx", ".doc", ".dot")) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """One article a document."""
    return 1


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """The one article of the document, or those of an export of Nexis Uni."""
    try:
        yield from _articles(path, context)
    except ArchiveError as error:
        yield Problem(path.name, None, str(error), error.hint)


def _articles(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    import mammoth  # noqa: PLC0415 - of the extra `import`: documents are recognised without it

    parts = read_parts(path)
    body = prepare_body(parts)
    package, style_map = parts.packed(body.trees), _STYLES + _DEEP_LISTS
    try:
        html = mammoth.convert_to_html(package, style_map=style_map, include_embedded_style_map=False).value
    except _PARSE_ERRORS as error:
        raise ArchiveError(f"is a broken document: {error or type(error).__name__}", hint="save it anew") from error
    if not html.strip():
        yield Skipped(path.name, "empty")
        return
    tree = parse_html(f"<div>{html}</div>")
    number_lists(tree)
    if lexisnexis.is_export(tree):
        drop_pictures(tree)
        yield from lexisnexis.documents_in(tree, context)
        return
    pictures = place_pictures(tree, body.pictures, parts)
    properties = _parse_properties(parts.xml.get(_CORE_PROPERTIES, b""))
    item = _item(tree, properties, pictures.files, path.name, context)
    yield replace(item, notes=tuple(dict.fromkeys([*body.notes, *pictures.notes])))


def _parse_properties(core: bytes) -> ArticleMetadata:
    """Core properties (ISO/IEC 29500-2, 11); empty if the part is broken."""
    try:
        tree = parse_xml(core) if core else None
    except ArchiveError:
        tree = None
    if tree is None:
        return ArticleMetadata()
    values: dict[str, str] = {local_name(each.tag): (each.text or "").strip() for each in tree}
    by_program = is_software_name(values.get("creator")) or is_software_name(values.get("description"))
    return ArticleMetadata(
        title=document_title(values.get("title")),
        authors=() if by_program else document_authors(values.get("creator")),
        topics=tuple(dict.fromkeys(keyword_topics(values.get("keywords")) + keyword_topics(values.get("category")))),
        date=None if by_program else date_with_note(values.get("created"))[0],
        summary=None if by_program else values.get("description") or None,
        language=values.get("language") or None,
    )


def _item(
    tree: HtmlElement, properties: ArticleMetadata, pictures: Mapping[str, bytes], name: str, context: ImportContext
) -> Item:
    masthead = _take_masthead(tree, properties.title, context)
    lower_headings(tree)
    body = tree_to_markdown(tree, base_url=None)
    return Item(
        origin=name,
        metadata=replace(
            properties,
            title=masthead.title or properties.title or title_from_path(name.rpartition(".")[0] or name),
            authors=masthead.authors or properties.authors or closing_authors(body.split("\n\n"), masthead.title),
            date=masthead.date or properties.date,
            summary=masthead.summary or properties.summary,
        ),
        body=body,
        assets=tuple(Asset(each, partial(bytes, content)) for each, content in pictures.items() if each in body),
    )


def _take_masthead(tree: HtmlElement, title: str, context: ImportContext) -> Masthead:
    """Removes title, subtitle, byline and date from the text, and its table of contents."""
    for entry in tree.xpath(".//p[@class='toc']"):
        entry.drop_tree()
    masthead = Masthead()
    blocks = list(filter(text_of, tree.iter(*_BLOCKS)))[: _LINES_ON_TOP + 2]
    number = _title_index(blocks, tree, title)
    used = []
    if number is not None:
        masthead.title = text_of(blocks[number])
        used.append(blocks[number])
    for block in blocks[0 if number is None else number + 1 :][:_LINES_ON_TOP]:
        if not _add_block(block, masthead, context):
            break
        used.append(block)
    for each in used:
        each.drop_tree()
    return masthead


def _title_index(blocks: list[HtmlElement], tree: HtmlElement, title: str) -> int | None:
    """Index of the title among the first blocks; None if there is none.

    By its style, the document properties, as the only heading of its level, or as a short bold line.
    """
    for number, block in enumerate(blocks[:3]):
        if block.get("class") == "title" or (title and text_of(block).casefold() == title.casefold()):
            return number
    if blocks and blocks[0].tag in ("h1", "h2"):
        rank = str(blocks[0].tag)
        above = any(True for _ in tree.iter("h1")) and rank == "h2"
        return 0 if not above and sum(1 for _ in tree.iter(rank)) == 1 else None
    if blocks and not title and blocks[0].tag == "p" and _is_bold_line(blocks[0]):
        return 0
    return None


def _is_bold_line(block: HtmlElement) -> bool:
    words = text_of(block)
    bold = "".join(each.text_content() for each in block.iter("strong"))
    return len(words) < LONGEST_LINE and not _ENDS_SENTENCE.search(words) and " ".join(bold.split()) == words


def _add_block(block: HtmlElement, masthead: Masthead, context: ImportContext) -> bool:
    """Adds a block below the title to the masthead; returns whether it belongs there."""
    words, style = text_of(block), block.get("class")
    if block.tag not in ("p", "h2", "h3") or (len(words) > LONGEST_LINE and style != "subtitle"):
        return False
    if style == "subtitle" and not masthead.summary:
        masthead.summary = words
    elif style == "author":
        masthead.authors = (*masthead.authors, *author_names(words))
    else:
        return masthead.add_line(words, day_first=context.day_first)
    return True
