"""JATS: metadata, sections, notes, tables, figures, formulas, references; sets of articles."""

from __future__ import annotations

from pathlib import Path

from importing import import_twice

from backfile.archive.importers.formats.scholarly import jats
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

FRONT = """<front><journal-meta><journal-title-group><journal-title>Journal of Ferries</journal-title>
</journal-title-group>
<issn>1234-5678</issn></journal-meta><article-meta><article-id pub-id-type="doi">10.5555/ferry.1</article-id>
<article-categories><subj-group><subject>Research</subject></subj-group></article-categories>
<title-group><article-title>On the <italic>lateness</italic> of ferries</article-title><subtitle>A study</subtitle>
</title-group>
<contrib-group><contrib contrib-type="author"><name><surname>Marsh</surname><given-names>Edna</given-names></name>
</contrib>
<contrib contrib-type="author"><collab>Harbour Group<contrib-group><contrib><name><surname>X</surname></name></contrib>
</contrib-group></collab></contrib><contrib contrib-type="editor"><name><surname>Quill</surname></name></contrib>
</contrib-group>
<pub-date pub-type="collection"><year>2018</year></pub-date>
<pub-date pub-type="epub"><day>14</day><month>Mar</month><year>2019</year></pub-date>
<volume>3</volume><issue>2</issue><fpage>10</fpage><lpage>12</lpage>
<permissions><copyright-statement>© 2019 Marsh</copyright-statement></permissions>
<abstract><title>Abstract</title><p>Ferries are late.</p><p>We say why.</p></abstract>
<abstract abstract-type="graphical"><p>x</p></abstract><kwd-group><kwd>ferries</kwd><kwd>time</kwd></kwd-group>
</article-meta></front>"""
BODY = """<body><sec><label>1</label><title>Introduction</title><p>They leave late<xref ref-type="fn" rid="f1">a</xref>
(<xref ref-type="bibr" rid="r1">Roe 1919</xref>), as <ext-link xlink:href="https://post.example/">the Post</ext-link>
says:
<disp-quote><p>Late.</p></disp-quote> So it is.<fn><p>A note in place.</p></fn></p>
<sec><title>Method</title><p>We solve <inline-formula><tex-math>\\begin{document}$$e=mc^2$$\\end{document}</tex-math>
</inline-formula> and <inline-formula><mml:math><mml:mi>x</mml:mi><mml:mo>+</mml:mo><mml:mi>y</mml:mi></mml:math>
</inline-formula>.</p>
<list list-type="order"><list-item><p>one</p></list-item></list>
<table-wrap><label>Table 1</label><caption><title>Hours</title></caption><table><thead><tr><th>Day</th><th>Hour</th>
</tr></thead>
<tbody><tr><td>1</td><td>9</td></tr></tbody></table></table-wrap>
<fig><label>Figure 1</label><caption><p>The pier.</p></caption><graphic xlink:href="f1.tif"/></fig>
<verse-group><verse-line>The sea, the sea,</verse-line><verse-line>it does not wait.</verse-line></verse-group></sec>
</sec></body>
<back><ack><title>Thanks</title><p>To all.</p></ack><fn-group><fn id="f1"><label>a</label><p>By an hour.</p></fn>
<fn><p>No conflict.</p></fn></fn-group><ref-list><ref id="r1"><label>1</label><element-citation><person-group>
<name><surname>Roe</surname><given-names>J</given-names></name></person-group><article-title>Tides</article-title>
<year>1919</year></element-citation></ref><ref><mixed-citation>Quill A. <italic>Piers</italic>. 1920.</mixed-citation>
</ref>
</ref-list></back>"""
ARTICLE = f'<article article-type="research-article" xml:lang="en">{FRONT}{BODY}</article>'
JATS = '<?xml version="1.0"?><!DOCTYPE article PUBLIC "-//NLM//DTD JATS v1.2//EN" "JATS.dtd">\n' + ARTICLE


def read(path: Path, content: str) -> list[ImportEvent]:
    path.write_text(content, encoding="utf-8")
    return list(jats.read(path, ImportContext()))


def test_the_front(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "a.xml", JATS)
    assert isinstance(item, Item)
    assert item.origin == "10.5555/ferry.1"
    assert item.metadata.title == "On the lateness of ferries: A study"
    assert item.metadata.authors == ("Edna Marsh", "Harbour Group")
    assert item.metadata.date == PartialDate(2019, 3, 14)
    assert item.metadata.summary == "Ferries are late. We say why."
    assert item.metadata.topics == ("ferries", "time")
    assert item.metadata.source == Source("Journal of Ferries", "https://doi.org/10.5555/ferry.1")
    assert item.metadata.language == "en"
    assert item.extra == {
        "doi": "10.5555/ferry.1",
        "section": "Research",
        "volume": "3",
        "issue": "2",
        "pages": "10–12",
        "issn": "1234-5678",
        "copyright": "© 2019 Marsh",
    }
    assert item.notes == ("pictures that are not in the file: 1",)


def test_the_text(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "a.xml", JATS)
    assert isinstance(item, Item)
    assert item.body.split("\n\n") == [
        "## 1 Introduction",
        "They leave late[^1]\n(Roe 1919), as [the Post](https://post.example/) says:\n> Late.",
        "So it is.[^2]",
        "### Method",
        "We solve `e=mc^2` and `x+y`.",
        "1. one",
        "**Table 1** Hours",
        "| Day | Hour |\n| --- | --- |\n| 1 | 9 |",
        "**Figure 1** The pier.",
        "The sea, the sea,\\\nit does not wait.",
        "## Thanks",
        "To all.",
        "No conflict.",
        "## References",
        "1. Roe J, Tides, 1919\n2. Quill A. *Piers*. 1920.",
        "[^1]: By an hour.",
        "[^2]: A note in place.",
    ]


def test_an_article_without_a_body_has_its_abstract(tmp_path: Path) -> None:
    (item,) = read(tmp_path / "a.xml", JATS.replace(BODY, ""))
    assert isinstance(item, Item)
    assert item.body == "Ferries are late.\n\nWe say why."
    assert item.metadata.summary is None
    assert item.notes == ("has no text, only its abstract",)


def test_a_set_of_articles_and_a_broken_one_in_it(tmp_path: Path) -> None:
    broken = ARTICLE.replace("</article-title>", "</wrong>", 1)
    first, second, third = read(tmp_path / "set.xml", f"<pmc-articleset>{ARTICLE}{broken}{ARTICLE}</pmc-articleset>")
    assert isinstance(first, Item)
    assert isinstance(second, Problem)
    assert isinstance(third, Item)


def test_answers_to_an_article_come_with_it(tmp_path: Path) -> None:
    answer = "<response><front-stub><title-group><article-title>Reply</article-title></title-group></front-stub>"
    content = JATS.replace("</back></article>", f"</back>{answer}<body><p>No.</p></body></response></article>")
    (item,) = read(tmp_path / "a.xml", content)
    assert isinstance(item, Item)
    assert "## Reply\n\nNo." in item.body


def test_files_are_detected_and_a_second_import_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text(JATS, encoding="utf-8")
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    assert detection.format.KIND == "jats"
    assert len(import_twice(tmp_path / "library", path)) == 1
    docbook = b'<?xml version="1.0"?><article xmlns="http://docbook.org/ns/docbook"><info/></article>'
    assert jats.detect(Probe(Path("a.xml"), False, docbook)) == 0
