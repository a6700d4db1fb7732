"""Lists of addresses: a text file with one on each line; each is fetched, and its article taken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from backfile.archive.errors import ArchiveError
from backfile.archive.importers.formats.web_pages import read_page
from backfile.archive.importers.item import PROBE_BYTES, FetchResponse, ImportContext, ImportEvent, Probe, Skipped
from backfile.archive.report import Problem
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.durable_files import read_bytes

KIND = "urls"
TITLE = "Lists of addresses, one on each line (fetched with --fetch)"

_LINE = re.compile(r"https?://[^\s<>\"]+\Z", re.IGNORECASE)
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)


def detect(probe: Probe) -> int:
    """A text whose lines are all addresses, comments with `#` and empty lines aside."""
    if probe.is_folder or b"\x00" in probe.head:
        return 0
    lines = probe.head.decode("utf-8", errors="replace").splitlines()
    addresses = list(_listed(lines[:-1] if len(lines) > 1 and len(probe.head) >= PROBE_BYTES else lines))
    return 90 if addresses and all(map(_LINE.match, addresses)) else 0


def _listed(lines: list[str]) -> Iterator[str]:
    for line in lines:
        bare = line.strip().strip("<>")
        if bare and not bare.startswith("#"):
            yield bare


def count(path: Path, context: ImportContext) -> int | None:
    """How many addresses there are."""
    return sum(1 for _ in _addresses(path))


def _addresses(path: Path) -> Iterator[str]:
    text = decode(read_bytes(str(path.resolve()), str(path.resolve().parent))).text
    return _listed(text.splitlines())


def read(path: Path, context: ImportContext) -> Iterator[ImportEvent]:
    """The article behind each address, in the order of the list, each once."""
    try:
        addresses = list(dict.fromkeys(_addresses(path)))
    except (ArchiveError, OSError) as error:
        yield Problem(path.name, None, str(error), getattr(error, "hint", ""))
        return
    for line in addresses:
        if not _LINE.match(line):
            yield Problem(path.name, None, f"{line[:80]!r} is no address of http or https")
        elif context.fetch is None:
            yield Skipped(line, "was not fetched; --fetch does so")
        else:
            yield _article(line, context.fetch)


def _article(url: str, fetch: Callable[[str], FetchResponse]) -> ImportEvent:
    try:
        answer = fetch(url)
    except (ArchiveError, OSError) as error:
        return Problem(url, None, str(error), getattr(error, "hint", ""))
    return read_response(answer, url)


def read_response(answer: FetchResponse, origin: str) -> ImportEvent:
    """The article in what was fetched; what is no page is skipped."""
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind and kind not in ("text/html", "application/xhtml+xml"):
        return Skipped(origin, f"is no page but {kind}")
    charset = _CHARSET.search(answer.content_type)
    return read_page(answer.body, name=origin, url=answer.url, declared=charset[1] if charset else None)
