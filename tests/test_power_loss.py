"""Power lost at any moment of an import or of an update of the index: articles are whole, the index is never wrong.

What the disk may hold then is worked out by `SimulatedDisk`. On every such state the index is read, updated and
compared with the truth, and a broken import is repeated.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from long_runs import examples
from simulated_disk import SimulatedDisk, Wreck, contents

from backfile.archive.importers.import_report import Action, ImportReport
from backfile.archive.importers.importer import Importer
from backfile.archive.importers.item import Asset, ImportContext, Item, Probe
from backfile.archive.importers.library.import_log import ImportLog
from backfile.archive.importers.sources.detection import ImportSource
from backfile.archive.model import ArticleMetadata, Source
from backfile.archive.storage.library import Library
from backfile.index.engine import Document
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.errors import IndexUnusable
from backfile.index.sync import verification
from backfile.index.sync.state import FOLDER
from backfile.index.sync.synchronization import update_index

DAY = date(2026, 3, 14)
OLD = time.time_ns() - 3_600_000_000_000
SHARE = 20  # states of the daily test
WORDS = ("night", "ferry", "harbour", "tide", "lighthouse", "café", "stability", "morning")
TABLES = {f"{name}.sqlite{suffix}" for name in ("links", "copies") for suffix in ("", ".sum")}
CACHE_FILES = {".gitignore", "CACHEDIR.TAG", "index", "problems.json", *TABLES}

pytestmark = pytest.mark.skipif(os.name != "posix", reason="folders are synced on POSIX systems only")


def write(path: Path, text: str, at: int) -> None:
    """Writes a file with a time of its own, long ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(OLD + at, OLD + at))


def change(root: Path, step: int, rng: random.Random) -> None:
    """Adds, changes, moves and removes some articles; one of them cannot be read."""
    for number in range(rng.randrange(1, 4)):
        text = f"---\ntitle: Article {step}.{number}\n---\n" + " ".join(rng.choices(WORDS, k=40)) + "\n"
        write(root / rng.choice(["", "2019/"]) / f"{rng.choice('abcdefgh')}.md", text, step * 1_000 + number)
    files = sorted(root.rglob("[a-h].md"))
    if step % 2 and len(files) > 2:
        files[0].unlink()
        files[1].rename(root / f"moved-{step}.md")
    if step % 3 == 0:
        write(root / "broken.md", f"---\ntitle: [{step}\n---\n", step)


def documents(folder: Path) -> dict[str, Document] | None:
    """Documents of the index in a cache folder whose checksums are right; None when it says that it is unusable."""
    try:
        with closing(open_engine(DEFAULT, folder / "index")) as engine:
            if engine.status(verify=True).problems:
                return None
            return {article_id: engine.document(article_id) for article_id in engine.fingerprints()}
    except IndexUnusable:
        return None


def some(wrecks: list[Wreck], steps: int, rng: random.Random) -> list[Wreck]:
    """All states of a long run, a few of a short one."""
    return wrecks if steps > 1 else rng.sample(wrecks, SHARE)


def wake_up(wreck: Wreck, place: Path, cache: str, before: object, after: object) -> str:
    """Makes the state, reads the index as it is, and updates it without help; returns how it was found."""
    wreck.make(place)
    root, folder = place / "library", place / cache
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)  # this time power stays
        patch.setattr(time, "sleep", lambda seconds: None)
        return check_and_update(root, folder, before, after)


def check_and_update(root: Path, folder: Path, before: object, after: object) -> str:
    found = documents(folder)
    assert found in (None, {}, before, after)
    kinds = {"unusable": found is None, "missing": found == {}, "old": found == before, "new": found == after}
    update_index(Library(root), folder, DEFAULT)
    assert documents(folder) == after
    assert verification.check(Library(root), folder, DEFAULT).index == verification.OK
    assert {name for name in os.listdir(folder) if not name.startswith("index.broken-")} <= CACHE_FILES
    return next(kind for kind, applies in kinds.items() if applies)


LONG = [pytest.mark.long, pytest.mark.timeout(3_600)]


