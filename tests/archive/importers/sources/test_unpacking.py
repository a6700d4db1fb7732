"""Unpacking of archives: members are imported as from a folder; hostile members are refused."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from datetime import date
from pathlib import Path

import pytest
from paths import ROOT

from backfile.archive.importers.import_report import Action, ImportReport
from backfile.archive.importers.importer import Importer
from backfile.archive.importers.item import ImportContext
from backfile.archive.importers.sources import unpacking
from backfile.archive.importers.sources.detection import open_sources
from backfile.archive.importers.sources.temporary_folders import temporary_folder
from backfile.archive.storage.library import Library

WORDS = "The ferry left late again, and nobody at the pier knew why it had. " * 3


def bring(source: Path, library: Path, kind: str | None = None) -> ImportReport:
    library.mkdir(exist_ok=True)
    with Importer(Library(library), today=date(2026, 3, 14)) as importer:
        for each in open_sources(source, kind):
            importer.import_source(each, ImportContext())
    return importer.report


def packed(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_packed_omnivore_export_is_detected(tmp_path: Path) -> None:
    entry = {"slug": "ferry", "url": "https://post.example/ferry", "title": "Ferry", "savedAt": "2019-03-14",
             "state": "Active", "author": "Edna Marsh"}  # fmt: skip
    path = packed(
        tmp_path / "omnivore.zip",
        {"metadata_0_to_20.json": json.dumps([entry]), "content/ferry.html": f"<p>{WORDS}</p>"},
    )
    report = bring(path, tmp_path / "library")
    assert report.summary() == "1 added"
    (article,) = (tmp_path / "library").rglob("*.md")
    assert WORDS.strip() in article.read_text()
    assert "authors: [Edna Marsh]" in article.read_text()


def test_a_packed_pocket_export_is_detected(tmp_path: Path) -> None:
    table = "title,url,time_added,tags,status\nFerry,https://post.example/ferry,1552521600,,unread\n"
    report = bring(packed(tmp_path / "pocket.zip", {"part_000000.csv": table}), tmp_path / "library")
    assert [(each.action, each.origin) for each in report.results] == [(Action.SKIPPED, "https://post.example/ferry")]


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_a_packed_site_is_detected(tmp_path: Path, form: str) -> None:
    files = {"blog/hugo.toml": "", "blog/content/a.md": f"---\ntitle: A\n---\nSee [b](b.md). {WORDS}",
             "blog/content/b.md": f"---\ntitle: B\n---\nAnother. {WORDS.upper()}", "__MACOSX/x": "x"}  # fmt: skip
    path = tmp_path / f"blog.{form}"
    if form == "zip":
        packed(path, files)
    else:
        with tarfile.open(path, "w:gz") as archive:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content.encode()))
    library = tmp_path / "library"
    assert bring(path, library).summary() == "2 added"
    text = (library / "undated/a.md").read_text()
    assert "from: blog/content/a.md" in text
    assert "[b](b.md)" in text
    assert bring(path, library).summary() == "2 unchanged"


def test_the_kind_of_a_packed_source_may_be_named(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a.txt": f"Ferry\n\nBy Edna Marsh\n\n{WORDS}"})
    assert bring(path, tmp_path / "library", "text").summary() == "1 added"


def test_nothing_leaves_the_archive_but_files_within_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    link = zipfile.ZipInfo("link.md")
    link.external_attr = 0o120777 << 16
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../escaped.md", WORDS)
        archive.writestr("/escaped.md", WORDS)
        archive.writestr(link, "/etc/passwd")
        archive.writestr("bomb.txt", b" " * 60_000_000)
        inner = packed(tmp_path / "x.zip", {"../escaped.md": WORDS, "y.zip": packed(
            tmp_path / "y.zip", {"b.txt": WORDS}).read_bytes()})  # fmt: skip
        archive.writestr("inner.zip", inner.read_bytes())
        archive.writestr("broken.zip", inner.read_bytes()[:200])
        archive.writestr("x" * 300 + ".txt", WORDS)
        archive.writestr("good.txt", f"Ferry\n\n{WORDS}")
    report = bring(path, tmp_path / "library")
    assert report.counts[Action.ADDED] == 1
    assert report.counts[Action.FAILED] == 7
    skipped = [(each.origin, each.reason) for each in report.results if each.action is Action.SKIPPED]
    assert skipped == [
        ("bad/inner/y.zip", "is an archive within archives; unpack it, and import the folder"),
    ]
    assert not list(tmp_path.rglob("escaped*"))
    assert not list((tmp_path / "temporary").iterdir())
    monkeypatch.setattr(unpacking, "MAX_BYTES", 1000)
    assert "more than" in bring(packed(tmp_path / "a.zip", {"a.txt": "x " * 1000}), tmp_path / "b").results[0].reason


@pytest.mark.parametrize(
    ("name", "parts", "reason"),
    [
        ("a.xlsx", {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"}, "XLSX is not read"),
        ("b.xlsx", {"docProps/app.xml": "<x/>", "xl/theme/theme1.xml": "<theme/>"}, "XLSX is not read"),
        ("a.pptx", {"[Content_Types].xml": "<Types/>", "ppt/slides/slide1.xml": "<p/>"}, "PPTX is not read"),
        ("a.odp", {"mimetype": "application/vnd.oasis.opendocument.presentation", "content.xml": "<x/>"}, "ODP is not"),
        ("a.ods", {"mimetype": "application/vnd.oasis.opendocument.spreadsheet-template"}, "ODS is not read"),
        ("a.key", {"Index/Document.iwa": "x"}, "Keynote is not read"),
    ],
)
def test_packages_of_office_programs_are_named_and_not_taken_apart(
    name: str, parts: dict[str, str | bytes], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    with zipfile.ZipFile(path, "w") as archive:  # the first part of OpenDocument is stored
        for part, content in parts.items():
            archive.writestr(part, content)
    (outcome,) = bring(path, tmp_path / "library").results
    assert (outcome.action, reason in outcome.reason) == (Action.FAILED, True), outcome
    folder = tmp_path / "mixed"
    folder.mkdir()
    path.rename(folder / name)
    (folder / "a.json").write_text("[]")
    assert bring(folder, tmp_path / "library").counts[Action.FAILED] == 0


def test_zips_that_are_parts_of_one_export_are_one_folder(tmp_path: Path) -> None:
    parts = {
        f"Part-{n}.zip": packed(tmp_path / "x.zip", {f"blog/{n}.md": f"# Part {n}", "both.txt": n}).read_bytes()
        for n in "12"
    }
    path = packed(tmp_path / "export.zip", dict(parts))
    with unpacking.unpack(path) as unpacked:
        files = {each.relative_to(unpacked.folder).as_posix() for each in unpacked.folder.rglob("*.*")}
        assert files == {"blog/1.md", "blog/2.md", "both.txt"}
        assert unpacked.refused == [("Part-2.zip/both.txt", "is there twice; the first is taken")]


def test_the_limits_hold_for_zips_in_zips_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zeros = packed(tmp_path / "zeros.zip", {f"{n}.txt": b" " * 3_900_000 for n in range(8)}).read_bytes()
    path = packed(tmp_path / "bomb.zip", {f"{n}.zip": zeros for n in range(20)})
    assert path.stat().st_size < 60_000  # 31 MB in each of 20 zips, each of which is within the limits
    (outcome,) = bring(path, tmp_path / "library").results
    assert (outcome.action, "as only bombs do" in outcome.reason) == (Action.FAILED, True)
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 10)
    many = packed(tmp_path / "many.zip", {f"{n}.txt": WORDS for n in range(6)}).read_bytes()
    (outcome,) = bring(packed(tmp_path / "m.zip", {"a.zip": many, "b.zip": many}), tmp_path / "library").results
    assert (outcome.action, "more than 10 files" in outcome.reason) == (Action.FAILED, True)


def test_a_broken_archive_is_a_failure(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a.txt": WORDS * 100})
    path.write_bytes(path.read_bytes()[:200])
    (outcome,) = bring(path, tmp_path / "library").results
    assert outcome.action is Action.FAILED


def test_folders_of_killed_imports_are_removed_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    script = (
        "import os, sys, tempfile; sys.path.insert(0, sys.argv[1]); tempfile.tempdir = sys.argv[2]\n"
        "from backfile.archive.importers.sources.temporary_folders import temporary_folder\n"
        "with temporary_folder() as folder:\n"
        "    (folder / 'large').write_text('x')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(ROOT), str(tmp_path)], check=False)
    (killed,) = tmp_path.iterdir()
    assert (killed / "content" / "large").exists()
    foreign = tmp_path / "backfile-notes"
    foreign.mkdir()
    (foreign / "in-use").mkdir()
    with temporary_folder() as used, temporary_folder() as other:
        assert {each.name for each in tmp_path.iterdir()} == {used.parent.name, other.parent.name, "backfile-notes"}
    assert list(tmp_path.iterdir()) == [foreign]
