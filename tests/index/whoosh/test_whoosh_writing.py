"""Commits of the Whoosh engine: whole or not at all, seen by readers at once, merged, and safe from foreign files."""

from __future__ import annotations

import errno
import os
import pickle
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from paths import ROOT
from whoosh import fields
from whoosh.index import LockError, create_in, open_dir
from whoosh_library import fingerprint

from backfile.archive.errors import ArticleNotFound
from backfile.archive.model import ArticleMetadata
from backfile.index.engine import Changes, Document, Fingerprint
from backfile.index.engines.whoosh import WhooshEngine
from backfile.index.engines.whoosh.codec.write_lock import LOCK_NAME, WriteLock
from backfile.index.engines.whoosh.indexing import pending_commit, writer
from backfile.index.engines.whoosh.indexing.merge_policy import MOST_SMALL, RATIO, SMALL, segments_to_merge
from backfile.index.engines.whoosh.storage import array_file, commit_reader
from backfile.index.errors import IndexLocked, IndexUnusable, SearchError


def article(key: str, text: str = "night ferry") -> Document:
    return Document(key, f"{key}.md", ArticleMetadata(f"Title of {key}"), text)


def put(engine: WhooshEngine, *documents: Document, **changes: object) -> None:
    engine.write(Changes(put=[(each, fingerprint(each)) for each in documents], **changes))


def held(engine: WhooshEngine) -> dict[str, Document]:
    return {key: engine.document(key) for key in engine.fingerprints()}


def sizes(engine: WhooshEngine) -> list[tuple[int, int]]:
    return [(segment.size, segment.live_count) for segment in engine.commit().segments]


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "below" / "index"


@pytest.fixture
def engine(folder) -> WhooshEngine:
    return WhooshEngine(folder)


def test_a_missing_folder_is_an_empty_index_and_stays_missing(engine, folder):
    assert engine.fingerprints() == {}
    assert engine.status(verify=True).documents == 0
    with pytest.raises(ArticleNotFound):
        engine.document("a")
    assert not folder.exists()


def test_documents_are_added_replaced_and_dropped(engine, folder):
    put(engine, article("a"), article("b"), article("c"))
    put(engine, article("b", "changed"), drop=["c", "no such id"])
    assert held(engine) == held(WhooshEngine(folder)) == {"a": article("a"), "b": article("b", "changed")}
    assert engine.status(verify=True).problems == ()


def test_a_document_both_dropped_and_put_is_there(engine):
    put(engine, article("a"))
    put(engine, article("a", "new"), drop=["a"])
    assert held(engine) == {"a": article("a", "new")}


def test_of_documents_with_one_id_the_last_counts(engine):
    put(engine, article("a", "one"), article("b"), article("a", "two"), article("a", "three"))
    assert held(engine) == {"a": article("a", "three"), "b": article("b")}


def test_touching_renews_fingerprints_and_nothing_else(engine):
    put(engine, article("a"), article("b"))
    renewed = Fingerprint(7, 8, "9")
    engine.write(Changes(touch={"a": renewed, "no such id": renewed}))
    assert engine.fingerprints() == {"a": ("a.md", renewed), "b": ("b.md", fingerprint(article("b")))}
    engine.write(Changes(touch={"b": renewed}))
    put(engine, *(article(f"c{n}") for n in range(SMALL + 1)))  # and it survives merging
    assert {engine.fingerprints()[key][1] for key in "ab"} == {renewed}


def test_empty_changes_make_no_commit(engine, folder):
    put(engine, article("a"), stamp="s")
    before = sorted(os.listdir(folder))
    engine.write(Changes(drop=["b"], touch={"b": Fingerprint(1, 2, "3")}, stamp="s"))
    assert sorted(os.listdir(folder)) == before
    engine.write(Changes(stamp="t"))
    assert (engine.status().stamp, engine.status().generation) == ("t", 2)


def test_a_language_is_added_without_writing_postings_anew(engine, folder):
    put(engine, article("a", "declared declaring"))
    data = next(folder.glob("*.arrays")).stat()
    engine.write(Changes(languages=("fr", "en")))
    after = next(folder.glob("*.arrays")).stat()
    assert (after.st_ino, after.st_mtime_ns) == (data.st_ino, data.st_mtime_ns)
    assert engine.status().languages == ("fr", "en")
    segment = engine.commit().segments[0]
    assert sorted(segment.data.stem_files) == ["en", "fr"]
    engine.write(Changes(languages=("fr",)))
    assert [path.name.split(".")[1] for path in folder.glob("*.stems")] == ["fr"]


