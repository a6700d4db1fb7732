"""LexisNexis and Nexis Uni: documents of exports as text, HTML and DOCX."""

from __future__ import annotations

from pathlib import Path

import docx
import pytest
from importing import import_twice

from backfile.archive.importers.formats.press import lexisnexis
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.importers.sources.detection import ImportSource, open_sources
from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

COVER = """Download Request: Selected Items: 1-3
Time Of Request: Friday, March 20, 2020  16:51:31

Send To:
2152 311G
HALBURY LIBRARY

Terms: (ferry and not (TYPE(web)))


"""
OLDER = """
                               1 of 3 DOCUMENTS



                             The Harbour Post (Halbury)

                             March 14, 2019 Thursday
                                   Edition 1;
                                National Edition

Night ferry returns to the islands after a
week in the fog

BYLINE: Edna Marsh, transport correspondent, and JOHN Roe in Seaby

SECTION: NEWS; Pg. 3

LENGTH: 355 words

The ferry left the harbour a little after eleven, as it had done every night
since the war, and nobody on the pier waved at it at all that winter.

By the time the lighthouse came into view the passengers had sorted themselves
into those who sleep and those who talk, and the talkers had won once more.

URL: this line of the text looks like a label, but a paragraph follows.

That was all.

GRAPHIC: The ferry at the pier

Photo: Ada Quill

LOAD-DATE: March 15, 2019

LANGUAGE: ENGLISH

PUBLICATION-TYPE: Newspaper

JOURNAL-CODE: THP


                    Copyright 2019 Harbour Newspapers Limited
                              All Rights Reserved

"""
LABELLED = """                               2 of 3 DOCUMENTS


                     Copyright 2019 The Halbury Times-Union
                       Halbury Times-Union (Seaby)

                               May 2, 2019 Saturday
                                 FINAL EDITION

SECTION: Law & Order; Pg. B-3

LENGTH: 1322 words

HEADLINE: Pier closed;
Council blames the tide

DATELINE: SEABY, May 1

BODY:

The pier was closed on Friday.

SUBJECT: PIERS (93%); HARBOUR BOARDS (90%); UK TIDES & SWELL (57%) COUNCILS (91%)

GEOGRAPHIC: SEABY, UK (94%)
 HALBURY (91%)

LOAD-DATE: May 3, 2019

LANGUAGE: ENGLISH

"""
GERMAN = """                              Dokument 3 von 3


                                 Der Hafenbote

                         Donnerstag 14. März 2019
                                  1. Ausgabe

Die Nachtfähre kehrt zurück

AUTOR: Von Edna Marsh und John Roe

RUBRIK: POLITIK; S. 4

LÄNGE: 120 Wörter

HIGHLIGHT: Eine Woche Nebel.

Die Fähre verließ den Hafen kurz nach elf.

UPDATE: 15. März 2019

SPRACHE: GERMAN; DEUTSCH

PUBLICATION-TYPE: Zeitung

ZEITUNGS-CODE: DHB

                       Copyright 2019 Hafenbote Verlag
                           Alle Rechte vorbehalten
"""
TEXT = COVER + OLDER + LABELLED + GERMAN


def read(path: Path) -> list[ImportEvent]:
    return list(lexisnexis.read(path, ImportContext(day_first=False)))


def items(path: Path, content: str, encoding: str = "utf-8") -> list[Item]:
    path.write_bytes(content.encode(encoding))
    found = read(path)
    assert all(isinstance(event, Item) for event in found), found
    return [event for event in found if isinstance(event, Item)]


def test_a_document_whose_headline_stands_below_the_date(tmp_path: Path) -> None:
    item = items(tmp_path / "export.txt", TEXT)[0]
    assert item.metadata.title == "Night ferry returns to the islands after a week in the fog"
    assert item.metadata.authors == ("Edna Marsh", "John Roe")
    assert item.metadata.date == PartialDate(2019, 3, 14)
    assert item.metadata.source == Source("The Harbour Post (Halbury)")
    assert item.metadata.language == "en"
    assert item.body.startswith("The ferry left the harbour a little after eleven, as it had done every night\nsince")
    assert item.body.endswith("but a paragraph follows.\n\nThat was all.")
    assert item.extra == {
        "section": "NEWS; Pg. 3",
        "edition": "Edition 1; National Edition",
        "graphic": "The ferry at the pier; Photo: Ada Quill",
        "type": "Newspaper",
        "journal_code": "THP",
        "copyright": "Copyright 2019 Harbour Newspapers Limited All Rights Reserved",
        "original_byline": "Edna Marsh, transport correspondent, and JOHN Roe in Seaby",
    }


def test_a_document_with_labels_whose_newspaper_stands_in_the_copyright(tmp_path: Path) -> None:
    item = items(tmp_path / "export.txt", TEXT)[1]
    assert item.metadata.title == "Pier closed; Council blames the tide"
    assert item.metadata.source == Source("Halbury Times-Union (Seaby)")
    assert item.metadata.topics == ("Piers", "Harbour Boards", "UK Tides & Swell", "Councils")
    assert item.body == "The pier was closed on Friday."
    assert item.extra["place"] == "Seaby"
    assert item.extra["edition"] == "FINAL EDITION"
    assert item.extra["geographic"] == "SEABY, UK (94%) HALBURY (91%)"


