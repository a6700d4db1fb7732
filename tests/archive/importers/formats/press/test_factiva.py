"""Factiva: HTML with and without field codes, and XML."""

from __future__ import annotations

from pathlib import Path

import pytest
from importing import import_twice

from backfile.archive.importers.formats.press import factiva
from backfile.archive.importers.item import ImportContext, ImportEvent, Item
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

HEAD = '<html><head><meta charset="utf-8"><title>Factiva</title><style>{}</style></head><body><form>'
PLAIN = """<div id="article-HRBP000020190314ef3e0002p" class="article"><div class="article enArticle"><p>
</p><div>Foreign Desk; 1</div>
<div id="hd"><span class="enHeadline">1) The night <b>ferry</b> returns</span></div>
<div class="author">By EDNA MARSH</div><div>Special to The Harbour Post</div>
<div>1,285 words</div><div>14 March 2019</div><div>10:15:03</div><div>The Harbour Post</div><div>HRBP</div>
<div>Late Edition - Final</div><div>4,5</div><div>English</div><div>(c) 2019 Harbour Ltd</div>
<p></p>
<p class="articleParagraph enarticleParagraph">The <b>ferry</b> left the
harbour at nine.</p>
<p class="articleParagraph enarticleParagraph">Nobody waved.</p>
<p>Harbour Newspapers Limited</p><p>Document HRBP000020190314ef3e0002p</p>
<p></p></div></div>"""
CODED = """<div class="article deArticle"><table cellpadding="1">
<tr><td class="index"><b>HD</b>&nbsp;</td><td><b class='deHeadline'>Die Nachtfähre kehrt zurück</b></td></tr>
<tr><td class="index"><b>BY</b>&nbsp;</td><td>Von Edna Marsh</td></tr>
<tr><td class="index"><b>WC</b>&nbsp;</td><td>295 Wörter</td></tr>
<tr><td class="index"><b>PD</b>&nbsp;</td><td>29 Dezember 2011</td></tr>
<tr><td class="index"><b>SN</b>&nbsp;</td><td>Der Hafenbote</td></tr>
<tr><td class="index"><b>PG</b>&nbsp;</td><td>26</td></tr>
<tr><td class="index"><b>LA</b>&nbsp;</td><td>Deutsch</td></tr>
<tr><td class="index"><b>LP</b>&nbsp;</td><td><p>Eine Woche Nebel.</p></td></tr>
<tr><td class="index"><b>TD</b>&nbsp;</td><td><p>Die Fähre verließ den <b>Hafen</b>.</p><p>Niemand winkte.</p></td></tr>
<tr><td class="index"><b>NS</b>&nbsp;</td><td>gpol : Innenpolitik | ncat : Content Types | gwea : Wetter</td></tr>
<tr><td class="index"><b>AN</b>&nbsp;</td><td>Dokument DHB0000020111229e7ct0001r</td></tr>
</table></div>"""
XML = """<?xml version="1.0" encoding="utf-8"?>
<PPSResponse><ppsArticleResponse xmlns="http://global.factiva.com/pps/2.0"><ppsarticleResultSet count="2">
<ppsarticle><article><accessionNo>HRBP1</accessionNo><baseLanguage>EN</baseLanguage><copyright>(c) Harbour</copyright>
<headline><paragraph lang="EN">The night <hlt>ferry</hlt> returns</paragraph></headline><byline>By Edna Marsh</byline>
<leadParagraph><paragraph>It left at nine.</paragraph></leadParagraph><pages>3</pages>
<publicationDate><dateTime>2019-03-14T01:35:58Z</dateTime></publicationDate><sourceName>The Harbour Post</sourceName>
<newsSubject code="gwea"><name>Weather</name></newsSubject>
<newsSubject code="n"><name>Factiva Filters</name></newsSubject>
<region code="uk"><name>United Kingdom</name></region>
<tailParagraphs><paragraph>Nobody <hlt>waved</hlt>.</paragraph></tailParagraphs></article></ppsarticle>
<ppsarticle><article><accessionNo>HRBP2</accessionNo><headline><paragraph>Pier closed</paragraph></headline>
<leadParagraph>
The pier was closed
on Friday.
    Nobody knows why.
</leadParagraph></article></ppsarticle>
</ppsarticleResultSet></ppsArticleResponse></PPSResponse>"""


