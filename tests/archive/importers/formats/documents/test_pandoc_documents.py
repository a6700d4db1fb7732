"""Documents that Pandoc reads, its sandbox and limits."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest
from importing import import_into, import_twice, write_tree

from backfile.archive.importers.formats.documents import pandoc_documents as document
from backfile.archive.importers.import_report import Action
from backfile.archive.importers.item import ImportContext, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.report import Problem

pypandoc = pytest.importorskip("pypandoc")
from backfile.archive.importers.formats.documents import pandoc  # noqa: E402 - after the check that Pandoc is there

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
OASIS = "urn:oasis:names:tc:opendocument:xmlns"


def odt(path: Path, text: str, meta: str = "") -> Path:
    namespaces = " ".join(f'xmlns:{name}="{OASIS}:{name}:1.0"' for name in ("office", "text", "meta"))
    namespaces += ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", f"<office:document-content {namespaces}><office:body><office:text>{text}"
                         "</office:text></office:body></office:document-content>")  # fmt: skip
        archive.writestr("styles.xml", f"<office:document-styles {namespaces}><office:styles/>"
                         "<office:automatic-styles/><office:master-styles/></office:document-styles>")  # fmt: skip
        archive.writestr("meta.xml", f"<office:document-meta {namespaces}><office:meta>{meta}</office:meta>"
                         "</office:document-meta>")  # fmt: skip
    return path


def one(path: Path) -> Item:
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    assert detection.format.KIND == "document"
    (item,) = document.read(path, ImportContext())
    assert isinstance(item, Item), item
    return item


def test_a_text_of_opendocument(tmp_path: Path) -> None:
    text = (
        '<text:h text:outline-level="1">The night ferry</text:h><text:p>By Edna Marsh</text:p>'
        "<text:p>14 March 2019</text:p>"
        "<text:p>It left at nine<text:note text:note-class='footnote'><text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>Late.</text:p></text:note-body></text:note>.</text:p>"
    )
    meta = (
        "<dc:title>Untitled 1</dc:title><meta:initial-creator>John Roe</meta:initial-creator>"
        "<meta:keyword>sea</meta:keyword>"
        "<meta:creation-date>2015-03-01T17:26:12</meta:creation-date><dc:description>A trip</dc:description>"
    )
    item = one(odt(tmp_path / "ferry.odt", text, meta))
    assert (item.metadata.title, item.metadata.authors, item.metadata.topics) == (
        "The night ferry",
        ("Edna Marsh",),
        ("sea",),
    )
    assert (str(item.metadata.date), item.metadata.summary) == ("2019-03-14", "A trip")
    assert item.body == "It left at nine[^1].\n\n[^1]: Late."


LATEX = r"""% A comment
\documentclass{article}
\title{The night ferry}\author{Edna Marsh \and John Roe}\date{14 March 2019}
\begin{document}\maketitle
It \emph{left} at $x^2 < 3$.\footnote{Late.}
\section{Part}
\input{/etc/passwd}
\end{document}
"""
DOCBOOK = """<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//OASIS//DTD DocBook XML V4.5//EN" "http://www.oasis-open.org/docbook/xml/4.5/docbookx.dtd">
<article><articleinfo><title>The night ferry</title><author><firstname>Edna</firstname><surname>Marsh</surname></author>
<date>2019-03-14</date></articleinfo><para>It <emphasis>left</emphasis>.</para></article>"""
FB2 = f"""<?xml version="1.0"?><FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0"
 xmlns:l="http://www.w3.org/1999/xlink"><description><title-info><author><first-name>Edna</first-name>
<last-name>Marsh</last-name></author><book-title>The night ferry</book-title><date>2019</date>
</title-info></description>
<body><section><p>It <emphasis>left</emphasis>.</p><image l:href="#pier.png"/></section></body>
<binary id="pier.png" content-type="image/png">{PIXEL}</binary></FictionBook>"""
NOTEBOOK = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [
    {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# The night ferry\n", "\n", "It *left*."]},
    {"cell_type": "code", "id": "b", "metadata": {}, "execution_count": 1, "source": ["print(9)"], "outputs": [
        {"output_type": "stream", "name": "stdout", "text": ["9\n"]},
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": PIXEL, "text/plain": ["<Figure>"]}}]},
]})  # fmt: skip
ORG = """#+TITLE: The night ferry
#+AUTHOR: Edna Marsh
#+DATE: <2019-03-14 Thu>
#+FILETAGS: :sea:air:
#+INCLUDE: "/etc/passwd"
It *left*.
* TODO Part :tag:
- [X] Leave
"""
ADOC = """= The night ferry
Edna Marsh <edna@post.example>
v1.0, 2019-03-14

It _left_.

