"""TEI: header, notes, verse, choices; corpora, and issues with several articles."""

from __future__ import annotations

from pathlib import Path

from importing import import_twice

from backfile.archive.importers.formats.scholarly import tei
from backfile.archive.importers.item import ImportContext, ImportEvent, Item
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

HEADER = """<teiHeader><fileDesc><titleStmt><title type="main">The Night Ferry Returns</title>
<title type="sub">A report</title>
<author><persName><surname>Marsh</surname>, <forename>Edna</forename></persName></author>
<author>Roe, John, 1880-1950</author>
<editor>Ada Quill</editor></titleStmt><publicationStmt><publisher>Digital Harbour<address><addrLine>Pier 1</addrLine>
</address>
</publisher><date when="2015-06-01">2015</date><idno type="DOI">10.5555/ferry</idno></publicationStmt>
<sourceDesc><biblStruct><monogr><title level="j">The Harbour Post</title><imprint><date when="1919-03-14"/></imprint>
</monogr>
</biblStruct></sourceDesc></fileDesc><profileDesc><langUsage><language ident="en"/></langUsage><textClass><keywords>
<term>Ferries</term><term>Sea</term></keywords></textClass></profileDesc></teiHeader>"""
BODY = """<text><front><titlePage><docTitle>x</docTitle></titlePage></front><body><div>
<head>The Night Ferry Returns: A report</head>
<byline>By <docAuthor>Edna Marsh</docAuthor></byline>
<p>The <hi rend="italic">ferry</hi> left<note n="1"><p>The timetable</p><p>says ten.</p>
</note> the har<lb break="no"/>bour at
<choice><sic>elevn</sic><corr>eleven</corr>
</choice>,<pb n="2"/> as<ref target="#n2">2</ref> ever<ref target="#n2">2</ref>.
<gap reason="illegible"/><quote><p>Nobody waved.</p></quote> That was all.</p>
<lg><l>The sea, the sea,</l><l>it does not <emph>wait</emph></l></lg><lg><l>for me.</l></lg>
<div><head>At sea</head><list type="ordered"><item>One</item><item>Two</item></list>
<list><label>Pier</label><item>of wood</item></list>
<table><row role="label"><cell>Day</cell><cell>Hour</cell></row><row><cell>1</cell><cell>9</cell></row></table>
<sp><speaker>Captain</speaker><p>Aye.</p></sp><figure><graphic url="pier.png"/><head>The pier</head></figure></div>
</div></body>
<back><div type="notes"><note xml:id="n2">Since 1916.</note></div></back></text>"""
TEI = f'<?xml version="1.0" encoding="UTF-8"?>\n<TEI xmlns="http://www.tei-c.org/ns/1.0">{HEADER}{BODY}</TEI>'
ISSUE = """<?xml version="1.0"?><TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader><fileDesc><titleStmt>
<title>The Harbour Post</title></titleStmt><sourceDesc><bibl><date when="1919-03-14"/></bibl></sourceDesc></fileDesc>
</teiHeader>
<text xml:lang="en"><body><div type="page"><div type="article"><head>Ferry returns</head><byline>by Edna Marsh</byline>
<p>It left at nine.</p></div><div type="article" xml:id="a2"><head>Pier closed</head><p>On Friday.</p></div></div>
<div type="advert"><p>Soap.</p></div></body></text></TEI>"""


def read(path: Path, content: str) -> list[ImportEvent]:
    path.write_text(content, encoding="utf-8")
    return list(tei.read(path, ImportContext()))


def test_the_header(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "ferry.xml", TEI)
    assert isinstance(item, Item)
    assert item.origin == "ferry.xml"
    assert item.metadata.title == "The Night Ferry Returns: A report"
    assert item.metadata.authors == ("Edna Marsh", "John Roe")
    assert item.metadata.date == PartialDate(1919, 3, 14)
    assert item.metadata.topics == ("Ferries", "Sea")
    assert item.metadata.source == Source("The Harbour Post")
    assert item.metadata.language == "en"
    assert item.extra == {"editor": "Ada Quill", "doi": "10.5555/ferry", "publisher": "Digital Harbour"}


def test_the_text(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "ferry.xml", TEI)
    assert isinstance(item, Item)
    assert item.body.split("\n\n")[1:] == [
        "The *ferry* left[^1] the harbour at\neleven, as[^2] ever[^2].\n[…]\n> Nobody waved.",
        "That was all.",
        "The sea, the sea,\\\nit does not *wait*",
        "for me.",
        "### At sea",
        "1. One\n2. Two",
        "**Pier**",
        "of wood",
        "| Day | Hour |\n| --- | --- |\n| 1 | 9 |",
        "**Captain**",
        "Aye.",
        "*The pier*",
        "[^1]: The timetable says ten.",
        "[^2]: Since 1916.",
    ]
    assert item.body.startswith("By Edna Marsh\n\n")
    assert item.notes == (
        "pictures that are not in the file: 1",
        "gaps of the edition, marked with […]: 1",
        "its title page is left out",
    )


def test_the_articles_of_an_issue(tmp_path: Path) -> None:
    first, second = read(tmp_path / "issue.xml", ISSUE)
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert (first.origin, second.origin) == ("issue.xml#1", "a2")
    assert (first.metadata.title, second.metadata.title) == ("Ferry returns", "Pier closed")
    assert first.metadata.authors == ("Edna Marsh",)
    assert first.metadata.source == Source("The Harbour Post")
    assert first.metadata.date == second.metadata.date == PartialDate(1919, 3, 14)
    assert second.body == "On Friday."


def test_a_corpus_has_an_article_for_each_text_and_a_broken_one_is_reported(tmp_path: Path) -> None:
    text = f"<TEI.2>{HEADER}<text><body><p>It left.</p></body></text></TEI.2>"
    broken = text.replace("</body>", "</wrong>")
    corpus = f"<teiCorpus.2>{HEADER}{text}{broken}{text}</teiCorpus.2>"
    first, second, third = read(tmp_path / "corpus.xml", corpus)
    assert isinstance(first, Item)
    assert isinstance(second, Problem)
    assert isinstance(third, Item)


def test_files_are_detected_and_a_second_import_changes_nothing(tmp_path: Path) -> None:
    for name, content, articles in (("ferry.xml", TEI, 1), ("issue.xml", ISSUE, 2)):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        detection = registry.detect_format(registry.probe(path))
        assert detection is not None
        assert detection.format.KIND == "tei"
        assert len(import_twice(tmp_path / f"library-{articles}", path)) == articles
