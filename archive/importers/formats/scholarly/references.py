"""Bibliographies: BibTeX, RIS, CSL-JSON, Zotero RDF.

An entry with an abstract, a note or a file is an article; any other is only a reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from backfile.archive.importers.common.item_count import count_matches
from backfile.archive.importers.common.rows import begins_with
from backfile.archive.importers.formats.scholarly.bibliography_entry import BibliographyEntry
from backfile.archive.importers.formats.scholarly.bibtex import read_bibtex
from backfile.archive.importers.formats.scholarly.csl_json import is_csl_json, read_csl_json
from backfile.archive.importers.formats.scholarly.ris import read_ris
from backfile.archive.importers.formats.scholarly.zotero_rdf import NAMESPACE, read_zotero_rdf
from backfile.archive.importers.item import ITEM_FAILURES, Format, ImportContext, ImportEvent, Probe
from backfile.archive.importers.sources import registry
from backfile.archive.report import Problem

KIND = "references"
TITLE = "Bibliographies: BibTeX, RIS, CSL-JSON, Zotero RDF"

_RIS = re.compile(rb"(?:^|\n)[ \t]{0,8}TY[ \t]{1,3}-[ \t]?[A-Z]{2,8}[ \t\r]*\n[ \t]{0,8}[A-Z][A-Z0-9][ \t]{1,3}-")
_BIBTEX = re.compile(
    rb"(?:^|\n)[ \t]{0,20}@[ \t]{0,3}(?:article|book|booklet|collection|conference|dataset|electronic|inbook"
    rb"|incollection|inproceedings|manual|mastersthesis|mvbook|misc|newspaper|online|patent|periodical|phdthesis|proceedings|report"
    rb"|software|techreport|thesis|unpublished|video|webpage|www)[ \t]{0,3}[{(][ \t]{0,3}[^\s{},()]{0,200}[ \t]{0,3},",
    re.IGNORECASE,
)
_ENTRY = re.compile(rb"(?:^|\n)[ \t]{0,8}(?:TY[ \t]{1,3}-|@[A-Za-z]{2,30}[{(])|\"type\"\s{0,3}:|<z:itemType>")
_READABLE = frozenset({"pdf", "html", "mhtml", "docx", "epub", "text", "markdown", "jats", "tei"})


def detect(probe: Probe) -> int:
    """By the first entry."""
    if probe.is_folder:
        return 0
    head = probe.head
    if begins_with(head, b"<"):
        return 97 if NAMESPACE in head else 0
    if is_csl_json(head):
        return 91
    return 94 if _RIS.search(head) or _BIBTEX.search(head) else 0


def count(path: Path, context: ImportContext) -> int | None:
    """Number of entries."""
    return count_matches(path, _ENTRY)


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Entries in the order of the file. Raises `OSError`, and `ArchiveError` for what cannot be read at all."""
    number = 0
    for number, entry in enumerate(_entries(path), start=1):
        try:
            context.begin()
            yield entry if isinstance(entry, Problem) else entry.reference(path.parent, context, _readable_format)
        except ITEM_FAILURES as error:
            yield Problem("", None, f"entry {number}: {error}", "look at it in the file")
    if not number:
        yield Problem("", None, "no entry is in it", "export the library again")


def _entries(path: Path) -> Iterator[BibliographyEntry | Problem]:
    with path.open("rb") as file:
        head = file.read(64 * 1024)
    if begins_with(head, b"<"):
        return read_zotero_rdf(path)
    if begins_with(head, (b"[", b"{")):
        return read_csl_json(path)
    return read_ris(path) if _RIS.search(head) and not _BIBTEX.search(head) else read_bibtex(path)


def _readable_format(probe: Probe) -> Format | None:
    """Format that reads the text of an attached file; None if none does."""
    detection = registry.detect_format(probe)
    return detection.format if detection is not None and detection.format.KIND in _READABLE else None
