"""URL lists: text files with one URL a line; the page of each is fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.formats.web_pages import read_response
from backfile.archive.importers.item import (
    ITEM_FAILURES,
    ONLY_A_LINK,
    PROBE_BYTES,
    FetchResponse,
    ImportContext,
    ImportEvent,
    Probe,
    Skipped,
    problem_from,
    read_file,
)
from backfile.archive.report import Problem
from backfile.archive.storage.decoding import decode

KIND = "urls"
TITLE = "Lists of addresses, one on each line (fetched with --fetch)"

_URL = re.compile(r"https?://[^\s<>\"]+\Z", re.IGNORECASE)


def detect(probe: Probe) -> int:
    """Confidence if every line is a URL, except comments with `#` and empty lines."""
    if probe.is_folder or b"\x00" in probe.head:
        return 0
    lines = probe.head.decode("utf-8", errors="replace").splitlines()
    entries = list(_entries(lines[:-1] if len(lines) > 1 and len(probe.head) >= PROBE_BYTES else lines))
    return 90 if entries and all(map(_URL.match, entries)) else 0


def _entries(lines: list[str]) -> Iterator[str]:
    for line in lines:
        bare = line.strip().strip("<>")
        if bare and not bare.startswith("#"):
            yield bare


def count(path: Path, context: ImportContext) -> int | None:
    """Number of URLs."""
    return sum(1 for _ in _read_entries(path))


def _read_entries(path: Path) -> Iterator[str]:
    return _entries(decode(read_file(path)).text.splitlines())


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """Yields the article of each URL, in the order of the list, each once."""
    try:
        entries = list(dict.fromkeys(_read_entries(path)))
    except (ArchiveError, OSError) as error:
        yield problem_from(path.name, error)
        return
    for line in entries:
        if not _URL.match(line):
            yield Problem(path.name, None, f"{line[:80]!r} is no address of http or https")
        elif context.fetch is None:
            yield Skipped(line, ONLY_A_LINK)
        else:
            yield _article(line, context.fetch, context.begin)


def _article(url: str, fetch: Callable[[str], FetchResponse], begin: Callable[[], None]) -> ImportEvent:
    try:
        begin()
        return read_response(fetch(url), url)
    except ITEM_FAILURES as error:
        return problem_from(url, error)
