"""DOCX: metadata and text of documents; refusal of broken, encrypted and hostile files."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import docx as word
import pytest

from backfile.archive.importers.formats.docx import word_document as docx
from backfile.archive.importers.item import ImportContext, ImportEvent, Item
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate
from backfile.archive.report import Problem

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc00000030101"
    "00c9fe92ef0000000049454e44ae426082"
)


def written(path: Path, fill: Callable[..., None], **properties: object) -> Path:
    """A document as a person writes it: the properties of the template overwritten."""
    document = word.Document()
    for name, value in {"author": "", "comments": "", "title": "", **properties}.items():
        setattr(document.core_properties, name, value)
    fill(document)
    document.save(str(path))
    return path


def only(path: Path) -> ImportEvent:
    (found,) = docx.read(path, ImportContext())
    return found


def item(path: Path) -> Item:
    found = only(path)
    assert isinstance(found, Item), found
    return found


def test_a_document_becomes_an_article(tmp_path: Path) -> None:
    def fill(document) -> None:
        document.add_paragraph("The night ferry", style="Title")
        document.add_paragraph("It leaves at nine", style="Subtitle")
        document.add_paragraph("By Edna Marsh and John Roe | 14 March 2019")
        opening = document.add_paragraph("The ferry left ")
        opening.add_run("late").bold = True
        opening.add_run(" again.")
        document.add_heading("Ports", level=1)
        document.add_paragraph("the harbour", style="List Bullet")
        document.add_paragraph("the island", style="List Bullet")
        document.add_paragraph("Nobody waits.", style="Quote")
        table = document.add_table(rows=2, cols=2)
        for cell, text in zip(
            (c for row in table.rows for c in row.cells), ("Port", "At", "Harbour", "9"), strict=True
        ):
            cell.text = text
        document.add_picture(io.BytesIO(PIXEL))

    path = written(tmp_path / "draft final (2).docx", fill, keywords="ferries; sea", language="en-GB")
    found = item(path)
    assert found.metadata.title == "The night ferry"
    assert found.metadata.summary == "It leaves at nine"
    assert found.metadata.authors == ("Edna Marsh", "John Roe")
    assert found.metadata.date == PartialDate(2019, 3, 14)
    assert found.metadata.topics == ("ferries", "sea")
    assert found.metadata.language == "en-GB"
    assert found.body.startswith(
        "The ferry left **late** again.\n\n## Ports\n\n- the harbour\n- the island\n\n> Nobody"
    )
    assert "| Port | At |" in found.body
    assert [(asset.name, asset.load()) for asset in found.assets] == [("image-1.png", PIXEL)]
    assert "![](image-1.png)" in found.body


def test_properties_fill_in_missing_metadata_of_docx(tmp_path: Path) -> None:
    path = written(
        tmp_path / "x.docx",
        lambda document: document.add_paragraph("The ferry left late again, and nobody knew why it had."),
        title="The night ferry", author="Edna Marsh", created=datetime(2019, 3, 14, tzinfo=UTC),
    )  # fmt: skip
    found = item(path)
    assert (found.metadata.title, found.metadata.authors, found.metadata.date) == (
        "The night ferry",
        ("Edna Marsh",),
        PartialDate(2019, 3, 14),
    )


@pytest.mark.parametrize("nobody", ["Administrator", "Microsoft Office User", "user", "python-docx", "HP"])
def test_accounts_and_programs_are_no_authors(tmp_path: Path, nobody: str) -> None:
    path = written(tmp_path / "night-ferry.docx", lambda document: document.add_paragraph("Left late."), author=nobody)
    assert item(path).metadata.authors == ()


@pytest.mark.parametrize("title", ["Microsoft Word - ferry.doc", "Document1", "untitled", "ferry.docx"])
def test_titles_that_programs_give_are_none(tmp_path: Path, title: str) -> None:
    path = written(tmp_path / "night-ferry.docx", lambda document: document.add_paragraph("Left late."), title=title)
    assert item(path).metadata.title == "Night ferry"


def test_the_only_heading_on_top_is_the_title_and_first_of_many_is_not(tmp_path: Path) -> None:
    def one(document) -> None:
        document.add_heading("The night ferry", level=1)
        document.add_paragraph("Left late.")

    def many(document) -> None:
        for title in ("Introduction", "Method"):
            document.add_heading(title, level=1)
            document.add_paragraph("Left late.")

    assert item(written(tmp_path / "a.docx", one)).metadata.title == "The night ferry"
    found = item(written(tmp_path / "b.docx", many, title="On ferries"))
    assert found.metadata.title == "On ferries"
    assert found.body.startswith("## Introduction")


def test_footnotes_stay_footnotes(tmp_path: Path) -> None:
    words = '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>%s</w:body></w:document>'
    text = '<w:p><w:r><w:t>It left late.</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    notes = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        '<w:footnote w:id="2"><w:p><w:r><w:t>So they say.</w:t></w:r></w:p></w:footnote></w:footnotes>'
    )
    path = by_hand(tmp_path / "note.docx", {"word/document.xml": words % text, "word/footnotes.xml": notes})
    assert item(path).body == "It left late.[^1]\n\n[^1]: So they say."


def by_hand(path: Path, parts: dict[str, str | bytes]) -> Path:
    """Package of the given parts and the mandatory ones."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
        for name, content in {"[Content_Types].xml": types, **parts}.items():
            package.writestr(name, content)
    return path


def refused(path: Path) -> Problem:
    found = only(path)
    assert isinstance(found, Problem), found
    return found


def test_documents_are_recognised_by_content(tmp_path: Path) -> None:
    path = written(tmp_path / "no-ending", lambda document: document.add_paragraph("Left late."))
    detected = registry.detect_format(registry.probe(path))
    assert detected is not None
    assert detected.format.KIND == "docx"


def test_old_and_encrypted_documents_fail_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "old.doc"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2048))
    detected = registry.detect_format(registry.probe(path))
    assert detected is not None
    assert detected.format.KIND == "docx"
    assert "save it as DOCX" in refused(path).hint


def test_entities_of_a_document_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    declared = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]>'
    text = f'{declared}<w:document xmlns:w="w"><w:body>&e;</w:body></w:document>'
    assert "declares a document type" in refused(by_hand(tmp_path / "xxe.docx", {"word/document.xml": text})).reason


def test_bombs_are_refused(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "bomb.docx", {"word/document.xml": b"<a>" + b" " * 60_000_000})
    assert "as only bombs do" in refused(path).reason


def test_broken_documents_are_problems_whatever_is_broken(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole.docx", lambda document: document.add_heading("The night ferry")).read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as package:
        parts = {name: package.read(name) for name in package.namelist() if "theme" not in name}
    chance, path = random.Random(1), tmp_path / "broken.docx"
    for _ in range(12):
        broken = bytearray(whole[: chance.choice((len(whole), chance.randrange(40, len(whole))))])
        for _ in range(chance.randrange(20)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        path.write_bytes(broken)
        assert isinstance(only(path), Item | Problem)
    small = {
        name: content for name, content in parts.items() if len(content) < 8_000 and name.endswith(("xml", "rels"))
    }
    assert len(small) > 4
    for name, content in small.items():
        for broken_part in (b"<a/>", content[: len(content) // 2]):
            by_hand(path, {**small, name: broken_part})
            assert list(docx.read(path, ImportContext()))