include::/etc/passwd[]
"""


@pytest.mark.parametrize(
    ("name", "content", "authors", "date", "body"),
    [
        ("a.tex", LATEX, ("Edna Marsh", "John Roe"), "2019-03-14",
         "It *left* at $x^2 < 3$.[^1]\n\n## Part\n\n[^1]: Late."),
        ("b.xml", DOCBOOK, ("Edna Marsh",), "2019-03-14", "It *left*."),
        ("c.fb2", FB2, ("Edna Marsh",), "2019", "It *left*.\n\n![](picture-1.png)"),
        ("d.org", ORG, ("Edna Marsh",), "2019-03-14", "It **left**.\n\n## Part\n\n- ☑ Leave"),
        ("e.adoc", ADOC, ("Edna Marsh",), "2019-03-14", "It *left*.\n\n[/etc/passwd](/etc/passwd)"),
        ("f.textile", "h1. The night ferry\n\nIt _left_.", (), "None", "It *left*."),
        ("g.rtf", r"{\rtf1\ansi{\info{\title The night ferry}{\author Edna Marsh}}\pard It {\b left}.\par}",
         ("Edna Marsh",), "None", "It **left**."),
        ("h.ipynb", NOTEBOOK, (), "None",
         "It *left*.\n\n```python\nprint(9)\n```\n\n```\n9\n```\n\n![](picture-1.png)"),
    ],
)  # fmt: skip
def test_each_format(  # noqa: PLR0917
    name: str, content: str, authors: tuple[str, ...], date: str, body: str, tmp_path: Path
) -> None:
    item = one(write_tree(tmp_path, {name: content}) / name)
    assert item.metadata.title == "The night ferry"
    assert (item.metadata.authors, str(item.metadata.date)) == (authors, date)
    assert item.body == body
    assert "root:" not in item.body
    assert len(item.assets) == body.count("picture-1")


def test_nothing_outside_the_document_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hidden words")
    for name, text in {
        "a.rst": ".. include:: secret.txt\n\n.. csv-table:: x\n   :file: secret.txt\n\nText.\n",
        "b.org": '#+INCLUDE: "secret.txt"\n\nText.\n',
        "c.tex": "\\documentclass{article}\\begin{document}\\input{secret.txt}\\include{secret}Text.\\end{document}",
        "d.adoc": "include::secret.txt[]\n\nText.\n",
        "e.docbook": '<!DOCTYPE article [<!ENTITY x SYSTEM "secret.txt">]><article><para>Text. &x;</para></article>',
    }.items():
        path = tmp_path / name
        path.write_text(text)
        for event in document.read(path, ImportContext()):
            assert "hidden words" not in str(event)


def test_pictures_beside_a_document_come_along_and_missing_ones_are_named(tmp_path: Path) -> None:
    text = ".. image:: pier.png\n\n.. image:: lost.png\n\n.. image:: ../outside.png\n\nText.\n"
    write_tree(tmp_path, {"x/a.rst": text, "x/pier.png": b"\x89PNG", "outside.png": b"\x89PNG"})
    item = one(tmp_path / "x" / "a.rst")
    assert [asset.name for asset in item.assets] == ["pier.png"]
    assert item.notes == ("the picture lost.png is not there",)


def test_broken_large_and_slow_documents_are_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [
        write_tree(tmp_path, {"a.ipynb": "{broken"}) / "a.ipynb",
        odt(tmp_path / "bomb.odt", "<text:p>x</text:p>"),
        odt(tmp_path / "entity.odt", "x"),
    ]
    with zipfile.ZipFile(paths[1], "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb2", b" " * 6_000_000)
    with zipfile.ZipFile(paths[2], "a") as archive:
        archive.writestr("other.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x/>')
    for path in paths:
        assert [type(event) for event in document.read(path, ImportContext())] == [Problem], path
    monkeypatch.setattr(pandoc, "_SECONDS", 0.01)
    slow = write_tree(tmp_path, {"s.org": "* x\n" * 2_000}) / "s.org"
    (problem,) = document.read(slow, ImportContext())
    assert isinstance(problem, Problem)
    assert "takes too long" in problem.reason
    monkeypatch.setattr(pandoc, "MAX_BYTES", 10)
    (problem,) = document.read(slow, ImportContext())
    assert isinstance(problem, Problem)
    assert "larger than" in problem.reason


def test_a_document_that_needs_too_much_memory_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pandoc, "_HEAP", "-M2M")
    path = write_tree(tmp_path, {"s.org": "* x /y/ *z*\n" * 2_000}) / "s.org"
    (problem,) = document.read(path, ImportContext())
    assert isinstance(problem, Problem)
    assert "too much memory" in problem.reason


def test_an_empty_document_is_skipped(tmp_path: Path) -> None:
    path = write_tree(tmp_path, {"a.org": "#+TITLE: x\n"}) / "a.org"
    assert list(document.read(path, ImportContext())) == [Skipped("a.org", "empty")]


def test_without_pandoc_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypandoc", None)
    monkeypatch.delitem(sys.modules, "backfile.archive.importers.formats.documents.pandoc")
    monkeypatch.delattr("backfile.archive.importers.formats.documents.pandoc")
    (result,) = import_into(tmp_path / "library", odt(tmp_path / "ferry.odt", "<text:p>x</text:p>")).results
    assert result.action is Action.FAILED
    assert "pip install 'backfile[documents]'" in result.reason


def test_documents_come_in_twice_alike(tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "letters", {"a.org": ORG, "b.fb2": FB2.replace("The night", "A night")})
    odt(folder / "c.odt", "<text:p>One text of OpenDocument.</text:p>")
    assert list(import_twice(tmp_path / "library", folder)) == [
        "2019/2019-03-14-the-night-ferry.md",
        "2019/a-night-ferry/picture-1.png",
        "2019/a-night-ferry.md",
        "undated/c.md",
    ]
