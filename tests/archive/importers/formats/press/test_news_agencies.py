"""Formats of news agencies: NITF, NewsML 1, NewsML-G2, ninjs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from importing import import_twice

from backfile.archive.importers.formats.press import newsml, newsml_g2, ninjs, nitf
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

NITF = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE nitf SYSTEM "nitf-3-2.dtd">
<nitf xml:lang="en-GB" version="-//IPTC//DTD NITF 3.2//EN"><head><title>ferry-slug</title>
<tobject><tobject.subject tobject.subject.type="Transport" tobject.subject.matter="Shipping"/></tobject>
<docdata management-status="usable"><doc-id id-string="post-1"/><date.issue norm="20190314T101500Z"/>
<ed-msg info="Recasts lead"/><key-list><keyword key="Ferries"/></key-list></docdata>
<pubdata name="The Harbour Post" position.section="News" date.publication="20190315" ex-ref="https://post.example/ferry"/>
</head><body><body.head><hedline><hl1>Night <em>ferry</em> returns</hl1><hl2>A week in the fog</hl2></hedline>
<byline>By <person>Edna Marsh</person> and <person>John Roe</person><byttl>AP Staff Writer</byttl></byline>
<dateline><location>HALBURY</location></dateline></body.head>
<body.content><block><p>It left at <em>nine</em>.<fn><p>The timetable says ten.</p></fn></p><hl2>At sea</hl2>
<p>Nobody waved:</p><ul><li>not one</li></ul>
<media media-type="image"><media-reference source="https://post.example/pier.jpg" alternate-text="Pier"/>
<media-caption>The pier</media-caption></media><media><media-reference source="film.mpg"/></media>
<bq><block><p>It was <q>cold</q>.</p></block><credit>A sailor</credit></bq></block></body.content>
<body.end><tagline>Edna Marsh covers the sea.</tagline></body.end></body></nitf>"""
G2_ITEM = """<newsItem guid="urn:newsml:post.example:1" version="1" xml:lang="en"><rightsInfo>
<copyrightNotice>(c) Harbour</copyrightNotice></rightsInfo><itemMeta><itemClass qcode="ninat:text"/>
<provider literal="The Harbour Post"/><versionCreated>2019-03-15T10:00:00Z</versionCreated>
<pubStatus qcode="stat:usable"/>
<edNote>Recasts lead</edNote></itemMeta><contentMeta><contentCreated>2019-03-14T10:15:00Z</contentCreated>
<located qcode="city:1"><name>Halbury</name></located><creator literal="EM"/><language tag="en-GB"/>
<subject qcode="medtop:1"><name xml:lang="en">Ferries</name><name xml:lang="de">Fähren</name></subject>
<subject qcode="medtop:2"/><headline>Night ferry returns</headline>
<headline role="hld:subHeadline">A week in the fog</headline><by>By Edna Marsh</by></contentMeta>
<contentSet><inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml"><head><title>t</title>
</head><body><p>It left at <b>nine</b>.</p><p>Nobody waved.</p></body></html></inlineXML></contentSet></newsItem>"""
G2 = f"""<?xml version="1.0" encoding="UTF-8"?><newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><header/><itemSet>
{G2_ITEM}
<newsItem guid="urn:2"><itemMeta><itemClass qcode="ninat:picture"/></itemMeta><contentSet>
<remoteContent href="http://post.example/pier.jpg"/></contentSet></newsItem>
<newsItem guid="urn:3"><itemMeta><itemClass qcode="ninat:text"/><pubStatus qcode="stat:canceled"/></itemMeta></newsItem>
<newsItem guid="urn:4"><itemMeta><itemClass qcode="ninat:text"/>
<firstCreated>2019-03-16T01:00:00Z</firstCreated></itemMeta>
<contentMeta><headline>Plain</headline></contentMeta><contentSet><inlineData contenttype="text/plain"><![CDATA[<p>
One &lt; two.</p><p>Three.</p>]]></inlineData></contentSet></newsItem></itemSet></newsMessage>"""
NEWSML = """<?xml version="1.0" encoding="iso-8859-1"?><!DOCTYPE NewsML SYSTEM "NewsML_1.2.dtd"><NewsML><NewsEnvelope/>
<NewsItem><Identification><NewsIdentifier><ProviderId>post.example</ProviderId><DateId>20190314</DateId>
<PublicIdentifier>urn:newsml:post.example:20190314:1</PublicIdentifier></NewsIdentifier></Identification>
<NewsManagement><FirstCreated>20190314T101500Z</FirstCreated><Status FormalName="Usable"/></NewsManagement>
<NewsComponent><NewsLines><HeadLine>La nuit en mer, enfin ?</HeadLine><ByLine>Par Edna Marsh</ByLine>
<DateLine>HALBURY, 14 mars 2019 (POST) -</DateLine><CopyrightLine>© Post</CopyrightLine></NewsLines>
<AdministrativeMetadata><Provider><Party FormalName="Post"/></Provider></AdministrativeMetadata>
<DescriptiveMetadata><Language FormalName="fr"/><Property FormalName="Keyword" Value="mer"/></DescriptiveMetadata>
<NewsComponent><ContentItem><MediaType FormalName="Text"/><DataContent><nitf><body>
<body.content><p>Le bac déjà parti.</p>
</body.content></body></nitf></DataContent></ContentItem></NewsComponent>
<NewsComponent><NewsLines><HeadLine>Second text</HeadLine></NewsLines>
<ContentItem><DataContent><p>Another text.</p></DataContent></ContentItem></NewsComponent>
<NewsComponent><ContentItem Href="pier.jpg"><MediaType FormalName="Photo"/></ContentItem></NewsComponent>
</NewsComponent></NewsItem>
<NewsItem><Identification/><NewsManagement><Status FormalName="Canceled"/></NewsManagement></NewsItem></NewsML>"""
NINJS: dict[str, Any] = {
    "uri": "urn:newsml:post.example:9", "type": "text", "versioncreated": "2019-03-15T01:00:00Z",
    "contentcreated": "2019-03-14T10:15:00Z", "headline": "Night ferry returns", "byline": "By Edna Marsh and John Roe",
    "body_xhtml": "<p>It left at <sup >9</sup> <i>o'clock</i>.</p>", "description_text": "A week in the fog",
    "language": "en", "located": "Halbury", "subject": [{"name": "Ferries", "code": "1"}], "provider": "Harbour Post",
    "associations": {"main": {"type": "picture", "headline": "Pier [at night]",
                              "renditions": {"big": {"href": "https://post.example/pier.jpg"}}}},
}  # fmt: skip
NINJS_3: dict[str, Any] = {
    "uri": "urn:3", "standard": {"schema": "http://www.iptc.org/std/ninjs/ninjs-schema_3.0.json"}, "type": "text",
    "contentCreated": "2019-03-16",
    "headlines": [{"role": "sub", "value": "No"}, {"role": "main", "value": "Pier closed"}],
    "bodies": [{"contenttype": "text/plain", "value": "Plain."},
               {"contenttype": "text/html", "value": "<p>It was <b>so</b>."}],
    "subjects": [{"name": "Piers"}], "by": "Ada Quill", "infosources": [{"name": "Post"}],
}  # fmt: skip


