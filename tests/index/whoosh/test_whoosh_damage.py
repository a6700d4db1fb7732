"""Damage of every kind to the files of an index: never another text, and always noticed in the end.

Flips, zeroed pages, truncations, swapped and deleted files are met by a fresh engine and by one that has the index
open.
"""

from __future__ import annotations

import errno
import os
import random
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backfile.archive.errors import ArticleNotFound
from backfile.archive.model import ArticleMetadata, PartialDate
from backfile.index.engine import Changes, Document, Fingerprint, Request, Sort
from backfile.index.engines.whoosh.indexing.segment_merger import merge_segments
from backfile.index.engines.whoosh.search import collector
from backfile.index.engines.whoosh.storage import array_file, commit_reader
from backfile.index.engines.whoosh.storage.damage import DAMAGE_MARK, damage_mark
from backfile.index.engines.whoosh.whoosh_engine import WhooshEngine
from backfile.index.errors import IndexUnavailable, IndexUnusable
from backfile.index.query import parse

QUERIES = ("ferry", '"night ferry"', "harb*", "stability OR café", "topic:transport", "minister -ferry", "fery~")
WORDS = ["night", "ferry", "harbour", "stability", "minister", "café", "the", "of", "morning", "東京", "Straße"]
KINDS = ("flip", "flip in the texts", "zeroed page", "truncation", "swapped files", "deleted file")


def article(number: int, rng: random.Random, words: int = 120) -> Document:
    """Article of random words, whose text begins with its number."""
    metadata = ArticleMetadata(
        title=f"Article {number} on the {rng.choice(WORDS)}",
        authors=(f"Author {number % 7}",),
        topics=("transport",) if number % 3 else ("harbour", "bridge"),
        date=PartialDate(1990 + number % 30, 1 + number % 12),
        summary=f"Summary of {number}",
    )
    return Document(
        f"a/{number}", f"a/{number}.md", metadata, f"Text {number} " + " ".join(rng.choices(WORDS, k=words))
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Document]]:
    """Index with several segments, deletions, touched fingerprints and stems, and its documents."""
    rng = random.Random(5)
    folder = tmp_path_factory.mktemp("damage") / "index"
    engine = WhooshEngine(folder)
    documents = [article(number, rng) for number in range(300)]
    for start, stop in ((0, 250), (250, 295), (295, 300)):
        put(engine, documents[start:stop])
    documents[7] = article(7, rng, 20)
    put(engine, [documents[7]])
    engine.write(Changes(touch={"a/9": Fingerprint(1, 2, "3")}, drop=["a/11"]))
    del documents[11]
    return folder, {document.id: document for document in documents}


def put(engine: WhooshEngine, documents: list[Document]) -> None:
    """Commits documents."""
    engine.write(Changes(put=[(each, Fingerprint(len(each.text), 1, each.text[:9])) for each in documents]))


