"""Synchronization: planning without reading, whole commits, no repeated work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.memory_engine import MemoryEngine
from paths import ROOT
from synchronising import synchronise

from backfile.archive.errors import LibraryMissing
from backfile.archive.report import Report
from backfile.archive.storage.library import FileReadResult, Library
from backfile.archive.storage.walker import FileEntry
from backfile.index.engine import Changes, Engine, Fingerprint, Request
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.engines.whoosh.storage import array_file, manifest
from backfile.index.engines.whoosh.storage.damage import mark_damaged
from backfile.index.errors import CacheFolderRefused, IndexLocked, IndexUnusable
from backfile.index.query import MatchAll, parse
from backfile.index.status import Status
from backfile.index.sync import reader, reading_rules, synchronization
from backfile.index.sync.plan import make_plan
from backfile.index.sync.reader import read_documents
from backfile.index.sync.state import SyncState, load_state, read_problems, save_state
from backfile.index.sync.synchronization import update_index


def write(path: Path, text: str, *, age: float = 60.0) -> None:
    """Writes an article that was last changed `age` seconds ago, so that no test has to wait for the clock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    then = time.time_ns() - int(age * 1e9)
    os.utime(path, ns=(then, then))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    root = tmp_path / "library"
    write(root / "ferry.md", "---\ntitle: Night ferry\ndate: 2019-03-14\n---\nThe ferry sails at night.\n")
    write(root / "2001" / "harbour.md", "---\ntitle: The harbour\nauthors: [Edna Marsh]\n---\nA harbour in winter.\n")
    write(root / "tide.md", "# The tide\n\nIt comes and goes.\n")
    return Library(root)


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine()


def ids(engine: Engine, query: str = "") -> set[str]:
    return {hit.id for hit in engine.search(Request(parse(query).tree, per_page=100)).hits}


def contents(engine: Engine) -> Mapping[str, object]:
    return {hit: engine.document(hit) for hit in ids(engine)}


@contextmanager
def interrupted_at_the_second_commit(engine: MemoryEngine) -> Iterator[None]:
    """Interrupts an update in the block, as Ctrl-C does, at its second commit."""
    commit, commits = engine.write, []

    def fail_at_the_second(changes: Changes) -> None:
        commits.append(changes)
        if len(commits) == 2:
            raise KeyboardInterrupt
        commit(changes)

    with patch.object(engine, "write", fail_at_the_second), pytest.raises(KeyboardInterrupt):
        yield


class TestPlan:
    MARK = Fingerprint(10, 1_000, "digest")

    def test_equal_size_and_time_is_unchanged(self) -> None:
        planned = make_plan([FileEntry("a.md", 10, 1_000)], {"a": ("a.md", self.MARK)})
        assert (planned.read, planned.unchanged, planned.removed) == ((), 1, {})

    @pytest.mark.parametrize(
        "entry", [FileEntry("a.md", 11, 1_000), FileEntry("a.md", 10, 1_001), FileEntry("b.md", 10, 1_000)]
    )
    def test_whatever_differs_is_read(self, entry: FileEntry) -> None:
        assert make_plan([entry], {"a": ("a.md", self.MARK)}).read == (entry,)

    def test_articles_without_a_file_are_removed(self) -> None:
        assert make_plan([], {"a": ("a.md", self.MARK)}).removed == {"a": self.MARK}

    def test_files_known_to_be_no_articles_are_skipped_until_they_change(self) -> None:
        draft = FileEntry("draft.md", 10, 1_000)
        assert make_plan([draft], {}, SyncState(skipped={"draft.md": (10, 1_000)})).skipped == {"draft.md": (10, 1_000)}
        assert make_plan([draft], {}, SyncState(skipped={"draft.md": (10, 999)})).read == (draft,)

    def test_files_that_share_an_id_are_always_read(self) -> None:
        entries = [FileEntry("a.markdown", 10, 1_000), FileEntry("a.md", 10, 1_000)]
        known = {"a": ("a.md", self.MARK), "a.markdown": ("a.markdown", self.MARK)}
        assert make_plan(entries, known).read == tuple(entries)
        assert make_plan(entries[:1], {"a.markdown": ("a.markdown", self.MARK)}).read == (entries[0],)

    @given(
        st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 3), st.integers(0, 3))),
        st.dictionaries(st.sampled_from("abcdefgh"), st.tuples(st.integers(0, 3), st.integers(0, 3))),
    )
    def test_every_file_and_every_article_has_one_fate(
        self, files: dict[str, tuple[int, int]], indexed: dict[str, tuple[int, int]]
    ) -> None:
        entries = [FileEntry(f"{name}.md", *stat) for name, stat in files.items()]
        known = {name: (f"{name}.md", Fingerprint(*stat, "digest")) for name, stat in indexed.items()}
        planned = make_plan(entries, known)
        read = {entry.path.removesuffix(".md") for entry in planned.read}
        same = {name for name in files if files[name] == indexed.get(name)}
        assert read == files.keys() - same
        assert planned.unchanged == len(same)
        assert planned.removed.keys() == indexed.keys() - files.keys()