def read(module: Any, path: Path, content: str, encoding: str = "utf-8") -> list[ImportEvent]:
    path.write_bytes(content.encode(encoding))
    return list(module.read(path, ImportContext(day_first=False)))


def test_nitf(tmp_path: Path) -> None:
    (item,) = read(nitf, tmp_path / "n.xml", NITF)
    assert isinstance(item, Item)
    assert item.origin == "post-1"
    assert item.metadata.title == "Night ferry returns"
    assert item.metadata.authors == ("Edna Marsh", "John Roe")
    assert item.metadata.date == PartialDate(2019, 3, 14)
    assert item.metadata.summary == "A week in the fog"
    assert item.metadata.topics == ("Ferries", "Shipping")
    assert item.metadata.source == Source("The Harbour Post", "https://post.example/ferry")
    assert item.metadata.language == "en-GB"
    assert item.body.split("\n\n") == [
        "It left at *nine*.[^1]",
        "### At sea",
        "Nobody waved:",
        "- not one",
        "![Pier](https://post.example/pier.jpg)",
        '*The pier*\n> It was "cold".\n>\n> A sailor',
        "Edna Marsh covers the sea.",
        "[^1]: The timetable says ten.",
    ]
    assert item.extra == {"place": "Halbury", "section": "News", "editors_note": "Recasts lead"}
    assert item.notes == ("pictures or films that are not in the file: 1",)


def test_a_withheld_document_of_nitf_is_skipped(tmp_path: Path) -> None:
    (event,) = read(
        nitf, tmp_path / "n.xml", NITF.replace('management-status="usable"', 'management-status="canceled"')
    )
    assert event == Skipped("post-1", "canceled")


def test_newsml_g2_takes_items_with_text(tmp_path: Path) -> None:
    first, picture, canceled, plain = read(newsml_g2, tmp_path / "g.xml", G2)
    assert isinstance(first, Item)
    assert first.origin == "urn:newsml:post.example:1"
    assert first.metadata.title == "Night ferry returns"
    assert first.metadata.authors == ("Edna Marsh",)
    assert first.metadata.date == PartialDate(2019, 3, 14)
    assert first.metadata.summary == "A week in the fog"
    assert first.metadata.topics == ("Ferries",)
    assert first.metadata.source == Source("The Harbour Post")
    assert first.metadata.language == "en-GB"
    assert first.body == "It left at **nine**.\n\nNobody waved."
    assert first.extra == {"place": "Halbury", "copyright": "(c) Harbour", "editors_note": "Recasts lead"}
    assert picture == Skipped("urn:2", "a picture, has no text in the file")
    assert canceled == Skipped("urn:3", "canceled")
    assert isinstance(plain, Item)
    assert plain.body == "One < two.\n\nThree."


