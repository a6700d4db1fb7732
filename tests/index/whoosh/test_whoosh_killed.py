"""Writers killed at any moment: the index opens, holds one whole commit, and heals at the next write."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from long_runs import examples
from paths import ROOT

from backfile.archive.model import ArticleMetadata
from backfile.index.engine import Changes, Document, Fingerprint
from backfile.index.engines.whoosh import WhooshEngine

WRITER = """
import sys
from pathlib import Path
from backfile.archive.model import ArticleMetadata
from backfile.index.engine import Changes, Document, Fingerprint
from backfile.index.engines.whoosh import WhooshEngine

engine = WhooshEngine(Path(sys.argv[1]))
step = int(sys.argv[2])
while True:
    step += 1
    metadata = ArticleMetadata("T")
    changed = [Document(f"a{n}", f"a{n}.md", metadata, f"step {step} " * 40) for n in range(step % 5, 60, 5)]
    put = [(document, Fingerprint(step, step, str(step))) for document in changed]
    engine.write(Changes(put=put, stamp=str(step)))
    print(step, flush=True)
"""


def write_until_killed(folder: Path, step: int, seconds: float) -> int:
    """Runs a writer from `step` on and kills it; returns the last step that it said was committed."""
    command = [sys.executable, "-c", WRITER, str(folder), str(step)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()  # at least one commit, however slow the machine
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        said = [line, *process.stdout.readlines()]
    return int([each for each in said if each.endswith("\n")][-1])


def check(folder: Path, committed: int) -> int:
    """Asserts that the index holds the last acknowledged commit or the next one, whole; returns its number."""
    engine = WhooshEngine(folder)
    status = engine.status(verify=True)
    assert status.problems == ()
    step = int(status.stamp)
    assert step in (committed, committed + 1)
    for article_id, (_, fingerprint) in engine.fingerprints().items():
        last = max(s for s in range(1, step + 1) if s % 5 == int(article_id[1:]) % 5)
        assert fingerprint.size == last
        assert engine.document(article_id).text == f"step {last} " * 40
    return step


@pytest.mark.parametrize("kills", [3, pytest.param(examples(400), marks=pytest.mark.long)])
def test_a_killed_writer_loses_no_commit(tmp_path, kills):
    folder, chance, step = tmp_path / "index", random.Random(kills), 0
    for _ in range(kills):
        step = check(folder, write_until_killed(folder, step, chance.uniform(0, 0.3)))
    WhooshEngine(folder).write(
        Changes(put=[(Document("z", "z.md", ArticleMetadata("T"), "last"), Fingerprint(1, 1, "1"))])
    )
    names = os.listdir(folder)
    manifests = [name for name in names if name.endswith(".manifest")]
    assert len(manifests) == 1
    assert len(names) < 40


@pytest.mark.parametrize("seconds", [0.5, pytest.param(examples(100), marks=pytest.mark.long)])
def test_readers_in_another_process_never_fail(tmp_path, seconds):
    """A writer commits as fast as it can while this process opens the index anew again and again."""
    folder = tmp_path / "index"
    command = [sys.executable, "-c", WRITER, str(folder), "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        end, reads, seen = time.monotonic() + seconds, 0, set()
        while time.monotonic() < end:
            engine = WhooshEngine(folder)
            seen.add(engine.status().stamp)
            assert all(document.startswith("a") for document in engine.fingerprints())
            assert engine.document("a1").text.startswith("step ")
            reads += 1
        process.kill()
        process.stdout.readlines()
    assert reads > 3
    assert len(seen) > 1 or seconds < 1
