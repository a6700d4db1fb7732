"""Enrichment: bibliographies fill in what articles lack, by DOI or address, and never overwrite anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from importing import DAY, import_into, write_tree

from backfile.archive.importers.import_report import Action, ImportReport
from backfile.archive.importers.importer import Importer
from backfile.archive.importers.item import ImportContext
from backfile.archive.importers.sources.detection import open_sources
from backfile.archive.storage.library import Library
from backfile.cli.main import run

RIS = """TY  - JOUR
TI  - On the lateness of ferries
AU  - Marsh, Edna
DA  - 2019/03/14/
T2  - Journal of Ferries
KW  - ferries
DO  - 10.5555/FERRY.1
VL  - 3
AB  - Ferries are late.
ER  -
"""
OTHER = "TY  - BOOK\nTI  - Tides\nDO  - 10.5555/other\nER  - \n"


def enrich(root: Path, *sources: Path, dry_run: bool = False) -> ImportReport:
    with Importer(Library(root), today=DAY, dry_run=dry_run, enrich=True) as importer:
        for path in sources:
            for source in open_sources(path):
                importer.import_source(source, ImportContext())
    return importer.report


def bibliography(tmp_path: Path, content: str = RIS) -> Path:
    return write_tree(tmp_path / "source", {"lib.ris": content}) / "lib.ris"


@pytest.mark.parametrize(
    "front",
    [
        "title: Ferries\ndoi: https://doi.org/10.5555/ferry.1\n",
        "title: Ferries\nsource: https://dx.doi.org/10.5555/Ferry.1\n",
        "title: Ferries\nalso_at: ['https://doi.org/10.5555/ferry.1']\n",
    ],
)
def test_an_article_with_the_doi_gets_what_it_lacks(front: str, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "library", {"ferries.md": f"---\n{front}---\n\nMy text.\n"})
    (result,) = enrich(root, bibliography(tmp_path)).results
    assert result.action is Action.CHANGED
    assert result.path == "ferries.md"
    assert result.reason.startswith("filled in: authors, topics, date, summary")
    text = (root / "ferries.md").read_text()
    assert text.startswith(f"---\n{front}")
    assert "authors: [Edna Marsh]\n" in text
    assert "date: 2019-03-14\n" in text
    assert "volume: '3'\n" in text
    assert text.endswith("---\n\nMy text.\n")


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "library", {"ferries.md": "---\ntitle: Ferries\ndoi: 10.5555/ferry.1\n---\n\nText.\n"})
    source = bibliography(tmp_path)
    enrich(root, source)
    before = (root / "ferries.md").read_bytes()
    report = enrich(root, source)
    assert report.counts[Action.UNCHANGED] == 1
    assert not report.wrote
    assert (root / "ferries.md").read_bytes() == before


def test_what_a_person_wrote_is_never_overwritten(tmp_path: Path) -> None:
    front = "title: Mine\nwriter: Ada Quill\npublished: sometime\ntags: [mine]\nDOI: 10.5555/ferry.1\nvolume: 9\n"
    front += "abstract: Mine.\n"
    root = write_tree(tmp_path / "library", {"ferries.md": f"---\n{front}source: My shelf\n---\n\nText.\n"})
    report = enrich(root, bibliography(tmp_path))
    assert report.counts[Action.UNCHANGED] == 1
    assert (root / "ferries.md").read_text() == f"---\n{front}source: My shelf\n---\n\nText.\n"


def test_an_entry_without_an_article_is_imported_or_listed(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "library", {})
    root.mkdir(exist_ok=True)
    added, skipped = enrich(root, bibliography(tmp_path, RIS + OTHER)).results
    assert added.action is Action.ADDED
    assert skipped.action is Action.SKIPPED
    assert "only a reference" in skipped.reason
    again = enrich(root, bibliography(tmp_path, RIS + OTHER))
    assert again.counts[Action.UNCHANGED] == 1
    assert not again.wrote


def test_an_imported_article_that_was_filled_in_stays_so_when_its_source_is_imported_again(tmp_path: Path) -> None:
    texts = write_tree(
        tmp_path / "texts", {"ferries.md": "---\ntitle: Ferries\ndoi: 10.5555/ferry.1\n---\n\nThe text.\n"}
    )
    root = tmp_path / "library"
    import_into(root, texts)
    enrich(root, bibliography(tmp_path))
    (path,) = root.rglob("ferries.md")
    before = path.read_bytes()
    assert b"Edna Marsh" in before
    assert import_into(root, texts).counts[Action.UNCHANGED] == 1
    assert enrich(root, bibliography(tmp_path)).counts[Action.UNCHANGED] == 1
    assert path.read_bytes() == before


def test_an_article_imported_in_the_same_run_is_filled_in(tmp_path: Path) -> None:
    texts = write_tree(
        tmp_path / "texts", {"ferries.md": "---\ntitle: Ferries\ndoi: 10.5555/ferry.1\n---\n\nThe text.\n"}
    )
    root = tmp_path / "library"
    root.mkdir()
    other = bibliography(tmp_path, OTHER)
    report = enrich(root, other, texts, write_tree(tmp_path / "b", {"lib.ris": RIS}) / "lib.ris")
    assert report.counts[Action.CHANGED] == 1


def test_broken_front_matter_is_a_failure_of_its_entry(tmp_path: Path) -> None:
    text = "<!-- doi: x -->\n---\ntitle: [Ferries\nsource: https://doi.org/10.5555/ferry.1\n---\n\nText.\n"
    root = write_tree(tmp_path / "library", {"ferries.md": text})
    enrich(root, bibliography(tmp_path, RIS + OTHER))
    assert (root / "ferries.md").read_text() == text


def test_the_command_says_what_it_would_fill_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = write_tree(tmp_path / "library", {"ferries.md": "---\ntitle: Ferries\ndoi: 10.5555/ferry.1\n---\n\nText.\n"})
    before = (root / "ferries.md").read_bytes()
    source = bibliography(tmp_path)
    assert run(["import", str(source), "--library", str(root), "--enrich", "--dry-run"]) == 0
    assert "changed   ferries.md <- lib.ris#10.5555/ferry.1: filled in: authors" in capsys.readouterr().out
    assert (root / "ferries.md").read_bytes() == before