def test_a_batch_whose_documents_fail_is_not_committed(engine, folder):
    put(engine, article("a"))
    before = sorted(os.listdir(folder))

    def failing():
        yield article("b"), fingerprint(article("b"))
        raise RuntimeError("the reader failed")

    with pytest.raises(RuntimeError, match="the reader failed"):
        engine.write(Changes(put=failing(), drop=["a"]))
    assert held(engine) == {"a": article("a")}
    assert sorted(os.listdir(folder)) == before


def test_everything_dropped_leaves_an_empty_index(engine):
    put(engine, article("a"))
    engine.write(Changes(drop=["a"]))
    assert (held(engine), sizes(engine)) == ({}, [])
    put(engine, article("b"))
    assert held(engine) == {"b": article("b")}


def test_readers_keep_their_commit_while_files_go(engine):
    put(engine, *(article(f"a{n}") for n in range(20)))
    commit = engine.commit()
    for n in range(20):
        put(engine, article(f"a{n}", "changed"))
    (segment,) = commit.segments
    assert [segment.document(n) for n in range(20)] == [article(f"a{n}") for n in range(20)]
    assert {each.text for each in held(engine).values()} == {"changed"}


def test_a_search_meets_a_handful_of_segments_whatever_the_history(engine):
    documents = {}
    for step in range(60):
        changed = [article(f"{(step * 37 + n) % 90}", f"step {step}") for n in range(step % 7 + 1)]
        documents |= {each.id: each for each in changed}
        put(engine, *changed)
        assert len(sizes(engine)) <= MOST_SMALL + 1
    assert held(engine) == documents


def test_segments_to_merge():
    assert segments_to_merge([]) == segments_to_merge([(5, 5)]) == segments_to_merge([(10_000, 10_000), (1, 1)]) == []
    assert segments_to_merge([(10_000, 10_000)] + [(1, 1)] * MOST_SMALL) == []
    assert segments_to_merge([(10_000, 10_000)] + [(1, 1)] * (MOST_SMALL + 1)) == list(range(1, MOST_SMALL + 2))
    assert segments_to_merge([(9_000, 9_000), (3_000, 3_000)]) == [0, 1]
    assert segments_to_merge([(90_000, 90_000), (9_000, 9_000), (3_000, 3_000)]) == [1, 2]
    assert segments_to_merge([(90_000, 50_000)]) == [0]


def test_segment_sizes_grow_by_the_ratio_after_any_number_of_merges():
    segments: list[tuple[int, int]] = []
    for added in (1, 5, 300, 2, 40_000, 1_000, 1_000, 1_000, 7, 250, 1, 1, 1, 9_000) * 20:
        segments.append((added, added))
        while chosen := segments_to_merge(segments):
            total = sum(segments[place][1] for place in chosen)
            segments = [each for place, each in enumerate(segments) if place not in chosen] + [(total, total)]
        large = sorted(live for _, live in segments if live > SMALL)
        assert all(bigger >= RATIO * smaller for smaller, bigger in pairwise(large))
        assert len(segments) <= MOST_SMALL + 6


def test_large_batches_are_written_by_several_processes(engine, monkeypatch):
    monkeypatch.setattr(writer, "SEGMENT_TEXT", 5_000)
    monkeypatch.setattr(writer, "cores", lambda: 2)
    documents = [article(f"a{n}", f"night ferry {n} " * 20) for n in range(100)]
    put(engine, *documents, article("a7", "the last one"))
    assert held(engine) == {each.id: each for each in documents} | {"a7": article("a7", "the last one")}
    segments = engine.commit().segments
    assert (
        sum(len(segment.field("text").postings(segment.field("text").find("ferry"))[0]) for segment in segments) == 99
    )


def test_one_core_writes_the_same(engine, monkeypatch):
    monkeypatch.setattr(writer, "SEGMENT_TEXT", 500)
    monkeypatch.setattr(writer, "cores", lambda: 1)
    documents = [article(f"a{n}", f"night ferry {n} " * 20) for n in range(20)]
    put(engine, *documents)
    assert held(engine) == {each.id: each for each in documents}