class TestSynchronise:
    def test_first_run_adds_everything(self, library: Library, engine: MemoryEngine) -> None:
        report = synchronise(library, engine)
        assert sorted(report.added) == ["2001/harbour", "ferry", "tide"]
        assert ids(engine) == {"2001/harbour", "ferry", "tide"}
        assert ids(engine, "sailing") == {"ferry"}

    def test_second_run_does_nothing(self, library: Library, engine: MemoryEngine) -> None:
        synchronise(library, engine)
        before = engine.status()
        records = (library.root / ".backfile" / "problems.json").stat().st_mtime_ns
        with patch.object(Library, "read", side_effect=AssertionError("read a file that did not change")):
            report = synchronise(library, engine)
        assert report.did_nothing
        assert report.unchanged == 3
        assert engine.status() == before
        assert (library.root / ".backfile" / "problems.json").stat().st_mtime_ns == records

    def test_languages_are_chosen_after_an_interrupted_run(self, library: Library) -> None:
        engine = MemoryEngine()
        synchronise(library, engine)
        write(library.root / "library.toml", 'language = "fr"\n')
        with interrupted_at_the_second_commit(engine):
            synchronise(library, engine)
        assert engine.status().languages == ("en",)
        synchronise(library, engine)
        assert engine.status().languages == ("fr",)

    def test_languages_of_an_emptied_library_are_chosen_after_an_interrupted_run(self, library: Library) -> None:
        engine = MemoryEngine()
        for path in library.root.rglob("*.md"):
            write(path, "---\nlang: fr\n---\nLes bateaux.\n")
        synchronise(library, engine)
        for path in library.root.rglob("*.md"):
            path.unlink()
        with interrupted_at_the_second_commit(engine):
            synchronise(library, engine)
        assert (engine.status().documents, engine.status().languages) == (0, ("fr",))
        synchronise(library, engine)
        assert engine.status().languages == ("en",)

    def test_changes_moves_and_removals(self, library: Library, engine: MemoryEngine) -> None:
        synchronise(library, engine)
        write(library.root / "ferry.md", "---\ntitle: Day ferry\n---\nThe ferry sails by day.\n")
        (library.root / "tide.md").rename(library.root / "ebb.md")
        (library.root / "2001" / "harbour.md").unlink()
        write(library.root / "new.md", "Something new.\n")
        report = synchronise(library, engine)
        assert report == Report(
            added=["new"], changed=["ferry"], moved=[("tide", "ebb")], removed=["2001/harbour"], unchanged=0
        )
        assert ids(engine) == {"ebb", "ferry", "new"}
        assert engine.document("ferry").metadata.title == "Day ferry"

    def test_all_of_a_small_change_is_one_commit(self, library: Library, engine: MemoryEngine) -> None:
        synchronise(library, engine)
        (library.root / "tide.md").rename(library.root / "ebb.md")
        (library.root / "ferry.md").unlink()
        os.utime(library.root / "2001" / "harbour.md", (1_000, 1_000))
        before = engine.status().generation
        synchronise(library, engine)
        assert engine.status().generation == before + 1

    def test_a_touched_file_is_read_once_and_stays_as_it_is(self, library: Library, engine: MemoryEngine) -> None:
        synchronise(library, engine)
        os.utime(library.root / "tide.md", (1_000, 1_000))
        report = synchronise(library, engine)
        assert report.did_nothing
        assert report.unchanged == 3
        with patch.object(Library, "read", side_effect=AssertionError("read it again")):
            synchronise(library, engine)

    def test_a_change_within_one_tick_of_the_clock_is_noticed(self, library: Library, engine: MemoryEngine) -> None:
        """Racily clean file (git's term): same size, same time, other content."""
        path = library.root / "racy.md"
        write(path, "old words\n", age=0)
        moment = path.stat().st_mtime_ns
        synchronise(library, engine)
        assert time.time_ns() - moment > synchronization._CLOCK_TICK, (
            "it read the file while its time could still come again"
        )

    def test_draft_and_back(self, library: Library, engine: MemoryEngine) -> None:
        synchronise(library, engine)
        write(library.root / "tide.md", "---\ndraft: true\n---\nIt comes and goes.\n", age=50)
        assert synchronise(library, engine).removed == ["tide"]
        with patch.object(Library, "read", side_effect=AssertionError("read a draft that did not change")):
            assert synchronise(library, engine).did_nothing
        write(library.root / "tide.md", "It comes and goes.\n", age=40)
        assert synchronise(library, engine).added == ["tide"]

    def test_two_files_with_one_name(self, library: Library, engine: MemoryEngine) -> None:
        """Ids depend on neighbouring files; the index follows, as if rebuilt."""
        write(library.root / "tide.markdown", "Another tide.\n")
        synchronise(library, engine)
        assert ids(engine, "tide") == {"tide", "tide.markdown"}
        assert synchronise(library, engine).did_nothing
        (library.root / "tide.md").unlink()
        synchronise(library, engine)
        assert ids(engine, "tide") == {"tide"}
        assert engine.document("tide").path == "tide.markdown"
        write(library.root / "tide.md", "It is back.\n")
        synchronise(library, engine)
        fresh = MemoryEngine()
        synchronise(library, fresh)
        assert contents(engine) == contents(fresh)

    def test_one_bad_file_stops_nothing_and_is_listed(self, library: Library, engine: MemoryEngine) -> None:
        (library.root / "binary.md").write_bytes(bytes(range(256)) * 20)
        write(library.root / "broken.md", "---\ntitle: [unclosed\n---\nStill searchable words.\n")
        (library.root / "gone.md").symlink_to(library.root / "nowhere.md")
        report = synchronise(library, engine)
        assert {"ferry", "tide", "broken"} <= ids(engine)
        assert ids(engine, "searchable") == {"broken"}
        listed = {problem.path for problem in report.problems}
        assert {"broken.md", "gone.md"} <= listed
        assert {problem.path for problem in read_problems(library.root / ".backfile")} == listed

    def test_problems_stay_listed_until_they_are_mended(self, library: Library, engine: MemoryEngine) -> None:
        write(library.root / "broken.md", "---\ntitle: [unclosed\n---\nWords.\n")
        first = synchronise(library, engine)
        again = synchronise(library, engine)
        assert again.did_nothing
        assert again.problems == first.problems
        assert [problem.path for problem in first.problems] == ["broken.md"]
        write(library.root / "broken.md", "---\ntitle: closed\n---\nWords.\n")
        assert synchronise(library, engine).problems == []
        write(library.root / "broken.md", "---\ntitle: [unclosed\n---\nWords.\n", age=30)
        assert synchronise(library, engine).problems
        (library.root / "broken.md").unlink()
        assert synchronise(library, engine).problems == []

    def test_lost_records_are_made_again(self, library: Library, engine: MemoryEngine) -> None:
        write(library.root / "broken.md", "---\ntitle: [unclosed\n---\nWords.\n")
        first = synchronise(library, engine)
        (library.root / ".backfile" / "problems.json").write_text("{")
        assert synchronise(library, engine).problems == first.problems

    def test_an_index_of_another_machine_is_taken_over_as_it_is(
        self, library: Library, engine: MemoryEngine, tmp_path: Path
    ) -> None:
        write(library.root / "broken.md", "---\ntitle: [unclosed\n---\nWords.\n", age=30)
        first = synchronise(library, engine)
        generation = engine.status().generation
        for each in (library.root / ".backfile").iterdir():  # this machine has no state of its own
            each.unlink()
        again = synchronise(library, engine)
        assert again.problems == first.problems
        assert again.unchanged == len(first.added)
        assert (again.added, again.changed, again.removed) == ([], [], [])
        assert engine.status().generation == generation
        write(library.root / "2001" / "harbour.md", "---\ntitle: The harbour\n---\nA harbour.\n")
        for each in (library.root / ".backfile").iterdir():
            each.unlink()
        report = synchronise(library, engine)
        assert [*report.added, *report.changed] == ["2001/harbour"]
        assert report.unchanged > 0

    @pytest.mark.parametrize("name", ["library.toml", "authors.yml", "authors/edna.md"])
    def test_changed_library_settings_reread_every_article(
        self, library: Library, engine: MemoryEngine, name: str
    ) -> None:
        write(library.root / "2001" / "harbour.md", "---\ntitle: The harbour\nauthors: [edna]\n---\nA harbour.\n")
        synchronise(library, engine)
        assert engine.document("2001/harbour").metadata.authors == ("edna",)
        content = {
            "library.toml": '[authors]\nedna = "Edna Marsh"',
            "authors.yml": "edna:\n  name: Edna Marsh\n",
            "authors/edna.md": "---\nname: Edna Marsh\n---\n",
        }
        write(library.root / name, content[name])
        synchronise(library, engine)
        assert engine.document("2001/harbour").metadata.authors == ("Edna Marsh",)
        assert synchronise(library, engine).did_nothing

    def test_other_reading_rules_have_all_articles_read_again(self, library: Library, engine: MemoryEngine) -> None:
        synchronise(library, engine)
        with patch.object(reading_rules, "READING_RULES", reading_rules.READING_RULES + 1):
            assert len(synchronise(library, engine).changed) == 3

    def test_languages_are_those_of_the_articles(self, library: Library, engine: MemoryEngine) -> None:
        for number in range(20):
            write(library.root / "fr" / f"{number}.md", "---\nlang: fr\n---\nLes bateaux.\n")
        write(library.root / "de.md", "---\nlang: de\n---\nDie Boote.\n")
        write(library.root / "ja.md", "---\nlang: ja\n---\n船。\n")
        synchronise(library, engine)
        assert engine.status().languages == ("fr", "de", "en")
        for number in range(30):
            write(library.root / f"de{number}.md", "---\nlang: de-AT\n---\nDie Boote.\n")
        synchronise(library, engine)
        assert engine.status().languages == ("de", "en", "fr")
        shutil.rmtree(library.root / "fr")
        synchronise(library, engine)
        assert engine.status().languages == ("de", "en")

    def test_the_language_is_stated_or_set_or_told_from_the_text(self, library: Library, engine: MemoryEngine) -> None:
        french = "Le conseil du port a décidé que le bac de nuit ne partira plus pendant l'hiver.\n"
        write(library.root / "stated.md", "---\nlang: de\n---\n" + french)
        write(library.root / "told.md", french)
        write(library.root / "short.md", "Radio\n")
        synchronise(library, engine)
        told = {name: engine.document(name).metadata.language for name in ("stated", "told", "short")}
        assert told == {"stated": "de", "told": "fr", "short": None}
        write(library.root / "russian.md", "Совет порта решил, что ночной паром не будет ходить зимой.\n")
        (library.root / "library.toml").write_text('language = "EN_gb"')
        synchronise(library, engine)
        told = {name: engine.document(name).metadata.language for name in ("stated", "told", "short", "russian")}
        assert told == {"stated": "de", "told": "en-GB", "short": "en-GB", "russian": "ru"}

    def test_the_language_of_the_library_comes_first(self, library: Library, engine: MemoryEngine) -> None:
        (library.root / "library.toml").write_text('language = "de-CH"')
        synchronise(library, engine)
        assert engine.status().languages == ("de",)

    def test_progress_counts_every_file_read(self, library: Library, engine: MemoryEngine) -> None:
        seen: list[tuple[int, int]] = []
        synchronise(library, engine, progress=lambda done, total: seen.append((done, total)))
        assert seen == [(1, 3), (2, 3), (3, 3)]

    def test_an_empty_library(self, tmp_path: Path, engine: MemoryEngine) -> None:
        assert synchronise(Library(tmp_path), engine).did_nothing
        generation = engine.status().generation
        assert synchronise(Library(tmp_path), engine).did_nothing
        assert engine.status().generation == generation


