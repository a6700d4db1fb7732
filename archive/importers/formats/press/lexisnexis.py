"""LexisNexis and Nexis Uni: exports of many documents as plain text or HTML; those as DOCX come by way of `docx`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lxml.html import HtmlElement

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import begins_with
from backfile.archive.importers.common.text_lines import read_lines
from backfile.archive.importers.formats.press.html_pieces import read_pieces
from backfile.archive.importers.formats.press.lexisnexis_documents import (
    END_OF_DOCUMENT,
    ExportedDocument,
    read_document,
    split_documents,
)
from backfile.archive.importers.formats.press.press_passages import html_passages, text_passages
from backfile.archive.importers.item import ITEM_FAILURES, ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.report import Problem

KIND = "lexisnexis"
TITLE = "LexisNexis and Nexis Uni: many articles in a file, as text, HTML or DOCX"

_MARK = re.compile(
    rb"(?:^|>)[ \t]{0,80}(?:\d{1,6} (?:of|von|de|di|van|sur) \d{1,6} (?:DOCUMENT|DOKUMENT)"
    rb"|(?:Document|Dokument|Documento) \d{1,6} (?:of|von|de|di|van|sur) \d{1,6}[ \t\r]*(?:$|<))",
    re.MULTILINE,
)
_LABEL = re.compile(
    rb"^[ \t]*(?:LENGTH|L\xc3?[\x84\xc4]NGE|LONGUEUR|LONGITUD|EXTENSI\S{1,2}N|LENGTE|LUNGHEZZA|COMPRIMENTO|LOAD-DATE)"
    rb": |>\s?(?:LENGTH|L&Auml;NGE|L\xc3\x84NGE|LONGUEUR|LONGITUD|LENGTE|LOAD-DATE):",
    re.MULTILINE,
)
_BEGINS = re.compile(
    rb"<DOC NUMBER=\d{1,6}>\s*<DOCFULL>\s*-->|<[a-zA-Z][^<>]{0,80}>\s{0,9}\d{1,6} of \d{1,6} DOCUMENTS", re.IGNORECASE
)
_IN_HTML = re.compile(rb"<DOC NUMBER=|<!-- LXNComment|>End of Document<", re.IGNORECASE)


def detect(probe: Probe) -> int:
    """By the lines that part documents (`2 of 10 DOCUMENTS`) together with the labels, or the comments in the HTML."""
    if probe.is_folder:
        return 0
    if _IN_HTML.search(probe.head):
        return 92
    return 92 if _MARK.search(probe.head) and _LABEL.search(probe.head) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of documents."""
    return count_matches(path, _MARK)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Documents in the order of the file. Raises `ArchiveError` for what is no text, and `OSError`."""
    with path.open("rb") as file:
        is_html = begins_with(file.read(1024), b"<")
    documents = _html_documents(path) if is_html else split_documents(text_passages(read_lines(path)))
    yield from _events(documents, context)


def _html_documents(path: Path) -> Iterator[ExportedDocument | Problem]:
    for piece in read_pieces(path, _BEGINS):
        if isinstance(piece, Problem):
            yield piece
            continue
        try:
            yield from split_documents(html_passages(piece.parse()))
        except ITEM_FAILURES as error:
            yield Problem("", piece.line, f"a document cannot be read: {error}", "look at it in the file")


def documents_in(tree: HtmlElement, context: ImportContext) -> Iterator[ImportEvent]:
    """Documents of an export as DOCX, whose HTML is in `tree`; the terms that were searched for lose their marking."""
    for bold in list(tree.iter("strong", "b")):
        if len(bold) == 1 and bold[0].tag in ("em", "i") and not (bold.text or "").strip():
            bold[0].drop_tag()
            bold.drop_tag()
    yield from _events(split_documents(html_passages(tree)), context)


def is_export(tree: HtmlElement) -> bool:
    """Whether the HTML of a DOCX is an export: a paragraph says `End of Document` and one has a length."""
    texts = ["".join(each.itertext()).strip() for each in tree.iter("p", "h1", "h2") if len(each) < 20]
    is_ended = any(len(text) < 40 and END_OF_DOCUMENT.fullmatch(text) for text in texts)
    return is_ended and any(len(text) < 40 and _LENGTH.match(text) for text in texts)


def _item(document: ExportedDocument, context: ImportContext) -> Item:
    return read_document(document, day_first=context.day_first)


_LENGTH = re.compile(r"(?:length|länge|longueur|longitud|extensión|lengte|lunghezza|comprimento|load-date)\s*:", re.I)


def _events(documents: Iterable[ExportedDocument | Problem], context: ImportContext) -> Iterator[ImportEvent]:
    number = last = total = 0
    for number, document in enumerate(documents, start=1):
        if isinstance(document, ExportedDocument) and document.total:
            last, total = document.number, document.total
        try:
            context.begin()
            yield document if isinstance(document, Problem) else _item(document, context)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"document {number}: {error}", "look at it in the file")
    if last < total:
        missing = f"documents {last + 1} to {total}" if last + 1 < total else f"document {total}"
        yield Skipped(missing, f"the file ends after number {last}; download it again, unless another file goes on")
    if not number:
        yield Problem("", None, "no document of LexisNexis is in it", "name its kind with --as if you know it")
