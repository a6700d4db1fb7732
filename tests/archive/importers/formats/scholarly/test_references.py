"""Bibliographies: BibTeX, RIS, CSL-JSON, Zotero RDF; what is an article, and what only a reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from importing import import_twice, write_tree

from backfile.archive.importers.formats.scholarly import references
from backfile.archive.importers.item import ImportContext, Item, Probe, Reference
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

BIBTEX = r"""% a comment of Zotero
@string{jf = "Journal of Ferries"}
@comment{jabref-meta: x}
@article{marsh2019,
  title = {On the {{Lateness}} of {N}ight Ferries \& other {\"A}rgernisse},
  author = {Marsh, Edna and van der Roe, J. and {Harbour Group} and others},
  journal = jf, year = 2019, month = mar, day = 14, volume = {3}, number = 2, pages = {10--12},
  doi = {10.5555/FERRY.1}, url = {https://post.example/a\_b}, keywords = {ferries, sea; tides},
  abstract = {Ferries are late in 90% of cases, and cost $5 or $10.},
  annote = {Read again.}, file = {Full text:files/3/paper.txt:text/plain;:/etc/passwd:PDF}, language = {english}
}
@book{broken, title = {Never closed, year = 1931
@misc{roe1920, title = "Tides", author = "Roe, John", date = {1920-05/1920-06}, note = {}}
"""
RIS = """\ufeffTY  - NEWS
TI  - Night ferry returns
AU  - Marsh, Edna
AU  - Roe, John
T2  - The Harbour Post
DA  - 2019/03/14/
PY  - 2019
AB  - Ferries are late,
and the reasons are many.
N1  - Read again.
KW  - ferries
KW  - sea
UR  - https://post.example/ferry
DO  - 10.5555/ferry.2
VL  - 3
SP  - 10
EP  - 12
XX  - odd
L1  - missing.pdf
ER  -

TY - BOOK
T1  - Tides
A1  - Quill, Ada
Y1  - 1920//
ER  -
TY  - JOUR
TI  - No end
"""
CSL: list[Any] = [
    {
        "id": "m", "type": "article-journal", "title": "On <i>ferries</i>", "author": [
            {"family": "Roe", "given": "John", "non-dropping-particle": "van"}, {"literal": "Harbour Group"}],
        "issued": {"date-parts": [["2019", 3]]}, "container-title": "Journal of Ferries", "DOI": "10.5555/ferry.3",
        "abstract": "<p>Late.</p><p>Very.</p>", "page": "1-2", "language": "en-GB",
    },
    7,
    {"id": "t", "type": "book", "title": "Tides", "issued": {"raw": "14 March 1920"}, "publisher": "Pier Press"},
]  # fmt: skip
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:z="http://www.zotero.org/namespaces/export#"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:bib="http://purl.org/net/biblio#"
 xmlns:foaf="http://xmlns.com/foaf/0.1/" xmlns:link="http://purl.org/rss/1.0/modules/link/"
 xmlns:prism="http://prismstandard.org/namespaces/1.2/basic/">
<bib:Article rdf:about="https://post.example/ferry"><z:itemType>newspaperArticle</z:itemType>
<dcterms:isPartOf><bib:Newspaper><dc:title>The Harbour Post</dc:title></bib:Newspaper></dcterms:isPartOf>
<bib:authors><rdf:Seq><rdf:li><foaf:Person><foaf:surname>Marsh</foaf:surname><foaf:givenName>Edna</foaf:givenName>
</foaf:Person></rdf:li></rdf:Seq></bib:authors><dcterms:isReferencedBy rdf:resource="#item_5"/>
<link:link rdf:resource="#item_6"/><dc:subject><z:AutomaticTag><rdf:value>ferries</rdf:value></z:AutomaticTag>
</dc:subject>
<dc:title>Night ferry returns</dc:title><dc:date>2019-03-14</dc:date><z:language>en</z:language>
<dc:identifier>DOI 10.5555/ferry.4</dc:identifier></bib:Article>
<bib:Memo rdf:about="#item_5"><rdf:value>&lt;p&gt;Read &lt;b&gt;again&lt;/b&gt;.&lt;/p&gt;</rdf:value></bib:Memo>
<z:Attachment rdf:about="#item_6"><z:itemType>attachment</z:itemType><rdf:resource rdf:resource="files/6/ferry.html"/>
<dc:title>Snapshot</dc:title></z:Attachment>
<bib:Book rdf:about="urn:isbn:1"><z:itemType>book</z:itemType><dc:title>Tides</dc:title></bib:Book>
<z:Collection rdf:about="#collection_1"><dc:title>Harbour</dc:title>
<dcterms:hasPart rdf:resource="https://post.example/ferry"/>
</z:Collection></rdf:RDF>"""
PAGE = "<!DOCTYPE html><html><head><title>Ferry</title></head><body><article><h1>Ferry</h1>" + "".join(
    f"<p>The night ferry left the harbour at ten, and this is the whole of paragraph {n} about it.</p>"
    for n in range(6)
)


def read(path: Path, content: str) -> list[Item | Problem]:
    path.write_text(content, encoding="utf-8")
    found = list(references.read(path, ImportContext(day_first=False)))
    assert all(isinstance(event, Reference | Problem) for event in found)
    return [event.item if isinstance(event, Reference) else event for event in found if not isinstance(event, Item)]  # type: ignore[misc]


def test_bibtex(tmp_path: Path) -> None:
    write_tree(tmp_path, {"files/3/paper.txt": "On lateness\n\nThe ferry left the harbour a little after eleven.\n"})
    first, broken, last = read(tmp_path / "lib.bib", BIBTEX)
    assert isinstance(first, Item)
    assert first.origin == "marsh2019"
    assert first.metadata.title == "On the Lateness of Night Ferries & other Ärgernisse"
    assert first.metadata.authors == ("Edna Marsh", "J. van der Roe", "Harbour Group")
    assert first.metadata.date == PartialDate(2019, 3, 14)
    assert first.metadata.topics == ("ferries", "sea", "tides")
    assert first.metadata.source == Source("Journal of Ferries", "https://post.example/a_b")
    assert first.metadata.language == "en"
    assert first.metadata.summary == "Ferries are late in 90% of cases, and cost $5 or $10."
    assert first.also_at == ("https://doi.org/10.5555/ferry.1",)
    assert first.body == (
        "The ferry left the harbour a little after eleven.\n\n## Notes\n\nRead again.\n\n- [paper.txt](<paper.txt>)"
    )
    assert [asset.name for asset in first.assets] == ["paper.txt"]
    assert first.extra == {
        "doi": "10.5555/ferry.1",
        "type": "article",
        "volume": "3",
        "issue": "2",
        "pages": "10–12",
    }
    assert first.notes == ("its file /etc/passwd does not lie beside the bibliography",)
    assert isinstance(broken, Problem)
    assert broken.line == 12
    assert isinstance(last, Item)
    assert last.metadata.date == PartialDate(1920, 5)
    assert not last.body


def test_ris(tmp_path: Path) -> None:
    first, second, third = read(tmp_path / "lib.ris", RIS)
    assert isinstance(first, Item)
    assert first.metadata.title == "Night ferry returns"
    assert first.metadata.authors == ("Edna Marsh", "John Roe")
    assert first.metadata.date == PartialDate(2019, 3, 14)
    assert first.metadata.source == Source("The Harbour Post", "https://post.example/ferry")
    assert first.body == "Ferries are late, and the reasons are many.\n\n## Notes\n\nRead again."
    assert first.extra == {"doi": "10.5555/ferry.2", "type": "NEWS", "volume": "3", "pages": "10–12"}
    assert first.notes == ("its file missing.pdf does not lie beside the bibliography",)
    assert isinstance(second, Item)
    assert second.metadata.authors == ("Ada Quill",)
    assert second.metadata.date == PartialDate(1920)
    assert not second.body
    assert isinstance(third, Item)


def test_csl_json(tmp_path: Path) -> None:
    first, second, third = read(tmp_path / "lib.json", json.dumps(CSL))
    assert isinstance(first, Item)
    assert first.metadata.title == "On ferries"
    assert first.metadata.authors == ("John van Roe", "Harbour Group")
    assert first.metadata.date == PartialDate(2019, 3)
    assert first.metadata.source == Source("Journal of Ferries", "https://doi.org/10.5555/ferry.3")
    assert first.body == "Late.\n\nVery."
    assert isinstance(second, Problem)
    assert isinstance(third, Item)
    assert third.metadata.date == PartialDate(1920, 3, 14)
    assert third.metadata.source == Source("Pier Press")


def test_zotero_rdf(tmp_path: Path) -> None:
    write_tree(tmp_path, {"files/6/ferry.html": PAGE})
    first, second = read(tmp_path / "lib.rdf", RDF)
    assert isinstance(first, Item)
    assert first.origin == "https://post.example/ferry"
    assert first.metadata.title == "Night ferry returns"
    assert first.metadata.authors == ("Edna Marsh",)
    assert first.metadata.topics == ("ferries", "Harbour")
    assert first.metadata.date == PartialDate(2019, 3, 14)
    assert first.metadata.source == Source("The Harbour Post", "https://post.example/ferry")
    assert first.body.startswith("The night ferry left the harbour at ten")
    assert "## Notes\n\nRead **again**." in first.body
    assert first.extra["doi"] == "10.5555/ferry.4"
    assert isinstance(second, Item)
    assert not second.body


@pytest.mark.parametrize(
    ("name", "content"),
    [("lib.bib", BIBTEX), ("lib.ris", RIS), ("lib.json", json.dumps(CSL, indent=1)), ("lib.rdf", RDF), ("x.txt", RIS)],
)
def test_files_are_detected_and_a_second_import_changes_nothing(name: str, content: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    assert detection.format.KIND == "references"
    assert import_twice(tmp_path / "library", path)


@pytest.mark.parametrize(
    "text", ["@article{", "an e-mail to edna@book{er}.example", "TY  - but no tag follows\n", '{"type": "book"}']
)
def test_other_texts_are_no_bibliography(text: str) -> None:
    assert references.detect(Probe(Path("x.txt"), False, text.encode())) == 0


@pytest.mark.parametrize(
    "path", ["../secret.txt", "/etc/hosts", "files/../../secret.txt", "link.txt", "C:\\secret.txt"]
)
def test_a_file_elsewhere_is_never_read(path: str, tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("the secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (item,) = read(folder / "lib.ris", f"TY  - BOOK\nTI  - Tides\nL1  - {path}\nER  - \n")
    assert isinstance(item, Item)
    assert not item.assets
    assert "does not lie beside the bibliography" in item.notes[0]


REPORTED = r"""
@Book{jabi2013,
 author = {Jabi, Wassim},
 title = "{SPOTlight: seeded
              regression}",
 year = 2013,
month = Jan,
 isbn = {978-1780673141}
 }
@misc{doe, author = "Jane Doe", title = "Work", year = "2021", url = {https://example.com/%a8},
  abstract = {Improvements of 5{\%} where 1 < 2 > 0, in 22% of "cases".}
}
@article{inproc:a+b/c, author = {{Doe, Inc.}}, title = {H$_2$O \& {\'e}t{\'e}}, date = {2019-13},
 year = {2019}, note = {x}
}
"""


def test_entries_of_public_reports(tmp_path: Path) -> None:
    first, second, third = read(tmp_path / "lib.bib", REPORTED)
    assert isinstance(first, Item)
    assert first.metadata.title == "SPOTlight: seeded regression"
    assert first.metadata.date == PartialDate(2013, 1)
    assert isinstance(second, Item)
    assert second.metadata.source == Source(None, "https://example.com/%a8")
    assert second.body == 'Improvements of 5% where 1 \\< 2 \\> 0, in 22% of "cases".'
    assert isinstance(third, Item)
    assert third.metadata.authors == ("Doe, Inc.",)
    assert third.metadata.title == "H$_2$O & été"
    assert third.metadata.date == PartialDate(2019)
