"""State machine of a library and its index: files come, change, move and go; the index is updated, killed, damaged.

After each completed update the index holds what the naive engine makes of the same files, and answers as it does.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from contract.generated import texts
from contract.test_agreement import assert_same
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from long_runs import examples
from oracle.memory_engine import MemoryEngine
from synchronising import synchronise

from backfile.archive.storage.library import Library
from backfile.index.engine import Document, Request, Sort
from backfile.index.engines import DEFAULT, open_engine
from backfile.index.errors import IndexUnusable
from backfile.index.query import parse
from backfile.index.sync import synchronization
from backfile.index.sync.state import read_problems
from backfile.index.sync.synchronization import update_index

FOLDERS = ("", "2019/", "2019/deep/", "é/")
NAMES = [f"{folder}{name}.md" for folder in FOLDERS for name in ("a", "b", "c d")]
paths = st.sampled_from(NAMES)
FRONTS = (
    "",
    "---\ntitle: The night ferry\nauthors: [Ann Lee, Bo Öst]\ndate: 2019-03\n---\n",
    "---\ntopics: [sea, night ferry]\nlanguage: fr\n---\n",
    "---\ntitle: [unclosed\n---\n",
    "---\ndraft: true\n---\n",
)
QUERIES = ("ferry", '"night ferry"', "fe*", "minister OR café", "-ferry", "author:lee", "topic:sea ferries", "feryr~")
BYTES = st.sampled_from([b"\xff\xfe\x00", b"\0" * 40, b"", b"caf\xe9 ferry"])


class Killed(BaseException):
    """Stands for the end of the process at a file operation."""


class Countdown:
    """File operations of which the nth ends the process, or an exception does so."""

    def __init__(self, number: int, end: Callable[[], None]) -> None:
        self._left, self._end = number, end

    def wrap(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            self._left -= 1
            if self._left <= 0:
                self._end()
            return operation(*arguments, **named)

        return counted

    def patch(self, patch: pytest.MonkeyPatch) -> None:
        for name in ("fsync", "replace", "unlink", "mkdir"):
            patch.setattr(os, name, self.wrap(getattr(os, name)))


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise Killed


class LifeOfALibrary(RuleBasedStateMachine):
    """A library, its index, and the naive engine beside it."""

    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.done["lives"] += 1
        self.place = Path(tempfile.mkdtemp())
        self.root = self.place / "library"
        self.folder = self.place / "cache"
        self.clock = time.time_ns() - 10**15
        self.engine = open_engine(DEFAULT, self.folder / "index")

    @initialize()
    def begin(self) -> None:
        self.root.mkdir()

    def teardown(self) -> None:
        self.index()
        self.engine.close()
        shutil.rmtree(self.place)

    def put(self, path: str, content: bytes) -> None:
        """Writes a file with a time of its own, long ago: no test waits for the clock."""
        self.done["files written"] += 1
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content)
        self.clock += 1_000_001
        os.utime(full, ns=(self.clock, self.clock))

    def present(self, number: int) -> Path | None:
        files = sorted(self.root.rglob("*.md"))
        return files[number % len(files)] if files else None

    @rule(path=paths, front=st.sampled_from(FRONTS), text=texts())
    def add_or_change(self, path: str, front: str, text: str) -> None:
        self.put(path, (front + text + "\n").encode())

    @rule(path=paths, content=BYTES)
    def write_what_is_hardly_text(self, path: str, content: bytes) -> None:
        self.put(path, content)

    @rule(number=st.integers(0, 50), new=paths)
    def move(self, number: int, new: str) -> None:
        if source := self.present(number):
            self.done["files moved"] += 1
            (self.root / new).parent.mkdir(parents=True, exist_ok=True)
            source.replace(self.root / new)

    @rule(number=st.integers(0, 50))
    def delete(self, number: int) -> None:
        if path := self.present(number):
            self.done["files deleted"] += 1
            path.unlink()

    @rule(number=st.integers(0, 50))
    def touch(self, number: int) -> None:
        if path := self.present(number):
            self.put(path.relative_to(self.root).as_posix(), path.read_bytes())

    @rule(language=st.sampled_from(["en", "fr", "de"]))
    def change_settings(self, language: str) -> None:
        (self.root / "library.toml").write_text(f'language = "{language}"\n')

    @rule(number=st.integers(1, 25))
    def fail_in_an_update(self, number: int) -> None:
        """Ends an update by an exception at one of its file operations."""
        self.done["updates failed or killed"] += 1
        with pytest.MonkeyPatch.context() as patch, suppress(Killed):
            Countdown(number, fail).patch(patch)
            update_index(Library(self.root), self.folder, DEFAULT)

    @rule(number=st.integers(1, 25))
    def kill_an_update(self, number: int) -> None:
        """Kills a process that updates the index at one of its file operations."""
        self.done["updates failed or killed"] += 1
        child = os.fork()
        if not child:
            with pytest.MonkeyPatch.context() as patch:
                Countdown(number, kill).patch(patch)
                with suppress(BaseException):
                    update_index(Library(self.root), self.folder, DEFAULT)
            os._exit(0)
        os.waitpid(child, 0)

    @precondition(lambda self: (self.folder / "index").is_dir() and any((self.folder / "index").iterdir()))
    @rule(seed=st.integers(0, 10**6), kind=st.sampled_from(["flip", "cut", "zero", "remove"]))
    def damage(self, seed: int, kind: str) -> None:
        rng = random.Random(seed)
        files = sorted(path for path in (self.folder / "index").iterdir() if path.stat().st_size)
        if files:
            self.done["damages"] += 1
            break_file(rng.choice(files), kind, rng)
            self.find_damage()

    def find_damage(self) -> None:
        """Reads all checksums, as the server does once a day; what is found is marked."""
        with suppress(IndexUnusable):
            self.engine.status(verify=True)

    @rule()
    def damage_the_state(self) -> None:
        if (self.folder / "problems.json").exists():
            (self.folder / "problems.json").write_text('{"version": 1, "stamp":')

    @rule()
    def reopen(self) -> None:
        self.engine.close()
        self.engine = open_engine(DEFAULT, self.folder / "index")

    @rule()
    def index(self) -> None:
        """Updates the index, and compares it with the naive engine."""
        self.done["comparisons"] += 1
        update_index(Library(self.root), self.folder, DEFAULT)
        assert update_index(Library(self.root), self.folder, DEFAULT).did_nothing
        other = self.place / "naive"
        with closing(MemoryEngine()) as naive:
            report = synchronise(Library(self.root), naive, folder=other)
            assert sorted(map(str, read_problems(self.folder))) == sorted(map(str, report.problems))
            self.compare(naive)
        shutil.rmtree(other)

    def compare(self, naive: MemoryEngine) -> None:
        assert self.engine.fingerprints() == naive.fingerprints()
        assert self.engine.status().problems == ()
        assert set(self.engine.status().languages) == set(naive.status().languages)
        assert self.documents() == {key: naive.document(key) for key in naive.ids()}
        for number, query in enumerate(QUERIES):
            sort = list(Sort)[number % len(Sort)]
            request = Request(parse(query).tree, sort=sort, per_page=20, facet_size=None, deadline=60)
            assert_same(naive.search(request), self.engine.search(request), sort, 1e-9)

    def documents(self) -> dict[str, Document]:
        return {key: self.engine.document(key) for key in self.engine.ids()}


def break_file(path: Path, kind: str, rng: random.Random) -> None:
    data = bytearray(path.read_bytes())
    place = rng.randrange(len(data))
    if kind == "flip":
        data[place] ^= 1 << rng.randrange(8)
    elif kind == "zero":
        data[place : place + 4096] = bytes(len(data[place : place + 4096]))
    if kind == "remove":
        path.unlink()
    else:
        path.write_bytes(data[:place] if kind == "cut" else data)


def run(count: int, steps: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)  # power stays; tests/test_power_loss.py cuts it
        patch.setattr(synchronization, "SINGLE_COMMIT", 6)
        patch.setattr(synchronization, "BATCH", 3)
        run_state_machine_as_test(
            LifeOfALibrary,
            settings=settings(
                max_examples=count,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def test_the_index_follows_the_library() -> None:
    run(count=3, steps=8)


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_the_index_follows_the_library_for_10_000_steps(capsys: pytest.CaptureFixture[str]) -> None:
    LifeOfALibrary.done.clear()
    run(count=(count := examples(200)), steps=50)
    with capsys.disabled():
        sys.stdout.write(f"\n{dict(LifeOfALibrary.done)}\n")
    assert LifeOfALibrary.done["lives"] >= count
