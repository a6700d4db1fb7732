"""XML that no format reads is named and told what to do; it is never taken for a web page."""

from __future__ import annotations

from pathlib import Path

import pytest

from backfile.archive.importers.common.xml_trees import is_xml_but_no_page, root_name
from backfile.archive.importers.formats import web_pages
from backfile.archive.importers.item import Probe
from backfile.archive.importers.sources.detection import RejectedSource, open_sources

BODY = b"<head><title>Ferry</title></head><body><p>The ferry left the harbour a little after eleven.</p></body>"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'<?xml version="1.0"?><report>', "report"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- <x> -->\n<?style x="<y>"?>\n<a:b c="d">', "b"),
        (b'<!DOCTYPE x [<!ENTITY e "<f>">\n<!ELEMENT y (z)>] >\n<x>', "x"),
        (b'<!DOCTYPE x SYSTEM "x.dtd"><x/>', "x"),
        ('<?xml version="1.0"?><réport>'.encode("utf-16"), "r"),
        (b"Plain text", ""),
        (b"<?xml version='1.0'?>", ""),
        (b"<!-- never closed", ""),
    ],
)
def test_the_name_of_the_first_element(head: bytes, name: str) -> None:
    assert root_name(head) == name


@pytest.mark.parametrize(
    "head",
    [b'<?xml version="1.0"?><report>', b"<report>", b'<t:report xmlns:t="u">', b'<?xml version="1.0"?><section>'],
)
def test_xml_with_head_and_body_is_no_web_page(head: bytes) -> None:
    assert is_xml_but_no_page(head + BODY)
    assert web_pages.detect(Probe(Path("report.html"), False, head + BODY)) == 0


@pytest.mark.parametrize(
    "head",
    [
        b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd"><html xmlns="u">',
        b"<!doctype html>",
        b"<HTML>",
        b"",
        b"<article>",
        b"<my-page>",
    ],
)
def test_a_web_page_is_one_with_and_without_its_first_tags(head: bytes) -> None:
    assert not is_xml_but_no_page(head + BODY)
    assert web_pages.detect(Probe(Path("page.html"), False, head + BODY)) == 75


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'<?xml version="1.0"?><urlset/>', "--fetch"),
        (b'<?xml version="1.0"?><xml><records/></xml>', "RIS or BibTeX"),
        (b'<?xml version="1.0"?><invoice/>', "its first element is <invoice>"),
        (b"\x00\x01\x02", "of no kind that is known"),
    ],
)
def test_an_unknown_file_is_named_with_what_to_do(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    (source,) = open_sources(path)
    assert isinstance(source, RejectedSource)
    assert reason in source.reason
