"""ProQuest: documents of a text."""

from __future__ import annotations

from pathlib import Path

from importing import import_twice

from backfile.archive.importers.formats.press import proquest
from backfile.archive.importers.item import ImportContext, Item
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

LINE = "_" * 60
FIRST = """Document 1 of 3

The night ferry returns: [Final Edition]

Author: Marsh, Edna; Roe, John

Publication info: The Harbour Post ; Halbury, UK [Halbury, UK]. 14 Mar 2019: A.4.

ProQuest document link

Abstract: It came back after a week in the fog.

Links: http://library.example/openurl

Full text: The ferry left the harbour a little after eleven.

Title: this paragraph of the text looks like a label.

Nobody waved.
Credit: Staff

Subject: Ferries; Harbours & ports

Location: Halbury UK

Title: The night ferry returns: [Final Edition]

Publication title: The Harbour Post; Halbury, UK

Pages: A.4

Publication year: 2019

Publication date: Mar 14, 2019

Section: News

Publisher: Harbour Newspapers

ISSN: 01234567

Source type: Newspapers

Language of publication: English

Document type: News

ProQuest document ID: 1234567890

Document URL: https://www.proquest.com/docview/1234567890?accountid=14586

Copyright: Copyright Harbour Newspapers Mar 14, 2019

Last updated: 2019-03-15

Database: Global Newsstream
"""
SECOND = """Pier closed

http://search.proquest.com/docview/2

Abstract: The pier was closed.

Full text: Not available.

Publication title: The Harbour Post

Publication year: 1931

ProQuest document ID: 2
"""
TEXT = f"{LINE}\n\n{FIRST}\n{LINE}\n\n{SECOND}\n{LINE}\n\nContact ProQuest\n\nCopyright © 2019 ProQuest LLC.\n"


def read(path: Path, content: str) -> list[Item]:
    path.write_text(content, encoding="utf-8")
    found = list(proquest.read(path, ImportContext()))
    assert all(isinstance(event, Item) for event in found), found
    return [event for event in found if isinstance(event, Item)]


def test_a_document_with_full_text(tmp_path: Path) -> None:
    item = read(tmp_path / "ProQuestDocuments.txt", TEXT)[0]
    assert item.origin == "proquest:1234567890"
    assert item.metadata.title == "The night ferry returns: [Final Edition]"
    assert item.metadata.authors == ("Edna Marsh", "John Roe")
    assert item.metadata.date == PartialDate(2019, 3, 14)
    assert item.metadata.summary == "It came back after a week in the fog."
    assert item.metadata.topics == ("Ferries", "Harbours & ports")
    assert item.metadata.source == Source(
        "The Harbour Post; Halbury, UK", "https://www.proquest.com/docview/1234567890"
    )
    assert item.metadata.language == "en"
    assert item.body == (
        "The ferry left the harbour a little after eleven.\n\n"
        "Title: this paragraph of the text looks like a label.\n\nNobody waved.\n\nCredit: Staff"
    )
    assert item.extra["section"] == "News"
    assert item.extra["pages"] == "A.4"
    assert item.extra["issn"] == "01234567"


def test_a_document_without_full_text_has_its_abstract_and_says_so(tmp_path: Path) -> None:
    item = read(tmp_path / "ProQuestDocuments.txt", TEXT)[1]
    assert item.metadata.title == "Pier closed"
    assert item.metadata.date == PartialDate(1931)
    assert item.body == "The pier was closed."
    assert item.notes == ("has no full text, only its abstract",)


def test_exports_are_detected_and_a_second_import_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ProQuestDocuments.txt"
    path.write_text(TEXT)
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    assert detection.format.KIND == "proquest"
    assert len(import_twice(tmp_path / "library", path)) == 2


def test_a_text_without_documents_is_said(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(f"{LINE}\n\nNothing\n")
    (problem,) = proquest.read(path, ImportContext())
    assert isinstance(problem, Problem)
