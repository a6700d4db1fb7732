"""Verification: reads each file of a library and each checksum of its index."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backfile.archive.report import Problem
from backfile.archive.storage.library import Library
from backfile.index.engines import open_engine
from backfile.index.errors import IndexUnusable
from backfile.index.sync.plan import make_plan
from backfile.index.sync.reader import read_documents
from backfile.index.sync.reading_rules import reading_rules_stamp
from backfile.index.sync.state import load_state, mark_damaged
from backfile.index.sync.synchronization import Progress

OK, MISSING, OUT_OF_DATE, DAMAGED = "ok", "missing", "out of date", "damaged"


@dataclass(frozen=True, slots=True)
class Check:
    """Result of a verification.

    `articles` counts the files that are articles, readable or not (no drafts, no section pages), `searchable` those
    in the index. `index` is OK, MISSING, OUT_OF_DATE or DAMAGED; `damage` describes the last.
    """

    articles: int
    searchable: int
    problems: tuple[Problem, ...]
    index: str
    damage: tuple[str, ...] = ()


def check(library: Library, folder: Path, engine_name: str, *, progress: Progress | None = None) -> Check:
    """Reads every file of the library and verifies the index in the cache folder `folder`; changes neither.

    Marks a damaged index, so that the next synchronization builds it anew.
    """
    articles = 0
    problems: list[Problem] = []
    paths = sorted(entry.path for entry in library.walk())
    for number, result in enumerate(read_documents(library, paths), start=1):
        articles += not result.left_out
        problems += result.problems
        if progress is not None:
            progress(number, len(paths))
    searchable, index, damage = _verify_index(library, folder, engine_name)
    return Check(articles, searchable, tuple(sorted(problems, key=_order)), index, damage)


def _order(problem: Problem) -> tuple[str, int, str]:
    return problem.path, problem.line or 0, problem.reason


def _verify_index(library: Library, folder: Path, engine_name: str) -> tuple[int, str, tuple[str, ...]]:
    if not (folder / "index").exists():
        return 0, MISSING, ()
    try:
        engine = open_engine(engine_name, folder / "index")
        try:
            status = engine.status(verify=True)
            fingerprints = engine.fingerprints()
        finally:
            engine.close()
    except IndexUnusable as error:
        mark_damaged(folder)
        return 0, DAMAGED, (str(error),)
    if status.problems:
        mark_damaged(folder)
        return status.documents, DAMAGED, status.problems
    entries = list(library.walk())
    state = load_state(folder)
    planned = make_plan(entries, fingerprints, state.skipped)
    unread = [entry for entry in planned.read if entry.path not in {problem.path for problem in state.problems}]
    current = status.stamp == reading_rules_stamp(library, entries) and not unread and not planned.removed
    return status.documents, OK if current else OUT_OF_DATE, ()