@pytest.mark.parametrize("touched", [False, True])
def test_a_large_batch_is_merged_with_smaller_segments(engine, monkeypatch, touched):
    monkeypatch.setattr(writer, "SEGMENT_TEXT", 500)
    monkeypatch.setattr(writer, "cores", lambda: 1)
    before = [article(f"a{n}", f"night ferry {n} " * 20) for n in range(90)]
    put(engine, *before)
    after = [article(f"a{n}", f"harbour {n} " * 20) for n in range(10, 110)]
    prints = {"a3": Fingerprint(9, 9, "9"), "a11": Fingerprint(8, 8, "8")} if touched else {}
    put(engine, *after, touch=prints)
    assert held(engine) == {each.id: each for each in [*before, *after]}
    found = {article_id: mark for article_id, (_, mark) in engine.fingerprints().items()}
    expected = {each.id: fingerprint(each) for each in [*before, *after]}
    assert found == expected | ({"a3": prints["a3"]} if touched else {})
    assert len(engine.commit().segments) == (2 if touched else 1)


def test_a_worker_that_dies_is_an_error_and_changes_nothing(engine, folder, monkeypatch):
    put(engine, article("a"))
    monkeypatch.setattr(writer, "SEGMENT_TEXT", 1)
    monkeypatch.setattr(writer, "cores", lambda: 2)
    deadly = article("b")
    object.__setattr__(deadly.metadata, "title", 7)  # not what the type says: folding it fails
    items = [(each, Fingerprint(1, 2, "3")) for each in (deadly, article("c"), article("d"))]
    with pytest.raises(SearchError, match="died"):
        engine.write(Changes(put=items))
    assert held(engine) == {"a": article("a")}


def test_processes_that_cannot_start_are_distinguished_from_those_that_die(tmp_path):
    program = tmp_path / "unguarded.py"  # without `if __name__ …` every helper runs the program anew, and dies of it
    program.write_text(
        "from pathlib import Path\n"
        "from backfile.archive.model import ArticleMetadata\n"
        "from backfile.index.engine import Changes, Document, Fingerprint\n"
        "from backfile.index.engines import open_engine\n"
        "from backfile.index.engines.whoosh.indexing import writer\n"
        "writer.SEGMENT_TEXT, writer.cores = 1, lambda: 2\n"
        f"engine = open_engine('whoosh', Path({str(tmp_path / 'index')!r}))\n"
        "items = [(Document(n, n, ArticleMetadata(n), n), Fingerprint(1, 2, '3')) for n in 'abcd']\n"
        "engine.write(Changes(put=items), wait=0.1)\n",
        encoding="utf-8",
    )
    command = [sys.executable, str(program)]
    ended = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    *_, last = ended.stderr.splitlines()
    assert ended.returncode == 1
    assert last.startswith("backfile.index.errors.SearchError: the processes that help to index could not be started")


def test_a_second_writer_waits_and_logs_it(engine, folder):
    with WriteLock(folder).held(0), pytest.raises(IndexLocked, match=r"did not finish within 0\.1 s"):
        engine.write(Changes(put=[(article("a"), fingerprint(article("a")))]), wait=0.1)
    assert held(engine) == {}


def test_a_second_writer_goes_on_when_the_first_is_done(engine, folder):
    started, release = threading.Event(), threading.Event()

    def slow():
        started.set()
        assert release.wait(60)
        yield article("a"), fingerprint(article("a"))

    first = threading.Thread(target=lambda: engine.write(Changes(put=slow())))
    first.start()
    assert started.wait(60)
    second = threading.Thread(
        target=lambda: WhooshEngine(folder).write(Changes(put=[(article("b"), fingerprint(article("b")))]), wait=60)
    )
    second.start()
    release.set()
    first.join(60)
    second.join(60)
    assert set(held(engine)) == {"a", "b"}


def test_a_lock_in_a_folder_that_was_replaced_is_not_the_lock(folder):
    with WriteLock(folder).held(0):
        shutil.rmtree(folder)
        with WriteLock(folder).held(0):
            assert (folder / LOCK_NAME).exists()


def test_whoosh_programs_and_this_one_respect_the_same_lock(engine, folder):
    put(engine, article("a"))
    with engine.lock(), pytest.raises(LockError):
        open_dir(str(folder)).writer()
    theirs = open_dir(str(folder)).lock("WRITELOCK")
    assert theirs.acquire()
    with pytest.raises(IndexLocked, match="another process"):
        engine.write(Changes(drop=["a"]), wait=0.1)
    theirs.release()
    engine.write(Changes(drop=["a"]), wait=0.1)


