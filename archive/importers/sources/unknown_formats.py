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
_DOCBOOK = re.compile(rb"docbook\.org/ns/docbook|DocBook", re.IGNORECASE)
_GUESS = "convert it to HTML, Markdown or DOCX, for instance with Pandoc"


def unknown_format(head: bytes) -> str:
    """Reason why a file of which no format was detected is not imported.

    XML is named by its first element, and a known kind by its name, with the way to something that is read.
    """
    if not is_xml_but_no_page(head):
        return _UNKNOWN
    name = root_name(head)
    hint = "DocBook: convert it to HTML or DOCX with Pandoc" if _DOCBOOK.search(head[:4096]) else _BY_ROOT.get(name)
    return f"XML of a kind that is not read, its first element is <{name[:60]}> ({hint or _GUESS})"