def test_labels_in_the_language_of_the_page(tmp_path: Path) -> None:
    item = items(tmp_path / "export.txt", TEXT, "cp1252")[2]
    assert item.metadata.title == "Die Nachtfähre kehrt zurück"
    assert item.metadata.authors == ("Edna Marsh", "John Roe")
    assert item.metadata.date == PartialDate(2019, 3, 14)
    assert item.metadata.summary == "Eine Woche Nebel."
    assert item.metadata.language == "de"
    assert item.body == "Die Fähre verließ den Hafen kurz nach elf."
    assert item.extra["zeitungs_code"] == "DHB"


PAGE = """<HTML><HEAD><STYLE TYPE="text/css"><!-- .c0 { } --></STYLE></HEAD><BODY>
<A NAME="DOC_ID_1_0"></A><!-- Hide XML section from browser
<DOC NUMBER=1>
<DOCFULL> -->
<BR><DIV CLASS="c0"><P CLASS="c1"><SPAN CLASS="c2">1 of 2 DOCUMENTS</SPAN></P></DIV>
<BR><DIV CLASS="c3"><BR><P CLASS="c1"><SPAN>Copyright 2019 Harbour Company<BR>All Rights Reserved</SPAN><BR>
<SPAN>The Harbour Post</SPAN></P></DIV>
<BR><DIV CLASS="c3"><P><SPAN>March</SPAN><SPAN> 14, 2019 Thursday</SPAN><SPAN>&nbsp;<BR>Met 2 Edition</SPAN></P></DIV>
<BR><DIV CLASS="c4"><P><SPAN CLASS="c7">LENGTH: </SPAN><SPAN CLASS="c2">12 words</SPAN></P></DIV>
<BR><DIV CLASS="c4"><P><SPAN CLASS="c7">HEADLINE: </SPAN><SPAN CLASS="c2">Night ferry returns</SPAN></P></DIV>
<BR><DIV CLASS="c4"><P><SPAN CLASS="c7">BYLINE: </SPAN><SPAN>By EDNA MARSH</SPAN></P></DIV>
<BR><DIV CLASS="c5"><P><SPAN CLASS="c7"> BODY:<BR></SPAN></P><P><STYLE>x</STYLE><SPAN>It left at <I>nine</I>.</SPAN></P>
<P><SPAN>Nobody waved.</SPAN></P><TABLE><TR><TD>Pier</TD><TD>2</TD></TR><TR><TD>Quay</TD><TD>3</TD></TR></TABLE></DIV>
<BR><DIV CLASS="c4"><P><SPAN CLASS="c7">LANGUAGE: </SPAN><SPAN>ENGLISH</SPAN></P></DIV>
<!-- Hide XML section from browser
</DOCFULL> -->
<BR><DIV CLASS="c0"><P CLASS="c1"><SPAN CLASS="c2">2 of 2 DOCUMENTS</SPAN></P></DIV>
<BR><DIV CLASS="c3"><P><SPAN>The Harbour Post</SPAN></P></DIV>
<BR><DIV CLASS="c3"><P><SPAN>not a date</SPAN></P></DIV>
<BR><DIV CLASS="c4"><P><SPAN CLASS="c7">LENGTH: </SPAN><SPAN CLASS="c2">0 words</SPAN></P></DIV>
</BODY></HTML>"""


def test_html_keeps_the_form_of_the_text(tmp_path: Path) -> None:
    first, second = items(tmp_path / "export.html", PAGE)
    assert first.metadata.title == "Night ferry returns"
    assert first.metadata.authors == ("Edna Marsh",)
    assert first.metadata.source == Source("The Harbour Post")
    assert first.metadata.date == PartialDate(2019, 3, 14)
    assert first.extra["edition"] == "Met 2 Edition"
    assert first.body.startswith("It left at *nine*.\n\nNobody waved.\n\n| Pier | 2 |")
    assert second.metadata.source == Source("The Harbour Post")
    assert second.notes == ("has no text, only its headline and metadata", "its date is not understood")


def uni_document(path: Path, *, cover: bool) -> Path:
    document = docx.Document()
    if cover:
        lines = [
            "User Name: EDNA",
            "Job Number: 12",
            "Documents (2)",
            "1. Night ferry returns",
            "Client/Matter: -None-",
        ]
        for line in lines:
            document.add_paragraph(line)
    for title in ("Night ferry returns", "Pier closed"):
        for line in (title, "The Harbour Post", "March 14, 2019 Thursday 10:15 PM GMT", "", "Copyright 2019 Harbour"):
            document.add_paragraph(line)
        for line in ("Section: NEWS; Pg. 3", "Length:\xa0937 words", "Byline:\xa0Edna Marsh, post.example", "Body", ""):
            document.add_paragraph(line)
        text = document.add_paragraph("It left the ")
        marked = text.add_run("harbour")
        marked.bold = marked.italic = True
        text.add_run(" at nine.")
        document.add_paragraph("Load-Date:\xa0March 15, 2019")
        document.add_paragraph("End of Document")
    document.save(str(path))
    return path