def test_newsml_1_has_an_article_for_each_text(tmp_path: Path) -> None:
    first, second, third = read(newsml, tmp_path / "n.xml", NEWSML, "latin-1")
    assert isinstance(first, Item)
    assert first.origin == "urn:newsml:post.example:20190314:1"
    assert first.metadata.title == "La nuit en mer, enfin ?"
    assert first.metadata.authors == ("Edna Marsh",)
    assert first.metadata.date == PartialDate(2019, 3, 14)
    assert first.metadata.topics == ("mer",)
    assert first.metadata.source == Source("Post")
    assert first.metadata.language == "fr"
    assert first.body == "Le bac déjà parti."
    assert first.extra == {"place": "Halbury", "copyright": "© Post"}
    assert isinstance(second, Item)
    assert (second.origin, second.metadata.title) == ("urn:newsml:post.example:20190314:1#2", "Second text")
    assert second.body == "Another text."
    assert third == Skipped("news item 2", "canceled")


def test_newsml_is_utf8_where_its_bytes_are_whatever_it_declares(tmp_path: Path) -> None:
    first, *_ = read(newsml, tmp_path / "n.xml", NEWSML)
    assert isinstance(first, Item)
    assert first.body == "Le bac déjà parti."


def test_ninjs(tmp_path: Path) -> None:
    (item,) = read(ninjs, tmp_path / "n.json", json.dumps(NINJS, indent=1))
    assert isinstance(item, Item)
    assert item.origin == "urn:newsml:post.example:9"
    assert item.metadata.title == "Night ferry returns"
    assert item.metadata.authors == ("Edna Marsh", "John Roe")
    assert item.metadata.date == PartialDate(2019, 3, 14)
    assert item.metadata.summary == "A week in the fog"
    assert item.metadata.topics == ("Ferries",)
    assert item.metadata.source == Source("Harbour Post")
    assert "*o'clock*" in item.body
    assert item.body.endswith("![Pier [at night]](https://post.example/pier.jpg)")
    assert item.extra == {"place": "Halbury"}


@pytest.mark.parametrize("form", ["list", "lines", "wrapped"])
def test_several_items_of_ninjs(form: str, tmp_path: Path) -> None:
    picture = {"uri": "urn:p", "type": "picture", "versioncreated": "2019-03-14"}
    rows: list[object] = [NINJS_3, 7, picture]
    content = {
        "list": json.dumps(rows),
        "lines": "\n".join(map(json.dumps, rows)),
        "wrapped": json.dumps({"items": rows}),
    }
    first, second, third = read(ninjs, tmp_path / "n.json", content[form])
    assert isinstance(first, Item)
    assert first.metadata.title == "Pier closed"
    assert first.metadata.authors == ("Ada Quill",)
    assert first.metadata.source == Source("Post")
    assert first.body == "It was **so**."
    assert isinstance(second, Problem)
    assert third == Skipped("urn:p", "type picture: has no text in the file")


@pytest.mark.parametrize(
    ("kind", "content", "articles"),
    [("nitf", NITF, 1), ("newsml-g2", G2, 2), ("newsml", NEWSML, 2), ("ninjs", json.dumps([NINJS, NINJS_3]), 2)],
)
def test_files_are_detected_and_a_second_import_changes_nothing(
    kind: str, content: str, articles: int, tmp_path: Path
) -> None:
    path = tmp_path / "file.dat"
    path.write_text(content, encoding="utf-8")
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    assert kind == detection.format.KIND
    assert len(import_twice(tmp_path / "library", path)) == articles


BOMB = '<!DOCTYPE nitf [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_entities_are_not_expanded_and_nothing_is_loaded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    declared = f'{BOMB}<!ENTITY f SYSTEM "{secret.as_uri()}">]>'
    content = NITF.replace('<!DOCTYPE nitf SYSTEM "nitf-3-2.dtd">', declared).replace(
        "Nobody waved", "&i; &f; &eacute;"
    )
    (item,) = read(nitf, tmp_path / "n.xml", content)
    assert isinstance(item, Item)
    assert len(item.body) < 1000
    assert "secret" not in item.body
    assert "é" in item.body


def test_a_broken_document_does_not_end_the_rest(tmp_path: Path) -> None:
    cut = G2.replace("Nobody waved.</p>", "Nobody waved.</q>")
    problem, *rest = read(newsml_g2, tmp_path / "g.xml", cut)
    assert isinstance(problem, Problem)
    assert len(rest) == 3
    *_, last = read(nitf, tmp_path / "n.xml", NITF + NITF[: len(NITF) // 2])
    assert isinstance(last, Problem)
