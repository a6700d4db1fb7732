"""Names of formats that are not read, by the first bytes of a file, and what a person can do with such a file."""

from __future__ import annotations

import re

from backfile.archive.importers.common.xml_trees import is_xml_but_no_page, root_name

_UNKNOWN = "of no kind that is known; name it with --as if you know it"

_SCANS = "text of scanned pages: export it as PDF, EPUB or plain text"
_SITEMAP = "a sitemap: put its addresses into a text file, one a line, and import that with --fetch"
_DITA = "DITA: publish it as HTML, and import that"
_CATALOGUE = "records of a catalogue, not texts"
_NO_TEXT = "not a text"
_BY_ROOT = {
    "opml": "a list of feeds or an outline: import the address of each feed",
    "urlset": _SITEMAP,
    "sitemapindex": _SITEMAP,
    "plist": "a property list: save the page as HTML, or export the data as CSV",
    "wordDocument": "Word 2003: open it in Word or LibreOffice, and save it as DOCX",
    "package": "a document of Word: open it in Word or LibreOffice, and save it as DOCX",
    "document": "a document of LibreOffice: open it there, and save it as DOCX",
    "document-content": "a document of LibreOffice: open it there, and save it as DOCX",
    "FictionBook": "FictionBook: convert it to EPUB, for instance with Calibre",
    "mediawiki": "a dump of a wiki: save its pages as HTML, or convert them with Pandoc",
    "xml": "perhaps EndNote's: export the library as RIS or BibTeX",
    "alto": _SCANS,
    "mets": _SCANS,
    "PcGts": _SCANS,
    "topic": _DITA,
    "concept": _DITA,
    "task": _DITA,
    "map": _DITA,
    "bookmap": _DITA,
    "ead": _CATALOGUE,
    "mods": _CATALOGUE,
    "modsCollection": _CATALOGUE,
    "collection": _CATALOGUE,
    "OAI-PMH": _CATALOGUE,
    "ONIXMessage": _CATALOGUE,
    "PubmedArticleSet": "PubMed: open it in Zotero, and export it as RIS or BibTeX",
    "smses": "a backup of text messages, not of articles",
    "svg": _NO_TEXT,
    "kml": _NO_TEXT,
    "gpx": _NO_TEXT,
}
_PACKAGE_PARTS = re.compile(
    rb"PK\x03\x04[\s\S]{26}(?:(?P<folder>xl|ppt|visio)/[\w_]|Index/(?P<iwork>Document)\.iwa|"
    rb"mimetypeapplication/vnd\.oasis\.opendocument\.(?P<opendocument>[a-z]+))"
)
_BY_PART = {
    "xl": "XLSX is not read: save each sheet as CSV, and import these",
    "ppt": "PPTX is not read: save it as PDF, or as RTF for its outline",
    "visio": "a drawing of Visio is not read: save it as PDF",
    "Document": "a document of Pages, Numbers or Keynote is not read: export it as DOCX, CSV or PDF",
    "presentation": "ODP is not read: save it as PDF",
    "spreadsheet": "ODS is not read: save each sheet as CSV, and import these",
    "graphics": "a drawing of LibreOffice is not read: save it as PDF",
    "formula": "a formula of LibreOffice is not read: put it into a document",
    "database": "a database of LibreOffice is not read: save its tables as CSV",
}
_DOCBOOK = re.compile(rb"docbook\.org/ns/docbook|DocBook", re.IGNORECASE)
_GUESS = "convert it to HTML, Markdown or DOCX, for instance with Pandoc"


def refused_package(head: bytes) -> str:
    """Reason why a file that is a zip to its program only (a workbook, slides) is not imported; empty for others.

    `head` is the beginning of the file, with the first parts of the package.
    """
    found = _PACKAGE_PARTS.search(head) if head.startswith(b"PK\x03\x04") else None
    if found is None:
        return ""
    return _BY_PART.get((found[found.lastgroup or 0]).decode(), "")


def unknown_format(head: bytes) -> str:
    """Reason why a file of which no format was detected is not imported.

    XML is named by its first element, and a known kind by its name, with the way to something that is read.
    """
    if not is_xml_but_no_page(head):
        return _UNKNOWN
    name = root_name(head)
    hint = "DocBook: convert it to HTML or DOCX with Pandoc" if _DOCBOOK.search(head[:4096]) else _BY_ROOT.get(name)
    return f"XML of a kind that is not read, its first element is <{name[:60]}> ({hint or _GUESS})"