@pytest.mark.parametrize("cover", [True, False])
def test_a_docx_of_nexis_uni_has_each_document_as_an_article(cover: bool, tmp_path: Path) -> None:
    (source,) = open_sources(uni_document(tmp_path / "Files (2).DOCX", cover=cover))
    assert isinstance(source, ImportSource)
    first, second = source.read(ImportContext())
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert (first.metadata.title, second.metadata.title) == ("Night ferry returns", "Pier closed")
    assert first.metadata.authors == ("Edna Marsh",)
    assert first.metadata.source == Source("The Harbour Post")
    assert first.metadata.date == PartialDate(2019, 3, 14)
    assert first.body == "It left the harbour at nine."
    assert first.extra["section"] == "NEWS; Pg. 3"


def test_a_document_that_cannot_be_read_is_reported_and_the_rest_comes_in(tmp_path: Path) -> None:
    path = tmp_path / "export.html"
    path.write_text(PAGE.replace("<P><SPAN>Nobody waved.</SPAN></P>", "<div>" * 3000 + "deep"))
    problem, second = read(path)
    assert isinstance(problem, Problem)
    assert "nested too deeply" in problem.reason
    assert problem.line == 5
    assert isinstance(second, Item)


def test_a_file_without_a_document_is_said(tmp_path: Path) -> None:
    path = tmp_path / "export.html"
    path.write_text("<DOC NUMBER=1> nothing")
    (problem,) = read(path)
    assert isinstance(problem, Problem)


@pytest.mark.parametrize(("name", "content"), [("export.txt", TEXT), ("export.html", PAGE)])
def test_exports_are_detected_by_what_they_hold(name: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    assert detection.format.KIND == "lexisnexis"


@pytest.mark.parametrize("text", ["Pages 1 of 2 DOCUMENTS were lost.\n\nLENGTH: long", "LENGTH: 3 words", "1 of 2"])
def test_a_letter_is_no_export(text: str) -> None:
    assert lexisnexis.detect(Probe(Path("letter.txt"), False, text.encode())) == 0


def test_a_folder_of_exports_is_read_file_by_file_and_texts_beside_them_too(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    (folder / "one.txt").write_text(TEXT)
    (folder / "letter.txt").write_text("The Pier\n\nIt was closed on Friday and nobody knows why.\n")
    sources = [(each.label, each.kind) for each in open_sources(folder) if isinstance(each, ImportSource)]
    assert sources == [("downloads/letter.txt", "text"), ("downloads/one.txt", "lexisnexis")]


def test_a_second_import_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    path.write_text(TEXT)
    assert len(import_twice(tmp_path / "library", path)) == 3


PUBLIC_REPORTS = """                               1 of 3 DOCUMENTS

                                   USA EXAMPLE

                            November 9, 2015 Monday

                                 FIRST EDITION

Rebuilding better after the fog of 19, part 1

SECTION:

NEWS; Blz.6

LENGTH: 452 words

By the time the ferry came the pier had gone.


That was all.

                               2 of 3 DOCUMENTS

We are sorry but there is an error in this document and it is not possible to display it.

                               3 of 3 DOCUMENTS

                                   USA EXAMPLE

                            November 10, 2015 Tuesday

Pier, 11 May 2010

LENGTH: 3 words

Gone.
"""


def test_labels_above_their_values_editions_above_headlines_and_documents_that_are_an_error(tmp_path: Path) -> None:
    first, error, third = items(tmp_path / "export.txt", PUBLIC_REPORTS)
    assert first.metadata.title == "Rebuilding better after the fog of 19, part 1"
    assert first.metadata.date == PartialDate(2015, 11, 9)
    assert first.extra == {"section": "NEWS; Blz.6", "edition": "FIRST EDITION"}
    assert first.body == "By the time the ferry came the pier had gone.\n\nThat was all."
    assert "it is not possible to display it" in error.body + error.metadata.title
    assert error.notes
    assert third.metadata.date == PartialDate(2015, 11, 10)
    assert third.metadata.title == "Pier, 11 May 2010"


@pytest.mark.parametrize(
    ("total", "missing"), [(1, []), (2, ["document 2"]), (10, ["documents 2 to 10"])], ids=["whole", "one", "nine"]
)
def test_documents_that_a_file_counts_and_does_not_have_are_named(
    total: int, missing: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "export.txt"
    path.write_text(OLDER.replace("1 of 3 DOCUMENTS", f"1 of {total} DOCUMENTS"))
    first, *rest = lexisnexis.read(path, ImportContext())
    assert isinstance(first, Item)
    assert [each.origin for each in rest if isinstance(each, Skipped)] == missing
    assert len(rest) == len(missing)
