"""PDF with text: an article is a file; paragraphs are rejoined from the lines on its pages.

The title is that of the properties if it is on the first page, else the largest line there. Author and date are those
below it, else those of the properties. A scan without text is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.common.closing_notes import closing_authors
from backfile.archive.importers.common.masthead import LONGEST_LINE, Masthead, letters_only
from backfile.archive.importers.common.office_properties import (
    document_authors,
    document_title,
    keyword_topics,
)
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe
from backfile.archive.metadata.author_names import author_names
from backfile.archive.metadata.dates import date_with_note
from backfile.archive.metadata.publications import source_of
from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.archive.report import Problem
from backfile.archive.storage.durable_files import MAX_BYTES
from backfile.archive.storage.file_titles import title_from_path
from backfile.archive.web_addresses import host_of

if TYPE_CHECKING:
    import pypdfium2 as pdfium

    from backfile.archive.importers.formats.pdf.page_lines import PdfPage
    from backfile.archive.importers.formats.pdf.text_flow import TextBlock

KIND = "pdf"
TITLE = "PDF with text: an article a file"

FEWEST_LETTERS = 20
"""Letters of a page; one with fewer is an image, perhaps with a stamp or a number."""

_SIGNATURE = b"%PDF-"
_BLOCKS_ON_TOP = 8
_BLOCKS_SEARCHED = 200  # for the title of the properties: a printed web page has menus on top
_SHORTEST_TITLE = 8
_BEFORE_SITE = re.compile(r"\s*[|–—·:»-]\s")
_LARGE = 1.15
"""Size relative to that of the text, from which on the largest line of the first page is a title."""

_DAY = re.compile(r"D:(\d{4})(\d{2})?(\d{2})?")
_NAME = re.compile(r"[^\W\d_a-z][\w.'’-]*(?:\s+(?:[^\W\d_a-z][\w.'’-]*|de|da|van|von|der|la|le)){1,4}\Z")
_REFERENCE_MARKS = re.compile(r"(?<=\w)[\d*†‡§¶,]{1,40}(?=\s|\Z)|(?<!\s)\s*+\([^()@]*+@[^()]*\)")
_NOT_NAMES = re.compile(r"\b(?:abstract|summary|introduction|contents|report|chapter|part|section)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"(https?://\S+)\s+1/\d{1,4}\Z")
_MAX_UNKNOWN = 0.3


def detect(probe: Probe) -> int:
    """By the signature, which may be a little below the beginning of the file."""
    return 98 if not probe.is_folder and _SIGNATURE in probe.head[:1024] else 0


def count(path: Path, context: ImportContext) -> int | None:
    """One article a document."""
    return 1


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """The one article of the file."""
    import pypdfium2 as pdfium  # noqa: PLC0415 - of the extra `import`: files are recognised without it

    try:
        with closing(_open(path)) as document:
            yield _article(document, path.name, context)
    except pdfium.PdfiumError as error:
        yield Problem(path.name, None, f"is a broken PDF: {error}", "open it elsewhere and save it anew")
    except ArchiveError as error:
        yield Problem(path.name, None, str(error), error.hint)


def _open(path: Path) -> pdfium.PdfDocument:
    """Opens a document. Raises `ArchiveError` if it needs a password, `PdfiumError` if it is broken."""
    import pypdfium2 as pdfium  # noqa: PLC0415
    from pypdfium2 import raw  # noqa: PLC0415

    try:
        return pdfium.PdfDocument(path)
    except pdfium.PdfiumError as error:
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
            raise ArchiveError("is encrypted", hint="open it with its password and save it without") from error
        raise


@dataclass(slots=True)
class _PageStatistics:
    """Counts over the pages."""

    pages: int = 0
    without_text: list[int] = field(default_factory=list)
    letters: int = 0
    unknown: int = 0
    address: str = ""


def _article(document: pdfium.PdfDocument, name: str, context: ImportContext) -> Item:
    from backfile.archive.importers.formats.pdf.page_lines import read_pages  # noqa: PLC0415
    from backfile.archive.importers.formats.pdf.running_heads import without_running_heads  # noqa: PLC0415
    from backfile.archive.importers.formats.pdf.text_flow import BlockBuilder, blocks_to_markdown  # noqa: PLC0415

    statistics, layout = _PageStatistics(), BlockBuilder()
    blocks: list[TextBlock] = []
    length = 0
    for block in layout.blocks(without_running_heads(_count_pages(read_pages(document), statistics))):
        blocks.append(block)
        length += len(block.text)
        if length > MAX_BYTES:
            raise ArchiveError(f"has more than {MAX_BYTES >> 20} MB of text", hint="split it")
    _refuse_scan(statistics)
    properties = _read_properties(document)
    masthead = _take_masthead(blocks, layout.size, properties.title, context)
    body = blocks_to_markdown(blocks, layout.size)
    return Item(
        origin=name,
        metadata=replace(
            properties,
            title=masthead.title or properties.title or title_from_path(name.rpartition(".")[0] or name),
            authors=masthead.authors or properties.authors or closing_authors(body.split("\n\n"), masthead.title),
            date=masthead.date or properties.date,
            source=source_of(host_of(statistics.address), statistics.address),
            language=_language(document) or None,
        ),
        body=body,
        notes=_notes(statistics),
    )


def _count_pages(pages: Iterator[PdfPage], statistics: _PageStatistics) -> Iterator[PdfPage]:
    for page in pages:
        letters = sum(len(line.text) for line in page.lines)
        statistics.pages += 1
        statistics.letters += letters
        statistics.unknown += page.unknown
        if page.number == 1:
            statistics.address = next(filter(None, (_printed_address(line.text) for line in page.lines)), "")
        if letters < FEWEST_LETTERS:
            statistics.without_text.append(page.number)
        yield page


def _printed_address(line: str) -> str:
    """Address that browsers print at the foot of a page; empty if there is none or it is truncated."""
    found = _ADDRESS.match(line)
    return found[1] if found and "…" not in found[1] and "..." not in found[1] else ""


def _refuse_scan(statistics: _PageStatistics) -> None:
    if len(statistics.without_text) == statistics.pages:
        raise ArchiveError("has no text, only pictures of pages", hint="let a program for OCR read it first")
    if statistics.unknown > _MAX_UNKNOWN * max(1, statistics.letters):
        raise ArchiveError("does not say which letters its signs are", hint="let a program for OCR read it first")


def _notes(statistics: _PageStatistics) -> tuple[str, ...]:
    if not statistics.without_text:
        return ()
    numbers = ", ".join(map(str, statistics.without_text[:10])) + (" …" if len(statistics.without_text) > 10 else "")
    return (f"{len(statistics.without_text):,} of {statistics.pages:,} pages have no text (page {numbers})",)


def _read_properties(document: pdfium.PdfDocument) -> ArticleMetadata:
    values = {key: value.replace("\x00", "") for key, value in document.get_metadata_dict().items()}
    title = re.sub(r"\AMicrosoft Word\s*-\s*", "", values.get("Title", ""))
    return ArticleMetadata(
        title=document_title(title),
        authors=document_authors(values.get("Author")),
        topics=keyword_topics(values.get("Keywords")),
        date=_pdf_date(values.get("CreationDate", "")),
        summary=document_title(values.get("Subject")) or None,
    )


def _pdf_date(text: str) -> PartialDate | None:
    """Date such as `D:20190314091500+01'00'` (ISO 32000-1, 7.9.4)."""
    found = _DAY.match(text)
    return date_with_note("-".join(filter(None, found.groups())))[0] if found else None


def _language(document: pdfium.PdfDocument) -> str:
    import ctypes  # noqa: PLC0415

    from pypdfium2 import raw  # noqa: PLC0415

    buffer = ctypes.create_string_buffer(64)
    length = raw.FPDFCatalog_GetLanguage(document.raw, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), 64)
    return buffer.raw[: min(length, 64)].decode("utf-16-le", errors="ignore").rstrip("\x00")


def _take_masthead(blocks: list[TextBlock], size: float, title: str, context: ImportContext) -> Masthead:
    """Removes the title, and the byline and date below it, from the blocks of the first page."""
    masthead = Masthead()
    first = blocks[:_BLOCKS_SEARCHED]
    number = _title_index(first, size, title)
    if number is None:
        return masthead
    masthead.title = title if letters_only(first[number].text) == letters_only(title) else _one_line(first[number])
    used = [first[number]]
    for block in first[number + 1 : number + _BLOCKS_ON_TOP]:
        if not _take_lines(block, masthead, size, context):
            break
        used.append(block)
    blocks[:] = [block for block in blocks if block.text and not any(block is each for each in used)]
    return masthead


def _title_index(first: list[TextBlock], size: float, title: str) -> int | None:
    """Index of the title block: the one that the properties name, else the one with the largest letters."""
    index = next((number for number, block in enumerate(first) if title and _is_named(block, title)), None)
    if index is not None:
        return index
    first = [block for block in first[:_BLOCKS_ON_TOP] if block.page == 1]
    short = [block for block in first if len(block.text) <= LONGEST_LINE * 2]
    largest = max(short, key=lambda block: block.size, default=None)
    if largest is None:
        return None
    if largest.size > _LARGE * size:
        return next(number for number, block in enumerate(first) if block is largest)
    is_line = first[0].is_bold and first[0].lines <= 2 and not title
    return 0 if is_line else None


def _is_named(block: TextBlock, title: str) -> bool:
    """Whether a block is the title of the properties, which may end with the name of a site."""
    words = _one_line(block)
    if letters_only(words) == letters_only(title):
        return True
    rest = title[len(words) :] if title.casefold().startswith(words.casefold()) else ""
    return len(words) >= _SHORTEST_TITLE and _BEFORE_SITE.match(rest) is not None


def _take_lines(block: TextBlock, masthead: Masthead, size: float, context: ImportContext) -> bool:
    """Moves bylines and dates at the beginning of a block to the masthead; returns whether the block is then empty."""
    lines = block.text.split("\n")
    while lines and masthead.add_line(lines[0], day_first=context.day_first, may_repeat=True):
        del lines[0]
    block.text = "\n".join(lines)
    if lines and not masthead.authors and block.is_centred and not block.is_bold and block.size >= size:
        masthead.authors = _author_line(lines[0])
        if masthead.authors:
            block.text = "\n".join(lines[1:])
    return not block.text


def _author_line(line: str) -> tuple[str, ...]:
    """Authors in a line that consists of names, as below the title of a paper."""
    index = author_names(_REFERENCE_MARKS.sub("", line).strip(" ,"))
    return index if all(map(_NAME.match, index)) and not _NOT_NAMES.search(line) else ()


def _one_line(block: TextBlock) -> str:
    return " ".join(block.text.replace("\u00ad", "").split())