class TestLargeChanges:
    """Synchronization of more articles than one batch holds."""

    @pytest.fixture(autouse=True)
    def _few_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(synchronization, "SINGLE_COMMIT", 1)
        monkeypatch.setattr(synchronization, "BATCH", 2)

    def test_every_kind_of_change(self, library: Library, engine: MemoryEngine) -> None:
        write(library.root / "late.md", "---\ntitle: [broken\n---\nLate.\n")
        write(library.root / "later.md", "Later.\n")
        synchronise(library, engine)
        write(library.root / "ferry.md", "New words.\n", age=30)
        write(library.root / "later.md", "---\ndraft: true\n---\nLater.\n", age=30)
        (library.root / "tide.md").rename(library.root / "ebb.md")
        (library.root / "2001" / "harbour.md").unlink()
        os.utime(library.root / "late.md", (1_000, 1_000))
        report = synchronise(library, engine)
        assert report.changed == ["ferry"]
        assert report.moved == [("tide", "ebb")]
        assert sorted(report.removed) == ["2001/harbour", "later"]
        assert report.unchanged == 1
        assert ids(engine) == {"ebb", "ferry", "late"}
        assert [problem.path for problem in report.problems] == ["late.md"]
        assert synchronise(library, engine).did_nothing

    def test_an_interrupted_first_run_goes_on_where_it_stopped(self, library: Library, engine: MemoryEngine) -> None:
        for number in range(5):
            write(library.root / f"z{number}.md", "---\ntitle: [broken\n---\nWords.\n")

        def stop(done: int, total: int) -> None:
            if done == 6:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            synchronise(library, engine, progress=stop)
        kept = ids(engine)
        assert len(kept) == 6
        report = synchronise(library, engine)
        assert set(report.added).isdisjoint(kept)
        assert len(ids(engine)) == 8
        assert len(report.problems) == 5

    def test_readings_under_old_rules_never_pass_for_new_ones(self, library: Library, engine: MemoryEngine) -> None:
        synchronise(library, engine)

        def stop(done: int, total: int) -> None:
            if done == 3:
                raise KeyboardInterrupt

        (library.root / "library.toml").write_text('language = "fr"')
        with pytest.raises(KeyboardInterrupt):
            synchronise(library, engine, progress=stop)
        assert len(synchronise(library, engine).changed) == 3
        assert engine.status().languages == ("fr",)


