"""Indexes of earlier versions, kept as files: each is recognised, set aside and built anew, and never misread.

Each archive holds a small library with the index that the version of its format made of it, after an article of five
was removed.
"""

from __future__ import annotations

import json
import shutil
import tarfile
import zlib
from contextlib import closing
from pathlib import Path

import pytest
from paths import DATA

from backfile.archive.storage.library import Library
from backfile.cli import main
from backfile.index.engine import Document, Request
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.engines.whoosh.storage.array_file import FORMAT
from backfile.index.errors import IndexUnusable
from backfile.index.query import parse
from backfile.index.sync import verification
from backfile.index.sync.state import FOLDER
from backfile.index.sync.synchronization import update_index

FORMATS = (1, 2, 3)
ARTICLES = {"night-ferry", "2001/harbour", "2001/lighthouse", "tide"}


@pytest.fixture(params=FORMATS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[int, Path]:
    """Format and library of an earlier version."""
    with tarfile.open(DATA / "old_indexes" / f"format-{request.param}.tar.xz") as archive:
        archive.extractall(tmp_path / "library", filter="data")
    return request.param, tmp_path / "library"


def articles(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.md")}


def documents(folder: Path) -> dict[str, Document]:
    with closing(open_engine(DEFAULT, folder / "index")) as engine:
        assert not engine.status(verify=True).problems
        assert {hit.id for hit in engine.search(Request(parse("ferries").tree)).hits} == {"night-ferry", "2001/harbour"}
        return {article_id: engine.document(article_id) for article_id in engine.ids()}


def assert_never_answers(folder: Path, message: str) -> None:
    with closing(open_engine(DEFAULT, folder / "index")) as engine:
        for ask in (
            engine.status,
            engine.fingerprints,
            engine.ids,
            lambda: engine.document("tide"),
            lambda: engine.search(Request(parse("ferry").tree)),
            lambda: engine.complete("fer"),
            lambda: engine.more_like_this("tide"),
        ):
            with pytest.raises(IndexUnusable, match=message):
                ask()


def assert_built_anew(root: Path, message: str, log: pytest.LogCaptureFixture) -> None:
    """Asserts that an update sets the index aside, says why, and makes the index of a fresh library."""
    before, folder = articles(root), root / FOLDER
    former = {path.name: path.read_bytes() for path in (folder / "index").iterdir()}
    report = update_index(Library(root), folder, DEFAULT)
    assert set(report.added) == ARTICLES
    assert message in log.text
    assert "built anew" in log.text
    (aside,) = folder.glob("index.broken-*")
    assert former.items() <= {path.name: path.read_bytes() for path in aside.iterdir()}.items()
    fresh = root.with_name("fresh")
    shutil.copytree(root, fresh, ignore=shutil.ignore_patterns(FOLDER))
    update_index(Library(fresh), fresh / FOLDER, DEFAULT)
    assert documents(folder) == documents(fresh / FOLDER)
    assert update_index(Library(root), folder, DEFAULT).did_nothing
    assert articles(root) == before


def test_an_old_index_is_never_read(old: tuple[int, Path]) -> None:
    number, root = old
    assert_never_answers(root / FOLDER, f"format {number}, but this program reads format {FORMAT}")
    found = verification.check(Library(root), root / FOLDER, DEFAULT)
    assert (found.index, found.articles, found.searchable) == (verification.DAMAGED, 4, 0)


def test_an_old_index_is_built_anew(old: tuple[int, Path], caplog: pytest.LogCaptureFixture) -> None:
    number, root = old
    assert_built_anew(root, f"format {number}", caplog)


def test_commands_work_on_an_old_index(old: tuple[int, Path], capsys: pytest.CaptureFixture[str]) -> None:
    number, root = old
    assert main.run(["search", "ferry", "--library", str(root)]) != 0
    assert f"format {number}" in capsys.readouterr().err
    assert main.run(["index", str(root)]) == 0
    capsys.readouterr()
    assert main.run(["search", "ferry", "--library", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == 2


def test_an_index_of_a_later_version_is_built_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with tarfile.open(DATA / "old_indexes" / f"format-{FORMATS[-1]}.tar.xz") as archive:
        archive.extractall(tmp_path / "library", filter="data")
    root = tmp_path / "library"
    (manifest,) = (root / FOLDER / "index").glob("*.manifest")
    body = manifest.read_bytes().partition(b"\n")[2]
    manifest.write_bytes(b"backfile index %d %08x\n" % (FORMAT + 1, zlib.crc32(body)) + body)
    assert_never_answers(root / FOLDER, f"format {FORMAT + 1}, but")
    assert_built_anew(root, f"format {FORMAT + 1}", caplog)


def test_files_of_an_old_index_under_a_new_manifest_are_never_read(
    old: tuple[int, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A folder restored from two backups: the manifest of today, the segments of before."""
    number, root = old
    new = tmp_path / "new"
    shutil.copytree(root, new, ignore=shutil.ignore_patterns(FOLDER))
    update_index(Library(new), new / FOLDER, DEFAULT)
    (segment,) = (new / FOLDER / "index").glob("*.arrays")
    (former,) = (root / FOLDER / "index").glob("*.arrays")
    shutil.copyfile(former, segment)
    caplog.clear()
    assert_never_answers(new / FOLDER, f"format {number}, but")
    assert_built_anew(new, f"format {number}", caplog)