def read(path: Path, content: str) -> list[ImportEvent]:
    path.write_text(content, encoding="utf-8")
    return list(factiva.read(path, ImportContext(day_first=False)))


def test_an_article_without_field_codes(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "export.html", HEAD + PLAIN)
    assert isinstance(item, Item)
    assert item.origin == "factiva:HRBP000020190314ef3e0002p"
    assert item.metadata.title == "The night ferry returns"
    assert item.metadata.authors == ("Edna Marsh",)
    assert item.metadata.date == PartialDate(2019, 3, 14)
    assert item.metadata.source == Source("The Harbour Post")
    assert item.metadata.language == "en"
    assert item.body == "The ferry left the\nharbour at nine.\n\nNobody waved."
    assert item.extra == {
        "section": "Foreign Desk; 1",
        "edition": "Late Edition - Final",
        "pages": "4,5",
        "copyright": "(c) 2019 Harbour Ltd",
        "publisher": "Harbour Newspapers Limited",
        "original_byline": "By EDNA MARSH, Special to The Harbour Post",
    }


def test_an_article_with_field_codes(tmp_path: Path) -> None:
    _, item = read(tmp_path / "export.html", HEAD + PLAIN + CODED)
    assert isinstance(item, Item)
    assert item.origin == "factiva:DHB0000020111229e7ct0001r"
    assert item.metadata.title == "Die Nachtfähre kehrt zurück"
    assert item.metadata.authors == ("Edna Marsh",)
    assert item.metadata.date == PartialDate(2011, 12, 29)
    assert item.metadata.topics == ("Innenpolitik", "Wetter")
    assert item.metadata.language == "de"
    assert item.body == "Eine Woche Nebel.\n\nDie Fähre verließ den Hafen.\n\nNiemand winkte."
    assert item.extra["pages"] == "26"


def test_the_xml_of_the_web_service(tmp_path: Path) -> None:
    first, second = read(tmp_path / "export.xml", XML)
    assert isinstance(first, Item)
    assert first.origin == "factiva:HRBP1"
    assert first.metadata.title == "The night ferry returns"
    assert first.metadata.authors == ("Edna Marsh",)
    assert first.metadata.date == PartialDate(2019, 3, 14)
    assert first.metadata.topics == ("Weather",)
    assert first.metadata.language == "en"
    assert first.body == "It left at nine.\n\nNobody waved."
    assert first.extra == {"copyright": "(c) Harbour", "pages": "3", "geographic": "United Kingdom"}
    assert isinstance(second, Item)
    assert second.body == "The pier was closed\non Friday.\n\nNobody knows why."
    assert second.notes == ("its date is not understood",)


def test_a_broken_article_does_not_end_the_rest(tmp_path: Path) -> None:
    deep = PLAIN.replace("Nobody waved.", "<div>" * 3000)
    problem, item = read(tmp_path / "export.html", HEAD + deep + CODED)
    assert isinstance(problem, Problem)
    assert isinstance(item, Item)
    broken = XML.replace("</tailParagraphs></article>", "</wrong></article>")
    assert [type(event) for event in read(tmp_path / "export.xml", broken)] == [Problem, Item]


def test_an_article_that_is_larger_than_a_page_may_be_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backfile.archive.importers.formats.press.html_pieces.MAX_BYTES", 1 << 20)
    large = PLAIN.replace("Nobody waved.", "Nobody waved. " * 200_000)
    problem, item = read(tmp_path / "export.html", HEAD + large + CODED)
    assert isinstance(problem, Problem)
    assert isinstance(item, Item)


@pytest.mark.parametrize("content", [HEAD + PLAIN + CODED, XML])
def test_exports_are_detected_and_a_second_import_changes_nothing(content: str, tmp_path: Path) -> None:
    path = tmp_path / "export.html"
    path.write_text(content, encoding="utf-8")
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    assert detection.format.KIND == "factiva"
    assert len(import_twice(tmp_path / "library", path)) == 2