@pytest.mark.parametrize(
    ("cache", "steps", "chances"),
    [
        ("cache", 1, 0),
        pytest.param("cache", examples(60), 4, marks=LONG),
        pytest.param(f"library/{FOLDER}", examples(60), 4, marks=LONG),
    ],
)
def test_an_update_of_the_index_is_there_as_a_whole_or_not_at_all(
    tmp_path: Path, cache: str, steps: int, chances: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(steps)
    disk_root = tmp_path / "disk"
    root, folder = disk_root / "library", disk_root / cache
    root.mkdir(parents=True)
    disk, outcome, moments = SimulatedDisk(disk_root, rng, chances), Counter[str](), 0
    before: dict[str, Document] = {}
    for step in range(steps):
        change(root, step, rng)
        disk.settle()
        with disk.recording():
            update_index(Library(root), folder, DEFAULT)
        after = documents(folder)
        assert after is not None
        assert {document.path for document in after.values()} == contents(root).keys()
        for number, wreck in enumerate(some([*disk.wrecks.values()], steps, rng)):
            place = tmp_path / f"waking-{step}-{number}"
            outcome[wake_up(wreck, place, cache, before, after)] += 1
            shutil.rmtree(place)
        before = after
        moments = disk.moments
    with capsys.disabled():
        sys.stdout.write(f"\n{cache}: {disk.syncs} syncs, {moments} moments, states {dict(outcome)}\n")
    assert outcome.total() >= SHARE
    assert outcome["new"] > 0


class Items:
    """Format that gives the items it was made with."""

    KIND, TITLE = "given", "Given"

    def __init__(self, items: list[Item]) -> None:
        self._items = items

    def detect(self, probe: Probe) -> int:
        return 0

    def count(self, path: Path, context: ImportContext) -> int | None:
        return len(self._items)

    def read(self, path: Path, context: ImportContext) -> Iterator[Item]:
        yield from self._items


def take(root: Path, items: list[Item]) -> ImportReport:
    """Imports items into a library."""
    with Importer(Library(root), today=DAY) as importer:
        importer.import_source(ImportSource(Path("export"), "export", "given", False, Items(items)), ImportContext())
    return importer.report


def item(number: int, edition: int, rng: random.Random) -> Item:
    """Item whose text, picture and the name of a second picture differ from edition to edition."""
    second = f"q{edition % 3}.png"
    pictures_in_text = f"![A picture](p.png) ![Another]({second})"
    text = f"Edition {edition} of {number}, with [a link](https://a.example/{number + 1}). {pictures_in_text}\n\n"
    metadata = ArticleMetadata(f"Article {number}", source=Source("A", f"https://a.example/{number}"))
    pictures = Asset("p.png", lambda: f"picture {number} {edition}".encode() * 300), Asset(second, lambda: b"same" * 99)
    return Item(f"item{number}", metadata, text + " ".join(rng.choices(WORDS, k=200)), assets=pictures)


def whole(data: bytes, before: bytes | None, after: bytes | None) -> bool:
    """Whether a file is as before or after an import, or as after, but for links to articles that came later."""
    lines, complete = data.splitlines(), (after or b"").splitlines()
    same = [line for line, other in zip(lines, complete, strict=False) if line == other]
    return data in (before, after) or (len(lines) == len(complete) <= len(same) + 2 and lines[-1] == complete[-1])


def edited(root: Path) -> list[str]:
    """Paths of the articles that the next import would take for edited by a person."""
    log = ImportLog(str(root))
    log.load()
    return [path for path in log.paths if log.unedited(path) is None]


@pytest.mark.parametrize(("steps", "chances"), [(1, 0), pytest.param(examples(40), 4, marks=LONG)])
def test_an_import_leaves_whole_articles_and_is_completed_by_the_next(
    tmp_path: Path, steps: int, chances: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(steps)
    root = tmp_path / "library"
    root.mkdir()
    disk, states, moments = SimulatedDisk(root, rng, chances), 0, 0
    for step in range(steps):
        items = [item(number, step, rng) for number in rng.sample(range(8), 3)]
        before = contents(root)
        disk.settle()
        with disk.recording():
            assert not take(root, items).counts[Action.FAILED]
            during = disk.wrecks
            disk.wrecks = {}
        after = contents(root)
        for wreck in some([*during.values(), *disk.wrecks.values()], steps, rng):
            states += 1
            place = tmp_path / f"waking-{states}"
            wreck.make(place)
            found = contents(place)
            damaged = {name: data for name, data in found.items() if not whole(data, before.get(name), after.get(name))}
            assert damaged == {}
            assert found.keys() >= before.keys() & after.keys()
            if wreck.key() in disk.wrecks:  # the import had returned
                assert found == after
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(os, "fsync", lambda descriptor: None)
                take(place, items)
            completed = contents(place)
            assert completed.keys() == after.keys()
            assert all(whole(data, None, after[name]) for name, data in completed.items())
            assert edited(place) == []
            shutil.rmtree(place)
        moments = disk.moments
    with capsys.disabled():
        sys.stdout.write(f"\nimport: {disk.syncs} syncs, {moments} moments, {states} states completed\n")
    assert states >= SHARE