def test_leftovers_of_killed_writers_go_at_the_next_write(engine, folder):
    put(engine, article("a"))
    names = set(os.listdir(folder))
    for name in ("MAIN_0123456789abcdef.arrays", "MAIN_x.3.livedocs", "_MAIN_9.manifest", "_MAIN_9.toc.tmp"):
        (folder / name).write_bytes(b"half")
    (folder / "notes.txt").write_text("somebody's own")
    put(engine, article("a"))
    left = set(os.listdir(folder))
    assert "notes.txt" in left
    assert not left & {"MAIN_0123456789abcdef.arrays", "MAIN_x.3.livedocs", "_MAIN_9.manifest", "_MAIN_9.toc.tmp"}
    assert len(left) >= len(names)
    assert held(WhooshEngine(folder)) == {"a": article("a")}


def test_a_reader_that_loses_the_race_looks_again(engine, folder, monkeypatch):
    put(engine, article("a"))
    reader = WhooshEngine(folder)
    read = commit_reader.read_manifest

    def too_late(where: Path, generation: int):
        monkeypatch.undo()
        put(engine, article("a", "changed"))
        return read(where, generation)

    monkeypatch.setattr(commit_reader, "read_manifest", too_late)
    assert reader.document("a") == article("a", "changed")


def test_readers_in_threads_meet_no_error_while_commits_go_on(engine, folder, monkeypatch):
    put(engine, *(article(f"a{n}", "step 0") for n in range(10)))
    reader, failures, done = WhooshEngine(folder), [], threading.Event()

    def read():
        while not done.is_set():
            assert all(reader.document(f"a{n}").text.startswith("step ") for n in range(10))

    monkeypatch.setattr(threading, "excepthook", failures.append)
    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for step in range(1, 25):
        put(engine, *(article(f"a{n}", f"step {step}") for n in range(step % 3, 10, 3)))
    done.set()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_an_index_removed_and_built_anew_is_noticed(engine, folder):
    put(engine, article("a"))
    reader = WhooshEngine(folder)
    assert set(held(reader)) == {"a"}
    shutil.rmtree(folder)
    assert set(held(reader)) == {"a"}
    put(engine, article("b"))
    assert set(held(reader)) == {"b"}


def test_after_close_every_method_refuses(engine):
    put(engine, article("a"))
    engine.close()
    engine.close()
    for call in (engine.fingerprints, engine.status, lambda: engine.document("a"), lambda: engine.write(Changes())):
        with pytest.raises(IndexUnusable, match="closed"):
            call()