def damage(folder: Path, kind: str, rng: random.Random) -> str:
    """Damages one of the files (the table of contents is read by Whoosh only) and describes it."""
    files = sorted(path for path in folder.iterdir() if path.stat().st_size)
    path = rng.choice(files)
    size = path.stat().st_size
    place = rng.randrange(size)
    match kind:
        case "flip":
            flip(path, place, rng)
        case "flip in the texts":
            path = max(files, key=lambda each: each.stat().st_size)
            name = rng.choice(["texts", "texts", "stored_fields", "texts.sizes", "texts.offsets", "paths", "id_order"])
            opened = array_file.ArrayFile.open(path)
            _, offset, _, _ = opened._entries[name]
            place = offset + rng.randrange(max(1, len(opened.data(name))))
            flip(path, place, rng)
        case "zeroed page":
            with path.open("r+b") as file:
                file.seek(place // 4096 * 4096)
                file.write(bytes(min(4096, size - file.tell())))
        case "truncation":
            os.truncate(path, place)
        case "swapped files":
            other = rng.choice([each for each in files if each != path])
            spare = folder.parent / "spare"
            path.rename(spare)
            other.rename(path)
            spare.rename(other)
        case "deleted file":
            path.unlink()
    return f"{kind} at {path.name}:{place}"


def flip(path: Path, place: int, rng: random.Random) -> None:
    """Flips one bit in place, as a reader with the file mapped sees it."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 1 << rng.randrange(8)]))


def ask_everything(engine: WhooshEngine, documents: dict[str, Document], outcome: Counter[str]) -> None:
    """Searches, reads documents and completes; counts outcomes and fails for a stored text or field that is wrong."""

    def attempt(call: Callable[[], Any]) -> Any:
        try:
            answer = call()
        except IndexUnusable:
            outcome["unusable"] += 1
            return None
        except ArticleNotFound:
            outcome["not found"] += 1
            return None
        outcome["answered"] += 1
        return answer

    for query in QUERIES:
        page = attempt(lambda query=query: engine.search(Request(parse(query).tree, sort=Sort.NEWEST, deadline=60)))
        for hit in page.hits if page else ():
            known = documents[hit.id]
            assert hit.metadata == known.metadata
            assert hit.title.text == known.metadata.title
            for passage in hit.passages:
                shown = passage.text.strip("… ")
                assert shown in known.text or shown == known.metadata.summary, shown
    for article_id in random.Random(1).sample(sorted(documents), 15):
        document = attempt(lambda article_id=article_id: engine.document(article_id))
        assert document is None or document == documents[article_id]
    completed = attempt(lambda: engine.complete("artic"))
    for article_id, title in completed.titles if completed else ():
        assert documents[article_id].metadata.title == title


def run_case(library: tuple[Path, dict[str, Document]], place: Path, seed: int, counts: Counter[str]) -> None:
    """Damages a copy of the index, under a live engine or before a fresh one is opened."""
    source, documents = library
    rng = random.Random(seed)
    folder = place / f"case{seed}" / "index"
    shutil.copytree(source, folder)
    kind, live = KINDS[seed % len(KINDS)], bool(seed // len(KINDS) % 2)
    engine = WhooshEngine(folder)
    if live:
        engine.search(Request(parse("ferry").tree, deadline=60))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    described = damage(folder, kind, rng)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    harmless = before == after or _only_padding(source, before, after)
    outcome: Counter[str] = Counter()
    ask_everything(engine, documents, outcome)
    try:
        found = bool(engine.status(verify=True).problems)
    except IndexUnusable:
        found = True
    assert found or harmless, f"not found by verification: {described} (seed {seed})"
    counts[f"{'live' if live else 'fresh'}: {'503' if outcome['unusable'] else 'answered'}"] += 1
    counts["all"] += 1
    counts["found by verification"] += found
    counts["found by a reader"] += bool(outcome["unusable"])
    engine.close()
    shutil.rmtree(folder.parent)


def _only_padding(source: Path, before: dict[str, bytes], after: dict[str, bytes]) -> bool:
    """Whether only zeros between arrays or the lock file differ."""
    for name in before.keys() | after.keys():
        old, new = before.get(name, b""), after.get(name, b"")
        if old == new or name.endswith("LOCK"):
            continue
        if len(old) != len(new) or name.endswith((".toc", ".manifest")):
            return False
        if (np.frombuffer(old, np.uint8) != np.frombuffer(new, np.uint8))[_content(source / name, old)].any():
            return False
    return True


def _content(path: Path, data: bytes) -> np.ndarray:
    """True for the bytes of an array file that mean something."""
    file = array_file.ArrayFile.open(path)
    content = np.zeros(len(data), np.bool_)
    content[: array_file._HEADER.size] = True
    for name in file.names():
        _, offset, _, _ = file._entries[name]
        content[offset : offset + len(file.data(name))] = True
    content[array_file._HEADER.unpack_from(data)[3] :] = True
    return content


def test_damage_never_shows_another_text(library, tmp_path, capsys):
    counts: Counter[str] = Counter()
    for seed in range(18):
        run_case(library, tmp_path, seed, counts)
    with capsys.disabled():
        sys.stdout.write(f"\n{dict(counts)}\n")
    assert counts["found by verification"] >= 14


@pytest.mark.long
def test_a_thousand_damages_never_show_another_text(library, tmp_path, capsys):
    counts: Counter[str] = Counter()
    for seed in range(1_000, 2_000):
        run_case(library, tmp_path, seed, counts)
    with capsys.disabled():
        sys.stdout.write(f"\n{dict(counts)}\n")


@pytest.fixture
def folder(library, tmp_path) -> Path:
    """Copy of the index."""
    shutil.copytree(library[0], tmp_path / "index")
    return tmp_path / "index"


def test_damage_that_a_reader_meets_is_marked_until_the_index_is_built_anew(folder):
    engine = WhooshEngine(folder)
    engine.search(Request(parse("ferry").tree, deadline=60))
    data = max(folder.glob("*.arrays"), key=lambda path: path.stat().st_size)
    _, offset, count, _ = array_file.ArrayFile.open(data)._entries["texts"]
    with data.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(count))
    with pytest.raises(IndexUnusable, match=r"cannot be used.*texts"):
        engine.document("a/1")
    assert "texts" in damage_mark(folder)[0]
    assert engine.status().problems


def test_a_reader_of_the_index_before_does_not_mark_the_new_one(folder, library):
    engine = WhooshEngine(folder)
    engine.search(Request(parse("ferry").tree, deadline=60))
    commit = engine.commit()
    folder.rename(folder.with_name("broken"))
    new = WhooshEngine(folder)
    put(new, list(library[1].values()))
    engine._commit = commit
    engine._mark("old damage")
    assert not (folder / DAMAGE_MARK).exists()


def test_a_mistake_of_the_program_is_no_damage(folder, monkeypatch):
    def mistaken(*_: object) -> None:
        raise IndexError("a mistake")

    monkeypatch.setattr(collector, "search", mistaken)
    engine = WhooshEngine(folder)
    with pytest.raises(IndexError, match="a mistake"):
        engine.search(Request(parse("ferry").tree))
    assert not (folder / DAMAGE_MARK).exists()


def test_a_file_truncated_while_it_is_mapped_kills_no_reader(folder):
    engine = WhooshEngine(folder)
    engine.search(Request(parse("ferry").tree, deadline=60))
    os.truncate(max(folder.glob("*.arrays"), key=lambda path: path.stat().st_size), 4096)
    with pytest.raises(IndexUnusable, match="its size changed"):
        engine.search(Request(parse("ferry").tree))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ENOMEM, errno.EACCES])
def test_a_passing_error_of_the_system_is_no_damage(folder, monkeypatch, number):
    opened, failures = array_file.ArrayFile.open, [OSError(number, os.strerror(number))] * 2

    def failing(*arguments: Any, **named: Any) -> array_file.ArrayFile:
        if failures:
            raise failures.pop()
        return opened(*arguments, **named)

    monkeypatch.setattr(array_file.ArrayFile, "open", failing)
    assert WhooshEngine(folder).document("a/1").id == "a/1"
    failures[:] = [OSError(number, os.strerror(number))] * 1_000
    monkeypatch.setattr(commit_reader.time, "sleep", lambda _: None)
    with pytest.raises(IndexUnavailable, match="at the moment"):
        WhooshEngine(folder).document("a/1")
    assert not (folder / DAMAGE_MARK).exists()


def test_a_merge_does_not_vouch_for_damage(folder):
    commit = WhooshEngine(folder).commit()
    data = max(folder.glob("*.arrays"), key=lambda path: path.stat().st_size)
    _, offset, _, _ = array_file.ArrayFile.open(data)._entries["text.positions"]
    flip(data, offset + 3, random.Random(1))
    with pytest.raises(IndexUnusable, match=r"checksum of text.positions is wrong"):
        merge_segments(folder / "merged", commit.segments)
    assert not (folder / "merged").exists()


def test_verification_keeps_to_its_rate(folder):
    engine = WhooshEngine(folder)
    began, size = time.monotonic(), engine.status().bytes
    assert not engine.status(verify=True, rate=size * 4).problems
    assert time.monotonic() - began >= 0.2
