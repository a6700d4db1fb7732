"""DOCX: pictures that are missing, lists that go on, headings by rank, text in boxes and fields, dangling parts."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from importing import import_twice

from backfile.archive.importers.formats.docx import word_document
from backfile.archive.importers.item import ImportContext, Item

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NAMES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    f'xmlns:r="{OFFICE}" xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)
PNG = b"\x89PNG\r\n\x1a\nfake"
TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{}</Types>'
PIECE = "<w:lvl w:ilvl='{}'>{}<w:numFmt w:val='{}'/></w:lvl>"


def paragraph(text: str = "", properties: str = "", inner: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text) if text else ''}{inner}</w:p>"


def run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def listed(text: str, number: int = 1, level: int = 0) -> str:
    return paragraph(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def shown(blip: str, alt: str = "The pier", inner: str = "") -> str:
    """Run with a picture."""
    return (
        f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="P" descr="{alt}">{inner}</wp:docPr><a:graphic>'
        f"<a:graphicData><pic:pic><pic:blipFill>{blip}</pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline>"
        "</w:drawing></w:r>"
    )


def article(
    folder: Path, body: str, links: dict[str, str] | None = None, types: str = "", **parts: str | bytes
) -> Item:
    """Article of a document with this body; `links` maps relationship ids to targets, `parts` names to content."""
    rels = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/image" Target="{target.removeprefix("!")}"'
        f"{' TargetMode=' + chr(34) + 'External' + chr(34) if target.startswith('!') else ''}/>"
        for name, target in (links or {}).items()
    )
    path = folder / "x.docx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("[Content_Types].xml", TYPES.format(types))
        package.writestr("word/document.xml", f"<w:document {NAMES}><w:body>{body}</w:body></w:document>")
        start = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        package.writestr("word/_rels/document.xml.rels", f"{start}{rels}</Relationships>")
        for name, content in parts.items():
            known = {"styles": "styles", "numbering": "numbering", "footnotes": "footnotes"}
            part = f"word/{name}.xml" if name in known else f"word/media/{name.replace('_', '.')}"
            wrapped = f"<w:{name} {NAMES}>{content!s}</w:{name}>" if name in known else content
            package.writestr(part, wrapped)
    (found,) = word_document.read(path, ImportContext())
    assert isinstance(found, Item), found
    return found


OPENING = paragraph("It left late again and nobody waved.")


@pytest.mark.parametrize(
    ("blip", "target", "body", "note"),
    [
        ('<a:blip r:link="rId5"/>', "!https://img.example/a?id=7", "![The pier](https://img.example/a?id=7)",
         "a picture is linked and not in the document: https://img.example/a?id=7"),
        ('<a:blip r:embed="rId5"/>', "!file:///C:/My/pier.png", "*(picture missing: The pier)*",
         "a picture is missing in the document: pier.png"),
        ('<a:blip r:embed="rId5"/>', "media/gone.png", "*(picture missing: The pier)*",
         "a picture is missing in the document: gone.png"),
        ('<a:blip r:embed="rId5"/>', "NULL", "*(picture missing: The pier)*",
         "a picture is missing in the document: NULL"),
        ('<a:blip r:embed="rId9"/>', "media/pier.png", "*(picture missing: The pier)*",
         "a picture is missing in the document"),
        ("<a:blip/>", "media/pier.png", "*(picture missing: The pier)*", "a picture is missing in the document"),
    ],
)  # fmt: skip
def test_a_picture_that_is_missing_is_a_remark_and_a_note(
    tmp_path: Path, blip: str, target: str, body: str, note: str
) -> None:
    item = article(tmp_path, OPENING + f"<w:p>{shown(blip)}</w:p>" + paragraph("It came back."), {"rId5": target})
    assert item.body == f"It left late again and nobody waved.\n\n{body}\n\nIt came back."
    assert item.notes == (note,)


@pytest.mark.parametrize(
    ("name", "types", "ending"),
    [
        ("a_png", "", "png"),
        ("a_png", '<Default Extension="PNG" ContentType="image/png"/>', "png"),
        ("a_jpeg", '<Override PartName="/word/media/a.jpeg" ContentType="image/jpeg"/>', "jpg"),
        ("a_tmp", "", "png"),
        ("a", '<Default Extension="a" ContentType="application/octet-stream"/>', "png"),
    ],
)
def test_pictures_of_undeclared_types_come_in(tmp_path: Path, name: str, types: str, ending: str) -> None:
    target = f"media/{name.replace('_', '.')}"
    picture = f"<w:p>{shown('<a:blip r:embed=' + chr(34) + 'rId5' + chr(34) + '/>')}</w:p>"
    item = article(tmp_path, OPENING + picture, {"rId5": target}, types, **{name: PNG})
    assert item.body.endswith(f"![The pier](image-1.{ending})")
    assert [(asset.name, asset.load()) for asset in item.assets] == [(f"image-1.{ending}", PNG)]
    assert item.notes == ()


def test_one_picture_that_is_missing_leaves_the_others(tmp_path: Path) -> None:
    blips = [shown(f'<a:blip r:embed="{name}"/>', name) for name in ("rId1", "rId2", "rId1")]
    linked = shown('<a:blip r:embed="rId1"/>', "L", '<a:hlinkClick r:id="rId3"/>')
    body = OPENING + paragraph("One", inner="".join(blips)) + f"<w:p>{linked}</w:p>"
    links = {"rId1": "media/a.png", "rId2": "media/b.png", "rId3": "!https://post.example/"}
    item = article(tmp_path, body, links, a_png=PNG)
    assert item.body.endswith(
        "One![rId1](image-1.png)*(picture missing: rId2)*![rId1](image-2.png)\n\n"
        "[![L](image-3.png)](https://post.example/)"
    )


def test_pictures_of_a_kind_that_no_browser_shows_are_noted(tmp_path: Path) -> None:
    blip = '<a:blip r:embed="rId1"/>'
    item = article(tmp_path, OPENING + f"<w:p>{shown(blip)}</w:p>", {"rId1": "media/a.emf"}, a_emf=b"\x01\x00")
    assert item.body.endswith("*(picture missing: The pier)*")
    assert item.notes == ("a picture in the format EMF is left out",)


def test_pictures_of_older_word_and_charts(tmp_path: Path) -> None:
    crop = '<w:r><w:pict><v:shape><v:imagedata croptop="1"/></v:shape></w:pict></w:r>'
    old = '<w:r><w:pict><v:shape alt="Old"><v:imagedata r:id="{}"/></v:shape></w:pict></w:r>'
    chart = (
        '<w:r><w:drawing><wp:inline><wp:docPr id="1" name="c" descr="Fares"/><a:graphic><a:graphicData '
        'uri="http://schemas.openxmlformats.org/drawingml/2006/chart"/></a:graphic></wp:inline></w:drawing></w:r>'
    )
    body = OPENING + paragraph("A", inner=crop + old.format("rId1")) + paragraph("B", inner=old.format("rId7") + chart)
    item = article(tmp_path, body, {"rId1": "media/a.png"}, a_png=PNG)
    assert item.body.endswith("A\n\n![Old](image-1.png)\n\nB (chart: Fares)\n\n*(picture missing: Old)*")
    assert item.notes == ("left out a chart", "a picture is missing in the document")


NUMBERING = (
    "<w:abstractNum w:abstractNumId='0'>"
    + PIECE.format(0, "<w:start w:val='1'/>", "decimal")
    + PIECE.format(1, "<w:start w:val='1'/>", "lowerLetter")
    + "</w:abstractNum><w:abstractNum w:abstractNumId='1'>"
    + PIECE.format(0, "<w:start w:val='5'/>", "decimal")
    + "</w:abstractNum><w:abstractNum w:abstractNumId='2'>"
    + PIECE.format(0, "", "bullet")
    + "</w:abstractNum>"
    "<w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num><w:num w:numId='2'><w:abstractNumId w:val='1'/></w:num>"
    "<w:num w:numId='3'><w:abstractNumId w:val='2'/></w:num>"
    "<w:num w:numId='4'><w:abstractNumId w:val='0'/><w:lvlOverride w:ilvl='0'><w:startOverride w:val='1'/>"
    "</w:lvlOverride></w:num><w:num w:numId='5'><w:abstractNumId w:val='0'/></w:num><w:num w:numId='6'/>"
)


@pytest.mark.parametrize(
    ("body", "markdown"),
    [
        (listed("a") + paragraph("Text.") + listed("b") + listed("c"), "1. a\n\nText.\n\n2. b\n3. c"),
        (listed("a") + paragraph("Text.") + listed("b", 5), "1. a\n\nText.\n\n2. b"),
        (listed("a") + paragraph("Text.") + listed("b", 4) + listed("c", 4), "1. a\n\nText.\n\n1. b\n2. c"),
        (listed("a", 2) + listed("b", 2), "5. a\n6. b"),
        (listed("a", 3) + paragraph("Text.") + listed("b", 3), "- a\n\nText.\n\n- b"),
        (listed("a") + listed("x", 1, 1) + listed("y", 1, 1) + listed("b") + paragraph("Text.") + listed("z", 1, 1),
         "1. a\n   1. x\n   2. y\n2. b\n\nText.\n\n1. z"),
        (listed("a", 6) + listed("b", 99), "a\n\nb"),
        (paragraph("a", "<w:pStyle w:val='Steps'/>") + paragraph("Text.") + paragraph("b", "<w:pStyle w:val='Sub'/>"),
         "1. a\n\nText.\n\n2. b"),
    ],
)  # fmt: skip
def test_lists_are_numbered_as_word_numbers_them(tmp_path: Path, body: str, markdown: str) -> None:
    styles = (
        "<w:style w:type='paragraph' w:styleId='Steps'><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr></w:style>"
        "<w:style w:type='paragraph' w:styleId='Sub'><w:name w:val='Sub'/><w:basedOn w:val='Steps'/></w:style>"
    )
    item = article(tmp_path, OPENING + body, numbering=NUMBERING, styles=styles)
    assert item.body == f"It left late again and nobody waved.\n\n{markdown}"


def test_headings_of_every_rank_and_of_styles_of_ones_own(tmp_path: Path) -> None:
    style = "<w:style w:type='paragraph' w:styleId='{0}'><w:name w:val='{1}'/>{2}</w:style>"
    styles = (
        style.format("Heading7", "heading 7", "")
        + style.format("Heading2", "heading 2", "<w:pPr><w:outlineLvl w:val='1'/></w:pPr>")
        + style.format("Kapitel", "Kapitel", "<w:basedOn w:val='Heading2'/>")
        + "<w:style w:type='paragraph'><w:name w:val='nameless'/></w:style><w:style w:styleId='x'/>"
    )
    body = "".join(
        paragraph(text, f"<w:pStyle w:val='{name}'/>")
        for text, name in [("Two", "Heading2"), ("Seven", "Heading7"), ("Nine", "Heading9"), ("Own", "Kapitel")]
    )
    direct = paragraph("Direct", "<w:outlineLvl w:val='2'/>")
    item = article(tmp_path, OPENING + body + direct + OPENING, styles=styles)
    assert item.body.split("\n\n")[1:-1] == ["## Two", "###### Seven", "###### Nine", "## Own", "### Direct"]


@pytest.mark.parametrize(
    ("inner", "markdown"),
    [
        (f"<w:fldSimple w:instr='REF x'>{run('see 3')}</w:fldSimple>", "It left see 3."),
        (f"<w:fldSimple w:instr=' HYPERLINK &quot;https://post.example/&quot; '>{run('here')}</w:fldSimple>",
         "It left [here](https://post.example/)."),
        (f"<w:bdo w:val='rtl'>{run('late')}</w:bdo>", "It left late."),
        (f"<w:r><w:ruby><w:rt>{run('kan')}</w:rt><w:rubyBase>{run('漢')}</w:rubyBase></w:ruby></w:r>",
         "It left 漢(kan)."),
        (f"<w:hyperlink r:id='rId99'>{run('late')}</w:hyperlink>", "It left late."),
        ("<w:r><w:sym w:font='Wingdings'/></w:r>" + run("late"), "It left late."),
        ("<w:r><w:rPr><w:dstrike/></w:rPr><w:t>late</w:t></w:r>", "It left ~~late~~."),
        ("<w:r><w:t>x</w:t><w:cr/><w:t>y</w:t></w:r>", "It left x\\\ny."),
        ("<w:r><w:commentReference/></w:r>" + run("late"), "It left late."),
        ("<w:r><w:footnoteReference w:id='7'/></w:r>" + run("late"), "It left late."),
        (f"<w:moveTo>{run('late')}</w:moveTo><w:del><w:r><w:delText>early</w:delText></w:r></w:del>", "It left late."),
    ],
)  # fmt: skip
def test_words_in_every_wrapping_stay(tmp_path: Path, inner: str, markdown: str) -> None:
    item = article(tmp_path, OPENING + paragraph("It left ", inner=inner + run(".")))
    assert item.body.split("\n\n", 1)[1] == markdown


@pytest.mark.parametrize("with_fallback", [True, False])
def test_text_in_boxes_stands_below_its_paragraph(tmp_path: Path, with_fallback: bool) -> None:
    content = f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent>"
    box = (
        "<w:drawing><wp:anchor><a:graphic><a:graphicData><wps:wsp><wps:txbx>"
        f"{content}</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing>"
    )
    fallback = f"<mc:Fallback><w:pict><v:rect><v:textbox>{content}</v:textbox></v:rect></w:pict></mc:Fallback>"
    choice = f"<mc:Choice Requires='wps'>{box}</mc:Choice>"
    alternative = f"<mc:AlternateContent>{choice}{fallback * with_fallback}</mc:AlternateContent>"
    for inner in (alternative, box):
        item = article(tmp_path, OPENING + paragraph("Beside.", inner=f"<w:r>{inner}</w:r>") + paragraph("After."))
        assert item.body.split("\n\n")[1:] == ["Beside.", "In the box.", "After."]


def test_what_is_inserted_as_a_document_is_noted(tmp_path: Path) -> None:
    item = article(tmp_path, OPENING + '<w:altChunk r:id="rId5"/>' + paragraph("After."))
    assert item.body.endswith("After.")
    assert item.notes == ("left out a document that is inserted into it",)


def test_a_document_comes_in_twice_alike(tmp_path: Path) -> None:
    blips = "".join(shown(f'<a:blip r:embed="{name}"/>', name) for name in ("rId1", "rId2"))
    body = OPENING + listed("a") + f"<w:p>{blips}</w:p>" + listed("b")
    article(tmp_path, body, {"rId1": "media/a.png", "rId2": "media/b.png"}, a_png=PNG, numbering=NUMBERING)
    written = import_twice(tmp_path / "library", tmp_path / "x.docx")
    assert written["undated/x.md"].endswith("\n1. a\n\n![rId1](x/image-1.png)*(picture missing: rId2)*\n\n2. b\n")
    assert written["undated/x/image-1.png"] == f"{len(PNG)} bytes"