def test_every_file_cut_short_or_missing_makes_the_index_unusable(engine, folder):
    unchanged = [article(key) for key in "acde"]
    put(engine, article("b"), *unchanged)
    put(engine, article("b", "changed"))
    engine.write(Changes(touch={"a": Fingerprint(1, 2, "3")}))
    names = [name for name in os.listdir(folder) if name not in {LOCK_NAME} and not name.endswith(".toc")]
    assert {name.rpartition(".")[2] for name in names} == {"arrays", "fingerprints", "livedocs", "stems", "manifest"}
    for name in names:
        data = (folder / name).read_bytes()
        for damaged in (data[:-1], data[: len(data) // 2], b""):
            (folder / name).write_bytes(damaged)
            with pytest.raises(IndexUnusable, match="cannot be used"):
                WhooshEngine(folder).fingerprints()
        (folder / name).unlink()
        with pytest.raises(IndexUnusable, match="cannot be used"):
            WhooshEngine(folder).fingerprints()
        (folder / name).write_bytes(data)
    assert held(WhooshEngine(folder)) == {each.id: each for each in (*unchanged, article("b", "changed"))}


def test_flipped_bits_anywhere_are_found_by_verification(engine, folder):
    """Spread over every file; those in the zeros between arrays alone may pass."""
    put(engine, article("a", "night ferry " * 50), article("b"))
    put(engine, article("b", "changed"))
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        for place in range(0, len(data), max(1, len(data) // 100)):
            flipped = bytearray(data)
            flipped[place] ^= 1 << place % 8
            path.write_bytes(flipped)
            assert is_noticed(folder) or data[place - 2 : place + 3].count(0) >= 3, (path.name, place)
        path.write_bytes(data)
    assert not is_noticed(folder)


def is_noticed(folder: Path) -> bool:
    try:
        return bool(WhooshEngine(folder).status(verify=True).problems)
    except IndexUnusable:
        return True


def test_a_stock_whoosh_index_is_not_ours_and_is_never_unpickled(folder):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(folder / "unpickled"),)

    folder.mkdir(parents=True)
    create_in(str(folder), fields.Schema(text=fields.TEXT))
    with pytest.raises(IndexUnusable, match="not written by Backfile"):
        WhooshEngine(folder).fingerprints()
    (folder / "_MAIN_1.toc").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(IndexUnusable):
        WhooshEngine(folder).fingerprints()
    assert not (folder / "unpickled").exists()


def test_a_table_of_contents_that_the_manifest_does_not_vouch_for_is_refused(engine, folder):
    put(engine, article("a"))
    toc = folder / "_MAIN_1.toc"
    toc.write_bytes(toc.read_bytes()[::-1])
    with pytest.raises(IndexUnusable, match="not the table of contents"):
        WhooshEngine(folder).fingerprints()


def test_a_file_of_another_index_is_refused(engine, folder, tmp_path):
    put(engine, article("a"))
    other = WhooshEngine(tmp_path / "other")
    put(other, article("b"))
    shutil.copy(next((tmp_path / "other").glob("*.arrays")), next(folder.glob("*.arrays")))
    with pytest.raises(IndexUnusable, match="not the file that the manifest names"):
        WhooshEngine(folder).fingerprints()


def test_an_index_of_another_format_is_refused(engine, folder):
    put(engine, article("a"))
    manifest = folder / "_MAIN_1.manifest"
    manifest.write_bytes(
        manifest.read_bytes().replace(b"backfile index %d " % array_file.FORMAT, b"backfile index 999 ")
    )
    with pytest.raises(IndexUnusable, match="format 999"):
        WhooshEngine(folder).fingerprints()


def test_a_folder_of_something_else_is_refused(folder):
    folder.mkdir(parents=True)
    (folder / "thesis.md").write_text("not an index")
    with pytest.raises(IndexUnusable, match=r"holds something else \(thesis.md\)"):
        WhooshEngine(folder).fingerprints()


def test_a_file_in_place_of_the_folder_is_refused(folder):
    folder.parent.mkdir(parents=True)
    folder.write_text("not a folder")
    with pytest.raises(IndexUnusable, match="cannot be read"):
        WhooshEngine(folder).fingerprints()


@pytest.mark.parametrize("call", range(1, 8))
def test_a_disk_that_fails_leaves_the_last_commit(engine, folder, monkeypatch, call):
    """The sync to the disk fails at each point in turn."""
    put(engine, article("a"), article("b"))
    synced = []

    def failing(descriptor: int) -> None:
        synced.append(descriptor)
        if len(synced) >= call:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(array_file.os, "fsync", failing)
    with pytest.raises(SearchError, match="could not be written"):
        put(engine, article("a", "changed"), drop=["b"], languages=("en", "fr"))
    assert len(synced) == call
    monkeypatch.undo()
    old, new = {"a": article("a"), "b": article("b")}, {"a": article("a", "changed")}
    assert held(WhooshEngine(folder)) == held(engine) == old
    put(engine, article("a", "changed"), drop=["b"])
    assert held(WhooshEngine(folder)) == new
    assert engine.status(verify=True).problems == ()


def test_names_are_on_the_disk_before_the_table_of_contents_and_after(engine, folder, monkeypatch):
    """Everything is synced before the table of contents is put in place, and the folder once more behind it."""
    trace: list[str] = []
    sync, replacing = os.fsync, Path.replace

    def synced(descriptor: int) -> None:
        trace.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        sync(descriptor)

    def replaced(self: Path, target: Path) -> Path:
        trace.append(f"-> {target.name}")
        return replacing(self, target)

    monkeypatch.setattr(array_file.os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    put(engine, article("a"))
    segment = next(folder.glob("*.arrays")).stem
    assert trace == [
        f"{segment}.arrays",
        f"{segment}.en.stems",
        "_MAIN_1.manifest.tmp",
        "-> _MAIN_1.manifest",
        "index",
        "_MAIN_1.toc.tmp",
        "-> _MAIN_1.toc",
        "index",
    ]


def test_status_counts_bytes_and_documents(engine, folder):
    put(engine, article("a"), article("b"), stamp="s", languages=("en", "de"))
    status = engine.status()
    assert replace(status, bytes=0) == replace(status, bytes=0, documents=2, languages=("en", "de"), stamp="s")
    assert status.bytes == sum(p.stat().st_size for p in folder.iterdir() if p.suffix != ".manifest")
    assert pending_commit.data_name("MAIN_a") == "MAIN_a.arrays"
