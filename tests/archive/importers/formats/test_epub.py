"""EPUB: chapters, their titles, skipped files; refusal of broken and hostile books."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

import pytest

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.formats.epub import book as epub
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate, Source
from backfile.archive.report import Problem

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="OPS/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
METADATA = (
    "<dc:title>Letters from the Harbour</dc:title>"
    '<dc:creator opf:role="aut">Edna Marsh</dc:creator><dc:creator opf:role="ill">John Roe</dc:creator>'
    '<dc:date opf:event="publication">2019-03</dc:date><dc:language>en</dc:language><dc:subject>Ferries</dc:subject>'
    '<dc:identifier opf:scheme="ISBN">978-3-16-148410-0</dc:identifier><dc:publisher>Harbour Press</dc:publisher>'
)
WORDS = "The ferry left late again, and nobody at the pier knew why it had. " * 3


def page(body: str, title: str = "") -> str:
    """Page of a book, with an empty title that is closed in XML but not in HTML."""
    head = f"<title>{title}</title>" if title else "<title/>"
    return (
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/x.dtd">'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops">'
        f"<head>{head}</head>{body if body.startswith('<body') else f'<body>{body}</body>'}</html>"
    )


def book(
    path: Path, pages: dict[str, str], contents: list[tuple[str, str]] = (), *, nav: str = "", metadata: str = METADATA,
    guide: str = "", more: dict[str, str | bytes] | None = None,
) -> Path:  # fmt: skip
    """A book by hand: `pages` in reading order, `contents` as NCX (label, place), `nav` as the inside of its body."""
    items = "".join(f'<item id="i{n}" href="{p}" media-type="application/xhtml+xml"/>' for n, p in enumerate(pages))
    spine = "".join(f'<itemref idref="i{n}"/>' for n in range(len(pages)))
    points = "".join(
        f'<navPoint><navLabel><text>{label}</text></navLabel><content src="{place}"/></navPoint>'
        for label, place in contents
    )
    items += '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
    items += '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>' if nav else ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        package.writestr("META-INF/container.xml", CONTAINER)
        package.writestr(
            "OPS/package.opf",
            '<package xmlns="http://www.idpf.org/2007/opf" version="2.0"><metadata '
            'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:opf="http://www.idpf.org/2007/opf">'
            f'{metadata}</metadata><manifest>{items}</manifest><spine toc="ncx">{spine}</spine>'
            f"<guide>{guide}</guide></package>",
        )
        ncx = f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'
        for name, content in {"toc.ncx": ncx, **({"nav.xhtml": page(nav)} if nav else {}), **pages}.items():
            package.writestr(f"OPS/{name}", content)
        for name, content in (more or {}).items():
            package.writestr(name, content)
    return path


def read(path: Path) -> list[ImportEvent]:
    return list(epub.read(path, ImportContext()))


def items(path: Path) -> list[Item]:
    return [found for found in read(path) if isinstance(found, Item)]


def test_a_chapter_is_an_article_and_the_book_its_source(tmp_path: Path) -> None:
    found = items(
        book(
            tmp_path / "a.epub",
            {
                "one.xhtml": page(
                    f"<h1>1</h1><h1>The night ferry</h1><p>{WORDS}</p><h2>Ports</h2><p>Two&nbsp;ports.</p>"
                )
            },
            [("1 The night ferry", "one.xhtml")],
        )
    )
    assert len(found) == 1
    chapter = found[0]
    assert chapter.metadata.title == "1 The night ferry"
    assert chapter.body == f"{WORDS.strip()}\n\n## Ports\n\nTwo ports."
    assert chapter.metadata.authors == ("Edna Marsh",)
    assert chapter.metadata.date == PartialDate(2019, 3)
    assert chapter.metadata.language == "en"
    assert chapter.metadata.topics == ("Ferries",)
    assert chapter.metadata.source == Source("Letters from the Harbour", None)
    assert chapter.extra == {"publisher": "Harbour Press", "isbn": "9783161484100"}


def test_pages_that_are_no_chapters_are_skipped_and_named(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.epub",
        {
            "a.xhtml": page("<p>Letters from the Harbour</p>"),
            "b.xhtml": page(f"<p>All rights reserved. {WORDS}</p>"),
            "c.xhtml": page(f'<body epub:type="copyright-page"><p>Also reserved. {WORDS}</p></body>'),
            "d.xhtml": page(f"<h1>Contents</h1><p>{WORDS}</p>"),
            "e.xhtml": page("<h1>Part One</h1>"),
            "f.xhtml": page(f"<h1>Preface</h1><p>{WORDS}</p>"),
        },
        [("Part One", "e.xhtml"), ("Preface", "f.xhtml")],
        guide='<reference type="cover" href="a.xhtml"/><reference type="copyright-page" href="b.xhtml"/>',
    )
    found = read(path)
    assert [each.metadata.title for each in found if isinstance(each, Item)] == ["Preface"]
    assert [(each.origin[-7:], each.reason) for each in found if isinstance(each, Skipped)] == [
        ("a.xhtml", "is the cover"),
        ("b.xhtml", "is the copyright page"),
        ("c.xhtml", "is the copyright page"),
        ("d.xhtml", "is the table of contents"),
        ("e.xhtml", "has no text but its heading"),
    ]


def test_numbers_alone_get_the_title_of_the_book(tmp_path: Path) -> None:
    pages = {f"{n}.xhtml": page(f"<h2>{n}</h2><p>{WORDS}</p>") for n in ("IV", "Chapter 5")}
    assert [each.metadata.title for each in items(book(tmp_path / "a.epub", pages))] == [
        "Letters from the Harbour: IV",
        "Letters from the Harbour: Chapter 5",
    ]


def test_a_file_with_several_chapters_is_cut_and_one_without_goes_on(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.epub",
        {
            "a.xhtml": page(
                f'<div><p><a id="one"/></p><h2>The pier</h2><p>First. {WORDS}</p></div>'
                f'<div><div><h2 id="two">The island</h2><p>Second. {WORDS}</p></div></div>'
            ),
            "a_split_001.xhtml": page("<p>Still the second.</p>"),
            "b.xhtml": page(f"<h2>The sea</h2><p>Third. {WORDS}</p>"),
        },
        [("The pier", "a.xhtml#one"), ("The island", "a.xhtml#two"), ("The sea", "b.xhtml")],
    )
    found = items(path)
    assert [(each.metadata.title, each.origin) for each in found] == [
        ("The pier", "OPS/a.xhtml#one"),
        ("The island", "OPS/a.xhtml#two"),
        ("The sea", "OPS/b.xhtml"),
    ]
    assert [each.body.split()[0] for each in found] == ["First.", "Second.", "Third."]
    assert found[1].body.endswith("Still the second.")
    assert "Second" not in found[0].body


def test_sections_of_a_chapter_are_no_articles(tmp_path: Path) -> None:
    nav = (
        '<nav epub:type="toc"><ol><li><a href="a.xhtml">The pier</a><ol><li><a href="a.xhtml#s1">First section</a></li>'
        '<li><a href="a.xhtml#s2">Second section</a></li></ol></li><li><a href="b.xhtml">The island</a></li></ol></nav>'
    )
    text = f'<h1>The pier</h1><h2 id="s1">First section</h2><p>{WORDS}</p><h2 id="s2">Second section</h2><p>{WORDS}</p>'
    path = book(
        tmp_path / "a.epub", {"a.xhtml": page(text), "b.xhtml": page(f"<h1>The island</h1><p>{WORDS}</p>")}, nav=nav
    )
    assert [each.metadata.title for each in items(path)] == ["The pier", "The island"]


def test_notes_come_to_the_chapters_that_refer_to_them(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.epub",
        {
            "a.xhtml": page(f'<h1>One</h1><p>{WORDS}<a href="notes.xhtml#n1">1</a></p>'),
            "b.xhtml": page(
                f'<h1>Two</h1><p>{WORDS}<sup><a id="r2" href="#n2">*</a></sup></p>'
                '<aside id="n2" epub:type="footnote"><p><a href="#r2">*</a> So it <i>goes</i>.</p></aside>'
            ),
            "notes.xhtml": page('<h1>Notes</h1><p id="n1"><a href="a.xhtml">1</a> So they say at the pier.</p>'),
        },
        [("One", "a.xhtml"), ("Two", "b.xhtml"), ("Notes", "notes.xhtml")],
    )
    found = read(path)
    one, two = (each for each in found if isinstance(each, Item))
    assert one.body.endswith("had. [^1]\n\n[^1]: So they say at the pier.")
    assert two.body.endswith("[^1]: So it *goes*.")
    assert Skipped("OPS/notes.xhtml", "its notes stand with the chapters") in found


def test_pictures_come_along_and_links_name_chapters(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.epub",
        {
            "text/a.xhtml": page(
                f'<h1>One</h1><p>{WORDS}</p><svg xmlns="http://www.w3.org/2000/svg"><image '
                'xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="../pier%201.png"/></svg>'
                '<p>See <a href="b.xhtml#x">the second</a> and <a href="https://post.example/">the post</a>.</p>'
            ),
            "text/b.xhtml": page(f'<h1 id="x">Two</h1><p>{WORDS}</p>'),
        },
        [("One", "text/a.xhtml"), ("Two", "text/b.xhtml")],
        more={"OPS/pier 1.png": b"picture"},
    )
    found = epub.read(path, ImportContext())
    one = next(found)  # while the book is open, for pictures are read when they are needed
    assert isinstance(one, Item)
    assert "![](OPS/pier%201.png)" in one.body
    assert [(each.name, each.load()) for each in one.assets] == [("OPS/pier%201.png", b"picture")]
    assert one.links == {"OPS/text/b.xhtml#x": "OPS/text/b.xhtml"}


def test_an_anthology_names_the_author_of_each_piece(tmp_path: Path) -> None:
    text = f"<h1>The ferry</h1><p>By Ada Quill</p><p>{WORDS}</p>"
    assert items(book(tmp_path / "a.epub", {"a.xhtml": page(text)}))[0].metadata.authors == ("Ada Quill",)


def test_books_are_recognised_by_content(tmp_path: Path) -> None:
    path = book(tmp_path / "no-ending", {"a.xhtml": page(f"<p>{WORDS}</p>")})
    detected = registry.detect_format(registry.probe(path))
    assert detected is not None
    assert detected.format.KIND == "epub"


def refused(path: Path) -> Problem:
    (found,) = read(path)
    assert isinstance(found, Problem), found
    return found


def encryption(algorithm: str) -> dict[str, str | bytes]:
    data = (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><EncryptedData '
        f'xmlns="http://www.w3.org/2001/04/xmlenc#"><EncryptionMethod Algorithm="{algorithm}"/>'
        '<CipherData><CipherReference URI="OPS/a.xhtml"/></CipherData></EncryptedData></encryption>'
    )
    return {"META-INF/encryption.xml": data}


def test_locked_books_say_so_and_those_with_locked_fonts_are_read(tmp_path: Path) -> None:
    pages = {"a.xhtml": page(f"<p>{WORDS}</p>")}
    locked = book(tmp_path / "a.epub", pages, more=encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc"))
    assert "DRM" in refused(locked).reason
    assert items(book(tmp_path / "b.epub", pages, more=encryption("http://www.idpf.org/2008/embedding")))


def test_entities_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("SECRET")
    declared = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}"><!ENTITY b "{"b" * 1000}">]>'
    text = page(f"<p>{WORDS} &e; {'&b;' * 1000}</p>").replace("<html", f"{declared}<html", 1)
    path = book(tmp_path / "a.epub", {"a.xhtml": text}, metadata=METADATA + "<dc:title>&e;</dc:title>")
    found = read(path)
    assert found
    assert "SECRET" not in repr(found)
    assert len(repr(found)) < 20_000


def test_bombs_are_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    path = book(
        tmp_path / "a.epub",
        {"a.xhtml": page(f"<h1>One</h1><p>{WORDS}</p>"), "b.xhtml": "<p>" + " " * 60_000_000},
        [("One", "a.xhtml"), ("Two", "b.xhtml")],
    )
    one, two = read(path)
    assert isinstance(one, Item)
    assert isinstance(two, Problem)
    assert "as only bombs do" in two.reason


@pytest.mark.parametrize("missing", ["META-INF/container.xml", "OPS/package.opf", "OPS/a.xhtml"])
def test_missing_parts_are_problems(tmp_path: Path, missing: str) -> None:
    whole, path = book(tmp_path / "a.epub", {"a.xhtml": page(f"<p>{WORDS}</p>")}), tmp_path / "b.epub"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            if name != missing:
                target.writestr(name, source.read(name))
    assert refused(path).reason


def test_broken_books_are_problems_whatever_is_broken(tmp_path: Path) -> None:
    whole = book(tmp_path / "a.epub", {"a.xhtml": page(f"<p>{WORDS}</p>")}, [("One", "a.xhtml")]).read_bytes()
    chance, path = random.Random(1), tmp_path / "broken.epub"
    for _ in range(150):
        broken = bytearray(whole[: chance.choice((len(whole), chance.randrange(40, len(whole))))])
        for _ in range(chance.randrange(20)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        path.write_bytes(broken)
        assert all(isinstance(found, Item | Skipped | Problem) for found in read(path))
    with zipfile.ZipFile(io.BytesIO(whole)) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    for name, content in parts.items():
        for broken_part in (b"", b"<a/>", content[: len(content) // 2], b"\xff\xfe<"):
            with zipfile.ZipFile(path, "w") as target:
                for each, text in {**parts, name: broken_part}.items():
                    target.writestr(each, text)
            assert read(path)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "inside",
    [
        "<div>" * 100_000 + WORDS,
        f"<p>{WORDS}</p>" + '<a href="#x">1</a>' * 5_000 + '<p id="x">So they say.</p>',
        "".join(f'<p id="n{n}"><a href="#n{n + 1}">{n % 10}</a></p>' for n in range(2_000)),
        f"<p>{WORDS}</p>" + "<h2>" * 50_000,
        f"<p>{WORDS}{' ' * 200_000}{WORDS}</p>",
        f"<p>{WORDS}</p>" + "<!DOCTYPE" * 100_000,
    ],
)
def test_pages_made_to_take_long_take_not_long(tmp_path: Path, inside: str) -> None:
    path = book(
        tmp_path / "a.epub",
        {"a.xhtml": f"<html><body>{inside}</body></html>"},
        [(f"Part {n}", f"a.xhtml#n{n}") for n in range(100)],
    )
    assert read(path)


def test_a_file_that_takes_too_long_does_not_end_its_book(tmp_path: Path) -> None:
    names = ("one.xhtml", "two.xhtml", "three.xhtml", "four.xhtml")
    pages = {name: page(f"<h1>{name}</h1><p>{WORDS}</p>") for name in names}
    path = book(tmp_path / "b.epub", pages, [(name, name) for name in names])
    begun: list[None] = []

    def begin() -> None:
        begun.append(None)
        if len(begun) == 2:
            raise ArchiveError("takes too long to read")

    found = list(epub.read(path, ImportContext(begin_part=begin)))
    assert len(begun) == len(names)
    assert [type(event) for event in found] == [Item, Problem, Item, Item]