def _hangs_at_one(read: Callable[[Library, str], FileReadResult]) -> Callable[[Library, str], FileReadResult]:
    def hanging(library: Library, path: str) -> FileReadResult:
        if path.startswith("001"):
            re.match("(?:a|a)*b", "a" * 100)
        return read(library, path)

    return hanging


class TestReadingInProcesses:
    @pytest.fixture
    def many(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
        monkeypatch.setattr(reader, "MANY", 10)
        monkeypatch.setattr(reader, "_CHUNK", 8)
        for number in range(100):
            write(tmp_path / f"{number % 7}" / f"{number:04}.md", f"# Article {number}\n\nWord{number}.\n")
        return Library(tmp_path)

    def test_same_articles_in_the_same_order(self, many: Library) -> None:
        paths = sorted(entry.path for entry in many.walk())
        alone = list(read_documents(many, paths, processes=1))
        together = list(read_documents(many, paths, processes=2))
        assert together == alone
        assert [result.path for result in together] == paths

    def test_it_can_be_left_half_way(self, many: Library) -> None:
        paths = sorted(entry.path for entry in many.walk())
        reading = read_documents(many, paths, processes=2)
        assert next(iter(reading)).path == paths[0]
        del reading  # ends the processes, or the test's own end would wait for them

    def test_a_file_that_takes_too_long_is_a_problem_until_it_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        library, engine = Library(tmp_path), MemoryEngine()
        for number in range(3):
            write(tmp_path / f"{number:03}.md", f"# Article {number}\n")
        monkeypatch.setattr(Library, "read", _hangs_at_one(Library.read))
        report = synchronise(library, engine, seconds=1.0)
        assert report.added == ["000", "002"]
        assert [(each.path, each.reason) for each in report.problems] == [("001.md", "takes too long to read")]
        monkeypatch.setattr(Library, "read", None)
        again = synchronise(library, engine, seconds=1.0)
        assert (again.unchanged, again.problems) == (2, report.problems)
        monkeypatch.undo()
        write(tmp_path / "001.md", "# Another title\n")
        mended = synchronise(library, engine, seconds=60.0)
        assert (mended.added, mended.problems) == (["001"], [])

    @pytest.mark.long
    def test_files_that_kill_or_hold_their_reader_are_listed_and_the_rest_is_read(self, many: Library) -> None:
        script = (
            "import sys, os; sys.path.insert(0, sys.argv[1])\n"
            "from pathlib import Path\n"
            "from backfile.archive.storage.library import Library\n"
            "from backfile.index.sync.reader import read_documents\n"
            "if __name__ == '__main__':\n"
            "    from backfile.index.sync import reader\n"
            "    reader.MANY, reader._CHUNK = 10, 8\n"
            "    library = Library(Path(sys.argv[2]))\n"
            "    paths = sorted(e.path for e in library.walk())\n"
            "    results = list(read_documents(library, paths, processes=2, seconds=4.0))\n"
            "    lost = [t for t in results if t.document is None]\n"
            "    print(len(results), *[f'{t.path}: {t.problems[0].reason}' for t in lost], sep='; ')\n"
            "else:\n"
            "    read = Library.read\n"
            "    def bad(self, path):\n"
            "        if path.endswith('0033.md'): os._exit(9)\n"
            "        while path.endswith('0077.md'): pass\n"
            "        return read(self, path)\n"
            "    Library.read = bad\n"
        )
        program = many.root.parent / "deadly.py"
        program.write_text(script)
        done = subprocess.run(
            [sys.executable, program, ROOT, many.root],
            capture_output=True,
            check=False,
            text=True,
            timeout=120,
        )
        listed = "100; 0/0077.md: takes too long to read; 5/0033.md: reading it brought the process down"
        assert done.stdout.strip() == listed
        assert done.returncode == 0, done.stderr


class TestUpdateIndex:
    """`update_index` with the engine that people use."""

    def bring(self, library: Library, **options: float) -> Report:
        return update_index(library, library.root / ".backfile", DEFAULT, **options)

    def answers(self, library: Library) -> tuple[object, ...]:
        engine = open_engine(DEFAULT, library.root / ".backfile" / "index")
        try:
            pages = [engine.search(Request(parse(query).tree)) for query in ("", "ferry", "harbour OR tide")]
            return tuple((page.total, page.hits, page.facets) for page in pages)
        finally:
            engine.close()

    def status(self, library: Library) -> Status:
        engine = open_engine(DEFAULT, library.root / ".backfile" / "index")
        try:
            return engine.status()
        finally:
            engine.close()

    def test_twice_does_nothing_the_second_time(self, library: Library) -> None:
        assert len(self.bring(library).added) == 3
        before = self.status(library)
        assert self.bring(library).did_nothing
        assert self.status(library) == before

    def test_the_same_answers_after_the_index_was_deleted(self, library: Library) -> None:
        self.bring(library)
        before = self.answers(library)
        shutil.rmtree(library.root / ".backfile" / "index")
        assert len(self.bring(library).added) == 3
        assert self.answers(library) == before
        shutil.rmtree(library.root / ".backfile")
        self.bring(library)
        assert self.answers(library) == before

    def test_git_ignores_it(self, library: Library) -> None:
        self.bring(library)
        subprocess.run(["git", "init", "-q"], cwd=library.root, check=True)
        command = ["git", "status", "--porcelain", "--untracked-files=all"]
        status = subprocess.check_output(command, cwd=library.root, text=True)
        assert ".backfile" not in status
        assert "ferry.md" in status

    @pytest.mark.parametrize("damage", ["garbage", "truncated", "foreign", "marked"])
    def test_an_index_that_cannot_be_used_is_set_aside_and_built_anew(
        self, library: Library, damage: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.bring(library)
        before = self.answers(library)
        index = library.root / ".backfile" / "index"
        if damage == "marked":
            mark_damaged(index, "a check found it damaged")
        elif damage == "foreign":
            shutil.rmtree(index)
            index.mkdir()
            (index / "_MAIN_1.toc").write_bytes(b"of another program")
        else:
            for path in index.iterdir():
                content = path.read_bytes()
                path.write_bytes(os.urandom(len(content)) if damage == "garbage" else content[: len(content) // 2])
        assert len(self.bring(library).added) == 3
        assert self.answers(library) == before
        assert "built anew" in caplog.text
        assert len(list(index.parent.glob("index.broken-*"))) == 1
        caplog.clear()
        assert self.bring(library).did_nothing
        assert not caplog.text

    def test_only_the_last_broken_index_is_kept(self, library: Library) -> None:
        for _ in range(2):
            self.bring(library)
            mark_damaged(library.root / ".backfile" / "index", "a check found it damaged")
        (library.root / ".backfile" / "index.broken-20010101T000000Z").mkdir()
        self.bring(library)
        broken = list((library.root / ".backfile").glob("index.broken-*"))
        assert len(broken) == 1
        assert "20010101" not in broken[0].name

    def engine(self, library: Library) -> Engine:
        return open_engine(DEFAULT, library.root / ".backfile" / "index")

    def test_a_second_writer_waits_and_logs_it(self, library: Library, caplog: pytest.LogCaptureFixture) -> None:
        entered, leave = threading.Event(), threading.Event()

        def hold() -> None:
            with self.engine(library).lock():
                entered.set()
                leave.wait(30)

        holder = threading.Thread(target=hold)
        holder.start()
        assert entered.wait(30)
        threading.Timer(0.2, leave.set).start()
        assert len(self.bring(library, wait=30).added) == 3
        holder.join()
        assert "waiting" in caplog.text

    def test_a_second_writer_gives_up(self, library: Library) -> None:
        with self.engine(library).lock(), pytest.raises(IndexLocked, match="another process"):
            self.bring(library, wait=0.1)

    def test_an_index_of_an_older_format_is_built_anew(
        self, library: Library, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        with monkeypatch.context() as older:
            for module in (array_file, manifest):
                older.setattr(module, "FORMAT", 1)
            self.bring(library)
            before = self.answers(library)
        with pytest.raises(IndexUnusable, match="format 1, but this program reads format"):
            self.status(library)
        assert len(self.bring(library).added) == 3
        assert "format 1" in caplog.text
        assert "built anew" in caplog.text
        assert self.answers(library) == before

    def test_a_cache_elsewhere_leaves_the_library_alone(self, library: Library, tmp_path: Path) -> None:
        update_index(library, tmp_path / "cache", DEFAULT)
        assert not (library.root / ".backfile").exists()
        assert (tmp_path / "cache" / "index").is_dir()
        assert update_index(library, tmp_path / "cache", DEFAULT).did_nothing

    def test_a_folder_with_other_things_is_refused(self, library: Library, tmp_path: Path) -> None:
        (tmp_path / "home" / "index").mkdir(parents=True)
        (tmp_path / "home" / "index" / "letter.txt").write_text("dear")
        with pytest.raises(CacheFolderRefused, match="other things"):
            update_index(library, tmp_path / "home", DEFAULT)
        assert (tmp_path / "home" / "index" / "letter.txt").read_text() == "dear"

    @pytest.mark.parametrize("left", [{".gitignore": "*\n"}, {".0123456789abcdef.tmp": "*"}])
    def test_a_run_killed_at_its_beginning_does_not_block_the_cache_folder(
        self, library: Library, tmp_path: Path, left: dict[str, str]
    ) -> None:
        cache = tmp_path / "cache"
        cache.mkdir()
        for name, text in left.items():
            (cache / name).write_text(text)
        assert len(update_index(library, cache, DEFAULT).added) == 3
        kept = {
            ".gitignore",
            "CACHEDIR.TAG",
            "copies.sqlite",
            "copies.sqlite.sum",
            "index",
            "links.sqlite",
            "links.sqlite.sum",
            "problems.json",
        }
        assert {path.name for path in cache.iterdir()} == kept

    @pytest.mark.parametrize("name", [".gitignore", ".notes.tmp"])
    def test_only_leftovers_of_our_own_count_as_such(self, library: Library, tmp_path: Path, name: str) -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / name).write_text("of somebody else")
        with pytest.raises(CacheFolderRefused, match="other things"):
            update_index(library, tmp_path / "home", DEFAULT)
        assert (tmp_path / "home" / name).read_text() == "of somebody else"

    def test_a_missing_library(self, tmp_path: Path) -> None:
        with pytest.raises(LibraryMissing):
            Library(tmp_path / "nowhere")


class TestSyncState:
    def test_round_trip(self, tmp_path: Path, library: Library) -> None:
        engine = MemoryEngine()
        write(library.root / "broken.md", "---\ntitle: [unclosed\n---\nWords.\n")
        write(library.root / "draft.md", "---\ndraft: yes\n---\nWords.\n")
        synchronise(library, engine)
        records = load_state(library.root / ".backfile")
        assert records.problems
        assert list(records.skipped) == ["draft.md"]
        save_state(tmp_path, records)
        assert load_state(tmp_path) == records

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": 0}', '{"version": 1, "problems": 5}', "\x00"])
    def test_damaged_ones_count_for_nothing(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "problems.json").write_text(content)
        assert load_state(tmp_path) == SyncState()


def test_the_empty_query_finds_everything() -> None:
    assert parse("").tree == MatchAll()


def test_a_list_of_names_that_cannot_be_read_is_listed_until_it_is_mended(tmp_path: Path) -> None:
    write(tmp_path / "library/a.md", "---\ntitle: A\n---\nText.\n")
    write(tmp_path / "library/authors.yml", "ben: [open\n")
    cache = tmp_path / "cache"
    for _ in range(2):
        report = update_index(Library(tmp_path / "library"), cache, DEFAULT)
        assert [each.path for each in report.problems] == ["authors.yml"]
        assert [each.path for each in read_problems(cache)] == ["authors.yml"]
    write(tmp_path / "library/authors.yml", "ben: Ben\n")
    assert not update_index(Library(tmp_path / "library"), cache, DEFAULT).problems
    assert not read_problems(cache)


def test_an_article_follows_the_files_that_it_puts_in(library: Library, tmp_path: Path) -> None:
    def found(query: str) -> list[str]:
        with closing(open_engine(DEFAULT, tmp_path / "cache" / "index")) as engine:
            return [hit.id for hit in engine.search(Request(parse(query).tree)).hits]

    write(library.root / "guide.md", '# Guide\n\n--8<-- "hours.txt"\n--8<-- "fares.txt"\n')
    write(library.root / "hours.txt", "Open at nine.")
    report = update_index(library, tmp_path / "cache", DEFAULT)
    assert [str(each) for each in report.problems] == [
        "guide.md:4: the file 'fares.txt' is to be put in here and is not in the library "
        "(put the file into the library, or correct its path)"
    ]
    assert found("nine") == ["guide"]
    assert update_index(library, tmp_path / "cache", DEFAULT).did_nothing
    write(library.root / "hours.txt", "Open at eleven.")
    write(library.root / "fares.txt", "Five each.", age=90)
    report = update_index(library, tmp_path / "cache", DEFAULT)
    assert (report.changed, report.problems) == (["guide"], [])
    assert found("eleven five") == ["guide"]
    assert update_index(library, tmp_path / "cache", DEFAULT).did_nothing
